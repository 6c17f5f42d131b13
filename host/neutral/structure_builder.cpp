#include "host/neutral/structure_builder.hpp"

#include "host/neutral/atom_files.hpp"
#include "host/neutral/atom_files_parts.hpp"
#include "host/neutral/elements.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/hops.hpp"
#include "host/neutral/preset_parts.hpp"
#include "host/neutral/splitmix.hpp"
#include "host/neutral/text.hpp"
#include "host/neutral/transport.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace zener {
namespace {

constexpr std::int64_t kMostAtoms = std::int64_t{1} << 30;

// Words that keep the streams of random numbers apart.
enum class Draw : std::uint64_t { alloy = 1, vacancies = 2, displacement = 3, velocity = 4 };

// A unit cell: vectors in units of a, sites as fractions of them.
struct UnitCell {
  Matrix3 vectors{Vector3{1, 0, 0}, Vector3{0, 1, 0}, Vector3{0, 0, 1}};
  std::vector<Vector3> sites;
  std::vector<int> sublattice;
  bool cubic = true;
};

const std::vector<std::string> kLattices{"bcc", "sc", "fcc", "diamond", "hcp", "hcp_primitive", "omega", "b2", "l12"};

UnitCell unit_cell(const std::string &lattice, double c_over_a) {
  const double root3 = std::sqrt(3.0);
  UnitCell cell;
  const std::vector<Vector3> fcc{{0, 0, 0}, {0, 0.5, 0.5}, {0.5, 0, 0.5}, {0.5, 0.5, 0}};
  if (lattice == "sc") {
    cell.sites = {{0, 0, 0}};
  } else if (lattice == "bcc" || lattice == "b2") {
    cell.sites = {{0, 0, 0}, {0.5, 0.5, 0.5}};
  } else if (lattice == "fcc" || lattice == "l12") {
    cell.sites = fcc;
  } else if (lattice == "diamond") {
    cell.sites = fcc;
    for (const Vector3 &x : fcc) {
      cell.sites.push_back({x[0] + 0.25, x[1] + 0.25, x[2] + 0.25});
    }
  } else {
    cell.cubic = false;
    const double c = c_over_a > 0.0 ? c_over_a : (lattice == "omega" ? std::sqrt(3.0 / 8.0) : std::sqrt(8.0 / 3.0));
    if (lattice == "hcp") {
      cell.vectors = {Vector3{1, 0, 0}, Vector3{0, root3, 0}, Vector3{0, 0, c}};
      cell.sites = {{0, 0, 0}, {0.5, 0.5, 0}, {0.5, 5.0 / 6.0, 0.5}, {0, 1.0 / 3.0, 0.5}};
    } else {
      cell.vectors = {Vector3{1, 0, 0}, Vector3{-0.5, 0.5 * root3, 0}, Vector3{0, 0, c}};
      cell.sites = lattice == "omega"
                       ? std::vector<Vector3>{{0, 0, 0}, {1.0 / 3.0, 2.0 / 3.0, 0.5}, {2.0 / 3.0, 1.0 / 3.0, 0.5}}
                       : std::vector<Vector3>{{1.0 / 3.0, 2.0 / 3.0, 0.25}, {2.0 / 3.0, 1.0 / 3.0, 0.75}};
    }
  }
  cell.sublattice.assign(cell.sites.size(), 0);
  if (lattice == "b2") {
    cell.sublattice[1] = 1;
  } else if (lattice == "l12") {
    cell.sublattice = {0, 1, 1, 1}; // A B3: A on the corners
  }
  return cell;
}

// The cell of a cubic crystal whose axes are three perpendicular directions. In units of a quarter of a everything is whole.
UnitCell oriented(const UnitCell &cell, const std::array<std::array<int, 3>, 3> &axes) {
  const auto dot = [](const std::array<int, 3> &a, const std::array<int, 3> &b) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  };
  std::array<int, 3> squared{};
  for (std::size_t k = 0; k < 3; ++k) {
    const bool small = std::all_of(axes[k].begin(), axes[k].end(), [](int x) { return std::abs(x) <= 20; });
    squared[k] = small ? dot(axes[k], axes[k]) : 0;
    if (squared[k] == 0) {
      throw ConfigError(fmt::format("the direction {} {} {} of an orientation is zero or has indices above 20", axes[k][0],
                                    axes[k][1], axes[k][2]));
    }
  }
  const std::array<int, 3> cross{axes[0][1] * axes[1][2] - axes[0][2] * axes[1][1],
                                 axes[0][2] * axes[1][0] - axes[0][0] * axes[1][2],
                                 axes[0][0] * axes[1][1] - axes[0][1] * axes[1][0]};
  if (dot(axes[0], axes[1]) != 0 || dot(axes[1], axes[2]) != 0 || dot(axes[0], axes[2]) != 0 || dot(cross, axes[2]) < 0) {
    throw ConfigError("the directions of an orientation must be perpendicular to each other and right-handed");
  }
  UnitCell out;
  std::array<int, 3> low{};
  std::array<int, 3> high{};
  for (std::size_t k = 0; k < 3; ++k) {
    out.vectors[k] = Vector3{};
    out.vectors[k][k] = std::sqrt(1.0 * squared[k]);
    for (std::size_t d = 0; d < 3; ++d) {
      low[d] += std::min(axes[k][d], 0);
      high[d] += std::max(axes[k][d], 0);
    }
  }
  for (int x = low[0] - 1; x <= high[0]; ++x) {
    for (int y = low[1] - 1; y <= high[1]; ++y) {
      for (int z = low[2] - 1; z <= high[2]; ++z) {
        for (std::size_t s = 0; s < cell.sites.size(); ++s) {
          const auto quarters = [&](int cells, double fraction) {
            return 4 * cells + static_cast<int>(std::lround(4.0 * fraction));
          };
          const std::array<int, 3> r{quarters(x, cell.sites[s][0]), quarters(y, cell.sites[s][1]),
                                     quarters(z, cell.sites[s][2])};
          Vector3 fraction{};
          bool inside = true;
          for (std::size_t k = 0; k < 3; ++k) {
            const int along = dot(r, axes[k]);
            inside = inside && along >= 0 && along < 4 * squared[k];
            fraction[k] = along / (4.0 * squared[k]);
          }
          if (inside) {
            out.sites.push_back(fraction);
            out.sublattice.push_back(cell.sublattice[s]);
          }
        }
      }
    }
  }
  return out;
}

Atoms crystal(const StructureSpec &spec, const UnitCell &cell) {
  std::int64_t count = static_cast<std::int64_t>(cell.sites.size());
  for (const int n : spec.cells) {
    if (n < 1 || n > 100000 || count > kMostAtoms / n) {
      throw ConfigError(fmt::format("{} x {} x {} cells are not possible: at least 1 along each side and at most {} atoms",
                                    spec.cells[0], spec.cells[1], spec.cells[2], kMostAtoms));
    }
    count *= n;
  }
  if (!(spec.a_A > 0.1 && spec.a_A < 1000.0) || (spec.c_over_a != 0.0 && !(spec.c_over_a > 0.01 && spec.c_over_a < 100.0))) {
    throw ConfigError(fmt::format("a lattice constant of {} A with c/a {} is not possible", spec.a_A, spec.c_over_a));
  }
  Atoms atoms;
  atoms.position_A.reserve(static_cast<std::size_t>(count));
  Matrix3 unit = cell.vectors;
  for (std::size_t k = 0; k < 3; ++k) {
    for (std::size_t d = 0; d < 3; ++d) {
      unit[k][d] *= spec.a_A;
      atoms.cell.vectors[k][d] = unit[k][d] * spec.cells[k];
    }
  }
  const int sublattices = *std::max_element(cell.sublattice.begin(), cell.sublattice.end()) + 1;
  if (spec.composition.empty() && spec.elements.size() != static_cast<std::size_t>(sublattices)) {
    throw ConfigError(fmt::format("the lattice {} needs {} element{}, {} are given", spec.lattice, sublattices,
                                  sublattices == 1 ? "" : "s", spec.elements.size()));
  }
  for (int x = 0; x < spec.cells[0]; ++x) {
    for (int y = 0; y < spec.cells[1]; ++y) {
      for (int z = 0; z < spec.cells[2]; ++z) {
        for (std::size_t s = 0; s < cell.sites.size(); ++s) {
          atoms.position_A.push_back(times(Vector3{x + cell.sites[s][0], y + cell.sites[s][1], z + cell.sites[s][2]}, unit));
          atoms.type.push_back(
              spec.composition.empty() ? type_of(atoms, spec.elements[static_cast<std::size_t>(cell.sublattice[s])]) : 0);
        }
      }
    }
  }
  return atoms;
}

// Exact counts, then Fisher and Yates's shuffle.
void mix(Atoms &atoms, const StructureSpec &spec) {
  std::vector<double> parts;
  for (const auto &[element, part] : spec.composition) {
    if (!(part > 0.0) || !std::isfinite(part)) {
      throw ConfigError(fmt::format("{} has {} parts in the composition, a positive number is needed", element, part));
    }
    atoms.elements.push_back(element);
    parts.push_back(part);
  }
  const std::vector<std::int64_t> counts = atom_counts(parts, static_cast<std::int64_t>(atoms.size()));
  std::size_t at = 0;
  for (std::size_t e = 0; e < counts.size(); ++e) {
    for (std::int64_t k = 0; k < counts[e]; ++k) {
      atoms.type[at++] = static_cast<std::int32_t>(e);
    }
  }
  SplitMix64 random({spec.seed, static_cast<std::uint64_t>(Draw::alloy)});
  shuffle(atoms.type, random);
}

double length(const Vector3 &v) { return std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]); }

// Everything that defects share: the perfect crystal, what is gone from it and what is added.
class Defects {
public:
  Defects(const Atoms &perfect, const StructureSpec &spec, const Matrix3 &axes, bool cubic)
      : perfect_(perfect), spec_(spec), axes_(axes), cubic_(cubic), gone_(perfect.size(), false) {}

  void apply(const DefectSpec &defect, std::size_t number) {
    if (defect.kind == "vacancies") {
      vacancies(defect, number);
    } else if (defect.kind == "vacancy_cluster") {
      cluster(defect);
    } else {
      interstitial(defect);
    }
  }

  Atoms result() const {
    Atoms out = perfect_;
    out.position_A.clear();
    out.type.clear();
    for (std::size_t i = 0; i < perfect_.size(); ++i) {
      if (!gone_[i]) {
        out.position_A.push_back(perfect_.position_A[i]);
        out.type.push_back(perfect_.type[i]);
      }
    }
    for (const auto &[element, x] : added_) {
      out.type.push_back(type_of(out, element));
      out.position_A.push_back(x);
    }
    if (out.size() == 0) {
      throw ConfigError("the defects leave no atom");
    }
    return out;
  }

private:
  std::size_t site(std::int64_t index) const {
    if (index < 0 || static_cast<std::size_t>(index) >= perfect_.size()) {
      throw ConfigError(fmt::format("the site {} of a defect is not there; allowed: 0 to {}", index, perfect_.size() - 1));
    }
    if (gone_[static_cast<std::size_t>(index)]) {
      throw ConfigError(fmt::format("the site {} of a defect has lost its atom to another", index));
    }
    return static_cast<std::size_t>(index);
  }

  void check_count(std::int64_t count) const {
    const std::int64_t there = std::count(gone_.begin(), gone_.end(), false);
    if (count < 1 || count >= there) {
      throw ConfigError(fmt::format("{} vacancies in {} atoms are not possible", count, there));
    }
  }

  void vacancies(const DefectSpec &defect, std::size_t number) {
    for (const std::int64_t index : defect.sites) {
      gone_[site(index)] = true;
    }
    if (!defect.sites.empty()) {
      return;
    }
    check_count(defect.count);
    std::vector<std::size_t> there;
    for (std::size_t i = 0; i < gone_.size(); ++i) {
      if (!gone_[i]) {
        there.push_back(i);
      }
    }
    SplitMix64 random({spec_.seed, static_cast<std::uint64_t>(Draw::vacancies), number});
    for (std::size_t k = 0; k < static_cast<std::size_t>(defect.count); ++k) {
      std::swap(there[k], there[k + random.below(there.size() - k)]);
      gone_[there[k]] = true;
    }
  }

  void cluster(const DefectSpec &defect) {
    check_count(defect.count);
    if (defect.count > 1000) {
      throw ConfigError(fmt::format("a cluster of {} vacancies is not possible; at most 1000", defect.count));
    }
    const std::size_t first = site(defect.sites.empty() ? 0 : defect.sites[0]);
    for (const std::size_t i : compact_cluster(perfect_, first, static_cast<std::size_t>(defect.count), gone_)) {
      gone_[i] = true;
    }
  }

  // A vector of the cubic crystal (units of a) in the frame of the cell.
  Vector3 turned(const Vector3 &v) const {
    Vector3 out{};
    for (std::size_t k = 0; k < 3; ++k) {
      out[k] = spec_.a_A * (v[0] * axes_[k][0] + v[1] * axes_[k][1] + v[2] * axes_[k][2]);
    }
    return out;
  }

  void interstitial(const DefectSpec &defect) {
    const bool known = spec_.lattice == "bcc" || spec_.lattice == "fcc" || spec_.lattice == "b2" || spec_.lattice == "l12";
    if (!cubic_ || !known) {
      throw ConfigError(
          fmt::format("an interstitial \"{}\" is known in bcc, fcc, b2 and l12, not in {}", defect.kind, spec_.lattice));
    }
    if (defect.sites.size() > 1) {
      throw ConfigError("an interstitial has one site");
    }
    const std::size_t i = site(defect.sites.empty() ? 0 : defect.sites[0]);
    const Vector3 x = perfect_.position_A[i];
    const std::string here = perfect_.elements[static_cast<std::size_t>(perfect_.type[i])];
    const std::string element = defect.element.empty() ? here : defect.element;
    const auto at = [&](const Vector3 &shift) { return Vector3{x[0] + shift[0], x[1] + shift[1], x[2] + shift[2]}; };
    const bool body = spec_.lattice == "bcc" || spec_.lattice == "b2";
    const double neighbour = body ? std::sqrt(0.75) : std::sqrt(0.5); // units of a
    Vector3 direction{};
    if (defect.kind == "dumbbell" || defect.kind == "crowdion") {
      if (defect.direction != "100" && defect.direction != "110" && defect.direction != "111") {
        throw ConfigError(fmt::format("the direction {} of a {} is not known; allowed: 100, 110, 111",
                                      in_quotes(defect.direction), defect.kind));
      }
      for (std::size_t d = 0; d < 3; ++d) {
        direction[d] = defect.direction[d] - '0';
      }
    }
    const double norm = length(direction);
    if (defect.kind == "dumbbell") {
      const double half = 0.5 * 0.8 * neighbour / norm; // apart: 0.8 distances of nearest neighbours
      gone_[i] = true;
      added_.emplace_back(here, at(turned({half * direction[0], half * direction[1], half * direction[2]})));
      added_.emplace_back(element, at(turned({-half * direction[0], -half * direction[1], -half * direction[2]})));
    } else if (defect.kind == "crowdion") {
      // The distance of atoms in rows along the direction: bcc 1, sqrt 2, sqrt 3 / 2; fcc 1, 1 / sqrt 2, sqrt 3 (times a).
      const double step = (body && defect.direction == "111") || (!body && defect.direction == "110") ? 0.25 : 0.5;
      added_.emplace_back(element, at(turned({step * direction[0], step * direction[1], step * direction[2]})));
    } else if (defect.kind == "octahedral") {
      added_.emplace_back(element, at(turned({0.5, 0, 0})));
    } else if (defect.kind == "tetrahedral") {
      added_.emplace_back(element, at(turned(body ? Vector3{0.5, 0.25, 0} : Vector3{0.25, 0.25, 0.25})));
    } else {
      throw ConfigError(fmt::format("the defect {} is not known; allowed: vacancies, vacancy_cluster, dumbbell, crowdion, "
                                    "octahedral, tetrahedral",
                                    in_quotes(defect.kind)));
    }
  }

  const Atoms &perfect_;
  const StructureSpec &spec_;
  Matrix3 axes_; // unit vectors x, y, z of the cell in the cubic crystal
  bool cubic_;
  std::vector<bool> gone_;
  std::vector<std::pair<std::string, Vector3>> added_;
};

// A number with the normal distribution (Box and Muller), from two draws.
double gaussian(SplitMix64 &random) {
  const double u = (static_cast<double>(random.next() >> 11) + 0.5) * 0x1p-53;
  const double v = static_cast<double>(random.next() >> 11) * 0x1p-53;
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

std::uint64_t id_of(const Atoms &atoms, std::size_t i) {
  return static_cast<std::uint64_t>(atoms.id.empty() ? static_cast<std::int64_t>(i) + 1 : atoms.id[i]);
}

void add_surface(Atoms &atoms, const SurfaceSpec &surface) {
  if (surface.axis < 0 || surface.axis > 2 || !(surface.vacuum_A >= 0.0 && surface.vacuum_A < 1e6)) {
    throw ConfigError(
        fmt::format("a surface along axis {} with {} A of vacuum is not possible", surface.axis, surface.vacuum_A));
  }
  const auto k = static_cast<std::size_t>(surface.axis);
  Vector3 &vector = atoms.cell.vectors[k];
  const double thickness = thicknesses(atoms.cell)[k];
  const double factor = 1.0 + surface.vacuum_A / thickness;
  for (Vector3 &x : atoms.position_A) {
    for (std::size_t d = 0; d < 3; ++d) {
      x[d] += 0.5 * (factor - 1.0) * vector[d];
    }
  }
  for (double &value : vector) {
    value *= factor;
  }
  atoms.cell.periodic[k] = false;
}

} // namespace

std::vector<std::size_t> compact_cluster(const Atoms &crystal, std::size_t first, std::size_t count, std::vector<bool> gone) {
  if (first >= crystal.size()) {
    throw ConfigError(fmt::format("site {} is not there; the crystal has {} sites, counted from 0", first, crystal.size()));
  }
  std::vector<double> sum(crystal.size(), 0.0);
  std::vector<double> nearest(crystal.size(), 1e300);
  std::vector<std::size_t> cluster{first};
  gone.resize(crystal.size(), false);
  gone[first] = true;
  while (cluster.size() < count) {
    std::size_t best = crystal.size();
    for (std::size_t i = 0; i < crystal.size(); ++i) {
      if (gone[i]) {
        continue;
      }
      const double d = length(shortest(crystal, cluster.back(), i));
      sum[i] += d * d;
      nearest[i] = std::min(nearest[i], d);
      const auto worse = [&](double a, double b) { return a > b * (1.0 + 1e-9); };
      if (best == crystal.size() || worse(nearest[best], nearest[i]) ||
          (!worse(nearest[i], nearest[best]) && worse(sum[best], sum[i]))) {
        best = i;
      }
    }
    if (best == crystal.size()) {
      throw ConfigError(fmt::format("a cluster of {} sites does not fit into a crystal of {}", count, crystal.size()));
    }
    gone[best] = true;
    cluster.push_back(best);
  }
  return cluster;
}

Atoms build_structure(const StructureSpec &spec) {
  if (!spec.file.empty()) {
    AtomReadOptions options;
    options.type_elements = spec.type_elements;
    options.first = spec.frame;
    options.last = spec.frame;
    return read_atoms(spec.file, options).at(0);
  }
  if (std::find(kLattices.begin(), kLattices.end(), spec.lattice) == kLattices.end()) {
    throw ConfigError("the lattice " + in_quotes(spec.lattice) + " is not known; allowed: " + join(kLattices, ", ") +
                      did_you_mean(spec.lattice, kLattices));
  }
  for (const std::string &element : spec.elements) {
    if (!atomic_number(element)) {
      throw ConfigError(in_quotes(element) + " is no symbol of an element");
    }
  }
  UnitCell cell = unit_cell(spec.lattice, spec.c_over_a);
  const bool cubic = cell.cubic;
  Matrix3 axes{Vector3{1, 0, 0}, Vector3{0, 1, 0}, Vector3{0, 0, 1}};
  if (spec.orientation) {
    if (!cubic) {
      throw ConfigError("an orientation is possible for cubic crystals only, not for " + spec.lattice);
    }
    cell = oriented(cell, *spec.orientation);
    for (std::size_t k = 0; k < 3; ++k) {
      const std::array<int, 3> &m = (*spec.orientation)[k];
      const double norm = length(Vector3{1.0 * m[0], 1.0 * m[1], 1.0 * m[2]});
      axes[k] = {m[0] / norm, m[1] / norm, m[2] / norm};
    }
  }
  Atoms atoms = crystal(spec, cell);
  if (!spec.composition.empty()) {
    mix(atoms, spec);
  }
  if (!spec.defects.empty()) {
    Defects defects(atoms, spec, axes, cubic);
    for (std::size_t d = 0; d < spec.defects.size(); ++d) {
      defects.apply(spec.defects[d], d);
    }
    atoms = defects.result();
  }
  if (spec.surface) {
    add_surface(atoms, *spec.surface);
  }
  if (spec.displacement_A > 0.0) {
    displace(atoms, spec.displacement_A, spec.seed);
  }
  return atoms;
}

void displace(Atoms &atoms, double standard_deviation_A, std::uint32_t seed) {
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    SplitMix64 random({seed, static_cast<std::uint64_t>(Draw::displacement), id_of(atoms, i)});
    for (double &x : atoms.position_A[i]) {
      x += standard_deviation_A * gaussian(random);
    }
  }
}

double kinetic_temperature_K(const Atoms &atoms) {
  if (atoms.size() < 2 || atoms.velocity_A_ps.size() != atoms.size()) {
    return 0.0;
  }
  double twice_eV = 0.0;
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    const double v = length(atoms.velocity_A_ps[i]) / atom_files::kRootEvPerAmu_A_ps;
    twice_eV += atom_files::mass_of(atoms, static_cast<std::size_t>(atoms.type[i])) * v * v;
  }
  return twice_eV / (3.0 * static_cast<double>(atoms.size() - 1) * kBoltzmannConstant_eV_per_K);
}

void set_velocities(Atoms &atoms, double temperature_K, std::uint32_t seed, bool exact) {
  if (!(temperature_K >= 0.0) || !std::isfinite(temperature_K)) {
    throw ConfigError(fmt::format("a temperature of {} K is not possible", temperature_K));
  }
  const std::size_t n = atoms.size();
  atoms.velocity_A_ps.assign(n, Vector3{});
  if (n < 2 || temperature_K == 0.0) {
    return; // one atom without momentum rests
  }
  // Sums go by id, so that they do not depend on the order.
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return id_of(atoms, a) < id_of(atoms, b); });
  const auto mass = [&](std::size_t i) { return atom_files::mass_of(atoms, static_cast<std::size_t>(atoms.type[i])); };
  Vector3 momentum{};
  double total_mass = 0.0;
  for (const std::size_t i : order) {
    SplitMix64 random({seed, static_cast<std::uint64_t>(Draw::velocity), id_of(atoms, i)});
    const double width = std::sqrt(kBoltzmannConstant_eV_per_K * temperature_K / mass(i)) * atom_files::kRootEvPerAmu_A_ps;
    for (std::size_t d = 0; d < 3; ++d) {
      atoms.velocity_A_ps[i][d] = width * gaussian(random);
      momentum[d] += mass(i) * atoms.velocity_A_ps[i][d];
    }
    total_mass += mass(i);
  }
  double twice_eV = 0.0;
  for (const std::size_t i : order) {
    for (std::size_t d = 0; d < 3; ++d) {
      atoms.velocity_A_ps[i][d] -= momentum[d] / total_mass;
    }
    const double v = length(atoms.velocity_A_ps[i]) / atom_files::kRootEvPerAmu_A_ps;
    twice_eV += mass(i) * v * v;
  }
  if (exact) {
    const double now_K = twice_eV / (3.0 * static_cast<double>(n - 1) * kBoltzmannConstant_eV_per_K);
    const double factor = std::sqrt(temperature_K / now_K);
    for (Vector3 &v : atoms.velocity_A_ps) {
      for (double &value : v) {
        value *= factor;
      }
    }
  }
}

} // namespace zener
