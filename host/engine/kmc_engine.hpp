// Vacancy walkers on one device: owns their memory and runs them by the calls of host/backend.hpp.
#pragma once

#include "host/backend.hpp"
#include "kernels/exec/queue.hpp"

#include <memory>

namespace zener {
inline namespace ZENER_BACKEND {

std::unique_ptr<KmcBatch> make_kmc_batch(Queue &queue, const KmcPlan &plan);

EnvironmentBarriers evaluate_barriers(Queue &queue, const BarrierModel &model, Precision precision,
                                      std::span<const std::uint8_t> types);

// As Backend's calls of the same names.
BarrierMap map_configuration(Queue &queue, const BarrierModel &model, Precision precision, const LatticeShape &lattice,
                             std::span<const std::uint8_t> occupancy, std::span<const double> temperatures_K);
std::vector<std::int32_t> find_clusters(Queue &queue, const LatticeShape &lattice, std::span<const std::uint8_t> marks,
                                        int link_squared);
std::vector<std::uint8_t> find_b2_centres(Queue &queue, const LatticeShape &lattice, std::span<const std::uint8_t> occupancy,
                                          const B2Rule &rule);

} // namespace ZENER_BACKEND
} // namespace zener
