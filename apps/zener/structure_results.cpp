#include "apps/zener/structure_results.hpp"

#include "apps/zener/result_file.hpp"
#include "apps/zener/statics_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace zener {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
const std::string kFolder = "/analyses/structure/";

Json finite(double value) { return std::isfinite(value) ? Json(value) : Json(); }

// Curves of one name, [system][curve][bin], as many curves as the system with most has; NaN where a system has fewer.
void put_curves(H5File &file, const WatchedStructure &result, const std::string &name) {
  std::vector<std::vector<const WatchedCurve *>> of(result.curves.size());
  std::size_t most = 0;
  for (std::size_t k = 0; k < of.size(); ++k) {
    for (const WatchedCurve &curve : result.curves[k]) {
      if (curve.shape.name == name) {
        of[k].push_back(&curve);
      }
    }
    most = std::max(most, of[k].size());
  }
  const WatchedCurve &first = *of.front().front();
  const std::size_t bins = first.x.size();
  std::vector<double> value, error;
  std::vector<std::string> labels;
  for (const auto &curves : of) {
    for (std::size_t c = 0; c < most; ++c) {
      const WatchedCurve *curve = c < curves.size() ? curves[c] : nullptr;
      labels.push_back(curve != nullptr ? curve->shape.of : "");
      for (std::size_t b = 0; b < bins; ++b) {
        value.push_back(curve != nullptr ? curve->value[b] : kNaN);
        error.push_back(curve != nullptr ? curve->error[b] : kNaN);
      }
    }
  }
  const bool is_pairs = name == "g" || name == "S";
  const std::string folder = kFolder + (is_pairs ? name : "histogram/" + name);
  const char *units = name == "g" ? "A" : name == "S" ? "1/A" : name == "volume" ? "mean volume" : "1";
  put(file, folder + "/x", first.x, {bins}, units, "middles of the bins");
  const H5File::Shape shape{of.size(), most, bins};
  put(file, folder + "/value", value, shape, "1",
      is_pairs ? "mean over frames, [system][total, pairs of elements][bin]"
               : "density of probability over atoms and frames, [system][1][bin]");
  put(file, folder + "/standard_error", error, shape, "1", "of the value, from blocks of time; NaN where they are too few");
  if (is_pairs) {
    file.write_strings(folder + "/pair", labels, {of.size(), most});
  }
}

} // namespace

void put_structure(H5File &file, const WatchedStructure &result, const std::vector<std::string> &systems) {
  const auto looked = static_cast<std::size_t>(result.looked);
  std::vector<double> time;
  for (std::size_t f = 0; f < looked; ++f) {
    time.push_back(static_cast<double>(f) * result.interval_ps);
  }
  file.write_strings(kFolder + "system", systems, {systems.size()});
  put(file, kFolder + "time_ps", time, {looked}, "ps", "since the first frame");
  const std::size_t columns = result.numbers.size();
  for (std::size_t c = 0; c < columns; ++c) {
    std::vector<double> own;
    for (std::size_t f = 0; f < looked * systems.size(); ++f) {
      own.push_back(result.series[f * columns + c]);
    }
    put(file, kFolder + "series/" + result.numbers[c].name, own, {looked, systems.size()}, result.numbers[c].units,
        result.numbers[c].description + ", [frame][system]");
  }
  std::vector<std::string> done;
  for (const WatchedCurve &curve : result.curves.front()) {
    const std::string &name = curve.shape.name;
    if (name != "q_per_A" && std::find(done.begin(), done.end(), name) == done.end()) {
      put_curves(file, result, name);
      done.push_back(name);
    } else if (name == "q_per_A") {
      put(file, kFolder + "S/q_per_A", curve.value, {curve.value.size()}, "1/A",
          "mean length of the wave vectors of each bin of the first system; 0 where there are none");
    }
  }
}

Json structure_json(const WatchedStructure &result, const std::vector<std::string> &systems) {
  Json out = {{"frames", result.looked}, {"frame_interval_ps", result.interval_ps}, {"systems", Json::array()}};
  for (std::size_t k = 0; k < systems.size(); ++k) {
    Json one = {{"system", systems[k]}};
    for (std::size_t c = 0; c < result.numbers.size(); ++c) {
      const Estimate &mean = result.mean[k][c];
      one[result.numbers[c].name] = {{"mean", finite(mean.mean)}, {"standard_error", finite(mean.standard_error)}};
    }
    out["systems"].push_back(std::move(one));
  }
  return out;
}

void add_structure_numbers(Json &numbers, const WatchedStructure &result, const std::vector<std::string> &systems) {
  for (std::size_t k = 0; k < systems.size(); ++k) {
    for (std::size_t c = 0; c < result.numbers.size(); ++c) {
      const WatchedNumber &number = result.numbers[c];
      const Estimate &mean = result.mean[k][c];
      numbers.push_back(named_number(fmt::format("structure_{}_{}", number.name, systems[k]), number.units, finite(mean.mean),
                                     finite(mean.standard_error), number.description));
    }
  }
}

std::string structure_table(const WatchedStructure &result, const std::vector<std::string> &systems) {
  constexpr std::size_t kMostLines = 40;
  std::string text = fmt::format("{:<10} {:<18} {:>14} {:>12}\n", "system", "structure", "mean", "+-");
  std::size_t lines = 0;
  for (std::size_t k = 0; k < systems.size(); ++k) {
    for (std::size_t c = 0; c < result.numbers.size() && lines < kMostLines; ++c, ++lines) {
      const Estimate &mean = result.mean[k][c];
      text += fmt::format("{:<10} {:<18} {:>14} {:>12}\n", systems[k], result.numbers[c].name,
                          number_or_dash(mean.mean, "{:.5g}"), number_or_dash(mean.standard_error, "{:.2g}"));
    }
  }
  return text + (lines == kMostLines ? "all of them are in summary.json\n" : "");
}

} // namespace zener
