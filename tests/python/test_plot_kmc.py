"""zener plot: synthetic result folders are drawn whatever they lack, damaged ones are refused in one line.

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

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "apps" / "plot" / "plot_kmc.py"
sys.path.insert(0, str(SCRIPT.parent))
import plot_kmc  # noqa: E402

ORDER_FILES = {"order_vs_temperature.png", "order_vs_hops.png", "warren_cowley.png"}
WALK_FILES = {"time_vs_hops.png", "msd_vs_time.png", "arrhenius.png"}


def statistics(values):
    """Mean and standard error over the last axis; NaN with one value."""
    count = values.shape[-1]
    error = values.std(axis=-1, ddof=1) / math.sqrt(count) if count > 1 else np.full(values.shape[:-1], np.nan)
    return values.mean(axis=-1), error


def summary_statistics(values):
    """The same as JSON, null for what is no number."""
    return {
        key: float(value) if np.isfinite(value) else None
        for key, value in zip(("mean", "standard_error"), statistics(np.asarray(values, dtype=float)))
    }


def make_folder(folder, temperatures=(600, 900, 1500), compositions=((34, 33, 33),), elements=("Nb", "Mo", "Ta"), replicas=3,
                hops=(0, 10, 100, 1000), order=True, moves=True, shells=2, title="A ladder", energy_eV=1.2):
    """Writes series.h5 and summary.json of an invented run whose diffusivity follows energy_eV exactly."""
    random = np.random.default_rng(7)
    groups = [(t, c) for c in compositions for t in temperatures]
    pairs = [(i, j) for i in range(len(elements)) for j in range(i, len(elements))]
    names = ["%s-%s" % (elements[i], elements[j]) for i, j in pairs]
    hops = np.asarray(hops, dtype=np.uint64)
    shape = (len(hops), len(groups), replicas)
    rate = np.array([1e13 * math.exp(-energy_eV / (plot_kmc.BOLTZMANN_EV_PER_K * t)) for t, _ in groups])
    clock = hops[:, None, None] / rate[None, :, None] * np.ones(shape) * moves
    msd = hops[:, None, None] * np.ones(shape) * 7.87 * moves
    delta = random.normal(size=(len(hops), len(groups), shells, len(pairs), replicas)) * 5.0
    if "Mo-Ta" in names:
        delta[:, :, 0, names.index("Mo-Ta")] += np.log1p(hops.astype(float))[:, None, None] * 20.0
    expected = np.full((len(groups), shells, len(pairs)), 80.0)
    with h5py.File(folder / "series.h5", "w") as file:
        for key, value in (("zener_version", "0"), ("driver", "kmc"), ("title", title), ("preset", "{}"),
                           ("format", "zener-kmc-series-1")):
            file.attrs[key] = value
        file["hops"] = hops
        file["groups/temperature_K"] = np.array([t for t, _ in groups], dtype=float)
        file["groups/atoms"] = np.array([c for _, c in groups], dtype=np.int64)
        file["groups/atoms"].attrs["elements"] = np.array(elements, dtype=h5py.string_dtype())
        values = {"time_s": clock, "vacancy/msd_A2": msd, "vacancy/displacement_A": np.zeros(shape[:2] + (3, replicas))}
        if order:
            file["order/pairs"] = np.array(names, dtype=h5py.string_dtype())
            file["order/expected_bonds"] = expected
            values["order/delta_per_cell"] = delta
            values["order/warren_cowley"] = -delta / 80.0
        for name, value in values.items():
            file[name + "/mean"], file[name + "/standard_error"] = statistics(value)
    entries = []
    for group, (temperature, atoms) in enumerate(groups):
        with np.errstate(all="ignore"):
            diffusivity = msd[-1, group] * 1e-20 / (6.0 * clock[-1, group])
        entry = {
            "temperature_K": temperature, "atoms": dict(zip(elements, atoms)), "replicas": replicas, "hops": int(hops[-1]),
            "time_s": summary_statistics(clock[-1, group]), "diffusivity_m2_per_s": summary_statistics(diffusivity),
        }
        if order:
            entry["order"] = {
                name: {
                    "shell_%d" % (shell + 1): {
                        quantity: {
                            which: summary_statistics(delta[-1, group, shell, pair] * factor)
                            for which in ("last", "residence_weighted", "per_hop")
                        }
                        for quantity, factor in (("delta_per_cell", 1.0), ("warren_cowley", -1.0 / 80.0))
                    }
                    for shell in range(shells)
                }
                for pair, name in enumerate(names)
            }
        entries.append(entry)
    summary = {"format": "zener-kmc-summary-1", "run": {"status": "finished"}, "groups": entries, "halted_walkers": []}
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")


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
            code = plot_kmc.main(list(arguments) or [str(self.folder)])
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
            self.assertTrue(500 < width < 3000 and 400 < height < 4000, (name, width, height))
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
        self.expect_plots(ORDER_FILES | WALK_FILES)

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
        self.expect_plots(ORDER_FILES | WALK_FILES)

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

    def test_arrhenius_fit(self):
        temperatures = np.array([500.0, 700.0, 1000.0, 1500.0, 3000.0])
        plot_kmc.load_modules()
        energy, error, offset = plot_kmc.arrhenius_fit(
            temperatures, 3e-6 * np.exp(-1.25 / (plot_kmc.BOLTZMANN_EV_PER_K * temperatures))
        )
        self.assertAlmostEqual(energy, 1.25, places=10)
        self.assertAlmostEqual(math.exp(offset) / 3e-6, 1.0, places=8)
        self.assertLess(error, 1e-10)
        self.assertIsNone(plot_kmc.arrhenius_fit(temperatures[:2], np.array([1e-9, 2e-9])))

    def test_what_is_drawn(self):
        make_folder(self.folder, compositions=((34, 33, 33), (50, 25, 25)))
        plot_kmc.load_modules()
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
        figure = plot_kmc.plot_arrhenius(run)
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
        with unittest.mock.patch.object(plot_kmc, "open_series", lambda *_: os.kill(os.getpid(), signal.SIGSEGV)):
            self.expect_refusal(3, "series.h5", "signal 11")
        with unittest.mock.patch.object(plot_kmc, "open_series", lambda *_: time.sleep(60.0)), \
                unittest.mock.patch.object(plot_kmc, "LONGEST_READ_S", 1):
            self.expect_refusal(3, "series.h5", "does not end")

    def test_as_a_program(self):
        make_folder(self.folder, temperatures=(800,), order=False)
        done = subprocess.run([sys.executable, str(SCRIPT), str(self.folder)], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout.count("wrote ")), (0, 3), done.stderr)


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
