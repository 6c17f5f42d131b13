// POSCAR and CONTCAR of VASP: A; velocities A/fs. Species of VASP 5; those of VASP 4 by type_elements. Written with Cartesian
// coordinates and atoms grouped by element; where that changes their order, or ids are to be kept, each line ends in "# id".
#include "host/neutral/atom_files_parts.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <numeric>
#include <optional>

namespace zener {
namespace atom_files {
namespace {

// The decimal text of a number times 10^shift, so that a change of unit costs no digit.
std::string shifted(std::string_view word, int shift) {
  const std::size_t e = word.find_first_of("eE");
  std::int64_t exponent = 0;
  if (e != std::string_view::npos && (!to_integer(word.substr(e + 1), exponent) || std::abs(exponent) > 10000)) {
    return std::string(word); // refused by the reader, as it came
  }
  return fmt::format("{}e{}", word.substr(0, e), exponent + shift);
}

Vector3 three_numbers(const TextLines &lines, const std::vector<std::string_view> &words, std::string_view what) {
  if (words.size() < 3) {
    lines.refuse(fmt::format("{} numbers are met, 3 are expected: {}", words.size(), what));
  }
  return {lines.number(words[0], what), lines.number(words[1], what), lines.number(words[2], what)};
}

Matrix3 read_cell(TextLines &lines, Vector3 &scale) {
  const std::vector<std::string_view> factor = split_words(lines.next("the scale factor"));
  if (factor.size() != 1 && factor.size() != 3) {
    lines.refuse(fmt::format("{} numbers are met, one scale factor is expected", factor.size()));
  }
  for (std::size_t k = 0; k < 3; ++k) {
    scale[k] = lines.number(factor[factor.size() == 1 ? 0 : k], "the scale factor");
    if (scale[k] == 0.0 || (factor.size() == 3 && scale[k] < 0.0)) {
      lines.refuse("the scale factor is zero, or one of three is negative");
    }
  }
  Matrix3 h{};
  for (Vector3 &vector : h) {
    vector = three_numbers(lines, split_words(lines.next("a vector of the cell")), "a vector of the cell");
  }
  if (scale[0] < 0.0) { // the volume
    const double v = std::abs(determinant(h));
    if (!(v > 0.0)) {
      lines.refuse("the vectors of the cell span no volume");
    }
    scale.fill(std::cbrt(-scale[0] / v));
  }
  for (Vector3 &vector : h) {
    for (std::size_t d = 0; d < 3; ++d) {
      vector[d] *= scale[d];
    }
  }
  return h;
}

// Species and counts; VASP 6 writes the name of a pseudopotential behind the element ("W_pv", "W/4f…").
std::int64_t read_species(TextLines &lines, const FrameOptions &options, std::vector<std::string> &names,
                          std::vector<std::int64_t> &counts) {
  std::vector<std::string_view> words = split_words(lines.next("the species"));
  std::int64_t number = 0;
  if (!words.empty() && to_integer(words[0], number)) {
    if (options.type_elements.size() != words.size()) {
      lines.refuse(
          fmt::format("the file has no line of species (VASP 4); {} elements must be given for its {} numbers of atoms",
                      words.size(), words.size()));
    }
    names.assign(options.type_elements.begin(), options.type_elements.end());
  } else {
    for (const std::string_view word : words) {
      names.emplace_back(word.substr(0, word.find_first_of("_/")));
    }
    words = split_words(lines.next("the numbers of atoms"));
  }
  for (const std::string &name : names) {
    check_element(lines, name);
  }
  if (names.empty() || words.size() != names.size()) {
    lines.refuse(fmt::format("{} numbers of atoms are met for {} species", words.size(), names.size()));
  }
  std::int64_t total = 0;
  const auto most = static_cast<std::int64_t>(lines.bytes_left());
  for (const std::string_view word : words) {
    counts.push_back(lines.integer(word, "a number of atoms", 0, std::int64_t{1} << 50));
    total += counts.back();
    if (total > most / 5) { // "0 0 0"
      lines.refuse(fmt::format("{} atoms or more are announced, but only {} bytes follow: the file is not whole", total, most));
    }
  }
  if (total == 0) {
    lines.refuse("there are no atoms");
  }
  return total;
}

// Velocities behind the positions, if there are any; what follows them is VASP's own.
void read_velocities(TextLines &lines, Atoms &atoms) {
  if (!lines.more()) {
    return;
  }
  std::string_view line = lines.next("");
  if (trimmed(line).starts_with("Lattice velocities")) {
    for (int k = 0; k < 7; ++k) {
      lines.next("the velocities of the lattice");
    }
    line = lines.more() ? lines.next("") : std::string_view();
  }
  const std::string_view mode = trimmed(line);
  const bool direct = !mode.empty() && (mode[0] == 'd' || mode[0] == 'D');
  if (!mode.empty() && !direct && mode[0] != 'c' && mode[0] != 'C' && mode[0] != 'k' && mode[0] != 'K') {
    lines.refuse(fmt::format("{} is met behind the positions; velocities begin with a blank line or \"Cartesian\"",
                             in_quotes(mode, 40)));
  }
  TextLines::Mark begin = lines.mark();
  if (trimmed(lines.next_filled()).empty()) {
    return;
  }
  lines.go_back(begin);
  std::vector<Vector3> velocities;
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    const std::vector<std::string_view> words = split_words(lines.next(fmt::format("the velocity of atom {}", i + 1)));
    Vector3 v = three_numbers(lines, words, "a velocity");
    if (direct && (v[0] != 0.0 || v[1] != 0.0 || v[2] != 0.0)) {
      lines.refuse(
          "the velocities are direct, in cells per time step, which the file does not hold; Cartesian ones are needed");
    }
    for (std::size_t d = 0; d < 3; ++d) {
      v[d] = lines.number(shifted(words[d], 3), "a velocity"); // A/fs
    }
    velocities.push_back(v);
  }
  atoms.velocity_A_ps = std::move(velocities);
}

// ids of lines that all end in "# id" into the order of atoms; ids 1 … N are left away.
void take_ids(const TextLines &lines, Frame &frame, std::vector<std::int64_t> ids) {
  Atoms &atoms = frame.atoms;
  if (ids.empty()) {
    return;
  }
  if (ids.size() != atoms.size()) {
    lines.refuse(fmt::format("{} of {} atoms have an id (\"# id\")", ids.size(), atoms.size()));
  }
  atoms.id = std::move(ids);
}

} // namespace

Frame read_poscar(TextLines &lines, const FrameOptions &options) {
  Frame frame;
  Atoms &atoms = frame.atoms;
  const std::string_view title = lines.next("the title");
  atoms.cell.periodic = pbc_of_title(title);
  Vector3 scale{};
  atoms.cell.vectors = read_cell(lines, scale);
  std::vector<std::string> names;
  std::vector<std::int64_t> counts;
  const auto n = static_cast<std::size_t>(read_species(lines, options, names, counts));
  std::string_view mode = trimmed(lines.next("\"Direct\" or \"Cartesian\""));
  const bool selective = !mode.empty() && (mode[0] == 's' || mode[0] == 'S');
  if (selective) {
    mode = trimmed(lines.next("\"Direct\" or \"Cartesian\""));
  }
  const char first = mode.empty() ? ' ' : static_cast<char>(std::tolower(static_cast<unsigned char>(mode[0])));
  if (first != 'd' && first != 'c' && first != 'k') {
    lines.refuse(fmt::format("{} is met, \"Direct\" or \"Cartesian\" is expected", in_quotes(mode, 40)));
  }
  std::vector<std::string> flags;
  std::vector<std::int64_t> ids;
  std::vector<std::string_view> words;
  for (std::size_t s = 0; s < names.size(); ++s) {
    for (std::int64_t k = 0; k < counts[s]; ++k) {
      if (!lines.more()) {
        lines.next(fmt::format("atom {} of {}", atoms.size() + 1, n));
      }
      split_words(lines.next(""), words);
      Vector3 x = three_numbers(lines, words, "a position");
      if (first == 'd') {
        x = times(x, atoms.cell.vectors);
      } else {
        for (std::size_t d = 0; d < 3; ++d) {
          x[d] *= scale[d];
        }
      }
      frame.lines.push_back(lines.number());
      atoms.position_A.push_back(x);
      atoms.type.push_back(type_of(atoms, names[s]));
      if (selective) {
        for (std::size_t d = 3; d < 6; ++d) {
          const std::string flag = d < words.size() ? lowered(words[d]) : "";
          if (flag.empty() || (flag.find('t') == std::string::npos) == (flag.find('f') == std::string::npos)) {
            lines.refuse("three of T and F are expected behind the position (selective dynamics)");
          }
          flags.emplace_back(flag.find('t') != std::string::npos ? "T" : "F");
        }
      }
      if (words.size() >= 5 && words[words.size() - 2] == "#") {
        ids.push_back(lines.integer(words.back(), "the id", 0));
      }
    }
  }
  if (selective) {
    atoms.columns.push_back({"selective_dynamics", 3, std::move(flags)});
  }
  read_velocities(lines, atoms);
  take_ids(lines, frame, std::move(ids));
  finish(lines, frame, options, first != 'd');
  sort_by_id(frame);
  bool usual = true;
  for (std::size_t i = 0; i < atoms.id.size(); ++i) {
    usual = usual && atoms.id[i] == static_cast<std::int64_t>(i) + 1;
  }
  if (usual) {
    atoms.id.clear();
  }
  return frame;
}

} // namespace atom_files

std::string poscar_text(const Atoms &atoms) {
  using namespace atom_files;
  check_to_write(atoms);
  std::vector<std::size_t> order(atoms.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return atoms.type[a] < atoms.type[b]; });
  const bool ids = !atoms.id.empty() || !std::is_sorted(order.begin(), order.end());
  std::vector<std::size_t> counts(atoms.elements.size(), 0);
  for (const std::int32_t type : atoms.type) {
    ++counts[static_cast<std::size_t>(type)];
  }
  std::string species;
  std::string numbers;
  for (std::size_t t = 0; t < counts.size(); ++t) {
    if (counts[t] > 0) {
      species += ' ' + atoms.elements[t];
      numbers += ' ' + std::to_string(counts[t]);
    }
  }
  std::string text = "atoms:" + species + " " + pbc_text(atoms.cell) + "\n1.0\n";
  const auto append = [&text](const Vector3 &v) {
    for (const double value : v) {
      text += ' ';
      append_number(text, value);
    }
  };
  for (const Vector3 &vector : atoms.cell.vectors) {
    append(vector);
    text += '\n';
  }
  text += species + "\n" + numbers + "\n";
  const auto flags = std::find_if(atoms.columns.begin(), atoms.columns.end(), [](const AtomColumn &column) {
    return column.name == "selective_dynamics" && column.width == 3 && column.values.index() == 2;
  });
  const bool selective = flags != atoms.columns.end();
  text += selective ? "Selective dynamics\nCartesian\n" : "Cartesian\n";
  for (const std::size_t i : order) {
    append(atoms.position_A[i]);
    for (std::size_t d = 0; selective && d < 3; ++d) {
      text += ' ' + std::get<2>(flags->values)[3 * i + d];
    }
    if (ids) {
      text += " # ";
      append_number(text, atoms.id.empty() ? static_cast<std::int64_t>(i + 1) : atoms.id[i]);
    }
    text += '\n';
  }
  if (!atoms.velocity_A_ps.empty()) {
    text += "Cartesian\n";
    for (const std::size_t i : order) {
      for (const double value : atoms.velocity_A_ps[i]) {
        std::string word;
        append_number(word, value);
        text += ' ' + shifted(word, -3);
      }
      text += '\n';
    }
  }
  return text;
}

} // namespace zener
