#include "apps/zener/diffusion_results.hpp"

#include "apps/zener/motion_results.hpp"
#include "apps/zener/result_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace zener {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kCurvePoints = 101;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

// Equally far apart in 1/T, from the coldest point to the hottest.
std::vector<double> curve_temperatures(const DiffusionLadder &ladder) {
  const auto [cold, hot] = std::minmax_element(ladder.temperature_K.begin(), ladder.temperature_K.end());
  std::vector<double> out;
  for (std::size_t i = 0; i < kCurvePoints; ++i) {
    const double part = static_cast<double>(i) / (kCurvePoints - 1);
    out.push_back(1.0 / ((1.0 - part) / *cold + part / *hot));
  }
  return out;
}

Json fit_json(const DiffusionFit &fit) {
  Json out = {{"model", diffusion_model_name(fit.model)}};
  const std::vector<const char *> names = parameter_names(fit.model);
  const std::size_t count = names.size();
  for (std::size_t p = 0; p < count; ++p) {
    out["parameters"][names[p]] = estimate_json({fit.parameters[p], fit.parameter_error(p)});
  }
  out["covariance"] = Json::array();
  for (std::size_t i = 0; i < count; ++i) {
    Json row = Json::array();
    for (std::size_t j = 0; j < count; ++j) {
      row.push_back(number(fit.covariance[i * count + j]));
    }
    out["covariance"].push_back(row);
  }
  out["chi_squared"] = fit.chi_squared;
  out["degrees_of_freedom"] = fit.degrees_of_freedom();
  out["points"] = fit.points;
  out["weighted"] = fit.weighted;
  out["aicc"] = number(fit.aicc);
  return out;
}

Json log_normal_json(const LogNormal &value) {
  return {{"median", value.median}, {"mean", value.mean},      {"standard_deviation", value.standard_deviation},
          {"sigma", value.sigma},   {"low", value.below(1.0)}, {"high", value.above(1.0)}};
}

} // namespace

void put_ladders(H5File &file, const std::string &folder, const std::vector<DiffusionLadder> &ladders) {
  for (std::size_t l = 0; l < ladders.size(); ++l) {
    const DiffusionLadder &ladder = ladders[l];
    const std::string here = folder + "/" + std::to_string(l);
    const H5File::Shape points{ladder.temperature_K.size()};
    std::vector<double> value, error;
    for (const Estimate &e : ladder.diffusivity) {
      value.push_back(e.mean);
      error.push_back(e.standard_error);
    }
    put(file, here + "/temperature_K", ladder.temperature_K, points, "K", "temperatures");
    file.write_attribute(here, "group", ladder.group);
    file.write_attribute(here, "method", ladder.method);
    put(file, here + "/diffusivity/value", value, points, ladder.units, "coefficients of diffusion");
    put(file, here + "/diffusivity/standard_error", error, points, ladder.units, "of the value; NaN where it is not known");
    const std::vector<double> temperatures = curve_temperatures(ladder);
    put(file, here + "/curve_temperature_K", temperatures, {kCurvePoints}, "K", "temperatures of the fitted curves");
    std::vector<std::string> models;
    std::vector<double> curve, band;
    for (const DiffusionFit &fit : ladder.fits) {
      models.emplace_back(diffusion_model_name(fit.model));
      for (const double t : temperatures) {
        curve.push_back(fit.ln_diffusivity(t));
        band.push_back(fit.ln_diffusivity_error(t));
      }
    }
    const H5File::Shape curves{models.size(), kCurvePoints};
    file.write_strings(here + "/model", models, {models.size()});
    put(file, here + "/curve_ln_diffusivity", curve, curves, "ln(" + ladder.units + ")", "fitted ln D, [model][point]");
    put(file, here + "/curve_standard_error", band, curves, "1", "of the fitted ln D, [model][point]");
  }
}

Json ladders_json(const std::vector<DiffusionLadder> &ladders) {
  Json out = Json::array();
  for (const DiffusionLadder &ladder : ladders) {
    Json one = {{"group", ladder.group}, {"method", ladder.method}, {"units", ladder.units}};
    one["points"] = Json::array();
    for (std::size_t i = 0; i < ladder.temperature_K.size(); ++i) {
      one["points"].push_back(
          {{"temperature_K", ladder.temperature_K[i]}, {"diffusivity", estimate_json(ladder.diffusivity[i])}});
    }
    one["fits"] = Json::array();
    for (const DiffusionFit &fit : ladder.fits) {
      one["fits"].push_back(fit_json(fit));
    }
    one["best"] = diffusion_model_name(ladder.fits[best_fit(ladder.fits)].model);
    out.push_back(std::move(one));
  }
  return out;
}

std::string ladders_table(const std::vector<DiffusionLadder> &ladders) {
  std::string text;
  for (const DiffusionLadder &ladder : ladders) {
    text +=
        fmt::format("\nD(T) of {} by {}, {} points, {}\n", ladder.group, ladder.method, ladder.fits[0].points, ladder.units);
    const std::size_t best = best_fit(ladder.fits);
    for (std::size_t f = 0; f < ladder.fits.size(); ++f) {
      const DiffusionFit &fit = ladder.fits[f];
      std::string parameters;
      const std::vector<const char *> names = parameter_names(fit.model);
      for (std::size_t p = 0; p < names.size(); ++p) {
        parameters +=
            fmt::format("{}{} = {:.5g} +- {:.2g}", p > 0 ? ", " : "", names[p], fit.parameters[p], fit.parameter_error(p));
      }
      text += fmt::format("  {:<16} chi^2/f {:>9} AICc {:>9}{}  {}\n", diffusion_model_name(fit.model),
                          fmt::format("{:.3g}/{}", fit.chi_squared, fit.degrees_of_freedom()),
                          std::isfinite(fit.aicc) ? fmt::format("{:.2f}", fit.aicc) : "-", f == best ? " *" : "  ", parameters);
    }
  }
  return text;
}

void put_diffusion(H5File &file, const DiffusionResult &result, const std::vector<std::string> &systems) {
  put_ladders(file, "/analyses/diffusion", result.ladders);
  if (result.defects.empty()) {
    return;
  }
  const std::string folder = "/analyses/defect";
  std::vector<std::string> of;
  std::vector<double> temperature, defect, error;
  std::vector<double> concentration, equilibrium; // [system][median, mean, standard deviation, low, high]
  const auto add = [](std::vector<double> &to, const LogNormal &v) {
    to.insert(to.end(), {v.median, v.mean, v.standard_deviation, v.below(1.0), v.above(1.0)});
  };
  for (const DefectDiffusion &one : result.defects) {
    of.push_back(systems.at(one.system));
    temperature.push_back(one.temperature_K);
    defect.push_back(one.defect.mean);
    error.push_back(one.defect.standard_error);
    add(concentration, one.concentration);
    add(equilibrium, one.equilibrium);
  }
  const H5File::Shape each{of.size()}, five{of.size(), 5};
  const std::string rows = ", [system][median, mean, standard deviation, median over and times exp(sigma)]";
  file.write_strings(folder + "/system", of, each);
  put(file, folder + "/temperature_K", temperature, each, "K", "temperatures");
  put(file, folder + "/diffusivity/value", defect, each, "A^2/ps",
      "D of one defect: that of all atoms over the defects a site");
  put(file, folder + "/diffusivity/standard_error", error, each, "A^2/ps", "of the value; NaN where it is not known");
  put(file, folder + "/concentration", concentration, five, "1", "defects a site in equilibrium" + rows);
  put(file, folder + "/equilibrium", equilibrium, five, "A^2/ps", "D of the atoms with the defects of equilibrium" + rows);
}

void add_diffusion(Json &analyses, const DiffusionResult &result, const std::vector<std::string> &systems) {
  if (!result.ladders.empty()) {
    analyses["diffusion"] = ladders_json(result.ladders);
  }
  if (result.defects.empty()) {
    return;
  }
  Json of_systems = Json::array();
  for (const DefectDiffusion &one : result.defects) {
    of_systems.push_back({{"system", systems.at(one.system)},
                          {"temperature_K", one.temperature_K},
                          {"cell_concentration", one.cell_concentration},
                          {"measured_A2_ps", estimate_json(one.measured)},
                          {"defect_A2_ps", estimate_json(one.defect)},
                          {"free_energy_eV", estimate_json(one.free_energy_eV)},
                          {"concentration", log_normal_json(one.concentration)},
                          {"equilibrium_A2_ps", log_normal_json(one.equilibrium)}});
  }
  analyses["defect"] = {{"kind", result.defect}, {"method", result.method}, {"systems", of_systems}};
}

std::string diffusion_table(const DiffusionResult &result, const std::vector<std::string> &systems) {
  std::string text;
  if (!result.defects.empty()) {
    text = fmt::format("\n{:<10} {:>9} {:>22} {:>26} {:>26}\n", "system", "T (K)", "D of one " + result.defect,
                       "c median (68 %)", "D median (68 %), A^2/ps");
    for (const DefectDiffusion &one : result.defects) {
      const auto range = [](const LogNormal &v) {
        return fmt::format("{:.3g} ({:.2g} - {:.2g})", v.median, v.below(1.0), v.above(1.0));
      };
      text += fmt::format("{:<10} {:>9.2f} {:>22} {:>26} {:>26}\n", systems.at(one.system), one.temperature_K,
                          fmt::format("{:.4g} +- {:.2g}", one.defect.mean, one.defect.standard_error), range(one.concentration),
                          range(one.equilibrium));
    }
  }
  return text + ladders_table(result.ladders);
}

} // namespace zener
