#include "host/neutral/defect_energies.hpp"

#include "host/neutral/errors.hpp"

namespace zener {

namespace {

std::int64_t count_in(const AtomCounts &counts, const std::string &element) {
  const auto found = counts.find(element);
  return found == counts.end() ? 0 : found->second;
}

} // namespace

std::vector<std::string> exchanged_elements(const AtomCounts &defect, const AtomCounts &perfect) {
  AtomCounts both = defect;
  both.insert(perfect.begin(), perfect.end());
  std::vector<std::string> out;
  for (const auto &[element, count] : both) {
    if (count_in(defect, element) != count_in(perfect, element)) {
      out.push_back(element);
    }
  }
  return out;
}

double formation_energy_eV(double defect_eV, const AtomCounts &defect, double perfect_eV, const AtomCounts &perfect,
                           const std::map<std::string, double> &chemical_potential_eV) {
  double energy = defect_eV - perfect_eV;
  for (const std::string &element : exchanged_elements(defect, perfect)) {
    const auto mu = chemical_potential_eV.find(element);
    if (mu == chemical_potential_eV.end()) {
      throw InvariantError("no chemical potential of " + element);
    }
    energy -= static_cast<double>(count_in(defect, element) - count_in(perfect, element)) * mu->second;
  }
  return energy;
}

double binding_energy_eV(double cluster_formation_eV, const std::map<std::string, int> &parts,
                         const std::map<std::string, double> &formation_eV) {
  double energy = -cluster_formation_eV;
  for (const auto &[name, number] : parts) {
    energy += number * formation_eV.at(name);
  }
  return energy;
}

} // namespace zener
