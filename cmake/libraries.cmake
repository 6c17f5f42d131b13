# The libraries of other people, as zener_fmt, zener_spdlog, zener_hdf5, zener_openblas, zener_fftw and the targets of their own packages.
# With ZENER_PORTABLE they are linked statically; then ZENER_PROGRAM_LINK_OPTIONS makes g++'s own libraries static as well.
# Debian has no static fmt and spdlog, so these are compiled in from their headers, and none of Google Benchmark: only
# zener_bench_micro needs it, and in a portable build takes its shared library and g++'s along in lib/ (zener_take_libraries).
set(ZENER_PROGRAM_LINK_OPTIONS "")

# The static library NAME.a (a path when the compiler knows it, else looked for) in ${out}.
function(zener_static_library out name)
  execute_process(
    COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=${name}.a
    OUTPUT_VARIABLE path
    OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT IS_ABSOLUTE "${path}")
    unset(path)
    find_library(path NAMES ${name}.a HINTS ${ARGN} NO_CACHE)
  endif()
  if(NOT path)
    message(FATAL_ERROR "ZENER_PORTABLE=ON needs ${name}.a; the packages of cmake/packages.txt hold it on Debian 12")
  endif()
  set(${out} ${path} PARENT_SCOPE)
endfunction()

if(ZENER_PORTABLE)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    message(FATAL_ERROR "ZENER_PORTABLE=ON needs g++, not ${CMAKE_CXX_COMPILER_ID}")
  endif()
  zener_static_library(OpenMP_gomp_LIBRARY libgomp) # where CMake's module looks first
  # Without its unused parts libstdc++ asks for no newer libc than 2.35 (its random_device wants 2.36).
  set(ZENER_PROGRAM_LINK_OPTIONS -static-libstdc++ -static-libgcc -Wl,--gc-sections)
endif()

find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(nlohmann_json REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(openblas REQUIRED IMPORTED_TARGET openblas)
pkg_check_modules(fftw REQUIRED IMPORTED_TARGET fftw3)
pkg_search_module(hdf5 REQUIRED IMPORTED_TARGET hdf5-serial hdf5) # CMake's own module would need the C language
find_path(ZENER_VALIJSON_INCLUDE valijson/validator.hpp REQUIRED)

# Thrust for the sort of the CPU backend: of the CUDA toolkit, or Debian's libthrust-dev. That file alone sees it: Debian's copy must not
# come before the toolkit's own for nvcc.
find_path(
  ZENER_THRUST_INCLUDE thrust/version.h
  HINTS ENV CUDA_PATH ENV CUDA_HOME /usr/local/cuda
  PATH_SUFFIXES include/cccl include REQUIRED)
set(thrust_option "")
if(NOT ZENER_THRUST_INCLUDE STREQUAL "/usr/include") # named a second time it would hide parts of the standard library
  set(thrust_option "-isystem;${ZENER_THRUST_INCLUDE}")
endif()
set_source_files_properties(
  ${PROJECT_SOURCE_DIR}/kernels/exec/impl/sort.cpp
  PROPERTIES COMPILE_DEFINITIONS
             "THRUST_HOST_SYSTEM=THRUST_HOST_SYSTEM_CPP;THRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_OMP"
             COMPILE_OPTIONS "${thrust_option}")

foreach(name fmt spdlog hdf5 openblas fftw)
  add_library(zener_${name} INTERFACE)
endforeach()
if(ZENER_PORTABLE)
  zener_static_library(hdf5_archive libhdf5 ${hdf5_LIBRARY_DIRS})
  zener_static_library(openblas_archive libopenblas ${openblas_LIBRARY_DIRS})
  zener_static_library(fftw_archive libfftw3 ${fftw_LIBRARY_DIRS})
  foreach(name sz aec z) # what HDF5's filters need
    zener_static_library(${name}_archive lib${name})
  endforeach()
  target_link_libraries(zener_fmt INTERFACE fmt::fmt-header-only)
  target_compile_definitions(zener_spdlog INTERFACE SPDLOG_FMT_EXTERNAL)
  target_link_libraries(zener_spdlog INTERFACE zener_fmt Threads::Threads)
  target_include_directories(zener_hdf5 SYSTEM INTERFACE ${hdf5_INCLUDE_DIRS})
  target_link_libraries(
    zener_hdf5 INTERFACE ${hdf5_archive} ${sz_archive} ${aec_archive} ${z_archive} m ${CMAKE_DL_LIBS} Threads::Threads)
  target_include_directories(zener_openblas SYSTEM INTERFACE ${openblas_INCLUDE_DIRS})
  target_link_libraries(zener_openblas INTERFACE ${openblas_archive} m Threads::Threads)
  target_link_libraries(zener_fftw INTERFACE ${fftw_archive} m)
else()
  target_link_libraries(zener_fmt INTERFACE fmt::fmt)
  target_link_libraries(zener_spdlog INTERFACE spdlog::spdlog)
  target_link_libraries(zener_hdf5 INTERFACE PkgConfig::hdf5)
  target_link_libraries(zener_openblas INTERFACE PkgConfig::openblas)
  target_link_libraries(zener_fftw INTERFACE PkgConfig::fftw)
endif()

# In a portable build: copies the shared libraries that `target` cannot do without to lib/ beside bin/, where it will look.
function(zener_take_libraries target)
  if(NOT ZENER_PORTABLE)
    return()
  endif()
  set(libraries $<TARGET_SONAME_FILE:benchmark::benchmark>)
  foreach(name libstdc++.so.6 libgcc_s.so.1)
    execute_process(
      COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=${name}
      OUTPUT_VARIABLE path
      OUTPUT_STRIP_TRAILING_WHITESPACE)
    list(APPEND libraries ${path})
  endforeach()
  add_custom_command(
    TARGET ${target} POST_BUILD COMMAND ${CMAKE_COMMAND} -E copy ${libraries} ${CMAKE_ARCHIVE_OUTPUT_DIRECTORY} VERBATIM)
  # The old kind of path also holds for the libraries' libraries.
  target_link_options(${target} PRIVATE -Wl,--disable-new-dtags)
  set_target_properties(${target} PROPERTIES BUILD_RPATH "$ORIGIN/../lib")
endfunction()
