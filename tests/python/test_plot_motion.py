"""zener plot of analyze runs: invented curves are drawn whatever they lack, damaged ones are refused in one line."""

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

MOTION = {"msd.png", "msd_directions.png", "vacf.png", "density_of_states.png"}
ALL = MOTION | {"msd_all_origins.png", "vacf_all_origins.png", "current_spectra.png", "current_peaks.png"}


def make_run(folder, groups=("all", "W", "$x"), points=9, curves=("msd", "vacf", "green_kubo", "density_of_states"),
             more=("all_origins", "currents"), change=None):
    """A folder as the driver writes it, with invented numbers."""
    random = np.random.default_rng(1)
    with h5py.File(folder / "series.h5", "w") as file:
        file.attrs["format"] = "zener-analyze-series-1"
        file.attrs["title"] = "invented $x_1"
        file["analyses/group"] = list(groups)
        file["analyses/system"] = ["trajectory"] * len(groups)
        file["analyses/atoms"] = np.arange(1, 1 + len(groups))
        file["analyses/frames"] = [100]
        file["analyses/frame_interval_ps"] = [0.01]
        for name in curves:
            if name != "green_kubo":
                axis = "frequency_THz" if name == "density_of_states" else "lag_ps"
                file["analyses/%s/%s" % (name, axis)] = np.arange(points)
            shape = (len(groups), 4, points)
            file["analyses/%s/value" % name] = random.normal(size=shape)
            file["analyses/%s/standard_error" % name] = np.where(random.normal(size=shape) > 0.0, 0.1, np.nan)
        if "all_origins" in more:
            file["analyses/all_origins/lag_ps"] = np.arange(points)
            for name in ("msd", "vacf"):
                file["analyses/all_origins/%s/value" % name] = random.normal(size=(len(groups), 4, points))
        if "currents" in more:
            file["analyses/currents/system"] = ["trajectory"] * 4
            file["analyses/currents/pair"] = ["all", "W", "all", "all"]
            file["analyses/currents/wave"] = [[0, 0, 0], [1, 0, 0], [1, 0, 0], [2, 1, 0]]
            file["analyses/currents/k_per_A"] = [0.0, 0.5, 0.5, 1.1]
            file["analyses/currents/frequency_THz"] = np.arange(points) * 0.5
            file["analyses/currents/spectrum/value"] = random.normal(size=(4, 4, points)) ** 2
        if change:
            change(file)
    summary = {"format": "zener-analyze-summary-1", "driver": "analyze", "run": {"status": "interrupted"}}
    (folder / "summary.json").write_text(json.dumps(summary))


@unittest.skipIf(np is None, "needs python3-numpy, python3-h5py and python3-matplotlib")
class PlotMotion(PlotCase):
    def test_all(self):
        make_run(self.folder)
        self.expect_plots(ALL)

    def test_displacements_alone_of_one_group(self):
        make_run(self.folder, groups=("all",), points=1, curves=("msd",), more=())
        self.expect_plots({"msd.png", "msd_directions.png"})

    def test_values_that_are_none(self):
        make_run(self.folder, change=lambda file: file["analyses/vacf/value"].__setitem__(Ellipsis, np.nan))
        self.expect_plots(ALL)

    def test_motion_alone(self):
        make_run(self.folder, more=())
        self.expect_plots(MOTION)

    def test_damaged(self):
        for name in ("atoms", "group", "msd/lag_ps", "vacf/value", "all_origins/lag_ps", "currents/spectrum/value", "currents/pair"):
            name = "analyses/" + name
            make_run(self.folder, change=lambda file, name=name: file.__delitem__(name))
            code, err = self.run_program()
            self.assertEqual((code, err.count("\n")), (3, 1), err)
            self.assertIn("no dataset " + name, err)
        make_run(self.folder, change=lambda file: file.attrs.__setitem__("format", "other"))
        self.assertEqual(self.run_program()[0], 3)


if __name__ == "__main__":
    unittest.main()
