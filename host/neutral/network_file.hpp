// Networks of every kind as safetensors. The metadata `network` says which: "mlp" (also when it is missing; mlp_file.hpp),
// "site_mlp", "cnn" or "consistent". All have element_order, lattice ("bcc"), lattice_constant_angstrom, units ("eV"), source.
//
//   site_mlp    metadata site_order ("shells"), site_group ("none", "axis"); tensors of one SiteNetwork
//   cnn         metadata input ("codes", "one_hot"); layers.N.weight [out][27][in], layers.N.bias, output.weight, output.bias
//   consistent  metadata site_order ("shells"), state_shells (0 to 8), pair_shells (0 to 8); tensors of two SiteNetworks behind
//               the prefixes "jump." and, with state_shells > 0, "state."; with pair_shells > 0 pair_eV [shells][S + 1][S + 1]
//
// A SiteNetwork is table [units][sites][S + 1], bias [units], layers.N.weight [out][in], layers.N.bias, output.weight,
// output.bias: tied units stand once. site_order "shells" stands for the orders of bcc_tables().offsets and jump_sites().
// Numbers are float64 or float32 and are widened exactly.
#pragma once

#include "host/neutral/barrier_model.hpp"
#include "host/neutral/safetensors.hpp"
#include "host/neutral/train_plan.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace zener {

// The network in a file's content; `file` names it in errors. Throws DataError that names the file, the tensor or key, what was
// met and what is expected; numbers that are not finite are refused.
BarrierModel network_from_safetensors(const Safetensors &content, const std::string &file);
BarrierModel read_network(const std::filesystem::path &file);

// `extra_metadata` come on top of those above, which win. `type`: how numbers are stored; float64 reads back bit for bit.
// Throws InvariantError for a network that no reader would take, DataError when the disk refuses.
Safetensors safetensors_from_network(const TrainedModel &model);
void write_network(const TrainedModel &model, const std::filesystem::path &file,
                   const std::map<std::string, std::string> &extra_metadata = {}, TensorType type = TensorType::float64);

} // namespace zener
