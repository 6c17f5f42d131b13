#include "host/engine/potentials.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/potential_model.hpp"

#include <algorithm>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

std::unique_ptr<Potential> make_one(Queue &queue, const PotentialModel &model, const PotentialSetup &setup) {
#define ZENER_POTENTIAL(name)                                                                                                  \
  if (model.folder() == #name) {                                                                                               \
    return make_##name(queue, model, setup);                                                                                   \
  }
#include "kernels/potentials/registered.inc"
#undef ZENER_POTENTIAL
  throw InvariantError("the potential folder " + model.folder() + " is not registered");
}

} // namespace

std::vector<int> element_indices(const PotentialModel &model, const PotentialSetup &setup) {
  const std::vector<std::string> known = model.elements();
  std::vector<int> indices;
  for (const std::string &element : setup.elements) {
    const auto found = std::find(known.begin(), known.end(), element);
    if (found == known.end()) {
      throw InvariantError("the potential " + model.description() + " was given the element " + element);
    }
    indices.push_back(static_cast<int>(found - known.begin()));
  }
  return indices;
}

std::vector<std::unique_ptr<Potential>> make_potentials(Queue &queue, const PotentialModel &model,
                                                        const PotentialSetup &setup) {
  std::vector<std::unique_ptr<Potential>> made;
  if (const auto *overlay = dynamic_cast<const OverlayModel *>(&model)) {
    for (const PotentialPointer &part : overlay->parts()) {
      made.push_back(make_one(queue, *part, setup));
    }
  } else {
    made.push_back(make_one(queue, model, setup));
  }
  return made;
}

} // namespace ZENER_BACKEND
} // namespace zener
