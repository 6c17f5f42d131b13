#include "host/neutral/network_parts.hpp"

#include "host/neutral/errors.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <system_error>

namespace zener {
namespace {

constexpr std::size_t kMaxSpecies = 8;

bool blank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool digit(char c) { return c >= '0' && c <= '9'; }

bool is_symbol(std::string_view name) {
  return !name.empty() && name.size() <= 3 && std::isupper(static_cast<unsigned char>(name[0])) != 0 &&
         std::all_of(name.begin() + 1, name.end(), [](char c) { return std::islower(static_cast<unsigned char>(c)) != 0; });
}

// As "[3, 112]"; in a shape 0 stands for any.
std::string list_text(const std::vector<std::uint64_t> &numbers, bool zero_is_any) {
  std::string text = "[";
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    text += (i == 0 ? "" : ", ") + (zero_is_any && numbers[i] == 0 ? std::string("any") : std::to_string(numbers[i]));
  }
  return text + "]";
}

template <class T> std::optional<T> number(std::string_view text) {
  text = trimmed(text);
  T value{};
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  return end.ec == std::errc() && end.ptr == text.data() + text.size() ? std::optional<T>(value) : std::nullopt;
}

} // namespace

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

std::string layer_name(std::size_t n, std::size_t layers) {
  return n + 1 == layers ? "output." : "layers." + std::to_string(n) + ".";
}

const std::string *NetworkMetadata::find(const std::string &key) const {
  const auto found = content_.metadata.find(key);
  return found == content_.metadata.end() ? nullptr : &found->second;
}

const std::string &NetworkMetadata::require(const std::string &key, const std::string &expected) const {
  const std::string *value = find(key);
  if (value == nullptr) {
    throw DataError(file_ + ": the metadata have no '" + key + "', expected " + expected);
  }
  return *value;
}

double NetworkMetadata::positive(const std::string &key, bool zero_too) const {
  const std::string expected = zero_too ? "a number of at least 0" : "a positive number";
  const std::optional<double> value = number<double>(require(key, expected));
  if (!value || !std::isfinite(*value) || *value < 0.0 || (*value == 0.0 && !zero_too)) {
    fail(key, expected);
  }
  return *value;
}

int NetworkMetadata::integer(const std::string &key, int least, int most) const {
  const std::string expected = "an integer from " + std::to_string(least) + " to " + std::to_string(most);
  const std::optional<int> value = number<int>(require(key, expected));
  if (!value || *value < least || *value > most) {
    fail(key, expected);
  }
  return *value;
}

void NetworkMetadata::expect(const std::string &key, const std::string &value, bool needed) const {
  const std::string expected = "\"" + value + "\"";
  if ((needed || find(key) != nullptr) && trimmed(require(key, expected)) != value) {
    fail(key, expected);
  }
}

void NetworkMetadata::fail(const std::string &key, const std::string &expected) const {
  constexpr std::size_t kShown = 200;
  const std::string &value = *find(key);
  throw DataError(file_ + ": metadata '" + key + "' is \"" + value.substr(0, kShown) + (value.size() > kShown ? "..." : "") +
                  "\", expected " + expected);
}

std::vector<std::string> read_network_elements(const NetworkMetadata &metadata) {
  const std::string key = "element_order";
  const std::string expected = "codes from 1 on with their elements, like \"0=vacancy, 1=Nb, 2=Mo, 3=Ta\" (at most " +
                               std::to_string(kMaxSpecies) + " different elements)";
  std::string_view rest = metadata.require(key, expected);
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

std::string element_order(const std::vector<std::string> &elements) {
  std::string order = "0=vacancy";
  for (std::size_t i = 0; i < elements.size(); ++i) {
    order += ", " + std::to_string(i + 1) + "=" + elements[i];
  }
  return order;
}

const Tensor &NetworkTensors::take(const std::string &name, const std::vector<std::uint64_t> &expected) {
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
    throw DataError(file_ + ": tensor '" + name + "' has the shape " + list_text(tensor.shape, false) + ", expected " +
                    list_text(expected, true));
  }
  for (std::size_t i = 0; i < tensor.values.size(); ++i) {
    if (!std::isfinite(tensor.values[i])) {
      std::vector<std::uint64_t> place(tensor.shape.size());
      std::uint64_t rest = i;
      for (std::size_t d = place.size(); d-- > 0; rest /= tensor.shape[d]) {
        place[d] = rest % tensor.shape[d];
      }
      throw DataError(file_ + ": tensor '" + name + "' at " + list_text(place, false) + " is " +
                      std::to_string(tensor.values[i]) + ", finite numbers are expected");
    }
  }
  taken_.insert(name);
  return tensor;
}

DenseLayer NetworkTensors::take_layer(const std::string &name, int in, bool last) {
  DenseLayer layer;
  layer.in = in;
  const Tensor &weight = take(name + "weight", {last ? 1U : 0U, static_cast<std::uint64_t>(in)});
  layer.out = static_cast<int>(weight.shape[0]);
  layer.weight = weight.values;
  layer.bias = take(name + "bias", {weight.shape[0]}).values;
  return layer;
}

std::size_t NetworkTensors::count_layers(const std::string &prefix) const {
  std::size_t layers = 1;
  while (has(prefix + layer_name(layers - 1, layers + 1) + "weight")) {
    ++layers;
  }
  return layers;
}

std::vector<DenseLayer> NetworkTensors::take_layers(const std::string &prefix, int in) {
  const std::size_t number = count_layers(prefix);
  std::vector<DenseLayer> layers;
  for (std::size_t n = 0; n < number; ++n) {
    layers.push_back(take_layer(prefix + layer_name(n, number), n == 0 ? in : layers.back().out, n + 1 == number));
  }
  return layers;
}

void NetworkTensors::check_all_taken(const std::string &known) const {
  for (const auto &item : content_.tensors) {
    if (!taken_.contains(item.first)) {
      throw DataError(file_ + ": the tensor '" + item.first + "' has no place in the network; known are " + known);
    }
  }
}

void put_layers(Safetensors &content, const std::string &prefix, const std::vector<DenseLayer> &layers, int in) {
  for (std::size_t n = 0; n < layers.size(); ++n) {
    const DenseLayer &layer = layers[n];
    const auto rows = static_cast<std::uint64_t>(layer.out);
    const auto columns = static_cast<std::uint64_t>(layer.in);
    if (layer.in != in || layer.out < 1 || layer.weight.size() != rows * columns || layer.bias.size() != rows) {
      throw InvariantError("layer " + std::to_string(n) + " of a network to be written does not fit the layer before it");
    }
    const std::string name = prefix + layer_name(n, layers.size());
    content.tensors[name + "weight"] = {TensorType::float64, {rows, columns}, layer.weight};
    content.tensors[name + "bias"] = {TensorType::float64, {rows}, layer.bias};
    in = layer.out;
  }
  if (layers.empty() || in != 1) {
    throw InvariantError("a network to be written has no layers or more than one output");
  }
}

} // namespace zener
