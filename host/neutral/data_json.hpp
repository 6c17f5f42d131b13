// JSON inside data files (not presets): strict, with a bounded depth and no repeated keys.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace zener {

// Parses a whole JSON text. Json is nlohmann::json or nlohmann::ordered_json. Throws DataError that begins with `where` when
// the text is malformed, nests deeper than 32 levels or repeats a key in one object. An ordered object may have 1000 keys (its
// look-ups are linear).
template <class Json> Json parse_data_json(std::string_view text, const std::string &where);

extern template nlohmann::json parse_data_json(std::string_view, const std::string &);
extern template nlohmann::ordered_json parse_data_json(std::string_view, const std::string &);

// A value as text for an error message, at most 60 characters.
std::string shown(const nlohmann::json &value);
std::string shown(const nlohmann::ordered_json &value);

} // namespace zener
