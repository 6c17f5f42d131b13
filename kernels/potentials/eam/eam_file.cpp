#include "host/neutral/potential_model.hpp"

namespace zener {

std::span<const PotentialKind> eam_kinds();
std::span<const PotentialKind> eam_kinds() { return {}; }

} // namespace zener
