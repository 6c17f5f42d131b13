#include "host/neutral/atom_files_parts.hpp"
#include "host/neutral/errors.hpp"

namespace zener {
namespace atom_files {
std::vector<TextLines::Mark> lammps_dump_frames(TextLines &lines) { return {lines.mark()}; }
Frame read_lammps_dump(TextLines &lines, const FrameOptions &) { lines.refuse("this format cannot be read yet"); }
Frame read_lammps_data(TextLines &lines, const FrameOptions &) { lines.refuse("this format cannot be read yet"); }
} // namespace atom_files
std::string lammps_dump_text(const Atoms &, std::int64_t) { throw DataError("this format cannot be written yet"); }
std::string lammps_data_text(const Atoms &) { throw DataError("this format cannot be written yet"); }
} // namespace zener
