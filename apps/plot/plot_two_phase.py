"""Figures of two-phase thermodynamics, of runs of analyze and md: the parts of the density of states, and entropy, Gibbs energy and
fluidicity against temperature.

Quantities (of an atom; g gas, s solid):
    F           vibrational density of states, whose integral is 3; f F_g its gas part, (1 - f) F_s the rest
    f           fluidicity, the share of the atoms that diffuses
    S, G        entropy in k; Gibbs energy
"""

import os

import numpy as np

from plot_drawing import COLOURS, MARKERS, bars, escaped, evenly, headline, legend_beside, make_folder, name_axes, no_value
from plot_drawing import panel_grid, save, shown_note
from plot_reading import drawable, read_in_child, text

FOLDER = "analyses/two_phase"
FORMS = ("classic", "memory_function")
NAMES = {"classic": "classic", "memory_function": "memory function"}
MOST_PARTS = 6
QUANTUM = 1


class TwoPhase:
    """What the plots need. G groups of atoms, P frequencies; two forms, two weights.

    title, facts, compositions (for the head of a figure); labels, groups [G]; temperature [G]; frequency [P]; gas, solid
    [G][2][P]; values: name -> (value, error), [G][2] or [G][2][2].
    """


def read_two_phase(reader, run):
    """Fills a TwoPhase from the open series.h5; its labels are empty when there is nothing to draw."""
    run.title = text(reader.file.attrs.get("title", ""))
    run.labels, run.facts, run.compositions = [], [], []
    if not reader.has(FOLDER):
        return
    run.temperature = drawable(reader.dataset(FOLDER + "/temperature_K", (None,)))
    count = len(run.temperature)
    names = []
    for name in ("group", "system"):
        if not reader.has(FOLDER + "/" + name) or np.shape(reader.file[FOLDER][name]) != (count,):
            reader.fail("no dataset %s of a text for each group", FOLDER + "/" + name)
        names.append([" ".join(text(one).split())[:24] for one in np.ravel(reader.file[FOLDER][name][...])])
    run.frequency = drawable(reader.dataset(FOLDER + "/frequency_THz", (None,)))
    run.gas, run.solid = (
        drawable(reader.dataset(FOLDER + "/" + part, (count, len(FORMS), len(run.frequency)))) for part in ("gas", "solid"))
    run.values = {}
    for name, shape in (("fluidicity", ()), ("entropy_k", (2,)), ("gibbs_eV", (2,))):
        run.values[name] = tuple(
            drawable(reader.dataset("%s/%s/%s" % (FOLDER, name, which), (count, len(FORMS)) + shape))
            for which in ("value", "standard_error"))
    run.groups = names[0]
    several = len(set(names[0])) > 1
    run.labels = ["%.4g K%s" % (t, " " + group if several else "") for t, group in zip(run.temperature, names[0])]
    run.compositions = [("%d groups of atoms" % count if count > 1 else "", [0])]


def parts(run):
    """F and its parts, a panel for each of some groups."""
    chosen = [g for g in range(len(run.labels)) if run.groups[g] == "all"]
    shown = evenly(chosen, MOST_PARTS)
    columns = min(2, len(shown))
    figure, axes = panel_grid((len(shown) + columns - 1) // columns, columns, len(shown), True, 0.3)
    marks = {}
    for axis, g in zip(axes, shown):
        whole = run.gas[g][1] + run.solid[g][1]
        curves = [("$F$", whole, "#222222", "-"), ("gas, memory function", run.gas[g][1], COLOURS[1], "-"),
                  ("solid, memory function", run.solid[g][1], COLOURS[0], "-"), ("gas, classic", run.gas[g][0], COLOURS[1], ":"),
                  ("solid, classic", run.solid[g][0], COLOURS[0], ":")]
        there = np.nonzero(np.nan_to_num(whole) > 2e-3 * np.nanmax(whole, initial=0.0))[0]
        end = min(len(whole), (there[-1] if len(there) else len(whole)) + 2)
        for label, y, colour, line in curves:
            if np.isfinite(y[:end]).any():
                marks[label], = axis.plot(run.frequency[:end], y[:end], color=colour, linestyle=line, linewidth=1.3)
        if not axis.lines:
            no_value(axis, "no value")
        axis.axhline(0.0, color="#999999", linewidth=0.6)
        axis.set_title("%s, $f$ = %.3f" % (escaped(run.labels[g]), run.values["fluidicity"][0][g][1]), fontsize=9)
    name_axes(axes, len(shown), columns, "Frequency (THz)", "$F$ (1/THz)")
    headline(figure, run, "Gas and solid part of the density of states", shown_note(len(shown), len(chosen), "systems"))
    if marks:
        legend_beside(figure, list(marks.values()), list(marks))
    return figure


def against_temperature(run):
    """Fluidicity, entropy and Gibbs energy of all atoms."""
    chosen = np.array([g for g in range(len(run.labels)) if run.groups[g] == "all"], dtype=int)
    chosen = chosen[np.argsort(run.temperature[chosen], kind="stable")]
    panels = [("Fluidicity $f$", "fluidicity", None), ("$S$ / atom ($k$)", "entropy_k", QUANTUM)]
    if np.isfinite(run.values["gibbs_eV"][0]).any():
        panels.append(("$G$ / atom (eV)", "gibbs_eV", QUANTUM))
    figure, axes = panel_grid(len(panels), 1, len(panels), False)
    marks = {}
    for axis, (label, name, weight) in zip(axes, panels):
        for form, of in enumerate(FORMS):
            value, error = (one[chosen, form] if weight is None else one[chosen, form, weight] for one in run.values[name])
            here = np.isfinite(value) & np.isfinite(run.temperature[chosen])
            if here.any() and not (form == 0 and name == "fluidicity"):  # the same in both forms
                marks[NAMES[of]] = axis.errorbar(
                    run.temperature[chosen][here], value[here], yerr=bars(error[here]), color=COLOURS[form], marker=MARKERS[form],
                    linewidth=0.8, markersize=4)
        if not axis.has_data():
            no_value(axis, "no value")
        axis.set_ylabel(label)
    name_axes(axes[-1:], 1, 1, "Temperature (K)", panels[-1][0])
    headline(figure, run, "Two-phase thermodynamics", "oscillators with quantum weights")
    if marks:
        legend_beside(figure, list(marks.values()), list(marks))
    return figure


def draw_two_phase(folder):
    """Draws what there is; yields the paths as they are written."""
    run = TwoPhase()
    read_in_child(os.path.join(folder, "series.h5"), run, read_two_phase)
    if not run.labels:
        return
    plots = os.path.join(folder, "plots")
    make_folder(plots)
    yield save(parts(run), plots, "two_phase_parts.png")
    if sum(group == "all" for group in run.groups) > 1:
        yield save(against_temperature(run), plots, "two_phase.png")
