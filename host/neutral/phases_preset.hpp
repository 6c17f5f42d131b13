// Presets of the driver train_phases: what phases are made of, and how their mixture is fitted.
#pragma once

#include "host/neutral/md_preset.hpp"
#include "host/neutral/mixture.hpp"
#include "host/neutral/trajectory_reader.hpp"

namespace zener {

// Frames of one phase: of dynamics that the driver runs, or of a trajectory.
struct PhaseSource {
  std::string name; // for people
  std::string phase;
  bool held_out = false;        // for the test alone
  std::optional<MdPreset> md;   // frames after its equilibration_steps, every frame_every steps
  std::int64_t frame_every = 0; // steps
  FrameChoice frames;           // without md
};

struct PhasesPreset : RunPreset {
  SteinhardtPlan rule;
  std::vector<PhaseSource> sources;
  std::vector<std::string> phases; // of the sources that train, in their order
  std::int64_t samples_per_phase = 4000;
  bool per_phase = false; // a mixture for each phase
  MixturePlan mixture;
};

PhasesPreset load_phases_preset(const std::filesystem::path &file, const std::vector<std::string> &edits = {});
// Loads the md presets of the sources too.
PhasesPreset read_phases_preset(const nlohmann::json &document, const std::filesystem::path &file,
                                std::set<std::string> *asked = nullptr);
// Every key explicit, paths absolute, the md presets in full.
nlohmann::json resolved(const PhasesPreset &preset);

} // namespace zener
