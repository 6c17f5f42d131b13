// Barriers of vacancy jumps from files, as networks are trained on them: Zener's own data sets (barrier_file.hpp) and the
// published layout (Xing et al. 2024).
#pragma once

#include "host/neutral/barrier_file.hpp"
#include "host/neutral/train_plan.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace zener {

// A file or folder of data.
//   a file           barriers.h5
//   a folder         with barriers.h5 in it, or in the published layout: data/N.npy [rows][9][9][9], the aligned voxels of a
//   jump
//                    in the order of the neuron map, and labels/N.npy [rows], its barrier forward; one N a composition
struct JumpDataChoice {
  std::filesystem::path path;
  std::vector<std::string> elements; // of the codes 1, 2, …: the published layout does not say
  double a_A = 0.0;                  // as elements
};

struct JumpComposition {
  std::string name;
  std::vector<double> parts; // [species], sum 1
};

struct JumpSource {
  std::filesystem::path path;
  std::string hash; // of the jumps
  std::int64_t cells_with_vacancy = 0;
  std::int64_t jumps = 0;                              // used
  std::array<std::int64_t, kJumpStatuses> by_status{}; // of all jumps of a barriers.h5
  std::array<std::int64_t, 3> cells{};                 // 0 where not known
  bool both_ways = false;                              // in the file
  std::string potential, potential_hash;               // empty where not known
};

struct JumpData {
  JumpSet jumps;
  std::vector<std::int32_t> composition; // [jump]
  std::vector<std::int32_t> source;      // [jump]
  // [jump] which alloy cell it belongs to, counted over all files. Cells that are the same but for the place of the vacancy are
  // one; of published rows, those one after another whose shells hold the same atoms.
  std::vector<std::int64_t> cell;
  std::vector<JumpComposition> compositions;
  std::vector<JumpSource> sources;
  double lattice_constant_A = 0.0; // mean over the jumps

  std::size_t size() const { return jumps.size(); }
};

// Reads all of them, converged jumps alone. Where one knows barriers forward only, all are given forward: the others' jumps
// back become jumps of their own. Throws DataError with file and place: what is missing, malformed or not finite, codes out of
// range, voxels without a site that are not 0, elements that differ, no jumps at all.
JumpData read_jump_data(const std::vector<JumpDataChoice> &choices);

// A composition by name, or by the parts of its elements.
struct CompositionChoice {
  std::string name; // empty: by parts
  std::vector<std::pair<std::string, double>> parts;
  std::string text() const;
};

// The index of the composition that is meant, the nearest one by parts within 2 %. `where` begins messages. Throws ConfigError
// that names those that are there.
std::int32_t find_composition(const JumpData &data, const CompositionChoice &choice, const std::string &where);

// Compositions nearest to equal parts first, by the largest difference; ties in the order of the data.
std::vector<std::int32_t> from_the_centre(const JumpData &data);

// The environments of a jump in the frames of site_symmetry.hpp. occupancy [sites], the vacancy at its site; path 0 to 7.
struct JumpFrames {
  std::array<std::uint8_t, kEnvironmentSites> first{}, last{};
};
JumpFrames frames_of_jump(const std::array<int, 3> &cells, const std::uint8_t *occupancy, std::int64_t vacancy,
                          std::size_t path);

} // namespace zener
