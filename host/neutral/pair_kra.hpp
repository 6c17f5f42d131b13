// Pair interactions with kinetically resolved activation (PairKra in barrier_model.hpp), as JSON.
//   {"migration_eV": {"Mo": 1.7, …}, "pair_eV": [{"Mo-Ta": -0.02, "Va-Mo": 0.1, …}, …], "source": "…"}
// One object of pair_eV for each shell, nearest first, at most three; pairs not named are 0; "Va" is the vacancy.
#pragma once

#include "host/neutral/barrier_model.hpp"

#include <nlohmann/json_fwd.hpp>

#include <filesystem>

namespace zener {

class ObjectReader;

// Reads the three keys of an object. Refuses elements that migration_eV does not name, pairs given twice ("Mo-Ta" and "Ta-Mo")
// and negative migration energies. The elements stand in alphabetical order.
PairKra read_pair_kra(ObjectReader &keys);

// Reads a file that holds the three keys and no others. Throws DataError.
PairKra read_pair_kra_file(const std::filesystem::path &file);

// The three keys; pairs that are 0 are left out.
nlohmann::json pair_kra_json(const PairKra &model);

} // namespace zener
