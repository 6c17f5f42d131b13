// zener_bench NAME [ARGS]: benchmarks of Zener. `zener bench NAME [ARGS]` calls it.
#include "host/neutral/errors.hpp"
#include "host/neutral/text.hpp"
#include "profiling/bench/benches.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <unistd.h>

namespace zener::bench {
namespace {

constexpr std::array kBenches{
    Bench{"kmc", "vacancy kMC: hops/s and the share of a matrix product's rate, result checked first", run_kmc},
    Bench{"md", "molecular dynamics: atom-steps/s of each potential, by part, result checked first", run_md},
    Bench{"neb", "nudged elastic bands: bands/s and force calls/s of a data set of barriers, result checked first", run_neb},
    Bench{"train", "training of networks: barriers/s and the share of a matrix product's rate, result checked first",
          run_train},
    Bench{"analysis", "analyses: GB/s of their sums over atoms, and what they cost beside dynamics, result checked first",
          run_analysis},
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

// Another program beside this one (CMakeLists.txt says why); it takes this one's place.
int run_micro(const std::vector<std::string> &arguments) {
  std::error_code error;
  const std::string program =
      (std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "zener_bench_micro").string();
  std::vector<std::string> words{program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char *> argv;
  for (std::string &word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  execv(argv[0], argv.data());
  throw DataError(program + " cannot be started: " + std::strerror(errno) + "; `./zener.sh build` makes it");
}

} // namespace zener::bench

int main(int argc, char **argv) { return zener::bench::run_main(zener::bench::run, argc, argv); }
