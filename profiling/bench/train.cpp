// zener_bench train: speed of the training of barrier networks on made jumps.
//
// First the result: float32 follows float64 for some steps, and bits do not depend on threads. Then epochs of each network and
// batch, and a matrix product of 1024 x 1024 x 1024 in turn. On one thread of a CPU the clock is the processor time of the
// program, elsewhere that of the wall. Figures are the best of the samples: load of other programs only ever takes away.
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
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

namespace zener::bench {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string device = "auto";
  std::string json;
  int threads = 0;
  double seconds = 1.0;
  bool quick = false;
};

struct Case {
  std::string name;
  NetworkDesign design;
  int batch = 32;
  int networks = 1;
};

// Multiply-adds of the products of a barrier, forwards; without a table's additions.
double products_of(const NetworkDesign &design, bool first_only) {
  double sum = 0.0;
  if (design.kind == NetworkKind::mlp) {
    double in = 112.0;
    for (const int width : design.widths) {
      sum += in * width;
      if (first_only) {
        return sum;
      }
      in = width;
    }
    return sum + in;
  }
  if (design.kind == NetworkKind::cnn) {
    double channels = design.one_hot ? 3.0 : 1.0, side = 7.0;
    for (const int filters : design.filters) {
      sum += 27.0 * channels * filters * side * side * side;
      if (first_only) {
        return sum;
      }
      channels = filters;
      side -= 2.0;
    }
    return sum + channels;
  }
  return 0.0;
}

// Operations of a barrier: forwards, gradients of weights, gradients of inputs (not of the first layer).
double flops_of(const NetworkDesign &design) { return 2.0 * (3.0 * products_of(design, false) - products_of(design, true)); }

// Random environments with barriers that depend on a few sites.
TrainPlan plan_of(const Case &wanted, int jumps) {
  TrainPlan plan;
  plan.data.elements = {"Nb", "Mo", "Ta"};
  plan.data.first = random_environments(2 * jumps, 3);
  plan.data.last.assign(plan.data.first.begin() + static_cast<std::ptrdiff_t>(plan.data.first.size() / 2),
                        plan.data.first.end());
  plan.data.first.resize(plan.data.last.size());
  const auto barrier = [](const std::uint8_t *codes) {
    float sum = 1.0f;
    for (int k = 0; k < 14; ++k) {
      sum += (codes[k] == 2 ? 0.1f : -0.02f) / static_cast<float>(1 + k);
    }
    return sum;
  };
  for (int j = 0; j < jumps; ++j) {
    plan.data.forward_eV.push_back(barrier(&plan.data.first[static_cast<std::size_t>(j) * 112]));
    plan.data.backward_eV.push_back(barrier(&plan.data.last[static_cast<std::size_t>(j) * 112]));
  }
  plan.train.resize(static_cast<std::size_t>(jumps));
  std::iota(plan.train.begin(), plan.train.end(), 0);
  plan.batch = wanted.batch;
  plan.networks.assign(static_cast<std::size_t>(wanted.networks), wanted.design);
  for (std::size_t k = 0; k < plan.networks.size(); ++k) {
    plan.networks[k].seed = static_cast<std::uint32_t>(k + 1);
  }
  return plan;
}

std::vector<Case> make_cases(bool quick) {
  std::vector<Case> cases;
  NetworkDesign mlp;
  for (const int batch : {32, 256, 4096}) {
    cases.push_back({"mlp 4 x 128", mlp, batch});
  }
  cases.push_back({"8 of mlp 4 x 128", mlp, 32, 8});
  NetworkDesign site;
  site.kind = NetworkKind::site_mlp;
  site.widths = {64, 64, 64};
  site.symmetric = true;
  cases.push_back({"site_mlp 64-64-64, symmetric", site, 32});
  NetworkDesign consistent;
  consistent.kind = NetworkKind::consistent;
  for (const int shells : {3, 5}) {
    consistent.state_shells = consistent.pair_shells = shells;
    for (const int batch : {32, 256}) {
      cases.push_back({"consistent, " + std::to_string(shells) + " shells", consistent, batch});
    }
  }
  NetworkDesign cnn;
  cnn.kind = NetworkKind::cnn;
  cases.push_back({"cnn 32-64-128-128", cnn, 32});
  if (!quick) {
    cases.push_back({"cnn 32-64-128-128", cnn, 256});
  }
  return cases;
}

// Throws when float32 does not follow float64, or two threads give other bits than one. Returns the largest difference, eV.
double check(Backend &backend, const Case &wanted) {
  TrainPlan plan = plan_of(wanted, 64);
  plan.batch = 32;
  plan.networks.resize(1);
  const std::vector<double> rate{1e-4};
  std::vector<std::vector<float>> barriers;
  for (const int threads : {1, 2, 0}) {
    plan.float64 = threads == 0;
    backend.set_threads(std::max(1, threads));
    const auto training = backend.make_training(plan);
    const EpochReport report = training->epoch(0, rate);
    if (!std::isfinite(report.loss_eV2[0])) {
      throw InvariantError(wanted.name + ": the loss is not finite");
    }
    barriers.push_back(training->predict(plan.train)[0]);
  }
  if (barriers[0] != barriers[1]) {
    throw InvariantError(wanted.name + ": one thread and two give different bits");
  }
  double worst = 0.0;
  for (std::size_t i = 0; i < barriers[0].size(); ++i) {
    worst = std::max(worst, static_cast<double>(std::abs(barriers[0][i] - barriers[2][i])));
  }
  if (!(worst < 2e-2)) {
    throw InvariantError(wanted.name + ": after four steps float32 is " + number_text(worst) +
                         " eV off float64; 0.02 eV is allowed");
  }
  return worst;
}

std::string digits_text(double value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

struct Figures {
  double barriers_per_s = 0.0;
  double sgemm_gflops = 0.0;
  double bytes = 0.0;
  std::string library;
  double gflops(const Case &wanted) const { return barriers_per_s * flops_of(wanted.design) * 1e-9; }
};

Figures measure(Backend &backend, const Case &wanted, int threads, bool gpu, Sgemm &sgemm, double seconds) {
  backend.set_threads(threads);
  const bool lone = threads == 1 && !gpu;
  const auto now = [&] { return lone ? processor_seconds() : wall_seconds(); };
  // Epochs of some batches: what an epoch costs beside its batches (its order, a wait) is part of it.
  const int jumps = std::max(wanted.design.kind == NetworkKind::cnn ? 128 : 2048, 2 * wanted.batch);
  const TrainPlan plan = plan_of(wanted, jumps);
  const std::size_t before = backend.memory().held;
  const auto training = backend.make_training(plan);
  Figures result;
  result.bytes = static_cast<double>(backend.memory().held - before);
  result.library = training->library();
  const std::vector<double> rates(plan.networks.size(), 1e-4);
  std::int64_t number = 0;
  training->epoch(number++, rates);
  constexpr int kSamples = 5;
  for (int sample = 0; sample < kSamples; ++sample) {
    result.sgemm_gflops = std::max(result.sgemm_gflops, gpu ? 0.0 : sgemm.gflops(threads, 0.1 * seconds / kSamples));
    const double begin = now();
    double took = 0.0;
    int epochs = 0;
    do {
      training->epoch(number++, rates);
      ++epochs;
      took = now() - begin;
    } while (took < seconds / kSamples);
    result.barriers_per_s = std::max(result.barriers_per_s, 2.0 * jumps * epochs * wanted.networks / took);
  }
  return result;
}

std::optional<Options> parse(const std::vector<std::string> &arguments) {
  Options options;
  CLI::App app("Checks the result, then measures barriers/s of the training of networks", "zener_bench train");
  app.add_option("--json", options.json, "write the figures to this file");
  app.add_option("--device", options.device, "auto, cpu, cuda:N or hip:N");
  app.add_option("--threads", options.threads, "threads of the CPU's whole-machine figures (default: all)")
      ->check(CLI::Range(1, 4096));
  app.add_option("--seconds", options.seconds, "time of each figure")->check(CLI::Range(0.05, 3600.0))->capture_default_str();
  app.add_flag("--quick", options.quick, "0.2 s a figure, one batch of the cnn, one thread only");
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp &) {
    std::printf("%s", app.help().c_str());
    return std::nullopt;
  } catch (const CLI::ParseError &error) {
    throw ConfigError(std::string("train: ") + error.what());
  }
  if (options.quick && app.count("--seconds") == 0) {
    options.seconds = 0.2;
  }
  return options;
}

} // namespace

int run_train(const std::vector<std::string> &arguments) {
  const std::optional<Options> options = parse(arguments);
  if (!options) {
    return 0;
  }
  const ChosenDevice device = choose_device(options->device, options->threads);
  Backend &backend = *device.backend;
  const bool gpu = device.backend_name != "cpu";
  if (!gpu) {
    std::vector<std::string> words{"zener_bench", "train"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    let_openblas_choose_kernels(std::move(words));
  }
  const int all_threads = gpu || options->quick ? 1 : backend.device().units;
  Json report;
  report["format"] = "zener-bench-train-1";
  report["machine"] = describe_machine(device);
  std::printf("%s: %s, %s; %s, commit %s\n", device.backend_name.c_str(), device.device.name.c_str(),
              device.device.architecture.c_str(), kCompiler, kCommit);
  const std::vector<Case> cases = make_cases(options->quick);
  Json checks = Json::array();
  std::string checked;
  for (const Case &wanted : cases) {
    if (wanted.name != checked) {
      checked = wanted.name;
      const double off = check(backend, wanted);
      std::printf("checked: %s: float32 within %.1e eV of float64 after four steps; bits do not depend on threads\n",
                  wanted.name.c_str(), off);
      checks.push_back({{"network", wanted.name}, {"float32_off_eV", off}});
    }
  }
  report["checks"] = std::move(checks);
  Sgemm sgemm;
  std::printf("\n%-30s %6s %4s %14s %12s %9s %8s %8s\n", "network", "batch", "thr", "barriers/s", "us/batch", "GFLOP/s",
              "sgemm", "MiB");
  Json rows = Json::array();
  for (const Case &wanted : cases) {
    std::vector<int> thread_counts{1};
    if (all_threads > 1) {
      thread_counts.push_back(all_threads);
    }
    for (const int threads : thread_counts) {
      const Figures f = measure(backend, wanted, threads, gpu, sgemm, options->seconds);
      const bool counted = flops_of(wanted.design) > 0.0;
      const double share = !gpu && counted ? f.gflops(wanted) / f.sgemm_gflops : 0.0;
      const double batch_us = 1e6 * wanted.batch * wanted.networks / f.barriers_per_s;
      std::printf("%-30s %6d %4d %14s %12.0f %9s %8s %8.0f\n", wanted.name.c_str(), wanted.batch, threads,
                  grouped(static_cast<std::uint64_t>(f.barriers_per_s)).c_str(), batch_us,
                  counted ? digits_text(f.gflops(wanted), 1).c_str() : "-", share > 0.0 ? digits_text(share, 2).c_str() : "-",
                  f.bytes / 1048576.0);
      std::fflush(stdout);
      rows.push_back({{"network", wanted.name},
                      {"networks", wanted.networks},
                      {"batch", wanted.batch},
                      {"threads", threads},
                      {"barriers_per_s", f.barriers_per_s},
                      {"gflops", counted ? Json(f.gflops(wanted)) : Json(nullptr)},
                      {"sgemm_gflops", gpu ? Json(nullptr) : Json(f.sgemm_gflops)},
                      {"share_of_sgemm", share > 0.0 ? Json(share) : Json(nullptr)},
                      {"device_bytes", f.bytes},
                      {"library", f.library}});
    }
  }
  report["description"] =
      "Training in float32: forwards, backwards, Adam. barriers_per_s: the best of five samples of whole epochs; of processor "
      "time on one thread of a CPU, of wall time elsewhere. gflops: products alone, 2 operations a multiply-add, forwards and "
      "both gradients (of the first layer that of the weights alone); null where the first layer reads a table. sgemm_gflops: "
      "a "
      "1024^3 float32 product of OpenBLAS between the samples. library: what large products go to where it pays.";
  report["rows"] = std::move(rows);
  if (!options->json.empty()) {
    write_file_atomically(options->json, report.dump(2) + "\n");
  }
  return 0;
}

} // namespace zener::bench
