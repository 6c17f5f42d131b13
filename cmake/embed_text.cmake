# Writes OUTPUT: the text of INPUT as the constant zener::NAME.
file(READ ${INPUT} text)
if(text MATCHES "\\)zener_text\"")
  message(FATAL_ERROR "${INPUT} holds the sequence that would end its C++ string")
endif()
file(WRITE ${OUTPUT} "// Written by CMake.
namespace zener {

extern const char *const ${NAME};
const char *const ${NAME} = R\"zener_text(${text})zener_text\";

} // namespace zener
")
