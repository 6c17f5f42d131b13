#include "host/engine/atoms_engine.hpp"

#include "host/engine/analysis_engine.hpp"
#include "host/engine/box_of.hpp"
#include "host/engine/potentials.hpp"
#include "host/neutral/elements.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/kmc_plan.hpp"
#include "host/neutral/text.hpp"
#include "kernels/dynamics/band.hpp"
#include "kernels/dynamics/integrate.hpp"
#include "kernels/dynamics/lbfgs.hpp"
#include "kernels/dynamics/sums.hpp"
#include "kernels/dynamics/swaps.hpp"
#include "kernels/neighbours/lists.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

static_assert(static_cast<int>(Ensemble::nve) == kNve && static_cast<int>(Ensemble::langevin) == kLangevin &&
              static_cast<int>(Ensemble::bussi) == kBussi && static_cast<int>(Ensemble::nose_hoover) == kNoseHoover &&
              static_cast<int>(Ensemble::npt_isotropic) == kNptIsotropic && static_cast<int>(Ensemble::npt_axes) == kNptAxes &&
              static_cast<int>(Ensemble::npt_stochastic) == kNptStochastic);
static_assert(static_cast<int>(CellFreedom::fixed) == kCellFixed &&
              static_cast<int>(CellFreedom::isotropic) == kCellIsotropic && static_cast<int>(CellFreedom::axes) == kCellAxes &&
              static_cast<int>(CellFreedom::full) == kCellFull);

// Steps launched before the host looks whether the lists have expired. What is launched after that does nothing, which on the
// CPU is not free.
constexpr std::int64_t kChunk = kGpuShapes ? 16 : 1;
// Closer atoms than this are an error of the input, A.
constexpr double kClosest = 0.05;

// Rows of the control block (int64).
constexpr int kStepRow = 0, kBadRow = 1, kFlagsRow = 2, kControlRows = 3;

struct WrapAtoms {
  View<Site, 1> site;
  View<const Box, 1> box;
  View<const std::int32_t, 1> flags;
  View<std::int32_t, 2> image;
  View<double, 2> kept; // positions that go along; may have no rows
  ZENER_FN void operator()(std::int64_t i) const {
    Site own = site[i];
    if (flags[own.system] == 0) {
      return;
    }
    const Box &cell = box[own.system];
    double s[3];
    to_fractional(cell, own.x, own.y, own.z, s);
    for (int d = 0; d < 3; ++d) {
      const double cells = floor(s[d]);
      if (cell.periodic[d] != 0 && cells != 0.0 && cells > -1e9 && cells < 1e9) {
        image(d, i) += static_cast<std::int32_t>(cells);
        own.x -= cells * cell.h[3 * d];
        own.y -= cells * cell.h[3 * d + 1];
        own.z -= cells * cell.h[3 * d + 2];
        for (int c = 0; c < kept.extent(0); ++c) {
          kept(c, i) -= cells * cell.h[3 * d + c];
        }
      }
    }
    site[i] = own;
  }
};

// rows [rows][N] in a new order.
template <class T> struct Permute {
  View<const std::int32_t, 1> order;
  View<const T, 2> from;
  View<T, 2> to;
  ZENER_FN void operator()(std::int64_t i) const {
    const std::int64_t source = order[i];
    for (std::int64_t r = 0; r < from.extent(0); ++r) {
      to(r, i) = from(r, source);
    }
  }
};
template <class T> struct CopyRows {
  View<const T, 2> from;
  View<T, 2> to;
  ZENER_FN void operator()(std::int64_t i) const {
    for (std::int64_t r = 0; r < from.extent(0); ++r) {
      to(r, i) = from(r, i);
    }
  }
};

// Unwrapped positions, and velocities where they are wanted, in the order given: [3][N].
struct GatherFrame {
  View<const Site, 1> site;
  View<const Box, 1> box;
  View<const std::int64_t, 1> order;
  View<const std::int32_t, 2> image;
  View<const double, 2> velocity;
  View<double, 2> to_position, to_velocity;
  ZENER_FN void operator()(std::int64_t i) const {
    const Site own = site[i];
    const std::int64_t given = order[i];
    double shift[3];
    from_fractional(box[own.system], image(0, i), image(1, i), image(2, i), shift);
    to_position(0, given) = own.x + shift[0];
    to_position(1, given) = own.y + shift[1];
    to_position(2, given) = own.z + shift[2];
    if (to_velocity.extent(1) > 0) {
      for (int d = 0; d < 3; ++d) {
        to_velocity(d, given) = velocity(d, i);
      }
    }
  }
};

struct SetReference {
  View<const std::int32_t, 1> flags;
  View<const Site, 1> site;
  View<Site, 1> reference;
  ZENER_FN void operator()(std::int64_t i) const {
    if (flags[site[i].system] != 0) {
      reference[i] = site[i];
    }
  }
};
struct SetReferenceBox {
  View<const std::int32_t, 1> flags;
  View<const Box, 1> box;
  View<Box, 1> reference;
  ZENER_FN void operator()(std::int64_t k) const {
    if (flags[k] != 0) {
      reference[k] = box[k];
    }
  }
};

struct SetFlags {
  View<std::int32_t, 1> flags;
  std::int32_t value;
  ZENER_FN void operator()(std::int64_t k) const { flags[k] = value; }
};

// 2^62 - the place of an atom that has another closer than kClosest; the largest is the first such atom.
struct TooClose {
  AtomsView atoms;
  View<const std::int64_t, 1> order;
  ZENER_FN std::int64_t operator()(std::int64_t i) const {
    for (int slot = 0; slot < atoms.neighbours.count[i]; ++slot) {
      const PairVector r = pair_vector(atoms, i, slot);
      if (r.x * r.x + r.y * r.y + r.z * r.z < kClosest * kClosest) {
        return (std::int64_t{1} << 62) - order[i];
      }
    }
    return 0;
  }
};

struct BathStart {
  DynamicsSettings run;
  DynamicsView atoms;
  ZENER_FN void operator()(std::int64_t k) const {
    Bath &bath = atoms.bath[k];
    for (int d = 0; d < 3; ++d) {
      bath.tensor_eV[d] = atoms.sums(k, d);
      bath.virial_eV[d] = atoms.sums(k, kVirialSum + d);
      bath.end_v[d] = 1.0;
      bath.end_f[d] = 0.5 * run.dt_ps * kAcceleration;
    }
    bath.kinetic_eV = 0.5 * (bath.tensor_eV[0] + bath.tensor_eV[1] + bath.tensor_eV[2]);
    bath.scale = 1.0;
  }
};

Matrix3 matrix_of(const double *h) { return {Vector3{h[0], h[1], h[2]}, Vector3{h[3], h[4], h[5]}, Vector3{h[6], h[7], h[8]}}; }

Matrix3 symmetric(const double *voigt) {
  return {Vector3{voigt[0], voigt[5], voigt[4]}, Vector3{voigt[5], voigt[1], voigt[3]}, Vector3{voigt[4], voigt[3], voigt[2]}};
}

class DeviceAtoms final : public AtomsBatch {
public:
  DeviceAtoms(Queue &queue, const AtomsPlan &plan)
      : queue_(queue), given_(plan.systems), seed_(plan.seed), first_system_(plan.first_system),
        deterministic_(plan.deterministic) {
    if (given_.empty() || plan.potential == nullptr) {
      throw InvariantError("a batch of atoms needs a system and a potential");
    }
    PotentialSetup setup;
    setup.arithmetic = plan.mixed ? Arithmetic::mixed : Arithmetic::float64;
    sort_types(*plan.potential, setup);
    potentials_ = make_potentials(queue_, *plan.potential, setup);
    double cutoff = 0.0;
    for (const auto &potential : potentials_) {
      cutoff = std::max(cutoff, potential->cutoff_A());
      scatters_ = scatters_ || potential->scatters();
    }
    cutoff_A_ = cutoff;
    if (!(plan.skin_A >= 0.0)) {
      throw InvariantError("the skin of the lists must not be negative");
    }
    range_A_ = cutoff + plan.skin_A;
    check_memory();
    lists_ = std::make_unique<NeighbourLists>(queue_, n_, k_, range_A_, expected_neighbours());
    allocate();
    put_systems(given_, true);
  }

  Evaluation evaluate() override {
    make_current();
    run_sums(true);
    const std::vector<double> sums = host(sums_);
    const std::vector<std::int64_t> order = host(order_);
    const std::vector<double> energy = host(energy_);
    const std::vector<double> force = host(force_);
    Evaluation result;
    const auto n = static_cast<std::size_t>(n_);
    for (std::size_t k = 0; k < given_.size(); ++k) {
      result.energy_eV.push_back(sums[k * kSums + kEnergySum]);
      result.virial_eV.push_back(symmetric(&sums[k * kSums + kVirialSum]));
      result.atom_energy_eV.emplace_back(given_[k].size());
      result.force_eV_A.emplace_back(given_[k].size());
    }
    for (std::size_t i = 0; i < n; ++i) {
      const auto [k, j] = place(order[i]);
      result.atom_energy_eV[k][j] = energy[i];
      result.force_eV_A[k][j] = {force[i], force[n + i], force[2 * n + i]};
    }
    return result;
  }

  void set_atoms(const std::vector<Atoms> &systems) override {
    if (systems.size() != given_.size()) {
      throw InvariantError("set_atoms with another number of systems");
    }
    for (std::size_t k = 0; k < systems.size(); ++k) {
      if (systems[k].size() != given_[k].size()) {
        throw InvariantError("set_atoms with another number of atoms");
      }
    }
    put_systems(systems, false);
  }

  SwapReport swap_trials(const SwapPlan &plan, std::int64_t first, std::int64_t until) override {
    if (plan.temperature_K.size() != given_.size() || first < 0 || until < first ||
        (!plan.energy_eV.empty() && plan.energy_eV.size() != given_.size())) {
      throw InvariantError("swap_trials needs a temperature for each system, their energies or none, and trials from 0 on");
    }
    const bool relaxed = plan.relax_steps > 0;
    const std::int64_t step = control()[kStepRow];
    start_swaps(plan, first, until);
    if (relaxed) {
      need_skin();
      swapping_ = true;
      record();
      set_step(0);
      for (std::int64_t done = 0, at = 0; done < k_;) {
        const std::int64_t stop = at + (kGpuShapes ? 20 : 1);
        if (!run_to(at, stop)) {
          refuse_runaway("the relaxation of a swap in system ", at);
        }
        at = stop;
        done = queue_.reduce("swaps_done", k_, CountSwapsDone{swap_state_.view()}, Sum<std::int64_t>{}, std::int64_t{0});
      }
      swapping_ = false;
      set_step(step);
      if (run_.dt_ps != 0.0) {
        record();
      }
    } else {
      for (std::int64_t trial = first; trial < until; ++trial) {
        queue_.replay("swap_trial", swap_chain_);
      }
    }
    forces_current_ = energies_current_ = false;
    take_types();
    make_current();
    if (run_.dt_ps != 0.0) {
      run_sums(true);
      queue_.for_each("swap_centre", n_, SwapCentre{view()});
      queue_.for_each("swap_baths", k_, SwapBaths{view()});
    }
    return swap_report();
  }

  std::vector<Atoms> atoms() override {
    const std::vector<std::int64_t> order = host(order_);
    const std::vector<Site> sites = host(site_);
    const std::vector<double> velocity = host(velocity_);
    const std::vector<std::int32_t> image = host(image_);
    const std::vector<Box> boxes = host(box_);
    std::vector<Atoms> result = given_;
    const auto n = static_cast<std::size_t>(n_);
    for (std::size_t k = 0; k < result.size(); ++k) {
      result[k].cell.vectors = matrix_of(boxes[k].h);
      result[k].velocity_A_ps.resize(result[k].size());
      result[k].force_eV_A.clear();
      result[k].energy_eV.clear();
      result[k].has_energy = result[k].has_virial = false;
    }
    for (std::size_t i = 0; i < n; ++i) {
      const auto [k, j] = place(order[i]);
      if (moved_) { // else there is no rounding of a position that was wrapped
        const Vector3 cells{static_cast<double>(image[i]), static_cast<double>(image[n + i]),
                            static_cast<double>(image[2 * n + i])};
        const Vector3 shift = times(cells, result[k].cell.vectors);
        result[k].position_A[j] = {sites[i].x + shift[0], sites[i].y + shift[1], sites[i].z + shift[2]};
      }
      result[k].velocity_A_ps[j] = {velocity[i], velocity[n + i], velocity[2 * n + i]};
    }
    return result;
  }

  std::vector<ThermoRow> thermo() override {
    make_current();
    run_sums(true);
    queue_.for_each("bath_energies", k_, BathEnergies{run_, view(), bath_energy_.view()});
    const std::vector<double> sums = host(sums_);
    const std::vector<double> bath = host(bath_energy_);
    const std::vector<Box> boxes = host(box_);
    const std::int64_t step = control()[kStepRow];
    std::vector<ThermoRow> rows;
    for (std::size_t k = 0; k < given_.size(); ++k) {
      const double *s = &sums[k * kSums];
      ThermoRow row;
      row.step = step;
      row.potential_eV = s[kEnergySum];
      row.kinetic_eV = 0.5 * (s[0] + s[1] + s[2]);
      row.temperature_K = 2.0 * row.kinetic_eV / (freedom(k) * kBoltzmann_eV_per_K);
      row.conserved_eV = row.potential_eV + row.kinetic_eV + bath[k] - s[kHeatSum];
      row.virial_eV = symmetric(s + kVirialSum);
      row.kinetic_tensor_eV = symmetric(s);
      row.cell_A = matrix_of(boxes[k].h);
      row.volume_A3 = boxes[k].volume;
      row.largest_force_eV_A = std::sqrt(s[kLargestForce]);
      rows.push_back(row);
    }
    return rows;
  }

  void set_dynamics(const DynamicsPlan &plan) override {
    const auto systems = given_.size();
    const bool bath = plan.ensemble != Ensemble::nve;
    const bool barostat = plan.ensemble == Ensemble::npt_isotropic || plan.ensemble == Ensemble::npt_axes ||
                          plan.ensemble == Ensemble::npt_stochastic;
    if (bath && (plan.begin_K.size() != systems || plan.end_K.size() != systems)) {
      throw InvariantError("set_dynamics needs a temperature for each system");
    }
    if (barostat && plan.pressure_GPa.size() != systems) {
      throw InvariantError("set_dynamics needs a pressure for each system");
    }
    run_ = {};
    run_.ensemble = static_cast<int>(plan.ensemble);
    run_.dt_ps = plan.dt_fs * 1e-3;
    run_.ramp_steps = plan.ramp_steps;
    run_.thermostat_ps = plan.thermostat_time_fs * 1e-3;
    run_.barostat_ps = plan.barostat_time_fs * 1e-3;
    run_.compressibility = plan.compressibility_per_GPa * kGPa;
    run_.chain = std::clamp(plan.chain, 1, kMaxChain);
    run_.seed = seed_;
    run_.first_system = static_cast<std::uint32_t>(first_system_);
    run_.largest_move2 = plan.largest_move_A * plan.largest_move_A;
    run_.largest_force2 = plan.largest_force_eV_A * plan.largest_force_eV_A;
    run_.cutoff_A = cutoff_A_;
    run_.range_A = range_A_;
    run_.moving_cell = barostat ? 1 : 0;
    std::vector<BathSettings> settings(systems);
    for (std::size_t k = 0; k < systems; ++k) {
      settings[k].begin_K = bath ? plan.begin_K[k] : 0.0;
      settings[k].end_K = bath ? plan.end_K[k] : 0.0;
      settings[k].freedom = freedom(k);
      settings[k].least_A3 = volume(given_[k].cell) / plan.largest_volume_ratio;
      settings[k].most_A3 = volume(given_[k].cell) * plan.largest_volume_ratio;
      for (std::int64_t i = begin_host_[k]; i < begin_host_[k + 1]; ++i) {
        settings[k].mass += masses_[static_cast<std::size_t>(types_[static_cast<std::size_t>(i)])];
      }
      for (std::size_t d = 0; d < 3; ++d) {
        settings[k].pressure[d] = barostat ? plan.pressure_GPa[k][d] / kGPa : 0.0;
        if (barostat && !given_[k].cell.periodic[d]) {
          throw ConfigError("system " + std::to_string(k + 1) + " has a free direction: a barostat needs three periodic ones");
        }
      }
    }
    settings_.upload(settings.data());
    set_step(0);
    bath_.zero();
    heat_.zero();
    make_current();
    run_sums(true);
    queue_.for_each("bath_start", k_, BathStart{run_, view()});
    relaxing_ = false;
    record();
  }

  DynamicsReport advance(std::int64_t until_step, std::span<const std::int64_t> sample_steps) override {
    if (run_.dt_ps == 0.0) {
      throw InvariantError("advance() before set_dynamics()");
    }
    need_skin();
    if (relaxing_) {
      relaxing_ = false;
      record();
    }
    make_current();
    const DynamicsState before = save();
    std::int64_t step = before.step;
    DynamicsReport report;
    for (std::size_t next = 0; step < until_step;) {
      std::int64_t stop = next < sample_steps.size() ? std::min(sample_steps[next], until_step) : until_step;
      stop = observer_ == nullptr ? stop : std::min(stop, next_observed(step));
      if (!run_to(step, stop)) {
        describe_explosion(report);
        load(before);
        report.step = before.step;
        report.rows.clear();
        report.list_builds = builds_;
        return report;
      }
      step = stop;
      if (observer_ != nullptr && step >= observed_first_ && (step - observed_first_) % observed_every_ == 0) {
        observe(*observer_);
      }
      if (next < sample_steps.size() && step == sample_steps[next]) {
        report.rows.push_back(thermo());
        ++next;
      }
    }
    report.step = step;
    report.list_builds = builds_;
    return report;
  }

  RelaxReport relax(const RelaxPlan &plan) override {
    for (const Atoms &system : given_) {
      for (const bool periodic : system.cell.periodic) {
        if (plan.cell != CellFreedom::fixed && !periodic) {
          throw ConfigError("a cell with a free direction cannot be relaxed; relax the atoms alone");
        }
      }
    }
    need_skin();
    relax_ = {};
    relax_.force_tolerance2 = plan.force_tolerance_eV_A * plan.force_tolerance_eV_A;
    relax_.stress_tolerance = plan.stress_tolerance_GPa / kGPa;
    relax_.pressure = plan.pressure_GPa / kGPa;
    relax_.largest_move_A = plan.largest_move_A;
    relax_.cell = static_cast<int>(plan.cell);
    lbfgs_ = plan.method == RelaxPlan::Method::lbfgs;
    if (lbfgs_) {
      start_lbfgs();
    }
    relax_.cutoff_A = cutoff_A_;
    relax_.range_A = range_A_;
    run_ = {};
    run_.largest_force2 = std::numeric_limits<double>::infinity();
    velocity_.zero();
    heat_.zero();
    bath_.zero();
    RelaxState start{};
    start.dt = 0.05;
    start.mixing = 0.1;
    const std::vector<RelaxState> states(given_.size(), start);
    relax_state_.upload(states.data());
    set_step(0);
    relaxing_ = true;
    record();
    make_current();
    finish_relax_step(); // sums and the first moves, from forces that are there
    set_step(0);
    std::int64_t step = 0;
    RelaxReport report;
    const auto steps_so_far = [&] {
      std::vector<std::int64_t> steps;
      for (const RelaxState &s : host(relax_state_)) {
        steps.push_back(s.steps);
      }
      return steps;
    };
    std::int64_t next_moment = 1;
    while (step < plan.max_steps) {
      const std::int64_t stop = std::min(plan.max_steps, step + (kGpuShapes ? 20 : 1));
      if (!run_to(step, stop)) {
        refuse_runaway("relaxation of system ", step);
      }
      step = stop;
      if (queue_.reduce("relax_converged", k_, CountConverged{relax_state_.view()}, Sum<std::int64_t>{}, std::int64_t{0}) ==
          k_) {
        break;
      }
      check_cells();
      if (plan.path && step >= next_moment && step < plan.max_steps) {
        report.path.push_back({steps_so_far(), thermo()});
        next_moment = step + std::max<std::int64_t>(1, step / 8);
      }
    }
    for (const RelaxState &s : host(relax_state_)) {
      report.converged.push_back(s.converged != 0 ? 1 : 0);
    }
    report.steps = steps_so_far();
    velocity_.zero();
    relaxing_ = false;
    run_ = {};
    report.rows = thermo();
    return report;
  }

  BandsReport relax_bands(const BandsPlan &plan) override {
    need_skin();
    start_bands(plan);
    run_ = {};
    relax_ = {};
    relax_.largest_move_A = plan.largest_move_A;
    relax_.cell = kCellFixed;
    relax_.cutoff_A = cutoff_A_;
    relax_.range_A = range_A_;
    banding_ = true;
    relaxing_ = false;
    record();
    make_current();
    set_step(0);
    const auto bands = static_cast<std::int64_t>(plan.bands.size());
    BandsReport report;
    for (std::int64_t step = 0; step < plan.steps && report.lost_system < 0;) {
      const std::int64_t stop = std::min(plan.steps, step + (kGpuShapes ? 20 : 1));
      if (!run_to(step, stop)) {
        const std::int64_t bad = control()[kBadRow];
        report.lost_system = bad < k_ ? bad : static_cast<std::int64_t>(place((bad - k_) / 2).system);
      }
      step = stop;
      const std::int64_t done =
          queue_.reduce("bands_finished", bands, CountFinished{band_state_.view()}, Sum<std::int64_t>{}, std::int64_t{0});
      if (done >= std::min(plan.finished, bands)) {
        break;
      }
    }
    set_step(0);
    run_sums(true);
    const std::vector<double> sums = host(sums_);
    std::size_t system = 0;
    for (const BandState &state : host(band_state_)) {
      BandReport one;
      one.status = static_cast<BandReport::Status>(state.status);
      one.progress = {state.fire.dt, state.fire.mixing, state.fire.downhill, state.fire.steps, state.climbing != 0};
      one.top = static_cast<int>(state.top);
      one.largest_force_eV_A = state.largest_force;
      for (int image = 0; image < plan.bands[report.bands.size()].images; ++image, ++system) {
        one.energy_eV.push_back(sums[system * kSums + kEnergySum]);
      }
      report.bands.push_back(std::move(one));
    }
    banding_ = false;
    return report;
  }

  DynamicsState save() override {
    DynamicsState state;
    const std::vector<Site> sites = host(site_), reference = host(reference_);
    for (std::size_t i = 0; i < sites.size(); ++i) {
      state.position.insert(state.position.end(), {sites[i].x, sites[i].y, sites[i].z});
      state.reference.insert(state.reference.end(), {reference[i].x, reference[i].y, reference[i].z});
    }
    state.step = control()[kStepRow];
    state.order = host(order_);
    for (const std::int64_t given : state.order) {
      const auto [k, j] = place(given);
      state.type.push_back(given_[k].type[j]);
    }
    state.velocity = host(velocity_);
    state.force = host(force_);
    state.image = host(image_);
    for (const Box &box : host(box_)) {
      state.cell.insert(state.cell.end(), box.h, box.h + 9);
    }
    for (const Box &box : host(reference_box_)) {
      state.reference_cell.insert(state.reference_cell.end(), box.h, box.h + 9);
    }
    const std::vector<Bath> baths = host(bath_);
    state.bath.resize(baths.size() * kBathNumbers);
    std::memcpy(state.bath.data(), baths.data(), baths.size() * sizeof(Bath));
    state.totals = host(heat_);
    return state;
  }

  void load(const DynamicsState &state) override {
    const auto n = static_cast<std::size_t>(n_);
    const auto k = static_cast<std::size_t>(k_);
    if (state.order.size() != n || state.position.size() != 3 * n || state.reference.size() != 3 * n ||
        state.velocity.size() != 3 * n || state.force.size() != 3 * n || state.image.size() != 3 * n ||
        state.totals.size() != n || state.cell.size() != 9 * k || state.reference_cell.size() != 9 * k ||
        state.bath.size() != k * kBathNumbers || (!state.type.empty() && state.type.size() != n)) {
      throw InvariantError("a state of another batch cannot be loaded");
    }
    std::vector<Site> sites(n), reference(n);
    for (std::size_t i = 0; i < n; ++i) {
      if (state.order[i] < 0 || state.order[i] >= n_) {
        throw InvariantError("a state with an atom that is not there cannot be loaded");
      }
      const auto system = static_cast<std::int32_t>(place(state.order[i]).system);
      if (!state.type.empty()) {
        put_type(state.order[i], state.type[i]);
      }
      const std::int32_t type = types_[static_cast<std::size_t>(state.order[i])];
      const auto at = [&](const std::vector<double> &x) { return Site{x[3 * i], x[3 * i + 1], x[3 * i + 2], type, system}; };
      sites[i] = at(state.position);
      reference[i] = at(state.reference);
    }
    std::vector<Box> boxes(k), reference_boxes(k);
    for (std::size_t s = 0; s < k; ++s) {
      Cell cell = given_[s].cell;
      cell.vectors = matrix_of(&state.cell[9 * s]);
      boxes[s] = box_of(cell);
      cell.vectors = matrix_of(&state.reference_cell[9 * s]);
      reference_boxes[s] = box_of(cell);
    }
    std::vector<Bath> baths(k);
    std::memcpy(baths.data(), state.bath.data(), k * sizeof(Bath));
    site_.upload(sites.data());
    reference_.upload(reference.data());
    order_.upload(state.order.data());
    velocity_.upload(state.velocity.data());
    force_.upload(state.force.data());
    image_.upload(state.image.data());
    box_.upload(boxes.data());
    reference_box_.upload(reference_boxes.data());
    bath_.upload(baths.data());
    heat_.upload(state.totals.data());
    moved_ = true;
    set_step(state.step);
    queue_.for_each("set_flags", k_, SetFlags{flags_.view(), 1});
    fill_lists();
    // The forces of the state are what the next step begins with; energies and virials are made again where they are asked for.
    forces_current_ = true;
    energies_current_ = false;
  }

  void observe(Analysis &analysis) override {
    auto *device = dynamic_cast<DeviceAnalysis *>(&analysis);
    if (device == nullptr || device->atoms() != n_) {
      throw InvariantError("an analysis of another backend or of other systems");
    }
    queue_.for_each("gather_frame", n_,
                    GatherFrame{site_.view(), box_.view(), order_.view(), image_.shaped(3, n_), velocity_.shaped(3, n_),
                                device->positions(), device->velocities()});
    device->observe(box_.view());
  }

  void observe_while_advancing(Analysis *analysis, std::int64_t first_step, std::int64_t every) override {
    if (analysis != nullptr && (every < 1 || first_step < 0)) {
      throw InvariantError("observations need a first step from 0 on and a distance of 1 or more");
    }
    observer_ = analysis;
    observed_first_ = first_step;
    observed_every_ = every;
  }

  TransferCount transfers() const override { return {queue_.bytes_to_device(), queue_.bytes_to_host()}; }

private:
  // The first step after `step` at which the batch is observed.
  std::int64_t next_observed(std::int64_t step) const {
    return step < observed_first_ ? observed_first_
                                  : observed_first_ + ((step - observed_first_) / observed_every_ + 1) * observed_every_;
  }

  template <class T> std::vector<T> host(const DeviceBuffer<T> &buffer) const {
    std::vector<T> values(static_cast<std::size_t>(buffer.size()));
    buffer.download(values.data());
    return values;
  }

  struct Place {
    std::size_t system, atom;
  };
  Place place(std::int64_t given) const {
    const auto after = std::upper_bound(begin_host_.begin(), begin_host_.end(), given);
    const auto system = static_cast<std::size_t>(after - begin_host_.begin()) - 1;
    return {system, static_cast<std::size_t>(given - begin_host_[system])};
  }
  std::string element_of(std::size_t system, std::size_t atom) const {
    return given_[system].elements[static_cast<std::size_t>(given_[system].type[atom])];
  }
  void need_skin() const {
    if (!(range_A_ > cutoff_A_)) {
      throw InvariantError("atoms that move need lists with a skin");
    }
  }
  double freedom(std::size_t system) const {
    const double n = static_cast<double>(given_[system].size());
    return n > 1.0 ? 3.0 * n - 3.0 : 3.0;
  }

  // Gives an atom of the batch one of its system's own types.
  void put_type(std::int64_t given, std::int32_t own) {
    const auto [k, j] = place(given);
    const std::vector<std::int32_t> &known = batch_type_[k];
    if (own < 0 || static_cast<std::size_t>(own) >= known.size() || known[static_cast<std::size_t>(own)] < 0) {
      throw InvariantError("an atom of a type that its system does not have");
    }
    given_[k].type[j] = own;
    types_[static_cast<std::size_t>(given)] = known[static_cast<std::size_t>(own)];
  }

  // The types as swaps have left them.
  void take_types() {
    const std::vector<Site> sites = host(site_);
    const std::vector<std::int64_t> order = host(order_);
    for (std::size_t i = 0; i < sites.size(); ++i) {
      if (types_[static_cast<std::size_t>(order[i])] != sites[i].type) {
        const std::vector<std::int32_t> &known = batch_type_[place(order[i]).system];
        put_type(order[i], static_cast<std::int32_t>(std::find(known.begin(), known.end(), sites[i].type) - known.begin()));
      }
    }
  }

  [[noreturn]] void refuse_runaway(const std::string &what, std::int64_t step) const {
    const auto [k, j] = place((control()[kBadRow] - k_) / 2);
    throw DataError(what + std::to_string(k + 1) + " ran away at step " + std::to_string(step + 1) + ": atom " +
                    std::to_string(j + 1) + " (" + element_of(k, j) +
                    ") has a force or a move that is not finite; look at the structure for atoms that are too close, and at "
                    "the cell for a collapse");
  }

  // Types of the batch: one for each element and mass.
  void sort_types(const PotentialModel &model, PotentialSetup &setup) {
    const std::vector<std::string> known = model.elements();
    begin_host_ = {0};
    for (std::size_t k = 0; k < given_.size(); ++k) {
      const Atoms &system = given_[k];
      if (system.size() == 0) {
        throw DataError("system " + std::to_string(k + 1) + " has no atoms");
      }
      std::vector<std::int32_t> of_type(system.elements.size(), -1);
      for (const std::int32_t type : system.type) {
        auto &batch_type = of_type.at(static_cast<std::size_t>(type));
        if (batch_type < 0) {
          const std::string &element = system.elements[static_cast<std::size_t>(type)];
          if (!known.empty() && std::find(known.begin(), known.end(), element) == known.end()) {
            throw ConfigError("the potential (" + model.description() + ") does not know " + element +
                              did_you_mean(element, known) + "; it knows " + join(known, ", "));
          }
          const double mass = system.mass_amu.empty() ? mass_of(element) : system.mass_amu.at(static_cast<std::size_t>(type));
          for (std::size_t t = 0; t < setup.elements.size() && batch_type < 0; ++t) {
            if (setup.elements[t] == element && masses_[t] == mass) {
              batch_type = static_cast<std::int32_t>(t);
            }
          }
          if (batch_type < 0) {
            batch_type = static_cast<std::int32_t>(setup.elements.size());
            setup.elements.push_back(element);
            masses_.push_back(mass);
          }
        }
        types_.push_back(batch_type);
      }
      batch_type_.push_back(of_type);
      begin_host_.push_back(static_cast<std::int64_t>(types_.size()));
    }
    n_ = begin_host_.back();
    k_ = static_cast<std::int64_t>(given_.size());
    if (n_ > std::numeric_limits<std::int32_t>::max() / 2) {
      throw ConfigError(std::to_string(n_) + " atoms are more than one batch holds");
    }
  }

  static double mass_of(const std::string &element) {
    const std::optional<int> number = atomic_number(element);
    if (!number) {
      throw ConfigError("the mass of " + in_quotes(element) + " is not known: it is no element, and the file gives no masses");
    }
    return atomic_mass_amu(*number);
  }

  int expected_neighbours() const {
    double most = 16.0;
    for (const Atoms &system : given_) {
      const double density = static_cast<double>(system.size()) / std::max(volume(system.cell), 1.0);
      most = std::max(most, density * 4.18879 * range_A_ * range_A_ * range_A_);
    }
    return static_cast<int>(std::min(1.15 * most + 8.0, 4096.0));
  }

  void check_memory() const {
    std::size_t each = 2 * sizeof(Site) + 3 * 8 * 5 + 8 * 12 + 64 + 4 * static_cast<std::size_t>(expected_neighbours());
    for (const auto &potential : potentials_) {
      each += potential->bytes_per_atom(expected_neighbours());
    }
    const std::size_t needed = each * static_cast<std::size_t>(n_);
    const std::size_t free = queue_.properties().memory_free_bytes;
    if (free > 0 && needed > free) {
      throw DeviceError(std::to_string(n_) + " atoms need about " + std::to_string(needed >> 20) + " MiB; " +
                        std::to_string(free >> 20) + " MiB are free on the device. Use fewer atoms or replicas");
    }
  }

  void allocate() {
    const auto doubles = [&](std::int64_t rows, const char *name) { return DeviceBuffer<double>(queue_, rows * n_, name); };
    site_ = DeviceBuffer<Site>(queue_, n_, "atoms");
    reference_ = DeviceBuffer<Site>(queue_, n_, "reference atoms");
    velocity_ = doubles(3, "velocities");
    force_ = doubles(3, "forces");
    energy_ = doubles(1, "energies");
    virial_ = doubles(6, "virials");
    heat_ = doubles(1, "heat");
    scattered_ = DeviceBuffer<std::int64_t>(queue_, scatters_ ? 3 * n_ : 0, "scattered forces");
    image_ = DeviceBuffer<std::int32_t>(queue_, 3 * n_, "images");
    order_ = DeviceBuffer<std::int64_t>(queue_, n_, "order");
    new_order_ = DeviceBuffer<std::int32_t>(queue_, n_, "new order");
    spare_ = doubles(4, "spare rows");
    begin_ = DeviceBuffer<std::int64_t>(queue_, k_ + 1, "systems");
    box_ = DeviceBuffer<Box>(queue_, k_, "cells");
    reference_box_ = DeviceBuffer<Box>(queue_, k_, "reference cells");
    bath_ = DeviceBuffer<Bath>(queue_, k_, "baths");
    settings_ = DeviceBuffer<BathSettings>(queue_, k_, "settings");
    relax_state_ = DeviceBuffer<RelaxState>(queue_, k_, "relaxation");
    sums_ = DeviceBuffer<double>(queue_, k_ * kSums, "sums");
    bath_energy_ = DeviceBuffer<double>(queue_, k_, "energies of baths");
    flags_ = DeviceBuffer<std::int32_t>(queue_, k_, "flags");
    control_ = DeviceBuffer<std::int64_t>(queue_, kControlRows, "control");
    mass_ = DeviceBuffer<double>(queue_, static_cast<std::int64_t>(masses_.size()), "masses");
    mass_.upload(masses_.data());
    begin_.upload(begin_host_.data());
    std::vector<std::int64_t> blocks{0}, of_system{0};
    for (std::size_t k = 0; k < given_.size(); ++k) {
      for (std::int64_t first = begin_host_[k]; first < begin_host_[k + 1]; first += kSumBlock) {
        blocks.push_back(std::min(first + kSumBlock, begin_host_[k + 1]));
      }
      of_system.push_back(static_cast<std::int64_t>(blocks.size()) - 1);
    }
    block_begin_ = DeviceBuffer<std::int64_t>(queue_, static_cast<std::int64_t>(blocks.size()), "blocks of sums");
    block_begin_.upload(blocks.data());
    block_of_system_ = DeviceBuffer<std::int64_t>(queue_, k_ + 1, "blocks of systems");
    block_of_system_.upload(of_system.data());
    partial_ = DeviceBuffer<double>(queue_, block_begin_.size() * kSums, "partial sums");
    sums_.zero();
    bath_.zero();
    std::vector<BathSettings> none(given_.size());
    settings_.upload(none.data());
    const std::int64_t free_to_run[kControlRows] = {0, -1, 0};
    control_.upload(free_to_run);
  }

  void put_systems(const std::vector<Atoms> &systems, bool first) {
    std::vector<Site> sites;
    std::vector<Box> boxes;
    std::vector<std::int64_t> order;
    std::vector<double> velocity(static_cast<std::size_t>(3 * n_), 0.0);
    const auto n = static_cast<std::size_t>(n_);
    bool velocities = first;
    for (std::size_t k = 0; k < systems.size(); ++k) {
      const Atoms &system = systems[k];
      const Vector3 thickness = thicknesses(system.cell);
      for (const double t : thickness) {
        if (!(t > 0.1 && t < 1e7)) {
          throw DataError("the cell of system " + std::to_string(k + 1) + " is flat or not finite (" + number_text(t) +
                          " A between two faces)");
        }
      }
      for (std::size_t j = 0; j < system.size(); ++j) {
        const Vector3 &x = system.position_A[j];
        const std::size_t i = sites.size();
        if (!(std::abs(x[0]) < 1e9 && std::abs(x[1]) < 1e9 && std::abs(x[2]) < 1e9)) {
          throw DataError("atom " + std::to_string(j + 1) + " of system " + std::to_string(k + 1) +
                          " has a position that is not finite");
        }
        put_type(static_cast<std::int64_t>(i), system.type[j]);
        sites.push_back({x[0], x[1], x[2], types_[i], static_cast<std::int32_t>(k)});
        order.push_back(static_cast<std::int64_t>(i));
        for (std::size_t d = 0; d < 3; ++d) {
          if (!system.velocity_A_ps.empty()) {
            velocity[d * n + i] = system.velocity_A_ps[j][d];
            velocities = true;
          }
        }
      }
      boxes.push_back(box_of(system.cell));
      if (!first) {
        given_[k].position_A = system.position_A;
        given_[k].image = system.image;
      }
    }
    moved_ = false;
    if (!velocities) { // stay as they are, in the order given
      const std::vector<std::int64_t> old_order = host(order_);
      const std::vector<double> old = host(velocity_);
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t d = 0; d < 3; ++d) {
          velocity[d * n + static_cast<std::size_t>(old_order[i])] = old[d * n + i];
        }
      }
    }
    site_.upload(sites.data());
    order_.upload(order.data());
    velocity_.upload(velocity.data());
    image_.zero();
    box_.upload(boxes.data());
    heat_.zero();
    force_.zero();
    queue_.for_each("set_flags", k_, SetFlags{flags_.view(), 1});
    renew_lists();
    const std::int64_t close =
        queue_.reduce("atoms_too_close", n_, TooClose{atoms_view(), order_.view()}, Max<std::int64_t>{}, std::int64_t{0});
    if (close > 0) {
      const auto [k, j] = place((std::int64_t{1} << 62) - close);
      throw DataError("atom " + std::to_string(j + 1) + " (" + element_of(k, j) + ") of system " + std::to_string(k + 1) +
                      " lies on top of another atom or of its own image (closer than " + number_text(kClosest) + " A)");
    }
  }

  // New lists, after sorting, for the systems whose flags are set.
  void renew_lists() {
    if (!deterministic_) {
      queue_.for_each("set_flags", k_, SetFlags{flags_.view(), 1});
    }
    const View<double, 2> kept = swapping_ ? kept_.shaped(3, n_) : View<double, 2>();
    queue_.for_each("wrap_atoms", n_, WrapAtoms{site_.view(), box_.view(), flags_.view(), image_.shaped(3, n_), kept});
    lists_->sort(site_.view(), box_.view(), begin_.view(), flags_.view(), new_order_.view());
    permute(site_, 1);
    permute(velocity_, 3);
    permute(force_, 3);
    permute(heat_, 1);
    permute(image_, 3);
    permute(order_, 1);
    permute(reference_, 1);
    if (relaxing_ && lbfgs_) {
      permute(made_, 3);
      for (int b = 0; b < kBasis; ++b) {
        permute(basis_, 3, 3 * b);
      }
    }
    if (swapping_) {
      permute(kept_, 3);
      queue_.for_each("swap_where", n_, SwapWhere{order_.view(), where_.view()});
    }
    queue_.for_each("set_reference", n_, SetReference{flags_.view(), site_.view(), reference_.view()});
    queue_.for_each("set_reference", k_, SetReferenceBox{flags_.view(), box_.view(), reference_box_.view()});
    fill_lists();
    forces_current_ = energies_current_ = false;
  }

  // Some rows of a buffer of rows of atoms.
  template <class T> void permute(DeviceBuffer<T> &buffer, std::int64_t count, std::int64_t first = 0) {
    static_assert(sizeof(T) <= 4 * sizeof(double));
    const View<T, 2> rows(buffer.view().data() + first * n_, count, n_);
    T *memory = reinterpret_cast<T *>(spare_.view().data());
    const View<T, 2> spare(memory, count, n_);
    queue_.for_each("permute_atoms", n_, Permute<T>{new_order_.view(), View<const T, 2>(rows), spare});
    queue_.for_each("permute_atoms", n_, CopyRows<T>{View<const T, 2>(spare), rows});
  }

  void fill_lists() {
    lists_->fill(reference_.view(), reference_box_.view(), begin_.view(), flags_.view());
    lists_->update_shifts(box_.view());
    ++builds_;
    if (lists_->capacity() > reserved_) {
      reserved_ = lists_->capacity();
      for (const auto &potential : potentials_) {
        potential->reserve(n_, reserved_);
      }
    }
    const NeighbourView now = lists_->view();
    if ((!step_chain_.empty() || !swap_chain_.empty()) &&
        (now.words.data() != recorded_.words.data() || now.shifts.data() != recorded_.shifts.data())) {
      record();
    }
    queue_.for_each("set_flags", k_, SetFlags{flags_.view(), 0});
    std::int64_t rows[kControlRows];
    control_.download(rows);
    rows[kBadRow] = -1;
    rows[kFlagsRow] = 0;
    control_.upload(rows);
  }

  std::vector<std::int64_t> control() const { return host(control_); }
  void set_step(std::int64_t step) {
    const std::int64_t rows[kControlRows] = {step, -1, 0};
    control_.upload(rows);
  }
  View<std::int32_t, 1> request_view() {
    return View<std::int32_t, 1>(reinterpret_cast<std::int32_t *>(control_.view().data() + kFlagsRow), 1);
  }
  View<std::int32_t, 1> halted_view() {
    return View<std::int32_t, 1>(reinterpret_cast<std::int32_t *>(control_.view().data() + kFlagsRow) + 1, 1);
  }

  AtomsView atoms_view() { return {site_.view(), begin_.view(), request_view(), lists_->view()}; }

  ForceView force_view() {
    ForceView to;
    to.energy = energy_.view();
    to.force = force_.shaped(3, n_);
    to.scattered = scattered_.shaped(scatters_ ? 3 : 0, n_);
    to.virial = virial_.shaped(6, n_);
    to.deterministic = deterministic_ ? 1 : 0;
    return to;
  }

  DynamicsView view() {
    DynamicsView v;
    v.site = site_.view();
    v.reference = reference_.view();
    v.velocity = velocity_.shaped(3, n_);
    v.force = force_.shaped(3, n_);
    v.scattered = scattered_.shaped(scatters_ ? 3 : 0, n_);
    v.order = order_.view();
    v.begin = begin_.view();
    v.mass = mass_.view();
    v.heat = heat_.view();
    v.box = box_.view();
    v.reference_box = reference_box_.view();
    v.bath = bath_.view();
    v.settings = settings_.view();
    v.sums = sums_.shaped(k_, kSums);
    v.flags = flags_.view();
    v.request = request_view();
    v.halted = halted_view();
    v.step = View<std::int64_t, 1>(control_.view().data() + kStepRow, 1);
    v.bad = View<std::uint64_t, 1>(reinterpret_cast<std::uint64_t *>(control_.view().data() + kBadRow), 1);
    v.deterministic = deterministic_ ? 1 : 0;
    return v;
  }

  void launch_forces(bool energies_alone = false) {
    ForceView to = force_view();
    to.want_virial = to.want_force = energies_alone ? 0 : 1;
    queue_.for_each("clear_forces", n_, ClearForces{request_view(), to, scatters_ ? 1 : 0});
    const AtomsView atoms = atoms_view();
    for (const auto &potential : potentials_) {
      potential->compute(atoms, to);
    }
  }

  // Sums of atoms to sums_.
  template <class Source> void launch_sums(const Source &source) {
    const View<double, 2> partial = partial_.shaped(block_begin_.size(), kSums);
    queue_.teams("system_sums", {block_begin_.size() - 1, kSumLanes, SumBlocks<Source>::scratch()},
                 SumBlocks<Source>{source, block_begin_.view(), partial, request_view()});
    queue_.teams(
        "system_sums", {k_, kSumLanes, SumBlocks<PartialSums>::scratch()},
        SumBlocks<PartialSums>{PartialSums{partial}, block_of_system_.view(), sums_.shaped(k_, kSums), request_view()});
  }
  void run_sums(bool virial) {
    launch_sums(AtomSums{site_.view(), mass_.view(), velocity_.shaped(3, n_), force_.shaped(3, n_), virial_.shaped(6, n_),
                         energy_.view(), heat_.view(), virial ? 1 : 0});
  }

  // Forces, energies and virials of the atoms as they stand.
  // Memory of the history, taken when it is first wanted.
  void start_lbfgs() {
    if (basis_.size() == 0) {
      basis_ = DeviceBuffer<double>(queue_, 3 * kBasis * n_, "relaxation history");
      made_ = DeviceBuffer<double>(queue_, 3 * n_, "last moves");
      lbfgs_state_ = DeviceBuffer<LbfgsState>(queue_, k_, "relaxation history of systems");
      products_ = DeviceBuffer<double>(queue_, block_begin_.size() * kProducts, "dot products");
    }
    basis_.zero();
    made_.zero();
    LbfgsState start{};
    start.pairs = -1;
    const std::vector<LbfgsState> states(given_.size(), start);
    lbfgs_state_.upload(states.data());
  }

  // Ends, images and states of bands onto the device.
  void start_bands(const BandsPlan &plan) {
    static_assert(static_cast<int>(BandReport::Status::converged) == kBandConverged &&
                  static_cast<int>(BandReport::Status::out_of_steps) == kBandOutOfSteps);
    const std::size_t count = plan.bands.size();
    if (count == 0 || (!plan.progress.empty() && plan.progress.size() != count)) {
      throw InvariantError("relax_bands needs bands, and the progress of none or of each");
    }
    std::vector<std::int64_t> first{0};
    std::vector<double> ends;
    std::vector<ImageState> images;
    std::vector<BandState> states;
    for (std::size_t b = 0; b < count; ++b) {
      const BandEnds &band = plan.bands[b];
      const auto system = static_cast<std::size_t>(first.back());
      const bool alone = band.first_A.empty() && band.last_A.empty();
      if (band.images < 1 || system + static_cast<std::size_t>(band.images) > given_.size() || (alone && band.images != 1)) {
        throw InvariantError("the images of the bands must be the systems of the batch");
      }
      const std::size_t atoms = given_[system].size();
      if (!alone && (band.first_A.size() != atoms || band.last_A.size() != atoms)) {
        throw InvariantError("the ends of a band have other atoms than its images");
      }
      const auto rows = static_cast<std::int64_t>(ends.size() / 3);
      for (const std::vector<Vector3> *end : {&band.first_A, &band.last_A}) {
        for (const Vector3 &x : *end) {
          ends.insert(ends.end(), x.begin(), x.end());
        }
      }
      for (int image = 0; image < band.images; ++image) {
        const std::int64_t k = first.back() + image;
        if (given_[static_cast<std::size_t>(k)].size() != atoms) {
          throw InvariantError("the images of a band have unequal numbers of atoms");
        }
        ImageState state{static_cast<std::int64_t>(b), k - 1, k + 1, 0.0, 0.0};
        if (image == 0) {
          state.left = alone ? kNoImage : -1 - rows;
        }
        if (image == band.images - 1) {
          state.right = alone ? kNoImage : -1 - rows - static_cast<std::int64_t>(atoms);
        }
        images.push_back(state);
      }
      first.push_back(first.back() + band.images);
      const BandProgress progress = plan.progress.empty() ? BandProgress{} : plan.progress[b];
      BandState state{};
      state.fire.dt = progress.dt;
      state.fire.mixing = progress.mixing;
      state.fire.downhill = progress.downhill;
      state.fire.steps = progress.steps;
      state.energy[0] = band.first_eV;
      state.energy[1] = band.last_eV;
      state.force_tolerance2 = band.force_tolerance_eV_A * band.force_tolerance_eV_A;
      state.max_steps = band.max_steps > 0 ? band.max_steps : plan.max_steps;
      state.climbing = progress.climbing ? 1 : 0;
      state.top = -1;
      states.push_back(state);
    }
    if (first.back() != k_) {
      throw InvariantError("the images of the bands must be the systems of the batch");
    }
    if (plan.progress.empty()) {
      velocity_.zero();
    }
    ends_ = DeviceBuffer<double>(queue_, static_cast<std::int64_t>(ends.size()), "ends of bands");
    ends_.upload(ends.data());
    band_first_ = DeviceBuffer<std::int64_t>(queue_, static_cast<std::int64_t>(first.size()), "images of bands");
    band_first_.upload(first.data());
    images_ = DeviceBuffer<ImageState>(queue_, k_, "images");
    images_.upload(images.data());
    band_state_ = DeviceBuffer<BandState>(queue_, static_cast<std::int64_t>(count), "bands");
    band_state_.upload(states.data());
    reserve_where();
    band_.spring = plan.spring_eV_A2;
    band_.climb_below2 = plan.climb ? plan.climb_below_eV_A * plan.climb_below_eV_A : -1.0;
  }

  void reserve_where() {
    if (where_.size() == 0) {
      where_ = DeviceBuffer<std::int32_t>(queue_, n_, "places of atoms");
    }
  }

  // Memory of swaps, taken when it is first wanted, and the state of every system before its first trial.
  void start_swaps(const SwapPlan &plan, std::int64_t first, std::int64_t until) {
    reserve_where();
    const auto types = static_cast<std::int64_t>(masses_.size());
    if (swap_state_.size() == 0) {
      swap_state_ = DeviceBuffer<SwapState>(queue_, k_, "trials of swaps");
      swap_counts_ = DeviceBuffer<std::int64_t>(queue_, k_ * types * types * 2, "counts of swaps");
      swap_chain_ = {};
    }
    const bool relaxed = plan.relax_steps > 0;
    if (relaxed && kept_.size() == 0) {
      kept_ = DeviceBuffer<double>(queue_, 3 * n_, "positions before a swap");
    }
    swap_ = {};
    swap_.seed = seed_;
    swap_.first_system = static_cast<std::uint32_t>(first_system_);
    swap_.max_steps = plan.relax_steps;
    relax_ = {};
    relax_.force_tolerance2 = plan.force_tolerance_eV_A * plan.force_tolerance_eV_A;
    relax_.largest_move_A = plan.largest_move_A;
    relax_.cell = kCellFixed;
    relax_.cutoff_A = cutoff_A_;
    relax_.range_A = range_A_;
    swap_.relax = relax_;
    std::vector<SwapState> states(given_.size());
    for (std::size_t k = 0; k < states.size(); ++k) {
      states[k].trial = first;
      states[k].until = until;
      states[k].first = states[k].second = -1;
      states[k].stage = first < until ? kSwapKeep : kSwapDone;
      states[k].kept_eV = plan.energy_eV.empty() ? 0.0 : plan.energy_eV[k];
      states[k].kT_eV = kBoltzmann_eV_per_K * plan.temperature_K[k];
    }
    swap_state_.upload(states.data());
    swap_counts_.zero();
    queue_.for_each("swap_where", n_, SwapWhere{order_.view(), where_.view()});
    if (plan.energy_eV.empty()) {
      make_current();
      run_sums(true);
    }
    if (relaxed) {
      const std::vector<RelaxState> fresh(given_.size(), fresh_relaxation());
      relax_state_.upload(fresh.data());
    } else if (swap_chain_.empty()) {
      record_trial();
    }
    queue_.for_each("swap_start", k_,
                    SwapStart{swap_, swap_view(), plan.energy_eV.empty() ? 1 : 0, relaxed && first < until ? 1 : 0});
  }

  SwapView swap_view() {
    const auto types = static_cast<std::int64_t>(masses_.size());
    return {view(),
            where_.view(),
            swap_state_.view(),
            swap_counts_.shaped(k_, types, types, 2),
            kept_.shaped(kept_.size() > 0 ? 3 : 0, n_),
            relax_state_.view()};
  }

  void record_trial() {
    swap_chain_ = queue_.record("swap_trial", [this] {
      queue_.for_each("swap_begin", k_, SwapBegin{swap_, swap_view()});
      launch_forces(true);
      run_sums(true);
      queue_.for_each("swap_decide", k_, SwapDecide{swap_, swap_view()});
    });
  }

  SwapReport swap_report() const {
    SwapReport report;
    const auto types = masses_.size();
    const std::vector<std::int64_t> counts = host(swap_counts_);
    const std::vector<SwapState> states = host(swap_state_);
    for (std::size_t k = 0; k < states.size(); ++k) {
      report.energy_eV.push_back(states[k].kept_eV);
      report.missed.push_back(states[k].missed);
      report.unrelaxed.push_back(states[k].unrelaxed);
      report.relax_steps.push_back(states[k].steps);
      const std::vector<std::int32_t> &known = batch_type_[k];
      const auto own = static_cast<int>(known.size());
      std::vector<std::int64_t> tried(static_cast<std::size_t>(own * (own + 1) / 2), 0), kept = tried;
      for (int a = 0; a < own; ++a) {
        for (int b = a + 1; b < own; ++b) {
          const std::int32_t x = known[static_cast<std::size_t>(a)], y = known[static_cast<std::size_t>(b)];
          if (x < 0 || y < 0) {
            continue; // no atom has this type
          }
          const auto low = static_cast<std::size_t>(std::min(x, y)), high = static_cast<std::size_t>(std::max(x, y));
          const std::size_t at = 2 * ((k * types + low) * types + high);
          const auto pair = static_cast<std::size_t>(pair_index(a, b, own));
          tried[pair] = counts[at];
          kept[pair] = counts[at + 1];
        }
      }
      report.tried.push_back(std::move(tried));
      report.kept.push_back(std::move(kept));
    }
    return report;
  }

  void move_bands() {
    const BandView band{view(),         image_.shaped(3, n_), where_.view(), ends_.view(), band_first_.view(),
                        images_.view(), band_state_.view()};
    const std::int64_t bands = band_state_.size();
    queue_.for_each("band_where", n_, BandWhere{band});
    launch_sums(BandProducts{band, energy_.view()});
    queue_.for_each("band_tangents", bands, BandTangents{band_, band});
    queue_.for_each("band_forces", n_, BandForces{band});
    launch_sums(RelaxSums{velocity_.shaped(3, n_), force_.shaped(3, n_), virial_.shaped(6, n_), energy_.view()});
    queue_.for_each("band_update", bands, BandUpdate{band_, band, relax_state_.view()});
    queue_.for_each("relax_cell", k_, RelaxCell{relax_, view(), relax_state_.view()});
    queue_.for_each("relax_move", n_, RelaxMove{relax_, view(), relax_state_.view()});
  }

  void make_current() {
    if (forces_current_ && energies_current_) {
      return;
    }
    launch_forces();
    queue_.for_each("join_forces", n_, JoinForces{view()});
    forces_current_ = energies_current_ = true;
  }

  void begin_step() {
    if (swapping_) {
      queue_.for_each("relax_cell", k_, RelaxCell{relax_, view(), relax_state_.view()});
      queue_.for_each("swap_move", n_, SwapMove{swap_, swap_view()});
    } else if (banding_) {
      move_bands();
    } else if (relaxing_) {
      queue_.for_each("relax_cell", k_, RelaxCell{relax_, view(), relax_state_.view()});
      if (lbfgs_) {
        queue_.for_each("lbfgs_move", n_,
                        LbfgsMove{relax_, view(), relax_state_.view(), lbfgs_state_.view(), basis_.shaped(3 * kBasis, n_),
                                  made_.shaped(3, n_)});
      } else {
        queue_.for_each("relax_move", n_, RelaxMove{relax_, view(), relax_state_.view()});
      }
    } else {
      queue_.for_each("bath_begin", k_, BathBegin{run_, view()});
      if (run_.ensemble == kLangevin) {
        queue_.for_each("langevin_drift", n_, LangevinDrift{run_, view()});
      } else {
        queue_.for_each("kick_drift", n_, KickDrift{run_, view()});
      }
    }
    if (run_.moving_cell != 0 || (relaxing_ && relax_.cell != kCellFixed)) {
      lists_->update_shifts(box_.view());
    }
  }

  void finish_relax_step() {
    launch_sums(RelaxSums{velocity_.shaped(3, n_), force_.shaped(3, n_), virial_.shaped(6, n_), energy_.view()});
    if (lbfgs_) {
      const View<double, 2> basis = basis_.shaped(3 * kBasis, n_);
      const std::int64_t blocks = block_begin_.size() - 1;
      const View<double, 2> products = products_.shaped(blocks, kProducts);
      queue_.for_each("lbfgs_store", n_, LbfgsStore{view(), lbfgs_state_.view(), basis, made_.shaped(3, n_)});
      queue_.teams("lbfgs_products", {blocks, kSumLanes, LbfgsProducts::scratch()},
                   LbfgsProducts{basis, site_.view(), lbfgs_state_.view(), block_begin_.view(), products, request_view()});
      queue_.for_each("lbfgs_update", k_,
                      LbfgsUpdate{relax_, view(), relax_state_.view(), lbfgs_state_.view(), products, block_of_system_.view()});
    } else {
      queue_.for_each("relax_update", k_, RelaxUpdate{relax_, view(), relax_state_.view()});
    }
    queue_.for_each("step_end", 1, StepEnd{view()});
  }

  void end_step() {
    launch_forces();
    if (banding_ || relaxing_ || swapping_) {
      queue_.for_each("join_forces", n_, JoinForces{view()});
      if (swapping_) {
        launch_sums(RelaxSums{velocity_.shaped(3, n_), force_.shaped(3, n_), virial_.shaped(6, n_), energy_.view()});
        queue_.for_each("swap_update", k_, SwapUpdate{swap_, swap_view()});
        queue_.for_each("step_end", 1, StepEnd{view()});
      } else if (banding_) {
        queue_.for_each("step_end", 1, StepEnd{view()});
      } else {
        finish_relax_step();
      }
      return;
    }
    queue_.for_each("kick", n_, Kick{run_, view()});
    if (run_.ensemble != kNve) {
      run_sums(run_.moving_cell != 0);
      queue_.for_each("bath_end", k_, BathEnd{run_, view()});
      queue_.for_each("scale_velocities", n_, ScaleVelocities{view()});
    }
    queue_.for_each("step_end", 1, StepEnd{view()});
  }

  void record() {
    recorded_ = lists_->view();
    step_chain_ = queue_.record("step", [this] {
      begin_step();
      end_step();
    });
    end_chain_ = queue_.record("step_end", [this] { end_step(); });
    if (!swap_chain_.empty()) {
      record_trial();
    }
  }

  const char *step_name() const {
    return swapping_ ? "swap_step" : banding_ ? "band_step" : relaxing_ ? "relax_step" : "md_step";
  }

  // From step to stop; false when an atom ran away.
  bool run_to(std::int64_t step, std::int64_t stop) {
    moved_ = true;
    while (step < stop) {
      for (std::int64_t i = 0; i < std::min(kChunk, stop - step); ++i) {
        queue_.replay(step_name(), step_chain_);
      }
      for (;;) {
        const std::vector<std::int64_t> now = control();
        step = now[kStepRow];
        if (now[kBadRow] != -1) {
          return false;
        }
        if (now[kFlagsRow] == 0) {
          break;
        }
        // The drift is done, the rest of the step waits for new lists.
        renew_lists();
        queue_.replay(step_name(), end_chain_);
      }
    }
    forces_current_ = energies_current_ = true;
    return true;
  }

  void describe_explosion(DynamicsReport &report) {
    const std::vector<std::int64_t> now = control();
    const std::int64_t bad = now[kBadRow];
    report.exploded = true;
    report.exploded_step = now[kStepRow] + 1;
    if (bad < k_) {
      report.exploded_what = "cell";
      report.exploded_system = bad;
      report.exploded_value = host(box_)[static_cast<std::size_t>(bad)].volume;
      return;
    }
    const std::int64_t given = (bad - k_) / 2;
    const bool move = (bad - k_) % 2 == 0;
    const auto [k, j] = place(given);
    report.exploded_system = static_cast<std::int64_t>(k);
    report.exploded_atom = static_cast<std::int64_t>(j);
    report.exploded_what = move ? "move" : "force";
    const std::vector<std::int64_t> order = host(order_);
    const auto i = static_cast<std::size_t>(std::find(order.begin(), order.end(), given) - order.begin());
    const auto n = static_cast<std::size_t>(n_);
    const std::vector<double> rows = host(move ? velocity_ : force_);
    const double size = std::sqrt(rows[i] * rows[i] + rows[n + i] * rows[n + i] + rows[2 * n + i] * rows[2 * n + i]);
    report.exploded_value = move ? size * run_.dt_ps : size;
    report.exploded_energy_eV = host(energy_)[i];
  }

  void check_cells() const {
    if (relax_.cell == kCellFixed) {
      return;
    }
    const std::vector<Box> boxes = host(box_);
    for (std::size_t k = 0; k < boxes.size(); ++k) {
      const double before = volume(given_[k].cell);
      if (!(boxes[k].volume > 0.2 * before && boxes[k].volume < 5.0 * before)) {
        throw DataError("the cell of system " + std::to_string(k + 1) + " collapses or flies apart: its volume went from " +
                        number_text(before) + " to " + number_text(boxes[k].volume) + " A^3 while it was relaxed");
      }
    }
  }

  Queue &queue_;
  std::vector<Atoms> given_;
  std::uint32_t seed_;
  std::int64_t first_system_;
  bool deterministic_;
  std::vector<std::int32_t> types_;                   // [N] of the batch, atoms as given
  std::vector<std::vector<std::int32_t>> batch_type_; // [K][own type]: that of the batch; -1: no atom has it
  std::vector<double> masses_;
  std::vector<std::int64_t> begin_host_;
  std::int64_t n_ = 0, k_ = 0;
  std::vector<std::unique_ptr<Potential>> potentials_;
  bool scatters_ = false;
  double cutoff_A_ = 0.0, range_A_ = 0.0;
  std::unique_ptr<NeighbourLists> lists_;
  int reserved_ = 0;
  std::int64_t builds_ = 0;
  bool forces_current_ = false, energies_current_ = false, relaxing_ = false, lbfgs_ = false, moved_ = false, banding_ = false;
  bool swapping_ = false;        // swaps whose energies are relaxed
  Analysis *observer_ = nullptr; // of advance()
  std::int64_t observed_first_ = 0, observed_every_ = 1;
  DynamicsSettings run_{};
  RelaxSettings relax_{};
  BandSettings band_{};
  SwapSettings swap_{};
  DeviceBuffer<Site> site_, reference_;
  DeviceBuffer<double> velocity_, force_, energy_, virial_, heat_, spare_, mass_, sums_, partial_, bath_energy_, basis_, made_,
      products_, ends_, kept_;
  DeviceBuffer<std::int64_t> scattered_, order_, begin_, control_, block_begin_, block_of_system_, band_first_;
  DeviceBuffer<std::int32_t> image_; // [3][N] cells crossed since the positions were given
  DeviceBuffer<std::int32_t> new_order_, flags_, where_;
  DeviceBuffer<Box> box_, reference_box_;
  DeviceBuffer<Bath> bath_;
  DeviceBuffer<BathSettings> settings_;
  DeviceBuffer<RelaxState> relax_state_;
  DeviceBuffer<LbfgsState> lbfgs_state_;
  DeviceBuffer<ImageState> images_;
  DeviceBuffer<BandState> band_state_;
  DeviceBuffer<SwapState> swap_state_;
  DeviceBuffer<std::int64_t> swap_counts_; // [K][types][types][2]
  Recording step_chain_, end_chain_, swap_chain_;
  NeighbourView recorded_;
};

} // namespace

std::unique_ptr<AtomsBatch> make_atoms_batch(Queue &queue, const AtomsPlan &plan) {
  return std::make_unique<DeviceAtoms>(queue, plan);
}

} // namespace ZENER_BACKEND
} // namespace zener
