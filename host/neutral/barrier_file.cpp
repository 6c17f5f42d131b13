#include "host/neutral/barrier_file.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/h5.hpp"
#include "host/neutral/lattice_tables.hpp"
#include "host/neutral/sealed_file.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <type_traits>
#include <utility>

namespace zener {
namespace {

constexpr const char *kFormat = "zener-barriers-1";
constexpr int kDeflate = 4;
constexpr std::size_t kMostElements = 8;
constexpr std::int64_t kLeastCells = 4; // a vacancy's environment must not hold its own image's neighbours on both sides
constexpr std::int64_t kMostCells = 1000;
constexpr double kEnergyMismatch_eV = 1e-3;

const Seal kSeal{"zener barriers", "a data set of barriers"};

using Shape = H5File::Shape;

// Calls visit(dataset, array, columns) for every array of the rows.
template <class Data, class Visit> void for_each_array(Data &data, Visit visit) {
  visit("/cell/occupancy", data.occupancy, data.sites());
  visit("/cell/number", data.number, std::size_t{1});
  visit("/cell/composition", data.composition, std::size_t{1});
  visit("/cell/a_A", data.a_A, std::size_t{1});
  visit("/cell/vacancy", data.vacancy, std::size_t{1});
  visit("/cell/energy_eV", data.energy_eV, std::size_t{1});
  visit("/jump/status", data.status, std::size_t{kPaths});
  visit("/jump/forward_eV", data.forward_eV, std::size_t{kPaths});
  visit("/jump/backward_eV", data.backward_eV, std::size_t{kPaths});
  visit("/jump/final_energy_eV", data.final_energy_eV, std::size_t{kPaths});
}

Shape shape_of(std::size_t rows, std::size_t columns) { return columns == 1 ? Shape{rows} : Shape{rows, columns}; }

std::string shape_text(const Shape &shape) {
  std::vector<std::string> parts;
  for (const std::uint64_t n : shape) {
    parts.push_back(std::to_string(n));
  }
  return "[" + join(parts, "][") + "]";
}

class Checker {
public:
  Checker(const std::filesystem::path &file, const BarrierFile &data) : file_(file), data_(data) {}

  void rows() const {
    std::vector<std::int64_t> numbers = data_.number;
    std::sort(numbers.begin(), numbers.end());
    const auto twice = std::adjacent_find(numbers.begin(), numbers.end());
    if (twice != numbers.end() || (!numbers.empty() && numbers.front() < 0)) {
      throw DataError(fmt::format("{}: /cell/number: {} is {}", file_.string(),
                                  twice != numbers.end() ? *twice : numbers.front(),
                                  twice != numbers.end() ? "there twice" : "negative"));
    }
    for (std::size_t r = 0; r < data_.rows(); ++r) {
      row(r);
      for (std::size_t p = 0; p < kPaths; ++p) {
        jump(r, p);
      }
    }
  }

private:
  void row(std::size_t r) const {
    const auto refuse = [&](const std::string &what) {
      throw DataError(fmt::format("{}: row {}: {}", file_.string(), r, what));
    };
    const auto compositions = static_cast<std::int64_t>(data_.composition_name.size());
    if (data_.composition[r] < 0 || data_.composition[r] >= compositions) {
      refuse(fmt::format("its composition is {}; allowed: 0 to {}", data_.composition[r], compositions - 1));
    }
    if (!std::isfinite(data_.a_A[r]) || data_.a_A[r] <= 0.0) {
      refuse(fmt::format("a_A is {}, a positive lattice constant is expected", data_.a_A[r]));
    }
    const auto sites = static_cast<std::int64_t>(data_.sites());
    if (data_.vacancy[r] < 0 || data_.vacancy[r] >= sites) {
      refuse(fmt::format("the site of its vacancy is {}; allowed: 0 to {}", data_.vacancy[r], sites - 1));
    }
    const std::uint8_t *codes = data_.occupancy.data() + r * data_.sites();
    for (std::int64_t s = 0; s < sites; ++s) {
      if (codes[s] > data_.elements.size()) {
        refuse(fmt::format("site {} has species code {}; allowed: 0 to {} ({})", s, codes[s], data_.elements.size(),
                           join(data_.elements, ", ")));
      }
      if ((codes[s] == 0) != (s == data_.vacancy[r])) {
        refuse(fmt::format("site {} is {}, and its one vacancy is to be at site {}", s, codes[s] == 0 ? "vacant" : "occupied",
                           data_.vacancy[r]));
      }
    }
  }

  void jump(std::size_t r, std::size_t p) const {
    const auto refuse = [&](const std::string &what) {
      throw DataError(fmt::format("{}: row {}, jump {}: {}", file_.string(), r, p, what));
    };
    const std::size_t at = r * kPaths + p;
    if (data_.status[at] >= kJumpStatuses) {
      refuse(fmt::format("its status is {}; allowed: 0 to {}", data_.status[at], kJumpStatuses - 1));
    }
    if (static_cast<JumpStatus>(data_.status[at]) != JumpStatus::converged) {
      return;
    }
    const double forward = data_.forward_eV[at];
    const double backward = data_.backward_eV[at];
    const double change = data_.final_energy_eV[at] - data_.energy_eV[r];
    if (!std::isfinite(forward) || !std::isfinite(backward) || !std::isfinite(change)) {
      refuse(fmt::format("it converged, and not all of its numbers are finite: forward {}, backward {}, energies {} and {} eV",
                         forward, backward, data_.energy_eV[r], data_.final_energy_eV[at]));
    }
    if (std::abs(forward - backward - change) > kEnergyMismatch_eV) {
      refuse(fmt::format("its barriers differ by {:.6f} eV and its energies by {:.6f} eV", forward - backward, change));
    }
  }

  const std::filesystem::path &file_;
  const BarrierFile &data_;
};

void read_head(const H5File &h5, const std::filesystem::path &file, BarrierFile &data) {
  const std::string format = h5.read_string_attribute("/", "format");
  if (format != kFormat) {
    throw DataError(file.string() + ": its format is " + in_quotes(format) + ", this program reads \"" + kFormat + "\"");
  }
  data.elements = h5.read_strings_attribute("/", "elements");
  const std::size_t species = data.elements.size();
  auto unique = data.elements;
  std::sort(unique.begin(), unique.end());
  if (species == 0 || species > kMostElements || std::adjacent_find(unique.begin(), unique.end()) != unique.end()) {
    throw DataError(fmt::format("{}: its elements are {}; 1 to {} different ones are expected", file.string(),
                                in_quotes(join(data.elements, ", ")), kMostElements));
  }
  const auto cells = h5.read<std::int64_t>("/cells");
  if (cells.size() != 3 ||
      !std::all_of(cells.begin(), cells.end(), [](std::int64_t n) { return n >= kLeastCells && n <= kMostCells; })) {
    throw DataError(fmt::format("{}: /cells is [{}]; allowed: three numbers from {} to {}", file.string(),
                                fmt::join(cells, ", "), kLeastCells, kMostCells));
  }
  std::copy(cells.begin(), cells.end(), data.cells.begin());
  data.composition_name = h5.read_strings("/composition/name");
  data.composition_atoms = h5.read<std::int64_t>("/composition/atoms");
  const Shape atoms = h5.shape("/composition/atoms");
  if (atoms != Shape{data.composition_name.size(), species}) {
    throw DataError(fmt::format("{}: /composition/atoms has shape {}, expected {}", file.string(), shape_text(atoms),
                                shape_text({data.composition_name.size(), species})));
  }
  for (std::size_t c = 0; c < data.composition_name.size(); ++c) {
    std::int64_t sum = 0;
    for (std::size_t s = 0; s < species; ++s) {
      const std::int64_t n = data.composition_atoms[c * species + s];
      sum += std::clamp<std::int64_t>(n, -1, std::int64_t{1} << 40);
      if (n < 0) {
        sum = 0;
        break;
      }
    }
    if (sum <= 0) {
      throw DataError(fmt::format("{}: composition {} ({}) has no atoms, or a negative number of them", file.string(), c,
                                  in_quotes(data.composition_name[c])));
    }
  }
  const auto text = [&](const char *name) { return h5.has_attribute("/", name) ? h5.read_string_attribute("/", name) : ""; };
  data.potential = text("potential");
  data.potential_hash = text("potential_hash");
  data.program = text("program");
  data.preset = text("preset");
  data.identity = text("identity");
}

} // namespace

const char *status_name(JumpStatus status) {
  constexpr const char *kNames[kJumpStatuses] = {"not run",      "converged",  "out of steps",           "lost",
                                                 "end unstable", "ends alike", "passes a lower minimum", "no saddle"};
  return kNames[static_cast<int>(status)];
}

BarrierFile read_barrier_file(const std::filesystem::path &file) {
  verify_seal(file, kSeal);
  const H5File h5 = H5File::open(file);
  BarrierFile data;
  read_head(h5, file, data);
  const Shape composition = h5.shape("/cell/composition");
  if (composition.size() != 1) {
    throw DataError(fmt::format("{}: /cell/composition has shape {}, expected [rows]", file.string(), shape_text(composition)));
  }
  for_each_array(data, [&](const std::string &name, auto &values, std::size_t columns) {
    using Value = typename std::remove_reference_t<decltype(values)>::value_type;
    const Shape expected = shape_of(composition[0], columns);
    const Shape met = h5.shape(name);
    if (met != expected) {
      throw DataError(
          fmt::format("{}: {} has shape {}, expected {}", file.string(), name, shape_text(met), shape_text(expected)));
    }
    values = h5.read<Value>(name);
  });
  Checker(file, data).rows();
  return data;
}

void write_barrier_file(const std::filesystem::path &file, const BarrierFile &data) {
  const std::size_t species = data.elements.size();
  H5File h5 = H5File::create(file, kSealBytes);
  h5.write_attribute("/", "format", std::string(kFormat));
  h5.write_attribute("/", "elements", data.elements);
  h5.write_attribute("/", "potential", data.potential);
  h5.write_attribute("/", "potential_hash", data.potential_hash);
  h5.write_attribute("/", "program", data.program);
  h5.write_attribute("/", "preset", data.preset);
  h5.write_attribute("/", "identity", data.identity);
  h5.write("/cells", std::vector<std::int64_t>(data.cells.begin(), data.cells.end()), {3});
  h5.write("/composition/atoms", data.composition_atoms, {data.composition_name.size(), species});
  h5.write_strings("/composition/name", data.composition_name, {data.composition_name.size()});
  for_each_array(data, [&](const std::string &name, const auto &values, std::size_t columns) {
    h5.write(name, values, shape_of(data.rows(), columns), kDeflate);
  });
  close_sealed(h5, kSeal);
}

void sort_rows(BarrierFile &data) {
  std::vector<std::size_t> order(data.rows());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return data.number[a] < data.number[b]; });
  for_each_array(data, [&](const std::string &, auto &values, std::size_t columns) {
    std::remove_reference_t<decltype(values)> sorted;
    sorted.reserve(values.size());
    for (const std::size_t r : order) {
      const auto row = values.begin() + static_cast<std::ptrdiff_t>(r * columns);
      sorted.insert(sorted.end(), row, row + static_cast<std::ptrdiff_t>(columns));
    }
    values = std::move(sorted);
  });
}

} // namespace zener
