#include "kernels/kmc/walkers_kernel.hpp"

namespace zener {
inline namespace ZENER_BACKEND {
using NearConsistent = ConsistentBarriers<BccLattice, float, kThroughputTile>;
using FarConsistent = ConsistentBarriers<BccFarLattice, float, kThroughputTile>;
using WideConsistent = ConsistentBarriers<BccWideLattice, float, kThroughputTile>;
} // namespace ZENER_BACKEND
} // namespace zener

ZENER_INSTANTIATE_KMC_MODEL(NearConsistent)
ZENER_INSTANTIATE_KMC_MODEL(FarConsistent)
ZENER_INSTANTIATE_KMC_MODEL(WideConsistent)
