#include "tests/reference/crystal.hpp"

#include "tests/reference/philox.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <deque>
#include <limits>

namespace zener::reference {
namespace {

constexpr double kBoltzmann = 1.380649e-23 / 1.602176634e-19; // eV/K
constexpr int kFurthest = 12;                                 // squared distance up to which neighbours are listed

// Positions in the cell, in units of the lattice (half of a but for sc).
std::vector<Vector> basis(Structure structure) {
  switch (structure) {
  case Structure::bcc:
    return {{0, 0, 0}, {1, 1, 1}};
  case Structure::fcc:
    return {{0, 0, 0}, {0, 1, 1}, {1, 0, 1}, {1, 1, 0}};
  default:
    return {{0, 0, 0}};
  }
}

} // namespace

Crystal::Crystal(Structure structure, const std::array<int, 3> &cells) : structure_(structure) {
  const int unit = structure == Structure::sc ? 1 : 2;
  periods_ = {unit * cells[0], unit * cells[1], unit * cells[2]};
  for (int x = 0; x < cells[0]; ++x) {
    for (int y = 0; y < cells[1]; ++y) {
      for (int z = 0; z < cells[2]; ++z) {
        for (const Vector &b : basis(structure)) {
          coordinates_.push_back({unit * x + b[0], unit * y + b[1], unit * z + b[2]});
        }
      }
    }
  }
  by_distance_.resize(coordinates_.size());
  for (int i = 0; i < sites(); ++i) {
    auto &lists = by_distance_[static_cast<std::size_t>(i)];
    lists.resize(kFurthest + 1);
    for (int j = 0; j < sites(); ++j) {
      const int d2 = squared_distance(i, j);
      if (d2 <= kFurthest) {
        lists[static_cast<std::size_t>(d2)].push_back(j);
      }
    }
  }
  const int nearest = shell_distances(1)[0];
  for (const int j : at_distance(0, nearest)) {
    directions_.push_back(difference(0, j));
  }
  std::sort(directions_.begin(), directions_.end());
}

int Crystal::site(const Vector &anywhere) const {
  for (int i = 0; i < sites(); ++i) {
    bool same = true;
    for (std::size_t a = 0; a < 3; ++a) {
      same = same && (anywhere[a] - coordinates(i)[a]) % periods_[a] == 0;
    }
    if (same) {
      return i;
    }
  }
  return -1;
}

Vector Crystal::difference(int from, int to) const {
  Vector d{};
  for (std::size_t a = 0; a < 3; ++a) {
    d[a] = coordinates(to)[a] - coordinates(from)[a];
    while (2 * d[a] > periods_[a]) {
      d[a] -= periods_[a];
    }
    while (2 * d[a] < -periods_[a]) {
      d[a] += periods_[a];
    }
  }
  return d;
}

int Crystal::squared_distance(int i, int j) const {
  const Vector d = difference(i, j);
  return d[0] * d[0] + d[1] * d[1] + d[2] * d[2];
}

std::vector<int> Crystal::shell_distances(int shells) const {
  std::vector<int> found;
  for (int d2 = 1; static_cast<int>(found.size()) < shells; ++d2) {
    if (!by_distance_[0][static_cast<std::size_t>(d2)].empty()) {
      found.push_back(d2);
    }
  }
  return found;
}

const std::vector<int> &Crystal::at_distance(int site, int squared) const {
  return by_distance_[static_cast<std::size_t>(site)][static_cast<std::size_t>(squared)];
}

int Crystal::environment_squared() const { return structure_ == Structure::bcc ? 21 : (structure_ == Structure::sc ? 6 : 14); }

double crystal_energy(const PairKra &model, const Crystal &crystal, const std::vector<std::uint8_t> &occupancy) {
  double twice = 0.0;
  const std::vector<int> distances = crystal.shell_distances(model.shells);
  for (int shell = 0; shell < model.shells; ++shell) {
    for (int i = 0; i < crystal.sites(); ++i) {
      for (const int j : crystal.at_distance(i, distances[static_cast<std::size_t>(shell)])) {
        twice += model.pair(shell, occupancy[static_cast<std::size_t>(i)], occupancy[static_cast<std::size_t>(j)]);
      }
    }
  }
  return 0.5 * twice;
}

std::vector<int> crystal_bonds(const Crystal &crystal, const std::vector<std::uint8_t> &occupancy, int shells, int species) {
  std::vector<int> counts;
  const std::vector<int> distances = crystal.shell_distances(std::max(shells, 1));
  for (int shell = 0; shell < shells; ++shell) {
    for (int a = 1; a <= species; ++a) {
      for (int b = a; b <= species; ++b) {
        int ends = 0;
        for (int i = 0; i < crystal.sites(); ++i) {
          for (const int j : crystal.at_distance(i, distances[static_cast<std::size_t>(shell)])) {
            const int si = occupancy[static_cast<std::size_t>(i)];
            const int sj = occupancy[static_cast<std::size_t>(j)];
            ends += (si == a && sj == b) || (si == b && sj == a) ? 1 : 0;
          }
        }
        counts.push_back(ends / 2);
      }
    }
  }
  return counts;
}

double randomness_of(const std::vector<double> &weights) {
  const double n = static_cast<double>(weights.size());
  double sum = 0.0;
  for (const double w : weights) {
    sum += w;
  }
  double variance = 0.0;
  for (const double w : weights) {
    variance += (w / sum - 1.0 / n) * (w / sum - 1.0 / n) / n;
  }
  return 1.0 - std::sqrt(variance) / (std::sqrt(n - 1.0) / n);
}

namespace {

// One walker with its atoms told apart.
struct Walker {
  std::vector<std::uint8_t> occupancy;
  std::vector<int> vacancies;
  std::vector<int> atom;             // [site], -1 for a vacancy
  std::vector<int> species_of_atom;  // [atom]
  std::vector<Vector> moved;         // [atom]
  std::vector<Vector> vacancy_moved; // [vacancy]
};

bool can_be_energy(const KmcPlan &plan) { return std::holds_alternative<PairKra>(plan.model); }

double barrier_of(const KmcPlan &plan, const Crystal &crystal, std::vector<std::uint8_t> occupancy, int vacancy, int target) {
  if (!can_be_energy(plan)) {
    return std::get<ConstantBarrier>(plan.model).barrier_eV;
  }
  const PairKra &model = std::get<PairKra>(plan.model);
  const double before = crystal_energy(model, crystal, occupancy);
  const int jumping = occupancy[static_cast<std::size_t>(target)];
  std::swap(occupancy[static_cast<std::size_t>(vacancy)], occupancy[static_cast<std::size_t>(target)]);
  return model.migration_eV[static_cast<std::size_t>(jumping - 1)] + 0.5 * (crystal_energy(model, crystal, occupancy) - before);
}

int target_of(const Crystal &crystal, int site, const Vector &d) {
  const Vector c = crystal.coordinates(site);
  return crystal.site({c[0] + d[0], c[1] + d[1], c[2] + d[2]});
}

} // namespace

KmcState run_crystal(const KmcPlan &plan, const Crystal &crystal, const std::vector<std::uint8_t> &all, std::uint64_t steps) {
  const auto walkers = static_cast<std::size_t>(plan.walkers());
  const auto sites = static_cast<std::size_t>(crystal.sites());
  const auto species = static_cast<std::size_t>(plan.species());
  const auto n_vacancies = static_cast<std::size_t>(plan.vacancies);
  const auto n_counts = static_cast<std::size_t>(plan.order_shells * plan.pairs());
  KmcState s;
  s.hops = steps;
  s.occupancy = all;
  s.vacancy_site.assign(walkers * n_vacancies, 0);
  s.displacement.assign(3 * walkers * n_vacancies, 0);
  s.time_s.assign(walkers, 0.0);
  s.walker_hops.assign(walkers, 0);
  s.status.assign(walkers, 0);
  s.pair_counts.assign(n_counts * walkers, 0);
  s.pair_time.assign(n_counts * walkers, 0.0);
  s.pair_hops.assign(n_counts * walkers, 0);
  s.averaged_time_s.assign(walkers, 0.0);
  s.averaged_hops.assign(walkers, 0);
  s.contacts.assign(n_vacancies > 1 && !plan.swaps() ? walkers : 0, 0);
  s.randomness.assign(plan.randomness ? 2 * walkers : 0, 0.0);
  s.randomness_histogram.assign(plan.randomness ? plan.groups.size() * kRandomnessBins : 0, 0);
  s.jumps.assign(plan.transport || plan.tracers ? species * walkers : 0, 0);
  s.collective.assign(plan.transport ? 3 * species * walkers : 0, 0);
  s.squared.assign(plan.tracers ? species * walkers : 0, 0);
  s.energy.assign(plan.swaps() ? walkers : 0, 0);
  s.accepted.assign(plan.swaps() ? walkers : 0, 0);

  for (std::size_t w = 0; w < walkers; ++w) {
    Walker walker;
    walker.occupancy.assign(all.begin() + static_cast<std::ptrdiff_t>(w * sites),
                            all.begin() + static_cast<std::ptrdiff_t>((w + 1) * sites));
    for (std::size_t i = 0; i < sites; ++i) {
      if (walker.occupancy[i] == 0) {
        walker.vacancies.push_back(static_cast<int>(i));
        walker.atom.push_back(-1);
      } else {
        walker.atom.push_back(static_cast<int>(walker.moved.size()));
        walker.species_of_atom.push_back(walker.occupancy[i] - 1);
        walker.moved.push_back({0, 0, 0});
      }
    }
    walker.vacancy_moved.assign(n_vacancies, {0, 0, 0});
    const std::size_t group = w / static_cast<std::size_t>(plan.replicas);
    const double kT = kBoltzmann * plan.groups[group].temperature_K;
    const std::uint32_t owner = plan.first_walker + static_cast<std::uint32_t>(w);

    for (std::uint64_t step = 0; step < steps; ++step) {
      const bool averaged = step >= plan.averages_from_hop;
      if (plan.swaps()) {
        const Bits128 random = draw(3, plan.seed, owner, step, 0);
        const auto pick = [&](std::uint64_t bits) {
          return static_cast<std::size_t>((static_cast<unsigned __int128>(bits) * sites) >> 64);
        };
        const std::size_t a = pick(random.low);
        const std::size_t b = pick(random.high);
        const PairKra &model = std::get<PairKra>(plan.model);
        if (walker.occupancy[a] != walker.occupancy[b]) {
          const double before = crystal_energy(model, crystal, walker.occupancy);
          std::swap(walker.occupancy[a], walker.occupancy[b]);
          const double change = crystal_energy(model, crystal, walker.occupancy) - before;
          const double u = static_cast<double>(draw(3, plan.seed, owner, step, 1).low / 2048) / 9007199254740992.0;
          if (change > 0.0 && u >= std::exp(-change / kT)) {
            std::swap(walker.occupancy[a], walker.occupancy[b]);
          } else {
            ++s.accepted[w];
            for (int &site : walker.vacancies) {
              if (site == static_cast<int>(a) || site == static_cast<int>(b)) {
                site = static_cast<int>(a) + static_cast<int>(b) - site;
              }
            }
          }
        }
        if (averaged) {
          const auto counts = crystal_bonds(crystal, walker.occupancy, plan.order_shells, plan.species());
          for (std::size_t q = 0; q < n_counts; ++q) {
            s.pair_hops[q * walkers + w] += counts[q];
          }
          ++s.averaged_hops[w];
        }
        continue;
      }

      const auto &directions = crystal.directions();
      const std::size_t paths = directions.size();
      std::vector<double> barrier(n_vacancies * paths, std::numeric_limits<double>::infinity());
      for (std::size_t v = 0; v < n_vacancies; ++v) {
        for (std::size_t p = 0; p < paths; ++p) {
          const int target = target_of(crystal, walker.vacancies[v], directions[p]);
          if (walker.occupancy[static_cast<std::size_t>(target)] != 0) {
            barrier[v * paths + p] = barrier_of(plan, crystal, walker.occupancy, walker.vacancies[v], target);
          }
        }
      }
      const double lowest = *std::min_element(barrier.begin(), barrier.end());
      std::vector<double> weight;
      double sum = 0.0;
      for (const double e : barrier) {
        weight.push_back(std::exp((lowest - e) / kT));
        sum += weight.back();
      }
      const Bits128 random = draw(2, plan.seed, owner, step, 0);
      const double choice = static_cast<double>(random.low / 2048) / 9007199254740992.0;
      const double u = (static_cast<double>(random.high / 2048) + 1.0) / 9007199254740992.0;
      std::size_t path = 0;
      for (double reached = weight[0]; reached <= choice * sum && path + 1 < weight.size(); reached += weight[path]) {
        ++path;
      }
      const double residence = -std::log(u) / (plan.attempt_frequency_per_s * sum) * std::exp(lowest / kT);
      const std::size_t v = path / paths;
      if (averaged) {
        const auto counts = crystal_bonds(crystal, walker.occupancy, plan.order_shells, plan.species());
        for (std::size_t q = 0; q < n_counts; ++q) {
          s.pair_hops[q * walkers + w] += counts[q];
          s.pair_time[q * walkers + w] += counts[q] * residence;
        }
        ++s.averaged_hops[w];
        s.averaged_time_s[w] += residence;
        if (plan.randomness) {
          const auto own = weight.begin() + static_cast<std::ptrdiff_t>(v * paths);
          const double r = randomness_of({own, own + static_cast<std::ptrdiff_t>(paths)});
          s.randomness[w] += r;
          s.randomness[walkers + w] += r * r;
          const auto bin = static_cast<std::size_t>(std::clamp(static_cast<int>(r * kRandomnessBins), 0, kRandomnessBins - 1));
          ++s.randomness_histogram[group * kRandomnessBins + bin];
        }
        for (std::size_t one = 0; one < n_vacancies && n_vacancies > 1; ++one) {
          bool seen = false;
          for (std::size_t other = 0; other < n_vacancies; ++other) {
            seen = seen || (other != one && crystal.squared_distance(walker.vacancies[one], walker.vacancies[other]) <=
                                                crystal.environment_squared());
          }
          s.contacts[w] += seen ? 1 : 0;
        }
      }
      s.time_s[w] += residence;
      ++s.walker_hops[w];
      const Vector d = directions[path % paths];
      const auto from = static_cast<std::size_t>(walker.vacancies[v]);
      const auto target = static_cast<std::size_t>(target_of(crystal, walker.vacancies[v], d));
      const auto atom = static_cast<std::size_t>(walker.atom[target]);
      std::swap(walker.occupancy[from], walker.occupancy[target]);
      std::swap(walker.atom[from], walker.atom[target]);
      walker.vacancies[v] = static_cast<int>(target);
      for (std::size_t a = 0; a < 3; ++a) {
        walker.vacancy_moved[v][a] += d[a];
        walker.moved[atom][a] -= d[a];
      }
      if (!s.jumps.empty()) {
        ++s.jumps[static_cast<std::size_t>(walker.species_of_atom[atom]) * walkers + w];
      }
    }

    std::copy(walker.occupancy.begin(), walker.occupancy.end(), s.occupancy.begin() + static_cast<std::ptrdiff_t>(w * sites));
    for (std::size_t v = 0; v < n_vacancies; ++v) {
      s.vacancy_site[w * n_vacancies + v] = walker.vacancies[v];
      for (std::size_t a = 0; a < 3; ++a) {
        s.displacement[(a * walkers + w) * n_vacancies + v] = walker.vacancy_moved[v][a];
      }
    }
    const auto counts = crystal_bonds(crystal, walker.occupancy, plan.order_shells, plan.species());
    for (std::size_t q = 0; q < n_counts; ++q) {
      s.pair_counts[q * walkers + w] = counts[q];
    }
    for (std::size_t atom = 0; atom < walker.moved.size(); ++atom) {
      const Vector &r = walker.moved[atom];
      const auto of = static_cast<std::size_t>(walker.species_of_atom[atom]);
      if (plan.tracers) {
        s.squared[of * walkers + w] += r[0] * r[0] + r[1] * r[1] + r[2] * r[2];
      }
      for (std::size_t a = 0; a < 3 && plan.transport; ++a) {
        s.collective[(of * 3 + a) * walkers + w] += r[a];
      }
    }
    if (plan.swaps()) {
      s.walker_hops[w] = steps;
      s.energy[w] = std::llround(crystal_energy(std::get<PairKra>(plan.model), crystal, walker.occupancy) * 0x1p40);
    }
  }
  return s;
}

std::vector<std::int32_t> crystal_clusters(const Crystal &crystal, const std::vector<std::uint8_t> &marks, int link_squared) {
  std::vector<std::int32_t> label(marks.size(), -1);
  for (int start = 0; start < crystal.sites(); ++start) {
    if (marks[static_cast<std::size_t>(start)] == 0 || label[static_cast<std::size_t>(start)] >= 0) {
      continue;
    }
    std::deque<int> queue{start};
    label[static_cast<std::size_t>(start)] = start;
    while (!queue.empty()) {
      const int site = queue.front();
      queue.pop_front();
      for (int d2 = 1; d2 <= link_squared; ++d2) {
        for (const int other : crystal.at_distance(site, d2)) {
          if (marks[static_cast<std::size_t>(other)] != 0 && label[static_cast<std::size_t>(other)] < 0) {
            label[static_cast<std::size_t>(other)] = start;
            queue.push_back(other);
          }
        }
      }
    }
  }
  return label;
}

} // namespace zener::reference
