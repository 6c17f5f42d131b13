#include "host/neutral/atom_files.hpp"

#include "host/neutral/atom_files_parts.hpp"
#include "host/neutral/elements.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <numeric>

namespace zener {
namespace atom_files {
namespace {

Vector3 cross(const Vector3 &a, const Vector3 &b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
double dot(const Vector3 &a, const Vector3 &b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
double norm(const Vector3 &a) { return std::sqrt(dot(a, a)); }

// A unit vector perpendicular to those of the cell that are not zero.
Vector3 perpendicular(const Matrix3 &h, std::size_t missing) {
  const Vector3 &a = h[(missing + 1) % 3];
  const Vector3 &b = h[(missing + 2) % 3];
  Vector3 best = cross(a, b);
  if (norm(a) == 0.0 || norm(b) == 0.0) {
    const Vector3 &known = norm(a) > 0.0 ? a : b;
    best = {missing == 0 ? 1.0 : 0.0, missing == 1 ? 1.0 : 0.0, missing == 2 ? 1.0 : 0.0};
    if (norm(known) > 0.0) {
      // The axis of this direction, or the next, made perpendicular to the one vector there is.
      for (std::size_t k = 0; k < 3; ++k) {
        Vector3 axis{};
        axis[(missing + k) % 3] = 1.0;
        const double along = dot(axis, known) / dot(known, known);
        for (std::size_t d = 0; d < 3; ++d) {
          best[d] = axis[d] - along * known[d];
        }
        if (norm(best) > 0.5) {
          break;
        }
      }
    }
  }
  const double length = norm(best);
  return {best[0] / length, best[1] / length, best[2] / length};
}

void complete_cell(const TextLines &lines, Atoms &atoms) {
  Matrix3 &h = atoms.cell.vectors;
  for (std::size_t k = 0; k < 3; ++k) {
    if (norm(h[k]) == 0.0 && atoms.cell.periodic[k]) {
      lines.refuse(fmt::format("direction {} is periodic, but its vector of the cell is zero or missing", "abc"[k]));
    }
  }
  for (std::size_t k = 0; k < 3; ++k) {
    if (norm(h[k]) == 0.0) {
      const Vector3 n = perpendicular(h, k);
      double low = 0.0;
      double high = 1.0;
      for (std::size_t i = 0; i < atoms.size(); ++i) {
        const double along = dot(atoms.position_A[i], n);
        low = i == 0 ? along : std::min(low, along);
        high = i == 0 ? along : std::max(high, along);
      }
      const double length = std::max(high - low, 1.0);
      h[k] = {n[0] * length, n[1] * length, n[2] * length};
    }
  }
  const double product = norm(h[0]) * norm(h[1]) * norm(h[2]);
  const double cell_volume = volume(atoms.cell);
  if (!(cell_volume > 1e-6 * product) || !(product > 1e-60)) {
    lines.refuse(fmt::format("the vectors of the cell span {} A^3, they lie (nearly) in a plane", number_text(cell_volume)));
  }
}

void check_ids(const TextLines &lines, const Frame &frame) {
  const std::vector<std::int64_t> &id = frame.atoms.id;
  if (id.empty() || std::is_sorted(id.begin(), id.end(), std::less_equal<>())) {
    return;
  }
  std::vector<std::size_t> order(id.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return id[a] != id[b] ? id[a] < id[b] : a < b; });
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (id[order[i]] == id[order[i - 1]]) {
      lines.refuse_at(frame.lines[order[i]],
                      fmt::format("the atom {} is there twice, first in line {}", id[order[i]], frame.lines[order[i - 1]]));
    }
  }
}

// Numbers that sums and products would carry out of the range of double are no atoms of this world.
void check_sizes(const TextLines &lines, const Frame &frame) {
  constexpr double kMost = 1e60;
  const auto check = [&](const auto &vectors, const char *what) {
    for (std::size_t i = 0; i < vectors.size(); ++i) {
      for (const double value : vectors[i]) {
        if (!(std::abs(value) <= kMost)) {
          lines.refuse_at(i < frame.lines.size() ? frame.lines[i] : lines.number(),
                          fmt::format("{} is {}, which is no number of atoms", what, number_text(value)));
        }
      }
    }
  };
  const Atoms &atoms = frame.atoms;
  check(atoms.position_A, "a position");
  check(atoms.velocity_A_ps, "a velocity");
  check(atoms.force_eV_A, "a force");
  check(std::array<std::array<double, 1>, 1>{{{atoms.total_energy_eV}}}, "the energy");
  check(atoms.virial_eV, "the virial");
  check(atoms.cell.vectors, "a vector of the cell");
}

// Atoms that all lie within 1 A of the origin cannot be atoms of a solid: more than 8 of them would overlap.
void check_fractions(const TextLines &lines, const Frame &frame) {
  const Atoms &atoms = frame.atoms;
  const Vector3 thickness = thicknesses(atoms.cell);
  const bool large = std::any_of(thickness.begin(), thickness.end(), [](double t) { return t > 5.0; });
  const bool small = std::all_of(atoms.position_A.begin(), atoms.position_A.end(), [](const Vector3 &x) {
    return std::all_of(x.begin(), x.end(), [](double value) { return std::abs(value) <= 1.0; });
  });
  if (large && small && atoms.size() > 8) {
    lines.refuse_at(
        frame.lines[0],
        fmt::format("all {} coordinates lie between -1 and 1 in a cell of {:.4g} A: they look like fractions of the "
                    "cell; this file needs Cartesian coordinates in A",
                    atoms.size(), *std::max_element(thickness.begin(), thickness.end())));
  }
}

} // namespace

std::int64_t atom_count(const TextLines &lines, std::string_view word, std::string_view what, std::int64_t least,
                        std::int64_t most) {
  const std::int64_t count = lines.integer(word, what, least, most);
  const auto bytes = static_cast<std::int64_t>(lines.bytes_left());
  if (count > bytes / kLeastBytesOfAtom + 1) {
    lines.refuse(fmt::format("{} is {}, but only {} bytes follow: the file is not whole", what, count, bytes));
  }
  return count;
}

void check_element(const TextLines &lines, std::string_view symbol) {
  if (atomic_number(symbol)) {
    return;
  }
  std::string hint;
  std::string upper = lowered(symbol);
  if (!upper.empty()) {
    upper[0] = static_cast<char>(upper[0] >= 'a' && upper[0] <= 'z' ? upper[0] - 'a' + 'A' : upper[0]);
  }
  if (atomic_number(upper)) {
    hint = " (did you mean " + in_quotes(upper) + "?)";
  }
  lines.refuse(fmt::format("{} is no symbol of an element{}", in_quotes(symbol), hint));
}

double mass_of(const Atoms &atoms, std::size_t type) {
  return atoms.mass_amu.empty() ? atomic_mass_amu(atomic_number(atoms.elements[type]).value()) : atoms.mass_amu[type];
}

void take_masses(const TextLines &lines, Atoms &atoms, const std::vector<double> &mass_of_atom) {
  std::vector<double> masses(atoms.elements.size(), 0.0);
  for (std::size_t i = 0; i < mass_of_atom.size(); ++i) {
    double &mass = masses[static_cast<std::size_t>(atoms.type[i])];
    const std::string &element = atoms.elements[static_cast<std::size_t>(atoms.type[i])];
    if (!(mass_of_atom[i] > 1e-6 && mass_of_atom[i] < 1e6)) {
      lines.refuse(fmt::format("the mass of an atom {} is {}, a positive number (amu) is expected", element, mass_of_atom[i]));
    }
    if (mass != 0.0 && mass != mass_of_atom[i]) {
      lines.refuse(fmt::format("atoms {} have masses of {} and {}; all atoms of an element need one mass", element,
                               number_text(mass), number_text(mass_of_atom[i])));
    }
    mass = mass_of_atom[i];
  }
  bool usual = true;
  for (std::size_t t = 0; t < masses.size(); ++t) {
    const std::optional<int> number = atomic_number(atoms.elements[t]);
    if (masses[t] == 0.0 && number) {
      masses[t] = atomic_mass_amu(*number);
    }
    usual = usual && number && masses[t] == atomic_mass_amu(*number);
  }
  atoms.mass_amu = usual ? std::vector<double>() : masses;
}

void finish(const TextLines &lines, Frame &frame, const FrameOptions &options, bool may_be_fractional) {
  check_sizes(lines, frame);
  complete_cell(lines, frame.atoms);
  check_ids(lines, frame);
  if (may_be_fractional && !options.lattice_sites) {
    check_fractions(lines, frame);
  }
}

void sort_by_id(Frame &frame) {
  Atoms &atoms = frame.atoms;
  if (atoms.id.empty() || std::is_sorted(atoms.id.begin(), atoms.id.end())) {
    return;
  }
  std::vector<std::size_t> order(atoms.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return atoms.id[a] < atoms.id[b]; });
  const auto sorted = [&](auto &values, std::size_t width) {
    if (!values.empty()) {
      auto old = values;
      for (std::size_t i = 0; i < order.size(); ++i) {
        for (std::size_t k = 0; k < width; ++k) {
          values[i * width + k] = std::move(old[order[i] * width + k]);
        }
      }
    }
  };
  sorted(atoms.type, 1);
  sorted(atoms.position_A, 1);
  sorted(atoms.velocity_A_ps, 1);
  sorted(atoms.image, 1);
  sorted(atoms.force_eV_A, 1);
  sorted(atoms.energy_eV, 1);
  sorted(atoms.id, 1);
  sorted(frame.lines, 1);
  for (AtomColumn &column : atoms.columns) {
    std::visit([&](auto &values) { sorted(values, static_cast<std::size_t>(column.width)); }, column.values);
  }
}

std::string pbc_text(const Cell &cell) {
  return fmt::format("pbc=\"{} {} {}\"", cell.periodic[0] ? 'T' : 'F', cell.periodic[1] ? 'T' : 'F',
                     cell.periodic[2] ? 'T' : 'F');
}

std::array<bool, 3> pbc_of_title(std::string_view title) {
  const std::size_t at = title.find("pbc=\"");
  std::array<bool, 3> periodic{true, true, true};
  if (at != std::string_view::npos && title.size() >= at + 11) {
    for (std::size_t k = 0; k < 3; ++k) {
      periodic[k] = title[at + 5 + 2 * k] != 'F';
    }
  }
  return periodic;
}

void append_double(std::string &text, double value) {
  const std::size_t begin = text.size();
  append_number(text, value);
  if (text.find_first_of(".e", begin) == std::string::npos) {
    text += ".0";
  }
}

void append_columns(std::string &text, const Atoms &atoms, std::size_t i) {
  for (const AtomColumn &column : atoms.columns) {
    const auto width = static_cast<std::size_t>(column.width);
    for (std::size_t k = i * width; k < (i + 1) * width; ++k) {
      text += ' ';
      if (const auto *words = std::get_if<2>(&column.values); words != nullptr) {
        text += (*words)[k];
      } else if (const auto *integers = std::get_if<1>(&column.values); integers != nullptr) {
        append_number(text, (*integers)[k]);
      } else {
        append_double(text, std::get<0>(column.values)[k]);
      }
    }
  }
}

AtomColumn column_of_words(std::string name, int width, const std::vector<std::string_view> &words) {
  AtomColumn column;
  column.name = std::move(name);
  column.width = width;
  std::vector<std::int64_t> integers;
  std::int64_t integer = 0;
  if (std::all_of(words.begin(), words.end(), [&](std::string_view word) {
        const bool whole = to_integer(word, integer);
        integers.push_back(integer);
        return whole;
      })) {
    column.values = std::move(integers);
    return column;
  }
  std::vector<double> numbers;
  double number = 0.0;
  if (std::all_of(words.begin(), words.end(), [&](std::string_view word) {
        const bool whole = to_number(word, number);
        numbers.push_back(number);
        return whole;
      })) {
    column.values = std::move(numbers);
    return column;
  }
  column.values = std::vector<std::string>(words.begin(), words.end());
  return column;
}

bool is_column_name(std::string_view name) {
  return !name.empty() && std::none_of(name.begin(), name.end(), [](char c) {
    return is_space(c) || c == ':' || c == '"' || c == '\'' || c == '\\' || std::iscntrl(static_cast<unsigned char>(c)) != 0;
  });
}

bool is_word(std::string_view word) {
  return !word.empty() && std::none_of(word.begin(), word.end(),
                                       [](char c) { return is_space(c) || std::iscntrl(static_cast<unsigned char>(c)) != 0; });
}

void check_to_write(const Atoms &atoms) {
  const std::size_t n = atoms.size();
  const auto fits = [n](std::size_t size) { return size == 0 || size == n; };
  const bool types = std::all_of(atoms.type.begin(), atoms.type.end(),
                                 [&](std::int32_t t) { return t >= 0 && static_cast<std::size_t>(t) < atoms.elements.size(); });
  const bool masses = atoms.mass_amu.empty() || atoms.mass_amu.size() == atoms.elements.size();
  const bool columns = std::all_of(atoms.columns.begin(), atoms.columns.end(), [n](const AtomColumn &column) {
    return is_column_name(column.name) && column.width > 0 &&
           std::visit([](const auto &v) { return v.size(); }, column.values) == n * static_cast<std::size_t>(column.width);
  });
  if (n == 0 || atoms.type.size() != n || !types || !masses || !columns || !fits(atoms.velocity_A_ps.size()) ||
      !fits(atoms.image.size()) || !fits(atoms.force_eV_A.size()) || !fits(atoms.energy_eV.size()) || !fits(atoms.id.size())) {
    throw InvariantError(fmt::format(
        "{} atoms to be written have columns of other lengths, names that cannot be used or types without elements", n));
  }
}

} // namespace atom_files

namespace {

using atom_files::Frame;
using atom_files::FrameOptions;

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 36;

AtomFormat format_of(const std::filesystem::path &file) {
  const std::string name = file.filename().string();
  const std::string extension = lowered(file.extension().string());
  if (name.starts_with("POSCAR") || name.starts_with("CONTCAR") || extension == ".vasp" || extension == ".poscar") {
    return AtomFormat::poscar;
  }
  if (extension == ".xyz" || extension == ".extxyz") {
    return AtomFormat::extended_xyz;
  }
  if (extension == ".data" || extension == ".lmp") {
    return AtomFormat::lammps_data;
  }
  if (extension == ".dump" || extension == ".lammpstrj") {
    return AtomFormat::lammps_dump;
  }
  return AtomFormat::automatic;
}

// By the first lines.
AtomFormat format_of(std::string_view text, const std::string &name) {
  if (text.starts_with("ITEM:")) {
    return AtomFormat::lammps_dump;
  }
  TextLines lines(text, name);
  std::int64_t count = 0;
  if (lines.more() && to_integer(trimmed(lines.next("")), count)) {
    return AtomFormat::extended_xyz;
  }
  if (lines.more()) {
    double scale = 0.0;
    const std::vector<std::string_view> second = split_words(lines.next(""));
    if (second.size() == 1 && to_number(second[0], scale)) {
      return AtomFormat::poscar;
    }
  }
  const std::string head = lowered(text.substr(0, 4096));
  if (head.find("xlo") != std::string::npos && head.find("atoms") != std::string::npos) {
    return AtomFormat::lammps_data;
  }
  throw DataError(fmt::format("{}: this is neither extended XYZ (the number of atoms alone in the first line), LAMMPS data, "
                              "LAMMPS dump text (\"ITEM: TIMESTEP\") nor POSCAR",
                              name));
}

// What a dump said, or the number of the frame.
std::int64_t timestep_of(const Atoms &atoms, std::int64_t otherwise) {
  for (const auto &[key, value] : atoms.info) {
    const auto *step = std::get_if<std::int64_t>(&value);
    if (key == "timestep" && step != nullptr) {
      return *step;
    }
  }
  return otherwise;
}

} // namespace

std::vector<Atoms> parse_atoms(std::string_view text, const std::string &name, const AtomReadOptions &options) {
  AtomFormat format = options.format == AtomFormat::automatic ? format_of(std::filesystem::path(name)) : options.format;
  if (format == AtomFormat::automatic) {
    format = format_of(text, name);
  }
  TextLines lines(text, name);
  FrameOptions frame_options;
  frame_options.type_elements = options.type_elements;
  std::vector<TextLines::Mark> frames(1);
  if (format == AtomFormat::extended_xyz) {
    frames = atom_files::extended_xyz_frames(lines);
  } else if (format == AtomFormat::lammps_dump) {
    frames = atom_files::lammps_dump_frames(lines);
  }
  const auto count = static_cast<std::int64_t>(frames.size());
  const std::int64_t first = options.first < 0 ? options.first + count : options.first;
  const std::int64_t last = options.last < 0 ? options.last + count : options.last;
  if (first < 0 || last < first || last >= count) {
    throw DataError(fmt::format("{}: frames {} to {} are asked for, the file has {} (0 to {}, or -{} to -1 from the end)", name,
                                options.first, options.last, count, count - 1, count));
  }
  std::vector<Atoms> out;
  for (std::int64_t f = first; f <= last; ++f) {
    lines.go_back(frames[static_cast<std::size_t>(f)]);
    switch (format) {
    case AtomFormat::extended_xyz:
      out.push_back(atom_files::read_extended_xyz(lines, frame_options).atoms);
      break;
    case AtomFormat::lammps_dump:
      out.push_back(atom_files::read_lammps_dump(lines, frame_options).atoms);
      break;
    case AtomFormat::lammps_data:
      out.push_back(atom_files::read_lammps_data(lines, frame_options).atoms);
      break;
    default:
      out.push_back(atom_files::read_poscar(lines, frame_options).atoms);
    }
  }
  return out;
}

std::vector<Atoms> read_atoms(const std::filesystem::path &file, const AtomReadOptions &options) {
  return parse_atoms(read_file(file, kMostBytes), file.string(), options);
}

void write_atoms(const std::filesystem::path &file, std::span<const Atoms> frames, AtomFormat format) {
  if (format == AtomFormat::automatic) {
    format = format_of(file);
  }
  if (frames.empty()) {
    throw InvariantError("no frame to be written to " + file.string());
  }
  if (frames.size() > 1 && (format == AtomFormat::lammps_data || format == AtomFormat::poscar)) {
    throw DataError(fmt::format("{}: {} frames do not fit into this format, which holds one; use .xyz or .dump", file.string(),
                                frames.size()));
  }
  std::string text;
  for (std::size_t f = 0; f < frames.size(); ++f) {
    switch (format) {
    case AtomFormat::extended_xyz:
      text += extended_xyz_text(frames[f]);
      break;
    case AtomFormat::lammps_dump:
      text += lammps_dump_text(frames[f], timestep_of(frames[f], static_cast<std::int64_t>(f)));
      break;
    case AtomFormat::lammps_data:
      text += lammps_data_text(frames[f]);
      break;
    case AtomFormat::poscar:
      text += poscar_text(frames[f]);
      break;
    default:
      throw DataError(fmt::format("{}: the name does not say which format to write; allowed: .xyz .extxyz .data .lmp .dump "
                                  ".lammpstrj .vasp POSCAR CONTCAR",
                                  file.string()));
    }
  }
  write_file_atomically(file, text);
}

} // namespace zener
