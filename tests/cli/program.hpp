// Runs programs as a user would, in a folder of their own, and holds what the tests of the command line share.
#pragma once

#include "host/neutral/barrier_model.hpp"
#include "tests/neutral/support.hpp"

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

namespace zener::test {

using Arguments = std::vector<std::string>;
using Environment = std::map<std::string, std::string>;

struct Outcome {
  int code = -1;  // exit code; -1 when a signal ended the program
  int signal = 0; // that signal
  std::string out;
  std::string err;
};

// A program that was started in a folder, with its output kept in memory.
class Program {
public:
  // command: the program and its arguments. The environment comes on top of ours.
  Program(const std::filesystem::path &folder, const Arguments &command, const Environment &environment = {});
  ~Program(); // ends it when it still runs
  Program(const Program &) = delete;
  Program &operator=(const Program &) = delete;

  void send(int signal) const;
  bool running();
  std::string err_so_far() const;
  // Waits until the condition holds; false when the program ended or the time was up before.
  bool wait_until(const std::function<bool()> &condition, double limit_s = 60.0);
  // Waits for its end. A program that takes longer than the limit is a failure, and is ended.
  Outcome wait(double limit_s = 120.0);

private:
  int out_ = -1;
  int err_ = -1;
  pid_t pid_ = -1;
  int status_ = 0;
  bool ended_ = false;
};

// The program that was built with these tests; it stands beside them, also where they were copied.
std::string zener_binary();

// Command line of it.
Arguments zener_command(const Arguments &arguments);

// Runs it to its end.
Outcome zener(const std::filesystem::path &folder, const Arguments &arguments, const Environment &environment = {});

// The outcome must be a plain success.
void expect_done(const Outcome &outcome);

// It must be an ordinary end with this code, and one error on standard error, at its end, with all the words.
void expect_failure(const Outcome &outcome, int code, std::initializer_list<std::string> words);

std::size_t count_of(const std::string &text, const std::string &part);

// Every regular file below a folder with its length and a hash of its bytes, by path relative to it.
std::map<std::string, std::string> content_of(const std::filesystem::path &folder);

// A preset of 2 temperatures with 2 walkers each of 250 sites, constant barriers, hops 500; without plots.
std::string small_preset();
// The same with pair_kra barriers written out, 400 K and 900 K.
std::string pair_preset();
// The same with the network of this file.
std::string network_preset(const std::string &file);

// A network of Nb, Mo and Ta, 112 -> 6 -> 5 -> 1, with barriers near 1 eV.
Mlp small_network();
// What a network gives in double: y = W x + b, ReLU on all layers but the last.
double network_output(const Mlp &network, std::vector<double> values);
// A network whose barriers are 1 eV until the codes around the vacancy sum to more than `limit`; then they overflow float32.
Mlp overflowing_network(double limit);

// Reads an extended XYZ file and checks its form; atoms of each element.
std::map<std::string, std::int64_t> atoms_of_xyz(const std::filesystem::path &file);
// The same for a LAMMPS dump.
std::map<std::string, std::int64_t> atoms_of_dump(const std::filesystem::path &file);

// The Python with these modules that the program would find, or an empty text.
std::string python_with(const std::vector<std::string> &modules);

} // namespace zener::test
