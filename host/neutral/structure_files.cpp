#include "host/neutral/structure_files.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"

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
  return 2 * static_cast<std::size_t>(c.cells[0]) * static_cast<std::size_t>(c.cells[1]) * static_cast<std::size_t>(c.cells[2]);
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

// Calls f(site, cell and basis position) for each site that goes out, in the order of ids.
template <class F> void for_each_atom(const LatticeConfiguration &c, F f) {
  std::size_t site = 0;
  for (int x = 0; x < c.cells[0]; ++x) {
    for (int y = 0; y < c.cells[1]; ++y) {
      for (int z = 0; z < c.cells[2]; ++z) {
        for (const double half : {0.0, 0.5}) {
          if (c.occupancy[site] != 0 || c.show_vacancies) {
            const double a = c.lattice_constant_A;
            f(site, std::array<double, 3>{a * (x + half), a * (y + half), a * (z + half)});
          }
          ++site;
        }
      }
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

} // namespace zener
