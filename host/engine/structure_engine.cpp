#include "host/engine/structure_engine.hpp"

#include "host/engine/box_of.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/text.hpp"
#include "kernels/analysis/cna.hpp"
#include "kernels/analysis/rdf.hpp"
#include "kernels/analysis/steinhardt.hpp"
#include "kernels/analysis/voronoi.hpp"
#include "kernels/core/pack_math.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

static_assert(static_cast<int>(CnaKind::other) == kCnaOther && static_cast<int>(CnaKind::fcc) == kCnaFcc &&
              static_cast<int>(CnaKind::hcp) == kCnaHcp && static_cast<int>(CnaKind::bcc) == kCnaBcc &&
              static_cast<int>(CnaKind::icosahedral) == kCnaIcosahedral);
static_assert(std::tuple_size_v<decltype(SteinhardtResult::q)::value_type> == kOrders);

// Lists that are longer than needed by at most this factor of the range are used again.
constexpr double kUsableRange = 1.3;
constexpr double kRangeGrowth = 1.25;
// In units of (V/N)^(1/3): bcc cells need 1.41, fcc 1.59, a hot crystal about 1.8, a liquid 2.1.
constexpr double kFirstCellRange = 1.9;
constexpr int kFirstFacets = 32;
constexpr int kNearestTries = 4;                 // up to twice the first range
constexpr std::int64_t kMostWaves = 200'000'000; // that are gone through to choose from

struct WrapSites {
  View<const Site, 1> sites;
  View<const Box, 1> boxes;
  View<Site, 1> wrapped;
  ZENER_FN void operator()(std::int64_t i) const {
    Site own = sites[i];
    const Box &box = boxes[own.system];
    double s[3];
    to_fractional(box, own.x, own.y, own.z, s);
    for (int d = 0; d < 3; ++d) {
      const double cells = box.periodic[d] != 0 ? floor(s[d]) : 0.0;
      own.x -= cells * box.h[3 * d];
      own.y -= cells * box.h[3 * d + 1];
      own.z -= cells * box.h[3 * d + 2];
    }
    wrapped[i] = own;
  }
};

struct SortSites {
  View<const Site, 1> wrapped;
  View<const std::int32_t, 1> given, sort_order;
  View<Site, 1> sorted;
  View<std::int32_t, 1> order;
  ZENER_FN void operator()(std::int64_t i) const {
    sorted[i] = wrapped[sort_order[i]];
    order[i] = given[sort_order[i]];
  }
};

template <class T> struct CopyElements {
  View<const T, 1> from;
  View<T, 1> to;
  ZENER_FN void operator()(std::int64_t i) const { to[i] = from[i]; }
};

struct SetOnes {
  View<std::int32_t, 1> flags;
  ZENER_FN void operator()(std::int64_t k) const { flags[k] = 1; }
};

struct GroupKeys {
  View<const Site, 1> sites;
  int types;
  View<std::uint64_t, 1> keys;
  View<std::int32_t, 1> order;
  ZENER_FN void operator()(std::int64_t i) const {
    keys[i] = static_cast<std::uint64_t>(sites[i].system) * static_cast<std::uint64_t>(types) +
              static_cast<std::uint64_t>(sites[i].type);
    order[i] = static_cast<std::int32_t>(i);
  }
};

template <class T> std::vector<T> host(const DeviceBuffer<T> &buffer) {
  std::vector<T> values(static_cast<std::size_t>(buffer.size()));
  buffer.download(values.data());
  return values;
}

// Nearest neighbours expected within `range` units of (V/N)^(1/3), and the range that holds twice as many as wanted.
double range_of(double neighbours) { return std::cbrt(2.0 * neighbours * 3.0 / (4.0 * kPi)); }

// The vectors 2 pi h^-1 n of one half of the space up to the largest length, at most so many a bin, spread evenly over the
// order in which they are gone through: add(wave, bin, length).
template <class Add> void choose_waves_of(const Box &box, const StructureFactorPlan &plan, std::int32_t system, Add add) {
  std::array<std::int64_t, 3> most{};
  double all = 1.0;
  for (std::size_t d = 0; d < 3; ++d) {
    const double *h = box.h + 3 * d;
    most[d] =
        static_cast<std::int64_t>(plan.largest_q_per_A * std::sqrt(h[0] * h[0] + h[1] * h[1] + h[2] * h[2]) / (2.0 * kPi));
    all *= 2.0 * static_cast<double>(most[d]) + 1.0;
  }
  if (all > static_cast<double>(kMostWaves)) {
    throw ConfigError("S(q) up to " + number_text(plan.largest_q_per_A) + " 1/A in system " + std::to_string(system + 1) +
                      " would go through " + number_text(all) + " vectors; at most " +
                      number_text(static_cast<double>(kMostWaves)) + " are allowed: choose a smaller largest q");
  }
  const double per_width = static_cast<double>(plan.bins) / plan.largest_q_per_A;
  const auto visit = [&](auto &&f) {
    for (std::int64_t a = 0; a <= most[0]; ++a) {
      for (std::int64_t b = a == 0 ? 0 : -most[1]; b <= most[1]; ++b) {
        for (std::int64_t c = a == 0 && b == 0 ? 1 : -most[2]; c <= most[2]; ++c) {
          double square = 0.0;
          for (std::size_t d = 0; d < 3; ++d) {
            const double q = 2.0 * kPi *
                             (static_cast<double>(a) * box.inverse[3 * d] + static_cast<double>(b) * box.inverse[3 * d + 1] +
                              static_cast<double>(c) * box.inverse[3 * d + 2]);
            square += q * q;
          }
          const double q = std::sqrt(square);
          const auto bin = static_cast<std::int64_t>(q * per_width);
          if (bin < plan.bins) {
            f(a, b, c, q, static_cast<std::size_t>(bin));
          }
        }
      }
    }
  };
  std::vector<std::int64_t> there(static_cast<std::size_t>(plan.bins), 0), seen = there;
  visit([&](std::int64_t, std::int64_t, std::int64_t, double, std::size_t bin) { ++there[bin]; });
  visit([&](std::int64_t a, std::int64_t b, std::int64_t c, double q, std::size_t bin) {
    const std::int64_t k = seen[bin]++;
    const std::int64_t wanted =
        plan.vectors_per_bin > 0 ? std::min<std::int64_t>(there[bin], plan.vectors_per_bin) : there[bin];
    if (k * wanted / there[bin] != (k + 1) * wanted / there[bin]) {
      add(Wave{{static_cast<std::int32_t>(a), static_cast<std::int32_t>(b), static_cast<std::int32_t>(c)}, system},
          static_cast<std::int32_t>(bin), q);
    }
  });
}

void check_plan(const StructurePlan &plan) {
  const auto refuse = [](const std::string &text) { throw ConfigError("structure: " + text); };
  if (!(plan.least_facet >= 0.0) || plan.least_facet > 0.01) {
    refuse("least_facet is " + number_text(plan.least_facet) + "; 0 to 0.01 is allowed");
  }
  for (const SteinhardtPlan &one : plan.steinhardt) {
    if (one.rule == NeighbourRule::nearest && (one.nearest < 1 || one.nearest > kMostNearest)) {
      refuse("Steinhardt parameters of the " + std::to_string(one.nearest) + " nearest neighbours; 1 to " +
             std::to_string(kMostNearest) + " are allowed");
    }
    if (one.rule == NeighbourRule::cutoff && !(one.cutoff_A > 0.0 && std::isfinite(one.cutoff_A))) {
      refuse("Steinhardt parameters within a cutoff need one above 0, not " + number_text(one.cutoff_A) + " A");
    }
  }
  if (!(plan.pairs.range_A >= 0.0) || !std::isfinite(plan.pairs.range_A) || plan.pairs.bins < 1 || plan.pairs.bins > 100000) {
    refuse("g(r) needs a range of 0 or more and 1 to 100000 bins, not " + number_text(plan.pairs.range_A) + " A and " +
           std::to_string(plan.pairs.bins));
  }
  if (!(plan.waves.largest_q_per_A >= 0.0) || !std::isfinite(plan.waves.largest_q_per_A) || plan.waves.bins < 1 ||
      plan.waves.bins > 100000 || plan.waves.vectors_per_bin < 0) {
    refuse("S(q) needs a largest q of 0 or more, 1 to 100000 bins and 0 or more vectors a bin, not " +
           number_text(plan.waves.largest_q_per_A) + " 1/A, " + std::to_string(plan.waves.bins) + " and " +
           std::to_string(plan.waves.vectors_per_bin));
  }
}

bool wants_cells(const StructurePlan &plan) {
  return plan.voronoi || std::any_of(plan.steinhardt.begin(), plan.steinhardt.end(),
                                     [](const SteinhardtPlan &one) { return one.rule == NeighbourRule::voronoi; });
}

} // namespace

StructureEngine::StructureEngine(Queue &queue, const StructurePlan &plan, Systems systems)
    : queue_(queue), plan_(plan), systems_(std::move(systems)), n_(systems_.begin.back()),
      k_(static_cast<std::int64_t>(systems_.begin.size()) - 1) {
  check_plan(plan_);
  if (k_ < 1 || systems_.atoms_of_element.size() != static_cast<std::size_t>(k_) ||
      systems_.periodic.size() != static_cast<std::size_t>(k_)) {
    throw InvariantError("an analysis of structure needs systems, and elements and directions of each");
  }
  if (n_ > 0x7fffffff) {
    throw ConfigError("structure: " + std::to_string(n_) + " atoms are more than can be numbered; give fewer frames at once");
  }
  const bool whole = wants_cells(plan_) || plan_.pairs.range_A > 0.0 || plan_.waves.largest_q_per_A > 0.0;
  for (std::size_t k = 0; k < static_cast<std::size_t>(k_); ++k) {
    if (systems_.begin[k + 1] <= systems_.begin[k]) {
      throw ConfigError("structure: system " + std::to_string(k + 1) + " has no atoms");
    }
    types_ = std::max(types_, static_cast<int>(systems_.atoms_of_element[k].size()));
    const auto &p = systems_.periodic[k];
    if (whole && !(p[0] && p[1] && p[2])) {
      throw ConfigError("structure: system " + std::to_string(k + 1) +
                        " has a free direction; Voronoi cells, g(r) and S(q) need three periodic ones (with vacuum beside a "
                        "slab, say so in the cell)");
    }
  }
  wrapped_ = DeviceBuffer<Site>(queue_, n_, "atoms");
  sorted_ = DeviceBuffer<Site>(queue_, n_, "sorted atoms");
  given_ = DeviceBuffer<std::int32_t>(queue_, n_, "order of atoms");
  sort_order_ = DeviceBuffer<std::int32_t>(queue_, n_, "order of atoms");
  order_ = DeviceBuffer<std::int32_t>(queue_, n_, "order of atoms");
  boxes_ = DeviceBuffer<Box>(queue_, k_, "cells");
  begin_ = DeviceBuffer<std::int64_t>(queue_, k_ + 1, "systems");
  begin_.upload(systems_.begin.data());
  flags_ = DeviceBuffer<std::int32_t>(queue_, k_, "flags");
  queue_.for_each("structure_flags", k_, SetOnes{flags_.view()});
  halted_ = DeviceBuffer<std::int32_t>(queue_, 1, "flags");
  halted_.zero();
  counter_ = DeviceBuffer<std::int32_t>(queue_, 1, "counter");
}

void StructureEngine::find(View<const Site, 1> sites, View<const Box, 1> boxes, View<const std::int32_t, 1> given) {
  begin_frame(sites, boxes, given);
  if (wants_cells(plan_)) {
    find_cells();
  }
  find_parameters();
  if (plan_.cna) {
    find_kinds();
  }
  if (plan_.pairs.range_A > 0.0) {
    find_pairs();
  }
  if (plan_.waves.largest_q_per_A > 0.0) {
    find_waves();
  }
}

StructureResult StructureEngine::look(View<const Site, 1> sites, View<const Box, 1> boxes, View<const std::int32_t, 1> given) {
  find(sites, boxes, given);
  StructureResult result;
  result.systems.resize(static_cast<std::size_t>(k_));
  if (plan_.voronoi) {
    report_cells(result);
  }
  report_parameters(result);
  if (plan_.cna) {
    report_kinds(result);
  }
  report_curves(result);
  return result;
}

void StructureEngine::report_curves(StructureResult &result) const {
  result.systems.resize(static_cast<std::size_t>(k_));
  if (plan_.pairs.range_A > 0.0) {
    report_pairs(result);
  }
  if (plan_.waves.largest_q_per_A > 0.0) {
    report_waves(result);
  }
}

View<const double, 2> StructureEngine::parameters(std::size_t of) {
  return {View<double, 2>(q_.view().data() + static_cast<std::int64_t>(of) * n_ * kOrders, n_, kOrders)};
}

void StructureEngine::begin_frame(View<const Site, 1> sites, View<const Box, 1> boxes, View<const std::int32_t, 1> given) {
  queue_.for_each("structure_wrap", n_, WrapSites{sites, boxes, wrapped_.view()});
  queue_.for_each("structure_copy", n_, CopyElements<std::int32_t>{given, given_.view()});
  queue_.for_each("structure_copy", k_, CopyElements<Box>{boxes, boxes_.view()});
  host_boxes_ = host(boxes_);
  range_A_ = 0.0;
}

// (V/N)^(1/3) of the system in which it is largest.
double StructureEngine::spacing() const {
  double most = 0.0;
  for (std::size_t k = 0; k < host_boxes_.size(); ++k) {
    const auto atoms = static_cast<double>(systems_.begin[k + 1] - systems_.begin[k]);
    most = std::max(most, std::cbrt(host_boxes_[k].volume / atoms));
  }
  return most;
}

void StructureEngine::make_lists(double range_A) {
  if (range_A_ >= range_A && range_A_ <= kUsableRange * range_A) {
    return;
  }
  if (lists_ == nullptr || lists_->range_A() != range_A) {
    const double expected = 4.0 * kPi / 3.0 * std::pow(range_A / spacing(), 3.0);
    const int guess = static_cast<int>(std::min(1.2 * expected + 8.0, 1000.0));
    lists_.reset(); // before the new ones: both may not fit
    lists_ = std::make_unique<NeighbourLists>(queue_, n_, k_, range_A, guess);
  }
  lists_->sort(wrapped_.view(), boxes_.view(), begin_.view(), flags_.view(), sort_order_.view());
  queue_.for_each("structure_sort", n_,
                  SortSites{wrapped_.view(), given_.view(), sort_order_.view(), sorted_.view(), order_.view()});
  lists_->fill(sorted_.view(), boxes_.view(), begin_.view(), flags_.view());
  range_A_ = range_A;
}

AtomsView StructureEngine::atoms() const {
  AtomsView view;
  view.site = sorted_.view();
  view.system_begin = begin_.view();
  view.halted = halted_.view();
  view.neighbours = lists_->view();
  return view;
}

void StructureEngine::find_cells() {
  if (done_.size() == 0) {
    done_ = DeviceBuffer<std::int32_t>(queue_, n_, "Voronoi cells");
    trouble_ = DeviceBuffer<std::int32_t>(queue_, kVoronoiTroubles, "Voronoi cells");
    volume_ = DeviceBuffer<double>(queue_, n_, "Voronoi cells");
    area_ = DeviceBuffer<double>(queue_, n_, "Voronoi cells");
    facets_ = Bonds(queue_, n_, kFirstFacets);
  }
  done_.zero();
  double range = cell_range_A_ > 0.0 ? cell_range_A_ : kFirstCellRange * spacing();
  for (;;) {
    make_lists(range);
    const std::size_t room = queue_.properties().max_scratch_bytes;
    if (room > 0 && voronoi_scratch(lists_->capacity()) > room) {
      throw DataError("structure: the Voronoi cell of an atom reaches further than " + number_text(0.5 * range) +
                      " A, beside a void or vacuum; lists of so many neighbours do not fit the device's scratch memory");
    }
    trouble_.zero();
    make_voronoi_cells(queue_, atoms(), order_.view(), range_A_, plan_.least_facet,
                       {done_.view(), volume_.view(), area_.view(), facets_.view(), trouble_.view()});
    const std::vector<std::int32_t> trouble = host(trouble_);
    if (trouble[kCoincident] != 0) {
      const std::int64_t atom = std::int64_t{0x7fffffff} - trouble[kCoincident];
      std::size_t k = 0;
      while (systems_.begin[k + 1] <= atom) {
        ++k;
      }
      throw DataError("structure: atom " + std::to_string(atom - systems_.begin[k] + 1) + " of system " +
                      std::to_string(k + 1) + " lies on top of another atom (closer than " + number_text(kClosestCentres_A) +
                      " A): there is no Voronoi cell");
    }
    if (trouble[kTooManyCorners] != 0) {
      throw DataError("structure: " + std::to_string(trouble[kTooManyCorners]) +
                      " facets of Voronoi cells have more corners than a kernel holds: are these positions of atoms?");
    }
    if (trouble[kMostFacets] != 0) {
      facets_ = Bonds();
      facets_ = Bonds(queue_, n_, trouble[kMostFacets]);
      done_.zero();
    } else if (trouble[kCellsOpen] == 0) {
      break;
    } else {
      range = range_A_ * kRangeGrowth;
    }
  }
  cell_range_A_ = range;
}

void StructureEngine::report_cells(StructureResult &result) const {
  const std::vector<double> volume = host(volume_), area = host(area_);
  for (std::size_t k = 0; k < result.systems.size(); ++k) {
    const auto first = static_cast<std::ptrdiff_t>(systems_.begin[k]),
               last = static_cast<std::ptrdiff_t>(systems_.begin[k + 1]);
    VoronoiResult &own = result.systems[k].voronoi;
    own.volume_A3.assign(volume.begin() + first, volume.begin() + last);
    own.area_A2.assign(area.begin() + first, area.begin() + last);
  }
  if (plan_.facets) {
    report_facets(result);
  }
}

void StructureEngine::report_facets(StructureResult &result) const {
  const std::vector<std::int32_t> count = host(facets_.count()), neighbour = host(facets_.neighbour());
  const std::vector<double> weight = host(facets_.weight()), vector = host(facets_.vector());
  const std::size_t size = weight.size();
  for (std::size_t k = 0; k < result.systems.size(); ++k) {
    VoronoiResult &own = result.systems[k].voronoi;
    own.begin.push_back(0);
    for (std::int64_t i = systems_.begin[k]; i < systems_.begin[k + 1]; ++i) {
      const double area = own.area_A2[static_cast<std::size_t>(i - systems_.begin[k])];
      for (int slot = 0; slot < count[static_cast<std::size_t>(i)]; ++slot) {
        const auto at = static_cast<std::size_t>(i * facets_.capacity() + slot);
        own.neighbour.push_back(neighbour[at] - static_cast<std::int32_t>(systems_.begin[k]));
        own.facet_A2.push_back(weight[at] * area);
        own.vector_A.push_back({vector[at], vector[size + at], vector[2 * size + at]});
      }
      own.begin.push_back(static_cast<std::int64_t>(own.neighbour.size()));
    }
  }
}

void StructureEngine::find_parameters() {
  const auto plans = static_cast<std::int64_t>(plan_.steinhardt.size());
  if (plans > 0 && moments_.size() == 0) {
    moments_ = DeviceBuffer<double>(queue_, 2 * n_ * kMoments, "moments");
    q_ = DeviceBuffer<double>(queue_, plans * n_ * kOrders, "Steinhardt parameters");
    neighbours_ = DeviceBuffer<std::int32_t>(queue_, plans * n_, "numbers of neighbours");
  }
  for (std::int64_t of = 0; of < plans; ++of) {
    const SteinhardtPlan &one = plan_.steinhardt[static_cast<std::size_t>(of)];
    std::int32_t short_of = 0;
    if (one.rule == NeighbourRule::nearest) {
      if (bonds_.capacity() < one.nearest) {
        bonds_ = Bonds(queue_, n_, one.nearest);
      }
      double range = range_of(one.nearest) * spacing();
      for (int attempt = 0; attempt < kNearestTries; ++attempt, range *= kRangeGrowth) {
        make_lists(range);
        counter_.zero();
        bonds_to_nearest(queue_, atoms(), order_.view(), one.nearest, bonds_.view(), counter_.view());
        counter_.download(&short_of);
        if (short_of == 0) {
          break;
        }
      }
    } else if (one.rule == NeighbourRule::cutoff) {
      make_lists(one.cutoff_A);
      if (bonds_.capacity() == 0) {
        bonds_ = Bonds(queue_, n_, 32);
      }
      for (;;) {
        counter_.zero();
        bonds_within(queue_, atoms(), order_.view(), one.cutoff_A, bonds_.view(), counter_.view());
        std::int32_t most = 0;
        counter_.download(&most);
        if (most <= bonds_.capacity()) {
          break;
        }
        bonds_ = Bonds();
        bonds_ = Bonds(queue_, n_, most);
      }
    }
    Bonds &bonds = one.rule == NeighbourRule::voronoi ? facets_ : bonds_;
    const View<double, 2> q(q_.view().data() + of * n_ * kOrders, n_, kOrders);
    steinhardt_moments(queue_, bonds.view(), moments_.shaped(n_, kMoments, 2));
    steinhardt_parameters(queue_, bonds.view(), moments_.shaped(n_, kMoments, 2), one.averaged, q);
    queue_.for_each(
        "structure_copy", n_,
        CopyElements<std::int32_t>{bonds.count().view(), View<std::int32_t, 1>(neighbours_.view().data() + of * n_, n_)});
  }
}

void StructureEngine::report_parameters(StructureResult &result) const {
  const std::vector<std::int32_t> count = host(neighbours_);
  const std::vector<double> q = host(q_);
  for (std::size_t of = 0; of < plan_.steinhardt.size(); ++of) {
    const SteinhardtPlan &one = plan_.steinhardt[of];
    for (std::size_t k = 0; k < result.systems.size(); ++k) {
      SteinhardtResult own;
      own.short_of_neighbours = 0;
      for (std::int64_t atom = systems_.begin[k]; atom < systems_.begin[k + 1]; ++atom) {
        const auto i = of * static_cast<std::size_t>(n_) + static_cast<std::size_t>(atom);
        own.neighbours.push_back(count[i]);
        own.short_of_neighbours += one.rule == NeighbourRule::nearest && count[i] < one.nearest ? 1 : 0;
        own.q.emplace_back();
        std::copy_n(q.begin() + static_cast<std::ptrdiff_t>(i * kOrders), kOrders, own.q.back().begin());
      }
      result.systems[k].steinhardt.push_back(std::move(own));
    }
  }
}

void StructureEngine::find_kinds() {
  if (kinds_.size() == 0) {
    kinds_ = DeviceBuffer<std::uint8_t>(queue_, n_, "kinds of structure");
  }
  double range = range_of(kCnaNeighbours) * spacing();
  for (int attempt = 0; attempt < kNearestTries; ++attempt, range *= kRangeGrowth) {
    make_lists(range);
    counter_.zero();
    classify_by_cna(queue_, atoms(), order_.view(), kinds_.view(), counter_.view());
    std::int32_t short_of = 0;
    counter_.download(&short_of);
    if (short_of == 0) {
      break;
    }
  }
}

void StructureEngine::report_kinds(StructureResult &result) const {
  const std::vector<std::uint8_t> kind = host(kinds_);
  for (std::size_t k = 0; k < result.systems.size(); ++k) {
    SystemStructure &own = result.systems[k];
    for (auto i = static_cast<std::size_t>(systems_.begin[k]); i < static_cast<std::size_t>(systems_.begin[k + 1]); ++i) {
      own.cna.push_back(static_cast<CnaKind>(kind[i]));
      ++own.cna_counts[kind[i]];
    }
  }
}

void StructureEngine::find_pairs() {
  const int bins = plan_.pairs.bins;
  const int pairs = type_pairs(types_);
  if (pair_counts_.size() == 0) {
    pair_counts_ = DeviceBuffer<std::uint64_t>(queue_, k_ * pairs * bins, "pairs by distance");
  }
  pair_counts_.zero();
  make_lists(plan_.pairs.range_A);
  count_pairs(queue_, atoms(), types_, plan_.pairs.range_A / bins, pair_counts_.shaped(k_, pairs, bins));
}

void StructureEngine::report_pairs(StructureResult &result) const {
  const int bins = plan_.pairs.bins;
  const double width = plan_.pairs.range_A / bins;
  const int pairs = type_pairs(types_);
  const std::vector<std::uint64_t> all = host(pair_counts_);
  for (std::size_t k = 0; k < result.systems.size(); ++k) {
    PairDistribution &own = result.systems[k].pairs;
    const std::vector<std::int64_t> &atoms_of = systems_.atoms_of_element[k];
    const int elements = static_cast<int>(atoms_of.size());
    const double volume = host_boxes_[k].volume;
    const auto n = static_cast<double>(systems_.begin[k + 1] - systems_.begin[k]);
    own.width_A = width;
    own.total.assign(static_cast<std::size_t>(bins), 0.0);
    const auto shell = [&](int b) { return 4.0 * kPi / 3.0 * width * width * width * (3.0 * b * (b + 1.0) + 1.0); };
    for (int a = 0; a < elements; ++a) {
      for (int b = a; b < elements; ++b) {
        const auto row =
            all.begin() + static_cast<std::ptrdiff_t>((static_cast<std::int64_t>(k) * pairs + type_pair(a, b, types_)) * bins);
        own.count.emplace_back(row, row + bins);
        own.partial.emplace_back(static_cast<std::size_t>(bins), 0.0);
        const double expected = static_cast<double>(atoms_of[static_cast<std::size_t>(a)]) *
                                static_cast<double>(atoms_of[static_cast<std::size_t>(b)]) / volume;
        for (int bin = 0; bin < bins; ++bin) {
          const auto at = static_cast<std::size_t>(bin);
          const auto found = static_cast<double>(own.count.back()[at]);
          own.partial.back()[at] = expected > 0.0 ? found / (expected * shell(bin)) : 0.0;
          own.total[at] += (a == b ? 1.0 : 2.0) * found / (n * n / volume * shell(bin));
        }
      }
    }
  }
}

void StructureEngine::choose_waves() {
  const auto same = [](const Box &a, const Box &b) { return std::equal(a.h, a.h + 9, b.h); };
  if (chosen_.boxes.size() == host_boxes_.size() &&
      std::equal(host_boxes_.begin(), host_boxes_.end(), chosen_.boxes.begin(), same)) {
    return;
  }
  chosen_ = ChosenWaves();
  chosen_.boxes = host_boxes_;
  for (std::size_t k = 0; k < host_boxes_.size(); ++k) {
    choose_waves_of(host_boxes_[k], plan_.waves, static_cast<std::int32_t>(k),
                    [&](const Wave &wave, std::int32_t bin, double length) {
                      chosen_.waves.push_back(wave);
                      chosen_.bin.push_back(bin);
                      chosen_.length.push_back(length);
                    });
    chosen_.begin.push_back(chosen_.waves.size());
  }
  const auto count = static_cast<std::int64_t>(chosen_.waves.size());
  waves_ = DeviceBuffer<Wave>(queue_, count, "waves");
  waves_.upload(chosen_.waves.data());
  densities_ = DeviceBuffer<double>(queue_, count * types_ * 2, "densities");
}

void StructureEngine::find_waves() {
  choose_waves();
  std::vector<std::int64_t> group_begin{0};
  for (const std::vector<std::int64_t> &atoms_of : systems_.atoms_of_element) {
    for (std::size_t t = 0; t < static_cast<std::size_t>(types_); ++t) {
      group_begin.push_back(group_begin.back() + (t < atoms_of.size() ? atoms_of[t] : 0));
    }
  }
  DeviceBuffer<std::int64_t> groups(queue_, static_cast<std::int64_t>(group_begin.size()), "groups of atoms");
  groups.upload(group_begin.data());
  DeviceBuffer<std::uint64_t> keys(queue_, n_, "sort keys");
  queue_.for_each("structure_groups", n_, GroupKeys{wrapped_.view(), types_, keys.view(), sort_order_.view()});
  int bits = 1;
  while (bits < 62 && (std::int64_t{1} << bits) < k_ * types_) {
    ++bits;
  }
  queue_.sort_pairs("structure_groups", keys.view(), sort_order_.view(), bits);
  const std::int64_t columns = n_ + 16;
  DeviceBuffer<double> fraction(queue_, 3 * columns, "fractional coordinates");
  gather_fractions(queue_, wrapped_.view(), boxes_.view(), sort_order_.view(), fraction.shaped(3, columns));
  sum_waves(queue_, {fraction.shaped(3, columns), groups.view(), types_}, waves_.view(),
            densities_.shaped(waves_.size(), types_, 2));
  queue_.wait(); // before the fractional coordinates go
}

void StructureEngine::report_waves(StructureResult &result) const {
  const std::vector<double> sums = host(densities_);
  for (std::size_t k = 0; k < result.systems.size(); ++k) {
    StructureFactor &own = result.systems[k].waves;
    const std::vector<std::int64_t> &atoms_of = systems_.atoms_of_element[k];
    const std::size_t elements = atoms_of.size(), types = static_cast<std::size_t>(types_);
    const auto bins = static_cast<std::size_t>(plan_.waves.bins);
    const auto n = static_cast<double>(systems_.begin[k + 1] - systems_.begin[k]);
    own.width_per_A = plan_.waves.largest_q_per_A / plan_.waves.bins;
    own.q_per_A.assign(bins, 0.0);
    own.vectors.assign(bins, 0);
    own.total.assign(bins, 0.0);
    own.partial.assign(elements * (elements + 1) / 2, std::vector<double>(bins, 0.0));
    for (std::size_t w = chosen_.begin[k]; w < chosen_.begin[k + 1]; ++w) {
      const auto bin = static_cast<std::size_t>(chosen_.bin[w]);
      const double *of_wave = &sums[w * types * 2];
      own.q_per_A[bin] += chosen_.length[w];
      ++own.vectors[bin];
      double re = 0.0, im = 0.0;
      for (std::size_t a = 0, pair = 0; a < elements; ++a) {
        re += of_wave[2 * a];
        im += of_wave[2 * a + 1];
        for (std::size_t b = a; b < elements; ++b, ++pair) {
          const double norm = std::sqrt(static_cast<double>(atoms_of[a]) * static_cast<double>(atoms_of[b]));
          const double product = of_wave[2 * a] * of_wave[2 * b] + of_wave[2 * a + 1] * of_wave[2 * b + 1];
          own.partial[pair][bin] += norm > 0.0 ? product / norm : 0.0;
        }
      }
      own.total[bin] += (re * re + im * im) / n;
    }
    for (std::size_t bin = 0; bin < bins; ++bin) {
      const double share = own.vectors[bin] > 0 ? 1.0 / static_cast<double>(own.vectors[bin]) : 0.0;
      own.q_per_A[bin] *= share;
      own.total[bin] *= share;
      for (std::vector<double> &partial : own.partial) {
        partial[bin] *= share;
      }
    }
  }
}

StructureResult find_structure(Queue &queue, const StructurePlan &plan, const std::vector<Atoms> &systems) {
  StructureEngine::Systems described;
  std::vector<Site> sites;
  std::vector<Box> boxes;
  for (std::size_t k = 0; k < systems.size(); ++k) {
    const Atoms &own = systems[k];
    const double size = volume(own.cell);
    if (!(size > 0.0) || !std::isfinite(size)) {
      throw DataError("structure: the cell of system " + std::to_string(k + 1) + " has a volume of " + number_text(size) +
                      " A^3");
    }
    described.atoms_of_element.emplace_back(own.elements.size(), 0);
    described.periodic.push_back(own.cell.periodic);
    for (std::size_t i = 0; i < own.size(); ++i) {
      const Vector3 &x = own.position_A[i];
      if (!std::isfinite(x[0]) || !std::isfinite(x[1]) || !std::isfinite(x[2])) {
        throw DataError("structure: the position of atom " + std::to_string(i + 1) + " of system " + std::to_string(k + 1) +
                        " is no number");
      }
      ++described.atoms_of_element.back()[static_cast<std::size_t>(own.type[i])];
      sites.push_back({x[0], x[1], x[2], own.type[i], static_cast<std::int32_t>(k)});
    }
    described.begin.push_back(static_cast<std::int64_t>(sites.size()));
    boxes.push_back(box_of(own.cell));
  }
  StructureEngine engine(queue, plan, std::move(described));
  std::vector<std::int32_t> order(sites.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = static_cast<std::int32_t>(i);
  }
  DeviceBuffer<Site> device_sites(queue, static_cast<std::int64_t>(sites.size()), "atoms");
  DeviceBuffer<Box> device_boxes(queue, static_cast<std::int64_t>(boxes.size()), "cells");
  DeviceBuffer<std::int32_t> device_order(queue, static_cast<std::int64_t>(order.size()), "order of atoms");
  device_sites.upload(sites.data());
  device_boxes.upload(boxes.data());
  device_order.upload(order.data());
  return engine.look(device_sites.view(), device_boxes.view(), device_order.view());
}

} // namespace ZENER_BACKEND
} // namespace zener
