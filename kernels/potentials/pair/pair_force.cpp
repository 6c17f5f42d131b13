// Pair potentials by pair of elements: Lennard-Jones, and repulsion with Gaussian wells.
//
// Lennard-Jones 12-6, J. E. Lennard-Jones, Proc. Phys. Soc. 43, 461 (1931), doi:10.1088/0959-5309/43/5/301; derivation.md has
// the shifts, the wells and their switch. Lengths in A, energies in eV.
// One lane an atom (pair_force.hpp). Work for argon at its triple point (cutoff 2.5 sigma: 55 neighbours, 85 candidates):
// Lennard-Jones 40 flop a neighbour and 10 a candidate, 3 kflop; three wells 150 flop a neighbour, 9 kflop. Bytes: 36 a
// candidate, out of caches. Bound by the gathers (Lennard-Jones) or arithmetic (wells). A batch of one element reads its row as
// numbers that all lanes share. Arithmetic is double in every precision. Deterministic: the order of the list. Errors: none.
#include "kernels/potentials/pair_force.hpp"

#include "host/engine/potentials.hpp"
#include "host/neutral/errors.hpp"
#include "kernels/exec/buffer.hpp"
#include "kernels/potentials/pair/pair_model.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

using D = PairPack;

// Number k of the pairs whose rows begin at `at`.
template <bool kOneType> ZENER_FN D number(const View<const double, 1> &rows, int k, PackIndex<double> at) {
  if constexpr (kOneType) {
    return D::broadcast(rows[k]);
  } else {
    return D::gather(rows.data() + k, at);
  }
}

template <bool kOneType> struct LennardJonesForm {
  enum { kCutoff2, kSigma2, kFourEpsilon, kShift, kSlope, kRow }; // phi - kShift - kSlope r
  View<const double, 1> rows;                                     // [type][type][kRow]
  int sloped;                                                     // some kSlope is not zero

  ZENER_FN double cutoff2(std::int32_t row) const { return rows[kOneType ? 0 : row]; }

  ZENER_FN PairTerm pair(D r2, PackIndex<double> at) const {
    const D inverse2 = D::broadcast(1.0) / r2;
    const D s2 = number<kOneType>(rows, kSigma2, at) * inverse2;
    const D s6 = s2 * s2 * s2;
    const D scaled = number<kOneType>(rows, kFourEpsilon, at) * s6;
    PairTerm term;
    term.energy = fused_multiply_add(scaled, s6, -scaled) - number<kOneType>(rows, kShift, at);
    term.slope = scaled * fused_multiply_add(s6, -12.0, D::broadcast(6.0)) * inverse2;
    if (sloped != 0) {
      const D r = square_root(r2);
      const D slope = number<kOneType>(rows, kSlope, at);
      term.energy = term.energy - slope * r;
      term.slope = term.slope - slope * (r * inverse2);
    }
    return term;
  }
};

template <bool kOneType> struct WellsForm {
  enum { kCutoff2, kSwitchFrom, kInverseRange, kPower, kPowerLength, kExponent, kExponential, kRate, kFirstWell };
  enum { kDepth, kCentre, kInverseWidth, kWellNumbers };
  static constexpr int kRow = 1; // rows begin where `begin` says
  View<const double, 1> rows;    // [type][type][stride]
  int stride, wells, powers, exponentials;

  ZENER_FN double cutoff2(std::int32_t row) const { return rows[kOneType ? 0 : row * stride]; }

  ZENER_FN PairTerm pair(D r2, PackIndex<double> place) const {
    const PackIndex<double> at = place * stride;
    const auto get = [&](int k) { return number<kOneType>(rows, k, at); };
    const D zero = D::broadcast(0.0);
    const D one = D::broadcast(1.0);
    const D r = square_root(r2);
    const D inverse = one / r;
    D energy = zero;
    D slope = zero;
    if (powers != 0) {
      const D exponent = get(kExponent);
      const D term = get(kPower) * whole_power(get(kPowerLength) * inverse, exponent);
      energy = energy + term;
      slope = slope - exponent * term * inverse;
    }
    if (exponentials != 0) {
      const D rate = get(kRate);
      const D term = get(kExponential) * exponential(-(rate * r));
      energy = energy + term;
      slope = slope - rate * term;
    }
    for (int w = 0; w < wells; ++w) {
      const int first = kFirstWell + w * kWellNumbers;
      const D inverse_width = get(first + kInverseWidth);
      const D t = (r - get(first + kCentre)) * inverse_width;
      const D term = get(first + kDepth) * exponential(D::broadcast(-0.5) * t * t);
      energy = energy - term;
      slope = fused_multiply_add(term, t * inverse_width, slope);
    }
    // S = 1 - x^3 (10 - 15 x + 6 x^2), S' = -30 x^2 (1 - x)^2.
    const D inverse_range = get(kInverseRange);
    const D x = larger((r - get(kSwitchFrom)) * inverse_range, zero);
    const D left = one - x;
    const D polynomial = fused_multiply_add(fused_multiply_add(x, 6.0, D::broadcast(-15.0)), x, D::broadcast(10.0));
    const D scale = one - x * x * x * polynomial;
    const D fall = D::broadcast(-30.0) * x * x * left * left * inverse_range;
    return {energy * scale, fused_multiply_add(slope, scale, energy * fall) * inverse};
  }
};

template <template <bool> class Form> class PairPotential final : public Potential {
public:
  // `numbers` fills in what a form has beside its rows.
  template <class Numbers>
  PairPotential(Queue &queue, double cutoff_A, int types, const std::vector<double> &rows, const Numbers &numbers)
      : queue_(queue), cutoff_A_(cutoff_A), one_type_(types == 1),
        rows_(queue, static_cast<std::int64_t>(rows.size()), "pair parameters") {
    rows_.upload(rows.data());
    one_.types = many_.types = types;
    numbers(one_.form);
    numbers(many_.form);
    one_.form.rows = many_.form.rows = rows_.view();
  }

  const char *name() const override { return "pair"; }
  double cutoff_A() const override { return cutoff_A_; }
  bool scatters() const override { return false; }
  void reserve(std::int64_t, int) override {}
  std::size_t bytes_per_atom(int) const override { return 0; }
  void compute(const AtomsView &atoms, const ForceView &forces) override {
    if (one_type_) {
      one_.launch(queue_, "pair_force", atoms, forces);
    } else {
      many_.launch(queue_, "pair_force", atoms, forces);
    }
  }

private:
  Queue &queue_;
  double cutoff_A_;
  bool one_type_;
  DeviceBuffer<double> rows_;
  PairForce<Form<true>> one_{};
  PairForce<Form<false>> many_{};
};

// Calls `add` with the model's pair for each pair of the batch's types, in the order of rows.
template <class Model, class Add> void for_pairs(const Model &model, const std::vector<int> &types, Add add) {
  const std::size_t elements = model.element_names.size();
  for (const int a : types) {
    for (const int b : types) {
      add(model.pairs[static_cast<std::size_t>(a) * elements + static_cast<std::size_t>(b)]);
    }
  }
}

std::unique_ptr<Potential> make_lennard_jones(Queue &queue, const LennardJonesModel &model, const std::vector<int> &types) {
  std::vector<double> rows;
  double cutoff = 0.0;
  for_pairs(model, types, [&](const LennardJonesPair &p) {
    const double x = std::pow(p.sigma_A / p.cutoff_A, 6);
    const double energy = 4.0 * p.epsilon_eV * (x * x - x);
    const double slope =
        model.shift == LennardJonesShift::force ? 4.0 * p.epsilon_eV * (6.0 * x - 12.0 * x * x) / p.cutoff_A : 0.0;
    const double shift = model.shift == LennardJonesShift::none ? 0.0 : energy - slope * p.cutoff_A;
    rows.insert(rows.end(), {p.cutoff_A * p.cutoff_A, p.sigma_A * p.sigma_A, 4.0 * p.epsilon_eV, shift, slope});
    cutoff = std::max(cutoff, p.cutoff_A);
  });
  const int sloped = model.shift == LennardJonesShift::force ? 1 : 0;
  return std::make_unique<PairPotential<LennardJonesForm>>(queue, cutoff, static_cast<int>(types.size()), rows,
                                                           [&](auto &form) { form.sloped = sloped; });
}

std::unique_ptr<Potential> make_wells(Queue &queue, const WellsModel &model, const std::vector<int> &types) {
  std::size_t wells = 0;
  double cutoff = 0.0;
  int powers = 0;
  int exponentials = 0;
  for_pairs(model, types, [&](const WellsPair &p) {
    wells = std::max(wells, p.wells.size());
    cutoff = std::max(cutoff, p.cutoff_A);
    powers = p.power_eV != 0.0 ? 1 : powers;
    exponentials = p.exponential_eV != 0.0 ? 1 : exponentials;
  });
  std::vector<double> rows;
  for_pairs(model, types, [&](const WellsPair &p) {
    rows.insert(rows.end(),
                {p.cutoff_A * p.cutoff_A, p.switch_from_A, 1.0 / (p.cutoff_A - p.switch_from_A), p.power_eV, p.power_length_A,
                 static_cast<double>(p.exponent), p.exponential_eV, 1.0 / p.exponential_length_A});
    for (std::size_t w = 0; w < wells; ++w) {
      const GaussianWell well = w < p.wells.size() ? p.wells[w] : GaussianWell{0.0, 0.0, 1.0};
      rows.insert(rows.end(), {well.depth_eV, well.centre_A, 1.0 / well.width_A});
    }
  });
  const auto pairs = types.size() * types.size();
  return std::make_unique<PairPotential<WellsForm>>(queue, cutoff, static_cast<int>(types.size()), rows, [&](auto &form) {
    form.stride = static_cast<int>(rows.size() / pairs);
    form.wells = static_cast<int>(wells);
    form.powers = powers;
    form.exponentials = exponentials;
  });
}

} // namespace

std::unique_ptr<Potential> make_pair(Queue &queue, const PotentialModel &plain, const PotentialSetup &setup) {
  const std::vector<int> types = element_indices(plain, setup);
  if (const auto *model = dynamic_cast<const LennardJonesModel *>(&plain)) {
    return make_lennard_jones(queue, *model, types);
  }
  if (const auto *model = dynamic_cast<const WellsModel *>(&plain)) {
    return make_wells(queue, *model, types);
  }
  throw InvariantError("make_pair was given a potential of kind " + plain.kind());
}

} // namespace ZENER_BACKEND
} // namespace zener
