#include "apps/zener/python.hpp"
#include "host/neutral/block_rows.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/phase_model.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace zener {
namespace {

PhaseModel small_model() {
  PhaseModel model;
  model.title = "a test";
  model.phases = {"bcc", "fcc"};
  model.rule.rule = NeighbourRule::nearest;
  model.rule.nearest = 14;
  model.provenance = R"({"from": 1})";
  model.mixture.features = kPhaseFeatures;
  for (int k = 0; k < 2; ++k) {
    model.mixture.weight.push_back(k == 0 ? 0.25 : 0.75);
    model.mixture.mean.emplace_back(7, 0.1 * (k + 1) / 3.0);
    std::vector<double> covariance(49, 1e-5 / 3.0);
    for (std::size_t i = 0; i < 7; ++i) {
      covariance[8 * i] = 0.01 * (static_cast<double>(i) + 1.0);
    }
    model.mixture.covariance.push_back(covariance);
    model.phase_of_component.push_back(1 - k);
  }
  return model;
}

TEST(PhaseModel, ComesBackAsItWasWritten) {
  const PhaseModel model = small_model();
  const PhaseModel read = parse_phase_model(phase_model_text(model), "m.json");
  EXPECT_EQ(read.phases, model.phases);
  EXPECT_EQ(read.phase_of_component, model.phase_of_component);
  EXPECT_EQ(read.mixture.weight, model.mixture.weight);
  EXPECT_EQ(read.mixture.mean, model.mixture.mean);
  EXPECT_EQ(read.mixture.covariance, model.mixture.covariance);
  EXPECT_EQ(read.rule.nearest, 14);
  EXPECT_EQ(phase_model_text(read), phase_model_text(model));
}

TEST(PhaseModel, RefusesWhatIsDamaged) {
  const std::string text = phase_model_text(small_model());
  const auto refused = [&](const std::string &from, const std::string &to, const std::string &word) {
    std::string changed = text;
    const std::size_t at = changed.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    changed.replace(at, from.size(), to);
    try {
      parse_phase_model(changed, "m.json");
      ADD_FAILURE() << from << " -> " << to << " is taken";
    } catch (const DataError &error) {
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
    }
  };
  refused("zener-phase-model-1", "zener-phase-model-9", "format");
  refused("\"q8\"", "\"q9\"", "features");
  refused("0.25", "0.5", "sum to");
  refused("0.25", "-0.25", "weight");
  refused("\"phase\": \"fcc\"", "\"phase\": \"hcp\"", "phases");
  refused("0.07", "-0.07", "covariance");
  refused("\"nearest\": 14", "\"nearest\": 99", "nearest");
  EXPECT_THROW(parse_phase_model("[]", "m.json"), DataError);
}

TEST(PhaseModel, TheShippedOneIsSound) {
  const PhaseModel model = load_phase_model(home_folder() / "presets" / "models" / "phases_steinhardt.json");
  EXPECT_EQ(model.phases, (std::vector<std::string>{"bcc", "fcc", "hcp", "omega", "liquid"}));
  EXPECT_EQ(model.rule.rule, NeighbourRule::voronoi);
  EXPECT_TRUE(model.rule.averaged);
}

TEST(BlockRows, MeansErrorsAndRestarts) {
  BlockRows rows(2), again(2);
  double sum = 0.0;
  for (int i = 0; i < 100; ++i) {
    const double value = std::sin(1.7 * i);
    sum += value;
    rows.add(std::vector<double>{value, 3.0});
    if (i == 36) {
      std::vector<double> state;
      rows.save(state);
      std::size_t at = 0;
      ASSERT_TRUE(again.load(state, at));
      EXPECT_EQ(at, state.size());
      state.pop_back();
      at = 0;
      BlockRows other(2);
      EXPECT_FALSE(other.load(state, at));
    } else if (i > 36) {
      again.add(std::vector<double>{value, 3.0});
    }
  }
  EXPECT_EQ(rows.block_rows(), 8);
  EXPECT_NEAR(rows.mean()[0], sum / 100.0, 1e-14);
  EXPECT_EQ(rows.mean(), again.mean());
  EXPECT_EQ(rows.error(), again.error());
  EXPECT_EQ(rows.error()[1], 0.0);
  double mean = 0.0, squares = 0.0; // of twelve blocks of eight
  std::vector<double> blocks(12, 0.0);
  for (std::size_t i = 0; i < 96; ++i) {
    blocks[i / 8] += std::sin(1.7 * static_cast<double>(i)) / 8.0;
  }
  for (const double b : blocks) {
    mean += b / 12.0;
  }
  for (const double b : blocks) {
    squares += (b - mean) * (b - mean);
  }
  EXPECT_NEAR(rows.error()[0], std::sqrt(squares / 12.0 / 11.0), 1e-14);
}

} // namespace
} // namespace zener
