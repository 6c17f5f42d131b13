#include "apps/zener/phases_driver.hpp"

#include "apps/zener/device_choice.hpp"
#include "apps/zener/md_results.hpp"
#include "apps/zener/python.hpp"
#include "apps/zener/result_file.hpp"
#include "apps/zener/run_folder.hpp"
#include "apps/zener/statics_run.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/log.hpp"
#include "host/neutral/phase_model.hpp"
#include "host/neutral/phases_preset.hpp"
#include "host/neutral/signals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>

namespace zener {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;
constexpr auto kFeatures = static_cast<std::size_t>(kPhaseFeatures);

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// What a system of a source gave.
struct Samples {
  std::string name;
  std::size_t phase = 0;
  bool held_out = false;
  std::vector<double> x;          // [n][7]
  std::vector<std::int64_t> told; // [phases + 1] by the classifier; the last: no neighbours
  std::size_t size() const { return x.size() / kFeatures; }
};

class PhasesRun {
public:
  PhasesRun(const RunOptions &options, PhasesPreset preset)
      : preset_(std::move(preset)), folder_(output_folder(options.out, preset_.output_directory, false)),
        chosen_(choose_device(options.device, options.threads)) {
    look_.steinhardt = {preset_.rule};
  }

  int operator()() {
    make_folder(folder_);
    FolderClaim claim;
    claim.take(folder_);
    open_log_file(folder_ / "log.txt");
    log_info(fmt::format("zener {} ({}), results in {}", kVersion, kCommit, folder_.string()));
    log_info("device " + chosen_.reason);
    write_file_atomically(folder_ / "preset.json", resolved(preset_).dump(2) + "\n");
    for (const PhaseSource &source : preset_.sources) {
      if (stop_requested()) {
        log_info(fmt::format("stopped by signal {}; nothing is trained", stop_signal()));
        close_log_file();
        return static_cast<int>(ExitCode::interrupted);
      }
      source.md ? run_source(source) : read_source(source);
    }
    fit();
    classify();
    write();
    if (preset_.plots) {
      draw_plots(folder_);
    }
    std::cout << table();
    log_info(fmt::format("done in {:.1f} s; see {}", seconds_since(begin_), (folder_ / "phase_model.json").string()));
    close_log_file();
    return static_cast<int>(ExitCode::done);
  }

private:
  std::size_t phase_of(const PhaseSource &source) const {
    return static_cast<std::size_t>(std::find(preset_.phases.begin(), preset_.phases.end(), source.phase) -
                                    preset_.phases.begin());
  }

  // Adds a frame; systems [first …] of samples_.
  void add(const std::vector<Atoms> &systems, std::size_t first) {
    const StructureResult found = chosen_.backend->structure(look_, systems);
    for (std::size_t k = 0; k < systems.size(); ++k) {
      for (const auto &q : found.systems[k].steinhardt.front().q) {
        samples_[first + k].x.insert(samples_[first + k].x.end(), q.begin(), q.end());
      }
    }
  }

  void run_source(const PhaseSource &source) {
    const Clock::time_point start = Clock::now();
    const MdPreset &md = *source.md;
    const MdPlan plan = make_md_plan(md);
    const std::unique_ptr<AtomsBatch> batch = made_of_structure(md, [&] { return chosen_.backend->make_atoms(plan.atoms); });
    batch->set_dynamics(plan.dynamics);
    const std::size_t first = samples_.size();
    for (std::size_t k = 0; k < plan.atoms.systems.size(); ++k) {
      const double temperature = !md.ladder_K.empty() ? md.ladder_K[k / static_cast<std::size_t>(md.replicas)]
                                 : md.temperature_K   ? (*md.temperature_K)[1]
                                                      : 0.0;
      samples_.push_back({fmt::format("{} {:g} K", source.name, temperature), phase_of(source), source.held_out, {}, {}});
    }
    for (std::int64_t step = md.equilibration_steps; step <= md.steps; step += source.frame_every) {
      const DynamicsReport report = batch->advance(step, {});
      if (report.exploded) {
        throw DataError(
            "train_phases: the dynamics of " + source.name + " explode at step " + std::to_string(report.exploded_step) + ": " +
            explosion_text(report, plan.atoms.systems.at(static_cast<std::size_t>(report.exploded_system)), plan.dynamics));
      }
      if (step > md.equilibration_steps) {
        add(batch->atoms(), first);
      }
    }
    log_info(fmt::format("{}: {} systems, {} samples each, {:.1f} s", source.name, plan.atoms.systems.size(),
                         samples_[first].size(), seconds_since(start)));
  }

  void read_source(const PhaseSource &source) {
    TrajectoryReader reader(source.frames.trajectory);
    const std::size_t first = samples_.size();
    samples_.push_back({source.name, phase_of(source), source.held_out, {}, {}});
    for (std::int64_t frame = 0; const std::optional<Atoms> atoms = reader.next(); ++frame) {
      if (source.frames.last && frame > *source.frames.last) {
        break;
      }
      if (frame >= source.frames.first && (frame - source.frames.first) % source.frames.every == 0) {
        add({*atoms}, first);
      }
    }
    if (samples_[first].size() == 0) {
      throw DataError(source.frames.trajectory.file.string() + ": there is no frame among those chosen");
    }
    log_info(fmt::format("{}: {} samples", source.name, samples_[first].size()));
  }

  // Of the samples of a phase that train, at most so many, evenly chosen.
  std::vector<double> training(std::size_t phase) const {
    std::vector<double> all, out;
    for (const Samples &one : samples_) {
      if (one.phase == phase && !one.held_out) {
        all.insert(all.end(), one.x.begin(), one.x.end());
      }
    }
    const std::size_t n = all.size() / kFeatures;
    const std::size_t wanted = std::min(n, static_cast<std::size_t>(preset_.samples_per_phase));
    for (std::size_t i = 0; i < wanted; ++i) {
      const auto from = all.begin() + static_cast<std::ptrdiff_t>(i * n / wanted * kFeatures);
      out.insert(out.end(), from, from + kPhaseFeatures);
    }
    return out;
  }

  void fit() {
    model_.title = preset_.title;
    model_.phases = preset_.phases;
    model_.rule = preset_.rule;
    model_.least_facet = look_.least_facet;
    const std::size_t phases = preset_.phases.size();
    std::vector<std::vector<double>> of_phase;
    std::vector<double> all;
    for (std::size_t p = 0; p < phases; ++p) {
      of_phase.push_back(training(p));
      all.insert(all.end(), of_phase.back().begin(), of_phase.back().end());
    }
    if (!preset_.per_phase) {
      note_fit(chosen_.backend->fit_mixture(preset_.mixture, kPhaseFeatures, all), "all phases");
      model_.mixture = fits_.back().mixture;
      name_components(of_phase);
      return;
    }
    model_.mixture.features = kPhaseFeatures;
    for (std::size_t p = 0; p < phases; ++p) {
      note_fit(chosen_.backend->fit_mixture(preset_.mixture, kPhaseFeatures, of_phase[p]), preset_.phases[p]);
      const Mixture &own = fits_.back().mixture;
      for (std::size_t k = 0; k < own.components(); ++k) {
        model_.mixture.weight.push_back(own.weight[k] / static_cast<double>(phases));
        model_.mixture.mean.push_back(own.mean[k]);
        model_.mixture.covariance.push_back(own.covariance[k]);
        model_.phase_of_component.push_back(static_cast<std::int32_t>(p));
      }
    }
  }

  void note_fit(MixtureFit fit, const std::string &of) {
    log_info(fmt::format("mixture of {}: log-likelihood {:.6f}, {} iterations{}, {} components emptied", of,
                         fit.log_likelihood[fit.best], fit.iterations[fit.best],
                         fit.converged ? "" : " (the most allowed: not converged)", fit.emptied));
    fits_.push_back(std::move(fit));
  }

  // A component belongs to the phase from which most of its weight comes.
  void name_components(const std::vector<std::vector<double>> &of_phase) {
    const std::size_t components = model_.mixture.components();
    std::vector<std::int32_t> each;
    for (std::size_t k = 0; k < components; ++k) {
      each.push_back(static_cast<std::int32_t>(k));
    }
    std::vector<double> most(components, -1.0);
    model_.phase_of_component.assign(components, 0);
    for (std::size_t p = 0; p < of_phase.size(); ++p) {
      const MixtureScores scores =
          chosen_.backend->score_mixture(model_.mixture, each, static_cast<int>(components), of_phase[p]);
      std::vector<double> sum(components, 0.0);
      for (std::size_t i = 0; i < scores.probability.size(); ++i) {
        sum[i % components] += scores.probability[i];
      }
      for (std::size_t k = 0; k < components; ++k) {
        if (sum[k] > most[k]) {
          most[k] = sum[k];
          model_.phase_of_component[k] = static_cast<std::int32_t>(p);
        }
      }
    }
  }

  void classify() {
    const std::size_t phases = model_.phases.size();
    for (Samples &one : samples_) {
      const MixtureScores scores =
          chosen_.backend->score_mixture(model_.mixture, model_.phase_of_component, static_cast<int>(phases), one.x);
      one.told.assign(phases + 1, 0);
      for (std::size_t i = 0; i < one.size(); ++i) {
        const auto begin = scores.probability.begin() + static_cast<std::ptrdiff_t>(i * phases);
        const auto best = std::max_element(begin, begin + static_cast<std::ptrdiff_t>(phases));
        ++one.told[std::isfinite(*begin) ? static_cast<std::size_t>(best - begin) : phases];
      }
    }
  }

  static double accuracy(const Samples &one) {
    return static_cast<double>(one.told[one.phase]) / static_cast<double>(std::max<std::size_t>(one.size(), 1));
  }
  // Mean over the phases of the accuracy in each, of those held out or of those that train.
  double accuracy(bool held_out) const {
    double sum = 0.0, count = 0.0;
    for (std::size_t p = 0; p < model_.phases.size(); ++p) {
      double right = 0.0, all = 0.0;
      for (const Samples &one : samples_) {
        if (one.phase == p && one.held_out == held_out) {
          right += static_cast<double>(one.told[p]);
          all += static_cast<double>(one.size());
        }
      }
      sum += all > 0.0 ? right / all : 0.0;
      count += all > 0.0 ? 1.0 : 0.0;
    }
    return count > 0.0 ? sum / count : std::nan("");
  }

  Json sources_json() const {
    Json out = Json::array();
    for (const Samples &one : samples_) {
      Json told = Json::object();
      for (std::size_t p = 0; p < model_.phases.size(); ++p) {
        told[model_.phases[p]] = one.told[p];
      }
      out.push_back({{"name", one.name},
                     {"phase", model_.phases[one.phase]},
                     {"held_out", one.held_out},
                     {"atoms", one.size()},
                     {"told", told},
                     {"accuracy", accuracy(one)}});
    }
    return out;
  }

  void write() {
    const auto number = [](double value) { return std::isfinite(value) ? Json(value) : Json(); };
    const Json provenance = {{"zener", {{"version", kVersion}, {"commit", kCommit}}},
                             {"seed", preset_.seed},
                             {"fit", preset_.per_phase ? "a mixture for each phase" : "one mixture of all phases"},
                             {"log_likelihood", fits_.front().log_likelihood[fits_.front().best]},
                             {"accuracy", {{"training", number(accuracy(false))}, {"held_out", number(accuracy(true))}}},
                             {"sources", sources_json()}};
    model_.provenance = provenance.dump();
    write_file_atomically(folder_ / "phase_model.json", phase_model_text(model_));
    H5File h5 =
        create_result_file(folder_ / "phases.h5", "zener-phases-1", "train_phases", preset_.title, resolved(preset_).dump());
    std::vector<double> x;
    std::vector<std::int64_t> source, phase, held_out, told;
    std::vector<std::string> names;
    for (const Samples &one : samples_) {
      x.insert(x.end(), one.x.begin(), one.x.end());
      source.resize(x.size() / kFeatures, static_cast<std::int64_t>(names.size()));
      names.push_back(one.name);
      phase.push_back(static_cast<std::int64_t>(one.phase));
      held_out.push_back(one.held_out ? 1 : 0);
      told.insert(told.end(), one.told.begin(), one.told.end());
    }
    const std::size_t n = names.size(), phases = model_.phases.size();
    h5.write_strings("/phases", model_.phases, {phases});
    h5.write_strings("/sources/name", names, {n});
    put(h5, "/sources/phase", phase, {n}, "1", "place in phases");
    put(h5, "/sources/held_out", held_out, {n}, "1", "1: not trained on");
    put(h5, "/sources/told", told, {n, phases + 1}, "1", "atoms by the phase that the classifier tells; the last: none");
    put(h5, "/samples/q", x, {x.size() / kFeatures, kFeatures}, "1", "Steinhardt parameters q2 to q8 of every atom");
    put(h5, "/samples/source", source, {source.size()}, "1", "place in sources");
    h5.close();
    Json numbers = Json::array();
    numbers.push_back(named_number("accuracy_training", "1", number(accuracy(false)), Json(),
                                   "share of atoms told right, mean over the phases, of the sources that train"));
    numbers.push_back(named_number("accuracy_held_out", "1", number(accuracy(true)), Json(),
                                   "share of atoms told right, mean over the phases, of the sources held out"));
    const Json summary = {{"format", "zener-phases-summary-1"},
                          {"driver", "train_phases"},
                          {"zener", {{"version", kVersion}, {"commit", kCommit}, {"compiler", kCompiler}}},
                          {"backend", chosen_.backend_name},
                          {"device", chosen_.device.name},
                          {"title", preset_.title},
                          {"run", {{"status", "finished"}, {"wall_s", seconds_since(begin_)}}},
                          {"numbers", numbers},
                          {"sources", sources_json()},
                          {"warnings", Json::array()},
                          {"preset", Json::parse(resolved(preset_).dump())}};
    write_file_atomically(folder_ / "summary.json", summary.dump(2) + "\n");
  }

  std::string table() const {
    std::string text = fmt::format("{:<28} {:<8} {:>8}", "source", "is", "atoms");
    for (const std::string &phase : model_.phases) {
      text += fmt::format(" {:>8}", phase);
    }
    text += "\n";
    for (const Samples &one : samples_) {
      text += fmt::format("{:<28} {:<8} {:>8}", one.name + (one.held_out ? " (held out)" : ""), model_.phases[one.phase],
                          one.size());
      for (std::size_t p = 0; p < model_.phases.size(); ++p) {
        text += fmt::format(" {:>8.4f}", static_cast<double>(one.told[p]) / static_cast<double>(one.size()));
      }
      text += "\n";
    }
    return text +
           fmt::format("accuracy, mean over phases: training {:.4f}, held out {:.4f}\n", accuracy(false), accuracy(true));
  }

  PhasesPreset preset_;
  std::filesystem::path folder_;
  ChosenDevice chosen_;
  StructurePlan look_;
  std::vector<Samples> samples_;
  std::vector<MixtureFit> fits_;
  PhaseModel model_;
  Clock::time_point begin_ = Clock::now();
};

} // namespace

int run_phases(const RunOptions &options) {
  catch_run_signals();
  if (options.resume) {
    throw ConfigError("--resume: train_phases has no checkpoint; run it again without --resume");
  }
  return PhasesRun(options, load_phases_preset(options.preset, options.edits))();
}

void check_phases(const RunOptions &options) {
  const PhasesPreset preset = load_phases_preset(options.preset, options.edits);
  std::cout << resolved(preset).dump(2) << "\n";
  const ChosenDevice chosen = choose_device(options.device, options.threads);
  std::cout << fmt::format("device    {}\n", chosen.reason);
  for (const PhaseSource &source : preset.sources) {
    if (source.md) {
      const MdPlan plan = make_md_plan(*source.md);
      std::cout << fmt::format("{:<24} {:<8} {} systems of {} atoms, {} steps\n", source.name, source.phase,
                               plan.atoms.systems.size(), plan.atoms.systems.front().size(), source.md->steps);
    } else {
      std::cout << fmt::format("{:<24} {:<8} {}\n", source.name, source.phase, source.frames.trajectory.file.string());
    }
  }
}

} // namespace zener
