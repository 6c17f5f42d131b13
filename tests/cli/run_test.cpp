// `zener run` as intended: what a result folder holds, and that runs leave each other alone.
#include "host/neutral/checkpoint.hpp"
#include "host/neutral/h5.hpp"
#include "host/neutral/mlp_file.hpp"
#include "tests/cli/program.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <sstream>

namespace zener::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// A result folder must hold these files, whole and in agreement with each other.
void expect_results(const fs::path &folder, std::uint64_t hops, std::size_t groups, bool order) {
  const json summary = json::parse(bytes_of(folder / "summary.json"));
  EXPECT_EQ(summary.at("format"), "zener-kmc-summary-1");
  EXPECT_EQ(summary.at("backend"), "cpu");
  EXPECT_EQ(summary.at("run").at("status"), "finished");
  EXPECT_EQ(summary.at("run").at("hops"), hops);
  EXPECT_GT(summary.at("run").at("hops_per_s").get<double>(), 0.0);
  EXPECT_EQ(summary.at("halted_walkers_total"), 0);
  ASSERT_EQ(summary.at("groups").size(), groups);
  EXPECT_EQ(json::parse(bytes_of(folder / "preset.json")), summary.at("preset"));
  EXPECT_EQ(bytes_of(folder / "summary.json").find("NaN"), std::string::npos);
  EXPECT_NE(bytes_of(folder / "log.txt").find("done: "), std::string::npos);
  for (const json &number : summary.at("numbers")) {
    EXPECT_TRUE(number.contains("name") && number.contains("units") && number.contains("value")) << number;
  }

  const H5File series = H5File::open(folder / "series.h5");
  EXPECT_EQ(series.read_string_attribute("/", "format"), "zener-kmc-series-1");
  EXPECT_EQ(json::parse(series.read_string_attribute("/", "preset")), summary.at("preset"));
  const auto rows = series.read<std::uint64_t>("/hops");
  ASSERT_GE(rows.size(), 2U);
  EXPECT_EQ(rows.front(), 0U);
  EXPECT_EQ(rows.back(), hops);
  EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end()));
  std::vector<std::string> datasets{"/time_s/mean", "/time_s/standard_error", "/vacancy/msd_A2/mean",
                                    "/vacancy/displacement_A/mean"};
  if (order) {
    for (const char *name : {"bonds", "delta_per_cell", "delta_per_site", "delta_per_bond", "warren_cowley"}) {
      datasets.push_back(std::string("/order/") + name + "/mean");
    }
    EXPECT_EQ(series.read_strings("/order/pairs").size(), series.shape("/order/expected_bonds").back());
  }
  for (const std::string &name : datasets) {
    const H5File::Shape shape = series.shape(name);
    ASSERT_GE(shape.size(), 2U) << name;
    EXPECT_EQ(shape[0], rows.size()) << name;
    EXPECT_EQ(shape[1], groups) << name;
    for (const double value : series.read<double>(name)) {
      EXPECT_TRUE(std::isfinite(value)) << name;
    }
    EXPECT_FALSE(series.read_string_attribute(name, "units").empty());
    EXPECT_FALSE(series.read_string_attribute(name, "description").empty());
  }
  const auto time = series.read<double>("/time_s/mean");
  for (std::size_t g = 0; g < groups; ++g) {
    EXPECT_EQ(time[g], 0.0);
    EXPECT_DOUBLE_EQ(time[time.size() - groups + g], summary.at("groups").at(g).at("time_s").at("mean").get<double>());
  }

  const Checkpoint checkpoint = load_checkpoint(folder / "checkpoint.h5");
  EXPECT_EQ(checkpoint.state.hops, hops);
  for (const char *when : {"initial", "final"}) {
    for (std::size_t g = 0; g < groups; ++g) {
      const fs::path stem = folder / "configurations" / (std::string(when) + "_g" + std::to_string(g) + "_r0");
      std::map<std::string, std::int64_t> expected;
      for (const auto &[element, count] : summary.at("groups").at(g).at("atoms").items()) {
        expected[element] = count.get<std::int64_t>();
      }
      EXPECT_EQ(atoms_of_xyz(stem.string() + ".xyz"), expected);
      EXPECT_EQ(atoms_of_dump(stem.string() + ".dump"), expected);
    }
  }
  for (const auto &[name, content] : content_of(folder)) {
    EXPECT_EQ(name.find(".partial"), std::string::npos);
    EXPECT_NE(content.rfind("0 bytes", 0), 0U) << name;
  }
}

TEST(CliRun, Quickstart) {
  const TemporaryFolder folder;
  const Outcome outcome = zener(folder.path(), {"run", "quickstart", "--set", "hops=4000", "--set", "output.plots=false",
                                                "--device", "cpu", "--out", "q"});
  expect_done(outcome);
  EXPECT_NE(outcome.err.find("cpu:0"), std::string::npos) << "the device is said";
  EXPECT_NE(outcome.err.find("q/summary.json"), std::string::npos) << "the end says where the results are";
  expect_results(folder / "q", 4000, 6, true);
}

TEST(CliRun, EveryKey) {
  const TemporaryFolder folder;
  expect_done(zener(folder.path(), {"run", "all_keys", "--set", "hops=2000", "--set", "observe.averages_from_hop=1000", "--set",
                                    "observe.b2.persistent_over_hops=500", "--set", "output.configurations_at_hops=[1000]",
                                    "--set", "output.plots=false", "--device", "cpu", "--out", "deep/down/a"}));
  expect_results(folder / "deep/down/a", 2000, 2, true);
  EXPECT_EQ(atoms_of_xyz(folder / "deep/down/a/configurations/hop_1000_g1_r0.xyz").size(), 3U);
}

TEST(CliRun, NetworkLadderAndNoOrder) {
  const TemporaryFolder folder;
  write_mlp(small_network(), folder / "n.safetensors");
  put_bytes(folder / "p.json", network_preset("n.safetensors"));
  expect_done(zener(folder.path(), {"run", "p.json", "--set", "observe.order.shells=0", "--set",
                                    R"(composition=[{"Nb": 1, "Mo": 1, "Ta": 1}, {"Nb": 90, "Mo": 5, "Ta": 5}])", "--device",
                                    "cpu", "--out", "o"}));
  expect_results(folder / "o", 500, 4, false);
}

// A preset of the tests, to be changed key by key.
json preset_of(const std::string &text) { return json::parse(text, nullptr, true, true); }

Outcome run_preset(const TemporaryFolder &folder, const json &preset, const std::string &out) {
  put_bytes(folder / (out + ".json"), preset.dump());
  return zener(folder.path(), {"run", out + ".json", "--device", "cpu", "--out", out});
}

// Columns of an extended XYZ file by name, as its header names them; every site must be there or be a vacancy.
std::map<std::string, std::vector<double>> columns_of_xyz(const fs::path &file) {
  std::istringstream in(bytes_of(file));
  std::string line;
  std::getline(in, line);
  std::getline(in, line);
  std::string properties = line.substr(line.find("Properties=") + 11);
  properties = properties.substr(0, properties.find(' '));
  std::vector<std::string> names;
  std::istringstream fields(properties);
  for (std::string name, type, width;
       std::getline(fields, name, ':') && std::getline(fields, type, ':') && std::getline(fields, width, ':');) {
    names.insert(names.end(), static_cast<std::size_t>(std::stoi(width)), name);
  }
  std::map<std::string, std::vector<double>> columns;
  while (std::getline(in, line)) {
    std::istringstream words(line);
    std::string element;
    words >> element;
    for (std::size_t i = 1; i < names.size(); ++i) {
      double value = NAN;
      words >> value;
      columns[names[i]].push_back(value);
    }
  }
  return columns;
}

std::vector<double> mean_of_series(const H5File &series, const std::string &name) {
  return series.read<double>(name + "/mean");
}

json everything_observed(const std::string &text) {
  json preset = preset_of(text);
  preset["observe"]["randomness"] = true;
  preset["observe"]["transport"] = true;
  preset["observe"]["tracers"] = true;
  preset["observe"]["b2"] = {{"pair", {"Mo", "Ta"}}, {"least_partners", 5}, {"persistent_over_hops", 200}};
  preset["observe"]["sample"] = {{"every_hops", 100}};
  return preset;
}

TEST(CliRun, EverythingObserved) {
  const TemporaryFolder folder;
  expect_done(run_preset(folder, everything_observed(pair_preset()), "o"));
  const json summary = json::parse(bytes_of(folder / "o/summary.json"));
  const H5File series = H5File::open(folder / "o/series.h5");
  const std::size_t rows = series.read<std::uint64_t>("/hops").size();
  ASSERT_EQ(rows, 6U);
  const std::map<std::string, H5File::Shape> shapes{{"/randomness/mean_R", {rows, 2}},
                                                    {"/transport/jumps", {rows, 2, 3}},
                                                    {"/transport/collective_A2", {rows, 2, 6}},
                                                    {"/tracers/msd_A2", {rows, 2, 3}},
                                                    {"/tracers/correlation_factor", {rows, 2, 3}},
                                                    {"/b2/centres", {rows, 2}},
                                                    {"/b2/size_histogram", {rows, 2, 24}},
                                                    {"/b2/persistent/largest", {rows, 2}}};
  for (const auto &[name, shape] : shapes) {
    for (const char *part : {"/mean", "/standard_error"}) {
      EXPECT_EQ(series.shape(name + part), shape) << name;
      EXPECT_FALSE(series.read_string_attribute(name + part, "units").empty()) << name;
    }
  }
  EXPECT_EQ(series.read_strings("/transport/pairs").size(), 6U);
  EXPECT_EQ(series.read<double>("/b2/size_bins").at(3), 8.0);
  EXPECT_EQ(series.read<double>("/randomness/bin_edges").back(), 1.0);
  const auto histogram = series.read<double>("/randomness/histogram");
  EXPECT_NEAR(std::accumulate(histogram.begin(), histogram.begin() + 50, 0.0), 1.0, 1e-12);

  const auto jumps = mean_of_series(series, "/transport/jumps");
  const auto collective = mean_of_series(series, "/transport/collective_A2");
  const auto msd = mean_of_series(series, "/vacancy/msd_A2");
  const auto tracers = mean_of_series(series, "/tracers/msd_A2");
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t g = 0; g < 2; ++g) {
      const std::size_t at = row * 2 + g;
      EXPECT_DOUBLE_EQ(jumps[3 * at] + jumps[3 * at + 1] + jumps[3 * at + 2], 100.0 * static_cast<double>(row));
      // All atoms together move as far as the vacancy, the other way.
      const double *d = &collective[6 * at];
      EXPECT_NEAR(d[0] + d[3] + d[5] + 2.0 * (d[1] + d[2] + d[4]), msd[at], 1e-9 * msd[at] + 1e-9);
    }
  }

  for (std::size_t g = 0; g < 2; ++g) {
    const json &group = summary.at("groups").at(g);
    const std::size_t at = (rows - 1) * 2 + g;
    EXPECT_DOUBLE_EQ(group.at("randomness").at("mean_R").at("mean").get<double>(),
                     mean_of_series(series, "/randomness/mean_R")[at]);
    EXPECT_GT(group.at("randomness").at("variance_R").at("mean").get<double>(), 0.0);
    double shares = 0.0;
    const std::vector<std::string> elements = series.read_strings_attribute("/groups/atoms", "elements");
    for (std::size_t s = 0; s < 3; ++s) {
      const std::string &element = elements[s];
      shares += group.at("transport").at("share_of_jumps").at(element).at("mean").get<double>();
      EXPECT_DOUBLE_EQ(group.at("transport").at("jumps").at(element).at("mean").get<double>(), jumps[3 * at + s]);
      const double squared = group.at("tracers").at("msd_A2").at(element).at("mean").get<double>();
      EXPECT_NEAR(squared, tracers[3 * at + s], 1e-12 * squared);
      const double time = group.at("time_s").at("mean").get<double>();
      EXPECT_NEAR(group.at("tracers").at("diffusivity_m2_per_s").at(element).at("mean").get<double>(),
                  squared * 1e-20 / (6.0 * time), 1e-9 * squared * 1e-20 / time);
      if (jumps[3 * at + s] > 0.0) {
        const double b2 = 0.75 * 3.24 * 3.24; // squared length of a jump, A^2
        const double atoms = group.at("atoms").at(element).get<double>();
        const double f = group.at("tracers").at("correlation_factor").at(element).at("mean").get<double>();
        EXPECT_NEAR(f, squared * atoms / (jumps[3 * at + s] * b2), 1e-9);
        EXPECT_NEAR(f, mean_of_series(series, "/tracers/correlation_factor")[3 * at + s], 1e-9);
      }
    }
    EXPECT_NEAR(shares, 1.0, 1e-12);
    const double kT = 8.617333262145179e-5 * group.at("temperature_K").get<double>();
    const double onsager = group.at("transport").at("onsager_per_eV_A_ps").at("Nb-Nb").at("mean").get<double>();
    const double nb = group.at("transport").at("collective_A2").at("Nb-Nb").at("mean").get<double>();
    const double time_ps = 1e12 * group.at("time_s").at("mean").get<double>();
    EXPECT_NEAR(onsager, nb / (6.0 * 125.0 * std::pow(3.24, 3) * kT * time_ps), 1e-9 * onsager);
    EXPECT_EQ(group.at("b2").at("at_hop"), 500);

    // The configurations' columns say the same as the last sample.
    double centres = 0.0;
    double largest = 0.0;
    double persistent = 0.0;
    for (const char *r : {"_r0", "_r1"}) {
      auto columns = columns_of_xyz(folder / ("o/configurations/final_g" + std::to_string(g) + r + ".xyz"));
      ASSERT_EQ(columns["cluster"].size(), 249U);
      std::map<double, int> sizes;
      for (std::size_t i = 0; i < columns["cluster"].size(); ++i) {
        EXPECT_EQ(columns["b2"][i] != 0.0, columns["cluster"][i] != 0.0);
        EXPECT_TRUE(columns["persistent_cluster"][i] == 0.0 || columns["b2"][i] == 1.0);
        EXPECT_TRUE(columns["randomness"][i] >= 0.0 && columns["randomness"][i] <= 1.0);
        centres += columns["b2"][i];
        persistent += columns["persistent_cluster"][i] != 0.0 ? 1.0 : 0.0;
        sizes[columns["cluster"][i]] += columns["cluster"][i] != 0.0 ? 1 : 0;
      }
      int before = 1 << 30;
      for (const auto &[number, size] : sizes) {
        if (number > 0.0) {
          EXPECT_LE(size, before) << "cluster 1 is the largest";
          before = size;
        }
      }
      largest += sizes[1.0];
    }
    EXPECT_DOUBLE_EQ(group.at("b2").at("centres").at("mean").get<double>(), 0.5 * centres);
    EXPECT_DOUBLE_EQ(group.at("b2").at("largest").at("mean").get<double>(), 0.5 * largest);
    EXPECT_DOUBLE_EQ(group.at("b2").at("persistent").at("centres").at("mean").get<double>(), 0.5 * persistent);
  }
  std::set<std::string> names;
  for (const json &number : summary.at("numbers")) {
    EXPECT_TRUE(names.insert(number.at("name").get<std::string>()).second) << number << " is there twice";
  }
  for (const char *name : {"mean_R_g1", "correlation_factor_Nb_g1", "tracer_diffusivity_Ta_g0", "b2_largest_g0"}) {
    EXPECT_EQ(names.count(name), 1U) << name;
  }
}

TEST(CliRun, RealTimeAndArrhenius) {
  const TemporaryFolder folder;
  json preset = everything_observed(small_preset());
  preset["barriers"]["barrier_eV"] = 0.8;
  preset["hops"] = 2000;
  preset["real_time"] = {{"formation_free_energy_eV", 2.0}, {"error_eV", 0.02}};
  expect_done(run_preset(folder, preset, "o"));
  const json summary = json::parse(bytes_of(folder / "o/summary.json"));
  for (const json &group : summary.at("groups")) {
    const json &real = group.at("real_time");
    const double kT = 8.617333262145179e-5 * group.at("temperature_K").get<double>();
    const double c = std::exp(-2.0 / kT + 0.5 * std::pow(0.02 / kT, 2));
    EXPECT_NEAR(real.at("equilibrium_concentration").at("mean").get<double>(), c, 1e-9 * c);
    EXPECT_DOUBLE_EQ(real.at("simulated_concentration").get<double>(), 1.0 / 250.0);
    const double factor = real.at("factor").at("mean").get<double>();
    EXPECT_NEAR(factor * c, 1.0 / 250.0, 1e-9);
    EXPECT_NEAR(real.at("time_s").at("mean").get<double>(), factor * group.at("time_s").at("mean").get<double>(),
                1e-9 * factor);
    EXPECT_GT(real.at("time_s").at("standard_error").get<double>(), 0.0);
    for (const auto &[element, d] : real.at("tracer_diffusivity_m2_per_s").items()) {
      const json &simulated = group.at("tracers").at("diffusivity_m2_per_s").at(element);
      const double expected = simulated.at("mean").get<double>() / factor;
      EXPECT_NEAR(d.at("mean").get<double>(), expected, 1e-9 * expected);
      EXPECT_GT(d.at("standard_error").get<double>() / d.at("mean").get<double>(),
                simulated.at("standard_error").get<double>() / simulated.at("mean").get<double>());
    }
  }
  ASSERT_EQ(summary.at("arrhenius").size(), 1U);
  const json &fits = summary.at("arrhenius").at(0);
  const auto energy = [](const json &fit) { return fit.at("activation_energy_eV").at("mean").get<double>(); };
  const auto error = [](const json &fit) { return fit.at("activation_energy_eV").at("standard_error").get<double>(); };
  // Constant barriers: the walks at both temperatures differ by chance only, the clocks by the barrier.
  EXPECT_NEAR(energy(fits.at("vacancy")), 0.8, 5.0 * error(fits.at("vacancy")));
  for (const auto &[element, fit] : fits.at("tracers").items()) {
    EXPECT_TRUE(fit.at("weighted").get<bool>());
    const json &real = fits.at("real_time").at("tracers").at(element);
    EXPECT_NEAR(energy(real) - energy(fit), 2.0, 0.02) << "the formation energy comes on top";
    EXPECT_NEAR(error(real), std::hypot(error(fit), 0.02), 1e-12);
  }
}

TEST(CliRun, OtherLatticesHaveTheirOwnUnits) {
  const TemporaryFolder folder;
  for (const auto &[structure, squared] : {std::pair{"bcc", 0.75}, std::pair{"sc", 1.0}, std::pair{"fcc", 0.5}}) {
    json preset = preset_of(small_preset());
    preset["lattice"]["structure"] = structure;
    preset["observe"]["tracers"] = true;
    preset["hops"] = 10;
    expect_done(run_preset(folder, preset, structure));
    const H5File series = H5File::open(folder / structure / "series.h5");
    EXPECT_EQ(series.read<std::uint64_t>("/hops").at(1), 1U);
    const double one_jump = mean_of_series(series, "/vacancy/msd_A2").at(2);
    EXPECT_NEAR(one_jump, squared * 3.24 * 3.24, 1e-12) << structure;
    const std::int64_t sites = 125 * (std::string(structure) == "bcc" ? 2 : (std::string(structure) == "sc" ? 1 : 4));
    const auto bonds = series.read<double>("/order/expected_bonds");
    const json summary = json::parse(bytes_of(folder / structure / "summary.json"));
    double atoms = 0.0;
    for (const auto &[element, n] : summary.at("groups").at(0).at("atoms").items()) {
      atoms += n.get<double>();
    }
    EXPECT_EQ(atoms, static_cast<double>(sites - 1));
    const double coordination = std::string(structure) == "bcc" ? 8.0 : (std::string(structure) == "sc" ? 6.0 : 12.0);
    const double expected = 0.5 * coordination * static_cast<double>(sites) * atoms * (atoms - 1.0) /
                            (static_cast<double>(sites) * static_cast<double>(sites - 1));
    EXPECT_NEAR(std::accumulate(bonds.begin(), bonds.begin() + 6, 0.0), expected, 1e-9) << structure;
  }
}

TEST(CliRun, SeveralVacancies) {
  const TemporaryFolder folder;
  json preset = everything_observed(pair_preset());
  preset["vacancies"] = 3;
  expect_done(run_preset(folder, preset, "o"));
  const json summary = json::parse(bytes_of(folder / "o/summary.json"));
  for (const json &group : summary.at("groups")) {
    const double share = group.at("contacts").at("share_of_environments").at("mean").get<double>();
    EXPECT_TRUE(share > 0.0 && share <= 1.0) << share << ": three vacancies on 250 sites see each other";
    std::int64_t atoms = 0;
    for (const auto &[element, n] : group.at("atoms").items()) {
      atoms += n.get<std::int64_t>();
    }
    EXPECT_EQ(atoms, 247);
    // What the checkpoint holds: the mean of the three squared displacements.
    EXPECT_GT(group.at("diffusivity_m2_per_s").at("mean").get<double>(), 0.0);
  }
  const KmcState state = load_checkpoint(folder / "o/checkpoint.h5").state;
  ASSERT_EQ(state.displacement.size(), 3U * 4U * 3U);
  double sum = 0.0;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    for (std::size_t i = 0; i < 6; ++i) { // two walkers of group 0, three vacancies each
      sum += std::pow(1.62 * state.displacement[axis * 12 + i], 2);
    }
  }
  EXPECT_NEAR(summary.at("groups").at(0).at("msd_A2").at("mean").get<double>(), sum / 6.0, 1e-9 * sum);
}

json static_preset() {
  json preset = preset_of(pair_preset());
  preset["driver"] = "static_mc";
  preset["trials"] = 3000;
  preset.erase("hops");
  preset["observe"]["b2"] = {{"pair", {"Mo", "Ta"}}};
  return preset;
}

TEST(CliRun, StaticMonteCarlo) {
  const TemporaryFolder folder;
  const Outcome outcome = run_preset(folder, static_preset(), "o");
  expect_done(outcome);
  EXPECT_NE(outcome.err.find("trials/s"), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.err.find("hops"), std::string::npos) << "a trial is no hop: " << outcome.err;
  const json summary = json::parse(bytes_of(folder / "o/summary.json"));
  EXPECT_EQ(summary.at("driver"), "static_mc");
  EXPECT_EQ(summary.at("run").at("trials"), 3000);
  EXPECT_FALSE(summary.contains("arrhenius"));
  const H5File series = H5File::open(folder / "o/series.h5");
  EXPECT_EQ(series.read_string_attribute("/", "driver"), "static_mc");
  EXPECT_FALSE(series.exists("/time_s"));
  EXPECT_FALSE(series.exists("/vacancy"));
  const auto energy = mean_of_series(series, "/energy_eV");
  const auto accepted = mean_of_series(series, "/accepted");
  for (std::size_t g = 0; g < 2; ++g) {
    const json &group = summary.at("groups").at(g);
    EXPECT_FALSE(group.contains("time_s"));
    EXPECT_FALSE(group.contains("diffusivity_m2_per_s"));
    EXPECT_DOUBLE_EQ(group.at("energy_eV").at("mean").get<double>(), energy[energy.size() - 2 + g]);
    EXPECT_LT(energy[energy.size() - 2 + g], energy[g]) << "exchanges at these temperatures order the alloy";
    EXPECT_NEAR(group.at("acceptance_rate").at("mean").get<double>(), accepted[accepted.size() - 2 + g] / 3000.0, 1e-12);
    EXPECT_TRUE(group.at("order").at("Mo-Ta").at("shell_1").at("bonds").contains("per_trial"));
  }
  EXPECT_EQ(bytes_of(folder / "o/summary.json").find("NaN"), std::string::npos);
}

TEST(CliRun, TheMemoryIsReportedAndChangesNothing) {
  const TemporaryFolder folder;
  write_mlp(small_network(), folder / "n.safetensors");
  json preset = preset_of(network_preset((folder / "n.safetensors").string()));
  preset["hops"] = 3000;
  for (const int entries : {0, 4096}) {
    preset["memory"] = {{"entries", entries}};
    expect_done(run_preset(folder, preset, "o" + std::to_string(entries)));
  }
  const json without = json::parse(bytes_of(folder / "o0/summary.json"));
  const json with = json::parse(bytes_of(folder / "o4096/summary.json"));
  EXPECT_FALSE(without.at("run").contains("memory"));
  const json &memory = with.at("run").at("memory");
  EXPECT_EQ(memory.at("entries"), 4096);
  EXPECT_EQ(memory.at("lookups"), 4 * 3000) << "one a hop";
  EXPECT_GT(memory.at("hit_rate").get<double>(), 0.0);
  EXPECT_NE(bytes_of(folder / "o4096/log.txt").find("environments were known from the memory"), std::string::npos);
  EXPECT_EQ(without.at("groups"), with.at("groups"));
  EXPECT_EQ(content_of(folder / "o0/configurations"), content_of(folder / "o4096/configurations"));
}

TEST(CliRun, PlotsAreDrawn) {
  if (python_with({"h5py", "matplotlib", "numpy"}).empty()) {
    GTEST_SKIP() << "no Python with h5py, matplotlib and numpy";
  }
  const TemporaryFolder folder;
  put_bytes(folder / "p.json", pair_preset());
  expect_done(zener(folder.path(), {"run", "p.json", "--set", "output.plots=true", "--device", "cpu", "--out", "o"}));
  const auto plots = content_of(folder / "o/plots");
  EXPECT_GE(plots.size(), 3U);
  for (const auto &[name, ignored] : plots) {
    EXPECT_EQ(bytes_of(folder / "o/plots" / name).rfind("\x89PNG", 0), 0U) << name;
  }
  fs::remove_all(folder / "o/plots");
  expect_done(zener(folder.path(), {"plot", "o"}));
  EXPECT_EQ(content_of(folder / "o/plots").size(), plots.size());
}

TEST(CliRun, PlotsOfEverythingObserved) {
  if (python_with({"h5py", "matplotlib", "numpy"}).empty()) {
    GTEST_SKIP() << "no Python with h5py, matplotlib and numpy";
  }
  const TemporaryFolder folder;
  json kmc = everything_observed(pair_preset());
  kmc["real_time"] = {{"vacancy_concentration", 1e-9}};
  kmc["output"]["plots"] = true;
  expect_done(run_preset(folder, kmc, "kmc"));
  for (const char *name : {"randomness_vs_hops", "randomness_histogram", "tracer_msd", "correlation_factor",
                           "tracer_diffusivity", "real_diffusivity", "jump_shares", "b2_vs_hops", "b2_sizes_vs_hops",
                           "b2_size_distribution", "b2_clusters", "arrhenius", "order_vs_temperature"}) {
    EXPECT_EQ(bytes_of(folder / "kmc/plots" / (std::string(name) + ".png")).rfind("\x89PNG", 0), 0U) << name;
  }
  json exchanges = static_preset();
  exchanges["output"]["plots"] = true;
  expect_done(run_preset(folder, exchanges, "mc"));
  for (const char *name : {"energy_vs_trials", "acceptance_vs_trials", "order_vs_trials", "b2_vs_trials"}) {
    EXPECT_EQ(bytes_of(folder / "mc/plots" / (std::string(name) + ".png")).rfind("\x89PNG", 0), 0U) << name;
  }
}

TEST(CliRun, ResultsStayWithoutPlots) {
  const TemporaryFolder folder;
  put_bytes(folder / "p.json", pair_preset());
  const Outcome outcome = zener(folder.path(), {"run", "p.json", "--set", "output.plots=true", "--device", "cpu", "--out", "o"},
                                {{"ZENER_PYTHON", "/bin/false"}});
  expect_done(outcome);
  EXPECT_EQ(count_of(outcome.err, "warning: "), 1U) << outcome.err;
  EXPECT_NE(outcome.err.find("no plots: no Python with h5py, matplotlib, numpy"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("`zener plot o` makes them later"), std::string::npos) << outcome.err;
  expect_results(folder / "o", 500, 2, true);
}

TEST(CliRun, SecondRunKeepsTheFirst) {
  const TemporaryFolder folder;
  put_bytes(folder / "p.json", small_preset());
  expect_done(zener(folder.path(), {"run", "p.json", "--device", "cpu"}));
  const auto first = content_of(folder / "results/p");
  expect_results(folder / "results/p", 500, 2, true);
  expect_done(zener(folder.path(), {"run", "p.json", "--device", "cpu", "--set", "hops=300"}));
  expect_done(zener(folder.path(), {"run", "p.json", "--device", "cpu", "--set", "seed=8"}));
  EXPECT_EQ(content_of(folder / "results/p"), first) << "the first run's files are as they were";
  expect_results(folder / "results/p-2", 300, 2, true);
  expect_results(folder / "results/p-3", 500, 2, true);
  // Without --out, --resume takes the latest.
  expect_done(zener(folder.path(), {"run", "p.json", "--device", "cpu", "--set", "seed=8", "--set", "hops=600", "--resume"}));
  expect_results(folder / "results/p-3", 600, 2, true);
  EXPECT_EQ(content_of(folder / "results/p"), first);
}

TEST(CliRun, SameResultsForAnyNumberOfThreads) {
  const TemporaryFolder folder;
  write_mlp(small_network(), folder / "n.safetensors");
  put_bytes(folder / "p.json", network_preset("n.safetensors"));
  for (const char *threads : {"1", "2", "3"}) {
    expect_done(zener(folder.path(), {"run", "p.json", "--device", "cpu", "--threads", threads, "--out", threads}));
    EXPECT_TRUE(bytes_of(folder / threads / "series.h5") == bytes_of(folder / "1" / "series.h5")) << threads << " threads";
    EXPECT_EQ(content_of(folder / threads / "configurations"), content_of(folder / "1" / "configurations"))
        << threads << " threads";
  }
}

TEST(CliRun, GoesOnWithoutAConsole) {
  const TemporaryFolder folder;
  put_bytes(folder / "p.json", small_preset());
  const std::string run = zener_binary() + " run p.json --device cpu --out o";
  EXPECT_EQ(Program(folder.path(), {"/bin/sh", "-c", "(" + run + "; echo $? > code) 2>&1 | true"}).wait().code, 0);
  EXPECT_EQ(bytes_of(folder / "code"), "0\n");
  expect_results(folder / "o", 500, 2, true);
}

TEST(CliRun, WalkersStopAtTheTimeLimit) {
  const TemporaryFolder folder;
  put_bytes(folder / "p.json", small_preset());
  expect_done(zener(folder.path(), {"run", "p.json", "--set", "hops=1000000000000", "--set", "time_limit_s=1e-6", "--device",
                                    "cpu", "--out", "o"}));
  const json summary = json::parse(bytes_of(folder / "o/summary.json"));
  EXPECT_EQ(summary.at("run").at("status"), "every walker stopped");
  for (const json &group : summary.at("groups")) {
    EXPECT_EQ(group.at("time_s").at("mean").get<double>(), 1e-6);
  }
  EXPECT_TRUE(summary.at("halted_walkers").empty()) << "a time limit is no fault";
}

} // namespace
} // namespace zener::test
