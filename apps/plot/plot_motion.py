"""Figures of analyses of moving atoms, of runs of analyze and md: displacements, velocity autocorrelation, density of states.

Quantities (of a group of atoms; 1 A^2/ps is 1e-8 m^2/s):
    MSD         mean squared displacement, sum over the directions, or along one
    C           velocity autocorrelation <v(0) v(t)> over its value at 0
    D(t)        a third of the integral of <v(0) v(t)> to t (Green and Kubo)
    F           vibrational density of states, whose integral is 3
"""

import os

import numpy as np

from plot_drawing import (
    COLOURS, DASHES, escaped, evenly, headline, legend_beside, make_folder, name_axes, no_value, panel_grid, save, shown_note,
)
from plot_reading import drawable, need_files, read_in_child, read_json, text
from plot_structure import draw_structure, read_structure

FORMATS = {"zener-analyze-series-1": "zener-analyze-summary-1", "zener-md-series-1": "zener-md-summary-1"}
# Datasets of values below "analyses", and those of their abscissae.
CURVES = {
    "msd": "msd/lag_ps", "vacf": "vacf/lag_ps", "green_kubo": "vacf/lag_ps",
    "density_of_states": "density_of_states/frequency_THz",
    "all_origins/msd": "all_origins/lag_ps", "all_origins/vacf": "all_origins/lag_ps",
}
DIRECTIONS = ("x", "y", "z", "all")
MOST_GROUPS = 12


class Run:
    """What the plots need of a result folder. G groups of atoms, P points.

    title, facts, compositions (for the head of a figure); labels [G]; curves: name -> (x [P], value, error [G][4][P]).
    """


def read_run(folder):
    """The Run of a folder; PlotFailure names the file and what is wrong with it."""
    need_files(folder, ("summary.json", "series.h5"))
    run = Run()
    read_in_child(os.path.join(folder, "series.h5"), run, read_series)
    summary = read_json(os.path.join(folder, "summary.json"), FORMATS[run.format])
    facts = summary.get("run") if isinstance(summary.get("run"), dict) else {}
    status = " ".join(str(facts.get("status", "")).split())[:40]
    run.facts = ["%d frames, one in %.4g ps" % (run.frames, run.interval)]
    run.facts += [escaped(status)] if status and status != "finished" else []
    run.compositions = [("%d groups of atoms" % len(run.labels) if len(run.labels) > 1 else "%d atoms" % run.atoms[0], [0])]
    return run


def read_series(reader, run):
    """Fills a Run from the open series.h5 and checks every shape."""
    run.format = text(reader.file.attrs.get("format", ""))
    if run.format not in FORMATS:
        reader.need_format("zener-analyze-series-1")
    run.title = text(reader.file.attrs.get("title", ""))
    run.atoms = reader.dataset("analyses/atoms", (None,), np.int64)
    count = len(run.atoms)
    run.frames = int(reader.dataset("analyses/frames", (1,))[0])
    run.interval = float(reader.dataset("analyses/frame_interval_ps", (1,))[0])
    names = []
    for name in ("analyses/group", "analyses/system"):
        if not reader.has(name) or np.shape(reader.file[name]) != (count,):
            reader.fail("no dataset %s of a text for each group", name)
        names.append([" ".join(text(one).split())[:24] for one in np.ravel(reader.file[name][...])])
    if not count:
        reader.fail("there is no group of atoms")
    several = len(set(names[1])) > 1
    run.labels = ["%s %s" % (system, group) if several else group for group, system in zip(*names)]
    run.curves = {}
    read_structure(reader, run)
    for name, axis in CURVES.items():
        folder = "analyses/" + name
        if reader.has(folder):
            x = drawable(reader.dataset("analyses/" + axis, (None,)))
            shape = (count, len(DIRECTIONS), len(x))
            value = drawable(reader.dataset(folder + "/value", shape))
            error = folder + "/standard_error"
            run.curves[name] = (x, value, drawable(reader.dataset(error, shape)) if reader.has(error) else np.zeros(shape))


def draw(run, title, x_label, panels, notes=("bands: one standard error",)):
    """Panels one below the other; a panel is (label of y, curve, direction, over its first value, logarithmic)."""
    groups = evenly(range(len(run.labels)), MOST_GROUPS)
    figure, axes = panel_grid(len(panels), 1, len(panels), False)
    marks = {}
    for axis, (label, name, direction, relative, logarithmic) in zip(axes, panels):
        x, value, error = run.curves[name]
        for place, group in enumerate(groups):
            y, bar = value[group][direction], np.nan_to_num(error[group][direction])
            if relative and y[0] > 0.0:
                y, bar = y / y[0], bar / y[0]
            here = np.isfinite(y) & np.isfinite(x) & ((x > 0.0) & (y > 0.0) if logarithmic else True)
            if not here.any():
                continue
            line, = axis.plot(x[here], y[here], color=COLOURS[place % len(COLOURS)],
                              linestyle=DASHES[place // len(COLOURS) % len(DASHES)], linewidth=1.2)
            low = y - bar
            axis.fill_between(x[here], np.where(low > 0.0, low, y)[here] if logarithmic else low[here], (y + bar)[here],
                              color=line.get_color(), alpha=0.25, linewidth=0.0)
            marks.setdefault(run.labels[group], line)
        if not axis.lines:
            no_value(axis, "no value")
        elif logarithmic:
            axis.set_xscale("log")
            axis.set_yscale("log")
        axis.set_ylabel(label)
    name_axes(axes[-1:], 1, 1, x_label, panels[-1][0])
    headline(figure, run, title, *notes, shown_note(len(groups), len(run.labels), "groups"))
    if len(run.labels) > 1:
        legend_beside(figure, list(marks.values()), [escaped(label) for label in marks])
    return figure


def draw_motion(folder):
    """Draws what there is; yields the paths as they are written."""
    run = read_run(folder)
    plots = os.path.join(folder, "plots")
    make_folder(plots)
    area = u"\u00c5$^2$"
    if "msd" in run.curves:
        panels = [("MSD (%s)" % area, "msd", 3, False, True)]
        yield save(draw(run, "Mean squared displacement", "Time (ps)", panels), plots, "msd.png")
        panels = [("%s (%s)" % (DIRECTIONS[d], area), "msd", d, False, True) for d in range(3)]
        yield save(draw(run, "Mean squared displacement by direction", "Time (ps)", panels), plots, "msd_directions.png")
    if "vacf" in run.curves:
        panels = [("$C(t) / C(0)$", "vacf", 3, True, False)]
        if "green_kubo" in run.curves:
            panels.append(("$D(t)$ (%s/ps)" % area, "green_kubo", 3, False, False))
        yield save(draw(run, "Velocity autocorrelation and its integral", "Time (ps)", panels), plots, "vacf.png")
    if "density_of_states" in run.curves:
        panels = [("$F$ (1/THz)", "density_of_states", 3, False, False)]
        yield save(draw(run, "Vibrational density of states", "Frequency (THz)", panels,
                        ("bands: one standard error", "integral 3")), plots, "density_of_states.png")
    if "all_origins/msd" in run.curves:
        panels = [("MSD (%s)" % area, "all_origins/msd", 3, False, True)]
        panels += [("%s (%s)" % (DIRECTIONS[d], area), "all_origins/msd", d, False, True) for d in range(3)]
        yield save(draw(run, "Mean squared displacement over all origins of time", "Time (ps)", panels, ()), plots,
                   "msd_all_origins.png")
    if "all_origins/vacf" in run.curves:
        panels = [("$C(t) / C(0)$", "all_origins/vacf", 3, True, False)]
        yield save(draw(run, "Velocity autocorrelation over all origins of time", "Time (ps)", panels, ()), plots,
                   "vacf_all_origins.png")
    yield from draw_structure(folder, run)
