#include "host/neutral/dynamics_checkpoint.hpp"

#include "host/neutral/errors.hpp"

#include <algorithm>
#include <array>

namespace zener {
namespace {

constexpr const char *kDriver = "md"; // of the format

// Calls visit(name, array) for every array of DynamicsState.
template <class State, class Visit> void for_each_field(State &state, Visit visit) {
  visit("order", state.order);
  visit("position", state.position);
  visit("reference", state.reference);
  visit("velocity", state.velocity);
  visit("force", state.force);
  visit("image", state.image);
  visit("cell", state.cell);
  visit("reference_cell", state.reference_cell);
  visit("bath", state.bath);
  visit("totals", state.totals);
}

constexpr const char *kFrames = "/analysis/frames"; // in runs that measure in flight
constexpr const char *kValues = "/analysis/values";
constexpr const char *kTypes = "/state/type"; // not in files of before there were swaps

void expect_count(const std::filesystem::path &file, const std::string &what, std::size_t met, std::size_t expected) {
  if (met != expected) {
    throw DataError(file.string() + ": holds " + std::to_string(met) + " " + what + ", this run has " +
                    std::to_string(expected));
  }
}

// The numbers of a row besides its step.
constexpr std::size_t kRowNumbers = 33;
using RowNumbers = std::array<double, kRowNumbers>;

// Calls visit(number) for each of them.
template <class Row, class Visit> void for_each_number(Row &row, Visit visit) {
  visit(row.potential_eV);
  visit(row.kinetic_eV);
  visit(row.temperature_K);
  visit(row.conserved_eV);
  visit(row.volume_A3);
  visit(row.largest_force_eV_A);
  for (auto *matrix : {&row.virial_eV, &row.kinetic_tensor_eV, &row.cell_A}) {
    for (auto &vector : *matrix) {
      for (auto &number : vector) {
        visit(number);
      }
    }
  }
}

void write_rows(H5File &h5, const std::vector<std::vector<ThermoRow>> &rows) {
  const std::size_t systems = rows.empty() ? 0 : rows.front().size();
  std::vector<std::int64_t> step;
  std::vector<double> numbers;
  numbers.reserve(rows.size() * systems * kRowNumbers);
  for (const std::vector<ThermoRow> &sample : rows) {
    if (sample.size() != systems || systems == 0) {
      throw InvariantError("the rows to be saved are inconsistent: " + std::to_string(sample.size()) + " systems");
    }
    step.push_back(sample.front().step);
    for (const ThermoRow &row : sample) {
      for_each_number(row, [&](double number) { numbers.push_back(number); });
    }
  }
  h5.write("/rows/step", step, {rows.size()});
  h5.write("/rows/numbers", numbers, {rows.size(), systems, kRowNumbers});
}

std::vector<std::vector<ThermoRow>> read_rows(const H5File &h5, const std::filesystem::path &file) {
  const auto step = h5.read<std::int64_t>("/rows/step");
  const auto numbers = h5.read<double>("/rows/numbers");
  const H5File::Shape shape = h5.shape("/rows/numbers");
  if (h5.shape("/rows/step") != H5File::Shape{step.size()} || shape.size() != 3 || shape[0] != step.size() ||
      shape[2] != kRowNumbers) {
    throw DataError(file.string() + ": the sampled rows have shapes that do not fit together");
  }
  std::vector<std::vector<ThermoRow>> rows(step.size(), std::vector<ThermoRow>(shape[1]));
  auto next = numbers.begin();
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (ThermoRow &row : rows[r]) {
      row.step = step[r];
      for_each_number(row, [&](double &number) { number = *next++; });
    }
  }
  return rows;
}

} // namespace

void write_dynamics_state(H5File &h5, const DynamicsState &state) {
  const std::size_t atoms = state.order.size();
  for_each_field(state, [&](const std::string &field, const auto &values) {
    const bool of_atoms =
        field != "order" && field != "cell" && field != "reference_cell" && field != "bath" && field != "totals";
    if (atoms == 0 || (of_atoms && values.size() != 3 * atoms)) {
      throw InvariantError("the state to be saved is inconsistent: '" + field + "' has " + std::to_string(values.size()) +
                           " values for " + std::to_string(atoms) + " atoms");
    }
  });
  h5.write("/state/step", std::vector<std::int64_t>{state.step}, {1});
  for_each_field(state,
                 [&](const std::string &field, const auto &values) { h5.write("/state/" + field, values, {values.size()}); });
  if (!state.type.empty()) {
    if (state.type.size() != atoms) {
      throw InvariantError("the state to be saved is inconsistent: 'type' has " + std::to_string(state.type.size()) +
                           " values for " + std::to_string(atoms) + " atoms");
    }
    h5.write(kTypes, state.type, {atoms});
  }
}

DynamicsState read_dynamics_state(const H5File &h5, const std::filesystem::path &file) {
  const auto one = [&](const std::string &name) {
    if (h5.shape(name).size() != 1) {
      throw DataError(file.string() + ": '" + name + "' has an unexpected shape");
    }
  };
  DynamicsState state;
  one("/state/step");
  const auto step = h5.read<std::int64_t>("/state/step");
  if (step.size() != 1 || step.front() < 0) {
    throw DataError(file.string() + ": '/state/step' is no count of steps");
  }
  state.step = step.front();
  for_each_field(state, [&](const std::string &field, auto &values) {
    using Value = typename std::remove_reference_t<decltype(values)>::value_type;
    one("/state/" + field);
    values = h5.read<Value>("/state/" + field);
  });
  if (h5.exists(kTypes)) {
    one(kTypes);
    state.type = h5.read<std::int32_t>(kTypes);
  }
  return state;
}

void save_dynamics_checkpoint(const std::filesystem::path &file, const DynamicsCheckpoint &checkpoint) {
  H5File h5 = begin_checkpoint(file, checkpoint.identity, checkpoint.meta);
  write_dynamics_state(h5, checkpoint.state);
  h5.write("/trajectory_end", checkpoint.trajectory_end, {checkpoint.trajectory_end.size()});
  write_rows(h5, checkpoint.rows);
  if (checkpoint.analysis) {
    h5.write(kFrames, std::vector<std::int64_t>{checkpoint.analysis->frames}, {1});
    h5.write(kValues, checkpoint.analysis->values, {checkpoint.analysis->values.size()});
  }
  end_checkpoint(h5, file, kDriver);
}

DynamicsCheckpoint load_dynamics_checkpoint(const std::filesystem::path &file) {
  DynamicsCheckpoint checkpoint;
  read_checkpoint(file, kDriver, checkpoint.identity, checkpoint.meta, [&](const H5File &h5) {
    checkpoint.state = read_dynamics_state(h5, file);
    if (h5.shape("/trajectory_end").size() != 1) {
      throw DataError(file.string() + ": '/trajectory_end' has an unexpected shape");
    }
    checkpoint.trajectory_end = h5.read<std::uint64_t>("/trajectory_end");
    checkpoint.rows = read_rows(h5, file);
    if (h5.exists(kFrames)) {
      const auto frames = h5.read<std::int64_t>(kFrames);
      if (frames.size() != 1 || frames[0] < 0 || h5.shape(kValues).size() != 1) {
        throw DataError(file.string() + ": '/analysis' has an unexpected shape");
      }
      checkpoint.analysis.emplace();
      checkpoint.analysis->frames = frames[0];
      checkpoint.analysis->values = h5.read<double>(kValues);
    }
  });
  return checkpoint;
}

void check_dynamics_state_fits(const DynamicsState &state, const std::vector<Atoms> &systems,
                               const std::filesystem::path &file) {
  const auto expect = [&](const std::string &what, std::size_t met, std::size_t expected) {
    expect_count(file, what, met, expected);
  };
  std::size_t atoms = 0;
  for (const Atoms &system : systems) {
    atoms += system.size();
  }
  expect("atoms", state.order.size(), atoms);
  std::vector<bool> met(atoms, false);
  for (const std::int64_t place : state.order) {
    if (place < 0 || place >= static_cast<std::int64_t>(atoms) || met[static_cast<std::size_t>(place)]) {
      throw DataError(file.string() + ": its order of the atoms names atom " + std::to_string(place) +
                      (place < 0 || place >= static_cast<std::int64_t>(atoms) ? ", which does not exist" : " twice"));
    }
    met[static_cast<std::size_t>(place)] = true;
  }
  for_each_field(state, [&](const std::string &field, const auto &values) {
    if (field == "cell" || field == "reference_cell") {
      expect("values of '" + field + "'", values.size(), 9 * systems.size());
    } else if (field == "bath" || field == "totals") {
      expect("values of '" + field + "' beyond a multiple of the systems", values.size() % systems.size(), 0);
    } else if (field != "order") {
      expect("values of '" + field + "'", values.size(), 3 * atoms);
    }
  });
  if (state.type.empty()) {
    return;
  }
  expect("values of 'type'", state.type.size(), atoms);
  std::vector<std::size_t> system_of;
  for (std::size_t k = 0; k < systems.size(); ++k) {
    system_of.insert(system_of.end(), systems[k].size(), k);
  }
  std::vector<std::vector<std::int64_t>> counts;
  for (const Atoms &system : systems) {
    counts.emplace_back(system.elements.size(), 0);
    for (const std::int32_t type : system.type) {
      ++counts.back().at(static_cast<std::size_t>(type));
    }
  }
  for (std::size_t i = 0; i < atoms; ++i) {
    std::vector<std::int64_t> &left = counts[system_of[static_cast<std::size_t>(state.order[i])]];
    if (state.type[i] < 0 || static_cast<std::size_t>(state.type[i]) >= left.size() ||
        --left[static_cast<std::size_t>(state.type[i])] < 0) {
      throw DataError(file.string() + ": its atoms are not of the elements that the structure holds");
    }
  }
}

void check_dynamics_checkpoint_fits(const DynamicsCheckpoint &checkpoint, const std::vector<Atoms> &systems,
                                    const std::filesystem::path &file) {
  check_dynamics_state_fits(checkpoint.state, systems, file);
  for (const std::vector<ThermoRow> &sample : checkpoint.rows) {
    expect_count(file, "systems in a sampled row", sample.size(), systems.size());
  }
}

} // namespace zener
