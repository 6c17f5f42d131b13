#include "host/neutral/potential_model.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/json_document.hpp"
#include "host/neutral/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace zener {

#define ZENER_POTENTIAL(folder) std::span<const PotentialKind> folder##_kinds();
#include "kernels/potentials/registered.inc"
#undef ZENER_POTENTIAL

namespace {

PotentialPointer read_overlay(ObjectReader &keys, const std::filesystem::path &base) {
  const nlohmann::json &parts = keys.value("parts");
  if (!parts.is_array() || parts.empty()) {
    keys.refuse_value("parts", parts, "a list of one potential or more");
  }
  std::vector<PotentialPointer> read;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string where = keys.where("parts/" + std::to_string(i));
    PotentialPointer part = read_potential(parts[i], base, where);
    if (const auto *overlay = dynamic_cast<const OverlayModel *>(part.get())) {
      read.insert(read.end(), overlay->parts().begin(), overlay->parts().end());
    } else {
      read.push_back(std::move(part));
    }
  }
  return std::make_shared<OverlayModel>(std::move(read));
}

PotentialPointer read_with(ObjectReader &keys, const std::filesystem::path &base) {
  std::vector<std::string> names;
  const std::vector<PotentialKind> kinds = potential_kinds();
  for (const PotentialKind &kind : kinds) {
    names.emplace_back(kind.kind);
  }
  const std::string name = keys.choice("kind", names);
  const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const PotentialKind &k) { return name == k.kind; });
  PotentialPointer model = found->read(keys, base);
  keys.finish();
  return model;
}

} // namespace

std::vector<std::string> OverlayModel::elements() const {
  std::vector<std::string> common;
  bool any = true;
  for (const PotentialPointer &part : parts_) {
    const std::vector<std::string> known = part->elements();
    if (known.empty()) {
      continue;
    }
    if (any) {
      common = known;
      any = false;
    } else {
      std::erase_if(common, [&](const std::string &e) { return std::find(known.begin(), known.end(), e) == known.end(); });
    }
  }
  return common;
}

double OverlayModel::cutoff_A() const {
  double largest = 0.0;
  for (const PotentialPointer &part : parts_) {
    largest = std::max(largest, part->cutoff_A());
  }
  return largest;
}

std::string OverlayModel::description() const {
  std::vector<std::string> parts;
  for (const PotentialPointer &part : parts_) {
    parts.push_back(part->description());
  }
  return join(parts, " + ");
}

std::vector<PotentialKind> potential_kinds() {
  std::vector<PotentialKind> kinds{
      {"overlay", "the sum of the potentials in its list `parts`", "parts: a list of potentials", read_overlay}};
#define ZENER_POTENTIAL(folder) std::ranges::copy(folder##_kinds(), std::back_inserter(kinds));
#include "kernels/potentials/registered.inc"
#undef ZENER_POTENTIAL
  std::sort(kinds.begin(), kinds.end(),
            [](const PotentialKind &a, const PotentialKind &b) { return std::string_view(a.kind) < std::string_view(b.kind); });
  return kinds;
}

PotentialPointer read_potential(const nlohmann::json &object, const std::filesystem::path &base, const std::string &where) {
  if (!object.is_object()) {
    throw ConfigError(where + ": a potential is an object with a key \"kind\", or the path of a JSON file of its own, not " +
                      value_text(object));
  }
  ObjectReader keys(object, where, JsonUse::preset);
  return read_with(keys, base);
}

PotentialPointer parse_potential(std::string_view json, const std::filesystem::path &base, const std::string &where) {
  return read_potential(parse_json(json, where, JsonUse::preset), base, where);
}

PotentialPointer read_potential_file(const std::filesystem::path &file) {
  const nlohmann::json document = load_json(file, JsonUse::preset);
  if (!document.is_object()) {
    throw ConfigError(file.string() + ": a potential is an object with a key \"kind\", not " + value_text(document));
  }
  ObjectReader keys(document, file.string(), JsonUse::preset);
  return read_with(keys, file.parent_path());
}

std::filesystem::path potential_path(ObjectReader &keys, const std::string &key, const std::filesystem::path &base) {
  const std::filesystem::path path = keys.text(key);
  if (path.empty()) {
    keys.refuse(key, "is empty; the path of a file is wanted");
  }
  return path.is_absolute() ? path : base / path;
}

} // namespace zener
