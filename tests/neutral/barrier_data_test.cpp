#include "host/neutral/barrier_data.hpp"

#include "host/neutral/lattice_tables.hpp"
#include "host/neutral/site_symmetry.hpp"
#include "tests/neutral/support.hpp"
#include "tests/support/barrier_sets.hpp"
#include "tests/support/npy_files.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

namespace zener {
namespace {

using test::expect_error;
using test::npy_bytes;
using test::put_bytes;
using test::small_barrier_file;
using test::TemporaryFolder;

std::filesystem::path write_set(const std::filesystem::path &file, const BarrierFile &data) {
  write_barrier_file(file, data);
  return file;
}

// Codes around a vacancy by the definition: what lies at A(d)^-1 offset from it.
std::vector<std::uint8_t> seen_along(const BarrierFile &data, std::size_t row, std::int64_t vacancy, const Offset &way,
                                     const std::function<std::int64_t(std::int64_t)> &moved) {
  const std::array<int, 3> cells{static_cast<int>(data.cells[0]), static_cast<int>(data.cells[1]),
                                 static_cast<int>(data.cells[2])};
  const auto a = alignment_matrix(way);
  const Offset here = site_coordinates(Structure::bcc, cells, vacancy);
  std::vector<std::uint8_t> out;
  for (const Offset &o : bcc_tables().offsets) {
    Offset at = here; // the transpose of A is its inverse
    for (std::size_t d = 0; d < 3; ++d) {
      at[d] += a[d] * o[0] + a[3 + d] * o[1] + a[6 + d] * o[2];
    }
    out.push_back(data.occupancy[row * data.sites() + static_cast<std::size_t>(moved(site_at(Structure::bcc, cells, at)))]);
  }
  return out;
}

TEST(JumpData, EnvironmentsBeforeAndAfterAreThoseOfTheFrames) {
  const TemporaryFolder folder;
  BarrierFile file = small_barrier_file(3, 11);
  file.status[2] = static_cast<std::uint8_t>(JumpStatus::lost);
  file.forward_eV[2] = std::numeric_limits<double>::quiet_NaN();
  file.status[20] = static_cast<std::uint8_t>(JumpStatus::no_saddle);
  const JumpData data = read_jump_data({{write_set(folder / "barriers.h5", file), {}, 0.0}});
  ASSERT_EQ(data.size(), 22U);
  EXPECT_TRUE(data.jumps.both_ways());
  EXPECT_EQ(data.jumps.elements, file.elements);
  EXPECT_NEAR(data.lattice_constant_A, 3.25, 1e-12);
  EXPECT_EQ(data.sources[0].by_status, (std::array<std::int64_t, kJumpStatuses>{0, 22, 0, 1, 0, 0, 0, 1}));
  EXPECT_EQ(data.sources[0].cells_with_vacancy, 3);
  std::size_t j = 0;
  for (std::size_t at = 0; at < 24; ++at) {
    if (at == 2 || at == 20) {
      continue;
    }
    const std::size_t row = at / 8;
    const Offset way = bcc_tables().offsets[at % 8];
    const std::array<int, 3> cells{5, 5, 5};
    const Offset here = site_coordinates(Structure::bcc, cells, file.vacancy[row]);
    const std::int64_t from = file.vacancy[row];
    const std::int64_t to = site_at(Structure::bcc, cells, {here[0] + way[0], here[1] + way[1], here[2] + way[2]});
    const auto same = [](std::int64_t s) { return s; };
    const auto jumped = [&](std::int64_t s) { return s == from ? to : s == to ? from : s; };
    const std::vector<std::uint8_t> first = seen_along(file, row, from, way, same);
    const std::vector<std::uint8_t> last = seen_along(file, row, to, {-way[0], -way[1], -way[2]}, jumped);
    EXPECT_TRUE(std::equal(first.begin(), first.end(), data.jumps.first.begin() + static_cast<std::ptrdiff_t>(j * 112))) << at;
    EXPECT_TRUE(std::equal(last.begin(), last.end(), data.jumps.last.begin() + static_cast<std::ptrdiff_t>(j * 112))) << at;
    EXPECT_EQ(first[kJumper], last[kJumper]) << "the atom that jumps";
    EXPECT_EQ(data.jumps.forward_eV[j], static_cast<float>(file.forward_eV[at]));
    EXPECT_EQ(data.jumps.backward_eV[j], static_cast<float>(file.backward_eV[at]));
    EXPECT_EQ(data.composition[j], static_cast<std::int32_t>(row % 2));
    EXPECT_EQ(data.cell[j], static_cast<std::int64_t>(row));
    ++j;
  }
}

TEST(JumpData, AJumpAndItsReverseShareTheSitesAroundIt) {
  // The frame after a jump is the one before it, turned round: the sites near both ends hold the same atoms.
  const TemporaryFolder folder;
  const JumpData data = read_jump_data({{write_set(folder / "barriers.h5", small_barrier_file(2, 12)), {}, 0.0}});
  const auto &offsets = bcc_tables().offsets;
  for (std::size_t j = 0; j < data.size(); ++j) {
    for (const int k : jump_sites()) {
      const Offset &o = offsets[static_cast<std::size_t>(k)];
      const Offset round{1 - o[0], 1 - o[1], 1 - o[2]};
      const auto it = k == kJumper ? offsets.begin() + kJumper : std::find(offsets.begin(), offsets.end(), round);
      ASSERT_NE(it, offsets.end());
      EXPECT_EQ(data.jumps.first[j * 112 + static_cast<std::size_t>(k)],
                data.jumps.last[j * 112 + static_cast<std::size_t>(it - offsets.begin())]);
    }
  }
}

TEST(JumpData, VacanciesOfOneAlloyAreOneCell) {
  const TemporaryFolder folder;
  BarrierFile file = small_barrier_file(4, 13); // rows 0 and 2, 1 and 3 are of one composition
  const std::size_t sites = file.sites();
  const std::int64_t other = (file.vacancy[0] + 31) % 250;
  for (std::size_t s = 0; s < sites; ++s) { // row 2: the alloy of row 0, its vacancy elsewhere
    file.occupancy[2 * sites + s] = file.occupancy[s];
  }
  std::swap(file.occupancy[2 * sites + static_cast<std::size_t>(file.vacancy[0])],
            file.occupancy[2 * sites + static_cast<std::size_t>(other)]);
  file.vacancy[2] = other;
  const JumpData data = read_jump_data({{write_set(folder / "barriers.h5", file), {}, 0.0}});
  EXPECT_EQ(data.cell[0], data.cell[16]);
  EXPECT_NE(data.cell[0], data.cell[8]);
  EXPECT_NE(data.cell[8], data.cell[24]);
}

TEST(JumpData, FilesAreAddedUpAndMustAgree) {
  const TemporaryFolder folder;
  const auto a = write_set(folder / "a.h5", small_barrier_file(2, 1));
  BarrierFile second = small_barrier_file(3, 2);
  second.composition_name[1] = "Nb50";
  const auto b = write_set(folder / "b.h5", second);
  const JumpData data = read_jump_data({{a, {}, 0.0}, {b, {"Nb", "Mo", "Ta"}, 3.2}});
  EXPECT_EQ(data.size(), 40U);
  EXPECT_EQ(data.source[15], 0);
  EXPECT_EQ(data.source[16], 1);
  EXPECT_NE(data.cell[15], data.cell[16]);
  ASSERT_EQ(data.compositions.size(), 3U);
  EXPECT_EQ(data.compositions[2].name, "Nb50");
  EXPECT_NE(data.sources[0].hash, data.sources[1].hash);
  EXPECT_EQ(read_jump_data({{a, {}, 0.0}}).sources[0].hash, data.sources[0].hash);

  second.elements = {"Nb", "Ta", "Mo"};
  write_set(b, second);
  expect_error<DataError>([&] { read_jump_data({{a, {}, 0.0}, {b, {}, 0.0}}); }, {"b.h5", "Nb, Ta, Mo", "a.h5", "Nb, Mo, Ta"});
  expect_error<DataError>([&] { read_jump_data({{a, {"W"}, 3.1}}); }, {"a.h5", "the preset says W"});
  second = small_barrier_file(3, 2);
  second.composition_atoms = {250, 0, 0, 0, 250, 0};
  write_set(b, second);
  expect_error<DataError>([&] { read_jump_data({{a, {}, 0.0}, {b, {}, 0.0}}); }, {"b.h5", "Nb33Mo33Ta33", "another one"});
  second = small_barrier_file(0, 1);
  write_set(b, second);
  expect_error<DataError>([&] { read_jump_data({{b, {}, 0.0}}); }, {"b.h5", "no converged jumps"});
  expect_error<DataError>([&] { read_jump_data({{folder.path(), {}, 0.0}}); }, {"neither barriers.h5 nor data/N.npy"});
}

// --- the published layout

struct Published {
  std::vector<std::int64_t> voxels; // [rows][9][9][9]
  std::vector<double> labels;
};

// Rows as the published program makes them of two vacancies: v[81 (y+4) + 9 (x+4) + (z+4)] of the aligned environment.
Published published(const JumpData &jumps, std::size_t from, std::size_t rows) {
  Published out;
  out.voxels.assign(rows * 729, 0);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t k = 0; k < 112; ++k) {
      const Offset &o = bcc_tables().offsets[k];
      out.voxels[r * 729 + static_cast<std::size_t>(81 * (o[1] + 4) + 9 * (o[0] + 4) + o[2] + 4)] =
          jumps.jumps.first[(from + r) * 112 + k];
    }
    out.labels.push_back(jumps.jumps.forward_eV[from + r]);
  }
  return out;
}

template <class T> std::string raw(const std::vector<T> &values) {
  std::string out(values.size() * sizeof(T), '\0');
  std::memcpy(out.data(), values.data(), out.size());
  return out;
}

void write_published(const std::filesystem::path &folder, const std::string &name, const Published &p) {
  std::filesystem::create_directories(folder / "data");
  std::filesystem::create_directories(folder / "labels");
  const std::string rows = std::to_string(p.voxels.size() / 729);
  put_bytes(folder / "data" / (name + ".npy"), npy_bytes("<i8", "(" + rows + ", 9, 9, 9)", raw(p.voxels)));
  put_bytes(folder / "labels" / (name + ".npy"), npy_bytes("<f8", "(" + std::to_string(p.labels.size()) + ",)", raw(p.labels)));
}

TEST(JumpData, ThePublishedLayoutIsTheSameData) {
  const TemporaryFolder folder;
  const auto file = write_set(folder / "barriers.h5", small_barrier_file(4, 21));
  const JumpData ours = read_jump_data({{file, {}, 0.0}});
  write_published(folder / "nnk", "10", published(ours, 0, 16));
  write_published(folder / "nnk", "2", published(ours, 16, 16));
  const std::vector<std::string> elements{"Nb", "Mo", "Ta"};
  const JumpData data = read_jump_data({{folder / "nnk", elements, 3.24}});
  ASSERT_EQ(data.size(), 32U);
  EXPECT_FALSE(data.jumps.both_ways());
  EXPECT_NEAR(data.lattice_constant_A, 3.24, 1e-12);
  for (std::size_t j = 0; j < 32; ++j) { // 2.npy comes before 10.npy
    const std::size_t i = (j + 16) % 32;
    EXPECT_TRUE(std::equal(data.jumps.first.begin() + static_cast<std::ptrdiff_t>(j * 112),
                           data.jumps.first.begin() + static_cast<std::ptrdiff_t>((j + 1) * 112),
                           ours.jumps.first.begin() + static_cast<std::ptrdiff_t>(i * 112)));
    EXPECT_EQ(data.jumps.forward_eV[j], ours.jumps.forward_eV[i]);
    EXPECT_EQ(data.cell[j], static_cast<std::int64_t>(j / 8)) << "the jumps of one vacancy belong together";
  }
  // Beside files that know both ways, all are given forward.
  const JumpData mixed = read_jump_data({{folder / "nnk", elements, 3.24}, {file, {}, 0.0}});
  ASSERT_EQ(mixed.size(), 32U + 64U);
  EXPECT_FALSE(mixed.jumps.both_ways());
  EXPECT_EQ(mixed.sources[1].jumps, 64);
  for (std::size_t j = 0; j < 32; ++j) {
    EXPECT_EQ(mixed.jumps.forward_eV[64 + j], ours.jumps.backward_eV[j]);
    EXPECT_TRUE(std::equal(ours.jumps.last.begin() + static_cast<std::ptrdiff_t>(j * 112),
                           ours.jumps.last.begin() + static_cast<std::ptrdiff_t>((j + 1) * 112),
                           mixed.jumps.first.begin() + static_cast<std::ptrdiff_t>((64 + j) * 112)));
    EXPECT_EQ(mixed.cell[64 + j], mixed.cell[32 + j]);
    EXPECT_EQ(mixed.source[64 + j], 1);
  }
}

TEST(JumpData, ThePublishedLayoutSaysWhichRowIsWrong) {
  const TemporaryFolder folder;
  const JumpData ours = read_jump_data({{write_set(folder / "barriers.h5", small_barrier_file(2, 22)), {}, 0.0}});
  const std::vector<std::string> elements{"Nb", "Mo", "Ta"};
  const auto refused = [&](const std::function<void(Published &)> &change, std::initializer_list<std::string> words) {
    Published p = published(ours, 0, 16);
    change(p);
    write_published(folder / "nnk", "1", p);
    expect_error<DataError>([&] { read_jump_data({{folder / "nnk", elements, 3.24}}); }, words);
  };
  constexpr std::size_t kJumping = 81 * 5 + 9 * 5 + 5;
  refused([](Published &p) { p.labels[5] = std::nan(""); }, {"labels/1.npy", "row 5", "finite"});
  refused([](Published &p) { p.labels.pop_back(); }, {"labels/1.npy", "[15]", "[16]"});
  refused([](Published &p) { p.voxels[3 * 729 + kJumping] = 0; }, {"data/1.npy", "row 3", "voxel [5, 5, 5]", "1 to 3"});
  refused([](Published &p) { p.voxels[3 * 729 + kJumping] = 4; }, {"row 3", "is 4", "1 to 3"});
  refused([](Published &p) { p.voxels[729 + 364] = 1; }, {"row 1", "voxel [4, 4, 4]", "no site"});
  refused([](Published &p) { p.voxels[7 * 729 + 365] = 2; }, {"row 7", "voxel [4, 4, 5]", "no site"});
  refused([](Published &p) { p.voxels.resize(15 * 729); }, {"labels/1.npy", "[15]"});
  std::filesystem::remove(folder / "nnk/labels/1.npy");
  expect_error<DataError>([&] { read_jump_data({{folder / "nnk", elements, 3.24}}); }, {"labels/1.npy"});
  expect_error<ConfigError>([&] { read_jump_data({{folder / "nnk", {}, 0.0}}); }, {"nnk", "\"elements\"", "\"a_A\""});
  std::filesystem::remove(folder / "nnk/data/1.npy");
  expect_error<DataError>([&] { read_jump_data({{folder / "nnk", elements, 3.24}}); }, {"nnk/data", "no files N.npy"});
}

TEST(JumpData, CompositionsAreFoundByNameAndByParts) {
  const TemporaryFolder folder;
  const JumpData data = read_jump_data({{write_set(folder / "barriers.h5", small_barrier_file(2, 1)), {}, 0.0}});
  EXPECT_EQ(find_composition(data, {"Nb50Mo25Ta25", {}}, "p"), 1);
  EXPECT_EQ(find_composition(data, {"", {{"Nb", 1}, {"Mo", 1}, {"Ta", 1}}}, "p"), 0);
  EXPECT_EQ(find_composition(data, {"", {{"Nb", 49}, {"Mo", 25}, {"Ta", 26}}}, "p"), 1);
  expect_error<ConfigError>(
      [&] {
        find_composition(data, {"Nb50Mo25Ta52", {}}, "p: /hold_out/0");
      },
      {"p: /hold_out/0", "did you mean", "Nb50Mo25Ta25"});
  expect_error<ConfigError>([&] { find_composition(data, {"", {{"Nb", 1}}}, "p"); }, {"within 2 %", "nearest is Nb50Mo25Ta25"});
  expect_error<ConfigError>([&] { find_composition(data, {"", {{"W", 1}}}, "p"); }, {"\"W\"", "Nb, Mo, Ta"});
  EXPECT_EQ(from_the_centre(data), (std::vector<std::int32_t>{0, 1}));
}

} // namespace
} // namespace zener
