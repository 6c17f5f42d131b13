#include "host/neutral/progress.hpp"

#include "host/neutral/log.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>

namespace zener {
namespace {

std::atomic<bool> bar_shown{false};

int terminal_width() {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

double fraction(const ProgressState &state) {
  return state.total == 0 ? 1.0 : std::min(1.0, static_cast<double>(state.done) / static_cast<double>(state.total));
}

// Never 100.0 % before the end.
double percent(const ProgressState &state) {
  return state.done >= state.total ? 100.0 : std::min(99.9, 100.0 * fraction(state));
}

std::string left_text(const ProgressState &state) {
  return state.left_s < 0.0 ? "time left unknown" : duration_text(state.left_s) + " left";
}

std::uint64_t step_after(std::uint64_t done, std::uint64_t total) {
  std::uint64_t step = 1;
  while (step < 10 && static_cast<double>(done) >= 0.1 * static_cast<double>(step) * static_cast<double>(total)) {
    ++step;
  }
  return static_cast<std::uint64_t>(0.1 * static_cast<double>(step) * static_cast<double>(total));
}

} // namespace

std::string progress_bar(const ProgressState &state, int width) {
  const std::string tail =
      fmt::format(" {:5.1f} %  {} {}/s  {}", percent(state), si_text(state.hops_per_s), state.unit, left_text(state));
  const int cells = std::clamp(std::max(width, 40) - static_cast<int>(tail.size()) - 3, 0, 40);
  if (cells < 5) {
    return tail.substr(1, static_cast<std::size_t>(std::max(width, 40)) - 1);
  }
  const int full = static_cast<int>(fraction(state) * cells);
  std::string bar(static_cast<std::size_t>(full), '=');
  bar.resize(static_cast<std::size_t>(cells), ' ');
  if (full < cells) {
    bar[static_cast<std::size_t>(full)] = '>';
  }
  return "[" + bar + "]" + tail;
}

std::string progress_line(const ProgressState &state) {
  return fmt::format("{:.1f} %: {} of {} {}, {} {}/s, {}", percent(state), grouped(state.done), grouped(state.total),
                     state.unit, si_text(state.hops_per_s), state.unit, left_text(state));
}

Progress::Progress(std::uint64_t total, std::uint64_t start, double walkers, bool terminal, const char *unit)
    : total_(total), start_(start), walkers_(walkers), terminal_(terminal), unit_(unit), next_step_(step_after(start, total)) {}

Progress::Progress(std::uint64_t total, std::uint64_t start, double walkers, const char *unit)
    : Progress(total, start, walkers, isatty(STDERR_FILENO) != 0, unit) {}

Progress::~Progress() { clear_progress_line(); }

ProgressState Progress::state(std::uint64_t done, double spent_s) const {
  ProgressState state{done, total_, 0.0, spent_s, -1.0, unit_};
  const double new_hops = done > start_ ? static_cast<double>(done - start_) : 0.0;
  if (new_hops > 0.0 && state.elapsed_s > 0.0) {
    state.hops_per_s = walkers_ * new_hops / state.elapsed_s;
    state.left_s = done < total_ ? state.elapsed_s * static_cast<double>(total_ - done) / new_hops : 0.0;
  }
  return state;
}

void Progress::update(std::uint64_t done) {
  const double since_s = seconds_since(shown_);
  if (terminal_) {
    if (since_s < 0.2 && bar_shown) {
      return;
    }
    std::fprintf(stderr, "\r%s\033[K", progress_bar(state(done), terminal_width() - 1).c_str());
    std::fflush(stderr);
    bar_shown = true;
    shown_ = Clock::now();
  } else if (done < total_ && (since_s >= 10.0 || (done >= next_step_ && since_s >= 1.0))) {
    log_info(progress_line(state(done)));
    shown_ = Clock::now();
    next_step_ = step_after(done, total_);
  }
}

void Progress::finish(std::uint64_t done, double spent_s) {
  clear_progress_line();
  const ProgressState last = state(done, spent_s);
  log_info(fmt::format("{} of {} {} in {}, {} {}/s", grouped(done), grouped(total_), unit_, duration_text(last.elapsed_s),
                       si_text(last.hops_per_s), unit_));
}

void clear_progress_line() {
  if (bar_shown.exchange(false)) {
    std::fputs("\r\033[K", stderr);
    std::fflush(stderr);
  }
}

} // namespace zener
