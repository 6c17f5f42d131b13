// Kernels of the training of barrier networks; equations at the declarations (train.hpp).
//
// Who owns what: inputs, a team an item; table layers forwards, a team a block of items (and 128 columns on a GPU), a lane up
// to 8 packs of an item, whose rows it adds up; backwards, a team a site, a lane up to 8 packs of columns with its sums for
// every species (no scatter: items are added in order), and what symmetry joins is gathered; norm, a team 16 columns and 512
// rows, the sums of blocks merged in order by every team that needs them (Chan, Golub, LeVeque, Am. Stat. 37, 242 (1983));
// loss, one team; Adam, a lane a pack. Operations of a table layer: sites x units x operations additions an item, each way.
// Norm and Adam move 3 and 7 numbers an element. Limit: latency at batches of 32, the products and the memory beyond.
// Determinism: all sums have an order that depends on shapes alone.
#include "kernels/nn/train.hpp"

#include "kernels/exec/pack.hpp"
#include "kernels/exec/philox.hpp"
#include "kernels/exec/random_streams.hpp"

#include <type_traits>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

inline constexpr int kTrainLanes = 128;
inline constexpr int kNormRows = 512;
inline constexpr int kStrips = kGpuShapes ? kTrainLanes / kColumnUnit : 1; // of rows, side by side in a team
inline constexpr int kChains = kGpuShapes ? 1 : 4;                         // of sums, side by side in a lane
template <class T> inline constexpr int kUnitPacks = kColumnUnit / kPackWidth<T>;

struct NextStep {
  StepState *state;
  std::int64_t jumps;
  double beta1, beta2;
  ZENER_FN void operator()(std::int64_t) const {
    state->begin = state->next;
    state->next += jumps;
    state->steps += 1;
    state->beta1_power *= beta1;
    state->beta2_power *= beta2;
    state->pull = state->rate / (1.0 - state->beta1_power);
    state->shrink = 1.0 / sqrt(1.0 - state->beta2_power);
  }
};

struct DrawOrder {
  View<std::uint64_t, 1> keys;
  View<std::int32_t, 1> values;
  std::uint32_t seed;
  std::uint64_t epoch;
  ZENER_FN void operator()(std::int64_t i) const {
    keys[i] = random_bits(streams::train_order, seed, static_cast<std::uint32_t>(i), epoch, 0).low();
    values[i] = static_cast<std::int32_t>(i);
  }
};

// The environment of an item and its orientation.
struct ItemPlace {
  const std::uint8_t *codes;
  const std::int32_t *turned; // [112], or none
};
ZENER_FN ItemPlace place_of(const ItemSource &source, std::int64_t item, const std::int32_t *orientation, std::uint32_t seed) {
  const std::int64_t way = source.ways == 2 ? item % 2 : 0;
  const std::int64_t begin = source.state != nullptr ? source.state->begin : 0;
  const std::int64_t jump = source.order[begin + item / source.ways];
  const std::uint8_t *codes = (way == 0 ? source.first : source.last) + jump * kSitesOfJump;
  if (orientation == nullptr || source.state == nullptr) {
    return {codes, nullptr};
  }
  const auto owner = static_cast<std::uint32_t>(2 * jump + way);
  const auto epoch = static_cast<std::uint64_t>(source.state->epoch);
  const std::uint32_t turn = uniform_below(random_bits(streams::train_augment, seed, owner, epoch, 0).low(), 6);
  return {codes, orientation + turn * kSitesOfJump};
}

template <class To> struct GatherCodes {
  ItemSource source;
  const std::int32_t *sites;
  int count;
  const std::int32_t *orientation;
  std::uint32_t seed;
  To *to;
  ZENER_FN void operator()(Team &team) const {
    const std::int64_t item = team.index();
    const ItemPlace place = place_of(source, item, orientation, seed);
    const std::int32_t *site = sites;
    To *row = to + item * count;
    team.for_each(count, [=](int k) {
      const std::int32_t s = place.turned != nullptr ? place.turned[site[k]] : site[k];
      row[k] = static_cast<To>(place.codes[s]);
    });
  }
};

template <class T> struct GatherVoxels {
  ItemSource source;
  const std::int32_t *voxel_site;
  int voxels, channels;
  const std::int32_t *orientation;
  std::uint32_t seed;
  T *to;
  ZENER_FN void operator()(Team &team) const {
    const std::int64_t item = team.index();
    const ItemPlace place = place_of(source, item, orientation, seed);
    const std::int32_t *voxel = voxel_site;
    const int n = channels;
    T *row = to + item * voxels * n;
    team.for_each(voxels, [=](int v) {
      const std::int32_t site = voxel[v];
      const std::int32_t s = site < 0 || place.turned == nullptr ? site : place.turned[site];
      const int code = s < 0 ? 0 : place.codes[s];
      for (int c = 0; c < n; ++c) {
        row[v * n + c] = n == 1 ? static_cast<T>(code) : (code == c + 1 ? T(1) : T(0));
      }
    });
  }
};

// Columns [g][unit] of a table layer that a team owns, at the most.
inline constexpr int kTableColumns = kGpuShapes ? kTrainLanes : 1 << 20;
inline constexpr int kTableItems = kGpuShapes ? 8 : 64;

// Teams: sites.
template <class T> struct WidenTable {
  TableTask<T> task;
  const T *table;
  T *wide;
  ZENER_FN void operator()(Team &team) const {
    constexpr int width = kPackWidth<T>;
    const int k = static_cast<int>(team.index());
    const int sites = task.sites, codes = task.codes, group = task.group, units = task.width;
    const std::int32_t *place = task.permutation + k;
    const T *from = table;
    T *to = wide + std::int64_t{k} * codes * group * units;
    team.for_each(group, units / width, [=](int g, int pack) {
      const T *row = from + place[g * sites] * codes * units + pack * width;
      for (int code = 0; code < codes; ++code) {
        Pack<T>::load(row + code * units).store(to + (code * group + g) * units + pack * width);
      }
    });
  }
};

// Teams: (block of items, tile of columns), tiles fastest. A lane owns Packs neighbours of an item.
template <class T, int Packs> struct TableForward {
  TableTask<T> task;
  const T *wide;
  T *y;
  int tiles;
  ZENER_FN void operator()(Team &team) const {
    constexpr int width = kPackWidth<T>;
    const int columns = task.group * task.width;
    const int column = static_cast<int>(team.index() % tiles) * kTableColumns;
    const int own = columns - column < kTableColumns ? columns - column : kTableColumns;
    const std::int64_t item = team.index() / tiles * kTableItems;
    const int items = static_cast<int>(task.items - item < kTableItems ? task.items - item : kTableItems);
    const int sites = task.sites, codes = task.codes;
    const std::int32_t *code = task.code + item * sites;
    const T *from = wide + column;
    T *to = y + item * columns + column;
    const auto add_rows = [=](int i, int chunk) {
      const std::int32_t *c = code + i * sites;
      const T *row = from + chunk * Packs * width;
      Pack<T> sum[Packs];
      for (int j = 0; j < Packs; ++j) {
        sum[j] = Pack<T>::broadcast(T(0));
      }
      for (int k = 0; k < sites; ++k) {
        const T *value = row + static_cast<std::int64_t>(k * codes + c[k]) * columns;
        ZENER_UNROLL(8)
        for (int j = 0; j < Packs; ++j) {
          sum[j] = sum[j] + Pack<T>::load(value + j * width);
        }
      }
      for (int j = 0; j < Packs; ++j) {
        sum[j].store(to + static_cast<std::int64_t>(i) * columns + (chunk * Packs + j) * width);
      }
    };
    if constexpr (kGpuShapes) {
      team.for_each(items, own / (Packs * width), add_rows);
    } else { // items after one another: they share the rows of a chunk
      team.for_each(own / (Packs * width), items, [=](int chunk, int i) { add_rows(i, chunk); });
    }
  }
};

// Teams: on a GPU (part of the items, site, tile of columns), tiles fastest, a lane a column; on the CPU Packs neighbouring
// columns, whose gradients stay in the first cache, a lane a site.
template <class T, int Packs> struct TableGradient {
  TableTask<T> task;
  const T *dy;
  T *wide; // [part][site][code][column]
  std::int64_t part_items;
  int tiles;
  ZENER_FN void operator()(Team &team) const {
    constexpr int width = kPackWidth<T>;
    const int columns = task.group * task.width;
    const int sites = task.sites, codes = task.codes;
    const std::int32_t *code = task.code;
    const std::int64_t part = kGpuShapes ? team.index() / tiles / sites : 0;
    const std::int64_t begin = part * part_items;
    const std::int64_t end = begin + part_items < task.items ? begin + part_items : task.items;
    const T *from = dy;
    T *to = wide + part * task.numbers();
    // The sums of a lane stand in device memory; no other lane touches them.
    const auto add_items = [=](int site, int column) {
      T *sums = to + std::int64_t{site} * codes * columns + column;
      for (int c = 0; c < codes; ++c) {
        for (int j = 0; j < Packs; ++j) {
          Pack<T>::broadcast(T(0)).store(sums + c * columns + j * width);
        }
      }
      for (std::int64_t item = begin; item < end; ++item) {
        T *sum = sums + code[item * sites + site] * columns;
        const T *d = from + item * columns + column;
        Pack<T> value[Packs];
        ZENER_UNROLL(8)
        for (int j = 0; j < Packs; ++j) {
          value[j] = Pack<T>::load(sum + j * width) + Pack<T>::load(d + j * width);
        }
        ZENER_UNROLL(8)
        for (int j = 0; j < Packs; ++j) {
          value[j].store(sum + j * width);
        }
      }
    };
    if constexpr (kGpuShapes) {
      const int first = static_cast<int>(team.index() % tiles) * kTableColumns;
      const int own = columns - first < kTableColumns ? columns - first : kTableColumns;
      const int site = static_cast<int>(team.index() / tiles % sites);
      team.for_each(own, [=](int column) { add_items(site, first + column); });
    } else {
      const int column = static_cast<int>(team.index()) * Packs * width;
      team.for_each(sites, [=](int site) { add_items(site, column); });
    }
  }
};

// Teams: sites.
template <class T> struct FoldTable {
  TableTask<T> task;
  const T *wide;
  T *gradient;
  int parts;
  ZENER_FN void operator()(Team &team) const {
    constexpr int width = kPackWidth<T>;
    const int site = static_cast<int>(team.index());
    const int sites = task.sites, codes = task.codes, group = task.group, units = task.width;
    const std::int32_t *place = task.inverse + site;
    const T *from = wide;
    T *to = gradient + std::int64_t{site} * codes * units;
    const int n = parts;
    const std::int64_t part_numbers = std::int64_t{sites} * codes * group * units;
    team.for_each(codes, units / width, [=](int code, int pack) {
      Pack<T> sum = Pack<T>::broadcast(T(0));
      for (int part = 0; part < n; ++part) {
        for (int g = 0; g < group; ++g) {
          const std::int64_t row = (std::int64_t{place[g * sites]} * codes + code) * group + g;
          sum = sum + Pack<T>::load(from + part * part_numbers + row * units + pack * width);
        }
      }
      sum.store(to + code * units + pack * width);
    });
  }
};

// sums[v][column] of N values over the team's rows; f(row, pack, values).
template <class T, int N, class F> ZENER_FN void column_sums(Team &team, int rows, T *strips, T *sums, F f) {
  constexpr int width = kPackWidth<T>;
  constexpr int packs = kUnitPacks<T>;
  team.for_each(kStrips * packs, [=](int e) {
    const int strip = e / packs;
    const int pack = e % packs;
    Pack<T> sum[kChains][N];
    for (int c = 0; c < kChains; ++c) {
      for (int v = 0; v < N; ++v) {
        sum[c][v] = Pack<T>::broadcast(T(0));
      }
    }
    int row = strip;
    Pack<T> value[N];
    for (; row + (kChains - 1) * kStrips < rows; row += kChains * kStrips) {
      ZENER_UNROLL(4)
      for (int c = 0; c < kChains; ++c) {
        f(row + c * kStrips, pack, value);
        ZENER_UNROLL(2)
        for (int v = 0; v < N; ++v) {
          sum[c][v] = sum[c][v] + value[v];
        }
      }
    }
    for (; row < rows; row += kStrips) {
      f(row, pack, value);
      for (int v = 0; v < N; ++v) {
        sum[0][v] = sum[0][v] + value[v];
      }
    }
    for (int v = 0; v < N; ++v) {
      for (int c = 1; c < kChains; ++c) {
        sum[0][v] = sum[0][v] + sum[c][v];
      }
      sum[0][v].store(strips + (v * kStrips + strip) * kColumnUnit + pack * width);
    }
  });
  team.for_each(N * kColumnUnit, [=](int e) {
    const int v = e / kColumnUnit;
    const int column = e % kColumnUnit;
    T sum = strips[v * kStrips * kColumnUnit + column];
    for (int s = 1; s < kStrips; ++s) {
      sum += strips[(v * kStrips + s) * kColumnUnit + column];
    }
    sums[e] = sum;
  });
}

// What the kernels of norm share. Teams: (block of rows, block of columns), columns fastest.
template <class T> struct NormBase {
  NormTask<T> task;
  std::int64_t blocks; // of rows

  struct Place {
    std::int64_t row;
    std::int64_t block;
    int rows;
    int column;
  };
  ZENER_FN Place place(const Team &team) const {
    const int across = task.width / kColumnUnit;
    Place p;
    p.block = team.index() / across;
    p.column = static_cast<int>(team.index() % across) * kColumnUnit;
    p.row = p.block * kNormRows;
    p.rows = static_cast<int>(task.rows - p.row < kNormRows ? task.rows - p.row : kNormRows);
    return p;
  }
  static std::size_t scratch() { return scratch_bytes<T>(2 * kStrips * kColumnUnit) + 6 * scratch_bytes<T>(2 * kColumnUnit); }
};

// stats[0][column] the mean, stats[1][column] the squared deviations of the team's rows.
template <class T> ZENER_FN void block_statistics(Team &team, const T *x, int width, int rows, T *strips, T *stats) {
  constexpr int pack_width = kPackWidth<T>;
  column_sums<T, 1>(team, rows, strips, stats, [=](int row, int pack, Pack<T> *v) {
    v[0] = Pack<T>::load(x + static_cast<std::int64_t>(row) * width + pack * pack_width);
  });
  const T share = T(1) / static_cast<T>(rows);
  team.for_each(kColumnUnit, [=](int c) { stats[c] *= share; });
  column_sums<T, 1>(team, rows, strips, stats + kColumnUnit, [=](int row, int pack, Pack<T> *v) {
    const Pack<T> d = Pack<T>::load(x + static_cast<std::int64_t>(row) * width + pack * pack_width) -
                      Pack<T>::load(stats + pack * pack_width);
    v[0] = d * d;
  });
}

template <class T> struct NormStatistics : NormBase<T> {
  const T *x;
  ZENER_FN void operator()(Team &team) const {
    const NormTask<T> &t = this->task;
    const auto p = this->place(team);
    T *strips = team.scratch<T>(2 * kStrips * kColumnUnit).data();
    T *stats = team.scratch<T>(2 * kColumnUnit).data();
    block_statistics(team, x + p.row * t.width + p.column, t.width, p.rows, strips, stats);
    T *to = t.partial + p.block * t.width + p.column;
    const std::int64_t next = this->blocks * t.width;
    team.for_each(2 * kColumnUnit, [=](int e) { to[e / kColumnUnit * next + e % kColumnUnit] = stats[e]; });
  }
};

template <class T> struct NormForward : NormBase<T> {
  const T *x;
  T *out;
  ZENER_FN void operator()(Team &team) const {
    constexpr int width = kPackWidth<T>;
    const NormTask<T> &t = this->task;
    const auto p = this->place(team);
    const std::int64_t blocks = this->blocks;
    T *strips = team.scratch<T>(2 * kStrips * kColumnUnit).data();
    T *stats = team.scratch<T>(2 * kColumnUnit).data();
    T *centre = team.scratch<T>(kColumnUnit).data();
    T *scale = team.scratch<T>(kColumnUnit).data();
    T *shift = team.scratch<T>(kColumnUnit).data();
    const T *from = x + p.row * t.width + p.column;
    if (t.normalise && t.training && blocks == 1) {
      block_statistics(team, from, t.width, p.rows, strips, stats);
    }
    team.for_each(kColumnUnit, [&](int c) {
      const int column = p.column + c;
      shift[c] = t.beta[column];
      if (!t.normalise) {
        centre[c] = T(0);
        scale[c] = T(1);
        return;
      }
      if (!t.training) {
        centre[c] = t.running_mean[column];
        scale[c] = static_cast<T>(static_cast<double>(t.gamma[column]) /
                                  sqrt(static_cast<double>(t.running_variance[column]) + t.epsilon));
        return;
      }
      double mean = static_cast<double>(stats[c]), squared = static_cast<double>(stats[kColumnUnit + c]);
      if (blocks > 1) {
        double n = 0.0;
        mean = squared = 0.0;
        for (std::int64_t b = 0; b < blocks; ++b) {
          const std::int64_t left = t.rows - b * kNormRows;
          const double m = static_cast<double>(left < kNormRows ? left : kNormRows);
          const double d = static_cast<double>(t.partial[b * t.width + column]) - mean;
          squared += static_cast<double>(t.partial[(blocks + b) * t.width + column]) + d * d * n * m / (n + m);
          n += m;
          mean += d * m / n;
        }
      }
      const double variance = squared / static_cast<double>(t.rows);
      const double inverse = 1.0 / sqrt(variance + t.epsilon);
      centre[c] = static_cast<T>(mean);
      scale[c] = static_cast<T>(inverse) * t.gamma[column];
      if (p.block == 0) {
        t.mean[column] = centre[c];
        t.inverse_sigma[column] = static_cast<T>(inverse);
        // The mean of all steps until there are enough of them for the running one.
        const double steps = static_cast<double>(t.state->steps);
        const double keep = t.momentum < (steps - 1.0) / steps ? t.momentum : (steps - 1.0) / steps;
        const auto mix = [=](T old, double value) {
          return static_cast<T>(keep * static_cast<double>(old) + (1.0 - keep) * value);
        };
        t.running_mean[column] = mix(t.running_mean[column], mean);
        t.running_variance[column] = mix(t.running_variance[column], variance);
      }
    });
    T *to = out + p.row * t.width + p.column;
    const int stride = t.width;
    team.for_each(p.rows, kUnitPacks<T>, [=](int row, int pack) {
      const std::int64_t at = static_cast<std::int64_t>(row) * stride + pack * width;
      const Pack<T> value = Pack<T>::load(from + at) - Pack<T>::load(centre + pack * width);
      relu(fused_multiply_add(value, Pack<T>::load(scale + pack * width), Pack<T>::load(shift + pack * width))).store(to + at);
    });
  }
};

// sums[0][column] of d behind the ReLU, sums[1][column] of that times the normalised x.
template <class T> struct NormSlope : NormBase<T> {
  const T *x, *out;
  T *d;
  ZENER_FN void block_sums(Team &team, const typename NormBase<T>::Place &p, T *strips, T *sums) const {
    constexpr int width = kPackWidth<T>;
    const NormTask<T> &t = this->task;
    const std::int64_t at = p.row * t.width + p.column;
    const T *from = x + at, *after = out + at, *slope = d + at;
    const T *mean = t.mean + p.column, *inverse = t.inverse_sigma + p.column;
    const int stride = t.width;
    const Pack<T> zero = Pack<T>::broadcast(T(0));
    if (!t.normalise) {
      column_sums<T, 1>(team, p.rows, strips, sums, [=](int row, int pack, Pack<T> *v) {
        const std::int64_t i = static_cast<std::int64_t>(row) * stride + pack * width;
        v[0] = select<T>(Pack<T>::load(after + i) > zero, Pack<T>::load(slope + i), zero);
      });
      team.for_each(kColumnUnit, [=](int c) { sums[kColumnUnit + c] = T(0); });
      return;
    }
    column_sums<T, 2>(team, p.rows, strips, sums, [=](int row, int pack, Pack<T> *v) {
      const std::int64_t i = static_cast<std::int64_t>(row) * stride + pack * width;
      v[0] = select<T>(Pack<T>::load(after + i) > zero, Pack<T>::load(slope + i), zero);
      v[1] = v[0] * ((Pack<T>::load(from + i) - Pack<T>::load(mean + pack * width)) * Pack<T>::load(inverse + pack * width));
    });
  }
};

template <class T> struct NormSlopeSums : NormSlope<T> {
  ZENER_FN void operator()(Team &team) const {
    const NormTask<T> &t = this->task;
    const auto p = this->place(team);
    T *strips = team.scratch<T>(2 * kStrips * kColumnUnit).data();
    T *sums = team.scratch<T>(2 * kColumnUnit).data();
    this->block_sums(team, p, strips, sums);
    T *to = t.partial + p.block * t.width + p.column;
    const std::int64_t next = this->blocks * t.width;
    team.for_each(2 * kColumnUnit, [=](int e) { to[e / kColumnUnit * next + e % kColumnUnit] = sums[e]; });
  }
};

template <class T> struct NormBackward : NormSlope<T> {
  T *gamma_gradient, *beta_gradient;
  ZENER_FN void operator()(Team &team) const {
    constexpr int width = kPackWidth<T>;
    const NormTask<T> &t = this->task;
    const auto p = this->place(team);
    const std::int64_t blocks = this->blocks;
    T *strips = team.scratch<T>(2 * kStrips * kColumnUnit).data();
    T *sums = team.scratch<T>(2 * kColumnUnit).data();
    T *centre = team.scratch<T>(kColumnUnit).data();
    T *inverse = team.scratch<T>(kColumnUnit).data();
    T *scale = team.scratch<T>(kColumnUnit).data();
    if (blocks == 1) {
      this->block_sums(team, p, strips, sums);
    }
    T *of_gamma = gamma_gradient, *of_beta = beta_gradient;
    team.for_each(kColumnUnit, [&](int c) {
      const int column = p.column + c;
      double first = static_cast<double>(sums[c]), second = static_cast<double>(sums[kColumnUnit + c]);
      if (blocks > 1) {
        first = second = 0.0;
        for (std::int64_t b = 0; b < blocks; ++b) {
          first += static_cast<double>(t.partial[b * t.width + column]);
          second += static_cast<double>(t.partial[(blocks + b) * t.width + column]);
        }
      }
      if (p.block == 0) {
        of_beta[column] = static_cast<T>(first);
        if (t.normalise) {
          of_gamma[column] = static_cast<T>(second);
        }
      }
      const double share = t.normalise ? 1.0 / static_cast<double>(t.rows) : 0.0;
      sums[c] = static_cast<T>(first * share);
      sums[kColumnUnit + c] = static_cast<T>(second * share);
      centre[c] = t.normalise ? t.mean[column] : T(0);
      inverse[c] = t.normalise ? t.inverse_sigma[column] : T(0);
      scale[c] = t.normalise ? t.inverse_sigma[column] * t.gamma[column] : T(1);
    });
    const std::int64_t at = p.row * t.width + p.column;
    const T *from = this->x + at, *after = this->out + at;
    T *slope = this->d + at;
    const int stride = t.width;
    team.for_each(p.rows, kUnitPacks<T>, [=](int row, int pack) {
      const std::int64_t i = static_cast<std::int64_t>(row) * stride + pack * width;
      const int c = pack * width;
      const Pack<T> zero = Pack<T>::broadcast(T(0));
      const Pack<T> dy = select<T>(Pack<T>::load(after + i) > zero, Pack<T>::load(slope + i), zero);
      const Pack<T> unit = (Pack<T>::load(from + i) - Pack<T>::load(centre + c)) * Pack<T>::load(inverse + c);
      const Pack<T> rest = fused_multiply_add(-unit, Pack<T>::load(sums + kColumnUnit + c), dy - Pack<T>::load(sums + c));
      (rest * Pack<T>::load(scale + c)).store(slope + i);
    });
  }
};

template <class T> struct MeanOfGroup {
  int group, width;
  const T *from;
  T *to;
  ZENER_FN void operator()(Team &team) const {
    const std::int64_t item = team.index();
    const int n = group, stride = width;
    const T *rows = from + item * n * stride;
    T *row = to + item * stride;
    const T share = T(1) / static_cast<T>(n);
    team.for_each(width / kPackWidth<T>, [=](int pack) {
      const int c = pack * kPackWidth<T>;
      Pack<T> sum = Pack<T>::load(rows + c);
      for (int g = 1; g < n; ++g) {
        sum = sum + Pack<T>::load(rows + g * stride + c);
      }
      (sum * Pack<T>::broadcast(share)).store(row + c);
    });
  }
};

template <class T> struct SpreadOverGroup {
  int group, width;
  const T *from;
  T *to;
  ZENER_FN void operator()(Team &team) const {
    const std::int64_t item = team.index();
    const int stride = width;
    const T *row = from + item * stride;
    T *rows = to + item * group * stride;
    const T share = T(1) / static_cast<T>(group);
    team.for_each(group, width / kPackWidth<T>, [=](int g, int pack) {
      const int c = pack * kPackWidth<T>;
      (Pack<T>::load(row + c) * Pack<T>::broadcast(share)).store(rows + g * stride + c);
    });
  }
};

// Teams: (32 rows, 16 columns), columns fastest.
inline constexpr int kTransposeRows = 32;
template <class T> struct Transpose {
  std::int64_t rows;
  int columns;
  const T *from;
  T *to;
  ZENER_FN void operator()(Team &team) const {
    constexpr int pitch = kGpuShapes ? kTransposeRows + 1 : kTransposeRows;
    T *tile = team.scratch<T>(kColumnUnit * pitch).data();
    const int across = columns / kColumnUnit;
    const std::int64_t row = team.index() / across * kTransposeRows;
    const int column = static_cast<int>(team.index() % across) * kColumnUnit;
    const int live = static_cast<int>(rows - row < kTransposeRows ? rows - row : kTransposeRows);
    const T *source = from + row * columns + column;
    const int stride = columns;
    team.for_each(live, kColumnUnit,
                  [=](int r, int c) { tile[c * pitch + r] = source[static_cast<std::int64_t>(r) * stride + c]; });
    T *target = to + column * rows + row;
    const std::int64_t n = rows;
    team.for_each(kColumnUnit, live, [=](int c, int r) { target[c * n + r] = tile[c * pitch + r]; });
  }
};

// Teams: (item, y).
template <class T> struct FoldWindows {
  int side, channels;
  const T *windows;
  T *to;
  ZENER_FN void operator()(Team &team) const {
    constexpr int width = kPackWidth<T>;
    const int n = side, few = side - 2, count = channels;
    const std::int64_t item = team.index() / n;
    const int y = static_cast<int>(team.index() % n);
    const T *from = windows + item * few * few * few * 27 * count;
    T *row = to + (item * n + y) * n * n * count;
    team.for_each(n * n, count / width, [=](int xz, int pack) {
      const int x = xz / n, z = xz % n;
      Pack<T> sum = Pack<T>::broadcast(T(0));
      for (int ty = 0; ty < 3; ++ty) {
        for (int tx = 0; tx < 3; ++tx) {
          for (int tz = 0; tz < 3; ++tz) {
            const int oy = y - ty, ox = x - tx, oz = z - tz;
            if (oy >= 0 && oy < few && ox >= 0 && ox < few && oz >= 0 && oz < few) {
              const std::int64_t window = (oy * few + ox) * few + oz;
              const int tap = (ty * 3 + tx) * 3 + tz;
              sum = sum + Pack<T>::load(from + (window * 27 + tap) * count + pack * width);
            }
          }
        }
      }
      sum.store(row + static_cast<std::int64_t>(xz) * count + pack * width);
    });
  }
};

template <class T> struct CountPairs {
  ItemSource source;
  PairTask task;
  T *counts;
  ZENER_FN void operator()(std::int64_t j) const {
    constexpr int kJumperSite = 7;
    const std::int64_t begin = source.state != nullptr ? source.state->begin : 0;
    const std::int64_t jump = source.order[begin + j];
    const std::uint8_t *before = source.first + jump * kSitesOfJump;
    const std::uint8_t *after = source.last + jump * kSitesOfJump;
    const int atom = before[kJumperSite];
    T *row = counts + j * task.pairs();
    for (int p = 0; p < task.pairs(); ++p) {
      row[p] = T(0);
    }
    for (int shell = 0; shell < task.shells; ++shell) {
      for (int k = task.shell_begin[shell]; k < task.shell_begin[shell + 1]; ++k) {
        if (k != kJumperSite) {
          row[pair_place(task, shell, atom, before[k])] += T(1);
          row[pair_place(task, shell, 0, before[k])] -= T(1);
          row[pair_place(task, shell, atom, after[k])] -= T(1);
          row[pair_place(task, shell, 0, after[k])] += T(1);
        }
      }
    }
  }
};

template <class T> struct PairGradient {
  std::int64_t jumps;
  int pairs;
  const T *counts, *d;
  T *gradient;
  ZENER_FN void operator()(std::int64_t p) const {
    T sum = T(0);
    for (std::int64_t j = 0; j < jumps; ++j) {
      sum = fused_multiply_add(counts[j * pairs + p], d[j], sum);
    }
    gradient[p] = sum;
  }
};

template <class T> struct HeadBarriers {
  HeadTask<T> task;
  T *barriers;
  ZENER_FN void operator()(std::int64_t j) const {
    const HeadTask<T> &t = task;
    if (!t.consistent) {
      for (int w = 0; w < t.ways; ++w) {
        const std::int64_t item = j * t.ways + w;
        barriers[item] = t.jump[item * kColumnUnit] + t.bias[0];
      }
      return;
    }
    T difference = T(0);
    if (t.state != nullptr) {
      difference = t.state[(2 * j + 1) * kColumnUnit] - t.state[2 * j * kColumnUnit];
    }
    for (int p = 0; p < t.pairs; ++p) {
      difference = fused_multiply_add(t.counts[j * t.pairs + p], t.pair[p], difference);
    }
    const T middle = t.jump[j * kColumnUnit] + t.bias[0];
    barriers[2 * j] = middle + T(0.5) * difference;
    barriers[2 * j + 1] = middle - T(0.5) * difference;
  }
};

template <class T> struct LossGradient {
  LossTask<T> task;
  ZENER_FN T error(std::int64_t j, int w) const {
    const std::int64_t jump = task.order[task.state->begin + j];
    return task.barriers[j * task.head.ways + w] - (w == 0 ? task.forward[jump] : task.backward[jump]);
  }
  ZENER_FN static void put(T *row, T value) {
    row[0] = value;
    for (int c = 1; c < kColumnUnit; ++c) {
      row[c] = T(0);
    }
  }
  ZENER_FN void operator()(Team &team) const {
    const LossGradient &k = *this;
    const LossTask<T> &t = task;
    const int jumps = static_cast<int>(t.head.jumps);
    const int ways = t.head.ways;
    const T twice = T(2) / static_cast<T>(jumps * ways);
    const auto add = [](double a, double b) { return a + b; };
    team.for_each(jumps, [&](int j) {
      const T forward = twice * k.error(j, 0);
      const T backward = ways == 2 ? twice * k.error(j, 1) : T(0);
      if (!t.head.consistent) {
        put(t.jump_gradient + std::int64_t{j} * ways * kColumnUnit, forward);
        if (ways == 2) {
          put(t.jump_gradient + (std::int64_t{2} * j + 1) * kColumnUnit, backward);
        }
        return;
      }
      put(t.jump_gradient + std::int64_t{j} * kColumnUnit, forward + backward);
      const T difference = T(0.5) * (forward - backward);
      t.energy_gradient[j] = difference;
      if (t.state_gradient != nullptr) {
        put(t.state_gradient + std::int64_t{2} * j * kColumnUnit, -difference);
        put(t.state_gradient + (std::int64_t{2} * j + 1) * kColumnUnit, difference);
      }
    });
    const double squared = team.reduce(
        jumps * ways,
        [&](int i) {
          const double e = static_cast<double>(k.error(i / ways, i % ways));
          return e * e;
        },
        add, 0.0);
    const double slope = team.reduce(
        jumps * ways, [&](int i) { return static_cast<double>(twice * k.error(i / ways, i % ways)); }, add, 0.0);
    team.single([&]() {
      t.state->loss += squared;
      put(t.bias_gradient, static_cast<T>(slope));
    });
  }
};

template <class T> struct Adam {
  AdamSettings settings;
  const StepState *state;
  std::int64_t weights;
  const T *gradient;
  T *first, *second, *parameter;
  ZENER_FN void operator()(std::int64_t pack) const {
    constexpr int width = kPackWidth<T>;
    const std::int64_t i = pack * width;
    const T pull = static_cast<T>(state->pull);
    const T shrink = static_cast<T>(state->shrink);
    const T decay = i < weights ? static_cast<T>(1.0 - state->rate * settings.weight_decay) : T(1);
    const T keep1 = static_cast<T>(settings.beta1), keep2 = static_cast<T>(settings.beta2);
    const T take1 = static_cast<T>(1.0 - settings.beta1), take2 = static_cast<T>(1.0 - settings.beta2);
    const Pack<T> g = Pack<T>::load(gradient + i);
    const Pack<T> m = fused_multiply_add(Pack<T>::load(first + i), keep1, g * Pack<T>::broadcast(take1));
    const Pack<T> v = fused_multiply_add(Pack<T>::load(second + i), keep2, g * g * Pack<T>::broadcast(take2));
    m.store(first + i);
    v.store(second + i);
    const Pack<T> size = fused_multiply_add(square_root(v), shrink, Pack<T>::broadcast(static_cast<T>(settings.epsilon)));
    const Pack<T> step = m * Pack<T>::broadcast(-pull) / size;
    fused_multiply_add(Pack<T>::load(parameter + i), decay, step).store(parameter + i);
  }
};

template <class T> struct DrawWeights {
  WeightShape shape;
  std::uint32_t seed;
  std::uint64_t tensor;
  double bound;
  T *parameter;
  ZENER_FN void operator()(std::int64_t i) const {
    const std::int64_t c = i % shape.channels;
    const std::int64_t tap = i / shape.channels % shape.taps;
    const std::int64_t o = i / shape.channels / shape.taps;
    const std::uint64_t bits = random_bits(streams::network_start, seed, static_cast<std::uint32_t>(i), tensor, 0).low();
    const double u = 2.0 * uniform_above_zero(bits) - 1.0;
    parameter[(tap * shape.stride + c) * shape.width + o] = static_cast<T>(bound * u);
  }
};

template <class T> struct Fill {
  T value;
  T *to;
  ZENER_FN void operator()(std::int64_t i) const { to[i] = value; }
};

} // namespace

void next_step(Queue &q, StepState *state, std::int64_t jumps, double beta1, double beta2) {
  q.for_each("train_next", 1, NextStep{state, jumps, beta1, beta2});
}

void draw_order(Queue &q, View<std::uint64_t, 1> keys, View<std::int32_t, 1> values, std::uint32_t seed, std::int64_t epoch) {
  q.for_each("train_order", keys.size(), DrawOrder{keys, values, seed, static_cast<std::uint64_t>(epoch)});
}

template <class To>
void gather_codes(Queue &q, const ItemSource &source, std::int64_t items, View<const std::int32_t, 1> sites,
                  const std::int32_t *orientation, std::uint32_t seed, To *to) {
  q.teams("train_codes", {items, kTrainLanes, 0},
          GatherCodes<To>{source, sites.data(), static_cast<int>(sites.size()), orientation, seed, to});
}

template <class T>
void gather_voxels(Queue &q, const ItemSource &source, std::int64_t items, View<const std::int32_t, 1> voxel_site, int channels,
                   const std::int32_t *orientation, std::uint32_t seed, T *to) {
  q.teams("train_voxels", {items, kTrainLanes, 0},
          GatherVoxels<T>{source, voxel_site.data(), static_cast<int>(voxel_site.size()), channels, orientation, seed, to});
}

namespace {

// Calls f with a number of packs, as a constant, of which a layer's columns are a multiple.
template <class T, class F> void with_packs([[maybe_unused]] int columns, F f) {
  if constexpr (kGpuShapes) {
    f(std::integral_constant<int, 1>());
  } else {
    const auto fits = [&](int packs) { return columns % (packs * kPackWidth<T>) == 0; };
    if (fits(8)) {
      f(std::integral_constant<int, 8>());
    } else if (fits(4)) {
      f(std::integral_constant<int, 4>());
    } else if (fits(2)) {
      f(std::integral_constant<int, 2>());
    } else {
      f(std::integral_constant<int, 1>());
    }
  }
}

} // namespace

template <class T> void table_forward(Queue &q, const TableTask<T> &task, const T *table, T *wide, T *y) {
  const int columns = task.group * task.width;
  const int tiles = (columns + kTableColumns - 1) / kTableColumns;
  if (task.group > 1) {
    q.teams("train_widen", {task.sites, kTrainLanes, 0}, WidenTable<T>{task, table, wide});
  }
  const T *from = task.group > 1 ? wide : table;
  with_packs<T>(columns, [&](auto packs) {
    q.teams("train_table", {(task.items + kTableItems - 1) / kTableItems * tiles, kTrainLanes, 0},
            TableForward<T, decltype(packs)::value>{task, from, y, tiles});
  });
}

template <class T> void table_gradient(Queue &q, Gemm<T> &gemm, const TableTask<T> &task, const T *dy, T *wide, T *gradient) {
  const int columns = task.group * task.width;
  const int tiles = (columns + kTableColumns - 1) / kTableColumns;
  const std::int64_t teams = std::int64_t{task.sites} * tiles;
  int parts = gemm.parts(task.numbers(), teams, task.items, 16);
  const std::int64_t part_items = (task.items + parts - 1) / parts;
  parts = static_cast<int>((task.items + part_items - 1) / part_items);
  const bool fold = task.group > 1;
  T *const to = parts > 1 ? gemm.part_room() : fold ? wide : gradient;
  with_packs<T>(columns, [&](auto packs) {
    constexpr int count = decltype(packs)::value;
    const std::int64_t launched = kGpuShapes ? teams * parts : columns / (count * kPackWidth<T>);
    q.teams("train_table_gradient", {launched, kTrainLanes, 0}, TableGradient<T, count>{task, dy, to, part_items, tiles});
  });
  if (fold) {
    q.teams("train_fold_table", {task.sites, kTrainLanes, 0}, FoldTable<T>{task, to, gradient, parts});
  } else if (parts > 1) {
    gemm.add_parts("train_fold_table", parts, task.numbers(), gradient);
  }
}

std::int64_t norm_blocks(std::int64_t rows) { return (rows + kNormRows - 1) / kNormRows; }

template <class T> void norm_forward(Queue &q, const NormTask<T> &task, const T *x, T *out) {
  const NormBase<T> base{task, norm_blocks(task.rows)};
  const TeamShape shape{base.blocks * (task.width / kColumnUnit), kTrainLanes, NormBase<T>::scratch()};
  if (task.normalise && task.training && base.blocks > 1) {
    q.teams("train_norm_sums", shape, NormStatistics<T>{base, x});
  }
  q.teams("train_norm", shape, NormForward<T>{base, x, out});
}

template <class T>
void norm_backward(Queue &q, const NormTask<T> &task, const T *x, const T *out, T *d, T *gamma_gradient, T *beta_gradient) {
  const NormBase<T> base{task, norm_blocks(task.rows)};
  const TeamShape shape{base.blocks * (task.width / kColumnUnit), kTrainLanes, NormBase<T>::scratch()};
  const NormSlope<T> slope{base, x, out, d};
  if (base.blocks > 1) {
    q.teams("train_norm_back_sums", shape, NormSlopeSums<T>{slope});
  }
  q.teams("train_norm_back", shape, NormBackward<T>{slope, gamma_gradient, beta_gradient});
}

template <class T> void mean_of_group(Queue &q, std::int64_t items, int group, int width, const T *from, T *to) {
  q.teams("train_mean", {items, kTrainLanes, 0}, MeanOfGroup<T>{group, width, from, to});
}

template <class T> void spread_over_group(Queue &q, std::int64_t items, int group, int width, const T *from, T *to) {
  q.teams("train_spread", {items, kTrainLanes, 0}, SpreadOverGroup<T>{group, width, from, to});
}

template <class T> void transpose(Queue &q, std::int64_t rows, int columns, const T *from, T *to) {
  const std::int64_t teams = (rows + kTransposeRows - 1) / kTransposeRows * (columns / kColumnUnit);
  q.teams("train_transpose", {teams, kTrainLanes, scratch_bytes<T>(kColumnUnit * (kTransposeRows + 1))},
          Transpose<T>{rows, columns, from, to});
}

template <class T> void fold_windows(Queue &q, std::int64_t items, int side, int channels, const T *windows, T *to) {
  q.teams("train_fold", {items * side, kTrainLanes, 0}, FoldWindows<T>{side, channels, windows, to});
}

template <class T> void count_pairs(Queue &q, const ItemSource &source, std::int64_t jumps, const PairTask &task, T *counts) {
  q.for_each("train_pairs", jumps, CountPairs<T>{source, task, counts});
}

template <class T> void pair_gradient(Queue &q, std::int64_t jumps, int pairs, const T *counts, const T *d, T *gradient) {
  q.for_each("train_pair_gradient", pairs, PairGradient<T>{jumps, pairs, counts, d, gradient});
}

template <class T> void head_barriers(Queue &q, const HeadTask<T> &task, T *barriers) {
  q.for_each("train_head", task.jumps, HeadBarriers<T>{task, barriers});
}

template <class T> void loss_gradient(Queue &q, const LossTask<T> &task) {
  q.teams("train_loss", {1, kTrainLanes, 0}, LossGradient<T>{task});
}

template <class T>
void adam(Queue &q, const AdamSettings &settings, const StepState *state, std::int64_t n, std::int64_t weights,
          const T *gradient, T *first, T *second, T *parameter) {
  q.for_each("train_adam", n / kPackWidth<T>, Adam<T>{settings, state, weights, gradient, first, second, parameter});
}

template <class T>
void draw_weights(Queue &q, std::uint32_t seed, int tensor, const WeightShape &shape, double bound, T *parameter) {
  q.for_each("train_start", shape.outer * shape.taps * shape.channels,
             DrawWeights<T>{shape, seed, static_cast<std::uint64_t>(tensor), bound, parameter});
}

template <class T> void fill(Queue &q, std::int64_t n, double value, T *to) {
  q.for_each("train_fill", n, Fill<T>{static_cast<T>(value), to});
}

#define ZENER_TRAIN(T)                                                                                                         \
  template void gather_codes(Queue &, const ItemSource &, std::int64_t, View<const std::int32_t, 1>, const std::int32_t *,     \
                             std::uint32_t, T *);                                                                              \
  template void gather_voxels(Queue &, const ItemSource &, std::int64_t, View<const std::int32_t, 1>, int,                     \
                              const std::int32_t *, std::uint32_t, T *);                                                       \
  template void table_forward(Queue &, const TableTask<T> &, const T *, T *, T *);                                             \
  template void table_gradient(Queue &, Gemm<T> &, const TableTask<T> &, const T *, T *, T *);                                 \
  template void norm_forward(Queue &, const NormTask<T> &, const T *, T *);                                                    \
  template void norm_backward(Queue &, const NormTask<T> &, const T *, const T *, T *, T *, T *);                              \
  template void mean_of_group(Queue &, std::int64_t, int, int, const T *, T *);                                                \
  template void spread_over_group(Queue &, std::int64_t, int, int, const T *, T *);                                            \
  template void transpose(Queue &, std::int64_t, int, const T *, T *);                                                         \
  template void fold_windows(Queue &, std::int64_t, int, int, const T *, T *);                                                 \
  template void count_pairs(Queue &, const ItemSource &, std::int64_t, const PairTask &, T *);                                 \
  template void pair_gradient(Queue &, std::int64_t, int, const T *, const T *, T *);                                          \
  template void head_barriers(Queue &, const HeadTask<T> &, T *);                                                              \
  template void loss_gradient(Queue &, const LossTask<T> &);                                                                   \
  template void adam(Queue &, const AdamSettings &, const StepState *, std::int64_t, std::int64_t, const T *, T *, T *, T *);  \
  template void draw_weights(Queue &, std::uint32_t, int, const WeightShape &, double, T *);                                   \
  template void fill(Queue &, std::int64_t, double, T *);

ZENER_TRAIN(float)
ZENER_TRAIN(double)
#undef ZENER_TRAIN
template void gather_codes(Queue &, const ItemSource &, std::int64_t, View<const std::int32_t, 1>, const std::int32_t *,
                           std::uint32_t, std::int32_t *);

} // namespace ZENER_BACKEND
} // namespace zener
