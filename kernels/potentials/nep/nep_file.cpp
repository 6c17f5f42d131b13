#include "host/neutral/potential_model.hpp"

namespace zener {

std::span<const PotentialKind> nep_kinds();
std::span<const PotentialKind> nep_kinds() { return {}; }

} // namespace zener
