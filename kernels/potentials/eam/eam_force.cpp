#include "host/engine/potentials.hpp"
#include "host/neutral/errors.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

std::unique_ptr<Potential> make_eam(Queue &, const PotentialModel &, const PotentialSetup &) {
  throw InvariantError("eam is being written");
}

} // namespace ZENER_BACKEND
} // namespace zener
