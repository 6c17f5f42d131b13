// Operations on environments: groups of the right order that keep distances, and the two frames of a jump.
#include "host/neutral/site_symmetry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace zener {
namespace {

int squared(const Offset &a, const Offset &b) {
  return (a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]) + (a[2] - b[2]) * (a[2] - b[2]);
}

using Row = std::vector<std::uint8_t>;

void expect_group(const std::vector<Row> &rows, std::size_t order) {
  ASSERT_EQ(rows.size(), order);
  const std::set<Row> all(rows.begin(), rows.end());
  EXPECT_EQ(all.size(), order);
  for (std::size_t k = 0; k < rows[0].size(); ++k) {
    EXPECT_EQ(rows[0][k], k);
  }
  for (const Row &a : rows) {
    for (const Row &b : rows) {
      Row product(a.size());
      for (std::size_t k = 0; k < a.size(); ++k) {
        product[k] = a[b[k]];
      }
      EXPECT_TRUE(all.contains(product));
    }
  }
}

TEST(SiteSymmetry, groups) {
  expect_group(site_operations(SiteGroup::none), 1);
  expect_group(site_operations(SiteGroup::axis), 6);
  expect_group(site_operations(SiteGroup::jump), 12);
  expect_group(site_operations(SiteGroup::vacancy), 48);
}

TEST(SiteSymmetry, distances_are_kept) {
  const auto &offsets = bcc_tables().offsets;
  EXPECT_EQ(offsets[kJumper], (Offset{1, 1, 1}));
  for (const Row &row : site_operations(SiteGroup::vacancy)) {
    for (std::size_t k = 0; k < row.size(); ++k) {
      EXPECT_EQ(squared(offsets[k], {0, 0, 0}), squared(offsets[row[k]], {0, 0, 0}));
      EXPECT_EQ(squared(offsets[k], offsets[0]), squared(offsets[row[k]], offsets[row[0]]));
    }
  }
  for (const Row &row : site_operations(SiteGroup::axis)) {
    EXPECT_EQ(row[kJumper], kJumper);
  }
  const auto &sites = jump_sites();
  ASSERT_EQ(sites.size(), 81U);
  const auto site = [&](std::size_t m) { return offsets[static_cast<std::size_t>(sites[m])]; };
  for (const Row &row : site_operations(SiteGroup::jump)) {
    EXPECT_EQ(row[0], 0);
    for (std::size_t m = 1; m < row.size(); ++m) {
      EXPECT_EQ(squared(site(m), site(1)), squared(site(row[m]), site(row[1])));
      const int ends = squared(site(m), {0, 0, 0}) + squared(site(m), {1, 1, 1});
      EXPECT_EQ(ends, squared(site(row[m]), {0, 0, 0}) + squared(site(row[m]), {1, 1, 1}));
    }
  }
}

// The frame of the jump back sees the sites of a jump permuted by an operation of SiteGroup::jump.
TEST(SiteSymmetry, both_frames_of_a_jump) {
  const auto &tables = bcc_tables();
  const auto &offsets = tables.offsets;
  const auto place = [&](const Offset &o) {
    return static_cast<std::size_t>(std::find(offsets.begin(), offsets.end(), o) - offsets.begin());
  };
  for (std::size_t p = 0; p < 8; ++p) {
    const Offset d = offsets[p];
    const std::size_t back = place({-d[0], -d[1], -d[2]});
    // For each entry of the list, which site (offset from the vacancy before the jump) it is, in both frames.
    std::vector<Offset> first;
    std::vector<Offset> last;
    for (const int k : jump_sites()) {
      first.push_back(offsets[tables.aligned[p][static_cast<std::size_t>(k)]]);
      const Offset o = offsets[tables.aligned[back][static_cast<std::size_t>(k)]];
      last.push_back({o[0] + d[0], o[1] + d[1], o[2] + d[2]});
    }
    EXPECT_EQ(first[0], d);
    EXPECT_EQ(last[0], (Offset{0, 0, 0})); // where the atom is after the jump
    last[0] = first[0];
    const auto &rows = site_operations(SiteGroup::jump);
    EXPECT_TRUE(std::any_of(rows.begin(), rows.end(), [&](const Row &row) {
      for (std::size_t m = 0; m < row.size(); ++m) {
        if (last[m] != first[row[m]]) {
          return false;
        }
      }
      return true;
    })) << p;
  }
}

TEST(SiteSymmetry, shells) {
  EXPECT_EQ(sites_of_shells(1), 8);
  EXPECT_EQ(sites_of_shells(3), 26);
  EXPECT_EQ(sites_of_shells(8), 112);
  EXPECT_ANY_THROW(sites_of_shells(0));
  EXPECT_ANY_THROW(sites_of_shells(9));
}

} // namespace
} // namespace zener
