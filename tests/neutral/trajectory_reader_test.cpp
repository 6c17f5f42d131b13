#include "host/neutral/trajectory_reader.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/trajectory_h5md.hpp"
#include "tests/neutral/support.hpp"

#include <gtest/gtest.h>

namespace zener {
namespace {

class TrajectoryReaderTest : public testing::Test {
protected:
  std::filesystem::path file(const std::string &name, const std::string &text) {
    write_file_atomically(folder_.path() / name, text);
    return folder_.path() / name;
  }
  static FrameChoice choice(const std::filesystem::path &path, double interval_ps = 0.0) {
    FrameChoice out;
    out.trajectory.file = path;
    if (interval_ps > 0.0) {
      out.interval_ps = interval_ps;
    }
    return out;
  }
  static std::vector<Atoms> all(const FrameChoice &choice) {
    FrameSequence frames(choice);
    std::vector<Atoms> out;
    while (auto atoms = frames.next()) {
      out.push_back(*atoms);
    }
    return out;
  }
  static std::string refusal(const FrameChoice &choice) {
    try {
      all(choice);
    } catch (const DataError &error) {
      return error.what();
    }
    return "(none)";
  }
  static void expect_refused(const FrameChoice &choice, const std::vector<std::string> &parts) {
    const std::string met = refusal(choice);
    for (const std::string &part : parts) {
      EXPECT_NE(met.find(part), std::string::npos) << part << " in: " << met;
    }
  }
  test::TemporaryFolder folder_;
};

// A frame of two W atoms; the first at x.
std::string xyz(double x, const std::string &more = "", const std::string &second = "W 1 1 1", double edge = 10.0) {
  return "2\nLattice=\"" + std::to_string(edge) + " 0 0 0 10 0 0 0 10\" Properties=species:S:1:pos:R:3 " + more + "\nW " +
         std::to_string(x) + " 2 3\n" + second + "\n";
}
std::string dump(int step, const std::string &columns, const std::vector<std::string> &atoms) {
  std::string text = "ITEM: TIMESTEP\n" + std::to_string(step) + "\nITEM: NUMBER OF ATOMS\n" + std::to_string(atoms.size()) +
                     "\nITEM: BOX BOUNDS pp pp pp\n0 10\n0 10\n0 10\nITEM: ATOMS " + columns + "\n";
  for (const std::string &atom : atoms) {
    text += atom + "\n";
  }
  return text;
}

TEST_F(TrajectoryReaderTest, ReadsWhatTheWholeFileReaderReads) {
  Atoms atoms;
  atoms.cell.vectors = {Vector3{10, 0, 0}, Vector3{1, 9, 0}, Vector3{0, 0, 8}};
  atoms.elements = {"Nb", "W"};
  atoms.type = {1, 0, 1};
  atoms.position_A = {{0.1, 0.2, 0.3}, {1, 2, 3}, {4, 5, 6}};
  atoms.velocity_A_ps = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  std::vector<Atoms> frames;
  for (int f = 0; f < 5; ++f) {
    frames.push_back(atoms);
    frames.back().position_A[0][0] += 0.25 * f;
    frames.back().info = {{"step", std::int64_t{10 * f}}, {"time_ps", 0.5 * f}};
  }
  write_atoms(folder_.path() / "t.xyz", frames);
  write_atoms(folder_.path() / "t.dump", frames);
  H5mdWriter h5 = H5mdWriter::create(folder_.path() / "t.h5", atoms);
  for (std::size_t f = 0; f < frames.size(); ++f) {
    h5.append(frames[f], static_cast<std::int64_t>(10 * f), 0.5 * static_cast<double>(f));
  }
  h5.close();
  for (const char *name : {"t.xyz", "t.dump", "t.h5"}) {
    FrameChoice some = choice(folder_.path() / name, std::string(name) == "t.dump" ? 0.5 : 0.0);
    some.want_velocities = true;
    some.first = 1;
    some.every = 3;
    FrameSequence sequence(some);
    for (const std::size_t f : {1U, 4U}) {
      const auto got = sequence.next();
      ASSERT_TRUE(got) << name;
      EXPECT_EQ(got->position_A, frames[f].position_A) << name;
      EXPECT_EQ(got->velocity_A_ps, frames[f].velocity_A_ps) << name;
      EXPECT_EQ(got->elements[static_cast<std::size_t>(got->type[1])], "Nb") << name;
    }
    EXPECT_FALSE(sequence.next()) << name;
    EXPECT_DOUBLE_EQ(sequence.interval_ps(), 1.5) << name;
  }
}

TEST_F(TrajectoryReaderTest, Unwraps) {
  const auto wrapped = file("w.xyz", xyz(9.5) + xyz(0.2) + xyz(1.0) + xyz(9.9));
  expect_refused(choice(wrapped, 1.0), {"w.xyz", "frame 1", "atom 0", "0.93 of the cell along a", "nearest_image"});
  FrameChoice nearest = choice(wrapped, 1.0);
  nearest.nearest_image = true;
  const std::vector<Atoms> got = all(nearest);
  ASSERT_EQ(got.size(), 4U);
  EXPECT_NEAR(got[1].position_A[0][0], 10.2, 1e-12);
  EXPECT_NEAR(got[2].position_A[0][0], 11.0, 1e-12);
  EXPECT_NEAR(got[3].position_A[0][0], 9.9, 1e-12);
  FrameChoice single = choice(wrapped, 1.0); // for what looks at each frame by itself
  single.paths = false;
  const std::vector<Atoms> as_read = all(single);
  ASSERT_EQ(as_read.size(), 4U);
  EXPECT_DOUBLE_EQ(as_read[1].position_A[0][0], 0.2);
  EXPECT_DOUBLE_EQ(as_read[3].position_A[0][0], 9.9);
  const auto images = file("i.dump", dump(0, "id element x y z ix iy iz", {"1 W 9.5 2 3 0 0 0", "2 W 1 1 1 0 0 -1"}) +
                                         dump(10, "id element x y z ix iy iz", {"2 W 1 1 1 0 0 -1", "1 W 0.2 2 3 1 0 0"}));
  const std::vector<Atoms> whole = all(choice(images, 1.0));
  ASSERT_EQ(whole.size(), 2U);
  EXPECT_NEAR(whole[1].position_A[0][0], 10.2, 1e-12);
  EXPECT_NEAR(whole[1].position_A[1][2], -9.0, 1e-12);
}

TEST_F(TrajectoryReaderTest, DifferencesAreCentral) {
  FrameChoice some = choice(file("d.xyz", xyz(1.0) + xyz(1.5) + xyz(3.0) + xyz(4.0)), 0.5);
  some.want_velocities = some.velocities_by_differences = true;
  const std::vector<Atoms> got = all(some);
  ASSERT_EQ(got.size(), 2U);
  EXPECT_NEAR(got[0].velocity_A_ps[0][0], 2.0, 1e-12);
  EXPECT_NEAR(got[1].velocity_A_ps[0][0], 2.5, 1e-12);
  EXPECT_NEAR(got[0].position_A[0][0], 1.5, 1e-12);
}

TEST_F(TrajectoryReaderTest, RefusesInOneSentence) {
  expect_refused(choice(folder_.path() / "none.xyz"), {"none.xyz", "no such file"});
  expect_refused(choice(folder_.path()), {"no regular file"});
  expect_refused(choice(file("x", "hello\n")), {"neither extended XYZ", "H5MD"});
  expect_refused(choice(file("cut.xyz", xyz(1.0) + "2\nLattice=\"9 0 0 0 9 0 0 0 9\"\nW 1 1 1\n"), 1.0), {"cut.xyz:"});
  expect_refused(choice(file("many.xyz", xyz(1.0) + "99999999999\nc\nW 1 1 1\n"), 1.0), {"many.xyz:5"});
  expect_refused(choice(file("gone.xyz", xyz(1.0) + "1\nLattice=\"10 0 0 0 10 0 0 0 10\"\nW 1 1 1\n"), 1.0),
                 {"frame 1", "1 atoms", "come and go"});
  expect_refused(choice(file("other.xyz", xyz(1.0) + xyz(1.0, "", "Ta 1 1 1")), 1.0), {"atom 1", "Ta", "is W"});
  expect_refused(choice(file("ids.dump", dump(0, "id element xu yu zu", {"1 W 1 1 1", "2 W 2 2 2"}) +
                                             dump(5, "id element xu yu zu", {"1 W 1 1 1", "3 W 2 2 2"})),
                        1.0),
                 {"atom 2", "come and go"});
  expect_refused(choice(file("time.xyz", xyz(1.0) + xyz(1.1))), {"frame_interval_ps"});
  expect_refused(choice(file("uneven.xyz", xyz(1, "time_ps=0.0") + xyz(1, "time_ps=0.5") + xyz(1, "time_ps=1.5"))),
                 {"frame 2", "equally far apart"});
  expect_refused(choice(file("back.xyz", xyz(1, "time_ps=1.0") + xyz(1, "time_ps=0.5"))), {"times must grow"});
  expect_refused(choice(file("given.xyz", xyz(1, "time_ps=0.0") + xyz(1, "time_ps=0.5")), 0.25), {"frame_interval_ps"});
  expect_refused(
      choice(file("steps.dump", dump(0, "id element xu yu zu", {"1 W 1 1 1"}) + dump(5, "id element xu yu zu", {"1 W 1 1 1"}) +
                                    dump(15, "id element xu yu zu", {"1 W 1 1 1"})),
             1.0),
      {"frame 2", "10 steps", "5 are expected"});
  FrameChoice some = choice(file("still.xyz", xyz(1.0) + xyz(1.1)), 1.0);
  some.want_velocities = true;
  expect_refused(some, {"frame 0", "no velocities", "differences"});
  const auto box = file("box.xyz", xyz(1.0) + xyz(1.1, "", "W 1 1 1", 10.1));
  expect_refused(choice(box, 1.0), {"cell", "first"});
  some = choice(box, 1.0);
  some.constant_cell = false;
  EXPECT_EQ(all(some).size(), 2U);
}

} // namespace
} // namespace zener
