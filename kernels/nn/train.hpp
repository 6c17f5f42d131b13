// Launches of the training of barrier networks: inputs, layers forwards and backwards, loss, Adam. host/engine/train_engine.cpp
// strings them together; matrix products are those of kernels/exec/gemm.hpp.
//
// Activations are [row][width], width padded with inert zeros to a multiple of kColumnUnit; a row is an item (an environment),
// an item in one of the operations of a tied layer, or a voxel of an item. Everything of a step that changes from one to the
// next stands in StepState on the device, so that a step can be recorded once.
#pragma once

#include "kernels/exec/gemm.hpp"
#include "kernels/exec/queue.hpp"

#include <cstdint>

namespace zener {
inline namespace ZENER_BACKEND {

inline constexpr int kSitesOfJump = 112;

// What a step needs to know and leaves behind.
struct StepState {
  std::int64_t steps = 0; // of Adam, the current one included
  std::int64_t begin = 0; // of the batch in the order of the epoch
  std::int64_t next = 0;  // of the batch after it
  std::int64_t epoch = 0;
  double rate = 0.0;
  double beta1_power = 1.0, beta2_power = 1.0; // beta^steps
  double pull = 0.0, shrink = 0.0;             // of Adam: rate / (1 - beta1^steps), 1 / sqrt(1 - beta2^steps)
  double loss = 0.0;                           // squared errors of the epoch so far
};

struct AdamSettings {
  double beta1, beta2, epsilon, weight_decay;
};

// The next batch, of `jumps` jumps.
void next_step(Queue &q, StepState *state, std::int64_t jumps, double beta1, double beta2);

// keys[i], values[i]: random bits of (seed, epoch, i), and i.
void draw_order(Queue &q, View<std::uint64_t, 1> keys, View<std::int32_t, 1> values, std::uint32_t seed, std::int64_t epoch);

// Where items come from: jumps listed in `order` from state->begin on (from 0 without a state), `ways` items a jump.
struct ItemSource {
  const std::uint8_t *first; // [jump][112]
  const std::uint8_t *last;
  const std::int32_t *order;
  const StepState *state; // none: from the first one, no augmentation
  int ways;               // 2: first and last in turn; 1: first alone
};

// Species codes of items as numbers: to[item][site] for sites[k] (of the 112). orientation: [6][112] for augmentation, or none.
template <class To>
void gather_codes(Queue &q, const ItemSource &source, std::int64_t items, View<const std::int32_t, 1> sites,
                  const std::int32_t *orientation, std::uint32_t seed, To *to);

// The same on voxels: to[item][voxel][channel]; voxel_site [voxels]: the site there or -1. One channel holds the code, several
// are one a species.
template <class T>
void gather_voxels(Queue &q, const ItemSource &source, std::int64_t items, View<const std::int32_t, 1> voxel_site, int channels,
                   const std::int32_t *orientation, std::uint32_t seed, T *to);

// A tied layer that reads species by table: y[item, g][unit] = sum_k table[permutation[g][k]][code[item][k]][unit]. The table
// is written out for all operations first, wide[k][code][g][unit] = table[permutation[g][k]][code][unit], so that an item adds
// up contiguous rows; its gradient is folded back. With one operation `wide` is the table.
template <class T> struct TableTask {
  std::int64_t items;
  int sites, codes, group, width;
  const std::int32_t *code;                                                                          // [item][site]
  const std::int32_t *permutation;                                                                   // [g][site]
  const std::int32_t *inverse;                                                                       // [g][site]
  ZENER_HOST_FN std::int64_t numbers() const { return std::int64_t{sites} * codes * group * width; } // of `wide`
};
template <class T> void table_forward(Queue &q, const TableTask<T> &task, const T *table, T *wide, T *y);
// gradient[site][code][unit] from that of y. wide: room for TableTask::numbers(); not used with one operation.
template <class T> void table_gradient(Queue &q, Gemm<T> &gemm, const TableTask<T> &task, const T *dy, T *wide, T *gradient);

// Batch norm (Ioffe and Szegedy, ICML 2015, arXiv:1502.03167) and ReLU of rows, per column; without batch norm a bias and ReLU:
//   out = relu(gamma (x - mean) / sigma + beta), sigma^2 = variance + epsilon
template <class T> struct NormTask {
  std::int64_t rows;
  int width;
  bool normalise;
  bool training; // with the statistics of these rows, else with the running ones
  const T *gamma, *beta;
  T *mean, *inverse_sigma; // [width] of these rows
  T *running_mean, *running_variance;
  T *partial; // [2][norm_blocks(rows)][width]
  double epsilon, momentum;
  const StepState *state;
};
std::int64_t norm_blocks(std::int64_t rows);
template <class T> void norm_forward(Queue &q, const NormTask<T> &task, const T *x, T *out);
// d: the gradient with respect to `out` on entry, to x on return.
template <class T>
void norm_backward(Queue &q, const NormTask<T> &task, const T *x, const T *out, T *d, T *gamma_gradient, T *beta_gradient);

// to[item][column] = mean over g of from[item, g][column], and its gradient the other way.
template <class T> void mean_of_group(Queue &q, std::int64_t items, int group, int width, const T *from, T *to);
template <class T> void spread_over_group(Queue &q, std::int64_t items, int group, int width, const T *from, T *to);

// to[column][row] of a matrix [rows][columns]; columns a multiple of kColumnUnit.
template <class T> void transpose(Queue &q, std::int64_t rows, int columns, const T *from, T *to);

// Gradient of a layer's voxels [item][side^3][channels] from that of its windows [item][(side - 2)^3][27][channels].
template <class T> void fold_windows(Queue &q, std::int64_t items, int side, int channels, const T *windows, T *to);

// Pair energies of the consistent network: counts[jump][pairs] such that dE = counts . energies. With p(s, a, b) = s n (n + 1)
// / 2 + the place of the unordered pair a, b of n codes (pair_place): the jumping atom B gains the pairs (B, s_k before), loses
// (B, s_k after), the vacancy the other way.
struct PairTask {
  int shells, codes;
  std::int32_t shell_begin[9];
  ZENER_HOST_FN int pairs() const { return shells * codes * (codes + 1) / 2; }
};
ZENER_HOST_FN int pair_place(const PairTask &task, int shell, int a, int b) {
  const int low = a < b ? a : b;
  const int high = a < b ? b : a;
  return shell * task.codes * (task.codes + 1) / 2 + high * (high + 1) / 2 + low;
}
template <class T> void count_pairs(Queue &q, const ItemSource &source, std::int64_t jumps, const PairTask &task, T *counts);
// gradient[pair] = sum over jumps of counts d.
template <class T> void pair_gradient(Queue &q, std::int64_t jumps, int pairs, const T *counts, const T *d, T *gradient);

// What the outputs of a network say, against the barriers. Outputs are column 0 of rows of kColumnUnit.
template <class T> struct HeadTask {
  std::int64_t jumps;
  int ways;        // barriers a jump
  bool consistent; // forward = S + dE/2, backward = S - dE/2
  const T *jump;   // outputs: items, or one S a jump
  const T *state;  // F of the two environments of each jump in turn; or none
  const T *bias;   // [1]
  const T *counts; // of pairs; or none
  const T *pair;
  int pairs;
};
// Barriers [jump][ways] in eV.
template <class T> void head_barriers(Queue &q, const HeadTask<T> &task, T *barriers);
// Mean squared error over the barriers of a batch: gradients with respect to the outputs (all kColumnUnit columns), the bias
// and dE ([jump]); squared errors are added to state->loss.
template <class T> struct LossTask {
  HeadTask<T> head;
  const T *barriers;           // [jump][ways], as computed
  const T *forward, *backward; // targets [jump of the data]
  const std::int32_t *order;
  StepState *state;
  T *jump_gradient, *state_gradient, *bias_gradient, *energy_gradient;
};
template <class T> void loss_gradient(Queue &q, const LossTask<T> &task);

// Adam (Kingma and Ba, 2015, arXiv:1412.6980, algorithm 1) on n parameters, the first `weights` of them with decoupled decay
// (Loshchilov and Hutter, 2019, arXiv:1711.05101). n a multiple of kColumnUnit.
template <class T>
void adam(Queue &q, const AdamSettings &settings, const StepState *state, std::int64_t n, std::int64_t weights,
          const T *gradient, T *first, T *second, T *parameter);

// parameter[(tap stride + c) width + o] uniform in (-bound, bound) for o < outer, tap < taps, c < channels, drawn by (seed,
// tensor, (o taps + tap) channels + c); what lies between is left alone.
struct WeightShape {
  std::int64_t outer, taps, channels, stride;
  int width;
};
template <class T>
void draw_weights(Queue &q, std::uint32_t seed, int tensor, const WeightShape &shape, double bound, T *parameter);
template <class T> void fill(Queue &q, std::int64_t n, double value, T *to);

} // namespace ZENER_BACKEND
} // namespace zener
