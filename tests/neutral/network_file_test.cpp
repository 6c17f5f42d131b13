// Networks of every kind in files: what is written is read, float32 widens exactly, what is wrong is named.
#include "host/neutral/network_file.hpp"

#include "tests/neutral/support.hpp"
#include "tests/support/networks.hpp"

#include <algorithm>

namespace zener {
namespace {

using test::expect_error;

void expect_same(const std::vector<DenseLayer> &a, const std::vector<DenseLayer> &b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t n = 0; n < a.size(); ++n) {
    EXPECT_EQ(a[n].in, b[n].in);
    EXPECT_EQ(a[n].out, b[n].out);
    EXPECT_EQ(a[n].weight, b[n].weight);
    EXPECT_EQ(a[n].bias, b[n].bias);
  }
}

void expect_same(const SiteNetwork &a, const SiteNetwork &b) {
  EXPECT_EQ(a.sites, b.sites);
  EXPECT_EQ(a.codes, b.codes);
  EXPECT_EQ(a.group, b.group);
  EXPECT_EQ(a.table, b.table);
  EXPECT_EQ(a.bias, b.bias);
  expect_same(a.layers, b.layers);
}

template <class Network> Network back(const Network &network, TensorType type = TensorType::float64) {
  const test::TemporaryFolder folder;
  const auto file = folder / "net.safetensors";
  write_network(network, file, {{"note", "kept"}, {"network", "not taken"}}, type);
  EXPECT_EQ(read_safetensors(file).metadata.at("note"), "kept");
  const BarrierModel model = read_network(file);
  const std::optional<NetworkFacts> facts = network_facts(model);
  EXPECT_EQ(facts->elements, network.elements);
  EXPECT_EQ(facts->lattice_constant_A, network.lattice_constant_A);
  EXPECT_EQ(facts->file, file.string());
  EXPECT_EQ(std::get<Network>(model).source, network.source);
  return std::get<Network>(model);
}

TEST(NetworkFile, mlp) {
  const Mlp made = test::random_network({5, 3});
  const Mlp read = back(made);
  EXPECT_EQ(read.cutoff_A, made.cutoff_A);
  expect_same(read.layers, made.layers);
}

TEST(NetworkFile, site_mlp) {
  for (const SiteGroup group : {SiteGroup::none, SiteGroup::axis}) {
    const SiteMlp made = test::made_site_mlp(group, {6, 4});
    expect_same(back(made).network, made.network);
  }
}

TEST(NetworkFile, cnn) {
  for (const bool one_hot : {false, true}) {
    const Cnn made = test::made_cnn(one_hot, {2, 3, 4, 5});
    const Cnn read = back(made);
    EXPECT_EQ(read.one_hot, one_hot);
    ASSERT_EQ(read.layers.size(), 4U);
    for (std::size_t n = 0; n < 4; ++n) {
      EXPECT_EQ(read.layers[n].in, made.layers[n].in);
      EXPECT_EQ(read.layers[n].out, made.layers[n].out);
      EXPECT_EQ(read.layers[n].weight, made.layers[n].weight);
      EXPECT_EQ(read.layers[n].bias, made.layers[n].bias);
    }
    expect_same({read.output}, {made.output});
  }
}

TEST(NetworkFile, consistent) {
  const int shells[][2] = {{3, 3}, {8, 5}, {0, 2}, {1, 0}, {0, 0}};
  for (const auto &[state, pair] : shells) {
    const Consistent made = test::made_consistent(state, pair);
    const Consistent read = back(made);
    EXPECT_EQ(read.state_shells, state);
    EXPECT_EQ(read.pair_shells, pair);
    expect_same(read.jump, made.jump);
    expect_same(read.state, made.state);
    EXPECT_EQ(read.pair_eV, made.pair_eV);
  }
}

// Half the bytes, and the numbers rounded once.
TEST(NetworkFile, float32) {
  const Consistent made = test::made_consistent(3, 3);
  const Consistent read = back(made, TensorType::float32);
  ASSERT_EQ(read.jump.table.size(), made.jump.table.size());
  for (std::size_t i = 0; i < made.jump.table.size(); ++i) {
    EXPECT_EQ(read.jump.table[i], static_cast<double>(static_cast<float>(made.jump.table[i])));
  }
  const test::TemporaryFolder folder;
  write_network(made, folder / "a");
  write_network(made, folder / "b", {}, TensorType::float32);
  EXPECT_LT(std::filesystem::file_size(folder / "b"), 0.6 * static_cast<double>(std::filesystem::file_size(folder / "a")));
}

TEST(NetworkFile, errors_name_what_is_wrong) {
  const auto read = [](const Safetensors &content) { return network_from_safetensors(content, "net.safetensors"); };
  const auto refused = [&](const TrainedModel &model, auto change, std::initializer_list<std::string> words) {
    Safetensors content = safetensors_from_network(model);
    read(content);
    change(content);
    expect_error<DataError>([&] { read(content); }, words);
  };
  const Consistent consistent = test::made_consistent(2, 2);
  const auto set = [](const char *key, const char *value) {
    return [=](Safetensors &content) { content.metadata[key] = value; };
  };
  refused(consistent, set("network", "transformer"), {"net.safetensors", "'network' is \"transformer\"", "site_mlp"});
  refused(consistent, set("network", "mlp"), {"image_cutoff_angstrom"});
  refused(consistent, set("state_shells", "9"), {"'state_shells' is \"9\"", "an integer from 0 to 8"});
  refused(consistent, set("pair_shells", "two"), {"'pair_shells' is \"two\"", "an integer from 0 to 8"});
  refused(consistent, set("pair_shells", "3"), {"'pair_eV' has the shape [2, 4, 4], expected [3, 4, 4]"});
  refused(consistent, set("pair_shells", "0"), {"'pair_eV' has no place"});
  refused(consistent, set("state_shells", "0"), {"'state.bias' has no place"});
  refused(consistent, set("element_order", "1=Nb, 2=Mo"), {"'jump.table' has the shape [4, 81, 4], expected [any, 81, 3]"});
  refused(consistent, set("site_order", "voxels"), {"'site_order' is \"voxels\"", "\"shells\""});
  refused(consistent, set("lattice", "fcc"), {"'lattice' is \"fcc\"", "\"bcc\""});
  refused(consistent, set("units", "meV"), {"'units' is \"meV\"", "\"eV\""});
  refused(consistent, [](Safetensors &c) { c.metadata.erase("site_order"); }, {"no 'site_order'"});
  refused(consistent, [](Safetensors &c) { c.tensors.at("pair_eV").values[1] += 0.1; },
          {"'pair_eV' at [0, 0, 1]", "symmetric"});
  refused(consistent, [](Safetensors &c) { c.tensors.at("pair_eV").values[0] = 1e3; }, {"'pair_eV' at [0, 0, 0]", "100"});
  refused(consistent, [](Safetensors &c) { c.tensors.at("state.table").values[58] = std::nan(""); },
          {"'state.table' at [1, 0, 2] is nan", "finite"});
  refused(consistent, [](Safetensors &c) { c.tensors.erase("jump.output.bias"); }, {"no tensor 'jump.output.bias'"});
  refused(test::made_site_mlp(SiteGroup::axis, {2}), set("site_group", "jump"), {"'site_group' is \"jump\"", "axis"});
  const Cnn cnn = test::made_cnn(false, {2, 2, 2, 2});
  refused(cnn, set("input", "one_hot"), {"'layers.0.weight' has the shape [2, 27, 1], expected [any, 27, 3]"});
  refused(cnn, [](Safetensors &c) { c.tensors["layers.4.bias"] = c.tensors["layers.3.bias"]; },
          {"'layers.4.bias' has no place"});
}

TEST(NetworkFile, ensembles_are_networks_of_one_shape) {
  const auto named = [](auto network, const char *file) {
    network.file = file;
    return network;
  };
  const Mlp mlp = named(test::random_network({5, 4}), "a.safetensors");
  const Consistent consistent = named(test::made_consistent(2, 1), "a.safetensors");
  const BarrierModel pair = make_ensemble({mlp, named(test::random_network({5, 4}, 4), "b.safetensors")}, "");
  EXPECT_EQ(ensemble_size(pair), 2);
  EXPECT_EQ(members_of(std::get<Mlp>(pair)).back()->file, "b.safetensors");
  EXPECT_EQ(ensemble_size(mlp), 1);
  EXPECT_EQ(ensemble_size(ConstantBarrier{1.0}), 0);
  EXPECT_EQ(network_numbers(pair), 2 * network_numbers(mlp));

  const auto refused = [](std::vector<BarrierModel> members, std::initializer_list<std::string> words) {
    test::expect_error<ConfigError>([&] { make_ensemble(std::move(members), "p.json: /barriers/files: "); }, words);
  };
  refused({mlp}, {"p.json: /barriers/files: 1 network", "2 to 16"});
  refused(std::vector<BarrierModel>(17, mlp), {"17 networks", "2 to 16"});
  refused({mlp, ConstantBarrier{1.0}}, {"\"constant\" is no network"});
  refused({mlp, named(test::made_consistent(2, 1), "b.safetensors")},
          {"b.safetensors: kind consistent, but mlp in a.safetensors"});
  refused({mlp, named(test::random_network({5, 3}), "b.safetensors")},
          {"b.safetensors: layers 112-5-3-1, but 112-5-4-1 in a.safetensors"});
  Mlp other = named(mlp, "b.safetensors");
  other.elements = {"Mo", "Nb", "Ta"};
  refused({mlp, other}, {"b.safetensors: elements Mo, Nb, Ta, but Nb, Mo, Ta in"});
  other = named(mlp, "b.safetensors");
  other.lattice_constant_A = 3.3;
  refused({mlp, mlp, other}, {"b.safetensors: lattice constant 3.3 A, but 3.24 A in"});
  refused({consistent, named(test::made_consistent(2, 2), "b")}, {"b: shells of pairs 2, but 1 in"});
  refused({consistent, named(test::made_consistent(3, 1), "b")}, {"b: shells of the state 3, but 2 in"});
  refused({consistent, named(test::made_consistent(2, 1, {4, 6}), "b")}, {"b: network of the jump", "4-6-1, but", "4-5-1 in"});
  refused({test::made_site_mlp(SiteGroup::axis, {3}), named(test::made_site_mlp(SiteGroup::none, {3}), "b")}, {"b: network"});
  refused({test::made_cnn(true, {1, 2, 1, 1}), named(test::made_cnn(true, {1, 1, 1, 1}), "b")}, {"b: filters 1, 1, 1, 1, but"});
  refused({test::made_cnn(true, {1, 1, 1, 1}), named(test::made_cnn(false, {1, 1, 1, 1}), "b")},
          {"b: input codes, but one_hot"});
}

TEST(NetworkFile, networks_that_no_reader_would_take_are_not_written) {
  const test::TemporaryFolder folder;
  const auto refused = [&](const TrainedModel &model) {
    EXPECT_THROW(write_network(model, folder / "net.safetensors"), InvariantError);
    EXPECT_FALSE(std::filesystem::exists(folder / "net.safetensors"));
  };
  Consistent network = test::made_consistent(2, 2);
  network.state_shells = 3;
  refused(network);
  network = test::made_consistent(2, 2);
  network.pair_eV.pop_back();
  refused(network);
  network = test::made_consistent(2, 2);
  network.jump.layers.back().bias[0] = HUGE_VAL;
  refused(network);
  Cnn cnn = test::made_cnn(true, {1, 1, 1, 1});
  cnn.layers.pop_back();
  refused(cnn);
}

} // namespace
} // namespace zener
