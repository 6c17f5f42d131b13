// Sums over the atoms of every system of a batch: kinetic energy, virial, energies.
//
// Who owns what: a team of 128 lanes sums one block of at most 1,024 atoms of one system (first launch), then the blocks of one
// system (second launch). Lane l takes elements l, l + 128, … in order, then halves are folded. The tree depends on the
// number of atoms of the system alone, so a system's sums have the same bits in every batch and for any number of threads.
#pragma once

#include "kernels/dynamics/state.hpp"
#include "kernels/exec/queue.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr int kSumLanes = 128;
inline constexpr int kSumBlock = 1024;

// Source::value(element, sums) adds an element's numbers to sums[kSums]; the last of them is a maximum.
template <class Source> struct SumBlocks {
  Source source;
  View<const std::int64_t, 1> begin; // [blocks + 1] first elements
  View<double, 2> to;                // [blocks][kSums]
  View<const std::int32_t, 1> halted;

  static constexpr std::size_t scratch() { return scratch_bytes<double>(kSums * kSumLanes); }

  ZENER_FN void operator()(Team &team) const {
    if (halted[0] != 0) {
      return;
    }
    const View<double, 1> partial = team.scratch<double>(kSums * kSumLanes);
    const std::int64_t block = team.index();
    const std::int64_t first = begin[block];
    const std::int64_t end = begin[block + 1];
    const SumBlocks &self = *this;
    team.for_each(kSumLanes, [&](int lane) {
      double sums[kSums] = {};
      for (std::int64_t i = first + lane; i < end; i += kSumLanes) {
        self.source.add(i, sums);
      }
      for (int c = 0; c < kSums; ++c) {
        partial[c * kSumLanes + lane] = sums[c];
      }
    });
    for (int half = kSumLanes / 2; half > 0; half /= 2) {
      team.for_each(kSums, half, [&](int c, int lane) {
        double &a = partial[c * kSumLanes + lane];
        const double b = partial[c * kSumLanes + lane + half];
        a = c == kLargestForce ? (a > b ? a : b) : a + b;
      });
    }
    team.for_each(kSums, [&](int c) { self.to(block, c) = partial[c * kSumLanes]; });
  }
};

struct AtomSums {
  View<const Site, 1> site;
  View<const double, 1> mass; // by type, amu
  View<const double, 2> velocity;
  View<const double, 2> force;
  View<const double, 2> virial;
  View<const double, 1> energy;
  View<const double, 1> heat;
  int want_virial; // and energy
  ZENER_FN void add(std::int64_t i, double *sums) const {
    const double m = mass[site[i].type] / kAcceleration;
    const double v[3] = {velocity(0, i), velocity(1, i), velocity(2, i)};
    sums[0] += m * v[0] * v[0];
    sums[1] += m * v[1] * v[1];
    sums[2] += m * v[2] * v[2];
    sums[3] += m * v[1] * v[2];
    sums[4] += m * v[0] * v[2];
    sums[5] += m * v[0] * v[1];
    for (int d = 0; d < 3; ++d) {
      sums[kMomentumSum + d] += m * v[d];
    }
    if (want_virial != 0) {
      for (int c = 0; c < 6; ++c) {
        sums[kVirialSum + c] += virial(c, i);
      }
      sums[kEnergySum] += energy[i];
      sums[kHeatSum] += heat[i];
    }
    const double f2 = force(0, i) * force(0, i) + force(1, i) * force(1, i) + force(2, i) * force(2, i);
    sums[kLargestForce] = f2 > sums[kLargestForce] ? f2 : sums[kLargestForce];
  }
};

struct PartialSums {
  View<const double, 2> partial; // [blocks][kSums]
  ZENER_FN void add(std::int64_t i, double *sums) const {
    for (int c = 0; c < kLargestForce; ++c) {
      sums[c] += partial(i, c);
    }
    sums[kLargestForce] = partial(i, kLargestForce) > sums[kLargestForce] ? partial(i, kLargestForce) : sums[kLargestForce];
  }
};

} // namespace ZENER_BACKEND
} // namespace zener
