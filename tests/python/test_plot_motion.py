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

ALL = {"msd.png", "msd_directions.png", "vacf.png", "density_of_states.png"}


def make_run(folder, groups=("all", "W", "$x"), points=9, curves=("msd", "vacf", "green_kubo", "density_of_states"), change=None):
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
                file["analyses/%s/%s" % (name, "frequency_THz" if name == "density_of_states" else "lag_ps")] = np.arange(points)
            shape = (len(groups), 4, points)
            file["analyses/%s/value" % name] = random.normal(size=shape)
            file["analyses/%s/standard_error" % name] = np.where(random.normal(size=shape) > 0.0, 0.1, np.nan)
        if change:
            change(file)
    summary = {"format": "zener-analyze-summary-1", "driver": "analyze", "run": {"status": "interrupted"}}
    (folder / "summary.json").write_text(json.dumps(summary))


@unittest.skipIf(np is None, "needs python3-numpy, python3-h5py and python3-matplotlib")
class PlotMotion(PlotCase):
    def expect_plots(self, files):
        self.assertEqual(self.run_program(), (0, ""))
        self.assertEqual({path.name for path in (self.folder / "plots").iterdir()}, files)

    def test_all(self):
        make_run(self.folder)
        self.expect_plots(ALL)

    def test_displacements_alone_of_one_group(self):
        make_run(self.folder, groups=("all",), points=1, curves=("msd",))
        self.expect_plots({"msd.png", "msd_directions.png"})

    def test_values_that_are_none(self):
        make_run(self.folder, change=lambda file: file["analyses/vacf/value"].__setitem__(Ellipsis, np.nan))
        self.expect_plots(ALL)

    def test_damaged(self):
        for name in ("analyses/atoms", "analyses/group", "analyses/msd/lag_ps", "analyses/vacf/value"):
            make_run(self.folder, change=lambda file, name=name: file.__delitem__(name))
            code, err = self.run_program()
            self.assertEqual((code, err.count("\n")), (3, 1), err)
            self.assertIn("no dataset " + name, err)
        make_run(self.folder, change=lambda file: file.attrs.__setitem__("format", "other"))
        self.assertEqual(self.run_program()[0], 3)


if __name__ == "__main__":
    unittest.main()
