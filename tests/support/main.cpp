// Runs the tests: says which backends they cover and why any test was skipped. Exit status 0 only if tests ran and none failed.
//   zener_tests [--slow] [GoogleTest's arguments]; ZENER_SLOW=1 in the environment is the same as --slow.
#include "host/backend.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

namespace {

// Counts skipped tests by reason, the first line of GTEST_SKIP's message.
class SkipReasons : public testing::EmptyTestEventListener {
public:
  void OnTestPartResult(const testing::TestPartResult &result) override {
    if (result.skipped()) {
      reason_ = result.message();
      reason_ = reason_.substr(0, reason_.find('\n'));
      if (reason_.empty()) {
        reason_ = "no reason given";
      }
    }
  }
  void OnTestEnd(const testing::TestInfo &test) override {
    if (test.result()->Skipped()) {
      ++counts_[reason_];
    }
  }
  void print() const {
    for (const auto &[reason, count] : counts_) {
      std::printf("SKIPPED %d test%s: %s\n", count, count == 1 ? "" : "s", reason.c_str());
    }
  }

private:
  std::string reason_;
  std::map<std::string, int> counts_;
};

void print_backends() {
  for (const zener::BackendEntry &backend : zener::backends_built()) {
    std::string why;
    const auto devices = backend.devices(why);
    std::printf("Backend %s: ", backend.name);
    if (devices.empty()) {
      std::printf("built, but its tests are skipped, no device: %s\n", why.c_str());
    }
    for (const zener::DeviceInfo &device : devices) {
      std::printf("%s%s (%s)%s", device.index == 0 ? "" : ", ", device.name.c_str(), device.architecture.c_str(),
                  &device == &devices.back() ? "\n" : "");
    }
  }
  const char *slow = std::getenv("ZENER_SLOW");
  std::printf("Slow tests: %s\n", slow != nullptr && std::strcmp(slow, "1") == 0 ? "yes" : "no (--slow adds them)");
  std::fflush(stdout);
}

} // namespace

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv); // takes out the arguments that it knows
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--slow") == 0) {
      setenv("ZENER_SLOW", "1", 1);
    } else {
      std::fprintf(stderr, "zener_tests: unknown argument '%s'; allowed are --slow and GoogleTest's (--help)\n", argv[i]);
      return 2;
    }
  }
  const bool lists_only = GTEST_FLAG_GET(list_tests);
  if (!lists_only) {
    print_backends();
  }
  auto *reasons = new SkipReasons; // owned by GoogleTest
  testing::UnitTest::GetInstance()->listeners().Append(reasons);
  int status = RUN_ALL_TESTS();
  if (!lists_only) {
    const testing::UnitTest &tests = *testing::UnitTest::GetInstance();
    reasons->print();
    if (tests.test_to_run_count() == 0) {
      std::printf("No test matches the filter.\n");
      status = 1;
    }
    std::printf("%d passed, %d failed, %d skipped\n", tests.successful_test_count(), tests.failed_test_count(),
                tests.skipped_test_count());
  }
  return status;
}
