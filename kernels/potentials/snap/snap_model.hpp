// The numbers of a SNAP potential: spectral neighbour analysis (Thompson et al. 2015), linear or quadratic. derivation.md.
#pragma once

#include "host/neutral/potential_model.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace zener {

struct SnapElement {
  std::string name;
  double radius = 0.5; // times rcutfac: A
  double weight = 1.0; // of the element as a neighbour
  // The constant, one number for each bispectrum component, and for a quadratic model the upper triangle of the symmetric
  // matrix row by row, eV.
  std::vector<double> coefficients;
};

inline constexpr int kSnapSmallestTwoJ = 2;
inline constexpr int kSnapLargestTwoJ = 14;

// Components B_{j1 j2 j} with j2 <= j1 <= j <= twojmax; all indices are twice the angular momenta.
constexpr int snap_components(int twojmax) {
  int n = 0;
  for (int j1 = 0; j1 <= twojmax; ++j1) {
    for (int j2 = 0; j2 <= j1; ++j2) {
      for (int j = j1 - j2; j <= twojmax && j <= j1 + j2; j += 2) {
        n += j >= j1 ? 1 : 0;
      }
    }
  }
  return n;
}

class SnapModel final : public PotentialModel {
public:
  std::string folder() const override { return "snap"; }
  std::string kind() const override { return "snap"; }
  std::vector<std::string> elements() const override;
  double cutoff_A() const override; // of the two largest elements
  std::string description() const override;

  double pair_cutoff_A(std::size_t a, std::size_t b) const { return rcutfac * (species[a].radius + species[b].radius); }
  // Coefficients of an element.
  std::size_t coefficient_count() const {
    const auto n = static_cast<std::size_t>(snap_components(twojmax));
    return 1 + n + (quadratic ? n * (n + 1) / 2 : 0);
  }

  std::vector<SnapElement> species;
  int twojmax = 0;
  double rcutfac = 0.0; // A
  double rfac0 = 0.99363;
  double rmin0 = 0.0; // A
  bool switching = true;
  bool subtract_isolated = true; // bzeroflag
  bool quadratic = false;
};

// The texts of the two files; the names stand for them in messages. Throws DataError.
std::shared_ptr<const SnapModel> parse_snap(std::string_view coefficients, const std::string &coefficients_name,
                                            std::string_view parameters, const std::string &parameters_name);
std::shared_ptr<const SnapModel> read_snap(const std::filesystem::path &coefficients, const std::filesystem::path &parameters);

} // namespace zener
