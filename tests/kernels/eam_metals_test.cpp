// The shipped metals (presets/potentials) against what their authors fitted: lattice parameter, cohesive energy, elastic
// constants and vacancy formation energy, from static lattices with these kernels.
#include "host/neutral/potential_model.hpp"
#include "tests/support/device_test.hpp"
#include "tests/support/force_runner.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr double kGPa = 160.21766208; // eV/A^3

struct Metal {
  const char *preset, *element;
  double a_A, cohesive_eV, C11, C12, C44; // GPa
  double unrelaxed_eV, relaxed_eV;        // of a vacancy in 4x4x4 cells, fixed volume
  double tolerance;                       // of the elastic constants, relative
};

class MetalTest : public DeviceTest {
protected:
  static PotentialPointer preset(const std::string &name) {
    return read_potential_file(std::filesystem::absolute(__FILE__).parent_path().parent_path().parent_path() /
                               "presets/potentials" / name);
  }
  static Atoms bcc(const std::string &element, double a) { return disordered_bcc(a, {1, 1, 1}, 0.0, {element}, false, 1); }

  double energy_of_atom(const PotentialModel &model, const std::string &element, double a, const Matrix3 &strained) {
    return forces_of(queue(), model, mapped(bcc(element, a), strained)).energy / 2;
  }

  // Where the virial of the static crystal vanishes.
  double lattice_parameter(const PotentialModel &model, const std::string &element, double guess) {
    const auto trace = [&](double a) {
      const Matrix3 w = forces_of(queue(), model, bcc(element, a)).virial;
      return w[0][0] + w[1][1] + w[2][2];
    };
    double left = guess, right = guess * 1.002;
    double at_left = trace(left), at_right = trace(right);
    for (int i = 0; i < 12 && std::abs(right - left) > 1e-11; ++i) {
      const double next = right - at_right * (right - left) / (at_right - at_left);
      left = right;
      at_left = at_right;
      right = next;
      at_right = trace(right);
    }
    return right;
  }

  struct Elastic {
    double C11, C12, C44;
  };
  // Second differences of the energy.
  Elastic elastic(const PotentialModel &model, const std::string &element, double a) {
    const double h = 5e-4, volume = a * a * a / 2;
    const Matrix3 unit{Vector3{1, 0, 0}, Vector3{0, 1, 0}, Vector3{0, 0, 1}};
    const double rest = energy_of_atom(model, element, a, unit);
    const auto curvature = [&](auto strain) {
      return (energy_of_atom(model, element, a, strain(h)) + energy_of_atom(model, element, a, strain(-h)) - 2 * rest) /
             (h * h * volume) * kGPa;
    };
    const double one = curvature([&](double e) {
      Matrix3 m = unit;
      m[0][0] += e;
      return m;
    });
    const double two = curvature([&](double e) { // e along x, -e along y: 2 (C11 - C12)
      Matrix3 m = unit;
      m[0][0] += e;
      m[1][1] -= e;
      return m;
    });
    const double shear = curvature([&](double e) { // e_yz = e/2 twice
      Matrix3 m = unit;
      m[1][2] += e / 2;
      m[2][1] += e / 2;
      return m;
    });
    return {one, one - two / 2, shear};
  }

  // FIRE (Bitzek et al., Phys. Rev. Lett. 97, 170201 (2006)) with unit masses, to forces below 1e-3 eV/A.
  double relaxed_energy(const PotentialModel &model, Atoms atoms) {
    std::vector<Vector3> velocity(atoms.size(), Vector3{});
    double step = 0.05, mix = 0.1;
    int downhill = 0;
    for (int i = 0; i < 200; ++i) {
      const ForceResult at = forces_of(queue(), model, atoms);
      double power = 0.0, speed = 0.0, force = 0.0, largest = 0.0;
      for (std::size_t k = 0; k < atoms.size(); ++k) {
        for (std::size_t d = 0; d < 3; ++d) {
          power += at.forces[k][d] * velocity[k][d];
          speed += velocity[k][d] * velocity[k][d];
          force += at.forces[k][d] * at.forces[k][d];
          largest = std::max(largest, std::abs(at.forces[k][d]));
        }
      }
      if (largest < 1e-3) {
        return at.energy;
      }
      if (power > 0.0) {
        if (++downhill > 5) {
          step = std::min(step * 1.1, 0.2);
          mix *= 0.99;
        }
      } else {
        downhill = 0;
        step *= i == 0 ? 1.0 : 0.5;
        mix = 0.1;
      }
      const double towards = power > 0.0 ? mix * std::sqrt(speed / force) : 0.0;
      for (std::size_t k = 0; k < atoms.size(); ++k) {
        for (std::size_t d = 0; d < 3; ++d) {
          double &v = velocity[k][d];
          v = (power > 0.0 ? (1 - mix) * v + towards * at.forces[k][d] : 0.0) + step * at.forces[k][d];
          atoms.position_A[k][d] += step * v;
        }
      }
    }
    ADD_FAILURE() << "the relaxation did not end";
    return 0.0;
  }

  struct Vacancy {
    double unrelaxed, relaxed;
  };
  Vacancy vacancy(const PotentialModel &model, const std::string &element, double a, bool relax) {
    const double atom = forces_of(queue(), model, bcc(element, a)).energy / 2;
    Atoms cell = replicated(bcc(element, a), {4, 4, 4});
    cell.position_A.pop_back();
    cell.type.pop_back();
    const double rest = atom * static_cast<double>(cell.size());
    const double energy = forces_of(queue(), model, cell).energy;
    return {energy - rest, relax ? relaxed_energy(model, cell) - rest : 0.0};
  }
};

#define METAL_TEST(name) ZENER_DEVICE_TEST_F(EamMetals, name, MetalTest)

bool slow() {
  const char *asked = std::getenv("ZENER_SLOW");
  return asked != nullptr && std::string(asked) == "1";
}

// Finnis and Sinclair fitted lattice parameter, cohesive energy and the elastic constants exactly and give unrelaxed vacancy
// energies (V and Fe: the value of this form here; their tables have 1.92 for V, and for Fe only that of the first set). Zhou,
// Johnson and Wadley fitted the same properties with less weight on each; elastic constants are compared with experiment, and
// vacancies held to the values here. So is the C44 of Nb, 46 GPa, far above the experiment's 29.
const Metal kMetals[] = {{"v_finnis_sinclair.json", "V", 3.0399, 5.31, 227.9, 118.7, 42.6, 1.969, 1.854, 0.005},
                         {"nb_finnis_sinclair.json", "Nb", 3.3008, 7.57, 246.6, 133.2, 28.1, 2.64, 2.517, 0.005},
                         {"ta_finnis_sinclair.json", "Ta", 3.3058, 8.10, 266.0, 161.2, 82.4, 3.13, 2.911, 0.005},
                         {"cr_finnis_sinclair.json", "Cr", 2.8845, 4.10, 387.1, 103.5, 100.8, 1.97, 1.915, 0.005},
                         {"mo_finnis_sinclair.json", "Mo", 3.1472, 6.82, 464.7, 161.5, 108.9, 2.58, 2.551, 0.005},
                         {"w_finnis_sinclair.json", "W", 3.1652, 8.90, 522.4, 204.4, 160.6, 3.71, 3.634, 0.005},
                         {"fe_finnis_sinclair.json", "Fe", 2.8665, 4.28, 243.1, 138.1, 121.9, 2.050, 1.829, 0.005},
                         {"fe_zhou.json", "Fe", 2.8660, 4.29, 230, 135, 117, 1.767, 1.675, 0.03},
                         {"mo_zhou.json", "Mo", 3.1500, 6.81, 459, 168, 111, 3.165, 2.959, 0.03},
                         {"ta_zhou.json", "Ta", 3.3026, 8.09, 262, 156, 82, 3.078, 2.981, 0.03},
                         {"w_zhou.json", "W", 3.1648, 8.76, 523, 203, 160, 3.851, 3.581, 0.03},
                         {"nb_zhou.json", "Nb", 3.3004, 7.58, 247, 134, 46.3, 2.812, 2.693, 0.03}};

METAL_TEST(AreThoseOfTheirAuthors) {
  for (const Metal &m : kMetals) {
    if (kDebugDevice && std::string(m.preset) != "mo_zhou.json") {
      continue;
    }
    const PotentialPointer model = preset(m.preset);
    const double a = lattice_parameter(*model, m.element, m.a_A);
    const double cohesive = -forces_of(queue(), *model, bcc(m.element, a)).energy / 2;
    const Elastic c = elastic(*model, m.element, a);
    const Vacancy v = vacancy(*model, m.element, a, false);
    std::printf("%-24s a %.5f A, E %.4f eV, C11 %.1f C12 %.1f C44 %.1f GPa, vacancy unrelaxed %.4f eV\n", m.preset, a, cohesive,
                c.C11, c.C12, c.C44, v.unrelaxed);
    EXPECT_NEAR(a, m.a_A, 1e-3 * m.a_A) << m.preset;
    EXPECT_NEAR(cohesive, m.cohesive_eV, 0.005) << m.preset;
    EXPECT_NEAR(c.C11, m.C11, m.tolerance * m.C11) << m.preset;
    EXPECT_NEAR(c.C12, m.C12, m.tolerance * m.C12) << m.preset;
    EXPECT_NEAR(c.C44, m.C44, m.tolerance * m.C44) << m.preset;
    EXPECT_NEAR(v.unrelaxed, m.unrelaxed_eV, 0.006) << m.preset;
  }
}

METAL_TEST(HaveTheirVacancies) {
  if (kDebugDevice) {
    GTEST_SKIP() << "relaxations take too long on the debug device";
  }
  for (const Metal &m : kMetals) {
    // One always, the rest take a minute.
    if (!slow() && std::string(m.preset) != "fe_finnis_sinclair.json") {
      continue;
    }
    const PotentialPointer model = preset(m.preset);
    const Vacancy v = vacancy(*model, m.element, lattice_parameter(*model, m.element, m.a_A), true);
    std::printf("%-24s vacancy relaxed %.4f eV\n", m.preset, v.relaxed);
    EXPECT_NEAR(v.relaxed, m.relaxed_eV, 0.003) << m.preset;
    EXPECT_LT(v.relaxed, v.unrelaxed) << m.preset;
  }
}

// A random equimolar alloy runs: forces are derivatives, and its energy lies near the mean of its metals'.
METAL_TEST(NbMoTaIsAnAlloy) {
  const PotentialPointer model = preset("nbmota_zhou.json");
  const Atoms alloy = disordered_bcc(3.24, {3, 3, 3}, 0.0, {"Nb", "Mo", "Ta"}, false, 21);
  double mean = 0.0;
  for (const std::int32_t t : alloy.type) {
    mean -= std::array{7.58, 6.81, 8.09}[static_cast<std::size_t>(t)] / static_cast<double>(alloy.size());
  }
  const ForceResult at = forces_of(queue(), *model, alloy);
  EXPECT_NEAR(at.energy / static_cast<double>(alloy.size()), mean, 0.15);
  expect_differences(queue(), *model, disordered_bcc(3.24, {2, 1, 1}, 0.1, {"Nb", "Mo", "Ta"}, true, 22), 1e-7);
  // Four metals share the rule.
  EXPECT_EQ(preset("nbmotaw_zhou.json")->elements().size(), 4U);
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener
