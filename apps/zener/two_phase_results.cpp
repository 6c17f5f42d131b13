#include "apps/zener/two_phase_results.hpp"

#include "apps/zener/motion_results.hpp"
#include "apps/zener/result_file.hpp"
#include "apps/zener/statics_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace zener {
namespace {

using Json = nlohmann::ordered_json;

const std::string kFolder = "/analyses/two_phase";
constexpr std::array<const char *, kWeights> kWeightNames{"classical", "quantum"};
constexpr std::size_t kMemory = 1; // of kGasForms

struct OfForm {
  const char *name;
  const char *units;
  const char *description;
  Estimate TwoPhaseForm::*value;
};
constexpr OfForm kOfForm[] = {
    {"delta", "1", "constant of diffusivity Delta; NaN for all atoms of an alloy", &TwoPhaseForm::delta},
    {"fluidicity", "1", "share of the atoms that are a gas, f", &TwoPhaseForm::fluidicity},
    {"packing", "1", "packing fraction of the gas; NaN for all atoms of an alloy", &TwoPhaseForm::packing},
    {"gas_entropy_k", "k", "entropy of the gas, f S_g, in all for each atom of the system", &TwoPhaseForm::gas_entropy_k}};

struct OfWeight {
  const char *name;
  const char *units;
  const char *description;
  std::array<Estimate, kWeights> TwoPhaseForm::*value;
};
constexpr OfWeight kOfWeight[] = {
    {"entropy_k", "k", "entropy of an atom", &TwoPhaseForm::entropy_k},
    {"energy_eV", "eV", "energy of an atom; NaN where it is not known, and for elements of an alloy", &TwoPhaseForm::energy_eV},
    {"free_energy_eV", "eV", "free energy F = E - T S of an atom", &TwoPhaseForm::free_energy_eV},
    {"gibbs_eV", "eV", "Gibbs energy G = F + p V of an atom", &TwoPhaseForm::gibbs_eV}};

// The values and errors that `each` gives, for each group and form.
void put_estimates(H5File &file, const std::string &name, const TwoPhaseResult &result, H5File::Shape shape,
                   const std::string &units, const std::string &description,
                   const std::function<std::vector<Estimate>(const TwoPhaseForm &)> &each) {
  std::vector<double> value, error;
  for (const TwoPhaseGroup &group : result.groups) {
    for (const TwoPhaseForm &form : group.forms) {
      for (const Estimate &e : each(form)) {
        value.push_back(e.mean);
        error.push_back(e.standard_error);
      }
    }
  }
  put(file, kFolder + "/" + name + "/value", value, shape, units, description);
  put(file, kFolder + "/" + name + "/standard_error", error, shape, units,
      "of the value, from blocks of time; NaN where they are too few");
}

Json form_json(const TwoPhaseForm &form) {
  Json out = Json::object();
  for (const OfForm &of : kOfForm) {
    out[of.name] = estimate_json(form.*(of.value));
  }
  for (const OfWeight &of : kOfWeight) {
    for (std::size_t w = 0; w < kWeights; ++w) {
      out[of.name][kWeightNames[w]] = estimate_json((form.*(of.value))[w]);
    }
  }
  out["negative_share"] = form.negative;
  out["resolved"] = form.resolved;
  return out;
}

std::string text_of(const Estimate &e, const char *format) {
  return std::isfinite(e.mean) ? fmt::format(fmt::runtime(format), e.mean) +
                                     (std::isfinite(e.standard_error) ? fmt::format(" +- {:.2g}", e.standard_error) : "")
                               : "-";
}

} // namespace

void put_two_phase(H5File &file, const TwoPhaseResult &result, const std::vector<std::string> &systems) {
  if (result.groups.empty()) {
    return;
  }
  std::vector<std::string> names, of;
  std::vector<std::int64_t> atoms, resolved;
  std::vector<double> temperature, volume, mixing, negative;
  for (const TwoPhaseGroup &group : result.groups) {
    names.push_back(group.group);
    of.push_back(systems.at(group.system));
    atoms.push_back(group.atoms);
    temperature.push_back(group.temperature_K);
    volume.push_back(group.atom_volume_A3);
    mixing.push_back(group.mixing_entropy_k);
    for (const TwoPhaseForm &form : group.forms) {
      negative.push_back(form.negative);
      resolved.push_back(form.resolved ? 1 : 0);
    }
  }
  const std::size_t groups = result.groups.size(), forms = kGasForms.size(), points = result.frequency_THz.size();
  const H5File::Shape each{groups}, of_form{groups, forms};
  file.write_strings(kFolder + "/group", names, each);
  file.write_strings(kFolder + "/system", of, each);
  file.write_strings(kFolder + "/form", {gas_form_name(kGasForms[0]), gas_form_name(kGasForms[1])}, {forms});
  file.write_strings(kFolder + "/weight", {kWeightNames[0], kWeightNames[1]}, {kWeights});
  put(file, kFolder + "/atoms", atoms, each, "1", "atoms of each group");
  put(file, kFolder + "/temperature_K", temperature, each, "K", "of the velocities, the centre of mass at rest");
  put(file, kFolder + "/atom_volume_A3", volume, each, "A^3", "volume of the system for each of its atoms");
  put(file, kFolder + "/mixing_entropy_k", mixing, each, "k", "ideal entropy of mixing that is in the entropy of all atoms");
  put(file, kFolder + "/negative_share", negative, of_form, "1",
      "share of F by which the gas part is larger than F, [group][form]");
  put(file, kFolder + "/resolved", resolved, of_form, "1", "1 where the lags reach 5 decay times of the gas, [group][form]");
  put(file, kFolder + "/frequency_THz", result.frequency_THz, {points}, "THz", "frequencies");
  for (const OfForm &one : kOfForm) {
    put_estimates(file, one.name, result, of_form, one.units, std::string(one.description) + ", [group][form]",
                  [&](const TwoPhaseForm &form) { return std::vector<Estimate>{form.*(one.value)}; });
  }
  for (const OfWeight &one : kOfWeight) {
    put_estimates(file, one.name, result, {groups, forms, kWeights}, one.units,
                  std::string(one.description) + ", [group][form][weight]", [&](const TwoPhaseForm &form) {
                    const auto &values = form.*(one.value);
                    return std::vector<Estimate>(values.begin(), values.end());
                  });
  }
  for (const bool is_gas : {true, false}) {
    std::vector<double> values;
    for (const TwoPhaseGroup &group : result.groups) {
      for (const TwoPhaseForm &form : group.forms) {
        const std::vector<double> &part = is_gas ? form.gas : form.solid;
        values.insert(values.end(), part.begin(), part.end());
      }
    }
    put(file, kFolder + (is_gas ? "/gas" : "/solid"), values, {groups, forms, points}, "1/THz",
        std::string(is_gas ? "gas" : "solid") + " part of the density of states, [group][form][point]");
  }
}

void add_two_phase(Json &analyses, const TwoPhaseResult &result, const std::vector<std::string> &systems) {
  Json groups = Json::array();
  for (const TwoPhaseGroup &group : result.groups) {
    Json one = {{"system", systems.at(group.system)},
                {"group", group.group},
                {"atoms", group.atoms},
                {"temperature_K", group.temperature_K},
                {"atom_volume_A3", group.atom_volume_A3},
                {"mixing_entropy_k", group.mixing_entropy_k}};
    for (std::size_t f = 0; f < kGasForms.size(); ++f) {
      one[gas_form_name(kGasForms[f])] = form_json(group.forms[f]);
    }
    groups.push_back(std::move(one));
  }
  analyses["two_phase"] = std::move(groups);
}

void add_two_phase_numbers(Json &numbers, const TwoPhaseResult &result, const std::vector<std::string> &systems) {
  for (const TwoPhaseGroup &group : result.groups) {
    const TwoPhaseForm &form = group.forms[kMemory];
    const std::string of = systems.at(group.system) + "_" + group.group;
    const auto add = [&](const std::string &name, const char *units, const Estimate &value, const char *description) {
      const Json estimate = estimate_json(value);
      if (!estimate["mean"].is_null()) {
        numbers.push_back(named_number(name + "_" + of, units, estimate["mean"], estimate["standard_error"], description));
      }
    };
    add("fluidicity", "1", form.fluidicity, "share of diffusing atoms, two-phase thermodynamics with a memory function");
    add("entropy", "k", form.entropy_k[1], "entropy of an atom, two-phase thermodynamics with a memory function, quantum");
    add("free_energy", "eV", form.free_energy_eV[1], "free energy of an atom, from that entropy");
    add("gibbs_energy", "eV", form.gibbs_eV[1], "Gibbs energy of an atom, from that entropy");
  }
}

std::string two_phase_table(const TwoPhaseResult &result, const std::vector<std::string> &systems) {
  constexpr std::size_t kMostLines = 40;
  std::string text = fmt::format("\n{:<10} {:<8} {:>9} {:>20} {:>20} {:>20} {:>20}\n", "system", "group", "T (K)", "fluidicity",
                                 "S classic (k)", "S memory (k)", "G (eV)");
  bool short_lags = false;
  for (std::size_t g = 0; g < std::min(result.groups.size(), kMostLines); ++g) {
    const TwoPhaseGroup &group = result.groups[g];
    const TwoPhaseForm &memory = group.forms[kMemory];
    short_lags = short_lags || !memory.resolved;
    text +=
        fmt::format("{:<10} {:<8} {:>9.2f} {:>20} {:>20} {:>20} {:>20}\n", systems.at(group.system), group.group,
                    group.temperature_K, text_of(memory.fluidicity, "{:.4f}"), text_of(group.forms[0].entropy_k[1], "{:.4f}"),
                    text_of(memory.entropy_k[1], "{:.4f}"), text_of(memory.gibbs_eV[1], "{:.6f}"));
  }
  if (result.groups.size() > kMostLines) {
    text += fmt::format("and {} groups more in summary.json\n", result.groups.size() - kMostLines);
  }
  return text + (short_lags ? "warning: the lags of vacf are too short for what is a gas; give it more points\n" : "");
}

} // namespace zener
