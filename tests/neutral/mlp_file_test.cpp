#include "host/neutral/mlp_file.hpp"

#include "host/neutral/lattice_tables.hpp"
#include "tests/neutral/support.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <map>

namespace zener {
namespace {

using test::expect_error;

// Numbers that are neither round nor equal.
std::vector<double> numbers(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(-1.0, 1.0);
  std::vector<double> values(n);
  std::generate(values.begin(), values.end(), [&] { return uniform(random); });
  return values;
}

Mlp network(const std::vector<int> &widths) {
  Mlp mlp;
  mlp.elements = {"Nb", "Mo", "Ta"};
  mlp.lattice_constant_A = 3.24;
  mlp.cutoff_A = 7.5;
  mlp.source = "made by a test";
  int in = kEnvironmentSites;
  unsigned seed = 1;
  for (const int out : widths) {
    const auto rows = static_cast<std::size_t>(out);
    mlp.layers.push_back({in, out, numbers(rows * static_cast<std::size_t>(in), seed), numbers(rows, seed + 1)});
    in = out;
    seed += 2;
  }
  return mlp;
}

void expect_same(const Mlp &a, const Mlp &b) {
  EXPECT_EQ(a.elements, b.elements);
  EXPECT_EQ(a.lattice_constant_A, b.lattice_constant_A);
  EXPECT_EQ(a.cutoff_A, b.cutoff_A);
  EXPECT_EQ(a.source, b.source);
  ASSERT_EQ(a.layers.size(), b.layers.size());
  for (std::size_t n = 0; n < a.layers.size(); ++n) {
    EXPECT_EQ(a.layers[n].in, b.layers[n].in);
    EXPECT_EQ(a.layers[n].out, b.layers[n].out);
    EXPECT_EQ(a.layers[n].weight, b.layers[n].weight);
    EXPECT_EQ(a.layers[n].bias, b.layers[n].bias);
  }
}

std::size_t voxel(const Offset &o) { return static_cast<std::size_t>(81 * (o[1] + 4) + 9 * (o[0] + 4) + o[2] + 4); }

// A file of the published kind: 729 columns, one hidden layer with batch norm, one without.
Safetensors published_kind() {
  Safetensors content;
  content.metadata = {{"element_order", "0=vacancy or empty voxel, 1=Nb, 2=Mo"},
                      {"lattice_constant_angstrom", "3.24"},
                      {"image_cutoff_angstrom", "7.5"},
                      {"voxel_layout", "9x9x9 voxels; flat index = 81*(y+4) + 9*(x+4) + (z+4), x,y,z in -4..4"},
                      {"bn_epsilon", "0.001"},
                      {"bn_order", "linear, batch norm, ReLU"},
                      {"units", "eV"}};
  const auto add = [&](const std::string &name, std::vector<std::uint64_t> shape, unsigned seed) {
    std::size_t n = 1;
    for (const auto extent : shape) {
      n *= static_cast<std::size_t>(extent);
    }
    content.tensors[name] = {TensorType::float64, std::move(shape), numbers(n, seed)};
  };
  add("layers.0.weight", {3, 729}, 11);
  add("layers.0.bias", {3}, 12);
  add("layers.0.bn.gamma", {3}, 13);
  add("layers.0.bn.beta", {3}, 14);
  add("layers.0.bn.mean", {3}, 15);
  content.tensors["layers.0.bn.variance"] = {TensorType::float64, {3}, {0.5, 0.0, 2.0}};
  add("layers.1.weight", {2, 3}, 16);
  add("layers.1.bias", {2}, 17);
  add("output.weight", {1, 2}, 18);
  add("output.bias", {1}, 19);
  return content;
}

// The formulas of data/nnk/README.md taken literally, on all voxels.
double naive(const Safetensors &content, const std::vector<double> &v) {
  const auto &t = content.tensors;
  std::vector<double> h = v;
  const double epsilon = content.metadata.count("bn_epsilon") > 0 ? std::stod(content.metadata.at("bn_epsilon")) : 0.0;
  const auto dense = [&](const std::string &name) {
    const Tensor &weight = t.at(name + "weight");
    std::vector<double> u = t.at(name + "bias").values;
    for (std::size_t o = 0; o < u.size(); ++o) {
      for (std::size_t i = 0; i < h.size(); ++i) {
        u[o] += weight.values[o * h.size() + i] * h[i];
      }
    }
    return u;
  };
  for (int n = 0; t.count("layers." + std::to_string(n) + ".weight") > 0; ++n) {
    const std::string name = "layers." + std::to_string(n) + ".";
    std::vector<double> u = dense(name);
    for (std::size_t o = 0; o < u.size(); ++o) {
      if (t.count(name + "bn.gamma") > 0) {
        u[o] = t.at(name + "bn.gamma").values[o] * (u[o] - t.at(name + "bn.mean").values[o]) /
                   std::sqrt(t.at(name + "bn.variance").values[o] + epsilon) +
               t.at(name + "bn.beta").values[o];
      }
      u[o] = u[o] > 0.0 ? u[o] : 0.0;
    }
    h = u;
  }
  return dense("output.")[0];
}

double folded(const Mlp &mlp, const std::vector<double> &input) {
  std::vector<double> h = input;
  for (std::size_t n = 0; n < mlp.layers.size(); ++n) {
    const DenseLayer &layer = mlp.layers[n];
    std::vector<double> u = layer.bias;
    for (std::size_t o = 0; o < u.size(); ++o) {
      for (std::size_t i = 0; i < h.size(); ++i) {
        u[o] += layer.weight[o * h.size() + i] * h[i];
      }
      u[o] = n + 1 < mlp.layers.size() && u[o] < 0.0 ? 0.0 : u[o];
    }
    h = u;
  }
  return h.at(0);
}

TEST(MlpFile, what_is_written_is_read_bit_for_bit) {
  const test::TemporaryFolder folder;
  for (const auto &widths : std::vector<std::vector<int>>{{1}, {5, 1}, {128, 7, 1, 33, 1}}) {
    const Mlp mlp = network(widths);
    write_mlp(mlp, folder / "net.safetensors");
    const Mlp back = read_mlp(folder / "net.safetensors");
    expect_same(back, mlp);
    EXPECT_EQ(back.file, (folder / "net.safetensors").string());
  }
}

TEST(MlpFile, kind_names) {
  EXPECT_EQ(kind_name(ConstantBarrier{}), "constant");
  EXPECT_EQ(kind_name(PairKra{}), "pair_kra");
  EXPECT_EQ(kind_name(Mlp{}), "mlp");
}

TEST(MlpFile, voxels_and_batch_norm_are_folded) {
  const Safetensors content = published_kind();
  const Mlp mlp = mlp_from_safetensors(content, "x");
  EXPECT_EQ(mlp.elements, (std::vector<std::string>{"Nb", "Mo"}));
  ASSERT_EQ(mlp.layers.size(), 3U);
  EXPECT_EQ(mlp.layers[0].in, kEnvironmentSites);
  EXPECT_EQ(mlp.layers[1].out, 2);
  std::mt19937 random(5);
  for (int repeat = 0; repeat < 50; ++repeat) {
    std::vector<double> v(729, 0.0);
    std::vector<double> input(kEnvironmentSites);
    for (std::size_t k = 0; k < kEnvironmentSites; ++k) {
      input[k] = static_cast<double>(random() % 3);
      v[voxel(bcc_tables().offsets[k])] = input[k];
    }
    EXPECT_NEAR(folded(mlp, input), naive(content, v), 1e-12);
  }
}

TEST(MlpFile, element_orders) {
  const auto elements = [](const std::string &order) {
    Safetensors content = published_kind();
    content.metadata["element_order"] = order;
    return mlp_from_safetensors(content, "x").elements;
  };
  EXPECT_EQ(elements("1=Fe"), (std::vector<std::string>{"Fe"}));
  EXPECT_EQ(elements(" 0 = a vacancy, or nothing (v=0), 1 = W ,2= Ta "), (std::vector<std::string>{"W", "Ta"}));
  EXPECT_EQ(elements("0=,1=A,2=B,3=C,4=D,5=E,6=F,7=G,8=H").size(), 8U);
  for (const char *bad : {"",
                          " ",
                          "0=vacancy",
                          "1=",
                          "2=Nb",
                          "0=v, 2=Nb",
                          "1=Nb, 1=Mo",
                          "1=Nb, 3=Mo",
                          "1=Nb, 2=Nb",
                          "1=Nb,",
                          "Nb, Mo",
                          "1=nb",
                          "1=Nb 2=Mo",
                          "1=Nb, 0=v",
                          "01=Nb",
                          "1=Nbium4",
                          "1=A,2=B,3=C,4=D,5=E,6=F,7=G,8=H,9=I",
                          "=Nb",
                          ",",
                          "1:Nb",
                          "0 vacancy, 1=Nb"}) {
    expect_error<DataError>([&] { elements(bad); }, {"x: metadata 'element_order'", "1=Nb, 2=Mo"});
  }
}

TEST(MlpFile, voxel_layouts) {
  const auto read = [](const std::string &layout) {
    Safetensors content = published_kind();
    content.metadata["voxel_layout"] = layout;
    return mlp_from_safetensors(content, "x");
  };
  for (const char *good :
       {"81*(y+4)+9*(x+4)+(z+4)", "index: 81 * (y + 4) +\n 9*( x+4) + (z+4).", "v[81*(y+4)+9*(x+4)+(z+4)] = t",
        "layout - 81*(y+4)+9*(x+4)+(z+4) - z fastest", "Voxels. 81*(y+4)+9*(x+4)+(z+4) (z fastest)"}) {
    EXPECT_NO_THROW(read(good)) << good;
  }
  for (const char *bad : {"", "voxels", "81*(x+4)+9*(y+4)+(z+4)", "181*(y+4)+9*(x+4)+(z+4)", "8 1*(y+4)+9*(x+4)+(z+4)x",
                          "2*81*(y+4)+9*(x+4)+(z+4)", "81*(y+4)+9*(x+4)+(z+4)*2", "81*(y+4)+9*(x+4)+(z+4) + 1",
                          "700 - 81*(y+4)+9*(x+4)+(z+4)", "0.81*(y+4)+9*(x+4)+(z+4)", "81*(y+4)+9*(x+4)+(z+4"}) {
    expect_error<DataError>([&] { read(bad); }, {"x: metadata 'voxel_layout'", "81*(y+4)+9*(x+4)+(z+4)", "shells"});
  }
  // The layout and the columns must agree.
  expect_error<DataError>([&] { read("shells"); }, {"'layers.0.weight'", "[3, 729]", "[any, 112]"});
  Safetensors compact = safetensors_from_mlp(network({2, 1}));
  compact.metadata["voxel_layout"] = "81*(y+4)+9*(x+4)+(z+4)";
  expect_error<DataError>([&] { mlp_from_safetensors(compact, "x"); }, {"'layers.0.weight'", "[2, 112]", "[any, 729]"});
}

TEST(MlpFile, metadata_are_checked) {
  const auto with = [](const std::string &key, const char *value) {
    Safetensors content = published_kind();
    content.metadata.erase(key);
    if (value != nullptr) {
      content.metadata[key] = value;
    }
    return mlp_from_safetensors(content, "x");
  };
  for (const char *key :
       {"element_order", "lattice_constant_angstrom", "image_cutoff_angstrom", "voxel_layout", "bn_epsilon", "units"}) {
    expect_error<DataError>([&] { with(key, nullptr); }, {"x: the metadata have no", key});
    expect_error<DataError>([&] { with(key, "nonsense"); }, {"x: metadata", key, "nonsense"});
  }
  EXPECT_NO_THROW(with("bn_order", nullptr));
  EXPECT_NO_THROW(with("lattice", "bcc"));
  expect_error<DataError>([&] { with("lattice", "fcc"); }, {"lattice", "fcc", "bcc"});
  expect_error<DataError>([&] { with("bn_order", "linear, ReLU, batch norm"); }, {"bn_order", "linear, batch norm, ReLU"});
  expect_error<DataError>([&] { with("units", "kJ/mol"); }, {"units", "kJ/mol", "eV"});
  for (const char *bad : {"0", "-3.24", "nan", "inf", "3.24 A", "1e999", "0x3", ""}) {
    expect_error<DataError>([&] { with("lattice_constant_angstrom", bad); }, {"lattice_constant_angstrom", "positive"});
  }
  for (const char *bad : {"-0.001", "nan", ""}) {
    expect_error<DataError>([&] { with("bn_epsilon", bad); }, {"bn_epsilon"});
  }
  // 3.24 A: shells 8 and 9 lie at 7.2449 and 7.9363 A.
  EXPECT_NO_THROW(with("image_cutoff_angstrom", "7.245"));
  EXPECT_NO_THROW(with("image_cutoff_angstrom", "7.9"));
  for (const char *bad : {"7.2", "7.9363", "8", "1e-300", "1e300"}) {
    expect_error<DataError>([&] { with("image_cutoff_angstrom", bad); }, {"image_cutoff_angstrom", "8 nearest shells", "7.24"});
  }
}

TEST(MlpFile, tensors_are_checked) {
  const auto changed = [](auto change) {
    Safetensors content = published_kind();
    change(content.tensors);
    return mlp_from_safetensors(content, "x");
  };
  using Tensors = std::map<std::string, Tensor>;
  for (const char *name : {"layers.0.bias", "layers.0.bn.gamma", "layers.0.bn.beta", "layers.0.bn.mean", "layers.0.bn.variance",
                           "layers.1.bias", "output.weight", "output.bias"}) {
    expect_error<DataError>([&] { changed([&](Tensors &t) { t.erase(name); }); }, {"x: there is no tensor", name});
  }
  expect_error<DataError>([&] { changed([](Tensors &t) { t.erase("layers.0.weight"); }); }, {"output.weight", "[1, 729]"});
  expect_error<DataError>(
      [&] {
        changed([](Tensors &t) {
          t["extra"] = {};
          t["extra"].values = {0.0};
        });
      },
      {"'extra'", "no place"});
  expect_error<DataError>([&] { changed([](Tensors &t) { t["layers.3.bias"] = t["layers.1.bias"]; }); }, {"'layers.3.bias'"});
  expect_error<DataError>([&] { changed([](Tensors &t) { t["layers.00.bias"] = t["layers.1.bias"]; }); }, {"'layers.00.bias'"});
  expect_error<DataError>([&] { changed([](Tensors &t) { t["output.bn.gamma"] = t["output.bias"]; }); }, {"'output.bn.gamma'"});
  expect_error<DataError>([&] { changed([](Tensors &t) {
                                  t["layers.1.weight"].shape = {3, 2};
                                }); },
                          {"'layers.1.weight'", "[3, 2]", "[any, 3]"});
  expect_error<DataError>([&] { changed([](Tensors &t) { t["layers.1.weight"].shape = {6}; }); }, {"'layers.1.weight'", "[6]"});
  expect_error<DataError>([&] { changed([](Tensors &t) {
                                  t["layers.1.bias"] = {TensorType::float64, {3}, {1, 2, 3}};
                                }); },
                          {"'layers.1.bias'", "[3]", "[2]"});
  expect_error<DataError>([&] { changed([](Tensors &t) {
                                  t["layers.1.weight"] = {TensorType::float64, {0, 3}, {}};
                                }); },
                          {"'layers.1.weight'", "[0, 3]"});
  expect_error<DataError>(
      [&] { changed([](Tensors &t) {
              t["output.weight"] = {TensorType::float64, {2, 2}, {1, 2, 3, 4}};
            }); },
      {"'output.weight'", "[2, 2]", "[1, 2]"});
  expect_error<DataError>([&] { changed([](Tensors &t) { t["layers.0.weight"].values[729 + 5] = std::nan(""); }); },
                          {"'layers.0.weight'", "[1, 5]", "nan"});
  expect_error<DataError>(
      [&] { changed([](Tensors &t) { t["output.bias"].values[0] = std::numeric_limits<double>::infinity(); }); },
      {"'output.bias'", "[0]", "inf"});
  expect_error<DataError>([&] { changed([](Tensors &t) { t["layers.0.bn.variance"].values[2] = -1e-9; }); },
                          {"'layers.0.bn.variance'", "[2]", "negative"});
  expect_error<DataError>(
      [&] {
        changed([](Tensors &t) {
          t["layers.0.bn.gamma"].values[0] = 1e308;
          t["layers.0.bias"].values[0] = 10;
        });
      },
      {"batch norm", "layers.0"});
  Safetensors no_epsilon = published_kind();
  no_epsilon.metadata["bn_epsilon"] = "0";
  expect_error<DataError>([&] { mlp_from_safetensors(no_epsilon, "x"); }, {"'layers.0.bn.variance'", "[1]"});
}

TEST(MlpFile, networks_that_do_not_chain_are_not_written) {
  Mlp mlp = network({3, 1});
  mlp.layers[1].in = 2;
  expect_error<InvariantError>([&] { safetensors_from_mlp(mlp); }, {"layer 1"});
  expect_error<InvariantError>([&] { safetensors_from_mlp(network({3})); }, {"more than one output"});
  expect_error<InvariantError>([&] { safetensors_from_mlp(network({})); }, {"no layers"});
}

TEST(MlpFile, random_damage_never_crashes) {
  std::mt19937 random(2);
  for (const std::string &bytes :
       {safetensors_bytes(safetensors_from_mlp(network({2, 1}))), safetensors_bytes(published_kind())}) {
    std::uint64_t header = 0;
    std::memcpy(&header, bytes.data(), 8);
    for (int i = 0; i < 3000; ++i) {
      // Mostly in the header, where the structure is.
      std::string changed = bytes;
      if (i % 4 == 0) {
        changed = test::damaged(bytes, random);
      } else {
        const std::string front = test::damaged(bytes.substr(0, 8 + static_cast<std::size_t>(header)), random);
        changed.replace(0, front.size(), front);
      }
      try {
        const Mlp mlp = mlp_from_safetensors(parse_safetensors(changed, "x"), "x");
        ASSERT_EQ(mlp.layers.back().out, 1);
        int in = kEnvironmentSites;
        for (const DenseLayer &layer : mlp.layers) {
          ASSERT_EQ(layer.in, in);
          ASSERT_EQ(layer.weight.size(), static_cast<std::size_t>(layer.in) * static_cast<std::size_t>(layer.out));
          ASSERT_EQ(layer.bias.size(), static_cast<std::size_t>(layer.out));
          ASSERT_TRUE(std::all_of(layer.weight.begin(), layer.weight.end(), [](double w) { return std::isfinite(w); }));
          in = layer.out;
        }
      } catch (const DataError &) {
        continue; // refused
      }
    }
  }
}

TEST(MlpFile, the_published_network_gives_the_published_barriers) {
  const auto file = test::shared_file("data/nnk/nbmota_mlp.safetensors");
  const auto environments = test::shared_file("data/nnk/environments_dev.json");
  if (file.empty() || environments.empty()) {
    GTEST_SKIP() << "the published network is not here";
  }
  const Safetensors content = read_safetensors(file);
  const Mlp mlp = read_mlp(file);
  EXPECT_EQ(mlp.elements, (std::vector<std::string>{"Nb", "Mo", "Ta"}));
  EXPECT_EQ(mlp.layers.size(), 5U);
  const auto data = nlohmann::json::parse(test::bytes_of(environments));
  // The table of the data's description, rows of A(d) for directions in the order of the file.
  const int rotation[8][4] = {{-1, 0, 0, -1}, {-1, 0, 0, -1}, {0, 1, -1, 0}, {0, 1, -1, 0},
                              {0, -1, 1, 0},  {0, -1, 1, 0},  {1, 0, 0, 1},  {1, 0, 0, 1}};
  double worst_naive = 0.0;
  double worst_folded = 0.0;
  for (const auto &environment : data["environments"]) {
    for (std::size_t p = 0; p < kPaths; ++p) {
      const Offset d = data["directions"][p].get<Offset>();
      std::vector<double> v(729, 0.0);
      std::vector<double> input(kEnvironmentSites);
      for (std::size_t k = 0; k < kEnvironmentSites; ++k) {
        const Offset o = data["offsets"][k].get<Offset>();
        const int *r = rotation[p];
        const Offset image = {r[0] * o[0] + r[1] * o[1], r[2] * o[0] + r[3] * o[1], d[2] * o[2]};
        v[voxel(image)] = environment["types"][k].get<double>();
        input[k] = environment["types"][bcc_tables().aligned[p][k]].get<double>();
      }
      const double expected = environment["barriers_ev"][p].get<double>();
      worst_naive = std::max(worst_naive, std::abs(naive(content, v) - expected));
      worst_folded = std::max(worst_folded, std::abs(folded(mlp, input) - expected));
    }
  }
  EXPECT_LT(worst_naive, 1e-9);
  EXPECT_LT(worst_folded, 1e-9);
  std::printf("largest deviation: naive %.3g eV, folded %.3g eV\n", worst_naive, worst_folded);
}

} // namespace
} // namespace zener
