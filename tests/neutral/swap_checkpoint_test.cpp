// Checkpoints of swaps come back bit for bit; those of other runs are refused.
#include "host/neutral/dynamics_checkpoint.hpp"
#include "host/neutral/swap_checkpoint.hpp"
#include "tests/neutral/support.hpp"

#include <gtest/gtest.h>

namespace zener::test {
namespace {

std::vector<Atoms> systems() {
  Atoms atoms;
  atoms.elements = {"Mo", "Ta"};
  atoms.type = {0, 1, 1};
  atoms.position_A.resize(3);
  return {atoms, atoms};
}

SwapRow row_of(std::int64_t trial) {
  SwapRow row;
  row.trial = trial;
  const double x = 0.1 * static_cast<double>(trial);
  row.energy_eV = {-x, x / 3.0};
  row.temperature_K = {x, 2.0 * x};
  row.volume_A3 = {1.0 + x, 2.0};
  for (std::int64_t i = 0; i < 12; ++i) { // two systems, two shells, three pairs
    row.bonds.push_back(trial + i);
  }
  row.tried = {0, trial, 0, 0, trial, 0};
  row.kept = {0, trial / 2, 0, 0, trial / 3, 0};
  row.unrelaxed = {trial, 0};
  row.relax_steps = {7, 9 * trial};
  return row;
}

SwapCheckpoint sample() {
  SwapCheckpoint c;
  c.identity = R"({"driver":"swap_mc_md"})";
  c.meta = {2.5, 3};
  c.state.step = 40;
  c.state.order = {2, 1, 0, 3, 5, 4};
  c.state.type = {1, 0, 1, 1, 1, 0};
  c.state.position.assign(18, 1.0 / 3.0);
  c.state.reference = c.state.velocity = c.state.force = c.state.position;
  c.state.image.assign(18, -2);
  c.state.cell.assign(18, 3.0);
  c.state.reference_cell = c.state.cell;
  c.state.bath.assign(8, 0.7);
  c.state.totals.assign(6, 0.1);
  c.now = row_of(77);
  c.rows = {row_of(0), row_of(30), row_of(60)};
  return c;
}

void expect_same(const SwapRow &a, const SwapRow &b) {
  EXPECT_EQ(a.trial, b.trial);
  EXPECT_EQ(a.energy_eV, b.energy_eV);
  EXPECT_EQ(a.temperature_K, b.temperature_K);
  EXPECT_EQ(a.volume_A3, b.volume_A3);
  EXPECT_EQ(a.bonds, b.bonds);
  EXPECT_EQ(a.tried, b.tried);
  EXPECT_EQ(a.kept, b.kept);
  EXPECT_EQ(a.unrelaxed, b.unrelaxed);
  EXPECT_EQ(a.relax_steps, b.relax_steps);
}

TEST(SwapCheckpoint, ComesBack) {
  const TemporaryFolder folder;
  const SwapCheckpoint c = sample();
  save_swap_checkpoint(folder / "c.h5", c);
  const SwapCheckpoint back = load_swap_checkpoint(folder / "c.h5");
  EXPECT_EQ(back.identity, c.identity);
  EXPECT_EQ(back.meta.next_sample, 3);
  EXPECT_EQ(back.state.step, 40);
  EXPECT_EQ(back.state.type, c.state.type);
  EXPECT_EQ(back.state.order, c.state.order);
  EXPECT_EQ(back.state.velocity, c.state.velocity);
  expect_same(back.now, c.now);
  ASSERT_EQ(back.rows.size(), 3U);
  expect_same(back.rows[1], c.rows[1]);
  EXPECT_NO_THROW(check_swap_checkpoint_fits(back, systems(), 2, 3, "c.h5"));
}

TEST(SwapCheckpoint, OthersAreRefused) {
  const auto refused = [](auto change, const std::string &word) {
    SwapCheckpoint c = sample();
    change(c);
    try {
      check_swap_checkpoint_fits(c, systems(), 2, 3, "c.h5");
      ADD_FAILURE() << word;
    } catch (const DataError &error) {
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
    }
  };
  refused([](SwapCheckpoint &c) { c.state.type[0] = 0; }, "elements");
  refused([](SwapCheckpoint &c) { c.state.type[0] = 2; }, "elements");
  refused([](SwapCheckpoint &c) { c.state.type[0] = -1; }, "elements");
  refused([](SwapCheckpoint &c) { c.state.type.pop_back(); }, "type");
  refused([](SwapCheckpoint &c) { c.state.order[0] = 6; }, "order");
  refused([](SwapCheckpoint &c) { c.now.kept.pop_back(); }, "kept");
  refused([](SwapCheckpoint &c) { c.rows[1].bonds.pop_back(); }, "bonds");
  refused([](SwapCheckpoint &c) { c.now.energy_eV.push_back(0.0); }, "energy_eV");
  const TemporaryFolder folder;
  DynamicsCheckpoint md;
  md.identity = "{}";
  md.state = sample().state;
  save_dynamics_checkpoint(folder / "md.h5", md);
  EXPECT_THROW(load_swap_checkpoint(folder / "md.h5"), DataError);
  EXPECT_THROW(load_swap_checkpoint(folder / "none.h5"), DataError);
}

} // namespace
} // namespace zener::test
