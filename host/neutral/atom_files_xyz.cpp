// Extended XYZ as ASE and OVITO write and read it.
//
// Units: A, eV, eV/A, amu. Virial: atoms.hpp; stress = -virial / volume in eV/A^3, as ASE has it. Six numbers are in Voigt's
// order xx yy zz yz xz xy, nine row by row. Velocities: the column "velo" with velo_unit=A/ps (or A/fs) in the comment; "vel"
// is GPUMD's, A/fs; "momenta" are ASE's, sqrt(amu eV). We write velo (OVITO shows it as velocity), momenta and masses (ASE
// takes its velocities from them).
#include "host/neutral/atom_files_parts.hpp"
#include "host/neutral/elements.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>
#include <set>

namespace zener {
namespace atom_files {
namespace {

struct Item {
  std::string key;   // as the file has it
  std::string lower; // the same in lower case
  std::string value;
  bool has_value = false;
};

// One value of a comment from `at`: "…", '…', […], {…} or a bare word. Brackets stay part of the value.
std::string comment_value(const TextLines &lines, std::string_view line, std::size_t &at, const std::string &key) {
  std::string value;
  if (at >= line.size() || is_space(line[at])) {
    return value;
  }
  const char first = line[at];
  if (first == '"' || first == '\'') {
    for (++at; at < line.size() && line[at] != first; ++at) {
      at += line[at] == '\\' && at + 1 < line.size() ? 1 : 0;
      value += line[at];
    }
  } else if (first == '[' || first == '{') {
    std::size_t depth = 0;
    for (; at < line.size(); ++at) {
      depth += line[at] == '[' || line[at] == '{' ? 1 : 0;
      depth -= line[at] == ']' || line[at] == '}' ? 1 : 0;
      value += line[at];
      if (depth == 0) {
        break;
      }
    }
  } else {
    while (at < line.size() && !is_space(line[at])) {
      value += line[at++];
    }
    return value;
  }
  if (at >= line.size()) {
    lines.refuse(fmt::format("the value of {} has no closing {}", in_quotes(key),
                             first == '[' ? "]" : (first == '{' ? "}" : std::string(1, first))));
  }
  ++at;
  return value;
}

std::vector<Item> comment_items(const TextLines &lines, std::string_view line) {
  std::vector<Item> items;
  std::set<std::string> seen;
  std::size_t at = 0;
  const auto skip = [&] {
    while (at < line.size() && is_space(line[at])) {
      ++at;
    }
  };
  for (skip(); at < line.size(); skip()) {
    Item item;
    if (line[at] == '"' || line[at] == '\'') {
      item.key = comment_value(lines, line, at, "a key");
    } else {
      const std::size_t begin = at;
      while (at < line.size() && line[at] != '=' && !is_space(line[at])) {
        ++at;
      }
      item.key = line.substr(begin, at - begin);
    }
    const std::size_t end_of_key = at;
    skip();
    if (at < line.size() && line[at] == '=') {
      ++at;
      skip();
      item.has_value = true;
      item.value = comment_value(lines, line, at, item.key);
    } else {
      at = end_of_key;
    }
    item.lower = lowered(item.key);
    if (item.key.empty()) {
      lines.refuse("the comment has a value without a key: key=value is expected");
    }
    if (!seen.insert(item.lower).second) {
      lines.refuse(fmt::format("the key {} is given twice", in_quotes(item.key)));
    }
    items.push_back(std::move(item));
  }
  return items;
}

std::string without_brackets(const std::string &value) {
  if (value.size() < 2 || (value.front() != '[' && value.front() != '{')) {
    return value;
  }
  std::string inside = value.substr(1, value.size() - 2);
  std::replace(inside.begin(), inside.end(), ',', ' ');
  return inside;
}

std::optional<bool> to_bool(std::string_view word) {
  const std::string lower = lowered(word);
  if (lower == "t" || lower == "true" || lower == "f" || lower == "false") {
    return lower[0] == 't';
  }
  return std::nullopt;
}

bool looks_like_integer(std::string_view word) {
  word.remove_prefix(!word.empty() && (word[0] == '-' || word[0] == '+') ? 1 : 0);
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

FrameValue info_value(const Item &item) {
  if (!item.has_value) {
    return true;
  }
  const bool list = !item.value.empty() && (item.value.front() == '[' || item.value.front() == '{');
  const std::string inside = without_brackets(item.value);
  const std::vector<std::string_view> all = split_words(inside);
  if (all.size() == 1 && !list && all[0].size() == inside.size()) {
    if (const std::optional<bool> truth = to_bool(all[0])) {
      return *truth;
    }
  }
  std::vector<std::int64_t> integers;
  std::vector<double> doubles;
  for (const std::string_view word : all) {
    std::int64_t integer = 0;
    double number = 0.0;
    if (to_integer(word, integer)) {
      integers.push_back(integer);
    }
    if (to_number(word, number) && (!looks_like_integer(word) || integers.size() == doubles.size() + 1)) {
      doubles.push_back(number);
    } else {
      return item.value;
    }
  }
  if (doubles.empty()) {
    return item.value;
  }
  const bool one = doubles.size() == 1 && !list;
  if (integers.size() == doubles.size()) {
    return one ? FrameValue(integers[0]) : FrameValue(integers);
  }
  return one ? FrameValue(doubles[0]) : FrameValue(doubles);
}

std::vector<double> numbers_of(const TextLines &lines, const Item &item, std::initializer_list<std::size_t> counts) {
  const std::string inside = without_brackets(item.value);
  std::string flat = inside; // [[a, b, c], …]
  std::replace_if(
      flat.begin(), flat.end(), [](char c) { return c == '[' || c == ']' || c == ','; }, ' ');
  const std::vector<std::string_view> all = split_words(flat);
  if (std::find(counts.begin(), counts.end(), all.size()) == counts.end()) {
    lines.refuse(fmt::format("{} has {} numbers, {} expected", item.key, all.size(),
                             counts.size() == 1 ? fmt::format("{} are", *counts.begin()) : "9 (or 6, xx yy zz yz xz xy) are"));
  }
  std::vector<double> out;
  for (const std::string_view word : all) {
    out.push_back(lines.number(word, item.key));
  }
  return out;
}

Matrix3 tensor_of(const std::vector<double> &v) {
  if (v.size() == 6) {
    return {Vector3{v[0], v[5], v[4]}, Vector3{v[5], v[1], v[3]}, Vector3{v[4], v[3], v[2]}};
  }
  return {Vector3{v[0], v[1], v[2]}, Vector3{v[3], v[4], v[5]}, Vector3{v[6], v[7], v[8]}};
}

struct Column {
  std::string name;
  std::string lower;
  char kind = 'R';
  std::size_t width = 1;
  std::size_t at = 0;
};

constexpr std::size_t kMostColumns = 4096;

// "species:S:1:pos:R:3:…"
std::vector<Column> columns_of(const TextLines &lines, const std::string &properties) {
  const std::vector<std::string_view> parts = split_at(properties, ':');
  if (parts.size() % 3 != 0) {
    lines.refuse(fmt::format("Properties is {}, triples of name:type:columns are expected", in_quotes(properties)));
  }
  std::vector<Column> columns;
  std::size_t at = 0;
  for (std::size_t i = 0; i < parts.size(); i += 3) {
    Column column;
    column.name = parts[i];
    column.lower = lowered(parts[i]);
    const std::string kind = lowered(parts[i + 1]);
    if (!is_column_name(column.name)) {
      lines.refuse(fmt::format("Properties has the column {}, whose name cannot be used", in_quotes(column.name)));
    }
    if (kind != "s" && kind != "r" && kind != "i" && kind != "l") {
      lines.refuse(fmt::format("the column {} of Properties has the type {}, allowed: S, R, I, L", in_quotes(parts[i]),
                               in_quotes(parts[i + 1])));
    }
    column.kind = static_cast<char>(std::toupper(static_cast<unsigned char>(kind[0])));
    column.width = static_cast<std::size_t>(
        lines.integer(parts[i + 2], "the number of columns of " + in_quotes(parts[i]), 1, kMostColumns));
    column.at = at;
    at += column.width;
    if (std::any_of(columns.begin(), columns.end(), [&](const Column &c) { return c.name == column.name; })) {
      lines.refuse(fmt::format("Properties names the column {} twice", in_quotes(column.name)));
    }
    if (at > kMostColumns) {
      lines.refuse(fmt::format("Properties has more than {} columns", kMostColumns));
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

// What the columns of a file mean.
struct Roles {
  const Column *species = nullptr;
  const Column *number = nullptr; // of the element, without species
  const Column *position = nullptr;
  const Column *force = nullptr;
  const Column *velocity = nullptr;
  const Column *momentum = nullptr;
  const Column *mass = nullptr;
  const Column *energy = nullptr;
  const Column *id = nullptr;
  const Column *image = nullptr;
  std::vector<const Column *> others;
};

Roles roles_of(const TextLines &lines, const std::vector<Column> &columns, const std::string &properties) {
  Roles roles;
  for (const Column &column : columns) {
    const auto is = [&](std::initializer_list<const char *> names, const char *kinds, std::size_t width) {
      if (std::find(names.begin(), names.end(), column.lower) == names.end()) {
        return false;
      }
      if (std::string_view(kinds).find(column.kind) == std::string_view::npos || column.width != width) {
        lines.refuse(fmt::format("the column {} is {}:{}, {}:{} is expected", in_quotes(column.name), column.kind, column.width,
                                 kinds[0], width));
      }
      return true;
    };
    const auto take = [&](const Column *&role) {
      if (role != nullptr) {
        lines.refuse(fmt::format("the columns {} and {} mean the same", in_quotes(role->name), in_quotes(column.name)));
      }
      role = &column;
    };
    if (is({"species"}, "S", 1)) {
      take(roles.species);
    } else if (is({"z"}, "I", 1)) {
      take(roles.number);
    } else if (is({"pos"}, "R", 3)) {
      take(roles.position);
    } else if (is({"forces", "force"}, "R", 3)) {
      take(roles.force);
    } else if (is({"velo", "vel", "velocity", "velocities"}, "R", 3)) {
      take(roles.velocity);
    } else if (is({"momenta"}, "R", 3)) {
      take(roles.momentum);
    } else if (is({"masses", "mass"}, "RI", 1)) {
      take(roles.mass);
    } else if (is({"energies"}, "R", 1)) {
      take(roles.energy);
    } else if (is({"id"}, "I", 1)) {
      take(roles.id);
    } else if (is({"image"}, "I", 3)) {
      take(roles.image);
    } else {
      roles.others.push_back(&column);
    }
  }
  if (roles.position == nullptr || (roles.species == nullptr && roles.number == nullptr)) {
    lines.refuse(fmt::format("Properties is {}, species:S:1 and pos:R:3 are expected in it", in_quotes(properties)));
  }
  if (roles.species != nullptr && roles.number != nullptr) {
    roles.others.push_back(roles.number);
    roles.number = nullptr;
  }
  return roles;
}

AtomColumn empty_column(const Column &column, std::size_t atoms) {
  AtomColumn out;
  out.name = column.name;
  out.width = static_cast<int>(column.width);
  const std::size_t size = atoms * column.width;
  if (column.kind == 'R') {
    out.values = std::vector<double>();
    std::get<0>(out.values).reserve(size);
  } else if (column.kind == 'I') {
    out.values = std::vector<std::int64_t>();
    std::get<1>(out.values).reserve(size);
  } else {
    out.values = std::vector<std::string>();
  }
  return out;
}

void append_values(const TextLines &lines, AtomColumn &out, const Column &column, const std::vector<std::string_view> &words) {
  for (std::size_t k = 0; k < column.width; ++k) {
    const std::string_view word = words[column.at + k];
    if (auto *doubles = std::get_if<0>(&out.values); doubles != nullptr) {
      doubles->push_back(lines.number(word, column.name));
    } else if (auto *integers = std::get_if<1>(&out.values); integers != nullptr) {
      integers->push_back(lines.integer(word, column.name));
    } else if (column.kind == 'L') {
      const std::optional<bool> truth = to_bool(word);
      if (!truth) {
        lines.refuse(fmt::format("{} is {}, T or F is expected", column.name, in_quotes(word)));
      }
      std::get<2>(out.values).emplace_back(*truth ? "T" : "F");
    } else if (!is_word(word)) {
      lines.refuse(fmt::format("{} is {}, a word without control characters is expected", column.name, in_quotes(word)));
    } else {
      std::get<2>(out.values).emplace_back(word);
    }
  }
}

// Factor from the unit of the column of velocities to A/ps.
double velocity_unit(const TextLines &lines, const Column &column, const Item *unit) {
  if (unit == nullptr) {
    if (column.lower == "vel") {
      return 1000.0; // GPUMD
    }
    lines.refuse(fmt::format("the column {} does not say its unit: velo_unit=A/ps or velo_unit=A/fs is expected in the comment "
                             "(ASE's momenta and GPUMD's vel need none)",
                             in_quotes(column.name)));
  }
  const std::string name = lowered(unit->value);
  if (name != "a/ps" && name != "a/fs") {
    lines.refuse(fmt::format("{} is {}, A/ps or A/fs is expected", unit->key, in_quotes(unit->value)));
  }
  return name == "a/ps" ? 1.0 : 1000.0;
}

void take_momenta(const TextLines &lines, Atoms &atoms, const std::vector<Vector3> &momenta) {
  const bool both = !atoms.velocity_A_ps.empty();
  atoms.velocity_A_ps.resize(momenta.size());
  for (std::size_t i = 0; i < momenta.size(); ++i) {
    const double mass = mass_of(atoms, static_cast<std::size_t>(atoms.type[i]));
    for (std::size_t d = 0; d < 3; ++d) {
      const double velocity = momenta[i][d] / mass * kRootEvPerAmu_A_ps;
      double &known = atoms.velocity_A_ps[i][d];
      if (both && !(std::abs(known - velocity) <= 1e-4 * std::abs(velocity) + 1e-6)) {
        lines.refuse(fmt::format("the velocity and the momentum of atom {} disagree ({} and {} A/ps); leave one of the columns "
                                 "away",
                                 i + 1, number_text(known), number_text(velocity)));
      }
      known = both ? known : velocity;
    }
  }
}

// What the comment says of the cell, energy, virial and all else.
struct Head {
  std::vector<Column> columns;
  Roles roles;
  double velocity_factor = 1.0; // to A/ps
};

void take_tensors(const TextLines &lines, Atoms &atoms, const Item *virial, const Item *stress, bool has_volume) {
  if (virial != nullptr) {
    atoms.has_virial = true;
    atoms.virial_eV = tensor_of(numbers_of(lines, *virial, {9, 6}));
  }
  if (stress == nullptr) {
    return;
  }
  if (!has_volume) {
    if (virial == nullptr) {
      lines.refuse("a stress is given without a cell that has a volume");
    }
    return;
  }
  const Matrix3 tensor = tensor_of(numbers_of(lines, *stress, {9, 6}));
  const double cell_volume = volume(atoms.cell);
  double largest = 0.0;
  double difference = 0.0;
  for (std::size_t a = 0; a < 3; ++a) {
    for (std::size_t b = 0; b < 3; ++b) {
      const double value = -tensor[a][b] * cell_volume;
      if (virial == nullptr) {
        atoms.virial_eV[a][b] = value;
      }
      largest = std::max({largest, std::abs(value), std::abs(atoms.virial_eV[a][b])});
      difference = std::max(difference, std::abs(value - atoms.virial_eV[a][b]));
    }
  }
  if (!(difference <= 1e-5 * largest + 1e-8)) {
    lines.refuse(fmt::format("stress is not -virial / volume (they differ by {:.3g} eV); leave one of them away", difference));
  }
  atoms.has_virial = true;
}

Head read_comment(const TextLines &lines, std::string_view comment, Atoms &atoms) {
  Head head;
  std::vector<Item> items;
  const std::string lower = lowered(comment);
  const bool extended = lower.find("lattice") != std::string::npos || lower.find("properties") != std::string::npos ||
                        lower.find("pbc") != std::string::npos;
  if (extended) {
    items = comment_items(lines, comment);
  } else if (!trimmed(comment).empty()) {
    atoms.info.emplace_back("comment", std::string(trimmed(comment))); // plain XYZ
  }
  const auto find = [&](std::string_view key) -> const Item * {
    const auto it = std::find_if(items.begin(), items.end(), [&](const Item &item) { return item.lower == key; });
    return it == items.end() ? nullptr : &*it;
  };
  const Item *lattice = find("lattice");
  if (lattice != nullptr) {
    atoms.cell.vectors = tensor_of(numbers_of(lines, *lattice, {9}));
  }
  atoms.cell.periodic.fill(lattice != nullptr);
  if (const Item *pbc = find("pbc"); pbc != nullptr) {
    const std::string inside = without_brackets(pbc->value);
    const std::vector<std::string_view> words = split_words(inside);
    for (std::size_t k = 0; k < 3; ++k) {
      const std::optional<bool> truth =
          words.size() == 3 ? (words[k] == "1" || words[k] == "0" ? std::optional(words[k] == "1") : to_bool(words[k]))
                            : std::nullopt;
      if (!truth) {
        lines.refuse(fmt::format("pbc is {}, three of T and F are expected", in_quotes(pbc->value)));
      }
      atoms.cell.periodic[k] = *truth;
    }
    if (lattice == nullptr && (atoms.cell.periodic[0] || atoms.cell.periodic[1] || atoms.cell.periodic[2])) {
      lines.refuse("the comment has no Lattice=\"…\", which periodic directions need");
    }
  }
  if (const Item *energy = find("energy"); energy != nullptr) {
    atoms.has_energy = true;
    atoms.total_energy_eV = lines.number(energy->value, energy->key);
  }
  take_tensors(lines, atoms, find("virial"), find("stress"), lattice != nullptr && volume(atoms.cell) > 0.0);
  const Item *properties = find("properties");
  const std::string list = properties == nullptr ? "species:S:1:pos:R:3" : properties->value;
  head.columns = columns_of(lines, list);
  head.roles = roles_of(lines, head.columns, list);
  if (head.roles.velocity != nullptr) {
    const Item *unit = find("velo_unit");
    head.velocity_factor = velocity_unit(lines, *head.roles.velocity, unit);
  }
  const std::set<std::string> taken = {"lattice", "pbc", "energy", "virial", "stress", "properties", "velo_unit"};
  for (const Item &item : items) {
    if (taken.count(item.lower) == 0) {
      atoms.info.emplace_back(item.key, info_value(item));
    }
  }
  return head;
}

Vector3 vector_at(const TextLines &lines, const Column &column, const std::vector<std::string_view> &words) {
  return {lines.number(words[column.at], column.name), lines.number(words[column.at + 1], column.name),
          lines.number(words[column.at + 2], column.name)};
}

} // namespace

std::vector<TextLines::Mark> extended_xyz_frames(TextLines &lines) {
  std::vector<TextLines::Mark> frames;
  while (true) {
    TextLines::Mark mark = lines.mark();
    std::string_view line;
    while (lines.more() && trimmed(line).empty()) {
      mark = lines.mark();
      line = lines.next("");
    }
    if (trimmed(line).empty()) {
      if (frames.empty()) {
        lines.refuse("the file is empty; the number of atoms is expected");
      }
      return frames;
    }
    const std::vector<std::string_view> words = split_words(line);
    if (words.size() != 1) {
      lines.refuse(frames.empty() ? "this is no extended XYZ: the number of atoms alone is expected in the first line"
                                  : fmt::format("{} is met, the number of atoms of frame {} is expected", in_quotes(line, 40),
                                                frames.size()));
    }
    const std::int64_t atoms = atom_count(lines, words[0], "the number of atoms", 1);
    lines.next("the comment with Lattice=\"…\"");
    for (std::int64_t i = 0; i < atoms; ++i) {
      if (!lines.more()) {
        lines.next(fmt::format("atom {} of {}", i + 1, atoms));
      }
      lines.next("");
    }
    frames.push_back(mark);
  }
}

Frame read_extended_xyz(TextLines &lines, const FrameOptions &options) {
  Frame frame;
  Atoms &atoms = frame.atoms;
  const std::vector<std::string_view> first = split_words(lines.next("the number of atoms"));
  if (first.size() != 1) {
    lines.refuse("the number of atoms alone is expected in the first line");
  }
  const auto n = static_cast<std::size_t>(
      atom_count(lines, first[0], "the number of atoms", options.lattice_sites ? 0 : 1, options.most_atoms));
  const Head head = read_comment(lines, lines.next("the comment with Lattice=\"…\""), atoms);
  frame.cell_lines.fill(lines.number());
  const Roles &roles = head.roles;
  const double factor = head.velocity_factor;
  const std::size_t width = head.columns.back().at + head.columns.back().width;
  if (lines.bytes_left() + 4096 < n * 2 * width) {
    lines.refuse(fmt::format("{} atoms of {} columns do not fit into the {} bytes that follow: the file is not whole", n, width,
                             lines.bytes_left()));
  }
  for (const Column *column : roles.others) {
    atoms.columns.push_back(empty_column(*column, n));
  }
  atoms.position_A.reserve(n);
  atoms.type.reserve(n);
  frame.lines.reserve(n);
  std::vector<double> masses;
  std::vector<Vector3> momenta;
  std::vector<std::string_view> words;
  for (std::size_t i = 0; i < n; ++i) {
    if (!lines.more()) {
      lines.next(fmt::format("atom {} of {}", i + 1, n));
    }
    split_words(lines.next(""), words);
    if (words.size() != width) {
      lines.refuse(fmt::format("{} values are met, {} columns are expected", words.size(), width));
    }
    frame.lines.push_back(lines.number());
    const std::string symbol =
        roles.species != nullptr
            ? std::string(words[roles.species->at])
            : element_symbol(static_cast<int>(lines.integer(words[roles.number->at], "the number of the element", 1, 118)));
    if (atoms.type.empty() || atoms.elements[static_cast<std::size_t>(atoms.type.back())] != symbol) {
      if (!options.lattice_sites) {
        check_element(lines, symbol);
      } else if (atoms.elements.size() > 256) {
        lines.refuse("there are more than 256 species");
      }
      atoms.type.push_back(type_of(atoms, symbol));
    } else {
      atoms.type.push_back(atoms.type.back());
    }
    atoms.position_A.push_back(vector_at(lines, *roles.position, words));
    if (roles.force != nullptr) {
      atoms.force_eV_A.push_back(vector_at(lines, *roles.force, words));
    }
    if (roles.velocity != nullptr) {
      const Vector3 v = vector_at(lines, *roles.velocity, words);
      atoms.velocity_A_ps.push_back({v[0] * factor, v[1] * factor, v[2] * factor});
    }
    if (roles.momentum != nullptr) {
      momenta.push_back(vector_at(lines, *roles.momentum, words));
    }
    if (roles.mass != nullptr) {
      masses.push_back(lines.number(words[roles.mass->at], "the mass"));
    }
    if (roles.energy != nullptr) {
      atoms.energy_eV.push_back(lines.number(words[roles.energy->at], "the energy"));
    }
    if (roles.id != nullptr) {
      atoms.id.push_back(lines.integer(words[roles.id->at], "the id", 0));
    }
    if (roles.image != nullptr) {
      std::array<std::int32_t, 3> image{};
      for (std::size_t d = 0; d < 3; ++d) {
        image[d] = static_cast<std::int32_t>(lines.integer(words[roles.image->at + d], "the image", -(1 << 30), 1 << 30));
      }
      atoms.image.push_back(image);
    }
    for (std::size_t c = 0; c < roles.others.size(); ++c) {
      append_values(lines, atoms.columns[c], *roles.others[c], words);
    }
  }
  if (!masses.empty()) {
    take_masses(lines, atoms, masses);
  }
  if (!momenta.empty()) {
    take_momenta(lines, atoms, momenta);
  }
  finish(lines, frame, options);
  return frame;
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

namespace {

void append_tensor(std::string &text, const Matrix3 &tensor, double factor) {
  text += '"';
  for (std::size_t i = 0; i < 9; ++i) {
    text += i == 0 ? "" : " ";
    const double value = tensor[i / 3][i % 3] * factor;
    append_double(text, value == 0.0 ? 0.0 : value);
  }
  text += '"';
}

bool is_key(std::string_view key) {
  return !key.empty() && std::none_of(key.begin(), key.end(), [](char c) {
    return is_space(c) || c == '=' || c == '"' || c == '\'' || c == '[' || c == ']' || c == '{' || c == '}' || c == ',' ||
           std::iscntrl(static_cast<unsigned char>(c)) != 0;
  });
}

void append_info(std::string &text, const std::string &key, const FrameValue &value) {
  if (is_key(key)) {
    text += ' ' + key + '=';
  } else {
    text += ' ';
    append_quoted(text, key);
    text += '=';
  }
  const auto list = [&](const auto &values, auto append) {
    text += values.size() == 1 ? '[' : '"';
    for (std::size_t i = 0; i < values.size(); ++i) {
      text += i == 0 ? "" : " ";
      append(text, values[i]);
    }
    text += values.size() == 1 ? ']' : '"';
  };
  if (const auto *number = std::get_if<double>(&value); number != nullptr) {
    append_double(text, *number);
  } else if (const auto *integer = std::get_if<std::int64_t>(&value); integer != nullptr) {
    append_number(text, *integer);
  } else if (const auto *truth = std::get_if<bool>(&value); truth != nullptr) {
    text += *truth ? 'T' : 'F';
  } else if (const auto *words = std::get_if<std::string>(&value); words != nullptr) {
    append_quoted(text, *words);
  } else if (const auto *numbers = std::get_if<std::vector<double>>(&value); numbers != nullptr) {
    list(*numbers, append_double);
  } else {
    list(std::get<std::vector<std::int64_t>>(value), [](std::string &out, std::int64_t number) { append_number(out, number); });
  }
}

char kind_of(const AtomColumn &column) {
  if (std::holds_alternative<std::vector<double>>(column.values)) {
    return 'R';
  }
  if (std::holds_alternative<std::vector<std::int64_t>>(column.values)) {
    return 'I';
  }
  const auto &words = std::get<std::vector<std::string>>(column.values);
  if (!std::all_of(words.begin(), words.end(), is_word)) {
    throw InvariantError("the column " + column.name + " to be written has words that are empty or hold blanks");
  }
  return std::all_of(words.begin(), words.end(), [](const std::string &w) { return w == "T" || w == "F"; }) ? 'L' : 'S';
}

// The name of a further column, which must not take the meaning of another.
std::string xyz_name(const std::string &name) {
  static const std::set<std::string> kTaken{"species", "pos",      "id",         "image",   "masses", "mass",   "velo",
                                            "vel",     "velocity", "velocities", "momenta", "force",  "forces", "energies"};
  return kTaken.count(lowered(name)) > 0 ? "c_" + name : name;
}

void append_vector(std::string &text, const Vector3 &v, double factor = 1.0) {
  for (const double value : v) {
    text += ' ';
    append_number(text, value * factor);
  }
}

} // namespace
} // namespace atom_files

std::string extended_xyz_text(const Atoms &atoms) {
  using namespace atom_files;
  check_to_write(atoms);
  const std::size_t n = atoms.size();
  std::string text;
  append_number(text, static_cast<std::int64_t>(n));
  text += "\nLattice=";
  append_tensor(text, atoms.cell.vectors, 1.0);
  text += " Properties=species:S:1:pos:R:3";
  text += atoms.id.empty() ? "" : ":id:I:1";
  text += atoms.image.empty() ? "" : ":image:I:3";
  const bool masses = !atoms.mass_amu.empty() || !atoms.velocity_A_ps.empty();
  text += masses ? ":masses:R:1" : "";
  text += atoms.velocity_A_ps.empty() ? "" : ":velo:R:3:momenta:R:3";
  text += atoms.force_eV_A.empty() ? "" : ":forces:R:3";
  text += atoms.energy_eV.empty() ? "" : ":energies:R:1";
  for (const AtomColumn &column : atoms.columns) {
    text += fmt::format(":{}:{}:{}", xyz_name(column.name), kind_of(column), column.width);
  }
  if (atoms.has_energy) {
    text += " energy=";
    append_double(text, atoms.total_energy_eV);
  }
  if (atoms.has_virial) {
    text += " virial=";
    append_tensor(text, atoms.virial_eV, 1.0);
    text += " stress=";
    append_tensor(text, atoms.virial_eV, -1.0 / volume(atoms.cell));
  }
  text += atoms.velocity_A_ps.empty() ? "" : " velo_unit=A/ps";
  text += " pbc=\"";
  for (std::size_t k = 0; k < 3; ++k) {
    text += k == 0 ? "" : " ";
    text += atoms.cell.periodic[k] ? 'T' : 'F';
  }
  text += '"';
  std::set<std::string> keys{"lattice", "properties", "energy", "virial", "stress", "velo_unit", "pbc"};
  for (const auto &[key, value] : atoms.info) {
    if (key.empty() || !keys.insert(lowered(key)).second) {
      throw InvariantError("the key '" + key + "' of atoms to be written cannot be used");
    }
    append_info(text, key, value);
  }
  text += '\n';
  for (std::size_t i = 0; i < n; ++i) {
    const auto type = static_cast<std::size_t>(atoms.type[i]);
    text += atoms.elements[type];
    append_vector(text, atoms.position_A[i]);
    if (!atoms.id.empty()) {
      text += ' ';
      append_number(text, atoms.id[i]);
    }
    if (!atoms.image.empty()) {
      for (const std::int32_t cells : atoms.image[i]) {
        text += ' ';
        append_number(text, std::int64_t{cells});
      }
    }
    if (masses) {
      text += ' ';
      append_number(text, mass_of(atoms, type));
    }
    if (!atoms.velocity_A_ps.empty()) {
      append_vector(text, atoms.velocity_A_ps[i]);
      append_vector(text, atoms.velocity_A_ps[i], mass_of(atoms, type) / kRootEvPerAmu_A_ps);
    }
    if (!atoms.force_eV_A.empty()) {
      append_vector(text, atoms.force_eV_A[i]);
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
