#include "profiling/bench/test_system.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/lattice_tables.hpp"
#include "host/neutral/text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace zener::bench {
namespace {

constexpr int kEnvironmentsChecked = 200;
constexpr double kToleranceFloat32_eV = 1e-5;
constexpr double kToleranceFloat64_eV = 1e-9;

// SplitMix64: 64 random bits from a counter (Steele, Lea, Flood, OOPSLA 2014, doi:10.1145/2660193.2660195).
std::uint64_t bits_of(std::uint64_t counter) {
  std::uint64_t z = (counter + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

double rounded(double x) { return std::nearbyint(x * 0x1p20) * 0x1p-20; }

// Uniform in [-scale, scale), a multiple of 2^-20.
double number(std::uint64_t counter, double scale) {
  return rounded((static_cast<double>(bits_of(counter) >> 11) * 0x1p-52 - 1.0) * scale);
}

class Fnv1a {
public:
  template <class T> void add(const std::vector<T> &values) {
    for (const T value : values) {
      add_bytes(&value, sizeof value);
    }
  }
  void add_bytes(const void *data, std::size_t n) {
    const auto *bytes = static_cast<const unsigned char *>(data);
    for (std::size_t i = 0; i < n; ++i) {
      hash_ = (hash_ ^ bytes[i]) * 0x100000001B3u;
    }
  }
  std::uint64_t hash() const { return hash_; }

private:
  std::uint64_t hash_ = 0xCBF29CE484222325u;
};

std::string hex(std::uint64_t value) {
  char text[20];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

double largest_difference(const std::vector<double> &a, const std::vector<double> &b) {
  double largest = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(a.at(i) - b.at(i));
    if (!(difference <= largest)) {
      largest = difference;
    }
    if (std::isnan(largest)) {
      break;
    }
  }
  return largest;
}

} // namespace

Mlp made_network() {
  Mlp mlp;
  mlp.elements = {"Nb", "Mo", "Ta"};
  mlp.lattice_constant_A = 3.24;
  mlp.cutoff_A = 7.5;
  mlp.source = "made by zener_bench from a counter";
  mlp.file = "made by zener_bench";
  constexpr int width[] = {kEnvironmentSites, 128, 128, 128, 128, 1};
  std::uint64_t counter = 0;
  for (int l = 0; l < 5; ++l) {
    const bool last = l == 4;
    DenseLayer layer;
    layer.in = width[l];
    layer.out = width[l + 1];
    // sqrt(6 / in) keeps the size of activations through layers with ReLU; the last factor sets the spread of the barriers.
    const double scale = (last ? 0.3125 : 1.0) * std::sqrt(6.0 / layer.in);
    for (int o = 0; o < layer.out; ++o) {
      double sum = 0.0;
      for (int k = 0; k < layer.in; ++k) {
        layer.weight.push_back(number(counter++, scale));
        sum += layer.weight.back();
      }
      // The first layer sees codes minus 2, so that the mean environment gives 0.
      layer.bias.push_back(l == 0 ? -2.0 * sum : last ? 1.375 : number(counter++, 0.25));
    }
    mlp.layers.push_back(std::move(layer));
  }
  return mlp;
}

Mlp made_saddle_network() {
  Mlp mlp = made_network();
  // The first neuron of every layer carries the saddle's energy, a weight for each distance from the middle of the jump: the
  // same sites have the same weights seen from either end. The codes have a variance of 2/3 in an equimolar ternary alloy.
  constexpr double kSaddleSpread_eV = 0.225;
  constexpr double kShareOfOthers = 0.6; // of made_network's spread of 0.2 eV
  DenseLayer &first = mlp.layers.front();
  double squares = 0.0;
  for (std::size_t k = 0; k < kEnvironmentSites; ++k) {
    const Offset &o = bcc_tables().offsets[k];
    int distance = 0; // squared, from the middle of (0,0,0) and (1,1,1), in quarters of a
    for (const int x : o) {
      distance += (2 * x - 1) * (2 * x - 1);
    }
    first.weight[k] = number(std::uint64_t{1000000} + static_cast<std::uint64_t>(distance), 1.0) * std::exp(-distance / 40.0);
    squares += first.weight[k] * first.weight[k] * 2.0 / 3.0;
  }
  double sum = 0.0;
  for (std::size_t k = 0; k < kEnvironmentSites; ++k) {
    first.weight[k] *= kSaddleSpread_eV / std::sqrt(squares);
    sum += first.weight[k];
  }
  constexpr double kMean_eV = 1.75;
  first.bias[0] = kMean_eV - 2.0 * sum;
  for (std::size_t l = 1; l < 4; ++l) {
    DenseLayer &layer = mlp.layers[l];
    std::fill(layer.weight.begin(), layer.weight.begin() + layer.in, 0.0);
    layer.weight[0] = 1.0;
    layer.bias[0] = 0.0;
    for (int o = 1; o < layer.out; ++o) {
      layer.weight[static_cast<std::size_t>(o) * static_cast<std::size_t>(layer.in)] = 0.0;
    }
  }
  DenseLayer &output = mlp.layers.back();
  for (double &weight : output.weight) {
    weight *= kShareOfOthers;
  }
  output.weight[0] = 1.0;
  output.bias[0] = kShareOfOthers * (output.bias[0] - 1.5);
  return mlp;
}

PairKra made_pair_kra() {
  PairKra model;
  model.elements = {"Nb", "Mo", "Ta"};
  model.migration_eV = {1.0, 1.25, 1.125};
  model.shells = 2;
  model.source = "made by zener_bench";
  model.file = "made by zener_bench";
  model.pair_eV.assign(2 * 4 * 4, 0.0);
  for (int shell = 0; shell < 2; ++shell) {
    for (int a = 1; a < 4; ++a) {
      for (int b = 1; b <= a; ++b) {
        const double energy_eV = (shell == 0 ? -0.015625 : 0.0078125) * (a + b);
        model.pair_eV[static_cast<std::size_t>((shell * 4 + a) * 4 + b)] = energy_eV;
        model.pair_eV[static_cast<std::size_t>((shell * 4 + b) * 4 + a)] = energy_eV;
      }
    }
  }
  return model;
}

namespace {

// Numbers in [-scale, scale), in order.
class Numbers {
public:
  explicit Numbers(std::uint64_t first) : next_(first) {}
  std::vector<double> operator()(int n, double scale) {
    std::vector<double> values;
    for (int i = 0; i < n; ++i) {
      values.push_back(number(next_++, scale));
    }
    return values;
  }

private:
  std::uint64_t next_;
};

// Dense layers to one output around `level`.
std::vector<DenseLayer> made_layers(Numbers &numbers, int in, const std::vector<int> &hidden, double level) {
  std::vector<DenseLayer> layers;
  for (const int out : hidden) {
    layers.push_back({in, out, numbers(in * out, std::sqrt(6.0 / in)), numbers(out, 0.1)});
    in = out;
  }
  layers.push_back({in, 1, numbers(in, 0.25 * std::sqrt(6.0 / in)), {level}});
  return layers;
}

SiteNetwork made_sites(Numbers &numbers, SiteGroup group, int sites, int units, const std::vector<int> &hidden, double level) {
  SiteNetwork network;
  network.sites = sites;
  network.codes = 4;
  network.group = group;
  network.table = numbers(units * sites * network.codes, std::sqrt(6.0 / sites));
  network.bias = numbers(units, 0.1);
  network.layers = made_layers(numbers, units, hidden, level);
  return network;
}

template <class Network> Network made_nb_mo_ta() {
  Network network;
  network.elements = {"Nb", "Mo", "Ta"};
  network.lattice_constant_A = 3.24;
  network.source = network.file = "made by zener_bench";
  return network;
}

} // namespace

SiteMlp made_site_mlp() {
  auto made = made_nb_mo_ta<SiteMlp>();
  Numbers numbers(std::uint64_t{1} << 40);
  made.network = made_sites(numbers, SiteGroup::axis, kEnvironmentSites, 128, {128, 128}, 1.5);
  return made;
}

Cnn made_cnn() {
  auto made = made_nb_mo_ta<Cnn>();
  Numbers numbers(std::uint64_t{1} << 41);
  int in = 1;
  for (const int out : {32, 64, 128, 128}) {
    made.layers.push_back({in, out, numbers(27 * in * out, std::sqrt(6.0 / (27 * in))), numbers(out, 0.1)});
    in = out;
  }
  made.output = made_layers(numbers, in, {}, 1.5).front();
  return made;
}

Consistent made_consistent(int shells) {
  auto made = made_nb_mo_ta<Consistent>();
  Numbers numbers(std::uint64_t{1} << 42);
  made.jump = made_sites(numbers, SiteGroup::jump, static_cast<int>(jump_sites().size()), 32, {64, 64}, 1.5);
  made.state = made_sites(numbers, SiteGroup::vacancy, sites_of_shells(shells), 8, {32}, 0.0);
  made.state_shells = made.pair_shells = shells;
  made.pair_eV.assign(static_cast<std::size_t>(16 * shells), 0.0);
  for (std::size_t i = 0; i < made.pair_eV.size(); ++i) {
    const std::size_t a = i / 4 % 4, b = i % 4;
    made.pair_eV[i] = number((std::uint64_t{1} << 43) + i / 16 * 16 + std::min(a, b) * 4 + std::max(a, b), 0.02);
  }
  return made;
}

double flops_per_hop(const BarrierModel &model) {
  double flops = 0.0;
  if (const auto *cnn = std::get_if<Cnn>(&model)) {
    int side = 9;
    for (const Cnn::Layer &layer : cnn->layers) {
      side -= 2;
      flops += 2.0 * kPaths * side * side * side * 27 * layer.in * layer.out;
    }
  }
  if (const auto *mlp = std::get_if<Mlp>(&model)) {
    for (const DenseLayer &layer : mlp->layers) {
      flops += 2.0 * kPaths * layer.in * layer.out;
    }
  }
  return flops;
}

namespace {

// As many atoms of each species as can be; they sum to sites - vacancies.
std::vector<std::int64_t> equimolar_atoms(const KmcPlan &plan) {
  std::vector<std::int64_t> atoms;
  const std::int64_t species = plan.species();
  for (std::int64_t s = 0; s < species; ++s) {
    atoms.push_back((plan.sites() - plan.vacancies + s) / species);
  }
  return atoms;
}

} // namespace

KmcPlan equimolar_plan(const BarrierModel &model, Precision precision, int cells, int walkers, double temperature_K) {
  KmcPlan plan;
  plan.cells = {cells, cells, cells};
  plan.lattice_constant_A = 3.24;
  plan.elements = {"Nb", "Mo", "Ta"};
  if (const auto *mlp = std::get_if<Mlp>(&model)) {
    plan.elements = mlp->elements;
    plan.lattice_constant_A = mlp->lattice_constant_A;
  }
  plan.model = model;
  plan.precision = precision;
  plan.seed = 1;
  plan.replicas = walkers;
  plan.groups = {{temperature_K, equimolar_atoms(plan)}};
  return plan;
}

std::vector<std::uint8_t> random_species(std::int64_t n, int species) {
  std::vector<std::uint8_t> types(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < types.size(); ++i) {
    types[i] =
        static_cast<std::uint8_t>(1 + (bits_of(i + (std::uint64_t{1} << 32)) >> 32) % static_cast<std::uint64_t>(species));
  }
  return types;
}

std::vector<std::uint8_t> random_environments(int n, int species) {
  return random_species(std::int64_t{n} * kEnvironmentSites, species);
}

std::vector<double> naive_barriers(const Mlp &mlp, const std::vector<std::uint8_t> &types) {
  const auto &offsets = bcc_tables().offsets;
  std::vector<double> barriers;
  for (std::size_t first = 0; first < types.size(); first += kEnvironmentSites) {
    for (int path = 0; path < kPaths; ++path) {
      const std::array<int, 9> a = alignment_matrix(offsets[static_cast<std::size_t>(path)]);
      std::vector<double> x(kEnvironmentSites);
      for (std::size_t site = 0; site < kEnvironmentSites; ++site) {
        const Offset &r = offsets[site];
        const Offset turned{a[0] * r[0] + a[1] * r[1] + a[2] * r[2], a[3] * r[0] + a[4] * r[1] + a[5] * r[2],
                            a[6] * r[0] + a[7] * r[1] + a[8] * r[2]};
        const auto place = std::find(offsets.begin(), offsets.end(), turned) - offsets.begin();
        x.at(static_cast<std::size_t>(place)) = types[first + site];
      }
      for (const DenseLayer &layer : mlp.layers) {
        std::vector<double> y(layer.bias);
        for (std::size_t o = 0; o < y.size(); ++o) {
          for (std::size_t k = 0; k < x.size(); ++k) {
            y[o] += layer.weight[o * x.size() + k] * x[k];
          }
          if (&layer != &mlp.layers.back() && y[o] < 0.0) {
            y[o] = 0.0;
          }
        }
        x = y;
      }
      barriers.push_back(x[0]);
    }
  }
  return barriers;
}

std::uint64_t state_hash(const KmcState &state) {
  Fnv1a fnv;
  fnv.add_bytes(&state.hops, sizeof state.hops);
  fnv.add(state.occupancy);
  fnv.add(state.vacancy_site);
  fnv.add(state.displacement);
  fnv.add(state.time_s);
  fnv.add(state.walker_hops);
  fnv.add(state.status);
  fnv.add(state.smallest_barrier_eV);
  fnv.add(state.pair_counts);
  fnv.add(state.pair_time);
  fnv.add(state.pair_hops);
  fnv.add(state.averaged_time_s);
  fnv.add(state.averaged_hops);
  fnv.add(state.contacts);
  fnv.add(state.randomness);
  fnv.add(state.randomness_histogram);
  fnv.add(state.jumps);
  fnv.add(state.collective);
  fnv.add(state.squared);
  fnv.add(state.atom_displacement);
  fnv.add(state.energy);
  fnv.add(state.accepted);
  fnv.add(state.b2_since);
  return fnv.hash();
}

const std::vector<GoldenCase> &golden_cases() {
  // 3 walkers take the path for few walkers on a GPU, 512 and more the one for many.
  static const std::vector<GoldenCase> cases{
      {"constant", "constant", Precision::float32, 512, 1000, 0x9411a188cebee44du},
      {"pair_kra", "pair_kra", Precision::float32, 512, 500, 0x45fd2a7c66b24275u},
      {"mlp float32, many walkers", "mlp", Precision::float32, 512, 64, 0x519e144e640bfc57u},
      {"mlp float32, few walkers", "mlp", Precision::float32, 3, 3000, 0x1fb36a5e78ae98dbu},
      {"mlp float64, many walkers", "mlp", Precision::float64, 512, 32, 0xa727e2b45baf729du},
      {"mlp float64, few walkers", "mlp", Precision::float64, 3, 1500, 0x6d73723a8d827445u},
      {"mlp float32, many walkers, memory", "mlp", Precision::float32, 512, 64, 0x519e144e640bfc57u, 48},
      {"mlp float32, few walkers, memory", "mlp", Precision::float32, 3, 3000, 0x1fb36a5e78ae98dbu, 1024},
      {"mlp float64, few walkers, memory", "mlp", Precision::float64, 3, 1500, 0x6d73723a8d827445u, 1024},
      {"mlp float32, 3 vacancies, observed, memory", "mlp", Precision::float32, 64, 100, 0x03e9b0b10b79ddb1u, 48,
       Structure::bcc, 3, true},
      {"pair_kra, 3 vacancies, observed", "pair_kra", Precision::float32, 64, 300, 0xdab37fb45d24b0f7u, 0, Structure::bcc, 3,
       true},
      {"pair_kra, sc, observed", "pair_kra", Precision::float32, 64, 300, 0xeacf8035d27c7a38u, 0, Structure::sc, 1, true},
      {"pair_kra, fcc, observed", "pair_kra", Precision::float32, 64, 300, 0x9efdbb954946a600u, 0, Structure::fcc, 1, true},
      {"exchanges", "pair_kra", Precision::float32, 64, 1000, 0xe76e5583662dee3du, 0, Structure::bcc, 1, false, true},
      {"exchanges, fcc", "pair_kra", Precision::float32, 64, 1000, 0x3e0e5c9322f6a92cu, 0, Structure::fcc, 2, false, true},
  };
  return cases;
}

std::uint64_t run_golden_case(Backend &backend, const GoldenCase &golden) {
  BarrierModel model = ConstantBarrier{1.0};
  if (golden.model == std::string("pair_kra")) {
    model = made_pair_kra();
  } else if (golden.model == std::string("mlp")) {
    model = made_network();
  }
  KmcPlan plan = equimolar_plan(model, golden.precision, 6, golden.walkers, 700.0);
  plan.order_shells = 2;
  plan.memory_entries = golden.memory_entries;
  plan.structure = golden.structure;
  plan.vacancies = golden.vacancies;
  plan.groups.front().atoms = equimolar_atoms(plan);
  plan.randomness = plan.transport = plan.tracers = golden.observed;
  if (golden.observed && golden.structure == Structure::bcc) {
    plan.b2 = B2Rule{2, 3, 4, 12, golden.hops};
  }
  plan.dynamics = golden.swaps ? Dynamics::metropolis_swaps : Dynamics::vacancy_hops;
  const auto batch = backend.make_kmc(plan);
  batch->advance(golden.hops / 3, {}); // in two calls: a cut must not matter
  const std::uint64_t samples[] = {golden.hops / 2, golden.hops};
  batch->advance(golden.hops, samples);
  return state_hash(batch->save());
}

CheckResult check_results(Backend &backend, const Mlp &mlp) {
  CheckResult result;
  for (const GoldenCase &golden : golden_cases()) {
    const std::uint64_t hash = run_golden_case(backend, golden);
    if (hash != golden.hash) {
      throw InvariantError(std::string("the run '") + golden.name + "' ends in a state with hash " + hex(hash) +
                           "; the golden value is " + hex(golden.hash) + ". No speed is printed for wrong results");
    }
    ++result.hashes;
  }
  const std::vector<std::uint8_t> types = random_environments(kEnvironmentsChecked, static_cast<int>(mlp.elements.size()));
  const std::vector<double> expected = naive_barriers(mlp, types);
  result.environments = kEnvironmentsChecked;
  const auto compare = [&](Precision precision, const char *name, double tolerance_eV) {
    const double error_eV = largest_difference(backend.barriers(mlp, precision, types).barrier_eV, expected);
    if (!(error_eV <= tolerance_eV)) {
      throw InvariantError(std::string("barriers in ") + name + " differ by " + number_text(error_eV) +
                           " eV from a naive evaluation; at most " + number_text(tolerance_eV) +
                           " eV is allowed. No speed is printed for wrong results");
    }
    return error_eV;
  };
  result.largest_error_float32_eV = compare(Precision::float32, "float32", kToleranceFloat32_eV);
  result.largest_error_float64_eV = compare(Precision::float64, "float64", kToleranceFloat64_eV);
  return result;
}

} // namespace zener::bench
