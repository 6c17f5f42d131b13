// Vacancy environments with their barriers as JSON: {"offsets": [[x,y,z], …], "directions": [[x,y,z], …], "environments":
// [{"types": [code, …], …}, …]}. Units of offsets and directions: a/2.
#pragma once

#include "host/neutral/lattice_tables.hpp"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace zener {

struct Environments {
  std::string file;
  std::size_t sites = kEnvironmentSites; // of an environment
  std::vector<std::uint8_t> types;       // [environment][sites], species codes in the order of the offsets asked for
  std::array<int, kPaths> path{};        // the file's direction q is our path[q]
  std::string document;                  // the file's JSON text; whatever else stands in it is kept

  std::size_t size() const { return types.size() / sites; }
};

// Reads environments of these elements (species code i + 1 is elements[i], 0 a vacancy) on these sites: those of
// bcc_tables().offsets, or of the environment that a network reads (environment_of). `offsets` may be any permutation of
// the sites and `directions` of the 8 jumps; without them the order is ours. `element_codes`, if given, must agree with
// the elements. Barriers already in the file are not looked at. Throws DataError with the index of what is wrong.
Environments read_environments(const std::filesystem::path &file, std::span<const std::string> elements,
                               const std::vector<Offset> &sites = bcc_tables().offsets);
Environments parse_environments(std::string text, const std::string &name, std::span<const std::string> elements,
                                const std::vector<Offset> &sites = bcc_tables().offsets);

// The file's JSON with `barriers_ev` of each environment set (and `spread_eV`, where spreads are given), in the order of the
// file's directions, and `directions` and `units` stated. Numbers are written so that reading gives the same bits. Both:
// [environment][8], our path order. Throws DataError when one is not finite, InvariantError when their number is wrong.
std::string environments_with_barriers(const Environments &environments, std::span<const double> barriers_eV,
                                       std::span<const double> spread_eV = {});

// A JSON object with a list `environments` as text: a line for each key and each environment.
std::string environments_text(const nlohmann::ordered_json &root);

// An object that parse_environments reads, with an empty list `environments`.
nlohmann::ordered_json environments_header(std::span<const std::string> elements, const std::vector<Offset> &sites);

} // namespace zener
