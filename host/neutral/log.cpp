#include "host/neutral/log.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/progress.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace zener {
namespace {

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
  case LogLevel::debug:
    return spdlog::level::debug;
  case LogLevel::warning:
    return spdlog::level::warn;
  case LogLevel::error:
    return spdlog::level::err;
  default:
    return spdlog::level::info;
  }
}

struct Log {
  std::shared_ptr<spdlog::sinks::stderr_color_sink_mt> console = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  std::shared_ptr<spdlog::sinks::basic_file_sink_mt> file;
  spdlog::logger to_console{"zener", console};
  std::unique_ptr<spdlog::logger> to_file;

  Log() {
    // Results are what stdout is for; plain lines there and here, so that scripts can read them.
    console->set_pattern("%^%v%$");
    console->set_level(spdlog::level::info);
    to_console.set_level(spdlog::level::debug);
  }
};

Log &log() {
  static Log instance;
  return instance;
}

void write(LogLevel level, std::string_view message) {
  Log &out = log();
  clear_progress_line();
  const char *prefix = level == LogLevel::warning ? "warning: " : level == LogLevel::error ? "error: " : "";
  out.to_console.log(level_of(level), "{}{}", prefix, message);
  if (out.to_file) {
    out.to_file->log(level_of(level), message);
  }
}

} // namespace

void set_console_level(LogLevel level) { log().console->set_level(level_of(level)); }

void open_log_file(const std::filesystem::path &file) {
  // Tried first by ourselves: the library's exception would carry no reason.
  std::FILE *probe = std::fopen(file.c_str(), "ab");
  if (probe == nullptr) {
    throw DataError(file.string() + ": the log cannot be opened for writing: " + std::strerror(errno));
  }
  std::fclose(probe);
  constexpr bool kTruncate = false;
  Log &out = log();
  out.file = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file.string(), kTruncate);
  out.file->set_pattern("%Y-%m-%d %H:%M:%S.%e %-7l %v");
  out.to_file = std::make_unique<spdlog::logger>("zener", out.file);
  out.to_file->set_level(spdlog::level::debug);
  out.to_file->flush_on(spdlog::level::debug); // a killed run keeps its last line
  out.to_file->set_error_handler([name = file.string()](const std::string &reason) {
    // A log that cannot grow does not end a run; the results' own writes say when the disk is full. Said once.
    static bool said = false;
    if (!said) {
      said = true;
      std::fprintf(stderr, "warning: %s: the log cannot be written (%s); messages go to the console alone\n", name.c_str(),
                   reason.c_str());
    }
  });
}

void close_log_file() {
  log().to_file.reset();
  log().file.reset();
}

void log_debug(std::string_view message) { write(LogLevel::debug, message); }
void log_info(std::string_view message) { write(LogLevel::info, message); }
void log_warning(std::string_view message) { write(LogLevel::warning, message); }
void log_error(std::string_view message) { write(LogLevel::error, message); }

} // namespace zener
