// zener_bench_micro (or `zener_bench micro`): single calls of a backend under Google Benchmark. Items are environments, walkers
// or hops.
#include "apps/zener/device_choice.hpp"
#include "host/neutral/errors.hpp"
#include "profiling/bench/benches.hpp"
#include "profiling/bench/test_system.hpp"

#include <benchmark/benchmark.h>

namespace zener::bench {
namespace {

struct NamedModel {
  const char *name;
  BarrierModel model;
  Precision precision;
};

std::vector<NamedModel> models() {
  return {{"constant", ConstantBarrier{1.0}, Precision::float32},
          {"pair_kra", made_pair_kra(), Precision::float32},
          {"mlp_float32", made_network(), Precision::float32},
          {"mlp_float64", made_network(), Precision::float64}};
}

// Barriers of n environments, copies to and from the device and the upload of the model included.
void register_barriers(Backend &backend, const NamedModel &m) {
  benchmark::RegisterBenchmark(("barriers/" + std::string(m.name)).c_str(),
                               [&backend, m](benchmark::State &state) {
                                 const auto n = static_cast<int>(state.range(0));
                                 const std::vector<std::uint8_t> types = random_environments(n, 3);
                                 for (auto _ : state) {
                                   benchmark::DoNotOptimize(backend.barriers(m.model, m.precision, types));
                                 }
                                 state.SetItemsProcessed(state.iterations() * n);
                               })
      ->Arg(1)
      ->Arg(64)
      ->Arg(4096)
      ->UseRealTime();
}

// 100 hops of n walkers of 1,024 sites with pair counts of two shells.
void register_advance(Backend &backend, const NamedModel &m, std::int64_t most_walkers) {
  benchmark::RegisterBenchmark(("advance_100_hops/" + std::string(m.name)).c_str(),
                               [&backend, m](benchmark::State &state) {
                                 const auto n = static_cast<int>(state.range(0));
                                 KmcPlan plan = equimolar_plan(m.model, m.precision, 8, n, 1000.0);
                                 plan.order_shells = 2;
                                 const auto batch = backend.make_kmc(plan);
                                 std::uint64_t hop = 0;
                                 for (auto _ : state) {
                                   batch->advance(hop += 100, {});
                                 }
                                 state.SetItemsProcessed(state.iterations() * n * 100);
                               })
      ->Arg(1)
      ->Arg(most_walkers)
      ->UseRealTime();
}

void register_batches(Backend &backend) {
  const auto plan_of = [](std::int64_t walkers) {
    KmcPlan plan = equimolar_plan(ConstantBarrier{1.0}, Precision::float32, 8, static_cast<int>(walkers), 1000.0);
    plan.order_shells = 2;
    return plan;
  };
  // Random alloys of 1,024 sites and the first count of their bonds.
  benchmark::RegisterBenchmark("make_kmc",
                               [&backend, plan_of](benchmark::State &state) {
                                 const KmcPlan plan = plan_of(state.range(0));
                                 for (auto _ : state) {
                                   benchmark::DoNotOptimize(backend.make_kmc(plan));
                                 }
                                 state.SetItemsProcessed(state.iterations() * state.range(0));
                               })
      ->Arg(1)
      ->Arg(64)
      ->Arg(1024)
      ->UseRealTime();
  // Means and squared deviations of all columns over the replicas, and their copy to the host.
  benchmark::RegisterBenchmark("sample",
                               [&backend, plan_of](benchmark::State &state) {
                                 const auto batch = backend.make_kmc(plan_of(state.range(0)));
                                 for (auto _ : state) {
                                   benchmark::DoNotOptimize(batch->sample());
                                 }
                                 state.SetItemsProcessed(state.iterations() * state.range(0));
                               })
      ->Arg(1)
      ->Arg(64)
      ->Arg(1024)
      ->UseRealTime();
  // A whole state for a checkpoint, to the host.
  benchmark::RegisterBenchmark("save",
                               [&backend, plan_of](benchmark::State &state) {
                                 const auto batch = backend.make_kmc(plan_of(state.range(0)));
                                 for (auto _ : state) {
                                   benchmark::DoNotOptimize(batch->save());
                                 }
                                 state.SetItemsProcessed(state.iterations() * state.range(0));
                               })
      ->Arg(1)
      ->Arg(1024)
      ->UseRealTime();
}

// What is measured besides hops: maps of barriers, exchanges, B2 clusters.
void register_analyses(Backend &backend, std::int64_t most_walkers) {
  // A vacancy on each of 8,192 sites in turn, R at three temperatures; copies included. Items: sites.
  benchmark::RegisterBenchmark("barrier_map/mlp_float32", [&backend](benchmark::State &state) {
    const Mlp model = made_network();
    const LatticeShape shape{Structure::bcc, {16, 16, 16}};
    const std::vector<std::uint8_t> occupancy = random_species(shape.sites(), 3);
    const std::vector<double> temperatures_K{400.0, 1000.0, 3000.0};
    for (auto _ : state) {
      benchmark::DoNotOptimize(backend.barrier_map(model, Precision::float32, shape, occupancy, temperatures_K));
    }
    state.SetItemsProcessed(state.iterations() * shape.sites());
  })->UseRealTime();
  // 100 trials of n walkers of 1,024 sites. Items: trials.
  benchmark::RegisterBenchmark("exchange_100_trials",
                               [&backend](benchmark::State &state) {
                                 const auto n = static_cast<int>(state.range(0));
                                 KmcPlan plan = equimolar_plan(made_pair_kra(), Precision::float32, 8, n, 1000.0);
                                 plan.dynamics = Dynamics::metropolis_swaps;
                                 plan.order_shells = 2;
                                 const auto batch = backend.make_kmc(plan);
                                 std::uint64_t trial = 0;
                                 for (auto _ : state) {
                                   batch->advance(trial += 100, {});
                                 }
                                 state.SetItemsProcessed(state.iterations() * n * 100);
                               })
      ->Arg(1)
      ->Arg(most_walkers)
      ->UseRealTime();
  // A row with B2 centres, their clusters and those that persist, 128,000 sites. Items: sites.
  benchmark::RegisterBenchmark("sample_b2", [&backend](benchmark::State &state) {
    KmcPlan plan = equimolar_plan(made_pair_kra(), Precision::float32, 40, 1, 1000.0);
    plan.b2 = B2Rule{2, 3, 3, 12, 1000}; // three partners: a third of the sites are centres
    const auto batch = backend.make_kmc(plan);
    for (auto _ : state) {
      benchmark::DoNotOptimize(batch->sample());
    }
    state.SetItemsProcessed(state.iterations() * plan.sites());
  })->UseRealTime();
}

int run(const std::vector<std::string> &arguments) {
  std::string wanted = "auto";
  std::vector<std::string> kept{"zener_bench micro"};
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--help" || arguments[i] == "-h") {
      std::printf(
          "usage: zener_bench micro [--device auto|cpu|cuda:N|hip:N] [Google Benchmark's options, e.g. --benchmark_filter=mlp, "
          "--benchmark_list_tests]\n");
      return 0;
    }
    if (arguments[i] == "--device") {
      if (i + 1 == arguments.size()) {
        throw ConfigError("micro: --device needs a value: auto, cpu, cuda:N or hip:N");
      }
      wanted = arguments[++i];
    } else {
      kept.push_back(arguments[i]);
    }
  }
  std::vector<char *> argv;
  for (std::string &argument : kept) {
    argv.push_back(argument.data());
  }
  int argc = static_cast<int>(argv.size());
  benchmark::Initialize(&argc, argv.data());
  if (argc > 1) {
    throw ConfigError(std::string("micro: unknown argument ") + argv[1] + "; see zener_bench micro --help");
  }

  const ChosenDevice device = choose_device(wanted, 0);
  for (const NamedModel &m : models()) {
    register_barriers(*device.backend, m);
  }
  const std::int64_t most_walkers = device.backend_name == "cpu" ? 64 : 16384; // enough to fill the device
  for (const NamedModel &m : models()) {
    register_advance(*device.backend, m, most_walkers);
  }
  register_batches(*device.backend);
  register_analyses(*device.backend, most_walkers);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

} // namespace
} // namespace zener::bench

int main(int argc, char **argv) { return zener::bench::run_main(zener::bench::run, argc, argv); }
