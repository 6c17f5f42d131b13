#include "host/neutral/json_document.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>

namespace zener {
namespace {

using nlohmann::json;

constexpr std::size_t kDeepest = 64; // nested objects and lists; keeps every later walk of the document shallow

[[noreturn]] void refuse_document(JsonUse use, const std::string &message) {
  if (use == JsonUse::preset) {
    throw ConfigError(message);
  }
  throw DataError(message);
}

// "line:column" (1-based) of the byte at `offset`.
std::string line_and_column(std::string_view text, std::size_t offset) {
  offset = std::min(offset, text.size());
  const std::string_view before = text.substr(0, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t newline = before.rfind('\n');
  const std::size_t column = newline == std::string_view::npos ? offset + 1 : offset - newline;
  return std::to_string(line) + ":" + std::to_string(column);
}

// Walks a text and counts the bytes read, so that the handler below knows where it is.
struct CountingIterator {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char *;
  using reference = const char &;

  const char *at = nullptr;
  std::size_t *bytes_read = nullptr;

  reference operator*() const { return *at; }
  CountingIterator &operator++() {
    ++at;
    ++*bytes_read;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator old = *this;
    ++*this;
    return old;
  }
  friend bool operator==(const CountingIterator &a, const CountingIterator &b) { return a.at == b.at; }
  friend bool operator!=(const CountingIterator &a, const CountingIterator &b) { return a.at != b.at; }
};

// Builds the document; refuses duplicate keys, deep nesting and syntax errors with their place.
class Builder : public nlohmann::json_sax<json> {
public:
  Builder(std::string_view text, const std::string &name, JsonUse use, const std::size_t &bytes_read)
      : text_(text), name_(name), use_(use), bytes_read_(bytes_read) {}

  json take() { return std::move(root_); }

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t &) override {
    // 2e7 is an integer to a user and to JSON schema; up to 2^53 the double holds it exactly.
    if (std::abs(value) <= 9007199254740992.0 && value == std::floor(value)) {
      const auto whole = static_cast<std::int64_t>(value);
      return whole >= 0 ? put(static_cast<std::uint64_t>(whole)) : put(whole);
    }
    return put(value);
  }
  bool string(string_t &value) override { return put(std::move(value)); }
  bool binary(binary_t &) override { return false; } // never met in JSON text
  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t &value) override {
    if (open_.back()->contains(value)) {
      refuse(bytes_read_ > 0 ? bytes_read_ - 1 : 0, "duplicate key " + in_quotes(value) + "; give it once");
    }
    key_ = std::move(value);
    return true;
  }

  bool parse_error(std::size_t position, const std::string &, const nlohmann::json::exception &error) override {
    std::string reason = error.what();
    if (const auto end = reason.find("] "); end != std::string::npos) {
      reason.erase(0, end + 2); // the library's name of the exception
    }
    if (const auto column = reason.find("column "); column != std::string::npos) {
      if (const auto colon = reason.find(": ", column); colon != std::string::npos) {
        reason.erase(0, colon + 2); // its own line and column
      }
    }
    refuse(position > 0 ? position - 1 : 0, printable(reason, 300));
  }

private:
  [[noreturn]] void refuse(std::size_t offset, const std::string &reason) const {
    refuse_document(use_, name_ + ":" + line_and_column(text_, offset) + ": " + reason);
  }

  template <typename T> json *place(T &&value) {
    if (open_.empty()) {
      root_ = std::forward<T>(value);
      return &root_;
    }
    json &parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::forward<T>(value));
      return &parent.back();
    }
    json &slot = parent[key_];
    slot = std::forward<T>(value);
    return &slot;
  }

  template <typename T> bool put(T &&value) {
    place(json(std::forward<T>(value)));
    return true;
  }

  bool open(json value) {
    if (open_.size() >= kDeepest) {
      refuse(bytes_read_ > 0 ? bytes_read_ - 1 : 0,
             "nested more than " + std::to_string(kDeepest) + " levels deep, which no document here needs");
    }
    // Pointers stay valid: a container grows only while its own last element is closed.
    open_.push_back(place(std::move(value)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  std::string_view text_;
  const std::string &name_;
  JsonUse use_;
  const std::size_t &bytes_read_;
  json root_;
  std::vector<json *> open_;
  std::string key_;
};

const json &empty_object() {
  static const json object = json::object();
  return object;
}

bool is_index(std::string_view token) {
  return !token.empty() && token.size() <= 9 &&
         std::all_of(token.begin(), token.end(), [](char c) { return c >= '0' && c <= '9'; });
}

} // namespace

json load_json(const std::filesystem::path &file, JsonUse use) {
  const std::uint64_t limit = use == JsonUse::preset ? std::uint64_t{1} << 20 : std::uint64_t{1} << 30;
  return parse_json(read_file(file, limit), file.string(), use);
}

json parse_json(std::string_view text, const std::string &name, JsonUse use) {
  std::size_t bytes_read = 0;
  Builder builder(text, name, use, bytes_read);
  const CountingIterator begin{text.data(), &bytes_read};
  const CountingIterator end{text.data() + text.size(), &bytes_read};
  constexpr bool kWholeText = true;
  constexpr bool kComments = true;
  if (!json::sax_parse(begin, end, &builder, json::input_format_t::json, kWholeText, kComments)) {
    throw InvariantError(name + ": the JSON parser stopped without an error");
  }
  return builder.take();
}

void apply_edit(json &document, const std::string &edit) {
  const std::string option = "--set " + printable(edit, 120);
  const std::size_t equals = edit.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw ConfigError(option + ": needs the form path=value, for example walkers.temperatures_K=[400,800]");
  }
  if (!is_utf8(edit)) {
    throw ConfigError(option + ": is not valid UTF-8");
  }
  const std::string path = edit.substr(0, equals);
  const std::string text = edit.substr(equals + 1);

  // Lists, objects and strings in quotes are meant as JSON, faulty or not; what is no JSON otherwise is a plain string.
  const std::size_t first = text.find_first_not_of(" \t");
  const bool meant_as_json = first != std::string::npos && std::string_view("[{\"").find(text[first]) != std::string_view::npos;
  constexpr bool kComments = true;
  json value = text;
  if (meant_as_json || json::accept(text, kComments)) {
    value = parse_json(text, option, JsonUse::preset);
  }

  json *at = &document;
  std::string walked;
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const std::size_t dot = std::min(path.find('.', begin), path.size());
    const std::string token = path.substr(begin, dot - begin);
    if (token.empty()) {
      throw ConfigError(option + ": empty name in the path " + in_quotes(path));
    }
    if (at->is_array()) {
      std::size_t index = 0;
      const bool number = is_index(token);
      if (number) {
        std::from_chars(token.data(), token.data() + token.size(), index);
      }
      if (!number || index > at->size()) {
        throw ConfigError(option + ": " + in_quotes(walked) + " is a list of " + std::to_string(at->size()) + "; " +
                          in_quotes(token) + " is not one of its indices 0 to " + std::to_string(at->size()) +
                          " (the last one extends it)");
      }
      if (index == at->size()) {
        at->push_back(json::object());
      }
      at = &(*at)[index];
    } else if (at->is_object() || (at->is_null() && at != &document)) {
      if (!at->contains(token)) {
        (*at)[token] = json::object();
      }
      at = &(*at)[token];
    } else {
      throw ConfigError(option + ": " + in_quotes(walked.empty() ? "the document" : walked) + " is " + value_text(*at) +
                        ", which holds no key " + in_quotes(token));
    }
    walked += (walked.empty() ? "" : ".") + token;
    begin = dot + 1;
  }
  *at = std::move(value);
}

std::string value_text(const json &value) {
  if (value.is_string()) {
    return in_quotes(value.get_ref<const std::string &>(), 60);
  }
  if (value.is_array() && value.size() > 16) {
    return "a list of " + grouped(value.size());
  }
  return printable(value.dump(-1, ' ', false, json::error_handler_t::replace), 80);
}

std::string type_name(const json &value) {
  switch (value.type()) {
  case json::value_t::object:
    return "object";
  case json::value_t::array:
    return "list";
  case json::value_t::string:
    return "string";
  case json::value_t::boolean:
    return "boolean";
  case json::value_t::number_integer:
  case json::value_t::number_unsigned:
    return "integer";
  case json::value_t::number_float:
    return "number";
  default:
    return "null";
  }
}

std::string pointer_token(std::string_view key) {
  std::string out;
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

ObjectReader::ObjectReader(const json &object, std::string file, JsonUse use, std::set<std::string> *asked)
    : object_(&object), file_(std::move(file)), use_(use), asked_(asked) {
  if (!object.is_object()) {
    refuse_document(use_, file_ + ": the document is " + value_text(object) + "; an object { … } is needed");
  }
}

const json *ObjectReader::find(const std::string &key) {
  known_.insert(key);
  if (asked_ != nullptr) {
    asked_->insert(pointer_ + "/" + pointer_token(key));
  }
  const auto it = object_->find(key);
  return it == object_->end() ? nullptr : &*it;
}

bool ObjectReader::has(const std::string &key) { return find(key) != nullptr; }

const json &ObjectReader::value(const std::string &key) {
  const json *met = find(key);
  if (met == nullptr) {
    refuse(key, "missing; this key must be given");
  }
  return *met;
}

double ObjectReader::number(const std::string &key, std::optional<double> fallback) {
  if (!has(key) && fallback) {
    return *fallback;
  }
  const json &met = value(key);
  if (!met.is_number() || !std::isfinite(met.get<double>())) {
    refuse_value(key, met, "a number");
  }
  return met.get<double>();
}

std::uint64_t ObjectReader::count(const std::string &key, std::optional<std::uint64_t> fallback) {
  if (!has(key) && fallback) {
    return *fallback;
  }
  const json &met = value(key);
  if (!met.is_number_unsigned() && !(met.is_number_integer() && met.get<std::int64_t>() >= 0)) {
    refuse_value(key, met, "an integer of 0 or more");
  }
  return met.get<std::uint64_t>();
}

std::string ObjectReader::text(const std::string &key, std::optional<std::string> fallback) {
  if (!has(key) && fallback) {
    return *fallback;
  }
  const json &met = value(key);
  if (!met.is_string()) {
    refuse_value(key, met, "a string");
  }
  return met.get<std::string>();
}

std::string ObjectReader::choice(const std::string &key, const std::vector<std::string> &allowed,
                                 std::optional<std::string> fallback) {
  const std::string met = text(key, std::move(fallback));
  if (std::find(allowed.begin(), allowed.end(), met) == allowed.end()) {
    std::vector<std::string> names;
    for (const std::string &name : allowed) {
      names.push_back(in_quotes(name));
    }
    refuse_value(key, met, "one of " + join(names, ", ") + did_you_mean(met, allowed));
  }
  return met;
}

bool ObjectReader::flag(const std::string &key, std::optional<bool> fallback) {
  if (!has(key) && fallback) {
    return *fallback;
  }
  const json &met = value(key);
  if (!met.is_boolean()) {
    refuse_value(key, met, "true or false");
  }
  return met.get<bool>();
}

ObjectReader ObjectReader::object(const std::string &key, bool required) {
  const json &met = !required && !has(key) ? empty_object() : value(key);
  if (!met.is_object()) {
    refuse_value(key, met, "an object { … }");
  }
  ObjectReader inner(met, file_, use_, asked_);
  inner.pointer_ = pointer_ + "/" + pointer_token(key);
  return inner;
}

std::vector<std::pair<std::string, double>> ObjectReader::numbers(const std::string &key) {
  const json &met = value(key);
  if (!met.is_object()) {
    refuse_value(key, met, "an object of numbers");
  }
  std::vector<std::pair<std::string, double>> out;
  for (const auto &[name, number] : met.items()) {
    if (!number.is_number() || !std::isfinite(number.get<double>())) {
      refuse_value(key + "/" + pointer_token(name), number, "a number");
    }
    out.emplace_back(name, number.get<double>());
  }
  return out;
}

void ObjectReader::finish() const {
  const std::vector<std::string> known(known_.begin(), known_.end());
  for (const auto &item : object_->items()) {
    if (!known_.contains(item.key())) {
      refuse(pointer_token(item.key()), "unknown key" + did_you_mean(item.key(), known) + "; known here: " + join(known, ", "));
    }
  }
}

std::string ObjectReader::where(const std::string &key) const {
  return file_ + ": " + (key.empty() ? (pointer_.empty() ? "the document" : pointer_) : pointer_ + "/" + printable(key));
}

void ObjectReader::refuse(const std::string &key, const std::string &message) const {
  refuse_document(use_, where(key) + ": " + message);
}

void ObjectReader::refuse_value(const std::string &key, const json &met, const std::string &allowed) const {
  refuse(key, value_text(met) + " is not allowed; allowed: " + allowed);
}

} // namespace zener
