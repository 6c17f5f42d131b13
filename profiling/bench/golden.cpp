// zener_bench golden: the hashes of test_system.hpp's fixed runs on a device.
#include "apps/zener/device_choice.hpp"
#include "host/neutral/errors.hpp"
#include "profiling/bench/benches.hpp"
#include "profiling/bench/test_system.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

namespace zener::bench {

int run_golden(const std::vector<std::string> &arguments) {
  std::string wanted = "auto";
  CLI::App app("Hashes of fixed short runs; exit code 5 when one is not the golden value", "zener_bench golden");
  app.add_option("--device", wanted, "auto, cpu, cuda:N or hip:N");
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp &) {
    std::printf("%s", app.help().c_str());
    return 0;
  } catch (const CLI::ParseError &error) {
    throw ConfigError(std::string("golden: ") + error.what());
  }

  const ChosenDevice device = choose_device(wanted, 0);
  std::printf("%s: %s\n", device.backend_name.c_str(), device.device.name.c_str());
  int different = 0;
  for (const GoldenCase &golden : golden_cases()) {
    const std::uint64_t hash = run_golden_case(*device.backend, golden);
    std::printf("%-43s 0x%016llx  %s\n", golden.name, static_cast<unsigned long long>(hash),
                hash == golden.hash ? "as it must be" : "DIFFERS");
    different += hash == golden.hash ? 0 : 1;
  }
  return different == 0 ? 0 : static_cast<int>(ExitCode::own_fault);
}

} // namespace zener::bench
