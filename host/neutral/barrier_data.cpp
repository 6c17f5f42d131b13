#include "host/neutral/barrier_data.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/lattice_tables.hpp"
#include "host/neutral/npy.hpp"
#include "host/neutral/preset_parts.hpp"
#include "host/neutral/site_symmetry.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <map>
#include <numeric>

namespace zener {
namespace {

namespace fs = std::filesystem;

constexpr const char *kFileName = "barriers.h5";
constexpr std::uint64_t kSide = 9;
constexpr std::uint64_t kVoxels = kSide * kSide * kSide;
constexpr double kNearEnough = 0.02; // of compositions given by parts
constexpr double kSameParts = 0.05;  // of compositions of one name in different files
constexpr std::size_t kNamesShown = 12;

double largest_difference(const std::vector<double> &a, const std::vector<double> &b) {
  double most = 0.0;
  for (std::size_t s = 0; s < a.size(); ++s) {
    most = std::max(most, std::abs(a[s] - b[s]));
  }
  return most;
}

std::vector<double> shares(std::vector<double> counts) {
  const double sum = std::accumulate(counts.begin(), counts.end(), 0.0);
  for (double &count : counts) {
    count /= sum;
  }
  return counts;
}

// Nb33Mo33Ta33.
std::string percent_name(const std::vector<std::string> &elements, const std::vector<double> &parts) {
  std::string name;
  for (std::size_t s = 0; s < parts.size(); ++s) {
    if (parts[s] > 0.0) {
      name += elements[s] + (parts[s] == 1.0 ? "" : fmt::format("{:.0f}", 100.0 * parts[s]));
    }
  }
  return name;
}

class Collector {
public:
  void add(const JumpDataChoice &choice) {
    std::error_code error;
    const bool folder = fs::is_directory(choice.path, error);
    if (!fs::exists(choice.path, error)) {
      throw DataError(choice.path.string() +
                      ": there is no such file or folder. The driver barrier_dataset makes data sets (see "
                      "presets/make_network); --set data=PATH names another");
    }
    if (folder && fs::is_directory(choice.path / "data", error)) {
      add_published(choice);
    } else if (folder && !fs::exists(choice.path / kFileName, error)) {
      throw DataError(choice.path.string() + ": there is neither " + kFileName + " nor data/N.npy with labels/N.npy in it");
    } else {
      add_file(choice, folder ? choice.path / kFileName : choice.path);
    }
  }

  JumpData take() {
    if (data_.size() == 0) {
      throw DataError(places() + ": no converged jumps; there is nothing to train on");
    }
    if (std::any_of(data_.sources.begin(), data_.sources.end(), [](const JumpSource &s) { return !s.both_ways; })) {
      give_forward_only();
    }
    data_.lattice_constant_A = sum_a_A_ / static_cast<double>(counted_);
    return std::move(data_);
  }

private:
  std::string places() const {
    std::vector<std::string> names;
    for (const JumpSource &source : data_.sources) {
      names.push_back(source.path.string());
    }
    return join(names, ", ");
  }

  void begin_source(const fs::path &path, const std::vector<std::string> &elements, bool both_ways) {
    if (data_.sources.empty()) {
      data_.jumps.elements = elements;
    } else if (data_.jumps.elements != elements) {
      throw DataError(fmt::format(
          "{}: its elements are {}, those of {} are {}; data of one training have the same, in the same "
          "order",
          path.string(), join(elements, ", "), data_.sources.front().path.string(), join(data_.jumps.elements, ", ")));
    }
    data_.sources.emplace_back();
    data_.sources.back().path = path;
    data_.sources.back().both_ways = both_ways;
    begin_ = data_.size();
  }

  void end_source() {
    JumpSource &source = data_.sources.back();
    source.jumps = static_cast<std::int64_t>(data_.size() - begin_);
    const auto part = [&](const auto &values, std::size_t each, std::vector<std::uint8_t> &out) {
      const auto *bytes = reinterpret_cast<const std::uint8_t *>(values.data() + begin_ * each);
      out.insert(out.end(), bytes, bytes + (values.size() - begin_ * each) * sizeof(values[0]));
    };
    std::vector<std::uint8_t> bytes;
    part(data_.jumps.first, kEnvironmentSites, bytes);
    part(data_.jumps.forward_eV, 1, bytes);
    if (source.both_ways) {
      part(data_.jumps.last, kEnvironmentSites, bytes);
      part(data_.jumps.backward_eV, 1, bytes);
    }
    source.hash = bytes_hash(bytes);
  }

  std::int32_t composition_index(const fs::path &path, const std::string &name, const std::vector<double> &parts) {
    for (std::size_t c = 0; c < data_.compositions.size(); ++c) {
      if (data_.compositions[c].name == name) {
        if (largest_difference(data_.compositions[c].parts, parts) > kSameParts) {
          throw DataError(path.string() + ": its composition " + in_quotes(name) +
                          " is another one than in the files before it");
        }
        return static_cast<std::int32_t>(c);
      }
    }
    data_.compositions.push_back({name, parts});
    return static_cast<std::int32_t>(data_.compositions.size() - 1);
  }

  // Jumps back are kept for a source without them as places that give_forward_only() drops.
  void push(const std::uint8_t *first, const std::uint8_t *last, double forward_eV, double backward_eV,
            std::int32_t composition, double a_A) {
    data_.jumps.first.insert(data_.jumps.first.end(), first, first + kEnvironmentSites);
    data_.jumps.last.insert(data_.jumps.last.end(), last, last + kEnvironmentSites);
    data_.jumps.forward_eV.push_back(static_cast<float>(forward_eV));
    data_.jumps.backward_eV.push_back(static_cast<float>(backward_eV));
    data_.composition.push_back(composition);
    data_.source.push_back(static_cast<std::int32_t>(data_.sources.size() - 1));
    data_.cell.push_back(cells_ - 1);
    sum_a_A_ += a_A;
    ++counted_;
  }

  void add_file(const JumpDataChoice &choice, const fs::path &file) {
    const BarrierFile set = read_barrier_file(file);
    if (!choice.elements.empty() && choice.elements != set.elements) {
      throw DataError(fmt::format("{}: its elements are {}, the preset says {}", file.string(), join(set.elements, ", "),
                                  join(choice.elements, ", ")));
    }
    begin_source(file, set.elements, true);
    JumpSource &source = data_.sources.back();
    source.cells_with_vacancy = static_cast<std::int64_t>(set.rows());
    source.cells = set.cells;
    source.potential = set.potential;
    source.potential_hash = set.potential_hash;
    std::vector<std::int32_t> composition;
    for (std::size_t c = 0; c < set.composition_name.size(); ++c) {
      const auto atoms = set.composition_atoms.begin() + static_cast<std::ptrdiff_t>(c * set.elements.size());
      composition.push_back(composition_index(file, set.composition_name[c],
                                              shares({atoms, atoms + static_cast<std::ptrdiff_t>(set.elements.size())})));
    }
    const std::array<int, 3> cells{static_cast<int>(set.cells[0]), static_cast<int>(set.cells[1]),
                                   static_cast<int>(set.cells[2])};
    struct Before {
      std::size_t row;
      std::int64_t cell;
    };
    std::map<std::int32_t, Before> before; // the row of the same composition before
    for (std::size_t r = 0; r < set.rows(); ++r) {
      const std::uint8_t *occupancy = set.occupancy.data() + r * set.sites();
      const auto same = before.find(set.composition[r]);
      const std::int64_t cell = same != before.end() && alike(set, same->second.row, r) ? same->second.cell : cells_++;
      before[set.composition[r]] = {r, cell};
      for (std::size_t p = 0; p < kPaths; ++p) {
        const std::size_t at = r * kPaths + p;
        ++source.by_status[set.status[at]];
        if (static_cast<JumpStatus>(set.status[at]) == JumpStatus::converged) {
          const JumpFrames frames = frames_of_jump(cells, occupancy, set.vacancy[r], p);
          push(frames.first.data(), frames.last.data(), set.forward_eV[at], set.backward_eV[at],
               composition[static_cast<std::size_t>(set.composition[r])], set.a_A[r]);
          data_.cell.back() = cell;
        }
      }
    }
    end_source();
  }

  // Whether two rows are one alloy with the vacancy at different sites.
  static bool alike(const BarrierFile &set, std::size_t a, std::size_t b) {
    const std::uint8_t *x = set.occupancy.data() + a * set.sites();
    const std::uint8_t *y = set.occupancy.data() + b * set.sites();
    int different = 0;
    for (std::size_t s = 0; s < set.sites() && different <= 2; ++s) {
      different += x[s] != y[s] ? 1 : 0;
    }
    return set.a_A[a] == set.a_A[b] && different <= 2;
  }

  void add_published(const JumpDataChoice &choice) {
    if (choice.elements.empty() || choice.a_A <= 0.0) {
      throw ConfigError(choice.path.string() +
                        ": files in the published layout do not say what they hold; give {\"path\": …, \"elements\": [\"Nb\", "
                        "\"Mo\", \"Ta\"], \"a_A\": 3.24}");
    }
    begin_source(choice.path, choice.elements, false);
    std::vector<std::pair<std::int64_t, fs::path>> files;
    for (const auto &entry : fs::directory_iterator(choice.path / "data")) {
      const std::string stem = entry.path().stem().string();
      std::int64_t number = 0;
      const auto [end, error] = std::from_chars(stem.data(), stem.data() + stem.size(), number);
      if (entry.path().extension() == ".npy" && error == std::errc() && end == stem.data() + stem.size()) {
        files.emplace_back(number, entry.path());
      }
    }
    if (files.empty()) {
      throw DataError((choice.path / "data").string() + ": there are no files N.npy in it");
    }
    std::sort(files.begin(), files.end());
    for (const auto &[number, file] : files) {
      add_published_file(choice, file, choice.path / "labels" / file.filename());
    }
    end_source();
  }

  void add_published_file(const JumpDataChoice &choice, const fs::path &file, const fs::path &label_file) {
    const NpyArray labels = read_npy(label_file);
    const NpyArray voxels = read_npy(file);
    const auto &shape = voxels.shape();
    if (shape.size() != 4 || shape[1] != kSide || shape[2] != kSide || shape[3] != kSide) {
      throw DataError(fmt::format("{}: its shape is [{}], expected [rows, 9, 9, 9]", file.string(), fmt::join(shape, ", ")));
    }
    const bool column = labels.shape().size() == 2 && labels.shape()[1] == 1;
    if ((labels.shape().size() != 1 && !column) || labels.size() != shape[0]) {
      throw DataError(fmt::format("{}: its shape is [{}], expected [{}], the rows of {}", label_file.string(),
                                  fmt::join(labels.shape(), ", "), shape[0], file.string()));
    }
    const std::vector<std::uint16_t> &sites = voxel_sites();
    const std::size_t species = choice.elements.size();
    std::vector<std::uint8_t> codes(shape[0] * kEnvironmentSites, 0);
    std::vector<double> counts(species, 0.0);
    for (std::uint64_t r = 0; r < shape[0]; ++r) {
      for (std::uint64_t v = 0; v < kVoxels; ++v) {
        const double value = voxels[r * kVoxels + v];
        const bool is_site = sites[v] < kEnvironmentSites;
        if (value == 0.0 && !(is_site && sites[v] == kJumper)) {
          continue;
        }
        if (!is_site || !(value >= 1.0 && value <= static_cast<double>(species)) || value != std::floor(value)) {
          throw DataError(fmt::format("{}: row {}: voxel [{}, {}, {}] is {}; allowed there: {}", file.string(), r, v / 81,
                                      v / 9 % 9, v % 9, number_text(value),
                                      !is_site ? "0, it holds no site of the lattice"
                                      : sites[v] == kJumper
                                          ? fmt::format("1 to {}, the atom that jumps", species)
                                          : fmt::format("0 to {} ({})", species, join(choice.elements, ", "))));
        }
        codes[r * kEnvironmentSites + sites[v]] = static_cast<std::uint8_t>(value);
        counts[static_cast<std::size_t>(value) - 1] += 1.0;
      }
    }
    if (shape[0] == 0) {
      return;
    }
    const std::vector<double> parts = shares(counts);
    const std::int32_t composition = composition_index(file, percent_name(choice.elements, parts), parts);
    std::vector<std::int32_t> before, shells;
    for (std::uint64_t r = 0; r < shape[0]; ++r) {
      if (!std::isfinite(labels[r])) {
        throw DataError(
            fmt::format("{}: row {}: the barrier is {}, a finite number is expected, eV", label_file.string(), r, labels[r]));
      }
      const std::uint8_t *types = codes.data() + r * kEnvironmentSites;
      count_shells(types, species, shells);
      if (r == 0 || shells != before) {
        ++cells_;
        ++data_.sources.back().cells_with_vacancy;
        before.swap(shells);
      }
      push(types, types, labels[r], 0.0, composition, choice.a_A);
    }
  }

  // The site of each voxel; 255 for those without.
  static const std::vector<std::uint16_t> &voxel_sites() {
    static const std::vector<std::uint16_t> sites = [] {
      std::vector<std::uint16_t> out(kVoxels, 255);
      const auto &offsets = bcc_tables().offsets;
      for (std::size_t k = 0; k < offsets.size(); ++k) {
        const auto [x, y, z] = offsets[k];
        out[static_cast<std::size_t>(81 * (y + 4) + 9 * (x + 4) + (z + 4))] = static_cast<std::uint16_t>(k);
      }
      return out;
    }();
    return sites;
  }

  // How many atoms of each species each shell holds: the same for all jumps of a vacancy.
  static void count_shells(const std::uint8_t *types, std::size_t species, std::vector<std::int32_t> &counts) {
    const auto &begin = bcc_tables().shell_begin;
    counts.assign((begin.size() - 1) * (species + 1), 0);
    for (std::size_t s = 0; s + 1 < begin.size(); ++s) {
      for (int k = begin[s]; k < begin[s + 1]; ++k) {
        ++counts[s * (species + 1) + types[k]];
      }
    }
  }

  void give_forward_only() {
    JumpSet &jumps = data_.jumps;
    for (std::size_t j = 0, n = data_.size(); j < n; ++j) {
      const auto s = static_cast<std::size_t>(data_.source[j]);
      if (!data_.sources[s].both_ways) {
        continue;
      }
      const std::vector<std::uint8_t> back(jumps.last.begin() + static_cast<std::ptrdiff_t>(j * kEnvironmentSites),
                                           jumps.last.begin() + static_cast<std::ptrdiff_t>((j + 1) * kEnvironmentSites));
      jumps.first.insert(jumps.first.end(), back.begin(), back.end());
      jumps.forward_eV.push_back(jumps.backward_eV[j]);
      data_.composition.push_back(data_.composition[j]);
      data_.source.push_back(data_.source[j]);
      data_.cell.push_back(data_.cell[j]);
      ++data_.sources[s].jumps;
    }
    jumps.last.clear();
    jumps.backward_eV.clear();
  }

  JumpData data_;
  std::size_t begin_ = 0; // first jump of the source at work
  std::int64_t cells_ = 0;
  double sum_a_A_ = 0.0;
  std::int64_t counted_ = 0;
};

std::string names_of(const JumpData &data) {
  std::vector<std::string> names;
  for (const JumpComposition &composition : data.compositions) {
    if (names.size() == kNamesShown) {
      names.push_back("…");
      break;
    }
    names.push_back(composition.name);
  }
  return join(names, ", ");
}

} // namespace

JumpData read_jump_data(const std::vector<JumpDataChoice> &choices) {
  Collector collector;
  for (const JumpDataChoice &choice : choices) {
    collector.add(choice);
  }
  return collector.take();
}

std::string CompositionChoice::text() const {
  if (!name.empty()) {
    return name;
  }
  std::vector<std::string> out;
  for (const auto &[element, part] : parts) {
    out.push_back(element + " " + number_text(part));
  }
  return join(out, ", ");
}

std::int32_t find_composition(const JumpData &data, const CompositionChoice &choice, const std::string &where) {
  if (!choice.name.empty()) {
    std::vector<std::string> names;
    for (std::size_t c = 0; c < data.compositions.size(); ++c) {
      if (data.compositions[c].name == choice.name) {
        return static_cast<std::int32_t>(c);
      }
      names.push_back(data.compositions[c].name);
    }
    throw ConfigError(where + ": the data have no composition " + in_quotes(choice.name) + did_you_mean(choice.name, names) +
                      "; there are: " + names_of(data));
  }
  std::vector<double> parts(data.jumps.elements.size(), 0.0);
  for (const auto &[element, part] : choice.parts) {
    const auto it = std::find(data.jumps.elements.begin(), data.jumps.elements.end(), element);
    if (it == data.jumps.elements.end()) {
      throw ConfigError(where + ": the data have no " + in_quotes(element) + "; their elements are " +
                        join(data.jumps.elements, ", "));
    }
    parts[static_cast<std::size_t>(it - data.jumps.elements.begin())] += part;
  }
  parts = shares(parts);
  std::size_t best = 0;
  double best_difference = 2.0;
  for (std::size_t c = 0; c < data.compositions.size(); ++c) {
    const double difference = largest_difference(parts, data.compositions[c].parts);
    if (difference < best_difference) {
      best = c;
      best_difference = difference;
    }
  }
  if (best_difference > kNearEnough) {
    throw ConfigError(fmt::format("{}: the data have no composition within {} % of {}; the nearest is {}; there are: {}", where,
                                  100.0 * kNearEnough, choice.text(), data.compositions[best].name, names_of(data)));
  }
  return static_cast<std::int32_t>(best);
}

std::vector<std::int32_t> from_the_centre(const JumpData &data) {
  const std::vector<double> centre(data.jumps.elements.size(), 1.0 / static_cast<double>(data.jumps.elements.size()));
  std::vector<std::int32_t> order(data.compositions.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    return largest_difference(data.compositions[static_cast<std::size_t>(a)].parts, centre) <
           largest_difference(data.compositions[static_cast<std::size_t>(b)].parts, centre);
  });
  return order;
}

JumpFrames frames_of_jump(const std::array<int, 3> &cells, const std::uint8_t *occupancy, std::int64_t vacancy,
                          std::size_t path) {
  const LatticeTables &tables = bcc_tables();
  const auto site = [&](const Offset &from, const Offset &o) {
    return site_at(Structure::bcc, cells, {from[0] + o[0], from[1] + o[1], from[2] + o[2]});
  };
  const Offset here = site_coordinates(Structure::bcc, cells, vacancy);
  const Offset way = tables.offsets[path];
  const std::int64_t to = site(here, way);
  const Offset there = site_coordinates(Structure::bcc, cells, to);
  const auto opposite = std::find(tables.offsets.begin(), tables.offsets.begin() + kPaths, Offset{-way[0], -way[1], -way[2]});
  const auto back = static_cast<std::size_t>(opposite - tables.offsets.begin());
  JumpFrames frames;
  for (std::size_t k = 0; k < kEnvironmentSites; ++k) {
    frames.first[k] = occupancy[site(here, tables.offsets[tables.aligned[path][k]])];
    const std::int64_t s = site(there, tables.offsets[tables.aligned[back][k]]);
    frames.last[k] = occupancy[s == vacancy ? to : s == to ? vacancy : s];
  }
  return frames;
}

} // namespace zener
