"""Figures of atoms that changed their sites: lengths and directions of strings, and events and defects over time.

Kinds of events: vacancy and interstitial (a chain that the defect drove), nucleation and recombination of a Frenkel pair, ring
(closed), row (closed through the periodic cell). All systems of a run are counted together.
"""

import os

import numpy as np

from plot_drawing import (
    COLOURS, DASHES, escaped, evenly, headline, legend_beside, make_folder, name_axes, no_value, panel_grid, save, shown_note,
)
from plot_reading import drawable, read_in_child, text

ROOT = "analyses/events/"
MOST_LENGTHS = 25
MOST_SYSTEMS = 6


class Events:
    """What the figures need. K systems, W windows, E events; none where the run has no events.

    title, facts, compositions (for the head of a figure); kinds, directions, systems (names); length, direction, moves
    [kind][...]; time [E], kind [E]; window_time [W]; vacancies, interstitials [W][K]; lasting_vacancies, lasting_interstitials.
    """


def read_events(reader, run):
    """Fills Events from the open series.h5 and checks every shape."""
    run.there = reader.has(ROOT + "kinds")
    if not run.there:
        return
    run.title = text(reader.file.attrs.get("title", ""))
    for name in ("kinds", "directions", "systems"):
        if not reader.has(ROOT + name) or len(np.shape(reader.file[ROOT + name])) != 1:
            reader.fail("no dataset %s of texts", ROOT + name)
        setattr(run, name, [" ".join(text(one).split())[:24] for one in reader.file[ROOT + name][...]])
    window_ps = float(reader.dataset(ROOT + "window_ps", (1,))[0])
    run.window_time = reader.dataset(ROOT + "time_ps", (None,))
    shape = (len(run.window_time), len(run.systems))
    for name in ("vacancies", "interstitials"):
        setattr(run, name, drawable(reader.dataset(ROOT + name, shape)))
        setattr(run, "lasting_" + name, drawable(reader.dataset(ROOT + "lasting_" + name, (None, shape[1]))))
    counts = (len(run.systems), len(run.kinds))
    for name in ("length", "direction", "move_direction"):
        values = reader.dataset(ROOT + "histogram/" + name, counts + (None if name == "length" else len(run.directions),))
        setattr(run, name, values.sum(axis=0))
    run.time = drawable(reader.dataset(ROOT + "event/time_ps", (None,)))
    run.kind = reader.dataset(ROOT + "event/kind", (len(run.time),), np.int64)
    run.facts = ["%d events in %d windows of %.3g ps" % (len(run.time), len(run.window_time), window_ps)]
    several = len(run.systems) > 1
    run.compositions = [("%d systems together" % len(run.systems) if several else escaped(run.systems[0] if run.systems else ""), [0])]


def stack(axis, run, names, counts):
    """Bars, one above the other by kind; returns kind -> bar. counts [kind][bar]."""
    floor = np.zeros(len(names))
    marks = {}
    for kind, row in enumerate(counts):
        if row.sum() > 0:
            marks[kind] = axis.bar(np.arange(len(names)), row, bottom=floor, width=0.7, color=COLOURS[kind % len(COLOURS)])
            floor = floor + row
    axis.set_xticks(np.arange(len(names)), names)
    axis.set_xlim(-0.6, len(names) - 0.4)
    axis.grid(False, axis="x")
    return marks


def kinds_beside(figure, run, marks):
    """The key of the kinds."""
    legend_beside(figure, [marks[kind] for kind in sorted(marks)], [escaped(run.kinds[kind]) for kind in sorted(marks)])


def plot_lengths(run):
    """How many atoms moved in an event."""
    counts = run.length[:, 1:]
    names = [str(n) for n in range(1, 1 + counts.shape[1])]
    if len(names) > MOST_LENGTHS:
        counts = np.concatenate((counts[:, :MOST_LENGTHS - 1], counts[:, MOST_LENGTHS - 1:].sum(axis=1, keepdims=True)), axis=1)
        names = names[:MOST_LENGTHS - 1] + ["more"]
    figure, axes = panel_grid(1, 1, 1, False)
    marks = stack(axes[0], run, names, counts)
    name_axes(axes, 1, 1, "Atoms that moved together", "Events")
    headline(figure, run, "Lengths of strings and rings")
    kinds_beside(figure, run, marks)
    return figure


def plot_directions(run):
    """Directions from end to end, and of single atoms."""
    names = [r"$\langle %s \rangle$" % name if name.isdigit() else ("ring" if name == "none" else escaped(name))
             for name in run.directions]
    figure, axes = panel_grid(2, 1, 2, False)
    marks = stack(axes[0], run, names, run.direction)
    marks.update(stack(axes[1], run, names, run.move_direction))
    axes[0].set_ylabel("Events, end to end")
    name_axes(axes[1:], 1, 1, "Direction in the axes of the cubic crystal", "Moves of single atoms")
    headline(figure, run, "Directions of strings and of their atoms")
    kinds_beside(figure, run, marks)
    return figure


def plot_times(run):
    """Events so far, and defects in each window."""
    figure, axes = panel_grid(2, 1, 2, False)
    marks = {}
    for kind in range(len(run.kinds)):
        times = np.sort(run.time[run.kind == kind])
        if len(times):
            end = max(float(run.window_time[-1]), float(times[-1]))
            x, y = np.append(times, end), np.append(np.arange(1, 1 + len(times)), len(times))
            marks[kind], = axes[0].step(x, y, where="post", color=COLOURS[kind % len(COLOURS)])
    if not marks:
        no_value(axes[0], "no event")
    axes[0].set_ylabel("Events so far")
    shown = evenly(range(len(run.systems)), MOST_SYSTEMS)
    lines = []
    # Often there are as many of both: one is drawn inside of the other.
    for name, colour, width in (("vacancies", COLOURS[6], 3.5), ("interstitials", COLOURS[7], 1.5)):
        for place, system in enumerate(shown):
            values, lasting = getattr(run, name)[:, system], getattr(run, "lasting_" + name)[:, system]
            axes[1].plot(run.window_time, values, color=colour, linewidth=0.7, alpha=0.45)
            line, = axes[1].step(run.window_time[:len(lasting)], lasting[:len(run.window_time)], where="mid", color=colour,
                                 linewidth=width, linestyle=DASHES[place % len(DASHES)])
            if place == 0:
                lines.append((name, line))
    name_axes(axes[1:], 1, 1, "Time (ps)", "Defects of a system")
    headline(figure, run, "Events and point defects over time", "thick: defects that last, thin: of each window",
             shown_note(len(shown), len(run.systems), "systems"))
    handles = [marks[kind] for kind in sorted(marks)] + [line for _, line in lines]
    legend_beside(figure, handles, [escaped(run.kinds[kind]) for kind in sorted(marks)] + [name for name, _ in lines])
    return figure


def draw_events(folder):
    """Draws the events of a run that looked for them; yields the paths as they are written."""
    run = Events()
    read_in_child(os.path.join(folder, "series.h5"), run, read_events)
    if not run.there or not len(run.window_time):
        return
    plots = os.path.join(folder, "plots")
    make_folder(plots)
    if len(run.time):
        yield save(plot_lengths(run), plots, "events_length.png")
        yield save(plot_directions(run), plots, "events_direction.png")
    yield save(plot_times(run), plots, "events_time.png")
