// Trajectories frame by frame: extended XYZ and LAMMPS dump text (a frame at a time is in memory) and H5MD; and the same as a
// sequence that an analysis can use: the same atoms in the same order, unwrapped, at equal distances in time, with velocities.
#pragma once

#include "host/neutral/atom_files.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace zener {

struct TrajectoryFile {
  std::filesystem::path file;
  AtomFormat format = AtomFormat::automatic; // by name (.h5 and .h5md: H5MD), else by the first bytes
  std::vector<std::string> type_elements;    // of the types 1, 2, … where the file names none
};

class TrajectoryReader {
public:
  // Throws DataError when the file cannot be opened or is none of the three formats.
  explicit TrajectoryReader(const TrajectoryFile &file);
  TrajectoryReader(TrajectoryReader &&) noexcept;
  ~TrajectoryReader();
  // The next frame, or none at the end. Throws DataError with file and line (object).
  std::optional<Atoms> next();

private:
  struct State;
  std::unique_ptr<State> state_;
};

struct FrameChoice {
  TrajectoryFile trajectory;
  std::int64_t first = 0;           // frames before it are left out
  std::optional<std::int64_t> last; // and those after it
  std::int64_t every = 1;
  std::optional<double> interval_ps; // between two frames of the file
  bool nearest_image = false;        // unwrap by the nearest image of the frame before
  bool want_velocities = false;
  bool velocities_by_differences = false; // central ones: the first and the last frame are left out
  bool constant_cell = true;              // refuse cells that change
  bool paths = true;                      // positions must go on from frame to frame; else wrapped ones are taken as they are
};

// The frames chosen. Throws DataError, with one sentence that names file and frame, for atoms that come and go or change their
// element, for positions that are wrapped into the cell without images, for uneven times and times that are not known, for
// missing velocities, and for cells that change where they may not.
class FrameSequence {
public:
  explicit FrameSequence(FrameChoice choice);
  std::optional<Atoms> next();
  // Between the frames that next() gives; known from the second frame read on (0 before).
  double interval_ps() const { return interval_ps_ * static_cast<double>(choice_.every); }
  std::int64_t frames() const { return given_; }

private:
  std::optional<Atoms> read();
  [[noreturn]] void refuse(const std::string &what) const;
  void same_atoms(Atoms &atoms);
  void check_time(const Atoms &atoms);
  void check_cell(const Atoms &atoms) const;
  void unwrap(Atoms &atoms);

  FrameChoice choice_;
  TrajectoryReader reader_;
  std::int64_t frame_ = -1; // of the file, read last
  std::int64_t taken_ = 0, given_ = 0;
  double interval_ps_ = 0.0; // between frames of the file
  std::optional<double> time_ps_;
  std::optional<std::int64_t> step_, steps_;
  std::optional<Atoms> first_;            // as it was read
  std::vector<Vector3> last_, unwrapped_; // positions of the frame before, as read and unwrapped
  std::optional<Atoms> before_, current_; // for differences
};

} // namespace zener
