// What the readers and writers of the formats of atom_files.hpp share.
#pragma once

#include "host/neutral/atom_files.hpp"
#include "host/neutral/text_lines.hpp"

#include <limits>
#include <span>

namespace zener::atom_files {

// sqrt(eV / amu) in A/ps: momenta in ASE's unit, sqrt(amu eV), over masses give velocities in this unit.
inline constexpr double kRootEvPerAmu_A_ps = 98.22694750253277;

// A line of a file of atoms has at least "H 0 0 0" or "1 1 0 0 0".
inline constexpr std::int64_t kLeastBytesOfAtom = 7;

struct FrameOptions {
  std::span<const std::string> type_elements = {};
  bool lattice_sites = false; // no atoms, species that are no elements and positions of any kind are allowed
  std::int64_t most_atoms = std::numeric_limits<std::int64_t>::max();
};

struct Frame {
  Atoms atoms;
  std::vector<std::size_t> lines;          // [N] of the text
  std::array<std::size_t, 3> cell_lines{}; // of the text: where the vectors of the cell stand
  Vector3 origin_A{};                      // the corner of the box, from which nothing was taken off
};

// The number of atoms a file announces: refused when the rest of the text cannot hold them.
std::int64_t atom_count(const TextLines &lines, std::string_view word, std::string_view what, std::int64_t least,
                        std::int64_t most = std::numeric_limits<std::int64_t>::max());

// Where each frame begins; the lines of all are there.
std::vector<TextLines::Mark> extended_xyz_frames(TextLines &lines);
std::vector<TextLines::Mark> lammps_dump_frames(TextLines &lines);

// One frame, from the place where the lines stand.
Frame read_extended_xyz(TextLines &lines, const FrameOptions &options);
Frame read_lammps_dump(TextLines &lines, const FrameOptions &options);
Frame read_lammps_data(TextLines &lines, const FrameOptions &options);
Frame read_poscar(TextLines &lines, const FrameOptions &options);

// "W" … with a hint when it is none.
void check_element(const TextLines &lines, std::string_view symbol);

// Masses of atoms (or of types) into those of types: all atoms of an element must agree. Masses that are those of the elements
// leave mass_amu empty.
void take_masses(const TextLines &lines, Atoms &atoms, const std::vector<double> &mass_of_atom);

double mass_of(const Atoms &atoms, std::size_t type);

// Checks that every format needs: the cell spans a volume (free directions without a vector get one, perpendicular to the
// others and as long as the atoms are spread, at least 1 A), ids are distinct, positions are not fractions of a cell.
void finish(const TextLines &lines, Frame &frame, const FrameOptions &options, bool may_be_fractional = true);

// The same atoms in the order of their ids.
void sort_by_id(Frame &frame);

// Which directions are periodic, in the title of formats that have no place for it: pbc="T T F". All, without it.
std::string pbc_text(const Cell &cell);
std::array<bool, 3> pbc_of_title(std::string_view title);

// A value of the comment of extended XYZ that may hold blanks.
void append_quoted(std::string &text, std::string_view value);

// With a point or an exponent, so that it stays a number that is no integer.
void append_double(std::string &text, double value);
// What the columns of atom i hold, a blank before each.
void append_columns(std::string &text, const Atoms &atoms, std::size_t i);
// All words of a column as what they look like: integers, numbers or words.
AtomColumn column_of_words(std::string name, int width, const std::vector<std::string_view> &words);

// Names of columns that every format can hold: no blanks, quotes, colons or control characters.
bool is_column_name(std::string_view name);

// Neither empty nor with blanks or control characters.
bool is_word(std::string_view word);

// Sizes and numbers of what is to be written. Throws InvariantError.
void check_to_write(const Atoms &atoms);

} // namespace zener::atom_files
