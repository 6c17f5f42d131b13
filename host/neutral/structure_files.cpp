#include "host/neutral/structure_files.hpp"

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
    std::string lower = item.first;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char x) { return static_cast<char>(std::tolower(static_cast<unsigned char>(x))); });
    if (!is_name(item.first) || !keys.insert(lower).second) {
      throw InvariantError("the key '" + item.first + "' of a configuration to be written cannot be used");
    }
  }
}

void append_quoted(std::string &text, std::string_view value) {
  text += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      text += '\\';
    }
    text += std::iscntrl(static_cast<unsigned char>(c)) != 0 ? ' ' : c; // the comment is one line
  }
  text += '"';
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
      append_quoted(text, *words);
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

// The lines of a text, one after the other; every complaint names file and line.
class Lines {
public:
  Lines(std::string_view text, const std::string &name) : text_(text), name_(name) {}

  bool more() const { return at_ < text_.size(); }
  std::size_t number() const { return number_; }

  // The next line; `expected` says what it should be when there is none.
  std::string_view next(const std::string &expected) {
    if (!more()) {
      throw DataError(fmt::format("{}: the file ends after line {}, {} is expected", name_, number_, expected));
    }
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    std::string_view line = text_.substr(at_, end - at_);
    at_ = std::min(end + 1, text_.size());
    ++number_;
    if (!line.empty() && line.back() == '\r') {
      line.remove_suffix(1);
    }
    return line;
  }

  [[noreturn]] void refuse(const std::string &what) const { throw DataError(fmt::format("{}:{}: {}", name_, number_, what)); }

private:
  std::string_view text_;
  const std::string &name_;
  std::size_t at_ = 0;
  std::size_t number_ = 0;
};

bool is_space(char c) { return c == ' ' || c == '\t'; }

std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> out;
  std::size_t at = 0;
  while (at < line.size()) {
    if (is_space(line[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < line.size() && !is_space(line[end])) {
      ++end;
    }
    out.push_back(line.substr(at, end - at));
    at = end;
  }
  return out;
}

double number(const Lines &lines, std::string_view word, const std::string &what) {
  double value = 0.0;
  const auto end = std::from_chars(word.data(), word.data() + word.size(), value);
  if (end.ec != std::errc() || end.ptr != word.data() + word.size() || !std::isfinite(value)) {
    lines.refuse(fmt::format("{} is {}, a number is expected", what, in_quotes(word)));
  }
  return value;
}

std::int64_t integer(const Lines &lines, std::string_view word, const std::string &what, std::int64_t most) {
  std::int64_t value = 0;
  const auto end = std::from_chars(word.data(), word.data() + word.size(), value);
  if (end.ec != std::errc() || end.ptr != word.data() + word.size() || value < 0 || value > most) {
    lines.refuse(fmt::format("{} is {}, an integer from 0 to {} is expected", what, in_quotes(word), most));
  }
  return value;
}

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return out;
}

// Puts atoms on the sites of a lattice.
class Sites {
public:
  Sites(const Lines &lines, Structure structure, const std::array<int, 3> &cells, double a_A)
      : lines_(lines), structure_(structure), cells_(cells), a_A_(a_A) {}

  std::int64_t count() const { return std::int64_t{sites_per_cell(structure_)} * cells_[0] * cells_[1] * cells_[2]; }

  // Takes the memory: once the head of the file is found to fit the lattice.
  void begin() {
    names_.resize(static_cast<std::size_t>(count()));
    line_of_.resize(static_cast<std::size_t>(count()));
  }

  void check_box(std::size_t axis, double length_A) const {
    const double expected_A = a_A_ * cells_[axis];
    if (!(std::abs(length_A - expected_A) <= kBoxTolerance * expected_A)) {
      lines_.refuse(fmt::format("the box is {} A long in {}, but {} cells of {} A are {} A", number_text(length_A), "xyz"[axis],
                                cells_[axis], number_text(a_A_), number_text(expected_A)));
    }
  }

  // `fraction`: position from the corner of the box, in units of its lengths.
  void place(std::string_view species, const std::array<double, 3> &fraction) {
    if (species.empty() || species.size() > 8 || !is_name(species)) {
      lines_.refuse(fmt::format("{} is no name of an element", in_quotes(species)));
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
      lines_.refuse(
          fmt::format("the atom {} at {} A lies {:.2f} distances of nearest neighbours away from the nearest site ({} "
                      "at {} A), allowed: {}; is the structure {} and does the lattice begin at the corner of the box?",
                      species, place_text(at), std::sqrt(squared) / spacing, index,
                      place_text({1.0 * site[0], 1.0 * site[1], 1.0 * site[2]}), kSiteTolerance, structure_name(structure_)));
    }
    const auto s = static_cast<std::size_t>(index);
    if (line_of_[s] != 0) {
      lines_.refuse(fmt::format("the atom {} at {} A shares the nearest site, {}, with that of line {}", species,
                                place_text(at), index, line_of_[s]));
    }
    line_of_[s] = lines_.number();
    if (species != "X" && species != "Va") {
      names_[s] = name_index(species);
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

  std::uint8_t name_index(std::string_view species) {
    auto it = std::find(found_.begin(), found_.end(), species);
    if (it == found_.end()) {
      if (found_.size() == 8) {
        lines_.refuse(fmt::format("{} is the ninth element; at most 8 are possible", in_quotes(species)));
      }
      it = found_.insert(found_.end(), std::string(species));
    }
    return static_cast<std::uint8_t>(it - found_.begin() + 1);
  }

  const Lines &lines_;
  Structure structure_;
  std::array<int, 3> cells_;
  double a_A_;
  std::vector<std::string> found_;
  std::vector<std::uint8_t> names_;  // [site], 1 + index in found_
  std::vector<std::size_t> line_of_; // [site], 0: nothing there yet
};

void expect_end(Lines &lines) {
  while (lines.more()) {
    if (!words(lines.next("")).empty()) {
      lines.refuse("the file goes on after its last atom; one frame is expected");
    }
  }
}

// The words of a header line of a dump, without "ITEM:" and the name.
std::vector<std::string_view> dump_item(Lines &lines, std::string_view name) {
  const std::string_view line = lines.next("\"ITEM: " + std::string(name) + "\"");
  const std::string head = "ITEM: " + std::string(name);
  if (!line.starts_with(head)) {
    lines.refuse(fmt::format("{} is met, \"{}\" is expected", in_quotes(line, 40), head));
  }
  return words(line.substr(head.size()));
}

void read_dump(Lines &lines, Sites &sites, std::span<const std::string> type_elements) {
  dump_item(lines, "TIMESTEP");
  lines.next("the time step");
  dump_item(lines, "NUMBER OF ATOMS");
  const std::int64_t atoms = integer(lines, lines.next("the number of atoms"), "the number of atoms", sites.count());
  const std::vector<std::string_view> bounds = dump_item(lines, "BOX BOUNDS");
  if (!bounds.empty() && bounds != std::vector<std::string_view>{"pp", "pp", "pp"}) {
    lines.refuse("a box that is orthogonal and periodic is expected: \"ITEM: BOX BOUNDS pp pp pp\"");
  }
  std::array<double, 3> low{};
  std::array<double, 3> length{};
  for (std::size_t a = 0; a < 3; ++a) {
    const std::vector<std::string_view> ends = words(lines.next("a bound of the box"));
    if (ends.size() != 2) {
      lines.refuse(fmt::format("{} numbers are met, the two bounds of an orthogonal box are expected", ends.size()));
    }
    low[a] = number(lines, ends[0], "a bound of the box");
    length[a] = number(lines, ends[1], "a bound of the box") - low[a];
    sites.check_box(a, length[a]);
  }
  const std::vector<std::string_view> names = dump_item(lines, "ATOMS");
  const auto column = [&](std::string_view name) {
    return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
  };
  std::array<std::size_t, 3> place{};
  bool scaled = false;
  bool placed = false;
  for (const char *suffix : {"", "u", "s", "su"}) {
    for (std::size_t a = 0; a < 3; ++a) {
      place[a] = column(std::string(1, "xyz"[a]) + suffix);
    }
    placed = std::all_of(place.begin(), place.end(), [&](std::size_t c) { return c < names.size(); });
    if (placed) {
      scaled = std::string_view(suffix).starts_with('s');
      break;
    }
  }
  if (!placed) {
    lines.refuse("there are no columns x y z (or xu yu zu, xs ys zs, xsu ysu zsu)");
  }
  const std::size_t element = column("element");
  const std::size_t type = column("type");
  if (element == names.size() && type == names.size()) {
    lines.refuse("there is neither a column \"element\" nor \"type\"");
  }
  if (element == names.size() && type_elements.empty()) {
    lines.refuse("there is no column \"element\"; say which elements its types are: \"initial\": {\"file\": …, "
                 "\"elements\": [\"Nb\", …]}");
  }
  sites.begin();
  for (std::int64_t i = 0; i < atoms; ++i) {
    const std::vector<std::string_view> values = words(lines.next(fmt::format("atom {} of {}", i + 1, atoms)));
    if (values.size() != names.size()) {
      lines.refuse(fmt::format("{} values are met, {} columns are expected", values.size(), names.size()));
    }
    std::array<double, 3> fraction{};
    for (std::size_t a = 0; a < 3; ++a) {
      const double value = number(lines, values[place[a]], std::string(names[place[a]]));
      fraction[a] = scaled ? value : (value - low[a]) / length[a];
    }
    if (element < names.size()) {
      sites.place(values[element], fraction);
      continue;
    }
    const std::int64_t code = integer(lines, values[type], "type", static_cast<std::int64_t>(type_elements.size()));
    if (code == 0) {
      lines.refuse(fmt::format("type is 0, an integer from 1 to {} is expected", type_elements.size()));
    }
    sites.place(type_elements[static_cast<std::size_t>(code - 1)], fraction);
  }
  expect_end(lines);
}

// key=value pairs of the comment of extended XYZ, keys in lower case; values may be quoted.
std::vector<std::pair<std::string, std::string>> comment_items(const Lines &lines, std::string_view line) {
  std::vector<std::pair<std::string, std::string>> items;
  std::size_t at = 0;
  while (at < line.size()) {
    if (is_space(line[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < line.size() && line[end] != '=' && !is_space(line[end])) {
      ++end;
    }
    const std::string key = lowered(line.substr(at, end - at));
    std::string value;
    at = end;
    if (at < line.size() && line[at] == '=') {
      ++at;
      const char quote = at < line.size() && (line[at] == '"' || line[at] == '\'') ? line[at] : ' ';
      at += quote == ' ' ? 0 : 1;
      while (at < line.size() && (quote == ' ' ? !is_space(line[at]) : line[at] != quote)) {
        at += line[at] == '\\' && quote != ' ' && at + 1 < line.size() ? 1 : 0;
        value += line[at++];
      }
      if (quote != ' ') {
        if (at == line.size()) {
          lines.refuse(fmt::format("the value of {} has no closing quote", in_quotes(key)));
        }
        ++at;
      }
    }
    if (std::any_of(items.begin(), items.end(), [&](const auto &item) { return item.first == key; })) {
      lines.refuse(fmt::format("the key {} is given twice", in_quotes(key)));
    }
    items.emplace_back(key, value);
  }
  return items;
}

struct XyzColumns {
  std::size_t species = 0;
  std::size_t position = 1;
  std::size_t total = 4;
};

// "species:S:1:pos:R:3:…": where the columns that we need begin.
XyzColumns xyz_columns(const Lines &lines, const std::string &properties) {
  std::vector<std::string> parts(1);
  for (const char c : properties) {
    if (c == ':') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  if (parts.size() % 3 != 0) {
    lines.refuse(fmt::format("Properties is {}, triples of name:type:columns are expected", in_quotes(properties)));
  }
  XyzColumns columns{0, 0, 0};
  bool species = false;
  bool position = false;
  for (std::size_t i = 0; i < parts.size(); i += 3) {
    const std::string name = lowered(parts[i]);
    const std::int64_t width = integer(lines, parts[i + 2], "the number of columns of " + in_quotes(parts[i]), 1000);
    if (name == "species" && !species && parts[i + 1] == "S" && width == 1) {
      columns.species = columns.total;
      species = true;
    } else if (name == "pos" && !position && parts[i + 1] == "R" && width == 3) {
      columns.position = columns.total;
      position = true;
    }
    columns.total += static_cast<std::size_t>(width);
  }
  if (!species || !position) {
    lines.refuse(fmt::format("Properties is {}, species:S:1 and pos:R:3 are expected in it", in_quotes(properties)));
  }
  return columns;
}

void read_xyz(Lines &lines, Sites &sites) {
  const std::vector<std::string_view> first = words(lines.next("the number of atoms"));
  if (first.size() != 1) {
    lines.refuse("this is neither extended XYZ (the number of atoms alone in the first line) nor LAMMPS dump text "
                 "(\"ITEM: TIMESTEP\")");
  }
  const std::int64_t atoms = integer(lines, first[0], "the number of atoms", sites.count());
  const auto items = comment_items(lines, lines.next("the comment with Lattice=\"…\""));
  const auto value_of = [&](std::string_view key) -> const std::string * {
    const auto it = std::find_if(items.begin(), items.end(), [&](const auto &item) { return item.first == key; });
    return it == items.end() ? nullptr : &it->second;
  };
  const std::string *lattice = value_of("lattice");
  if (lattice == nullptr) {
    lines.refuse("the comment has no Lattice=\"…\"; without its box the file is no periodic crystal");
  }
  const std::vector<std::string_view> box = words(*lattice);
  if (box.size() != 9) {
    lines.refuse(fmt::format("Lattice has {} numbers, 9 are expected", box.size()));
  }
  std::array<double, 9> vectors{};
  for (std::size_t i = 0; i < 9; ++i) {
    vectors[i] = number(lines, box[i], "Lattice");
  }
  for (std::size_t i = 0; i < 9; ++i) {
    const std::size_t row = i / 3;
    if (i % 4 == 0) {
      sites.check_box(row, vectors[i]);
    } else if (!(std::abs(vectors[i]) <= kBoxTolerance * std::abs(vectors[4 * row]))) {
      lines.refuse(fmt::format("Lattice is {}, an orthogonal box along x, y and z is expected", in_quotes(*lattice)));
    }
  }
  const std::string *pbc = value_of("pbc");
  if (pbc != nullptr && lowered(*pbc) != "t t t") {
    lines.refuse(fmt::format("pbc is {}, \"T T T\" is expected", in_quotes(*pbc)));
  }
  const std::string *properties = value_of("properties");
  const XyzColumns columns = properties == nullptr ? XyzColumns{} : xyz_columns(lines, *properties);
  sites.begin();
  for (std::int64_t i = 0; i < atoms; ++i) {
    const std::vector<std::string_view> values = words(lines.next(fmt::format("atom {} of {}", i + 1, atoms)));
    if (values.size() != columns.total) {
      lines.refuse(fmt::format("{} values are met, {} columns are expected", values.size(), columns.total));
    }
    std::array<double, 3> fraction{};
    for (std::size_t a = 0; a < 3; ++a) {
      fraction[a] = number(lines, values[columns.position + a], "a coordinate") / vectors[4 * a];
    }
    sites.place(values[columns.species], fraction);
  }
  expect_end(lines);
}

} // namespace

LatticeSpecies read_lattice_species(const std::filesystem::path &file, Structure structure, const std::array<int, 3> &cells,
                                    double lattice_constant_A, std::span<const std::string> type_elements) {
  return parse_lattice_species(read_file(file, kMostBytes), file.string(), structure, cells, lattice_constant_A, type_elements);
}

LatticeSpecies parse_lattice_species(std::string_view text, const std::string &name, Structure structure,
                                     const std::array<int, 3> &cells, double lattice_constant_A,
                                     std::span<const std::string> type_elements) {
  Lines lines(text, name);
  Sites sites(lines, structure, cells, lattice_constant_A);
  if (text.starts_with("ITEM:")) {
    read_dump(lines, sites, type_elements);
  } else {
    read_xyz(lines, sites);
  }
  return sites.taken();
}

} // namespace zener
