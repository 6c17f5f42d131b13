"""zener plot of barrier_map runs: invented maps are drawn whatever they lack, damaged ones are refused in one line."""

import contextlib
import io
import pathlib
import sys
import tempfile
import unittest
import warnings

try:
    import h5py
    import matplotlib  # noqa: F401
    import numpy as np
except ImportError:
    np = None

FOLDER = pathlib.Path(__file__).resolve()
sys.path[:0] = [str(FOLDER.parents[2] / "apps" / "plot"), str(FOLDER.parent)]
import plot_results  # noqa: E402

if np is not None:
    import plot_barrier_map
    import plot_ternary
    from plot_samples import make_map

SPECTRA = {"barrier_spectra.png"}
RANDOMNESS = {"randomness_map.png", "randomness_variance.png"}
DIAGRAM = {"barrier_diagram.png"}


def grid(divisions):
    """All compositions of three elements in these steps."""
    return [(i, j, divisions - i - j) for i in range(divisions + 1) for j in range(divisions + 1 - i)]


@unittest.skipIf(np is None, "needs python3-numpy, python3-h5py and python3-matplotlib")
class PlotBarrierMap(unittest.TestCase):
    """The program, called in this process; warnings of matplotlib count as failures."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_program(self):
        """(exit code, stdout, stderr)."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            code = plot_results.main([str(self.folder)])
        return code, out.getvalue(), err.getvalue()

    def expect_plots(self, files):
        code, _, err = self.run_program()
        self.assertEqual((code, err), (0, ""))
        plots = self.folder / "plots"
        self.assertEqual({path.name for path in plots.iterdir()}, files)
        for name in files:
            self.assertTrue((plots / name).read_bytes().startswith(b"\x89PNG"), name)

    def test_one_composition(self):
        make_map(self.folder)
        self.expect_plots(SPECTRA | RANDOMNESS)

    def test_other_lattices(self):
        for structure in ("sc", "fcc"):
            make_map(self.folder, structure=structure, cells=(5, 6, 7))
            self.expect_plots(SPECTRA | RANDOMNESS)

    def test_one_configuration_one_temperature(self):
        make_map(self.folder, temperatures=(800,), configurations=1, cells=(5, 5, 5))
        self.expect_plots(SPECTRA | RANDOMNESS)

    def test_grid_without_temperatures(self):
        make_map(self.folder, compositions=grid(10), temperatures=(), sites=False, cells=(5, 5, 5))
        self.expect_plots(SPECTRA | DIAGRAM)

    def test_ladders(self):
        for compositions, diagram in (
            (((1, 1, 1), (90, 5, 5)), set()), (((1, 1, 1), (90, 5, 5), (0, 1, 1), (0, 0, 1)), DIAGRAM),
            (((1, 1, 1), (2, 1, 1), (4, 1, 1)), DIAGRAM),  # on one line
        ):
            with self.subTest(compositions), tempfile.TemporaryDirectory() as folder:
                self.folder = pathlib.Path(folder)
                make_map(self.folder, compositions=compositions, sites=False, cells=(5, 5, 5))
                self.expect_plots(SPECTRA | RANDOMNESS | diagram)

    def test_interrupted(self):
        make_map(self.folder, compositions=grid(3), sites=False, cells=(5, 5, 5))
        names = ("barriers/mean_eV", "barriers/standard_deviation_eV", "barriers/histogram", "barriers/by_species/mean_eV",
                 "barriers/by_species/histogram", "randomness/mean", "randomness/variance", "randomness/histogram")
        with h5py.File(self.folder / "map.h5", "a") as file:
            for name in names:
                file[name][4:] = np.nan
        self.expect_plots(SPECTRA | RANDOMNESS | DIAGRAM)
        with h5py.File(self.folder / "map.h5", "a") as file:
            for name in names:
                file[name][...] = np.nan
        code, _, err = self.run_program()
        self.assertEqual((code, err.count("\n")), (3, 1), err)
        self.assertIn("no composition", err)

    def test_two_elements_and_five(self):
        make_map(self.folder, elements=("Mo", "Ta"), compositions=[(4 - k, k) for k in range(5)], sites=False, cells=(5, 5, 5))
        self.expect_plots(SPECTRA | RANDOMNESS | DIAGRAM)
        with tempfile.TemporaryDirectory() as folder:
            self.folder = pathlib.Path(folder)
            make_map(self.folder, elements=("Mo", "Ta", "Nb", "W", "V"), compositions=[(1, 1, 1, 1, k) for k in range(4)],
                     sites=False, cells=(5, 5, 5))
            self.expect_plots(SPECTRA | RANDOMNESS)

    def test_layer_holds_the_right_sites(self):
        make_map(self.folder, cells=(5, 6, 7))
        data = plot_barrier_map.read_map(str(self.folder))
        x, y, sites = plot_barrier_map.layer(data)
        self.assertEqual(len(set(sites.tolist())), 2 * 5 * 6)
        for at_x, at_y, site in zip(x, y, sites):
            cell, b = divmod(int(site), 2)
            self.assertEqual((cell // 42 + 0.5 * b, cell // 7 % 6 + 0.5 * b, cell % 7), (at_x, at_y, 0))

    def test_low_middle_and_high_temperature(self):
        temperatures = np.array([3000.0, 400.0, 850.0, 1200.0, 600.0, 100.0])
        self.assertEqual(plot_barrier_map.three(temperatures, np.array([0.0, 0.1, 0.5, 0.4, 0.3, 0.05])), [1, 2, 0])
        self.assertEqual(plot_barrier_map.three(temperatures[:2], np.array([0.0, 0.1])), [1, 0])

    def test_corners_of_the_triangle(self):
        np.testing.assert_allclose(
            plot_ternary.points([(5, 0, 0), (0, 1, 0), (0, 0, 2), (1, 1, 0)]), [(0, 0), (1, 0), (0.5, 0.75**0.5), (0.5, 0)]
        )

    def test_the_maximum_is_marked(self):
        fractions = np.array(grid(10)) / 10.0
        values = 1.0 - np.sum((fractions - (0.1, 0.7, 0.2)) ** 2, axis=1)
        figure, axis = plot_barrier_map.plt.subplots()
        note = plot_ternary.draw_diagram(figure, axis, ("Nb", "Mo", "Ta"), fractions, values, "Mean barrier (eV)")
        self.assertIn("Nb$_{10}$Mo$_{70}$Ta$_{20}$ with 1.000 eV", note)
        star = [line for line in axis.lines if line.get_marker() == "*"]
        np.testing.assert_allclose(np.ravel([line.get_data() for line in star]), (0.8, 0.2 * 0.75**0.5))
        words = {text.get_text() for text in axis.texts}
        self.assertTrue({"Nb", "Mo", "Ta"} <= words)
        plot_barrier_map.plt.close(figure)

    def test_bad_maps(self):
        make_map(self.folder, cells=(5, 5, 5))
        path = self.folder / "map.h5"
        whole = path.read_bytes()
        for data in (b"", b"not HDF5", whole[:1000], whole[:len(whole) // 2]):
            path.write_bytes(data)
            code, out, err = self.run_program()
            self.assertEqual((code, out, err.count("\n")), (3, "", 1), err)
            self.assertIn("map.h5", err)

        def lose(name):
            def change(file):
                del file[name]
            return change

        def rename(file):
            file.attrs["format"] = "other"

        def cut(file):
            values = file["sites/randomness"][:, :2]
            del file["sites/randomness"]
            file["sites/randomness"] = values

        def nothing(file):
            file["compositions/fractions"][...] = 0.0

        for change, word in ((lose("barriers/mean_eV"), "barriers/mean_eV"), (lose("temperatures_K"), "temperatures_K"),
                             (rename, "zener-barrier-map-1"), (cut, "sites/randomness"), (nothing, "compositions/fractions")):
            with self.subTest(word):
                path.write_bytes(whole)
                with h5py.File(path, "a") as file:
                    change(file)
                code, out, err = self.run_program()
                self.assertEqual((code, out, err.count("\n")), (3, "", 1), err)
                self.assertIn(word, err)


if __name__ == "__main__":
    unittest.main()
