#include "kernels/kmc/walkers_kernel.hpp"

ZENER_INSTANTIATE_KMC_MODEL(CnnBarriers<double>)
