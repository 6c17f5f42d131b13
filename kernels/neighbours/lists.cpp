#include "kernels/neighbours/lists.hpp"

#include <cmath>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

// Bins of a system are at most this many for each atom, and one for a hole's sake.
inline constexpr std::int64_t kBinsPerAtom = 4;
inline constexpr int kMaxBins = 1 << 20; // along one direction

struct MakeGrids {
  double range_A;
  View<const Box, 1> boxes;
  View<const std::int64_t, 1> system_begin;
  View<BinGrid, 1> grids;
  View<std::int64_t, 1> counts;
  View<std::int32_t, 1> largest;
  ZENER_FN void operator()(std::int64_t k) const {
    const Box &box = boxes[k];
    BinGrid grid;
    double thickness[3];
    for (int d = 0; d < 3; ++d) {
      // The column of the inverse is the normal of the faces, its length one over their distance.
      const double x = box.inverse[d], y = box.inverse[3 + d], z = box.inverse[6 + d];
      thickness[d] = 1.0 / sqrt(x * x + y * y + z * z);
      const double fit = floor(thickness[d] / (0.5 * range_A));
      grid.bins[d] = fit > 1.0 ? (fit < kMaxBins ? static_cast<int>(fit) : kMaxBins) : 1;
    }
    const std::int64_t allowed = kBinsPerAtom * (system_begin[k + 1] - system_begin[k]) + 8;
    while (static_cast<std::int64_t>(grid.bins[0]) * grid.bins[1] * grid.bins[2] > allowed) {
      int most = 0;
      for (int d = 1; d < 3; ++d) {
        most = grid.bins[d] > grid.bins[most] ? d : most;
      }
      grid.bins[most] = (grid.bins[most] * 3 + 3) / 4 < grid.bins[most] ? (grid.bins[most] * 3 + 3) / 4 : grid.bins[most] - 1;
    }
    for (int d = 0; d < 3; ++d) {
      // Rounded up with a little to spare: a pair at the very edge of the range must not fall between two roundings.
      const double reach = ceil(range_A * grid.bins[d] / thickness[d] * (1.0 + 1e-12));
      grid.reach[d] = static_cast<int>(reach < 1e6 ? reach : 1e6);
      grid.images[d] = box.periodic[d] != 0 ? (grid.bins[d] - 1 + grid.reach[d]) / grid.bins[d] : 0;
      atomic_max(&largest[d], grid.images[d]);
    }
    grid.begin = 0;
    grids[k] = grid;
    counts[k] = static_cast<std::int64_t>(grid.bins[0]) * grid.bins[1] * grid.bins[2];
  }
};

struct PlaceGrids {
  View<BinGrid, 1> grids;
  View<const std::int64_t, 1> begins;
  ZENER_FN void operator()(std::int64_t k) const { grids[k].begin = begins[k]; }
};

ZENER_FN void bin_of(const Site &site, const Box &box, const BinGrid &grid, int bin[3]) {
  double s[3];
  to_fractional(box, site.x, site.y, site.z, s);
  for (int d = 0; d < 3; ++d) {
    const double scaled = s[d] * grid.bins[d];
    const double last = grid.bins[d] - 1;
    bin[d] = static_cast<int>(scaled > 0.0 ? (scaled < last ? scaled : last) : 0.0); // NaN: 0
  }
}

ZENER_FN std::int64_t flat_bin(const BinGrid &grid, const int bin[3]) {
  return (static_cast<std::int64_t>(bin[0]) * grid.bins[1] + bin[1]) * grid.bins[2] + bin[2];
}

struct SortKeys {
  int field; // bits of the key below the system
  View<const Site, 1> sites;
  View<const Box, 1> boxes;
  View<const std::int64_t, 1> system_begin;
  View<const std::int32_t, 1> flags;
  View<const BinGrid, 1> grids;
  View<std::uint64_t, 1> keys;
  View<std::int32_t, 1> order;
  ZENER_FN void operator()(std::int64_t i) const {
    const Site &site = sites[i];
    std::int64_t rank = i - system_begin[site.system];
    if (flags[site.system] != 0) {
      int bin[3];
      bin_of(site, boxes[site.system], grids[site.system], bin);
      rank = flat_bin(grids[site.system], bin);
    }
    keys[i] = static_cast<std::uint64_t>(site.system) << field | static_cast<std::uint64_t>(rank);
    order[i] = static_cast<std::int32_t>(i);
  }
};

struct CountBins {
  View<const Site, 1> sites;
  View<const Box, 1> boxes;
  View<const BinGrid, 1> grids;
  View<std::int32_t, 1> count;
  ZENER_FN void operator()(std::int64_t i) const {
    const Site &site = sites[i];
    int bin[3];
    bin_of(site, boxes[site.system], grids[site.system], bin);
    atomic_add(&count[grids[site.system].begin + flat_bin(grids[site.system], bin)], 1);
  }
};

// The number of cells below a bin that may be negative or beyond the last, and the bin inside its cell.
ZENER_FN int image_of(int bin, int bins) {
  int image = 0;
  while (bin < 0) {
    bin += bins;
    --image;
  }
  while (bin >= bins) {
    bin -= bins;
    ++image;
  }
  return image;
}

struct FillLists {
  double range2;
  bool all;
  int capacity;
  int index_bits;
  std::int64_t atom_stride;
  std::int64_t slot_stride;
  int images[3];
  int codes;
  View<const Site, 1> sites;
  View<const Box, 1> boxes;
  View<const std::int32_t, 1> flags;
  View<const BinGrid, 1> grids;
  View<const std::int32_t, 1> bin_begin;
  View<const double, 1> shifts;
  View<std::int32_t, 1> count;
  View<std::uint32_t, 1> words;
  View<std::int32_t, 1> largest;

  ZENER_FN void operator()(std::int64_t i) const {
    const Site own = sites[i];
    if (!all && flags[own.system] == 0) {
      return;
    }
    const Box &box = boxes[own.system];
    const BinGrid grid = grids[own.system];
    int home[3];
    bin_of(own, box, grid, home);
    int low[3], high[3];
    for (int d = 0; d < 3; ++d) {
      low[d] = home[d] - grid.reach[d];
      high[d] = home[d] + grid.reach[d];
      if (box.periodic[d] == 0) {
        low[d] = low[d] > 0 ? low[d] : 0;
        high[d] = high[d] < grid.bins[d] - 1 ? high[d] : grid.bins[d] - 1;
      }
    }
    int found = 0;
    for (int a = low[0]; a <= high[0]; ++a) {
      const int image_a = image_of(a, grid.bins[0]);
      for (int b = low[1]; b <= high[1]; ++b) {
        const int image_b = image_of(b, grid.bins[1]);
        const int row[3] = {a - image_a * grid.bins[0], b - image_b * grid.bins[1], 0};
        const std::int64_t bins = grid.begin + flat_bin(grid, row);
        // The row's bins within one cell hold one stretch of atoms.
        for (int c = low[2]; c <= high[2];) {
          const int image_c = image_of(c, grid.bins[2]);
          const int first = c - image_c * grid.bins[2];
          const int end = grid.bins[2] < first + high[2] - c + 1 ? grid.bins[2] : first + high[2] - c + 1;
          const int code =
              ((image_a + images[0]) * (2 * images[1] + 1) + image_b + images[1]) * (2 * images[2] + 1) + image_c + images[2];
          found = search(i, own, code, bin_begin[bins + first], bin_begin[bins + end], found);
          c += end - first;
        }
      }
    }
    count[i] = found < capacity ? found : capacity;
    if (found > capacity) {
      atomic_max(&largest[3], found);
    }
  }

  ZENER_FN int search(std::int64_t i, const Site &own, int code, std::int32_t first, std::int32_t end, int found) const {
    const std::int64_t row = 4 * (static_cast<std::int64_t>(own.system) * codes + code);
    const double shift_x = shifts[row], shift_y = shifts[row + 1], shift_z = shifts[row + 2];
    const std::int32_t self = code == codes / 2 ? static_cast<std::int32_t>(i) : -1;
    for (std::int32_t j = first; j < end; ++j) {
      const Site &other = sites[j];
      const double x = (other.x - own.x) + shift_x;
      const double y = (other.y - own.y) + shift_y;
      const double z = (other.z - own.z) + shift_z;
      if (x * x + y * y + z * z < range2 && j != self) {
        if (found < capacity) {
          words[i * atom_stride + found * slot_stride] =
              static_cast<std::uint32_t>(code) << index_bits | static_cast<std::uint32_t>(j);
        }
        ++found;
      }
    }
    return found;
  }
};

struct UpdateShifts {
  int images[3];
  int codes;
  View<const Box, 1> boxes;
  View<double, 1> shifts;
  ZENER_FN void operator()(std::int64_t row) const {
    const std::int64_t system = row / codes;
    const int code = static_cast<int>(row - system * codes);
    const int last = 2 * images[2] + 1;
    const int middle = 2 * images[1] + 1;
    const int c = code % last - images[2];
    const int b = code / last % middle - images[1];
    const int a = code / last / middle - images[0];
    double x[3];
    from_fractional(boxes[system], a, b, c, x);
    for (int d = 0; d < 3; ++d) {
      shifts[4 * row + d] = x[d];
    }
    shifts[4 * row + 3] = 0.0;
  }
};

struct CountOf {
  View<const std::int32_t, 1> count;
  ZENER_FN std::int64_t operator()(std::int64_t i) const { return count[i]; }
};

int bits_for(std::int64_t n) {
  int bits = 1;
  while (bits < 62 && (std::int64_t{1} << bits) < n) {
    ++bits;
  }
  return bits;
}

int rounded_capacity(std::int64_t n) { return static_cast<int>((n + 15) / 16 * 16); }

} // namespace

NeighbourLists::NeighbourLists(Queue &queue, std::int64_t atoms, std::int64_t systems, double range_A, int guess)
    : queue_(&queue), atoms_(atoms), systems_(systems), range_A_(range_A), capacity_(rounded_capacity(guess > 16 ? guess : 16)),
      index_bits_(bits_for(atoms)), grids_(queue, systems, "bins of systems"), bin_counts_(queue, systems, "numbers of bins"),
      largest_(queue, 4, "largest counts"), keys_(queue, atoms, "sort keys"), count_(queue, atoms, "numbers of neighbours"),
      words_(queue, atoms * capacity_, "neighbour lists") {
  count_.zero();
}

void NeighbourLists::make_grids(View<const Box, 1> boxes, View<const std::int64_t, 1> system_begin) {
  largest_.zero();
  queue_->for_each("neighbours_grids", systems_,
                   MakeGrids{range_A_, boxes, system_begin, grids_.view(), bin_counts_.view(), largest_.view()});
  bins_ = queue_->scan_exclusive("neighbours_grids", View<const std::int64_t, 1>(bin_counts_.view()), bin_counts_.view());
  queue_->for_each("neighbours_grids", systems_, PlaceGrids{grids_.view(), bin_counts_.view()});
  if (bins_ > 2147483646) {
    throw DeviceFault("%lld bins of the neighbour search are more than can be numbered", static_cast<long long>(bins_));
  }
}

void NeighbourLists::sort(View<const Site, 1> sites, View<const Box, 1> boxes, View<const std::int64_t, 1> system_begin,
                          View<const std::int32_t, 1> flags, View<std::int32_t, 1> order) {
  make_grids(boxes, system_begin);
  const int field = bits_for((bins_ > atoms_ ? bins_ : atoms_) + 1);
  queue_->for_each("neighbours_keys", atoms_,
                   SortKeys{field, sites, boxes, system_begin, flags, grids_.view(), keys_.view(), order});
  queue_->sort_pairs("neighbours_sort", keys_.view(), order, field + bits_for(systems_ + 1));
}

void NeighbourLists::fill(View<const Site, 1> sites, View<const Box, 1> boxes, View<const std::int64_t, 1> system_begin,
                          View<const std::int32_t, 1> flags) {
  make_grids(boxes, system_begin);
  std::int32_t largest[4];
  largest_.download(largest);
  bool all = false;
  if (largest[0] > images_[0] || largest[1] > images_[1] || largest[2] > images_[2]) {
    // Words of other systems' lists hold codes of the smaller table.
    all = true;
    double codes = 1.0;
    for (int d = 0; d < 3; ++d) {
      images_[d] = largest[d] > images_[d] ? largest[d] : images_[d];
      codes *= 2.0 * images_[d] + 1.0;
    }
    if (codes * std::ldexp(1.0, index_bits_) > 4294967296.0) {
      throw DeviceFault(
          "%lld atoms and %.0f periodic images within %.2f A do not fit a neighbour's 32 bits; put cells much smaller "
          "than the cutoff into a batch of their own",
          static_cast<long long>(atoms_), codes, range_A_);
    }
    codes_ = static_cast<int>(codes);
    shifts_ = DeviceBuffer<double>(*queue_, 4 * systems_ * codes_, "shifts of images");
  }
  if (bin_begin_.size() < bins_ + 1) {
    bin_begin_ = DeviceBuffer<std::int32_t>(*queue_, bins_ + bins_ / 8 + 1, "first atoms of bins");
  }
  bin_begin_.zero();
  queue_->for_each("neighbours_bins", atoms_, CountBins{sites, boxes, grids_.view(), bin_begin_.view()});
  queue_->scan_exclusive("neighbours_bins", View<const std::int32_t, 1>(bin_begin_.view()), bin_begin_.view());
  update_shifts(boxes);
  for (;;) {
    FillLists kernel{};
    kernel.range2 = range_A_ * range_A_;
    kernel.all = all;
    kernel.capacity = capacity_;
    kernel.index_bits = index_bits_;
    kernel.atom_stride = kGpuShapes ? 1 : capacity_;
    kernel.slot_stride = kGpuShapes ? atoms_ : 1;
    for (int d = 0; d < 3; ++d) {
      kernel.images[d] = images_[d];
    }
    kernel.codes = codes_;
    kernel.sites = sites;
    kernel.boxes = boxes;
    kernel.flags = flags;
    kernel.grids = grids_.view();
    kernel.bin_begin = bin_begin_.view();
    kernel.shifts = shifts_.view();
    kernel.count = count_.view();
    kernel.words = words_.view();
    kernel.largest = largest_.view();
    queue_->for_each("neighbours_fill", atoms_, kernel);
    largest_.download(largest);
    if (largest[3] <= capacity_) {
      return;
    }
    const std::int64_t wanted = rounded_capacity(largest[3] + largest[3] / 8);
    words_ = DeviceBuffer<std::uint32_t>(); // before the larger one: both may not fit
    words_ = DeviceBuffer<std::uint32_t>(*queue_, atoms_ * wanted, "neighbour lists");
    capacity_ = static_cast<int>(wanted);
    largest_.zero();
    all = true;
  }
}

void NeighbourLists::update_shifts(View<const Box, 1> boxes) {
  UpdateShifts kernel{};
  for (int d = 0; d < 3; ++d) {
    kernel.images[d] = images_[d];
  }
  kernel.codes = codes_;
  kernel.boxes = boxes;
  kernel.shifts = shifts_.view();
  queue_->for_each("neighbours_shifts", systems_ * codes_, kernel);
}

NeighbourView NeighbourLists::view() const {
  NeighbourView view;
  view.count = count_.view();
  view.words = words_.view();
  view.atom_stride = kGpuShapes ? 1 : capacity_;
  view.slot_stride = kGpuShapes ? atoms_ : 1;
  view.capacity = capacity_;
  view.index_bits = index_bits_;
  view.codes = codes_;
  view.home = codes_ / 2;
  view.shifts = shifts_.view();
  return view;
}

std::int64_t NeighbourLists::pairs() const {
  return queue_->reduce("neighbours_pairs", atoms_, CountOf{count_.view()}, Sum<std::int64_t>{}, std::int64_t{0});
}

} // namespace ZENER_BACKEND
} // namespace zener
