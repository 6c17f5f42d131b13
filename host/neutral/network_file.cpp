#include "host/neutral/network_file.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/mlp_file.hpp"
#include "host/neutral/network_parts.hpp"
#include "host/neutral/text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>
#include <utility>

namespace zener {
namespace {

constexpr const char *kSiteOrder = "shells";
constexpr int kMostShells = 8;
constexpr int kTaps = 27;
constexpr std::size_t kCnnLayers = 4; // 9 -> 7 -> 5 -> 3 -> 1 voxels a side
constexpr double kMostPairEnergy_eV = 100.0;

constexpr const char *kSiteTensors = "table, bias, layers.N.weight, layers.N.bias with N from 0 without gaps, output.weight, "
                                     "output.bias";

int codes_of(const std::vector<std::string> &elements) { return static_cast<int>(elements.size()) + 1; }
std::uint64_t extent(int n) { return static_cast<std::uint64_t>(n); }

template <class Network> Network read_common(const NetworkMetadata &metadata, const std::string &file) {
  metadata.expect("lattice", "bcc", true);
  metadata.expect("units", "eV", true);
  Network network;
  network.file = file;
  network.elements = read_network_elements(metadata);
  network.lattice_constant_A = metadata.positive("lattice_constant_angstrom");
  if (const std::string *source = metadata.find("source"); source != nullptr) {
    network.source = *source;
  }
  return network;
}

SiteNetwork read_site_network(NetworkTensors &tensors, const std::string &prefix, SiteGroup group, int sites, int codes) {
  SiteNetwork network;
  network.sites = sites;
  network.codes = codes;
  network.group = group;
  const Tensor &table = tensors.take(prefix + "table", {0, extent(sites), extent(codes)});
  network.table = table.values;
  network.bias = tensors.take(prefix + "bias", {table.shape[0]}).values;
  network.layers = tensors.take_layers(prefix, network.units());
  return network;
}

SiteMlp read_site_mlp(const NetworkMetadata &metadata, NetworkTensors &tensors, const std::string &file) {
  auto network = read_common<SiteMlp>(metadata, file);
  metadata.expect("site_order", kSiteOrder, true);
  const std::string key = "site_group";
  const std::string expected = "\"none\" or \"axis\"";
  const std::string_view group = trimmed(metadata.require(key, expected));
  if (group != "none" && group != "axis") {
    metadata.fail(key, expected);
  }
  network.network = read_site_network(tensors, "", group == "none" ? SiteGroup::none : SiteGroup::axis, kEnvironmentSites,
                                      codes_of(network.elements));
  tensors.check_all_taken(kSiteTensors);
  return network;
}

Cnn read_cnn(const NetworkMetadata &metadata, NetworkTensors &tensors, const std::string &file) {
  auto network = read_common<Cnn>(metadata, file);
  const std::string key = "input";
  const std::string expected = "\"codes\" or \"one_hot\"";
  const std::string_view input = trimmed(metadata.require(key, expected));
  if (input != "codes" && input != "one_hot") {
    metadata.fail(key, expected);
  }
  network.one_hot = input == "one_hot";
  int channels = network.one_hot ? static_cast<int>(network.elements.size()) : 1;
  for (std::size_t n = 0; n < kCnnLayers; ++n) {
    const std::string name = layer_name(n, kCnnLayers + 1);
    Cnn::Layer layer;
    layer.in = channels;
    const Tensor &weight = tensors.take(name + "weight", {0, kTaps, extent(channels)});
    layer.out = static_cast<int>(weight.shape[0]);
    layer.weight = weight.values;
    layer.bias = tensors.take(name + "bias", {weight.shape[0]}).values;
    channels = layer.out;
    network.layers.push_back(std::move(layer));
  }
  network.output = tensors.take_layer("output.", channels, true);
  tensors.check_all_taken("layers.0 to layers.3 with .weight and .bias, output.weight, output.bias");
  return network;
}

void check_pairs(const Tensor &tensor, std::size_t codes, const std::string &file) {
  for (std::size_t i = 0; i < tensor.values.size(); ++i) {
    const std::size_t a = i / codes % codes;
    const std::size_t b = i % codes;
    const std::size_t shell = i / (codes * codes);
    const double value = tensor.values[i];
    const std::string where = file + ": tensor 'pair_eV' at [" + std::to_string(shell) + ", " + std::to_string(a) + ", " +
                              std::to_string(b) + "] is " + number_text(value) + ", ";
    if (const double other = tensor.values[(shell * codes + b) * codes + a]; value != other) {
      throw DataError(where + "but " + number_text(other) + " with the species exchanged; pair energies are symmetric");
    }
    if (!(std::abs(value) <= kMostPairEnergy_eV)) {
      throw DataError(where + "energies of at most " + number_text(kMostPairEnergy_eV) + " eV are expected");
    }
  }
}

Consistent read_consistent(const NetworkMetadata &metadata, NetworkTensors &tensors, const std::string &file) {
  auto network = read_common<Consistent>(metadata, file);
  metadata.expect("site_order", kSiteOrder, true);
  network.state_shells = metadata.integer("state_shells", 0, kMostShells);
  network.pair_shells = metadata.integer("pair_shells", 0, kMostShells);
  const int codes = codes_of(network.elements);
  network.jump = read_site_network(tensors, "jump.", SiteGroup::jump, static_cast<int>(jump_sites().size()), codes);
  if (network.state_shells > 0) {
    network.state = read_site_network(tensors, "state.", SiteGroup::vacancy, sites_of_shells(network.state_shells), codes);
  }
  if (network.pair_shells > 0) {
    const Tensor &pairs = tensors.take("pair_eV", {extent(network.pair_shells), extent(codes), extent(codes)});
    check_pairs(pairs, static_cast<std::size_t>(codes), file);
    network.pair_eV = pairs.values;
  }
  tensors.check_all_taken(std::string("pair_eV and, behind the prefixes jump. and state., ") + kSiteTensors +
                          "; without shells there are no pair_eV and no state.");
  return network;
}

template <class Network> void put_common(Safetensors &content, const char *kind, const Network &network) {
  content.metadata = {{"network", kind},  {"element_order", element_order(network.elements)},
                      {"lattice", "bcc"}, {"lattice_constant_angstrom", number_text(network.lattice_constant_A)},
                      {"units", "eV"},    {"source", network.source}};
}

void put(Safetensors &content, const std::string &name, std::vector<std::uint64_t> shape, const std::vector<double> &values) {
  std::uint64_t n = 1;
  for (const std::uint64_t length : shape) {
    n *= length;
  }
  if (values.size() != n) {
    throw InvariantError("tensor '" + name + "' of a network to be written has " + std::to_string(values.size()) +
                         " numbers instead of " + std::to_string(n));
  }
  content.tensors[name] = {TensorType::float64, std::move(shape), values};
}

void put_site_network(Safetensors &content, const std::string &prefix, const SiteNetwork &network, std::size_t sites,
                      const std::vector<std::string> &elements) {
  const auto units = static_cast<std::uint64_t>(network.units());
  if (static_cast<std::size_t>(network.sites) != sites || network.codes != codes_of(elements)) {
    throw InvariantError("a network to be written reads " + std::to_string(network.sites) + " sites and " +
                         std::to_string(network.codes) + " codes instead of " + std::to_string(sites) + " and " +
                         std::to_string(codes_of(elements)));
  }
  put(content, prefix + "table", {units, sites, extent(network.codes)}, network.table);
  put(content, prefix + "bias", {units}, network.bias);
  put_layers(content, prefix, network.layers, network.units());
}

Safetensors content_of(const Mlp &network) { return safetensors_from_mlp(network); }

Safetensors content_of(const SiteMlp &network) {
  if (network.network.group != SiteGroup::none && network.network.group != SiteGroup::axis) {
    throw InvariantError("a site_mlp to be written is tied over operations that its environment does not have");
  }
  Safetensors content;
  put_common(content, "site_mlp", network);
  content.metadata["site_order"] = kSiteOrder;
  content.metadata["site_group"] = network.network.group == SiteGroup::none ? "none" : "axis";
  put_site_network(content, "", network.network, kEnvironmentSites, network.elements);
  return content;
}

Safetensors content_of(const Cnn &network) {
  if (network.layers.size() != kCnnLayers) {
    throw InvariantError("a cnn to be written has " + std::to_string(network.layers.size()) + " layers instead of 4");
  }
  Safetensors content;
  put_common(content, "cnn", network);
  content.metadata["input"] = network.one_hot ? "one_hot" : "codes";
  int channels = network.one_hot ? static_cast<int>(network.elements.size()) : 1;
  for (std::size_t n = 0; n < kCnnLayers; ++n) {
    const Cnn::Layer &layer = network.layers[n];
    const std::string name = layer_name(n, kCnnLayers + 1);
    put(content, name + "weight", {extent(layer.out), kTaps, extent(channels)}, layer.weight);
    put(content, name + "bias", {extent(layer.out)}, layer.bias);
    channels = layer.out;
  }
  put_layers(content, "", {network.output}, channels);
  return content;
}

Safetensors content_of(const Consistent &network) {
  Safetensors content;
  put_common(content, "consistent", network);
  content.metadata["site_order"] = kSiteOrder;
  content.metadata["state_shells"] = std::to_string(network.state_shells);
  content.metadata["pair_shells"] = std::to_string(network.pair_shells);
  put_site_network(content, "jump.", network.jump, jump_sites().size(), network.elements);
  if (network.state_shells > 0) {
    put_site_network(content, "state.", network.state, static_cast<std::size_t>(sites_of_shells(network.state_shells)),
                     network.elements);
  }
  if (network.pair_shells > 0) {
    const std::uint64_t codes = extent(codes_of(network.elements));
    put(content, "pair_eV", {extent(network.pair_shells), codes, codes}, network.pair_eV);
  }
  return content;
}

} // namespace

BarrierModel network_from_safetensors(const Safetensors &content, const std::string &file) {
  const NetworkMetadata metadata(content, file);
  NetworkTensors tensors(content, file);
  const std::string *met = metadata.find("network");
  const std::string_view kind = met == nullptr ? std::string_view("mlp") : trimmed(*met);
  if (kind == "mlp") {
    return mlp_from_safetensors(content, file);
  }
  if (kind == "site_mlp") {
    return read_site_mlp(metadata, tensors, file);
  }
  if (kind == "cnn") {
    return read_cnn(metadata, tensors, file);
  }
  if (kind == "consistent") {
    return read_consistent(metadata, tensors, file);
  }
  metadata.fail("network", "\"mlp\", \"site_mlp\", \"cnn\" or \"consistent\"");
}

BarrierModel read_network(const std::filesystem::path &file) {
  return network_from_safetensors(read_safetensors(file), file.string());
}

Safetensors safetensors_from_network(const TrainedModel &model) {
  return std::visit([](const auto &network) { return content_of(network); }, model);
}

void write_network(const TrainedModel &model, const std::filesystem::path &file,
                   const std::map<std::string, std::string> &extra_metadata, TensorType type) {
  Safetensors content = safetensors_from_network(model);
  content.metadata.insert(extra_metadata.begin(), extra_metadata.end());
  for (auto &[name, tensor] : content.tensors) {
    if (!std::all_of(tensor.values.begin(), tensor.values.end(), [](double v) { return std::isfinite(v); })) {
      throw InvariantError("tensor '" + name + "' of a network to be written holds a number that is not finite");
    }
    tensor.type = type;
  }
  write_safetensors(file, content);
}

std::string kind_name(const BarrierModel &model) {
  constexpr std::array<const char *, std::variant_size_v<BarrierModel>> kNames = {"constant", "pair_kra", "mlp",
                                                                                  "site_mlp", "cnn",      "consistent"};
  return kNames[model.index()];
}

const JumpEnvironment &environment_of(const BarrierModel &model) {
  const auto *network = std::get_if<Consistent>(&model);
  return jump_environment(network == nullptr ? 0 : std::max(network->state_shells, network->pair_shells));
}

void check_cells(const BarrierModel &model, Structure structure, const std::array<int, 3> &cells, const std::string &where) {
  const JumpEnvironment &environment = environment_of(model);
  const int least = structure == Structure::bcc ? environment.least_cells : least_cells(structure);
  if (*std::min_element(cells.begin(), cells.end()) < least) {
    const bool more = structure == Structure::bcc && least > least_cells(structure);
    throw ConfigError(
        where + "a lattice of " + std::to_string(cells[0]) + " x " + std::to_string(cells[1]) + " x " +
        std::to_string(cells[2]) + " cells is too small: at least " + std::to_string(least) + " cells a side (" +
        structure_name(structure) +
        (more ? "; the network reads " + std::to_string(environment.shells) + " shells around both ends of a jump" : "") +
        "), or the environment of a vacancy folds onto itself");
  }
}

namespace {

// What the members of an ensemble have in common.
struct Trait {
  std::string name;
  std::string value;
};

std::string widths_text(const std::vector<DenseLayer> &layers) {
  std::string text;
  for (const DenseLayer &layer : layers) {
    text += std::to_string(layer.in) + "-";
  }
  return text + "1";
}

std::string network_text(const SiteNetwork &network) {
  return network.units() == 0 ? "none"
                              : std::to_string(network.sites) + " sites, group " +
                                    std::to_string(static_cast<int>(network.group)) + ", " + widths_text(network.layers);
}

std::vector<Trait> traits_of(const BarrierModel &model) {
  const NetworkFacts facts = *network_facts(model);
  std::vector<Trait> traits{{"kind", kind_name(model)},
                            {"elements", join(facts.elements, ", ")},
                            {"lattice constant", number_text(facts.lattice_constant_A) + " A"}};
  if (const auto *mlp = std::get_if<Mlp>(&model)) {
    traits.push_back({"layers", widths_text(mlp->layers)});
  } else if (const auto *sites = std::get_if<SiteMlp>(&model)) {
    traits.push_back({"network", network_text(sites->network)});
  } else if (const auto *cnn = std::get_if<Cnn>(&model)) {
    std::string filters;
    for (const Cnn::Layer &layer : cnn->layers) {
      filters += (filters.empty() ? "" : ", ") + std::to_string(layer.out);
    }
    traits.push_back({"input", cnn->one_hot ? "one_hot" : "codes"});
    traits.push_back({"filters", filters});
  } else {
    const auto &consistent = std::get<Consistent>(model);
    traits.push_back({"shells of the state", std::to_string(consistent.state_shells)});
    traits.push_back({"shells of pairs", std::to_string(consistent.pair_shells)});
    traits.push_back({"network of the jump", network_text(consistent.jump)});
    traits.push_back({"network of the state", network_text(consistent.state)});
  }
  return traits;
}

} // namespace

BarrierModel make_ensemble(std::vector<BarrierModel> members, const std::string &where) {
  if (members.size() < 2 || members.size() > static_cast<std::size_t>(kMostNetworks)) {
    throw ConfigError(where + std::to_string(members.size()) + (members.size() == 1 ? " network" : " networks") +
                      "; an ensemble has 2 to " + std::to_string(kMostNetworks));
  }
  for (const BarrierModel &member : members) {
    if (!network_facts(member)) {
      throw ConfigError(where + "a model of the kind \"" + kind_name(member) +
                        "\" is no network; an ensemble has networks alone");
    }
  }
  const std::vector<Trait> expected = traits_of(members.front());
  for (std::size_t m = 1; m < members.size(); ++m) {
    const std::vector<Trait> met = traits_of(members[m]);
    for (std::size_t t = 0; t < expected.size(); ++t) { // the kind is the first: behind it both have the same traits
      if (met[t].value != expected[t].value) {
        throw ConfigError(where + network_facts(members[m])->file + ": " + met[t].name + " " + met[t].value + ", but " +
                          expected[t].value + " in " + network_facts(members.front())->file +
                          "; the networks of an ensemble differ in their weights alone");
      }
    }
  }
  BarrierModel ensemble = members.front();
  std::visit(
      [&](auto &first) {
        using Network = std::decay_t<decltype(first)>;
        if constexpr (!std::is_same_v<Network, ConstantBarrier> && !std::is_same_v<Network, PairKra>) {
          first.others.clear();
          for (std::size_t m = 1; m < members.size(); ++m) {
            first.others.push_back(std::get<Network>(std::move(members[m])));
          }
        }
      },
      ensemble);
  return ensemble;
}

int ensemble_size(const BarrierModel &model) {
  return std::visit(
      [](const auto &each) {
        using Network = std::decay_t<decltype(each)>;
        if constexpr (std::is_same_v<Network, ConstantBarrier> || std::is_same_v<Network, PairKra>) {
          return 0;
        } else {
          return static_cast<int>(1 + each.others.size());
        }
      },
      model);
}

std::size_t network_numbers(const BarrierModel &model) {
  const auto members = static_cast<std::size_t>(ensemble_size(model));
  const auto dense = [](const std::vector<DenseLayer> &layers) {
    std::size_t n = 0;
    for (const DenseLayer &layer : layers) {
      n += layer.weight.size() + layer.bias.size();
    }
    return n;
  };
  const auto sites = [&](const SiteNetwork &network) {
    return network.table.size() * site_operations(network.group).size() + network.bias.size() + dense(network.layers);
  };
  if (const auto *mlp = std::get_if<Mlp>(&model)) {
    return members * dense(mlp->layers);
  }
  if (const auto *site_mlp = std::get_if<SiteMlp>(&model)) {
    return members * sites(site_mlp->network);
  }
  if (const auto *cnn = std::get_if<Cnn>(&model)) {
    std::size_t n = dense({cnn->output});
    for (const Cnn::Layer &layer : cnn->layers) {
      n += layer.weight.size() + layer.bias.size();
    }
    return members * n;
  }
  const auto *consistent = std::get_if<Consistent>(&model);
  return consistent == nullptr
             ? 0
             : members * (sites(consistent->jump) + sites(consistent->state) + 2 * consistent->pair_eV.size()) +
                   2 * consistent->pair_eV.size();
}

std::optional<NetworkFacts> network_facts(const BarrierModel &model) {
  return std::visit(
      [](const auto &each) -> std::optional<NetworkFacts> {
        using Model = std::decay_t<decltype(each)>;
        if constexpr (std::is_same_v<Model, ConstantBarrier> || std::is_same_v<Model, PairKra>) {
          return std::nullopt;
        } else {
          return NetworkFacts{each.elements, each.lattice_constant_A, each.file};
        }
      },
      model);
}

} // namespace zener
