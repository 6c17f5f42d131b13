#include "host/neutral/structure_builder.hpp"

#include "host/neutral/elements.hpp"
#include "host/neutral/json_document.hpp"
#include "tests/neutral/support.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace zener {
namespace {

using test::expect_error;

StructureSpec lattice(const std::string &name, double a_A, std::array<int, 3> cells,
                      std::vector<std::string> elements = {"W"}) {
  StructureSpec spec;
  spec.lattice = name;
  spec.a_A = a_A;
  spec.cells = cells;
  spec.elements = std::move(elements);
  return spec;
}

// Distances of all pairs up to a radius over explicit images: distance (rounded) -> number, twice per pair.
std::map<long, int> shells(const Atoms &atoms, double radius) {
  std::map<long, int> out;
  std::array<int, 3> images{};
  for (std::size_t k = 0; k < 3; ++k) {
    images[k] = atoms.cell.periodic[k] ? static_cast<int>(std::ceil(radius / thicknesses(atoms.cell)[k])) : 0;
  }
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    for (std::size_t j = 0; j < atoms.size(); ++j) {
      for (int x = -images[0]; x <= images[0]; ++x) {
        for (int y = -images[1]; y <= images[1]; ++y) {
          for (int z = -images[2]; z <= images[2]; ++z) {
            const Vector3 shift = times(Vector3{1.0 * x, 1.0 * y, 1.0 * z}, atoms.cell.vectors);
            double squared = 0.0;
            for (std::size_t d = 0; d < 3; ++d) {
              const double r = atoms.position_A[j][d] + shift[d] - atoms.position_A[i][d];
              squared += r * r;
            }
            if (squared > 1e-12 && squared < radius * radius) {
              ++out[std::lround(1e6 * std::sqrt(squared))];
            }
          }
        }
      }
    }
  }
  return out;
}

// Volume per atom, distance and number of the nearest neighbours of each lattice.
TEST(StructureBuilder, lattices) {
  struct Case {
    const char *name;
    std::size_t atoms; // of a cell
    double volume;     // of an atom, a^3
    double nearest;    // a
    int neighbours;    // of an atom
  };
  for (const Case &c : {Case{"bcc", 2, 0.5, std::sqrt(0.75), 8}, Case{"sc", 1, 1.0, 1.0, 6},
                        Case{"fcc", 4, 0.25, std::sqrt(0.5), 12}, Case{"diamond", 8, 0.125, std::sqrt(3.0) / 4, 4},
                        Case{"hcp", 4, std::sqrt(0.5), 1.0, 12}, Case{"hcp_primitive", 2, std::sqrt(0.5), 1.0, 12}}) {
    const Atoms atoms = build_structure(lattice(c.name, 3.0, {2, 1, 1}));
    EXPECT_EQ(atoms.size(), 2 * c.atoms) << c.name;
    EXPECT_NEAR(volume(atoms.cell) / static_cast<double>(atoms.size()), 27.0 * c.volume, 1e-9) << c.name;
    const std::map<long, int> near = shells(atoms, 3.01 * c.nearest);
    EXPECT_NEAR(1e-6 * static_cast<double>(near.begin()->first), 3.0 * c.nearest, 2e-6) << c.name;
    EXPECT_EQ(near.begin()->second, c.neighbours * static_cast<int>(atoms.size())) << c.name;
  }
  // omega with c/a = sqrt(3/8): the three atoms and the distances a / sqrt 3 in the plane and c between chains' atoms.
  const Atoms omega = build_structure(lattice("omega", 4.6, {1, 1, 1}, {"Ti"}));
  EXPECT_EQ(omega.size(), 3U);
  const std::map<long, int> near = shells(omega, 2.85);
  EXPECT_NEAR(1e-6 * static_cast<double>(near.begin()->first), 4.6 / std::sqrt(3.0), 2e-6);
  EXPECT_EQ(near.begin()->second, 6); // three for each of the two atoms in the plane
  // Ordered lattices: no A has an A nearest.
  for (const char *name : {"b2", "l12"}) {
    Atoms atoms = build_structure(lattice(name, 3.0, {1, 1, 1}, {"Al", "Ni"}));
    EXPECT_EQ(std::count(atoms.type.begin(), atoms.type.end(), 0), 1) << name;
    Atoms only = atoms;
    only.position_A.clear();
    for (std::size_t i = 0; i < atoms.size(); ++i) {
      if (atoms.type[i] == 0) {
        only.position_A.push_back(atoms.position_A[i]);
      }
    }
    EXPECT_EQ(shells(only, 3.01).begin()->first, 3000000) << name;
  }
}

// Turned crystals are the same crystals.
TEST(StructureBuilder, orientations) {
  for (const char *name : {"bcc", "fcc", "diamond"}) {
    StructureSpec spec = lattice(name, 3.0, {1, 1, 1});
    const Atoms straight = build_structure(lattice(name, 3.0, {2, 2, 2}));
    spec.orientation = {{{1, 1, 1}, {-1, 1, 0}, {-1, -1, 2}}};
    const Atoms atoms = build_structure(spec);
    EXPECT_NEAR(volume(atoms.cell) / static_cast<double>(atoms.size()),
                volume(straight.cell) / static_cast<double>(straight.size()), 1e-9);
    const std::map<long, int> a = shells(atoms, 5.0);
    const std::map<long, int> b = shells(straight, 5.0);
    EXPECT_EQ(a.begin()->first, b.begin()->first);
    EXPECT_EQ(a.begin()->second * static_cast<int>(straight.size()), b.begin()->second * static_cast<int>(atoms.size()))
        << name;
    EXPECT_EQ(a.size(), b.size());
  }
  StructureSpec spec = lattice("bcc", 3.0, {1, 1, 1});
  spec.orientation = {{{1, 1, 1}, {-1, 1, 0}, {1, 1, -2}}};
  expect_error<ConfigError>([&] { build_structure(spec); }, {"right-handed"});
  spec.orientation = {{{1, 1, 1}, {1, 1, 0}, {1, 1, -2}}};
  expect_error<ConfigError>([&] { build_structure(spec); }, {"perpendicular"});
}

TEST(StructureBuilder, alloys) {
  StructureSpec spec = lattice("bcc", 3.2, {5, 5, 5}, {});
  spec.composition = {{"Mo", 1.0}, {"Nb", 2.0}, {"Ta", 4.0}};
  const Atoms atoms = build_structure(spec);
  std::map<std::string, int> counts;
  for (const std::int32_t type : atoms.type) {
    ++counts[atoms.elements[static_cast<std::size_t>(type)]];
  }
  EXPECT_EQ(counts, (std::map<std::string, int>{{"Mo", 36}, {"Nb", 71}, {"Ta", 143}})); // 35.7, 71.4, 142.9
  EXPECT_EQ(build_structure(spec).type, atoms.type);
  spec.seed = 2;
  EXPECT_NE(build_structure(spec).type, atoms.type);
  // Unlike neighbours as often as chance has it: no order.
  spec.cells = {20, 20, 20};
  spec.composition = {{"Mo", 1.0}, {"Nb", 1.0}};
  const Atoms large = build_structure(spec);
  int unlike = 0; // of the two atoms of a cell
  for (std::size_t i = 0; i < large.size(); i += 2) {
    unlike += large.type[i] != large.type[i + 1] ? 1 : 0;
  }
  EXPECT_NEAR(unlike, 4000, 5 * std::sqrt(2000.0));
}

TEST(StructureBuilder, vacancies) {
  StructureSpec spec = lattice("bcc", 3.0, {4, 4, 4});
  const Atoms perfect = build_structure(spec);
  spec.defects = {{"vacancies", {5, 17}, 1, "", ""}};
  Atoms atoms = build_structure(spec);
  EXPECT_EQ(atoms.size(), 126U);
  EXPECT_EQ(std::count(atoms.position_A.begin(), atoms.position_A.end(), perfect.position_A[5]), 0);
  EXPECT_EQ(std::count(atoms.position_A.begin(), atoms.position_A.end(), perfect.position_A[17]), 0);
  spec.defects = {{"vacancies", {}, 10, "", ""}};
  EXPECT_EQ(build_structure(spec).size(), 118U);
  spec.defects = {{"vacancies", {5, 5}, 1, "", ""}};
  expect_error<ConfigError>([&] { build_structure(spec); }, {"site 5"});
  spec.defects = {{"vacancies", {128}, 1, "", ""}};
  expect_error<ConfigError>([&] { build_structure(spec); }, {"site 128", "0 to 127"});
  spec.defects = {{"vacancies", {}, 128, "", ""}};
  expect_error<ConfigError>([&] { build_structure(spec); }, {"128 vacancies"});
  // Clusters: what is gone lies together. bcc: V2 nearest, V3 with two nearest and one second-nearest distance.
  for (const int n : {2, 3, 4}) {
    spec.defects = {{"vacancy_cluster", {60}, n, "", ""}};
    atoms = build_structure(spec);
    Atoms gone = perfect;
    gone.position_A.clear();
    for (const Vector3 &x : perfect.position_A) {
      if (std::count(atoms.position_A.begin(), atoms.position_A.end(), x) == 0) {
        gone.position_A.push_back(x);
      }
    }
    ASSERT_EQ(gone.size(), static_cast<std::size_t>(n));
    const std::map<long, int> near = shells(gone, 6.0);
    EXPECT_EQ(near.begin()->first, std::lround(1e6 * 3.0 * std::sqrt(0.75)));
    EXPECT_EQ(near.begin()->second, n == 2 ? 2 : (n == 3 ? 4 : 8)) << n;
  }
}

TEST(StructureBuilder, interstitials) {
  struct Case {
    const char *kind;
    const char *direction;
    double bcc; // shortest distance, a
    double fcc;
  };
  for (const Case &c :
       {Case{"dumbbell", "100", 0.0, 0.0}, Case{"dumbbell", "110", 0.0, 0.0}, Case{"dumbbell", "111", 0.0, 0.0},
        Case{"crowdion", "111", std::sqrt(0.75) / 2, 0.0}, Case{"crowdion", "110", 0.0, std::sqrt(0.5) / 2},
        Case{"octahedral", "111", 0.5, 0.5}, Case{"tetrahedral", "111", std::sqrt(5.0) / 4, std::sqrt(3.0) / 4}}) {
    for (const char *name : {"bcc", "fcc"}) {
      const bool body = std::string(name) == "bcc";
      StructureSpec spec = lattice(name, 3.0, {3, 3, 3});
      const std::size_t perfect = build_structure(spec).size();
      spec.defects = {{c.kind, {20}, 1, c.direction, "H"}};
      const Atoms atoms = build_structure(spec);
      EXPECT_EQ(atoms.size(), perfect + 1) << c.kind;
      EXPECT_EQ(std::count(atoms.type.begin(), atoms.type.end(), 1), 1);
      const double expected = body ? c.bcc : c.fcc;
      const double nearest = 1e-6 * static_cast<double>(shells(atoms, 3.0).begin()->first);
      if (expected > 0.0) {
        EXPECT_NEAR(nearest, 3.0 * expected, 2e-6) << name << " " << c.kind;
      } else {
        EXPECT_GT(nearest, 0.8) << name << " " << c.kind << " " << c.direction;
      }
      if (std::string(c.kind) == "dumbbell") { // along its direction, in the place of the atom
        const Vector3 &a = atoms.position_A[perfect];
        const Vector3 &b = atoms.position_A[perfect - 1];
        const double separation = 0.8 * 3.0 * std::sqrt(body ? 0.75 : 0.5);
        double squared = 0.0;
        for (std::size_t d = 0; d < 3; ++d) {
          squared += (a[d] - b[d]) * (a[d] - b[d]);
          EXPECT_EQ(std::abs(a[d] - b[d]) > 1e-9, c.direction[d] == '1');
        }
        EXPECT_NEAR(std::sqrt(squared), separation, 1e-9);
      }
    }
  }
  StructureSpec spec = lattice("hcp", 3.0, {4, 4, 4});
  spec.defects = {{"dumbbell", {}, 1, "111", ""}};
  expect_error<ConfigError>([&] { build_structure(spec); }, {"hcp", "bcc"});
}

TEST(StructureBuilder, surfaces) {
  StructureSpec spec = lattice("bcc", 3.0, {3, 3, 4});
  spec.surface = SurfaceSpec{2, 20.0};
  const Atoms atoms = build_structure(spec);
  EXPECT_EQ(atoms.cell.periodic, (std::array{true, true, false}));
  EXPECT_NEAR(atoms.cell.vectors[2][2], 32.0, 1e-12);
  EXPECT_NEAR(atoms.position_A[0][2], 10.0, 1e-12);
  EXPECT_EQ(atoms.size(), 72U);
}

TEST(StructureBuilder, displacements_are_gaussian) {
  StructureSpec spec = lattice("bcc", 3.0, {20, 20, 20});
  const Atoms perfect = build_structure(spec);
  spec.displacement_A = 0.1;
  const Atoms atoms = build_structure(spec);
  double mean = 0.0;
  double square = 0.0;
  double fourth = 0.0;
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    for (std::size_t d = 0; d < 3; ++d) {
      const double u = (atoms.position_A[i][d] - perfect.position_A[i][d]) / 0.1;
      mean += u / 48000.0;
      square += u * u / 48000.0;
      fourth += u * u * u * u / 48000.0;
    }
  }
  EXPECT_NEAR(mean, 0.0, 5 / std::sqrt(48000.0));
  EXPECT_NEAR(square, 1.0, 5 * std::sqrt(2 / 48000.0));
  EXPECT_NEAR(fourth, 3.0, 5 * std::sqrt(96 / 48000.0));
}

TEST(StructureBuilder, velocities) {
  StructureSpec spec = lattice("bcc", 3.0, {8, 8, 8}, {});
  spec.composition = {{"W", 1.0}, {"H", 1.0}};
  Atoms atoms = build_structure(spec);
  set_velocities(atoms, 900.0, 7, true);
  EXPECT_NEAR(kinetic_temperature_K(atoms), 900.0, 1e-9);
  // Momentum is zero, and each kind of atom has its share: <m v^2> = 3 k T.
  Vector3 momentum{};
  std::array<double, 2> twice{};
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    const auto t = static_cast<std::size_t>(atoms.type[i]);
    const double m = atomic_mass_amu(*atomic_number(atoms.elements[t]));
    for (std::size_t d = 0; d < 3; ++d) {
      const double v = atoms.velocity_A_ps[i][d];
      momentum[d] += m * v;
      twice[t] += m * v * v * 1.66053906660e-27 * 1e4 / 1.380649e-23 / (3 * 512.0); // K
    }
  }
  for (std::size_t d = 0; d < 3; ++d) {
    EXPECT_NEAR(momentum[d], 0.0, 1e-8);
  }
  EXPECT_NEAR(twice[0], 900.0, 5 * 900 * std::sqrt(2 / 1536.0));
  EXPECT_NEAR(twice[1], 900.0, 5 * 900 * std::sqrt(2 / 1536.0));
  // By id: another order of atoms, the same velocities, bit for bit.
  Atoms reversed = atoms;
  reversed.id.clear();
  for (std::size_t i = atoms.size(); i > 0; --i) {
    reversed.id.push_back(static_cast<std::int64_t>(i));
  }
  std::reverse(reversed.type.begin(), reversed.type.end());
  set_velocities(reversed, 900.0, 7, true);
  std::reverse(reversed.velocity_A_ps.begin(), reversed.velocity_A_ps.end());
  EXPECT_EQ(reversed.velocity_A_ps, atoms.velocity_A_ps);
  set_velocities(reversed, 900.0, 8, false);
  EXPECT_NEAR(kinetic_temperature_K(reversed), 900.0, 5 * 900 * std::sqrt(2 / 3069.0));
  EXPECT_NE(kinetic_temperature_K(reversed), 900.0);
}

TEST(StructureBuilder, json) {
  const auto read = [](const std::string &text) {
    const nlohmann::json document = parse_json(text, "p.json", JsonUse::preset);
    ObjectReader keys(document, "p.json", JsonUse::preset);
    return read_structure(keys, "/folder/p.json", 9);
  };
  const StructureSpec spec = read(R"({"lattice": "bcc", "a_A": 3.165, "cells": [2, 3, 4], "composition": {"W": 3, "Ta": 1},
    "orientation": [[1, 1, 1], [-1, 1, 0], [-1, -1, 2]], "displacement_A": 0.05, "surface": {"axis": "x", "vacuum_A": 10},
    "defects": [{"kind": "vacancies", "count": 3}, {"kind": "dumbbell", "direction": "110", "sites": [0], "element": "Re"}]})");
  EXPECT_EQ(spec.cells, (std::array<int, 3>{2, 3, 4}));
  EXPECT_EQ(spec.composition.size(), 2U);
  EXPECT_EQ((*spec.orientation)[2][2], 2);
  ASSERT_EQ(spec.defects.size(), 2U);
  EXPECT_EQ(spec.defects[0].count, 3);
  EXPECT_EQ(spec.defects[1].direction, "110");
  EXPECT_EQ(spec.surface->axis, 0);
  EXPECT_EQ(spec.seed, 9U);
  EXPECT_GT(build_structure(spec).size(), 100U);
  EXPECT_EQ(read(R"({"file": "a.xyz", "frame": 3})").file, "/folder/a.xyz");
  const auto refused = [&](const std::string &text, std::initializer_list<std::string> words) {
    expect_error<ConfigError>([&] { read(text); }, words);
  };
  refused(R"({"lattice": "bccc", "a_A": 3, "cells": [1, 1, 1], "elements": ["W"]})", {"lattice", "bccc"});
  refused(R"({"lattice": "bcc", "a_A": 3, "cells": [1, 1], "elements": ["W"]})", {"cells"});
  refused(R"({"lattice": "bcc", "a_A": 3, "cells": [1, 1, 1]})", {"composition"});
  refused(R"({"lattice": "bcc", "a_A": 3, "cells": [1, 1, 1], "elements": ["W"], "cels": 1})", {"cels"});
  refused(R"({"lattice": "bcc", "a_A": 3, "cells": [1, 1, 1], "elements": ["W"], "defects": [{"kind": "void"}]})", {"void"});
  refused(R"({"lattice": "bcc", "a_A": -3, "cells": [1, 1, 1], "elements": ["W"]})", {"a_A", "-3"});
  StructureSpec wrong = lattice("bbc", 3.0, {1, 1, 1});
  expect_error<ConfigError>([&] { build_structure(wrong); }, {"bbc", "bcc"});
  wrong = lattice("b2", 3.0, {1, 1, 1});
  expect_error<ConfigError>([&] { build_structure(wrong); }, {"b2", "2 elements"});
}

} // namespace
} // namespace zener
