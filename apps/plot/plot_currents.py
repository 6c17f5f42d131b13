"""Figures of currents of atoms in waves, of runs of analyze and md: spectra along and across each wave, and where they peak.

Quantities (of all atoms of a system):
    k           length of the wave vector, 1/A
    S(nu)       spectrum of the current, over its integral
    nu          frequency at which a spectrum is highest, THz: the phonon's in a crystal
"""

import os

import numpy as np

from plot_drawing import COLOURS, DASHES, escaped, evenly, headline, legend_beside, make_folder, name_axes, no_value, panel_grid
from plot_drawing import save, shown_note
from plot_reading import drawable, read_in_child, text

FOLDER = "analyses/currents"
SIDES = (("along $k$", (0,)), ("across $k$", (1, 2)))
MOST_WAVES = 12


class Currents:
    """What the plots need. W waves of all atoms, P frequencies.

    title, facts, compositions (for the head of a figure); labels [W]; k [W] 1/A; frequency [P]; spectrum [W][4][P].
    """


def read_currents(reader, run):
    """Fills a Currents from the open series.h5; its labels are empty when there are no waves to draw."""
    run.title = text(reader.file.attrs.get("title", ""))
    run.labels, run.facts, run.compositions = [], [], []
    if not reader.has(FOLDER):
        return
    k = reader.dataset(FOLDER + "/k_per_A", (None,))
    wave = reader.dataset(FOLDER + "/wave", (len(k), 3), np.int64)
    names = []
    for name in ("pair", "system"):
        if not reader.has(FOLDER + "/" + name) or np.shape(reader.file[FOLDER][name]) != (len(k),):
            reader.fail("no dataset %s of a text for each wave", FOLDER + "/" + name)
        names.append([" ".join(text(one).split())[:24] for one in np.ravel(reader.file[FOLDER][name][...])])
    run.frequency = drawable(reader.dataset(FOLDER + "/frequency_THz", (None,)))
    spectrum = drawable(reader.dataset(FOLDER + "/spectrum/value", (len(k), 4, len(run.frequency))))
    chosen = [w for w in range(len(k)) if names[0][w] == "all" and k[w] > 0.0]
    several = len(set(names[1])) > 1
    run.labels = [("%s " % names[1][w] if several else "") + "[%d %d %d]" % tuple(wave[w]) for w in chosen]
    run.k, run.spectrum = k[chosen], spectrum[chosen]
    run.systems = [names[1][w] for w in chosen]
    run.compositions = [("%d waves" % len(chosen), [0])]


def spectra(run):
    figure, axes = panel_grid(2, 1, 2, False)
    shown = evenly(range(len(run.labels)), MOST_WAVES)
    marks = {}
    for axis, (label, directions) in zip(axes, SIDES):
        for place, w in enumerate(shown):
            y = sum(run.spectrum[w][d] for d in directions)
            whole = np.trapz(y, run.frequency)
            if not np.isfinite(whole) or whole <= 0.0:
                continue
            line, = axis.plot(run.frequency, y / whole, color=COLOURS[place % len(COLOURS)],
                              linestyle=DASHES[place // len(COLOURS) % len(DASHES)], linewidth=1.2)
            marks.setdefault(run.labels[w], line)
        if not axis.lines:
            no_value(axis, "no value")
        axis.set_ylabel("$S(\\nu)$ %s (1/THz)" % label)
    size = np.nan_to_num(np.abs(run.spectrum)).sum(axis=1).max(axis=0)
    seen = np.flatnonzero(size > 0.005 * size.max(initial=0.0))
    if len(seen) and seen[-1] > 0:
        axes[-1].set_xlim(0.0, 1.1 * run.frequency[seen[-1]])  # the panels share it; beyond it lies nothing
    name_axes(axes[-1:], 1, 1, "Frequency (THz)", "$S(\\nu)$ %s (1/THz)" % SIDES[1][0])
    headline(figure, run, "Spectra of currents", "integral 1", shown_note(len(shown), len(run.labels), "waves"))
    legend_beside(figure, list(marks.values()), [escaped(label) for label in marks])
    return figure


def peaks(run):
    figure, axes = panel_grid(1, 1, 1, False)
    for place, (label, directions) in enumerate(SIDES):
        top = [run.frequency[int(np.argmax(np.nan_to_num(sum(one[d] for d in directions))))] for one in run.spectrum]
        axes[0].plot(run.k, top, linestyle="none", marker="os"[place], color=COLOURS[place], label=label)
    axes[0].set_xlim(left=0.0)
    axes[0].set_ylim(bottom=0.0)
    name_axes(axes, 1, 1, u"$k$ (1/\u00c5)", "Frequency of the peak (THz)")
    headline(figure, run, "Where the spectra of currents are highest",
             "a point every %.3g THz" % (run.frequency[1] - run.frequency[0]))
    legend_beside(figure, *axes[0].get_legend_handles_labels())
    return figure


def draw_currents(folder):
    """Draws what there is; yields the paths as they are written."""
    run = Currents()
    read_in_child(os.path.join(folder, "series.h5"), run, read_currents)
    if run.labels:
        plots = os.path.join(folder, "plots")
        make_folder(plots)
        yield save(spectra(run), plots, "current_spectra.png")
        yield save(peaks(run), plots, "current_peaks.png")
