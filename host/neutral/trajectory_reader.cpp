#include "host/neutral/trajectory_reader.hpp"

#include "host/neutral/atom_files_parts.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/text.hpp"
#include "host/neutral/trajectory_h5md.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <map>

namespace zener {
namespace {

constexpr std::int64_t kMostBytesOfFrames = std::int64_t{16} << 20; // of H5MD, read at once
constexpr double kTimeTolerance = 1e-3;                             // of an interval; times are often printed with few digits
constexpr double kCellTolerance = 1e-6;                             // of the longest vector

enum class Kind { extended_xyz, dump, h5md };

Kind kind_of(const TrajectoryFile &given, std::string_view head) {
  const std::string extension = lowered(given.file.extension().string());
  if (given.format == AtomFormat::extended_xyz) {
    return Kind::extended_xyz;
  }
  if (given.format == AtomFormat::lammps_dump) {
    return Kind::dump;
  }
  if (extension == ".h5" || extension == ".h5md" || extension == ".hdf5" || head.starts_with("\x89HDF")) {
    return Kind::h5md;
  }
  if (head.starts_with("ITEM:")) {
    return Kind::dump;
  }
  std::int64_t count = 0;
  if (extension == ".xyz" || extension == ".extxyz" || to_integer(trimmed(head.substr(0, head.find('\n'))), count)) {
    return Kind::extended_xyz;
  }
  throw DataError(given.file.string() + ": this is neither extended XYZ (the number of atoms alone in the first line), LAMMPS "
                                        "dump text (\"ITEM: TIMESTEP\") nor H5MD");
}

// A value of the frame's comment or head as a number.
std::optional<double> number_of(const Atoms &atoms, std::initializer_list<const char *> names) {
  for (const char *name : names) {
    for (const auto &[key, value] : atoms.info) {
      if (key == name) {
        if (const auto *real = std::get_if<double>(&value)) {
          return *real;
        }
        if (const auto *whole = std::get_if<std::int64_t>(&value)) {
          return static_cast<double>(*whole);
        }
      }
    }
  }
  return std::nullopt;
}

double longest(const Cell &cell) {
  double out = 0.0;
  for (const Vector3 &v : cell.vectors) {
    out = std::max(out, std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]));
  }
  return out;
}

} // namespace

struct TrajectoryReader::State {
  TrajectoryFile given;
  std::string name;
  Kind kind = Kind::extended_xyz;
  std::ifstream stream;
  std::uintmax_t bytes = 0;        // of the file
  std::size_t lines = 0;           // before the next frame
  std::optional<std::string> kept; // a line that was read and belongs to the next frame
  std::int64_t h5_frames = 0, h5_next = 0;
  std::vector<Atoms> h5_read; // backwards

  bool get(std::string &line) {
    if (kept) {
      line = std::move(*kept);
      kept.reset();
      return true;
    }
    if (!std::getline(stream, line)) {
      if (stream.bad()) {
        throw DataError(name + ": it cannot be read: " + std::strerror(errno));
      }
      return false;
    }
    return true;
  }

  // The text of the next frame of extended XYZ: as many lines as its first one says, or what there is.
  std::string xyz_text() {
    std::string text, line;
    while (get(line) && trimmed(line).empty()) {
      ++lines;
    }
    if (trimmed(line).empty()) {
      return {};
    }
    text = line + "\n";
    std::int64_t atoms = 0;
    const bool counted = to_integer(trimmed(line), atoms) && atoms > 0 &&
                         static_cast<std::uintmax_t>(atoms) < bytes / atom_files::kLeastBytesOfAtom + 1;
    for (std::int64_t i = 0; counted && i <= atoms && get(line); ++i) {
      text += line + "\n";
    }
    return text;
  }

  // Of a dump: all lines until one with ITEM that follows the atoms.
  std::string dump_text() {
    std::string text, line;
    bool atoms = false;
    while (get(line)) {
      const bool item = line.starts_with("ITEM:");
      if (atoms && item) {
        kept = std::move(line);
        break;
      }
      atoms = atoms || line.starts_with("ITEM: ATOMS");
      if (text.empty() && trimmed(line).empty()) {
        ++lines;
        continue;
      }
      text += line + "\n";
    }
    return text;
  }

  std::optional<Atoms> next_text() {
    const std::string text = kind == Kind::dump ? dump_text() : xyz_text();
    if (text.empty()) {
      return std::nullopt;
    }
    TextLines view(text, name);
    view.go_back({0, lines});
    atom_files::FrameOptions options;
    options.type_elements = given.type_elements;
    const bool dump = kind == Kind::dump;
    Atoms atoms = (dump ? atom_files::read_lammps_dump(view, options) : atom_files::read_extended_xyz(view, options)).atoms;
    for (auto &[key, value] : atoms.info) {
      if (dump && key == "time") { // in "metal" units; extended XYZ of others may mean anything by that name
        key = "time_ps";
      }
    }
    lines += static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    return atoms;
  }

  std::optional<Atoms> next_h5() {
    if (h5_read.empty() && h5_next < h5_frames) {
      H5mdReadOptions options;
      options.type_elements = given.type_elements;
      options.first = h5_next;
      const std::int64_t each = h5_bytes > 0 ? std::max<std::int64_t>(1, kMostBytesOfFrames / h5_bytes) : 1;
      options.last = std::min(h5_frames, h5_next + each) - 1;
      h5_read = read_h5md(given.file, options);
      h5_bytes = static_cast<std::int64_t>(h5_read.front().size() * 2 * sizeof(Vector3) * 2);
      h5_next = options.last + 1;
      std::reverse(h5_read.begin(), h5_read.end());
    }
    if (h5_read.empty()) {
      return std::nullopt;
    }
    Atoms atoms = std::move(h5_read.back());
    h5_read.pop_back();
    return atoms;
  }
  std::int64_t h5_bytes = 0; // of a frame, about
};

TrajectoryReader::TrajectoryReader(const TrajectoryFile &file) : state_(std::make_unique<State>()) {
  State &state = *state_;
  state.given = file;
  state.name = file.file.string();
  std::error_code error;
  if (!std::filesystem::is_regular_file(file.file, error)) {
    throw DataError(state.name +
                    (std::filesystem::exists(file.file, error) ? ": it is no regular file" : ": there is no such file"));
  }
  state.bytes = std::filesystem::file_size(file.file, error);
  state.stream.open(file.file, std::ios::binary);
  if (!state.stream) {
    throw DataError(state.name + ": it cannot be opened: " + std::strerror(errno));
  }
  std::string head(256, '\0');
  state.stream.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(state.stream.gcount()));
  state.stream.clear();
  state.stream.seekg(0);
  state.kind = kind_of(file, head);
  if (state.kind == Kind::h5md) {
    state.stream.close();
    state.h5_frames = h5md_frames(file.file);
  }
}

TrajectoryReader::TrajectoryReader(TrajectoryReader &&) noexcept = default;
TrajectoryReader::~TrajectoryReader() = default;

std::optional<Atoms> TrajectoryReader::next() { return state_->kind == Kind::h5md ? state_->next_h5() : state_->next_text(); }

FrameSequence::FrameSequence(FrameChoice choice) : choice_(std::move(choice)), reader_(choice_.trajectory) {
  if (choice_.interval_ps) {
    interval_ps_ = *choice_.interval_ps;
  }
}

void FrameSequence::refuse(const std::string &what) const {
  throw DataError(fmt::format("{}: frame {}: {}", choice_.trajectory.file.string(), frame_, what));
}

// Checks that the atoms are those of the first frame, and puts them into its order.
void FrameSequence::same_atoms(Atoms &atoms) {
  const Atoms &first = *first_;
  if (atoms.size() != first.size()) {
    refuse(fmt::format("it has {} atoms, the first one has {}; atoms that come and go cannot be followed", atoms.size(),
                       first.size()));
  }
  std::vector<std::size_t> from(atoms.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    from[i] = i;
  }
  if (atoms.id != first.id) {
    std::map<std::int64_t, std::size_t> places;
    for (std::size_t i = 0; i < atoms.id.size(); ++i) {
      places[atoms.id[i]] = i;
    }
    for (std::size_t i = 0; i < from.size(); ++i) {
      const auto at = first.id.empty() ? places.end() : places.find(first.id[i]);
      if (at == places.end()) {
        refuse(
            first.id.empty() || atoms.id.empty()
                ? "it has ids of atoms and the first one has none, or the other way round"
                : fmt::format("atom {} of the first one is not there; atoms that come and go cannot be followed", first.id[i]));
      }
      from[i] = at->second;
    }
    const auto reorder = [&](auto &values) {
      if (!values.empty()) {
        const auto old = values;
        for (std::size_t i = 0; i < from.size(); ++i) {
          values[i] = old[from[i]];
        }
      }
    };
    reorder(atoms.type);
    reorder(atoms.position_A);
    reorder(atoms.velocity_A_ps);
    reorder(atoms.image);
    reorder(atoms.id);
  }
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    const std::string &now = atoms.elements[static_cast<std::size_t>(atoms.type[i])];
    const std::string &then = first.elements[static_cast<std::size_t>(first.type[i])];
    if (now != then) {
      refuse(fmt::format("atom {} (from 0) is {}, in the first one it is {}; without ids atoms must keep their places", i, now,
                         then));
    }
  }
  atoms.elements = first.elements;
  atoms.type = first.type;
  atoms.mass_amu = first.mass_amu;
}

void FrameSequence::check_time(const Atoms &atoms) {
  const std::optional<double> time = number_of(atoms, {"time_ps"});
  const std::optional<double> number = number_of(atoms, {"step", "timestep"});
  const auto step = number ? std::optional<std::int64_t>(std::llround(*number)) : std::nullopt;
  const bool second = taken_ == 1;
  if (second && !choice_.interval_ps) {
    if (!time || !time_ps_) {
      refuse("neither the file nor the preset says how far two frames are apart in time; give frame_interval_ps");
    }
    interval_ps_ = (*time - *time_ps_) / static_cast<double>(choice_.every);
    if (!(interval_ps_ > 0.0)) {
      refuse(fmt::format("its time is {} ps, that of the frame before {} ps; times must grow", number_text(*time),
                         number_text(*time_ps_)));
    }
  }
  if (taken_ >= 1 && time && time_ps_) {
    const double met = *time - *time_ps_, wanted = interval_ps();
    if (std::abs(met - wanted) > kTimeTolerance * wanted + 1e-12 * std::abs(*time)) {
      refuse(fmt::format("it comes {} ps after the frame before, {} ps are expected ({}); frames must be equally far apart",
                         number_text(met), number_text(wanted),
                         choice_.interval_ps ? "frame_interval_ps" : "as between the first two"));
    }
  }
  if (taken_ >= 1 && step && step_) {
    const std::int64_t met = *step - *step_;
    if (second) {
      steps_ = met;
    }
    if (met != steps_.value_or(met) || met <= 0) {
      refuse(fmt::format("it comes {} steps after the frame before, {} are expected; frames must be equally far apart", met,
                         second ? std::string("1 or more") : std::to_string(*steps_)));
    }
  }
  time_ps_ = time;
  step_ = step;
}

void FrameSequence::check_cell(const Atoms &atoms) const {
  const double tolerance = kCellTolerance * longest(first_->cell);
  for (std::size_t v = 0; v < 3; ++v) {
    for (std::size_t d = 0; d < 3; ++d) {
      if (choice_.constant_cell && std::abs(atoms.cell.vectors[v][d] - first_->cell.vectors[v][d]) > tolerance) {
        refuse("its cell is not that of the first one; displacements (msd, velocities by differences) are for a constant cell");
      }
    }
  }
}

// Positions as an atom goes on from frame to frame.
void FrameSequence::unwrap(Atoms &atoms) {
  if (!atoms.image.empty()) {
    for (std::size_t i = 0; i < atoms.size(); ++i) {
      const Vector3 cells{static_cast<double>(atoms.image[i][0]), static_cast<double>(atoms.image[i][1]),
                          static_cast<double>(atoms.image[i][2])};
      const Vector3 shift = times(cells, atoms.cell.vectors);
      for (std::size_t d = 0; d < 3; ++d) {
        atoms.position_A[i][d] += shift[d];
      }
    }
    atoms.image.clear();
  }
  if (!choice_.paths && !choice_.nearest_image) {
    return;
  }
  const std::vector<Vector3> read = atoms.position_A;
  if (taken_ > 0) {
    const Matrix3 to_fractions = inverse(atoms.cell.vectors);
    for (std::size_t i = 0; i < atoms.size(); ++i) {
      Vector3 move{};
      for (std::size_t d = 0; d < 3; ++d) {
        move[d] = read[i][d] - last_[i][d];
      }
      const Vector3 s = times(move, to_fractions);
      if (std::abs(s[0]) < 0.5 && std::abs(s[1]) < 0.5 && std::abs(s[2]) < 0.5) {
        for (std::size_t d = 0; d < 3 && choice_.nearest_image; ++d) {
          atoms.position_A[i][d] = unwrapped_[i][d] + move[d];
        }
        continue;
      }
      Vector3 cells{};
      for (std::size_t d = 0; d < 3; ++d) {
        cells[d] = atoms.cell.periodic[d] ? std::round(s[d]) : 0.0;
        if (cells[d] != 0.0 && !choice_.nearest_image) {
          refuse(fmt::format("atom {} (from 0) moves {:.2f} of the cell along {} since the frame before: positions seem to be "
                             "wrapped into the cell, and there are no images; write unwrapped ones (xu yu zu, or ix iy iz), or "
                             "ask for \"unwrap\": \"nearest_image\"",
                             i, std::abs(s[d]), "abc"[d]));
        }
      }
      const Vector3 back = times(cells, atoms.cell.vectors);
      for (std::size_t d = 0; d < 3; ++d) {
        atoms.position_A[i][d] = choice_.nearest_image ? unwrapped_[i][d] + (move[d] - back[d]) : read[i][d];
      }
    }
  }
  last_ = read;
  if (choice_.nearest_image) {
    unwrapped_ = atoms.position_A;
  }
}

std::optional<Atoms> FrameSequence::read() {
  for (;;) {
    if (choice_.last && frame_ >= *choice_.last) {
      return std::nullopt;
    }
    std::optional<Atoms> atoms = reader_.next();
    if (!atoms) {
      return std::nullopt;
    }
    ++frame_;
    if (frame_ < choice_.first || (frame_ - choice_.first) % choice_.every != 0) {
      continue;
    }
    if (!first_) {
      first_ = *atoms;
    }
    same_atoms(*atoms);
    check_cell(*atoms);
    check_time(*atoms);
    unwrap(*atoms);
    ++taken_;
    return atoms;
  }
}

std::optional<Atoms> FrameSequence::next() {
  if (!choice_.velocities_by_differences) {
    std::optional<Atoms> atoms = read();
    if (atoms && choice_.want_velocities && atoms->velocity_A_ps.empty()) {
      refuse("it has no velocities, which an analysis needs; write them, or ask for \"velocities\": \"differences\"");
    }
    given_ += atoms ? 1 : 0;
    return atoms;
  }
  if (!before_) {
    before_ = read();
    current_ = before_ ? read() : std::nullopt;
  }
  std::optional<Atoms> after = current_ ? read() : std::nullopt;
  if (!after) {
    return std::nullopt;
  }
  Atoms out = *current_;
  out.velocity_A_ps.assign(out.size(), {});
  for (std::size_t i = 0; i < out.size(); ++i) {
    for (std::size_t d = 0; d < 3; ++d) {
      out.velocity_A_ps[i][d] = (after->position_A[i][d] - before_->position_A[i][d]) / (2.0 * interval_ps());
    }
  }
  before_ = std::move(current_);
  current_ = std::move(after);
  ++given_;
  return out;
}

} // namespace zener
