# One source, several backends. Every backend compiles the same .cpp files with its own macros:
#   ZENER_BACKEND=<name>   the namespace of the backend's code
#   ZENER_BACKEND_CPU, ZENER_BACKEND_CUDA or ZENER_BACKEND_HIP, defined to 1
#   ZENER_DEBUG_DEVICE=1   in cpu_debug only, which only the tests link

# The objects of `sources` for one backend, as a target or object files for target_link_libraries, in ${out}.
function(zener_backend_objects out target name)
  if(NOT ARGN)
    set(${out} "" PARENT_SCOPE)
    return()
  endif()
  set(macros ZENER_BACKEND=${name})
  if(name STREQUAL "hip")
    list(APPEND macros ZENER_BACKEND_HIP=1)
    zener_hip_objects(objects ${target} "${macros}" ${ARGN})
    add_custom_target(${target} DEPENDS ${objects})
    set(${out} ${objects} PARENT_SCOPE)
    return()
  endif()

  if(name STREQUAL "cuda")
    # nvcc takes a .cpp for host code, so each source is compiled through a .cu that includes it.
    set(sources "")
    foreach(source IN LISTS ARGN)
      cmake_path(RELATIVE_PATH source BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE relative)
      cmake_path(REPLACE_EXTENSION relative LAST_ONLY cu)
      set(wrapper ${PROJECT_BINARY_DIR}/generated/cuda/${relative})
      file(CONFIGURE OUTPUT ${wrapper} CONTENT "#include \"${source}\"\n" @ONLY)
      list(APPEND sources ${wrapper})
    endforeach()
    list(APPEND macros ZENER_BACKEND_CUDA=1)
  else()
    set(sources ${ARGN})
    list(APPEND macros ZENER_BACKEND_CPU=1)
  endif()

  add_library(${target} OBJECT ${sources})
  target_compile_definitions(${target} PRIVATE ${macros})
  target_link_libraries(${target} PRIVATE zener_flags)
  if(name MATCHES "^cpu")
    target_link_libraries(${target} PRIVATE OpenMP::OpenMP_CXX)
    target_compile_options(${target} PRIVATE ${ZENER_CPU_FLAGS})
  endif()
  if(name STREQUAL "cpu_debug")
    target_compile_definitions(${target} PRIVATE ZENER_DEBUG_DEVICE=1)
    target_compile_options(${target} PRIVATE -O1 -UNDEBUG)
  endif()
  set(${out} $<TARGET_OBJECTS:${target}> PARENT_SCOPE)
endfunction()

# CMake's HIP language does not configure with Debian's hipcc, so hipcc is called by custom commands. Without an explicit
# --offload-arch it would look for a device and complain that there is none.
function(zener_hip_objects out target macros)
  list(TRANSFORM macros PREPEND -D)
  list(TRANSFORM ZENER_HIP_ARCHITECTURES PREPEND --offload-arch= OUTPUT_VARIABLE architectures)
  set(optimise -O3 -DNDEBUG)
  if(CMAKE_BUILD_TYPE STREQUAL "Debug")
    set(optimise -O1 -g)
  endif()
  if(target MATCHES "^zener_tests")
    list(APPEND macros -include ${PROJECT_SOURCE_DIR}/tests/support/hip_gtest.hpp)
  endif()
  set(objects "")
  foreach(source IN LISTS ARGN)
    cmake_path(RELATIVE_PATH source BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE relative)
    set(object ${PROJECT_BINARY_DIR}/hip/${target}/${relative}.o)
    cmake_path(GET object PARENT_PATH folder)
    file(MAKE_DIRECTORY ${folder})
    add_custom_command(
      OUTPUT ${object}
      COMMAND
        ${ZENER_HIPCC} -x hip -std=c++20 ${optimise} ${architectures} ${ZENER_EXACT_FLAGS} ${ZENER_HIP_WARNING_FLAGS} ${macros}
        -I${PROJECT_SOURCE_DIR} -MD -MF ${object}.d -MT ${object} -c ${source} -o ${object}
      DEPENDS ${source}
      DEPFILE ${object}.d
      COMMENT "Building HIP object ${relative}.o"
      VERBATIM)
    list(APPEND objects ${object})
  endforeach()
  set_source_files_properties(${objects} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
  set(${out} ${objects} PARENT_SCOPE)
endfunction()
set(ZENER_HIP_WARNING_FLAGS ${ZENER_WARNING_FLAGS})
list(REMOVE_ITEM ZENER_HIP_WARNING_FLAGS -Wno-restrict)

# zener_add_backend(NAME SOURCES …): the static library zener_backend_NAME.
function(zener_add_backend name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" SOURCES)
  zener_backend_objects(objects zener_objects_${name} ${name} ${arg_SOURCES})
  set(target zener_backend_${name})
  add_library(${target} STATIC ${objects})
  set_target_properties(${target} PROPERTIES LINKER_LANGUAGE CXX)
  target_link_libraries(${target} PRIVATE zener_neutral)
  if(name MATCHES "^cpu")
    target_link_libraries(${target} PRIVATE OpenMP::OpenMP_CXX)
  elseif(name STREQUAL "cuda")
    # By path: FindCUDAToolkit of CMake 3.25.1 fails where it comes upon an nvToolsExt library.
    find_library(ZENER_CUDART cudart_static HINTS ${CMAKE_CUDA_IMPLICIT_LINK_DIRECTORIES} REQUIRED)
    target_link_libraries(${target} PRIVATE ${ZENER_CUDART} Threads::Threads ${CMAKE_DL_LIBS} rt)
  elseif(name STREQUAL "hip")
    target_link_libraries(${target} PRIVATE ${ZENER_AMDHIP})
  endif()
endfunction()

# zener_add_tests(TARGET BACKEND name SOURCES …): compiles the tests of kernels for one backend into TARGET.
function(zener_add_tests target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" BACKEND SOURCES)
  zener_backend_objects(objects ${target}_${arg_BACKEND} ${arg_BACKEND} ${arg_SOURCES})
  target_sources(${target} PRIVATE ${objects})
  target_link_libraries(${target} PRIVATE zener_backend_${arg_BACKEND})
endfunction()
