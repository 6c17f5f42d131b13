// LAMMPS's .snapcoeff and .snapparam files (documentation of pair_style snap).
#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/json_document.hpp"
#include "host/neutral/log.hpp"
#include "host/neutral/text.hpp"
#include "kernels/potentials/snap/snap_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

namespace zener {
namespace {

constexpr std::uint64_t kMaxFileBytes = std::uint64_t{256} << 20;
constexpr std::size_t kMaxElements = 118;
constexpr std::string_view kBlank = " \t\r\f\v";

struct Line {
  std::size_t number = 0; // from 1; 0: the end of the file
  std::vector<std::string> words;
};

// The lines that hold something, split into words. '#' starts a comment; quotes hold a word together.
class LineReader {
public:
  LineReader(std::string_view text, const std::string &name) : text_(text), name_(name) {}

  Line next() {
    while (begin_ < text_.size()) {
      const std::size_t end = std::min(text_.find('\n', begin_), text_.size());
      const std::string_view line = text_.substr(begin_, end - begin_);
      begin_ = end + 1;
      ++number_;
      Line read{number_, {}};
      std::size_t i = 0;
      while (i < line.size() && line[i] != '#') {
        if (kBlank.find(line[i]) != std::string_view::npos) {
          ++i;
          continue;
        }
        if (line[i] == '"' || line[i] == '\'') {
          const std::size_t close = line.find(line[i], i + 1);
          if (close == std::string_view::npos) {
            refuse(number_, "a quote is opened and not closed: " + in_quotes(line));
          }
          read.words.emplace_back(line.substr(i + 1, close - i - 1));
          i = close + 1;
          continue;
        }
        const std::size_t start = i;
        while (i < line.size() && kBlank.find(line[i]) == std::string_view::npos && line[i] != '#') {
          ++i;
        }
        read.words.emplace_back(line.substr(start, i - start));
      }
      if (!read.words.empty()) {
        return read;
      }
    }
    return {};
  }
  std::size_t lines() const { return number_; }

  [[noreturn]] void refuse(std::size_t line, const std::string &message) const {
    throw DataError(fmt::format("{}:{}: {}", name_, line, message));
  }
  [[noreturn]] void refuse_end(const std::string &wanted) const {
    throw DataError(fmt::format("{}: ends after line {}, {}", name_, number_, wanted));
  }

private:
  std::string_view text_;
  const std::string &name_;
  std::size_t begin_ = 0;
  std::size_t number_ = 0;
};

std::optional<double> finite_number(std::string_view word) {
  if (word.starts_with('+')) {
    word.remove_prefix(1);
  }
  double value = 0.0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

std::optional<std::uint64_t> whole_number(std::string_view word) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size()) {
    return std::nullopt;
  }
  return value;
}

void read_parameters(SnapModel &model, std::string_view text, const std::string &name) {
  LineReader reader(text, name);
  const std::vector<std::string> keys{"rcutfac",       "twojmax",       "rfac0",           "rmin0",         "switchflag",
                                      "bzeroflag",     "quadraticflag", "chemflag",        "bnormflag",     "wselfallflag",
                                      "diagonalstyle", "chunksize",     "switchinnerflag", "parallelthresh"};
  std::set<std::string> met;
  for (Line line = reader.next(); line.number > 0; line = reader.next()) {
    const std::string &key = line.words[0];
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      reader.refuse(line.number, "unknown key " + in_quotes(key) + did_you_mean(key, keys) + "; known are " + join(keys, ", "));
    }
    if (line.words.size() != 2) {
      reader.refuse(line.number, fmt::format("{} takes one value, not {}", key, line.words.size() - 1));
    }
    if (!met.insert(key).second) {
      reader.refuse(line.number, key + " is given twice");
    }
    const std::string &word = line.words[1];
    const auto number = [&](double low, double high, const char *allowed) {
      const std::optional<double> value = finite_number(word);
      if (!value || !(*value >= low && *value <= high)) {
        reader.refuse(line.number, fmt::format("{} is {}; it must be {}", key, in_quotes(word), allowed));
      }
      return *value;
    };
    const auto flag = [&] {
      const std::optional<std::uint64_t> value = whole_number(word);
      if (!value || *value > 1) {
        reader.refuse(line.number, fmt::format("{} is {}; it must be 0 or 1", key, in_quotes(word)));
      }
      return *value == 1;
    };
    if (key == "rcutfac") {
      model.rcutfac = number(1e-3, 1e3, "a length in A between 0.001 and 1000");
    } else if (key == "twojmax") {
      const std::optional<std::uint64_t> value = whole_number(word);
      if (!value || *value < kSnapSmallestTwoJ || *value > kSnapLargestTwoJ) {
        reader.refuse(line.number, fmt::format("twojmax is {}; it must be a whole number from {} to {}", in_quotes(word),
                                               kSnapSmallestTwoJ, kSnapLargestTwoJ));
      }
      model.twojmax = static_cast<int>(*value);
    } else if (key == "rfac0") {
      model.rfac0 = number(1e-3, 1.0, "between 0.001 and 1");
    } else if (key == "rmin0") {
      model.rmin0 = number(0.0, 1e3, "a length in A, 0 or more");
    } else if (key == "switchflag") {
      model.switching = flag();
    } else if (key == "bzeroflag") {
      model.subtract_isolated = flag();
    } else if (key == "quadraticflag") {
      model.quadratic = flag();
    } else if (key == "diagonalstyle") {
      if (word != "3") {
        reader.refuse(line.number,
                      "diagonalstyle is " + in_quotes(word) + "; only 3 (all j2 <= j1 <= j) is known, as in LAMMPS since 2018");
      }
      log_info(name + ": diagonalstyle 3 is what every SNAP has by now; the key is not needed");
    } else if (key == "chunksize" || key == "parallelthresh") {
      if (!whole_number(word)) {
        reader.refuse(line.number, fmt::format("{} is {}; it must be a whole number", key, in_quotes(word)));
      }
    } else if (flag()) { // chemflag, bnormflag, wselfallflag, switchinnerflag
      reader.refuse(line.number, fmt::format("{} is 1; {} not supported, only 0 is", key,
                                             key == "chemflag" ? "explicit multi-element SNAP (EME-SNAP) is" : "this is"));
    }
  }
  for (const char *key : {"rcutfac", "twojmax"}) {
    if (!met.contains(key)) {
      throw DataError(name + ": the key " + key + " is missing; rcutfac and twojmax must be given");
    }
  }
}

void read_coefficients(SnapModel &model, std::string_view text, const std::string &name) {
  LineReader reader(text, name);
  const Line head = reader.next();
  if (head.number == 0) {
    throw DataError(name + ": is empty; the numbers of elements and of coefficients are wanted first");
  }
  const auto elements = head.words.size() == 2 ? whole_number(head.words[0]) : std::nullopt;
  const auto count = head.words.size() == 2 ? whole_number(head.words[1]) : std::nullopt;
  if (!elements || !count || *elements < 1 || *elements > kMaxElements) {
    reader.refuse(head.number,
                  "the first line must hold two whole numbers, elements (1 to 118) and coefficients of each; met " +
                      in_quotes(join(head.words, " ")));
  }
  const std::size_t wanted = model.coefficient_count();
  if (*count != wanted) {
    SnapModel other = model;
    other.quadratic = !model.quadratic;
    std::string hint;
    if (*count == other.coefficient_count()) {
      hint = fmt::format("; this is the number with quadraticflag {}", other.quadratic ? 1 : 0);
    } else {
      for (int twoj = kSnapSmallestTwoJ; twoj <= kSnapLargestTwoJ; ++twoj) {
        other = model;
        other.twojmax = twoj;
        if (*count == other.coefficient_count()) {
          hint = fmt::format("; this is the number with twojmax {}", twoj);
        }
      }
    }
    reader.refuse(head.number, fmt::format("{} coefficients; twojmax {} with quadraticflag {} has {}{}", *count, model.twojmax,
                                           model.quadratic ? 1 : 0, wanted, hint));
  }
  for (std::uint64_t e = 0; e < *elements; ++e) {
    const Line line = reader.next();
    if (line.number == 0) {
      reader.refuse_end(fmt::format("{} of {} elements are there", e, *elements));
    }
    SnapElement element;
    const std::string &symbol = line.words[0];
    const bool named = !symbol.empty() && symbol.size() <= 16 &&
                       ((symbol[0] >= 'A' && symbol[0] <= 'Z') || (symbol[0] >= 'a' && symbol[0] <= 'z'));
    const auto radius = line.words.size() == 3 ? finite_number(line.words[1]) : std::nullopt;
    const auto weight = line.words.size() == 3 ? finite_number(line.words[2]) : std::nullopt;
    if (!named || !radius || !weight) {
      reader.refuse(line.number, "an element's name, radius and weight are wanted; met " + in_quotes(join(line.words, " ")));
    }
    element.radius = radius.value_or(0.0);
    element.weight = weight.value_or(0.0);
    if (!(element.radius > 0.0 && element.radius <= 1e3)) {
      reader.refuse(line.number,
                    fmt::format("the radius of {} is {}; it must be above 0 and at most 1000", symbol, element.radius));
    }
    for (const SnapElement &other : model.species) {
      if (other.name == symbol) {
        reader.refuse(line.number, symbol + " is given twice");
      }
    }
    element.name = symbol;
    element.coefficients.reserve(wanted);
    for (std::size_t c = 0; c < wanted; ++c) {
      const Line value = reader.next();
      if (value.number == 0) {
        reader.refuse_end(fmt::format("{} has {} of {} coefficients", symbol, c, wanted));
      }
      const auto number = value.words.size() == 1 ? finite_number(value.words[0]) : std::nullopt;
      if (!number) {
        reader.refuse(value.number, fmt::format("coefficient {} of {} for {} must be one finite number; met {}", c + 1, wanted,
                                                symbol, in_quotes(join(value.words, " "))));
      }
      element.coefficients.push_back(*number);
    }
    model.species.push_back(std::move(element));
  }
  const Line rest = reader.next();
  if (rest.number > 0) {
    reader.refuse(rest.number, fmt::format("there is more after the {} coefficients of {} element{}: {}", wanted, *elements,
                                           *elements == 1 ? "" : "s", in_quotes(join(rest.words, " "))));
  }
}

PotentialPointer read_kind(ObjectReader &keys, const std::filesystem::path &base) {
  const std::filesystem::path coefficients = potential_path(keys, "coefficients", base);
  const std::filesystem::path parameters = potential_path(keys, "parameters", base);
  keys.finish();
  return read_snap(coefficients, parameters);
}

} // namespace

std::vector<std::string> SnapModel::elements() const {
  std::vector<std::string> names;
  for (const SnapElement &element : species) {
    names.push_back(element.name);
  }
  return names;
}

double SnapModel::cutoff_A() const {
  double largest = 0.0;
  for (const SnapElement &element : species) {
    largest = std::max(largest, element.radius);
  }
  return rcutfac * (largest + largest);
}

std::string SnapModel::description() const {
  return fmt::format("snap ({}), {}, cutoff {} A, twojmax {}, {} components", quadratic ? "quadratic" : "linear",
                     join(elements(), " "), number_text(cutoff_A()), twojmax, snap_components(twojmax));
}

std::shared_ptr<const SnapModel> parse_snap(std::string_view coefficients, const std::string &coefficients_name,
                                            std::string_view parameters, const std::string &parameters_name) {
  auto model = std::make_shared<SnapModel>();
  read_parameters(*model, parameters, parameters_name);
  read_coefficients(*model, coefficients, coefficients_name);
  for (std::size_t a = 0; a < model->species.size(); ++a) {
    if (!(model->rmin0 < model->pair_cutoff_A(a, a))) {
      throw DataError(
          fmt::format("{}: rmin0 is {} A; it must be below the cutoff of every pair, {} A for {} (rcutfac times the "
                      "sum of the radii)",
                      parameters_name, model->rmin0, model->pair_cutoff_A(a, a), model->species[a].name));
    }
  }
  return model;
}

std::shared_ptr<const SnapModel> read_snap(const std::filesystem::path &coefficients, const std::filesystem::path &parameters) {
  return parse_snap(read_file(coefficients, kMaxFileBytes), coefficients.string(), read_file(parameters, kMaxFileBytes),
                    parameters.string());
}

std::span<const PotentialKind> snap_kinds();
std::span<const PotentialKind> snap_kinds() {
  static const std::array<PotentialKind, 1> kinds{
      {{"snap", "spectral neighbour analysis, linear or quadratic, LAMMPS's conventions",
        "coefficients: .snapcoeff, parameters: .snapparam", read_kind}}};
  return kinds;
}

} // namespace zener
