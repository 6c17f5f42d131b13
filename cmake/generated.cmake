# Sources written by the build: the table of backends, the version and the schemas.
set(generated ${PROJECT_BINARY_DIR}/generated)

# backends.cpp: backends_built() of host/backend.hpp for the backends named, in that order.
set(ZENER_BACKEND_TABLE ${generated}/backends.cpp)
function(zener_write_backend_table)
  set(declarations "")
  set(entries "")
  foreach(name IN LISTS ARGN)
    string(APPEND declarations "namespace ${name} {\nBackendEntry backend_entry();\n}\n")
    list(APPEND entries "${name}::backend_entry()")
  endforeach()
  list(JOIN entries ", " entries)
  list(LENGTH ARGN count)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/backends.cpp.in ${ZENER_BACKEND_TABLE} @ONLY)
endfunction()

# version.cpp: made at every build, written only when it changes, so that a commit costs one small file and the links.
set(ZENER_VERSION_SOURCE ${generated}/version.cpp)
list(REVERSE ZENER_BACKENDS)
list(JOIN ZENER_BACKENDS " " backends_text)
list(REVERSE ZENER_BACKENDS)
set(compiler_text "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
if(CMAKE_CUDA_COMPILER)
  string(APPEND compiler_text ", nvcc ${CMAKE_CUDA_COMPILER_VERSION}")
endif()
find_package(Git QUIET)
add_custom_target(
  zener_version
  COMMAND
    ${CMAKE_COMMAND} -DOUTPUT=${ZENER_VERSION_SOURCE} -DSOURCE_DIR=${PROJECT_SOURCE_DIR} -DGIT=${GIT_EXECUTABLE}
    -DVERSION=${PROJECT_VERSION} "-DCOMPILER=${compiler_text}" "-DBACKENDS=${backends_text}" -P
    ${PROJECT_SOURCE_DIR}/cmake/write_version.cmake
  BYPRODUCTS ${ZENER_VERSION_SOURCE}
  COMMENT "Asking git for the commit"
  VERBATIM)

# embedded_schemas.cpp: the schemas of the presets inside the program.
file(GLOB schemas CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/presets/schema/*.schema.json)
list(JOIN schemas "|" schemas_text)
set(ZENER_SCHEMA_SOURCE ${generated}/embedded_schemas.cpp)
add_custom_command(
  OUTPUT ${ZENER_SCHEMA_SOURCE}
  COMMAND ${CMAKE_COMMAND} "-DINPUTS=${schemas_text}" -DOUTPUT=${ZENER_SCHEMA_SOURCE} -P
          ${PROJECT_SOURCE_DIR}/cmake/embed_schemas.cmake
  DEPENDS ${schemas} ${PROJECT_SOURCE_DIR}/cmake/embed_schemas.cmake
  COMMENT "Embedding presets/schema/*.schema.json"
  VERBATIM)
