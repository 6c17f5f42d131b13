// Checks documents against a JSON schema (draft-07).
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace zener {

// presets/schema/kmc.schema.json, embedded by the build.
extern const char *const kKmcSchema;

// Throws ConfigError that lists what is wrong with the document, at most ten lines: file, JSON pointer, the value met, what the
// schema allows there and, for an unknown key, the nearest known one.
void validate(const nlohmann::json &document, std::string_view schema_text, const std::string &file);

} // namespace zener
