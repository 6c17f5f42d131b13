// A neuroevolution potential as nep.txt. (A header of its own: nvcc does not take fmt, and kernels' tests need no text.)
#pragma once

#include "kernels/potentials/nep/nep_model.hpp"

#include <fmt/format.h>

#include <string>
#include <vector>

namespace zener::test {

inline std::string nep_text(const NepNumbers &nep) {
  std::string text = fmt::format("nep{}{} {}", nep.version, nep.zbl ? "_zbl" : "", nep.elements.size());
  for (const std::string &element : nep.elements) {
    text += " " + element;
  }
  text += " \n";
  if (nep.zbl) {
    text += fmt::format("zbl {} {}\n", nep.zbl_inner_A, nep.zbl_outer_A);
  }
  text += fmt::format("cutoff {} {} 200 100\nn_max {} {}\nbasis_size {} {}\nl_max {} {} {}\nANN {} 0\n", nep.radial_cutoff_A,
                      nep.angular_cutoff_A, nep.radial_functions - 1, nep.angular_functions - 1, nep.radial_basis - 1,
                      nep.angular_basis - 1, nep.l_max, nep.four_body ? 2 : 0, nep.five_body ? 1 : 0, nep.neurons);
  const auto put = [&](const std::vector<double> &values, std::size_t first, std::size_t count) {
    for (std::size_t i = first; i < first + count; ++i) {
      text += fmt::format("{:.17g}\n", values[i]);
    }
  };
  const auto neurons = static_cast<std::size_t>(nep.neurons), descriptors = static_cast<std::size_t>(nep.descriptors());
  for (std::size_t network = 0; network < static_cast<std::size_t>(nep.networks()); ++network) {
    put(nep.input_weights, network * neurons * descriptors, neurons * descriptors);
    put(nep.input_biases, network * neurons, neurons);
    put(nep.output_weights, network * neurons, neurons);
  }
  put({nep.output_bias}, 0, 1);
  put(nep.radial_coefficients, 0, nep.radial_coefficients.size());
  put(nep.angular_coefficients, 0, nep.angular_coefficients.size());
  put(nep.scalers, 0, nep.scalers.size());
  put(nep.zbl_pairs, 0, nep.zbl_pairs.size());
  return text;
}

} // namespace zener::test
