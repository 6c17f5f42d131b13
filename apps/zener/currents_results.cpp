#include "apps/zener/currents_results.hpp"

#include "apps/zener/motion_results.hpp"
#include "apps/zener/result_file.hpp"
#include "apps/zener/statics_run.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace zener {
namespace {

using Json = nlohmann::ordered_json;

void put_curve(H5File &file, const std::string &name, const CurrentsResult &result, DirectionalCurve CorrelationCurves::*curve,
               const std::string &units, const std::string &description) {
  std::vector<double> value, error;
  std::size_t points = 0;
  for (const CurrentCurves &one : result.entries) {
    for (std::size_t d = 0; d < kDirections; ++d) {
      const std::vector<double> &v = (one.curves.*curve).value[d], &e = (one.curves.*curve).error[d];
      value.insert(value.end(), v.begin(), v.end());
      error.insert(error.end(), e.begin(), e.end());
      points = v.size();
    }
  }
  const H5File::Shape shape{result.entries.size(), kDirections, points};
  put(file, name + "/value", value, shape, units,
      description + ", [wave and pair][along k, across, across, all; for the wave 0 x, y, z, all][point]");
  put(file, name + "/standard_error", error, shape, units, "of the value, from blocks of time; NaN where they are too few");
}

bool is_whole(const CurrentCurves &one) { return one.k_per_A == 0.0; }

Estimate onsager(const CurrentCurves &one) {
  return {one.curves.integral.value[3].back(), one.curves.integral.error[3].back()};
}

std::string wave_text(const CurrentCurves &one) { return fmt::format("[{}, {}, {}]", one.wave[0], one.wave[1], one.wave[2]); }

} // namespace

void put_currents(H5File &file, const CurrentsResult &result, const std::vector<std::string> &systems) {
  if (result.entries.empty()) {
    return;
  }
  const std::string folder = "/analyses/currents";
  std::vector<std::string> system, pair;
  std::vector<std::int64_t> wave;
  std::vector<double> k;
  for (const CurrentCurves &one : result.entries) {
    system.push_back(systems.at(one.system));
    pair.push_back(one.pair);
    wave.insert(wave.end(), one.wave.begin(), one.wave.end());
    k.push_back(one.k_per_A);
  }
  const H5File::Shape each{result.entries.size()};
  file.write_strings(folder + "/system", system, each);
  file.write_strings(folder + "/pair", pair, each);
  put(file, folder + "/wave", wave, {result.entries.size(), 3}, "1", "n of k = 2 pi (n1 b1 + n2 b2 + n3 b3)");
  put(file, folder + "/k_per_A", k, each, "1/A", "|k| in the first frame");
  put(file, folder + "/lag_ps", result.lag_ps, {result.lag_ps.size()}, "ps", "lags");
  put(file, folder + "/frequency_THz", result.frequency_THz, {result.frequency_THz.size()}, "THz", "frequencies");
  put_curve(file, folder + "/correlation", result, &CorrelationCurves::value, "A^2/ps^2",
            "correlation of currents over the system's atoms");
  put_curve(file, folder + "/integral", result, &CorrelationCurves::integral, "A^2/ps",
            "integral of the correlation to the lag, a third of it for all");
  put_curve(file, folder + "/spectrum", result, &CorrelationCurves::spectrum, "A^2/ps^2/THz",
            "spectrum of currents, whose integral is the correlation at lag 0");
}

void add_currents(Json &analyses, const CurrentsResult &result, const std::vector<std::string> &systems) {
  for (const CurrentCurves &one : result.entries) {
    Json entry = {{"system", systems.at(one.system)}, {"pair", one.pair}, {"wave", one.wave}, {"k_per_A", one.k_per_A}};
    if (is_whole(one)) {
      entry["onsager_A2_ps"] = estimate_json(onsager(one));
    } else {
      entry["along_THz"] = one.along_THz;
      entry["across_THz"] = one.across_THz;
    }
    analyses["currents"].push_back(std::move(entry));
  }
}

void add_currents_numbers(Json &numbers, const CurrentsResult &result, const std::vector<std::string> &systems) {
  for (const CurrentCurves &one : result.entries) {
    if (is_whole(one) && one.pair != "all") {
      const Json estimate = estimate_json(onsager(one));
      numbers.push_back(named_number(fmt::format("Lambda_{}_{}", systems.at(one.system), one.pair), "A^2/ps", estimate["mean"],
                                     estimate["standard_error"],
                                     "Onsager coefficient from the integral of the correlation of whole currents"));
    }
  }
}

std::string currents_table(const CurrentsResult &result, const std::vector<std::string> &systems) {
  constexpr std::size_t kMostLines = 40;
  std::string text;
  for (std::size_t e = 0; e < std::min(result.entries.size(), kMostLines); ++e) {
    const CurrentCurves &one = result.entries[e];
    text += text.empty() ? fmt::format("{:<10} {:<10} {:<14} {:>9} {:>14} {:>14} {:>24}\n", "system", "pair", "wave", "k (1/A)",
                                       "along (THz)", "across (THz)", "Onsager (A^2/ps)")
                         : "";
    text +=
        fmt::format("{:<10} {:<10} {:<14} {:>9.4f} {:>14} {:>14} {:>24}\n", systems.at(one.system), one.pair, wave_text(one),
                    one.k_per_A, is_whole(one) ? "-" : fmt::format("{:.3f}", one.along_THz),
                    is_whole(one) ? "-" : fmt::format("{:.3f}", one.across_THz), is_whole(one) ? text_of(onsager(one)) : "-");
  }
  if (result.entries.size() > kMostLines) {
    text += fmt::format("and {} waves and pairs more in summary.json\n", result.entries.size() - kMostLines);
  }
  return text;
}

} // namespace zener
