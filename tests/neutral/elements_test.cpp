#include "host/neutral/elements.hpp"

#include "tests/neutral/support.hpp"

#include <set>

namespace zener {
namespace {

TEST(Elements, symbols_and_numbers) {
  std::set<std::string> symbols;
  for (int z = 1; z <= 118; ++z) {
    EXPECT_EQ(atomic_number(element_symbol(z)), z);
    symbols.insert(element_symbol(z));
  }
  EXPECT_EQ(symbols.size(), 118U);
  EXPECT_EQ(atomic_number("H"), 1);
  EXPECT_EQ(atomic_number("Ti"), 22);
  EXPECT_EQ(atomic_number("Nb"), 41);
  EXPECT_EQ(atomic_number("W"), 74);
  EXPECT_EQ(atomic_number("U"), 92);
  EXPECT_EQ(atomic_number("Og"), 118);
  for (const char *wrong : {"", "w", "WW", "W1", "Xx", "FE", " W"}) {
    EXPECT_FALSE(atomic_number(wrong)) << wrong;
  }
  test::expect_error<InvariantError>([] { element_symbol(0); }, {"0"});
  test::expect_error<InvariantError>([] { atomic_mass_amu(119); }, {"119"});
}

// Weights grow with the number but for the known pairs.
TEST(Elements, masses) {
  EXPECT_EQ(atomic_mass_amu(1), 1.008);
  EXPECT_EQ(atomic_mass_amu(26), 55.845);
  EXPECT_EQ(atomic_mass_amu(74), 183.84);
  EXPECT_EQ(atomic_mass_amu(92), 238.03);
  const std::set<int> lighter = {19, 28, 53, 91, 93, 95, 108}; // than the element before
  for (int z = 2; z <= 118; ++z) {
    EXPECT_EQ(atomic_mass_amu(z) < atomic_mass_amu(z - 1), lighter.count(z) > 0) << z;
  }
}

} // namespace
} // namespace zener
