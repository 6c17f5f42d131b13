// The JSON form of a structure.
#include "host/neutral/elements.hpp"
#include "host/neutral/json_document.hpp"
#include "host/neutral/preset_parts.hpp"
#include "host/neutral/structure_builder.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace zener {
namespace {

using nlohmann::json;

std::array<int, 3> three_integers(const ObjectReader &keys, const std::string &key, const json &met, int least, int most) {
  std::array<int, 3> out{};
  if (!met.is_array() || met.size() != 3) {
    keys.refuse_value(key, met, "a list of three integers");
  }
  for (std::size_t k = 0; k < 3; ++k) {
    if (!met[k].is_number_integer() || met[k].get<double>() < least || met[k].get<double>() > most) {
      keys.refuse_value(key + "/" + std::to_string(k), met[k],
                        "an integer from " + std::to_string(least) + " to " + std::to_string(most));
    }
    out[k] = met[k].get<int>();
  }
  return out;
}

DefectSpec read_defect(ObjectReader &keys) {
  DefectSpec defect;
  defect.kind = keys.choice("kind", {"vacancies", "vacancy_cluster", "dumbbell", "crowdion", "octahedral", "tetrahedral"});
  if (is_given(keys, "sites")) {
    for (const json &site : read_list(keys, "sites")) {
      if (!site.is_number_unsigned() || site.get<double>() > 1e12) {
        keys.refuse_value("sites", site, "integers from 0");
      }
      defect.sites.push_back(site.get<std::int64_t>());
    }
  }
  if (is_given(keys, "count")) {
    defect.count = read_integer(keys, "count", 1, 1 << 30);
  }
  if (is_given(keys, "direction")) {
    defect.direction = keys.choice("direction", {"100", "110", "111"});
  }
  if (is_given(keys, "element")) {
    defect.element = read_element(keys, "element", keys.value("element"));
  }
  keys.finish();
  return defect;
}

} // namespace

StructureSpec read_structure(ObjectReader &keys, const std::filesystem::path &preset_file, std::uint32_t seed) {
  StructureSpec spec;
  spec.seed = seed;
  if (is_given(keys, "file")) {
    spec.file = beside(preset_file, read_path(keys, "file"));
    if (is_given(keys, "frame")) {
      const json &frame = keys.value("frame");
      if (!frame.is_number_integer() || std::abs(frame.get<double>()) > (1 << 30)) {
        keys.refuse_value("frame", frame, "an integer; negative counts from the end");
      }
      spec.frame = frame.get<std::int64_t>();
    }
    if (is_given(keys, "elements")) {
      spec.type_elements = read_elements(keys, "elements", keys.value("elements"));
    }
    if (is_given(keys, "lattice")) {
      keys.refuse("lattice", "a structure is a file or a lattice, not both");
    }
    keys.finish();
    return spec;
  }
  spec.lattice = keys.choice("lattice", {"bcc", "sc", "fcc", "diamond", "hcp", "hcp_primitive", "omega", "b2", "l12"});
  spec.a_A = read_in_range(keys, "a_A", 0.5, 100.0);
  if (is_given(keys, "c_over_a")) {
    spec.c_over_a = read_in_range(keys, "c_over_a", 0.1, 10.0);
  }
  spec.cells = three_integers(keys, "cells", keys.value("cells"), 1, 100000);
  const bool elements = is_given(keys, "elements");
  if (elements == is_given(keys, "composition")) {
    keys.refuse("elements", "elements (one, or those of the sublattices) or composition is needed, not both");
  }
  if (elements) {
    spec.elements = read_elements(keys, "elements", keys.value("elements"));
  } else {
    spec.composition = keys.numbers("composition");
    for (const auto &[element, part] : spec.composition) {
      if (!atomic_number(element) || !(part > 0.0)) {
        keys.refuse("composition", "symbols of elements with positive parts are expected; met: " + element);
      }
    }
    if (spec.composition.empty()) {
      keys.refuse("composition", "at least one element is needed");
    }
  }
  if (is_given(keys, "orientation")) {
    const json &met = read_list(keys, "orientation");
    if (met.size() != 3) {
      keys.refuse_value("orientation", met, "three directions, e.g. [[1, 1, 1], [-1, 1, 0], [-1, -1, 2]]");
    }
    spec.orientation.emplace();
    for (std::size_t k = 0; k < 3; ++k) {
      (*spec.orientation)[k] = three_integers(keys, "orientation/" + std::to_string(k), met[k], -20, 20);
    }
  }
  if (is_given(keys, "defects")) {
    const json &list = read_list(keys, "defects");
    for (std::size_t d = 0; d < list.size(); ++d) {
      if (!list[d].is_object()) {
        keys.refuse_value("defects/" + std::to_string(d), list[d], "an object");
      }
      ObjectReader defect(list[d], keys.where("defects/" + std::to_string(d)), JsonUse::preset);
      spec.defects.push_back(read_defect(defect));
    }
  }
  if (is_given(keys, "displacement_A")) {
    spec.displacement_A = read_in_range(keys, "displacement_A", 0.0, 10.0);
  }
  if (is_given(keys, "surface")) {
    ObjectReader surface = keys.object("surface");
    const std::string axis = surface.choice("axis", {"x", "y", "z"}, "z");
    spec.surface = SurfaceSpec{axis[0] - 'x', read_in_range(surface, "vacuum_A", 0.0, 1e4, 20.0)};
    surface.finish();
  }
  keys.finish();
  return spec;
}

} // namespace zener
