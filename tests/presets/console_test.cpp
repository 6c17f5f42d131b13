// What a run says and hears: log, progress, signals.
#include "host/neutral/errors.hpp"
#include "host/neutral/log.hpp"
#include "host/neutral/progress.hpp"
#include "host/neutral/signals.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace zener {
namespace {

TEST(Progress, TheBarFitsItsTerminal) {
  const ProgressState half{10000000, 20000000, 1.21e6, 100.0, 200.0};
  EXPECT_EQ(progress_bar(half, 60), "[========>        ]  50.0 %  1.21 M hops/s  3 min 20 s left");
  for (const int width : {1, 40, 50, 80, 200}) {
    EXPECT_LE(progress_bar(half, width).size(), static_cast<std::size_t>(std::max(width, 40)));
  }
  const ProgressState over{21, 20, 1.0, 1.0, 0.0};
  EXPECT_NE(progress_bar(over, 80).find("100.0 %"), std::string::npos);
  const ProgressState nearly{19999999, 20000000, 1.0, 1.0, 1.0};
  EXPECT_NE(progress_bar(nearly, 80).find(" 99.9 %"), std::string::npos);
}

TEST(Progress, LinesSayHopsSpeedAndTimeLeft) {
  EXPECT_EQ(progress_line({10400000, 20000000, 1.21e6, 100.0, 200.0}),
            "52.0 %: 10,400,000 of 20,000,000 hops, 1.21 M hops/s, 3 min 20 s left");
  EXPECT_EQ(progress_line({0, 20, 0.0, 0.0, -1.0}), "0.0 %: 0 of 20 hops, 0 hops/s, time left unknown");
  EXPECT_EQ(Progress(20, 0, 1.0, false, "trials").state(0).unit, "trials");
  EXPECT_EQ(progress_line({0, 20, 0.0, 0.0, -1.0, "trials"}), "0.0 %: 0 of 20 trials, 0 trials/s, time left unknown");
}

TEST(Progress, CountsOnlyTheHopsOfThisProcess) {
  const Progress progress(1000, 900, 8.0, false);
  const ProgressState at_start = progress.state(900);
  EXPECT_EQ(at_start.hops_per_s, 0.0);
  EXPECT_LT(at_start.left_s, 0.0);
  const ProgressState later = progress.state(950);
  EXPECT_NEAR(later.hops_per_s * later.elapsed_s, 8.0 * 50.0, 1e-6);
  EXPECT_NEAR(later.left_s, later.elapsed_s, 1e-9);
}

TEST(Log, TheFileTakesEverythingAndTheConsoleWhatIsAsked) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "zener_log";
  std::filesystem::create_directories(folder);
  testing::internal::CaptureStderr();
  open_log_file(folder / "log.txt");
  log_debug("quiet {}");
  log_warning("loud");
  close_log_file();
  log_info("after");
  const std::string console = testing::internal::GetCapturedStderr();
  EXPECT_EQ(console, "warning: loud\nafter\n");
  std::ifstream in(folder / "log.txt");
  std::stringstream text;
  text << in.rdbuf();
  EXPECT_NE(text.str().find("quiet {}"), std::string::npos);
  EXPECT_NE(text.str().find("loud"), std::string::npos);
  EXPECT_EQ(text.str().find("after"), std::string::npos);
  EXPECT_THROW(open_log_file(folder), DataError);
  EXPECT_THROW(open_log_file(folder / "none" / "log.txt"), DataError);
  std::filesystem::remove_all(folder);
}

TEST(Signals, TheFirstAsksAndTheSecondEnds) {
  EXPECT_EXIT(
      {
        catch_stop_signals();
        if (stop_requested()) {
          std::_Exit(1);
        }
        std::raise(SIGTERM);
        if (stop_signal() != SIGTERM) {
          std::_Exit(2);
        }
        std::_Exit(0);
      },
      testing::ExitedWithCode(0), "");
  EXPECT_EXIT(
      {
        catch_stop_signals();
        std::raise(SIGTERM);
        std::raise(SIGINT);
        std::_Exit(1);
      },
      testing::KilledBySignal(SIGINT), "");
}

} // namespace
} // namespace zener
