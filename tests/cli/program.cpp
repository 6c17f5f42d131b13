#include "tests/cli/program.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>
#include <sstream>
#include <thread>

#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

namespace zener::test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSites = 112;

std::string text_of(int descriptor) {
  std::string text;
  std::string block(std::size_t{1} << 16, '\0');
  while (true) {
    const ssize_t n = ::pread(descriptor, block.data(), block.size(), static_cast<off_t>(text.size()));
    if (n <= 0) {
      return text;
    }
    text.append(block, 0, static_cast<std::size_t>(n));
  }
}

std::vector<std::string> merged_environment(const Environment &changes) {
  std::vector<std::string> all;
  for (char **entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (changes.count(text.substr(0, text.find('='))) == 0) {
      all.push_back(text);
    }
  }
  for (const auto &[key, value] : changes) {
    all.push_back(key + "=" + value);
  }
  return all;
}

std::vector<char *> pointers(std::vector<std::string> &texts) {
  std::vector<char *> result;
  for (std::string &text : texts) {
    result.push_back(text.data());
  }
  result.push_back(nullptr);
  return result;
}

DenseLayer dense(int in, int out, double weight, double bias) {
  return {in, out, std::vector<double>(static_cast<std::size_t>(in * out), weight),
          std::vector<double>(static_cast<std::size_t>(out), bias)};
}

Mlp network_of(std::vector<DenseLayer> layers) {
  Mlp network;
  network.elements = {"Nb", "Mo", "Ta"};
  network.lattice_constant_A = 3.24;
  network.cutoff_A = 7.5;
  network.layers = std::move(layers);
  network.source = "made by the tests";
  return network;
}

std::string preset_with(const std::string &barriers, const std::string &temperatures) {
  return R"({
  // a comment
  "driver": "kmc",
  "title": "small",
  "seed": 7,
  "lattice": {"structure": "bcc", "a_A": 3.24, "cells": [5, 5, 5]},
  "composition": {"Nb": 1, "Mo": 1, "Ta": 1},
  "barriers": )" +
         barriers + R"(,
  "walkers": {"temperatures_K": )" +
         temperatures + R"(, "replicas": 2},
  "hops": 500,
  "observe": {"order": {"shells": 2}, "sample": {"log_per_decade": 4}},
  "output": {"configurations": "all", "plots": false}
}
)";
}

} // namespace

Program::Program(const fs::path &folder, const Arguments &command, const Environment &environment)
    : out_(::memfd_create("stdout", MFD_CLOEXEC)), err_(::memfd_create("stderr", MFD_CLOEXEC)) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0, 0);
  posix_spawn_file_actions_adddup2(&actions, out_, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err_, STDERR_FILENO);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  // A test under nohup would otherwise hand down ignored signals.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) {
    sigaddset(&signals, number);
  }
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);

  std::vector<std::string> words = command;
  std::vector<std::string> variables = merged_environment(environment);
  const int error =
      ::posix_spawnp(&pid_, command.front().c_str(), &actions, &attributes, pointers(words).data(), pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    ADD_FAILURE() << command.front() << " cannot be started: " << std::strerror(error);
    ended_ = true;
  }
}

Program::~Program() {
  if (running()) {
    send(SIGKILL);
    ::waitpid(pid_, &status_, 0);
  }
  ::close(out_);
  ::close(err_);
}

void Program::send(int signal) const {
  if (!ended_) {
    EXPECT_EQ(::kill(pid_, signal), 0) << std::strerror(errno);
  }
}

bool Program::running() {
  ended_ = ended_ || ::waitpid(pid_, &status_, WNOHANG) == pid_;
  return !ended_;
}

std::string Program::err_so_far() const { return text_of(err_); }

bool Program::wait_until(const std::function<bool()> &condition, double limit_s) {
  const auto start = std::chrono::steady_clock::now();
  while (!condition()) {
    if (!running() || std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() > limit_s) {
      return condition();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

Outcome Program::wait(double limit_s) {
  if (!wait_until([this] { return !running(); }, limit_s)) {
    ADD_FAILURE() << "still running after " << limit_s << " s:\n" << err_so_far();
    send(SIGKILL);
    ::waitpid(pid_, &status_, 0);
    ended_ = true;
  }
  Outcome outcome;
  outcome.code = WIFEXITED(status_) ? WEXITSTATUS(status_) : -1;
  outcome.signal = WIFSIGNALED(status_) ? WTERMSIG(status_) : 0;
  outcome.out = text_of(out_);
  outcome.err = text_of(err_);
  return outcome;
}

std::string zener_binary() { return (fs::read_symlink("/proc/self/exe").parent_path() / "zener").string(); }

Arguments zener_command(const Arguments &arguments) {
  Arguments command{zener_binary()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

Outcome zener(const fs::path &folder, const Arguments &arguments, const Environment &environment) {
  return Program(folder, zener_command(arguments), environment).wait();
}

void expect_done(const Outcome &outcome) {
  EXPECT_EQ(outcome.signal, 0);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(count_of(outcome.err, "error: "), 0U) << outcome.err;
}

void expect_failure(const Outcome &outcome, int code, std::initializer_list<std::string> words) {
  EXPECT_EQ(outcome.signal, 0) << outcome.err;
  EXPECT_EQ(outcome.code, code) << outcome.err;
  EXPECT_EQ(count_of(outcome.err, "error: "), 1U) << outcome.err;
  const std::string error = outcome.err.substr(std::min(outcome.err.find("error: "), outcome.err.size()));
  for (const std::string &word : words) {
    EXPECT_NE(error.find(word), std::string::npos) << "'" << word << "' is missing in: " << outcome.err;
  }
  EXPECT_EQ(outcome.err.find("HDF5-DIAG"), std::string::npos) << "the library's own report: " << outcome.err;
}

std::size_t count_of(const std::string &text, const std::string &part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

std::map<std::string, std::string> content_of(const fs::path &folder) {
  std::map<std::string, std::string> content;
  std::error_code error;
  for (const auto &entry : fs::recursive_directory_iterator(folder, error)) {
    if (entry.is_regular_file()) {
      const std::string bytes = bytes_of(entry.path());
      content[fs::relative(entry.path(), folder).string()] =
          std::to_string(bytes.size()) + " bytes, " + std::to_string(std::hash<std::string>()(bytes));
    }
  }
  return content;
}

std::string small_preset() { return preset_with(R"({"kind": "constant", "barrier_eV": 1.0})", "[1000, 2000]"); }

std::string pair_preset() {
  return preset_with(R"({"kind": "pair_kra", "migration_eV": {"Mo": 1.72, "Nb": 1.02, "Ta": 1.13},
               "pair_eV": [{"Mo-Ta": -0.0235}, {"Mo-Mo": -0.01175, "Ta-Ta": -0.01175}]})",
                     "[400, 900]");
}

std::string network_preset(const std::string &file) {
  return preset_with(R"({"kind": "mlp", "file": ")" + file + "\"}", "[1000, 2000]");
}

Mlp small_network() {
  std::mt19937 random(11);
  // Multiples of 2^-14, so that text and float32 hold them exactly.
  const auto draw = [&](double scale) { return scale * (static_cast<double>(random() % 2049) - 1024.0) / 16384.0; };
  std::vector<DenseLayer> layers{dense(static_cast<int>(kSites), 6, 0.0, 0.125), dense(6, 5, 0.0, 0.125),
                                 dense(5, 1, 0.0, 1.0)};
  for (DenseLayer &layer : layers) {
    for (double &weight : layer.weight) {
      weight = draw(1.0);
    }
  }
  return network_of(layers);
}

double network_output(const Mlp &network, std::vector<double> values) {
  for (const DenseLayer &layer : network.layers) {
    std::vector<double> next;
    for (int o = 0; o < layer.out; ++o) {
      double sum = layer.bias[static_cast<std::size_t>(o)];
      for (int i = 0; i < layer.in; ++i) {
        sum += layer.weight[static_cast<std::size_t>(o * layer.in + i)] * values[static_cast<std::size_t>(i)];
      }
      next.push_back(&layer == &network.layers.back() ? sum : std::max(0.0, sum));
    }
    values = next;
  }
  return values.front();
}

Mlp overflowing_network(double limit) {
  return network_of({dense(static_cast<int>(kSites), 1, 1.0, -limit), dense(1, 1, 1e25, 0.0), dense(1, 1, 1e25, 1.0)});
}

std::map<std::string, std::int64_t> atoms_of_xyz(const fs::path &file) {
  std::istringstream in(bytes_of(file));
  std::map<std::string, std::int64_t> atoms;
  std::int64_t count = 0;
  std::string header;
  in >> count;
  std::getline(in, header);
  std::getline(in, header);
  for (const char *word : {"Lattice=\"", "Properties=species:S:1:pos:R:3", "pbc=\"T T T\"", "Temperature_K="}) {
    EXPECT_NE(header.find(word), std::string::npos) << file << ": " << header;
  }
  std::string line;
  std::int64_t lines = 0;
  while (std::getline(in, line)) {
    std::istringstream words(line);
    std::string element;
    double x = NAN;
    double y = NAN;
    double z = NAN;
    words >> element >> x >> y >> z;
    EXPECT_TRUE(words && std::isfinite(x + y + z)) << file << ": " << line;
    ++atoms[element];
    ++lines;
  }
  EXPECT_EQ(lines, count) << file;
  return atoms;
}

std::map<std::string, std::int64_t> atoms_of_dump(const fs::path &file) {
  std::istringstream in(bytes_of(file));
  std::map<std::string, std::int64_t> atoms;
  std::string line;
  std::int64_t count = -1;
  while (std::getline(in, line) && line.rfind("ITEM: ATOMS", 0) != 0) {
    if (line == "ITEM: NUMBER OF ATOMS") {
      std::getline(in, line);
      count = std::stoll(line);
    }
  }
  EXPECT_EQ(line.rfind("ITEM: ATOMS id type x y z element", 0), 0U) << file << ": " << line; // what is observed comes after
  std::int64_t lines = 0;
  while (std::getline(in, line)) {
    std::istringstream words(line);
    std::int64_t id = 0;
    int type = 0;
    double x = NAN;
    double y = NAN;
    double z = NAN;
    std::string element;
    words >> id >> type >> x >> y >> z >> element;
    EXPECT_TRUE(words && id > 0 && type > 0 && std::isfinite(x + y + z)) << file << ": " << line;
    ++atoms[element];
    ++lines;
  }
  EXPECT_EQ(lines, count) << file;
  return atoms;
}

std::string python_with(const std::vector<std::string> &modules) {
  std::string import = "import sys";
  for (const std::string &module : modules) {
    import += ", " + module;
  }
  for (const char *python : {"python3", "/usr/bin/python3"}) {
    // env, so that an absent one is an exit code.
    if (Program(fs::temp_directory_path(), {"/usr/bin/env", python, "-c", import}).wait().code == 0) {
      return python;
    }
  }
  return "";
}

} // namespace zener::test
