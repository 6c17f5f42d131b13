// The chemical elements: symbols, numbers, masses.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace zener {

// 1 … 118; none for what is no symbol ("Xx", "W1", "w").
std::optional<int> atomic_number(std::string_view symbol);
// Throws InvariantError outside 1 … 118.
std::string element_symbol(int atomic_number);
// Standard atomic weight (IUPAC 2021, abridged; the mass number of the longest-lived isotope where there is none), amu.
double atomic_mass_amu(int atomic_number);

} // namespace zener
