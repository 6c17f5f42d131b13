#include "host/neutral/mlp_file.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/lattice_tables.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

namespace zener {
namespace {

constexpr int kVoxels = 729;
constexpr std::size_t kMaxSpecies = 8;
constexpr std::string_view kFormula = "81*(y+4)+9*(x+4)+(z+4)";
constexpr const char *kShellsLayout = "shells";
// Shell 8 of bcc lies at a squared distance of 20 and shell 9 at 24, in units of a/2. Cutoffs are quoted with few digits.
constexpr double kShell8 = 20.0;
constexpr double kShell9 = 24.0;
constexpr double kCutoffSlack = 0.02;

bool blank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool digit(char c) { return c >= '0' && c <= '9'; }
bool word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && blank(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && blank(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

// Lower case, each run of blanks as one.
std::string normalised(std::string_view text) {
  std::string out;
  for (const char c : trimmed(text)) {
    if (!blank(c)) {
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (out.back() != ' ') {
      out += ' ';
    }
  }
  return out;
}

char first(std::string_view text) { return text.empty() ? ' ' : text.front(); }
char last(std::string_view text) { return text.empty() ? ' ' : text.back(); }

// Whether a character beside the formula makes it a part of a longer one, given the character beyond.
bool joins(char c, char beyond) {
  return c == '*' || c == '/' || c == '^' || c == '%' ||
         ((c == '+' || c == '-') && (digit(beyond) || beyond == '(' || beyond == ')'));
}

// Whether a text states the formula, with any blanks, and not as a part of a longer one.
bool states_formula(std::string_view text) {
  for (std::size_t start = 0; start < text.size(); ++start) {
    std::size_t at = start;
    std::size_t matched = 0;
    while (at < text.size() && matched < kFormula.size() &&
           (text[at] == kFormula[matched] || (matched > 0 && blank(text[at])))) {
      matched += text[at] == kFormula[matched] ? 1U : 0U;
      ++at;
    }
    if (matched < kFormula.size()) {
      continue;
    }
    // "700 - 81*…" is another formula, "layout - 81*…" is a dash.
    const std::string_view before = trimmed(text.substr(0, start));
    const std::string_view after = trimmed(text.substr(at));
    const bool longer_before = (start > 0 && (word(text[start - 1]) || text[start - 1] == '.')) ||
                               (!before.empty() && joins(before.back(), last(trimmed(before.substr(0, before.size() - 1)))));
    const bool longer_after =
        (at < text.size() && word(text[at])) || (!after.empty() && joins(after.front(), first(trimmed(after.substr(1)))));
    if (!longer_before && !longer_after) {
      return true;
    }
  }
  return false;
}

// Metadata with errors that name the key.
class Metadata {
public:
  Metadata(const Safetensors &content, const std::string &file) : content_(content), file_(file) {}

  const std::string *find(const std::string &key) const {
    const auto found = content_.metadata.find(key);
    return found == content_.metadata.end() ? nullptr : &found->second;
  }

  const std::string &require(const std::string &key, const char *expected) const {
    const std::string *value = find(key);
    if (value == nullptr) {
      throw DataError(file_ + ": the metadata have no '" + key + "', expected " + expected);
    }
    return *value;
  }

  double positive(const std::string &key, bool zero_too = false) const {
    const std::string &text = require(key, zero_too ? "a number of at least 0" : "a positive number");
    const std::string_view number = trimmed(text);
    double value = 0.0;
    const auto end = std::from_chars(number.data(), number.data() + number.size(), value);
    const bool parsed = end.ec == std::errc() && end.ptr == number.data() + number.size();
    if (!parsed || !std::isfinite(value) || value < 0.0 || (value == 0.0 && !zero_too)) {
      fail(key, zero_too ? "a number of at least 0" : "a positive number");
    }
    return value;
  }

  [[noreturn]] void fail(const std::string &key, const std::string &expected) const {
    constexpr std::size_t kShown = 200;
    const std::string &value = *find(key);
    throw DataError(file_ + ": metadata '" + key + "' is \"" + value.substr(0, kShown) + (value.size() > kShown ? "..." : "") +
                    "\", expected " + expected);
  }

private:
  const Safetensors &content_;
  const std::string &file_;
};

bool is_symbol(std::string_view name) {
  return !name.empty() && name.size() <= 3 && std::isupper(static_cast<unsigned char>(name[0])) != 0 &&
         std::all_of(name.begin() + 1, name.end(), [](char c) { return std::islower(static_cast<unsigned char>(c)) != 0; });
}

// "0=vacancy or empty voxel, 1=Nb, 2=Mo, 3=Ta" -> Nb, Mo, Ta. The words for code 0 are free and may hold commas.
std::vector<std::string> read_elements(const Metadata &metadata) {
  const std::string key = "element_order";
  const std::string expected = "codes from 1 on with their elements, like \"0=vacancy, 1=Nb, 2=Mo, 3=Ta\" (at most " +
                               std::to_string(kMaxSpecies) + " different elements)";
  std::string_view rest = metadata.require(key, expected.c_str());
  std::vector<std::string> elements;
  bool first = true;
  while (!trimmed(rest).empty() || first) {
    const std::string_view text = trimmed(rest);
    std::size_t equals = 0;
    while (equals < text.size() && digit(text[equals])) {
      ++equals;
    }
    const std::string_view code = text.substr(0, equals);
    while (equals < text.size() && blank(text[equals])) {
      ++equals;
    }
    if (code.empty() || equals == text.size() || text[equals] != '=') {
      metadata.fail(key, expected);
    }
    const std::string_view after = text.substr(equals + 1);
    if (code == "0" && first) {
      // Up to the comma before "1 =".
      std::size_t comma = after.find(',');
      for (; comma != std::string_view::npos; comma = after.find(',', comma + 1)) {
        const std::string_view next = trimmed(after.substr(comma + 1));
        if (!next.empty() && next[0] == '1' && !trimmed(next.substr(1)).empty() && trimmed(next.substr(1))[0] == '=') {
          break;
        }
      }
      rest = comma == std::string_view::npos ? std::string_view() : after.substr(comma + 1);
    } else {
      const std::size_t comma = after.find(',');
      const std::string name(trimmed(after.substr(0, comma)));
      if (code != std::to_string(elements.size() + 1) || !is_symbol(name) || elements.size() == kMaxSpecies ||
          std::find(elements.begin(), elements.end(), name) != elements.end()) {
        metadata.fail(key, expected);
      }
      elements.push_back(name);
      rest = comma == std::string_view::npos ? std::string_view() : after.substr(comma + 1);
      if (comma != std::string_view::npos && trimmed(rest).empty()) {
        metadata.fail(key, expected);
      }
    }
    first = false;
  }
  if (elements.empty()) {
    metadata.fail(key, expected);
  }
  return elements;
}

std::string shape_text(const std::vector<std::uint64_t> &shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  }
  return text + "]";
}

// The tensors of a network: each is taken once, what is left over at the end is refused.
class Tensors {
public:
  Tensors(const Safetensors &content, const std::string &file) : content_(content), file_(file) {}

  bool has(const std::string &name) const { return content_.tensors.count(name) > 0; }

  // A finite tensor of this shape; an extent of 0 stands for any from 1 to 2^31 - 1.
  const Tensor &take(const std::string &name, const std::vector<std::uint64_t> &expected) {
    const auto found = content_.tensors.find(name);
    if (found == content_.tensors.end()) {
      throw DataError(file_ + ": there is no tensor '" + name + "'");
    }
    const Tensor &tensor = found->second;
    bool fits = tensor.shape.size() == expected.size();
    for (std::size_t i = 0; fits && i < expected.size(); ++i) {
      const std::uint64_t extent = tensor.shape[i];
      fits = expected[i] == 0 ? extent > 0 && extent <= std::numeric_limits<int>::max() : extent == expected[i];
    }
    if (!fits) {
      std::string text = "[";
      for (std::size_t i = 0; i < expected.size(); ++i) {
        text += (i == 0 ? "" : ", ") + (expected[i] == 0 ? std::string("any") : std::to_string(expected[i]));
      }
      throw DataError(file_ + ": tensor '" + name + "' has the shape " + shape_text(tensor.shape) + ", expected " + text + "]");
    }
    for (std::size_t i = 0; i < tensor.values.size(); ++i) {
      if (!std::isfinite(tensor.values[i])) {
        const std::size_t columns = tensor.shape.size() == 2 ? static_cast<std::size_t>(tensor.shape[1]) : 1;
        const std::string index =
            tensor.shape.size() == 2 ? std::to_string(i / columns) + ", " + std::to_string(i % columns) : std::to_string(i);
        throw DataError(file_ + ": tensor '" + name + "' at [" + index + "] is " + std::to_string(tensor.values[i]) +
                        ", finite numbers are expected");
      }
    }
    taken_.insert(name);
    return tensor;
  }

  void check_all_taken() const {
    for (const auto &item : content_.tensors) {
      if (taken_.count(item.first) == 0) {
        throw DataError(file_ + ": the tensor '" + item.first +
                        "' has no place in the network; known are layers.N.weight, layers.N.bias, layers.N.bn.gamma, "
                        "layers.N.bn.beta, layers.N.bn.mean, layers.N.bn.variance with N from 0 without gaps, output.weight, "
                        "output.bias");
      }
    }
  }

private:
  const Safetensors &content_;
  const std::string &file_;
  std::set<std::string> taken_;
};

void fold_batch_norm(DenseLayer &layer, const std::string &prefix, double epsilon, Tensors &tensors, const std::string &file) {
  const auto n = static_cast<std::uint64_t>(layer.out);
  const Tensor &gamma = tensors.take(prefix + "gamma", {n});
  const Tensor &beta = tensors.take(prefix + "beta", {n});
  const Tensor &mean = tensors.take(prefix + "mean", {n});
  const Tensor &variance = tensors.take(prefix + "variance", {n});
  const auto in = static_cast<std::size_t>(layer.in);
  for (std::size_t o = 0; o < static_cast<std::size_t>(layer.out); ++o) {
    if (variance.values[o] < 0.0 || variance.values[o] + epsilon <= 0.0) {
      throw DataError(file + ": tensor '" + prefix + "variance' at [" + std::to_string(o) + "] is " +
                      std::to_string(variance.values[o]) + ", a variance must not be negative (nor 0 with bn_epsilon 0)");
    }
    const double scale = gamma.values[o] / std::sqrt(variance.values[o] + epsilon);
    for (std::size_t i = 0; i < in; ++i) {
      layer.weight[o * in + i] *= scale;
    }
    layer.bias[o] = scale * (layer.bias[o] - mean.values[o]) + beta.values[o];
  }
}

bool finite(const std::vector<double> &values) {
  return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

// The columns of the first layer in the order of bcc_tables().offsets.
DenseLayer keep_atoms(const DenseLayer &voxels) {
  DenseLayer layer;
  layer.in = kEnvironmentSites;
  layer.out = voxels.out;
  layer.bias = voxels.bias;
  layer.weight.reserve(static_cast<std::size_t>(layer.out) * kEnvironmentSites);
  for (std::size_t o = 0; o < static_cast<std::size_t>(layer.out); ++o) {
    for (const auto &[x, y, z] : bcc_tables().offsets) {
      layer.weight.push_back(voxels.weight[o * kVoxels + static_cast<std::size_t>(81 * (y + 4) + 9 * (x + 4) + (z + 4))]);
    }
  }
  return layer;
}

// Columns of the first layer: 112 or 729.
int read_layout(const Metadata &metadata) {
  const std::string key = "voxel_layout";
  const std::string expected = "a text with the formula " + std::string(kFormula) + " (729 columns) or \"" + kShellsLayout +
                               "\" (112 columns in the order of squared distance, then x, y, z)";
  const std::string &layout = metadata.require(key, expected.c_str());
  if (trimmed(layout) == kShellsLayout) {
    return kEnvironmentSites;
  }
  if (!states_formula(layout)) {
    metadata.fail(key, expected);
  }
  return kVoxels;
}

void check_constants(const Metadata &metadata, const Mlp &mlp) {
  if (trimmed(metadata.require("units", "\"eV\"")) != "eV") {
    metadata.fail("units", "\"eV\"");
  }
  if (const std::string *lattice = metadata.find("lattice"); lattice != nullptr && trimmed(*lattice) != "bcc") {
    metadata.fail("lattice", "\"bcc\"");
  }
  if (const std::string *order = metadata.find("bn_order");
      order != nullptr && normalised(*order) != "linear, batch norm, relu") {
    metadata.fail("bn_order", "\"linear, batch norm, ReLU\"");
  }
  const double radius = 2.0 * mlp.cutoff_A / mlp.lattice_constant_A; // in units of a/2
  if (!(radius * radius >= kShell8 - kCutoffSlack && radius * radius < kShell9 - kCutoffSlack)) {
    const auto limit = [&](double squared) { return std::to_string(std::sqrt(squared) * mlp.lattice_constant_A / 2.0); };
    metadata.fail("image_cutoff_angstrom", "a cutoff that holds exactly the 8 nearest shells (112 sites) of bcc at the lattice "
                                           "constant " +
                                               std::to_string(mlp.lattice_constant_A) + " A: from " + limit(kShell8) +
                                               " to below " + limit(kShell9));
  }
}

std::string shortest(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end.ptr};
}

std::string layer_name(std::size_t n, std::size_t layers) {
  return n + 1 == layers ? "output." : "layers." + std::to_string(n) + ".";
}

} // namespace

Mlp mlp_from_safetensors(const Safetensors &content, const std::string &file) {
  const Metadata metadata(content, file);
  Mlp mlp;
  mlp.file = file;
  mlp.elements = read_elements(metadata);
  mlp.lattice_constant_A = metadata.positive("lattice_constant_angstrom");
  mlp.cutoff_A = metadata.positive("image_cutoff_angstrom");
  check_constants(metadata, mlp);
  if (const std::string *source = metadata.find("source"); source != nullptr) {
    mlp.source = *source;
  }
  const int columns = read_layout(metadata);

  Tensors tensors(content, file);
  std::size_t layers = 1;
  while (tensors.has(layer_name(layers - 1, layers + 1) + "weight")) {
    ++layers;
  }
  for (std::size_t n = 0; n < layers; ++n) {
    const bool last = n + 1 == layers;
    const std::string name = layer_name(n, layers);
    DenseLayer layer;
    layer.in = n == 0 ? columns : mlp.layers.back().out;
    const Tensor &weight = tensors.take(name + "weight", {last ? 1U : 0U, static_cast<std::uint64_t>(layer.in)});
    layer.out = static_cast<int>(weight.shape[0]);
    layer.weight = weight.values;
    layer.bias = tensors.take(name + "bias", {weight.shape[0]}).values;
    if (n == 0 && columns == kVoxels) {
      layer = keep_atoms(layer);
    }
    if (!last) {
      const std::string norm = name + "bn.";
      if (tensors.has(norm + "gamma") || tensors.has(norm + "beta") || tensors.has(norm + "mean") ||
          tensors.has(norm + "variance")) {
        fold_batch_norm(layer, norm, metadata.positive("bn_epsilon", true), tensors, file);
      }
    }
    if (!finite(layer.weight) || !finite(layer.bias)) {
      throw DataError(file + ": the batch norm of " + name + "weight makes numbers beyond the range of double precision");
    }
    mlp.layers.push_back(std::move(layer));
  }
  tensors.check_all_taken();
  return mlp;
}

Mlp read_mlp(const std::filesystem::path &file) { return mlp_from_safetensors(read_safetensors(file), file.string()); }

Safetensors safetensors_from_mlp(const Mlp &mlp) {
  Safetensors content;
  std::string order = "0=vacancy";
  for (std::size_t i = 0; i < mlp.elements.size(); ++i) {
    order += ", " + std::to_string(i + 1) + "=" + mlp.elements[i];
  }
  content.metadata = {{"element_order", order},
                      {"lattice", "bcc"},
                      {"lattice_constant_angstrom", shortest(mlp.lattice_constant_A)},
                      {"image_cutoff_angstrom", shortest(mlp.cutoff_A)},
                      {"voxel_layout", kShellsLayout},
                      {"units", "eV"},
                      {"source", mlp.source}};
  int in = kEnvironmentSites;
  for (std::size_t n = 0; n < mlp.layers.size(); ++n) {
    const DenseLayer &layer = mlp.layers[n];
    const auto rows = static_cast<std::uint64_t>(layer.out);
    const auto columns = static_cast<std::uint64_t>(layer.in);
    if (layer.in != in || layer.out < 1 || layer.weight.size() != rows * columns || layer.bias.size() != rows) {
      throw InvariantError("layer " + std::to_string(n) + " of a network to be written does not fit the layer before it");
    }
    const std::string name = layer_name(n, mlp.layers.size());
    content.tensors[name + "weight"] = {TensorType::float64, {rows, columns}, layer.weight};
    content.tensors[name + "bias"] = {TensorType::float64, {rows}, layer.bias};
    in = layer.out;
  }
  if (mlp.layers.empty() || in != 1) {
    throw InvariantError("a network to be written has no layers or more than one output");
  }
  return content;
}

void write_mlp(const Mlp &mlp, const std::filesystem::path &file) { write_safetensors(file, safetensors_from_mlp(mlp)); }

std::string kind_name(const BarrierModel &model) {
  constexpr std::array<const char *, std::variant_size_v<BarrierModel>> kNames = {"constant", "pair_kra", "mlp"};
  return kNames[model.index()];
}

} // namespace zener
