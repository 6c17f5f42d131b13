#include "host/neutral/group_classes.hpp"

#include <algorithm>

namespace zener {

std::vector<NamedGroup> named_groups(const AnalysisPlan &plan, const AnalysisSums &sums, const std::vector<Atoms> &systems) {
  std::vector<NamedGroup> groups;
  const auto add = [&](std::size_t system, const std::string &name, const auto &chosen) {
    NamedGroup group{system, name, std::vector<bool>(sums.classes.size(), false)};
    for (std::size_t c = 0; c < sums.classes.size(); ++c) {
      group.classes[c] = sums.classes[c].system == system && chosen(sums.classes[c]);
    }
    if (std::find(group.classes.begin(), group.classes.end(), true) != group.classes.end()) {
      groups.push_back(std::move(group));
    }
  };
  for (std::size_t k = 0; k < systems.size(); ++k) {
    add(k, "all", [](const AtomClass &) { return true; });
    if (systems[k].elements.size() > 1) {
      for (std::size_t e = 0; e < systems[k].elements.size(); ++e) {
        add(k, systems[k].elements[e], [&](const AtomClass &one) { return one.type == static_cast<std::int32_t>(e); });
      }
    }
    for (std::size_t g = 0; g < plan.groups.size(); ++g) {
      add(k, plan.groups[g].name, [&](const AtomClass &one) { return one.in_group[g]; });
    }
  }
  return groups;
}

Membership membership(const AnalysisSums &sums, const NamedGroup &group, bool by_mass) {
  Membership out;
  for (std::size_t c = 0; c < sums.classes.size(); ++c) {
    if (group.classes[c]) {
      out.weight.emplace_back(c, by_mass ? sums.classes[c].mass_amu : 1.0);
      out.sum += out.weight.back().second * static_cast<double>(sums.classes[c].atoms);
    }
  }
  return out;
}

} // namespace zener
