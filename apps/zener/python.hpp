// The Python helpers of apps/plot and apps/import.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace zener {

// The folder that holds presets/ and apps/: ZENER_HOME alone when set, else the folder above the program's
// (an unpacked archive), the one above that or the installation beside the program, or the source tree of this build.
// Throws DataError when none is there.
std::filesystem::path home_folder();

struct PythonChoice {
  std::string program; // empty when there is none
  std::string missing; // then: what was looked for and how to get it
};

// The first Python ($ZENER_PYTHON alone when set, else python3, /usr/bin/python3) that has the modules.
PythonChoice find_python(const std::vector<std::string> &modules);

// Runs home_folder()/apps/SCRIPT with arguments and returns its exit code; its own lines go to standard error.
int run_python_script(const PythonChoice &python, const std::string &script, const std::vector<std::string> &arguments);

inline constexpr const char *kPlotScript = "plot/plot_results.py";
inline const std::vector<std::string> kPlotModules{"h5py", "matplotlib", "numpy"};

// Draws the plots of a result folder at the end of a run. What stands in the way is a warning in the log, no error.
void draw_plots(const std::filesystem::path &folder);

} // namespace zener
