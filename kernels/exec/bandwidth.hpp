// The rate at which a device copies memory, the yardstick of kernels that are bound by it.
//
// Who owns what: an index one double (512 on the CPU). 16 bytes and no operation a number.
#pragma once

#include "kernels/exec/queue.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

// Bytes read and written a second by copies of `bytes` bytes, the best of five after one.
double copy_bandwidth(Queue &queue, std::int64_t bytes);

} // namespace ZENER_BACKEND
} // namespace zener
