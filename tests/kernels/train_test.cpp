// Training of networks: products against sums written out, gradients against central differences, Adam and folded networks
// against the reference, memorising, bits, restarts, symmetry, and barriers of a known truth.
#include "host/engine/train_engine.hpp"
#include "host/neutral/errors.hpp"
#include "kernels/exec/gemm.hpp"
#include "tests/reference/train.hpp"
#include "tests/support/device_test.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

using reference::Sequence;

NetworkDesign small(NetworkKind kind) {
  NetworkDesign design;
  design.kind = kind;
  design.widths = {9, 17, 5};
  design.shells = 3;
  design.filters = {3, 5, 4, 18};
  design.jump_widths = {5, 6};
  design.state_widths = {4, 3};
  design.state_shells = 2;
  design.seed = 7;
  return design;
}

// A network of each kind and variant.
std::vector<NetworkDesign> small_designs() {
  std::vector<NetworkDesign> designs{small(NetworkKind::mlp), small(NetworkKind::site_mlp), small(NetworkKind::cnn),
                                     small(NetworkKind::consistent)};
  designs.push_back(small(NetworkKind::mlp));
  designs.back().batch_norm = false;
  designs.back().shells = 8;
  designs.push_back(small(NetworkKind::site_mlp));
  designs.back().symmetric = true;
  designs.push_back(small(NetworkKind::cnn));
  designs.back().one_hot = true;
  designs.back().batch_norm = false;
  designs.push_back(small(NetworkKind::consistent));
  designs.back().batch_norm = false;
  designs.back().state_shells = 0;
  return designs;
}

TrainPlan plan_of(int jumps, std::uint32_t seed = 1) {
  TrainPlan plan;
  Sequence random(seed);
  plan.data.elements = {"Nb", "Mo", "Ta"};
  append_jumps(plan.data, random, reference::random_truth(random, 3, 0.05), {0.3, 0.3, 0.4}, jumps);
  plan.train.resize(static_cast<std::size_t>(jumps));
  std::iota(plan.train.begin(), plan.train.end(), 0);
  plan.batch = 2 * jumps;
  plan.float64 = true;
  return plan;
}

void keep_forward_only(JumpSet &data) {
  data.last.clear();
  data.backward_eV.clear();
}

std::vector<double> rates(std::size_t networks, double rate) { return std::vector<double>(networks, rate); }

ZENER_DEVICE_TEST(Train, ProductsAreSums) {
  Sequence random(4);
  struct Shape {
    int rows, columns, inner;
  };
  // Around the tiles; long sums that a GPU splits; one that a library takes where it is there.
  std::vector<Shape> shapes{{1, 16, 1}, {7, 16, 3}, {33, 48, 17}, {130, 32, 129}, {8, 16, 1000}};
  if (!kDebugDevice) {
    shapes.push_back({656, 656, 640});
  }
  for (const auto &[rows, columns, inner] : shapes) {
    for (const int way : {0, 1, 2}) { // A as it stands, transposed, by tables
      std::vector<double> a(static_cast<std::size_t>(rows * inner)), b(static_cast<std::size_t>(inner * columns));
      for (double &x : a) {
        x = random.dyadic(8);
      }
      for (double &x : b) {
        x = random.dyadic(8);
      }
      std::vector<std::int32_t> row_table, inner_table;
      for (int m = 0; m < rows; ++m) {
        row_table.push_back((rows - 1 - m) * inner);
      }
      for (int k = 0; k < inner; ++k) {
        inner_table.push_back(inner - 1 - k);
      }
      const auto device_a = to_device(a), device_b = to_device(b);
      const auto device_rows = to_device(row_table), device_inner = to_device(inner_table);
      for (const bool own_only : {true, false}) {
        auto c = empty<double>(rows * columns);
        Product<double> p;
        p.rows = rows;
        p.columns = columns;
        p.inner = inner;
        p.a = device_a.view().data();
        p.a_row = way == 0 ? steps_of(inner) : way == 1 ? steps_of(1) : steps_of(device_rows.view());
        p.a_inner = way == 0 ? steps_of(1) : way == 1 ? steps_of(rows) : steps_of(device_inner.view());
        p.b = device_b.view().data();
        p.b_stride = columns;
        p.c = c.view().data();
        Gemm<double> gemm(queue(), queue(), own_only);
        gemm("product", p);
        const auto found = to_host(c);
        int wrong = 0;
        for (int m = 0; m<rows; m += rows> 200 ? 37 : 1) {
          for (int n = 0; n < columns; ++n) {
            double sum = 0.0; // exact: multiples of 2^-16 below 2^10
            for (int k = 0; k < inner; ++k) {
              const int place = way == 0 ? m * inner + k : way == 1 ? k * rows + m : (rows - 1 - m) * inner + inner - 1 - k;
              sum += a[static_cast<std::size_t>(place)] * b[static_cast<std::size_t>(k * columns + n)];
            }
            wrong += found[static_cast<std::size_t>(m * columns + n)] != sum ? 1 : 0;
          }
        }
        EXPECT_EQ(wrong, 0) << rows << " x " << columns << " x " << inner << ", way " << way << (own_only ? ", own" : "");
      }
    }
  }
}

ZENER_DEVICE_TEST(Train, GradientsAreSlopes) {
  for (const NetworkDesign &design : small_designs()) {
    // 8 jumps: 768 rows of the vacancy's layer, so that the sums of norm are made of blocks.
    const int jumps = design.kind == NetworkKind::cnn ? 1 : design.kind == NetworkKind::consistent ? 8 : 5;
    TrainPlan plan = plan_of(jumps);
    plan.networks = {design};
    plan.networks[0].augment = design.kind == NetworkKind::mlp;
    const auto training = make_training(queue(), plan);
    // A few steps away from the start, where no pair energy and no shift is zero any more.
    for (int e = 0; e < 2; ++e) {
      training->epoch(e, rates(1, 0.01));
    }
    const NetworkState state = training->save(0);
    const LossSlope slope = training->slope(0, plan.train);
    ASSERT_EQ(slope.gradient.size(), state.parameters.size());
    std::vector<std::size_t> live; // padding has no slope
    for (std::size_t i = 0; i < slope.gradient.size(); ++i) {
      if (slope.gradient[i] != 0.0) {
        live.push_back(i);
      }
    }
    ASSERT_GT(live.size(), 100u);
    Sequence random(9);
    std::set<std::size_t> places;
    const int sampled = kDebugDevice ? (design.kind == NetworkKind::cnn ? 3 : 6) : 60;
    for (int i = 0; i < sampled; ++i) {
      places.insert(live[static_cast<std::size_t>(random.below(static_cast<int>(live.size())))]);
    }
    // Norm, biases and pair energies stand at the end.
    for (std::size_t i = 0; i < (kDebugDevice ? 3u : 80u); ++i) {
      places.insert(live[live.size() - 1 - i]);
    }
    // A step over the corner of a ReLU has another slope: few may.
    int off = 0;
    for (const std::size_t place : places) {
      constexpr double h = 1e-6;
      double loss[2];
      for (const int side : {0, 1}) {
        NetworkState moved = state;
        moved.parameters[place] += side == 0 ? h : -h;
        training->load(0, moved);
        loss[side] = training->slope(0, plan.train).loss_eV2;
      }
      const double difference = (loss[0] - loss[1]) / (2.0 * h);
      const bool near = std::abs(difference - slope.gradient[place]) < 1e-8 + 1e-5 * std::abs(slope.gradient[place]);
      off += near ? 0 : 1;
      if (!near && off > 1) {
        ADD_FAILURE() << "kind " << static_cast<int>(design.kind) << ", parameter " << place << ": slope "
                      << slope.gradient[place] << ", difference " << difference;
      }
    }
    EXPECT_LE(off, 1);
  }
}

ZENER_DEVICE_TEST(Train, OneStepIsAdamOnTheLossOfTheReference) {
  for (const NetworkDesign &design : small_designs()) {
    TrainPlan plan = plan_of(design.kind == NetworkKind::cnn ? 1 : 6);
    plan.networks = {design};
    plan.weight_decay = 0.1;
    const auto training = make_training(queue(), plan);
    // After the first step running statistics are those of its batch, so the folded network has the loss of the batch.
    const double loss = training->epoch(0, rates(1, 1e-30)).loss_eV2[0];
    EXPECT_NEAR(loss, reference::squared_error(training->model(0), plan.data, plan.train), 1e-9 * loss);

    training->epoch(1, rates(1, 1e-2)); // moments
    const NetworkState before = training->save(0);
    const LossSlope slope = training->slope(0, plan.train);
    const double rate = 3e-3;
    training->epoch(2, rates(1, rate));
    const NetworkState after = training->save(0);
    EXPECT_EQ(after.steps, 3);
    const std::size_t n = before.moments.size() / 2;
    double worst = 0.0;
    std::size_t decayed = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const reference::AdamNumbers now{before.parameters[i], before.moments[i], before.moments[n + i]};
      const auto plain = adam_step(now, slope.gradient[i], rate, 0.0, 3, plan);
      const auto shrunk = adam_step(now, slope.gradient[i], rate, plan.weight_decay, 3, plan);
      // A gradient of nothing but rounding has moments of rounding: no direction.
      if (std::abs(slope.gradient[i]) > 1e-12) {
        const bool is_weight =
            std::abs(after.parameters[i] - shrunk.parameter) <= std::abs(after.parameters[i] - plain.parameter);
        decayed += is_weight ? 1 : 0;
        worst = std::max(worst, std::abs(after.parameters[i] - (is_weight ? shrunk : plain).parameter));
      }
      worst = std::max({worst, std::abs(after.moments[i] - plain.first), std::abs(after.moments[n + i] - plain.second)});
    }
    EXPECT_LT(worst, 1e-9) << "kind " << static_cast<int>(design.kind);
    EXPECT_GT(decayed, n / 20);
  }
}

ZENER_DEVICE_TEST(Train, TheFoldedNetworkIsTheNetwork) {
  TrainPlan plan = plan_of(kDebugDevice ? 4 : 11);
  plan.batch = kDebugDevice ? 4 : 8; // 4 jumps: batches of 4, 4, 3
  plan.networks = small_designs();
  const std::int64_t last = plan.train.back();
  for (const bool float64 : {true, false}) {
    if (kDebugDevice && !float64) {
      plan.networks.resize(1); // the others differ in nothing
    }
    plan.float64 = float64;
    const auto training = make_training(queue(), plan);
    training->epoch(0, rates(plan.networks.size(), 1e-3));
    const std::vector<std::int64_t> jumps{3, last, 0};
    const auto barriers = training->predict(jumps);
    for (std::size_t k = 0; k < plan.networks.size(); ++k) {
      const TrainedModel model = training->model(k);
      ASSERT_EQ(barriers[k].size(), 6u);
      for (std::size_t i = 0; i < jumps.size(); ++i) {
        const auto place = static_cast<std::size_t>(jumps[i]) * kEnvironmentSites;
        const auto expected = reference::jump_barriers(model, &plan.data.first[place], &plan.data.last[place]);
        for (std::size_t way = 0; way < 2; ++way) {
          EXPECT_NEAR(barriers[k][2 * i + way], expected[way], float64 ? 3e-7 : 1e-4) << "network " << k;
        }
      }
    }
  }
}

ZENER_DEVICE_TEST(Train, ForwardBarriersAlone) {
  TrainPlan plan = plan_of(9);
  keep_forward_only(plan.data);
  plan.batch = 4; // 4, 4 and one left, which joins the batch before it
  plan.networks = {small(NetworkKind::mlp), small(NetworkKind::site_mlp)};
  const auto training = make_training(queue(), plan);
  const EpochReport report = training->epoch(0, rates(2, 1e-3));
  EXPECT_EQ(training->save(0).steps, 2);
  EXPECT_GT(report.loss_eV2[1], 0.0);
  const std::vector<std::int64_t> jumps{8, 2};
  const auto barriers = training->predict(jumps);
  for (std::size_t k = 0; k < 2; ++k) {
    ASSERT_EQ(barriers[k].size(), 2u);
    const TrainedModel model = training->model(k);
    for (std::size_t i = 0; i < 2; ++i) {
      const auto place = static_cast<std::size_t>(jumps[i]) * kEnvironmentSites;
      EXPECT_NEAR(barriers[k][i], reference::jump_barriers(model, &plan.data.first[place], nullptr)[0], 3e-7);
    }
  }
}

ZENER_DEVICE_TEST(Train, MemorisesAFewJumps) {
  if (kDebugDevice) {
    GTEST_SKIP() << "hundreds of epochs; the debug device runs the same steps elsewhere";
  }
  TrainPlan plan = plan_of(32);
  plan.batch = 16;
  plan.float64 = false;
  plan.networks = {{}, {}, {}, {}};
  plan.networks[0].widths = {64, 64};
  plan.networks[1].kind = NetworkKind::site_mlp;
  plan.networks[1].widths = {48, 32};
  plan.networks[1].symmetric = true;
  plan.networks[2].kind = NetworkKind::cnn;
  plan.networks[2].filters = {8, 8, 16, 16};
  plan.networks[3].kind = NetworkKind::consistent;
  // Statistics of batches of 16 are noise that no network can memorise: without them.
  for (NetworkDesign &design : plan.networks) {
    design.batch_norm = false;
  }
  // Barriers that no structure explains.
  Sequence random(5);
  for (std::size_t i = 0; i < plan.data.size(); ++i) {
    plan.data.forward_eV[i] += static_cast<float>(0.2 * random.unit());
    plan.data.backward_eV[i] += static_cast<float>(0.2 * random.unit());
  }
  double sum = 0.0, squared = 0.0;
  for (const auto *barriers : {&plan.data.forward_eV, &plan.data.backward_eV}) {
    for (const float e : *barriers) {
      sum += e;
      squared += static_cast<double>(e) * e;
    }
  }
  const double n = 2.0 * static_cast<double>(plan.data.size());
  const double spread = std::sqrt(squared / n - sum * sum / (n * n));
  const auto training = make_training(queue(), plan);
  constexpr int kEpochs = 600;
  for (int e = 0; e < kEpochs; ++e) {
    training->epoch(e, rates(4, 3e-3 * std::pow(1e-3, e / static_cast<double>(kEpochs))));
  }
  const auto barriers = training->predict(plan.train);
  for (std::size_t k = 0; k < 4; ++k) {
    double error = 0.0;
    for (std::size_t i = 0; i < plan.data.size(); ++i) {
      error += std::pow(barriers[k][2 * i] - plan.data.forward_eV[i], 2) +
               std::pow(barriers[k][2 * i + 1] - plan.data.backward_eV[i], 2);
    }
    EXPECT_LT(std::sqrt(error / n), 1e-3 * spread) << "network " << k;
  }
}

ZENER_DEVICE_TEST(Train, BitsDependOnTheSeedAlone) {
  TrainPlan plan = plan_of(kDebugDevice ? 3 : 12);
  plan.batch = kDebugDevice ? 4 : 10;
  plan.float64 = false;
  plan.networks = small_designs();
  plan.networks[0].augment = true;
  plan.networks[2].augment = true;
  if (kDebugDevice) {
    std::swap(plan.networks[1], plan.networks[3]); // digits and the consistent one
    plan.networks.resize(2);
  }
  const auto run = [&](const TrainPlan &which, int threads) {
    queue().set_threads(threads);
    const auto training = make_training(queue(), which);
    for (int e = 0; e < 2; ++e) {
      training->epoch(e, rates(which.networks.size(), 1e-3));
    }
    std::vector<NetworkState> states;
    for (std::size_t k = 0; k < which.networks.size(); ++k) {
      states.push_back(training->save(k));
    }
    queue().set_threads(0);
    return states;
  };
  const auto once = run(plan, 1);
  const auto again = run(plan, 2);
  for (std::size_t k = 0; k < plan.networks.size(); ++k) {
    EXPECT_EQ(once[k].parameters, again[k].parameters) << "network " << k;
    EXPECT_EQ(once[k].moments, again[k].moments);
    TrainPlan alone = plan;
    alone.networks = {plan.networks[k]};
    EXPECT_EQ(run(alone, 2)[0].parameters, once[k].parameters) << "network " << k;
  }
  TrainPlan other = plan;
  other.networks = {plan.networks[0]};
  other.networks[0].seed += 1;
  EXPECT_NE(run(other, 1)[0].parameters, once[0].parameters);
  other.networks[0].seed -= 1;
  other.seed += 1;
  EXPECT_NE(run(other, 1)[0].parameters, once[0].parameters);
}

ZENER_DEVICE_TEST(Train, ALoadedNetworkGoesOnBitForBit) {
  TrainPlan plan = plan_of(9);
  plan.batch = 8;
  plan.float64 = false;
  plan.networks = {small(NetworkKind::consistent), small(NetworkKind::mlp)};
  const auto straight = make_training(queue(), plan);
  const auto second = make_training(queue(), plan);
  straight->epoch(0, rates(2, 1e-2));
  for (std::size_t k = 0; k < 2; ++k) {
    second->load(k, straight->save(k));
  }
  // A rate of 0: stands still.
  const std::vector<double> first_only{1e-2, 0.0};
  const EpochReport one = straight->epoch(1, first_only);
  const EpochReport other = second->epoch(1, first_only);
  EXPECT_EQ(one.loss_eV2, other.loss_eV2);
  EXPECT_EQ(straight->save(1).steps, 3);
  EXPECT_EQ(straight->save(0).steps, 6);
  for (std::size_t k = 0; k < 2; ++k) {
    EXPECT_EQ(straight->save(k).parameters, second->save(k).parameters);
    EXPECT_EQ(straight->save(k).moments, second->save(k).moments);
  }
  EXPECT_EQ(straight->predict(plan.train), second->predict(plan.train));
  NetworkState foreign = straight->save(0);
  foreign.parameters.pop_back();
  EXPECT_THROW(second->load(0, foreign), DataError);
}

ZENER_DEVICE_TEST(Train, SymmetryHoldsByConstruction) {
  TrainPlan plan = plan_of(6);
  const std::size_t n = plan.data.size();
  // Each jump turned about its axis, and turned round.
  const auto turned = [](const std::uint8_t *codes, const std::vector<std::uint8_t> &operation) {
    std::vector<std::uint8_t> out;
    for (const std::uint8_t site : operation) {
      out.push_back(codes[site]);
    }
    return out;
  };
  const auto append = [](std::vector<std::uint8_t> &all, const std::vector<std::uint8_t> &codes) {
    all.insert(all.end(), codes.begin(), codes.end());
  };
  JumpSet &data = plan.data;
  std::vector<std::int64_t> all = plan.train;
  for (std::size_t g = 0; g < 7; ++g) {
    for (std::size_t j = 0; j < n; ++j) {
      const std::vector<std::uint8_t> first(&data.first[j * 112], &data.first[j * 112] + 112);
      const std::vector<std::uint8_t> last(&data.last[j * 112], &data.last[j * 112] + 112);
      const bool round = g == 6;
      const auto &operation = site_operations(SiteGroup::axis)[round ? 0 : g];
      append(data.first, turned((round ? last : first).data(), operation));
      append(data.last, turned((round ? first : last).data(), operation));
      data.forward_eV.push_back(round ? data.backward_eV[j] : data.forward_eV[j]);
      data.backward_eV.push_back(round ? data.forward_eV[j] : data.backward_eV[j]);
      all.push_back(static_cast<std::int64_t>(all.size()));
    }
  }
  plan.networks = {small(NetworkKind::consistent), small(NetworkKind::site_mlp), small(NetworkKind::site_mlp)};
  plan.networks[1].symmetric = true;
  const auto training = make_training(queue(), plan);
  for (int e = 0; e < 3; ++e) {
    training->epoch(e, rates(3, 1e-2));
  }
  const auto barriers = training->predict(all);
  double broken = 0.0;
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t g = 0; g < 7; ++g) {
      const std::size_t image = 2 * ((g + 1) * n + j);
      for (const std::size_t way : {0, 1}) {
        const std::size_t same = g == 6 ? 1 - way : way;
        EXPECT_NEAR(barriers[0][image + way], barriers[0][2 * j + same], 2e-7);
        EXPECT_NEAR(barriers[1][image + way], barriers[1][2 * j + same], 2e-7);
        broken = std::max(broken, std::abs(static_cast<double>(barriers[2][image + way]) - barriers[2][2 * j + same]));
      }
    }
  }
  EXPECT_GT(broken, 1e-3) << "the network that is not tied must tell images apart, or this tests nothing";
}

ZENER_DEVICE_TEST(Train, AugmentationShowsEveryOrientation) {
  // One jump alone in each of many batches: a linear probe is not needed, the batch's loss changes with the orientation.
  TrainPlan plan = plan_of(2);
  plan.networks = {small(NetworkKind::mlp)};
  plan.networks[0].augment = true;
  plan.networks[0].batch_norm = false;
  plan.networks[0].shells = 8;
  const auto training = make_training(queue(), plan);
  std::set<double> losses;
  for (int e = 0; e < 40; ++e) {
    losses.insert(training->epoch(e, rates(1, 1e-30)).loss_eV2[0]);
  }
  EXPECT_GT(losses.size(), 20u); // of 6^4
  plan.networks[0].augment = false;
  const auto plain = make_training(queue(), plan);
  losses.clear();
  for (int e = 0; e < 10; ++e) {
    losses.insert(plain->epoch(e, rates(1, 1e-30)).loss_eV2[0]);
  }
  EXPECT_LE(losses.size(), 2u); // the order within the batch
}

// Pair energies of a made alloy are learned from a few compositions and hold at others.
ZENER_DEVICE_TEST(Train, LearnsPairEnergies) {
  if (kDebugDevice) {
    GTEST_SKIP() << "thousands of steps";
  }
  TrainPlan plan;
  Sequence random(21);
  const reference::PairTruth truth = reference::random_truth(random, 3, 0.06);
  plan.data.elements = {"Nb", "Mo", "Ta"};
  for (const std::vector<double> &fractions : std::vector<std::vector<double>>{{0.34, 0.33, 0.33},
                                                                               {0.6, 0.2, 0.2},
                                                                               {0.2, 0.6, 0.2},
                                                                               {0.2, 0.2, 0.6},
                                                                               {0.9, 0.05, 0.05},
                                                                               {0.05, 0.9, 0.05},
                                                                               {0.05, 0.05, 0.9}}) {
    append_jumps(plan.data, random, truth, fractions, 300);
  }
  plan.train.resize(plan.data.size());
  std::iota(plan.train.begin(), plan.train.end(), 0);
  append_jumps(plan.data, random, truth, {0.45, 0.1, 0.45}, 200);
  append_jumps(plan.data, random, truth, {0.1, 0.7, 0.2}, 200);
  plan.networks.resize(1);
  plan.networks[0].kind = NetworkKind::consistent;
  const auto training = make_training(queue(), plan);
  constexpr int kEpochs = 30;
  for (int e = 0; e < kEpochs; ++e) {
    training->epoch(e, rates(1, 3e-3 * std::pow(0.02, e / static_cast<double>(kEpochs))));
  }
  std::vector<std::int64_t> held_out;
  for (std::size_t i = plan.train.size(); i < plan.data.size(); ++i) {
    held_out.push_back(static_cast<std::int64_t>(i));
  }
  const auto barriers = training->predict(held_out)[0];
  double error = 0.0, mean = 0.0;
  for (std::size_t i = 0; i < held_out.size(); ++i) {
    const auto j = static_cast<std::size_t>(held_out[i]);
    error += std::abs(barriers[2 * i] - plan.data.forward_eV[j]) + std::abs(barriers[2 * i + 1] - plan.data.backward_eV[j]);
    mean += plan.data.forward_eV[j] + plan.data.backward_eV[j];
  }
  RecordProperty("share", std::to_string(error / mean));
  EXPECT_LT(error / mean, 0.01) << "mean absolute error over mean barrier";
}

ZENER_DEVICE_TEST(Train, RefusesWhatCannotBe) {
  TrainPlan plan = plan_of(4);
  plan.networks = {small(NetworkKind::mlp)};
  const auto message = [&](const TrainPlan &bad) -> std::string {
    try {
      make_training(queue(), bad);
    } catch (const Error &error) {
      return error.what();
    }
    return "(accepted)";
  };
  EXPECT_EQ(message(plan), "(accepted)");
  const auto expect = [&](const char *part, auto change) {
    TrainPlan bad = plan;
    change(bad);
    EXPECT_NE(message(bad).find(part), std::string::npos) << message(bad);
  };
  expect("batch 1", [](TrainPlan &p) { p.batch = 1; });
  expect("no network", [](TrainPlan &p) { p.networks.clear(); });
  expect("widths is empty", [](TrainPlan &p) { p.networks[0].widths.clear(); });
  expect("widths has -3", [](TrainPlan &p) { p.networks[0].widths = {4, -3}; });
  expect("shells 9", [](TrainPlan &p) { p.networks[0].shells = 9; });
  expect("3 layers of filters", [](TrainPlan &p) {
    p.networks[0].kind = NetworkKind::cnn;
    p.networks[0].filters = {2, 2, 2};
  });
  expect("needs both barriers", [](TrainPlan &p) {
    keep_forward_only(p.data);
    p.networks[0].kind = NetworkKind::consistent;
  });
  expect("fewer than two barriers", [](TrainPlan &p) { p.train.clear(); });
  expect("jump 4 is not among", [](TrainPlan &p) { p.train[0] = 4; });
  expect("not a finite number", [](TrainPlan &p) { p.data.backward_eV[2] = NAN; });
  expect("species code 4", [](TrainPlan &p) { p.data.last[300] = 4; });
  expect("differ in number", [](TrainPlan &p) { p.data.last.pop_back(); });
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
