#include "host/neutral/potential_model.hpp"

namespace zener {

std::span<const PotentialKind> zbl_kinds();
std::span<const PotentialKind> zbl_kinds() { return {}; }

} // namespace zener
