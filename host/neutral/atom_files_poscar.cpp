#include "host/neutral/atom_files_parts.hpp"
#include "host/neutral/errors.hpp"

namespace zener {
namespace atom_files {
Frame read_poscar(TextLines &lines, const FrameOptions &) { lines.refuse("this format cannot be read yet"); }
} // namespace atom_files
std::string poscar_text(const Atoms &) { throw DataError("this format cannot be written yet"); }
} // namespace zener
