"""zener plot of two-phase thermodynamics and of fits of D(T): invented numbers are drawn, damaged files are refused in one line."""

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


def put_two_phase(file, groups, points=30):
    """The datasets below /analyses/two_phase."""
    random = np.random.default_rng(2)
    folder = file.create_group("analyses/two_phase")
    folder["group"] = groups
    folder["system"] = ["g%d_r0" % g for g in range(len(groups))]
    folder["temperature_K"] = 100.0 * np.arange(1, 1 + len(groups))
    folder["frequency_THz"] = np.arange(points)
    for name in ("gas", "solid"):
        folder[name] = random.normal(size=(len(groups), 2, points))
    for name, shape in (("fluidicity", ()), ("entropy_k", (2,)), ("gibbs_eV", (2,))):
        for which in ("value", "standard_error"):
            folder["%s/%s" % (name, which)] = np.abs(random.normal(size=(len(groups), 2) + shape))


def put_ladder(file, place, models=("arrhenius", "quadratic", "two_exponential"), points=6):
    """The datasets below /analyses/diffusion."""
    folder = file.create_group("analyses/diffusion/%d" % place)
    folder.attrs["group"], folder.attrs["method"] = "all_$x", "green_kubo"
    t = np.linspace(500.0, 1000.0, points)
    folder["temperature_K"] = t
    folder["diffusivity/value"] = np.where(np.arange(points) == 2, -1.0, np.exp(-3000.0 / t))
    folder["diffusivity/value"].attrs["units"] = "A^2/ps"
    folder["diffusivity/standard_error"] = np.where(np.arange(points) == 1, np.nan, 0.1 * np.exp(-3000.0 / t))
    at = np.linspace(500.0, 1000.0, 11)
    folder["curve_temperature_K"] = at
    folder["model"] = list(models)
    folder["curve_ln_diffusivity"] = np.tile(-3000.0 / at, (len(models), 1))
    folder["curve_standard_error"] = np.full((len(models), 11), 0.1)
    if len(models) > 1:
        folder["curve_standard_error"][-1] = np.nan


@unittest.skipIf(np is None, "needs python3-numpy, python3-h5py and python3-matplotlib")
class PlotDiffusion(PlotCase):
    def make(self, fill, driver="fit_diffusion"):
        """A folder with this series.h5."""
        with h5py.File(self.folder / "series.h5", "w") as file:
            file.attrs["title"] = "invented $x_1"
            fill(file)
        (self.folder / "summary.json").write_text(json.dumps({"driver": driver}))

    def test_ladders(self):
        self.make(lambda file: (put_ladder(file, 0), put_ladder(file, 1, models=("arrhenius",), points=3)))
        self.expect_plots({"diffusion.png"})

    def test_damaged_ladder(self):
        for name in ("model", "temperature_K", "curve_standard_error"):
            def fill(file, name=name):
                put_ladder(file, 0)
                del file["analyses/diffusion/0/" + name]
            self.make(fill)
            code, err = self.run_program()
            self.assertEqual((code, err.count("\n")), (3, 1), err)
            self.assertIn("analyses/diffusion/0/" + name, err)

    def test_two_phase(self):
        import plot_two_phase

        for groups, wanted in ((["all"], {"two_phase_parts.png"}), (["all", "Nb", "all", "$W"], {"two_phase_parts.png", "two_phase.png"})):
            self.make(lambda file, groups=groups: put_two_phase(file, groups))
            names = {pathlib.Path(path).name for path in plot_two_phase.draw_two_phase(str(self.folder))}
            self.assertEqual(names, wanted)

    def test_two_phase_without_energies(self):
        import plot_two_phase

        def fill(file):
            put_two_phase(file, ["all"] * 8)
            file["analyses/two_phase/gibbs_eV/value"][...] = np.nan
            file["analyses/two_phase/gas"][3] = np.nan
        self.make(fill)
        self.assertEqual(len(list(plot_two_phase.draw_two_phase(str(self.folder)))), 2)


if __name__ == "__main__":
    unittest.main()
