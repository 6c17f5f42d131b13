#include "host/engine/potentials.hpp"
#include "host/neutral/errors.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

std::unique_ptr<Potential> make_zbl(Queue &, const PotentialModel &, const PotentialSetup &) {
  throw InvariantError("zbl is being written");
}

} // namespace ZENER_BACKEND
} // namespace zener
