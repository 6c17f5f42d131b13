#include "apps/zener/fit_diffusion.hpp"

#include "apps/zener/diffusion_results.hpp"
#include "apps/zener/python.hpp"
#include "apps/zener/result_file.hpp"
#include "apps/zener/run_folder.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/json_document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>
#include <utility>

namespace zener {
namespace {

using nlohmann::json;

constexpr double kSame_K = 0.5; // temperatures that are one

// Numbers of a document that others wrote: what is no number is NaN.
double number_at(const json &value, const char *key) {
  const auto at = value.is_object() ? value.find(key) : value.end();
  return value.is_object() && at != value.end() && at->is_number() ? at->get<double>() : kNoEstimate.mean;
}

Estimate estimate_at(const json &value) { return {number_at(value, "mean"), number_at(value, "standard_error")}; }

const json &at(const json &value, const std::string &key) {
  static const json none;
  const auto found = value.is_object() ? value.find(key) : value.end();
  return value.is_object() && found != value.end() ? *found : none;
}

std::string text_at(const json &value, const char *key) {
  const json &found = at(value, key);
  return found.is_string() ? found.get<std::string>() : std::string();
}

class Ladders {
public:
  void add(const std::string &group, const std::string &method, const char *units, double temperature_K, const Estimate &d) {
    if (!(temperature_K > 0.0) || !std::isfinite(d.mean)) {
      return;
    }
    DiffusionLadder &ladder = found(group, method, units);
    ladder.temperature_K.push_back(temperature_K);
    ladder.diffusivity.push_back(d);
  }

  void add_share(const std::string &kind, double temperature_K, const LogNormal &share) {
    if (temperature_K > 0.0 && share.median > 0.0 && std::isfinite(share.standard_deviation)) {
      shares_[kind].emplace_back(temperature_K, share);
    }
  }

  // With the total of the kinds of defects, where there are several.
  std::vector<DiffusionLadder> fitted() {
    add_total();
    std::vector<DiffusionLadder> out;
    for (DiffusionLadder &ladder : all_) {
      ladder.fits = diffusion_fits(ladder.temperature_K, ladder.diffusivity);
      if (!ladder.fits.empty()) {
        out.push_back(std::move(ladder));
      }
    }
    return out;
  }

private:
  DiffusionLadder &found(const std::string &group, const std::string &method, const char *units) {
    for (DiffusionLadder &ladder : all_) {
      if (ladder.group == group && ladder.method == method && ladder.units == units) {
        return ladder;
      }
    }
    return all_.emplace_back(DiffusionLadder{group, method, units, {}, {}, {}});
  }

  void add_total() {
    if (shares_.size() < 2) {
      return;
    }
    for (const auto &[temperature, first] : shares_.begin()->second) {
      std::vector<LogNormal> together{first};
      for (auto kind = std::next(shares_.begin()); kind != shares_.end(); ++kind) {
        const double here = temperature;
        const auto same = std::find_if(kind->second.begin(), kind->second.end(),
                                       [&](const auto &one) { return std::abs(one.first - here) < kSame_K; });
        if (same != kind->second.end()) {
          together.push_back(same->second);
        }
      }
      if (together.size() == shares_.size()) {
        const LogNormal total = total_diffusivity(together);
        add("defects together", "total", "A^2/ps", temperature, {total.median, total.median * total.sigma});
      }
    }
  }

  std::vector<DiffusionLadder> all_;
  std::map<std::string, std::vector<std::pair<double, LogNormal>>> shares_;
};

void add_analyses(Ladders &ladders, const json &analyses) {
  for (const json &group : at(analyses, "groups")) {
    const double temperature = number_at(at(analyses, "temperatures_K"), text_at(group, "system").c_str());
    const json &methods = at(group, "diffusion_A2_ps");
    for (const char *method : {"msd", "green_kubo", "zero_frequency"}) {
      ladders.add(text_at(group, "group"), method, "A^2/ps", temperature, estimate_at(at(at(methods, method), "all")));
    }
  }
  const json &defect = at(analyses, "defect");
  for (const json &system : at(defect, "systems")) {
    const double temperature = number_at(system, "temperature_K");
    const std::string kind = text_at(defect, "kind");
    ladders.add(kind, "defect", "A^2/ps", temperature, estimate_at(at(system, "defect_A2_ps")));
    const json &share = at(system, "equilibrium_A2_ps");
    const LogNormal of{number_at(share, "median"), number_at(share, "mean"), number_at(share, "standard_deviation"),
                       number_at(share, "sigma")};
    ladders.add(kind, "equilibrium", "A^2/ps", temperature, {of.median, of.median * of.sigma});
    ladders.add_share(kind, temperature, of);
  }
}

void add_kmc(Ladders &ladders, const json &summary) {
  constexpr const char *kUnits = "m^2/s";
  for (const json &group : at(summary, "groups")) {
    const double temperature = number_at(group, "temperature_K");
    std::string of;
    for (const auto &[element, share] : at(group, "composition").items()) {
      of += fmt::format("{}{} {:.4g}", of.empty() ? "" : " ", element, share.is_number() ? share.get<double>() : 0.0);
    }
    ladders.add("vacancy in " + of, "kmc", kUnits, temperature, estimate_at(at(group, "diffusivity_m2_per_s")));
    for (const auto &[element, value] : at(at(group, "tracers"), "diffusivity_m2_per_s").items()) {
      ladders.add(element + " in " + of, "kmc", kUnits, temperature, estimate_at(value));
    }
    for (const auto &[element, value] : at(at(group, "real_time"), "tracer_diffusivity_m2_per_s").items()) {
      ladders.add(element + " in " + of, "kmc, real time", kUnits, temperature, estimate_at(value));
    }
  }
}

} // namespace

void fit_diffusion_of(const FitDiffusionOptions &options) {
  Ladders ladders;
  nlohmann::ordered_json sources = nlohmann::ordered_json::array();
  for (const std::filesystem::path &folder : options.folders) {
    const std::filesystem::path file = folder / "summary.json";
    const json summary = load_json(file, JsonUse::data);
    const std::string driver = text_at(summary, "driver");
    if (driver == "kmc") {
      add_kmc(ladders, summary);
    } else if (at(summary, "analyses").is_object()) {
      add_analyses(ladders, at(summary, "analyses"));
    } else {
      throw DataError(file.string() +
                      ": no coefficient of diffusion stands in it; results of kmc, and of md and analyze with msd "
                      "or vacf, have them");
    }
    sources.push_back(std::filesystem::absolute(folder).string());
  }
  const std::vector<DiffusionLadder> fitted = ladders.fitted();
  if (fitted.empty()) {
    throw ConfigError(
        "fit-diffusion: nothing was measured at three temperatures or more (with D > 0) in these folders; give the "
        "folders of more runs");
  }
  if (!options.out.empty()) {
    const std::filesystem::path folder = output_folder(options.out, {}, false);
    make_folder(folder);
    FolderClaim claim;
    claim.take(folder);
    H5File h5 = create_result_file(folder / "series.h5", "zener-fit-diffusion-series-1", "fit_diffusion", "", "{}");
    put_ladders(h5, "/analyses/diffusion", fitted);
    h5.close();
    const nlohmann::ordered_json summary = {{"format", "zener-fit-diffusion-summary-1"},
                                            {"driver", "fit_diffusion"},
                                            {"zener", {{"version", kVersion}, {"commit", kCommit}, {"compiler", kCompiler}}},
                                            {"folders", sources},
                                            {"analyses", {{"diffusion", ladders_json(fitted)}}}};
    write_file_atomically(folder / "summary.json", summary.dump(2) + "\n");
    if (options.plots) {
      draw_plots(folder);
    }
  }
  std::cout << ladders_table(fitted);
}

} // namespace zener
