// Batches of every barrier model for tests of exactness, and the comparison of their states bit by bit.
#pragma once

#include "host/backend.hpp"
#include "tests/support/networks.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <vector>

namespace zener::test {

inline PairKra ordering_pairs() {
  PairKra model;
  model.elements = {"Nb", "Mo", "Ta"};
  model.migration_eV = {1.02, 1.72, 1.13};
  model.shells = 3;
  model.pair_eV.assign(3 * 16, 0.0);
  const auto set = [&](std::size_t shell, std::size_t a, std::size_t b, double e) {
    model.pair_eV[(shell * 4 + a) * 4 + b] = e;
    model.pair_eV[(shell * 4 + b) * 4 + a] = e;
  };
  set(0, 2, 3, -0.0235);
  set(0, 0, 2, 0.011);
  set(1, 2, 2, -0.01175);
  set(1, 3, 3, -0.013);
  set(2, 1, 3, 0.0071);
  return model;
}

struct NamedModel {
  std::string name;
  BarrierModel model;
  Precision precision;
};

// Networks have widths that no vector or team divides.
inline std::vector<NamedModel> all_models() {
  return {{"constant", ConstantBarrier{1.1}, Precision::float32},
          {"pair_kra", ordering_pairs(), Precision::float32},
          {"mlp float32", random_network({40, 27}), Precision::float32},
          {"mlp float64", random_network({40, 27}), Precision::float64},
          {"site_mlp float32", made_site_mlp(SiteGroup::axis, {11, 9}), Precision::float32},
          {"cnn float32", made_cnn(false, {2, 3, 4, 3}), Precision::float32},
          {"consistent float32", made_consistent(5, 5), Precision::float32}};
}

// Three groups of five walkers, one lattice side different from the others, observed from a hop within the run.
inline KmcPlan small_batch(const NamedModel &model) {
  KmcPlan plan;
  plan.cells = {5, 6, 7};
  plan.lattice_constant_A = 3.24;
  plan.elements = {"Nb", "Mo", "Ta"};
  plan.model = model.model;
  plan.precision = model.precision;
  plan.seed = 20;
  plan.replicas = 5;
  plan.order_shells = 2;
  plan.averages_from_hop = 37;
  plan.groups = {{300.0, {139, 140, 140}}, {1000.0, {139, 140, 140}}, {2500.0, {300, 19, 100}}};
  return plan;
}

// The state of walkers [first, first + count) of a batch alone.
inline KmcState part(const KmcState &s, std::size_t first, std::size_t count) {
  const std::size_t walkers = s.time_s.size();
  const auto cut = [&](const auto &from, auto &to, std::size_t each) { // walker is the slow index
    to.assign(from.begin() + static_cast<std::ptrdiff_t>(first * each),
              from.begin() + static_cast<std::ptrdiff_t>((first + count) * each));
  };
  const auto cut_rows = [&](const auto &from, auto &to) { // walker is the fast index
    for (std::size_t row = 0; row * walkers < from.size(); ++row) {
      const auto begin = from.begin() + static_cast<std::ptrdiff_t>(row * walkers + first);
      to.insert(to.end(), begin, begin + static_cast<std::ptrdiff_t>(count));
    }
  };
  KmcState p;
  p.hops = s.hops;
  cut(s.occupancy, p.occupancy, s.occupancy.size() / walkers);
  cut(s.vacancy_site, p.vacancy_site, 1);
  cut_rows(s.displacement, p.displacement);
  cut(s.time_s, p.time_s, 1);
  cut(s.walker_hops, p.walker_hops, 1);
  cut(s.status, p.status, 1);
  cut(s.smallest_barrier_eV, p.smallest_barrier_eV, 1);
  cut_rows(s.pair_counts, p.pair_counts);
  cut_rows(s.pair_time, p.pair_time);
  cut_rows(s.pair_hops, p.pair_hops);
  cut(s.averaged_time_s, p.averaged_time_s, 1);
  cut(s.averaged_hops, p.averaged_hops, 1);
  return p;
}

template <class T> void expect_same_bits(const std::vector<T> &a, const std::vector<T> &b, const char *field) {
  ASSERT_EQ(a.size(), b.size()) << field;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if constexpr (std::is_same_v<T, double>) {
      ASSERT_EQ(std::bit_cast<std::uint64_t>(a[i]), std::bit_cast<std::uint64_t>(b[i]))
          << field << "[" << i << "]: " << a[i] << " and " << b[i];
    } else {
      ASSERT_EQ(a[i], b[i]) << field << "[" << i << "]";
    }
  }
}

inline void expect_same_state(const KmcState &a, const KmcState &b) {
  EXPECT_EQ(a.hops, b.hops);
  expect_same_bits(a.occupancy, b.occupancy, "occupancy");
  expect_same_bits(a.vacancy_site, b.vacancy_site, "vacancy_site");
  expect_same_bits(a.displacement, b.displacement, "displacement");
  expect_same_bits(a.time_s, b.time_s, "time_s");
  expect_same_bits(a.walker_hops, b.walker_hops, "walker_hops");
  expect_same_bits(a.status, b.status, "status");
  expect_same_bits(a.smallest_barrier_eV, b.smallest_barrier_eV, "smallest_barrier_eV");
  expect_same_bits(a.pair_counts, b.pair_counts, "pair_counts");
  expect_same_bits(a.pair_time, b.pair_time, "pair_time");
  expect_same_bits(a.pair_hops, b.pair_hops, "pair_hops");
  expect_same_bits(a.averaged_time_s, b.averaged_time_s, "averaged_time_s");
  expect_same_bits(a.averaged_hops, b.averaged_hops, "averaged_hops");
}

inline void expect_same_row(const KmcRow &a, const KmcRow &b) {
  EXPECT_EQ(a.hop, b.hop);
  expect_same_bits(a.mean, b.mean, "mean");
  expect_same_bits(a.squared, b.squared, "squared");
}

} // namespace zener::test
