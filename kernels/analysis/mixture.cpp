// EM for Gaussian mixtures with full covariances (Dempster, Laird, Rubin 1977, doi:10.1111/j.2517-6161.1977.tb01600.x), in the
// logarithm, all starts in one batch; starts by k-means++ (Arthur, Vassilvitskii 2007, SODA, p. 1027). As scikit-learn has it.
//
//   log p_k = log w_k - D/2 log 2 pi + sum_i log W_ii - |W (x - m_k)|^2 / 2,  W = L^-1, C_k = L L^T
//   r_k = exp(log p_k - log sum_j exp log p_j)                                                     (paper's eq. S5)
//   n = sum r;  d = sum r (x - m) / n;  m += d;  C = sum r (x - m)(x - m)^T / n - d d^T + regularisation 1;  w = n / N
// Sums are about the mean of the iteration before, so that nothing is lost by cancellation.
//
// Who owns what: a team one block of 1,024 samples of one start, in tiles of 128. Phases: the tile into scratch; one lane (CPU:
// a pack) a sample: all log p_k, then responsibilities; one lane a sum (K rows + 1 of them) over the tile's samples. Then one
// lane a sum over blocks in order, one lane a component for its Cholesky factor. K-means++: one lane a sample, team sums by
// block, one lane a start picks. Classifier: one lane a sample.
// Operations for a sample and component, D = 7: 2 (D + D^2/2) + 20 for p, 3 rows for sums: 230 FLOP on 56 bytes of a sample
// that all K share: bound by arithmetic. 8 (K D + …) bytes a block go to memory.
// Determinism: fixed trees, the same bits for any number of threads; sums in a tile follow the width of packs. float64.
// Errors: a component of fewer than one sample is emptied: weight 0, it takes no part any more. A covariance that is not
// positive definite to rounding gets ten times the regularisation, again until it is.
#include "kernels/analysis/mixture.hpp"

#include "kernels/core/pack_math.hpp"
#include "kernels/exec/philox.hpp"
#include "kernels/exec/random_streams.hpp"

#include <cmath>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

using Numbers = Pack<double>;
constexpr int kWidth = kPackWidth<double>;
static_assert(kMixtureTile % kWidth == 0 && kMixtureBlock % kMixtureTile == 0);
constexpr double kNever = -1e30; // logarithm of an emptied component
constexpr double kLeastSamples = 1.0;
constexpr double kLog2Pi = 1.8378770664093453;

std::int64_t blocks_of(const MixtureShape &shape) { return mixture_padded(shape.samples) / kMixtureBlock; }
ZENER_FN bool is_finite(double x) { return x - x == 0.0; }

struct SumBlocks {
  MixtureShape shape;
  MixtureView view;
  bool nearest;

  static std::size_t scratch(const MixtureShape &s) {
    return scratch_bytes<double>(s.features * kMixtureTile) + scratch_bytes<double>(s.components * kMixtureTile) +
           2 * scratch_bytes<double>(kMixtureTile) + scratch_bytes<double>(s.components * mixture_rows(s.features) + 1);
  }

  ZENER_FN void operator()(Team &team) const {
    const int features = shape.features;
    const int components = shape.components;
    const int rows = mixture_rows(features);
    const View<double, 1> x = team.scratch<double>(features * kMixtureTile);
    const View<double, 1> r = team.scratch<double>(components * kMixtureTile);
    const View<double, 1> log_density = team.scratch<double>(kMixtureTile);
    const View<double, 1> real = team.scratch<double>(kMixtureTile); // 1, or 0 beyond the last sample
    const View<double, 1> sum = team.scratch<double>(components * rows + 1);
    const std::int64_t blocks = view.partial.extent(1);
    const std::int64_t start = team.index() / blocks;
    const std::int64_t block = team.index() % blocks;
    if (view.active[start] == 0) {
      return;
    }
    const SumBlocks &self = *this;
    team.for_each(components * rows + 1, [&](int item) { sum[item] = 0.0; });
    for (int tile = 0; tile < kMixtureBlock / kMixtureTile; ++tile) {
      const std::int64_t first = block * kMixtureBlock + tile * kMixtureTile;
      const std::int64_t there = shape.samples - first;
      if (there <= 0) {
        break;
      }
      const int left = static_cast<int>(there < kMixtureTile ? there : kMixtureTile);
      team.for_each(features, kMixtureTile, [&](int d, int s) { x[d * kMixtureTile + s] = self.view.sample(d, first + s); });
      team.for_each(kMixtureTile, [&](int s) { real[s] = s < left ? 1.0 : 0.0; });
      team.for_each(kMixtureTile / kWidth, [&](int part) {
        const int at = part * kWidth;
        Numbers highest = Numbers::broadcast(2.0 * kNever);
        for (int k = 0; k < components; ++k) {
          const Numbers value = self.log_of(x.data() + at, start, k);
          value.store(r.data() + k * kMixtureTile + at);
          highest = larger(highest, value);
        }
        const Numbers there_is = Numbers::load(real.data() + at);
        const Numbers zero = Numbers::broadcast(0.0), one = Numbers::broadcast(1.0);
        Numbers total = zero;
        for (int k = 0; k < components; ++k) {
          double *own = r.data() + k * kMixtureTile + at;
          const Numbers value = Numbers::load(own);
          const Numbers share =
              self.nearest ? select<double>(value < highest, zero, one - total) : exponential(value - highest);
          share.store(own);
          total = total + share;
        }
        for (int e = 0; e < kWidth; ++e) {
          log_density[at + e] = at + e < left ? highest[e] + (self.nearest ? 0.0 : log(total[e])) : 0.0;
        }
        const Numbers scale = there_is / total;
        for (int k = 0; k < components; ++k) {
          double *own = r.data() + k * kMixtureTile + at;
          (Numbers::load(own) * scale).store(own);
        }
      });
      team.for_each(components * rows + 1, [&](int item) {
        if (item == components * rows) {
          double own = 0.0;
          for (int s = 0; s < left; ++s) {
            own += log_density[s];
          }
          sum[item] += own;
        } else {
          sum[item] += self.sum_of(x.data(), r.data(), start, item / rows, item % rows);
        }
      });
    }
    team.for_each(components * rows + 1, [&](int item) { self.view.partial(start, block, item) = sum[item]; });
  }

private:
  // log p_k of the samples at x.
  ZENER_FN Numbers log_of(const double *x, std::int64_t start, int k) const {
    const int features = shape.features;
    const double *mean = &view.component(start, k, 0);
    const double *w = mean + features;
    Numbers difference[kMostFeatures];
    Numbers square = Numbers::broadcast(0.0);
    int at = 0;
    for (int i = 0; i < features; ++i) {
      difference[i] = Numbers::load(x + i * kMixtureTile) - Numbers::broadcast(mean[i]);
      Numbers y = Numbers::broadcast(0.0);
      for (int j = 0; j <= i; ++j) {
        y = fused_multiply_add(Numbers::broadcast(w[at++]), difference[j], y);
      }
      square = fused_multiply_add(y, y, square);
    }
    return fused_multiply_add(square, Numbers::broadcast(-0.5), Numbers::broadcast(w[at]));
  }

  ZENER_FN double sum_of(const double *x, const double *r, std::int64_t start, int k, int row) const {
    const double *share = r + k * kMixtureTile;
    Numbers sum = Numbers::broadcast(0.0);
    if (row == 0) {
      for (int s = 0; s < kMixtureTile; s += kWidth) {
        sum = sum + Numbers::load(share + s);
      }
      return horizontal_sum(sum);
    }
    const int features = shape.features;
    int i = row - 1;
    if (i < features) {
      const Numbers mean = Numbers::broadcast(view.component(start, k, i));
      for (int s = 0; s < kMixtureTile; s += kWidth) {
        sum = fused_multiply_add(Numbers::load(share + s), Numbers::load(x + i * kMixtureTile + s) - mean, sum);
      }
      return horizontal_sum(sum);
    }
    int j = i - features;
    for (i = 0; j > i; ++i) {
      j -= i + 1;
    }
    const Numbers a = Numbers::broadcast(view.component(start, k, i)), b = Numbers::broadcast(view.component(start, k, j));
    for (int s = 0; s < kMixtureTile; s += kWidth) {
      const Numbers first = Numbers::load(share + s) * (Numbers::load(x + i * kMixtureTile + s) - a);
      sum = fused_multiply_add(first, Numbers::load(x + j * kMixtureTile + s) - b, sum);
    }
    return horizontal_sum(sum);
  }
};

struct FoldBlocks {
  MixtureView view;
  ZENER_FN void operator()(std::int64_t i) const {
    const std::int64_t items = view.sums.extent(1);
    const std::int64_t start = i / items;
    const std::int64_t item = i % items;
    if (view.active[start] == 0) {
      return;
    }
    double sum = 0.0;
    for (std::int64_t b = 0; b < view.partial.extent(1); ++b) {
      sum += view.partial(start, b, item);
    }
    view.sums(start, item) = sum;
  }
};

// W and the constant of a component from its weight and covariance.
ZENER_FN void complete_component(const MixtureShape &shape, const MixtureView &view, std::int64_t start, int k) {
  const int features = shape.features;
  double *number = &view.component(start, k, 0);
  double *w = number + features;
  double *covariance = &view.covariance(start, k, 0);
  double lower[kMostFeatures * (kMostFeatures + 1) / 2];
  const double weight = view.weight(start, k);
  if (!(weight > 0.0)) {
    w[mixture_pairs(features)] = kNever;
    return;
  }
  double more = shape.regularisation > 0.0 ? shape.regularisation : 1e-300;
  for (int attempt = 0; attempt < 320; ++attempt) {
    bool fine = true;
    for (int i = 0; i < features && fine; ++i) {
      for (int j = 0; j <= i; ++j) {
        double value = covariance[i * (i + 1) / 2 + j];
        for (int m = 0; m < j; ++m) {
          value -= lower[i * (i + 1) / 2 + m] * lower[j * (j + 1) / 2 + m];
        }
        if (i > j) {
          lower[i * (i + 1) / 2 + j] = value / lower[j * (j + 1) / 2 + j];
        } else if (value > 0.0) {
          lower[i * (i + 1) / 2 + i] = sqrt(value);
        } else {
          fine = false;
        }
      }
    }
    if (fine) {
      break;
    }
    for (int i = 0; i < features; ++i) {
      covariance[i * (i + 1) / 2 + i] += 9.0 * more;
    }
    more *= 10.0;
  }
  double constant = log(weight) - 0.5 * features * kLog2Pi;
  for (int j = 0; j < features; ++j) { // column j of L^-1
    for (int i = j; i < features; ++i) {
      double value = i == j ? 1.0 : 0.0;
      for (int m = j; m < i; ++m) {
        value -= lower[i * (i + 1) / 2 + m] * w[m * (m + 1) / 2 + j];
      }
      w[i * (i + 1) / 2 + j] = value / lower[i * (i + 1) / 2 + i];
    }
    constant += log(w[j * (j + 1) / 2 + j]);
  }
  w[mixture_pairs(features)] = constant;
}

struct UpdateComponents {
  MixtureShape shape;
  MixtureView view;
  ZENER_FN void operator()(std::int64_t c) const {
    const std::int64_t start = c / shape.components;
    const int k = static_cast<int>(c % shape.components);
    const int features = shape.features;
    if (view.active[start] == 0) {
      return;
    }
    const double *sum = &view.sums(start, k * mixture_rows(features));
    const double n = sum[0];
    if (n < kLeastSamples) {
      view.weight(start, k) = 0.0;
    } else {
      view.weight(start, k) = n / static_cast<double>(shape.samples);
      for (int i = 0; i < features; ++i) {
        const double shift = sum[1 + i] / n;
        view.component(start, k, i) += shift;
        for (int j = 0; j <= i; ++j) {
          const int pair = i * (i + 1) / 2 + j;
          view.covariance(start, k, pair) =
              sum[1 + features + pair] / n - shift * (sum[1 + j] / n) + (i == j ? shape.regularisation : 0.0);
        }
      }
    }
    complete_component(shape, view, start, k);
  }
};

struct MoveCentres {
  MixtureShape shape;
  MixtureView view;
  ZENER_FN void operator()(std::int64_t c) const {
    const std::int64_t start = c / shape.components;
    const int k = static_cast<int>(c % shape.components);
    const double *sum = &view.sums(start, k * mixture_rows(shape.features));
    for (int i = 0; i < shape.features && sum[0] > 0.0; ++i) {
      view.component(start, k, i) += sum[1 + i] / sum[0];
    }
  }
};

struct Judge {
  MixtureShape shape;
  MixtureView view;
  double tolerance;
  int most;
  ZENER_FN void operator()(std::int64_t start) const {
    if (view.active[start] == 0) {
      return;
    }
    const double now = view.sums(start, view.sums.extent(1) - 1) / static_cast<double>(shape.samples);
    const int made = ++view.iterations[start];
    if ((made > 1 && fabs(now - view.log_likelihood[start]) < tolerance) || made >= most || !is_finite(now)) {
      view.active[start] = 0;
    }
    view.log_likelihood[start] = now;
  }
};

struct Prepare {
  MixtureShape shape;
  MixtureView view;
  ZENER_FN void operator()(std::int64_t c) const {
    complete_component(shape, view, c / shape.components, static_cast<int>(c % shape.components));
  }
};

// Squared distances to the centre chosen last, the smallest so far of every sample, and their sums by block.
struct NearDistances {
  MixtureShape shape;
  MixtureView view;
  int chosen; // centres so far
  View<double, 2> near, block_sum;
  ZENER_FN void operator()(Team &team) const {
    const std::int64_t blocks = block_sum.extent(1);
    const std::int64_t start = team.index() / blocks;
    const std::int64_t block = team.index() % blocks;
    const std::int64_t first = block * kMixtureBlock;
    const NearDistances &self = *this;
    const double sum = team.reduce(
        kMixtureBlock,
        [&](int s) {
          const std::int64_t i = first + s;
          if (i >= self.shape.samples) {
            return 0.0;
          }
          double square = 0.0;
          for (int d = 0; d < self.shape.features; ++d) {
            const double difference = self.view.sample(d, i) - self.view.component(start, self.chosen - 1, d);
            square += difference * difference;
          }
          double &kept = self.near(start, i);
          if (self.chosen == 1 || square < kept) {
            kept = square;
          }
          return kept;
        },
        [](double a, double b) { return a + b; }, 0.0);
    team.single([&] { self.block_sum(start, block) = sum; });
  }
};

struct PickCentre {
  MixtureShape shape;
  MixtureView view;
  int chosen;
  View<const double, 2> near, block_sum;
  std::uint32_t seed;
  ZENER_FN void operator()(std::int64_t start) const {
    const int features = shape.features;
    const double u = uniform_below_one(
        random_bits(streams::mixture_start, seed, static_cast<std::uint32_t>(start), static_cast<std::uint64_t>(chosen), 0)
            .low());
    const std::int64_t last = shape.samples - 1;
    std::int64_t pick = static_cast<std::int64_t>(u * static_cast<double>(shape.samples));
    double total = 0.0;
    for (std::int64_t b = 0; chosen > 0 && b < block_sum.extent(1); ++b) {
      total += block_sum(start, b);
    }
    if (total > 0.0) {
      double wanted = u * total;
      std::int64_t block = 0;
      while (block + 1 < block_sum.extent(1) && wanted >= block_sum(start, block)) {
        wanted -= block_sum(start, block++);
      }
      pick = block * kMixtureBlock;
      const std::int64_t end = pick + kMixtureBlock - 1 < last ? pick + kMixtureBlock - 1 : last;
      while (pick < end && wanted >= near(start, pick)) {
        wanted -= near(start, pick++);
      }
    }
    pick = pick < last ? pick : last;
    int at = features;
    for (int i = 0; i < features; ++i) {
      view.component(start, chosen, i) = view.sample(i, pick);
      for (int j = 0; j <= i; ++j) {
        view.component(start, chosen, at++) = i == j ? 1.0 : 0.0;
      }
    }
    view.component(start, chosen, at) = 0.0;
    if (chosen == 0) {
      view.active[start] = 1;
      view.iterations[start] = 0;
      view.log_likelihood[start] = 0.0;
    }
  }
};

struct Classify {
  MixtureShape shape;
  View<const double, 2> sample;
  ClassifierView view;
  ZENER_FN void operator()(std::int64_t n) const {
    const int features = shape.features;
    const int classes = static_cast<int>(view.probability.extent(1));
    bool fine = true;
    for (int i = 0; i < features; ++i) {
      fine = fine && is_finite(sample(n, i));
    }
    double logs[kMostComponents];
    double highest = 2.0 * kNever;
    for (int k = 0; k < shape.components && fine; ++k) {
      const double *mean = &view.component(0, k, 0);
      const double *w = mean + features;
      double difference[kMostFeatures];
      double square = 0.0;
      int at = 0;
      for (int i = 0; i < features; ++i) {
        difference[i] = sample(n, i) - mean[i];
        double y = 0.0;
        for (int j = 0; j <= i; ++j) {
          y = fused_multiply_add(w[at++], difference[j], y);
        }
        square = fused_multiply_add(y, y, square);
      }
      logs[k] = fused_multiply_add(square, -0.5, w[at]);
      highest = logs[k] > highest ? logs[k] : highest;
    }
    double total = 0.0;
    for (int k = 0; k < shape.components && fine; ++k) {
      logs[k] = exp(logs[k] - highest);
      total += logs[k];
    }
    int best = classes;
    double most = -1.0;
    for (int c = 0; c < classes; ++c) {
      double sum = fine ? 0.0 : static_cast<double>(NAN);
      for (int k = 0; k < shape.components && fine; ++k) {
        sum += view.class_of[k] == c ? logs[k] : 0.0;
      }
      view.probability(n, c) = sum / total;
      if (sum > most) {
        most = sum;
        best = c;
      }
    }
    view.log_density[n] = fine ? highest + log(total) : static_cast<double>(NAN);
    view.label[n] = static_cast<std::uint8_t>(best);
  }
};

} // namespace

void choose_centres(Queue &queue, const MixtureShape &shape, const MixtureView &view, View<double, 2> near,
                    View<double, 2> block_sum, std::uint32_t seed) {
  for (int chosen = 0; chosen < shape.components; ++chosen) {
    if (chosen > 0) {
      queue.teams("mixture_near", {shape.starts * blocks_of(shape), kMixtureLanes, 0},
                  NearDistances{shape, view, chosen, near, block_sum});
    }
    queue.for_each("mixture_pick", shape.starts, PickCentre{shape, view, chosen, near, block_sum, seed});
  }
}

void sum_mixture(Queue &queue, const MixtureShape &shape, const MixtureView &view, bool nearest) {
  queue.teams("mixture_sums", {shape.starts * blocks_of(shape), kMixtureLanes, SumBlocks::scratch(shape)},
              SumBlocks{shape, view, nearest});
  queue.for_each("mixture_fold", view.sums.size(), FoldBlocks{view});
}

void move_centres(Queue &queue, const MixtureShape &shape, const MixtureView &view) {
  queue.for_each("mixture_centres", shape.starts * shape.components, MoveCentres{shape, view});
}

void update_mixture(Queue &queue, const MixtureShape &shape, const MixtureView &view) {
  queue.for_each("mixture_update", shape.starts * shape.components, UpdateComponents{shape, view});
}

void judge_mixture(Queue &queue, const MixtureShape &shape, const MixtureView &view, double tolerance, int most) {
  queue.for_each("mixture_judge", shape.starts, Judge{shape, view, tolerance, most});
}

void prepare_mixture(Queue &queue, const MixtureShape &shape, const MixtureView &view) {
  queue.for_each("mixture_prepare", shape.starts * shape.components, Prepare{shape, view});
}

void classify_by_mixture(Queue &queue, const MixtureShape &shape, View<const double, 2> sample, const ClassifierView &view) {
  queue.for_each("mixture_classify", sample.extent(0), Classify{shape, sample, view});
}

} // namespace ZENER_BACKEND
} // namespace zener
