// The rule of the tree, by reading the sources: who may include whom, and where device syntax may stand.
//   apps -> host/backend.hpp, host/neutral;  host/engine -> kernels, host/neutral;  kernels -> kernels;  host/neutral ->
//   host/neutral; kernels/potentials/NAME holds all of a potential: its model and readers are neutral, its _force.cpp is the
//   engine's, the rest are kernels
// (and every folder itself; host/engine implements host/backend.hpp, which uses host/neutral alone).
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace zener {
namespace {

namespace fs = std::filesystem;

struct Source {
  std::string path; // from the root, with slashes
  std::vector<std::string> lines;
};

std::vector<std::string> lines_of(const std::string &text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

std::vector<Source> sources() {
  const fs::path root = ZENER_SOURCE_DIR;
  std::vector<Source> found;
  for (const char *folder : {"apps", "host", "kernels", "profiling", "tests"}) {
    if (!fs::exists(root / folder)) {
      continue;
    }
    for (const auto &entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension == ".cpp" || extension == ".hpp" || extension == ".cu" || extension == ".cuh") {
        std::ifstream file(entry.path());
        std::stringstream text;
        text << file.rdbuf();
        found.push_back({fs::relative(entry.path(), root).generic_string(), lines_of(text.str())});
      }
    }
  }
  return found;
}

bool starts_with(const std::string &text, const std::string &prefix) { return text.rfind(prefix, 0) == 0; }

// What a file may include of our own, by its folder; empty: anything.
std::vector<std::string> allowed_includes(const std::string &path) {
  if (starts_with(path, "apps/")) {
    return {"apps/", "host/backend.hpp", "host/neutral/"};
  }
  if (starts_with(path, "host/engine/")) {
    return {"host/engine/", "host/backend.hpp", "host/neutral/", "kernels/"};
  }
  if (starts_with(path, "host/")) { // neutral, and the seam
    return {"host/neutral/", "kernels/potentials/registered.inc"};
  }
  static const std::regex plain("kernels/potentials/\\w+/\\w+_(file\\.[ch]pp|model\\.hpp)");
  static const std::regex owner("kernels/potentials/\\w+/\\w+_force\\.cpp");
  if (std::regex_match(path, plain)) {
    return {"host/neutral/", path.substr(0, path.rfind('/') + 1)};
  }
  if (std::regex_match(path, owner)) {
    return {"host/engine/potentials.hpp", "host/neutral/", "kernels/"};
  }
  if (starts_with(path, "kernels/")) {
    return {"kernels/"};
  }
  return {};
}

std::vector<std::string> include_faults(const Source &source) {
  static const std::regex include("^\\s*#\\s*include\\s*[<\"]([^>\"]+)[>\"]");
  static const std::regex ours("^(apps|host|kernels|profiling|tests)/.*");
  const std::vector<std::string> allowed = allowed_includes(source.path);
  std::vector<std::string> faults;
  std::smatch match;
  for (std::size_t i = 0; i < source.lines.size(); ++i) {
    if (allowed.empty() || !std::regex_search(source.lines[i], match, include)) {
      continue;
    }
    const std::string target = match[1];
    bool good = target.find("..") == std::string::npos;
    if (std::regex_match(target, ours)) {
      bool listed = false;
      for (const std::string &prefix : allowed) {
        listed = listed || starts_with(target, prefix);
      }
      good = good && listed;
    } else if (fs::exists(fs::path(ZENER_SOURCE_DIR) / fs::path(source.path).parent_path() / target)) {
      good = false; // a neighbour by its bare name would escape this test
    }
    if (!good) {
      faults.push_back(source.path + ":" + std::to_string(i + 1) + " includes " + target);
    }
  }
  return faults;
}

// Device syntax outside kernels/exec and tuned variants; comments do not count.
std::vector<std::string> syntax_faults(const Source &source) {
  if (starts_with(source.path, "kernels/exec/") || source.path.find("_tuned.") != std::string::npos ||
      source.path == "tests/support/dependency_rule_test.cpp") {
    return {};
  }
  static const std::regex device("__global__|<<<|#\\s*pragma\\s+omp|__syncthreads|__shared__|__shfl|threadIdx|blockIdx|\\bcuda["
                                 "A-Z]\\w*\\(|\\bhip[A-Z]\\w*\\(");
  // Tests may ask which backend they are compiled for; the product may not.
  static const std::regex condition("#\\s*(el)?if.*\\b(ZENER_GPU|ZENER_BACKEND_|ZENER_DEBUG_DEVICE|__CUDA|__HIP|__AVX)");
  const bool product = !starts_with(source.path, "tests/");
  std::vector<std::string> faults;
  for (std::size_t i = 0; i < source.lines.size(); ++i) {
    const std::string code = source.lines[i].substr(0, source.lines[i].find("//"));
    if (std::regex_search(code, device) || (product && std::regex_search(code, condition))) {
      faults.push_back(source.path + ":" + std::to_string(i + 1) + ": " + source.lines[i]);
    }
  }
  return faults;
}

TEST(DependencyRule, IncludesFollowTheTree) {
  if (!fs::is_directory(ZENER_SOURCE_DIR)) {
    GTEST_SKIP() << "no source tree";
  }
  const auto all = sources();
  ASSERT_GT(all.size(), 40u) << "sources were not found in " << ZENER_SOURCE_DIR;
  for (const Source &source : all) {
    for (const std::string &fault : include_faults(source)) {
      ADD_FAILURE() << fault;
    }
  }
}

TEST(DependencyRule, DeviceSyntaxStaysInTheLaunchLayer) {
  if (!fs::is_directory(ZENER_SOURCE_DIR)) {
    GTEST_SKIP() << "no source tree";
  }
  for (const Source &source : sources()) {
    for (const std::string &fault : syntax_faults(source)) {
      ADD_FAILURE() << fault;
    }
  }
}

TEST(DependencyRule, FaultsWouldBeFound) {
  if (!fs::is_directory(ZENER_SOURCE_DIR)) {
    GTEST_SKIP() << "no source tree";
  }
  const auto includes = [](const char *path, const char *line) { return include_faults({path, {line}}).size(); };
  EXPECT_EQ(includes("kernels/kmc/a.hpp", "#include \"host/neutral/errors.hpp\""), 1u);
  EXPECT_EQ(includes("kernels/kmc/a.hpp", "#include \"../../host/neutral/errors.hpp\""), 1u);
  EXPECT_EQ(includes("kernels/kmc/a.hpp", "#include \"walkers.hpp\""), 1u);
  EXPECT_EQ(includes("kernels/kmc/a.hpp", "#include \"kernels/exec/team.hpp\""), 0u);
  EXPECT_EQ(includes("kernels/potentials/eam/eam_kernels.hpp", "#include \"host/neutral/errors.hpp\""), 1u);
  EXPECT_EQ(includes("kernels/potentials/eam/eam_model.hpp", "#include \"kernels/exec/queue.hpp\""), 1u);
  EXPECT_EQ(includes("kernels/potentials/eam/eam_file.cpp", "#include \"host/neutral/errors.hpp\""), 0u);
  EXPECT_EQ(includes("kernels/potentials/eam/eam_force.cpp", "#include \"host/neutral/errors.hpp\""), 0u);
  EXPECT_EQ(includes("host/neutral/a.cpp", "#include \"host/backend.hpp\""), 1u);
  EXPECT_EQ(includes("host/neutral/a.cpp", "#include \"kernels/core/constants.hpp\""), 1u);
  EXPECT_EQ(includes("host/engine/a.cpp", "#include \"kernels/core/constants.hpp\""), 0u);
  EXPECT_EQ(includes("host/engine/a.cpp", "#include \"apps/zener/results.hpp\""), 1u);
  EXPECT_EQ(includes("apps/zener/a.cpp", "  #  include <host/engine/kmc_engine.hpp>"), 1u);
  EXPECT_EQ(includes("apps/zener/a.cpp", "#include \"host/backend.hpp\""), 0u);
  EXPECT_EQ(includes("apps/zener/a.cpp", "#include <vector>"), 0u);
  const auto syntax = [](const char *path, const char *line) { return syntax_faults({path, {line}}).size(); };
  EXPECT_EQ(syntax("kernels/kmc/a.hpp", "__global__ void f();"), 1u);
  EXPECT_EQ(syntax("kernels/kmc/a.hpp", "f<<<1, 1>>>();"), 1u);
  EXPECT_EQ(syntax("host/engine/a.cpp", "  # pragma  omp parallel"), 1u);
  EXPECT_EQ(syntax("host/engine/a.cpp", "cudaMalloc(&p, 1);"), 1u);
  EXPECT_EQ(syntax("host/engine/a.cpp", "int x; // not <<< here"), 0u);
  EXPECT_EQ(syntax("kernels/kmc/a.hpp", "#if defined(ZENER_GPU)"), 1u);
  EXPECT_EQ(syntax("host/engine/a.cpp", "# elif defined(__AVX512F__)"), 1u);
  EXPECT_EQ(syntax("tests/exec/a_test.cpp", "#if defined(ZENER_DEBUG_DEVICE)"), 0u);
  EXPECT_EQ(syntax("kernels/exec/team.hpp", "__syncthreads();"), 0u);
  EXPECT_EQ(syntax("kernels/nn/mlp_tuned.hpp", "__shared__ float x;"), 0u);
}

} // namespace
} // namespace zener
