// A linear model of barriers, serial, trained jump by jump: stands behind the train_barriers driver in tests.
#pragma once

#include "host/backend.hpp"
#include "host/neutral/lattice_tables.hpp"
#include "host/neutral/splitmix.hpp"

#include <csignal>
#include <stdexcept>
#include <utility>

namespace zener::test {

struct LinearTricks {
  std::int64_t signal_at = -1;  // SIGINT in this epoch of the first training
  std::int64_t crash_at = -1;   // a std::runtime_error instead
  std::size_t diverging = 1000; // this network diverges in epoch 3
};

// E = b + sum over sites k of w[k][code], by least mean squares. Designs differ by their seed alone.
class LinearTraining final : public Training {
public:
  LinearTraining(TrainPlan plan, LinearTricks tricks) : plan_(std::move(plan)), tricks_(tricks) {
    for (const NetworkDesign &design : plan_.networks) {
      NetworkState state;
      SplitMix64 random{design.seed};
      for (std::size_t i = 0; i < kEnvironmentSites * codes() + 1; ++i) {
        state.parameters.push_back(1e-3 * static_cast<double>(random.below(100)));
      }
      states_.push_back(std::move(state));
    }
  }

  EpochReport epoch(std::int64_t number, std::span<const double> rates) override {
    if (number == tricks_.crash_at) {
      throw std::runtime_error("crash");
    }
    if (number == tricks_.signal_at) {
      std::raise(SIGINT);
    }
    std::vector<std::int64_t> order = plan_.train;
    SplitMix64 random{plan_.seed, static_cast<std::uint64_t>(number)};
    for (std::size_t i = order.size(); i > 1; --i) {
      std::swap(order[i - 1], order[random.below(i)]);
    }
    EpochReport report;
    for (std::size_t n = 0; n < states_.size(); ++n) {
      double squared = 0.0;
      double values = 0.0;
      for (const std::int64_t j : order) {
        for (int way = 0; way < (plan_.data.both_ways() ? 2 : 1) && rates[n] > 0.0; ++way) {
          squared += learn(n, static_cast<std::size_t>(j), way != 0, rates[n]);
          values += 1.0;
        }
      }
      if (n == tricks_.diverging && number == 3) {
        squared /= 0.0;
      }
      report.loss_eV2.push_back(squared / values);
    }
    return report;
  }

  std::vector<std::vector<float>> predict(std::span<const std::int64_t> jumps) override {
    std::vector<std::vector<float>> out(states_.size());
    for (std::size_t n = 0; n < states_.size(); ++n) {
      for (const std::int64_t j : jumps) {
        for (int way = 0; way < (plan_.data.both_ways() ? 2 : 1); ++way) {
          out[n].push_back(static_cast<float>(value(n, static_cast<std::size_t>(j), way != 0)));
        }
      }
    }
    return out;
  }

  NetworkState save(std::size_t network) override { return states_.at(network); }
  void load(std::size_t network, const NetworkState &state) override { states_.at(network) = state; }

  TrainedModel model(std::size_t network) override {
    SiteMlp out;
    out.elements = plan_.data.elements;
    out.network.sites = kEnvironmentSites;
    out.network.codes = static_cast<int>(codes());
    out.network.table.assign(states_[network].parameters.begin(), states_[network].parameters.end() - 1);
    out.network.bias = {states_[network].parameters.back() + kOffset};
    out.network.layers = {{1, 1, {1.0}, {-kOffset}}};
    return out;
  }

private:
  static constexpr double kOffset = 100.0; // keeps the rectified unit linear
  std::size_t codes() const { return plan_.data.elements.size() + 1; }
  const std::uint8_t *environment(std::size_t jump, bool back) const {
    return (back ? plan_.data.last : plan_.data.first).data() + jump * kEnvironmentSites;
  }
  double value(std::size_t n, std::size_t jump, bool back) const {
    const std::vector<double> &p = states_[n].parameters;
    double sum = p.back();
    for (std::size_t k = 0; k < kEnvironmentSites; ++k) {
      sum += p[k * codes() + environment(jump, back)[k]];
    }
    return sum;
  }
  double learn(std::size_t n, std::size_t jump, bool back, double rate) {
    const double truth = back ? plan_.data.backward_eV[jump] : plan_.data.forward_eV[jump];
    const double off = value(n, jump, back) - truth;
    std::vector<double> &p = states_[n].parameters;
    for (std::size_t k = 0; k < kEnvironmentSites; ++k) {
      p[k * codes() + environment(jump, back)[k]] -= rate * off;
    }
    p.back() -= rate * off;
    ++states_[n].steps;
    return off * off;
  }

  TrainPlan plan_;
  LinearTricks tricks_;
  std::vector<NetworkState> states_;
};

} // namespace zener::test
