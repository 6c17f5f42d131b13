// The benchmarks of zener_bench. Each takes its own arguments (without its name), prints to stdout and returns an exit code;
// errors are thrown (host/neutral/errors.hpp).
#pragma once

#include <span>
#include <string>
#include <vector>

namespace zener::bench {

struct Bench {
  const char *name;
  const char *purpose; // one line
  int (*run)(const std::vector<std::string> &arguments);
};

int run_kmc(const std::vector<std::string> &arguments);
int run_micro(const std::vector<std::string> &arguments);
int run_golden(const std::vector<std::string> &arguments);

std::span<const Bench> benches();

} // namespace zener::bench
