#include "profiling/bench/made_potentials.hpp"

#include "host/neutral/splitmix.hpp"
#include "kernels/potentials/nep/nep_model.hpp"
#include "kernels/potentials/snap/snap_model.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace zener::bench {
namespace {

// Numbers in [-scale, scale).
std::vector<double> numbers(SplitMix64 &random, std::size_t count, double scale) {
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i) {
    values.push_back(scale * (2.0 * 0x1p-53 * static_cast<double>(random.next() >> 11) - 1.0));
  }
  return values;
}

} // namespace

PotentialPointer made_snap(bool quadratic) {
  SnapModel model;
  model.twojmax = 8;
  model.rcutfac = quadratic ? 5.3 : 4.73442;
  model.quadratic = quadratic;
  model.subtract_isolated = false;
  SplitMix64 random{8, quadratic ? 2u : 1u};
  SnapElement element;
  element.name = "W";
  const auto components = static_cast<std::size_t>(snap_components(model.twojmax));
  element.coefficients = numbers(random, 1 + components, 1e-6);
  if (quadratic) {
    const std::vector<double> further = numbers(random, model.coefficient_count() - 1 - components, 1e-9);
    element.coefficients.insert(element.coefficients.end(), further.begin(), further.end());
  }
  model.species.push_back(std::move(element));
  return std::make_shared<SnapModel>(std::move(model));
}

PotentialPointer made_nep() {
  NepNumbers nep;
  nep.elements = {"Ag", "Al", "Au", "Cr", "Cu", "Mg", "Mo", "Ni", "Pb", "Pd", "Pt", "Ta", "Ti", "V", "W", "Zr"};
  nep.radial_cutoff_A = 6.0;
  nep.angular_cutoff_A = 5.0;
  nep.radial_functions = nep.angular_functions = 5;
  nep.radial_basis = nep.angular_basis = 9;
  nep.l_max = 4;
  nep.four_body = nep.five_body = true;
  nep.neurons = 80;
  nep.zbl = true;
  nep.zbl_inner_A = 1.0;
  nep.zbl_outer_A = 2.0;
  SplitMix64 random{16, 4};
  const auto networks = static_cast<std::size_t>(nep.networks());
  const auto neurons = static_cast<std::size_t>(nep.neurons);
  const auto descriptors = static_cast<std::size_t>(nep.descriptors());
  const std::size_t pairs = nep.elements.size() * nep.elements.size();
  nep.input_weights = numbers(random, networks * neurons * descriptors, 0.1);
  nep.input_biases = numbers(random, networks * neurons, 1.0);
  nep.output_weights = numbers(random, networks * neurons, 1e-3);
  nep.radial_coefficients = numbers(random, 5 * 9 * pairs, 0.1);
  nep.angular_coefficients = numbers(random, 5 * 9 * pairs, 0.1);
  nep.scalers.assign(descriptors, 0.1);
  return std::make_shared<NepModel>(std::move(nep));
}

} // namespace zener::bench
