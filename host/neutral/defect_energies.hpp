// Energies of defects from energies of cells.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace zener {

using AtomCounts = std::map<std::string, std::int64_t>; // atoms of each element

// E_def - E_perf - sum_i (n_i,def - n_i,perf) mu_i. With one element and mu = E_perf/N_perf this is E_def - (N_def/N_perf)
// E_perf.
double formation_energy_eV(double defect_eV, const AtomCounts &defect, double perfect_eV, const AtomCounts &perfect,
                           const std::map<std::string, double> &chemical_potential_eV);

// The elements whose numbers differ.
std::vector<std::string> exchanged_elements(const AtomCounts &defect, const AtomCounts &perfect);

// sum_j n_j E_f(j) - E_f(cluster): positive for a cluster that is bound.
double binding_energy_eV(double cluster_formation_eV, const std::map<std::string, int> &parts,
                         const std::map<std::string, double> &formation_eV);

} // namespace zener
