#include "apps/zener/analyze_driver.hpp"

#include "apps/zener/analysis_results.hpp"
#include "apps/zener/device_choice.hpp"
#include "apps/zener/mean_positions_files.hpp"
#include "apps/zener/python.hpp"
#include "apps/zener/result_file.hpp"
#include "apps/zener/run_folder.hpp"
#include "apps/zener/statics_run.hpp"
#include "host/neutral/analysis_preset.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/log.hpp"
#include "host/neutral/signals.hpp"
#include "host/neutral/time_windows.hpp"

#include <fmt/format.h>

#include <chrono>
#include <iostream>

namespace zener {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

constexpr double kReport_s = 10.0; // between two lines of progress
const std::vector<std::string> kSystem{"trajectory"};

// Of a frame, ps; 0 where it says none.
double time_of(const Atoms &atoms) {
  for (const auto &[name, value] : atoms.info) {
    if (name == "time_ps" && std::holds_alternative<double>(value)) {
      return std::get<double>(value);
    }
  }
  return 0.0;
}

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void write_results(const std::filesystem::path &folder, const AnalyzePreset &preset, const AnalysisResult &result,
                   const Atoms &atoms, const ChosenDevice &chosen, const std::string &status, double wall_s) {
  H5File h5 =
      create_result_file(folder / "series.h5", "zener-analyze-series-1", "analyze", preset.title, resolved(preset).dump());
  put_analyses(h5, result, kSystem);
  h5.close();
  Json numbers = Json::array();
  add_analysis_numbers(numbers, result, kSystem);
  const Json summary = {
      {"format", "zener-analyze-summary-1"},
      {"driver", "analyze"},
      {"zener", {{"version", kVersion}, {"commit", kCommit}, {"compiler", kCompiler}}},
      {"backend", chosen.backend_name},
      {"device", chosen.device.name},
      {"title", preset.title},
      {"run", {{"status", status}, {"frames", result.motion.frames}, {"atoms", atoms_by_element(atoms)}, {"wall_s", wall_s}}},
      {"numbers", numbers},
      {"analyses", analyses_summary(result, kSystem)},
      {"warnings", Json::array()},
      {"preset", Json::parse(resolved(preset).dump())}};
  write_file_atomically(folder / "summary.json", summary.dump(2) + "\n");
}

} // namespace

int run_analyze(const RunOptions &options) {
  catch_run_signals();
  const Clock::time_point begin = Clock::now();
  AnalyzePreset preset = load_analyze_preset(options.preset, options.edits);
  if (options.resume) {
    throw ConfigError("--resume: analyze has no checkpoint; run it again without --resume");
  }
  const std::filesystem::path folder = output_folder(options.out, preset.output_directory, false);
  FrameSequence frames(preset.frames);
  // First: what the first two refuse leaves no folder.
  const std::optional<Atoms> start = frames.next();
  std::optional<Atoms> frame = start ? frames.next() : std::nullopt;
  const std::string file = preset.frames.trajectory.file.string();
  if (!frame) {
    throw DataError(
        file + (start ? ": one frame alone is there; analyses need two or more" : ": there is no frame among those chosen"));
  }
  set_windows(preset.analyses.plan, frames.interval_ps());
  prepare_analyses(preset.analyses, options.preset, frames.interval_ps());
  const ChosenDevice chosen = choose_device(options.device, options.threads);
  const std::vector<Atoms> first{*start};
  const std::unique_ptr<Analysis> analysis = chosen.backend->make_analysis(preset.analyses.plan, first);
  make_folder(folder);
  FolderClaim claim;
  claim.take(folder);
  open_log_file(folder / "log.txt");
  log_info(fmt::format("zener {} ({}), results in {}", kVersion, kCommit, folder.string()));
  log_info("device " + chosen.reason);
  log_info(fmt::format("{} atoms, frames of {}", first[0].size(), file));
  write_file_atomically(folder / "preset.json", resolved(preset).dump(2) + "\n");

  std::optional<MeanPositionsFiles> mean_positions;
  if (preset.analyses.plan.mean_positions) {
    mean_positions.emplace(folder, kSystem, first, *preset.analyses.plan.mean_positions, frames.interval_ps(), time_of(*start),
                           0);
  }
  const auto push = [&](const std::vector<Atoms> &systems) {
    analysis->push(systems);
    if (mean_positions) {
      mean_positions->add(analysis->take_mean_positions());
    }
    write_atom_frames(folder, analysis->take_atoms(), kSystem);
  };
  Clock::time_point last_report = begin;
  FrameMeans means;
  means.add(first[0]);
  push(first);
  for (; frame && !stop_requested(); frame = frames.next()) {
    push({*frame});
    means.add(*frame);
    if (seconds_since(last_report) > kReport_s) {
      log_info(fmt::format("{} frames", analysis->frames()));
      last_report = Clock::now();
    }
  }
  const bool interrupted = frame.has_value();
  const AnalysisResult result =
      analysis_result(preset.analyses, analysis->sums(), first, frames.interval_ps(), {means.means()});
  write_results(folder, preset, result, first[0], chosen, interrupted ? "interrupted" : "finished", seconds_since(begin));
  write_analysis_files(folder, result, kSystem);
  if (interrupted) {
    log_info(fmt::format("stopped by signal {} after {} frames; their results are in {}", stop_signal(), result.motion.frames,
                         folder.string()));
    close_log_file();
    return static_cast<int>(ExitCode::interrupted);
  }
  if (preset.plots) {
    draw_plots(folder);
  }
  std::cout << analysis_tables(result, kSystem);
  log_info(fmt::format("done: {} frames in {:.1f} s; see {}", result.motion.frames, seconds_since(begin),
                       (folder / "summary.json").string()));
  close_log_file();
  return static_cast<int>(ExitCode::done);
}

void check_analyze(const RunOptions &options) {
  AnalyzePreset preset = load_analyze_preset(options.preset, options.edits);
  std::cout << resolved(preset).dump(2) << "\n";
  const ChosenDevice chosen = choose_device(options.device, options.threads);
  FrameSequence frames(preset.frames);
  const std::optional<Atoms> frame = frames.next();
  if (!frame) {
    throw DataError(preset.frames.trajectory.file.string() + ": there is no frame among those chosen");
  }
  if (frames.next()) { // which tells how far they are apart
    set_windows(preset.analyses.plan, frames.interval_ps());
  }
  prepare_analyses(preset.analyses, options.preset, frames.interval_ps());
  const std::unique_ptr<Analysis> analysis = chosen.backend->make_analysis(preset.analyses.plan, {*frame});
  analysis->push({*frame});
  std::cout << fmt::format("device    {}\nframes    of {} atoms, {}\nmemory    {:.1f} MiB\n", chosen.reason, frame->size(),
                           atoms_by_element(*frame).dump(), static_cast<double>(chosen.backend->memory().held) / (1 << 20));
}

} // namespace zener
