#include "apps/zener/dataset_rows.hpp"

#include "apps/zener/path_checks.hpp"
#include "host/neutral/errors.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace zener {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
// An atom further from its site than this share of the way between neighbours has left it.
constexpr double kLeft = 0.4;
// A path with a place so far below both ends leads through another minimum.
constexpr double kLower_eV = 0.005;

double neighbour_distance(double a_A) { return 0.5 * std::sqrt(3.0) * a_A; }

} // namespace

Atoms lattice_atoms(const std::array<int, 3> &cells, double a_A, const std::vector<std::string> &elements,
                    const std::vector<std::uint8_t> &occupancy) {
  Atoms atoms;
  atoms.elements = elements;
  for (std::size_t d = 0; d < 3; ++d) {
    atoms.cell.vectors[d][d] = cells[d] * a_A;
  }
  for (std::size_t s = 0; s < occupancy.size(); ++s) {
    if (occupancy[s] == 0) {
      continue;
    }
    const Offset at = site_coordinates(Structure::bcc, cells, static_cast<std::int64_t>(s));
    atoms.type.push_back(occupancy[s] - 1);
    atoms.position_A.push_back({0.5 * a_A * at[0], 0.5 * a_A * at[1], 0.5 * a_A * at[2]});
  }
  return atoms;
}

DatasetRows::DatasetRows(const DatasetPreset &preset, BandQueue &queue) : preset_(preset), queue_(queue) {}

void DatasetRows::add(Task task, std::vector<Atoms> images, BandEnds ends) {
  task.atoms = static_cast<std::int64_t>(images.size() * images.front().size());
  atoms_ += task.atoms;
  tasks_.emplace(queue_.add({std::move(images), std::move(ends)}), std::move(task));
}

void DatasetRows::relax(const Row &row, Stage stage, std::size_t jump, Atoms start) {
  BandEnds alone;
  alone.force_tolerance_eV_A = preset_.relax.force_tolerance_eV_A;
  alone.max_steps = preset_.relax.max_steps;
  add({row.result.row.number, stage, jump, 0, 0.0}, {std::move(start)}, std::move(alone));
}

void DatasetRows::begin(const DatasetRow &number, std::vector<std::uint8_t> occupancy, double a_A) {
  const std::array<int, 3> &cells = preset_.alloy.cells;
  Row &row = active_[number.number];
  FinishedRow &result = row.result;
  result.row = number;
  result.a_A = a_A;
  result.vacancy = std::find(occupancy.begin(), occupancy.end(), 0) - occupancy.begin();
  result.forward_eV.fill(kNone);
  result.backward_eV.fill(kNone);
  result.final_energy_eV.fill(kNone);
  row.open = kPaths;
  row.lattice = lattice_atoms(cells, a_A, preset_.elements, occupancy);
  const Offset centre = site_coordinates(Structure::bcc, cells, result.vacancy);
  for (std::size_t p = 0; p < kPaths; ++p) {
    const Offset &d = bcc_tables().offsets[p];
    const std::int64_t site = site_at(Structure::bcc, cells, {centre[0] + d[0], centre[1] + d[1], centre[2] + d[2]});
    row.jumper[p] = static_cast<std::size_t>(site < result.vacancy ? site : site - 1);
    row.target[p] = row.lattice;
    for (std::size_t x = 0; x < 3; ++x) {
      row.target[p].position_A[row.jumper[p]][x] -= 0.5 * a_A * d[x];
    }
  }
  result.occupancy = std::move(occupancy);
  relax(row, Stage::vacancy, 0, row.lattice);
}

void DatasetRows::close(Row &row, std::size_t jump, JumpStatus status) {
  row.result.status[jump] = status;
  --row.open;
}

void DatasetRows::take_vacancy(Row &row, BandResult &result) {
  JumpStatus status = JumpStatus::converged;
  if (result.lost) {
    status = JumpStatus::lost;
  } else if (result.report.status != BandReport::Status::converged) {
    status = JumpStatus::out_of_steps;
  } else if (longest_way(row.lattice, result.images.front()) > kLeft * neighbour_distance(row.result.a_A)) {
    status = JumpStatus::end_unstable;
  }
  if (status != JumpStatus::converged) {
    for (std::size_t p = 0; p < kPaths; ++p) {
      close(row, p, status);
    }
    return;
  }
  row.rest = std::move(result.images.front());
  row.result.energy_eV = result.report.energy_eV.front();
  for (std::size_t p = 0; p < kPaths; ++p) {
    // The others stand almost right already; the atom that jumped goes as far from its new site as it was from its old one.
    Atoms start = row.rest;
    const std::size_t i = row.jumper[p];
    for (std::size_t d = 0; d < 3; ++d) {
      start.position_A[i][d] += row.target[p].position_A[i][d] - row.lattice.position_A[i][d];
    }
    relax(row, Stage::end, p, std::move(start));
  }
}

void DatasetRows::take_end(Row &row, std::size_t p, BandResult &result) {
  if (result.lost) {
    return close(row, p, JumpStatus::lost);
  }
  if (result.report.status != BandReport::Status::converged) {
    return close(row, p, JumpStatus::out_of_steps);
  }
  const Atoms &last = result.images.front();
  const double way = neighbour_distance(row.result.a_A);
  if (ends_alike(row.rest, last, way)) {
    return close(row, p, JumpStatus::ends_alike);
  }
  if (longest_way(row.target[p], last) > kLeft * way) {
    return close(row, p, JumpStatus::end_unstable);
  }
  const double last_eV = result.report.energy_eV.front();
  row.result.final_energy_eV[p] = last_eV;
  std::vector<Atoms> images = straight_path(row.rest, last, preset_.images);
  if (atoms_meet(row.rest, last, images)) {
    return close(row, p, JumpStatus::lost);
  }
  BandEnds ends{
      preset_.images, row.rest.position_A, last.position_A, row.result.energy_eV, last_eV, preset_.force_tolerance_eV_A, 0};
  add({row.result.row.number, Stage::band, p, 0, last_eV}, std::move(images), std::move(ends));
}

void DatasetRows::take_band(Row &row, const Task &task, const BandResult &result) {
  const std::size_t p = task.jump;
  row.result.band_steps += result.report.progress.steps;
  if (result.lost) {
    return close(row, p, JumpStatus::lost);
  }
  if (result.report.status != BandReport::Status::converged) {
    return close(row, p, JumpStatus::out_of_steps);
  }
  const std::vector<double> &energy = result.report.energy_eV;
  const double first_eV = row.result.energy_eV;
  if (*std::min_element(energy.begin(), energy.end()) < std::min(first_eV, task.last_eV) - kLower_eV) {
    return close(row, p, JumpStatus::lower_minimum);
  }
  const double top = *std::max_element(energy.begin(), energy.end());
  if (top <= std::max(first_eV, task.last_eV)) {
    return close(row, p, JumpStatus::no_saddle);
  }
  row.result.forward_eV[p] = top - first_eV;
  row.result.backward_eV[p] = top - task.last_eV;
  close(row, p, JumpStatus::converged);
}

std::vector<FinishedRow> DatasetRows::next(const std::function<bool()> &go_on) {
  std::vector<FinishedRow> finished;
  while (finished.empty() && !active_.empty()) {
    std::vector<BandResult> results = queue_.next(go_on);
    if (results.empty()) {
      break;
    }
    for (BandResult &result : results) {
      const auto node = tasks_.extract(result.task);
      const Task &task = node.mapped();
      atoms_ -= task.atoms;
      const auto entry = active_.find(task.row);
      Row &row = entry->second;
      switch (task.stage) {
      case Stage::vacancy:
        take_vacancy(row, result);
        break;
      case Stage::end:
        take_end(row, task.jump, result);
        break;
      case Stage::band:
        take_band(row, task, result);
        break;
      }
      if (row.open == 0) {
        finished.push_back(std::move(row.result));
        active_.erase(entry);
      }
    }
  }
  return finished;
}

} // namespace zener
