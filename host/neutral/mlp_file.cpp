#include "host/neutral/mlp_file.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/lattice_tables.hpp"
#include "host/neutral/network_parts.hpp"
#include "host/neutral/text.hpp"

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
constexpr std::string_view kFormula = "81*(y+4)+9*(x+4)+(z+4)";
constexpr const char *kShellsLayout = "shells";
// Shell 8 of bcc lies at a squared distance of 20 and shell 9 at 24, in units of a/2. Cutoffs are quoted with few digits.
constexpr double kShell8 = 20.0;
constexpr double kShell9 = 24.0;
constexpr double kCutoffSlack = 0.02;

bool blank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool digit(char c) { return c >= '0' && c <= '9'; }
bool word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

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

void fold_batch_norm(DenseLayer &layer, const std::string &prefix, double epsilon, NetworkTensors &tensors,
                     const std::string &file) {
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
int read_layout(const NetworkMetadata &metadata) {
  const std::string key = "voxel_layout";
  const std::string expected = "a text with the formula " + std::string(kFormula) + " (729 columns) or \"" + kShellsLayout +
                               "\" (112 columns in the order of squared distance, then x, y, z)";
  const std::string &layout = metadata.require(key, expected);
  if (trimmed(layout) == kShellsLayout) {
    return kEnvironmentSites;
  }
  if (!states_formula(layout)) {
    metadata.fail(key, expected);
  }
  return kVoxels;
}

void check_constants(const NetworkMetadata &metadata, const Mlp &mlp) {
  metadata.expect("units", "eV", true);
  metadata.expect("lattice", "bcc", false);
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

} // namespace

Mlp mlp_from_safetensors(const Safetensors &content, const std::string &file) {
  const NetworkMetadata metadata(content, file);
  metadata.expect("network", "mlp", false);
  Mlp mlp;
  mlp.file = file;
  mlp.elements = read_network_elements(metadata);
  mlp.lattice_constant_A = metadata.positive("lattice_constant_angstrom");
  mlp.cutoff_A = metadata.positive("image_cutoff_angstrom");
  check_constants(metadata, mlp);
  if (const std::string *source = metadata.find("source"); source != nullptr) {
    mlp.source = *source;
  }
  const int columns = read_layout(metadata);

  NetworkTensors tensors(content, file);
  const std::size_t layers = tensors.count_layers("");
  for (std::size_t n = 0; n < layers; ++n) {
    const bool last = n + 1 == layers;
    const std::string name = layer_name(n, layers);
    DenseLayer layer = tensors.take_layer(name, n == 0 ? columns : mlp.layers.back().out, last);
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
  tensors.check_all_taken("layers.N.weight, layers.N.bias, layers.N.bn.gamma, layers.N.bn.beta, layers.N.bn.mean, "
                          "layers.N.bn.variance with N from 0 without gaps, output.weight, output.bias");
  return mlp;
}

Mlp read_mlp(const std::filesystem::path &file) { return mlp_from_safetensors(read_safetensors(file), file.string()); }

Safetensors safetensors_from_mlp(const Mlp &mlp) {
  Safetensors content;
  content.metadata = {{"network", "mlp"},
                      {"element_order", element_order(mlp.elements)},
                      {"lattice", "bcc"},
                      {"lattice_constant_angstrom", number_text(mlp.lattice_constant_A)},
                      {"image_cutoff_angstrom", number_text(mlp.cutoff_A)},
                      {"voxel_layout", kShellsLayout},
                      {"units", "eV"},
                      {"source", mlp.source}};
  put_layers(content, "", mlp.layers, kEnvironmentSites);
  return content;
}

void write_mlp(const Mlp &mlp, const std::filesystem::path &file) { write_safetensors(file, safetensors_from_mlp(mlp)); }

} // namespace zener
