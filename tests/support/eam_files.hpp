// Setfl files and analytic parameters made up for tests: smooth functions that vanish at the cutoff. Compiled by the host
// alone: nvcc compiles neither fmt nor lists of these parameters.
#pragma once

#include "kernels/potentials/eam/eam_model.hpp"

#include <string>
#include <vector>

namespace zener::test {

// Tables of any number of elements, each with its own functions; by_pair: densities that differ with the order of the pair.
// Atoms of bcc crystals of about 3 A stay below `last_density`, compressed ones do not.
EamModel made_up_tables(const std::vector<std::string> &elements, bool by_pair, int radii = 2000, double last_density = 12.0);

// The file of a model of tables, `columns` numbers a line.
std::string setfl_text(const EamModel &model, int columns = 5);

// Finnis and Sinclair's form for Mo and Ta with their own parameters and a made-up pair between, repulsion included.
EamModel made_up_finnis_sinclair();

// The form of Zhou, Johnson and Wadley with whole exponents that differ and two sides of F3.
EamModel made_up_zhou();

} // namespace zener::test
