"""zener plot of events: invented events are drawn whatever they lack, damaged ones are refused in one line."""

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

KINDS = ["vacancy", "interstitial", "nucleation", "recombination", "ring", "row"]
DIRECTIONS = ["100", "110", "111", "other", "none"]
ALL = {"events_length.png", "events_direction.png", "events_time.png"}


def make_run(folder, events=40, windows=30, systems=("a", "$b"), longest=7, change=None):
    """A folder as the driver writes it, with invented numbers."""
    random = np.random.default_rng(1)
    with h5py.File(folder / "series.h5", "w") as file:
        file.attrs["format"] = "zener-analyze-series-1"
        file.attrs["title"] = "invented $x_1"
        file["analyses/group"] = ["all"] * len(systems)
        file["analyses/system"] = list(systems)
        file["analyses/atoms"] = np.full(len(systems), 54)
        file["analyses/frames"] = [100]
        file["analyses/frame_interval_ps"] = [0.01]
        root = file.create_group("analyses/events")
        root["kinds"], root["directions"], root["systems"] = KINDS, DIRECTIONS, list(systems)
        root["window_ps"] = [1.0]
        root["time_ps"] = np.arange(windows) + 0.5
        for name in ("vacancies", "interstitials"):
            root[name] = random.integers(0, 3, (windows, len(systems)))
            root["lasting_" + name] = random.integers(0, 2, (max(0, windows - 1), len(systems)))
        shape = (len(systems), len(KINDS))
        many = 20 if events else 1
        root["histogram/length"] = random.integers(0, many, shape + (longest + 1,))
        for name in ("direction", "move_direction"):
            root["histogram/" + name] = random.integers(0, many, shape + (len(DIRECTIONS),))
        root["event/time_ps"] = np.sort(random.random(events) * windows)
        root["event/kind"] = random.integers(0, len(KINDS), events)
        if change:
            change(file)
    summary = {"format": "zener-analyze-summary-1", "driver": "analyze", "run": {"status": "finished"}}
    (folder / "summary.json").write_text(json.dumps(summary))


@unittest.skipIf(np is None, "needs python3-numpy, python3-h5py and python3-matplotlib")
class PlotEvents(PlotCase):
    def test_all(self):
        make_run(self.folder)
        self.expect_plots(ALL)

    def test_long_strings_of_many_systems(self):
        make_run(self.folder, systems=[str(k) for k in range(20)], longest=400)
        self.expect_plots(ALL)

    def test_nothing_happened(self):
        make_run(self.folder, events=0, longest=0, systems=("a",))
        self.expect_plots({"events_time.png"})

    def test_damaged(self):
        for name in ("window_ps", "systems", "vacancies", "histogram/length", "event/kind"):
            make_run(self.folder, change=lambda file, name=name: file["analyses/events"].__delitem__(name))
            code, err = self.run_program()
            self.assertEqual((code, err.count("\n")), (3, 1), err)
            self.assertIn("no dataset analyses/events/" + name, err)


if __name__ == "__main__":
    unittest.main()
