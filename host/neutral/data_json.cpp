#include "host/neutral/data_json.hpp"

#include "host/neutral/errors.hpp"

#include <nlohmann/json.hpp>

#include <set>
#include <type_traits>
#include <vector>

namespace zener {
namespace {

constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxOrderedKeys = 1000;

template <class Json> std::string shorten(const Json &value) {
  constexpr std::size_t kLength = 60;
  if (value.is_structured() && value.size() > 16) {
    return std::string(value.is_array() ? "an array of " : "an object of ") + std::to_string(value.size()) + " entries";
  }
  std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace); // ASCII, so that it can be cut anywhere
  return text.size() <= kLength ? text : text.substr(0, kLength - 3) + "...";
}

} // namespace

template <class Json> Json parse_data_json(std::string_view text, const std::string &where) {
  std::vector<std::set<std::string>> keys; // of the open objects; an open array has an empty set
  const auto watch = [&](int /*depth*/, typename Json::parse_event_t event, Json &parsed) {
    using Event = typename Json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      if (keys.size() == kMaxDepth) {
        throw DataError(where + ": nests deeper than " + std::to_string(kMaxDepth) + " levels");
      }
      keys.emplace_back();
    } else if (event == Event::object_end || event == Event::array_end) {
      keys.pop_back();
    } else if (event == Event::key) {
      if (!keys.back().insert(parsed.template get<std::string>()).second) {
        throw DataError(where + ": the key " + shorten(parsed) + " stands twice in one object");
      }
      if (std::is_same_v<Json, nlohmann::ordered_json> && keys.back().size() > kMaxOrderedKeys) {
        throw DataError(where + ": an object has more than " + std::to_string(kMaxOrderedKeys) + " keys");
      }
    }
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), watch);
  } catch (const nlohmann::detail::exception &error) {
    std::string reason = error.what(); // "[json.exception.parse_error.101] parse error at line 1, column 2: …"
    const auto end = reason.find("] ");
    reason = end == std::string::npos ? reason : reason.substr(end + 2);
    throw DataError(where + ": is not valid JSON: " + reason);
  }
}

template nlohmann::json parse_data_json(std::string_view, const std::string &);
template nlohmann::ordered_json parse_data_json(std::string_view, const std::string &);

std::string shown(const nlohmann::json &value) { return shorten(value); }
std::string shown(const nlohmann::ordered_json &value) { return shorten(value); }

} // namespace zener
