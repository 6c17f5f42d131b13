// The only file that includes valijson. Its errors carry a context ("<root>", "[walkers]", "[replicas]") and a description of
// the constraint, but no value, no range and no hint, and a failed oneOf reports every branch. So the schema is first narrowed
// to the document (a oneOf becomes the branch that the document means, a pattern becomes the keys that match it), valijson
// says where the document fails, and the message is written from the narrowed schema at that place.
#define VALIJSON_USE_EXCEPTIONS 1

#include "host/neutral/schema.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/json_document.hpp"
#include "host/neutral/text.hpp"

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include <algorithm>
#include <charconv>
#include <regex>
#include <vector>

namespace zener {
namespace {

using nlohmann::json;

constexpr std::size_t kMostErrors = 10;
constexpr const char *kPatterns = "x-key-patterns"; // where a narrowed schema keeps what its pattern keys were

// The member, or an empty object. A reference: items() of a temporary would dangle in a loop.
const json &member(const json &object, const char *key) {
  static const json none = json::object();
  const auto it = object.find(key);
  return it == object.end() ? none : *it;
}

// The schema with its reference, if it is one, replaced by what it refers to.
json dereferenced(json schema, const json &root) {
  while (schema.contains("$ref")) {
    json target = root.at(json::json_pointer(schema["$ref"].get<std::string>().substr(1)));
    schema.erase("$ref");
    target.update(schema); // what stands beside the reference, such as a description, is the nearer word
    schema = std::move(target);
  }
  return schema;
}

// The branch of a oneOf that the document means: the branches whose constants agree with it, then, of several, the one that
// knows most of its keys.
json chosen_branch(const json &branches, const json &document) {
  json constants = json::object(); // key -> values that branches name
  const json *best = nullptr;
  std::size_t best_known = 0;
  for (const json &branch : branches) {
    const std::string type = branch.value("type", "");
    if ((type == "object" && !document.is_object()) || (type == "array" && !document.is_array())) {
      continue;
    }
    bool agrees = true;
    std::size_t known = 0;
    for (const auto &[key, property] : member(branch, "properties").items()) {
      if (property.contains("const")) {
        json &values = constants[key];
        if (std::find(values.begin(), values.end(), property["const"]) == values.end()) {
          values.push_back(property["const"]);
        }
        agrees = agrees && document.is_object() && document.contains(key) && document.at(key) == property["const"];
      }
      known += document.is_object() && document.contains(key) ? 1U : 0U;
    }
    if (agrees && (best == nullptr || known > best_known)) {
      best = &branch;
      best_known = known;
    }
  }
  if (best != nullptr) {
    return *best;
  }
  json types = json::array();
  for (const json &branch : branches) {
    if (branch.contains("type") && std::find(types.begin(), types.end(), branch["type"]) == types.end()) {
      types.push_back(branch["type"]);
    }
  }
  json merged{{"type", types}};
  for (const auto &[key, values] : constants.items()) {
    merged["required"].push_back(key);
    merged["properties"][key] = {{"enum", values}};
  }
  return merged;
}

json narrowed(json schema, const json &document, const json &root) {
  schema = dereferenced(std::move(schema), root);
  if (schema.contains("oneOf")) {
    for (json &branch : schema["oneOf"]) {
      branch = dereferenced(std::move(branch), root);
    }
    json branch = chosen_branch(schema["oneOf"], document);
    schema.erase("oneOf");
    branch.update(schema); // the description of the whole stands for its branches
    schema = std::move(branch);
    return narrowed(std::move(schema), document, root);
  }
  if (document.is_object() && schema.contains("patternProperties")) {
    for (const auto &[pattern, property] : schema["patternProperties"].items()) {
      const std::regex regex(pattern);
      for (const auto &item : document.items()) {
        if (std::regex_search(item.key(), regex)) {
          schema["properties"][item.key()] = property;
        }
      }
    }
    schema[kPatterns] = schema["patternProperties"];
    schema.erase("patternProperties");
  }
  if (document.is_object() && schema.contains("properties")) {
    for (auto &item : schema["properties"].items()) {
      if (document.contains(item.key())) {
        item.value() = narrowed(item.value(), document[item.key()], root);
      }
    }
  }
  if (schema.contains("items")) {
    schema["items"] = dereferenced(schema["items"], root);
  }
  if (document.is_array() && schema.contains("items") && document.size() <= schema.value("maxItems", std::size_t{64})) {
    const json &each = schema["items"];
    if (each.contains("oneOf") || each.contains("patternProperties") || each.contains("properties")) {
      json items = json::array();
      for (const json &element : document) {
        items.push_back(narrowed(each, element, root));
      }
      if (!items.empty()) {
        schema["items"] = items;
      }
    }
  }
  return schema;
}

std::string number(const json &value) { return value.is_number_float() ? number_text(value.get<double>()) : value.dump(); }

std::string range_text(const json &schema) {
  const auto has = [&](const char *key) { return schema.contains(key); };
  if (has("minimum") && has("maximum")) {
    return schema["minimum"] == schema["maximum"] ? ", only " + number(schema["minimum"])
                                                  : " from " + number(schema["minimum"]) + " to " + number(schema["maximum"]);
  }
  std::vector<std::string> parts;
  if (has("minimum")) {
    parts.push_back("at least " + number(schema["minimum"]));
  }
  if (has("exclusiveMinimum")) {
    parts.push_back("greater than " + number(schema["exclusiveMinimum"]));
  }
  if (has("maximum")) {
    parts.push_back("at most " + number(schema["maximum"]));
  }
  if (has("exclusiveMaximum")) {
    parts.push_back("less than " + number(schema["exclusiveMaximum"]));
  }
  return parts.empty() ? "" : " " + join(parts, " and ");
}

// " of exactly 3", " of 1 to 8", " of at least 1" or "".
std::string size_text(const json &schema, const char *least, const char *most) {
  if (schema.contains(least) && schema.contains(most)) {
    return schema[least] == schema[most] ? " of exactly " + number(schema[least])
                                         : " of " + number(schema[least]) + " to " + number(schema[most]);
  }
  if (schema.contains(least)) {
    return " of at least " + number(schema[least]);
  }
  return schema.contains(most) ? " of at most " + number(schema[most]) : "";
}

std::vector<std::string> known_keys(const json &schema) {
  std::vector<std::string> keys;
  for (const auto &item : member(schema, "properties").items()) {
    keys.push_back(item.key());
  }
  return keys;
}

std::string key_text(const json &schema) {
  const char *patterns = schema.contains(kPatterns) ? kPatterns : "patternProperties";
  if (schema.contains(patterns)) {
    std::vector<std::string> names;
    for (const auto &item : schema[patterns].items()) {
      names.push_back(item.value().value("title", item.key()));
    }
    return join(names, ", ");
  }
  return join(known_keys(schema), ", ");
}

std::string allowed_of_type(const json &schema, const std::string &type) {
  if (type == "integer") {
    return "an integer" + range_text(schema);
  }
  if (type == "number") {
    return "a number" + range_text(schema);
  }
  if (type == "string") {
    std::string text = "a string";
    if (const std::string size = size_text(schema, "minLength", "maxLength"); !size.empty()) {
      text += size + " characters";
    }
    return schema.contains("pattern") ? text + " matching " + schema["pattern"].get<std::string>() : text;
  }
  if (type == "boolean") {
    return "true or false";
  }
  if (type == "array") {
    return "a list" + size_text(schema, "minItems", "maxItems");
  }
  if (type == "object") {
    const std::string size = size_text(schema, "minProperties", "maxProperties");
    const std::string keys = key_text(schema);
    return "an object" + (size.empty() ? "" : size + " keys") + (keys.empty() ? "" : " (keys: " + keys + ")");
  }
  return type; // "null"
}

std::string allowed(const json &schema) {
  if (schema.contains("enum")) {
    std::vector<std::string> values;
    for (const json &value : schema["enum"]) {
      values.push_back(value.dump());
    }
    return (values.size() > 1 ? "one of " : "only ") + join(values, ", ");
  }
  if (schema.contains("const")) {
    return "only " + schema["const"].dump();
  }
  std::vector<std::string> types;
  if (schema.contains("type") && schema["type"].is_array()) {
    for (const json &type : schema["type"]) {
      types.push_back(allowed_of_type(schema, type.get<std::string>()));
    }
  } else if (schema.contains("type")) {
    types.push_back(allowed_of_type(schema, schema["type"].get<std::string>()));
  }
  std::string text = join(types, " or ");
  if (schema.contains("items") && schema["items"].is_object()) {
    text += " of which each is " + allowed(schema["items"]);
  }
  return text;
}

std::string with_description(const std::string &text, const json &schema) {
  std::string description = schema.value("description", "");
  if (!description.empty() && description.back() == '.') {
    description.pop_back();
  }
  return description.empty() ? text : text + " (" + description + ")";
}

// Every place of the schema where a key of this name is known, as JSON pointers of documents.
void places_of_key(const json &schema, const json &root, const std::string &key, const std::string &pointer,
                   std::vector<std::string> &places) {
  const json full = dereferenced(schema, root);
  for (const auto &[name, property] : member(full, "properties").items()) {
    if (name == key && std::find(places.begin(), places.end(), pointer + "/" + name) == places.end()) {
      places.push_back(pointer + "/" + name);
    }
    places_of_key(property, root, key, pointer + "/" + name, places);
  }
  for (const json &branch : member(full, "oneOf")) {
    places_of_key(branch, root, key, pointer, places);
  }
}

struct Place {
  const json *value;
  const json *schema; // narrowed
  std::string pointer;
};

// Follows a context of valijson: "<root>", then one "[key]" or "[index]" for each level.
Place follow(const std::vector<std::string> &context, const json &document, const json &schema) {
  static const json any = json::object();
  Place at{&document, &schema, ""};
  for (std::size_t i = 1; i < context.size(); ++i) {
    const std::string token = context[i].substr(1, context[i].size() - 2);
    if (at.value->is_array()) {
      std::size_t index = 0;
      std::from_chars(token.data(), token.data() + token.size(), index);
      at.value = &at.value->at(index);
      const json &items = at.schema->contains("items") ? at.schema->at("items") : any;
      at.schema = items.is_array() ? &items.at(index) : &items;
    } else {
      at.value = &at.value->at(token);
      at.schema = &at.schema->at("properties").at(token);
    }
    at.pointer += "/" + printable(pointer_token(token));
  }
  return at;
}

std::vector<std::string> unknown_keys(const Place &at, const json &root) {
  const std::vector<std::string> known = known_keys(*at.schema);
  std::vector<std::string> lines;
  for (const auto &item : at.value->items()) {
    if (std::find(known.begin(), known.end(), item.key()) != known.end()) {
      continue;
    }
    std::string line = at.pointer + "/" + printable(pointer_token(item.key())) + ": unknown key";
    std::vector<std::string> elsewhere;
    places_of_key(root, root, item.key(), "", elsewhere);
    const bool named = !at.schema->contains(kPatterns);
    if (named && !nearest(item.key(), known) && !elsewhere.empty()) {
      line += " here; it belongs at " + join(elsewhere, " or ");
    } else if (named) {
      line += did_you_mean(item.key(), known);
    }
    lines.push_back(line + "; known here: " + key_text(*at.schema));
  }
  return lines;
}

// The lines for one error of valijson; none for those that only repeat an error further in.
std::vector<std::string> explain(const valijson::ValidationResults::Error &error, const json &document, const json &schema,
                                 const json &root) {
  const std::string &description = error.description;
  if (description.starts_with("Failed to validate")) {
    return {};
  }
  const Place at = follow(error.context, document, schema);
  if (description.starts_with("Object contains a property")) {
    return unknown_keys(at, root);
  }
  const std::string missing = "Missing required property '";
  if (description.starts_with(missing)) {
    const std::string key = description.substr(missing.size(), description.rfind('\'') - missing.size());
    const json full = narrowed(member(member(*at.schema, "properties"), key.c_str()), json(), root);
    return {at.pointer + "/" + key + ": missing; needed: " + with_description(allowed(full), full)};
  }
  std::string met = value_text(*at.value);
  if ((description.starts_with("Object should") || description.starts_with("Array should")) && !at.value->empty()) {
    met = std::to_string(at.value->size()) + (at.value->is_object() ? " keys" : " elements");
  }
  std::vector<std::string> names;
  if (at.schema->contains("enum") && at.value->is_string()) {
    for (const json &name : at.schema->at("enum")) {
      names.push_back(name.is_string() ? name.get<std::string>() : name.dump());
    }
  }
  const std::string hint = at.value->is_string() ? did_you_mean(at.value->get<std::string>(), names) : "";
  return {(at.pointer.empty() ? "the document" : at.pointer) + ": " + met +
          " is not allowed; allowed: " + with_description(allowed(*at.schema), *at.schema) + hint};
}

constexpr std::string_view kCommon = "common";

std::string quoted_drivers() {
  std::vector<std::string> names;
  for (const std::string &driver : known_drivers()) {
    names.push_back(in_quotes(driver));
  }
  return join(names, ", ");
}

} // namespace

std::vector<std::string> known_drivers() {
  std::vector<std::string> names;
  for (const SchemaText &schema : schema_texts()) {
    if (schema.name != kCommon) {
      names.emplace_back(schema.name);
    }
  }
  return names;
}

std::string schema_of(const std::string &driver) {
  using Ordered = nlohmann::ordered_json;
  const char *found = nullptr;
  const char *common = nullptr;
  for (const SchemaText &schema : schema_texts()) {
    if (schema.name == kCommon) {
      common = schema.text;
    } else if (schema.name == driver) {
      found = schema.text;
    }
  }
  if (found == nullptr || common == nullptr) {
    throw ConfigError("there is no driver " + in_quotes(driver) + did_you_mean(driver, known_drivers()) +
                      "; there are: " + join(known_drivers(), ", "));
  }
  std::string text = found;
  const std::string elsewhere = "\"common.schema.json#/";
  for (std::size_t at = text.find(elsewhere); at != std::string::npos; at = text.find(elsewhere, at)) {
    text.replace(at, elsewhere.size(), "\"#/");
  }
  Ordered schema = Ordered::parse(text);
  const Ordered shared = Ordered::parse(common);
  for (const auto &item : shared.at("definitions").items()) {
    schema["definitions"][item.key()] = item.value();
  }
  return schema.dump(2) + "\n";
}

std::string driver_of(const json &preset, const std::string &file) {
  if (!preset.is_object()) {
    throw ConfigError(file + ": the document: " + value_text(preset) + " is not allowed; allowed: an object");
  }
  const auto driver = preset.find("driver");
  if (driver == preset.end()) {
    throw ConfigError(file + ": /driver: missing; needed: one of " + quoted_drivers() + " (What runs)");
  }
  const std::vector<std::string> known = known_drivers();
  if (!driver->is_string() || std::find(known.begin(), known.end(), driver->get<std::string>()) == known.end()) {
    throw ConfigError(file + ": /driver: " + value_text(*driver) + " is not allowed; allowed: one of " + quoted_drivers() +
                      " (What runs)" + (driver->is_string() ? did_you_mean(driver->get<std::string>(), known) : ""));
  }
  return driver->get<std::string>();
}

void validate(const json &document, std::string_view schema_text, const std::string &file) {
  const json root = json::parse(schema_text);
  const json schema = narrowed(root, document, root);

  valijson::Schema compiled;
  valijson::SchemaParser().populateSchema(valijson::adapters::NlohmannJsonAdapter(schema), compiled);
  valijson::ValidationResults results;
  if (valijson::Validator().validate(compiled, valijson::adapters::NlohmannJsonAdapter(document), &results)) {
    return;
  }

  std::vector<std::string> lines;
  for (const auto &error : results) {
    for (const std::string &line : explain(error, document, schema, root)) {
      if (std::find(lines.begin(), lines.end(), line) == lines.end()) {
        lines.push_back(line);
      }
    }
    if (lines.size() > kMostErrors) {
      break;
    }
  }
  if (lines.empty()) {
    throw InvariantError(file + ": the schema refuses the document without a reason (" + results.begin()->description + ")");
  }
  std::string message;
  for (std::size_t i = 0; i < std::min(lines.size(), kMostErrors); ++i) {
    message += (i > 0 ? "\n" : "") + file + ": " + lines[i];
  }
  if (lines.size() > kMostErrors) {
    message += "\n" + file + ": and more; these are the first " + std::to_string(kMostErrors);
  }
  throw ConfigError(message);
}

} // namespace zener
