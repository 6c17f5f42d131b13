# Writes OUTPUT, the definitions of host/neutral/version.hpp, when they differ from what it holds.
set(commit unknown)
if(GIT)
  execute_process(
    COMMAND ${GIT} -C ${SOURCE_DIR} rev-parse --short=12 HEAD
    OUTPUT_VARIABLE hash
    RESULT_VARIABLE failed
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT failed)
    execute_process(COMMAND ${GIT} -C ${SOURCE_DIR} status --porcelain OUTPUT_VARIABLE changes ERROR_QUIET)
    set(commit ${hash})
    if(changes)
      string(APPEND commit -dirty)
    endif()
  endif()
endif()
set(text
    "// Written by CMake at every build.
#include \"host/neutral/version.hpp\"

namespace zener {

const char *const kVersion = \"${VERSION}\";
const char *const kCommit = \"${commit}\";
const char *const kCompiler = \"${COMPILER}\";
const char *const kBackends = \"${BACKENDS}\";

} // namespace zener
")
set(old "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} old)
endif()
if(NOT text STREQUAL old)
  file(WRITE ${OUTPUT} "${text}")
endif()
