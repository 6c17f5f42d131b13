// Whether a band can lie between two ends.
#pragma once

#include "host/neutral/atoms.hpp"

#include <vector>

namespace zener {

// The longest way of an atom between two states of a system, A.
double longest_way(const Atoms &a, const Atoms &b);

// Whether an end that relaxed from `start` to `rest` is another minimum than the one it began in: an atom went further than
// `way`, or half an A, or it came to rest nearer to where the `other` end began.
bool is_another_minimum(const Atoms &start, const Atoms &rest, const Atoms &other, double way);

// Whether ends that were `way` apart have come together: the path leads nowhere.
bool ends_alike(const Atoms &first, const Atoms &last, double way);

// Whether atoms that go far meet others in one of the images: bands through each other are lost.
bool atoms_meet(const Atoms &first, const Atoms &last, const std::vector<Atoms> &images);

} // namespace zener
