// Messages to the console (stderr) and, once a run has a folder, to its log.txt.
#pragma once

#include <filesystem>
#include <string_view>

namespace zener {

enum class LogLevel { debug, info, warning, error };

// The least level that reaches the console (info by default); the file takes everything.
void set_console_level(LogLevel level);

// Appends to `file` from now on, with dates. Throws DataError when it cannot be opened.
void open_log_file(const std::filesystem::path &file);
void close_log_file();

void log_debug(std::string_view message);
void log_info(std::string_view message);
void log_warning(std::string_view message);
void log_error(std::string_view message);

} // namespace zener
