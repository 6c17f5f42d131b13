// Readers of eam_alloy, eam_fs (setfl files), finnis_sinclair and zhou (JSON).
#include "kernels/potentials/eam/eam_model.hpp"

#include "host/neutral/element_pairs.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/json_document.hpp"
#include "host/neutral/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <system_error>

namespace zener {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 31;
constexpr int kMaxElements = 118;
constexpr int kMinKnots = 5; // the slopes of the interpolation need them
constexpr int kMaxKnots = 10000000;
constexpr double kMaxCutoff_A = 100.0;
// Files quote their cutoff as the number of knots times the step, one step beyond the last knot, or round it.
constexpr double kCutoffSlack = 1e-6;

// What a word should be, put into words only when it is not: one of the numbers of a table, when it has more than one.
struct Wanted {
  const std::string &what;
  int number = 0, of = 0;
  std::string text() const { return of > 1 ? fmt::format("number {} of {} of {}", number, of, what) : what; }
};

// Words of a text with the lines they stand on.
class Words {
public:
  Words(std::string_view text, std::string name) : text_(text), name_(std::move(name)) {}

  int line() const { return line_; }
  [[noreturn]] void refuse(int line, const std::string &message) const {
    throw DataError(fmt::format("{}:{}: {}", name_, line, message));
  }

  // The rest of the line, and on to the next.
  std::string_view rest_of_line() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != '\n') {
      ++at_;
    }
    const std::string_view rest = text_.substr(begin, at_ - begin);
    step();
    return rest;
  }

  // Moves to the next word; false at the end.
  bool seek() {
    while (at_ < text_.size() && blank(text_[at_])) {
      step();
    }
    return at_ < text_.size();
  }
  // Whether only blanks stand before the end of this line.
  bool at_line_end() const {
    std::size_t i = at_;
    while (i < text_.size() && text_[i] != '\n' && blank(text_[i])) {
      ++i;
    }
    return i == text_.size() || text_[i] == '\n';
  }
  std::string_view word(const Wanted &wanted) {
    if (!seek()) {
      refuse(line_, "the file ends where " + wanted.text() +
                        " should stand; it is cut off, or its header announces more than it holds");
    }
    const std::size_t begin = at_;
    while (at_ < text_.size() && !blank(text_[at_])) {
      ++at_;
    }
    return text_.substr(begin, at_ - begin);
  }
  std::string_view word(const std::string &what) { return word(Wanted{what}); }
  double number(const std::string &what) { return number(Wanted{what}); }
  double number(const Wanted &wanted) {
    const std::string_view met = word(wanted);
    const std::string_view digits = met.front() == '+' ? met.substr(1) : met;
    double value = 0.0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    // A number below the smallest double is zero.
    if (error == std::errc::result_out_of_range && end == digits.data() + digits.size() && negative_exponent(digits)) {
      return 0.0;
    }
    if (error != std::errc() || end != digits.data() + digits.size()) {
      refuse(line_, fmt::format("{} should be a number, not {}", wanted.text(), in_quotes(met, 40)));
    }
    if (!std::isfinite(value)) {
      refuse(line_, fmt::format("{} is {}; only finite numbers are allowed", wanted.text(), in_quotes(met, 40)));
    }
    return value;
  }
  int count(const std::string &what, int least, int most) {
    const std::string_view met = word(what);
    int value = 0;
    const auto [end, error] = std::from_chars(met.data(), met.data() + met.size(), value);
    if (error != std::errc() || end != met.data() + met.size() || value < least || value > most) {
      refuse(line_, fmt::format("{} should be an integer from {} to {}, not {}", what, least, most, in_quotes(met, 40)));
    }
    return value;
  }
  void end_of_line(const std::string &after) {
    if (!at_line_end()) {
      refuse(line_, fmt::format("{} ends in the middle of this line; a count in the header does not fit the numbers", after));
    }
  }

private:
  static bool blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }
  static bool negative_exponent(std::string_view digits) {
    const std::size_t e = digits.find_first_of("eE");
    return e != std::string_view::npos && e + 1 < digits.size() && digits[e + 1] == '-';
  }
  void step() {
    if (at_ < text_.size()) {
      line_ += text_[at_] == '\n' ? 1 : 0;
      ++at_;
    }
  }

  std::string_view text_;
  std::string name_;
  std::size_t at_ = 0;
  int line_ = 1;
};

void read_table(Words &words, const std::string &what, int n, std::vector<double> &into) {
  for (int k = 0; k < n; ++k) {
    into.push_back(words.number(Wanted{what, k + 1, n}));
  }
  words.end_of_line(what);
}

double positive(Words &words, const std::string &what, double most) {
  const double value = words.number(what);
  if (!(value > 0.0) || value > most) {
    words.refuse(words.line(),
                 fmt::format("{} is {}; it should be positive and at most {}", what, number_text(value), number_text(most)));
  }
  return value;
}

double positive(ObjectReader &keys, const std::string &key) {
  const double value = keys.number(key);
  if (!(value > 0.0) || !std::isfinite(value)) {
    keys.refuse_value(key, keys.value(key), "a positive number");
  }
  return value;
}

std::string read_source(ObjectReader &keys) { return keys.text("source", std::string()); }

PotentialPointer read_finnis_sinclair(ObjectReader &keys, const std::filesystem::path &) {
  auto model = std::make_shared<EamModel>();
  model->form = EamForm::finnis_sinclair;
  model->kind_name = "finnis_sinclair";
  read_source(keys);
  const ElementPairs pairs = element_pairs(keys, "parameters", "this form has no mixing rule");
  ObjectReader parameters = keys.object("parameters", true);
  model->element_names = pairs.elements;
  const auto elements = pairs.elements.size();
  model->finnis_sinclair.resize(elements * elements);
  model->finnis_sinclair_A.resize(elements);
  for (const auto &[name, a, b] : pairs.entries) {
    ObjectReader entry = parameters.object(name, true);
    read_source(entry);
    const bool cross = a != b;
    FinnisSinclairPair pair;
    pair.d = positive(entry, "d");
    pair.beta = entry.number("beta", 0.0);
    pair.weight = cross ? positive(entry, "weight") : 1.0;
    pair.c = positive(entry, "c");
    pair.c0 = entry.number("c0");
    pair.c1 = entry.number("c1");
    pair.c2 = entry.number("c2");
    if (entry.has("B") || entry.has("b0") || entry.has("alpha")) {
      pair.B = entry.number("B");
      pair.b0 = positive(entry, "b0");
      pair.alpha = positive(entry, "alpha");
    }
    if (!cross) {
      model->finnis_sinclair_A[a] = positive(entry, "A");
    }
    if (std::max({pair.d, pair.c, pair.b0}) > kMaxCutoff_A) {
      keys.refuse("parameters/" + pointer_token(name), fmt::format("has a range beyond {} A", kMaxCutoff_A));
    }
    entry.finish();
    model->finnis_sinclair[a * elements + b] = model->finnis_sinclair[b * elements + a] = pair;
    model->cutoff = std::max({model->cutoff, pair.d, pair.c, pair.b0});
  }
  return model;
}

PotentialPointer read_zhou(ObjectReader &keys, const std::filesystem::path &) {
  auto model = std::make_shared<EamModel>();
  model->form = EamForm::zhou;
  model->kind_name = "zhou";
  read_source(keys);
  model->element_names = member_names(keys, "parameters");
  ObjectReader parameters = keys.object("parameters", true);
  for (const std::string &name : model->element_names) {
    expect_element(keys, "parameters", name);
    ObjectReader entry = parameters.object(name, true);
    read_source(entry);
    ZhouElement e;
    e.re = positive(entry, "re");
    e.fe = positive(entry, "fe");
    e.rhoe = positive(entry, "rhoe");
    e.rhos = positive(entry, "rhos");
    e.alpha = positive(entry, "alpha");
    e.beta = positive(entry, "beta");
    e.A = positive(entry, "A");
    e.B = positive(entry, "B");
    e.kappa = entry.number("kappa");
    e.lambda = entry.number("lambda");
    for (int k = 0; k < 4; ++k) {
      e.Fn[k] = entry.number(fmt::format("Fn{}", k));
    }
    for (int k = 0; k < 3; ++k) {
      e.F[k] = entry.number(fmt::format("F{}", k));
    }
    if (entry.has("F3")) {
      e.F3_minus = e.F3_plus = entry.number("F3");
    } else {
      e.F3_minus = entry.number("F3_minus");
      e.F3_plus = entry.number("F3_plus");
    }
    e.eta = positive(entry, "eta");
    e.Fe = entry.number("Fe");
    e.low = entry.has("low") ? positive(entry, "low") : e.low;
    e.high = entry.has("high") ? positive(entry, "high") : e.high;
    if (!(e.low <= 1.0 && e.high >= 1.0)) {
      keys.refuse("parameters/" + pointer_token(name), "should have low at most 1 and high at least 1 (both times rhoe)");
    }
    for (const auto &[key, power] : {std::pair{"m", &e.m}, std::pair{"n", &e.n}}) {
      const std::uint64_t met = entry.count(key, 20);
      if (met < 2 || met > 60) {
        entry.refuse_value(key, entry.value(key), "an exponent from 2 to 60");
      }
      *power = static_cast<int>(met);
    }
    entry.finish();
    model->zhou.push_back(e);
  }
  double largest = 0.0;
  for (const ZhouElement &e : model->zhou) {
    largest = std::max(largest, e.re);
  }
  // Half the square root of ten lattice constants sqrt(2) re, the custom of the authors' own program.
  model->cutoff = keys.has("cutoff_A") ? positive(keys, "cutoff_A") : std::sqrt(5.0) * largest;
  if (model->cutoff > kMaxCutoff_A) {
    keys.refuse("cutoff_A", fmt::format("is {} A; at most {} A is allowed", number_text(model->cutoff), kMaxCutoff_A));
  }
  return model;
}

PotentialPointer read_eam_alloy(ObjectReader &keys, const std::filesystem::path &base) {
  const std::filesystem::path file = potential_path(keys, "file", base);
  keys.finish();
  return read_eam_file(file, false);
}
PotentialPointer read_eam_fs(ObjectReader &keys, const std::filesystem::path &base) {
  const std::filesystem::path file = potential_path(keys, "file", base);
  keys.finish();
  return read_eam_file(file, true);
}

} // namespace

std::string EamModel::description() const {
  const std::string size =
      form == EamForm::tables ? fmt::format(", tables of {} densities and {} radii", tables.densities, tables.radii) : "";
  return fmt::format("{} for {}, cutoff {} A{}", kind_name, join(element_names, " "), number_text(cutoff), size);
}

std::shared_ptr<const EamModel> parse_eam(std::string_view text, const std::string &name, bool by_pair) {
  Words words(text, name);
  auto model = std::make_shared<EamModel>();
  model->kind_name = by_pair ? "eam_fs" : "eam_alloy";
  for (int line = 0; line < 3; ++line) {
    words.rest_of_line(); // comments
  }
  const int elements = words.count("the number of elements (line 4, after three lines of comment)", 1, kMaxElements);
  for (int a = 0; a < elements; ++a) {
    if (words.at_line_end()) {
      words.refuse(words.line(), fmt::format("this line announces {} elements and names {}", elements, a));
    }
    std::string element(words.word("the name of an element"));
    if (std::find(model->element_names.begin(), model->element_names.end(), element) != model->element_names.end()) {
      words.refuse(words.line(), "names " + in_quotes(element) + " twice");
    }
    model->element_names.push_back(std::move(element));
  }
  words.end_of_line(fmt::format("the list of {} elements", elements));
  EamTables &tables = model->tables;
  tables.by_pair = by_pair;
  words.seek();
  const auto expect_more = [&] {
    if (words.at_line_end()) {
      words.refuse(words.line(), "this line should hold Nrho, drho, Nr, dr and the cutoff");
    }
  };
  tables.densities = words.count("the number of densities, Nrho", kMinKnots, kMaxKnots);
  expect_more();
  tables.density_step = positive(words, "the step of the density, drho", 1e12);
  expect_more();
  tables.radii = words.count("the number of radii, Nr", kMinKnots, kMaxKnots);
  expect_more();
  tables.radius_step_A = positive(words, "the step of the radius, dr", kMaxCutoff_A);
  expect_more();
  model->cutoff = positive(words, "the cutoff", kMaxCutoff_A);
  words.end_of_line("the line of Nrho, drho, Nr, dr and the cutoff");
  const double reach = tables.radius_step_A * tables.radii;
  if (model->cutoff > reach * (1.0 + kCutoffSlack)) {
    words.refuse(words.line(),
                 fmt::format("the cutoff, {} A, lies beyond the tables: {} radii in steps of {} A reach {} A",
                             number_text(model->cutoff), tables.radii, number_text(tables.radius_step_A), number_text(reach)));
  }
  // Every number takes two bytes at least.
  const auto T = static_cast<std::uint64_t>(elements);
  const auto densities = static_cast<std::uint64_t>(tables.densities);
  const auto radii = static_cast<std::uint64_t>(tables.radii);
  const std::uint64_t functions = T * (by_pair ? T : 1);
  const std::uint64_t pairs = T * (T + 1) / 2;
  const std::uint64_t numbers = T * densities + (functions + pairs) * radii;
  if (numbers > text.size() / 2 + 1) {
    words.refuse(words.line(), fmt::format("the header announces {} numbers, more than a file of {} bytes can hold",
                                           grouped(numbers), grouped(text.size())));
  }
  tables.embedding.reserve(T * densities);
  tables.density.reserve(functions * radii);
  tables.pair_times.reserve(pairs * radii);
  for (int a = 0; a < elements; ++a) {
    const std::string &element = model->element_names[static_cast<std::size_t>(a)];
    words.count("the atomic number of " + element, 0, 999);
    model->mass_amu.push_back(positive(words, "the mass of " + element, 1e4));
    model->lattice_A.push_back(words.number("the lattice constant of " + element));
    if (words.at_line_end()) {
      words.refuse(words.line(), "the name of the lattice of " + element + " is missing");
    }
    model->lattice.emplace_back(words.word("the name of the lattice of " + element));
    words.end_of_line("the line of " + element);
    read_table(words, "the embedding energy of " + element, tables.densities, tables.embedding);
    for (int at = 0; at < (by_pair ? elements : 1); ++at) {
      const std::string where = by_pair ? " at " + model->element_names[static_cast<std::size_t>(at)] : std::string();
      read_table(words, "the density of " + element + where, tables.radii, tables.density);
    }
  }
  for (int a = 0; a < elements; ++a) {
    for (int b = 0; b <= a; ++b) {
      read_table(words,
                 fmt::format("the pair function of {} and {}", model->element_names[static_cast<std::size_t>(a)],
                             model->element_names[static_cast<std::size_t>(b)]),
                 tables.radii, tables.pair_times);
    }
  }
  if (words.seek()) {
    words.refuse(words.line(), "something follows the last table; a count in the header does not fit the numbers" +
                                   std::string(by_pair ? "" : " (a file of kind eam_fs is longer)"));
  }
  return model;
}

std::shared_ptr<const EamModel> read_eam_file(const std::filesystem::path &file, bool by_pair) {
  return parse_eam(read_file(file, kMaxFileBytes), file.string(), by_pair);
}

std::span<const PotentialKind> eam_kinds();
std::span<const PotentialKind> eam_kinds() {
  static const PotentialKind kinds[] = {
      {"eam_alloy", "embedded atoms from tables, one density for each element", "file: a LAMMPS eam/alloy (setfl) file",
       read_eam_alloy},
      {"eam_fs", "embedded atoms from tables, one density for each ordered pair of elements", "file: a LAMMPS eam/fs file",
       read_eam_fs},
      {"finnis_sinclair", "Finnis and Sinclair's form, with Ackland and Thetford's repulsion", "parameters: numbers by element",
       read_finnis_sinclair},
      {"zhou", "the form of Zhou, Johnson and Wadley, with its mixing rule", "parameters: numbers by element", read_zhou}};
  return kinds;
}

} // namespace zener
