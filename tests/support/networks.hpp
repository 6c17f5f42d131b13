// Networks of every kind with random numbers; barriers of some 0.1 eV around 1 eV.
#pragma once

#include "host/neutral/barrier_model.hpp"

#include <vector>

namespace zener::test {

// Widths of the hidden layers.
Mlp random_network(const std::vector<int> &hidden, unsigned seed = 3);

// widths: units before tying, then hidden layers.
SiteMlp made_site_mlp(SiteGroup group, const std::vector<int> &widths, unsigned seed = 5);
Cnn made_cnn(bool one_hot, const std::vector<int> &filters, unsigned seed = 6);
Consistent made_consistent(int state_shells, int pair_shells, const std::vector<int> &jump_widths = {4, 5},
                           const std::vector<int> &state_widths = {3, 4}, unsigned seed = 7);

} // namespace zener::test
