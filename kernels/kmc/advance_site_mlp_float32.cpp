#include "kernels/kmc/walkers_kernel.hpp"

namespace zener {
inline namespace ZENER_BACKEND {
using ThroughputSiteMlp = SiteMlpBarriers<float, kThroughputTile>;
} // namespace ZENER_BACKEND
} // namespace zener

ZENER_INSTANTIATE_KMC_MODEL(ThroughputSiteMlp)
