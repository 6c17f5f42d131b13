"""Figures of a molecular dynamics run against time, a line for each system.

Quantities (of one system; those of energy for each of its atoms):
    E_pot - E_pot(0)     potential energy above that of the first row
    H - H(0)             what the equations of the ensemble keep constant: it stays at 0 but for the error of the time step
    T                    2 K / (f k), f degrees of freedom; dashed: the thermostat
    p                    a third of the trace of the pressure tensor, kinetic part included
    V, a, b, c           volume of an atom, and lengths of the cell over those of the first row
"""

import os

import numpy as np

from plot_drawing import (
    COLOURS, DASHES, escaped, evenly, headline, legend_beside, make_folder, matplotlib, name_axes, no_value, panel_grid,
    power_of_ten, save, shown_note,
)
from plot_analyses import draw_all as draw_analyses
from plot_reading import drawable, need_files, read_in_child, read_json, text

SERIES_FORMAT = "zener-md-series-1"
SUMMARY_FORMAT = "zener-md-summary-1"
MOST_SYSTEMS = 24
SCALARS = (
    "potential_eV", "conserved_eV", "temperature_K", "pressure_GPa", "volume_A3", "length_a_A", "length_b_A", "length_c_A",
)


class Run:
    """What the plots need of a result folder. R rows, K systems.

    title, status, facts, compositions (for the head of a figure); preset (a dict); time [R] (ps); rung, replica, atoms [K];
    bath [K][2] (K, 0 without one); series: name -> [R][K].
    """


def read_run(folder):
    """The Run of a folder; PlotFailure names the file and what is wrong with it."""
    need_files(folder, ("summary.json", "series.h5"))
    run = Run()
    summary = read_json(os.path.join(folder, "summary.json"), SUMMARY_FORMAT)
    status = summary.get("run")
    run.status = " ".join(str(status.get("status", "")).split())[:40] if isinstance(status, dict) else ""
    systems = summary.get("systems")
    first = systems[0] if isinstance(systems, list) and systems and isinstance(systems[0], dict) else {}
    elements = first.get("atoms") if isinstance(first.get("atoms"), dict) else {}
    run.compositions = [(escaped(" ".join("%s %s" % (name[:8], n) for name, n in list(elements.items())[:8])), [0])]
    read_in_child(os.path.join(folder, "series.h5"), run, read_series)
    run.facts = facts(run)
    return run


def read_series(reader, run):
    """Fills the rest of a Run from the open series.h5 and checks every shape."""
    reader.need_format(SERIES_FORMAT)
    run.title = text(reader.file.attrs.get("title", ""))
    run.preset = reader.preset()
    run.measured = reader.has("analyses")
    run.time = drawable(reader.dataset("time_ps", (None,)))
    run.atoms = reader.dataset("systems/atoms", (None,), np.int64)
    count = (len(run.atoms),)
    if not len(run.atoms) or not len(run.time) or np.any(run.atoms < 1):
        reader.fail("there is no row, or no atom in a system")
    run.rung = reader.dataset("systems/rung", count, np.int64)
    run.replica = reader.dataset("systems/replica", count, np.int64)
    run.bath = np.stack([reader.dataset("systems/bath_%s_K" % end, count) for end in ("begin", "end")], axis=1)
    run.series = {name: drawable(reader.dataset(name, (len(run.time),) + count)) for name in SCALARS}


def facts(run):
    """The run's size for a subtitle."""
    parts = []
    if len(run.atoms) > 1:
        parts.append("%d systems" % len(run.atoms))
    ensemble = run.preset.get("ensemble")
    if isinstance(ensemble, dict):
        parts.append(escaped(str(ensemble.get("kind", ""))[:20]).replace("_", " "))
    parts.append("%s ps" % power_of_ten(float(run.time[-1])) if run.time[-1] >= 1e5 else "%.4g ps" % run.time[-1])
    if run.status and run.status != "finished":
        parts.append(escaped(run.status))
    return parts


def system_label(run, system):
    """Temperature and replica, as far as they tell systems apart."""
    bath = float(run.bath[system][0])
    parts = []
    if len(set(run.rung.tolist())) > 1:
        parts.append("%g K" % bath if bath > 0.0 else "rung %d" % run.rung[system])
    if len(set(run.replica.tolist())) > 1:
        parts.append("replica %d" % run.replica[system])
    return ", ".join(parts)


def system_colours(run):
    """Rung -> colour: one after the other, or dark to bright when there are many."""
    rungs = sorted(set(run.rung.tolist()))
    if len(rungs) <= len(COLOURS):
        return dict(zip(rungs, COLOURS))
    scale = matplotlib.colormaps["plasma"]
    return dict(zip(rungs, (scale(float(x)) for x in np.linspace(0.0, 0.9, len(rungs)))))


def against_time(run, title, panels, notes=()):
    """A figure of panels one below the other; a panel is (label of y, f(system) -> [R], level(system) -> [2] or None)."""
    systems = evenly(range(len(run.atoms)), MOST_SYSTEMS)
    colours = system_colours(run)
    figure, axes = panel_grid(len(panels), 1, len(panels), False)
    marks = {}
    for axis, (_, curve, level) in zip(axes, panels):
        drawn = False
        for system in systems:
            y = curve(system)
            here = np.isfinite(y) & np.isfinite(run.time)
            if not here.any():
                continue
            drawn = True
            line, = axis.plot(
                run.time[here], y[here], color=colours[int(run.rung[system])], linewidth=1.0,
                linestyle=DASHES[int(run.replica[system]) % len(DASHES)], marker="o" if here.sum() <= 2 else None,
            )
            marks.setdefault(system_label(run, system), line)
            wanted = level(system) if level is not None else None
            if wanted is not None:
                axis.plot(
                    [run.time[here][0], run.time[here][-1]], wanted, color=line.get_color(), linewidth=1.0, linestyle="--",
                    alpha=0.6,
                )
        if not drawn:
            no_value(axis, "no value")
    for axis, (label, _, _) in zip(axes, panels):
        axis.set_ylabel(label)
    name_axes(axes[-1:], 1, 1, "Time (ps)", panels[-1][0])
    headline(figure, run, title, *notes, shown_note(len(systems), len(run.atoms), "systems"))
    if set(marks) - {""}:
        legend_beside(figure, list(marks.values()), [escaped(label) for label in marks])
    return figure


def above_start(run, name):
    """f(system): the series above its first row, meV for each atom."""
    series = run.series[name]
    return lambda system: 1000.0 * (series[:, system] - series[0, system]) / run.atoms[system]


def plot_energy(run):
    """Potential energy and the conserved quantity above those of the first row."""
    return against_time(
        run, "Energy", (
            (r"$(E_\mathrm{pot} - E_0)$ / atom (meV)", above_start(run, "potential_eV"), None),
            (r"$(H - H_0)$ / atom (meV)", above_start(run, "conserved_eV"), None),
        ), ("H: what the equations of motion keep constant",),
    )


def plot_temperature(run):
    """Temperature of the motion, and of the thermostat."""
    def bath(system):
        return run.bath[system] if run.bath[system][0] > 0.0 else None

    return against_time(
        run, "Temperature", (("Temperature (K)", lambda system: run.series["temperature_K"][:, system], bath),),
        ("dashed: the thermostat",) if np.any(run.bath > 0.0) else (),
    )


def plot_pressure(run):
    """Pressure with its kinetic part."""
    return against_time(run, "Pressure", (("Pressure (GPa)", lambda system: run.series["pressure_GPa"][:, system], None),))


def plot_cell(run):
    """Volume of an atom, and the lengths of the cell over those at the start."""
    def length(name):
        series = run.series[name]
        return lambda system: series[:, system] / series[0, system] if series[0, system] > 0.0 else series[:, system] * np.nan

    panels = [(u"Volume / atom (\u00c5$^3$)", lambda system: run.series["volume_A3"][:, system] / run.atoms[system], None)]
    lengths = {axis: length("length_%s_A" % axis) for axis in "abc"}
    systems = range(len(run.atoms))
    alike = all(np.allclose(lengths["a"](k), lengths[axis](k), rtol=1e-9, equal_nan=True) for k in systems for axis in "bc")
    panels += [(r"$%s / %s_0$" % (axis, axis), lengths[axis], None) for axis in ("a" if alike else "abc")]
    return against_time(run, "Cell", panels, ("b and c like a",) if alike else ())


def draw_all(folder):
    """Draws every figure; yields the paths as they are written."""
    run = read_run(folder)
    plots = os.path.join(folder, "plots")
    make_folder(plots)
    yield save(plot_energy(run), plots, "energy.png")
    yield save(plot_temperature(run), plots, "temperature.png")
    yield save(plot_pressure(run), plots, "pressure.png")
    volume = run.series["volume_A3"]
    if np.nanmax(volume, initial=0.0) > np.nanmin(volume, initial=np.inf):
        yield save(plot_cell(run), plots, "cell.png")
    if run.measured:
        yield from draw_analyses(folder)
