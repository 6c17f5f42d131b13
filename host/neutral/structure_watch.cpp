#include "host/neutral/structure_watch.hpp"

#include "host/neutral/series_statistics.hpp"
#include "host/neutral/text.hpp"

#include <array>

namespace zener {
namespace {

constexpr std::array<const char *, 5> kKinds{"other", "fcc", "hcp", "bcc", "icosahedral"};

std::string rule_text(const SteinhardtPlan &plan) {
  const std::string rule = plan.rule == NeighbourRule::nearest  ? std::to_string(plan.nearest) + " nearest neighbours"
                           : plan.rule == NeighbourRule::cutoff ? "neighbours within " + number_text(plan.cutoff_A) + " A"
                                                                : "neighbours and weights of Voronoi cells";
  return rule + (plan.averaged ? ", averaged over them" : "");
}

} // namespace

std::string parameter_name(const StructureWatch &watch, std::size_t of, int l) {
  return "q" + std::to_string(l) + (watch.what.steinhardt.size() > 1 && of > 0 ? "_" + std::to_string(of + 1) : "");
}

std::vector<WatchedNumber> watched_numbers(const StructureWatch &watch) {
  std::vector<WatchedNumber> out;
  if (watch.what.cna) {
    for (const char *kind : kKinds) {
      out.push_back(
          {std::string("cna_") + kind, "1", std::string("share of atoms, adaptive common-neighbour analysis: ") + kind});
    }
  }
  for (std::size_t of = 0; of < watch.what.steinhardt.size(); ++of) {
    for (int l = 2; l <= 8; ++l) {
      out.push_back({parameter_name(watch, of, l), "1", "mean over atoms: " + rule_text(watch.what.steinhardt[of])});
    }
  }
  if (watch.what.voronoi) {
    out.push_back({"volume", "A^3", "mean volume of Voronoi cells"});
    out.push_back({"volume_spread", "A^3", "standard deviation of the volumes of Voronoi cells"});
  }
  if (watch.phases) {
    for (const std::string &phase : watch.phases->phases) {
      out.push_back({"phase_" + phase, "1", "share of atoms whose likeliest phase it is"});
    }
    out.push_back({"log_density", "1", "mean over atoms of the logarithm of the mixture's density"});
  }
  return out;
}

std::vector<WatchedCurveShape> watched_curves(const StructureWatch &watch, const std::vector<std::string> &elements) {
  std::vector<WatchedCurveShape> out;
  const auto add_pairs = [&](const char *name, int bins, double range) {
    const auto n = static_cast<std::size_t>(bins);
    out.push_back({name, "total", n, 0.0, range / bins});
    for (std::size_t a = 0; a < elements.size(); ++a) {
      for (std::size_t b = a; b < elements.size(); ++b) {
        out.push_back({name, elements[a] + "-" + elements[b], n, 0.0, range / bins});
      }
    }
  };
  const StructurePlan &what = watch.what;
  if (what.pairs.range_A > 0.0) {
    add_pairs("g", what.pairs.bins, what.pairs.range_A);
  }
  if (what.waves.largest_q_per_A > 0.0) {
    add_pairs("S", what.waves.bins, what.waves.largest_q_per_A);
    out.push_back(
        {"q_per_A", "", static_cast<std::size_t>(what.waves.bins), 0.0, what.waves.largest_q_per_A / what.waves.bins});
  }
  const auto bins = static_cast<std::size_t>(watch.histogram_bins);
  for (std::size_t of = 0; of < what.steinhardt.size(); ++of) {
    for (const int l : {4, 6}) {
      out.push_back({parameter_name(watch, of, l), "", bins, 0.0, 1.0 / watch.histogram_bins});
    }
  }
  if (what.voronoi) {
    out.push_back({"volume", "", bins, 0.0, kVolumeRange / watch.histogram_bins});
  }
  return out;
}

WatchedStructure watched_structure(const StructureWatch &watch, const StructureSums &sums, const std::vector<Atoms> &systems,
                                   double frame_ps) {
  WatchedStructure out;
  out.looked = sums.looked;
  out.interval_ps = frame_ps * static_cast<double>(watch.every_frames);
  out.numbers = watched_numbers(watch);
  out.series = sums.series;
  if (watch.phases) {
    out.phases = watch.phases->phases;
  }
  const std::size_t columns = out.numbers.size(), stride = columns * systems.size();
  const std::vector<double> mean = sums.curves.mean(), error = sums.curves.error();
  std::size_t at = 0;
  for (std::size_t k = 0; k < systems.size(); ++k) {
    out.mean.emplace_back();
    for (std::size_t c = 0; c < columns; ++c) {
      std::vector<double> values;
      for (std::size_t f = 0; f < static_cast<std::size_t>(sums.looked); ++f) {
        values.push_back(sums.series[f * stride + k * columns + c]);
      }
      out.mean.back().push_back(block_mean(values));
    }
    out.curves.emplace_back();
    for (const WatchedCurveShape &shape : watched_curves(watch, systems[k].elements)) {
      WatchedCurve curve;
      curve.shape = shape;
      for (std::size_t b = 0; b < shape.bins; ++b, ++at) {
        curve.x.push_back(shape.low + (static_cast<double>(b) + 0.5) * shape.width);
        curve.value.push_back(mean[at]);
        curve.error.push_back(error[at]);
      }
      out.curves.back().push_back(std::move(curve));
    }
  }
  return out;
}

} // namespace zener
