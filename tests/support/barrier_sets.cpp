#include "tests/support/barrier_sets.hpp"

#include "host/neutral/lattice_tables.hpp"
#include "host/neutral/splitmix.hpp"

#include <utility>

namespace zener::test {
namespace {

constexpr double kMigration_eV[] = {0.0, 1.0, 1.3, 1.1};
constexpr double kPair_eV[4][4] = {{0, 0.02, 0.0, 0.01}, {0.02, 0, 0.01, 0.0}, {0.0, 0.01, 0, -0.03}, {0.01, 0.0, -0.03, 0}};

std::int64_t neighbour(const std::array<int, 3> &cells, std::int64_t site, std::size_t k) {
  const Offset a = site_coordinates(Structure::bcc, cells, site);
  const Offset &o = bcc_tables().offsets[k];
  return site_at(Structure::bcc, cells, {a[0] + o[0], a[1] + o[1], a[2] + o[2]});
}

double pair_energy_eV(const std::vector<std::uint8_t> &codes, const std::array<int, 3> &cells) {
  double sum = 0.0;
  for (std::size_t s = 0; s < codes.size(); ++s) {
    for (std::size_t k = 0; k < kPaths; ++k) {
      sum += 0.5 * kPair_eV[codes[s]][codes[static_cast<std::size_t>(neighbour(cells, static_cast<std::int64_t>(s), k))]];
    }
  }
  return sum;
}

} // namespace

BarrierFile small_barrier_file(std::size_t rows, std::uint64_t seed) {
  const std::array<int, 3> cells{5, 5, 5};
  BarrierFile data;
  data.elements = {"Nb", "Mo", "Ta"};
  data.cells = {5, 5, 5};
  data.composition_atoms = {84, 83, 83, 125, 63, 62};
  data.composition_name = {"Nb33Mo33Ta33", "Nb50Mo25Ta25"};
  data.potential = "made up";
  data.potential_hash = "0123";
  data.program = "a test";
  data.preset = "{}";
  data.identity = "{}";
  SplitMix64 random{seed};
  for (std::size_t r = 0; r < rows; ++r) {
    const std::size_t c = r % 2;
    std::vector<std::uint8_t> codes;
    for (std::size_t s = 0; s < 3; ++s) {
      codes.insert(codes.end(), static_cast<std::size_t>(data.composition_atoms[3 * c + s]), static_cast<std::uint8_t>(s + 1));
    }
    shuffle(codes, random);
    const auto vacancy = static_cast<std::int64_t>(random.below(codes.size()));
    codes[static_cast<std::size_t>(vacancy)] = 0;
    const double energy = pair_energy_eV(codes, cells);
    data.occupancy.insert(data.occupancy.end(), codes.begin(), codes.end());
    data.number.push_back(static_cast<std::int64_t>(r));
    data.composition.push_back(static_cast<std::int32_t>(c));
    data.a_A.push_back(3.25);
    data.vacancy.push_back(vacancy);
    data.energy_eV.push_back(energy);
    for (std::size_t p = 0; p < kPaths; ++p) {
      const auto to = static_cast<std::size_t>(neighbour(cells, vacancy, p));
      std::swap(codes[to], codes[static_cast<std::size_t>(vacancy)]);
      const double last = pair_energy_eV(codes, cells);
      const double middle = kMigration_eV[codes[static_cast<std::size_t>(vacancy)]];
      std::swap(codes[to], codes[static_cast<std::size_t>(vacancy)]);
      data.status.push_back(static_cast<std::uint8_t>(JumpStatus::converged));
      data.forward_eV.push_back(middle + 0.5 * (last - energy));
      data.backward_eV.push_back(middle - 0.5 * (last - energy));
      data.final_energy_eV.push_back(last);
    }
  }
  return data;
}

} // namespace zener::test
