#include "host/neutral/swap_checkpoint.hpp"

#include "host/neutral/dynamics_checkpoint.hpp"
#include "host/neutral/errors.hpp"

namespace zener {
namespace {

constexpr const char *kDriver = "swap_mc_md"; // of the format

// Calls visit(name, values) for every array of a row.
template <class Row, class Visit> void for_each_column(Row &row, Visit visit) {
  visit("energy_eV", row.energy_eV);
  visit("temperature_K", row.temperature_K);
  visit("volume_A3", row.volume_A3);
  visit("bonds", row.bonds);
  visit("tried", row.tried);
  visit("kept", row.kept);
  visit("unrelaxed", row.unrelaxed);
  visit("relax_steps", row.relax_steps);
}

// Rows as one array a column, [row][values].
void write_rows(H5File &h5, const std::string &group, const std::vector<SwapRow> &rows) {
  std::vector<std::int64_t> trials;
  for (const SwapRow &row : rows) {
    trials.push_back(row.trial);
  }
  h5.write(group + "/trial", trials, {rows.size()});
  SwapRow all;
  for (const SwapRow &row : rows) {
    for_each_column(all, [&](const std::string &name, auto &to) {
      for_each_column(row, [&](const std::string &other, const auto &from) {
        if constexpr (std::is_same_v<std::decay_t<decltype(from)>, std::decay_t<decltype(to)>>) {
          if (name == other) {
            to.insert(to.end(), from.begin(), from.end());
          }
        }
      });
    });
  }
  for_each_column(all, [&](const std::string &name, const auto &values) {
    const std::size_t width = rows.empty() ? 0 : values.size() / rows.size();
    if (width * rows.size() != values.size()) {
      throw InvariantError("the rows to be saved are inconsistent: '" + name + "'");
    }
    h5.write(group + "/" + name, values, {rows.size(), width});
  });
}

std::vector<SwapRow> read_rows(const H5File &h5, const std::string &group, const std::filesystem::path &file) {
  const auto trials = h5.read<std::int64_t>(group + "/trial");
  std::vector<SwapRow> rows(trials.size());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    rows[r].trial = trials[r];
  }
  SwapRow all;
  for_each_column(all, [&](const std::string &name, auto &values) {
    using Value = typename std::remove_reference_t<decltype(values)>::value_type;
    const H5File::Shape shape = h5.shape(group + "/" + name);
    values = h5.read<Value>(group + "/" + name);
    if (shape.size() != 2 || shape[0] != rows.size()) {
      throw DataError(file.string() + ": the sampled rows have shapes that do not fit together");
    }
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const auto begin = values.begin() + static_cast<std::ptrdiff_t>(r * shape[1]);
      for_each_column(rows[r], [&](const std::string &other, auto &to) {
        if constexpr (std::is_same_v<std::decay_t<decltype(to)>, std::vector<Value>>) {
          if (name == other) {
            to.assign(begin, begin + static_cast<std::ptrdiff_t>(shape[1]));
          }
        }
      });
    }
  });
  return rows;
}

} // namespace

void save_swap_checkpoint(const std::filesystem::path &file, const SwapCheckpoint &checkpoint) {
  H5File h5 = begin_checkpoint(file, checkpoint.identity, checkpoint.meta);
  write_dynamics_state(h5, checkpoint.state);
  write_rows(h5, "/now", {checkpoint.now});
  write_rows(h5, "/rows", checkpoint.rows);
  end_checkpoint(h5, file, kDriver);
}

SwapCheckpoint load_swap_checkpoint(const std::filesystem::path &file) {
  SwapCheckpoint checkpoint;
  read_checkpoint(file, kDriver, checkpoint.identity, checkpoint.meta, [&](const H5File &h5) {
    checkpoint.state = read_dynamics_state(h5, file);
    std::vector<SwapRow> now = read_rows(h5, "/now", file);
    if (now.size() != 1 || now.front().trial < 0) {
      throw DataError(file.string() + ": '/now' is no state of a run");
    }
    checkpoint.now = std::move(now.front());
    checkpoint.rows = read_rows(h5, "/rows", file);
  });
  return checkpoint;
}

void check_swap_checkpoint_fits(const SwapCheckpoint &checkpoint, const std::vector<Atoms> &systems, std::size_t shells,
                                std::size_t pairs, const std::filesystem::path &file) {
  check_dynamics_state_fits(checkpoint.state, systems, file);
  const auto check = [&](const SwapRow &row) {
    for_each_column(row, [&](const std::string &name, const auto &values) {
      const std::size_t each = name == "bonds" ? shells * pairs : name == "tried" || name == "kept" ? pairs : 1;
      if (values.size() != each * systems.size()) {
        throw DataError(file.string() + ": holds " + std::to_string(values.size()) + " values of '" + name +
                        "' in a row, this run has " + std::to_string(each * systems.size()));
      }
    });
  };
  check(checkpoint.now);
  for (const SwapRow &row : checkpoint.rows) {
    check(row);
  }
}

} // namespace zener
