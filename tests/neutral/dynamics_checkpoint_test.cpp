// Checkpoints of molecular dynamics come back bit for bit, and damaged or foreign ones are refused.
#include "host/neutral/checkpoint.hpp"
#include "host/neutral/dynamics_checkpoint.hpp"
#include "tests/neutral/support.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace zener::test {
namespace {

constexpr std::size_t kAtoms = 7;
constexpr std::size_t kSystems = 2;

std::vector<Atoms> systems() {
  std::vector<Atoms> out(kSystems);
  out[0].position_A.resize(3);
  out[1].position_A.resize(4);
  return out;
}

DynamicsCheckpoint sample() {
  std::mt19937_64 random(3);
  const auto numbers = [&](std::size_t n) {
    std::vector<double> out(n);
    for (double &x : out) {
      x = std::ldexp(static_cast<double>(random()), -40) * (random() % 2 == 0 ? 1.0 : -1.0);
    }
    return out;
  };
  DynamicsCheckpoint c;
  c.identity = R"({"driver":"md"})";
  c.meta = {12.5, 3};
  c.state.step = 1234567890123;
  c.state.order = {3, 1, 0, 2, 6, 5, 4};
  c.state.position = numbers(3 * kAtoms);
  c.state.reference = numbers(3 * kAtoms);
  c.state.velocity = numbers(3 * kAtoms);
  c.state.force = numbers(3 * kAtoms);
  for (std::size_t i = 0; i < 3 * kAtoms; ++i) {
    c.state.image.push_back(static_cast<std::int32_t>(i) - 9);
  }
  c.state.cell = numbers(9 * kSystems);
  c.state.reference_cell = numbers(9 * kSystems);
  c.state.bath = numbers(30 * kSystems);
  c.state.totals = numbers(20 * kSystems);
  for (int r = 0; r < 4; ++r) {
    std::vector<ThermoRow> rows(kSystems);
    for (ThermoRow &row : rows) {
      const std::vector<double> n = numbers(33);
      row.step = 100 * r;
      row.potential_eV = n[0];
      row.kinetic_eV = n[1];
      row.temperature_K = n[2];
      row.conserved_eV = n[3];
      row.volume_A3 = n[4];
      row.largest_force_eV_A = n[5];
      std::memcpy(&row.virial_eV, &n[6], 9 * sizeof(double));
      std::memcpy(&row.kinetic_tensor_eV, &n[15], 9 * sizeof(double));
      std::memcpy(&row.cell_A, &n[24], 9 * sizeof(double));
    }
    c.rows.push_back(rows);
  }
  c.trajectory_end = {1000, 2000};
  return c;
}

TEST(DynamicsCheckpoint, ComesBackBitForBit) {
  const TemporaryFolder folder;
  const DynamicsCheckpoint a = sample();
  save_dynamics_checkpoint(folder / "c.h5", a);
  const DynamicsCheckpoint b = load_dynamics_checkpoint(folder / "c.h5");
  EXPECT_EQ(a.identity, b.identity);
  EXPECT_EQ(a.meta.wall_s, b.meta.wall_s);
  EXPECT_EQ(a.meta.next_sample, b.meta.next_sample);
  EXPECT_EQ(a.trajectory_end, b.trajectory_end);
  const DynamicsState &s = a.state;
  const DynamicsState &t = b.state;
  EXPECT_EQ(s.step, t.step);
  EXPECT_EQ(s.order, t.order);
  EXPECT_EQ(s.position, t.position);
  EXPECT_EQ(s.reference, t.reference);
  EXPECT_EQ(s.velocity, t.velocity);
  EXPECT_EQ(s.force, t.force);
  EXPECT_EQ(s.image, t.image);
  EXPECT_EQ(s.cell, t.cell);
  EXPECT_EQ(s.reference_cell, t.reference_cell);
  EXPECT_EQ(s.bath, t.bath);
  EXPECT_EQ(s.totals, t.totals);
  ASSERT_EQ(a.rows.size(), b.rows.size());
  for (std::size_t r = 0; r < a.rows.size(); ++r) {
    ASSERT_EQ(a.rows[r].size(), b.rows[r].size());
    for (std::size_t k = 0; k < kSystems; ++k) {
      const ThermoRow &x = a.rows[r][k];
      const ThermoRow &y = b.rows[r][k];
      EXPECT_EQ(x.step, y.step);
      EXPECT_EQ(x.potential_eV, y.potential_eV);
      EXPECT_EQ(x.kinetic_eV, y.kinetic_eV);
      EXPECT_EQ(x.temperature_K, y.temperature_K);
      EXPECT_EQ(x.conserved_eV, y.conserved_eV);
      EXPECT_EQ(x.volume_A3, y.volume_A3);
      EXPECT_EQ(x.largest_force_eV_A, y.largest_force_eV_A);
      EXPECT_EQ(x.virial_eV, y.virial_eV);
      EXPECT_EQ(x.kinetic_tensor_eV, y.kinetic_tensor_eV);
      EXPECT_EQ(x.cell_A, y.cell_A);
    }
  }
  EXPECT_NO_THROW(check_dynamics_checkpoint_fits(b, systems(), folder / "c.h5"));
}

TEST(DynamicsCheckpoint, DamageAnywhereIsFound) {
  const TemporaryFolder folder;
  save_dynamics_checkpoint(folder / "c.h5", sample());
  const std::string good = bytes_of(folder / "c.h5");
  std::mt19937 random(1);
  for (int i = 0; i < 60; ++i) {
    const std::string bad = damaged(good, random);
    if (bad != good) {
      put_bytes(folder / "d.h5", bad);
      EXPECT_THROW(load_dynamics_checkpoint(folder / "d.h5"), DataError) << i;
    }
  }
  put_bytes(folder / "d.h5", good.substr(0, good.size() / 2));
  expect_error<DataError>([&] { load_dynamics_checkpoint(folder / "d.h5"); }, {"d.h5", "truncated"});
  expect_error<DataError>([&] { load_checkpoint(folder / "c.h5"); }, {"c.h5", "zener kmc checkpoint 1"});
}

TEST(DynamicsCheckpoint, OfOtherSystems) {
  const auto refused = [](auto change, std::initializer_list<std::string> words) {
    DynamicsCheckpoint c = sample();
    change(c);
    expect_error<DataError>([&] { check_dynamics_checkpoint_fits(c, systems(), "c.h5"); }, words);
  };
  refused([](DynamicsCheckpoint &c) { c.state.order.pop_back(); }, {"c.h5", "6 atoms", "7"});
  refused([](DynamicsCheckpoint &c) { c.state.order[0] = 1; }, {"atom 1 twice"});
  refused([](DynamicsCheckpoint &c) { c.state.order[0] = 7; }, {"atom 7", "does not exist"});
  refused([](DynamicsCheckpoint &c) { c.state.cell.pop_back(); }, {"'cell'", "18"});
  refused([](DynamicsCheckpoint &c) { c.state.bath.pop_back(); }, {"'bath'"});
  refused([](DynamicsCheckpoint &c) { c.state.image.pop_back(); }, {"'image'", "21"});
  refused([](DynamicsCheckpoint &c) { c.rows[1].pop_back(); }, {"systems in a sampled row"});
  DynamicsCheckpoint inconsistent = sample();
  inconsistent.state.velocity.pop_back();
  const TemporaryFolder folder;
  expect_error<InvariantError>([&] { save_dynamics_checkpoint(folder / "c.h5", inconsistent); }, {"velocity", "20"});
}

} // namespace
} // namespace zener::test
