"""zener plot of md runs: invented series are drawn whatever they lack, damaged ones are refused in one line."""

import json
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
    import plot_md

FIXED = {"energy.png", "temperature.png", "pressure.png"}
NAMES = (
    "potential_eV", "conserved_eV", "temperature_K", "pressure_GPa", "volume_A3", "length_a_A", "length_b_A", "length_c_A",
)


def make_run(folder, rungs=1, replicas=1, rows=50, volume=False, bath=True, status="finished", change=None):
    """A folder as the md driver writes it, with invented numbers."""
    systems = rungs * replicas
    random = np.random.default_rng(1)
    values = {name: 100.0 + random.normal(size=(rows, systems)) for name in NAMES}
    if not volume:
        values["volume_A3"][:] = 500.0
    with h5py.File(folder / "series.h5", "w") as file:
        file.attrs["format"] = "zener-md-series-1"
        file.attrs["driver"] = "md"
        file.attrs["title"] = "invented $x_1"
        file.attrs["preset"] = json.dumps({"ensemble": {"kind": "npt_axes" if volume else "nve"}})
        file["step"] = np.arange(rows) * 10
        file["time_ps"] = np.arange(rows) * 0.01
        file["systems/atoms"] = np.full(systems, 54)
        file["systems/rung"] = np.arange(systems) // replicas
        file["systems/replica"] = np.arange(systems) % replicas
        for end in ("begin", "end"):
            file["systems/bath_%s_K" % end] = 100.0 * (1 + np.arange(systems) // replicas) if bath else np.zeros(systems)
        for name in NAMES:
            file[name] = values[name]
        if change:
            change(file)
    summary = {"format": "zener-md-summary-1", "driver": "md", "run": {"status": status}, "systems": [{"atoms": {"W": 54}}]}
    (folder / "summary.json").write_text(json.dumps(summary))


@unittest.skipIf(np is None, "needs python3-numpy, python3-h5py and python3-matplotlib")
class PlotMd(PlotCase):
    def test_one_system(self):
        make_run(self.folder, bath=False)
        self.expect_plots(FIXED)

    def test_ladder_with_a_barostat(self):
        make_run(self.folder, rungs=3, replicas=2, volume=True, status="interrupted")
        self.expect_plots(FIXED | {"cell.png"})

    def test_lengths_that_go_together_share_a_panel(self):
        def one_length(file):
            for axis in "bc":
                file["length_%s_A" % axis][...] = 2.0 * file["length_a_A"][...]

        for change, panels in ((None, 4), (one_length, 2)):
            make_run(self.folder, rungs=2, volume=True, change=change)
            figure = plot_md.plot_cell(plot_md.read_run(str(self.folder)))
            self.assertEqual(sum(axis.get_visible() and bool(axis.get_ylabel()) for axis in figure.axes), panels)

    def test_many_systems(self):
        make_run(self.folder, rungs=40, volume=True)
        self.expect_plots(FIXED | {"cell.png"})

    def test_one_row(self):
        make_run(self.folder, rows=1)
        self.expect_plots(FIXED)

    def test_values_that_are_none(self):
        def spoil(file):
            file["pressure_GPa"][...] = np.nan
            file["potential_eV"][3:] = np.inf

        make_run(self.folder, change=spoil)
        self.expect_plots(FIXED)

    def expect_refusal(self, *words):
        code, err = self.run_program()
        self.assertEqual((code, err.count("\n")), (3, 1), err)
        for word in words:
            self.assertIn(word, err)

    def test_damaged(self):
        def shorten(file):
            del file["temperature_K"]
            file["temperature_K"] = np.zeros((3, 1))

        make_run(self.folder, change=shorten)
        self.expect_refusal("series.h5", "temperature_K", "shape")
        make_run(self.folder, change=lambda file: file.__delitem__("pressure_GPa"))
        self.expect_refusal("series.h5", "no dataset pressure_GPa")
        make_run(self.folder, change=lambda file: file.attrs.__setitem__("format", "zener-md-series-9"))
        self.expect_refusal("series.h5", "format")
        (self.folder / "series.h5").write_bytes(b"no HDF5")
        self.expect_refusal("series.h5", "damaged")
        (self.folder / "series.h5").unlink()
        self.expect_refusal("series.h5", "no such file")


if __name__ == "__main__":
    unittest.main()
