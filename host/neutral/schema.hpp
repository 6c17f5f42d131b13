// Checks documents against a JSON schema (draft-07), and the schemas of the presets, one for each driver.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace zener {

struct SchemaText {
  const char *name; // "kmc", …; "common" holds definitions that the others refer to
  const char *text;
};

// presets/schema/NAME.schema.json, embedded by the build, in alphabetical order.
std::span<const SchemaText> schema_texts();

// The drivers that have a schema.
std::vector<std::string> known_drivers();

// The schema of a driver, complete: what it takes from common.schema.json stands in its own definitions. Throws ConfigError
// that names the drivers for any other name.
std::string schema_of(const std::string &driver);

// The driver that a preset asks for. Throws ConfigError (file, pointer, the drivers) when it is missing or unknown.
std::string driver_of(const nlohmann::json &preset, const std::string &file);

// Throws ConfigError that lists what is wrong with the document, at most ten lines: file, JSON pointer, the value met, what the
// schema allows there and, for an unknown key, the nearest known one.
void validate(const nlohmann::json &document, std::string_view schema_text, const std::string &file);

} // namespace zener
