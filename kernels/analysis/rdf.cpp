// Pair distribution and structure factor.
//
//   g_ab(r) = V / (N_a N_b) n_ab(r) / (4 pi (r2^3 - r1^3) / 3),  n_ab: ordered pairs (a, b) with r1 <= |x_b - x_a| < r2, every
//             periodic image by itself and no atom with itself (normalised with N_a N_b also where a = b: OVITO, and freud's
//             "exact")
//   rho_a(q) = sum over atoms of a of exp(i q . x),  S_ab(q) = Re(rho_a rho_b*) / sqrt(N_a N_b) (Ashcroft, Langreth 1967,
//             doi:10.1103/PhysRev.156.685),  S(q) = |sum_a rho_a|^2 / N;  q . x = 2 pi n . s with fractional coordinates s
//
// Lengths in A, q in 1/A. Who owns what: count_pairs, a team owns a stretch of atoms and a histogram in scratch, a lane an atom
// and its list (on a GPU neighbouring lanes read neighbouring words); the histogram is added to the system's once. 32 bytes of
// Site, 4 of the list and about 20 flop a pair: bound by the gather. sum_waves, a team owns kWavesTogether vectors, a lane
// every kWaveLanes-th pack of atoms; then a tree over lanes. 24 bytes from the second level of cache and 4 x 45 flop an atom
// for four vectors: bound by arithmetic. Determinism: counts are integers; waves are summed in an order that the lanes fix, so
// CPU and GPU agree to rounding. Errors: none.
#include "kernels/analysis/rdf.hpp"

#include "kernels/core/pack_math.hpp"
#include "kernels/exec/atomics.hpp"

#include <cmath>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr int kPairLanes = 128;
constexpr int kAtomsOfTeam = kGpuShapes ? 512 : 1024;
constexpr std::size_t kMostScratch = 32 * 1024; // larger histograms are counted in memory

struct CountPairs {
  AtomsView atoms;
  int types, bins;
  double width, cutoff2;
  bool local;
  View<std::uint64_t, 3> counts;

  ZENER_FN void operator()(Team &team) const {
    const std::int64_t first = team.index() * kAtomsOfTeam;
    const std::int64_t left = atoms.site.size() - first;
    const int n = static_cast<int>(left < kAtomsOfTeam ? left : kAtomsOfTeam);
    const int size = local ? type_pairs(types) * bins : 0;
    View<std::int32_t, 1> own = team.scratch<std::int32_t>(size > 0 ? size : 1);
    team.for_each(size, [&](int b) { own[b] = 0; });
    const std::int32_t system = atoms.site[first].system; // of the histogram in scratch
    const double per_width = 1.0 / width;
    team.for_each(n, [&](int u) {
      const std::int64_t i = first + u;
      const Site &site = atoms.site[i];
      for (int s = 0; s < atoms.neighbours.count[i]; ++s) {
        const PairVector r = pair_vector(atoms, i, s);
        const int other = atoms.site[r.neighbour].type;
        const double r2 = r.x * r.x + r.y * r.y + r.z * r.z;
        if (other < site.type || !(r2 < cutoff2)) {
          continue;
        }
        const int bin = static_cast<int>(sqrt(r2) * per_width);
        if (bin >= bins) {
          continue;
        }
        const int pair = type_pair(site.type, other, types);
        if (!local || site.system != system) {
          atomic_add(&counts(site.system, pair, bin), std::uint64_t{1});
        } else if constexpr (kGpuShapes) {
          atomic_add(&own[pair * bins + bin], 1);
        } else {
          ++own[pair * bins + bin];
        }
      }
    });
    team.for_each(size, [&](int b) {
      if (own[b] != 0) {
        atomic_add(&counts(system, b / bins, b % bins), static_cast<std::uint64_t>(own[b]));
      }
    });
  }
};

struct GatherFractions {
  View<const Site, 1> sites;
  View<const Box, 1> boxes;
  View<const std::int32_t, 1> order;
  View<double, 2> fraction;
  ZENER_FN void operator()(std::int64_t i) const {
    double s[3] = {0.0, 0.0, 0.0};
    if (i < order.size()) {
      const Site &site = sites[order[i]];
      to_fractional(boxes[site.system], site.x, site.y, site.z, s);
    }
    for (int d = 0; d < 3; ++d) {
      fraction(d, i) = s[d] - floor(s[d]);
    }
  }
};

constexpr int kWavesTogether = 4;
constexpr int kWaveLanes = kGpuShapes ? 128 : 1;

struct SumWaves {
  WaveAtoms atoms;
  View<const Wave, 1> waves;
  View<double, 3> rho;

  ZENER_FN void operator()(Team &team) const {
    using P = Pack<double>;
    constexpr int W = kPackWidth<double>;
    const std::int64_t first = team.index() * kWavesTogether;
    const std::int64_t left = waves.size() - first;
    const int n = static_cast<int>(left < kWavesTogether ? left : kWavesTogether);
    View<double, 1> partial = team.scratch<double>(2 * kWavesTogether * kWaveLanes);
    for (int t = 0; t < atoms.types; ++t) {
      team.for_each(kWaveLanes, [&](int lane) {
        ZENER_UNROLL(4)
        for (int w = 0; w < kWavesTogether; ++w) {
          P re = P::broadcast(0.0), im = P::broadcast(0.0);
          if (w < n) {
            const Wave wave = waves[first + w];
            const std::int64_t group = static_cast<std::int64_t>(wave.system) * atoms.types + t;
            const std::int64_t end = atoms.group_begin[group + 1];
            for (std::int64_t i = atoms.group_begin[group] + lane * W; i < end; i += kWaveLanes * W) {
              // Turns, taken to [-1/2, 1/2]: adding and taking away 1.5 2^52 rounds to the nearest integer.
              P turns = P::load(&atoms.fraction.data()[i]) * P::broadcast(wave.n[0]);
              turns = turns + P::load(&atoms.fraction.data()[atoms.fraction.extent(1) + i]) * P::broadcast(wave.n[1]);
              turns = turns + P::load(&atoms.fraction.data()[2 * atoms.fraction.extent(1) + i]) * P::broadcast(wave.n[2]);
              const P shift = P::broadcast(0x1.8p52);
              turns = turns - ((turns + shift) - shift);
              const PackMask<double> back = turns < P::broadcast(0.0);
              const P angle = select<double>(back, -turns, turns) * P::broadcast(2.0);
              const P one = select<double>(first_of(end - i), P::broadcast(1.0), P::broadcast(0.0));
              const P sine = sin_pi(angle) * one;
              re = re + cos_pi(angle) * one;
              im = im + select<double>(back, -sine, sine);
            }
          }
          partial[(2 * w) * kWaveLanes + lane] = horizontal_sum(re);
          partial[(2 * w + 1) * kWaveLanes + lane] = horizontal_sum(im);
        }
      });
      for (int half = kWaveLanes / 2; half > 0; half /= 2) {
        team.for_each(2 * kWavesTogether, half,
                      [&](int c, int lane) { partial[c * kWaveLanes + lane] += partial[c * kWaveLanes + lane + half]; });
      }
      team.for_each(2 * n, [&](int c) { rho(first + c / 2, t, c % 2) = partial[c * kWaveLanes]; });
    }
  }

  static ZENER_FN PackMask<double> first_of(std::int64_t n) {
    return zener::ZENER_BACKEND::first<double>(n < kPackWidth<double> ? static_cast<int>(n) : kPackWidth<double>);
  }
};

} // namespace

void count_pairs(Queue &queue, const AtomsView &atoms, int types, double width_A, View<std::uint64_t, 3> counts) {
  const int bins = static_cast<int>(counts.extent(2));
  const std::size_t size = scratch_bytes<std::int32_t>(static_cast<std::int64_t>(type_pairs(types)) * bins);
  const bool local = size <= kMostScratch;
  const double cutoff = width_A * bins;
  queue.teams("rdf_pairs", {(atoms.size() + kAtomsOfTeam - 1) / kAtomsOfTeam, kPairLanes, local ? size : scratch_bytes<int>(1)},
              CountPairs{atoms, types, bins, width_A, cutoff * cutoff, local, counts});
}

void gather_fractions(Queue &queue, View<const Site, 1> sites, View<const Box, 1> boxes, View<const std::int32_t, 1> order,
                      View<double, 2> fraction) {
  queue.for_each("wave_fractions", fraction.extent(1), GatherFractions{sites, boxes, order, fraction});
}

void sum_waves(Queue &queue, const WaveAtoms &atoms, View<const Wave, 1> waves, View<double, 3> rho) {
  queue.teams("wave_sums",
              {(waves.size() + kWavesTogether - 1) / kWavesTogether, kWaveLanes,
               scratch_bytes<double>(2 * kWavesTogether * kWaveLanes)},
              SumWaves{atoms, waves, rho});
}

} // namespace ZENER_BACKEND
} // namespace zener
