#include "host/neutral/signals.hpp"

#include "host/neutral/errors.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

namespace zener {
namespace {

std::atomic<int> caught{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may use lock-free atomics only");

extern "C" void take_stop_signal(int number) {
  int none = 0;
  if (!caught.compare_exchange_strong(none, number)) {
    std::signal(number, SIG_DFL);
    std::raise(number);
  }
}

} // namespace

void catch_stop_signals() {
  struct sigaction action {};
  action.sa_handler = take_stop_signal;
  action.sa_flags = SA_RESTART; // writes in progress go on
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGINT, SIGTERM}) {
    if (sigaction(number, &action, nullptr) != 0) {
      throw InvariantError("sigaction for signal " + std::to_string(number) + " failed: " + std::strerror(errno));
    }
  }
}

int stop_signal() { return caught.load(); }

void clear_stop_signal() { caught.store(0); }

} // namespace zener
