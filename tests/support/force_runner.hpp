// A potential on a device beside the engine: neighbour lists by brute force, and the laws that every potential obeys.
#pragma once

#include "host/engine/potentials.hpp"
#include "host/neutral/atoms.hpp"
#include "host/neutral/potential_model.hpp"
#include "kernels/exec/queue.hpp"
#include "tests/reference/philox.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

namespace zener {
inline namespace ZENER_BACKEND {

struct ForceResult {
  double energy = 0.0;
  std::vector<double> energies;
  std::vector<Vector3> forces;
  Matrix3 virial{};
};

// Energies, forces and virial of a batch of systems. Lists hold a skin beyond the cutoff, as the engine's do.
inline std::vector<ForceResult> forces_of_batch(Queue &queue, const PotentialModel &model, const std::vector<Atoms> &batch,
                                                Arithmetic arithmetic = Arithmetic::float64, bool deterministic = true,
                                                double skin_A = 0.5) {
  PotentialSetup setup;
  setup.arithmetic = arithmetic;
  std::vector<Site> sites;
  std::vector<std::int64_t> begin{0};
  for (std::size_t s = 0; s < batch.size(); ++s) {
    for (std::size_t i = 0; i < batch[s].size(); ++i) {
      const std::string &element = batch[s].elements[static_cast<std::size_t>(batch[s].type[i])];
      auto found = std::find(setup.elements.begin(), setup.elements.end(), element);
      if (found == setup.elements.end()) {
        found = setup.elements.insert(setup.elements.end(), element);
      }
      const Vector3 &x = batch[s].position_A[i];
      sites.push_back(
          {x[0], x[1], x[2], static_cast<std::int32_t>(found - setup.elements.begin()), static_cast<std::int32_t>(s)});
    }
    begin.push_back(static_cast<std::int64_t>(sites.size()));
  }
  const auto n = static_cast<std::int64_t>(sites.size());
  std::vector<std::unique_ptr<Potential>> potentials = make_potentials(queue, model, setup);
  double cutoff = skin_A;
  for (const auto &potential : potentials) {
    cutoff = std::max(cutoff, potential->cutoff_A() + skin_A);
  }

  // Lists by brute force.
  std::vector<std::vector<std::pair<std::int32_t, std::array<int, 3>>>> found(sites.size());
  std::array<int, 3> reach{0, 0, 0};
  for (std::size_t s = 0; s < batch.size(); ++s) {
    const Cell &cell = batch[s].cell;
    const Matrix3 to_fraction = inverse(cell.vectors);
    const Vector3 thickness = thicknesses(cell);
    const auto first = static_cast<std::size_t>(begin[s]);
    const auto last = static_cast<std::size_t>(begin[s + 1]);
    for (std::size_t i = first; i < last; ++i) {
      for (std::size_t j = first; j < last; ++j) {
        const Vector3 d{sites[j].x - sites[i].x, sites[j].y - sites[i].y, sites[j].z - sites[i].z};
        const Vector3 fraction = times(d, to_fraction);
        std::array<int, 3> low{}, high{};
        for (std::size_t k = 0; k < 3; ++k) {
          if (cell.periodic[k]) {
            low[k] = static_cast<int>(std::floor(-fraction[k] - cutoff / thickness[k]));
            high[k] = static_cast<int>(std::ceil(-fraction[k] + cutoff / thickness[k]));
          }
        }
        for (int a = low[0]; a <= high[0]; ++a) {
          for (int b = low[1]; b <= high[1]; ++b) {
            for (int c = low[2]; c <= high[2]; ++c) {
              if (i == j && a == 0 && b == 0 && c == 0) {
                continue;
              }
              const Vector3 shift = times(Vector3{double(a), double(b), double(c)}, cell.vectors);
              const double r2 = (d[0] + shift[0]) * (d[0] + shift[0]) + (d[1] + shift[1]) * (d[1] + shift[1]) +
                                (d[2] + shift[2]) * (d[2] + shift[2]);
              if (r2 < cutoff * cutoff) {
                found[i].push_back({static_cast<std::int32_t>(j), {a, b, c}});
                reach = {std::max(reach[0], std::abs(a)), std::max(reach[1], std::abs(b)), std::max(reach[2], std::abs(c))};
              }
            }
          }
        }
      }
    }
  }
  NeighbourView view;
  view.capacity = 16;
  for (const auto &list : found) {
    view.capacity = std::max(view.capacity, (static_cast<int>(list.size()) + 15) / 16 * 16);
  }
  view.codes = (2 * reach[0] + 1) * (2 * reach[1] + 1) * (2 * reach[2] + 1);
  view.home = view.codes / 2;
  view.index_bits = 1;
  while ((std::int64_t{1} << view.index_bits) < n) {
    ++view.index_bits;
  }
  if ((std::int64_t{view.codes} << view.index_bits) > (std::int64_t{1} << 32)) {
    ADD_FAILURE() << "too many images for the test's neighbour words";
    return {};
  }
  view.atom_stride = kGpuShapes ? 1 : view.capacity;
  view.slot_stride = kGpuShapes ? n : 1;
  std::vector<std::uint32_t> words(static_cast<std::size_t>(n * view.capacity), 0xFFFFFFFFu);
  std::vector<std::int32_t> count(sites.size());
  for (std::size_t i = 0; i < sites.size(); ++i) {
    count[i] = static_cast<std::int32_t>(found[i].size());
    for (std::size_t slot = 0; slot < found[i].size(); ++slot) {
      const auto &[j, image] = found[i][slot];
      const int code =
          ((image[0] + reach[0]) * (2 * reach[1] + 1) + image[1] + reach[1]) * (2 * reach[2] + 1) + image[2] + reach[2];
      words[i * static_cast<std::size_t>(view.atom_stride) + slot * static_cast<std::size_t>(view.slot_stride)] =
          static_cast<std::uint32_t>(code) << view.index_bits | static_cast<std::uint32_t>(j);
    }
  }
  std::vector<double> shifts;
  for (const Atoms &atoms : batch) {
    for (int a = -reach[0]; a <= reach[0]; ++a) {
      for (int b = -reach[1]; b <= reach[1]; ++b) {
        for (int c = -reach[2]; c <= reach[2]; ++c) {
          const Vector3 shift = times(Vector3{double(a), double(b), double(c)}, atoms.cell.vectors);
          shifts.insert(shifts.end(), {shift[0], shift[1], shift[2], 0.0});
        }
      }
    }
  }

  const auto upload = [&](const auto &values) {
    using T = typename std::decay_t<decltype(values)>::value_type;
    DeviceBuffer<T> buffer(queue, static_cast<std::int64_t>(values.size()), "test data");
    buffer.upload(values.data());
    return buffer;
  };
  auto site_buffer = upload(sites);
  auto begin_buffer = upload(begin);
  auto count_buffer = upload(count);
  auto word_buffer = upload(words);
  auto shift_buffer = upload(shifts);
  DeviceBuffer<std::int32_t> halted(queue, 1, "halted");
  halted.zero();
  DeviceBuffer<double> energy(queue, n, "energies"), force(queue, 3 * n, "forces"), virial(queue, 6 * n, "virials");
  DeviceBuffer<std::int64_t> scattered(queue, 3 * n, "scattered forces");
  energy.zero();
  force.zero();
  virial.zero();
  scattered.zero();
  view.count = count_buffer.view();
  view.words = word_buffer.view();
  view.shifts = shift_buffer.view();
  const AtomsView atoms{site_buffer.view(), begin_buffer.view(), halted.view(), view};
  ForceView out;
  out.energy = energy.view();
  out.force = force.shaped(3, n);
  out.scattered = scattered.shaped(3, n);
  out.virial = virial.shaped(6, n);
  out.deterministic = deterministic ? 1 : 0;
  for (const auto &potential : potentials) {
    potential->reserve(n, view.capacity);
    potential->compute(atoms, out);
  }
  const auto size = static_cast<std::size_t>(n);
  std::vector<double> e(size), f(3 * size), w(6 * size);
  std::vector<std::int64_t> fixed(3 * size);
  energy.download(e.data());
  force.download(f.data());
  virial.download(w.data());
  scattered.download(fixed.data());
  std::vector<ForceResult> results(batch.size());
  for (std::size_t i = 0; i < size; ++i) {
    ForceResult &r = results[static_cast<std::size_t>(sites[i].system)];
    r.energies.push_back(e[i]);
    r.energy += e[i];
    Vector3 total{};
    for (std::size_t d = 0; d < 3; ++d) {
      double part = 0.0;
      if (deterministic) {
        part = static_cast<double>(fixed[d * size + i]) * kForceUnit;
      } else {
        memcpy(&part, &fixed[d * size + i], sizeof part);
      }
      total[d] = f[d * size + i] + part;
    }
    r.forces.push_back(total);
    constexpr std::size_t kRow[6] = {0, 1, 2, 1, 0, 0};
    constexpr std::size_t kColumn[6] = {0, 1, 2, 2, 2, 1};
    for (std::size_t c = 0; c < 6; ++c) {
      r.virial[kRow[c]][kColumn[c]] += w[c * size + i];
      if (c >= 3) {
        r.virial[kColumn[c]][kRow[c]] += w[c * size + i];
      }
    }
  }
  return results;
}

inline ForceResult forces_of(Queue &queue, const PotentialModel &model, const Atoms &atoms,
                             Arithmetic arithmetic = Arithmetic::float64, bool deterministic = true) {
  return forces_of_batch(queue, model, {atoms}, arithmetic, deterministic).front();
}

// Largest differences from a frame's own energy, forces and virial, relative to the size of each (forces: their largest
// component).
struct ForceDeviation {
  double energy = 0.0, force = 0.0, virial = 0.0;
};
inline ForceDeviation deviation(const ForceResult &got, const ForceResult &wanted) {
  ForceDeviation d;
  d.energy = std::abs(got.energy - wanted.energy) / std::max(1.0, std::abs(wanted.energy));
  double largest = 1e-3;
  double off = 0.0;
  for (std::size_t i = 0; i < wanted.forces.size(); ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      largest = std::max(largest, std::abs(wanted.forces[i][k]));
      off = std::max(off, std::abs(got.forces[i][k] - wanted.forces[i][k]));
    }
  }
  d.force = off / largest;
  largest = 1e-3;
  off = 0.0;
  for (std::size_t a = 0; a < 3; ++a) {
    for (std::size_t b = 0; b < 3; ++b) {
      largest = std::max(largest, std::abs(wanted.virial[a][b]));
      off = std::max(off, std::abs(got.virial[a][b] - wanted.virial[a][b]));
    }
  }
  d.virial = off / largest;
  return d;
}
inline ForceDeviation deviation(const ForceResult &got, const Atoms &frame) {
  ForceResult wanted;
  wanted.energy = frame.total_energy_eV;
  wanted.forces = frame.force_eV_A;
  wanted.virial = frame.virial_eV;
  return deviation(got, wanted);
}

// The cell and all atoms under the linear map x -> x m (row vectors).
inline Atoms mapped(Atoms atoms, const Matrix3 &m) {
  atoms.cell.vectors = times(atoms.cell.vectors, m);
  for (Vector3 &x : atoms.position_A) {
    x = times(x, m);
  }
  return atoms;
}

inline Atoms replicated(const Atoms &atoms, std::array<int, 3> times_each) {
  Atoms big = atoms;
  big.position_A.clear();
  big.type.clear();
  for (int a = 0; a < times_each[0]; ++a) {
    for (int b = 0; b < times_each[1]; ++b) {
      for (int c = 0; c < times_each[2]; ++c) {
        const Vector3 shift = times(Vector3{double(a), double(b), double(c)}, atoms.cell.vectors);
        for (std::size_t i = 0; i < atoms.size(); ++i) {
          const Vector3 &x = atoms.position_A[i];
          big.position_A.push_back({x[0] + shift[0], x[1] + shift[1], x[2] + shift[2]});
          big.type.push_back(atoms.type[i]);
        }
      }
    }
  }
  for (std::size_t k = 0; k < 3; ++k) {
    for (double &x : big.cell.vectors[k]) {
      x *= times_each[k];
    }
  }
  return big;
}

// bcc cells of lattice constant a (A), displaced by up to `disorder`, elements drawn at random; sheared a little when
// `triclinic`.
inline Atoms disordered_bcc(double a_A, std::array<int, 3> cells, double disorder_A, const std::vector<std::string> &elements,
                            bool triclinic, unsigned seed) {
  Atoms atoms;
  atoms.cell.vectors = {Vector3{a_A, 0, 0}, Vector3{0, a_A, 0}, Vector3{0, 0, a_A}};
  atoms.elements = elements;
  atoms.position_A = {{0, 0, 0}, {a_A / 2, a_A / 2, a_A / 2}};
  atoms.type = {0, 0};
  atoms = replicated(atoms, cells);
  reference::Sequence random(seed);
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    for (double &x : atoms.position_A[i]) {
      x += disorder_A * (2 * random.unit() - 1);
    }
    atoms.type[i] = static_cast<std::int32_t>(random.unit() * static_cast<double>(elements.size()));
  }
  if (triclinic) {
    atoms = mapped(atoms, {Vector3{1.02, 0, 0}, Vector3{0.06, 0.98, 0}, Vector3{-0.04, 0.05, 1.01}});
  }
  return atoms;
}

// Forces of a few atoms and the virial against central differences with steps h and h/2: the error, relative to the largest
// force, falls with h^2 (ratio 4) down to below `tolerance` at the Richardson extrapolation of both.
inline void expect_differences(Queue &queue, const PotentialModel &model, const Atoms &atoms, double tolerance,
                               double step_A = 2e-3) {
  const ForceResult at = forces_of(queue, model, atoms);
  double scale = 0.1;
  for (const Vector3 &f : at.forces) {
    scale = std::max({scale, std::abs(f[0]), std::abs(f[1]), std::abs(f[2])});
  }
  const auto slope = [&](double h, auto move) {
    const std::vector<ForceResult> both = forces_of_batch(queue, model, {move(h), move(-h)});
    return (both[0].energy - both[1].energy) / (2 * h);
  };
  const auto check = [&](const char *what, double analytic, double unit, auto move) {
    const double coarse = slope(step_A, move);
    const double fine = slope(step_A / 2, move);
    const double error_coarse = coarse - analytic;
    const double error_fine = fine - analytic;
    EXPECT_LT(std::abs((4 * fine - coarse) / 3 - analytic) / unit, tolerance)
        << what << ": " << analytic << " " << coarse << " " << fine;
    if (std::abs(error_fine) > 30 * tolerance * unit) {
      EXPECT_NEAR(error_coarse / error_fine, 4.0, 0.2) << what;
    }
  };
  for (std::size_t i : {std::size_t{0}, atoms.size() / 2, atoms.size() - 1}) {
    for (std::size_t d = 0; d < 3; ++d) {
      check("force", at.forces[i][d], scale, [&](double h) {
        Atoms moved = atoms;
        moved.position_A[i][d] -= h;
        return moved;
      });
    }
  }
  // x (1 + e): W_ab = -dE/de_ab, with the step scaled so that atoms at the edge of the cell move about as far.
  double virial_scale = 1.0;
  for (const Vector3 &row : at.virial) {
    virial_scale = std::max({virial_scale, std::abs(row[0]), std::abs(row[1]), std::abs(row[2])});
  }
  for (std::size_t a = 0; a < 3; ++a) {
    for (std::size_t b = 0; b < 3; ++b) {
      check("virial", at.virial[a][b] / 4, virial_scale / 4, [&](double h) {
        Matrix3 m{Vector3{1, 0, 0}, Vector3{0, 1, 0}, Vector3{0, 0, 1}};
        m[a][b] -= h / 4;
        return mapped(atoms, m);
      });
      if (testing::Test::HasFatalFailure()) {
        return;
      }
    }
  }
}

// Energy, forces and virial under rotation, translation through the boundary, permutation of atoms and replication of the cell.
inline void expect_invariances(Queue &queue, const PotentialModel &model, const Atoms &atoms, double tolerance,
                               Arithmetic arithmetic = Arithmetic::float64) {
  const ForceResult at = forces_of(queue, model, atoms, arithmetic);
  const auto expect_same = [&](const char *what, const ForceResult &got, const ForceResult &wanted) {
    const ForceDeviation d = deviation(got, wanted);
    EXPECT_LT(d.energy, tolerance) << what;
    EXPECT_LT(d.force, tolerance) << what;
    EXPECT_LT(d.virial, tolerance) << what;
  };
  // A rotation by 0.7 about (1, 2, 3).
  const double length = std::sqrt(14.0), c = std::cos(0.7), s = std::sin(0.7);
  const Vector3 u{1 / length, 2 / length, 3 / length};
  Matrix3 turn{};
  const Matrix3 cross{Vector3{0, -u[2], u[1]}, Vector3{u[2], 0, -u[0]}, Vector3{-u[1], u[0], 0}};
  for (std::size_t a = 0; a < 3; ++a) {
    for (std::size_t b = 0; b < 3; ++b) {
      turn[b][a] = (a == b ? c : 0.0) + s * cross[a][b] + (1 - c) * u[a] * u[b]; // transposed: row vectors
    }
  }
  ForceResult turned = at;
  for (Vector3 &f : turned.forces) {
    f = times(f, turn);
  }
  Matrix3 transposed{};
  for (std::size_t a = 0; a < 3; ++a) {
    for (std::size_t b = 0; b < 3; ++b) {
      transposed[a][b] = turn[b][a];
    }
  }
  turned.virial = times(times(transposed, at.virial), turn);
  expect_same("rotation", forces_of(queue, model, mapped(atoms, turn), arithmetic), turned);

  Atoms moved = atoms;
  for (std::size_t i = 0; i < moved.size(); ++i) {
    Vector3 shift{1.3, -2.1, 0.7};
    // Every third atom goes through the boundary of a periodic direction.
    if (i % 3 == 0) {
      for (std::size_t k = 0; k < 3; ++k) {
        for (std::size_t d = 0; d < 3 && atoms.cell.periodic[k]; ++d) {
          shift[d] += atoms.cell.vectors[k][d];
        }
      }
    }
    for (std::size_t d = 0; d < 3; ++d) {
      moved.position_A[i][d] += shift[d];
    }
  }
  expect_same("translation", forces_of(queue, model, moved, arithmetic), at);

  Atoms permuted = atoms;
  ForceResult order = at;
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    const std::size_t from = atoms.size() - 1 - i;
    permuted.position_A[i] = atoms.position_A[from];
    permuted.type[i] = atoms.type[from];
    order.forces[i] = at.forces[from];
  }
  expect_same("permutation", forces_of(queue, model, permuted, arithmetic), order);

  std::array<int, 3> copies{};
  for (std::size_t k = 0; k < 3; ++k) {
    copies[k] = atoms.cell.periodic[k] ? (k == 0 ? 2 : 1) : 1;
  }
  const int total = copies[0] * copies[1] * copies[2];
  ForceResult many = at;
  many.forces.clear();
  for (int k = 0; k < total; ++k) {
    many.forces.insert(many.forces.end(), at.forces.begin(), at.forces.end());
  }
  many.energy *= total;
  for (Vector3 &row : many.virial) {
    for (double &w : row) {
      w *= total;
    }
  }
  expect_same("replication", forces_of(queue, model, replicated(atoms, copies), arithmetic), many);

  // Forces sum to zero.
  Vector3 sum{};
  double largest = 1e-3;
  for (const Vector3 &f : at.forces) {
    for (std::size_t d = 0; d < 3; ++d) {
      sum[d] += f[d];
      largest = std::max(largest, std::abs(f[d]));
    }
  }
  for (double x : sum) {
    EXPECT_LT(std::abs(x) / largest, tolerance * std::sqrt(static_cast<double>(atoms.size()))) << "total force";
  }
}

} // namespace ZENER_BACKEND
} // namespace zener
