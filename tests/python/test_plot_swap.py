"""zener plot of swap_mc_md runs: invented series are drawn whatever they lack, damaged ones are refused in one line."""

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

ALL = {"energy.png", "order.png", "order_temperature.png"}
PAIRS = ["Mo-Mo", "Mo-Ta", "Ta-Ta"]


def make_run(folder, rungs=2, replicas=2, rows=20, shells=2, change=None):
    """A folder as the driver writes it, with invented numbers."""
    systems = rungs * replicas
    random = np.random.default_rng(1)
    with h5py.File(folder / "series.h5", "w") as file:
        file.attrs["format"] = "zener-swap-series-1"
        file.attrs["title"] = "invented $x_1"
        file["trial"] = np.arange(rows) * 100
        file["systems/rung"] = np.arange(systems) // replicas
        file["systems/replica"] = np.arange(systems) % replicas
        file["systems/temperature_K"] = 300.0 * (1 + np.arange(systems) // replicas)
        file["energy_per_atom_eV"] = random.normal(size=(rows, systems))
        file["order/pairs"] = PAIRS
        file["order/delta_per_site"] = random.normal(size=(rows, systems, shells, 3))
        file["acceptance/tried"] = np.cumsum(np.ones((rows, systems, 3), np.int64), axis=0)
        file["acceptance/kept"] = np.cumsum(np.ones((rows, systems, 3), np.int64), axis=0) // 2
        if change:
            change(file)
    estimate = {"mean": 0.1, "standard_error": None if replicas == 1 else 0.02}
    order = {pair: {"shell_%d" % (s + 1): {"delta_per_site": estimate} for s in range(shells)} for pair in PAIRS}
    summary = {
        "format": "zener-swap-summary-1", "driver": "swap_mc_md",
        "run": {"status": "finished", "between": "relax", "atoms": {"Mo": 27, "Ta": 27}},
        "groups": [{"rung": g, "temperature_K": 300.0 * (1 + g), "order": order} for g in range(rungs)],
    }
    (folder / "summary.json").write_text(json.dumps(summary))


@unittest.skipIf(np is None, "needs python3-numpy, python3-h5py and python3-matplotlib")
class PlotSwap(PlotCase):
    def test_ladder(self):
        make_run(self.folder)
        self.expect_plots(ALL)

    def test_one_system_one_row(self):
        make_run(self.folder, rungs=1, replicas=1, rows=1, shells=1)
        self.expect_plots(ALL)

    def test_without_shells(self):
        make_run(self.folder, shells=0)
        self.expect_plots({"energy.png"})

    def test_values_that_are_none(self):
        make_run(self.folder, change=lambda file: file["energy_per_atom_eV"].__setitem__(Ellipsis, np.nan))
        self.expect_plots(ALL)

    def test_damaged(self):
        for name in ("trial", "order/pairs", "acceptance/kept"):
            make_run(self.folder, change=lambda file, name=name: file.__delitem__(name))
            code, err = self.run_program()
            self.assertEqual((code, err.count("\n")), (3, 1), err)
            self.assertIn("no dataset " + name, err)
        make_run(self.folder, change=lambda file: file.attrs.__setitem__("format", "other"))
        self.assertEqual(self.run_program()[0], 3)


if __name__ == "__main__":
    unittest.main()
