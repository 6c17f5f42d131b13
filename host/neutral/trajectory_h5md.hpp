// Trajectories as H5MD 1.1 (de Buyl, Colberg, Höfling, Comput. Phys. Commun. 185, 1546 (2014), doi:10.1016/j.cpc.2014.01.018;
// nongnu.org/h5md), with the module "units". N atoms in a fixed order, F frames:
//   /h5md                          version 1.1, author, creator
//   /particles/all/box             dimension, boundary ("periodic" or "none"); edges/value [F][3][3], rows a, b, c in A
//   /particles/all/position        value [F][N][3] in A, step [F], time [F] in ps; likewise velocity (A/ps), force (eV/A) and
//                                  image (cells crossed), whose step and time are the same datasets
//   /particles/all/species, id, mass    [N], once for all frames; species are numbered by the elements (HDF5 enumeration)
//   /observables/potential_energy [F] in eV, /observables/virial [F][3][3] in eV (atoms.hpp has its sign)
#pragma once

#include "host/neutral/atoms.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace zener {

struct H5mdOptions {
  bool single_precision = false; // of positions, velocities and forces
  int deflate = 0;               // 0 … 9
  std::uint64_t frames = 0;      // that are meant to be written, where it is known: no more room is taken
  std::string author = "unknown";
};

// Appends frames. A frame counts once its step is written, after all its values are on their way to the disk, and the file is
// kept in a state that readers can open at any time (HDF5's single-writer mode: h5py.File(f, "r", swmr=True)): a program that
// is killed loses at most the frame it was writing. Throws DataError that names file and reason.
class H5mdWriter {
public:
  // A new file in place of an old one. What `first` has (velocities, forces, images, energy, virial) every frame must have.
  static H5mdWriter create(const std::filesystem::path &file, const Atoms &first, const H5mdOptions &options = {});
  // Goes on with a file that this class wrote, whole or cut off: frames after `step` are dropped. The atoms must be those of
  // the file.
  static H5mdWriter resume(const std::filesystem::path &file, const Atoms &atoms, std::int64_t step);

  H5mdWriter(H5mdWriter &&) noexcept;
  H5mdWriter &operator=(H5mdWriter &&) noexcept;
  ~H5mdWriter();

  // Steps must grow.
  void append(const Atoms &atoms, std::int64_t step, double time_ps);
  std::int64_t frames() const;
  // Throws when the disk refuses; the destructor closes silently.
  void close();

private:
  struct State;
  explicit H5mdWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

struct H5mdReadOptions {
  std::vector<std::string> type_elements; // elements of species 1, 2, … of files that number them without names
  std::int64_t first = 0, last = -1;      // frames; negative counts from the end
};

// Frames of the group "all" of an H5MD file, or of its only group; info holds step and time_ps. Files of other programs may
// keep the box fixed, have edges of an orthogonal box, steps by an increment, or values at some steps only. Lengths without a
// unit are A. The library can crash on damaged files (h5.hpp). Throws DataError.
std::vector<Atoms> read_h5md(const std::filesystem::path &file, const H5mdReadOptions &options = {});
// How many frames of positions it has.
std::int64_t h5md_frames(const std::filesystem::path &file);

} // namespace zener
