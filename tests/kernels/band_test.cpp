// Nudged elastic bands on a device against a serial band, alone and in batches.
#include "host/engine/atoms_engine.hpp"
#include "host/neutral/errors.hpp"
#include "tests/support/device_test.hpp"
#include "tests/support/force_runner.hpp"
#include "tests/support/tungsten.hpp"

#include <algorithm>
#include <cmath>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr double kLattice = 3.1652; // of the metal below, A

class BandTest : public DeviceTest {
protected:
  AtomsPlan plan_of(const std::vector<Atoms> &systems) {
    AtomsPlan plan;
    plan.systems = systems;
    plan.potential = finnis_sinclair_tungsten();
    plan.skin_A = 0.4;
    return plan;
  }
  std::unique_ptr<AtomsBatch> make(const std::vector<Atoms> &systems) { return make_atoms_batch(queue(), plan_of(systems)); }

  // A vacancy on the first site, and the atom of the nearest neighbour in the cell's middle in its place.
  static std::pair<Atoms, Atoms> hop(int cells) {
    Atoms crystal = disordered_bcc(kLattice, {cells, cells, cells}, 0.0, {"W"}, false, 1);
    const Vector3 hole = crystal.position_A[0];
    crystal.position_A.erase(crystal.position_A.begin());
    crystal.type.erase(crystal.type.begin());
    Atoms last = crystal;
    last.position_A[0] = hole;
    return {crystal, last};
  }
  // Images between, on straight lines that cross faces of the cell where that is shorter (here none does).
  static std::vector<Atoms> images(const Atoms &first, const Atoms &last, int count) {
    std::vector<Atoms> out;
    for (int m = 1; m <= count; ++m) {
      Atoms image = first;
      for (std::size_t i = 0; i < image.size(); ++i) {
        for (std::size_t d = 0; d < 3; ++d) {
          image.position_A[i][d] += (last.position_A[i][d] - first.position_A[i][d]) * m / (count + 1.0);
        }
      }
      out.push_back(image);
    }
    return out;
  }
  // Both ends at rest, by bands without ends.
  void settle(Atoms &first, Atoms &last, double *energies) {
    const auto batch = make({first, last});
    BandsPlan plan;
    plan.bands.resize(2);
    plan.bands[0].force_tolerance_eV_A = plan.bands[1].force_tolerance_eV_A = 1e-4;
    plan.finished = 2;
    const BandsReport report = batch->relax_bands(plan);
    const std::vector<Atoms> rest = batch->atoms();
    first.position_A = rest[0].position_A;
    last.position_A = rest[1].position_A;
    for (std::size_t e = 0; e < 2; ++e) {
      EXPECT_EQ(report.bands[e].status, BandReport::Status::converged);
      EXPECT_LT(report.bands[e].largest_force_eV_A, 1e-4);
      energies[e] = report.bands[e].energy_eV[0];
    }
  }
  static BandEnds ends(const Atoms &first, const Atoms &last, const double *energies, int images) {
    BandEnds out;
    out.images = images;
    out.first_A = first.position_A;
    out.last_A = last.position_A;
    out.first_eV = energies[0];
    out.last_eV = energies[1];
    return out;
  }
};

// The same band by steepest descent with the equations as they are printed, one image after the other.
struct SerialBand {
  std::vector<double> energy;
  double largest_force = 0.0;
};
SerialBand serial_band(AtomsBatch &batch, std::vector<Atoms> images, const BandEnds &ends, double spring, int steps) {
  SerialBand out;
  const std::size_t count = images.size();
  for (int step = 0; step < steps; ++step) {
    batch.set_atoms(images);
    const Evaluation now = batch.evaluate();
    out.energy = now.energy_eV;
    out.largest_force = 0.0;
    std::vector<double> e{ends.first_eV};
    e.insert(e.end(), now.energy_eV.begin(), now.energy_eV.end());
    e.push_back(ends.last_eV);
    const std::size_t top = static_cast<std::size_t>(std::max_element(e.begin(), e.end()) - e.begin());
    std::vector<std::vector<Vector3>> moves;
    for (std::size_t m = 1; m <= count; ++m) {
      const std::vector<Vector3> &x = images[m - 1].position_A;
      const std::vector<Vector3> &before = m == 1 ? ends.first_A : images[m - 2].position_A;
      const std::vector<Vector3> &after = m == count ? ends.last_A : images[m].position_A;
      double p = 0.0, q = 0.0;
      if (e[m + 1] > e[m] && e[m] > e[m - 1]) {
        p = 1.0;
      } else if (e[m + 1] < e[m] && e[m] < e[m - 1]) {
        q = 1.0;
      } else {
        const double most = std::max(std::abs(e[m + 1] - e[m]), std::abs(e[m - 1] - e[m]));
        const double least = std::min(std::abs(e[m + 1] - e[m]), std::abs(e[m - 1] - e[m]));
        p = e[m + 1] > e[m - 1] ? most : least;
        q = e[m + 1] > e[m - 1] ? least : most;
      }
      std::vector<Vector3> tau(x.size());
      double length = 0.0, next = 0.0, last = 0.0, along = 0.0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        for (std::size_t d = 0; d < 3; ++d) {
          tau[i][d] = p * (after[i][d] - x[i][d]) + q * (x[i][d] - before[i][d]);
          length += tau[i][d] * tau[i][d];
          next += (after[i][d] - x[i][d]) * (after[i][d] - x[i][d]);
          last += (x[i][d] - before[i][d]) * (x[i][d] - before[i][d]);
        }
      }
      length = std::sqrt(length);
      for (std::size_t i = 0; i < x.size(); ++i) {
        for (std::size_t d = 0; d < 3; ++d) {
          tau[i][d] /= length;
          along += tau[i][d] * now.force_eV_A[m - 1][i][d];
        }
      }
      const double pull = m == top ? -2.0 * along : spring * (std::sqrt(next) - std::sqrt(last)) - along;
      moves.emplace_back(x.size());
      for (std::size_t i = 0; i < x.size(); ++i) {
        double f2 = 0.0;
        for (std::size_t d = 0; d < 3; ++d) {
          moves.back()[i][d] = now.force_eV_A[m - 1][i][d] + pull * tau[i][d];
          f2 += moves.back()[i][d] * moves.back()[i][d];
        }
        out.largest_force = std::max(out.largest_force, std::sqrt(f2));
      }
    }
    for (std::size_t m = 0; m < count; ++m) {
      for (std::size_t i = 0; i < moves[m].size(); ++i) {
        for (std::size_t d = 0; d < 3; ++d) {
          images[m].position_A[i][d] += 0.02 * moves[m][i][d];
        }
      }
    }
  }
  return out;
}

ZENER_DEVICE_TEST_F(Band, FindsTheSaddleOfASerialBand, BandTest) {
  auto [first, last] = hop(3);
  double energies[2];
  settle(first, last, energies);
  EXPECT_NEAR(energies[0], energies[1], 1e-6);
  const BandEnds band = ends(first, last, energies, 3);
  const auto batch = make(images(first, last, 3));
  BandsPlan plan;
  plan.bands = {band};
  plan.bands[0].force_tolerance_eV_A = 0.002;
  const BandsReport report = batch->relax_bands(plan);
  const BandReport &got = report.bands[0];
  ASSERT_EQ(got.status, BandReport::Status::converged);
  EXPECT_LT(got.progress.steps, 300);
  EXPECT_LE(got.largest_force_eV_A, 0.002);
  EXPECT_EQ(got.top, 1);
  // A symmetric hop: the images on either side of the saddle are equal.
  EXPECT_NEAR(got.energy_eV[0], got.energy_eV[2], 1e-4);
  if (!kDebugDevice) {
    const auto other = make(images(first, last, 3));
    const SerialBand serial = serial_band(*other, images(first, last, 3), band, plan.spring_eV_A2, 600);
    EXPECT_LT(serial.largest_force, 0.004);
    for (std::size_t m = 0; m < 3; ++m) {
      EXPECT_NEAR(got.energy_eV[m] - energies[0], serial.energy[m] - energies[0], 2e-4) << m;
    }
  }
  // The saddle is one: forces on it vanish without any spring, and its energy is that of the metal's known barrier.
  const Evaluation saddle = batch->evaluate();
  for (const Vector3 &f : saddle.force_eV_A[1]) {
    EXPECT_LT(std::abs(f[0]) + std::abs(f[1]) + std::abs(f[2]), 0.004);
  }
  EXPECT_GT(got.energy_eV[1] - energies[0], 1.0);
  EXPECT_LT(got.energy_eV[1] - energies[0], 2.5);
}

// Bands together with a relaxation, cut into calls and moved to another batch on the way: the bits of each alone.
ZENER_DEVICE_TEST_F(Band, BatchesAndCutsChangeNoBit, BandTest) {
  const int cells = kDebugDevice ? 2 : 3;
  const std::int64_t steps = kDebugDevice ? 4 : 24;
  auto [first, last] = hop(cells);
  const double energies[2] = {0.0, 0.0};
  const BandEnds band = ends(first, last, energies, 2);
  BandsPlan plan;
  plan.climb_below_eV_A = 3.0;
  plan.bands = {band};
  plan.steps = steps;
  const auto alone = make(images(first, last, 2));
  const BandsReport expected = alone->relax_bands(plan);

  const Atoms shaken = disordered_bcc(3.2, {2, 2, 2}, 0.2, {"W"}, false, 4);
  std::vector<Atoms> systems{shaken};
  for (const Atoms &image : images(first, last, 2)) {
    systems.push_back(image);
  }
  const auto together = make(systems);
  plan.bands = {BandEnds{}, band};
  plan.steps = steps / 2;
  plan.finished = 2;
  const BandsReport half = together->relax_bands(plan);
  // On with the band alone.
  const auto rest = make(images(first, last, 2));
  DynamicsState state = rest->save();
  const DynamicsState before = together->save();
  for (std::size_t image = 0; image < 2; ++image) {
    copy_system(before, systems, 1 + image, state, images(first, last, 2), image);
  }
  rest->load(state);
  plan.bands = {band};
  plan.progress = {half.bands[1].progress};
  plan.steps = steps - steps / 2;
  const BandsReport got = rest->relax_bands(plan);
  EXPECT_EQ(got.bands[0].energy_eV, expected.bands[0].energy_eV);
  EXPECT_EQ(got.bands[0].progress.steps, expected.bands[0].progress.steps);
  EXPECT_EQ(got.bands[0].progress.dt, expected.bands[0].progress.dt);
  const std::vector<Atoms> a = rest->atoms(), b = alone->atoms();
  for (std::size_t image = 0; image < 2; ++image) {
    EXPECT_EQ(a[image].position_A, b[image].position_A);
  }
}

ZENER_DEVICE_TEST_F(Band, RefusesWhatCannotBe, BandTest) {
  auto [first, last] = hop(2);
  const auto batch = make(images(first, last, 2));
  BandsPlan plan;
  EXPECT_THROW(batch->relax_bands(plan), InvariantError);
  plan.bands.resize(1);
  plan.bands[0].images = 2;
  EXPECT_THROW(batch->relax_bands(plan), InvariantError); // no ends
  plan.bands[0].first_A = plan.bands[0].last_A = first.position_A;
  plan.bands[0].images = 3;
  EXPECT_THROW(batch->relax_bands(plan), InvariantError);
  plan.bands[0].images = 1;
  EXPECT_THROW(batch->relax_bands(plan), InvariantError);
}

// Images that start on top of each other part, and a band out of steps says so.
ZENER_DEVICE_TEST_F(Band, OutOfStepsAndCoincidingImages, BandTest) {
  auto [first, last] = hop(2);
  const double energies[2] = {0.0, 0.0};
  std::vector<Atoms> same = images(first, last, 2);
  same[1] = same[0];
  const auto batch = make(same);
  BandsPlan plan;
  plan.bands = {ends(first, last, energies, 2)};
  plan.max_steps = 3;
  const BandsReport report = batch->relax_bands(plan);
  EXPECT_EQ(report.bands[0].status, BandReport::Status::out_of_steps);
  EXPECT_EQ(report.bands[0].progress.steps, 3);
  const std::vector<Atoms> now = batch->atoms();
  EXPECT_NE(now[0].position_A, now[1].position_A);
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
