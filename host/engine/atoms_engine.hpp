// Batches of atoms on one device: owns their memory and runs them by the calls of host/backend.hpp.
#pragma once

#include "host/backend.hpp"
#include "kernels/exec/queue.hpp"

#include <memory>

namespace zener {
inline namespace ZENER_BACKEND {

std::unique_ptr<AtomsBatch> make_atoms_batch(Queue &queue, const AtomsPlan &plan);

} // namespace ZENER_BACKEND
} // namespace zener
