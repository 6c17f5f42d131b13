// Failures of a device call. They carry a fixed text, so that kernels/ needs no strings; host/engine turns them into
// DeviceError.
#pragma once

#include <cstdarg>
#include <cstdio>
#include <exception>

namespace zener {

class DeviceFault : public std::exception {
public:
  [[gnu::format(printf, 2, 3)]] explicit DeviceFault(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text_, sizeof text_, format, arguments);
    va_end(arguments);
  }
  const char *what() const noexcept override { return text_; }

private:
  char text_[512];
};

} // namespace zener
