// Parameters by element and pair of elements in a potential's JSON: {"Mo": {...}, "Ta": {...}, "Mo-Ta": {...}}.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace zener {

class ObjectReader;

// The members of the object `key`, in alphabetical order. Refuses what is no object or has none.
std::vector<std::string> member_names(ObjectReader &keys, const std::string &key);

// Refuses a member of `key` that is no chemical element.
void expect_element(const ObjectReader &keys, const std::string &key, const std::string &name);

struct ElementPairs {
  struct Entry {
    std::string name;
    std::size_t a = 0, b = 0; // indices into elements; the same for an element by itself
  };
  std::vector<std::string> elements;
  std::vector<Entry> entries;
};

// The elements and pairs that the object `key` names, each once and every pair of two elements among them. `why` says in the
// message why a pair that is missing is needed.
ElementPairs element_pairs(ObjectReader &keys, const std::string &key, const std::string &why);

} // namespace zener
