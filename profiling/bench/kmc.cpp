// zener_bench kmc: speed of the vacancy walkers.
//
// Rounds: in each, the matrix product and every state are timed one after the other, so that a machine whose clock or load
// drifts treats them alike. Rates are medians over rounds; a share is the median of the rounds' own ratios. On a CPU first one
// thread (figures per core), then all threads (the machine).
#include "apps/zener/device_choice.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/text.hpp"
#include "host/neutral/version.hpp"
#include "profiling/bench/benches.hpp"
#include "profiling/bench/machine.hpp"
#include "profiling/bench/test_system.hpp"
#include "profiling/bench/yardstick.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

namespace zener::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kTemperature_K = 1000.0;
constexpr double kColdTemperature_K = 400.0;
constexpr std::int64_t kMemoryEntries = 65536; // of each walker, in the states with a memory

struct Options {
  std::string device = "auto";
  std::string json;
  std::string model;
  int threads = 0;
  double seconds = 3.0;
  bool quick = false;
};

struct State {
  std::string name;
  BarrierModel model;
  Precision precision = Precision::float32;
  int cells = 8;
  int walkers = 1;
  int order_shells = 0;
  bool headline = false; // one of the three states of the top-level figures
  double temperature_K = kTemperature_K;
  std::int64_t memory_entries = 0; // of each walker
  std::uint64_t most_warmup = std::numeric_limits<std::uint64_t>::max();
};

// A batch that is timed again and again.
class Timed {
public:
  Timed(Backend &backend, const KmcPlan &plan, std::uint64_t warmup_hops)
      : walkers_(static_cast<double>(plan.walkers())), batch_(backend.make_kmc(plan)) {
    advance(warmup_hops);
  }

  // Chooses the hops of a sample so that it takes about `seconds`.
  void calibrate(double seconds) {
    std::uint64_t hops = 1;
    double took = advance(hops);
    while (took < 0.1 * seconds) {
      hops *= 4;
      took = advance(hops);
    }
    hops_of_a_sample_ = static_cast<std::uint64_t>(std::max(1.0, static_cast<double>(hops) * seconds / took));
  }

  // Hops per second of all walkers together.
  double sample() {
    const std::uint64_t lookups = lookups_;
    const std::uint64_t hits = hits_;
    const double took = advance(hops_of_a_sample_);
    hit_rate_ = lookups_ > lookups ? static_cast<double>(hits_ - hits) / static_cast<double>(lookups_ - lookups) : 0.0;
    return static_cast<double>(hops_of_a_sample_) * walkers_ / took;
  }

  // Share of the environments of the last sample that the memory knew.
  double hit_rate() const { return hit_rate_; }

private:
  double advance(std::uint64_t hops) {
    done_ += hops;
    const Stopwatch watch;
    const AdvanceReport report = batch_->advance(done_, {});
    const double seconds = watch.seconds();
    lookups_ = report.memory_lookups;
    hits_ = report.memory_hits;
    if (static_cast<double>(report.running) != walkers_) {
      throw DataError("walker " + std::to_string(report.first_halted) + " stopped during the measurement (" +
                      std::to_string(report.no_possible_hop) + " walkers without a possible hop, " +
                      std::to_string(report.bad_barrier) +
                      " with a barrier that is not finite); the network is unusable at 1000 K");
    }
    return seconds;
  }

  double walkers_;
  std::unique_ptr<KmcBatch> batch_;
  std::uint64_t done_ = 0;
  std::uint64_t hops_of_a_sample_ = 1;
  std::uint64_t lookups_ = 0;
  std::uint64_t hits_ = 0;
  double hit_rate_ = 0.0;
};

// Waits until the threads of the last parallel region have stopped spinning.
void settle() { std::this_thread::sleep_for(std::chrono::milliseconds(100)); }

struct Samples {
  std::vector<double> hops_per_s;
  std::vector<double> share; // of the yardstick in the same round
  double hit_rate = 0.0;     // of the memory, in the last round
};

// Samples of every state, and of the yardstick on as many threads.
struct Measured {
  std::vector<Samples> states;
  std::vector<double> sgemm_gflops;
  double cpu_share = 0.0; // processor time that the samples got, of their wall time on all their threads
};

Measured measure(std::vector<std::unique_ptr<Timed>> &timed, const std::vector<State> &states, Sgemm &sgemm, int threads,
                 int rounds, double seconds) {
  Measured m;
  m.states.resize(timed.size());
  for (auto &t : timed) {
    t->calibrate(seconds);
  }
  double wall_s = 0.0;
  double cpu_s = 0.0;
  for (int round = 0; round < rounds; ++round) {
    settle();
    const double gflops = sgemm.gflops(threads, 0.5 * seconds);
    m.sgemm_gflops.push_back(gflops);
    settle();
    const std::clock_t cpu_before = std::clock();
    const Stopwatch watch;
    for (std::size_t i = 0; i < timed.size(); ++i) {
      const double hops_per_s = timed[i]->sample();
      m.states[i].hops_per_s.push_back(hops_per_s);
      m.states[i].hit_rate = timed[i]->hit_rate();
      m.states[i].share.push_back(hops_per_s * flops_per_hop(states[i].model) * 1e-9 / gflops);
    }
    wall_s += watch.seconds();
    cpu_s += static_cast<double>(std::clock() - cpu_before) / CLOCKS_PER_SEC;
  }
  m.cpu_share = cpu_s / (wall_s * threads);
  return m;
}

KmcPlan plan_of(const State &state, int walkers) {
  KmcPlan plan = equimolar_plan(state.model, state.precision, state.cells, walkers, state.temperature_K);
  plan.order_shells = state.order_shells;
  plan.memory_entries = state.memory_entries;
  return plan;
}

// mlp: of the states without a memory; alloy: of those with one.
std::vector<State> make_states(const Mlp &mlp, const Mlp &alloy) {
  std::vector<State> states{
      {"A: 64 walkers of 1,024 sites", mlp, Precision::float32, 8, 64, 0, true},
      {"B: 1 walker of 1,024 sites", mlp, Precision::float32, 8, 1, 0, true},
      {"C: 1 walker of 128,000 sites", mlp, Precision::float32, 40, 1, 0, true},
      {"A with pair counts of 2 shells", mlp, Precision::float32, 8, 64, 2, false},
      {"A in float64", mlp, Precision::float64, 8, 64, 0, false},
      {"A with pair_kra barriers", made_pair_kra(), Precision::float32, 8, 64, 0, false},
      {"A with a constant barrier", ConstantBarrier{1.0}, Precision::float32, 8, 64, 0, false},
      {"A with site_mlp", made_site_mlp(), Precision::float32, 8, 64, 0, false},
      {"A with consistent, 3 shells", made_consistent(3), Precision::float32, 8, 64, 0, false},
      {"A with consistent, 5 shells", made_consistent(5), Precision::float32, 8, 64, 0, false},
      {"A with consistent, 8 shells", made_consistent(8), Precision::float32, 8, 64, 0, false},
      {"A with cnn, 4 walkers", made_cnn(), Precision::float32, 8, 4, 0, false, kTemperature_K, 0, 10},
  };
  for (const double temperature_K : {kTemperature_K, kColdTemperature_K}) {
    const std::string suffix = temperature_K == kTemperature_K ? " with memory" : " with memory, 400 K";
    for (std::size_t i = 0; i < 3; ++i) {
      State state = states[i];
      state.name = state.name.substr(0, 1) + suffix;
      state.headline = false;
      state.model = alloy;
      state.temperature_K = temperature_K;
      state.memory_entries = kMemoryEntries;
      states.push_back(state);
    }
  }
  return states;
}

Json describe_state(const State &state, std::uint64_t warmup_hops) {
  Json j;
  j["name"] = state.name;
  j["model"] = kind_name(state.model);
  j["precision"] = state.precision == Precision::float32 ? "float32" : "float64";
  j["walkers"] = state.walkers;
  j["sites"] = plan_of(state, 1).sites();
  j["temperature_K"] = state.temperature_K;
  j["order_shells"] = state.order_shells;
  j["memory_entries"] = state.memory_entries;
  j["warmup_hops_per_walker"] = warmup_hops;
  j["in_minimum"] = state.headline;
  return j;
}

Json share_or_null(const State &state, const Samples &samples) {
  const bool comparable =
      state.precision == Precision::float32 && flops_per_hop(state.model) > 0.0 && state.memory_entries == 0;
  return comparable ? Json(median(samples.share)) : Json(nullptr);
}

std::string rate_text(const State &state, const Samples &samples) {
  char text[80];
  const double hops_per_s = median(samples.hops_per_s);
  const double flops = flops_per_hop(state.model);
  if (state.memory_entries > 0) {
    std::snprintf(text, sizeof text, "%11s %6.2f %% hits ", grouped(static_cast<std::uint64_t>(hops_per_s)).c_str(),
                  100.0 * samples.hit_rate);
  } else if (flops == 0.0) {
    std::snprintf(text, sizeof text, "%11s %8s %7s", grouped(static_cast<std::uint64_t>(hops_per_s)).c_str(), "-", "-");
  } else if (state.precision == Precision::float64) {
    std::snprintf(text, sizeof text, "%11s %8.1f %7s", grouped(static_cast<std::uint64_t>(hops_per_s)).c_str(),
                  hops_per_s * flops * 1e-9, "-");
  } else {
    std::snprintf(text, sizeof text, "%11s %8.1f %7.2f", grouped(static_cast<std::uint64_t>(hops_per_s)).c_str(),
                  hops_per_s * flops * 1e-9, median(samples.share));
  }
  return text;
}

void measure_cpu(const Options &options, Backend &backend, const Mlp &mlp, const Mlp &alloy, Json &report) {
  const int threads = options.threads > 0 ? options.threads : backend.device().units;
  const int rounds = options.quick ? 3 : 7;
  const double seconds = std::max(0.02, options.seconds / rounds);
  const std::uint64_t warmup = options.quick ? 2000 : 100000;
  const std::uint64_t warmup_further = 2000;
  const std::vector<State> states = make_states(mlp, alloy);

  backend.set_threads(threads);
  std::printf("warm-up at 1000 K on %d threads: %s hops per walker in states A, B and C, %s in the others\n", threads,
              grouped(warmup).c_str(), grouped(warmup_further).c_str());
  std::fflush(stdout);
  const Stopwatch watch;
  std::vector<std::unique_ptr<Timed>> batches;
  std::vector<std::unique_ptr<Timed>> machine_batches; // lone walkers: one for each thread
  for (const State &state : states) {
    const std::uint64_t hops =
        std::min(state.most_warmup, state.headline || state.memory_entries > 0 ? warmup : warmup_further);
    batches.push_back(std::make_unique<Timed>(backend, plan_of(state, state.walkers), hops));
    if (state.walkers == 1) {
      machine_batches.push_back(std::make_unique<Timed>(backend, plan_of(state, threads), hops));
    }
  }
  std::printf("warmed up in %s; measuring\n", duration_text(watch.seconds()).c_str());
  std::fflush(stdout);

  Sgemm sgemm;
  backend.set_threads(1);
  const Measured core = measure(batches, states, sgemm, 1, rounds, seconds);

  auto lone = machine_batches.begin();
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (states[i].walkers == 1) {
      batches[i] = std::move(*lone++);
    }
  }
  backend.set_threads(threads);
  const Measured machine = measure(batches, states, sgemm, threads, rounds, seconds);

  std::printf("\n%-32s %28s   %28s\n", "", "one core", ("machine, " + std::to_string(threads) + " threads").c_str());
  std::printf("%-32s %11s %8s %7s   %11s %8s %7s\n", "", "hops/s", "GFLOP/s", "sgemm", "hops/s", "GFLOP/s", "sgemm");
  double least_hops = std::numeric_limits<double>::infinity();
  double least_share = std::numeric_limits<double>::infinity();
  double least_with_memory = std::numeric_limits<double>::infinity();
  double least_with_memory_cold = std::numeric_limits<double>::infinity();
  Json rows = Json::array();
  for (std::size_t i = 0; i < states.size(); ++i) {
    const State &state = states[i];
    const double flops = flops_per_hop(state.model);
    const double per_core = median(core.states[i].hops_per_s);
    const double per_machine = median(machine.states[i].hops_per_s);
    std::printf("%-32s %s   %s\n", state.name.c_str(), rate_text(state, core.states[i]).c_str(),
                rate_text(state, machine.states[i]).c_str());
    Json row = describe_state(
        state, std::min(state.most_warmup, state.headline || state.memory_entries > 0 ? warmup : warmup_further));
    row["walkers_machine"] = state.walkers == 1 ? threads : state.walkers;
    row["hops_per_s"] = per_core;
    row["hops_per_s_machine"] = per_machine;
    if (state.memory_entries > 0) {
      row["hops_per_s_with_memory"] = per_core;
      row["memory_hit_rate"] = core.states[i].hit_rate;
      double &least = state.temperature_K == kTemperature_K ? least_with_memory : least_with_memory_cold;
      least = std::min(least, per_core);
    }
    const bool counted = flops > 0.0 && state.memory_entries == 0; // with a memory, most of the arithmetic is left out
    row["gflops"] = counted ? Json(per_core * flops * 1e-9) : Json(nullptr);
    row["gflops_machine"] = counted ? Json(per_machine * flops * 1e-9) : Json(nullptr);
    row["share_of_sgemm"] = share_or_null(state, core.states[i]);
    row["share_of_sgemm_machine"] = share_or_null(state, machine.states[i]);
    row["hops_per_s_rounds"] = core.states[i].hops_per_s;
    row["hops_per_s_machine_rounds"] = machine.states[i].hops_per_s;
    rows.push_back(std::move(row));
    if (state.headline) {
      least_hops = std::min(least_hops, per_core);
      least_share = std::min(least_share, median(core.states[i].share));
    }
  }
  std::printf("%-32s %11s %8.1f %7s   %11s %8.1f %7s\n", ("sgemm 1024^3, " + sgemm_kernels() + " kernels").c_str(), "",
              median(core.sgemm_gflops), "", "", median(machine.sgemm_gflops), "");
  std::printf("\nleast of A, B and C, per core: %s hops/s, %.2f of sgemm\n",
              grouped(static_cast<std::uint64_t>(least_hops)).c_str(), least_share);
  std::printf("with a memory of %s environments a walker: %s hops/s at 1000 K, %s at 400 K\n",
              grouped(static_cast<std::uint64_t>(kMemoryEntries)).c_str(),
              grouped(static_cast<std::uint64_t>(least_with_memory)).c_str(),
              grouped(static_cast<std::uint64_t>(least_with_memory_cold)).c_str());

  if (std::min(core.cpu_share, machine.cpu_share) < 0.95) {
    std::printf("note: the machine was busy: these runs got %.0f %% (one core) and %.0f %% (machine) of the processor time; "
                "the rates are "
                "too low\n",
                100.0 * core.cpu_share, 100.0 * machine.cpu_share);
  }

  report["description"] =
      "Vacancy kMC, random equimolar cells, seed 1. Top-level hops_per_s and share_of_sgemm are the least of the states A, B "
      "and C on "
      "one core (one thread); hops_per_s_with_memory and hops_per_s_with_memory_400_K are the least of them with a memory of "
      "environments at 1000 and at 400 K. Rates are medians over rounds in which the matrix product and all states are timed "
      "in turn; "
      "shares are "
      "medians of the rounds' ratios of GFLOP/s to those of a 1024 x 1024 x 1024 float32 OpenBLAS product on as many threads. "
      "*_machine: all threads; a lone walker keeps one thread busy, so there are then walkers_machine of them. "
      "cpu_share_*: processor time over wall time of the samples; below 1 the machine was busy with other work.";
  report["hops_per_s"] = least_hops;
  report["share_of_sgemm"] = least_share;
  report["hops_per_s_with_memory"] = least_with_memory;
  report["hops_per_s_with_memory_400_K"] = least_with_memory_cold;
  report["memory_entries"] = kMemoryEntries;
  report["sgemm_kernels"] = "OpenBLAS, " + sgemm_kernels();
  report["sgemm_gflops_per_core"] = median(core.sgemm_gflops);
  report["sgemm_gflops_machine"] = median(machine.sgemm_gflops);
  report["sgemm_gflops_per_core_rounds"] = core.sgemm_gflops;
  report["sgemm_gflops_machine_rounds"] = machine.sgemm_gflops;
  report["cpu_share_per_core"] = core.cpu_share;
  report["cpu_share_machine"] = machine.cpu_share;
  report["threads"] = threads;
  report["rounds"] = rounds;
  report["seconds_per_sample"] = seconds;
  report["states"] = std::move(rows);
}

// Float32 peaks of the makers' data sheets, TFLOP/s of one device as the runtime counts them (a MI250X is two).
std::optional<double> datasheet_tflops(const std::string &name) {
  struct Entry {
    const char *part;
    double tflops;
  };
  constexpr std::array entries{Entry{"H200 NVL", 60.0}, Entry{"H200", 67.0}, Entry{"H100 NVL", 60.0}, Entry{"H100 PCIe", 51.0},
                               Entry{"H100", 67.0},     Entry{"A100", 19.5}, Entry{"MI250X", 23.95},  Entry{"MI210", 22.6}};
  for (const Entry &entry : entries) {
    if (name.find(entry.part) != std::string::npos) {
      return entry.tflops;
    }
  }
  return std::nullopt;
}

void measure_gpu(const Options &options, Backend &backend, const Mlp &mlp, const Mlp &alloy, Json &report) {
  const int rounds = 3;
  const double seconds = options.quick ? 0.2 : std::max(0.1, options.seconds / rounds);
  const std::uint64_t warmup = options.quick ? 2000 : 100000;
  const std::uint64_t warmup_sweep = options.quick ? 32 : 256;
  const DeviceInfo info = backend.device();
  const std::optional<double> peak_tflops = datasheet_tflops(info.name);
  if (!peak_tflops) {
    std::printf("the float32 peak of this device is not in the table of data sheets: no shares are given\n");
  }
  const auto share = [&](const State &state, double hops_per_s) {
    const double flops = flops_per_hop(state.model);
    const bool comparable = peak_tflops && flops > 0.0 && state.precision == Precision::float32;
    return comparable ? Json(hops_per_s * flops * 1e-12 / *peak_tflops) : Json(nullptr);
  };
  const auto run = [&](const State &state, std::uint64_t warmup_hops) {
    Timed timed(backend, plan_of(state, state.walkers), warmup_hops);
    timed.calibrate(seconds);
    std::vector<double> samples;
    for (int round = 0; round < rounds; ++round) {
      samples.push_back(timed.sample());
    }
    const double hops_per_s = median(samples);
    Json row = describe_state(state, warmup_hops);
    row["hops_per_s"] = hops_per_s;
    row["gflops"] = flops_per_hop(state.model) > 0.0 ? Json(hops_per_s * flops_per_hop(state.model) * 1e-9) : Json(nullptr);
    row["share_of_float32_peak"] = share(state, hops_per_s);
    row["microseconds_per_hop_of_a_walker"] = 1e6 * state.walkers / hops_per_s;
    row["hops_per_s_rounds"] = samples;
    const Json &of_peak = row["share_of_float32_peak"];
    std::printf("%-34s %15s hops/s %12.3f us a hop and walker", state.name.c_str(),
                grouped(static_cast<std::uint64_t>(hops_per_s)).c_str(), 1e6 * state.walkers / hops_per_s);
    if (!of_peak.is_null()) {
      std::printf(" %7.1f %% of peak", 100.0 * of_peak.get<double>());
    }
    std::printf("\n");
    std::fflush(stdout);
    return row;
  };

  Json rows = Json::array();
  for (const State &state : make_states(mlp, alloy)) {
    rows.push_back(run(state, std::min(state.most_warmup, state.headline ? warmup : warmup_sweep)));
  }
  Json sweep = Json::array();
  double most_hops = 0.0;
  Json most_share = nullptr;
  for (int power = 10; power <= 22; ++power) {
    const State state{"2^" + std::to_string(power) + " walkers of 1,024 sites", mlp, Precision::float32, 8, 1 << power};
    const std::size_t needed = device_bytes(plan_of(state, state.walkers));
    if (needed > backend.device().memory_free_bytes) {
      std::printf("%-34s left out: needs %zu MiB\n", state.name.c_str(), needed >> 20);
      break;
    }
    Json row = run(state, warmup_sweep);
    if (row["hops_per_s"].get<double>() > most_hops) {
      most_hops = row["hops_per_s"].get<double>();
      most_share = row["share_of_float32_peak"];
    }
    sweep.push_back(std::move(row));
  }

  report["description"] = "Vacancy kMC, random equimolar cells, seed 1, on one GPU. Top-level hops_per_s and "
                          "share_of_float32_peak are the highest of the "
                          "sweep over the number of walkers. Rates are medians over rounds. The peak is the maker's data "
                          "sheet's; null when unknown.";
  report["hops_per_s"] = most_hops;
  report["share_of_sgemm"] = nullptr; // the yardstick of a CPU
  report["share_of_float32_peak"] = most_share;
  report["float32_peak_tflops"] = peak_tflops ? Json(*peak_tflops) : Json(nullptr);
  report["latency_us_per_hop"] = rows.at(1).at("microseconds_per_hop_of_a_walker");
  report["rounds"] = rounds;
  report["seconds_per_sample"] = seconds;
  report["states"] = std::move(rows);
  report["sweep"] = std::move(sweep);
}

std::optional<Options> parse(const std::vector<std::string> &arguments) {
  Options options;
  CLI::App app("Checks the result, then measures hops/s of vacancy kMC", "zener_bench kmc");
  app.add_option("--json", options.json, "write the figures to this file");
  app.add_option("--device", options.device, "auto, cpu, cuda:N or hip:N");
  app.add_option("--threads", options.threads, "threads of the CPU's whole-machine figures (default: all)")
      ->check(CLI::Range(1, 4096));
  app.add_option("--seconds", options.seconds, "time of each figure")->check(CLI::Range(0.05, 3600.0))->capture_default_str();
  app.add_option("--model", options.model, "a network (safetensors) in place of the made one");
  app.add_flag("--quick", options.quick, "short warm-up, 0.6 s a figure unless --seconds is given");
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp &) {
    std::printf("%s", app.help().c_str());
    return std::nullopt;
  } catch (const CLI::ParseError &error) {
    throw ConfigError(std::string("kmc: ") + error.what());
  }
  if (options.quick && app.count("--seconds") == 0) {
    options.seconds = 0.6;
  }
  return options;
}

} // namespace

int run_kmc(const std::vector<std::string> &arguments) {
  const std::optional<Options> options = parse(arguments);
  if (!options) {
    return 0;
  }
  const ChosenDevice device = choose_device(options->device, 0);
  if (device.backend_name == "cpu") {
    std::vector<std::string> words{"zener_bench", "kmc"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    let_openblas_choose_kernels(std::move(words));
  }
  Json report;
  report["format"] = "zener-bench-kmc-1";
  report["machine"] = describe_machine(device);
  const bool made = options->model.empty();
  const Mlp mlp = made ? made_network() : read_mlp(options->model);
  const Mlp alloy = made ? made_saddle_network() : mlp;
  report["network"] =
      made ? "made, 112-128-128-128-128-1; with a memory one whose forward and backward barriers are alike" : "from a file";
  report["mflop_per_hop"] = flops_per_hop(mlp) * 1e-6;
  std::printf("%s: %s, %s; %s, commit %s\n", device.backend_name.c_str(), device.device.name.c_str(),
              device.device.architecture.c_str(), kCompiler, kCommit);

  const CheckResult check = check_results(*device.backend, mlp);
  std::printf(
      "checked: %d golden hashes reproduced; barriers of %d environments against a naive evaluation: %.1e eV in float32, "
      "%.1e eV in float64\n",
      check.hashes, check.environments, check.largest_error_float32_eV, check.largest_error_float64_eV);
  report["check"] = {{"golden_hashes", check.hashes},
                     {"environments", check.environments},
                     {"largest_error_float32_eV", check.largest_error_float32_eV},
                     {"largest_error_float64_eV", check.largest_error_float64_eV}};

  if (device.backend_name == "cpu") {
    measure_cpu(*options, *device.backend, mlp, alloy, report);
  } else {
    measure_gpu(*options, *device.backend, mlp, alloy, report);
  }
  if (!options->json.empty()) {
    write_file_atomically(options->json, report.dump(2) + "\n");
  }
  return 0;
}

} // namespace zener::bench
