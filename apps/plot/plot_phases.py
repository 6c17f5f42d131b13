"""Figures of classifiers of phases (train_phases): where the atoms of each phase lie, and what they are told to be."""

import os

import numpy as np
from matplotlib.lines import Line2D

from plot_drawing import COLOURS, escaped, evenly, free_figure, headline, legend_beside, make_folder, save, shown_note
from plot_reading import drawable, need_files, read_in_child, text

MOST_POINTS = 4000
MOST_SOURCES = 40


class Run:
    """What the plots need. N atoms, S sources, P phases: q [N][7], source [N], phases [P], names [S], phase [S], held_out [S],
    told [S][P + 1]."""


def read_phases(reader, run):
    """Fills a Run from the open phases.h5 and checks every shape."""
    reader.need_format("zener-phases-1")
    run.title = text(reader.file.attrs.get("title", ""))
    run.q = drawable(reader.dataset("samples/q", (None, 7)))
    run.source = reader.dataset("samples/source", (len(run.q),), np.int64)
    run.phase = reader.dataset("sources/phase", (None,), np.int64)
    count = len(run.phase)
    run.held_out = reader.dataset("sources/held_out", (count,), np.int64)
    names = []
    for name, shape in (("phases", None), ("sources/name", (count,))):
        if not reader.has(name) or (shape and np.shape(reader.file[name]) != shape):
            reader.fail("no dataset %s of texts", name)
        names.append([" ".join(text(one).split())[:32] for one in np.ravel(reader.file[name][...])])
    run.phases, run.names = names
    run.told = reader.dataset("sources/told", (count, len(run.phases) + 1), np.int64)
    if not count or not len(run.q):
        reader.fail("there is no source")
    if run.source.min() < 0 or run.source.max() >= count or run.phase.min() < 0 or run.phase.max() >= len(run.phases):
        reader.fail("a source or a phase that is not there")
    run.facts = ["%d atoms of %d sources" % (len(run.q), count)]
    run.compositions = [("%d phases" % len(run.phases), [0])]


def draw_parameters(run):
    """q6 against q4 of atoms that train and of those held out."""
    figure, axes = free_figure(8.6, 4.2, 1, 2, sharex=True, sharey=True)
    marks = {}
    for axis, held_out, title in zip(axes[0], (0, 1), ("Training", "Held out")):
        for phase, name in enumerate(run.phases):
            atoms = np.flatnonzero((run.phase[run.source] == phase) & (run.held_out[run.source] == held_out))
            atoms = evenly(atoms, MOST_POINTS)
            if len(atoms):
                marks[name] = axis.plot(run.q[atoms, 2], run.q[atoms, 4], ".", markersize=2.0, alpha=0.5, rasterized=True,
                                        color=COLOURS[phase % len(COLOURS)])[0]
        axis.set_title(title, fontsize="medium")
        axis.set_xlabel("$q_4$")
    axes[0][0].set_ylabel("$q_6$")
    headline(figure, run, "Steinhardt parameters of the phases")
    key = [Line2D([], [], linestyle="", marker="o", markersize=5.0, color=line.get_color()) for line in marks.values()]
    legend_beside(figure, key, [escaped(name) for name in marks])
    return figure


def draw_confusion(run):
    """Shares of each source's atoms by what they are told to be."""
    sources = evenly(range(len(run.names)), MOST_SOURCES)
    share = run.told[sources] / np.maximum(run.told[sources].sum(axis=1, keepdims=True), 1)
    columns = len(run.phases) + (1 if share[:, -1].any() else 0)
    figure, axes = free_figure(2.9 + 0.75 * columns, 1.3 + 0.26 * len(sources), 1, 1)
    axis = axes[0][0]
    axis.grid(False)
    axis.imshow(share[:, :columns], cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    for row in range(len(sources)):
        for column in range(columns):
            value = share[row, column]
            axis.text(column, row, "%.3f" % value, ha="center", va="center", fontsize=7, color="white" if value > 0.6 else "#333333")
    axis.set_xticks(range(columns), [escaped(name) for name in run.phases] + ["none"] * (columns - len(run.phases)))
    axis.set_yticks(range(len(sources)), [escaped(run.names[s]) + (" (held out)" if run.held_out[s] else "") for s in sources],
                    fontsize=8)
    axis.set_xlabel("Told")
    headline(figure, run, "What atoms are told to be", shown_note(len(sources), len(run.names), "sources"))
    return figure


def draw_all(folder):
    """Draws every figure; yields the paths as they are written."""
    need_files(folder, ("phases.h5",))
    run = Run()
    read_in_child(os.path.join(folder, "phases.h5"), run, read_phases)
    plots = os.path.join(folder, "plots")
    make_folder(plots)
    yield save(draw_parameters(run), plots, "parameters.png")
    yield save(draw_confusion(run), plots, "confusion.png")
