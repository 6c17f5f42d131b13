"""zener plot of the static drivers and barrier_dataset: invented results are drawn, damaged ones refused in one line."""

import pathlib
import sys
import unittest

try:
    import h5py
    import matplotlib  # noqa: F401
    import numpy as np
except ImportError:
    np = None

FOLDER = pathlib.Path(__file__).resolve()
sys.path[:0] = [str(FOLDER.parents[2] / "apps" / "plot"), str(FOLDER.parent)]
from plot_case import PlotCase  # noqa: E402

if np is not None:
    import plot_reading
    import plot_statics


def strings(values):
    """As the program writes them."""
    return np.array(values, dtype=h5py.string_dtype())


def relax(file, systems=3, rows=4):
    file.attrs["format"] = "zener-relax-1"
    file["atoms"] = np.full(systems, 54)
    file["step"] = np.outer(np.arange(rows) * 500, np.ones(systems, dtype=int))
    file["energy_eV"] = np.exp(-np.arange(rows, dtype=float))[:, None] * np.ones(systems)
    file["largest_force_eV_A"] = 10.0 ** -np.arange(rows, dtype=float)[:, None] * np.ones(systems)


def elastic(file, c=None):
    file.attrs["format"] = "zener-elastic-1"
    file.attrs["symmetry"] = "cubic"
    if c is None:
        c = np.diag([300.0, 300.0, 300.0, 140.0, 140.0, 140.0])
        c[:3, :3] += 200.0
    file["c_GPa"] = c


def defects(file, names=("vacancy", "divacancy", "$x_1"), cells="4x4x4", bound=True):
    file.attrs["format"] = "zener-defects-1"
    file["defect"] = strings(list(names))
    file["cells"] = strings([cells] * len(names))
    file["formation_eV"] = 3.0 + np.arange(len(names))
    file["unrelaxed_formation_eV"] = 3.3 + np.arange(len(names))
    file["binding_eV"] = np.where(np.arange(len(names)) == 1, 0.1, np.nan) if bound else np.full(len(names), np.nan)


def neb(file, paths=("vacancy",) * 8 + ("$x_1",), images=5, done=True):
    file.attrs["format"] = "zener-neb-1"
    count = len(paths)
    file["path"] = strings(list(paths))
    s = np.linspace(0.0, 2.7, images + 2) * np.ones((count, 1))
    top = 1.0 + 0.01 * np.arange(count)[:, None]
    file["reaction_coordinate_A"] = s if done else np.full(s.shape, np.nan)
    file["energy_eV"] = -450.0 + top * np.sin(np.pi * s / 2.7) ** 2
    file["slope_eV_A"] = top * np.pi / 2.7 * np.sin(2.0 * np.pi * s / 2.7)
    file["forward_eV"] = top[:, 0]
    file["backward_eV"] = top[:, 0]
    file["converged"] = np.arange(count) != 1


def lattice(file, cases=("perfect", "vacancy", "interstitial"), temperatures=(300.0, 600.0, 900.0), cubic=True, static=True):
    file.attrs["format"] = "zener-lattice-parameter-1"
    file["cases"] = strings(list(cases))
    file["cases"].attrs["cubic"] = int(cubic)
    file["temperatures_K"] = np.array(temperatures)
    shape = (len(cases), len(temperatures))
    for name, value in (("a", 3.2), ("c", 5.1)):
        file["static/%s_A" % name] = np.full(len(cases), value if static else np.nan)
        file["ladder/%s_A/mean" % name] = value * (1.0 + 1e-5 * np.array(temperatures)) * np.ones(shape)
        file["ladder/%s_A/standard_error" % name] = np.full(shape, 1e-4)


def barriers(file, rows=3, useful=True):
    """Cells of 5x5x5 full of element 1; on the way from the vacancy along (1, 1, 1) stands element 2."""
    file.attrs["format"] = "zener-barriers-1"
    file.attrs["preset"] = '{"title": "invented $x_1"}'
    file.attrs["elements"] = strings(["Nb", "$T_a"])
    file["cells"] = np.full(3, 5)
    occupancy = np.ones((rows, 250), dtype=np.uint8)
    vacancy = np.arange(rows) * 83 % 250
    occupancy[np.arange(rows), vacancy] = 0
    for row, site in enumerate(vacancy):
        corner, cell = site % 2, site // 2
        x, y, z = (2 * c + corner + 1 for c in (cell // 25, cell // 5 % 5, cell % 5))
        to = (((x % 10 // 2) * 5 + y % 10 // 2) * 5 + z % 10 // 2) * 2 + 1 - corner
        occupancy[row, to] = 2
    file["cell/occupancy"] = occupancy
    file["cell/vacancy"] = vacancy
    file["jump/status"] = np.full((rows, 8), 1 if useful else 2)
    file["jump/forward_eV"] = 1.0 + 0.05 * np.arange(8) * np.ones((rows, 1)) if useful else np.full((rows, 8), np.nan)
    file["jump/backward_eV"] = np.full((rows, 8), 1.1 if useful else np.nan)


@unittest.skipIf(np is None, "needs python3-numpy, python3-h5py and python3-matplotlib")
class PlotStatics(PlotCase):
    def make(self, name, write, *arguments, **options):
        with h5py.File(self.folder / name, "w") as file:
            file.attrs["title"] = "invented $x_1"
            file.attrs["preset"] = "{}"
            write(file, *arguments, **options)

    def expect_plot(self, name):
        self.assertEqual(self.run_program(), (0, ""))
        self.assertEqual([path.name for path in (self.folder / "plots").iterdir()], [name])
        self.assertTrue((self.folder / "plots" / name).read_bytes().startswith(b"\x89PNG"))

    def test_relax(self):
        for systems, rows in ((1, 1), (3, 4), (40, 3)):
            self.make("relax.h5", relax, systems, rows)
            self.expect_plot("relaxation.png")

    def test_elastic(self):
        for c in (None, np.zeros((6, 6)), -np.eye(6)):
            self.make("elastic.h5", elastic, c)
            self.expect_plot("elastic_constants.png")

    def test_young(self):
        """E along <100> and <111> of a cubic crystal (Nye, 1957)."""
        c11, c12, c44 = 500.0, 200.0, 140.0
        c = np.diag([c11 - c12] * 3 + [c44] * 3)
        c[:3, :3] += c12
        s = np.linalg.inv(c)
        anisotropy = s[0, 0] - s[0, 1] - 0.5 * s[3, 3]
        found = plot_statics.young(c, np.array([[1.0, 0.0, 0.0], [3**-0.5] * 3, [2**-0.5, 2**-0.5, 0.0]]))
        expected = [s[0, 0], s[0, 0] - 2.0 / 3.0 * anisotropy, s[0, 0] - 0.5 * anisotropy]
        np.testing.assert_allclose(1.0 / found, expected, rtol=1e-12)

    def test_defects(self):
        self.make("defects.h5", defects)
        self.expect_plot("defect_energies.png")
        self.make("defects.h5", defects, names=["d%d" % k for k in range(90)], bound=False)
        self.expect_plot("defect_energies.png")

    def test_neb(self):
        for options in (
            {}, {"images": 1}, {"done": False}, {"paths": ["p%d" % k for k in range(40)]}, {"paths": ["one"] * 60},
            {"paths": ["one"]},
        ):
            self.make("neb.h5", neb, **options)
            self.expect_plot("paths.png")

    def test_spline_of_a_path(self):
        """Cubics are met exactly, and points are on the line."""
        s = np.array([0.0, 0.7, 2.0])
        fine = np.linspace(0.0, 2.0, 21)
        found = plot_statics.hermite(s, s**3 - 2.0 * s, 3.0 * s**2 - 2.0, fine)
        np.testing.assert_allclose(found, fine**3 - 2.0 * fine, atol=1e-12)

    def test_far_starts_of_defects_leave_the_scale_to_the_ends(self):
        self.make("defects.h5", defects)
        with h5py.File(self.folder / "defects.h5", "a") as file:
            file["unrelaxed_formation_eV"][1] = 175.0
        data = plot_statics.Results()
        plot_reading.read_in_child(str(self.folder / "defects.h5"), data, plot_statics.read_defects)
        top = plot_statics.plot_defects(data).axes[0].get_ylim()[1]
        self.assertTrue(5.0 < top < 10.0, top)

    def test_lattice(self):
        for options in ({}, {"cubic": False}, {"temperatures": ()}, {"static": False}, {"temperatures": (), "static": False}):
            self.make("lattice.h5", lattice, **options)
            self.expect_plot("lattice_parameter.png")

    def test_barriers(self):
        for options in ({}, {"rows": 300}, {"useful": False}, {"rows": 0}):
            self.make("barriers.h5", barriers, **options)
            self.expect_plot("barriers.png")

    def test_who_jumps(self):
        self.make("barriers.h5", barriers)
        data = plot_statics.Results()
        plot_reading.read_in_child(str(self.folder / "barriers.h5"), data, plot_statics.read_barriers)
        np.testing.assert_array_equal(data.jumper, [1, 1, 1, 1, 1, 1, 1, 2] * 3)

    def test_damaged(self):
        for name, write, victim in (
            ("relax.h5", relax, "energy_eV"), ("elastic.h5", elastic, "c_GPa"), ("defects.h5", defects, "binding_eV"),
            ("neb.h5", neb, "energy_eV"), ("lattice.h5", lattice, "ladder/a_A/mean"),
            ("barriers.h5", barriers, "jump/backward_eV"),
        ):
            def damaged(file, write=write, victim=victim):
                write(file)
                del file[victim]
                file[victim] = np.zeros(2)
            self.make(name, damaged)
            code, err = self.run_program()
            self.assertEqual(code, 3)
            self.assertIn(victim, err)
            self.assertEqual(err.count("\n"), 1)
            self.make(name, write)
            with h5py.File(self.folder / name, "a") as file:
                file.attrs["format"] = "another"
            code, err = self.run_program()
            self.assertEqual(code, 3)
            self.assertIn("format", err)
            (self.folder / name).unlink()


if __name__ == "__main__":
    unittest.main()
