#include "host/neutral/checkpoint.hpp"

#include "host/neutral/errors.hpp"

#include <utility>

namespace zener {
namespace {

constexpr const char *kDriver = "kmc"; // of the format; static_mc has the same
constexpr int kDeflate = 1;            // occupancies have few distinct bytes, the fastest level halves them

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
  visit("spread", state.spread, [](const KmcPlan &p) { return p.spreads() ? 2 * p.walkers() : 0; });
  const SizeOf flags = [](const KmcPlan &p) { return p.flags() ? p.walkers() : 0; };
  visit("flagged", state.flagged, flags);
  visit("flagged_kept", state.flagged_kept, flags);
  visit("flagged_codes", state.flagged_codes, [](const KmcPlan &p) {
    return p.flags() ? p.walkers() * kMostFlagged * static_cast<std::int64_t>(environment_of(p.model).offsets.size()) : 0;
  });
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

} // namespace

void save_checkpoint(const std::filesystem::path &file, const std::string &identity, const CheckpointMeta &meta,
                     const KmcState &state, const std::vector<KmcRow> &rows) {
  const std::size_t walkers = state.status.size();
  if (walkers == 0 || state.occupancy.size() % walkers != 0) {
    inconsistent("occupancy", state.occupancy.size());
  }
  H5File h5 = begin_checkpoint(file, identity, meta);
  h5.write("/state/hops", std::vector<std::uint64_t>{state.hops}, {1});
  h5.write("/state/sample_hops", state.sample_hops, {state.sample_hops.size()});
  for_each_field(state, [&](const std::string &field, const auto &values, SizeOf) {
    if (field != "randomness_histogram" && values.size() % walkers != 0) {
      inconsistent(field, values.size());
    }
    h5.write("/state/" + field, values, {values.size()}, kDeflate);
  });
  write_rows(h5, rows);
  end_checkpoint(h5, file, kDriver);
}

Checkpoint load_checkpoint(const std::filesystem::path &file) {
  Checkpoint checkpoint;
  read_checkpoint(file, kDriver, checkpoint.identity, checkpoint.meta, [&](const H5File &h5) {
    checkpoint.state = read_state(h5, file);
    checkpoint.rows = read_rows(h5, file);
  });
  return checkpoint;
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

} // namespace zener
