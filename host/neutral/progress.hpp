// How far a run is: a bar with speed and time left on a terminal, plain lines in the log elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace zener {

struct ProgressState {
  std::uint64_t done = 0; // hops of each walker
  std::uint64_t total = 1;
  double hops_per_s = 0.0; // of all walkers together
  double elapsed_s = 0.0;
  double left_s = -1.0; // negative: unknown
  std::string unit = "hops";
};

// "[=====>    ]  52.0 %  1.21 M hops/s  3 min 20 s left", at most `width` columns (at least 40).
std::string progress_bar(const ProgressState &state, int width);

// "52.0 %: 10,400,000 of 20,000,000 hops, 1.21 M hops/s, 3 min 20 s left".
std::string progress_line(const ProgressState &state);

class Progress {
public:
  // A run of `total` hops (or whatever `unit` says) for each of `walkers` walkers, of which `start` are done. `terminal`: draw
  // a bar on stderr.
  Progress(std::uint64_t total, std::uint64_t start, double walkers, bool terminal, const char *unit = "hops");
  // A bar when stderr is a terminal.
  Progress(std::uint64_t total, std::uint64_t start, double walkers, const char *unit = "hops");
  ~Progress();
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;

  // Call as often as wanted; a bar is drawn at most five times a second, a line every 10 s or at steps of 10 % that are 1 s
  // apart or more.
  void update(std::uint64_t done);
  // Takes the bar away; a last line says the mean speed over the seconds that were spent on the way.
  void finish(std::uint64_t done, double spent_s);
  void finish(std::uint64_t done) { finish(done, seconds_since(begin_)); }
  ProgressState state(std::uint64_t done) const { return state(done, seconds_since(begin_)); }

private:
  using Clock = std::chrono::steady_clock;
  double seconds_since(Clock::time_point then) const { return std::chrono::duration<double>(Clock::now() - then).count(); }
  ProgressState state(std::uint64_t done, double spent_s) const;

  std::uint64_t total_;
  std::uint64_t start_;
  double walkers_;
  bool terminal_;
  std::string unit_;
  Clock::time_point begin_ = Clock::now();
  Clock::time_point shown_ = Clock::now();
  std::uint64_t next_step_; // the hop at which the next step of 10 % is reached
};

// Takes a bar off the terminal before other output; the next update draws it again.
void clear_progress_line();

} // namespace zener
