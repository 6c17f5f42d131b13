// Keys of the pair potentials: what is read, and what is refused with which words.
#include "kernels/potentials/pair/pair_model.hpp"
#include "tests/neutral/support.hpp"

namespace zener::test {
namespace {

PotentialPointer from_text(const std::string &text) { return parse_potential(text, ".", "preset.json"); }

TEST(PairParameters, LennardJonesIsRead) {
  const auto text = [](const std::string &parameters, const std::string &beside = "") {
    return R"({"kind": "lennard_jones", "parameters": )" + parameters + beside + "}";
  };
  const std::string ar = R"("Ar": {"epsilon_eV": 0.0104, "sigma_A": 3.4, "cutoff_A": 8.5})";
  const std::string kr = R"("Kr": {"epsilon_eV": 0.0141, "sigma_A": 3.6, "cutoff_A": 9})";
  const std::string both = R"("Kr-Ar": {"epsilon_eV": 0.0125, "sigma_A": 3.5, "cutoff_A": 7})";
  const auto model = std::dynamic_pointer_cast<const LennardJonesModel>(
      from_text(text("{" + ar + "," + kr + "," + both + "}", R"(, "shift": "force", "source": "here")")));
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(model->elements(), (std::vector<std::string>{"Ar", "Kr"}));
  EXPECT_EQ(model->folder(), "pair");
  EXPECT_EQ(model->shift, LennardJonesShift::force);
  EXPECT_EQ(model->cutoff_A(), 9.0);
  EXPECT_EQ(model->pairs[0].epsilon_eV, 0.0104);
  EXPECT_EQ(model->pairs[1].sigma_A, 3.5);
  EXPECT_EQ(model->pairs[2].cutoff_A, 7.0);
  EXPECT_EQ(model->pairs[3].sigma_A, 3.6);
  const auto one = std::dynamic_pointer_cast<const LennardJonesModel>(from_text(text("{" + ar + "}")));
  EXPECT_EQ(one->shift, LennardJonesShift::none);

  const auto refused = [](const std::string &object, std::initializer_list<std::string> words) {
    expect_error<ConfigError>([&] { from_text(object); }, words);
  };
  refused(text("{" + ar + "," + kr + "}"), {"lacks the pair \"Ar-Kr\"", "not mixed"});
  refused(text("{" + both + "}"), {"pairs but no element"});
  refused(text(R"({"Qq": {}})"), {"Qq", "no chemical element"});
  refused(text("{" + ar + "}", R"(, "shift": "smooth")"), {"/shift", "smooth", "none"});
  refused(text("{" + ar + "}", R"(, "shft": "none")"), {"shft", "shift"});
  refused(text(R"({"Ar": {"epsilon_eV": -1, "sigma_A": 3.4, "cutoff_A": 8.5}})"), {"/parameters/Ar/epsilon_eV", "-1"});
  refused(text(R"({"Ar": {"epsilon_eV": 1, "sigma_A": 0, "cutoff_A": 8.5}})"), {"/parameters/Ar/sigma_A"});
  refused(text(R"({"Ar": {"epsilon_eV": 1, "sigma_A": 3, "cutoff_A": 1e3}})"), {"/parameters/Ar/cutoff_A", "100"});
  refused(text(R"({"Ar": {"epsilon_eV": 1, "sigma_A": 3}})"), {"/parameters/Ar", "cutoff_A"});
  refused(text(R"({"Ar": {"epsilon_eV": 1, "sigma_A": 3, "cutoff_A": 9, "cutoff": 9}})"), {"/parameters/Ar", "cutoff"});
}

TEST(PairParameters, WellsAreRead) {
  const auto text = [](const std::string &repulsion, const std::string &wells, const std::string &end) {
    return R"({"kind": "gaussian_wells", "parameters": {"Ca": {"repulsion": )" + repulsion + R"(, "wells": )" + wells + end +
           "}}}";
  };
  const std::string power = R"({"form": "power", "strength_eV": 0.5, "length_A": 2.5, "exponent": 12})";
  const std::string exponential = R"({"form": "exponential", "strength_eV": 900, "length_A": 0.3})";
  const std::string well =
      R"([{"depth_eV": 0.2, "centre_A": 3, "width_A": 0.25}, {"depth_eV": -0.1, "centre_A": 4, "width_A": 0.3}])";
  const std::string end = R"(, "switch_from_A": 4.5, "cutoff_A": 5)";
  const auto model = std::dynamic_pointer_cast<const WellsModel>(from_text(text(power, well, end)));
  ASSERT_NE(model, nullptr);
  const WellsPair &pair = model->pairs.at(0);
  EXPECT_EQ(pair.power_eV, 0.5);
  EXPECT_EQ(pair.power_length_A, 2.5);
  EXPECT_EQ(pair.exponent, 12);
  EXPECT_EQ(pair.exponential_eV, 0.0);
  ASSERT_EQ(pair.wells.size(), 2U);
  EXPECT_EQ(pair.wells[1].depth_eV, -0.1);
  EXPECT_EQ(pair.wells[1].centre_A, 4.0);
  EXPECT_EQ(pair.wells[0].width_A, 0.25);
  EXPECT_EQ(pair.switch_from_A, 4.5);
  EXPECT_EQ(model->cutoff_A(), 5.0);
  const auto other = std::dynamic_pointer_cast<const WellsModel>(from_text(text(exponential, "[]", end)));
  EXPECT_EQ(other->pairs[0].exponential_eV, 900.0);
  EXPECT_EQ(other->pairs[0].exponential_length_A, 0.3);
  EXPECT_EQ(other->pairs[0].power_eV, 0.0);

  const auto refused = [](const std::string &object, std::initializer_list<std::string> words) {
    expect_error<ConfigError>([&] { from_text(object); }, words);
  };
  refused(text(R"({"form": "wall"})", well, end), {"/repulsion/form", "wall", "power"});
  refused(text(R"({"form": "power", "strength_eV": 0.5, "length_A": 2.5, "exponent": 64})", well, end),
          {"/repulsion/exponent", "64", "63"});
  refused(text(R"({"form": "exponential", "strength_eV": 0.5, "length_A": 2.5, "exponent": 6})", well, end),
          {"/repulsion", "exponent"});
  refused(text(power, "3", end), {"/parameters/Ca/wells", "a list"});
  refused(text(power, "[3]", end), {"/parameters/Ca/wells/0", "depth_eV"});
  refused(text(power, R"([{"depth_eV": 0.2, "centre_A": 3}])", end), {"/parameters/Ca/wells/0", "width_A"});
  refused(text(power, R"([{"depth_eV": 0.2, "centre_A": 3, "width_A": 0}])", end),
          {"/parameters/Ca/wells/0", "width_A", "0.001"});
  refused(text(power, R"([{"depth_eV": 0.2, "centre_A": 3, "width_A": 1, "x": 0}])", end), {"/parameters/Ca/wells/0", "x"});
  refused(text(power, well, R"(, "switch_from_A": 5, "cutoff_A": 5)"), {"switch_from_A", "below cutoff_A (5)"});
  refused(text(power, well, R"(, "cutoff_A": 5)"), {"switch_from_A"});
}

} // namespace
} // namespace zener::test
