// Networks as safetensors (reading from a path: read_mlp in barrier_model.hpp).
#pragma once

#include "host/neutral/barrier_model.hpp"
#include "host/neutral/safetensors.hpp"

#include <filesystem>
#include <string>

namespace zener {

// The network in a file's content, as read_mlp documents. `file` names the file in errors and in Mlp::file.
//
// Two layouts of the first layer, told by the metadata voxel_layout: 729 columns, one for each of the 9x9x9 voxels of edge a/2
// (the text must hold the formula 81*(y+4) + 9*(x+4) + (z+4)), of which the 112 that can hold an atom are kept; or "shells",
// 112 columns in the order of bcc_tables().offsets. With batch norm, y = gamma (W x + b - mean) / sqrt(variance + epsilon) +
// beta becomes W' = s W, b' = s (b - mean) + beta with s = gamma / sqrt(variance + epsilon).
Mlp mlp_from_safetensors(const Safetensors &content, const std::string &file);

// Writes a network in the compact layout ("shells", float64, batch norm folded in), which read_mlp reads back bit for bit.
// Throws InvariantError when the layers do not chain from 112 to 1, DataError when the disk refuses.
void write_mlp(const Mlp &mlp, const std::filesystem::path &file);

// The same as content.
Safetensors safetensors_from_mlp(const Mlp &mlp);

} // namespace zener
