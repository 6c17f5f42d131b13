// The unit tests of the Python helpers.
#include "tests/cli/program.hpp"

#include <gtest/gtest.h>

namespace zener::test {
namespace {

TEST(Python, UnitTests) {
  const std::string python = python_with({"numpy", "h5py", "matplotlib"});
  if (python.empty()) {
    GTEST_SKIP() << "no Python with numpy, h5py and matplotlib";
  }
  const std::string tests = std::string(ZENER_SOURCE_DIR) + "/tests/python";
  if (!std::filesystem::is_directory(tests)) {
    GTEST_SKIP() << "no source tree";
  }
  const TemporaryFolder folder;
  const Outcome outcome = Program(folder.path(), {"/usr/bin/env", python, "-m", "unittest", "discover", "-s", tests},
                                  {{"PYTHONDONTWRITEBYTECODE", "1"}})
                              .wait(300.0);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("Ran "), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.err.find("Ran 0 tests"), std::string::npos) << "no test was found";
}

} // namespace
} // namespace zener::test
