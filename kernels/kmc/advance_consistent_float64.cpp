#include "kernels/kmc/walkers_kernel.hpp"

namespace zener {
inline namespace ZENER_BACKEND {
using NearConsistent = ConsistentBarriers<BccLattice, double, kThroughputTile>;
using FarConsistent = ConsistentBarriers<BccFarLattice, double, kThroughputTile>;
using WideConsistent = ConsistentBarriers<BccWideLattice, double, kThroughputTile>;
} // namespace ZENER_BACKEND
} // namespace zener

ZENER_INSTANTIATE_KMC_MODEL(NearConsistent)
ZENER_INSTANTIATE_KMC_MODEL(FarConsistent)
ZENER_INSTANTIATE_KMC_MODEL(WideConsistent)
