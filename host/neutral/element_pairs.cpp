#include "host/neutral/element_pairs.hpp"

#include "host/neutral/elements.hpp"
#include "host/neutral/json_document.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fmt/format.h>

namespace zener {

std::vector<std::string> member_names(ObjectReader &keys, const std::string &key) {
  const nlohmann::json &object = keys.value(key);
  std::vector<std::string> names;
  if (object.is_object()) {
    for (const auto &[name, unused] : object.items()) {
      names.push_back(name);
    }
  }
  if (names.empty()) {
    keys.refuse_value(key, object, "an object with a member for each element, {\"W\": {...}, ...}");
  }
  return names;
}

void expect_element(const ObjectReader &keys, const std::string &key, const std::string &name) {
  if (!atomic_number(name)) {
    keys.refuse(key + "/" + pointer_token(name), "is no chemical element");
  }
}

ElementPairs element_pairs(ObjectReader &keys, const std::string &key, const std::string &why) {
  ElementPairs pairs;
  const std::vector<std::string> names = member_names(keys, key);
  for (const std::string &name : names) {
    if (name.find('-') == std::string::npos) {
      expect_element(keys, key, name);
      pairs.elements.push_back(name);
    }
  }
  const std::size_t elements = pairs.elements.size();
  if (elements == 0) {
    keys.refuse(key, "has pairs but no element");
  }
  const auto index_of = [&](const std::string &name) {
    return static_cast<std::size_t>(std::find(pairs.elements.begin(), pairs.elements.end(), name) - pairs.elements.begin());
  };
  std::vector<bool> given(elements * elements, false);
  for (const std::string &name : names) {
    const std::size_t dash = name.find('-');
    const bool cross = dash != std::string::npos;
    const std::size_t a = index_of(name.substr(0, dash));
    const std::size_t b = cross ? index_of(name.substr(dash + 1)) : a;
    if (a >= elements || b >= elements || (cross && a == b) || given[a * elements + b]) {
      keys.refuse(key + "/" + pointer_token(name),
                  "should name two different elements that have parameters of their own, once for each pair, as in \"Mo-Ta\"");
    }
    given[a * elements + b] = given[b * elements + a] = true;
    pairs.entries.push_back({name, a, b});
  }
  for (std::size_t a = 0; a < elements; ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      if (!given[a * elements + b]) {
        keys.refuse(key, fmt::format("lacks the pair \"{}-{}\"; {}", pairs.elements[b], pairs.elements[a], why));
      }
    }
  }
  return pairs;
}

} // namespace zener
