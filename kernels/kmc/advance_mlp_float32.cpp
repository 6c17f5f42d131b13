#include "kernels/kmc/walkers_kernel.hpp"

namespace zener {
inline namespace ZENER_BACKEND {
using ThroughputMlp = MlpBarriers<float, kThroughputTile>;
#if defined(ZENER_GPU)
using LatencyMlp = MlpBarriers<float, kLatencyTile>;
#endif
} // namespace ZENER_BACKEND
} // namespace zener

ZENER_INSTANTIATE_KMC_MODEL(ThroughputMlp)
#if defined(ZENER_GPU)
ZENER_INSTANTIATE_KMC_MODEL(LatencyMlp)
#endif
