#include "host/neutral/barrier_file.hpp"

#include "host/neutral/h5.hpp"
#include "host/neutral/sealed_file.hpp"
#include "tests/neutral/support.hpp"
#include "tests/support/barrier_sets.hpp"

#include <cmath>
#include <limits>

namespace zener {
namespace {

using test::bytes_of;
using test::expect_error;
using test::put_bytes;
using test::small_barrier_file;
using test::TemporaryFolder;

TEST(BarrierFile, comes_back_whole) {
  const TemporaryFolder folder;
  const auto file = folder / "barriers.h5";
  BarrierFile data = small_barrier_file(5, 1);
  data.status[9] = static_cast<std::uint8_t>(JumpStatus::lost);
  data.forward_eV[9] = std::numeric_limits<double>::quiet_NaN();
  write_barrier_file(file, data);
  const BarrierFile back = read_barrier_file(file);
  EXPECT_EQ(back.elements, data.elements);
  EXPECT_EQ(back.cells, data.cells);
  EXPECT_EQ(back.composition_atoms, data.composition_atoms);
  EXPECT_EQ(back.composition_name, data.composition_name);
  EXPECT_EQ(back.occupancy, data.occupancy);
  EXPECT_EQ(back.number, data.number);
  EXPECT_EQ(back.composition, data.composition);
  EXPECT_EQ(back.a_A, data.a_A);
  EXPECT_EQ(back.vacancy, data.vacancy);
  EXPECT_EQ(back.energy_eV, data.energy_eV);
  EXPECT_EQ(back.status, data.status);
  EXPECT_EQ(back.backward_eV, data.backward_eV);
  EXPECT_EQ(back.final_energy_eV, data.final_energy_eV);
  EXPECT_TRUE(std::isnan(back.forward_eV[9]));
  EXPECT_EQ(back.forward_eV[10], data.forward_eV[10]);
  EXPECT_EQ(back.potential, data.potential);
  EXPECT_EQ(back.potential_hash, data.potential_hash);
  EXPECT_EQ(back.program, data.program);
  EXPECT_EQ(back.preset, data.preset);
  EXPECT_EQ(back.identity, data.identity);
}

TEST(BarrierFile, an_empty_one_comes_back_too) {
  const TemporaryFolder folder;
  write_barrier_file(folder / "barriers.h5", small_barrier_file(0, 1));
  EXPECT_EQ(read_barrier_file(folder / "barriers.h5").rows(), 0U);
}

TEST(BarrierFile, rows_are_sorted_by_number) {
  const BarrierFile data = small_barrier_file(4, 4);
  BarrierFile mixed = data;
  mixed.number = {7, 2, 9, 0};
  sort_rows(mixed);
  EXPECT_EQ(mixed.number, (std::vector<std::int64_t>{0, 2, 7, 9}));
  const std::vector<std::size_t> from{3, 1, 0, 2};
  for (std::size_t r = 0; r < 4; ++r) {
    EXPECT_EQ(mixed.vacancy[r], data.vacancy[from[r]]);
    EXPECT_EQ(mixed.occupancy[r * 250 + 17], data.occupancy[from[r] * 250 + 17]);
    EXPECT_EQ(mixed.forward_eV[r * 8 + 5], data.forward_eV[from[r] * 8 + 5]);
  }
}

TEST(BarrierFile, says_what_is_wrong_and_where) {
  const TemporaryFolder folder;
  const auto file = folder / "barriers.h5";
  const auto refused = [&](const std::function<void(BarrierFile &)> &change, std::initializer_list<std::string> words) {
    BarrierFile data = small_barrier_file(3, 2);
    change(data);
    write_barrier_file(file, data);
    expect_error<DataError>([&] { read_barrier_file(file); }, words);
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  refused([&](auto &d) { d.forward_eV[11] = nan; }, {"barriers.h5", "row 1, jump 3", "forward nan"});
  refused([&](auto &d) { d.energy_eV[2] = nan; }, {"row 2, jump 0", "finite"});
  refused([&](auto &d) { d.backward_eV[0] += 0.01; }, {"row 0, jump 0", "differ by"});
  refused([&](auto &d) { d.status[23] = 8; }, {"row 2, jump 7", "status is 8", "0 to 7"});
  refused([&](auto &d) { d.occupancy[d.sites() + 4] = 4; }, {"row 1", "site 4", "code 4", "Nb, Mo, Ta"});
  refused([&](auto &d) { d.occupancy[(static_cast<std::size_t>(d.vacancy[0]) + 1) % d.sites()] = 0; }, {"row 0", "vacant"});
  refused([&](auto &d) { d.vacancy[1] = 250; }, {"row 1", "250", "0 to 249"});
  refused([&](auto &d) { d.composition[2] = -1; }, {"row 2", "composition is -1"});
  refused([&](auto &d) { d.number[2] = 1; }, {"/cell/number", "1 is there twice"});
  refused([&](auto &d) { d.number[2] = -1; }, {"/cell/number", "-1 is negative"});
  refused([&](auto &d) { d.a_A[2] = 0.0; }, {"row 2", "a_A is 0"});
  refused([&](auto &d) { d.elements[1] = "Nb"; }, {"Nb, Nb, Ta", "different"});
  refused([&](auto &d) { d.composition_atoms[0] = -4; }, {"composition 0", "negative"});
  refused(
      [&](auto &d) {
        d.cells = {3, 5, 5};
        d.occupancy.resize(3 * 150);
      },
      {"/cells", "3, 5, 5"});
}

TEST(BarrierFile, damage_is_found_before_the_library_reads) {
  const TemporaryFolder folder;
  const auto file = folder / "barriers.h5";
  write_barrier_file(file, small_barrier_file(2, 3));
  const std::string bytes = bytes_of(file);
  std::mt19937 random(5);
  for (int i = 0; i < 200; ++i) {
    const std::string broken = test::damaged(bytes, random);
    if (broken != bytes) {
      put_bytes(file, broken);
      expect_error<DataError>([&] { read_barrier_file(file); }, {"barriers.h5"});
    }
  }
  put_bytes(file, bytes.substr(0, bytes.size() - 9));
  expect_error<DataError>([&] { read_barrier_file(file); }, {"truncated"});
  put_bytes(file, "");
  expect_error<DataError>([&] { read_barrier_file(file); }, {"is not a data set of barriers"});
  expect_error<DataError>([&] { read_barrier_file(folder / "none.h5"); }, {"cannot open"});
  H5File other = H5File::create(file, kSealBytes); // sealed, of another layout
  other.write_attribute("/", "format", std::string("zener-barriers-2"));
  close_sealed(other, {"zener barriers", ""});
  expect_error<DataError>([&] { read_barrier_file(file); }, {"zener-barriers-2", "this program reads"});
}

} // namespace
} // namespace zener
