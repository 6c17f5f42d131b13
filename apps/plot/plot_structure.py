"""Figures of structure watched over frames, of runs of analyze and md.

Quantities:
    g(r)        pair distribution, total and by pairs of elements
    S(q)        structure factor, likewise
    P           density of probability of q4, q6 and of Voronoi volumes over atoms and frames
    shares      of atoms: kinds of common-neighbour analysis, likeliest phases
"""

import os

import numpy as np

from plot_drawing import (
    COLOURS, DASHES, escaped, evenly, headline, legend_beside, make_folder, no_value, pair_label, panel_grid, save, shown_note,
)
from plot_reading import drawable, text

FOLDER = "analyses/structure/"
KINDS = ("fcc", "hcp", "bcc", "icosahedral", "other")
MOST_SYSTEMS = 6
MOST_PAIRS = 8


class Structure:
    """What the plots need. K systems, F frames: time [F]; systems [K]; shares: name -> [F][K]; curves: name -> (x, labels
    [K][C], value, error [K][C][B])."""


def read_structure(reader, run):
    """Fills run.structure from the open series.h5, with None where there is none."""
    run.structure = None
    if not reader.has(FOLDER + "time_ps"):
        return
    found = Structure()
    found.time = drawable(reader.dataset(FOLDER + "time_ps", (None,)))
    if not reader.has(FOLDER + "system"):
        reader.fail("no dataset %ssystem", FOLDER)
    found.systems = [" ".join(text(one).split())[:24] for one in np.ravel(reader.file[FOLDER + "system"][...])]
    shape = (len(found.time), len(found.systems))
    found.shares = {}
    for name in reader.file[FOLDER + "series"] if reader.has(FOLDER + "series") else ():
        if name.startswith(("cna_", "phase_")):
            found.shares[name] = drawable(reader.dataset(FOLDER + "series/" + name, shape))
    found.curves = {}
    names = ["g", "S"]
    names += ["histogram/" + name for name in (reader.file[FOLDER + "histogram"] if reader.has(FOLDER + "histogram") else ())]
    for name in names:
        folder = FOLDER + name
        if not reader.has(folder):
            continue
        x = drawable(reader.dataset(folder + "/x", (None,)))
        value = drawable(reader.dataset(folder + "/value", (len(found.systems), None, len(x))))
        error = drawable(reader.dataset(folder + "/standard_error", value.shape))
        labels = [[""] * value.shape[1]] * value.shape[0]
        if name in ("g", "S"):
            if not reader.has(folder + "/pair") or np.shape(reader.file[folder + "/pair"]) != value.shape[:2]:
                reader.fail("no dataset %s/pair of a text for each curve", folder)
            labels = [[" ".join(text(one).split())[:16] for one in row] for row in reader.file[folder + "/pair"][...]]
        found.curves[name] = (x, labels, value, error)
    run.structure = found


def draw_curves(run, title, x_label, y_label, curves, notes=()):
    """A panel for each system; curves: list of (label, x, value [K][B], error [K][B]), or value None in a system."""
    found = run.structure
    systems = evenly(range(len(found.systems)), MOST_SYSTEMS)
    figure, axes = panel_grid(len(systems), 1, len(systems), False)
    marks = {}
    for axis, system in zip(axes, systems):
        for place, (label, x, value, error) in enumerate(curves):
            y, bar = value[system], np.nan_to_num(error[system]) if error is not None else None
            here = np.isfinite(y) & np.isfinite(x)
            if not here.any():
                continue
            line, = axis.plot(x[here], y[here], color=COLOURS[place % len(COLOURS)],
                              linestyle=DASHES[place // len(COLOURS) % len(DASHES)], linewidth=1.2,
                              marker="." if here.sum() == 1 else None)
            if bar is not None:
                axis.fill_between(x[here], (y - bar)[here], (y + bar)[here], color=line.get_color(), alpha=0.25, linewidth=0.0)
            marks.setdefault(label, line)
        if not axis.lines:
            no_value(axis, "no value")
        axis.set_ylabel(y_label + (", " + escaped(found.systems[system]) if len(found.systems) > 1 else ""))
    axes[len(systems) - 1].set_xlabel(x_label)
    headline(figure, run, title, *notes, shown_note(len(systems), len(found.systems), "systems"))
    if len(marks) > 1:
        legend_beside(figure, list(marks.values()), list(marks))
    return figure


def draw_structure(folder, run):
    """Draws what there is; yields the paths as they are written."""
    found = run.structure
    if found is None:
        return
    plots = os.path.join(folder, "plots")
    make_folder(plots)
    angstrom = u"\u00c5"
    for name, file, title, x_label in (("g", "pair_distribution.png", "Pair distribution", "$r$ (%s)" % angstrom),
                                       ("S", "structure_factor.png", "Structure factor", "$q$ (1/%s)" % angstrom)):
        if name in found.curves:
            x, labels, value, error = found.curves[name]
            names = labels[0]
            shown = [c for c in range(len(names)) if c == 0 or len(names) > 2][:MOST_PAIRS]
            curves = [(pair_label(names[c]), x, value[:, c], error[:, c]) for c in shown]
            if name == "S":  # bins without wave vectors
                curves = [(label, x, np.where(value[:, 0] > 0.0, y, np.nan), bar) for label, x, y, bar in curves]
            yield save(draw_curves(run, title, x_label, "$%s$" % name, curves, ("bands: one standard error",)), plots, file)
    parameters = sorted(name for name in found.curves if name.startswith("histogram/q"))
    if parameters:
        curves = []
        for name in parameters:
            x, _, value, error = found.curves[name]
            order, _, rule = name[len("histogram/q"):].partition("_")
            label = "$q_{%s}$" % escaped(order) + (" (rule %s)" % escaped(rule) if rule else "")
            curves.append((label, x, value[:, 0], error[:, 0]))
        yield save(draw_curves(run, "Steinhardt parameters of atoms", "$q_l$", "$P$", curves, ("bands: one standard error",)),
                   plots, "steinhardt.png")
    if "histogram/volume" in found.curves:
        x, _, value, error = found.curves["histogram/volume"]
        yield save(draw_curves(run, "Volumes of Voronoi cells", "$V / \\langle V \\rangle$", "$P$",
                               [("", x, value[:, 0], error[:, 0])], ("bands: one standard error",)), plots, "volumes.png")
    for prefix, file, title in (("cna_", "kinds.png", "Kinds of structure"), ("phase_", "phases.png", "Likeliest phases")):
        names = [name for name in found.shares if name.startswith(prefix)]
        if prefix == "cna_":
            names = [prefix + kind for kind in KINDS if prefix + kind in names]
        if names:
            curves = [(escaped(name[len(prefix):]), found.time, found.shares[name].T, None) for name in names]
            figure = draw_curves(run, title, "Time (ps)", "Share of atoms", curves)
            for axis in figure.axes:
                if axis.lines:
                    axis.set_ylim(-0.03, 1.03)
            yield save(figure, plots, file)
