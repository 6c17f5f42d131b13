#include "host/neutral/json_document.hpp"
#include "host/neutral/text.hpp"
#include "kernels/potentials/zbl/zbl_model.hpp"

#include <nlohmann/json.hpp>

#include <array>

namespace zener {
namespace {

constexpr double kLargestCutoff = 100.0; // A

PotentialPointer read_zbl(ObjectReader &keys, const std::filesystem::path &) {
  const double inner = keys.number("inner");
  if (!(inner >= 0.0 && inner < kLargestCutoff)) {
    keys.refuse_value("inner", keys.value("inner"), "a length in A from 0 to below 100");
  }
  const double outer = keys.number("outer");
  if (!(outer > inner && outer <= kLargestCutoff)) {
    keys.refuse_value("outer", keys.value("outer"), "a length in A above inner (" + number_text(inner) + ") and at most 100");
  }
  return std::make_shared<ZblModel>(inner, outer);
}

} // namespace

std::string ZblModel::description() const {
  return "zbl, any elements, switched off from " + number_text(inner_A_) + " to " + number_text(outer_A_) + " A";
}

std::span<const PotentialKind> zbl_kinds();
std::span<const PotentialKind> zbl_kinds() {
  static const std::array<PotentialKind, 1> kinds{
      {{"zbl", "Ziegler-Biersack-Littmark repulsion, switched off between two distances",
        "none; inner and outer: distances in A", read_zbl}}};
  return kinds;
}

} // namespace zener
