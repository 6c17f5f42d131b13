// The bound. A jump takes an atom B from site P into the vacancy O, so that
//   E_final - E_initial = sum_{j around O, j != P} g(s_j) - sum_{j around P, j != O} g(s_j),  g_m(s) = pair(m,B,s) -
//   pair(m,0,s),
// with m the shell of j around the respective centre. A site that is in both sums contributes the difference of its two terms.
// The sites are independent, so the smallest value is the sum of each site's smallest contribution over species.
#include "host/neutral/pair_kra.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/json_document.hpp"
#include "host/neutral/lattice_tables.hpp"
#include "host/neutral/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace zener {
namespace {

using nlohmann::json;

constexpr const char *kVacancy = "Va";

std::size_t pair_slot(const PairKra &model, int shell, int a, int b) {
  const std::size_t n = model.elements.size() + 1;
  return (static_cast<std::size_t>(shell) * n + static_cast<std::size_t>(a)) * n + static_cast<std::size_t>(b);
}

// 0 for the vacancy, else 1 + the element's index, -1 when it is unknown.
int species_code(const PairKra &model, const std::string &name) {
  if (name == kVacancy) {
    return 0;
  }
  const auto it = std::find(model.elements.begin(), model.elements.end(), name);
  return it == model.elements.end() ? -1 : static_cast<int>(it - model.elements.begin()) + 1;
}

std::string species_name(const PairKra &model, int code) {
  return code == 0 ? kVacancy : model.elements[static_cast<std::size_t>(code - 1)];
}

void read_shell(PairKra &model, int shell, const json &pairs, const ObjectReader &keys) {
  std::vector<std::string> names = model.elements;
  names.emplace_back(kVacancy);
  std::vector<bool> given(model.pair_eV.size());
  for (const auto &[key, energy] : pairs.items()) {
    const std::string where = "pair_eV/" + std::to_string(shell) + "/" + pointer_token(key);
    const std::size_t dash = key.find('-');
    if (dash == std::string::npos) {
      keys.refuse(where, "a pair is two names with a dash between them, such as Mo-Ta or Va-Mo");
    }
    std::array<int, 2> codes{};
    const std::array<std::string, 2> parts{key.substr(0, dash), key.substr(dash + 1)};
    for (std::size_t i = 0; i < 2; ++i) {
      codes[i] = species_code(model, parts[i]);
      if (codes[i] < 0) {
        keys.refuse(where, "unknown element " + in_quotes(parts[i]) + did_you_mean(parts[i], names) +
                               "; known here: " + join(names, ", ") + " (the keys of migration_eV and the vacancy)");
      }
    }
    if (!energy.is_number() || !std::isfinite(energy.get<double>())) {
      keys.refuse_value(where, energy, "a number, eV");
    }
    if (given[pair_slot(model, shell, codes[0], codes[1])]) {
      keys.refuse(where, "given twice, as " + in_quotes(key) + " and " + in_quotes(parts[1] + "-" + parts[0]) +
                             "; pair energies are symmetric: give it once");
    }
    for (const std::size_t slot : {pair_slot(model, shell, codes[0], codes[1]), pair_slot(model, shell, codes[1], codes[0])}) {
      model.pair_eV[slot] = energy.get<double>();
      given[slot] = true;
    }
  }
}

// Which sum each site of the environment is in, as the shell around its centre; -1 for none.
struct SiteShells {
  std::vector<int> around_vacancy;
  std::vector<int> around_atom;
};

SiteShells site_shells(const PairKra &model, const LatticeTables &tables, std::size_t path) {
  SiteShells sites{std::vector<int>(tables.offsets.size(), -1), std::vector<int>(tables.offsets.size(), -1)};
  for (int shell = 0; shell < model.shells; ++shell) {
    const auto begin = static_cast<std::size_t>(tables.shell_begin[static_cast<std::size_t>(shell)]);
    const auto end = static_cast<std::size_t>(tables.shell_begin[static_cast<std::size_t>(shell) + 1]);
    for (std::size_t k = begin; k < end; ++k) {
      if (k != path) {
        sites.around_vacancy[k] = shell;
      }
      const std::uint8_t site = tables.around_jump[path][k];
      if (site != LatticeTables::kSelf) {
        sites.around_atom[site] = shell;
      }
    }
  }
  return sites;
}

} // namespace

PairKra read_pair_kra(ObjectReader &keys) {
  PairKra model;
  for (const auto &[element, energy] : keys.numbers("migration_eV")) {
    if (element == kVacancy) {
      keys.refuse("migration_eV/Va", "Va is the vacancy; migration energies belong to elements");
    }
    if (energy < 0.0) {
      keys.refuse("migration_eV/" + pointer_token(element), number_text(energy) + " is not allowed; allowed: 0 or more, eV");
    }
    model.elements.push_back(element);
    model.migration_eV.push_back(energy);
  }
  if (model.elements.empty() || model.elements.size() > 8) {
    keys.refuse("migration_eV", std::to_string(model.elements.size()) + " elements are not allowed; allowed: 1 to 8");
  }
  const json &shells = keys.value("pair_eV");
  if (!shells.is_array() || shells.empty() || shells.size() > kMaxPairShells) {
    keys.refuse_value("pair_eV", shells, "a list of 1 to " + std::to_string(kMaxPairShells) + " objects, one for each shell");
  }
  model.shells = static_cast<int>(shells.size());
  const std::size_t n = model.elements.size() + 1;
  model.pair_eV.assign(shells.size() * n * n, 0.0);
  for (int shell = 0; shell < model.shells; ++shell) {
    const json &pairs = shells[static_cast<std::size_t>(shell)];
    if (!pairs.is_object()) {
      keys.refuse_value("pair_eV/" + std::to_string(shell), pairs, "an object such as {\"Mo-Ta\": -0.02}");
    }
    read_shell(model, shell, pairs, keys);
  }
  model.source = keys.text("source", "");
  return model;
}

PairKra read_pair_kra_file(const std::filesystem::path &file) {
  const json document = load_json(file, JsonUse::data);
  ObjectReader keys(document, file.string(), JsonUse::data);
  PairKra model = read_pair_kra(keys);
  keys.finish();
  model.file = file.string();
  return model;
}

json pair_kra_json(const PairKra &model) {
  json out;
  for (std::size_t i = 0; i < model.elements.size(); ++i) {
    out["migration_eV"][model.elements[i]] = model.migration_eV[i];
  }
  out["pair_eV"] = json::array();
  for (int shell = 0; shell < model.shells; ++shell) {
    json pairs = json::object();
    for (int a = 0; a <= static_cast<int>(model.elements.size()); ++a) {
      for (int b = a; b <= static_cast<int>(model.elements.size()); ++b) {
        if (model.pair(shell, a, b) != 0.0) {
          pairs[species_name(model, a) + "-" + species_name(model, b)] = model.pair(shell, a, b);
        }
      }
    }
    out["pair_eV"].push_back(pairs);
  }
  out["source"] = model.source;
  return out;
}

std::vector<double> smallest_barriers(const PairKra &model, Structure structure, bool several_vacancies) {
  constexpr std::size_t kPath = 0; // the paths are equivalent by symmetry
  const SiteShells sites = site_shells(model, lattice_tables(structure), kPath);
  const int species = static_cast<int>(model.elements.size());
  std::vector<double> smallest;
  for (int jumping = 1; jumping <= species; ++jumping) {
    double change = 0.0;
    for (std::size_t k = 0; k < sites.around_atom.size(); ++k) {
      if (sites.around_vacancy[k] < 0 && sites.around_atom[k] < 0) {
        continue;
      }
      double best = std::numeric_limits<double>::infinity();
      for (int s = several_vacancies ? 0 : 1; s <= species; ++s) {
        const auto g = [&](int shell) { return shell < 0 ? 0.0 : model.pair(shell, jumping, s) - model.pair(shell, 0, s); };
        best = std::min(best, g(sites.around_vacancy[k]) - g(sites.around_atom[k]));
      }
      change += best;
    }
    smallest.push_back(model.migration_eV[static_cast<std::size_t>(jumping - 1)] + change / 2.0);
  }
  return smallest;
}

void check_barriers_positive(const PairKra &model, Structure structure, bool several_vacancies) {
  const std::vector<double> smallest = smallest_barriers(model, structure, several_vacancies);
  for (std::size_t i = 0; i < smallest.size(); ++i) {
    if (!(smallest[i] >= 0.0)) {
      throw ConfigError(
          model.file + ": in " + structure_name(structure) + " a jump of " + model.elements[i] + " can have the barrier " +
          number_text(smallest[i]) + " eV (migration_eV " + number_text(model.migration_eV[i]) +
          " plus half of the smallest energy change " + number_text(2.0 * (smallest[i] - model.migration_eV[i])) +
          " eV that pair_eV allows); barriers below 0 are not allowed and are never clamped: raise migration_eV/" +
          model.elements[i] + " or weaken pair_eV");
    }
  }
}

} // namespace zener
