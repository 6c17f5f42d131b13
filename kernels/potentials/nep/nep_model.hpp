// The numbers of a neuroevolution potential (nep.txt of versions 3 and 4), as its file gives them. derivation.md has the
// formulas.
#pragma once

#include "host/neutral/potential_model.hpp"

#include <cstddef>
#include <filesystem>
#include <string_view>

namespace zener {

// Angular momenta above this one are refused.
inline constexpr int kNepLargestL = 4;

struct NepNumbers {
  int version = 4;                   // 3: one network for all elements, 4: one for each
  std::vector<std::string> elements; // T of them
  double radial_cutoff_A = 0.0;
  double angular_cutoff_A = 0.0; // not above the radial one
  int radial_functions = 0;      // n_max + 1
  int angular_functions = 0;
  int radial_basis = 0; // basis_size + 1
  int angular_basis = 0;
  int l_max = 0; // of the 3-body terms, 0 … kNepLargestL
  bool four_body = false;
  bool five_body = false;
  int neurons = 0;

  // [networks][neurons][descriptors], [networks][neurons], [networks][neurons], one number; one network or T.
  std::vector<double> input_weights, input_biases, output_weights;
  double output_bias = 0.0;
  // [function][basis][type of the atom][type of the neighbour]
  std::vector<double> radial_coefficients, angular_coefficients;
  std::vector<double> scalers; // [descriptors]

  bool zbl = false;
  double zbl_inner_A = 0.0, zbl_outer_A = 0.0; // both 0 when every pair of elements has its own
  // [pairs 1-1, 1-2, …, 1-T, 2-2, …][10]: inner and outer cutoff, then a_1 … a_8 of the screening function; empty: universal
  std::vector<double> zbl_pairs;

  int networks() const { return version == 3 ? 1 : static_cast<int>(elements.size()); }
  int angular_terms() const { return l_max + (four_body ? 1 : 0) + (five_body ? 1 : 0); }
  int descriptors() const { return radial_functions + angular_functions * angular_terms(); }
  std::size_t parameters() const { return input_weights.size() + 2 * input_biases.size() + 1 + coefficients(); }
  std::size_t coefficients() const { return radial_coefficients.size() + angular_coefficients.size(); }
};

class NepModel final : public PotentialModel {
public:
  explicit NepModel(NepNumbers numbers) : numbers_(std::move(numbers)) {}
  const NepNumbers &numbers() const { return numbers_; }
  std::string folder() const override { return "nep"; }
  std::string kind() const override { return "nep"; }
  std::vector<std::string> elements() const override { return numbers_.elements; }
  double cutoff_A() const override { return numbers_.radial_cutoff_A; }
  std::string description() const override;

private:
  NepNumbers numbers_;
};

// Reads nep.txt: nep3, nep3_zbl, nep4, nep4_zbl. Throws DataError with file and line.
std::shared_ptr<const NepModel> read_nep(const std::filesystem::path &file);
// The same for a text; `name` stands for the file in messages.
std::shared_ptr<const NepModel> parse_nep(std::string_view text, const std::string &name);

} // namespace zener
