#include "profiling/bench/yardstick.hpp"

#include "host/neutral/errors.hpp"

#include <algorithm>
#include <cblas.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <unistd.h>

namespace zener::bench {
namespace {

constexpr int kSize = 1024;
constexpr double kFlops = 2.0 * kSize * kSize * kSize;

} // namespace

std::string sgemm_kernels() { return openblas_get_corename(); }

void let_openblas_choose_kernels(std::vector<std::string> arguments) {
  const char *set = std::getenv("OPENBLAS_CORETYPE");
  if (set == nullptr) {
    return;
  }
  std::printf("OPENBLAS_CORETYPE=%s is ignored: the matrix product runs on the kernels for this processor\n", set);
  std::fflush(stdout);
  unsetenv("OPENBLAS_CORETYPE");
  std::vector<char *> argv;
  for (std::string &argument : arguments) {
    argv.push_back(argument.data());
  }
  argv.push_back(nullptr);
  execv("/proc/self/exe", argv.data());
  throw DataError(std::string("/proc/self/exe cannot be started again: ") + std::strerror(errno) +
                  "; unset OPENBLAS_CORETYPE by hand");
}

double wall_seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double processor_seconds() {
  timespec time{};
  (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double median(std::vector<double> values) {
  if (values.empty()) {
    return 0.0;
  }
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

Sgemm::Sgemm() : a_(kSize * kSize), b_(a_.size()), c_(a_.size()) {
  for (std::size_t i = 0; i < a_.size(); ++i) {
    a_[i] = static_cast<float>(i % 17) * 0.0625f;
    b_[i] = static_cast<float>(i % 13) * 0.0625f;
  }
}

double Sgemm::gflops(int threads, double seconds) {
  openblas_set_num_threads(threads);
  const auto product = [&] {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, kSize, kSize, kSize, 1.0f, a_.data(), kSize, b_.data(), kSize, 0.0f,
                c_.data(), kSize);
  };
  product();
  const Stopwatch watch;
  int products = 0;
  do {
    product();
    ++products;
  } while (watch.seconds() < seconds);
  return products * kFlops / watch.seconds() * 1e-9;
}

} // namespace zener::bench
