# Writes OUTPUT: the texts of the schemas INPUTS (separated by |) as the table of schema_texts() in host/neutral/schema.hpp, each
# under the name of its file before ".schema.json".
string(REPLACE "|" ";" inputs "${INPUTS}")
set(entries "")
foreach(input IN LISTS inputs)
  file(READ ${input} text)
  if(text MATCHES "\\)zener_text\"")
    message(FATAL_ERROR "${input} holds the sequence that would end its C++ string")
  endif()
  get_filename_component(name ${input} NAME)
  string(REPLACE ".schema.json" "" name ${name})
  string(APPEND entries "    {\"${name}\", R\"zener_text(${text})zener_text\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// Written by CMake.
#include \"host/neutral/schema.hpp\"

namespace zener {

std::span<const SchemaText> schema_texts() {
  static constexpr SchemaText kTexts[] = {
${entries}  };
  return kTexts;
}

} // namespace zener
")
