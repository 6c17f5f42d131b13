#include "host/neutral/structure_files.hpp"

#include "host/neutral/atom_files_parts.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <set>
#include <string_view>

namespace zener {
namespace {

// The shortest text that reads back as the same number.
template <class T> void append(std::string &text, T value) {
  std::array<char, 32> number{};
  const auto end = std::to_chars(number.data(), number.data() + number.size(), value);
  text.append(number.data(), end.ptr);
}

bool is_name(std::string_view name) {
  return !name.empty() && std::isalpha(static_cast<unsigned char>(name[0])) != 0 &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; });
}

std::size_t sites_of(const LatticeConfiguration &c) {
  return static_cast<std::size_t>(sites_per_cell(c.structure)) * static_cast<std::size_t>(c.cells[0]) *
         static_cast<std::size_t>(c.cells[1]) * static_cast<std::size_t>(c.cells[2]);
}

std::size_t length(const SiteColumn &column) {
  return std::visit([](const auto &values) { return values.size(); }, column.values);
}

void check(const LatticeConfiguration &c) {
  const bool cells = std::all_of(c.cells.begin(), c.cells.end(), [](int n) { return n > 0 && n < (1 << 20); });
  if (!cells || !std::isfinite(c.lattice_constant_A) || c.lattice_constant_A <= 0.0 || c.occupancy.size() != sites_of(c)) {
    throw InvariantError("a configuration to be written has " + std::to_string(c.occupancy.size()) + " sites in " +
                         std::to_string(c.cells[0]) + " x " + std::to_string(c.cells[1]) + " x " + std::to_string(c.cells[2]) +
                         " cells of " + std::to_string(c.lattice_constant_A) + " A");
  }
  const auto wrong =
      std::find_if(c.occupancy.begin(), c.occupancy.end(), [&](std::uint8_t s) { return s > c.elements.size(); });
  if (wrong != c.occupancy.end()) {
    throw InvariantError("site " + std::to_string(wrong - c.occupancy.begin()) +
                         " of a configuration to be written holds code " + std::to_string(*wrong) + ", there are " +
                         std::to_string(c.elements.size()) + " elements");
  }
  std::set<std::string> names = {"species", "pos", "id", "type", "x", "y", "z", "element"};
  for (const SiteColumn &column : c.columns) {
    if (!is_name(column.name) || !names.insert(column.name).second || length(column) != c.occupancy.size()) {
      throw InvariantError("the column '" + column.name +
                           "' of a configuration to be written has a name that cannot be used or " +
                           std::to_string(length(column)) + " values for " + std::to_string(c.occupancy.size()) + " sites");
    }
  }
  std::set<std::string> keys = {"lattice", "properties", "pbc"};
  for (const auto &item : c.info) {
    if (!is_name(item.first) || !keys.insert(lowered(item.first)).second) {
      throw InvariantError("the key '" + item.first + "' of a configuration to be written cannot be used");
    }
  }
}

// Calls f(site, position) for each site that goes out, in the order of ids.
template <class F> void for_each_atom(const LatticeConfiguration &c, F f) {
  const double units = units_per_cell(c.structure);
  for (std::size_t site = 0; site < c.occupancy.size(); ++site) {
    if (c.occupancy[site] != 0 || c.show_vacancies) {
      const Offset at = site_coordinates(c.structure, c.cells, static_cast<std::int64_t>(site));
      const double a = c.lattice_constant_A;
      f(site, std::array<double, 3>{a * (at[0] / units), a * (at[1] / units), a * (at[2] / units)});
    }
  }
}

std::size_t atoms_of(const LatticeConfiguration &c) {
  const auto vacant = static_cast<std::size_t>(std::count(c.occupancy.begin(), c.occupancy.end(), std::uint8_t{0}));
  return c.occupancy.size() - (c.show_vacancies ? 0 : vacant);
}

const char *species(const LatticeConfiguration &c, std::size_t site) {
  const std::uint8_t code = c.occupancy[site];
  return code == 0 ? "X" : c.elements[code - 1U].c_str();
}

void append_columns(std::string &text, const LatticeConfiguration &c, std::size_t site) {
  for (const SiteColumn &column : c.columns) {
    text += ' ';
    std::visit([&](const auto &values) { append(text, values[site]); }, column.values);
  }
}

} // namespace

std::string extended_xyz(const LatticeConfiguration &c) {
  check(c);
  std::string text;
  append(text, atoms_of(c));
  text += "\nLattice=\"";
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t column = 0; column < 3; ++column) {
      text += row + column == 0 ? "" : " ";
      append(text, row == column ? c.lattice_constant_A * c.cells[row] : 0.0);
    }
  }
  text += "\" Properties=species:S:1:pos:R:3:id:I:1";
  for (const SiteColumn &column : c.columns) {
    text += ":" + column.name + (std::holds_alternative<std::vector<double>>(column.values) ? ":R:1" : ":I:1");
  }
  text += " pbc=\"T T T\"";
  for (const auto &[key, value] : c.info) {
    text += " " + key + "=";
    if (const auto *words = std::get_if<std::string>(&value); words != nullptr) {
      atom_files::append_quoted(text, *words);
    } else if (const auto *integer = std::get_if<std::int64_t>(&value); integer != nullptr) {
      append(text, *integer);
    } else {
      append(text, std::get<double>(value));
    }
  }
  text += '\n';
  for_each_atom(c, [&](std::size_t site, const std::array<double, 3> &position) {
    text += species(c, site);
    for (const double coordinate : position) {
      text += ' ';
      append(text, coordinate);
    }
    text += ' ';
    append(text, site + 1);
    append_columns(text, c, site);
    text += '\n';
  });
  return text;
}

std::string lammps_dump(const LatticeConfiguration &c, std::int64_t timestep) {
  check(c);
  std::string text = "ITEM: TIMESTEP\n";
  append(text, timestep);
  text += "\nITEM: NUMBER OF ATOMS\n";
  append(text, atoms_of(c));
  text += "\nITEM: BOX BOUNDS pp pp pp\n";
  for (const int n : c.cells) {
    text += "0 ";
    append(text, c.lattice_constant_A * n);
    text += '\n';
  }
  text += "ITEM: ATOMS id type x y z element";
  for (const SiteColumn &column : c.columns) {
    text += " " + column.name;
  }
  text += '\n';
  for_each_atom(c, [&](std::size_t site, const std::array<double, 3> &position) {
    const std::uint8_t code = c.occupancy[site];
    append(text, site + 1);
    text += ' ';
    append(text, code == 0 ? c.elements.size() + 1 : static_cast<std::size_t>(code));
    for (const double coordinate : position) {
      text += ' ';
      append(text, coordinate);
    }
    text += ' ';
    text += species(c, site);
    append_columns(text, c, site);
    text += '\n';
  });
  return text;
}

void write_extended_xyz(const std::filesystem::path &file, const LatticeConfiguration &configuration) {
  write_file_atomically(file, extended_xyz(configuration));
}

void write_lammps_dump(const std::filesystem::path &file, const LatticeConfiguration &configuration, std::int64_t timestep) {
  write_file_atomically(file, lammps_dump(configuration, timestep));
}

namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 33;
constexpr double kBoxTolerance = 1e-3;
constexpr double kSiteTolerance = 0.3; // of the distance of nearest neighbours

// Puts atoms on the sites of a lattice.
class Sites {
public:
  Sites(const TextLines &lines, Structure structure, const std::array<int, 3> &cells, double a_A)
      : lines_(lines), structure_(structure), cells_(cells), a_A_(a_A) {}

  std::int64_t count() const { return std::int64_t{sites_per_cell(structure_)} * cells_[0] * cells_[1] * cells_[2]; }

  // The box must be that of the cells.
  void check_box(const atom_files::Frame &frame) const {
    const Cell &box = frame.atoms.cell;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const std::size_t line = frame.cell_lines[axis];
      const double length_A = box.vectors[axis][axis];
      const double expected_A = a_A_ * cells_[axis];
      if (!box.periodic[axis]) {
        lines_.refuse_at(line, "the box is not periodic in all directions (extended XYZ: Lattice=\"…\" with pbc=\"T T T\" or "
                               "none, a dump: \"ITEM: BOX BOUNDS pp pp pp\")");
      }
      if (!(std::abs(length_A - expected_A) <= kBoxTolerance * expected_A)) {
        lines_.refuse_at(line, fmt::format("the box is {} A long in {}, but {} cells of {} A are {} A", number_text(length_A),
                                           "xyz"[axis], cells_[axis], number_text(a_A_), number_text(expected_A)));
      }
      for (std::size_t other = 0; other < 3; ++other) {
        if (other != axis && !(std::abs(box.vectors[axis][other]) <= kBoxTolerance * expected_A)) {
          lines_.refuse_at(line, "the box is tilted, an orthogonal one along x, y and z is expected");
        }
      }
    }
  }

  // Takes the memory.
  void begin() {
    names_.resize(static_cast<std::size_t>(count()));
    line_of_.resize(static_cast<std::size_t>(count()));
  }

  // `fraction`: position from the corner of the box, in units of its lengths.
  void place(std::size_t line, std::string_view species, const std::array<double, 3> &fraction) {
    if (species.empty() || species.size() > 8 || !is_name(species)) {
      lines_.refuse_at(line, fmt::format("{} is no name of an element", in_quotes(species)));
    }
    const double units = units_per_cell(structure_);
    std::array<double, 3> at{};
    for (std::size_t a = 0; a < 3; ++a) {
      const double period = units * cells_[a];
      at[a] = (fraction[a] - std::floor(fraction[a])) * period; // wrapped, so that rounding below stays in the range of int
    }
    const Offset site = nearest_site(at);
    double squared = 0.0;
    for (std::size_t a = 0; a < 3; ++a) {
      squared += (at[a] - site[a]) * (at[a] - site[a]);
    }
    const double spacing = std::sqrt(structure_ == Structure::bcc ? 3.0 : (structure_ == Structure::sc ? 1.0 : 2.0));
    const std::int64_t index = site_at(structure_, cells_, site);
    if (!(std::sqrt(squared) <= kSiteTolerance * spacing)) {
      lines_.refuse_at(
          line,
          fmt::format("the atom {} at {} A lies {:.2f} distances of nearest neighbours away from the nearest site ({} "
                      "at {} A), allowed: {}; is the structure {} and does the lattice begin at the corner of the box?",
                      species, place_text(at), std::sqrt(squared) / spacing, index,
                      place_text({1.0 * site[0], 1.0 * site[1], 1.0 * site[2]}), kSiteTolerance, structure_name(structure_)));
    }
    const auto s = static_cast<std::size_t>(index);
    if (line_of_[s] != 0) {
      lines_.refuse_at(line, fmt::format("the atom {} at {} A shares the nearest site, {}, with that of line {}", species,
                                         place_text(at), index, line_of_[s]));
    }
    line_of_[s] = line;
    if (species != "X" && species != "Va") {
      names_[s] = name_index(line, species);
    }
  }

  LatticeSpecies taken() const {
    LatticeSpecies out;
    out.elements = found_;
    std::sort(out.elements.begin(), out.elements.end());
    std::vector<std::uint8_t> codes{0};
    for (const std::string &name : found_) {
      const auto it = std::find(out.elements.begin(), out.elements.end(), name);
      codes.push_back(static_cast<std::uint8_t>(it - out.elements.begin() + 1));
    }
    for (const std::uint8_t name : names_) {
      out.occupancy.push_back(codes[name]);
    }
    return out;
  }

private:
  // The site of the lattice that is nearest to a point, in its units; not wrapped.
  Offset nearest_site(const std::array<double, 3> &at) const {
    const auto rounded = [&](double shift) {
      Offset o{};
      for (std::size_t a = 0; a < 3; ++a) {
        const double step = structure_ == Structure::bcc ? 2.0 : 1.0;
        o[a] = static_cast<int>(std::lround((at[a] - shift) / step) * static_cast<int>(step) + static_cast<int>(shift));
      }
      return o;
    };
    const auto distance = [&](const Offset &o) {
      double sum = 0.0;
      for (std::size_t a = 0; a < 3; ++a) {
        sum += (at[a] - o[a]) * (at[a] - o[a]);
      }
      return sum;
    };
    Offset best = rounded(0.0);
    if (structure_ == Structure::bcc) {
      const Offset odd = rounded(1.0);
      return distance(odd) < distance(best) ? odd : best;
    }
    if (structure_ == Structure::fcc && ((best[0] + best[1] + best[2]) & 1) != 0) {
      // The component that was rounded furthest goes to its other side.
      std::size_t axis = 0;
      for (std::size_t a = 1; a < 3; ++a) {
        axis = std::abs(at[a] - best[a]) > std::abs(at[axis] - best[axis]) ? a : axis;
      }
      best[axis] += at[axis] > best[axis] ? 1 : -1;
    }
    return best;
  }

  std::string place_text(const std::array<double, 3> &at) const {
    const double unit_A = a_A_ / units_per_cell(structure_);
    return fmt::format("({:.6g}, {:.6g}, {:.6g})", at[0] * unit_A, at[1] * unit_A, at[2] * unit_A);
  }

  std::uint8_t name_index(std::size_t line, std::string_view species) {
    auto it = std::find(found_.begin(), found_.end(), species);
    if (it == found_.end()) {
      if (found_.size() == 8) {
        lines_.refuse_at(line, fmt::format("{} is the ninth element; at most 8 are possible", in_quotes(species)));
      }
      it = found_.insert(found_.end(), std::string(species));
    }
    return static_cast<std::uint8_t>(it - found_.begin() + 1);
  }

  const TextLines &lines_;
  Structure structure_;
  std::array<int, 3> cells_;
  double a_A_;
  std::vector<std::string> found_;
  std::vector<std::uint8_t> names_;  // [site], 1 + index in found_
  std::vector<std::size_t> line_of_; // [site], 0: nothing there yet
};

} // namespace

LatticeSpecies read_lattice_species(const std::filesystem::path &file, Structure structure, const std::array<int, 3> &cells,
                                    double lattice_constant_A, std::span<const std::string> type_elements) {
  return parse_lattice_species(read_file(file, kMostBytes), file.string(), structure, cells, lattice_constant_A, type_elements);
}

LatticeSpecies parse_lattice_species(std::string_view text, const std::string &name, Structure structure,
                                     const std::array<int, 3> &cells, double lattice_constant_A,
                                     std::span<const std::string> type_elements) {
  TextLines lines(text, name);
  Sites sites(lines, structure, cells, lattice_constant_A);
  atom_files::FrameOptions options;
  options.type_elements = type_elements;
  options.lattice_sites = true;
  options.most_atoms = sites.count();
  const atom_files::Frame frame =
      text.starts_with("ITEM:") ? atom_files::read_lammps_dump(lines, options) : atom_files::read_extended_xyz(lines, options);
  if (!lines.next_filled().empty()) {
    lines.refuse("the file goes on after its last atom; one frame is expected");
  }
  sites.check_box(frame);
  sites.begin();
  const Atoms &atoms = frame.atoms;
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    std::array<double, 3> fraction{};
    for (std::size_t a = 0; a < 3; ++a) {
      fraction[a] = (atoms.position_A[i][a] - frame.origin_A[a]) / atoms.cell.vectors[a][a];
    }
    sites.place(frame.lines[i], atoms.elements[static_cast<std::size_t>(atoms.type[i])], fraction);
  }
  return sites.taken();
}

} // namespace zener
