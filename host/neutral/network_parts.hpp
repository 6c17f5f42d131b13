// What the readers and writers of networks share: metadata and tensors with errors that name file, key or tensor.
#pragma once

#include "host/neutral/barrier_model.hpp"
#include "host/neutral/safetensors.hpp"
#include "host/neutral/text_lines.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace zener {

// Lower case, each run of blanks as one.
std::string normalised(std::string_view text);

class NetworkMetadata {
public:
  NetworkMetadata(const Safetensors &content, const std::string &file) : content_(content), file_(file) {}

  const std::string *find(const std::string &key) const;
  const std::string &require(const std::string &key, const std::string &expected) const;
  double positive(const std::string &key, bool zero_too = false) const;
  int integer(const std::string &key, int least, int most) const;
  // Refuses anything but this value; a key that is missing only where it is needed.
  void expect(const std::string &key, const std::string &value, bool needed) const;
  [[noreturn]] void fail(const std::string &key, const std::string &expected) const;

private:
  const Safetensors &content_;
  const std::string &file_;
};

// "0=vacancy or empty voxel, 1=Nb, 2=Mo, 3=Ta" -> Nb, Mo, Ta. The words for code 0 are free and may hold commas.
std::vector<std::string> read_network_elements(const NetworkMetadata &metadata);
std::string element_order(const std::vector<std::string> &elements);

// The tensors of a network: each is taken once, what is left over at the end is refused.
class NetworkTensors {
public:
  NetworkTensors(const Safetensors &content, const std::string &file) : content_(content), file_(file) {}

  bool has(const std::string &name) const { return content_.tensors.contains(name); }
  // A finite tensor of this shape; an extent of 0 stands for any from 1 to 2^31 - 1.
  const Tensor &take(const std::string &name, const std::vector<std::uint64_t> &expected);
  // name + "weight" [out][in] and name + "bias" [out]; `last`: with one output.
  DenseLayer take_layer(const std::string &name, int in, bool last);
  // How many dense layers there are behind the prefix: layers.0 on, then output.
  std::size_t count_layers(const std::string &prefix) const;
  // Dense layers from `in` inputs to one output.
  std::vector<DenseLayer> take_layers(const std::string &prefix, int in);
  void check_all_taken(const std::string &known) const;

private:
  const Safetensors &content_;
  const std::string &file_;
  std::set<std::string> taken_;
};

// Names in the file: "layers.N." or, for the last, "output.".
std::string layer_name(std::size_t n, std::size_t layers);
// Puts layers into a file's content under their names. Throws InvariantError when they do not chain from `in` to 1.
void put_layers(Safetensors &content, const std::string &prefix, const std::vector<DenseLayer> &layers, int in);

} // namespace zener
