"""Figures of a run of swap_mc_md: order, energy and acceptance against trials, and order against temperature.

Quantities (of one system):
    delta_ij             (N_ij - N0_ij) / sites in a shell: bonds of a pair of elements above those of a random arrangement
    E / atom             potential energy of an atom
    accepted             share of the trials that were kept, from row to row
"""

import os

import numpy as np

from plot_drawing import (
    COLOURS, DASHES, escaped, evenly, headline, legend_beside, make_folder, name_axes, no_value, panel_grid, save, shown_note,
)
from plot_md import system_colours, system_label
from plot_reading import drawable, need_files, read_in_child, read_json, summary_value, text

SERIES_FORMAT = "zener-swap-series-1"
SUMMARY_FORMAT = "zener-swap-summary-1"
MOST_SYSTEMS = 24


class Run:
    """What the plots need of a result folder. R rows, K systems, S shells, P pairs of elements.

    title, status, facts, compositions (for the head of a figure); trial [R]; rung, replica [K]; bath [K][2] (K); pairs [P];
    energy [R][K] (eV); delta [R][K][S][P]; tried, kept [R][K][P]; groups (of the summary).
    """


def read_run(folder):
    """The Run of a folder; PlotFailure names the file and what is wrong with it."""
    need_files(folder, ("summary.json", "series.h5"))
    run = Run()
    summary = read_json(os.path.join(folder, "summary.json"), SUMMARY_FORMAT)
    facts = summary.get("run") if isinstance(summary.get("run"), dict) else {}
    run.status = " ".join(str(facts.get("status", "")).split())[:40]
    elements = facts.get("atoms") if isinstance(facts.get("atoms"), dict) else {}
    run.compositions = [(escaped(" ".join("%s %s" % (name[:8], n) for name, n in list(elements.items())[:8])), [0])]
    groups = summary.get("groups")
    run.groups = [group for group in groups if isinstance(group, dict)] if isinstance(groups, list) else []
    run.between = str(facts.get("between", ""))[:20]
    read_in_child(os.path.join(folder, "series.h5"), run, read_series)
    parts = ["%d systems" % len(run.rung)] if len(run.rung) > 1 else []
    parts += ["%d trials" % run.trial[-1], {"nothing": "rigid lattice", "relax": "relaxed energies", "md": "dynamics"}.get(
        run.between, escaped(run.between))]
    run.facts = parts + ([escaped(run.status)] if run.status and run.status != "finished" else [])
    return run


def read_series(reader, run):
    """Fills the rest of a Run from the open series.h5 and checks every shape."""
    reader.need_format(SERIES_FORMAT)
    run.title = text(reader.file.attrs.get("title", ""))
    run.trial = reader.dataset("trial", (None,))
    run.rung = reader.dataset("systems/rung", (None,), np.int64)
    count = (len(run.rung),)
    if not len(run.rung) or not len(run.trial) or not np.all((run.trial >= 0.0) & (run.trial < 1e15)):
        reader.fail("there is no row, or no system, or trials are no counts")
    run.replica = reader.dataset("systems/replica", count, np.int64)
    temperature = reader.dataset("systems/temperature_K", count)
    run.bath = np.stack([temperature, temperature], axis=1)
    run.energy = drawable(reader.dataset("energy_per_atom_eV", (len(run.trial),) + count))
    if not reader.has("order/pairs"):
        reader.fail("no dataset %s", "order/pairs")
    run.pairs = [text(name)[:17] for name in np.ravel(reader.file["order/pairs"][...])]
    each = (len(run.trial),) + count
    run.delta = drawable(reader.dataset("order/delta_per_site", each + (None, len(run.pairs))))
    run.tried = reader.dataset("acceptance/tried", each + (len(run.pairs),))
    run.kept = reader.dataset("acceptance/kept", each + (len(run.pairs),))


def unlike_pairs(run):
    """Places and names of the pairs of unlike elements."""
    return [(p, name) for p, name in enumerate(run.pairs) if len(set(name.split("-"))) > 1]


def against_trials(run, title, panels, notes=()):
    """A figure of panels one below the other; a panel is (label of y, f(system) -> [R])."""
    systems = evenly(range(len(run.rung)), MOST_SYSTEMS)
    colours = system_colours(run)
    figure, axes = panel_grid(len(panels), 1, len(panels), False)
    marks = {}
    for axis, (label, curve) in zip(axes, panels):
        for system in systems:
            y = curve(system)
            here = np.isfinite(y)
            if here.any():
                line, = axis.plot(
                    run.trial[here], y[here], color=colours[int(run.rung[system])], linewidth=1.0,
                    linestyle=DASHES[int(run.replica[system]) % len(DASHES)], marker="o" if here.sum() <= 2 else None,
                )
                marks.setdefault(system_label(run, system), line)
        if not axis.lines:
            no_value(axis, "no value")
        axis.set_ylabel(label)
    name_axes(axes[-1:], 1, 1, "Trials", panels[-1][0])
    headline(figure, run, title, *notes, shown_note(len(systems), len(run.rung), "systems"))
    if set(marks) - {""}:
        legend_beside(figure, list(marks.values()), [escaped(label) for label in marks])
    return figure


def plot_order(run):
    """Order of the unlike pairs in the first shell against trials."""
    def curve(pair):
        return lambda system: run.delta[:, system, 0, pair]

    panels = [(r"$\delta$ %s" % escaped(name), curve(p)) for p, name in evenly(unlike_pairs(run), 6)]
    return against_trials(run, "Chemical order, first shell", panels, ("bonds above a random arrangement, per site",))


def plot_energy(run):
    """Energy of an atom above that of the first row, and acceptance from row to row."""
    def accepted(system):
        tried = np.diff(run.tried[:, system].sum(axis=1), prepend=0.0)
        kept = np.diff(run.kept[:, system].sum(axis=1), prepend=0.0)
        return np.divide(kept, tried, out=np.full_like(kept, np.nan), where=tried > 0)

    return against_trials(run, "Energy and acceptance", (
        ("$(E - E_0)$ / atom (meV)", lambda system: 1000.0 * (run.energy[:, system] - run.energy[0, system])),
        ("Accepted", accepted),
    ))


def plot_order_against_temperature(run):
    """Means over the second half of the run, a panel for each shell, a line for each pair."""
    shells = run.delta.shape[2]
    figure, axes = panel_grid(shells, 1, shells, False)
    marks = {}
    for shell, axis in enumerate(axes[:shells]):
        for place, (_, name) in enumerate(unlike_pairs(run)):
            points = sorted(
                (float(group.get("temperature_K", np.nan)),) + summary_value(
                    group, "order", name, "shell_%d" % (shell + 1), "delta_per_site") for group in run.groups
            )
            t, mean, error = np.array(points or [(np.nan,) * 3]).T
            marks[name] = axis.errorbar(
                t, mean, yerr=np.nan_to_num(error), color=COLOURS[place % len(COLOURS)], linewidth=1.0, marker="o",
                markersize=3, linestyle=DASHES[place // len(COLOURS) % len(DASHES)],
            )
        axis.axhline(0.0, color="0.7", linewidth=0.8, zorder=0)
        axis.set_ylabel(r"$\delta$, shell %d" % (shell + 1))
    name_axes(axes[-1:], 1, 1, "Temperature (K)", r"$\delta$, shell %d" % shells)
    headline(figure, run, "Chemical order against temperature", "bonds above a random arrangement, per site")
    legend_beside(figure, list(marks.values()), [escaped(name) for name in marks])
    return figure


def draw_all(folder):
    """Draws every figure; yields the paths as they are written."""
    run = read_run(folder)
    plots = os.path.join(folder, "plots")
    make_folder(plots)
    yield save(plot_energy(run), plots, "energy.png")
    if run.delta.shape[2] and unlike_pairs(run):
        yield save(plot_order(run), plots, "order.png")
        yield save(plot_order_against_temperature(run), plots, "order_temperature.png")
