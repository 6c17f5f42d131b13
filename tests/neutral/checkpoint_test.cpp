#include "host/neutral/checkpoint.hpp"

#include "host/neutral/h5.hpp"
#include "tests/neutral/support.hpp"

#include <cmath>
#include <csignal>
#include <cstring>
#include <fstream>
#include <limits>

#include <sys/resource.h>

namespace zener {
namespace {

using test::bytes_of;
using test::expect_error;
using test::put_bytes;
using test::TemporaryFolder;

const std::string kIdentity = R"({"seed":7,"lattice":{"cells":[8,8,8],"a_A":3.24},"title":"µ"})";

template <class T> std::vector<T> filled(std::size_t n, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<T> values(n);
  for (T &value : values) {
    const std::uint64_t bits = random();
    std::memcpy(&value, &bits, sizeof(T)); // any bits, also NaN and denormal
  }
  return values;
}

KmcState state_of(std::size_t walkers, std::size_t sites, std::size_t pairs) {
  KmcState s;
  s.hops = ~std::uint64_t{0} - 5;
  s.occupancy = filled<std::uint8_t>(walkers * sites, 1);
  s.vacancy_site = filled<std::int32_t>(walkers, 2);
  s.displacement = filled<std::int32_t>(3 * walkers, 3);
  s.time_s = filled<double>(walkers, 4);
  s.walker_hops = filled<std::uint64_t>(walkers, 5);
  s.status = filled<std::uint32_t>(walkers, 6);
  s.smallest_barrier_eV = filled<double>(walkers, 7);
  s.pair_counts = filled<std::int32_t>(pairs * walkers, 8);
  s.pair_time = filled<double>(pairs * walkers, 9);
  s.pair_hops = filled<std::int64_t>(pairs * walkers, 10);
  s.averaged_time_s = filled<double>(walkers, 11);
  s.averaged_hops = filled<std::uint64_t>(walkers, 12);
  return s;
}

std::vector<KmcRow> rows_of(std::size_t n, std::size_t columns) {
  std::vector<KmcRow> rows(n);
  for (std::size_t r = 0; r < n; ++r) {
    const auto seed = static_cast<unsigned>(r);
    rows[r] = {r * r, filled<double>(columns, 20 + seed), filled<double>(columns, 40 + seed)};
  }
  return rows;
}

template <class T> bool same_bits(const std::vector<T> &a, const std::vector<T> &b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

void expect_same(const KmcState &a, const KmcState &b) {
  EXPECT_EQ(a.hops, b.hops);
  EXPECT_TRUE(same_bits(a.occupancy, b.occupancy));
  EXPECT_TRUE(same_bits(a.vacancy_site, b.vacancy_site));
  EXPECT_TRUE(same_bits(a.displacement, b.displacement));
  EXPECT_TRUE(same_bits(a.time_s, b.time_s));
  EXPECT_TRUE(same_bits(a.walker_hops, b.walker_hops));
  EXPECT_TRUE(same_bits(a.status, b.status));
  EXPECT_TRUE(same_bits(a.smallest_barrier_eV, b.smallest_barrier_eV));
  EXPECT_TRUE(same_bits(a.pair_counts, b.pair_counts));
  EXPECT_TRUE(same_bits(a.pair_time, b.pair_time));
  EXPECT_TRUE(same_bits(a.pair_hops, b.pair_hops));
  EXPECT_TRUE(same_bits(a.averaged_time_s, b.averaged_time_s));
  EXPECT_TRUE(same_bits(a.averaged_hops, b.averaged_hops));
}

void expect_same(const std::vector<KmcRow> &a, const std::vector<KmcRow> &b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t r = 0; r < a.size(); ++r) {
    EXPECT_EQ(a[r].hop, b[r].hop);
    EXPECT_TRUE(same_bits(a[r].mean, b[r].mean));
    EXPECT_TRUE(same_bits(a[r].squared, b[r].squared));
  }
}

TEST(Checkpoint, comes_back_bit_for_bit) {
  const TemporaryFolder folder;
  const auto file = folder / "checkpoint.h5";
  struct Case {
    std::size_t walkers, sites, pairs, rows, columns;
  };
  for (const Case &c : {Case{6, 250, 12, 9, 34}, Case{1, 250, 0, 0, 0}, Case{300, 1024, 6, 1, 5}}) {
    const KmcState state = state_of(c.walkers, c.sites, c.pairs);
    const auto rows = rows_of(c.rows, c.columns);
    const CheckpointMeta meta{std::nextafter(12.5, 13.0), -3};
    save_checkpoint(file, kIdentity, meta, state, rows);
    const Checkpoint back = load_checkpoint(file);
    EXPECT_EQ(back.identity, kIdentity);
    EXPECT_EQ(back.meta.wall_s, meta.wall_s);
    EXPECT_EQ(back.meta.next_sample, meta.next_sample);
    expect_same(back.state, state);
    expect_same(back.rows, rows);
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "checkpoint.h5.partial"));
}

TEST(Checkpoint, one_previous_is_kept) {
  const TemporaryFolder folder;
  const auto file = folder / "checkpoint.h5";
  const auto previous = folder / "checkpoint.previous.h5";
  EXPECT_EQ(previous_checkpoint(file), previous);
  for (std::int64_t n = 1; n <= 3; ++n) {
    save_checkpoint(file, kIdentity, {1.0, n}, state_of(2, 10, 0), {});
    EXPECT_EQ(load_checkpoint(file).meta.next_sample, n);
    EXPECT_EQ(std::filesystem::exists(previous), n > 1);
  }
  EXPECT_EQ(load_checkpoint(previous).meta.next_sample, 2);
  std::filesystem::remove(file);
  expect_error<DataError>([&] { load_checkpoint(file); }, {"checkpoint.h5", "No such file", previous.string()});
  std::filesystem::remove(previous);
  expect_error<DataError>([&] { load_checkpoint(file); }, {"checkpoint.h5", "No such file"});
}

TEST(Checkpoint, the_same_state_gives_the_same_bytes) {
  const TemporaryFolder folder;
  for (const char *name : {"a.h5", "b.h5"}) {
    save_checkpoint(folder / name, kIdentity, {1.0, 2}, state_of(4, 100, 3), rows_of(2, 8));
  }
  EXPECT_EQ(bytes_of(folder / "a.h5"), bytes_of(folder / "b.h5"));
}

TEST(Checkpoint, foreign_files_are_refused) {
  const TemporaryFolder folder;
  const auto file = folder / "checkpoint.h5";
  for (const std::string &bytes :
       {std::string(), std::string("x"), std::string(5000, 'x'), std::string("zener kmc checkpoint 1\n")}) {
    put_bytes(file, bytes);
    expect_error<DataError>([&] { load_checkpoint(file); }, {"not a checkpoint of Zener"});
  }
  H5File h5 = H5File::create(file);
  h5.write<double>("/x", std::vector<double>{1.0}, {1});
  h5.close();
  expect_error<DataError>([&] { load_checkpoint(file); }, {"not a checkpoint of Zener"});
  save_checkpoint(file, kIdentity, {}, state_of(1, 10, 0), {});
  std::string bytes = bytes_of(file);
  bytes.replace(bytes.find("checkpoint 1"), 12, "checkpoint 2");
  put_bytes(file, bytes);
  expect_error<DataError>([&] { load_checkpoint(file); }, {"format '2'", "reads format 1"});
  expect_error<DataError>([&] { load_checkpoint(folder.path()); }, {"not a regular file"});
}

TEST(Checkpoint, every_truncation_is_refused) {
  const TemporaryFolder folder;
  const auto file = folder / "checkpoint.h5";
  save_checkpoint(file, kIdentity, {1.0, 2}, state_of(2, 54, 3), rows_of(2, 8));
  for (std::uintmax_t n = std::filesystem::file_size(file); n-- > 0;) {
    std::filesystem::resize_file(file, n);
    try {
      load_checkpoint(file);
      ADD_FAILURE() << "accepted " << n << " bytes";
    } catch (const DataError &error) {
      EXPECT_NE(std::string(error.what()).find(n < 512 ? "not a checkpoint" : "truncated"), std::string::npos) << error.what();
    }
  }
}

TEST(Checkpoint, every_damage_is_refused) {
  const TemporaryFolder folder;
  const auto file = folder / "checkpoint.h5";
  save_checkpoint(file, kIdentity, {1.0, 2}, state_of(2, 54, 3), rows_of(2, 8));
  const std::string bytes = bytes_of(file);
  std::mt19937 random(8);
  for (int i = 0; i < 4000; ++i) {
    const std::string changed = test::damaged(bytes, random);
    if (changed != bytes) {
      // In place: a file system may sync what replaces a file.
      std::fstream(file, std::ios::in | std::ios::out | std::ios::binary) << changed;
      EXPECT_THROW(load_checkpoint(file), DataError);
    }
  }
  // The highest bits of neighbouring words, which a plain multiplying checksum lets cancel.
  std::string changed = bytes;
  changed[512 + 1007] = static_cast<char>(changed[512 + 1007] ^ '\x80');
  changed[512 + 1015] = static_cast<char>(changed[512 + 1015] ^ '\x80');
  put_bytes(file, changed);
  expect_error<DataError>([&] { load_checkpoint(file); }, {"checksum"});
  put_bytes(file, bytes + "x");
  expect_error<DataError>([&] { load_checkpoint(file); }, {"instead of", std::to_string(bytes.size())});
  put_bytes(file, bytes);
  EXPECT_NO_THROW(load_checkpoint(file));
}

TEST(Checkpoint, inconsistent_states_are_our_fault_and_leave_the_old_one) {
  const TemporaryFolder folder;
  const auto file = folder / "checkpoint.h5";
  save_checkpoint(file, kIdentity, {1.0, 1}, state_of(2, 10, 3), {});
  KmcState state = state_of(2, 10, 3);
  state.pair_hops.pop_back();
  expect_error<InvariantError>([&] { save_checkpoint(file, kIdentity, {1.0, 2}, state, {}); }, {"pair_hops", "5 values"});
  expect_error<InvariantError>([&] { save_checkpoint(file, kIdentity, {1.0, 2}, {}, {}); }, {"occupancy"});
  auto rows = rows_of(2, 5);
  rows[1].squared.pop_back();
  expect_error<InvariantError>([&] { save_checkpoint(file, kIdentity, {1.0, 2}, state_of(2, 10, 3), rows); }, {"rows"});
  EXPECT_EQ(load_checkpoint(file).meta.next_sample, 1);
  EXPECT_FALSE(std::filesystem::exists(folder / "checkpoint.h5.partial"));
}

void expect_survives(const std::filesystem::path &file, const char *reason) {
  expect_error<DataError>(
      [&] {
        save_checkpoint(file, kIdentity, {1.0, 3}, state_of(200, 1024, 0), {});
      },
      {file.string(), reason});
  EXPECT_EQ(load_checkpoint(file).meta.next_sample, 2);
  EXPECT_EQ(load_checkpoint(previous_checkpoint(file)).meta.next_sample, 1);
  EXPECT_FALSE(std::filesystem::exists(file.string() + ".partial"));
}

TEST(Checkpoint, a_full_disk_leaves_both_old_ones) {
  const TemporaryFolder folder;
  const test::SmallDisk disk(folder / "disk", "128k");
  if (!disk.mounted()) {
    GTEST_SKIP() << "a small file system cannot be mounted here";
  }
  save_checkpoint(disk / "checkpoint.h5", kIdentity, {1.0, 1}, state_of(2, 10, 0), {});
  save_checkpoint(disk / "checkpoint.h5", kIdentity, {1.0, 2}, state_of(2, 10, 0), {});
  expect_survives(disk / "checkpoint.h5", "No space left on device");
}

// A limit on the size of files acts like a full disk and needs no rights. Each limit stops the writing somewhere else.
TEST(Checkpoint, a_disk_that_takes_no_more_leaves_both_old_ones) {
  const TemporaryFolder folder;
  save_checkpoint(folder / "checkpoint.h5", kIdentity, {1.0, 1}, state_of(2, 10, 0), {});
  save_checkpoint(folder / "checkpoint.h5", kIdentity, {1.0, 2}, state_of(2, 10, 0), {});
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  for (const rlim_t limit : {0U, 100U, 512U, 600U, 2048U, 3000U, 4096U, 10000U, 100000U}) {
    rlimit small = before;
    small.rlim_cur = limit;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    expect_survives(folder / "checkpoint.h5", "File too large");
    ::setrlimit(RLIMIT_FSIZE, &before);
  }
  std::signal(SIGXFSZ, handler);
}

TEST(Checkpoint, sizes_are_compared_with_the_plan) {
  KmcPlan plan;
  plan.cells = {5, 5, 5};
  plan.elements = {"Nb", "Mo", "Ta"};
  plan.groups.resize(3);
  plan.replicas = 2;
  plan.order_shells = 2;
  Checkpoint checkpoint;
  checkpoint.state = state_of(6, 250, 12);
  checkpoint.rows = rows_of(2, 3 * 17);
  EXPECT_NO_THROW(check_checkpoint_fits(checkpoint, plan, "c.h5"));
  checkpoint.rows = rows_of(2, 16);
  expect_error<DataError>([&] { check_checkpoint_fits(checkpoint, plan, "c.h5"); }, {"c.h5", "16 sampled columns", "51"});
  checkpoint.state = state_of(6, 250, 6);
  expect_error<DataError>([&] { check_checkpoint_fits(checkpoint, plan, "c.h5"); }, {"36 values of 'pair_counts'", "72"});
  checkpoint.state = state_of(6, 128, 12);
  expect_error<DataError>([&] { check_checkpoint_fits(checkpoint, plan, "c.h5"); }, {"768 values of 'occupancy'", "1500"});
  checkpoint.state = state_of(5, 250, 12);
  expect_error<DataError>([&] { check_checkpoint_fits(checkpoint, plan, "c.h5"); }, {"5 walkers", "6"});
}

TEST(Checkpoint, identities_are_compared_key_by_key) {
  EXPECT_NO_THROW(check_identity(kIdentity, R"({"title":"µ","lattice":{"a_A":3.24,"cells":[8,8,8]},"seed":7})", "c.h5"));
  expect_error<ConfigError>(
      [] { check_identity(kIdentity, R"({"seed":8,"lattice":{"cells":[8,9,8],"b_A":1},"title":"µ"})", "c.h5"); },
      {"c.h5", "/seed was 7 and is 8", "/lattice/cells/1 was 8 and is 9", "/lattice/a_A was 3.24 and is absent",
       "/lattice/b_A was absent and is 1"});
  expect_error<ConfigError>(
      [] { check_identity(kIdentity, R"({"seed":7,"lattice":{"cells":[8,8],"a_A":3.24},"title":"µ"})", "c"); },
      {"/lattice/cells was [8,8,8] and is [8,8]"});
  std::string many = "{\"x\":0";
  for (int i = 0; i < 20; ++i) {
    many += ",\"" + std::to_string(i) + "\":1";
  }
  expect_error<ConfigError>([&] { check_identity("{}", many + "}", "c"); }, {"and 11 more"});
  expect_error<DataError>([] { check_identity("{", "{}", "c.h5"); }, {"c.h5", "identity"});
  expect_error<DataError>([] { check_identity("[]", "{}", "c.h5"); }, {"c.h5", "identity", "object"});
}

} // namespace
} // namespace zener
