// Small neuroevolution potentials with random numbers.
#pragma once

#include "kernels/potentials/nep/nep_model.hpp"
#include "tests/reference/philox.hpp"

#include <string>
#include <vector>

namespace zener::test {

struct NepForm {
  int version = 4;
  std::vector<std::string> elements{"W"};
  int l_max = 4;
  bool four_body = true, five_body = true;
  bool zbl = false, zbl_by_pairs = false;
  int radial_functions = 5, angular_functions = 5, radial_basis = 9, angular_basis = 9, neurons = 10;
  double radial_cutoff_A = 4.5, angular_cutoff_A = 3.7;
  double scale = 1.0; // of the descriptors
};

inline NepNumbers random_nep(const NepForm &form, unsigned seed) {
  NepNumbers nep;
  nep.version = form.version;
  nep.elements = form.elements;
  nep.radial_cutoff_A = form.radial_cutoff_A;
  nep.angular_cutoff_A = form.angular_cutoff_A;
  nep.radial_functions = form.radial_functions;
  nep.angular_functions = form.angular_functions;
  nep.radial_basis = form.radial_basis;
  nep.angular_basis = form.angular_basis;
  nep.l_max = form.l_max;
  nep.four_body = form.four_body;
  nep.five_body = form.five_body;
  nep.neurons = form.neurons;
  nep.zbl = form.zbl;
  reference::Sequence random(seed);
  const auto some = [&](std::size_t count, double size) {
    std::vector<double> values(count);
    for (double &x : values) {
      x = size * (2 * random.unit() - 1);
    }
    return values;
  };
  const auto n = [](int x) { return static_cast<std::size_t>(x); };
  const std::size_t types = form.elements.size(), networks = n(nep.networks());
  nep.input_weights = some(networks * n(nep.neurons) * n(nep.descriptors()), 0.5);
  nep.input_biases = some(networks * n(nep.neurons), 0.5);
  nep.output_weights = some(networks * n(nep.neurons), 0.5);
  nep.output_bias = some(1, 1.0)[0];
  nep.radial_coefficients = some(n(nep.radial_functions) * n(nep.radial_basis) * types * types, 0.3);
  nep.angular_coefficients = some(n(nep.angular_functions) * n(nep.angular_basis) * types * types, 0.3);
  for (int d = 0; d < nep.descriptors(); ++d) {
    const int term = d < nep.radial_functions ? -1 : (d - nep.radial_functions) / nep.angular_functions;
    nep.scalers.push_back(form.scale * (term < 0 ? 0.3 : term < nep.l_max ? 0.2 : 0.1) * (0.5 + random.unit()));
  }
  if (form.zbl && form.zbl_by_pairs) {
    for (std::size_t pair = 0; pair < types * (types + 1) / 2; ++pair) {
      nep.zbl_pairs.push_back(0.8 + 0.3 * random.unit());
      nep.zbl_pairs.push_back(2.0 + 0.5 * random.unit());
      for (int k = 0; k < 4; ++k) {
        nep.zbl_pairs.push_back(0.1 + 0.4 * random.unit());
        nep.zbl_pairs.push_back(0.2 + 3.0 * random.unit());
      }
    }
  } else if (form.zbl) {
    nep.zbl_inner_A = 1.2;
    nep.zbl_outer_A = 2.4;
  }
  return nep;
}

} // namespace zener::test
