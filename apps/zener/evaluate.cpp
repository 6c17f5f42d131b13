#include "apps/zener/evaluate.hpp"

#include "apps/zener/device_choice.hpp"
#include "host/neutral/atom_files.hpp"
#include "host/neutral/atoms_preset.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>

namespace zener {
namespace {

// Frames go to the device together up to these limits.
constexpr std::size_t kMostAtoms = 65536;
constexpr std::size_t kMostFrames = 1024;

class Evaluator {
public:
  Evaluator(const EvaluateOptions &options, PotentialPointer potential)
      : options_(options), potential_(std::move(potential)), chosen_(choose_device(options.device, options.threads)) {}

  // Gives frames [first, first + frames.size()) their energies and forces. Frames that cannot be evaluated together are tried
  // one by one, so that the error names the one at fault.
  void operator()(std::span<Atoms> frames, std::size_t first) const {
    try {
      evaluate(frames);
    } catch (const Error &error) {
      if (frames.size() == 1) {
        throw Error(error.code(), where(first) + ": " + error.what());
      }
      for (std::size_t i = 0; i < frames.size(); ++i) {
        (*this)(frames.subspan(i, 1), first + i);
      }
    }
  }

  std::string where(std::size_t frame) const { return fmt::format("{}: frame {}", options_.structure.string(), frame + 1); }

private:
  void evaluate(std::span<Atoms> frames) const {
    AtomsPlan plan;
    plan.systems.assign(frames.begin(), frames.end());
    plan.potential = potential_;
    plan.mixed = options_.precision == "mixed";
    plan.skin_A = 0.0; // nothing moves
    const Evaluation found = chosen_.backend->make_atoms(plan)->evaluate();
    for (std::size_t f = 0; f < frames.size(); ++f) {
      Atoms &atoms = frames[f];
      check_finite(found.force_eV_A[f], found.energy_eV[f], atoms);
      atoms.has_energy = true;
      atoms.total_energy_eV = found.energy_eV[f];
      atoms.has_virial = true;
      atoms.virial_eV = found.virial_eV[f];
      atoms.energy_eV = found.atom_energy_eV[f];
      atoms.force_eV_A = found.force_eV_A[f];
    }
  }

  static void check_finite(const std::vector<Vector3> &forces, double energy_eV, const Atoms &atoms) {
    for (std::size_t i = 0; i < forces.size(); ++i) {
      if (!std::all_of(forces[i].begin(), forces[i].end(), [](double f) { return std::isfinite(f); })) {
        throw DataError(fmt::format("the force on atom {} ({}) is not finite: it lies where the potential has no value",
                                    atoms.id.empty() ? static_cast<std::int64_t>(i) + 1 : atoms.id[i],
                                    atoms.elements[static_cast<std::size_t>(atoms.type[i])]));
      }
    }
    if (!std::isfinite(energy_eV)) {
      throw DataError("the energy is not finite");
    }
  }

  const EvaluateOptions &options_;
  PotentialPointer potential_;
  ChosenDevice chosen_;
};

} // namespace

void evaluate_structures(const EvaluateOptions &options) {
  const PotentialPointer potential = read_potential_file(options.potential);
  AtomReadOptions reading;
  reading.type_elements = options.elements;
  std::vector<Atoms> frames = read_atoms(options.structure, reading);
  const Evaluator evaluate(options, potential);
  for (std::size_t f = 0; f < frames.size(); ++f) {
    check_elements(evaluate.where(f), *potential, frames[f]);
  }
  std::string text;
  for (std::size_t first = 0; first < frames.size();) {
    std::size_t last = first;
    std::size_t atoms = 0;
    do {
      atoms += frames[last++].size();
    } while (last < frames.size() && last - first < kMostFrames && frames[last].elements == frames[first].elements &&
             atoms + frames[last].size() <= kMostAtoms);
    evaluate(std::span(frames).subspan(first, last - first), first);
    for (; first < last; ++first) {
      const std::string frame = extended_xyz_text(frames[first]);
      if (options.out.empty()) {
        std::cout << frame;
      } else {
        text += frame;
      }
      frames[first] = {};
    }
  }
  if (!options.out.empty()) {
    write_file_atomically(options.out, text);
    log_info(fmt::format("energies and forces of {} {} written to {}", frames.size(), frames.size() == 1 ? "frame" : "frames",
                         options.out.string()));
  }
}

std::string describe_potentials() {
  std::string text;
  for (const PotentialKind &kind : potential_kinds()) {
    text += fmt::format("{:<20}  {}\n{:<20}  {}\n", kind.kind, kind.description, "", kind.files);
  }
  text += "A potential is an object {\"kind\": …} in a preset, or in a JSON file of its own; paths are relative to it.\n";
  return text;
}

} // namespace zener
