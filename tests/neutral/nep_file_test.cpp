// nep.txt: what is written is read, what is damaged is refused with its place.
#include "host/neutral/errors.hpp"
#include "host/neutral/potential_model.hpp"
#include "kernels/potentials/nep/nep_model.hpp"
#include "tests/neutral/support.hpp"
#include "tests/support/nep_files.hpp"
#include "tests/support/nep_text.hpp"

#include <nlohmann/json.hpp>

namespace zener {
namespace {

using test::expect_error;
using test::NepForm;

NepForm small_form() {
  NepForm form;
  form.elements = {"W", "Ta"};
  form.radial_functions = form.angular_functions = 2;
  form.radial_basis = form.angular_basis = 3;
  form.neurons = 3;
  return form;
}

void expect_equal(const NepNumbers &a, const NepNumbers &b) {
  EXPECT_EQ(a.version, b.version);
  EXPECT_EQ(a.elements, b.elements);
  EXPECT_EQ(a.radial_cutoff_A, b.radial_cutoff_A);
  EXPECT_EQ(a.angular_cutoff_A, b.angular_cutoff_A);
  EXPECT_EQ(a.radial_functions, b.radial_functions);
  EXPECT_EQ(a.angular_functions, b.angular_functions);
  EXPECT_EQ(a.radial_basis, b.radial_basis);
  EXPECT_EQ(a.angular_basis, b.angular_basis);
  EXPECT_EQ(a.l_max, b.l_max);
  EXPECT_EQ(a.four_body, b.four_body);
  EXPECT_EQ(a.five_body, b.five_body);
  EXPECT_EQ(a.neurons, b.neurons);
  EXPECT_EQ(a.input_weights, b.input_weights);
  EXPECT_EQ(a.input_biases, b.input_biases);
  EXPECT_EQ(a.output_weights, b.output_weights);
  EXPECT_EQ(a.output_bias, b.output_bias);
  EXPECT_EQ(a.radial_coefficients, b.radial_coefficients);
  EXPECT_EQ(a.angular_coefficients, b.angular_coefficients);
  EXPECT_EQ(a.scalers, b.scalers);
  EXPECT_EQ(a.zbl, b.zbl);
  EXPECT_EQ(a.zbl_inner_A, b.zbl_inner_A);
  EXPECT_EQ(a.zbl_outer_A, b.zbl_outer_A);
  EXPECT_EQ(a.zbl_pairs, b.zbl_pairs);
}

// The text with one line (from 1) replaced.
std::string with_line(const std::string &text, int line, const std::string &replacement) {
  std::size_t begin = 0;
  for (int i = 1; i < line; ++i) {
    begin = text.find('\n', begin) + 1;
  }
  return text.substr(0, begin) + replacement + text.substr(text.find('\n', begin));
}

TEST(NepFile, ReadsWhatIsWritten) {
  for (const int version : {3, 4}) {
    for (const int zbl : {0, 1, 2}) {
      for (const int terms : {0, 1, 2, 3}) {
        NepForm form = small_form();
        form.version = version;
        form.zbl = zbl > 0;
        form.zbl_by_pairs = zbl == 2;
        form.l_max = terms == 0 ? 0 : 2 + terms / 2;
        form.four_body = terms >= 2;
        form.five_body = terms == 3;
        const NepNumbers numbers = test::random_nep(form, 3);
        const auto read = parse_nep(test::nep_text(numbers), "nep.txt");
        expect_equal(read->numbers(), numbers);
        EXPECT_EQ(read->elements(), form.elements);
        EXPECT_EQ(read->cutoff_A(), form.radial_cutoff_A);
        EXPECT_NE(read->description().find("version " + std::to_string(version)), std::string::npos);
      }
    }
  }
  // Numbers may share lines, lines may end as on Windows, the sizes of GPUMD's lists may be missing.
  const NepNumbers numbers = test::random_nep(small_form(), 4);
  std::string text = with_line(test::nep_text(numbers), 2, "cutoff 4.5 3.7");
  std::size_t header = 0;
  for (int i = 0; i < 6; ++i) {
    header = text.find('\n', header) + 1;
  }
  std::replace(text.begin() + static_cast<std::ptrdiff_t>(header), text.end(), '\n', ' ');
  expect_equal(parse_nep(text, "nep.txt")->numbers(), numbers);
  std::string windows;
  for (const char c : test::nep_text(numbers)) {
    windows += c == '\n' ? "\r\n" : std::string(1, c);
  }
  expect_equal(parse_nep(windows, "nep.txt")->numbers(), numbers);
}

TEST(NepFile, RefusesOtherModelsAndHeaders) {
  const std::string text = test::nep_text(test::random_nep(small_form(), 1));
  const auto refused = [&](int line, const std::string &replacement, std::initializer_list<std::string> words) {
    SCOPED_TRACE(replacement);
    expect_error<DataError>([&] { parse_nep(with_line(text, line, replacement), "a/nep.txt"); }, words);
    expect_error<DataError>([&] { parse_nep(with_line(text, line, replacement), "a/nep.txt"); },
                            {"a/nep.txt:" + std::to_string(line)});
  };
  for (const char *type :
       {"nep", "nep2", "nep5", "nep4_dipole", "nep3_polarizability", "nep4_charge1", "nep4_temperature", "W"}) {
    refused(1, std::string(type) + " 2 W Ta", {type, "nep4_zbl"});
  }
  refused(1, "", {"begins with"});
  refused(1, "nep4", {"number of elements"});
  refused(1, "nep4 3 W Ta", {"3 elements are announced and 2"});
  refused(1, "nep4 2 W Xx", {"Xx"});
  refused(1, "nep4 2 W W", {"twice"});
  refused(1, "nep4 0", {"\"0\"", "1 to 118"});
  refused(1, "nep4 99999999999 W Ta", {"99999999999"});
  refused(2, "cutoff 4.5", {"1 values", "cutoff radial angular"});
  refused(2, "cutoff 4.5 3.7 200 134 5 6", {"6 values"});
  refused(2, "cutoff 4.5 nan", {"nan"});
  refused(2, "cutoff 4.5 5.5", {"angular <= radial"});
  refused(2, "cutoff 1e9 5.5", {"1000000000"});
  refused(2, "cutoff -4 -5", {"0 <"});
  refused(2, "zbl 1 2", {"zbl", "cutoff"});
  refused(3, "n_max 4 -1", {"-1"});
  refused(3, "n_max 4 2000000000", {"2000000000"});
  refused(4, "basis_size 8 8.5", {"8.5"});
  refused(5, "l_max 4 2", {"2 values"});
  refused(5, "l_max 5 2 1", {"\"5\"", "0 to 4"});
  refused(5, "l_max 4 1 0", {"4-body"});
  refused(5, "l_max 4 0 1", {"5-body"});
  refused(5, "l_max 1 2 0", {"4-body"});
  refused(5, "l_max 4 2 1 1", {"not supported"});
  refused(6, "ANN 0 0", {"neurons"});
  refused(6, "ANN 3 3", {"hidden layer"});
  refused(6, "ANN 3", {"ANN neurons 0"});

  NepForm form = small_form();
  form.zbl = true;
  const std::string zbl = test::nep_text(test::random_nep(form, 1));
  const auto refused_zbl = [&](const std::string &replacement, std::initializer_list<std::string> words) {
    SCOPED_TRACE(replacement);
    expect_error<DataError>([&] { parse_nep(with_line(zbl, 2, replacement), "nep.txt"); }, words);
  };
  refused_zbl("zbl 1 2 0.7", {"nep.txt:2", "3 values"}); // cutoffs by covalent radii
  refused_zbl("zbl 2 1", {"nep.txt:2", "inner < outer"});
  refused_zbl("zbl 0 2", {"nep.txt:2", "inner < outer"});
  refused_zbl("zbl 1 4", {"nep.txt:2", "angular cutoff"});
  refused_zbl("cutoff 4.5 3.7", {"nep.txt:2", "zbl inner_cutoff"});
}

TEST(NepFile, RefusesNumbersThatDoNotFit) {
  NepForm form = small_form();
  form.zbl = form.zbl_by_pairs = true;
  const NepNumbers numbers = test::random_nep(form, 2);
  const std::string text = test::nep_text(numbers);
  const auto lines = std::count(text.begin(), text.end(), '\n');
  const std::size_t last_line = text.rfind('\n', text.size() - 2) + 1;
  expect_error<DataError>([&] { parse_nep(text.substr(0, last_line), "nep.txt"); },
                          {"nep.txt:", "ends after", "zbl parameters"});
  expect_error<DataError>([&] { parse_nep(text.substr(0, text.size() / 2), "nep.txt"); }, {"nep.txt:", "announces"});
  expect_error<DataError>([&] { parse_nep(text + "0.5\n", "nep.txt"); },
                          {"nep.txt:" + std::to_string(lines + 1), "0.5", "stands after the last"});
  expect_error<DataError>([&] { parse_nep(with_line(text, 9, "inf"), "nep.txt"); },
                          {"nep.txt:9", "inf", "number 2 of the weights"});
  expect_error<DataError>([&] { parse_nep(with_line(text, 8, "1e999"), "nep.txt"); }, {"nep.txt:8", "1e999"});
  expect_error<DataError>([&] { parse_nep(with_line(text, 8, "0.5x"), "nep.txt"); }, {"nep.txt:8", "0.5x"});
  expect_error<DataError>([&] { parse_nep(with_line(text, 7, "ANN 1000 0"), "nep.txt"); }, {"nep.txt:7", "more than"});
  // The outer cutoff of the first pair below its inner one.
  expect_error<DataError>([&] { parse_nep(with_line(text, static_cast<int>(lines) - 28, "0.1"), "nep.txt"); },
                          {"nep.txt:" + std::to_string(lines - 29), "pair 1", "inner < outer"});
  expect_error<DataError>([] { parse_nep("", "nep.txt"); }, {"nep.txt:1", "begins with"});
  expect_error<DataError>([] { read_nep("/nowhere/nep.txt"); }, {"/nowhere/nep.txt"});
}

TEST(NepFile, SurvivesDamage) {
  NepForm form = small_form();
  form.zbl = form.zbl_by_pairs = true;
  const std::string text = test::nep_text(test::random_nep(form, 6));
  std::mt19937 random(1);
  for (int i = 0; i < 3000; ++i) {
    // Half of the damage in the header.
    std::string bytes = i % 2 == 0 ? test::damaged(text.substr(0, 90), random) + text.substr(90) : test::damaged(text, random);
    if (i % 5 == 0) {
      bytes.resize(random() % bytes.size());
    }
    try {
      const auto read = parse_nep(bytes, "nep.txt");
      EXPECT_EQ(read->numbers().scalers.size(), static_cast<std::size_t>(read->numbers().descriptors()));
    } catch (const DataError &error) {
      EXPECT_NE(std::string(error.what()).find("nep.txt:"), std::string::npos);
    }
  }
}

TEST(NepFile, IsAKindOfPotential) {
  const test::TemporaryFolder folder;
  test::put_bytes(folder / "nep.txt", test::nep_text(test::random_nep(small_form(), 1)));
  const auto model = read_potential(nlohmann::json{{"kind", "nep"}, {"file", "nep.txt"}}, folder.path(), "preset");
  EXPECT_EQ(model->kind(), "nep");
  EXPECT_EQ(model->folder(), "nep");
  EXPECT_NE(dynamic_cast<const NepModel *>(model.get()), nullptr);
}

TEST(NepFile, ReadsUnep) {
  const auto file = test::shared_file("data/potentials/nep/Song-2024-UNEP-v1-AgAlAuCrCuMgMoNiPbPdPtTaTiVWZr.txt");
  if (file.empty()) {
    GTEST_SKIP() << "UNEP-v1 (data/potentials/nep) is not beside the repository";
  }
  const auto model = read_nep(file);
  EXPECT_EQ(model->elements().size(), 16u);
  EXPECT_EQ(model->numbers().parameters(), 70401u);
  EXPECT_EQ(model->numbers().descriptors(), 35);
  EXPECT_EQ(model->numbers().zbl_outer_A, 2.0);
}

} // namespace
} // namespace zener
