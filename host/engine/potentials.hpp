// The potentials of a device, made from their plain data.
#pragma once

#include "kernels/potentials/potential.hpp"

#include <memory>
#include <string>
#include <vector>

namespace zener {

class PotentialModel;

inline namespace ZENER_BACKEND {

struct PotentialSetup {
  std::vector<std::string> elements; // of the batch: type t of a site is elements[t], each of them known to the potential
  Arithmetic arithmetic = Arithmetic::float64;
};

// The index of each of the setup's elements among the model's own. Throws InvariantError for one that it does not know.
std::vector<int> element_indices(const PotentialModel &model, const PotentialSetup &setup);

// One function for each folder; `model` is the class of that folder.
#define ZENER_POTENTIAL(folder)                                                                                                \
  std::unique_ptr<Potential> make_##folder(Queue &queue, const PotentialModel &model, const PotentialSetup &setup);
#include "kernels/potentials/registered.inc"
#undef ZENER_POTENTIAL

// Every part of a model (one, or those of an overlay).
std::vector<std::unique_ptr<Potential>> make_potentials(Queue &queue, const PotentialModel &model, const PotentialSetup &setup);

} // namespace ZENER_BACKEND
} // namespace zener
