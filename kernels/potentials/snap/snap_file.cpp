#include "host/neutral/potential_model.hpp"

namespace zener {

std::span<const PotentialKind> snap_kinds();
std::span<const PotentialKind> snap_kinds() { return {}; }

} // namespace zener
