// Vacancy walkers on one device: owns their memory and runs them by the calls of host/backend.hpp.
#pragma once

#include "host/backend.hpp"
#include "kernels/exec/queue.hpp"

#include <memory>

namespace zener {
inline namespace ZENER_BACKEND {

std::unique_ptr<KmcBatch> make_kmc_batch(Queue &queue, const KmcPlan &plan);

std::vector<double> evaluate_barriers(Queue &queue, const BarrierModel &model, Precision precision,
                                      std::span<const std::uint8_t> types);

} // namespace ZENER_BACKEND
} // namespace zener
