// Barrier models: pair energies against energies of whole lattices; networks against the voxels of the paper and against chains
// of fused multiply-adds to the last bit; every team shape.
#include "host/engine/device_model.hpp"
#include "tests/reference/barriers.hpp"
#include "tests/reference/lattice.hpp"
#include "tests/support/device_test.hpp"

#include <algorithm>
#include <cmath>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

using reference::Barriers;
using reference::Codes;

class ModelTest : public DeviceTest {
protected:
  template <class Model>
  std::vector<Barriers> evaluate(const Model &model, const std::vector<Codes> &environments, TeamChoice choice) {
    const auto n = static_cast<std::int64_t>(environments.size());
    std::vector<std::uint8_t> flat;
    for (const Codes &codes : environments) {
      flat.insert(flat.end(), codes.begin(), codes.end());
    }
    auto device_codes = to_device(flat);
    auto barrier = empty<double>(n * kJumps);
    evaluate_environments(queue(), model, View<const std::uint8_t, 2>(device_codes.shaped(n, kEnvironment)),
                          barrier.shaped(n, kJumps), {}, choice);
    const auto values = to_host(barrier);
    std::vector<Barriers> result(environments.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      result[i / kJumps][i % kJumps] = values[i];
    }
    return result;
  }

  const DeviceTables &tables() {
    if (!tables_) {
      tables_ = std::make_unique<DeviceTables>(queue(), Structure::bcc);
    }
    return *tables_;
  }

private:
  std::unique_ptr<DeviceTables> tables_;
};

const std::vector<TeamChoice> &team_choices() {
  static const std::vector<TeamChoice> choices{{1, 1, 1}, {1, 32, 1}, {2, 64, 2}, {3, 96, 3}, {8, 128, 8}};
  return choices;
}

std::vector<Codes> random_environments(reference::Sequence &random, int n, int species) {
  std::vector<Codes> environments;
  for (int i = 0; i < n; ++i) {
    environments.push_back(reference::random_codes(random, species));
  }
  return environments;
}

ZENER_DEVICE_TEST_F(Models, ConstantBarriers, ModelTest) {
  reference::Sequence random(1);
  for (const int n : {0, 1, 5}) {
    for (const TeamChoice &choice : team_choices()) {
      for (const Barriers &barriers : evaluate(ConstantBarriers<BccLattice>{0.7}, random_environments(random, n, 3), choice)) {
        for (const double e : barriers) {
          EXPECT_EQ(e, 0.7);
        }
      }
    }
  }
}

PairKra random_pairs(reference::Sequence &random, int species, int shells) {
  PairKra model;
  model.shells = shells;
  for (int s = 0; s < species; ++s) {
    model.elements.push_back("X" + std::to_string(s));
    model.migration_eV.push_back(1.0 + 0.5 * random.unit());
  }
  const auto n = static_cast<std::size_t>(species + 1);
  model.pair_eV.resize(static_cast<std::size_t>(shells) * n * n);
  for (std::size_t shell = 0; shell < static_cast<std::size_t>(shells); ++shell) {
    for (std::size_t a = 0; a < n; ++a) {
      for (std::size_t b = a; b < n; ++b) {
        const double energy = 0.2 * (random.unit() - 0.5);
        model.pair_eV[(shell * n + a) * n + b] = energy;
        model.pair_eV[(shell * n + b) * n + a] = energy;
      }
    }
  }
  return model;
}

// Tolerance: each of at most 2 x 2 x 26 energies is rounded to 2^-40 eV, half of the sum enters: 2^-41 * 104 / 2 < 2.4e-11 eV;
// the sums of whole lattices, 22,000 terms of at most 0.1 eV in double, differ by less than 1e-11 eV.
ZENER_DEVICE_TEST_F(Models, PairEnergiesAgainstWholeLattices, ModelTest) {
  const reference::Lattice lattice(5, 6, 7);
  reference::Sequence random(2);
  for (const int species : {1, 3, 8}) {
    for (const int shells : {1, 2, 3}) {
      const PairKra model = random_pairs(random, species, shells);
      std::vector<Codes> environments;
      std::vector<Barriers> expected;
      for (int i = 0; i < 3; ++i) {
        const auto occupancy = reference::random_occupancy(random, lattice.sites(), species);
        const int vacancy = static_cast<int>(std::find(occupancy.begin(), occupancy.end(), 0) - occupancy.begin());
        environments.push_back(lattice.codes(occupancy.data(), vacancy));
        expected.push_back(reference::pair_barriers(model, lattice, occupancy, vacancy));
      }
      const DevicePairKra device_model(queue(), model);
      std::vector<Barriers> first;
      for (const TeamChoice &choice : team_choices()) {
        const auto got = evaluate(device_model.template view<BccLattice>(tables().view()), environments, choice);
        first = first.empty() ? got : first;
        EXPECT_EQ(got, first) << choice.walkers << " a team, " << choice.lanes << " lanes";
        for (std::size_t i = 0; i < expected.size(); ++i) {
          for (std::size_t p = 0; p < 8; ++p) {
            EXPECT_NEAR(got[i][p], expected[i][p], 1e-10) << species << " species, " << shells << " shells, path " << p;
          }
        }
      }
    }
  }
}

// The environment of the vacancy after it jumped along path 0..7 has the reverse jump at 7 - path: the changes of energy cancel
// exactly, since they are integers. Migration energies of 0 leave half the change alone.
ZENER_DEVICE_TEST_F(Models, ForwardAndBackwardChangesCancelToTheBit, ModelTest) {
  const reference::Lattice lattice(5, 6, 7);
  reference::Sequence random(3);
  PairKra model = random_pairs(random, 3, 3);
  model.migration_eV.assign(3, 0.0);
  std::vector<Codes> before, after;
  for (int i = 0; i < 4; ++i) {
    const auto occupancy = reference::random_occupancy(random, lattice.sites(), 3);
    const int vacancy = static_cast<int>(std::find(occupancy.begin(), occupancy.end(), 0) - occupancy.begin());
    const reference::Vector c = lattice.coordinates(vacancy);
    for (std::size_t p = 0; p < 8; ++p) {
      const reference::Vector &d = reference::environment()[p];
      const int target = lattice.site({c[0] + d[0], c[1] + d[1], c[2] + d[2]});
      auto jumped = occupancy;
      std::swap(jumped[static_cast<std::size_t>(vacancy)], jumped[static_cast<std::size_t>(target)]);
      before.push_back(lattice.codes(occupancy.data(), vacancy));
      after.push_back(lattice.codes(jumped.data(), target));
    }
  }
  const DevicePairKra device_model(queue(), model);
  const auto forward = evaluate(device_model.template view<BccLattice>(tables().view()), before, {1, 32});
  const auto backward = evaluate(device_model.template view<BccLattice>(tables().view()), after, {1, 32});
  double largest = 0.0;
  for (std::size_t i = 0; i < forward.size(); ++i) {
    const std::size_t p = i % 8;
    EXPECT_EQ(forward[i][p], -backward[i][7 - p]) << i;
    largest = std::max(largest, std::abs(forward[i][p]));
  }
  EXPECT_GT(largest, 0.1);
}

class NetworkTest : public ModelTest {
protected:
  template <class T, int Tile>
  std::vector<Barriers> run(const DeviceMlp<T> &mlp, const std::vector<Codes> &environments, TeamChoice choice) {
    return evaluate(mlp.template view<Tile>(tables().view()), environments, choice);
  }

  template <class T> void check(const std::vector<int> &widths, int n, double unit_roundoff) {
    reference::Sequence random(static_cast<std::uint32_t>(40 + n) + static_cast<std::uint32_t>(widths.size()));
    const reference::VoxelNet net = reference::random_net(random, widths);
    const Mlp mlp = reference::to_mlp(net, {"Nb", "Mo", "Ta"});
    const DeviceMlp<T> device_model(queue(), mlp);
    const auto environments = random_environments(random, n, 3);
    std::string name = std::to_string(n) + " environments, widths";
    for (const int w : widths) {
      name += " " + std::to_string(w);
    }

    const auto first = run<T, kThroughputTile>(device_model, environments, {1, 128});
    double spread = 0.0, bound = 0.0;
    for (std::size_t i = 0; i < environments.size(); ++i) {
      const Barriers chain = sizeof(T) == 4 ? reference::chain_barriers_float(mlp, environments[i])
                                            : reference::chain_barriers_double(mlp, environments[i]);
      const reference::BoundedBarriers voxels = reference::voxel_barriers(net, environments[i], unit_roundoff);
      for (std::size_t p = 0; p < 8; ++p) {
        EXPECT_EQ(first[i][p], chain[p]) << name << ", path " << p;
        EXPECT_NEAR(first[i][p], voxels.value[p], voxels.bound[p]) << name << ", path " << p;
        bound = std::max(bound, voxels.bound[p]);
        spread = std::max(spread, std::abs(first[i][p] - first[0][0]));
      }
    }
    EXPECT_GT(spread, 0.01) << name << ": the barriers do not depend on the environment";
    EXPECT_LT(bound, spread / 1000.0) << name << ": the comparison says too little";

    for (const TeamChoice &choice : team_choices()) {
      EXPECT_EQ((run<T, kThroughputTile>(device_model, environments, choice)), first)
          << name << ", " << choice.walkers << " a team, " << choice.lanes << " lanes";
      EXPECT_EQ((run<T, kLatencyTile>(device_model, environments, choice)), first)
          << name << ", " << choice.walkers << " a team, " << choice.lanes << " lanes, latency";
    }
    // A part of the batch gives a part of the results.
    const std::vector<Codes> last(environments.end() - 1, environments.end());
    EXPECT_EQ((run<T, kThroughputTile>(device_model, last, {3, 32}))[0], first.back());
  }

  template <class T> void check_all(double unit_roundoff) {
    check<T>({128, 128, 128, 128}, kDebugDevice ? 2 : 9, unit_roundoff);
    check<T>({1, 5, 33, 130}, kDebugDevice ? 3 : 17, unit_roundoff);
    check<T>({16}, 5, unit_roundoff);
    check<T>({33}, 5, unit_roundoff);
    check<T>({}, 5, unit_roundoff);
  }
};

ZENER_DEVICE_TEST_F(Networks, Float32, NetworkTest) { check_all<float>(0x1p-24); }
ZENER_DEVICE_TEST_F(Networks, Float64, NetworkTest) { check_all<double>(0x1p-53); }

ZENER_DEVICE_TEST_F(Networks, MoreLayersThanTheKernelHoldsAreRefused, NetworkTest) {
  reference::Sequence random(9);
  const Mlp deepest = reference::to_mlp(reference::random_net(random, std::vector<int>(kMaxLayers, 8)), {"Nb", "Mo", "Ta"});
  EXPECT_NO_THROW(DeviceMlp<float>(queue(), deepest));
  const Mlp deeper = reference::to_mlp(reference::random_net(random, std::vector<int>(kMaxLayers + 1, 8)), {"Nb", "Mo", "Ta"});
  EXPECT_THROW(DeviceMlp<float>(queue(), deeper), std::exception);
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
