// LAMMPS data and dump text in metal units: A, A/ps, eV/A, amu. LAMMPS wants a along x and b in the plane of x and y; other
// cells, and the vectors of atoms with them, are turned on writing. A left-handed cell goes out with -c in place of c.
// Positions are kept as they stand in the file, where the corner of the box need not be the origin.
#include "host/neutral/atom_files_parts.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace zener {
namespace atom_files {
namespace {

double dot(const Vector3 &a, const Vector3 &b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

// Lengths and tilts as LAMMPS has them.
struct LammpsBox {
  Vector3 low{};
  Vector3 high{};
  double xy = 0.0;
  double xz = 0.0;
  double yz = 0.0;

  Matrix3 vectors() const {
    return {Vector3{high[0] - low[0], 0.0, 0.0}, Vector3{xy, high[1] - low[1], 0.0}, Vector3{xz, yz, high[2] - low[2]}};
  }
  bool tilted() const { return xy != 0.0 || xz != 0.0 || yz != 0.0; }
};

void check_box(const TextLines &lines, const LammpsBox &box) {
  for (std::size_t k = 0; k < 3; ++k) {
    if (!(box.high[k] > box.low[k]) || !std::isfinite(box.high[k] - box.low[k])) {
      lines.refuse(fmt::format("the box ends at {} in {}, which is not above its begin at {}", number_text(box.high[k]),
                               "xyz"[k], number_text(box.low[k])));
    }
  }
}

std::int32_t image_of(const TextLines &lines, std::string_view word) {
  return static_cast<std::int32_t>(lines.integer(word, "an image flag", -(1 << 30), 1 << 30));
}

constexpr std::int64_t kMostTypes = 1 << 20;

// Element names of atoms into Atoms, in the order of the types that occur.
void take_types(Atoms &atoms, const std::vector<std::int64_t> &types, const std::map<std::int64_t, std::string> &names) {
  std::map<std::int64_t, std::int32_t> code;
  for (const auto &[type, element] : names) {
    code[type] = type_of(atoms, element);
  }
  atoms.type.reserve(types.size());
  for (const std::int64_t type : types) {
    atoms.type.push_back(code.at(type));
  }
}

} // namespace

std::vector<TextLines::Mark> lammps_dump_frames(TextLines &lines) {
  std::vector<TextLines::Mark> frames;
  bool head = false; // of the next frame has begun
  while (true) {
    TextLines::Mark mark = lines.mark();
    std::string_view line;
    while (lines.more() && trimmed(line).empty()) {
      mark = lines.mark();
      line = lines.next("");
    }
    if (trimmed(line).empty()) {
      if (head || frames.empty()) {
        lines.next("\"ITEM: ATOMS\" with the atoms");
        lines.refuse("there is no frame");
      }
      return frames;
    }
    if (!line.starts_with("ITEM:")) {
      lines.refuse(fmt::format("{} is met, \"ITEM: …\" is expected", in_quotes(line, 40)));
    }
    if (!head) {
      frames.push_back(mark);
      head = true;
    }
    const std::string_view name = trimmed(line.substr(5));
    if (name.starts_with("BOX BOUNDS")) {
      for (int k = 0; k < 3; ++k) {
        lines.next("a bound of the box");
      }
    } else if (name == "NUMBER OF ATOMS") {
      const TextLines::Mark at = lines.mark();
      const std::int64_t atoms = atom_count(lines, trimmed(lines.next("the number of atoms")), "the number of atoms", 0);
      // The rest of the head, then the atoms.
      while (true) {
        const std::string_view next = lines.next("\"ITEM: ATOMS\"");
        if (next.starts_with("ITEM: ATOMS")) {
          break;
        }
        if (next.starts_with("ITEM: TIMESTEP") || next.starts_with("ITEM: NUMBER")) {
          lines.refuse(fmt::format("{} is met, \"ITEM: ATOMS\" of the frame that began before line {} is expected",
                                   in_quotes(next, 40), at.line));
        }
      }
      for (std::int64_t i = 0; i < atoms; ++i) {
        if (!lines.more()) {
          lines.next(fmt::format("atom {} of {}", i + 1, atoms));
        }
        lines.next("");
      }
      head = false;
    } else if (name.starts_with("ATOMS")) {
      lines.refuse("\"ITEM: NUMBER OF ATOMS\" is missing before the atoms");
    } else {
      lines.next("a value"); // TIMESTEP, TIME, UNITS
    }
  }
}

namespace {

void read_dump_box(TextLines &lines, std::string_view words_of_head, Frame &frame) {
  std::vector<std::string_view> head = split_words(words_of_head);
  const bool general = head.size() >= 2 && head[0] == "abc" && head[1] == "origin";
  const bool tilted = head.size() >= 3 && head[0] == "xy" && head[1] == "xz" && head[2] == "yz";
  head.erase(head.begin(), head.begin() + (general ? 2 : (tilted ? 3 : 0)));
  if (!head.empty()) {
    if (head.size() != 3) {
      lines.refuse(fmt::format("{} is met, boundaries like \"pp pp ff\" are expected", in_quotes(words_of_head, 40)));
    }
    for (std::size_t k = 0; k < 3; ++k) {
      const bool known = head[k].size() == 2 && head[k].find_first_not_of("pfsm") == std::string_view::npos &&
                         (head[k] == "pp" || head[k].find('p') == std::string_view::npos);
      if (!known) {
        lines.refuse(fmt::format("the boundary in {} is {}, pp or two of f, s, m are expected", "xyz"[k], in_quotes(head[k])));
      }
      frame.atoms.cell.periodic[k] = head[k] == "pp";
    }
  }
  const std::size_t width = general ? 4 : (tilted ? 3 : 2);
  LammpsBox box;
  Vector3 tilt{};
  for (std::size_t k = 0; k < 3; ++k) {
    const std::vector<std::string_view> ends = split_words(lines.next("a bound of the box"));
    frame.cell_lines[k] = lines.number();
    if (ends.size() != width) {
      lines.refuse(fmt::format("{} numbers are met, {} are expected in this line of the box", ends.size(), width));
    }
    if (general) {
      for (std::size_t d = 0; d < 3; ++d) {
        frame.atoms.cell.vectors[k][d] = lines.number(ends[d], "a vector of the box");
      }
      frame.origin_A[k] = lines.number(ends[3], "the origin of the box");
      continue;
    }
    box.low[k] = lines.number(ends[0], "a bound of the box");
    box.high[k] = lines.number(ends[1], "a bound of the box");
    tilt[k] = tilted ? lines.number(ends[2], "a tilt of the box") : 0.0;
  }
  if (general) {
    return;
  }
  // The bounds are those of the smallest box around the tilted one.
  box.xy = tilt[0];
  box.xz = tilt[1];
  box.yz = tilt[2];
  box.low[0] -= std::min({0.0, box.xy, box.xz, box.xy + box.xz});
  box.high[0] -= std::max({0.0, box.xy, box.xz, box.xy + box.xz});
  box.low[1] -= std::min(0.0, box.yz);
  box.high[1] -= std::max(0.0, box.yz);
  check_box(lines, box);
  frame.atoms.cell.vectors = box.vectors();
  frame.origin_A = box.low;
}

struct DumpHead {
  std::int64_t atoms = -1;
  std::vector<std::string_view> names; // of the columns
};

DumpHead read_dump_head(TextLines &lines, Frame &frame, const FrameOptions &options) {
  DumpHead head;
  bool box = false;
  bool step = false;
  while (true) {
    const std::string_view line = lines.next("\"ITEM: …\"");
    if (!line.starts_with("ITEM:")) {
      lines.refuse(fmt::format("{} is met, \"ITEM: {}\" is expected", in_quotes(line, 40),
                               !step ? "TIMESTEP" : (head.atoms < 0 ? "NUMBER OF ATOMS" : (box ? "ATOMS" : "BOX BOUNDS"))));
    }
    const std::string_view item = trimmed(line.substr(5));
    if (item == "TIMESTEP") {
      frame.atoms.info.emplace_back("timestep", lines.integer(trimmed(lines.next("the time step")), "the time step"));
      step = true;
    } else if (item == "TIME") {
      frame.atoms.info.emplace_back("time", lines.number(trimmed(lines.next("the time")), "the time"));
    } else if (item == "UNITS") {
      const std::string_view units = trimmed(lines.next("the units"));
      if (units != "metal") {
        lines.refuse(fmt::format("the units are {}, metal is expected", in_quotes(units)));
      }
    } else if (item == "NUMBER OF ATOMS") {
      head.atoms = atom_count(lines, trimmed(lines.next("the number of atoms")), "the number of atoms",
                              options.lattice_sites ? 0 : 1, options.most_atoms);
    } else if (item.starts_with("BOX BOUNDS")) {
      read_dump_box(lines, item.substr(10), frame);
      box = true;
    } else if (item.starts_with("ATOMS")) {
      if (head.atoms < 0 || !box) {
        lines.refuse(fmt::format("\"ITEM: {}\" is missing before the atoms", box ? "NUMBER OF ATOMS" : "BOX BOUNDS"));
      }
      head.names = split_words(item.substr(5));
      return head;
    } else {
      lines.refuse(fmt::format("{} is no item of a dump of atoms; TIMESTEP, TIME, UNITS, NUMBER OF ATOMS, BOX BOUNDS and ATOMS "
                               "are known",
                               in_quotes(item, 40)));
    }
  }
}

// "name[2]" -> name, 2.
std::pair<std::string_view, std::int64_t> indexed(std::string_view name) {
  const std::size_t open = name.find('[');
  std::int64_t index = 0;
  if (open != std::string_view::npos && open > 0 && name.back() == ']' &&
      to_integer(name.substr(open + 1, name.size() - open - 2), index) && index > 0) {
    return {name.substr(0, open), index};
  }
  return {name, 0};
}

// The columns of a dump that belong together, by their place; -1: none.
class DumpColumns {
public:
  DumpColumns(const TextLines &lines, const std::vector<std::string_view> &names) : names_(names), used_(names.size(), false) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!is_column_name(names[i])) {
        lines.refuse(fmt::format("the column {} has a name that cannot be used", in_quotes(names[i])));
      }
      if (std::find(names.begin() + static_cast<std::ptrdiff_t>(i) + 1, names.end(), names[i]) != names.end()) {
        lines.refuse(fmt::format("the column {} is there twice", in_quotes(names[i])));
      }
    }
  }

  int find(std::string_view name) {
    const auto it = std::find(names_.begin(), names_.end(), name);
    if (it == names_.end()) {
      return -1;
    }
    used_[static_cast<std::size_t>(it - names_.begin())] = true;
    return static_cast<int>(it - names_.begin());
  }

  // All three or none.
  std::optional<std::array<std::size_t, 3>> three(const std::array<std::string_view, 3> &names) {
    std::array<std::size_t, 3> out{};
    for (std::size_t k = 0; k < 3; ++k) {
      const auto it = std::find(names_.begin(), names_.end(), names[k]);
      if (it == names_.end()) {
        return std::nullopt;
      }
      out[k] = static_cast<std::size_t>(it - names_.begin());
    }
    for (const std::size_t k : out) {
      used_[k] = true;
    }
    return out;
  }

  bool used(std::size_t column) const { return used_[column]; }

private:
  const std::vector<std::string_view> &names_;
  std::vector<bool> used_;
};

void take_other_columns(Atoms &atoms, const std::vector<std::string_view> &names, const DumpColumns &columns,
                        const std::vector<std::string_view> &words) {
  const std::size_t width = names.size();
  const std::size_t n = atoms.size();
  for (std::size_t c = 0; c < width; ++c) {
    if (columns.used(c)) {
      continue;
    }
    std::size_t together = 1;
    const auto [name, index] = indexed(names[c]);
    if (index == 1) {
      while (c + together < width && indexed(names[c + together]) == std::pair(name, static_cast<std::int64_t>(together) + 1)) {
        ++together;
      }
    }
    std::vector<std::string_view> values;
    values.reserve(n * together);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k < together; ++k) {
        values.push_back(words[i * width + c + k]);
      }
    }
    const std::string_view whole = together > 1 ? name : names[c];
    atoms.columns.push_back(column_of_words(std::string(whole), static_cast<int>(together), values));
    c += together - 1;
  }
}

} // namespace

Frame read_lammps_dump(TextLines &lines, const FrameOptions &options) {
  Frame frame;
  Atoms &atoms = frame.atoms;
  const DumpHead head = read_dump_head(lines, frame, options);
  const std::vector<std::string_view> &names = head.names;
  const std::size_t n = static_cast<std::size_t>(head.atoms);
  DumpColumns columns(lines, names);
  const auto image = columns.three({"ix", "iy", "iz"});
  struct Form {
    const char *suffix;
    bool scaled;
    bool wrapped;
  };
  std::vector<Form> forms{{"", false, true}, {"s", true, true}, {"u", false, false}, {"su", true, false}};
  if (!image) { // nothing else says how often an atom crossed the box
    std::rotate(forms.begin(), forms.begin() + 2, forms.end());
  }
  bool scaled = false;
  bool wrapped = true;
  std::optional<std::array<std::size_t, 3>> place;
  for (const Form &form : forms) {
    const std::array<std::string, 3> coordinates{std::string("x") + form.suffix, std::string("y") + form.suffix,
                                                 std::string("z") + form.suffix};
    const auto found = columns.three({coordinates[0], coordinates[1], coordinates[2]}); // the same place in another form
    if (found && !place) {
      place = found;
      scaled = form.scaled;
      wrapped = form.wrapped;
    }
  }
  if (!place) {
    lines.refuse("there are no columns x y z (or xu yu zu, xs ys zs, xsu ysu zsu)");
  }
  const int element = columns.find("element");
  const int type = columns.find("type");
  const int id = columns.find("id");
  const int mass = columns.find("mass");
  const int energy = columns.find("c_energy_eV");
  const auto velocity = columns.three({"vx", "vy", "vz"});
  const auto force = columns.three({"fx", "fy", "fz"});
  if (element < 0 && type < 0) {
    lines.refuse("there is neither a column \"element\" nor \"type\"");
  }
  if (element < 0 && options.type_elements.empty()) {
    lines.refuse("there is no column \"element\"; say which elements its types are (\"elements\": [\"Nb\", …])");
  }
  if (lines.bytes_left() + 4096 < n * 2 * names.size()) {
    lines.refuse(fmt::format("{} atoms of {} columns do not fit into the {} bytes that follow: the file is not whole", n,
                             names.size(), lines.bytes_left()));
  }
  std::vector<std::string_view> all;
  all.reserve(n * names.size());
  std::vector<std::string_view> words;
  std::vector<std::int64_t> types;
  std::map<std::int64_t, std::string> type_names;
  bool types_agree = true; // with the elements
  std::vector<std::string> element_names;
  std::vector<double> masses;
  for (std::size_t i = 0; i < n; ++i) {
    if (!lines.more()) {
      lines.next(fmt::format("atom {} of {}", i + 1, n));
    }
    split_words(lines.next(""), words);
    if (words.size() != names.size()) {
      lines.refuse(fmt::format("{} values are met, {} columns are expected", words.size(), names.size()));
    }
    if (!std::all_of(words.begin(), words.end(), is_word)) {
      lines.refuse("the line holds control characters");
    }
    all.insert(all.end(), words.begin(), words.end());
    frame.lines.push_back(lines.number());
    const auto word = [&](int column) { return words[static_cast<std::size_t>(column)]; };
    const auto vector = [&](const std::array<std::size_t, 3> &c) {
      return Vector3{lines.number(words[c[0]], names[c[0]]), lines.number(words[c[1]], names[c[1]]),
                     lines.number(words[c[2]], names[c[2]])};
    };
    Vector3 x = vector(*place);
    if (scaled) {
      x = times(x, atoms.cell.vectors);
      for (std::size_t d = 0; d < 3; ++d) {
        x[d] += frame.origin_A[d];
      }
    }
    atoms.position_A.push_back(x);
    if (type >= 0) {
      const bool by_type = element < 0;
      types.push_back(
          lines.integer(word(type), "type", 1, by_type ? static_cast<std::int64_t>(options.type_elements.size()) : kMostTypes));
      if (by_type) {
        type_names.emplace(types.back(), options.type_elements[static_cast<std::size_t>(types.back() - 1)]);
      }
    }
    if (element >= 0) {
      if (!options.lattice_sites && (element_names.empty() || element_names.back() != word(element))) {
        check_element(lines, word(element));
      }
      element_names.emplace_back(word(element));
      if (type >= 0 && type_names.emplace(types.back(), element_names.back()).first->second != element_names.back()) {
        types_agree = false;
      }
    }
    if (id >= 0) {
      atoms.id.push_back(lines.integer(word(id), "id", 0));
    }
    if (mass >= 0) {
      masses.push_back(lines.number(word(mass), "mass"));
    }
    if (energy >= 0) {
      atoms.energy_eV.push_back(lines.number(word(energy), "energy"));
    }
    if (image && wrapped) {
      atoms.image.push_back(
          {image_of(lines, words[(*image)[0]]), image_of(lines, words[(*image)[1]]), image_of(lines, words[(*image)[2]])});
    }
    if (velocity) {
      atoms.velocity_A_ps.push_back(vector(*velocity));
    }
    if (force) {
      atoms.force_eV_A.push_back(vector(*force));
    }
  }
  if (element < 0 || (type >= 0 && types_agree)) {
    if (!options.lattice_sites) {
      for (const auto &[code, name] : type_names) {
        check_element(lines, name);
      }
    }
    take_types(atoms, types, type_names);
  } else {
    for (const std::string &name : element_names) {
      atoms.type.push_back(type_of(atoms, name));
      if (atoms.elements.size() > 256) {
        lines.refuse("there are more than 256 species");
      }
    }
  }
  if (!masses.empty()) {
    take_masses(lines, atoms, masses);
  }
  take_other_columns(atoms, names, columns, all);
  finish(lines, frame, options, !scaled);
  sort_by_id(frame);
  return frame;
}

namespace {

// Styles of atoms of a data file: the columns between id and x.
struct AtomStyle {
  const char *name;
  int molecule;
  int type;
  int charge;
  std::size_t position;
};
constexpr std::array<AtomStyle, 5> kStyles{{{"atomic", -1, 1, -1, 2},
                                            {"charge", -1, 1, 2, 3},
                                            {"molecular", 1, 2, -1, 3},
                                            {"bond", 1, 2, -1, 3},
                                            {"full", 1, 2, 3, 4}}};

std::string_view without_comment(std::string_view line) { return trimmed(line.substr(0, line.find('#'))); }
std::string_view comment_of(std::string_view line) {
  const std::size_t at = line.find('#');
  return at == std::string_view::npos ? std::string_view() : trimmed(line.substr(at + 1));
}

struct DataHead {
  std::int64_t atoms = -1;
  std::int64_t types = -1;
  LammpsBox box;
  Matrix3 vectors{};
  Vector3 origin{};
  int bounds = 0;        // of x, y, z that are given
  int vectors_given = 0; // avec, bvec, cvec
};

bool is_section(std::string_view line) {
  static constexpr std::array<std::string_view, 33> kSections{"Masses",
                                                              "Atoms",
                                                              "Velocities",
                                                              "Bonds",
                                                              "Angles",
                                                              "Dihedrals",
                                                              "Impropers",
                                                              "Pair Coeffs",
                                                              "PairIJ Coeffs",
                                                              "Bond Coeffs",
                                                              "Angle Coeffs",
                                                              "Dihedral Coeffs",
                                                              "Improper Coeffs",
                                                              "BondBond Coeffs",
                                                              "BondAngle Coeffs",
                                                              "MiddleBondTorsion Coeffs",
                                                              "BondBond13 Coeffs",
                                                              "EndBondTorsion Coeffs",
                                                              "AngleTorsion Coeffs",
                                                              "AngleAngleTorsion Coeffs",
                                                              "AngleAngle Coeffs",
                                                              "Atom Type Labels",
                                                              "Bond Type Labels",
                                                              "Angle Type Labels",
                                                              "Dihedral Type Labels",
                                                              "Improper Type Labels",
                                                              "Ellipsoids",
                                                              "Lines",
                                                              "Triangles",
                                                              "Bodies",
                                                              "AtomMasses",
                                                              "CMAP",
                                                              "PairIJ"};
  return std::find(kSections.begin(), kSections.end(), without_comment(line)) != kSections.end();
}

// Header lines up to the first section, whose line is given back.
std::string_view read_data_head(TextLines &lines, DataHead &head) {
  while (true) {
    const std::string_view line = lines.next("a section \"Atoms\"");
    const std::string_view content = without_comment(line);
    if (content.empty()) {
      continue;
    }
    if (is_section(line)) {
      return line;
    }
    const std::vector<std::string_view> words = split_words(content);
    const auto ends = [&](std::initializer_list<std::string_view> names) {
      return words.size() >= names.size() &&
             std::equal(names.begin(), names.end(), words.end() - static_cast<std::ptrdiff_t>(names.size()));
    };
    const auto expect = [&](std::size_t numbers, std::size_t names) {
      if (words.size() != numbers + names) {
        lines.refuse(fmt::format("{} is met, {} numbers are expected before the words", in_quotes(content), numbers));
      }
    };
    const auto number = [&](std::size_t k) { return lines.number(words[k], "a number of the head"); };
    bool known = false;
    for (std::size_t k = 0; k < 3; ++k) {
      const std::string axis(1, "xyz"[k]);
      if (ends({axis + "lo", axis + "hi"})) {
        expect(2, 2);
        head.box.low[k] = number(0);
        head.box.high[k] = number(1);
        head.bounds |= 1 << k;
        known = true;
      }
      if (ends({std::string(1, "abc"[k]) + "vec"})) {
        expect(3, 1);
        head.vectors[k] = {number(0), number(1), number(2)};
        head.vectors_given |= 1 << k;
        known = true;
      }
    }
    if (ends({"xy", "xz", "yz"})) {
      expect(3, 3);
      head.box.xy = number(0);
      head.box.xz = number(1);
      head.box.yz = number(2);
    } else if (ends({"abc", "origin"})) {
      expect(3, 2);
      head.origin = {number(0), number(1), number(2)};
    } else if (words.size() == 2 && words[1] == "atoms") {
      head.atoms = atom_count(lines, words[0], "the number of atoms", 1);
    } else if (ends({"atom", "types"})) {
      expect(1, 2);
      head.types = lines.integer(words[0], "the number of types", 1, kMostTypes);
    } else if (!known) {
      static constexpr std::array<std::string_view, 11> kOthers{"bonds",     "angles", "dihedrals",  "impropers",
                                                                "types",     "atom",   "ellipsoids", "lines",
                                                                "triangles", "bodies", "crossterms"};
      if (words.size() < 2 || std::find(kOthers.begin(), kOthers.end(), words.back()) == kOthers.end()) {
        lines.refuse(fmt::format("{} is neither a line of the head nor a section of a LAMMPS data file", in_quotes(content)));
      }
    }
  }
}

// The lines of a section up to the next section or the end: f(words, comment). Gives the line of the next section back.
template <class F> std::string_view for_each_line(TextLines &lines, F f) {
  std::vector<std::string_view> words;
  while (lines.more()) {
    const std::string_view line = lines.next("");
    if (without_comment(line).empty()) {
      continue;
    }
    if (is_section(line)) {
      return line;
    }
    split_words(without_comment(line), words);
    f(words, comment_of(line));
  }
  return {};
}

class DataReader {
public:
  DataReader(TextLines &lines, const FrameOptions &options) : lines_(lines), options_(options) {}

  Frame read() {
    const std::string_view title = lines_.next("the title");
    check_units(title);
    Atoms &atoms = frame_.atoms;
    atoms.cell.periodic = pbc_of_title(title);
    std::string_view section = read_data_head(lines_, head_);
    take_cell();
    while (!section.empty()) {
      section = read_section(section);
    }
    if (atoms.position_A.size() != static_cast<std::size_t>(head_.atoms)) {
      lines_.refuse(fmt::format("the file ends with {} atoms, {} are announced", atoms.position_A.size(), head_.atoms));
    }
    take_elements();
    take_velocities();
    finish(lines_, frame_, options_);
    sort_by_id(frame_);
    return std::move(frame_);
  }

private:
  void check_units(std::string_view title) const {
    const std::size_t at = title.find("units = ");
    if (at != std::string_view::npos) {
      const std::string_view rest = title.substr(at + 8);
      const std::string_view units = rest.substr(0, rest.find_first_of(" ,"));
      if (units != "metal") {
        lines_.refuse(fmt::format("the units are {}, metal is expected", in_quotes(units)));
      }
    }
  }

  void take_cell() {
    if (head_.atoms < 0 || head_.types < 0) {
      lines_.refuse(fmt::format("the head has no line \"… {}\"", head_.atoms < 0 ? "atoms" : "atom types"));
    }
    if (head_.vectors_given == 7 && head_.bounds == 0) {
      frame_.atoms.cell.vectors = head_.vectors;
      frame_.origin_A = head_.origin;
      return;
    }
    if (head_.bounds != 7 || head_.vectors_given != 0) {
      lines_.refuse("the head needs the box: \"… xlo xhi\", \"… ylo yhi\" and \"… zlo zhi\"");
    }
    check_box(lines_, head_.box);
    frame_.atoms.cell.vectors = head_.box.vectors();
    frame_.origin_A = head_.box.low;
  }

  std::string_view read_section(std::string_view line) {
    const std::string_view name = without_comment(line);
    if (name == "Masses") {
      return for_each_line(lines_, [&](const auto &words, std::string_view comment) {
        if (words.size() != 2) {
          lines_.refuse(fmt::format("{} values are met, a type and its mass are expected", words.size()));
        }
        const std::int64_t type = type_number(words[0]);
        mass_[type] = lines_.number(words[1], "a mass");
        const std::vector<std::string_view> said = split_words(comment);
        if (!said.empty()) {
          comment_[type] = said[0];
        }
      });
    }
    if (name == "Atom Type Labels") {
      return for_each_line(lines_, [&](const auto &words, std::string_view) {
        if (words.size() != 2) {
          lines_.refuse(fmt::format("{} values are met, a type and its label are expected", words.size()));
        }
        label_[lines_.integer(words[0], "type", 1, head_.types)] = words[1];
      });
    }
    if (name == "Atoms") {
      return read_atoms(line);
    }
    if (name == "Velocities") {
      return for_each_line(lines_, [&](const auto &words, std::string_view) {
        if (words.size() != 4) {
          lines_.refuse(fmt::format("{} values are met, id vx vy vz are expected", words.size()));
        }
        if (velocity_.size() >= static_cast<std::size_t>(head_.atoms)) {
          lines_.refuse(fmt::format("there are more than {} velocities", head_.atoms));
        }
        const std::int64_t id = lines_.integer(words[0], "id", 1);
        const Vector3 v{lines_.number(words[1], "vx"), lines_.number(words[2], "vy"), lines_.number(words[3], "vz")};
        if (!velocity_.emplace(id, v).second) {
          lines_.refuse(fmt::format("the velocity of atom {} is there twice", id));
        }
      });
    }
    return for_each_line(lines_, [](const auto &, std::string_view) {}); // bonds, coefficients, …
  }

  std::int64_t type_number(std::string_view word) const {
    for (const auto &[type, label] : label_) {
      if (label == word) {
        return type;
      }
    }
    return lines_.integer(word, "type", 1, head_.types);
  }

  std::string_view read_atoms(std::string_view line) {
    if (!frame_.atoms.position_A.empty()) {
      lines_.refuse("the section Atoms is there twice");
    }
    const std::vector<std::string_view> said = split_words(comment_of(line));
    const AtomStyle *style = nullptr;
    for (const AtomStyle &known : kStyles) {
      style = !said.empty() && said[0] == known.name ? &known : style;
    }
    if (!said.empty() && style == nullptr) {
      lines_.refuse(
          fmt::format("the style of Atoms is {}, allowed: atomic, charge, molecular, bond, full", in_quotes(said[0])));
    }
    std::vector<std::int64_t> molecule;
    std::vector<double> charge;
    std::size_t width = 0;
    Atoms &atoms = frame_.atoms;
    const std::string_view next = for_each_line(lines_, [&](const std::vector<std::string_view> &words, std::string_view) {
      if (style == nullptr) {
        if (words.size() != 5 && words.size() != 8) {
          lines_.refuse(fmt::format("{} values are met, and \"Atoms\" does not say its style: write \"Atoms # charge\" or "
                                    "another of atomic, charge, molecular, bond, full",
                                    words.size()));
        }
        style = kStyles.data();
      }
      const std::size_t bare = style->position + 3;
      if (words.size() != bare && words.size() != bare + 3) {
        lines_.refuse(fmt::format("{} values are met, style {} has {} or, with image flags, {}", words.size(), style->name,
                                  bare, bare + 3));
      }
      if (width != 0 && width != words.size()) {
        lines_.refuse("image flags are there for some atoms only");
      }
      width = words.size();
      if (atoms.position_A.size() == static_cast<std::size_t>(head_.atoms)) {
        lines_.refuse(fmt::format("there are more than the {} atoms announced", head_.atoms));
      }
      frame_.lines.push_back(lines_.number());
      atoms.id.push_back(lines_.integer(words[0], "id", 1));
      types_.push_back(type_number(words[static_cast<std::size_t>(style->type)]));
      if (style->molecule >= 0) {
        molecule.push_back(lines_.integer(words[static_cast<std::size_t>(style->molecule)], "the molecule", 0));
      }
      if (style->charge >= 0) {
        charge.push_back(lines_.number(words[static_cast<std::size_t>(style->charge)], "the charge"));
      }
      Vector3 x{};
      for (std::size_t d = 0; d < 3; ++d) {
        x[d] = lines_.number(words[style->position + d], std::string(1, "xyz"[d]));
      }
      atoms.position_A.push_back(x);
      if (words.size() > bare) {
        atoms.image.push_back(
            {image_of(lines_, words[bare]), image_of(lines_, words[bare + 1]), image_of(lines_, words[bare + 2])});
      }
    });
    if (!molecule.empty()) {
      atoms.columns.push_back({"molecule", 1, std::move(molecule)});
    }
    if (!charge.empty()) {
      atoms.columns.push_back({"charge", 1, std::move(charge)});
    }
    return next;
  }

  std::string element_of(std::int64_t type) const {
    if (!options_.type_elements.empty()) {
      if (static_cast<std::size_t>(type) > options_.type_elements.size()) {
        lines_.refuse(fmt::format("type {} occurs, elements are given for {} types", type, options_.type_elements.size()));
      }
      return options_.type_elements[static_cast<std::size_t>(type - 1)];
    }
    const auto label = label_.find(type);
    const auto comment = comment_.find(type);
    if (label == label_.end() && comment == comment_.end()) {
      lines_.refuse(fmt::format("the file does not say which element type {} is: write it behind the mass (\"{} 183.84 # W\") "
                                "or give the elements of the types",
                                type, type));
    }
    return label != label_.end() ? label->second : comment->second;
  }

  void take_elements() {
    Atoms &atoms = frame_.atoms;
    std::map<std::int64_t, std::string> names;
    for (const std::int64_t type : types_) {
      if (names.count(type) == 0) {
        names[type] = element_of(type);
        check_element(lines_, names[type]);
      }
    }
    take_types(atoms, types_, names);
    if (mass_.empty()) {
      return;
    }
    std::vector<double> masses;
    for (const std::int64_t type : types_) {
      const auto mass = mass_.find(type);
      if (mass == mass_.end()) {
        lines_.refuse(fmt::format("the section Masses has no type {}", type));
      }
      masses.push_back(mass->second);
    }
    take_masses(lines_, atoms, masses);
  }

  void take_velocities() {
    Atoms &atoms = frame_.atoms;
    if (velocity_.empty()) {
      return;
    }
    for (const std::int64_t id : atoms.id) {
      const auto it = velocity_.find(id);
      if (it == velocity_.end()) {
        lines_.refuse(fmt::format("the section Velocities has no atom {}", id));
      }
      atoms.velocity_A_ps.push_back(it->second);
    }
    if (velocity_.size() != atoms.size()) {
      lines_.refuse(fmt::format("there are {} velocities for {} atoms", velocity_.size(), atoms.size()));
    }
  }

  TextLines &lines_;
  const FrameOptions &options_;
  Frame frame_;
  DataHead head_;
  std::map<std::int64_t, double> mass_;
  std::map<std::int64_t, std::string> comment_; // behind the masses
  std::map<std::int64_t, std::string> label_;
  std::vector<std::int64_t> types_;
  std::map<std::int64_t, Vector3> velocity_;
};

} // namespace

Frame read_lammps_data(TextLines &lines, const FrameOptions &options) { return DataReader(lines, options).read(); }

namespace {

// The cell in LAMMPS's form and the rotation that brings vectors there: x' = x turn (rows).
struct LammpsForm {
  LammpsBox box;
  Matrix3 turn{Vector3{1, 0, 0}, Vector3{0, 1, 0}, Vector3{0, 0, 1}};
  bool turned = false;
  bool flipped = false; // -c in place of c
};

LammpsForm lammps_form(const Atoms &atoms) {
  LammpsForm form;
  Matrix3 h = atoms.cell.vectors;
  if (determinant(h) < 0.0) {
    form.flipped = true;
    for (double &value : h[2]) {
      value = value == 0.0 ? 0.0 : -value;
    }
  }
  form.turned = !(h[0][1] == 0.0 && h[0][2] == 0.0 && h[1][2] == 0.0 && h[0][0] > 0.0 && h[1][1] > 0.0 && h[2][2] > 0.0);
  if (form.turned) {
    // Unit vectors: x along a, z along a x b.
    const double a = std::sqrt(dot(h[0], h[0]));
    const Vector3 x{h[0][0] / a, h[0][1] / a, h[0][2] / a};
    const double along = dot(h[1], x);
    Vector3 y{h[1][0] - along * x[0], h[1][1] - along * x[1], h[1][2] - along * x[2]};
    const double b = std::sqrt(dot(y, y));
    y = {y[0] / b, y[1] / b, y[2] / b};
    const Vector3 z{x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]};
    for (std::size_t d = 0; d < 3; ++d) {
      form.turn[d] = {x[d], y[d], z[d]};
    }
    h = {Vector3{a, 0.0, 0.0}, Vector3{along, b, 0.0}, Vector3{dot(h[2], x), dot(h[2], y), dot(h[2], z)}};
  }
  // LAMMPS tilts along periodic directions only; the vector of a free one is a frame of reference.
  form.box.high = {h[0][0], h[1][1], h[2][2]};
  form.box.xy = atoms.cell.periodic[1] ? h[1][0] : 0.0;
  form.box.xz = atoms.cell.periodic[2] ? h[2][0] : 0.0;
  form.box.yz = atoms.cell.periodic[2] ? h[2][1] : 0.0;
  return form;
}

Vector3 turned(const LammpsForm &form, const Vector3 &x) { return form.turned ? times(x, form.turn) : x; }

// In free directions every atom must lie inside the (tilted) box.
void enclose(LammpsForm &form, const Atoms &atoms) {
  const Matrix3 to_fraction = inverse(form.box.vectors());
  const LammpsBox box = form.box;
  for (std::size_t k = 0; k < 3; ++k) {
    if (atoms.cell.periodic[k]) {
      continue;
    }
    for (const Vector3 &x : atoms.position_A) {
      const double at = times(turned(form, x), to_fraction)[k] * box.high[k];
      form.box.low[k] = std::min(form.box.low[k], at < 0.0 ? at - 1e-3 : 0.0);
      form.box.high[k] = std::max(form.box.high[k], at >= box.high[k] ? at + 1e-3 : 0.0);
    }
  }
}

void append_words(std::string &text, const Vector3 &v) {
  for (const double value : v) {
    text += ' ';
    append_number(text, value);
  }
}

void append_image(std::string &text, const LammpsForm &form, const std::array<std::int32_t, 3> &image) {
  for (std::size_t d = 0; d < 3; ++d) {
    text += ' ';
    append_number(text, std::int64_t{d == 2 && form.flipped ? -image[d] : image[d]});
  }
}

void append_id(std::string &text, const Atoms &atoms, std::size_t i) {
  append_number(text, atoms.id.empty() ? static_cast<std::int64_t>(i + 1) : atoms.id[i]);
}

const AtomColumn *column_named(const Atoms &atoms, std::string_view name, std::size_t kind) {
  for (const AtomColumn &column : atoms.columns) {
    if (column.name == name && column.width == 1 && column.values.index() == kind) {
      return &column;
    }
  }
  return nullptr;
}

// The name of a further column, which must not take that of another.
std::string dump_name(const std::string &name) {
  static const std::set<std::string> kTaken{"id", "type", "element", "mass", "x",   "y",   "z",  "xu", "yu",
                                            "zu", "xs",   "ys",      "zs",   "ix",  "iy",  "iz", "vx", "vy",
                                            "vz", "fx",   "fy",      "fz",   "xsu", "ysu", "zsu"};
  return kTaken.count(name) > 0 ? "c_" + name : name;
}

} // namespace
} // namespace atom_files

std::string lammps_data_text(const Atoms &atoms) {
  using namespace atom_files;
  check_to_write(atoms);
  if (!atoms.id.empty() && *std::min_element(atoms.id.begin(), atoms.id.end()) < 1) {
    throw DataError("LAMMPS data needs ids of at least 1; the atoms to be written have one of " +
                    std::to_string(*std::min_element(atoms.id.begin(), atoms.id.end())));
  }
  LammpsForm form = lammps_form(atoms);
  enclose(form, atoms);
  const AtomColumn *charge = column_named(atoms, "charge", 0);
  const AtomColumn *molecule = column_named(atoms, "molecule", 1);
  const char *style =
      charge != nullptr ? (molecule != nullptr ? "full" : "charge") : (molecule != nullptr ? "molecular" : "atomic");
  std::string text = "LAMMPS data, units = metal, " + pbc_text(atoms.cell) + "\n\n";
  text += fmt::format("{} atoms\n{} atom types\n\n", atoms.size(), atoms.elements.size());
  for (std::size_t k = 0; k < 3; ++k) {
    append_number(text, form.box.low[k]);
    text += ' ';
    append_number(text, form.box.high[k]);
    text += fmt::format(" {0}lo {0}hi\n", "xyz"[k]);
  }
  if (form.box.tilted()) {
    append_number(text, form.box.xy);
    append_words(text, {form.box.xz, form.box.yz, 0.0});
    text.resize(text.rfind(' '));
    text += " xy xz yz\n";
  }
  text += "\nMasses\n\n";
  for (std::size_t t = 0; t < atoms.elements.size(); ++t) {
    append_number(text, static_cast<std::int64_t>(t + 1));
    text += ' ';
    append_number(text, mass_of(atoms, t));
    text += " # " + atoms.elements[t] + "\n";
  }
  text += fmt::format("\nAtoms # {}\n\n", style);
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    append_id(text, atoms, i);
    if (molecule != nullptr) {
      text += ' ';
      append_number(text, std::get<1>(molecule->values)[i]);
    }
    text += ' ';
    append_number(text, std::int64_t{atoms.type[i]} + 1);
    if (charge != nullptr) {
      text += ' ';
      append_number(text, std::get<0>(charge->values)[i]);
    }
    append_words(text, turned(form, atoms.position_A[i]));
    if (!atoms.image.empty()) {
      append_image(text, form, atoms.image[i]);
    }
    text += '\n';
  }
  if (!atoms.velocity_A_ps.empty()) {
    text += "\nVelocities\n\n";
    for (std::size_t i = 0; i < atoms.size(); ++i) {
      append_id(text, atoms, i);
      append_words(text, turned(form, atoms.velocity_A_ps[i]));
      text += '\n';
    }
  }
  return text;
}

std::string lammps_dump_text(const Atoms &atoms, std::int64_t timestep) {
  using namespace atom_files;
  check_to_write(atoms);
  LammpsForm form = lammps_form(atoms);
  enclose(form, atoms);
  const LammpsBox &box = form.box;
  std::string text = "ITEM: TIMESTEP\n";
  append_number(text, timestep);
  text += fmt::format("\nITEM: NUMBER OF ATOMS\n{}\nITEM: BOX BOUNDS{}", atoms.size(), box.tilted() ? " xy xz yz" : "");
  for (std::size_t k = 0; k < 3; ++k) {
    text += atoms.cell.periodic[k] ? " pp" : " ff";
  }
  text += '\n';
  Vector3 low = box.low;
  Vector3 high = box.high;
  low[0] += std::min({0.0, box.xy, box.xz, box.xy + box.xz});
  high[0] += std::max({0.0, box.xy, box.xz, box.xy + box.xz});
  low[1] += std::min(0.0, box.yz);
  high[1] += std::max(0.0, box.yz);
  const Vector3 tilt{box.xy, box.xz, box.yz};
  for (std::size_t k = 0; k < 3; ++k) {
    append_number(text, low[k]);
    text += ' ';
    append_number(text, high[k]);
    if (box.tilted()) {
      text += ' ';
      append_number(text, tilt[k]);
    }
    text += '\n';
  }
  text += "ITEM: ATOMS id type element x y z";
  text += atoms.mass_amu.empty() ? "" : " mass";
  text += atoms.image.empty() ? "" : " ix iy iz";
  text += atoms.velocity_A_ps.empty() ? "" : " vx vy vz";
  text += atoms.force_eV_A.empty() ? "" : " fx fy fz";
  text += atoms.energy_eV.empty() ? "" : " c_energy_eV";
  for (const AtomColumn &column : atoms.columns) {
    for (int k = 1; k <= column.width; ++k) {
      const std::string name = dump_name(column.name);
      text += column.width == 1 ? " " + name : fmt::format(" {}[{}]", name, k);
    }
  }
  text += '\n';
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    const auto type = static_cast<std::size_t>(atoms.type[i]);
    append_id(text, atoms, i);
    text += ' ';
    append_number(text, static_cast<std::int64_t>(type + 1));
    text += ' ' + atoms.elements[type];
    append_words(text, turned(form, atoms.position_A[i]));
    if (!atoms.mass_amu.empty()) {
      text += ' ';
      append_number(text, atoms.mass_amu[type]);
    }
    if (!atoms.image.empty()) {
      append_image(text, form, atoms.image[i]);
    }
    if (!atoms.velocity_A_ps.empty()) {
      append_words(text, turned(form, atoms.velocity_A_ps[i]));
    }
    if (!atoms.force_eV_A.empty()) {
      append_words(text, turned(form, atoms.force_eV_A[i]));
    }
    if (!atoms.energy_eV.empty()) {
      text += ' ';
      append_number(text, atoms.energy_eV[i]);
    }
    append_columns(text, atoms, i);
    text += '\n';
  }
  return text;
}

} // namespace zener
