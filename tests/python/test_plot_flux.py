"""zener plot of flux maps and mobile atoms: invented numbers are drawn whatever they lack, damaged ones are refused in one line."""

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
from test_plot_motion import make_run  # noqa: E402


def add_flux(file, systems=("trajectory",)):
    random = np.random.default_rng(2)
    file["analyses/flux/system"] = list(systems)
    file["analyses/flux/window_ps"], file["analyses/flux/steps"] = [1.0], [40]
    for system in systems:
        file["analyses/flux/%s/crossings" % system] = random.integers(0, 50, (3, 3)).astype(float)
        for direction, u, v in (("x", "y", "z"), ("y", "x", "z"), ("z", "x", "y")):
            place = "analyses/flux/%s/%s/" % (system, direction)
            file[place + u + "_A"], file[place + v + "_A"] = 0.25 * (np.arange(9) + 0.5), 0.3 * (np.arange(7) + 0.5)
            for sign in ("plus", "minus"):
                file[place + sign] = random.random((9, 7))


def add_mobility(file, groups=3, moving=True):
    random = np.random.default_rng(3)
    root = "analyses/mobility/"
    file[root + "threshold_A"] = np.full(groups, 1.25)
    file[root + "lag_ps"], file[root + "interval_ps"], file[root + "intervals"] = np.arange(1.0, 6.0), [5.0], [8]
    for name, shape in (("share", (4,)), ("msd_solid", (4, 5)), ("msd_diffusive", (4, 5)), ("msd_chain", (2, 5))):
        value = random.random((groups, *shape))
        file[root + name + "/value"] = value if moving or name == "share" else np.full(value.shape, np.nan)
        file[root + name + "/standard_error"] = np.where(value > 0.5, 0.1, np.nan)


@unittest.skipIf(np is None, "needs python3-numpy, python3-h5py and python3-matplotlib")
class PlotFlux(PlotCase):
    def test_maps_and_shares(self):
        make_run(self.folder, curves=(), more=(), change=lambda file: (add_flux(file), add_mobility(file)))
        self.expect_plots({"flux_net.png", "flux_both_ways.png", "diffusive_shares.png", "diffusive_displacements.png"})

    def test_systems_and_what_is_none(self):
        def change(file):
            add_flux(file, ("g0_r0", "g0_r1"))
            file["analyses/flux/g0_r1/x/plus"][...] = 0.0
            add_mobility(file, groups=1, moving=False)
        make_run(self.folder, groups=("all",), curves=(), more=(), change=change)
        self.expect_plots({"flux_net_g0_r0.png", "flux_both_ways_g0_r0.png", "flux_net_g0_r1.png", "flux_both_ways_g0_r1.png",
                           "diffusive_shares.png", "diffusive_displacements.png"})

    def test_damaged(self):
        for name in ("analyses/flux/system", "analyses/flux/trajectory/y/x_A", "analyses/flux/trajectory/z/minus",
                     "analyses/mobility/lag_ps", "analyses/mobility/msd_chain/value"):
            def change(file, name=name):
                add_flux(file)
                add_mobility(file)
                del file[name]
            make_run(self.folder, curves=(), more=(), change=change)
            code, err = self.run_program()
            self.assertEqual((code, err.count("\n")), (3, 1), err)
            self.assertIn("no dataset " + name, err)


if __name__ == "__main__":
    unittest.main()
