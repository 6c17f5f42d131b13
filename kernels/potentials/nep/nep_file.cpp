// nep.txt: a header of 6 lines (7 with ZBL), then numbers, one a line. Format: GPUMD's documentation, "nep.txt".
#include "host/neutral/elements.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/json_document.hpp"
#include "host/neutral/text.hpp"
#include "kernels/potentials/nep/nep_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

namespace zener {
namespace {

constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 28;
constexpr int kLargestFunctions = 19; // n_max, basis_size
constexpr int kLargestNetwork = 1000; // neurons
constexpr double kLargestCutoff_A = 20.0;

// Words of a text with their lines.
class Words {
public:
  Words(std::string_view text, std::string name) : text_(text), name_(std::move(name)) {}

  std::int64_t line() const { return line_; }

  // The words of the next line; none at the end of the text.
  std::vector<std::string_view> next_line() {
    std::vector<std::string_view> words;
    ++line_;
    while (at_ < text_.size() && text_[at_] != '\n') {
      const std::string_view word = take_word();
      if (!word.empty()) {
        words.push_back(word);
      }
    }
    at_ += at_ < text_.size() ? 1 : 0;
    return words;
  }

  // The next word on any line; empty at the end.
  std::string_view next() {
    if (first_) {
      first_ = false;
      ++line_;
    }
    while (at_ < text_.size()) {
      if (text_[at_] == '\n') {
        ++line_;
        ++at_;
        continue;
      }
      const std::string_view word = take_word();
      if (!word.empty()) {
        return word;
      }
    }
    return {};
  }

  [[noreturn]] void refuse(const std::string &message) const { refuse_at(line_, message); }
  [[noreturn]] void refuse_at(std::int64_t line, const std::string &message) const {
    throw DataError(name_ + ":" + std::to_string(line) + ": " + message);
  }

  // A word that is a finite number.
  double number(std::string_view word, const std::string &what) const {
    const std::string_view digits = word.starts_with('+') ? word.substr(1) : word;
    double value = 0.0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value)) {
      refuse(what + " is " + in_quotes(word, 40) + "; a finite number is wanted");
    }
    return value;
  }

  int whole(std::string_view word, const std::string &what, int lowest, int highest) const {
    int value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size() || value < lowest || value > highest) {
      refuse(fmt::format("{} is {}; a whole number from {} to {} is wanted", what, in_quotes(word, 40), lowest, highest));
    }
    return value;
  }

private:
  static bool blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }
  // From the present place: blanks are skipped; empty at the end of a line.
  std::string_view take_word() {
    while (at_ < text_.size() && blank(text_[at_])) {
      ++at_;
    }
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != '\n' && !blank(text_[at_])) {
      ++at_;
    }
    return text_.substr(begin, at_ - begin);
  }

  std::string_view text_;
  std::string name_;
  std::size_t at_ = 0;
  std::int64_t line_ = 0;
  bool first_ = true; // of next(): the line that next_line() has not counted yet
};

// A line of the header: its keyword and its values, which must be as many as one of `counts` says.
std::vector<std::string_view> header_line(Words &words, const std::string &keyword, const std::string &form,
                                          std::initializer_list<std::size_t> counts) {
  std::vector<std::string_view> line = words.next_line();
  if (line.empty() || line[0] != keyword) {
    words.refuse((line.empty() ? std::string("nothing") : in_quotes(line[0], 40)) + " stands where the line \"" + form +
                 "\" of the header is wanted");
  }
  line.erase(line.begin());
  if (std::find(counts.begin(), counts.end(), line.size()) == counts.end()) {
    words.refuse(fmt::format("\"{}\" has {} values; the form is \"{}\"", keyword, line.size(), form));
  }
  return line;
}

void read_first_line(Words &words, NepNumbers &nep) {
  const std::vector<std::string_view> line = words.next_line();
  const std::string_view type = line.empty() ? std::string_view() : line[0];
  if (type != "nep3" && type != "nep3_zbl" && type != "nep4" && type != "nep4_zbl") {
    words.refuse("the file begins with " + in_quotes(type, 40) +
                 "; models nep3, nep3_zbl, nep4 and nep4_zbl (energies) can be read, others (nep2, nep5, dipole, "
                 "polarizability, charge, temperature) cannot");
  }
  nep.version = type.starts_with("nep3") ? 3 : 4;
  nep.zbl = type.ends_with("_zbl");
  if (line.size() < 2) {
    words.refuse("the number of elements is missing; the form is \"" + std::string(type) + " number element element …\"");
  }
  const int types = words.whole(line[1], "the number of elements", 1, 118);
  if (line.size() != static_cast<std::size_t>(types) + 2) {
    words.refuse(fmt::format("{} elements are announced and {} are named", types, line.size() - 2));
  }
  for (std::size_t i = 2; i < line.size(); ++i) {
    if (!atomic_number(line[i]).has_value()) {
      words.refuse(in_quotes(line[i], 20) + " is not the symbol of an element");
    }
    if (std::find(nep.elements.begin(), nep.elements.end(), line[i]) != nep.elements.end()) {
      words.refuse("the element " + in_quotes(line[i], 20) + " is named twice");
    }
    nep.elements.emplace_back(line[i]);
  }
}

void read_zbl_line(Words &words, NepNumbers &nep) {
  const auto line = header_line(words, "zbl", "zbl inner_cutoff outer_cutoff", {2});
  nep.zbl_inner_A = words.number(line[0], "the inner cutoff of zbl");
  nep.zbl_outer_A = words.number(line[1], "the outer cutoff of zbl");
  const bool flexible = nep.zbl_inner_A == 0.0 && nep.zbl_outer_A == 0.0;
  if (!flexible && !(nep.zbl_inner_A > 0.0 && nep.zbl_inner_A < nep.zbl_outer_A && nep.zbl_outer_A <= kLargestCutoff_A)) {
    words.refuse(fmt::format("the cutoffs of zbl are {} and {} A; they must obey 0 < inner < outer <= {}, or both be 0 where "
                             "every pair of elements has its own at the end of the file",
                             nep.zbl_inner_A, nep.zbl_outer_A, kLargestCutoff_A));
  }
}

void read_header(Words &words, NepNumbers &nep) {
  read_first_line(words, nep);
  const std::int64_t zbl_line = words.line() + 1;
  if (nep.zbl) {
    read_zbl_line(words, nep);
  }
  auto line = header_line(words, "cutoff", "cutoff radial angular [neighbours neighbours]", {2, 4});
  nep.radial_cutoff_A = words.number(line[0], "the radial cutoff");
  nep.angular_cutoff_A = words.number(line[1], "the angular cutoff");
  if (!(nep.angular_cutoff_A > 0.0 && nep.angular_cutoff_A <= nep.radial_cutoff_A && nep.radial_cutoff_A <= kLargestCutoff_A)) {
    words.refuse(fmt::format("the cutoffs are {} (radial) and {} A (angular); they must obey 0 < angular <= radial <= {}",
                             nep.radial_cutoff_A, nep.angular_cutoff_A, kLargestCutoff_A));
  }
  if (line.size() == 4) { // sizes of GPUMD's lists; ours grow
    words.whole(line[2], "the largest number of radial neighbours", 0, 1 << 30);
    words.whole(line[3], "the largest number of angular neighbours", 0, 1 << 30);
  }
  if (nep.zbl_outer_A > nep.angular_cutoff_A) {
    words.refuse_at(zbl_line, fmt::format("the outer cutoff of zbl, {} A, is larger than the angular cutoff, {} A",
                                          nep.zbl_outer_A, nep.angular_cutoff_A));
  }
  line = header_line(words, "n_max", "n_max radial angular", {2});
  nep.radial_functions = words.whole(line[0], "n_max (radial)", 0, kLargestFunctions) + 1;
  nep.angular_functions = words.whole(line[1], "n_max (angular)", 0, kLargestFunctions) + 1;
  line = header_line(words, "basis_size", "basis_size radial angular", {2});
  nep.radial_basis = words.whole(line[0], "basis_size (radial)", 0, kLargestFunctions) + 1;
  nep.angular_basis = words.whole(line[1], "basis_size (angular)", 0, kLargestFunctions) + 1;
  line = header_line(words, "l_max", "l_max 3body 4body 5body", {3, 4, 5, 6, 7});
  nep.l_max = words.whole(line[0], "l_max of the 3-body terms", 0, kNepLargestL);
  const int four = words.whole(line[1], "l_max of the 4-body terms", 0, 2);
  const int five = words.whole(line[2], "l_max of the 5-body terms", 0, 1);
  if (four == 1) {
    words.refuse("l_max of the 4-body terms is 1; 0 and 2 are allowed");
  }
  for (std::size_t i = 3; i < line.size(); ++i) {
    if (line[i] != "0") {
      words.refuse(
          "the descriptors beyond the 3-body, (222) and (1111) terms of newer models (values after the third of l_max) "
          "are not supported; they must be 0");
    }
  }
  if ((four == 2 && nep.l_max < 2) || (five == 1 && four != 2)) {
    words.refuse(fmt::format("l_max {} {} {}: 4-body terms need a 3-body l_max of at least 2, 5-body terms need 4-body terms",
                             nep.l_max, four, five));
  }
  nep.four_body = four == 2;
  nep.five_body = five == 1;
  line = header_line(words, "ANN", "ANN neurons 0", {2});
  nep.neurons = words.whole(line[0], "the number of neurons", 1, kLargestNetwork);
  if (line[1] != "0") {
    words.refuse("the second value of ANN is " + in_quotes(line[1], 20) + "; networks with one hidden layer have 0 there");
  }
}

void check_zbl_pairs(const Words &words, const NepNumbers &nep, std::int64_t first_line) {
  for (std::size_t pair = 0; 10 * pair < nep.zbl_pairs.size(); ++pair) {
    const double inner = nep.zbl_pairs[10 * pair], outer = nep.zbl_pairs[10 * pair + 1];
    if (!(inner >= 0.0 && inner < outer && outer <= nep.angular_cutoff_A)) {
      words.refuse_at(first_line,
                      fmt::format("the cutoffs of pair {} of the zbl parameters, which begin here, are {} and {} A; "
                                  "they must obey 0 <= inner < outer <= {} (the angular cutoff)",
                                  pair + 1, inner, outer, nep.angular_cutoff_A));
    }
  }
}

} // namespace

std::shared_ptr<const NepModel> parse_nep(std::string_view text, const std::string &name) {
  Words words(text, name);
  NepNumbers nep;
  read_header(words, nep);

  const std::size_t types = nep.elements.size();
  const auto networks = static_cast<std::size_t>(nep.networks());
  const auto neurons = static_cast<std::size_t>(nep.neurons);
  const auto descriptors = static_cast<std::size_t>(nep.descriptors());
  const std::size_t radial = static_cast<std::size_t>(nep.radial_functions) * static_cast<std::size_t>(nep.radial_basis);
  const std::size_t angular = static_cast<std::size_t>(nep.angular_functions) * static_cast<std::size_t>(nep.angular_basis);
  const std::size_t pairs = nep.zbl && nep.zbl_outer_A == 0.0 ? types * (types + 1) / 2 : 0;
  const std::size_t wanted =
      networks * neurons * (descriptors + 2) + 1 + (radial + angular) * types * types + descriptors + 10 * pairs;
  // A number takes two bytes at least: what a short file announces is not made room for.
  if (wanted > text.size()) {
    words.refuse(
        fmt::format("the header announces {} numbers, more than the {} bytes of the file can hold; it is cut short, or "
                    "its header is wrong",
                    grouped(wanted), grouped(text.size())));
  }
  std::size_t read = 0;
  std::int64_t first_line = 0; // of the block read last
  const auto take = [&](std::size_t count, const char *what) {
    std::vector<double> values(count);
    for (std::size_t i = 0; i < count; ++i) {
      const std::string_view word = words.next();
      if (word.empty()) {
        words.refuse(fmt::format("the file ends after {} numbers, among the {}; its header announces {}", grouped(read), what,
                                 grouped(wanted)));
      }
      if (i == 0) {
        first_line = words.line();
      }
      values[i] = words.number(word, fmt::format("number {} of the {}", i + 1, what));
      ++read;
    }
    return values;
  };
  for (std::size_t network = 0; network < networks; ++network) {
    const auto append = [&](std::vector<double> &to, const std::vector<double> &values) {
      to.insert(to.end(), values.begin(), values.end());
    };
    append(nep.input_weights, take(neurons * descriptors, "weights of the hidden layer"));
    append(nep.input_biases, take(neurons, "biases of the hidden layer"));
    append(nep.output_weights, take(neurons, "weights of the output"));
  }
  nep.output_bias = take(1, "bias of the output")[0];
  nep.radial_coefficients = take(radial * types * types, "coefficients of the radial functions");
  nep.angular_coefficients = take(angular * types * types, "coefficients of the angular functions");
  nep.scalers = take(descriptors, "scalers of the descriptors");
  if (pairs > 0) {
    nep.zbl_pairs = take(10 * pairs, "zbl parameters of the pairs of elements");
    check_zbl_pairs(words, nep, first_line);
  }
  const std::string_view more = words.next();
  if (!more.empty()) {
    words.refuse(fmt::format("{} stands after the last of the {} numbers that the header announces", in_quotes(more, 40),
                             grouped(wanted)));
  }
  return std::make_shared<NepModel>(std::move(nep));
}

std::shared_ptr<const NepModel> read_nep(const std::filesystem::path &file) {
  return parse_nep(read_file(file, kLargestFile), file.string());
}

std::string NepModel::description() const {
  const NepNumbers &n = numbers_;
  return fmt::format("nep: version {}{}, {}, cutoff {} A (radial) and {} A (angular), {} descriptors ({}), {} neurons, {} "
                     "parameters",
                     n.version,
                     !n.zbl                ? ""
                     : n.zbl_pairs.empty() ? " with ZBL"
                                           : " with ZBL by pairs",
                     join(n.elements, " "), n.radial_cutoff_A, n.angular_cutoff_A, n.descriptors(),
                     n.five_body   ? "2- to 5-body"
                     : n.four_body ? "2- to 4-body"
                                   : "2- and 3-body",
                     n.neurons, grouped(n.parameters()));
}

std::span<const PotentialKind> nep_kinds();
std::span<const PotentialKind> nep_kinds() {
  static const PotentialKind kinds[] = {{"nep", "neuroevolution potential of GPUMD, versions 3 and 4, with or without ZBL",
                                         "file: nep.txt",
                                         [](ObjectReader &keys, const std::filesystem::path &base) -> PotentialPointer {
                                           const std::filesystem::path file = potential_path(keys, "file", base);
                                           keys.finish();
                                           return read_nep(file);
                                         }}};
  return kinds;
}

} // namespace zener
