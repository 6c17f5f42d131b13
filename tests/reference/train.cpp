#include "tests/reference/train.hpp"

#include <cmath>
#include <map>

namespace zener::reference {
namespace {

std::vector<double> dense(const DenseLayer &layer, const std::vector<double> &x, bool rectified) {
  std::vector<double> y;
  for (int o = 0; o < layer.out; ++o) {
    double sum = layer.bias[static_cast<std::size_t>(o)];
    for (int i = 0; i < layer.in; ++i) {
      sum += layer.weight[static_cast<std::size_t>(o * layer.in + i)] * x[static_cast<std::size_t>(i)];
    }
    y.push_back(rectified ? std::max(sum, 0.0) : sum);
  }
  return y;
}

double chain(const std::vector<DenseLayer> &layers, std::vector<double> x) {
  for (std::size_t l = 0; l < layers.size(); ++l) {
    x = dense(layers[l], x, l + 1 < layers.size());
  }
  return x.at(0);
}

double site_network(const SiteNetwork &net, const std::vector<std::uint8_t> &codes) {
  const auto &operations = site_operations(net.group);
  std::vector<double> h;
  for (int j = 0; j < net.units(); ++j) {
    double mean = 0.0;
    for (const auto &operation : operations) {
      double sum = net.bias[static_cast<std::size_t>(j)];
      for (int k = 0; k < net.sites; ++k) {
        const int entry =
            (j * net.sites + operation[static_cast<std::size_t>(k)]) * net.codes + codes[static_cast<std::size_t>(k)];
        sum += net.table[static_cast<std::size_t>(entry)];
      }
      mean += std::max(sum, 0.0) / static_cast<double>(operations.size());
    }
    h.push_back(mean);
  }
  return chain(net.layers, h);
}

double convolutions(const Cnn &net, const std::uint8_t *codes) {
  int n = 9;
  const int channels = net.layers[0].in;
  std::vector<double> x(static_cast<std::size_t>(729 * channels), 0.0);
  for (std::size_t k = 0; k < 112; ++k) {
    const Offset &o = bcc_tables().offsets[k];
    const int voxel = 81 * (o[1] + 4) + 9 * (o[0] + 4) + o[2] + 4;
    if (!net.one_hot) {
      x[static_cast<std::size_t>(voxel)] = codes[k];
    } else if (codes[k] > 0) {
      x[static_cast<std::size_t>(voxel * channels + codes[k] - 1)] = 1.0;
    }
  }
  for (const Cnn::Layer &layer : net.layers) {
    const int few = n - 2;
    std::vector<double> y;
    for (int v = 0; v < few * few * few; ++v) {
      const int vy = v / (few * few), vx = v / few % few, vz = v % few;
      for (int o = 0; o < layer.out; ++o) {
        double sum = layer.bias[static_cast<std::size_t>(o)];
        for (int tap = 0; tap < 27; ++tap) {
          const int from = ((vy + tap / 9) * n + vx + tap / 3 % 3) * n + vz + tap % 3;
          for (int c = 0; c < layer.in; ++c) {
            sum += layer.weight[static_cast<std::size_t>((o * 27 + tap) * layer.in + c)] *
                   x[static_cast<std::size_t>(from * layer.in + c)];
          }
        }
        y.push_back(std::max(sum, 0.0));
      }
    }
    x = y;
    n = few;
  }
  return dense(net.output, x, false).at(0);
}

double pair_difference(const std::vector<double> &pair_eV, int codes, int shells, const std::uint8_t *first,
                       const std::uint8_t *last) {
  const int atom = first[kJumper];
  double sum = 0.0;
  for (int shell = 0; shell < shells; ++shell) {
    const auto gain = [&](int s) {
      const auto e = [&](int a, int b) { return pair_eV[static_cast<std::size_t>((shell * codes + a) * codes + b)]; };
      return e(atom, s) - e(0, s);
    };
    const std::vector<int> &begin = bcc_tables().shell_begin;
    for (int k = begin[static_cast<std::size_t>(shell)]; k < begin[static_cast<std::size_t>(shell) + 1]; ++k) {
      if (k != kJumper) {
        sum += gain(first[k]) - gain(last[k]);
      }
    }
  }
  return sum;
}

} // namespace

std::array<double, 2> jump_barriers(const TrainedModel &model, const std::uint8_t *first, const std::uint8_t *last) {
  if (const auto *net = std::get_if<Consistent>(&model)) {
    std::vector<std::uint8_t> around;
    for (const int site : jump_sites()) {
      around.push_back(first[site]);
    }
    const double middle = site_network(net->jump, around);
    double difference =
        pair_difference(net->pair_eV, static_cast<int>(net->elements.size()) + 1, net->pair_shells, first, last);
    if (net->state_shells > 0) {
      const int n = net->state.sites;
      difference += site_network(net->state, {last, last + n}) - site_network(net->state, {first, first + n});
    }
    return {middle + 0.5 * difference, middle - 0.5 * difference};
  }
  const auto one = [&](const std::uint8_t *codes) {
    if (const auto *mlp = std::get_if<Mlp>(&model)) {
      return chain(mlp->layers, {codes, codes + 112});
    }
    if (const auto *site = std::get_if<SiteMlp>(&model)) {
      return site_network(site->network, {codes, codes + 112});
    }
    return convolutions(std::get<Cnn>(model), codes);
  };
  return {one(first), last != nullptr ? one(last) : 0.0};
}

double squared_error(const TrainedModel &model, const JumpSet &data, const std::vector<std::int64_t> &jumps) {
  double sum = 0.0;
  for (const std::int64_t jump : jumps) {
    const auto j = static_cast<std::size_t>(jump);
    const auto e = jump_barriers(model, &data.first[j * 112], data.both_ways() ? &data.last[j * 112] : nullptr);
    sum += (e[0] - data.forward_eV[j]) * (e[0] - data.forward_eV[j]);
    if (data.both_ways()) {
      sum += (e[1] - data.backward_eV[j]) * (e[1] - data.backward_eV[j]);
    }
  }
  return sum / static_cast<double>(jumps.size() * (data.both_ways() ? 2 : 1));
}

AdamNumbers adam_step(AdamNumbers now, double gradient, double rate, double decay, std::int64_t step, const TrainPlan &plan) {
  now.first = plan.beta1 * now.first + (1.0 - plan.beta1) * gradient;
  now.second = plan.beta2 * now.second + (1.0 - plan.beta2) * gradient * gradient;
  const double first = now.first / (1.0 - std::pow(plan.beta1, static_cast<double>(step)));
  const double second = now.second / (1.0 - std::pow(plan.beta2, static_cast<double>(step)));
  now.parameter -= rate * (first / (std::sqrt(second) + plan.epsilon) + decay * now.parameter);
  return now;
}

PairTruth random_truth(Sequence &random, int species, double spread_eV) {
  PairTruth truth;
  for (int s = 0; s < species; ++s) {
    truth.migration_eV.push_back(1.2 + 0.4 * random.unit());
  }
  const int n = species + 1;
  truth.pair_eV.assign(static_cast<std::size_t>(3 * n * n), 0.0);
  for (int shell = 0; shell < 3; ++shell) {
    for (int a = 0; a < n; ++a) {
      for (int b = 0; b <= a; ++b) {
        const double e = spread_eV * (2.0 * random.unit() - 1.0) / (1 + shell);
        truth.pair_eV[static_cast<std::size_t>((shell * n + a) * n + b)] = e;
        truth.pair_eV[static_cast<std::size_t>((shell * n + b) * n + a)] = e;
      }
    }
  }
  return truth;
}

void append_jumps(JumpSet &data, Sequence &random, const PairTruth &truth, const std::vector<double> &fractions, int jumps) {
  const int codes = static_cast<int>(truth.migration_eV.size()) + 1;
  for (int jump = 0; jump < jumps; ++jump) {
    std::map<Offset, std::uint8_t> alloy; // the vacancy at 0, the atom that jumps at (1,1,1)
    const auto species = [&](const Offset &site) {
      const auto [found, is_new] = alloy.try_emplace(site, std::uint8_t{1});
      if (is_new) {
        double u = random.unit();
        while (found->second < codes - 1 && u >= fractions[static_cast<std::size_t>(found->second - 1)]) {
          u -= fractions[static_cast<std::size_t>(found->second - 1)];
          ++found->second;
        }
      }
      return found->second;
    };
    const std::uint8_t atom = species({1, 1, 1});
    std::vector<std::uint8_t> first, last;
    for (const Offset &o : bcc_tables().offsets) {
      first.push_back(species(o));
    }
    for (const Offset &o : bcc_tables().offsets) {
      // Seen from (1,1,1), turned so that the jump back goes along (1,1,1).
      const Offset site{1 - o[0], 1 - o[1], 1 - o[2]};
      last.push_back(site == Offset{0, 0, 0} ? atom : species(site));
    }
    const double middle = truth.migration_eV[static_cast<std::size_t>(atom - 1)];
    const double half = 0.5 * pair_difference(truth.pair_eV, codes, 3, first.data(), last.data());
    data.first.insert(data.first.end(), first.begin(), first.end());
    data.last.insert(data.last.end(), last.begin(), last.end());
    data.forward_eV.push_back(static_cast<float>(middle + half));
    data.backward_eV.push_back(static_cast<float>(middle - half));
  }
}

} // namespace zener::reference
