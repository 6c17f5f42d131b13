#include "host/neutral/diffusion_result.hpp"

#include <cmath>
#include <set>

namespace zener {
namespace {

constexpr const char *kUnits = "A^2/ps";

struct Method {
  const char *name;
  DirectionalEstimate GroupMotion::*of;
};
constexpr Method kMethods[] = {{"msd", &GroupMotion::msd_diffusion},
                               {"green_kubo", &GroupMotion::vacf_diffusion},
                               {"zero_frequency", &GroupMotion::zero_diffusion}};

void add_ladder(DiffusionResult &result, DiffusionLadder ladder) {
  ladder.units = kUnits;
  ladder.fits = diffusion_fits(ladder.temperature_K, ladder.diffusivity);
  if (!ladder.fits.empty()) {
    result.ladders.push_back(std::move(ladder));
  }
}

void add_defects(DiffusionResult &result, const DefectDiffusionChoice &choice, const MotionResult &motion,
                 const std::vector<SystemMeans> &means) {
  const Method &method = motion.msd_lag_ps.empty() ? kMethods[1] : kMethods[0];
  result.defect = choice.name;
  result.method = method.name;
  DiffusionLadder defect{choice.name, "defect", {}, {}, {}, {}}, equilibrium{choice.name, "equilibrium", {}, {}, {}, {}};
  for (const GroupMotion &group : motion.groups) {
    const double temperature = means[group.system].temperature_K;
    if (group.group != "all" || !(temperature > 0.0)) {
      continue;
    }
    DefectDiffusion one;
    one.system = group.system;
    one.temperature_K = temperature;
    one.cell_concentration =
        choice.count / (choice.sites > 0.0 ? choice.sites : static_cast<double>(group.atoms) + choice.extra_sites());
    one.measured = (group.*(method.of))[3];
    one.defect = {one.measured.mean / one.cell_concentration, one.measured.standard_error / one.cell_concentration};
    one.free_energy_eV = formation_free_energy(choice.formation, temperature);
    one.concentration = defect_concentration(one.free_energy_eV, temperature);
    one.equilibrium = defect_share(one.concentration, one.defect);
    result.defects.push_back(one);
    defect.temperature_K.push_back(temperature);
    defect.diffusivity.push_back(one.defect);
    equilibrium.temperature_K.push_back(temperature);
    equilibrium.diffusivity.push_back(
        {one.defect.mean * one.concentration.median, one.defect.standard_error * one.concentration.median});
  }
  add_ladder(result, std::move(defect));
  const std::size_t before = result.ladders.size();
  add_ladder(result, std::move(equilibrium));
  for (std::size_t l = before; l < result.ladders.size(); ++l) {
    for (DiffusionFit &fit : result.ladders[l].fits) {
      add_common_error(fit, choice.formation.entropy_error_k, choice.formation.energy_error_eV);
    }
  }
}

} // namespace

DiffusionResult diffusion_of(const AnalysisChoice &choice, const MotionResult &motion, const std::vector<SystemMeans> &means) {
  DiffusionResult result;
  std::vector<std::string> names;
  std::set<std::string> known;
  for (const GroupMotion &group : motion.groups) {
    if (group.system >= means.size()) {
      return result;
    }
    if (known.insert(group.group).second) {
      names.push_back(group.group);
    }
  }
  for (const std::string &name : names) {
    for (const Method &method : kMethods) {
      DiffusionLadder ladder{name, method.name, {}, {}, {}, {}};
      for (const GroupMotion &group : motion.groups) {
        if (group.group == name && means[group.system].temperature_K > 0.0) {
          ladder.temperature_K.push_back(means[group.system].temperature_K);
          ladder.diffusivity.push_back((group.*(method.of))[3]);
        }
      }
      add_ladder(result, std::move(ladder));
    }
  }
  if (choice.defect) {
    add_defects(result, *choice.defect, motion, means);
  }
  return result;
}

} // namespace zener
