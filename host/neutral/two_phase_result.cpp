#include "host/neutral/two_phase_result.hpp"

#include "host/neutral/atom_files_parts.hpp"
#include "host/neutral/elastic_tensor.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace zener {
namespace {

constexpr double kNone = kNoEstimate.mean;
constexpr double kLeastDecays = 5.0;

// What is computed alike over the whole run and over each block of time: one number each.
struct Numbers {
  double delta = kNone, fluidicity = 0.0, packing = kNone, gas_entropy = 0.0;
  std::array<double, kWeights> entropy{}, energy{}; // k, kT
};

struct Element {
  std::size_t type = 0;
  std::int64_t atoms = 0;
  double mass_amu = 0.0;
  std::vector<BlockSpectrum> spectra; // whole, blocks
};

std::vector<Element> elements_of(const AnalysisChoice &choice, const AnalysisSums &sums, const Atoms &system, std::size_t k,
                                 double frame_ps) {
  std::vector<Element> out;
  for (std::size_t e = 0; e < system.elements.size(); ++e) {
    Element element;
    element.type = e;
    std::vector<bool> classes;
    for (const AtomClass &one : sums.classes) {
      classes.push_back(one.system == k && one.type == static_cast<std::int32_t>(e));
      if (classes.back()) {
        element.atoms += one.atoms;
        element.mass_amu = one.mass_amu;
      }
    }
    if (element.atoms > 0) {
      element.spectra = block_spectra(sums, classes, frame_ps, choice.hann);
      out.push_back(std::move(element));
    }
  }
  return out;
}

// Of all elements together at one of the spectra.
double temperature_of(const std::vector<Element> &elements, std::size_t spectrum) {
  double momentum = 0.0, atoms = 0.0;
  for (const Element &one : elements) {
    momentum += one.spectra[spectrum].momentum / std::pow(atom_files::kRootEvPerAmu_A_ps, 2);
    atoms += static_cast<double>(one.atoms);
  }
  return atoms > 1.0 ? momentum / (3.0 * (atoms - 1.0) * kBoltzmannConstant_eV_per_K) : kNone;
}

Numbers numbers_of(const TwoPhaseParts &parts) {
  Numbers out{parts.delta, parts.fluidicity, parts.packing, parts.gas_entropy, {}, parts.energy};
  for (std::size_t w = 0; w < kWeights; ++w) {
    out.entropy[w] = parts.entropy(w);
  }
  return out;
}

// The mean of the elements and the entropy of mixing.
Numbers mean_of(const std::vector<Numbers> &elements, const std::vector<double> &share, double mixing_k) {
  if (elements.size() == 1) {
    return elements[0];
  }
  Numbers out;
  out.entropy.fill(mixing_k);
  for (std::size_t e = 0; e < elements.size(); ++e) {
    out.fluidicity += share[e] * elements[e].fluidicity;
    out.gas_entropy += share[e] * elements[e].gas_entropy;
    for (std::size_t w = 0; w < kWeights; ++w) {
      out.entropy[w] += share[e] * elements[e].entropy[w];
      out.energy[w] += share[e] * elements[e].energy[w];
    }
  }
  return out;
}

template <class Value> Estimate estimate(const std::vector<Numbers> &numbers, Value value) {
  std::vector<double> blocks;
  for (std::size_t b = 1; b < numbers.size(); ++b) {
    blocks.push_back(value(numbers[b]));
  }
  double mean = 0.0, squares = 0.0;
  const auto n = static_cast<double>(blocks.size());
  for (const double x : blocks) {
    mean += x / n;
  }
  for (const double x : blocks) {
    squares += (x - mean) * (x - mean);
  }
  return {value(numbers[0]), blocks.size() > 1 ? std::sqrt(squares / (n - 1.0) / n) : kNone};
}

double error_of_sum(double a, double b) { return std::isfinite(b) ? std::hypot(a, b) : a; }

// `numbers`: whole, blocks.
void put_numbers(TwoPhaseForm &form, const std::vector<Numbers> &numbers) {
  form.delta = estimate(numbers, [](const Numbers &n) { return n.delta; });
  form.fluidicity = estimate(numbers, [](const Numbers &n) { return n.fluidicity; });
  form.packing = estimate(numbers, [](const Numbers &n) { return n.packing; });
  form.gas_entropy_k = estimate(numbers, [](const Numbers &n) { return n.gas_entropy; });
  for (std::size_t w = 0; w < kWeights; ++w) {
    form.entropy_k[w] = estimate(numbers, [&](const Numbers &n) { return n.entropy[w]; });
    form.energy_eV[w] = form.free_energy_eV[w] = form.gibbs_eV[w] = kNoEstimate;
  }
}

// Energies of an atom; the quantum one differs by that of the oscillators.
void put_energies(TwoPhaseForm &form, const Numbers &whole, const TwoPhaseGroup &group, const SystemMeans &means) {
  const double kT = kBoltzmannConstant_eV_per_K * group.temperature_K, atoms = static_cast<double>(group.atoms);
  const double pv = means.pressure_GPa.mean / kGPa_per_eV_A3 * group.atom_volume_A3;
  const double pv_error = means.pressure_GPa.standard_error / kGPa_per_eV_A3 * group.atom_volume_A3;
  for (std::size_t w = 0; w < kWeights; ++w) {
    form.energy_eV[w] = {means.energy_eV.mean / atoms + kT * (whole.energy[w] - whole.energy[0]),
                         means.energy_eV.standard_error / atoms};
    const Estimate &s = form.entropy_k[w];
    form.free_energy_eV[w] = {form.energy_eV[w].mean - kT * s.mean,
                              error_of_sum(kT * s.standard_error, form.energy_eV[w].standard_error)};
    form.gibbs_eV[w] = {form.free_energy_eV[w].mean + pv, error_of_sum(form.free_energy_eV[w].standard_error, pv_error)};
  }
}

void put_spectra(TwoPhaseForm &form, const std::vector<double> &f, std::vector<double> gas, double step_THz) {
  form.gas = std::move(gas);
  form.solid.resize(f.size());
  double over = 0.0;
  for (std::size_t k = 0; k < f.size(); ++k) {
    form.solid[k] = f[k] - form.gas[k];
    over += std::max(0.0, -form.solid[k]) * step_THz;
  }
  form.negative = over / 3.0;
}

std::vector<TwoPhaseGroup> groups_of(const AnalysisChoice &choice, const AnalysisSums &sums, const Atoms &system, std::size_t k,
                                     const SystemMeans &means, const MotionResult &motion) {
  const std::vector<Element> elements = elements_of(choice, sums, system, k, motion.frame_ps);
  const std::vector<double> &nu = motion.frequency_THz;
  const double reach_ps = static_cast<double>(nu.size() - 1) * motion.frame_ps;
  TwoPhaseGroup all;
  all.system = k;
  all.group = "all";
  all.atoms = static_cast<std::int64_t>(system.size());
  all.temperature_K = temperature_of(elements, 0);
  all.atom_volume_A3 = means.volume_A3 / static_cast<double>(system.size());
  if (!(all.temperature_K > 0.0) || !(all.atom_volume_A3 > 0.0)) {
    return {};
  }
  std::vector<double> share;
  for (const Element &one : elements) {
    share.push_back(static_cast<double>(one.atoms) / static_cast<double>(all.atoms));
    all.mixing_entropy_k -= choice.two_phase->ideal_mixing ? share.back() * std::log(share.back()) : 0.0;
  }
  std::vector<TwoPhaseGroup> groups(elements.size(), all);
  const std::size_t blocks = elements[0].spectra.size();
  for (std::size_t form = 0; form < kGasForms.size(); ++form) {
    std::vector<std::vector<Numbers>> numbers(blocks); // [block][element]
    std::vector<double> whole(nu.size(), 0.0), gas(nu.size(), 0.0);
    for (std::size_t e = 0; e < elements.size(); ++e) {
      for (std::size_t b = 0; b < blocks; ++b) {
        const TwoPhaseState state{temperature_of(elements, b), elements[e].mass_amu, all.atom_volume_A3};
        const std::vector<double> &f = elements[e].spectra[b].density_of_states;
        const TwoPhaseParts parts = two_phase(nu, f, state, kGasForms[form], choice.two_phase->excess);
        numbers[b].push_back(numbers_of(parts));
        if (b == 0) {
          TwoPhaseForm &of = groups[e].forms[form];
          of.resolved = parts.fluidicity == 0.0 || parts.alpha_per_ps * reach_ps >= kLeastDecays;
          std::vector<double> part = gas_part(parts, kGasForms[form], nu);
          for (std::size_t i = 0; i < nu.size(); ++i) {
            whole[i] += share[e] * f[i];
            gas[i] += share[e] * part[i];
          }
          put_spectra(of, f, std::move(part), nu[1]);
          all.forms[form].resolved = all.forms[form].resolved && of.resolved;
        }
      }
      groups[e].group = system.elements[elements[e].type];
      groups[e].atoms = elements[e].atoms;
      groups[e].mixing_entropy_k = 0.0;
      std::vector<Numbers> own;
      for (const std::vector<Numbers> &block : numbers) {
        own.push_back(block[e]);
      }
      put_numbers(groups[e].forms[form], own);
    }
    std::vector<Numbers> mean;
    for (const std::vector<Numbers> &block : numbers) {
      mean.push_back(mean_of(block, share, all.mixing_entropy_k));
    }
    put_numbers(all.forms[form], mean);
    put_energies(all.forms[form], mean[0], all, means);
    put_spectra(all.forms[form], whole, std::move(gas), nu[1]);
  }
  if (elements.size() == 1) {
    return {all};
  }
  groups.insert(groups.begin(), std::move(all));
  return groups;
}

} // namespace

std::optional<TwoPhaseResult> two_phase_of(const AnalysisChoice &choice, const AnalysisSums &sums,
                                           const std::vector<Atoms> &systems, const std::vector<SystemMeans> &means,
                                           const MotionResult &motion) {
  if (!choice.two_phase || !sums.vacf || motion.frequency_THz.size() < 3 || means.size() != systems.size()) {
    return std::nullopt;
  }
  TwoPhaseResult result;
  result.frequency_THz = motion.frequency_THz;
  for (std::size_t k = 0; k < systems.size(); ++k) {
    for (TwoPhaseGroup &group : groups_of(choice, sums, systems[k], k, means[k], motion)) {
      result.groups.push_back(std::move(group));
    }
  }
  return result;
}

} // namespace zener
