// ZBL: the screened nuclear repulsion between all pairs of atoms, with LAMMPS's switching.
//
// Ziegler, Biersack, Littmark, The Stopping and Range of Ions in Matter, vol. 1 (1985); the switching as the documentation of
// LAMMPS's pair_style zbl gives it; derivation.md. Lengths in A, energies in eV.
//   phi(r) = Zi Zj e^2/r sum_k c_k exp(-d_k r/a) + S(r), a = 0.46850 / (Zi^0.23 + Zj^0.23)
// One lane an atom (pair_force.hpp). Work: 26 neighbours of 190 flop and 48 candidates of 10, 5.5 kflop; bytes: 36 a candidate.
// Bound by arithmetic. Every arithmetic is double: the part beside other potentials is small. Deterministic: the order of the
// list. Errors: none.
#include "host/engine/potentials.hpp"
#include "host/neutral/elements.hpp"
#include "host/neutral/errors.hpp"
#include "kernels/core/pack_math.hpp"
#include "kernels/exec/buffer.hpp"
#include "kernels/potentials/pair_force.hpp"
#include "kernels/potentials/zbl/zbl_model.hpp"

#include <cmath>
#include <vector>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr double kCharge2 = 14.399645; // e^2 / (4 pi epsilon_0), eV A: LAMMPS's number in metal units
constexpr double kScreening = 0.46850; // A
constexpr double kPower = 0.23;
constexpr int kTerms = 4;

ZENER_HOST_FN double share(int k) {
  constexpr double kShares[kTerms] = {0.02817, 0.28022, 0.50986, 0.18175};
  return kShares[k];
}
ZENER_HOST_FN double rate(int k) {
  constexpr double kRates[kTerms] = {0.20162, 0.40290, 0.94229, 3.19980};
  return kRates[k];
}

// Of a pair of types.
enum Number { kStrength, kInverseLength, kCubic, kQuartic, kShift, kNumbers };

struct ZblForm {
  static constexpr int kRow = kNumbers;
  double inner, outer;
  View<const double, 1> numbers; // [type][type][kNumbers]

  ZENER_FN double cutoff2(std::int32_t) const { return outer * outer; }

  ZENER_FN PairTerm pair(PairPack r2, PackIndex<double> at) const {
    using D = PairPack;
    const double *base = numbers.data();
    const D zero = D::broadcast(0.0);
    const D r = square_root(r2);
    const D inverse = D::broadcast(1.0) / r;
    const D scaled = -(r * D::gather(base + kInverseLength, at));
    D sum = zero;
    D slope = zero;
    ZENER_UNROLL(4)
    for (int k = 0; k < kTerms; ++k) {
      const D term = exponential(scaled * D::broadcast(rate(k))) * D::broadcast(share(k));
      sum = sum + term;
      slope = fused_multiply_add(term, -rate(k), slope);
    }
    const D charge = D::gather(base + kStrength, at) * inverse;
    D energy = charge * sum;
    D change = charge * fused_multiply_add(slope, D::gather(base + kInverseLength, at), -(sum * inverse));
    const D t = larger(r - D::broadcast(inner), zero);
    const D cubic = D::gather(base + kCubic, at);
    const D quartic = D::gather(base + kQuartic, at);
    energy = energy + D::gather(base + kShift, at) +
             t * t * t * fused_multiply_add(quartic, D::broadcast(0.25) * t, cubic * D::broadcast(1.0 / 3.0));
    change = change + t * t * fused_multiply_add(quartic, t, cubic);
    return {energy, change * inverse};
  }
};

// Energy and its first two derivatives without switching, eV/A^n.
struct Repulsion {
  double energy, slope, curvature;
};
Repulsion repulsion(double strength, double inverse_length, double r) {
  double f = 0.0, f1 = 0.0, f2 = 0.0;
  for (int k = 0; k < kTerms; ++k) {
    const double fall = rate(k) * inverse_length;
    const double term = share(k) * std::exp(-fall * r);
    f += term;
    f1 -= fall * term;
    f2 += fall * fall * term;
  }
  return {strength * f / r, strength * (f1 - f / r) / r, strength * (f2 - 2.0 * f1 / r + 2.0 * f / (r * r)) / r};
}

class Zbl final : public Potential {
public:
  Zbl(Queue &queue, const ZblModel &model, const PotentialSetup &setup) : queue_(queue) {
    std::vector<double> charges;
    for (const std::string &element : setup.elements) {
      const std::optional<int> number = atomic_number(element);
      if (!number) {
        throw ConfigError("zbl needs the atomic number of " + element + ", which is no chemical element");
      }
      charges.push_back(*number);
    }
    std::vector<double> numbers;
    const double range = model.outer_A() - model.inner_A();
    for (double a : charges) {
      for (double b : charges) {
        const double inverse_length = (std::pow(a, kPower) + std::pow(b, kPower)) / kScreening;
        const double strength = a * b * kCharge2;
        const Repulsion end = repulsion(strength, inverse_length, model.outer_A());
        numbers.insert(numbers.end(), {strength, inverse_length, (-3.0 * end.slope + range * end.curvature) / (range * range),
                                       (2.0 * end.slope - range * end.curvature) / (range * range * range),
                                       -end.energy + 0.5 * range * end.slope - range * range * end.curvature / 12.0});
      }
    }
    numbers_ = DeviceBuffer<double>(queue, static_cast<std::int64_t>(numbers.size()), "zbl pairs");
    numbers_.upload(numbers.data());
    work_.types = static_cast<int>(charges.size());
    work_.form = {model.inner_A(), model.outer_A(), numbers_.view()};
  }

  const char *name() const override { return "zbl"; }
  double cutoff_A() const override { return work_.form.outer; }
  bool scatters() const override { return false; }
  void reserve(std::int64_t, int) override {}
  std::size_t bytes_per_atom(int) const override { return 0; }
  void compute(const AtomsView &atoms, const ForceView &forces) override { work_.launch(queue_, "zbl_force", atoms, forces); }

private:
  Queue &queue_;
  PairForce<ZblForm> work_{};
  DeviceBuffer<double> numbers_;
};

} // namespace

std::unique_ptr<Potential> make_zbl(Queue &queue, const PotentialModel &model, const PotentialSetup &setup) {
  return std::make_unique<Zbl>(queue, dynamic_cast<const ZblModel &>(model), setup);
}

} // namespace ZENER_BACKEND
} // namespace zener
