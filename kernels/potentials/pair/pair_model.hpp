// Pair potentials as plain data: E = 1/2 sum_ij phi_ab(r_ij), a and b the elements of i and j. See derivation.md.
#pragma once

#include "host/neutral/potential_model.hpp"

#include <string>
#include <vector>

namespace zener {

// What is taken from 4 e ((s/r)^12 - (s/r)^6) within the cutoff: nothing; its value at the cutoff; the straight line of value
// and slope there.
enum class LennardJonesShift { none, energy, force };

struct LennardJonesPair {
  double epsilon_eV = 0.0, sigma_A = 0.0, cutoff_A = 0.0;
};

class LennardJonesModel final : public PotentialModel {
public:
  LennardJonesShift shift = LennardJonesShift::none;
  std::vector<std::string> element_names; // T
  std::vector<LennardJonesPair> pairs;    // [T][T], symmetric

  std::string folder() const override { return "pair"; }
  std::string kind() const override { return "lennard_jones"; }
  std::vector<std::string> elements() const override { return element_names; }
  double cutoff_A() const override;
  std::string description() const override;
};

// -depth exp(-(r - centre)^2 / (2 width^2)).
struct GaussianWell {
  double depth_eV = 0.0, centre_A = 0.0, width_A = 0.0;
};

// [power_eV (power_length/r)^exponent + exponential_eV exp(-r/exponential_length) + wells] S(r), where S falls from one to zero
// between switch_from and cutoff. A strength of zero: the term is not there.
struct WellsPair {
  double power_eV = 0.0, power_length_A = 1.0;
  int exponent = 0;
  double exponential_eV = 0.0, exponential_length_A = 1.0;
  std::vector<GaussianWell> wells;
  double switch_from_A = 0.0, cutoff_A = 0.0;
};

class WellsModel final : public PotentialModel {
public:
  std::vector<std::string> element_names; // T
  std::vector<WellsPair> pairs;           // [T][T], symmetric

  std::string folder() const override { return "pair"; }
  std::string kind() const override { return "gaussian_wells"; }
  std::vector<std::string> elements() const override { return element_names; }
  double cutoff_A() const override;
  std::string description() const override;
};

} // namespace zener
