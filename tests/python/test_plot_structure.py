"""zener plot of structure watched over frames, and of classifiers of phases: invented numbers drawn, damaged ones refused."""

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

ALL = {"pair_distribution.png", "structure_factor.png", "steinhardt.png", "volumes.png", "kinds.png", "phases.png"}


def make_run(folder, frames=5, systems=("a", "b"), pairs=("total", "Nb-Nb", "Nb-W", "W-W"), change=None):
    """A folder as analyze writes it, with invented structure and nothing else."""
    random = np.random.default_rng(1)
    with h5py.File(folder / "series.h5", "w") as file:
        file.attrs["format"] = "zener-analyze-series-1"
        file.attrs["title"] = "invented $x_1"
        file["analyses/group"] = ["all"]
        file["analyses/system"] = ["trajectory"]
        file["analyses/atoms"] = [9]
        file["analyses/frames"] = [frames]
        file["analyses/frame_interval_ps"] = [0.01]
        here = "analyses/structure/"
        file[here + "time_ps"] = 0.01 * np.arange(frames)
        file[here + "system"] = list(systems)
        for name in ("cna_bcc", "cna_other", "phase_bcc", "phase_$", "q4"):
            file[here + "series/" + name] = random.uniform(size=(frames, len(systems)))
        for name, curves in (("g", len(pairs)), ("S", len(pairs)), ("histogram/q4", 1), ("histogram/q6_2", 1), ("histogram/volume", 1)):
            shape = (len(systems), curves, 7)
            file[here + name + "/x"] = np.arange(7.0)
            file[here + name + "/value"] = random.normal(size=shape)
            file[here + name + "/standard_error"] = np.full(shape, np.nan)
            if curves > 1:
                file[here + name + "/pair"] = [list(pairs)] * len(systems)
        if change:
            change(file)
    summary = {"format": "zener-analyze-summary-1", "driver": "analyze", "run": {"status": "finished"}}
    (folder / "summary.json").write_text(json.dumps(summary))


def make_phases(folder, change=None):
    """A folder as train_phases writes it."""
    random = np.random.default_rng(1)
    with h5py.File(folder / "phases.h5", "w") as file:
        file.attrs["format"] = "zener-phases-1"
        file.attrs["title"] = "invented"
        file["phases"] = ["bcc", "fcc$"]
        file["sources/name"] = ["one", "two", "three"]
        file["sources/phase"] = [0, 1, 1]
        file["sources/held_out"] = [0, 0, 1]
        file["sources/told"] = [[9, 1, 0], [0, 10, 0], [1, 8, 1]]
        file["samples/q"] = random.uniform(size=(30, 7))
        file["samples/source"] = np.repeat([0, 1, 2], 10)
        if change:
            change(file)


@unittest.skipIf(np is None, "needs python3-numpy, python3-h5py and python3-matplotlib")
class PlotStructure(PlotCase):
    def test_all(self):
        make_run(self.folder)
        self.expect_plots(ALL)

    def test_one_frame_of_many_systems_without_numbers(self):
        make_run(self.folder, frames=1, systems=["s%d" % k for k in range(9)],
                 change=lambda file: file["analyses/structure/g/value"].__setitem__(Ellipsis, np.nan))
        self.expect_plots(ALL)

    def test_damaged(self):
        for name in ("system", "series/cna_bcc", "g/x", "S/pair", "histogram/volume/value"):
            def misshape(file, name="analyses/structure/" + name):
                del file[name]
                file[name] = [[[[1]]]]
            make_run(self.folder, change=misshape)
            code, err = self.run_program()
            self.assertEqual((code, err.count("\n")), (3, 1), (name, err))

    def test_phases(self):
        make_phases(self.folder)
        self.expect_plots({"parameters.png", "confusion.png"})

    def test_damaged_phases(self):
        for name in ("phases", "sources/told", "samples/q", "samples/source"):
            make_phases(self.folder, change=lambda file, name=name: file.__delitem__(name))
            code, err = self.run_program()
            self.assertEqual((code, err.count("\n")), (3, 1), (name, err))
        make_phases(self.folder, change=lambda file: file["samples/source"].__setitem__(0, 9))
        self.assertEqual(self.run_program()[0], 3)


if __name__ == "__main__":
    unittest.main()
