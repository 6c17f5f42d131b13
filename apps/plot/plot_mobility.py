"""Figures of solid-like and diffusive atoms, of runs of analyze and md: their shares and how far they move.

Quantities (of a group of atoms):
    share       diffusive atoms of all: those whose averaged position moves by more than a threshold in an interval of time
    MSD         mean squared displacement of averaged positions from the begin of an interval, of either kind of atoms
    cMSD        the same along the chain: of a diffusive atom along the direction in which it moves most
"""

import os

import numpy as np

from plot_drawing import COLOURS, bars, escaped, evenly, headline, legend_beside, make_folder, name_axes, no_value, panel_grid
from plot_drawing import save, shown_note
from plot_reading import drawable, read_in_child, text

FOLDER = "analyses/mobility"
DIRECTIONS = ("x", "y", "z", "all")
MOST_GROUPS = 8


class Mobility:
    """What the plots need. G groups of atoms, L lags.

    title, facts, compositions (for the head of a figure); labels [G]; lag [L] ps; share (value, error) [G][4]; solid, diffusive
    (value, error) [G][4][L]; chain (value, error) [G][2][L].
    """


def read_mobility(reader, run):
    """Fills a Mobility from the open series.h5; its labels are empty when there is nothing to draw."""
    run.title = text(reader.file.attrs.get("title", ""))
    run.labels = []
    if not reader.has(FOLDER):
        return
    threshold = reader.dataset(FOLDER + "/threshold_A", (None,))
    names = []
    for name in ("analyses/group", "analyses/system"):
        if not reader.has(name) or np.shape(reader.file[name]) != (len(threshold),):
            reader.fail("no dataset %s of a text for each group", name)
        names.append([" ".join(text(one).split())[:24] for one in np.ravel(reader.file[name][...])])
    several = len(set(names[1])) > 1
    run.labels = ["%s %s" % (system, group) if several else group for group, system in zip(*names)]
    run.lag = drawable(reader.dataset(FOLDER + "/lag_ps", (None,)))
    shapes = {"share": (4,), "msd_solid": (4, len(run.lag)), "msd_diffusive": (4, len(run.lag)), "msd_chain": (2, len(run.lag))}
    run.curves = {name: tuple(drawable(reader.dataset("%s/%s/%s" % (FOLDER, name, part), (len(threshold), *shape)))
                              for part in ("value", "standard_error")) for name, shape in shapes.items()}
    interval = float(reader.dataset(FOLDER + "/interval_ps", (1,))[0])
    run.facts = [u"diffusive: more than %s \u00c5 in %.4g ps" % (
        "%.3g" % threshold[0] if len(set(threshold)) == 1 else "%.3g to %.3g" % (min(threshold), max(threshold)), interval)]
    run.facts += ["%d intervals" % int(reader.dataset(FOLDER + "/intervals", (1,))[0])]
    run.compositions = [("%d groups" % len(run.labels), [0])] if len(run.labels) > 1 else [(escaped(run.labels[0]), [0])]


def shares(run):
    figure, axes = panel_grid(1, 1, 1, False)
    groups = evenly(range(len(run.labels)), MOST_GROUPS)
    value, error = run.curves["share"]
    width = 0.8 / len(groups)
    for place, g in enumerate(groups):
        axes[0].bar(np.arange(4) + (place - 0.5 * (len(groups) - 1)) * width, 100.0 * np.nan_to_num(value[g]), width,
                    yerr=bars(100.0 * error[g]), capsize=2, color=COLOURS[place % len(COLOURS)], label=escaped(run.labels[g]))
    axes[0].set_xticks(range(4), ["along $x$", "along $y$", "along $z$", "all"])
    axes[0].set_ylim(bottom=0.0)
    name_axes(axes, 1, 1, "Direction of most motion", "Diffusive atoms (%)")
    headline(figure, run, "Share of diffusive atoms", "bars: one standard error",
             shown_note(len(groups), len(run.labels), "groups"))
    if len(run.labels) > 1:
        legend_beside(figure, *axes[0].get_legend_handles_labels())
    return figure


def displacements(run):
    """Of the first group: all directions and along the chain."""
    figure, axes = panel_grid(2, 1, 2, False)
    area = u"\u00c5$^2$"
    panels = (("MSD (%s)" % area, [("solid-like", "msd_solid", 3), ("diffusive", "msd_diffusive", 3)]),
              ("cMSD (%s)" % area, [("solid-like", "msd_chain", 0), ("diffusive", "msd_chain", 1)]))
    for axis, (label, curves) in zip(axes, panels):
        for place, (name, dataset, row) in enumerate(curves):
            value, error = (part[0][row] for part in run.curves[dataset])
            here = np.isfinite(value)
            if here.any():
                axis.errorbar(run.lag[here], value[here], yerr=bars(error[here]), color=COLOURS[place], marker="os"[place],
                              markersize=4, linewidth=1.2, capsize=2, label=name)
        axis.set_xlim(left=0.0)
        if axis.has_data():
            axis.set_ylim(bottom=0.0)
        else:
            no_value(axis, "no value")
        axis.set_ylabel(label)
    name_axes(axes[-1:], 1, 1, "Time (ps)", panels[-1][0])
    headline(figure, run, "Displacements of solid-like and diffusive atoms, %s" % escaped(run.labels[0]),
             "averaged positions", "cMSD: along the chain")
    handles = {}
    for axis in axes:
        for handle, name in zip(*axis.get_legend_handles_labels()):
            handles.setdefault(name, handle)
    if handles:
        legend_beside(figure, list(handles.values()), list(handles))
    return figure


def draw_mobility(folder):
    """Draws what there is; yields the paths as they are written."""
    run = Mobility()
    read_in_child(os.path.join(folder, "series.h5"), run, read_mobility)
    if run.labels:
        plots = os.path.join(folder, "plots")
        make_folder(plots)
        yield save(shares(run), plots, "diffusive_shares.png")
        yield save(displacements(run), plots, "diffusive_displacements.png")
