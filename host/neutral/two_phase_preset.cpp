#include "host/neutral/two_phase_preset.hpp"

#include "host/neutral/preset_parts.hpp"

namespace zener {

using nlohmann::json;

void read_two_phase(ObjectReader &analyses, AnalysisChoice &choice) {
  ObjectReader keys = analyses.object("two_phase");
  TwoPhaseChoice out;
  out.excess = keys.choice("excess_entropy", {"published", "fixed_volume"}, "published") == "published"
                   ? ExcessEntropy::published
                   : ExcessEntropy::fixed_volume;
  out.ideal_mixing = keys.choice("mixing_entropy", {"ideal", "none"}, "ideal") == "ideal";
  keys.finish();
  if (!choice.plan.vacf || !choice.density_of_states) {
    analyses.refuse("two_phase", "it rests on the density of states; give vacf with density_of_states true");
  }
  if (!choice.plan.remove_drift) {
    analyses.refuse("two_phase", "it counts the motion of the centre of mass as diffusion; give remove_drift true");
  }
  choice.two_phase = out;
}

void read_defect(ObjectReader &analyses, AnalysisChoice &choice, bool in_flight) {
  constexpr double kMost = 1e12;
  ObjectReader keys = analyses.object("defect");
  DefectDiffusionChoice out;
  out.name = keys.choice("kind", {"vacancy", "interstitial"});
  out.count = read_in_range(keys, "count", 1e-6, kMost, 1.0);
  if (is_given(keys, "sites")) {
    out.sites = read_in_range(keys, "sites", 1.0, kMost);
    if (out.count >= out.sites) {
      keys.refuse_value("sites", out.sites, "more than count");
    }
  }
  ObjectReader formation = keys.object("formation", true);
  out.formation.energy_eV = read_in_range(formation, "energy_eV", -100.0, 100.0);
  out.formation.energy_error_eV = read_in_range(formation, "energy_error_eV", 0.0, 10.0, 0.0);
  out.formation.entropy_k = read_in_range(formation, "entropy_k", -100.0, 100.0, 0.0);
  out.formation.entropy_error_k = read_in_range(formation, "entropy_error_k", 0.0, 100.0, 0.0);
  formation.finish();
  keys.finish();
  if (!choice.plan.msd && !choice.plan.vacf) {
    analyses.refuse("defect", "it rests on a coefficient of diffusion; give msd or vacf");
  }
  if (!in_flight && !choice.plan.vacf) {
    analyses.refuse("defect", "the temperature of a file is that of its velocities; give vacf");
  }
  choice.defect = out;
}

json two_phase_json(const std::optional<TwoPhaseChoice> &choice) {
  if (!choice) {
    return {};
  }
  return {{"excess_entropy", choice->excess == ExcessEntropy::published ? "published" : "fixed_volume"},
          {"mixing_entropy", choice->ideal_mixing ? "ideal" : "none"}};
}

json defect_json(const std::optional<DefectDiffusionChoice> &choice) {
  if (!choice) {
    return {};
  }
  const DefectFormation &formation = choice->formation;
  return {{"kind", choice->name},
          {"count", choice->count},
          {"sites", choice->sites > 0.0 ? json(choice->sites) : json()},
          {"formation",
           {{"energy_eV", formation.energy_eV},
            {"energy_error_eV", formation.energy_error_eV},
            {"entropy_k", formation.entropy_k},
            {"entropy_error_k", formation.entropy_error_k}}}};
}

} // namespace zener
