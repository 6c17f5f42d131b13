// The Python helpers of apps/plot and apps/import.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace zener {

// The folder that holds presets/ and apps/: ZENER_HOME, the source tree of this build, or the installation beside the program.
// Throws DataError when none is there.
std::filesystem::path home_folder();

// Runs home_folder()/apps/SCRIPT with arguments under the first Python ($ZENER_PYTHON, python3, /usr/bin/python3) that has the
// modules, and returns its exit code. Without one it logs a line that says what is missing and returns 3.
int run_python_script(const std::string &script, const std::vector<std::string> &modules, const std::vector<std::string> &arguments);

} // namespace zener
