#include "host/neutral/trajectory_h5md.hpp"

#include "tests/cli/program.hpp"
#include "tests/neutral/support.hpp"

#include <random>

namespace zener {
namespace {

using test::expect_error;

Atoms frame(int step, std::size_t n = 20) {
  std::mt19937 random(static_cast<unsigned>(step) + 1);
  const auto uniform = [&] { return std::uniform_real_distribution<double>(-9, 9)(random); };
  Atoms atoms;
  atoms.cell.vectors = {Vector3{9.0 + 0.01 * step, 0, 0}, Vector3{0.5, 8, 0}, Vector3{0, 0.25, 7}};
  atoms.cell.periodic = {true, true, false};
  atoms.elements = {"W", "Ta"};
  for (std::size_t i = 0; i < n; ++i) {
    atoms.type.push_back(static_cast<std::int32_t>(i % 3 == 1));
    atoms.position_A.push_back({uniform(), uniform(), uniform()});
    atoms.velocity_A_ps.push_back({uniform(), uniform(), uniform()});
    atoms.force_eV_A.push_back({uniform(), uniform(), uniform()});
    atoms.image.push_back({step, -step, 0});
    atoms.id.push_back(static_cast<std::int64_t>(3 * i + 1));
  }
  atoms.has_energy = true;
  atoms.total_energy_eV = uniform();
  atoms.has_virial = true;
  atoms.virial_eV = {Vector3{uniform(), uniform(), uniform()}, Vector3{}, Vector3{0, 0, uniform()}};
  return atoms;
}

void expect_frame(const Atoms &read, int step) {
  const Atoms atoms = frame(step, read.size());
  EXPECT_EQ(read.cell.vectors, atoms.cell.vectors);
  EXPECT_EQ(read.cell.periodic, atoms.cell.periodic);
  EXPECT_EQ(read.elements, atoms.elements);
  EXPECT_EQ(read.type, atoms.type);
  EXPECT_EQ(read.position_A, atoms.position_A);
  EXPECT_EQ(read.velocity_A_ps, atoms.velocity_A_ps);
  EXPECT_EQ(read.force_eV_A, atoms.force_eV_A);
  EXPECT_EQ(read.image, atoms.image);
  EXPECT_EQ(read.id, atoms.id);
  EXPECT_EQ(read.total_energy_eV, atoms.total_energy_eV);
  EXPECT_EQ(read.virial_eV, atoms.virial_eV);
  EXPECT_TRUE(read.mass_amu.empty());
  EXPECT_EQ(std::get<std::int64_t>(read.info.at(0).second), step);
  EXPECT_EQ(std::get<double>(read.info.at(1).second), 0.001 * step);
}

TEST(TrajectoryH5md, comes_back_equal) {
  const test::TemporaryFolder folder;
  for (const int deflate : {0, 6}) {
    H5mdOptions options;
    options.deflate = deflate;
    H5mdWriter writer = H5mdWriter::create(folder / "a.h5", frame(0), options);
    for (int step = 0; step < 7; ++step) {
      writer.append(frame(10 * step), 10 * step, 0.01 * step);
    }
    EXPECT_EQ(writer.frames(), 7);
    expect_error<InvariantError>([&] { writer.append(frame(60), 60, 0.06); }, {"60"});
    expect_error<InvariantError>([&] { writer.append(frame(70, 19), 70, 0.07); }, {"a.h5", "other atoms"});
    writer.close();
    const std::vector<Atoms> frames = read_h5md(folder / "a.h5");
    ASSERT_EQ(frames.size(), 7U);
    for (int f = 0; f < 7; ++f) {
      EXPECT_NEAR(std::get<double>(frames[static_cast<std::size_t>(f)].info.at(1).second), 0.01 * f, 1e-15);
    }
    H5mdReadOptions last;
    last.first = -2;
    EXPECT_EQ(read_h5md(folder / "a.h5", last).size(), 2U);
    EXPECT_EQ(read_h5md(folder / "a.h5", last)[1].position_A, frame(60).position_A);
  }
}

// A copy of the file while it is written is what a killed program leaves.
TEST(TrajectoryH5md, a_killed_writer_loses_nothing_that_was_written) {
  const test::TemporaryFolder folder;
  H5mdWriter writer = H5mdWriter::create(folder / "a.h5", frame(0, 300));
  for (int step = 0; step < 40; ++step) {
    writer.append(frame(step, 300), step, 0.001 * step);
    if (step % 13 == 0) {
      std::filesystem::copy_file(folder / "a.h5", folder / "killed.h5", std::filesystem::copy_options::overwrite_existing);
      const std::vector<Atoms> frames = read_h5md(folder / "killed.h5");
      ASSERT_EQ(frames.size(), static_cast<std::size_t>(step) + 1);
      expect_frame(frames.back(), step);
    }
  }
  // The next program goes on after a checkpoint of step 25; what came later is written again.
  {
    H5mdWriter next = H5mdWriter::resume(folder / "killed.h5", frame(25, 300), 25);
    EXPECT_EQ(next.frames(), 26);
    for (int step = 26; step < 30; ++step) {
      next.append(frame(step, 300), step, 0.001 * step);
    }
    next.close();
  }
  const std::vector<Atoms> frames = read_h5md(folder / "killed.h5");
  ASSERT_EQ(frames.size(), 30U);
  for (int step = 0; step < 30; ++step) {
    expect_frame(frames[static_cast<std::size_t>(step)], step);
  }
  expect_error<DataError>([&] { H5mdWriter::resume(folder / "killed.h5", frame(0, 19), 0); }, {"killed.h5", "other atoms"});
  Atoms without = frame(0, 300);
  without.type[0] = 1;
  expect_error<DataError>([&] { H5mdWriter::resume(folder / "killed.h5", without, 0); }, {"other atoms"});
}

TEST(TrajectoryH5md, bad_files) {
  const test::TemporaryFolder folder;
  expect_error<DataError>([&] { read_h5md(folder / "no.h5"); }, {"no.h5"});
  test::put_bytes(folder / "text.h5", "this is no HDF5");
  expect_error<DataError>([&] { read_h5md(folder / "text.h5"); }, {"text.h5"});
  expect_error<DataError>([&] { H5mdWriter::create(folder / "no/a.h5", frame(0)); }, {"a.h5"});
}

// Damage where the file holds something: an error of the data, soon, or frames.
TEST(TrajectoryH5md, damaged_files_are_read_or_refused) {
  const test::TemporaryFolder folder;
  {
    H5mdWriter writer = H5mdWriter::create(folder / "good.h5", frame(0));
    writer.append(frame(0), 0, 0.0);
    writer.append(frame(1), 1, 0.1);
    writer.close();
  }
  const std::string good = test::bytes_of(folder / "good.h5");
  std::mt19937 random(7);
  int refused = 0;
  for (int i = 0; i < 25; ++i) {
    std::string bytes = good;
    for (int changes = 0; changes < 2;) {
      char &byte = bytes[random() % (i % 2 == 0 ? bytes.size() : std::min<std::size_t>(bytes.size(), 20000))];
      if (byte != 0) {
        byte = static_cast<char>(byte ^ static_cast<char>(1U << (random() % 8)));
        ++changes;
      }
    }
    test::put_bytes(folder / "bad.h5", i % 10 == 0 ? bytes.substr(0, random() % bytes.size()) : bytes);
    try {
      read_h5md(folder / "bad.h5");
    } catch (const DataError &) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 5);
}

// The structure as the specification has it, seen by h5py; and a file of another program.
TEST(TrajectoryH5md, h5py) {
  const std::string python = test::python_with({"numpy", "h5py"});
  if (python.empty()) {
    GTEST_SKIP() << "no Python with numpy and h5py";
  }
  const test::TemporaryFolder folder;
  {
    H5mdWriter writer = H5mdWriter::create(folder / "a.h5", frame(0));
    writer.append(frame(0), 0, 0.0);
    writer.append(frame(5), 5, 0.005);
    writer.close();
  }
  test::put_bytes(folder / "check.py", R"(
import h5py, numpy
f = h5py.File("a.h5", "r")
assert list(f["h5md"].attrs["version"]) == [1, 1]
text = lambda v: v.decode() if isinstance(v, bytes) else v
assert text(f["h5md/author"].attrs["name"]) and text(f["h5md/creator"].attrs["name"]) == "Zener"
assert text(f["h5md/creator"].attrs["version"])
all = f["particles/all"]
assert all["box"].attrs["dimension"] == 3
assert [text(b) for b in all["box"].attrs["boundary"]] == ["periodic", "periodic", "none"]
for name, shape in (("position", (2, 20, 3)), ("velocity", (2, 20, 3)), ("force", (2, 20, 3)), ("image", (2, 20, 3)), ("box/edges", (2, 3, 3))):
    e = all[name]
    assert e["value"].shape == shape, name
    assert e["step"][:].tolist() == [0, 5] and e["time"][:].tolist() == [0, 0.005]
    assert e["step"].id == all["position/step"].id or e["step"] == all["position/step"]
assert text(all["position/value"].attrs["unit"]) == "Angstrom"
assert text(all["velocity/value"].attrs["unit"]) == "Angstrom ps-1"
names = {v: k for k, v in h5py.check_enum_dtype(all["species"].dtype).items()}
assert [names[v] for v in all["species"][:3]] == ["W", "Ta", "W"]
assert all["id"][:3].tolist() == [1, 4, 7]
assert f["observables/potential_energy/value"].shape == (2,)
g = h5py.File("b.h5", "w")
g.create_group("h5md").attrs["version"] = [1, 0]
p = g.create_group("particles/electrons")
box = p.create_group("box")
box.attrs["dimension"] = 3
box.attrs["boundary"] = ["periodic", "none", "periodic"]
box["edges"] = numpy.array([1.0, 2.0, 3.0])
x = numpy.arange(24).reshape(4, 2, 3) * 0.125
p["position/value"] = x.astype("f4")
p["position/value"].attrs["unit"] = "nm"
p["position/step"] = 10
p["position/step"].attrs["offset"] = 100
p["position/time"] = 0.5
p["velocity/value"] = x[:2]
p["velocity/step"] = [100, 120]
p["species"] = [2, 1]
g.close()
)");
  const test::Outcome outcome = test::Program(folder.path(), {"/usr/bin/env", python, "check.py"}).wait(60.0);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  expect_error<DataError>([&] { read_h5md(folder / "b.h5"); }, {"b.h5", "species", "elements"});
  H5mdReadOptions options;
  options.type_elements = {"Fe", "C"};
  const std::vector<Atoms> frames = read_h5md(folder / "b.h5", options);
  ASSERT_EQ(frames.size(), 4U);
  EXPECT_EQ(frames[2].elements, (std::vector<std::string>{"C", "Fe"}));
  EXPECT_EQ(frames[2].cell.periodic, (std::array{true, false, true}));
  EXPECT_EQ(frames[1].position_A[1], (Vector3{11.25, 12.5, 13.75}));
  EXPECT_EQ(std::get<std::int64_t>(frames[2].info.at(0).second), 120);
  EXPECT_EQ(std::get<double>(frames[2].info.at(1).second), 1.0);
  EXPECT_EQ(frames[2].velocity_A_ps[0], (Vector3{0.75, 0.875, 1.0}));
  EXPECT_TRUE(frames[1].velocity_A_ps.empty());
}

} // namespace
} // namespace zener
