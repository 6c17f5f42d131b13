#include "kernels/kmc/walkers_kernel.hpp"

ZENER_INSTANTIATE_KMC_MODEL(ConstantBarriers<BccLattice>)
ZENER_INSTANTIATE_KMC_MODEL(ConstantBarriers<ScLattice>)
ZENER_INSTANTIATE_KMC_MODEL(ConstantBarriers<FccLattice>)
