#include "host/neutral/checkpoint.hpp"

#include "host/neutral/data_json.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/h5.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <set>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

namespace zener {
namespace {

constexpr std::size_t kBlock = 512; // the smallest user block of HDF5
constexpr std::string_view kFamily = "zener kmc checkpoint ";
constexpr std::string_view kFormat = "zener kmc checkpoint 1\n";
constexpr int kDeflate = 1; // occupancies have few distinct bytes, the fastest level halves them

// Sum of the file's bytes after the user block: FNV-1a's xor and multiply on words of 8 bytes, and a shift that brings the high
// bits down (without it, flips of the highest bits cancel). Each step can be undone, so a change in one word always shows.
class Checksum {
public:
  void add(const char *bytes, std::size_t n) { // n is a multiple of 8 but in the last call
    for (; n >= 8; n -= 8, bytes += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes, 8);
      mix(word);
    }
    if (n > 0) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes, n);
      mix(word);
    }
  }
  std::uint64_t value() const { return sum_; }

private:
  void mix(std::uint64_t word) {
    sum_ = (sum_ ^ word) * 0x100000001b3ULL;
    sum_ ^= sum_ >> 32;
  }
  std::uint64_t sum_ = 0xcbf29ce484222325ULL;
};

struct Content {
  std::array<char, kBlock> block{};
  std::uint64_t length = 0;
  std::uint64_t checksum = 0;
};

Content scan(const std::filesystem::path &file) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (!std::filesystem::is_regular_file(status)) {
    throw DataError(file.string() +
                    ": cannot open: " + (std::filesystem::exists(status) ? "it is not a regular file" : error.message()));
  }
  std::ifstream in(file, std::ios::binary);
  Content content;
  in.read(content.block.data(), kBlock);
  content.length = static_cast<std::uint64_t>(in.gcount());
  Checksum sum;
  std::vector<char> bytes(std::size_t{1} << 20);
  while (in) {
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    sum.add(bytes.data(), static_cast<std::size_t>(in.gcount()));
    content.length += static_cast<std::uint64_t>(in.gcount());
  }
  if (!in.eof() || in.bad()) {
    throw DataError(file.string() + ": cannot read");
  }
  content.checksum = sum.value();
  return content;
}

std::array<char, kBlock> make_block(std::uint64_t length, std::uint64_t checksum) {
  std::array<char, kBlock> block{};
  std::snprintf(block.data(), kBlock, "%sbytes %020llu\nchecksum %016llx\n", kFormat.data(),
                static_cast<unsigned long long>(length), static_cast<unsigned long long>(checksum));
  return block;
}

void verify(const std::filesystem::path &file) {
  const Content found = scan(file);
  const std::string_view block(found.block.data(), kBlock);
  if (found.length < kBlock || block.substr(0, kFamily.size()) != kFamily) {
    throw DataError(file.string() + ": is not a checkpoint of Zener (its first line is not \"" +
                    std::string(kFormat.substr(0, kFormat.size() - 1)) + "\")");
  }
  if (block.substr(0, kFormat.size()) != kFormat) {
    const std::string_view rest = block.substr(kFamily.size());
    std::string version(rest.substr(0, std::min<std::size_t>(rest.find_first_not_of("0123456789"), 8)));
    throw DataError(file.string() + ": is a checkpoint of format '" + version + "', this program reads format 1");
  }
  unsigned long long announced = 0;
  if (std::sscanf(found.block.data() + kFormat.size(), "bytes %20llu", &announced) == 1 && announced != found.length) {
    throw DataError(file.string() + ": has " + std::to_string(found.length) + " bytes instead of " + std::to_string(announced) +
                    "; it is truncated or damaged");
  }
  if (found.block != make_block(found.length, found.checksum)) {
    throw DataError(file.string() + ": its content does not match its checksum; it is damaged");
  }
}

// How many numbers an array of a state has in a run.
using SizeOf = std::int64_t (*)(const KmcPlan &);

// Calls visit(name, array, size) for every array of KmcState.
template <class State, class Visit> void for_each_field(State &state, Visit visit) {
  const SizeOf walkers = [](const KmcPlan &p) { return p.walkers(); };
  const SizeOf pairs = [](const KmcPlan &p) { return p.walkers() * p.order_shells * p.pairs(); };
  visit("occupancy", state.occupancy, [](const KmcPlan &p) { return p.walkers() * p.sites(); });
  visit("vacancy_site", state.vacancy_site, [](const KmcPlan &p) { return p.walkers() * p.vacancies; });
  visit("displacement", state.displacement, [](const KmcPlan &p) { return 3 * p.walkers() * p.vacancies; });
  visit("time_s", state.time_s, walkers);
  visit("walker_hops", state.walker_hops, walkers);
  visit("status", state.status, walkers);
  visit("smallest_barrier_eV", state.smallest_barrier_eV, walkers);
  visit("pair_counts", state.pair_counts, pairs);
  visit("pair_time", state.pair_time, pairs);
  visit("pair_hops", state.pair_hops, pairs);
  visit("averaged_time_s", state.averaged_time_s, walkers);
  visit("averaged_hops", state.averaged_hops, walkers);
  visit("contacts", state.contacts, [](const KmcPlan &p) { return p.vacancies > 1 && !p.swaps() ? p.walkers() : 0; });
  visit("randomness", state.randomness, [](const KmcPlan &p) { return p.randomness ? 2 * p.walkers() : 0; });
  visit("randomness_histogram", state.randomness_histogram,
        [](const KmcPlan &p) { return p.randomness ? static_cast<std::int64_t>(p.groups.size()) * kRandomnessBins : 0; });
  visit("jumps", state.jumps, [](const KmcPlan &p) { return p.transport || p.tracers ? p.walkers() * p.species() : 0; });
  visit("collective", state.collective, [](const KmcPlan &p) { return p.transport ? 3 * p.walkers() * p.species() : 0; });
  visit("squared", state.squared, [](const KmcPlan &p) { return p.tracers ? p.walkers() * p.species() : 0; });
  visit("atom_displacement", state.atom_displacement, [](const KmcPlan &p) { return p.tracers ? p.walkers() * p.sites() : 0; });
  visit("energy", state.energy, [](const KmcPlan &p) { return p.swaps() ? p.walkers() : 0; });
  visit("accepted", state.accepted, [](const KmcPlan &p) { return p.swaps() ? p.walkers() : 0; });
  visit("b2_since", state.b2_since,
        [](const KmcPlan &p) { return p.b2 && p.b2->persistent_over_hops > 0 ? p.walkers() * p.sites() : 0; });
}

[[noreturn]] void inconsistent(const std::string &field, std::size_t size) {
  throw InvariantError("the state to be saved is inconsistent: '" + field + "' has " + std::to_string(size) + " values");
}

template <class Error> [[noreturn]] void refuse(const std::filesystem::path &file, const std::string &what) {
  throw Error(file.string() + ": " + what);
}

void write_rows(H5File &h5, const std::vector<KmcRow> &rows) {
  const std::size_t columns = rows.empty() ? 0 : rows.front().mean.size();
  std::vector<std::uint64_t> hop;
  std::vector<double> mean;
  std::vector<double> squared;
  for (const KmcRow &row : rows) {
    if (row.mean.size() != columns || row.squared.size() != columns) {
      inconsistent("rows", row.mean.size());
    }
    hop.push_back(row.hop);
    mean.insert(mean.end(), row.mean.begin(), row.mean.end());
    squared.insert(squared.end(), row.squared.begin(), row.squared.end());
  }
  h5.write("/rows/hop", hop, {rows.size()});
  h5.write("/rows/mean", mean, {rows.size(), columns});
  h5.write("/rows/squared", squared, {rows.size(), columns});
}

std::vector<KmcRow> read_rows(const H5File &h5, const std::filesystem::path &file) {
  const auto hop = h5.read<std::uint64_t>("/rows/hop");
  const auto mean = h5.read<double>("/rows/mean");
  const auto squared = h5.read<double>("/rows/squared");
  const H5File::Shape shape = h5.shape("/rows/mean");
  if (h5.shape("/rows/hop") != H5File::Shape{hop.size()} || shape.size() != 2 || shape[0] != hop.size() ||
      h5.shape("/rows/squared") != shape) {
    refuse<DataError>(file, "the sampled rows have shapes that do not fit together");
  }
  const auto columns = static_cast<std::ptrdiff_t>(shape[1]);
  std::vector<KmcRow> rows(hop.size());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const auto begin = static_cast<std::ptrdiff_t>(r) * columns;
    rows[r].hop = hop[r];
    rows[r].mean.assign(mean.begin() + begin, mean.begin() + begin + columns);
    rows[r].squared.assign(squared.begin() + begin, squared.begin() + begin + columns);
  }
  return rows;
}

KmcState read_state(const H5File &h5, const std::filesystem::path &file) {
  KmcState state;
  const auto hops = h5.read<std::uint64_t>("/state/hops");
  if (hops.size() != 1) {
    refuse<DataError>(file, "'/state/hops' has an unexpected shape");
  }
  state.hops = hops.front();
  state.sample_hops = h5.read<std::uint64_t>("/state/sample_hops");
  for_each_field(state, [&](const std::string &field, auto &values, SizeOf) {
    using Value = typename std::remove_reference_t<decltype(values)>::value_type;
    const std::string name = "/state/" + field;
    if (h5.shape(name).size() != 1) {
      refuse<DataError>(file, "'" + name + "' has an unexpected shape");
    }
    values = h5.read<Value>(name);
  });
  return state;
}

void compare(const nlohmann::json &stored, const nlohmann::json &current, const std::string &pointer,
             std::vector<std::string> &differences) {
  if (stored.is_object() && current.is_object()) {
    std::set<std::string> keys;
    for (const auto *side : {&stored, &current}) {
      for (const auto &item : side->items()) {
        keys.insert(item.key());
      }
    }
    for (const std::string &key : keys) {
      const auto a = stored.find(key);
      const auto b = current.find(key);
      const std::string at = pointer + "/" + key;
      if (a == stored.end() || b == current.end()) {
        differences.push_back(at +
                              (a == stored.end() ? " was absent and is " + shown(*b) : " was " + shown(*a) + " and is absent"));
      } else {
        compare(*a, *b, at, differences);
      }
    }
  } else if (stored.is_array() && current.is_array() && stored.size() == current.size()) {
    for (std::size_t i = 0; i < stored.size(); ++i) {
      compare(stored[i], current[i], pointer + "/" + std::to_string(i), differences);
    }
  } else if (stored != current) {
    differences.push_back((pointer.empty() ? "the whole" : pointer) + " was " + shown(stored) + " and is " + shown(current));
  }
}

} // namespace

std::filesystem::path previous_checkpoint(const std::filesystem::path &file) {
  std::filesystem::path previous = file;
  return previous.replace_extension().concat(".previous").concat(file.extension().string());
}

void save_checkpoint(const std::filesystem::path &file, const std::string &identity, const CheckpointMeta &meta,
                     const KmcState &state, const std::vector<KmcRow> &rows) {
  const std::size_t walkers = state.status.size();
  if (walkers == 0 || state.occupancy.size() % walkers != 0) {
    inconsistent("occupancy", state.occupancy.size());
  }
  H5File h5 = H5File::create(file, kBlock);
  h5.make_group("/run");
  h5.write_attribute("/run", "identity", identity);
  h5.write_attribute("/run", "wall_s", meta.wall_s);
  h5.write_attribute("/run", "next_sample", meta.next_sample);
  h5.write("/state/hops", std::vector<std::uint64_t>{state.hops}, {1});
  h5.write("/state/sample_hops", state.sample_hops, {state.sample_hops.size()});
  for_each_field(state, [&](const std::string &field, const auto &values, SizeOf) {
    if (field != "randomness_histogram" && values.size() % walkers != 0) {
      inconsistent(field, values.size());
    }
    h5.write("/state/" + field, values, {values.size()}, kDeflate);
  });
  write_rows(h5, rows);
  const std::span<char> image = h5.image();
  Checksum sum;
  sum.add(image.data() + kBlock, image.size() - kBlock);
  const auto block = make_block(image.size(), sum.value());
  std::copy(block.begin(), block.end(), image.begin());
  h5.close(previous_checkpoint(file));
}

Checkpoint load_checkpoint(const std::filesystem::path &file) {
  try {
    verify(file);
    const H5File h5 = H5File::open(file);
    Checkpoint checkpoint;
    checkpoint.identity = h5.read_string_attribute("/run", "identity");
    checkpoint.meta.wall_s = h5.read_double_attribute("/run", "wall_s");
    checkpoint.meta.next_sample = h5.read_int64_attribute("/run", "next_sample");
    checkpoint.state = read_state(h5, file);
    checkpoint.rows = read_rows(h5, file);
    return checkpoint;
  } catch (const DataError &error) {
    std::error_code ignored;
    const auto previous = previous_checkpoint(file);
    if (!std::filesystem::exists(previous, ignored)) {
      throw;
    }
    throw DataError(std::string(error.what()) + "; the checkpoint before it is " + previous.string() +
                    ": rename it to go on from there");
  }
}

void check_checkpoint_fits(const Checkpoint &checkpoint, const KmcPlan &plan, const std::filesystem::path &file) {
  const auto expect = [&](const char *what, std::size_t met, std::int64_t expected) {
    if (met != static_cast<std::size_t>(expected)) {
      refuse<DataError>(file, "holds " + std::to_string(met) + " " + what + ", this run has " + std::to_string(expected));
    }
  };
  const KmcState &state = checkpoint.state;
  expect("walkers", state.status.size(), plan.walkers());
  for_each_field(state, [&](const std::string &field, const auto &values, SizeOf size) {
    expect(("values of '" + field + "'").c_str(), values.size(), size(plan));
  });
  for (const KmcRow &row : checkpoint.rows) {
    expect("sampled columns", row.mean.size(), static_cast<std::int64_t>(plan.groups.size()) * columns(plan));
  }
}

void check_identity(const std::string &stored, const std::string &current, const std::filesystem::path &file) {
  const auto a = parse_data_json<nlohmann::json>(stored, file.string() + ": the identity of the run");
  const auto b = nlohmann::json::parse(current);
  if (!a.is_object()) {
    refuse<DataError>(file, "the identity of the run is " + shown(a) + ", an object is expected");
  }
  std::vector<std::string> differences;
  compare(a, b, "", differences);
  if (differences.empty()) {
    return;
  }
  constexpr std::size_t kListed = 10;
  std::string message = file.string() + ": was written by another run than this one:";
  for (std::size_t i = 0; i < std::min(differences.size(), kListed); ++i) {
    message += "\n  " + differences[i];
  }
  if (differences.size() > kListed) {
    message += "\n  and " + std::to_string(differences.size() - kListed) + " more";
  }
  throw ConfigError(message + "\nSet these keys back, or start a new run in another folder");
}

} // namespace zener
