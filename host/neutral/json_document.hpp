// JSON files as users write them: comments allowed, duplicate keys refused, errors with file, line and column; edits from the
// command line; and a reader of objects that knows which keys were asked for.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace zener {

// Who answers for a faulty document: the preset (ConfigError) or a file of data (DataError).
enum class JsonUse { preset, data };

// Reads a file of at most 1 MiB (preset) or 1 GiB (data). Throws DataError when it is missing, unreadable or too large; what
// is wrong inside is a ConfigError or a DataError by `use`, as `file:line:column: reason`.
nlohmann::json load_json(const std::filesystem::path &file, JsonUse use);

// The same for a text; `name` stands for the file in messages. Whole numbers such as 2e7 become integers.
nlohmann::json parse_json(std::string_view text, const std::string &name, JsonUse use);

// Applies `path=value`, e.g. `walkers.temperatures_K=[400,800]` or `lattice.cells.0=6`. The value is JSON, or else a string.
// Objects that are missing on the way, or null, are made (the schema refuses unknown ones later); a list can be extended by one
// element. Throws ConfigError for an empty path, an index outside its list, or a path through a value that holds no keys.
void apply_edit(nlohmann::json &document, const std::string &edit);

// The value as compact JSON, shortened for messages.
std::string value_text(const nlohmann::json &value);

// "object", "list", "string", "integer", "number", "boolean" or "null".
std::string type_name(const nlohmann::json &value);

// A key as a token of a JSON pointer (RFC 6901).
std::string pointer_token(std::string_view key);

// Reads the keys of one object. Every accessor records its key; finish() refuses the keys that nobody asked for and names the
// nearest known one. `asked`, shared with the readers of inner objects, collects the JSON pointers of all keys asked for.
// The object must outlive the reader.
class ObjectReader {
public:
  ObjectReader(const nlohmann::json &object, std::string file, JsonUse use, std::set<std::string> *asked = nullptr);

  bool has(const std::string &key);
  // A missing key takes the fallback; without one it is refused, as is a value of another type.
  const nlohmann::json &value(const std::string &key);
  double number(const std::string &key, std::optional<double> fallback = std::nullopt);
  std::uint64_t count(const std::string &key, std::optional<std::uint64_t> fallback = std::nullopt);
  std::string text(const std::string &key, std::optional<std::string> fallback = std::nullopt);
  std::string choice(const std::string &key, const std::vector<std::string> &allowed,
                     std::optional<std::string> fallback = std::nullopt);
  bool flag(const std::string &key, std::optional<bool> fallback = std::nullopt);
  // An inner object; a missing one reads as empty unless it is required.
  ObjectReader object(const std::string &key, bool required = false);
  // Keys and numbers of an object whose keys are not known beforehand, in alphabetical order.
  std::vector<std::pair<std::string, double>> numbers(const std::string &key);

  void finish() const;

  // "file: /pointer/key" for messages. The key may be a path, "key/0/inner", whose tokens are escaped (pointer_token).
  std::string where(const std::string &key = {}) const;
  // Throws ConfigError or DataError, by use: "where(key): message".
  [[noreturn]] void refuse(const std::string &key, const std::string &message) const;
  [[noreturn]] void refuse_value(const std::string &key, const nlohmann::json &met, const std::string &allowed) const;

private:
  const nlohmann::json *find(const std::string &key);

  const nlohmann::json *object_;
  std::string file_;
  std::string pointer_;
  JsonUse use_;
  std::set<std::string> *asked_;
  std::set<std::string> known_;
};

} // namespace zener
