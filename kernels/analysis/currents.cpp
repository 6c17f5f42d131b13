#include "kernels/analysis/currents.hpp"

#include "kernels/core/pack_math.hpp"

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr int kParts = 6;
constexpr int kLanes = kGpuShapes ? 128 : 1;

// k/(2 pi), 1/A.
ZENER_FN void wave_vector(const Box &box, const Wave3 &wave, double q[3]) {
  for (int d = 0; d < 3; ++d) {
    q[d] = 0.0;
    for (int a = 0; a < 3; ++a) {
      q[d] += wave.n[a] * box.inverse[3 * d + a];
    }
  }
}

struct CurrentBlocks {
  CurrentsView view;
  std::int64_t blocks;

  static constexpr std::size_t scratch() { return scratch_bytes<double>(kParts * kLanes); }

  ZENER_FN void operator()(Team &team) const {
    using P = Pack<double>;
    constexpr int W = kPackWidth<double>;
    const View<double, 1> partial = team.scratch<double>(kParts * kLanes);
    const std::int64_t block = team.index() % blocks, wave = team.index() / blocks;
    const std::int64_t first = view.begin[block], end = view.begin[block + 1]; // whole runs of 128 rows
    const CurrentsView &v = view;
    team.for_each(kLanes, [&](int lane) {
      double q[3];
      wave_vector(v.box[v.block_system[block]], v.wave[wave], q);
      P sums[kParts];
      for (int c = 0; c < kParts; ++c) {
        sums[c] = P::broadcast(0.0);
      }
      for (std::int64_t i = first + lane * W; i < end; i += kLanes * W) {
        P turns = P::load(&v.position(0, i)) * P::broadcast(q[0]);
        turns = turns + P::load(&v.position(1, i)) * P::broadcast(q[1]);
        turns = turns + P::load(&v.position(2, i)) * P::broadcast(q[2]);
        // To [-1/2, 1/2]: adding and taking away 1.5 2^52 rounds to the nearest integer.
        const P shift = P::broadcast(0x1.8p52);
        turns = turns - ((turns + shift) - shift);
        const PackMask<double> back = turns < P::broadcast(0.0);
        const P angle = select<double>(back, -turns, turns) * P::broadcast(2.0);
        const P size = sin_pi(angle);
        const P cosine = cos_pi(angle), sine = select<double>(back, -size, size);
        for (int d = 0; d < 3; ++d) {
          const P speed = P::load(&v.velocity(d, i));
          sums[d] = fused_multiply_add(speed, cosine, sums[d]);
          sums[3 + d] = fused_multiply_add(speed, sine, sums[3 + d]);
        }
      }
      for (int c = 0; c < kParts; ++c) {
        partial[c * kLanes + lane] = horizontal_sum(sums[c]);
      }
    });
    for (int half = kLanes / 2; half > 0; half /= 2) {
      team.for_each(kParts, half, [&](int c, int lane) { partial[c * kLanes + lane] += partial[c * kLanes + lane + half]; });
    }
    team.for_each(kParts, [&](int c) { v.partial(wave, block, c) = partial[c * kLanes]; });
  }
};

struct FoldCurrents {
  CurrentsView view;
  std::int64_t slot;

  ZENER_FN void operator()(std::int64_t index) const {
    const std::int64_t waves = view.wave.extent(0);
    const std::int64_t group = index / waves, wave = index % waves;
    double sum[kParts] = {};
    for (std::int64_t b = view.group_blocks[group]; b < view.group_blocks[group + 1]; ++b) {
      for (int c = 0; c < kParts; ++c) {
        sum[c] += view.partial(wave, view.group_block[b], c);
      }
    }
    // Along k; across it in the plane of k and the axis that is farthest from it; across both. n = 0: x, y, z.
    double e[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    double q[3];
    wave_vector(view.box[view.group_system[group]], view.wave[wave], q);
    const double length = sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2]);
    if (length > 0.0) {
      int axis = 0;
      for (int d = 0; d < 3; ++d) {
        e[0][d] = q[d] / length;
        axis = fabs(q[d]) < fabs(q[axis]) * (1.0 - 1e-9) ? d : axis;
      }
      double rest = 0.0;
      for (int d = 0; d < 3; ++d) {
        e[1][d] = (d == axis ? 1.0 : 0.0) - e[0][axis] * e[0][d];
        rest += e[1][d] * e[1][d];
      }
      rest = sqrt(rest);
      for (int d = 0; d < 3; ++d) {
        e[1][d] /= rest;
      }
      for (int d = 0; d < 3; ++d) {
        e[2][d] = e[0][(d + 1) % 3] * e[1][(d + 2) % 3] - e[0][(d + 2) % 3] * e[1][(d + 1) % 3];
      }
    }
    for (int d = 0; d < 3; ++d) {
      double re = 0.0, im = 0.0;
      for (int c = 0; c < 3; ++c) {
        re += e[d][c] * sum[c];
        im -= e[d][c] * sum[3 + c];
      }
      view.ring(slot, group, wave, 2 * d) = re;
      view.ring(slot, group, wave, 2 * d + 1) = im;
    }
  }
};

struct CorrelateCurrents {
  CurrentPairs view;
  std::int64_t number;
  std::int64_t lags;

  ZENER_FN void operator()(std::int64_t index) const {
    const std::int64_t lag = index % lags;
    const std::int64_t wave = index / lags % view.sums.extent(1);
    const std::int64_t pair = index / lags / view.sums.extent(1);
    const std::int64_t points = view.ring.extent(0);
    const std::int64_t now = number % points, then = (number - lag) % points;
    const std::int64_t a = view.pair(pair, 0), b = view.pair(pair, 1);
    for (int d = 0; d < 3; ++d) {
      double product = 0.0;
      for (int part = 2 * d; part < 2 * d + 2; ++part) {
        product += view.ring(now, a, wave, part) * view.ring(then, b, wave, part);
        product += view.ring(now, b, wave, part) * view.ring(then, a, wave, part);
      }
      view.sums(pair, wave, lag, d) += 0.5 * product;
    }
  }
};

} // namespace

void find_currents(Queue &queue, const CurrentsView &view, std::int64_t number) {
  const std::int64_t blocks = view.begin.extent(0) - 1;
  queue.teams("current_blocks", {blocks * view.wave.extent(0), kLanes, CurrentBlocks::scratch()}, CurrentBlocks{view, blocks});
  queue.for_each("fold_currents", view.group_system.extent(0) * view.wave.extent(0),
                 FoldCurrents{view, number % view.ring.extent(0)});
}

void correlate_currents(Queue &queue, const CurrentPairs &view, std::int64_t number) {
  const std::int64_t points = view.ring.extent(0);
  const std::int64_t lags = number + 1 < points ? number + 1 : points;
  queue.for_each("correlate_currents", view.sums.extent(0) * view.sums.extent(1) * lags, CorrelateCurrents{view, number, lags});
}

} // namespace ZENER_BACKEND
} // namespace zener
