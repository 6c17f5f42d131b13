// The readers of users' files as the fuzzer and the test of its corpus call them. A new reader is one line of kFuzzedReaders.
#pragma once

#include "host/neutral/atom_files.hpp"
#include "host/neutral/defects_preset.hpp"
#include "host/neutral/elastic_preset.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/json_document.hpp"
#include "host/neutral/lattice_preset.hpp"
#include "host/neutral/md_preset.hpp"
#include "host/neutral/network_file.hpp"
#include "host/neutral/npy.hpp"
#include "host/neutral/relax_preset.hpp"
#include "host/neutral/schema.hpp"
#include "host/neutral/structure_builder.hpp"
#include "host/neutral/train_preset.hpp"
#include "host/neutral/trajectory_reader.hpp"
#include "kernels/potentials/eam/eam_model.hpp"
#include "kernels/potentials/nep/nep_model.hpp"
#include "kernels/potentials/snap/snap_model.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace zener::test {

// What was read must be whole, and come back equal when it is written.
inline void check_frame(const Atoms &atoms) {
  const auto broken = [](const char *what) { throw std::logic_error(what); };
  const std::size_t n = atoms.size();
  const auto fits = [n](std::size_t size) { return size == 0 || size == n; };
  if (n == 0 || atoms.type.size() != n || !fits(atoms.velocity_A_ps.size()) || !fits(atoms.force_eV_A.size()) ||
      !fits(atoms.id.size()) || !fits(atoms.image.size()) || !(volume(atoms.cell) > 0.0)) {
    broken("a frame that was read is not whole");
  }
  const auto symbols = [](const Atoms &frame) {
    std::vector<std::string> out;
    for (const std::int32_t type : frame.type) {
      out.push_back(frame.elements[static_cast<std::size_t>(type)]);
    }
    return out;
  };
  const std::vector<Atoms> again = parse_atoms(extended_xyz_text(atoms), "again.xyz", {});
  if (again.size() != 1 || again[0].position_A != atoms.position_A || symbols(again[0]) != symbols(atoms) ||
      again[0].velocity_A_ps != atoms.velocity_A_ps || again[0].id != atoms.id || again[0].force_eV_A != atoms.force_eV_A ||
      again[0].cell.vectors != atoms.cell.vectors) {
    broken("a frame that was read does not come back equal from extended XYZ");
  }
}

inline void fuzz_atoms(std::string_view text, AtomFormat format) {
  AtomReadOptions options;
  options.format = format;
  const std::string name = "fuzzed";
  if (text.size() % 2 == 1 && format != AtomFormat::extended_xyz) {
    options.type_elements = {"W", "Re", "H"};
  }
  for (const Atoms &atoms : parse_atoms(text, name, options)) {
    check_frame(atoms);
  }
}

// Both files of a SNAP potential: parameters, a line "%%", coefficients.
inline void fuzz_snap(std::string_view text) {
  const std::size_t cut = text.find("%%\n");
  parse_snap(cut == std::string_view::npos ? "" : text.substr(cut + 3), "coefficients", text.substr(0, cut), "parameters");
}

// No file is read: this folder is not there.
inline constexpr const char *kNoFolder = "/nowhere";

// The object `structure` of a preset, built where it is small.
inline void fuzz_structure(std::string_view text) {
  const nlohmann::json document = parse_json(text, "input", JsonUse::preset);
  if (!document.is_object()) {
    return;
  }
  ObjectReader keys(document, "input", JsonUse::preset);
  const StructureSpec spec = read_structure(keys, std::string(kNoFolder) + "/preset.json", 1);
  std::int64_t size = std::int64_t{spec.cells[0]} * spec.cells[1] * spec.cells[2];
  for (const std::array<int, 3> &direction : spec.orientation.value_or(std::array<std::array<int, 3>, 3>{})) {
    size *= 1 + std::abs(direction[0]) + std::abs(direction[1]) + std::abs(direction[2]);
  }
  if (spec.file.empty() && size <= 1000) {
    check_frame(build_structure(spec));
  }
}

// A preset of a driver with moving atoms, or of train_barriers: what is read has its keys written out, and is read again.
inline void fuzz_atoms_preset(std::string_view text) {
  const nlohmann::json document = parse_json(text, "input", JsonUse::preset);
  const std::string driver = driver_of(document, "input");
  const auto read = [&](auto reader) {
    validate(document, schema_of(driver), "input");
    const std::filesystem::path file = std::string(kNoFolder) + "/preset.json";
    const nlohmann::json keys = resolved(reader(document, file, nullptr));
    if (resolved(reader(keys, file, nullptr)) != keys) {
      throw std::logic_error("a preset that was read does not come back equal");
    }
  };
  if (driver == "md") {
    read(read_md_preset);
  } else if (driver == "relax") {
    read(read_relax_preset);
  } else if (driver == "elastic") {
    read(read_elastic_preset);
  } else if (driver == "lattice_parameter") {
    read(read_lattice_preset);
  } else if (driver == "defects") {
    read(read_defects_preset);
  } else if (driver == "train_barriers") {
    read(read_train_preset);
  }
}

// Every element of an array that is read is there.
inline void fuzz_npy(std::string_view text) {
  const NpyArray array = parse_npy(std::string(text), "input");
  double sum = 0.0;
  for (std::uint64_t i = 0; i < array.size(); ++i) {
    sum += array[i];
  }
  if (array.size() == 0 && sum != 0.0) {
    throw std::logic_error("an empty array has elements");
  }
}

// Frames as an analysis asks for them, whichever way the length says: as many atoms in all of them, with what was asked for.
inline void fuzz_trajectory(std::string_view text) {
  char name[] = "/tmp/zener-fuzz-XXXXXX";
  const int opened = mkstemp(name);
  const std::unique_ptr<char, void (*)(char *)> removed(name, [](char *path) { (void)std::remove(path); });
  if (opened < 0 || write(opened, text.data(), text.size()) != static_cast<ssize_t>(text.size()) || close(opened) != 0) {
    throw std::runtime_error("no temporary file can be written");
  }
  FrameChoice choice;
  choice.trajectory.file = name;
  choice.trajectory.type_elements = {"W", "Re", "H"};
  choice.nearest_image = text.size() % 2 == 1;
  choice.want_velocities = text.size() / 2 % 2 == 1;
  choice.velocities_by_differences = choice.want_velocities && text.size() / 4 % 2 == 1;
  choice.constant_cell = choice.velocities_by_differences || text.size() / 8 % 2 == 1;
  choice.interval_ps = text.size() / 16 % 2 == 1 ? std::optional<double>(0.5) : std::nullopt;
  FrameSequence frames(choice);
  std::optional<std::size_t> atoms;
  while (const std::optional<Atoms> frame = frames.next()) {
    const bool sure = atoms.value_or(frame->size()) == frame->size() && frame->size() > 0 &&
                      (!choice.want_velocities || frame->velocity_A_ps.size() == frame->size()) &&
                      (frames.frames() < 2 || frames.interval_ps() > 0.0);
    for (const Vector3 &x : frame->position_A) {
      if (!sure || !std::isfinite(x[0] + x[1] + x[2])) {
        throw std::logic_error("a frame of a trajectory is not whole");
      }
    }
    atoms = frame->size();
  }
}

struct FuzzedReader {
  const char *name; // of the folder with its corpus
  void (*read)(std::string_view);
};

inline constexpr std::array<FuzzedReader, 15> kFuzzedReaders{{
    {"extended_xyz", [](std::string_view text) { fuzz_atoms(text, AtomFormat::extended_xyz); }},
    {"lammps_data", [](std::string_view text) { fuzz_atoms(text, AtomFormat::lammps_data); }},
    {"lammps_dump", [](std::string_view text) { fuzz_atoms(text, AtomFormat::lammps_dump); }},
    {"poscar", [](std::string_view text) { fuzz_atoms(text, AtomFormat::poscar); }},
    {"any_atoms", [](std::string_view text) { fuzz_atoms(text, AtomFormat::automatic); }},
    {"eam_alloy", [](std::string_view text) { parse_eam(text, "input", false); }},
    {"eam_fs", [](std::string_view text) { parse_eam(text, "input", true); }},
    {"snap", fuzz_snap},
    {"nep", [](std::string_view text) { parse_nep(text, "input"); }},
    {"potential", [](std::string_view text) { parse_potential(text, kNoFolder, "input"); }},
    {"structure", fuzz_structure},
    {"atoms_preset", fuzz_atoms_preset},
    {"npy", fuzz_npy},
    {"trajectory", fuzz_trajectory},
    {"network", [](std::string_view text) { network_from_safetensors(parse_safetensors(text, "input"), "input"); }},
}};

// Reads bytes; an error of the user's data is what is allowed, every other exception leaves.
inline void read_fuzzed(const FuzzedReader &reader, std::string_view bytes) {
  try {
    reader.read(bytes);
  } catch (const DataError &) {
  } catch (const ConfigError &) {
  }
}

} // namespace zener::test
