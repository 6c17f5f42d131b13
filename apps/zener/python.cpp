#include "apps/zener/python.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/log.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

namespace zener {
namespace {

namespace fs = std::filesystem;

// Exit code of a command found through PATH; 127 when it cannot be started.
int run_command(const std::vector<std::string> &words, bool quiet) {
  std::vector<char *> argv;
  for (const std::string &word : words) {
    argv.push_back(const_cast<char *>(word.c_str()));
  }
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (quiet) {
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  }
  pid_t child = 0;
  const int error = posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return 127;
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) {
      return 127;
    }
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

} // namespace

fs::path home_folder() {
  std::vector<fs::path> candidates;
  if (const char *home = std::getenv("ZENER_HOME")) {
    candidates.emplace_back(home);
  } else {
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    const fs::path above = program.parent_path().parent_path();
    candidates.push_back(above);               // unpacked: FOLDER/bin/zener
    candidates.push_back(above.parent_path()); // SOURCE/build/bin/zener
    candidates.push_back(above / "share" / "zener");
    candidates.emplace_back(ZENER_SOURCE_DIR);
  }
  for (const fs::path &folder : candidates) {
    std::error_code error;
    if (fs::is_directory(folder / "presets", error) && fs::is_directory(folder / "apps", error)) {
      return folder;
    }
  }
  throw DataError(
      "the folders presets/ and apps/ are not found beside the program; set ZENER_HOME to the folder that holds them");
}

PythonChoice find_python(const std::vector<std::string> &modules) {
  std::vector<std::string> candidates;
  if (const char *chosen = std::getenv("ZENER_PYTHON")) {
    candidates.emplace_back(chosen);
  } else {
    candidates = {"python3", "/usr/bin/python3"};
  }
  std::string import = "import sys";
  std::string packages = " python3";
  for (const std::string &module : modules) {
    import += ", " + module;
    packages += " python3-" + module;
  }
  for (const std::string &python : candidates) {
    if (run_command({python, "-c", import}, true) == 0) {
      return {python, ""};
    }
  }
  const std::string what = modules.empty() ? "no Python was found" : "no Python with " + join(modules, ", ") + " was found";
  return {"", what + " (Debian: apt-get install" + packages + "; ZENER_PYTHON names another Python)"};
}

int run_python_script(const PythonChoice &python, const std::string &script, const std::vector<std::string> &arguments) {
  std::vector<std::string> words{python.program, (home_folder() / "apps" / script).string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return run_command(words, false);
}

void draw_plots(const fs::path &folder) {
  const PythonChoice python = find_python(kPlotModules);
  const int code = python.program.empty() ? 0 : run_python_script(python, kPlotScript, {folder.string()});
  if (python.program.empty() || code != 0) {
    log_warning(fmt::format("no plots: {}. Everything else is written; `zener plot {}` makes them later",
                            python.program.empty() ? python.missing : fmt::format("{} ended with code {}", kPlotScript, code),
                            folder.string()));
  }
}

} // namespace zener
