// zener_bench NAME [ARGS]: benchmarks of Zener. `zener bench NAME [ARGS]` calls it.
#include "host/neutral/errors.hpp"
#include "host/neutral/text.hpp"
#include "profiling/bench/benches.hpp"

#include <array>
#include <cstdio>
#include <exception>

namespace zener::bench {
namespace {

constexpr std::array kBenches{
    Bench{"kmc", "vacancy kMC: hops/s and the share of a matrix product's rate, result checked first", run_kmc},
    Bench{"micro", "single calls of a backend under Google Benchmark", run_micro},
    Bench{"golden", "the hashes of fixed short runs on a device, beside those that it must reproduce", run_golden},
};

int list() {
  std::printf("usage: zener_bench NAME [ARGS]   (zener_bench NAME --help lists the arguments)\n");
  for (const Bench &bench : benches()) {
    std::printf("  %-8s %s\n", bench.name, bench.purpose);
  }
  return 0;
}

int run(const std::vector<std::string> &arguments) {
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h") {
    return list();
  }
  std::vector<std::string> names;
  for (const Bench &bench : benches()) {
    if (arguments[0] == bench.name) {
      return bench.run({arguments.begin() + 1, arguments.end()});
    }
    names.emplace_back(bench.name);
  }
  throw ConfigError("there is no benchmark " + in_quotes(arguments[0]) + did_you_mean(arguments[0], names) +
                    "; there are: " + join(names, ", "));
}

} // namespace

std::span<const Bench> benches() { return kBenches; }

} // namespace zener::bench

int main(int argc, char **argv) {
  try {
    return zener::bench::run({argv + 1, argv + argc});
  } catch (const zener::Error &error) {
    std::fprintf(stderr, "zener_bench: error: %s\n", error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception &error) {
    std::fprintf(stderr, "zener_bench: error: %s\n", error.what());
    return static_cast<int>(zener::ExitCode::own_fault);
  }
}
