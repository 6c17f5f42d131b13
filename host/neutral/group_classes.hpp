// The groups that results of analyses are given for, and the classes of atoms (analysis_plan.hpp) that make them up.
#pragma once

#include "host/neutral/analysis_plan.hpp"

#include <string>
#include <utility>
#include <vector>

namespace zener {

struct NamedGroup {
  std::size_t system = 0;
  std::string name;          // "all", an element, or a group of the plan
  std::vector<bool> classes; // that are in it
};

// By system: all atoms, in alloys each element, then the plan's groups; those without atoms are left out.
std::vector<NamedGroup> named_groups(const AnalysisPlan &plan, const AnalysisSums &sums, const std::vector<Atoms> &systems);

struct Membership {
  std::vector<std::pair<std::size_t, double>> weight; // classes of the group: 1, or the mass
  double sum = 0.0;                                   // of weight times atoms
};
Membership membership(const AnalysisSums &sums, const NamedGroup &group, bool by_mass);

} // namespace zener
