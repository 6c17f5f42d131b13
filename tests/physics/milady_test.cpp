// The elastic and defects drivers with the potentials of Goryaeva et al., Phys. Rev. Materials 5, 103803 (2021), in SNAP form,
// against LAMMPS 29Sep2021 with the same files: lattice parameter, elastic constants (central differences, small strains; at
// 1e-3 a shell of Fe crosses the cutoff) and the vacancy in 4x4x4 cells at fixed volume.
#include "apps/zener/defects_driver.hpp"
#include "apps/zener/elastic_driver.hpp"
#include "host/neutral/log.hpp"
#include "tests/neutral/support.hpp"
#include "tests/support/backends.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>

namespace zener::test {
namespace {

using nlohmann::json;

struct Reference {
  const char *name; // of the files
  const char *element;
  double start_A; // somewhat off
  double a_A;
  double c11_GPa;
  double c12_GPa;
  double c44_GPa;
  double vacancy_eV;
};

constexpr Reference kReferences[] = {{"W_QNML", "W", 3.16, 3.18538, 513.8, 199.6, 137.0, 3.1921},
                                     {"W_LML", "W", 3.21, 3.18551, 509.2, 199.1, 144.5, 3.1647},
                                     {"Fe_QNML", "Fe", 2.85, 2.83268, 292.7, 142.8, 102.2, 2.1890}};

class Milady : public ::testing::TestWithParam<Reference> {
protected:
  void SetUp() override {
    const std::string stem = std::string("data/potentials/milady/") + GetParam().name + "_milady";
    coefficients_ = shared_file(stem + ".snapcoeff");
    parameters_ = shared_file(stem + ".snapparam");
    if (coefficients_.empty() || parameters_.empty()) {
      GTEST_SKIP() << "no shared data: the potentials of milady";
    }
    set_console_level(LogLevel::error);
  }
  void TearDown() override {
    set_console_level(LogLevel::info);
    close_log_file();
  }

  // The named numbers of a run.
  std::map<std::string, double> numbers(const std::string &driver, int cells, json more) {
    more["driver"] = driver;
    more["structure"] = {{"lattice", "bcc"}, {"elements", {GetParam().element}}, {"a_A", GetParam().start_A}};
    more["structure"]["cells"] = {cells, cells, cells};
    more["potential"] = {{"kind", "snap"}, {"coefficients", coefficients_.string()}, {"parameters", parameters_.string()}};
    more["output"] = {{"plots", false}};
    put_bytes(folder_ / "p.json", more.dump());
    RunOptions options;
    options.preset = folder_ / "p.json";
    options.device = "cpu";
    options.out = folder_ / driver;
    EXPECT_EQ(driver == "elastic" ? run_elastic(options) : run_defects(options), 0);
    const json summary = json::parse(bytes_of(folder_ / driver / "summary.json"));
    EXPECT_TRUE(summary.at("warnings").empty()) << summary.at("warnings");
    std::map<std::string, double> out;
    for (const json &number : summary.at("numbers")) {
      out[number.at("name")] = number.at("value");
    }
    return out;
  }

  TemporaryFolder folder_;
  std::filesystem::path coefficients_;
  std::filesystem::path parameters_;
};

TEST_P(Milady, ElasticConstants) {
  const Reference &r = GetParam();
  std::map<std::string, double> found = numbers("elastic", 1, json::object());
  EXPECT_NEAR(found["a"], r.a_A, 1e-5);
  EXPECT_NEAR(found["C11"], r.c11_GPa, 1e-3 * r.c11_GPa);
  EXPECT_NEAR(found["C12"], r.c12_GPa, 1e-3 * r.c12_GPa);
  EXPECT_NEAR(found["C44"], r.c44_GPa, 1e-3 * r.c44_GPa);
  EXPECT_NEAR(found["zener_anisotropy"], 2.0 * r.c44_GPa / (r.c11_GPa - r.c12_GPa), 2e-3);
}

TEST_P(Milady, Vacancy) {

  if (!slow_tests() && std::string(GetParam().name) != "W_QNML") {
    GTEST_SKIP() << "slow: relaxes 255 atoms (--slow runs it)";
  }
  const Reference &r = GetParam();
  std::map<std::string, double> found = numbers("defects", 4, json::parse(R"({"defects": ["vacancy"]})"));
  EXPECT_NEAR(found["formation_vacancy"], r.vacancy_eV, 1e-3 * r.vacancy_eV);
}

INSTANTIATE_TEST_SUITE_P(Potentials, Milady, ::testing::ValuesIn(kReferences),
                         [](const auto &info) { return std::string(info.param.name); });

} // namespace
} // namespace zener::test
