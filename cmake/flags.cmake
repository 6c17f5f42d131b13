# Flags of all our code (zener_flags) and of the CPU backend (ZENER_CPU_FLAGS).
#
# Contraction is off in every file of every backend: results are promised to the bit, and an inline function that is
# compiled both ways would change them with link order. For the same reason there is no -ffast-math anywhere.
set(ZENER_EXACT_FLAGS -ffp-contract=off)
set(ZENER_WARNING_FLAGS -Wall -Wextra -Wconversion)
if(ZENER_WERROR)
  list(APPEND ZENER_WARNING_FLAGS -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  list(APPEND ZENER_WARNING_FLAGS -Wno-restrict) # false alarms in std::string's operator+ (GCC bug 105651)
endif()

add_library(zener_flags INTERFACE)
target_include_directories(zener_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(zener_flags INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:${ZENER_EXACT_FLAGS};${ZENER_WARNING_FLAGS}>")

if(CMAKE_CUDA_COMPILER)
  # -lineinfo costs nothing at run time and shows profilers the source.
  set(cuda_flags -fmad=false -lineinfo -Xcompiler=-ffp-contract=off,-Wall,-Wextra)
  if(ZENER_WERROR)
    list(APPEND cuda_flags -Werror=all-warnings)
  endif()
  target_compile_options(zener_flags INTERFACE "$<$<COMPILE_LANGUAGE:CUDA>:${cuda_flags}>")
endif()

if(ZENER_SANITIZE)
  target_compile_options(
    zener_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${ZENER_SANITIZE}>
                          $<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize-recover=all> $<$<COMPILE_LANGUAGE:CXX>:-fno-omit-frame-pointer>)
  target_link_options(zener_flags INTERFACE -fsanitize=${ZENER_SANITIZE})
endif()

# The CPU backend for this processor, or in a portable build for every one with AVX2 and FMA. g++ stays at 256 bits on AVX-512
# unless told otherwise and loses a third.
set(ZENER_CPU_FLAGS "")
if(ZENER_PORTABLE)
  set(ZENER_CPU_FLAGS -march=x86-64-v3)
elseif(ZENER_NATIVE)
  execute_process(
    COMMAND ${CMAKE_CXX_COMPILER} -march=native -dM -E -x c++ /dev/null
    OUTPUT_VARIABLE native_macros
    RESULT_VARIABLE native_result
    ERROR_QUIET)
  if(NOT native_result EQUAL 0)
    message(FATAL_ERROR "${CMAKE_CXX_COMPILER} does not take -march=native; configure with -DZENER_NATIVE=OFF")
  endif()
  set(ZENER_CPU_FLAGS -march=native)
  if(native_macros MATCHES "__AVX512F__")
    list(APPEND ZENER_CPU_FLAGS -mprefer-vector-width=512)
  endif()
endif()
list(JOIN ZENER_CPU_FLAGS " " ZENER_CPU_FLAGS_TEXT)
if(NOT ZENER_CPU_FLAGS_TEXT)
  set(ZENER_CPU_FLAGS_TEXT "none")
endif()
