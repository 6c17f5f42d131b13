// Centres of B2 order and clusters of marked sites in many configurations at once.
#pragma once

#include "kernels/exec/queue.hpp"
#include "kernels/lattice/lattices.hpp"
#include "kernels/lattice/tables.hpp"

#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr int kSizeBins = 24;                  // of clusters: bin floor(log2(size))
inline constexpr int kClusterColumns = 3 + kSizeBins; // marked sites, clusters, largest cluster, clusters by size

// A site is a centre when it holds species a or b (codes) and at least `least` of its 8 first neighbours hold the other.
// occupancy, marks: [W][site].
void mark_b2_centres(Queue &queue, const BccLattice &lattice, const LatticeTablesView &tables,
                     View<const std::uint8_t, 2> occupancy, int a, int b, int least, View<std::uint8_t, 2> marks);

// since [W][site]: 1 + the sample since which a site has been marked at every sample; 0: it is not marked now.
void follow_marks(Queue &queue, View<const std::uint8_t, 2> marks, std::uint32_t sample, View<std::uint32_t, 2> since);
// Marks the sites that have been marked since `sample` or longer.
void mark_persistent(Queue &queue, View<const std::uint32_t, 2> since, std::uint32_t sample, View<std::uint8_t, 2> marks);

// Connected components of the marked sites: sites are linked when one of the first `linked` offsets of the environment leads
// from one to the other. label [W][site]: the smallest site of the cluster, -1 for sites that are not marked.
void label_clusters(Queue &queue, const BccLattice &lattice, const LatticeTablesView &tables, int linked,
                    View<const std::uint8_t, 2> marks, View<std::int32_t, 2> label);

// Sizes count marked sites. label, size (working memory) [W][site]; values [kClusterColumns][all walkers], of which the columns
// first_walker to first_walker + W are written.
void cluster_statistics(Queue &queue, View<const std::int32_t, 2> label, View<std::int32_t, 2> size, std::int64_t first_walker,
                        View<std::int32_t, 2> values);

} // namespace ZENER_BACKEND
} // namespace zener
