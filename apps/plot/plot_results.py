#!/usr/bin/env python3
"""Draws the results of a run.

    python3 plot_results.py DIR        reads the results in DIR, writes DIR/plots/*.png

DIR/map.h5 (a barrier_map run) goes to plot_barrier_map, DIR/phases.h5 (train_phases) to plot_phases, DIR/fit.h5
(fit_interactions) to plot_fit, DIR/training.h5
(train_barriers) to plot_train, DIR/relax.h5, DIR/elastic.h5, DIR/defects.h5, DIR/neb.h5, DIR/lattice.h5 and DIR/barriers.h5 (the
drivers relax, elastic, defects, neb, lattice_parameter and barrier_dataset) to plot_statics, DIR/series.h5 and DIR/summary.json
to plot_md, plot_swap, plot_analyses or plot_diffusion where the summary is that of an md, swap_mc_md or analyze run or of
fit-diffusion, and to plot_kmc (kmc and
static_mc) where it is not.

Exit codes: 0 done, 2 bad arguments, 3 a bad file, a missing Python module or a disk that refuses to take a file.
"""

import argparse
import importlib
import json
import os
import sys
import warnings

from plot_base import PlotFailure, check_modules


class OneLineParser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message):
        """Raises; main prints."""
        raise PlotFailure("%s; see --help" % message, 2)


def module_for(folder):
    """The module that draws these results."""
    statics = dict.fromkeys(("relax.h5", "elastic.h5", "defects.h5", "neb.h5", "lattice.h5", "barriers.h5"), "plot_statics")
    for name, module in {"map.h5": "plot_barrier_map", "fit.h5": "plot_fit", "training.h5": "plot_train",
                         "phases.h5": "plot_phases", **statics}.items():
        if os.path.isfile(os.path.join(folder, name)):
            return module
    try:
        with open(os.path.join(folder, "summary.json"), encoding="utf-8") as file:
            driver = json.load(file).get("driver")
    except (OSError, ValueError, RecursionError, AttributeError):
        driver = None  # what is wrong with the folder, plot_kmc says
    modules = {"md": "plot_md", "swap_mc_md": "plot_swap", "analyze": "plot_analyses", "fit_diffusion": "plot_diffusion"}
    return modules.get(driver, "plot_kmc") if isinstance(driver, str) else "plot_kmc"


def main(arguments=None):
    """The program; returns the exit code."""
    parser = OneLineParser(prog="zener plot", description="Draws the results of a run.")
    parser.add_argument(
        "folder", metavar="DIR", help="a result folder: DIR/series.h5 and DIR/summary.json, DIR/map.h5 or DIR/fit.h5"
    )
    try:
        options = parser.parse_args(arguments)
        check_modules()
        module = importlib.import_module(module_for(options.folder))
        warnings.filterwarnings("ignore", message="Glyph")  # a title in a script that the font lacks
        for path in module.draw_all(options.folder):
            print("wrote %s" % path, flush=True)
    except PlotFailure as failure:
        print("zener plot: error: %s" % " ".join(str(failure).split()), file=sys.stderr)
        return failure.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
