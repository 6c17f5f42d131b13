// The universal screened repulsion of Ziegler, Biersack and Littmark between all elements, switched off smoothly.
#pragma once

#include "host/neutral/potential_model.hpp"

#include <string>
#include <vector>

namespace zener {

class ZblModel final : public PotentialModel {
public:
  ZblModel(double inner_A, double outer_A) : inner_A_(inner_A), outer_A_(outer_A) {}
  std::string folder() const override { return "zbl"; }
  std::string kind() const override { return "zbl"; }
  std::vector<std::string> elements() const override { return {}; }
  double cutoff_A() const override { return outer_A_; }
  std::string description() const override;

  double inner_A() const { return inner_A_; } // the switching begins
  double outer_A() const { return outer_A_; } // energy, force and its slope are zero from here on

private:
  double inner_A_, outer_A_;
};

} // namespace zener
