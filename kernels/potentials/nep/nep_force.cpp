// Neuroevolution potential: energies, forces and virials (Fan et al., PRB 104, 104309 (2021), doi:10.1103/PhysRevB.104.104309;
// J. Chem. Phys. 157, 114801 (2022), doi:10.1063/5.0106617; Song et al., Nat. Commun. 15, 10208 (2024)).
//
//   E_i = sum_v w1_v tanh(sum_d w0_vd q_d - b0_v) - b1 + (1/2) sum_j U_ZBL(r_ij)
//   q_n = sum_j g_n(r_ij),  A_nlm = sum_j g_n(r_ij) b_lm(r_ij/|r_ij|),  q_nl = sum_m A_nlm^2, and cubic and quartic invariants
//   g_n(r) = f_c(r) sum_k c_nk (1 + T_k(x))/2 = f_c(r) sum_k c'_nk T_k(x)  (c' formed once);  derivation.md has the rest
//
// A in A, energies in eV. Parallel: a team owns `together` atoms at a time, one on the CPU, several on a GPU. Phases: 1 gather
// the neighbours within the cutoffs, those with angular terms first, sorted by element (slot), on the CPU padded so that a pack
// has one element; 2 radial sums (pack of slots); 3 g_n and b_lm of a chunk of slots (pack), 4 A_nlm (harmonic); 5 invariants
// (pack of n); 6 hidden layer (neurons); 7 dE/dq (descriptors) and energy; 8 dE/dA (pack of n) and dE/dg contracted with c'
// (element x k); 9 dE_i/dr_ij (pack): F = dE/dA is contracted with g_n and g_n' before it meets the harmonics and their
// gradients; 10 sums over slots, neighbours' forces by add_force().
//
// UNEP-v1, bcc: 80 kFLOP an atom (58 radial, 26 angular neighbours). Bytes: 32 of Site a neighbour, 24 added to it, tables from
// the first and second level of cache (22 kB of weights an element in double). Limit: fused multiply-adds; on the CPU the 174
// atomic additions of forces weigh as much. Precision: differences of positions, sums of forces, virials and energies over
// atoms in double, the rest in Real. Determinism: fixed orders, the bits depend on the width of packs but not on threads.
// Errors: none; coinciding atoms give forces that are not finite, which the engine's checks meet.
#include "host/engine/potentials.hpp"
#include "host/neutral/elements.hpp"
#include "host/neutral/errors.hpp"
#include "kernels/potentials/nep/nep_math.hpp"
#include "kernels/potentials/nep/nep_model.hpp"

#include <algorithm>
#include <cmath>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

template <class Real> constexpr int padded(int n) { return (n + kPackWidth<Real> - 1) / kPackWidth<Real> * kPackWidth<Real>; }

constexpr int kZblRow = 12; // of a pair: K Z Z', 1/a, inner and outer cutoff, a_1 … a_8
// Harmonics whose sums a lane forms at once; packs of neurons or descriptors.
constexpr int kHarmonicBlock = kGpuShapes ? 1 : 4;
constexpr int kNetworkBlock = kGpuShapes ? 1 : 5;
// Lanes of an atom in the radial sums.
constexpr int kRadialParts = kGpuShapes ? 16 : 1;
constexpr int kChunk = 32;                                                       // slots of phase 3 on a GPU
constexpr double kFourBody = -0.23904572186687872 * 108.0 * 0.03137257913714289; // -sqrt(2/35) 108 (5/(16 pi))^(3/2)
constexpr double kFiveBody = 7.0 / 15.0;

template <class Real> struct NepView {
  View<const Real, 1> radial;   // c' [type x neighbour's type][radial_basis][radial_stride]
  View<const Real, 1> angular;  // c' [type x neighbour's type][angular_basis][angular_stride]
  View<const Real, 1> forward;  // [type][descriptors][neuron_stride], times the scalers
  View<const Real, 1> backward; // [type][neurons][descriptor_stride], the same numbers
  View<const Real, 1> bias;     // [type][neuron_stride]
  View<const Real, 1> output;   // [type][neuron_stride]
  View<const Real, 1> zbl;      // [type x neighbour's type][kZblRow]
  double output_bias;
  double radial_cutoff, angular_cutoff;
  int types;
  int radial_functions, radial_basis, radial_stride;
  int angular_functions, angular_basis, angular_stride;
  int l_max, four_body, five_body;
  int descriptors, descriptor_stride;
  int neurons, neuron_stride;
  int has_zbl;
};

struct NepShape {
  int together; // atoms at a time
  int rounds;   // times that many are a team's
  int capacity; // of the neighbour lists
  int slots;    // of an atom in scratch
  int chunk;    // slots of phase 3, and their stride
  int chunk_stride;
  std::int64_t scratch_bytes;
};

// Hands out parts of a team's memory; without memory it counts them.
struct Arena {
  std::byte *memory = nullptr;
  std::size_t used = 0;
  template <class T> ZENER_HOST_FN View<T, 1> take(int n) {
    T *part = memory == nullptr ? nullptr : reinterpret_cast<T *>(memory + used);
    used += scratch_bytes<T>(n);
    return View<T, 1>(part, n);
  }
};

// A team's memory, [together] each.
template <class Real> struct NepScratch {
  View<std::int32_t, 1> neighbour, type; // [slots], -1: none
  View<std::int32_t, 1> used;            // [2]: slots with angular terms, all
  View<std::int32_t, 1> work;            // [3 capacity] CPU, [capacity] GPU
  View<double, 1> difference;            // [4 capacity], CPU
  View<Real, 1> x, y, z;                 // [slots]
  View<Real, 1> gx, gy, gz;              // [slots] dE_i/dr_ij
  View<Real, 1> pair_energy;             // [slots]
  View<Real, 1> partial;                 // [kRadialParts][radial_stride]
  View<Real, 1> g, b;                    // [angular_stride][chunk_stride], [kHarmonics][chunk_stride]
  View<Real, 1> sums, forces;            // A and F, [kHarmonics][function_stride]
  View<Real, 1> q, slope;                // [descriptor_stride]
  View<Real, 1> hidden, output;          // [neuron_stride]: dE/d(argument of tanh), terms of the energy
  View<Real, 1> contracted;              // [types][radial_basis]
  View<double, 1> total;                 // [together]

  ZENER_HOST_FN NepScratch(const NepView<Real> &nep, const NepShape &s, int function_stride, Arena &arena) {
    const int t = s.together;
    neighbour = arena.take<std::int32_t>(t * s.slots);
    type = arena.take<std::int32_t>(t * s.slots);
    used = arena.take<std::int32_t>(t * 2);
    work = arena.take<std::int32_t>(t * s.capacity * (kGpuShapes ? 1 : 3));
    difference = arena.take<double>(kGpuShapes ? 0 : t * s.capacity * 4);
    x = arena.template take<Real>(t * s.slots);
    y = arena.template take<Real>(t * s.slots);
    z = arena.template take<Real>(t * s.slots);
    gx = arena.template take<Real>(t * s.slots);
    gy = arena.template take<Real>(t * s.slots);
    gz = arena.template take<Real>(t * s.slots);
    pair_energy = arena.template take<Real>(t * s.slots);
    partial = arena.template take<Real>(t * kRadialParts * nep.radial_stride);
    g = arena.template take<Real>(t * nep.angular_stride * s.chunk_stride);
    b = arena.template take<Real>(t * kHarmonics * s.chunk_stride);
    sums = arena.template take<Real>(t * kHarmonics * function_stride);
    forces = arena.template take<Real>(t * kHarmonics * function_stride);
    q = arena.template take<Real>(t * nep.descriptor_stride);
    slope = arena.template take<Real>(t * nep.descriptor_stride);
    hidden = arena.template take<Real>(t * nep.neuron_stride);
    output = arena.template take<Real>(t * nep.neuron_stride);
    contracted = arena.template take<Real>(t * nep.types * nep.radial_basis);
    total = arena.take<double>(t);
  }
};

// The screened repulsion of a pair and its slope, both halved: what belongs to one of the two atoms.
template <class Real>
ZENER_FN void half_zbl(const Real *row, Pack<Real> r, Pack<Real> inverse, Pack<Real> &energy, Pack<Real> &slope) {
  const Pack<Real> zero = constant<Real>(0.0), one = constant<Real>(1.0);
  const Pack<Real> scale = Pack<Real>::broadcast(row[1]);
  Pack<Real> screening = zero, change = zero;
  for (int i = 4; i < kZblRow; i += 2) {
    const Pack<Real> rate = scale * Pack<Real>::broadcast(row[i + 1]);
    const Pack<Real> term = exponential(-(rate * r)) * Pack<Real>::broadcast(row[i]);
    screening = screening + term;
    change = change - term * rate;
  }
  const Pack<Real> charge = inverse * Pack<Real>::broadcast(row[0] * Real(0.5));
  const Pack<Real> v = charge * screening;
  const Pack<Real> v_slope = fused_multiply_add(charge, change, -(v * inverse));
  const Pack<Real> width = one / Pack<Real>::broadcast(row[3] - row[2]);
  const Pack<Real> w = smaller(larger((r - Pack<Real>::broadcast(row[2])) * width, zero), one);
  const Pack<Real> s = sin_pi((one - w) * constant<Real>(0.5));
  const Pack<Real> cutoff = s * s;
  const Pack<Real> cutoff_slope = sin_pi(w) * width * constant<Real>(-0.5 * kPi);
  energy = v * cutoff;
  slope = fused_multiply_add(v_slope, cutoff, v * cutoff_slope);
}

// N: functions taken at once; strides of functions are multiples of it.
template <class Real, int N> struct NepForce {
  static constexpr int W = kPackWidth<Real>;
  using P = Pack<Real>;

  NepView<Real> nep;
  NepShape shape;
  AtomsView atoms;
  ForceView out;

  ZENER_FN int function_stride() const { return padded_functions(nep.angular_stride); }
  static ZENER_HOST_FN int padded_functions(int stride) { return (stride + W - 1) / W * W; }

  ZENER_FN void operator()(Team &team) const {
    if (atoms.halted[0] != 0) {
      return;
    }
    Arena arena{team.scratch<std::byte>(shape.scratch_bytes).data()};
    const NepScratch<Real> m(nep, shape, function_stride(), arena);
    for (int round = 0; round < shape.rounds; ++round) {
      const std::int64_t first = (team.index() * shape.rounds + round) * shape.together;
      if (first < atoms.site.size()) {
        gather(team, m, first);
        radial_sums(team, m, first);
        angular_sums(team, m, first);
        invariants(team, m);
        network(team, m, first);
        team.end_part(kDescriptorPart);
        contract(team, m, first);
        pair_forces(team, m, first);
        store(team, m, first);
        team.end_part(kForcePart);
      }
    }
  }

  ZENER_FN int type_of_atom(std::int64_t atom) const { return atom < atoms.site.size() ? atoms.site[atom].type : 0; }

  // Phase 1.
  ZENER_FN void gather(Team &team, const NepScratch<Real> &m, std::int64_t first) const {
    const double radial2 = nep.radial_cutoff * nep.radial_cutoff, angular2 = nep.angular_cutoff * nep.angular_cutoff;
    if constexpr (kGpuShapes) {
      // The place of a neighbour: how many have a smaller key (with angular terms or not, element), or the same and stand
      // before it.
      const int none = 2 * nep.types;
      team.for_each(shape.together, shape.capacity, [&](int u, int s) {
        int key = none;
        if (first + u < atoms.site.size() && s < atoms.neighbours.count[first + u]) {
          const PairVector v = pair_vector(atoms, first + u, s);
          const double r2 = v.x * v.x + v.y * v.y + v.z * v.z;
          const int type = atoms.site[v.neighbour].type;
          key = r2 < angular2 ? type : r2 < radial2 ? nep.types + type : none;
        }
        m.work[u * shape.capacity + s] = key;
      });
      team.for_each(shape.together, shape.capacity, [&](int u, int s) {
        const std::int32_t *keys = m.work.data() + u * shape.capacity;
        const int key = keys[s];
        if (key == none) {
          return;
        }
        const int count = atoms.neighbours.count[first + u];
        int place = 0;
        for (int other = 0; other < count; ++other) {
          place += (keys[other] < key || (keys[other] == key && other < s)) ? 1 : 0;
        }
        const PairVector v = pair_vector(atoms, first + u, s);
        const int slot = u * shape.slots + place;
        m.x[slot] = static_cast<Real>(v.x);
        m.y[slot] = static_cast<Real>(v.y);
        m.z[slot] = static_cast<Real>(v.z);
        m.neighbour[slot] = v.neighbour;
        m.type[slot] = key < nep.types ? key : key - nep.types;
      });
      team.for_each(shape.together, 2, [&](int u, int which) {
        const int below = which == 0 ? nep.types : none;
        int count = 0;
        for (int s = 0; s < shape.capacity; ++s) {
          count += m.work[u * shape.capacity + s] < below ? 1 : 0;
        }
        m.used[2 * u + which] = count;
      });
    } else {
      team.single([&] { gather_alone(m, first, radial2, angular2); });
    }
  }

  // The same for one atom and packs: differences of the whole list first, then lists of those within the cutoffs.
  ZENER_FN void gather_alone(const NepScratch<Real> &m, std::int64_t atom, double radial2, double angular2) const {
    constexpr int D = kPackWidth<double>;
    using V = Pack<double>;
    const NeighbourView &list = atoms.neighbours;
    const Site &own = atoms.site[atom];
    const int count = list.count[atom];
    const int end = padded<double>(count);
    std::int32_t *index = m.work.data();
    std::int32_t *near = index + shape.capacity;
    std::int32_t *far = near + shape.capacity;
    std::int32_t *row = near; // until the lists are made
    const std::uint32_t *words = list.list(atom);
    const std::int32_t table = own.system * list.codes;
    for (int s = 0; s < count; ++s) {
      index[s] = list.index(words[s]);
      row[s] = table + list.code(words[s]);
    }
    for (int s = count; s < end; ++s) {
      index[s] = static_cast<std::int32_t>(atom);
      row[s] = table + list.home;
    }
    double *dx = m.difference.data();
    double *dy = dx + shape.capacity;
    double *dz = dy + shape.capacity;
    double *square = dz + shape.capacity;
    const V x = V::broadcast(own.x), y = V::broadcast(own.y), z = V::broadcast(own.z);
    const double *sites = reinterpret_cast<const double *>(atoms.site.data());
    for (int s = 0; s < end; s += D) {
      V ox, oy, oz, rest, sx, sy, sz;
      gather_rows(sites, load_index<double>(index + s), ox, oy, oz, rest);
      gather_rows(list.shifts.data(), load_index<double>(row + s), sx, sy, sz, rest);
      const V vx = (ox - x) + sx, vy = (oy - y) + sy, vz = (oz - z) + sz;
      vx.store(dx + s);
      vy.store(dy + s);
      vz.store(dz + s);
      (vx * vx + vy * vy + vz * vz).store(square + s);
    }
    int angular = 0, radial = 0;
    for (int s = 0; s < count; ++s) {
      const int in = square[s] < angular2 ? 1 : 0;
      near[angular] = s;
      far[radial] = s;
      angular += in;
      radial += square[s] < radial2 ? 1 - in : 0;
    }
    const auto place = [&](const std::int32_t *from, int n, int begin) {
      int next[118]; // elements there are
      int stop = begin;
      if (nep.types == 1) {
        next[0] = begin;
        stop += padded<Real>(n);
      } else {
        for (int t = 0; t < nep.types; ++t) {
          next[t] = 0;
        }
        for (int i = 0; i < n; ++i) {
          ++next[atoms.site[index[from[i]]].type];
        }
        for (int t = 0; t < nep.types; ++t) {
          const int size = padded<Real>(next[t]);
          next[t] = stop;
          stop += size;
        }
      }
      // Slots that stay empty: at the cutoff, where everything vanishes.
      const auto put = [&](int slot, double px, double py, double pz, std::int32_t j) {
        m.x[slot] = static_cast<Real>(px);
        m.y[slot] = static_cast<Real>(py);
        m.z[slot] = static_cast<Real>(pz);
        m.neighbour[slot] = j;
      };
      const auto fill = [&](int from_slot, int to_slot, int t) {
        for (int slot = from_slot; slot < to_slot; ++slot) {
          put(slot, nep.radial_cutoff, 0.0, 0.0, -1);
          m.type[slot] = t;
        }
      };
      if (nep.types == 1) {
        for (int i = 0; i < n; ++i) {
          const int s = from[i];
          put(begin + i, dx[s], dy[s], dz[s], index[s]);
        }
        for (int slot = begin; slot < stop; slot += W) {
          m.type[slot] = 0;
        }
        fill(begin + n, stop, 0);
      } else {
        for (int i = 0; i < n; ++i) {
          const int s = from[i];
          const int t = atoms.site[index[s]].type;
          m.type[next[t]] = t;
          put(next[t]++, dx[s], dy[s], dz[s], index[s]);
        }
        for (int t = 0; t < nep.types; ++t) {
          fill(next[t], padded<Real>(next[t]), t); // segments begin at multiples of the width
        }
      }
      return stop;
    };
    m.used[0] = place(near, angular, 0);
    m.used[1] = place(far, radial, m.used[0]);
  }

  // Phase 2.
  ZENER_FN void radial_sums(Team &team, const NepScratch<Real> &m, std::int64_t first) const {
    const double inverse = 1.0 / nep.radial_cutoff;
    team.for_each(shape.together, kRadialParts, [&](int u, int part) {
      const int type = type_of_atom(first + u);
      const int used = m.used[2 * u + 1];
      const int at = u * shape.slots;
      for (int begin = 0; begin < nep.radial_stride; begin += N) {
        P sums[N];
        for (int n = 0; n < N; ++n) {
          sums[n] = constant<Real>(0.0);
        }
        for (int slot = part * W; slot < used; slot += kRadialParts * W) {
          const P r = distance(m, at + slot);
          const RadialValue<Real> radial(r, inverse);
          P g[N];
          for (int n = 0; n < N; ++n) {
            g[n] = constant<Real>(0.0);
          }
          const int pair = type * nep.types + m.type[at + slot];
          chebyshev<N>(radial.x, nep.radial.data() + pair * nep.radial_basis * nep.radial_stride + begin, nep.radial_basis,
                       nep.radial_stride, g);
          for (int n = 0; n < N; ++n) {
            sums[n] = fused_multiply_add(g[n], radial.cutoff, sums[n]);
          }
        }
        store_sums(sums, m.partial.data() + (u * kRadialParts + part) * nep.radial_stride + begin);
      }
    });
  }

  ZENER_FN P distance(const NepScratch<Real> &m, int slot) const {
    const P x = P::load(&m.x[slot]), y = P::load(&m.y[slot]), z = P::load(&m.z[slot]);
    return square_root(fused_multiply_add(x, x, fused_multiply_add(y, y, z * z)));
  }

  // Phases 3 and 4, by chunks.
  ZENER_FN void angular_sums(Team &team, const NepScratch<Real> &m, std::int64_t first) const {
    const double inverse_cutoff = 1.0 / nep.angular_cutoff;
    const int stride = function_stride();
    team.for_each(shape.together * kHarmonics * stride, [&](int i) { m.sums[i] = Real(0); });
    int most = 0;
    for (int u = 0; u < shape.together; ++u) {
      most = m.used[2 * u] > most ? m.used[2 * u] : most;
    }
    for (int chunk = 0; chunk < most; chunk += shape.chunk) {
      const int here = most - chunk < shape.chunk ? most - chunk : shape.chunk;
      team.for_each(shape.together, here / W, [&](int u, int p) {
        const int slot = u * shape.slots + chunk + p * W;
        if (chunk + p * W >= m.used[2 * u]) {
          return;
        }
        const P r = distance(m, slot);
        const P inverse = constant<Real>(1.0) / r;
        const RadialValue<Real> radial(r, inverse_cutoff);
        const int pair = type_of_atom(first + u) * nep.types + m.type[slot];
        Real *g_to = m.g.data() + u * nep.angular_stride * shape.chunk_stride + p * W;
        for (int begin = 0; begin < nep.angular_stride; begin += N) {
          P g[N];
          for (int n = 0; n < N; ++n) {
            g[n] = constant<Real>(0.0);
          }
          chebyshev<N>(radial.x, nep.angular.data() + pair * nep.angular_basis * nep.angular_stride + begin, nep.angular_basis,
                       nep.angular_stride, g);
          for (int n = 0; n < N; ++n) {
            (g[n] * radial.cutoff).store(g_to + (begin + n) * shape.chunk_stride);
          }
        }
        const P x = P::load(&m.x[slot]) * inverse, y = P::load(&m.y[slot]) * inverse, z = P::load(&m.z[slot]) * inverse;
        store_harmonics<0>(x, y, z, constant<Real>(1.0), constant<Real>(0.0),
                           m.b.data() + u * kHarmonics * shape.chunk_stride + p * W, shape.chunk_stride);
      });
      team.for_each(shape.together, kHarmonics / kHarmonicBlock, [&](int u, int block) {
        const int left = m.used[2 * u] - chunk;
        const int count = left < shape.chunk ? left : shape.chunk;
        const Real *b = m.b.data() + (u * kHarmonics + block * kHarmonicBlock) * shape.chunk_stride;
        for (int begin = 0; begin < nep.angular_stride; begin += N) {
          const Real *g = m.g.data() + (u * nep.angular_stride + begin) * shape.chunk_stride;
          P sums[kHarmonicBlock][N];
          for (int k = 0; k < kHarmonicBlock; ++k) {
            for (int n = 0; n < N; ++n) {
              sums[k][n] = constant<Real>(0.0);
            }
          }
          for (int slot = 0; slot < count; slot += W) {
            P functions[N];
            for (int n = 0; n < N; ++n) {
              functions[n] = P::load(g + n * shape.chunk_stride + slot);
            }
            for (int k = 0; k < kHarmonicBlock; ++k) {
              const P harmonic = P::load(b + k * shape.chunk_stride + slot);
              for (int n = 0; n < N; ++n) {
                sums[k][n] = fused_multiply_add(harmonic, functions[n], sums[k][n]);
              }
            }
          }
          Real *to = m.sums.data() + (u * kHarmonics + block * kHarmonicBlock) * stride + begin;
          for (int k = 0; k < kHarmonicBlock; ++k) {
            Real folded[N];
            store_sums(sums[k], folded);
            for (int n = 0; n < N; ++n) {
              to[k * stride + n] += folded[n];
            }
          }
        }
      });
    }
  }

  // Phase 5: all descriptors.
  ZENER_FN void invariants(Team &team, const NepScratch<Real> &m) const {
    const int stride = function_stride();
    team.for_each(shape.together, nep.radial_functions, [&](int u, int n) {
      Real sum = 0;
      for (int part = 0; part < kRadialParts; ++part) {
        sum += m.partial[(u * kRadialParts + part) * nep.radial_stride + n];
      }
      m.q[u * nep.descriptor_stride + n] = sum;
    });
    team.for_each(shape.together, stride / W, [&](int u, int p) {
      const Real *a = m.sums.data() + u * kHarmonics * stride + p * W;
      Real *q = m.q.data() + u * nep.descriptor_stride + nep.radial_functions;
      const auto put = [&](int term, P value) {
        Real values[W];
        value.store(values);
        for (int e = 0; e < W && p * W + e < nep.angular_functions; ++e) {
          q[term * nep.angular_functions + p * W + e] = values[e];
        }
      };
      P square[kNepLargestL];
      for (int l = 0; l < kNepLargestL; ++l) {
        square[l] = constant<Real>(0.0);
      }
      for (int i = 0; i < kHarmonics; ++i) {
        const P value = P::load(a + i * stride);
        square[harmonic_l(i) - 1] = fused_multiply_add(value * value, weight(i), square[harmonic_l(i) - 1]);
      }
      for (int l = 0; l < nep.l_max; ++l) {
        put(l, square[l]);
      }
      if (nep.four_body != 0) {
        const Quadrupole t(a, stride);
        const P cube =
            t.s0 * (t.s0 * t.s0 * constant<Real>(1.0 / 108.0) - (t.s3 * t.s3 + t.s4 * t.s4) * constant<Real>(1.0 / 12.0) +
                    (t.s1 * t.s1 + t.s2 * t.s2) * constant<Real>(1.0 / 6.0)) +
            t.s3 * (t.s1 * t.s1 - t.s2 * t.s2) * constant<Real>(0.5) + t.s1 * t.s2 * t.s4;
        put(nep.l_max, cube * constant<Real>(kFourBody));
      }
      if (nep.five_body != 0) {
        put(nep.l_max + 1, square[0] * square[0] * constant<Real>(kFiveBody));
      }
    });
  }

  static ZENER_FN Real weight(int i) { return static_cast<Real>(harmonic_weight(harmonic_l(i), harmonic_m(i))); }

  // The harmonics of l = 2 among the sums: 3 z^2 - 1, x z, y z, x^2 - y^2, 2 x y.
  struct Quadrupole {
    P s0, s1, s2, s3, s4;
    ZENER_FN Quadrupole(const Real *a, int stride)
        : s0(P::load(a + stride)), s1(P::load(a + 5 * stride)), s2(P::load(a + 9 * stride)), s3(P::load(a + 12 * stride)),
          s4(P::load(a + 15 * stride)) {}
  };

  // Phases 6 and 7.
  ZENER_FN void network(Team &team, const NepScratch<Real> &m, std::int64_t first) const {
    const int neuron_packs = nep.neuron_stride / W;
    team.for_each(shape.together, (neuron_packs + kNetworkBlock - 1) / kNetworkBlock, [&](int u, int block) {
      const int left = neuron_packs - block * kNetworkBlock;
      with_count<kNetworkBlock>(left < kNetworkBlock ? left : kNetworkBlock, [&](auto packs) {
        hidden_layer<decltype(packs)::value>(m, u, type_of_atom(first + u), block * kNetworkBlock * W);
      });
    });
    const int packs = nep.descriptor_stride / W;
    const int blocks = (packs + kNetworkBlock - 1) / kNetworkBlock;
    // The last lane of an atom adds up its energy.
    team.for_each(shape.together, blocks + 1, [&](int u, int block) {
      if (block == blocks) {
        using V = Pack<double>;
        V sum = constant<double>(0.0);
        for (int v = 0; v < nep.neuron_stride; v += kPackWidth<double>) {
          sum = sum + V::load_as(m.output.data() + u * nep.neuron_stride + v);
        }
        m.total[u] = horizontal_sum(sum) - nep.output_bias;
        return;
      }
      const int left = packs - block * kNetworkBlock;
      with_count<kNetworkBlock>(left < kNetworkBlock ? left : kNetworkBlock, [&](auto count) {
        descriptor_slopes<decltype(count)::value>(m, u, type_of_atom(first + u), block * kNetworkBlock * W);
      });
    });
  }

  template <int Packs> ZENER_FN void hidden_layer(const NepScratch<Real> &m, int u, int type, int begin) const {
    const Real *weights = nep.forward.data() + static_cast<std::int64_t>(type) * nep.descriptors * nep.neuron_stride + begin;
    const Real *bias = nep.bias.data() + type * nep.neuron_stride + begin;
    const Real *output = nep.output.data() + type * nep.neuron_stride + begin;
    const Real *q = m.q.data() + u * nep.descriptor_stride;
    P sums[Packs];
    for (int p = 0; p < Packs; ++p) {
      sums[p] = -P::load(bias + p * W);
    }
    for (int d = 0; d < nep.descriptors; ++d) {
      const P value = P::broadcast(q[d]);
      for (int p = 0; p < Packs; ++p) {
        sums[p] = fused_multiply_add(value, P::load(weights + d * nep.neuron_stride + p * W), sums[p]);
      }
    }
    for (int p = 0; p < Packs; ++p) {
      P slope;
      const P t = hyperbolic_tangent(sums[p], slope);
      const P w = P::load(output + p * W);
      const int at = u * nep.neuron_stride + begin + p * W;
      (w * t).store(m.output.data() + at);
      (w * slope).store(m.hidden.data() + at);
    }
  }

  template <int Packs> ZENER_FN void descriptor_slopes(const NepScratch<Real> &m, int u, int type, int begin) const {
    const Real *weights = nep.backward.data() + static_cast<std::int64_t>(type) * nep.neurons * nep.descriptor_stride + begin;
    const Real *hidden = m.hidden.data() + u * nep.neuron_stride;
    P sums[Packs];
    for (int p = 0; p < Packs; ++p) {
      sums[p] = constant<Real>(0.0);
    }
    for (int v = 0; v < nep.neurons; ++v) {
      const P value = P::broadcast(hidden[v]);
      for (int p = 0; p < Packs; ++p) {
        sums[p] = fused_multiply_add(value, P::load(weights + v * nep.descriptor_stride + p * W), sums[p]);
      }
    }
    for (int p = 0; p < Packs; ++p) {
      sums[p].store(m.slope.data() + u * nep.descriptor_stride + begin + p * W);
    }
  }

  // Phase 8.
  ZENER_FN void contract(Team &team, const NepScratch<Real> &m, std::int64_t first) const {
    const int stride = function_stride();
    team.for_each(shape.together, stride / W, [&](int u, int p) {
      const Real *a = m.sums.data() + u * kHarmonics * stride + p * W;
      Real *f = m.forces.data() + u * kHarmonics * stride + p * W;
      const Real *slope = m.slope.data() + u * nep.descriptor_stride + nep.radial_functions;
      const auto take = [&](int term) {
        Real values[W];
        for (int e = 0; e < W; ++e) {
          const int n = p * W + e;
          values[e] = n < nep.angular_functions ? slope[term * nep.angular_functions + n] : Real(0);
        }
        return P::load(values);
      };
      P twice[kNepLargestL];
      for (int l = 0; l < kNepLargestL; ++l) {
        const P own = l < nep.l_max ? take(l) : constant<Real>(0.0);
        twice[l] = own + own;
      }
      if (nep.five_body != 0) {
        P square = constant<Real>(0.0);
        for (int i = 0; i < 3; ++i) {
          const P value = P::load(a + 4 * i * stride);
          square = fused_multiply_add(value, value, square);
        }
        twice[0] =
            fused_multiply_add(take(nep.l_max + 1) * square, constant<Real>(4.0 * kFiveBody * harmonic_weight(1, 0)), twice[0]);
      }
      for (int i = 0; i < kHarmonics; ++i) {
        (P::load(a + i * stride) * P::broadcast(weight(i)) * twice[harmonic_l(i) - 1]).store(f + i * stride);
      }
      if (nep.four_body != 0) {
        const Quadrupole t(a, stride);
        const P own = take(nep.l_max) * constant<Real>(kFourBody);
        const auto add = [&](int place, P value) {
          fused_multiply_add(own, value, P::load(f + place * stride)).store(f + place * stride);
        };
        const P sixth = constant<Real>(1.0 / 6.0), third = constant<Real>(1.0 / 3.0);
        add(1, t.s0 * t.s0 * constant<Real>(1.0 / 36.0) - (t.s3 * t.s3 + t.s4 * t.s4) * constant<Real>(1.0 / 12.0) +
                   (t.s1 * t.s1 + t.s2 * t.s2) * sixth);
        add(5, t.s0 * t.s1 * third + t.s3 * t.s1 + t.s2 * t.s4);
        add(9, t.s0 * t.s2 * third - t.s3 * t.s2 + t.s1 * t.s4);
        add(12, (t.s1 * t.s1 - t.s2 * t.s2) * constant<Real>(0.5) - t.s0 * t.s3 * sixth);
        add(15, t.s1 * t.s2 - t.s0 * t.s4 * sixth);
      }
    });
    team.for_each(shape.together, nep.types * nep.radial_basis, [&](int u, int i) {
      const Real *c = nep.radial.data() + (type_of_atom(first + u) * nep.types * nep.radial_basis + i) * nep.radial_stride;
      const Real *slope = m.slope.data() + u * nep.descriptor_stride;
      Real sum = 0;
      for (int n = 0; n < nep.radial_functions; ++n) {
        sum = fused_multiply_add(c[n], slope[n], sum);
      }
      m.contracted[u * nep.types * nep.radial_basis + i] = sum;
    });
  }

  // Phase 9.
  ZENER_FN void pair_forces(Team &team, const NepScratch<Real> &m, std::int64_t first) const {
    int most = 0;
    for (int u = 0; u < shape.together; ++u) {
      most = m.used[2 * u + 1] > most ? m.used[2 * u + 1] : most;
    }
    team.for_each(shape.together, most / W, [&](int u, int p) {
      if (p * W >= m.used[2 * u + 1]) {
        return;
      }
      const int slot = u * shape.slots + p * W;
      const P r = distance(m, slot);
      const P inverse = constant<Real>(1.0) / r;
      const P x = P::load(&m.x[slot]) * inverse, y = P::load(&m.y[slot]) * inverse, z = P::load(&m.z[slot]) * inverse;
      const int type = m.type[slot];
      P along; // dE_i/dr, by the radial functions
      {
        const RadialArgument<Real> radial(r, 1.0 / nep.radial_cutoff);
        P sum[1] = {constant<Real>(0.0)}, slope[1] = {constant<Real>(0.0)};
        chebyshev_slopes<1>(radial.x, m.contracted.data() + (u * nep.types + type) * nep.radial_basis, nep.radial_basis, 1, sum,
                            slope);
        along = fused_multiply_add(radial.slope, sum[0], radial.x_slope * slope[0]);
      }
      P vx = constant<Real>(0.0), vy = constant<Real>(0.0), vz = constant<Real>(0.0);
      if (p * W < m.used[2 * u]) {
        const int pair = type_of_atom(first + u) * nep.types + type;
        angular_force(m, u, pair, r, x, y, z, along, vx, vy, vz);
        // Along the sphere, per length.
        const P outward = x * vx + y * vy + z * vz;
        vx = fused_multiply_add(-outward, x, vx) * inverse;
        vy = fused_multiply_add(-outward, y, vy) * inverse;
        vz = fused_multiply_add(-outward, z, vz) * inverse;
        P energy = constant<Real>(0.0);
        if (nep.has_zbl != 0) {
          const Real *row = nep.zbl.data() + pair * kZblRow;
          if (any<Real>(r < P::broadcast(row[3]))) {
            P slope;
            half_zbl(row, r, inverse, energy, slope);
            along = along + slope;
          }
        }
        energy.store(&m.pair_energy[slot]);
      }
      fused_multiply_add(along, x, vx).store(&m.gx[slot]);
      fused_multiply_add(along, y, vy).store(&m.gy[slot]);
      fused_multiply_add(along, z, vz).store(&m.gz[slot]);
    });
  }

  ZENER_FN void angular_force(const NepScratch<Real> &m, int u, int pair, P r, P x, P y, P z, P &along, P &vx, P &vy,
                              P &vz) const {
    const int stride = function_stride();
    const RadialArgument<Real> radial(r, 1.0 / nep.angular_cutoff);
    for (int begin = 0; begin < nep.angular_stride; begin += N) {
      P g[N], slope[N];
      for (int n = 0; n < N; ++n) {
        g[n] = slope[n] = constant<Real>(0.0);
      }
      chebyshev_slopes<N>(radial.x, nep.angular.data() + pair * nep.angular_basis * nep.angular_stride + begin,
                          nep.angular_basis, nep.angular_stride, g, slope);
      for (int n = 0; n < N; ++n) {
        slope[n] = fused_multiply_add(radial.slope, g[n], radial.x_slope * slope[n]);
        g[n] = g[n] * radial.cutoff;
      }
      const HarmonicForce<0, N, Real> force{m.forces.data() + u * kHarmonics * stride + begin, stride, x, y, z, g, slope};
      force.add(constant<Real>(1.0), constant<Real>(0.0), constant<Real>(0.0), constant<Real>(0.0), along, vx, vy, vz);
    }
  }

  // Phase 10.
  ZENER_FN void store(Team &team, const NepScratch<Real> &m, std::int64_t first) const {
    if constexpr (kGpuShapes) {
      team.for_each(shape.together, 10, [&](int u, int c) {
        if (first + u >= atoms.site.size()) {
          return;
        }
        const int begin = u * shape.slots;
        const Real *const x[3] = {m.x.data() + begin, m.y.data() + begin, m.z.data() + begin};
        const Real *const g[3] = {m.gx.data() + begin, m.gy.data() + begin, m.gz.data() + begin};
        double sum = 0.0;
        if (c < 3) {
          for (int s = 0; s < m.used[2 * u + 1]; ++s) {
            sum += static_cast<double>(g[c][s]);
          }
          out.force(c, first + u) += sum;
        } else if (c < 9) {
          // xx, yy, zz, yz, xz, xy
          const int a = c < 6 ? c - 3 : c == 6 ? 1 : 0;
          const int b = c < 6 ? c - 3 : c == 8 ? 1 : 2;
          for (int s = 0; s < m.used[2 * u + 1]; ++s) {
            sum += static_cast<double>(x[a][s]) * static_cast<double>(g[b][s]);
          }
          out.virial(c - 3, first + u) -= sum;
        } else {
          for (int s = 0; s < m.used[2 * u]; ++s) {
            sum += static_cast<double>(m.pair_energy[begin + s]);
          }
          out.energy[first + u] += m.total[u] + sum;
        }
      });
    } else {
      team.single([&] { sum_alone(m, first); });
    }
    team.for_each(shape.together, shape.slots, [&](int u, int s) {
      if (s < m.used[2 * u + 1]) {
        const int slot = u * shape.slots + s;
        const std::int32_t j = m.neighbour[slot];
        if (j >= 0) {
          add_force(out, j, -static_cast<double>(m.gx[slot]), -static_cast<double>(m.gy[slot]),
                    -static_cast<double>(m.gz[slot]));
        }
      }
    });
  }

  ZENER_FN void sum_alone(const NepScratch<Real> &m, std::int64_t atom) const {
    using V = Pack<double>;
    V sums[9];
    for (V &sum : sums) {
      sum = constant<double>(0.0);
    }
    V energy = constant<double>(0.0);
    for (int s = 0; s < m.used[1]; s += kPackWidth<double>) {
      const V x = V::load_as(&m.x[s]), y = V::load_as(&m.y[s]), z = V::load_as(&m.z[s]);
      const V gx = V::load_as(&m.gx[s]), gy = V::load_as(&m.gy[s]), gz = V::load_as(&m.gz[s]);
      sums[0] = sums[0] + gx;
      sums[1] = sums[1] + gy;
      sums[2] = sums[2] + gz;
      sums[3] = fused_multiply_add(x, gx, sums[3]);
      sums[4] = fused_multiply_add(y, gy, sums[4]);
      sums[5] = fused_multiply_add(z, gz, sums[5]);
      sums[6] = fused_multiply_add(y, gz, sums[6]);
      sums[7] = fused_multiply_add(x, gz, sums[7]);
      sums[8] = fused_multiply_add(x, gy, sums[8]);
      if (s < m.used[0]) {
        energy = energy + V::load_as(&m.pair_energy[s]);
      }
    }
    double folded[9];
    store_sums(sums, folded);
    for (int d = 0; d < 3; ++d) {
      out.force(d, atom) += folded[d];
    }
    for (int c = 0; c < 6; ++c) {
      out.virial(c, atom) -= folded[3 + c];
    }
    out.energy[atom] += m.total[0] + horizontal_sum(energy);
  }
};

// Numbers of the potential for a batch's elements, as the kernel reads them.
template <class Real> class NepPotential final : public Potential {
public:
  NepPotential(Queue &queue, const NepNumbers &numbers, const std::vector<std::string> &elements) : queue_(queue) {
    view_.types = static_cast<int>(elements.size());
    view_.radial_cutoff = numbers.radial_cutoff_A;
    view_.angular_cutoff = numbers.angular_cutoff_A;
    // Functions are taken by fours or fives, whichever leaves fewer empty.
    by_five_ = (numbers.angular_functions + 4) / 5 * 5 <= (numbers.angular_functions + 3) / 4 * 4;
    const int unit = by_five_ ? 5 : 4;
    view_.radial_functions = numbers.radial_functions;
    view_.radial_basis = numbers.radial_basis;
    view_.radial_stride = (numbers.radial_functions + unit - 1) / unit * unit;
    view_.angular_functions = numbers.angular_functions;
    view_.angular_basis = numbers.angular_basis;
    view_.angular_stride = (numbers.angular_functions + unit - 1) / unit * unit;
    view_.l_max = numbers.l_max;
    view_.four_body = numbers.four_body ? 1 : 0;
    view_.five_body = numbers.five_body ? 1 : 0;
    view_.descriptors = numbers.descriptors();
    view_.descriptor_stride = padded<Real>(view_.descriptors);
    view_.neurons = numbers.neurons;
    view_.neuron_stride = padded<Real>(view_.neurons);
    view_.output_bias = numbers.output_bias;
    view_.has_zbl = numbers.zbl ? 1 : 0;

    std::vector<std::size_t> place; // of the batch's elements in the file
    for (const std::string &element : elements) {
      const auto found = std::find(numbers.elements.begin(), numbers.elements.end(), element);
      if (found == numbers.elements.end()) {
        throw InvariantError("the element " + element + " is not one of the neuroevolution potential");
      }
      place.push_back(static_cast<std::size_t>(found - numbers.elements.begin()));
    }
    set(radial_, view_.radial, "NEP coefficients (radial)",
        folded(numbers.radial_coefficients, numbers.radial_functions, numbers.radial_basis, view_.radial_stride, place,
               numbers.elements.size()));
    set(angular_, view_.angular, "NEP coefficients (angular)",
        folded(numbers.angular_coefficients, numbers.angular_functions, numbers.angular_basis, view_.angular_stride, place,
               numbers.elements.size()));
    set_network(numbers, place);
    if (numbers.zbl) {
      set(zbl_, view_.zbl, "NEP repulsion", zbl_rows(numbers, elements, place));
    }
  }

  const char *name() const override { return "nep"; }
  double cutoff_A() const override { return view_.radial_cutoff; }
  bool scatters() const override { return true; }
  std::size_t bytes_per_atom(int) const override { return 0; }

  void reserve(std::int64_t, int capacity) override {
    constexpr int width = kPackWidth<Real>;
    shape_.capacity = capacity;
    // On the CPU every element's slots, with and without angular terms, end with a whole pack.
    shape_.slots = kGpuShapes ? capacity : padded<Real>(capacity) + 2 * view_.types * width;
    shape_.chunk = kGpuShapes ? kChunk : shape_.slots;
    shape_.chunk_stride = kGpuShapes ? kChunk + 1 : shape_.slots;
    shape_.rounds = kGpuShapes ? 1 : 16;
    shape_.together = kGpuShapes ? 4 : 1;
    const std::size_t most = queue_.properties().max_scratch_bytes;
    while (shape_.together > 1 && scratch() + kReduceScratch > most) {
      --shape_.together;
    }
    shape_.scratch_bytes = static_cast<std::int64_t>(scratch());
  }

  void compute(const AtomsView &atoms, const ForceView &forces) override {
    if (by_five_) {
      launch<5>(atoms, forces);
    } else {
      launch<4>(atoms, forces);
    }
  }

private:
  template <int N> void launch(const AtomsView &atoms, const ForceView &forces) {
    const std::int64_t each = std::int64_t{shape_.together} * shape_.rounds;
    const TeamShape team{(atoms.size() + each - 1) / each, kGpuShapes ? 128 : 1,
                         static_cast<std::size_t>(shape_.scratch_bytes)};
    queue_.teams("NEP forces", team, NepForce<Real, N>{view_, shape_, atoms, forces});
  }

  std::size_t scratch() const {
    Arena count;
    const NepScratch<Real> all(view_, shape_, padded<Real>(view_.angular_stride), count);
    return count.used;
  }

  void set(DeviceBuffer<Real> &buffer, View<const Real, 1> &view, const char *name, const std::vector<Real> &values) {
    buffer = DeviceBuffer<Real>(queue_, static_cast<std::int64_t>(values.size()), name);
    buffer.upload(values.data());
    view = buffer.view();
  }

  // c'_nk = c_nk / 2, and for k = 0 the sum of all c_nk / 2 besides.
  static std::vector<Real> folded(const std::vector<double> &c, int functions, int basis, int stride,
                                  const std::vector<std::size_t> &place, std::size_t file_types) {
    std::vector<Real> rows(place.size() * place.size() * static_cast<std::size_t>(basis * stride));
    std::size_t at = 0;
    for (const std::size_t own : place) {
      for (const std::size_t other : place) {
        for (int n = 0; n < functions; ++n) {
          double all = 0.0;
          const auto coefficient = [&](int k) {
            return c[(static_cast<std::size_t>(n * basis + k) * file_types + own) * file_types + other];
          };
          for (int k = 0; k < basis; ++k) {
            all += 0.5 * coefficient(k);
          }
          for (int k = 0; k < basis; ++k) {
            rows[at + static_cast<std::size_t>(k * stride + n)] =
                static_cast<Real>(0.5 * coefficient(k) + (k == 0 ? all : 0.0));
          }
        }
        at += static_cast<std::size_t>(basis * stride);
      }
    }
    return rows;
  }

  void set_network(const NepNumbers &numbers, const std::vector<std::size_t> &place) {
    const auto neurons = static_cast<std::size_t>(numbers.neurons);
    const auto descriptors = static_cast<std::size_t>(numbers.descriptors());
    const auto neuron_stride = static_cast<std::size_t>(view_.neuron_stride);
    const auto descriptor_stride = static_cast<std::size_t>(view_.descriptor_stride);
    std::vector<Real> forward(place.size() * descriptors * neuron_stride);
    std::vector<Real> backward(place.size() * neurons * descriptor_stride);
    std::vector<Real> bias(place.size() * neuron_stride), output(place.size() * neuron_stride);
    for (std::size_t t = 0; t < place.size(); ++t) {
      const std::size_t network = numbers.networks() == 1 ? 0 : place[t];
      for (std::size_t v = 0; v < neurons; ++v) {
        for (std::size_t d = 0; d < descriptors; ++d) {
          const double weight = numbers.input_weights[(network * neurons + v) * descriptors + d] * numbers.scalers[d];
          forward[(t * descriptors + d) * neuron_stride + v] = static_cast<Real>(weight);
          backward[(t * neurons + v) * descriptor_stride + d] = static_cast<Real>(weight);
        }
        bias[t * neuron_stride + v] = static_cast<Real>(numbers.input_biases[network * neurons + v]);
        output[t * neuron_stride + v] = static_cast<Real>(numbers.output_weights[network * neurons + v]);
      }
    }
    set(forward_, view_.forward, "NEP weights", forward);
    set(backward_, view_.backward, "NEP weights (transposed)", backward);
    set(bias_, view_.bias, "NEP biases", bias);
    set(output_, view_.output, "NEP output weights", output);
  }

  static std::vector<Real> zbl_rows(const NepNumbers &numbers, const std::vector<std::string> &elements,
                                    const std::vector<std::size_t> &place) {
    constexpr double kCoulomb = 14.399645; // e^2 / (4 pi epsilon_0), eV A, as GPUMD has it
    constexpr double universal[8] = {0.18175, 3.1998, 0.50986, 0.94229, 0.28022, 0.4029, 0.02817, 0.20162};
    std::vector<Real> rows;
    for (std::size_t a = 0; a < place.size(); ++a) {
      for (std::size_t b = 0; b < place.size(); ++b) {
        const double own = atomic_number(elements[a]).value_or(0), other = atomic_number(elements[b]).value_or(0);
        double row[kZblRow] = {kCoulomb * own * other, (std::pow(own, 0.23) + std::pow(other, 0.23)) * 2.134563,
                               numbers.zbl_inner_A, numbers.zbl_outer_A};
        std::copy_n(universal, 8, row + 4);
        if (!numbers.zbl_pairs.empty()) {
          const std::size_t low = std::min(place[a], place[b]), high = std::max(place[a], place[b]);
          // Rows 1-1, 1-2, …, 1-T, 2-2, …
          const std::size_t pair = low * numbers.elements.size() - low * (low + 1) / 2 + high;
          std::copy_n(numbers.zbl_pairs.begin() + static_cast<std::ptrdiff_t>(10 * pair), 10, row + 2);
        }
        for (const double value : row) {
          rows.push_back(static_cast<Real>(value));
        }
      }
    }
    return rows;
  }

  Queue &queue_;
  NepView<Real> view_{};
  NepShape shape_{};
  bool by_five_ = false;
  DeviceBuffer<Real> radial_, angular_, forward_, backward_, bias_, output_, zbl_;
};

} // namespace

std::unique_ptr<Potential> make_nep(Queue &queue, const PotentialModel &model, const PotentialSetup &setup) {
  const NepNumbers &numbers = dynamic_cast<const NepModel &>(model).numbers();
  if (setup.arithmetic == Arithmetic::mixed) {
    return std::make_unique<NepPotential<float>>(queue, numbers, setup.elements);
  }
  return std::make_unique<NepPotential<double>>(queue, numbers, setup.elements);
}

} // namespace ZENER_BACKEND
} // namespace zener
