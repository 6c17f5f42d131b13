// Centres of B2 order (Xing et al., Nat. Commun. 15, 3879 (2024), Methods) and connected components of marked sites.
//
// Parallel: one element for each walker and site in every step. Components by union with the smaller label: each site is linked
// to its marked neighbours by an atomic minimum on the larger root (Jaiganesh, Burtscher, HPDC 2018,
// doi:10.1145/3208040.3208041, without their compression), then every site is pointed at its root. Bytes: 8 neighbours a site
// for the marks, half of the 58 neighbours for each marked site. Limit: scattered reads from L2. Determinism: integers only;
// the label of a cluster is its smallest site whatever the order.
#include "kernels/lattice/clusters.hpp"

#include "kernels/exec/atomics.hpp"

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

// Elements are numbered through all walkers, walker * sites + site, below 2^31: divisions of 64 bits would take most of the
// time.
struct Walkers {
  std::int32_t sites;
  ZENER_FN std::int32_t walker(std::int64_t i) const { return static_cast<std::int32_t>(i) / sites; }
  ZENER_FN std::int32_t site(std::int64_t i) const { return static_cast<std::int32_t>(i) % sites; }
};

template <class T> View<T, 1> flat(const View<T, 2> &view) { return View<T, 1>(view.data(), view.size()); }
template <class T> Walkers walkers_of(const View<T, 2> &view) { return {static_cast<std::int32_t>(view.extent(1))}; }

struct MarkCentres {
  BccLattice lattice;
  LatticeTablesView tables;
  Walkers of;
  View<const std::uint8_t, 1> occupancy;
  int a, b, least;
  View<std::uint8_t, 1> marks;

  ZENER_FN void operator()(std::int64_t i) const {
    const int own = occupancy[i];
    const int partner = own == a ? b : (own == b ? a : 0);
    int partners = 0;
    if (partner != 0) {
      const std::int32_t site = of.site(i);
      const SiteCoordinates at = lattice.coordinates(site);
      for (int m = 0; m < BccLattice::kJumps; ++m) {
        const std::int32_t other = lattice.neighbour(at, tables.offsets(m, 0), tables.offsets(m, 1), tables.offsets(m, 2));
        partners += occupancy[i - site + other] == partner ? 1 : 0;
      }
    }
    marks[i] = partner != 0 && partners >= least ? 1 : 0;
  }
};

struct FollowMarks {
  View<const std::uint8_t, 1> marks;
  View<std::uint32_t, 1> since;
  std::uint32_t sample;
  ZENER_FN void operator()(std::int64_t i) const {
    const std::uint32_t s = since[i];
    since[i] = marks[i] == 0 ? 0 : (s == 0 ? sample + 1 : s);
  }
};

struct MarkPersistent {
  View<const std::uint32_t, 1> since;
  std::uint32_t sample;
  View<std::uint8_t, 1> marks;
  ZENER_FN void operator()(std::int64_t i) const { marks[i] = since[i] != 0 && since[i] <= sample + 1 ? 1 : 0; }
};

struct StartLabels {
  Walkers of;
  View<const std::uint8_t, 1> marks;
  View<std::int32_t, 1> label;
  ZENER_FN void operator()(std::int64_t i) const { label[i] = marks[i] != 0 ? of.site(i) : -1; }
};

ZENER_FN std::int32_t root_of(const std::int32_t *label, std::int32_t site) {
  for (std::int32_t up = atomic_load(&label[site]); up != site; up = atomic_load(&label[site])) {
    site = up;
  }
  return site;
}

struct LinkNeighbours {
  BccLattice lattice;
  LatticeTablesView tables;
  Walkers of;
  int linked;
  View<std::int32_t, 1> label;

  ZENER_FN void operator()(std::int64_t i) const {
    if (atomic_load(&label[i]) < 0) {
      return;
    }
    const std::int32_t site = of.site(i);
    std::int32_t *own = &label[i - site];
    const SiteCoordinates at = lattice.coordinates(site);
    for (int m = 0; m < linked; ++m) {
      const std::int32_t dx = tables.offsets(m, 0);
      const std::int32_t dy = tables.offsets(m, 1);
      const std::int32_t dz = tables.offsets(m, 2);
      const bool forward = dx > 0 || (dx == 0 && (dy > 0 || (dy == 0 && dz > 0))); // one of each two opposite offsets
      if (!forward) {
        continue;
      }
      const std::int32_t other = lattice.neighbour(at, dx, dy, dz);
      if (atomic_load(&own[other]) < 0) {
        continue;
      }
      std::int32_t low = root_of(own, site);
      std::int32_t high = root_of(own, other);
      while (low != high) {
        if (low > high) {
          const std::int32_t swapped = low;
          low = high;
          high = swapped;
        }
        const std::int32_t before = atomic_min(&own[high], low);
        if (before == high) {
          break;
        }
        // `high` was no root any more: what it hung on is to be linked as well.
        high = root_of(own, before);
        low = root_of(own, low);
      }
    }
  }
};

struct PointAtRoots {
  Walkers of;
  View<std::int32_t, 1> label;
  ZENER_FN void operator()(std::int64_t i) const {
    if (atomic_load(&label[i]) >= 0) {
      const std::int32_t site = of.site(i);
      atomic_store(&label[i], root_of(&label[i - site], site));
    }
  }
};

struct AddSizes {
  Walkers of;
  View<const std::int32_t, 1> label;
  View<std::int32_t, 1> size;
  ZENER_FN void operator()(std::int64_t i) const {
    if (label[i] >= 0) {
      atomic_add(&size[i - of.site(i) + label[i]], 1);
    }
  }
};

struct ZeroSizes {
  View<std::int32_t, 1> size;
  ZENER_FN void operator()(std::int64_t i) const { size[i] = 0; }
};

struct ZeroValues {
  View<std::int32_t, 2> values;
  std::int64_t first;
  std::int64_t walkers;
  ZENER_FN void operator()(std::int64_t i) const { values(i / walkers, first + i % walkers) = 0; }
};

struct CountClusters {
  Walkers of;
  View<const std::int32_t, 1> size;
  View<std::int32_t, 2> values;
  std::int64_t first;
  ZENER_FN void operator()(std::int64_t i) const {
    const std::int32_t members = size[i];
    if (members == 0) {
      return;
    }
    int bin = 0;
    while (members >> (bin + 1) != 0 && bin < kSizeBins - 1) {
      ++bin;
    }
    const std::int64_t w = first + of.walker(i);
    atomic_add(&values(0, w), members);
    atomic_add(&values(1, w), 1);
    atomic_max(&values(2, w), members);
    atomic_add(&values(3 + bin, w), 1);
  }
};

} // namespace

void mark_b2_centres(Queue &queue, const BccLattice &lattice, const LatticeTablesView &tables,
                     View<const std::uint8_t, 2> occupancy, int a, int b, int least, View<std::uint8_t, 2> marks) {
  queue.for_each("mark_b2_centres", occupancy.size(),
                 MarkCentres{lattice, tables, walkers_of(occupancy), flat(occupancy), a, b, least, flat(marks)});
}

void follow_marks(Queue &queue, View<const std::uint8_t, 2> marks, std::uint32_t sample, View<std::uint32_t, 2> since) {
  queue.for_each("follow_b2_centres", marks.size(), FollowMarks{flat(marks), flat(since), sample});
}

void mark_persistent(Queue &queue, View<const std::uint32_t, 2> since, std::uint32_t sample, View<std::uint8_t, 2> marks) {
  queue.for_each("mark_persistent_centres", marks.size(), MarkPersistent{flat(since), sample, flat(marks)});
}

void label_clusters(Queue &queue, const BccLattice &lattice, const LatticeTablesView &tables, int linked,
                    View<const std::uint8_t, 2> marks, View<std::int32_t, 2> label) {
  const Walkers of = walkers_of(label);
  queue.for_each("start_cluster_labels", marks.size(), StartLabels{of, flat(marks), flat(label)});
  queue.for_each("link_clusters", marks.size(), LinkNeighbours{lattice, tables, of, linked, flat(label)});
  queue.for_each("flatten_cluster_labels", marks.size(), PointAtRoots{of, flat(label)});
}

void cluster_statistics(Queue &queue, View<const std::int32_t, 2> label, View<std::int32_t, 2> size, std::int64_t first_walker,
                        View<std::int32_t, 2> values) {
  const std::int64_t walkers = label.extent(0);
  const Walkers of = walkers_of(label);
  queue.for_each("zero_cluster_values", kClusterColumns * walkers, ZeroValues{values, first_walker, walkers});
  queue.for_each("zero_cluster_sizes", label.size(), ZeroSizes{flat(size)});
  queue.for_each("add_cluster_sizes", label.size(), AddSizes{of, flat(label), flat(size)});
  queue.for_each("count_clusters", label.size(),
                 CountClusters{of, flat(View<const std::int32_t, 2>(size)), values, first_walker});
}

} // namespace ZENER_BACKEND
} // namespace zener
