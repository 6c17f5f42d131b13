#include "host/neutral/environments.hpp"

#include "host/neutral/data_json.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

namespace zener {
namespace {

using Json = nlohmann::ordered_json;

// An integer in [lowest, highest], or nothing.
std::optional<int> small_integer(const Json &value, int lowest, int highest) {
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(std::max(highest, 0))) {
    return std::nullopt;
  }
  if (!value.is_number_integer()) {
    return std::nullopt;
  }
  const auto number = value.get<std::int64_t>();
  return number >= lowest && number <= highest ? std::optional<int>(static_cast<int>(number)) : std::nullopt;
}

// order[j]: which of the first n sites the j-th triple of the file is.
std::vector<int> read_order(const Json &root, const char *key, const std::vector<Offset> &sites, int n,
                            const std::string &name) {
  std::vector<int> order(static_cast<std::size_t>(n));
  const auto found = root.find(key);
  if (found == root.end()) {
    std::iota(order.begin(), order.end(), 0);
    return order;
  }
  const std::string where = name + ": '" + key + "'";
  if (!found->is_array() || found->size() != order.size()) {
    throw DataError(where + " is " + shown(*found) + ", an array of " + std::to_string(n) + " integer triples is expected");
  }
  const auto begin = sites.begin();
  std::vector<int> first_at(order.size(), -1);
  for (std::size_t j = 0; j < order.size(); ++j) {
    const Json &triple = (*found)[j];
    Offset offset{};
    bool valid = triple.is_array() && triple.size() == 3;
    for (std::size_t c = 0; valid && c < 3; ++c) {
      const auto number = small_integer(triple[c], -9, 9);
      valid = number.has_value();
      offset[c] = number.value_or(0);
    }
    const auto at = valid ? std::find(begin, begin + n, offset) : begin + n;
    if (at == begin + n) {
      throw DataError(where + " at index " + std::to_string(j) + " is " + shown(triple) + ", expected one of the " +
                      std::to_string(n) +
                      (n == kPaths              ? " nearest neighbours"
                       : n == kEnvironmentSites ? " bcc sites of the shells 1 to 8"
                                                : " bcc sites that the network reads") +
                      " as [x, y, z] in units of a/2");
    }
    const int site = static_cast<int>(at - begin);
    int &first = first_at[static_cast<std::size_t>(site)];
    if (first >= 0) {
      throw DataError(where + " holds " + shown(triple) + " at the indices " + std::to_string(first) + " and " +
                      std::to_string(j));
    }
    first = static_cast<int>(j);
    order[j] = site;
  }
  return order;
}

void check_elements(const Json &root, std::span<const std::string> elements, const std::string &name) {
  const auto found = root.find("element_codes");
  if (found == root.end()) {
    return;
  }
  if (!found->is_object()) {
    throw DataError(name + ": 'element_codes' is " + shown(*found) + ", an object like {\"1\": \"Nb\"} is expected");
  }
  for (const auto &item : found->items()) {
    if (item.key() == "0") {
      continue; // the vacancy, described freely
    }
    const std::string where = name + ": 'element_codes' gives code " + item.key() + " to " + shown(item.value()) + ", ";
    std::size_t code = 1;
    while (code <= elements.size() && std::to_string(code) != item.key()) {
      ++code;
    }
    if (code > elements.size()) {
      throw DataError(where + "the model has the codes 1 to " + std::to_string(elements.size()));
    }
    if (item.value() != elements[code - 1]) {
      throw DataError(where + "the model gives it to " + elements[code - 1]);
    }
  }
}

} // namespace

Environments read_environments(const std::filesystem::path &file, std::span<const std::string> elements,
                               const std::vector<Offset> &sites) {
  return parse_environments(read_file(file), file.string(), elements, sites);
}

Environments parse_environments(std::string text, const std::string &name, std::span<const std::string> elements,
                                const std::vector<Offset> &offsets) {
  const Json root = parse_data_json<Json>(text, name);
  const auto list = root.is_object() ? root.find("environments") : root.end();
  if (!root.is_object() || list == root.end() || !list->is_array()) {
    throw DataError(name + ": an object with an array 'environments' is expected");
  }
  const std::vector<int> sites = read_order(root, "offsets", offsets, static_cast<int>(offsets.size()), name);
  const std::vector<int> paths = read_order(root, "directions", offsets, kPaths, name);
  check_elements(root, elements, name);

  Environments environments;
  environments.file = name;
  std::copy(paths.begin(), paths.end(), environments.path.begin());
  environments.sites = offsets.size();
  environments.types.resize(list->size() * offsets.size());
  const int species = static_cast<int>(elements.size());
  for (std::size_t i = 0; i < list->size(); ++i) {
    const Json &entry = (*list)[i];
    const std::string where = name + ": environment " + std::to_string(i);
    if (!entry.is_object()) {
      throw DataError(where + " is " + shown(entry) + ", an object with 'types' is expected");
    }
    const auto types = entry.find("types");
    if (types == entry.end() || !types->is_array() || types->size() != offsets.size()) {
      throw DataError(where + ": 'types' is " + (types == entry.end() ? "missing" : shown(*types)) + ", an array of " +
                      std::to_string(offsets.size()) + " codes is expected");
    }
    for (std::size_t j = 0; j < offsets.size(); ++j) {
      const auto code = small_integer((*types)[j], 0, species);
      if (!code) {
        throw DataError(where + ": 'types' at index " + std::to_string(j) + " is " + shown((*types)[j]) +
                        ", an integer from 0 to " + std::to_string(species) + " is expected");
      }
      environments.types[i * offsets.size() + static_cast<std::size_t>(sites[j])] = static_cast<std::uint8_t>(*code);
    }
  }
  environments.document = std::move(text);
  return environments;
}

std::string environments_text(const Json &root) {
  // Short enough to read, long enough to compare with diff.
  const auto line = [](const Json &value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); };
  std::string text = "{\n";
  for (auto item = root.begin(); item != root.end(); ++item) {
    text += line(Json(item.key())) + ": ";
    if (item.key() == "environments") {
      text += "[\n";
      for (auto each = item->begin(); each != item->end(); ++each) {
        text += "  " + line(*each) + (std::next(each) == item->end() ? "\n" : ",\n");
      }
      text += "]";
    } else {
      text += line(item.value());
    }
    text += std::next(item) == root.end() ? "\n" : ",\n";
  }
  return text + "}\n";
}

Json environments_header(std::span<const std::string> elements, const std::vector<Offset> &sites) {
  Json codes = {{"0", "vacancy"}};
  for (std::size_t i = 0; i < elements.size(); ++i) {
    codes[std::to_string(i + 1)] = elements[i];
  }
  return {{"element_codes", std::move(codes)}, {"offsets", sites}, {"environments", Json::array()}};
}

std::string environments_with_barriers(const Environments &environments, std::span<const double> barriers_eV,
                                       std::span<const double> spread_eV) {
  if (barriers_eV.size() != environments.size() * kPaths || (!spread_eV.empty() && spread_eV.size() != barriers_eV.size())) {
    throw InvariantError(environments.file + ": has " + std::to_string(environments.size()) + " environments, but " +
                         std::to_string(barriers_eV.size()) + " barriers are given");
  }
  Json root = parse_data_json<Json>(environments.document, environments.file);
  root["units"] = "eV";
  if (!root.contains("directions")) {
    Json directions = Json::array();
    for (const int path : environments.path) {
      directions.push_back(bcc_tables().offsets[static_cast<std::size_t>(path)]);
    }
    root["directions"] = std::move(directions);
  }
  Json &list = root["environments"];
  for (std::size_t i = 0; i < environments.size(); ++i) {
    Json barriers = Json::array();
    for (const int path : environments.path) {
      const double barrier = barriers_eV[i * kPaths + static_cast<std::size_t>(path)];
      if (!std::isfinite(barrier)) {
        throw DataError(environments.file + ": environment " + std::to_string(i) + ": the barrier of path " +
                        std::to_string(path) + " is " + std::to_string(barrier) +
                        ": the site that it leads to is vacant, or the network's numbers are too large for the precision");
      }
      barriers.push_back(barrier);
    }
    list[i]["barriers_ev"] = std::move(barriers);
    if (!spread_eV.empty()) {
      Json spreads = Json::array();
      for (const int path : environments.path) {
        spreads.push_back(spread_eV[i * kPaths + static_cast<std::size_t>(path)]);
      }
      list[i]["spread_eV"] = std::move(spreads);
    }
  }
  return environments_text(root);
}

} // namespace zener
