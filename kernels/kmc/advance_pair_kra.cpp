#include "kernels/kmc/walkers_kernel.hpp"

ZENER_INSTANTIATE_KMC_MODEL(PairKraBarriers<BccLattice>)
ZENER_INSTANTIATE_KMC_MODEL(PairKraBarriers<ScLattice>)
ZENER_INSTANTIATE_KMC_MODEL(PairKraBarriers<FccLattice>)
