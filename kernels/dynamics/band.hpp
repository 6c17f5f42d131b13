// Nudged elastic bands: many bands of images, one image a system of the batch; FIRE on all images of a band together.
//
// Improved tangents: Henkelman, Jonsson, J. Chem. Phys. 113, 9978 (2000), eqs. 8-12; climbing image: Henkelman, Uberuaga,
// Jonsson, J. Chem. Phys. 113, 9901 (2000), eq. 5. With t+ and t- the vectors to the next and from the last image, every
// tangent is tau = p t+ + q t-, so that lengths and projections follow from five dot products of an image, and the force is
//   F + g (p t+ + q t-),  g |tau|^2 = k (|t+| - |t-|) |tau| - F.tau   (climbing: g |tau|^2 = -2 F.tau)
// A band without ends has one image and no springs: a system that relaxes alone.
//
//   begin: where (N), products (teams), tangents (B), forces (N), sums (teams), update (B), move (N);  then the true forces
//
// Who owns what: a lane one atom, one band, or a team a block of atoms of one image. Images of one band hold the same atoms in
// the order given, but are sorted each for itself: `where` finds an atom in its neighbouring images. 300 bytes an atom and step
// beside the potential. Bands do not see each other: the same bits alone and in any batch.
#pragma once

#include "kernels/dynamics/relax.hpp"
#include "kernels/dynamics/sums.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr std::int64_t kNoImage = std::int64_t{-1} << 62;

inline constexpr int kBandRuns = 0, kBandConverged = 1, kBandOutOfSteps = 2;

struct BandSettings {
  double spring;       // eV/A^2
  double climb_below2; // (eV/A)^2: forces below which the highest image climbs; negative: never
};

struct BandState {
  RelaxState fire;         // of all images
  double energy[2];        // of the ends, eV
  double force_tolerance2; // (eV/A)^2
  double largest_force;    // on an atom of an image, with springs and projections, eV/A
  std::int64_t max_steps;
  std::int64_t status;   // kBandRuns, …
  std::int64_t climbing; // 1 from the first step on which forces were small enough
  std::int64_t top;      // image that climbs, counted from 0 in the band; -1: none
};

struct ImageState {
  std::int64_t band;
  std::int64_t left, right; // a system of the batch, or -1 - first row of an end, or kNoImage
  double next, last;        // g p and g q
};

struct BandView {
  DynamicsView atoms;
  View<const std::int32_t, 2> image; // [3][N] cells crossed
  View<std::int32_t, 1> where;       // [N] as given -> as sorted
  View<const double, 1> ends;        // [rows * 3] A, ends of bands
  View<const std::int64_t, 1> first; // [B + 1] systems
  View<ImageState, 1> images;        // [K]
  View<BandState, 1> bands;          // [B]
};

struct BandWhere {
  BandView band;
  ZENER_FN void operator()(std::int64_t i) const {
    if (band.atoms.halted[0] == 0) {
      band.where[band.atoms.order[i]] = static_cast<std::int32_t>(i);
    }
  }
};

// Where sorted atom i of system k would be without wrapping.
ZENER_FN void unwrapped(const BandView &band, std::int64_t k, std::int64_t i, double *x) {
  const Site &site = band.atoms.site[i];
  const double *h = band.atoms.box[k].h;
  x[0] = site.x;
  x[1] = site.y;
  x[2] = site.z;
  for (int r = 0; r < 3; ++r) {
    const double cells = band.image(r, i);
    for (int d = 0; d < 3; ++d) {
      x[d] += cells * h[3 * r + d];
    }
  }
}

// From atom i, at `own`, to the same atom of the image or end `to`.
ZENER_FN void to_image(const BandView &band, std::int64_t to, std::int64_t number, const double *own, double *t) {
  double x[3];
  if (to >= 0) {
    unwrapped(band, to, band.where[band.atoms.begin[to] + number], x);
  } else {
    for (int d = 0; d < 3; ++d) {
      x[d] = band.ends[3 * (-1 - to + number) + d];
    }
  }
  for (int d = 0; d < 3; ++d) {
    t[d] = x[d] - own[d];
  }
}

// t+ and t- of sorted atom i; false where there are none.
ZENER_FN bool tangents(const BandView &band, std::int64_t i, double *next, double *last) {
  const std::int64_t k = band.atoms.site[i].system;
  const ImageState &image = band.images[k];
  if (image.left == kNoImage) {
    return false;
  }
  const std::int64_t number = band.atoms.order[i] - band.atoms.begin[k];
  double own[3];
  unwrapped(band, k, i, own);
  to_image(band, image.right, number, own, next);
  to_image(band, image.left, number, own, last);
  for (int d = 0; d < 3; ++d) {
    last[d] = -last[d];
  }
  return true;
}

// sums: t+.t+, t-.t-, t+.t-, F.t+, F.t- in the places of the kinetic tensor; energy.
struct BandProducts {
  BandView band;
  View<const double, 1> energy;
  ZENER_FN void add(std::int64_t i, double *sums) const {
    sums[kEnergySum] += energy[i];
    double next[3], last[3];
    if (!tangents(band, i, next, last)) {
      return;
    }
    for (int d = 0; d < 3; ++d) {
      const double f = band.atoms.force(d, i);
      sums[0] += next[d] * next[d];
      sums[1] += last[d] * last[d];
      sums[2] += next[d] * last[d];
      sums[3] += f * next[d];
      sums[4] += f * last[d];
    }
  }
};

struct BandTangents {
  BandSettings run;
  BandView band;
  ZENER_FN void operator()(std::int64_t b) const {
    if (band.atoms.halted[0] != 0) {
      return;
    }
    const View<const double, 2> sums = band.atoms.sums;
    BandState &state = band.bands[b];
    const std::int64_t first = band.first[b], end = band.first[b + 1];
    state.top = -1;
    if (state.climbing != 0) {
      double highest = state.energy[0] > state.energy[1] ? state.energy[0] : state.energy[1];
      for (std::int64_t k = first; k < end; ++k) {
        if (sums(k, kEnergySum) > highest) {
          highest = sums(k, kEnergySum);
          state.top = k - first;
        }
      }
    }
    for (std::int64_t k = first; k < end; ++k) {
      ImageState &image = band.images[k];
      image.next = image.last = 0.0;
      if (image.left == kNoImage || state.status != kBandRuns) {
        continue;
      }
      const double e = sums(k, kEnergySum);
      const double after = image.right >= 0 ? sums(image.right, kEnergySum) : state.energy[1];
      const double before = image.left >= 0 ? sums(image.left, kEnergySum) : state.energy[0];
      double p = 1.0, q = 0.0;
      if (!(after > e && e > before)) {
        if (after < e && e < before) {
          p = 0.0;
          q = 1.0;
        } else {
          const double up = after > e ? after - e : e - after;
          const double down = before > e ? before - e : e - before;
          const double more = up > down ? up : down;
          const double less = up > down ? down : up;
          p = after > before ? more : less;
          q = after > before ? less : more;
          if (!(p + q > 0.0)) { // a plateau
            p = q = 1.0;
          }
        }
      }
      const double square = p * p * sums(k, 0) + q * q * sums(k, 1) + 2.0 * p * q * sums(k, 2);
      if (!(square > 0.0)) {
        continue; // images on top of each other: they relax until they part
      }
      const double along = p * sums(k, 3) + q * sums(k, 4);
      double g = 0.0;
      if (k - first == state.top) {
        g = -2.0 * along / square;
      } else {
        g = (run.spring * (sqrt(sums(k, 0)) - sqrt(sums(k, 1))) * sqrt(square) - along) / square;
      }
      image.next = g * p;
      image.last = g * q;
    }
  }
};

// True forces into those of the band.
struct BandForces {
  BandView band;
  ZENER_FN void operator()(std::int64_t i) const {
    if (band.atoms.halted[0] != 0) {
      return;
    }
    const ImageState &image = band.images[band.atoms.site[i].system];
    double next[3], last[3];
    if ((image.next == 0.0 && image.last == 0.0) || !tangents(band, i, next, last)) {
      return;
    }
    for (int d = 0; d < 3; ++d) {
      band.atoms.force(d, i) += image.next * next[d] + image.last * last[d];
    }
  }
};

struct BandUpdate {
  BandSettings run;
  BandView band;
  View<RelaxState, 1> move; // [K] what the images do next
  ZENER_FN void operator()(std::int64_t b) const {
    if (band.atoms.halted[0] != 0) {
      return;
    }
    BandState &state = band.bands[b];
    if (state.status == kBandRuns) {
      const std::int64_t first = band.first[b], end = band.first[b + 1];
      double fv = 0.0, ff = 0.0, vv = 0.0, largest2 = 0.0;
      for (std::int64_t k = first; k < end; ++k) {
        fv += band.atoms.sums(k, 0);
        ff += band.atoms.sums(k, 1);
        vv += band.atoms.sums(k, 2);
        const double f2 = band.atoms.sums(k, kLargestForce);
        largest2 = f2 < largest2 ? largest2 : f2; // not a number counts as the largest
      }
      state.largest_force = sqrt(largest2);
      const bool alone = band.images[first].left == kNoImage;
      const bool climbs = alone || state.climbing != 0 || run.climb_below2 < 0.0;
      if (climbs && largest2 <= state.force_tolerance2) {
        state.status = kBandConverged;
      } else if (state.fire.steps >= state.max_steps) {
        state.status = kBandOutOfSteps;
      } else {
        fire_step(state.fire, fv, ff, vv);
        if (!climbs && largest2 <= run.climb_below2) {
          state.climbing = 1;
        }
      }
    }
    for (std::int64_t k = band.first[b]; k < band.first[b + 1]; ++k) {
      move[k] = state.fire;
      if (state.status != kBandRuns) {
        move[k].dt = -1.0; // the atoms stand still
      }
    }
  }
};

struct CountFinished {
  View<const BandState, 1> bands;
  ZENER_FN std::int64_t operator()(std::int64_t b) const { return bands[b].status != kBandRuns ? 1 : 0; }
};

} // namespace ZENER_BACKEND
} // namespace zener
