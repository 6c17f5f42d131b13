// The driver swap_mc_md: through the program with the potentials that ship, and in this process where a run has to be stopped.
#include "apps/zener/python.hpp"
#include "apps/zener/swap_driver.hpp"
#include "host/neutral/atom_files.hpp"
#include "host/neutral/h5.hpp"
#include "host/neutral/log.hpp"
#include "host/neutral/shells.hpp"
#include "host/neutral/signals.hpp"
#include "tests/cli/program.hpp"
#include "tests/support/backends.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>

namespace zener::test {
namespace {

using nlohmann::json;

class Swaps : public ::testing::Test {
protected:
  static std::filesystem::path preset() { return home_folder() / "presets/all_keys_swap_mc_md.json"; }
  static const Arguments &quick() {
    static const Arguments edits{"sweeps=null", "trials=80", "output.plots=false"};
    return edits;
  }
  Outcome run(const Arguments &edits, const std::string &out, bool resume = false) {
    Arguments all{"run", preset().string(), "--device", "cpu", "--threads", "1", "--out", out};
    for (const Arguments *list : {&quick(), &edits}) {
      for (const std::string &edit : *list) {
        all.insert(all.end(), {"--set", edit});
      }
    }
    if (resume) {
      all.emplace_back("--resume");
    }
    return zener(folder_.path(), all);
  }
  json summary(const std::string &out) const { return json::parse(bytes_of(folder_ / out / "summary.json")); }
  // A configuration, types in alphabetical order.
  Atoms last(const std::string &out, const std::string &system, const std::string &name = "final") const {
    Atoms atoms = read_atoms(folder_ / out / "configurations" / (name + "_" + system + ".xyz")).back();
    std::vector<std::string> sorted = atoms.elements;
    std::sort(sorted.begin(), sorted.end());
    for (std::int32_t &type : atoms.type) {
      const std::string &element = atoms.elements[static_cast<std::size_t>(type)];
      type = static_cast<std::int32_t>(std::find(sorted.begin(), sorted.end(), element) - sorted.begin());
    }
    atoms.elements = sorted;
    return atoms;
  }

  TemporaryFolder folder_;
};

const char *const kNothing = "between=nothing";
const char *const kDynamics = "title=dynamics"; // those of the preset
const char *const kRelax = "between={\"relax\":{\"force_tolerance_eV_A\":0.1}}";

TEST_F(Swaps, ResultsHangTogether) {
  for (const char *between : {kNothing, kRelax, kDynamics}) {
    SCOPED_TRACE(between);
    const std::string out = between == kRelax ? "relax" : between == kDynamics ? "md" : "rigid";
    expect_done(run({between}, out));
    const json s = summary(out);
    EXPECT_EQ(s.at("format"), "zener-swap-summary-1");
    EXPECT_EQ(s.at("run").at("status"), "finished");
    EXPECT_EQ(s.at("run").at("trials"), 80);
    const H5File series = H5File::open(folder_ / out / "series.h5");
    EXPECT_EQ(series.read<std::int64_t>("/trial"), (std::vector<std::int64_t>{0, 40, 80}));
    const auto bonds = series.read<std::int64_t>("/order/bonds");
    const auto energy = series.read<double>("/energy_per_atom_eV");
    const auto tried = series.read<std::int64_t>("/acceptance/tried");
    const auto kept = series.read<std::int64_t>("/acceptance/kept");
    ASSERT_EQ(bonds.size(), 3U * 4 * 2 * 6);
    ASSERT_EQ(tried.size(), 3U * 4 * 6);
    for (std::size_t k = 0; k < 4; ++k) {
      const Atoms begin = last(out, "g" + std::to_string(k / 2) + "_r" + std::to_string(k % 2), "initial");
      const Atoms end = last(out, "g" + std::to_string(k / 2) + "_r" + std::to_string(k % 2));
      EXPECT_NE(begin.type, end.type);
      for (std::int32_t e = 0; e < 3; ++e) {
        EXPECT_EQ(std::count(end.type.begin(), end.type.end(), e), 18);
      }
      EXPECT_NEAR(end.total_energy_eV, 54.0 * energy[2 * 4 + k], 1e-6);
      EXPECT_EQ(begin.position_A == end.position_A, between == kNothing);
      if (between == kNothing) { // sites of a perfect crystal: the bonds can be counted again
        const auto counted = count_bonds(shells_of(end, 2, "end"), end.type, 3);
        EXPECT_TRUE(std::equal(counted.begin(), counted.end(), bonds.begin() + static_cast<std::ptrdiff_t>((2 * 4 + k) * 12)));
      }
      std::int64_t all = 0;
      for (std::size_t p = 0; p < 6; ++p) {
        const std::size_t at = (2 * 4 + k) * 6 + p;
        EXPECT_LE(kept[at], tried[at]);
        all += tried[at];
      }
      EXPECT_EQ(all, 80);
    }
    EXPECT_EQ(s.at("groups").size(), 2U);
    EXPECT_EQ(s.at("groups")[0].at("acceptance").at("all").at("tried"), 160);
    EXPECT_EQ(s.at("groups")[0].contains("kinetic_temperature_K"), between == kDynamics);
    EXPECT_EQ(s.at("groups")[0].contains("relax_steps_per_trial"), between == kRelax);
  }
}

// Stopped by a signal and taken up again, a run ends with the same bits; prolonged, it goes on.
TEST_F(Swaps, RestartsAreExact) {
  for (const char *between : {kNothing, kRelax, kDynamics}) {
    SCOPED_TRACE(between);
    const std::string name = between == kRelax ? "relax" : between == kDynamics ? "md" : "rigid";
    const std::string whole = "whole_" + name, cut = "cut_" + name;
    expect_done(run({between}, whole));
    RunOptions options;
    options.preset = preset();
    options.edits = quick();
    options.edits.emplace_back(between);
    options.out = folder_ / cut;
    options.device = "cpu";
    options.threads = 1;
    set_console_level(LogLevel::error);
    const std::unique_ptr<Backend> backend = std::move(open_devices().back().backend); // the CPU
    const int code = run_swap(options, [&](const AtomsPlan &plan) {
      std::raise(SIGINT); // before the first trial
      return backend->make_atoms(plan);
    });
    close_log_file();
    clear_stop_signal();
    set_console_level(LogLevel::info);
    EXPECT_EQ(code, 130);
    EXPECT_EQ(summary(cut).at("run").at("status"), "interrupted");
    expect_done(run({between, "trials=40"}, cut, true));
    expect_done(run({between}, cut, true));
    for (const char *system : {"g0_r0", "g1_r1"}) {
      EXPECT_EQ(bytes_of(folder_ / whole / "configurations" / (std::string("final_") + system + ".xyz")),
                bytes_of(folder_ / cut / "configurations" / (std::string("final_") + system + ".xyz")));
    }
    const H5File a = H5File::open(folder_ / whole / "series.h5"), b = H5File::open(folder_ / cut / "series.h5");
    for (const char *name : {"/energy_per_atom_eV", "/order/delta_per_site", "/temperature_K"}) {
      EXPECT_EQ(a.read<double>(name), b.read<double>(name)) << name;
    }
    EXPECT_EQ(a.read<std::int64_t>("/acceptance/kept"), b.read<std::int64_t>("/acceptance/kept"));
    expect_failure(run({between, "seed=9"}, cut, true), 2, {"/seed"});
    expect_failure(run({between, "trials=20"}, cut, true), 2, {"80 trials", "20"});
  }
}

TEST_F(Swaps, BadInputIsNamed) {
  const auto refused = [&](const std::string &edit, std::initializer_list<std::string> words, int code = 2) {
    SCOPED_TRACE(edit);
    expect_failure(run({edit}, "bad"), code, words);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "bad"));
  };
  refused("trials=90", {"/trials", "every_trials"});
  refused("between={\"md\":1}", {"/between"});
  refused("ladder.temperatures_K=[]", {"/ladder/temperatures_K"});
  refused("structure.composition={\"Mo\":1}", {"one element"});
  refused("structure.displacement_A=0.6", {"shell", "order_shells"}, 3);
  refused("structure.file=\"none.xyz\"", {"structure"});
  expect_failure(zener(folder_.path(), {"run", preset().string(), "--out", "none", "--resume"}), 3, {"none"});
}

TEST_F(Swaps, AFileIsAStart) {
  expect_done(run({kNothing}, "a"));
  expect_done(run({kNothing, "structure={\"file\":\"a/configurations/final_g0_r0.xyz\"}"}, "b"));
  EXPECT_EQ(last("b", "g0_r0", "initial").type, last("a", "g0_r0").type);
  const Outcome check = zener(folder_.path(), {"check", preset().string(), "--device", "cpu", "--threads", "1"});
  expect_done(check);
  EXPECT_NE(check.out.find("shell 1   216 bonds"), std::string::npos) << check.out;
}

} // namespace
} // namespace zener::test
