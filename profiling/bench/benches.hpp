// The benchmarks of zener_bench. Each takes its own arguments (without its name), prints to stdout and returns an exit code;
// errors are thrown (host/neutral/errors.hpp).
#pragma once

#include "host/neutral/errors.hpp"

#include <cstdio>
#include <span>
#include <string>
#include <vector>

namespace zener::bench {

struct Bench {
  const char *name;
  const char *purpose; // one line
  int (*run)(const std::vector<std::string> &arguments);
};

int run_analysis(const std::vector<std::string> &arguments);
int run_kmc(const std::vector<std::string> &arguments);
int run_md(const std::vector<std::string> &arguments);
int run_neb(const std::vector<std::string> &arguments);
int run_train(const std::vector<std::string> &arguments);
int run_micro(const std::vector<std::string> &arguments);
int run_golden(const std::vector<std::string> &arguments);

std::span<const Bench> benches();

// The body of a main: runs and returns the exit code, an error as one line on standard error.
inline int run_main(int (*run)(const std::vector<std::string> &), int argc, char **argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const Error &error) {
    std::fprintf(stderr, "zener_bench: error: %s\n", error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception &error) {
    std::fprintf(stderr, "zener_bench: error: %s\n", error.what());
    return static_cast<int>(ExitCode::own_fault);
  }
}

} // namespace zener::bench
