// Readers of lennard_jones and gaussian_wells (JSON).
#include "host/neutral/element_pairs.hpp"
#include "host/neutral/json_document.hpp"
#include "host/neutral/preset_parts.hpp"
#include "host/neutral/text.hpp"
#include "kernels/potentials/pair/pair_model.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace zener {
namespace {

constexpr double kLargestLength = 100.0; // A
constexpr double kSmallestLength = 1e-3; // A
constexpr double kLargestStrength = 1e9; // eV
constexpr double kLargestDepth = 1e3;    // eV
constexpr std::uint64_t kMostWells = 64;
constexpr int kLargestExponent = 63;

const std::array<std::string, 3> kShiftNames{"none", "energy", "force"};

double read_length(ObjectReader &keys, const std::string &key) {
  return read_in_range(keys, key, kSmallestLength, kLargestLength);
}

// Reads `parameters` by element and pair; `read` gives one entry.
template <class Model, class Read> void read_pairs(ObjectReader &keys, Model &model, Read read) {
  keys.text("source", std::string());
  const ElementPairs pairs = element_pairs(keys, "parameters", "pairs of unlike elements are given, not mixed");
  ObjectReader parameters = keys.object("parameters", true);
  model.element_names = pairs.elements;
  const std::size_t elements = pairs.elements.size();
  model.pairs.resize(elements * elements);
  for (const ElementPairs::Entry &pair : pairs.entries) {
    ObjectReader entry = parameters.object(pair.name, true);
    entry.text("source", std::string());
    model.pairs[pair.a * elements + pair.b] = read(entry);
    entry.finish();
    model.pairs[pair.b * elements + pair.a] = model.pairs[pair.a * elements + pair.b];
  }
}

LennardJonesPair read_lennard_jones_pair(ObjectReader &entry) {
  LennardJonesPair pair;
  pair.epsilon_eV = read_in_range(entry, "epsilon_eV", 0.0, kLargestDepth);
  pair.sigma_A = read_length(entry, "sigma_A");
  pair.cutoff_A = read_length(entry, "cutoff_A");
  return pair;
}

PotentialPointer read_lennard_jones(ObjectReader &keys, const std::filesystem::path &) {
  auto model = std::make_shared<LennardJonesModel>();
  const std::string shift = keys.choice("shift", {kShiftNames.begin(), kShiftNames.end()}, "none");
  model->shift = static_cast<LennardJonesShift>(std::find(kShiftNames.begin(), kShiftNames.end(), shift) - kShiftNames.begin());
  read_pairs(keys, *model, read_lennard_jones_pair);
  return model;
}

void read_repulsion(ObjectReader &entry, WellsPair &pair) {
  ObjectReader repulsion = entry.object("repulsion", true);
  if (repulsion.choice("form", {"power", "exponential"}) == "power") {
    pair.power_eV = read_in_range(repulsion, "strength_eV", 0.0, kLargestStrength);
    pair.power_length_A = read_length(repulsion, "length_A");
    pair.exponent = read_integer(repulsion, "exponent", 1, kLargestExponent);
  } else {
    pair.exponential_eV = read_in_range(repulsion, "strength_eV", 0.0, kLargestStrength);
    pair.exponential_length_A = read_length(repulsion, "length_A");
  }
  repulsion.finish();
}

WellsPair read_wells_pair(ObjectReader &entry) {
  WellsPair pair;
  read_repulsion(entry, pair);
  const nlohmann::json &wells = entry.value("wells");
  if (!wells.is_array() || wells.size() > kMostWells) {
    entry.refuse_value("wells", wells, fmt::format("a list of at most {} wells", kMostWells));
  }
  for (std::size_t k = 0; k < wells.size(); ++k) {
    const std::string where = fmt::format("wells/{}", k);
    if (!wells[k].is_object()) {
      entry.refuse_value(where, wells[k], "an object with depth_eV, centre_A and width_A");
    }
    ObjectReader keys(wells[k], entry.where(where), JsonUse::preset);
    GaussianWell well;
    well.depth_eV = read_in_range(keys, "depth_eV", -kLargestDepth, kLargestDepth);
    well.centre_A = read_in_range(keys, "centre_A", 0.0, kLargestLength);
    well.width_A = read_length(keys, "width_A");
    keys.finish();
    pair.wells.push_back(well);
  }
  pair.cutoff_A = read_length(entry, "cutoff_A");
  pair.switch_from_A = read_in_range(entry, "switch_from_A", 0.0, kLargestLength);
  if (!(pair.cutoff_A - pair.switch_from_A >= kSmallestLength)) {
    entry.refuse_value("switch_from_A", entry.value("switch_from_A"),
                       fmt::format("a length in A below cutoff_A ({})", number_text(pair.cutoff_A)));
  }
  return pair;
}

PotentialPointer read_wells(ObjectReader &keys, const std::filesystem::path &) {
  auto model = std::make_shared<WellsModel>();
  read_pairs(keys, *model, read_wells_pair);
  return model;
}

template <class Pair> double largest_cutoff(const std::vector<Pair> &pairs) {
  double largest = 0.0;
  for (const Pair &pair : pairs) {
    largest = std::max(largest, pair.cutoff_A);
  }
  return largest;
}

} // namespace

double LennardJonesModel::cutoff_A() const { return largest_cutoff(pairs); }

std::string LennardJonesModel::description() const {
  return fmt::format("lennard_jones for {}, cutoff {} A, shift {}", join(element_names, " "), number_text(cutoff_A()),
                     kShiftNames[static_cast<std::size_t>(shift)]);
}

double WellsModel::cutoff_A() const { return largest_cutoff(pairs); }

std::string WellsModel::description() const {
  return fmt::format("gaussian_wells for {}, cutoff {} A", join(element_names, " "), number_text(cutoff_A()));
}

std::span<const PotentialKind> pair_kinds();
std::span<const PotentialKind> pair_kinds() {
  static const std::array<PotentialKind, 2> kinds{
      {{"lennard_jones", "Lennard-Jones 12-6 by pair of elements, cut off, shifted or force-shifted",
        "none; shift, parameters: numbers by element and pair", read_lennard_jones},
       {"gaussian_wells", "repulsion and Gaussian wells by pair of elements, switched off smoothly: model crystals",
        "none; parameters: numbers by element and pair", read_wells}}};
  return kinds;
}

} // namespace zener
