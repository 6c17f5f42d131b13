// Errors that a user can meet. Each says what failed, where, the value met, what is allowed and a hint; only main catches.
#pragma once

#include <stdexcept>
#include <string>

namespace zener {

enum class ExitCode : int {
  done = 0,
  bad_config = 2,   // the user's preset or arguments
  bad_data = 3,     // the user's files
  no_device = 4,    // the device or memory
  own_fault = 5,    // ours
  interrupted = 130 // stopped by a signal after a checkpoint
};

class Error : public std::runtime_error {
public:
  Error(ExitCode code, const std::string &message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const noexcept { return code_; }

private:
  ExitCode code_;
};

// A preset or an argument asks for something that is not allowed.
class ConfigError : public Error {
public:
  explicit ConfigError(const std::string &message) : Error(ExitCode::bad_config, message) {}
};

// A file is missing, unreadable, damaged or inconsistent, or the disk refuses to take one.
class DataError : public Error {
public:
  explicit DataError(const std::string &message) : Error(ExitCode::bad_data, message) {}
};

// A device is absent, out of memory, or a call on it failed.
class DeviceError : public Error {
public:
  explicit DeviceError(const std::string &message) : Error(ExitCode::no_device, message) {}
};

// A state that the program itself must never reach.
class InvariantError : public Error {
public:
  explicit InvariantError(const std::string &message) : Error(ExitCode::own_fault, message) {}
};

} // namespace zener
