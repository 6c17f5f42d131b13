#include "kernels/kmc/walkers_kernel.hpp"

namespace zener {
inline namespace ZENER_BACKEND {
using ThroughputMlp = MlpBarriers<float, kThroughputTile>;
using LatencyMlp = MlpBarriers<float, kLatencyTile>;
} // namespace ZENER_BACKEND
} // namespace zener

ZENER_INSTANTIATE_KMC_MODEL(ThroughputMlp)
ZENER_INSTANTIATE_KMC_MODEL(LatencyMlp)
