"""zener plot: invented result folders are drawn whatever they lack, damaged ones are refused in one line.

    /usr/bin/python3 -m unittest discover tests/python
"""

import contextlib
import io
import json
import math
import os
import pathlib
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock
import warnings

try:
    import h5py
    import matplotlib  # noqa: F401
    import numpy as np
except ImportError:
    np = None

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "apps" / "plot" / "plot_results.py"
sys.path[:0] = [str(SCRIPT.parent), str(pathlib.Path(__file__).resolve().parent)]
import plot_results  # noqa: E402

if np is not None:
    import plot_arrhenius
    import plot_b2
    import plot_kmc
    import plot_reading
    from plot_base import PlotFailure
    from plot_samples import make_configurations, make_folder

ORDER_FILES = {"order_vs_temperature.png", "order_vs_hops.png", "warren_cowley.png"}
ONE_TEMPERATURE_FILES = {"time_vs_hops.png", "msd_vs_time.png"}
WALK_FILES = ONE_TEMPERATURE_FILES | {"arrhenius.png"}
RANDOMNESS_FILES = {"randomness_vs_hops.png", "randomness_histogram.png"}
TRACER_FILES = {"tracer_msd.png", "correlation_factor.png", "correlation_factor_vs_hops.png", "tracer_diffusivity.png"}
B2_FILES = {"b2_vs_hops.png", "b2_sizes_vs_hops.png", "b2_size_distribution.png"}
EVERYTHING = ("randomness", "transport", "tracers", "b2", "persistent", "real_time")
RULE = {"lattice": {"structure": "bcc"},
        "observe": {"b2": {"pair": ["Mo", "Ta"], "least_partners": 6, "persistent_over_hops": 100}}}


@unittest.skipIf(np is None, "needs python3-numpy, python3-h5py and python3-matplotlib")
class PlotKmc(unittest.TestCase):
    """The program, called in this process; warnings of matplotlib count as failures."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_program(self, *arguments):
        """(exit code, stdout, stderr)."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            code = plot_results.main(list(arguments) or [str(self.folder)])
        return code, out.getvalue(), err.getvalue()

    def expect_plots(self, files):
        """All of `files` and nothing else, printed, and images with pixels of more than one colour."""
        code, out, err = self.run_program()
        self.assertEqual((code, err), (0, ""))
        plots = self.folder / "plots"
        self.assertEqual({path.name for path in plots.iterdir()}, files)
        self.assertEqual(sorted(out.split("\n")[:-1]), sorted("wrote %s" % (plots / name) for name in files))
        for name in files:
            data = (plots / name).read_bytes()
            self.assertTrue(data.startswith(b"\x89PNG\r\n\x1a\n") and b"IEND" in data[-12:], name)
            width, height = struct.unpack(">II", data[16:24])
            self.assertTrue(500 < width < 3500 and 400 < height < 4000, (name, width, height))
            self.assertGreater(len(data), 5000, name)

    def expect_refusal(self, code, *words, arguments=()):
        found, out, err = self.run_program(*arguments)
        self.assertEqual((found, out), (code, ""), err)
        self.assertTrue(err.startswith("zener plot: error: ") and err.count("\n") == 1, err)
        for word in words:
            self.assertIn(word, err)

    def test_ladder(self):
        make_folder(self.folder)
        self.expect_plots(ORDER_FILES | WALK_FILES)
        self.expect_plots(ORDER_FILES | WALK_FILES)  # and again over the first ones

    def test_compositions(self):
        make_folder(self.folder, compositions=((40, 30, 30), (0, 50, 50), (90, 5, 5), (91, 5, 4), (100, 0, 0)),
                    title="50 $ and {braces} _ ^ \\ \u6e29\u5ea6")
        self.expect_plots(ORDER_FILES | WALK_FILES)

    def test_no_order_observed(self):
        make_folder(self.folder, order=False)
        self.expect_plots(WALK_FILES)

    def test_one_walker_one_temperature_one_row(self):
        make_folder(self.folder, temperatures=(800,), replicas=1, hops=(0,), shells=1)
        self.expect_plots(ORDER_FILES | ONE_TEMPERATURE_FILES)

    def test_no_time_no_motion(self):
        make_folder(self.folder, moves=False, replicas=1)
        self.expect_plots(ORDER_FILES | WALK_FILES)

    def test_no_row(self):
        make_folder(self.folder, temperatures=(800,))
        with h5py.File(self.folder / "series.h5", "a") as file:
            del file["hops"]
            file["hops"] = np.zeros(0, np.uint64)
            for name in ("time_s", "vacancy/msd_A2", "order/delta_per_cell"):
                for part in ("mean", "standard_error"):
                    values = file[name][part][:0]
                    del file[name][part]
                    file[name][part] = values
        self.expect_plots(ORDER_FILES | ONE_TEMPERATURE_FILES)

    def test_summary_without_some_values(self):
        make_folder(self.folder)
        path = self.folder / "summary.json"
        summary = json.loads(path.read_text())
        del summary["groups"][0]["order"], summary["groups"][1]["diffusivity_m2_per_s"], summary["run"]
        summary["groups"][2]["order"]["Mo-Ta"]["shell_1"]["delta_per_cell"]["per_hop"] = None
        path.write_text(json.dumps(summary))
        self.expect_plots(ORDER_FILES | WALK_FILES)

    def test_many_temperatures_elements_and_compositions(self):
        make_folder(self.folder, temperatures=tuple(range(100, 2500, 100)), elements=("Nb", "Mo", "Ta", "W", "V"),
                    compositions=((20, 20, 20, 20, 20), (50, 50, 0, 0, 0)), shells=1, hops=(0, 10, 100))
        self.expect_plots(ORDER_FILES | WALK_FILES)

    def test_everything_observed(self):
        make_folder(self.folder, observed=EVERYTHING, preset=RULE)
        make_configurations(self.folder, 3)
        every = ORDER_FILES | WALK_FILES | RANDOMNESS_FILES | TRACER_FILES | B2_FILES | {
            "jump_shares.png", "real_diffusivity.png", "b2_clusters.png"
        }
        self.expect_plots(every)

    def test_everything_observed_at_the_start(self):
        make_folder(self.folder, temperatures=(800,), replicas=1, hops=(0,), observed=EVERYTHING)
        self.expect_plots(ORDER_FILES | ONE_TEMPERATURE_FILES | RANDOMNESS_FILES | TRACER_FILES | B2_FILES
                          | {"jump_shares.png", "real_diffusivity.png"})

    def test_everything_observed_of_many(self):
        make_folder(self.folder, temperatures=tuple(range(400, 1600, 300)), observed=("transport", "randomness", "b2"),
                    compositions=((40, 30, 30), (0, 50, 50), (90, 5, 5), (100, 0, 0)), order=False)
        make_configurations(self.folder, 16, (5, 5, 5), persistent=False)
        self.expect_plots(WALK_FILES | RANDOMNESS_FILES | B2_FILES | {"jump_shares.png", "b2_clusters.png"})

    def test_configurations_at_hops(self):
        make_folder(self.folder, observed=EVERYTHING, temperatures=(800,), preset=RULE)
        make_configurations(self.folder, 1, (5, 5, 5))
        run = plot_kmc.read_run(str(self.folder))
        self.assertEqual([(column, found[3]) for column, found in plot_b2.pictures_of(run, 0)],
                         [("cluster", 0), ("cluster", 1000), ("persistent_cluster", 1000)])
        make_configurations(self.folder, 1, (5, 5, 5), names=[("hop_%d" % hop, hop) for hop in (900, 20, 1000)])
        self.assertEqual([(column, found[3]) for column, found in plot_b2.pictures_of(run, 0)],
                         [("persistent_cluster", 20), ("persistent_cluster", 900), ("persistent_cluster", 1000)])
        self.assertEqual(plot_b2.pictures_of(run, 7), [])

    def test_static_mc(self):
        make_folder(self.folder, swaps=True, observed=("b2",))
        self.expect_plots({"order_vs_temperature.png", "order_vs_trials.png", "warren_cowley.png", "energy_vs_trials.png",
                           "acceptance_vs_trials.png", "b2_vs_trials.png", "b2_sizes_vs_trials.png",
                           "b2_size_distribution.png"})

    def test_bad_configuration(self):
        make_folder(self.folder, observed=("b2",), order=False, temperatures=(800,))
        make_configurations(self.folder, 1, (5, 5, 5))
        path = self.folder / "configurations" / "final_g0_r0.xyz"
        whole = path.read_text()
        positions, numbers, box, hop = plot_b2.read_clusters(str(path), "persistent_cluster")
        self.assertEqual((positions.shape[1], set(numbers.tolist()) - {1, 2}, box.tolist(), hop), (3, set(), [16.2] * 3, 1000))
        path.write_text(whole + "x\n" * 3)  # what follows the counted atoms is not read
        self.assertEqual(len(plot_b2.read_clusters(str(path), "persistent_cluster")[0]), len(positions))
        self.assertIsNone(plot_b2.read_clusters(str(path), "other"))
        self.assertIsNone(plot_b2.read_clusters(str(path) + "x", "cluster"))
        for content in ("", "12\n", whole.replace("Lattice", "Box"), whole.replace("Mo 0 0 0", "Mo a b c"),
                        whole[:len(whole) // 2].rsplit("\n", 1)[0]):
            path.write_text(content)
            with self.assertRaisesRegex(PlotFailure, re.escape(str(path)) + ": damaged"):
                plot_b2.read_clusters(str(path), "cluster")
        self.expect_refusal_after_plots(str(path))

    def expect_refusal_after_plots(self, path):
        """The program ends with one line on a bad configuration; the figures before it are drawn."""
        code, out, err = self.run_program()
        self.assertEqual((code, err.count("\n")), (3, 1), err)
        self.assertIn(path, err)
        self.assertIn("b2_vs_hops.png", out)

    def test_fit_of_the_summary_is_drawn(self):
        make_folder(self.folder, temperatures=(500, 700, 1000), energy_eV=1.25)
        run = plot_kmc.read_run(str(self.folder))
        energy, error, offset = plot_arrhenius.fit_of(run, [0, 1, 2], "vacancy")
        self.assertEqual((energy, error), (1.25, 0.01))
        figure = plot_arrhenius.plot_arrhenius(run)
        line = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 2][-1]
        for x, y in zip(*line.get_data()):
            expected = math.exp(offset - energy * x / 1000.0 / plot_arrhenius.BOLTZMANN_EV_PER_K)
            self.assertAlmostEqual(y / expected, 1.0, places=9)
        plot_kmc.plt.close(figure)
        self.assertIsNone(plot_arrhenius.fit_of(run, [0, 1], "vacancy"))
        self.assertIsNone(plot_arrhenius.fit_of(run, [0, 1, 2], "real_time", "tracers", "Nb"))

    def test_what_is_drawn(self):
        make_folder(self.folder, compositions=((34, 33, 33), (50, 25, 25)))
        run = plot_kmc.read_run(str(self.folder))
        self.assertEqual(run.pairs, ["Nb-Nb", "Nb-Mo", "Nb-Ta", "Mo-Mo", "Mo-Ta", "Ta-Ta"])
        self.assertEqual([groups for _, groups in run.compositions], [[0, 1, 2], [3, 4, 5]])
        figure = plot_kmc.plot_order_vs_hops(run)
        self.assertIn("Mo\u2013Ta", "".join(words.get_text() for words in figure.texts))  # the strongest pair
        lines = [line for line in figure.axes[1].lines if len(line.get_xdata()) == 3]  # without the row at zero hops
        self.assertEqual(len(lines), 3)
        expected = run.series["order/delta_per_cell"][0][1:, 3, 0, 4]
        np.testing.assert_array_equal(lines[0].get_ydata(), expected)
        plot_kmc.plt.close(figure)
        figure = plot_arrhenius.plot_arrhenius(run)
        labels = [words.get_text() for words in figure.legends[0].get_texts()]
        self.assertEqual(len(labels), 2)
        for label in labels:
            self.assertTrue(re.search(r"Q = 1\.200 ", label), label)
        plot_kmc.plt.close(figure)

    def test_bad_folders(self):
        missing = str(self.folder / "nowhere")
        self.expect_refusal(3, "no such folder", arguments=[missing])
        self.expect_refusal(3, "summary.json")
        self.expect_refusal(2, "--help", arguments=["a", "b"])
        make_folder(self.folder)
        (self.folder / "plots").write_text("in the way")
        self.expect_refusal(3, "plots")

    def test_bad_summary(self):
        for content, word in ((b"", "damaged"), (b"{\"format\"", "damaged"), (b"\xff\xfe", "damaged"), (b"[]", "format"),
                              (b"[" * 100000, "damaged"), (b'{"format": "other"}', "zener-kmc-summary-1"),
                              (b'{"format": "zener-kmc-summary-1", "groups": []}', "/groups"),
                              (b'{"format": "zener-kmc-summary-1", "groups": [{}]}', "different runs")):
            with self.subTest(content[:40]):
                make_folder(self.folder)
                (self.folder / "summary.json").write_bytes(content)
                self.expect_refusal(3, word)

    def test_bad_series(self):
        make_folder(self.folder)
        path = self.folder / "series.h5"
        whole = path.read_bytes()
        for data in (b"", b"not HDF5", whole[:100], whole[:len(whole) // 2]):
            with self.subTest(length=len(data)):
                path.write_bytes(data)
                self.expect_refusal(3, "series.h5", "damaged")
        path.unlink()
        self.expect_refusal(3, "series.h5")

        def lose(name):
            def change(file):
                del file[name]
            return change

        def cut(name):
            def change(file):
                values = file[name][:1]
                del file[name]
                file[name] = values
            return change

        def rename(file):
            file.attrs["format"] = "other"

        def freeze(file):
            file["groups/temperature_K"][0] = math.nan

        for change, word in ((lose("hops"), "hops"), (lose("time_s/standard_error"), "time_s/standard_error"),
                             (lose("order/pairs"), "order"), (cut("vacancy/msd_A2/mean"), "vacancy/msd_A2/mean"),
                             (cut("groups/atoms"), "groups/atoms"), (cut("order/expected_bonds"), "order/expected_bonds"),
                             (freeze, "groups/temperature_K"), (rename, "zener-kmc-series-1")):
            with self.subTest(word):
                path.write_bytes(whole)
                with h5py.File(path, "a") as file:
                    change(file)
                self.expect_refusal(3, str(path), word)

    def test_crash_of_the_hdf5_library(self):
        make_folder(self.folder)
        with unittest.mock.patch.object(plot_reading, "open_and_read", lambda *_: os.kill(os.getpid(), signal.SIGSEGV)):
            self.expect_refusal(3, "series.h5", "signal 11")
        with unittest.mock.patch.object(plot_reading, "open_and_read", lambda *_: time.sleep(60.0)), \
                unittest.mock.patch.object(plot_reading, "LONGEST_READ_S", 1):
            self.expect_refusal(3, "series.h5", "does not end")

    def test_as_a_program(self):
        make_folder(self.folder, temperatures=(800,), order=False)
        done = subprocess.run([sys.executable, str(SCRIPT), str(self.folder)], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout.count("wrote ")), (0, len(ONE_TEMPERATURE_FILES)), done.stderr)


class MissingModules(unittest.TestCase):
    """Without its libraries the program names the packages; this needs none of them."""

    def test_each_and_all(self):
        for missing in (("matplotlib",), ("h5py",), ("numpy", "h5py", "matplotlib")):
            with self.subTest(missing), tempfile.TemporaryDirectory() as folder:
                for name in ("numpy", "h5py", "matplotlib"):  # empty stand-ins, or ones that fail as absent modules do
                    text = "raise ModuleNotFoundError(\"No module named '%s'\", name='%s')\n" % (name, name)
                    pathlib.Path(folder, name + ".py").write_text(text if name in missing else "")
                done = subprocess.run([sys.executable, str(SCRIPT), folder], capture_output=True, text=True,
                                      env={**os.environ, "PYTHONPATH": folder})
                self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (3, "", 1), done.stderr)
                for name in missing:
                    self.assertIn("python3-" + name, done.stderr)


if __name__ == "__main__":
    unittest.main()
