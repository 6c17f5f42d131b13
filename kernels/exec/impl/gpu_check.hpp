// Turns a failed call of the CUDA or HIP runtime into a DeviceFault that names the call, the kernel or buffer, and the device.
#pragma once

#include "kernels/exec/queue.hpp"

namespace zener {
inline namespace ZENER_BACKEND {

inline void check_call(ApiError error, const char *call, const char *what, int device, const char *device_name) {
  if (error != ZENER_API(Success)) {
    (void)ZENER_API(GetLastError)(); // or the next launch would report it again
    throw DeviceFault("%s%s%s%s on device %d (%s): %s", ZENER_API_NAME, call, what[0] != '\0' ? " of " : "", what, device,
                      device_name, ZENER_API(GetErrorString)(error));
  }
}

} // namespace ZENER_BACKEND
} // namespace zener
