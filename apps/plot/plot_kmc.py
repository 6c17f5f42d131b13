#!/usr/bin/env python3
"""Draws the results of a kinetic Monte Carlo run.

    python3 plot_kmc.py DIR        reads DIR/series.h5 and DIR/summary.json, writes DIR/plots/*.png

Quantities (means over the replicas of a group; bars and bands are one standard error, absent with one replica):
    delta_ij = N_ij - N0_ij        unordered bonds i-j of a shell, less those expected of the same atoms in random places
    alpha_ij                       Warren-Cowley parameter as the run wrote it (negative: i and j attract)
    t                              physical time, the sum of the residence times
    R^2                            squared displacement of the vacancy from its start
    D = R^2 / (6 t)                diffusivity of the vacancy; in the Arrhenius plot D = D0 exp(-Q / (kB T)), with Q and D0 by
                                   least squares of ln D against 1/T, each temperature with the same weight
The first three appear in figure 3 of Xing, Rupert, Pan, Cao, Nature Communications 15, 3879 (2024).

Exit codes: 0 done, 2 bad arguments, 3 a bad file, a missing Python module or a disk that refuses to take a file.
"""

import argparse
import importlib
import json
import math
import os
import pickle
import re
import resource
import signal
import sys
import textwrap
import warnings

SERIES_FORMAT = "zener-kmc-series-1"
SUMMARY_FORMAT = "zener-kmc-summary-1"
BOLTZMANN_EV_PER_K = 8.617333262e-5
MODULES = {"numpy": "python3-numpy", "h5py": "python3-h5py", "matplotlib": "python3-matplotlib"}  # Debian packages

LONGEST_READ_S = 60

DPI = 150
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D1F")  # after Okabe and Ito
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h")
MOST_PAIRS = 10          # of 36 with 8 elements
MOST_PANELS = 12
MOST_ROWS = 6
MOST_COMPOSITIONS = 16   # in one panel
MOST_LEGEND_LINES = 20   # more temperatures get a colour bar
AVERAGES = (("last", "after the last hop"), ("per_hop", "average per hop"))
DELTA_LABEL = r"$\delta_{%s}$ (bonds in the cell)"
DELTA_NOTE = r"$\delta = N - N^0$: bonds more than in a random solution"
DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)))
HOPS_LABEL = "Hops of the vacancy"

STYLE = {
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.labelsize": 10.5,
    "legend.fontsize": 9,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.7,
    "axes.edgecolor": "#444444",
    "legend.frameon": False,
    "lines.linewidth": 1.5,
    "lines.markersize": 5,
    "errorbar.capsize": 2.5,
    "figure.dpi": DPI,
}


class PlotFailure(Exception):
    """A message for the user and the exit code that goes with it."""

    def __init__(self, message, code=3):
        super().__init__(message)
        self.code = code


def load_modules():
    """Imports numpy, h5py and matplotlib; one message names all Debian packages that are missing."""
    missing, reason = [], ""
    for name in MODULES:
        try:
            globals()["np" if name == "numpy" else name] = importlib.import_module(name)
        except ImportError as error:
            if error.name not in missing:  # else only what it needs is missing
                missing.append(name)
                reason = reason or str(error)
    if missing:
        plural = "s" if len(missing) > 1 else ""
        raise PlotFailure(
            "the plots need the Python module%s %s (%s): install the Debian package%s %s, then run `zener plot DIR`"
            % (plural, " and ".join(missing), reason, plural, " ".join(MODULES[name] for name in missing))
        )
    matplotlib.use("Agg")
    globals()["plt"] = importlib.import_module("matplotlib.pyplot")
    plt.rcParams.update(STYLE)


# --- reading -----------------------------------------------------------------------------------------------------------------


class Run:
    """What the plots need of a result folder. R rows (sampled hop counts), G groups, S elements, H shells, P pairs.

    title, status; elements [S]; atoms [G][S]; temperature [G] (K); hops [R]; groups [G] (of the summary);
    compositions: [(label, indices of its groups by temperature)]; pairs [P]; shells;
    series: name -> (mean, standard error), each [R][G] or [R][G][H][P].
    """


def read_run(folder):
    """The Run of a folder; PlotFailure names the file and what is wrong with it."""
    if not os.path.isdir(folder):
        raise PlotFailure("%s: no such folder" % folder)
    summary_path = os.path.join(folder, "summary.json")
    series_path = os.path.join(folder, "series.h5")
    for path in (summary_path, series_path):
        if not os.path.isfile(path):
            raise PlotFailure("%s: no such file; is %s the result folder of a finished or interrupted run?" % (path, folder))
    run = Run()
    read_summary(summary_path, run)
    read_in_child(series_path, run)
    run.compositions = group_by_composition(run)
    return run


def read_in_child(path, run):
    """open_series in a child process, which sends back what it read.

    Damaged metadata can crash the HDF5 library itself or hold it for ever; then only the child is lost.
    """
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer Pythons warn of any fork; this child only reads a file and leaves
        child = os.fork()
    if child == 0:
        try:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            signal.alarm(LONGEST_READ_S)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # last words of a crash
            try:
                open_series(path, run)
                answer = vars(run)
            except PlotFailure as failure:
                answer = str(failure)
            with os.fdopen(writer, "wb") as pipe:
                pickle.dump(answer, pipe)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        data = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) or not data:
        signal_number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        how = "does not end" if signal_number == signal.SIGALRM else "fails (signal %d)" % signal_number
        raise PlotFailure("%s: damaged: the HDF5 library %s on it" % (path, how))
    answer = pickle.loads(data)
    if isinstance(answer, str):
        raise PlotFailure(answer)
    vars(run).update(answer)


def open_series(path, run):
    """read_series of a file by name, with one kind of error for whatever HDF5 finds in it."""
    try:
        with h5py.File(path, "r") as file:
            read_series(file, path, run)
    except PlotFailure:
        raise
    except Exception as error:  # damaged bytes surface as any of a dozen types
        raise PlotFailure("%s: damaged or not an HDF5 file: %s" % (path, error)) from None


def read_summary(path, run):
    """Fills groups and status from summary.json."""
    try:
        with open(path, encoding="utf-8") as file:
            summary = json.load(file)
    except OSError as error:
        raise PlotFailure("%s: cannot be read: %s" % (path, error.strerror or error)) from None
    except (ValueError, RecursionError) as error:
        raise PlotFailure("%s: damaged: %s" % (path, error)) from None
    if not isinstance(summary, dict) or summary.get("format") != SUMMARY_FORMAT:
        raise PlotFailure('%s: "format" is not "%s"; it was written by another program or version' % (path, SUMMARY_FORMAT))
    groups = summary.get("groups")
    if not isinstance(groups, list) or not groups or not all(isinstance(group, dict) for group in groups):
        raise PlotFailure("%s: /groups is not a list of one or more objects" % path)
    run.groups = groups
    status = summary.get("run")
    run.status = " ".join(str(status.get("status", "")).split())[:40] if isinstance(status, dict) else ""


def read_series(file, path, run):
    """Fills the rest of a Run from the open series.h5 and checks every shape."""
    if text(file.attrs.get("format", "")) != SERIES_FORMAT:
        raise PlotFailure(
            '%s: attribute "format" is not "%s"; it was written by another program or version' % (path, SERIES_FORMAT)
        )

    def dataset(name, shape, kind=float):
        if name not in file or not isinstance(file[name], h5py.Dataset):
            raise PlotFailure("%s: no dataset %s" % (path, name))
        found = file[name].shape
        if len(found) != len(shape) or any(want is not None and want != n for want, n in zip(shape, found)):
            wanted = ", ".join("any" if n is None else str(n) for n in shape)
            raise PlotFailure("%s: dataset %s has the shape %s, expected [%s]" % (path, name, list(found), wanted))
        return np.asarray(file[name][...], dtype=kind)

    run.title = text(file.attrs.get("title", ""))
    run.temperature = dataset("groups/temperature_K", (None,))
    group_count = len(run.temperature)
    if group_count != len(run.groups):
        raise PlotFailure(
            "%s: %d groups, but summary.json has %d: the two files are of different runs" % (path, group_count, len(run.groups))
        )
    if not np.all((run.temperature > 1e-6) & (run.temperature < 1e6)):
        raise PlotFailure("%s: dataset groups/temperature_K has values that are no temperatures" % path)
    run.atoms = dataset("groups/atoms", (group_count, None), np.int64)
    run.elements = [text(name) for name in np.ravel(file["groups/atoms"].attrs.get("elements", []))]
    if not run.elements or len(run.elements) != run.atoms.shape[1]:
        raise PlotFailure("%s: dataset groups/atoms has %d columns and names %d elements"
                          % (path, run.atoms.shape[1], len(run.elements)))
    if not all(re.fullmatch(r"[A-Za-z0-9]{1,8}", name) for name in run.elements):
        raise PlotFailure("%s: dataset groups/atoms names elements that are no names: %s" % (path, run.elements))
    run.hops = dataset("hops", (None,))
    if not np.all((run.hops >= 0.0) & (run.hops < 2.0**64)):
        raise PlotFailure("%s: dataset hops has values that are no counts" % path)
    rows = len(run.hops)

    def statistics(name, shape):
        return drawable(dataset(name + "/mean", shape)), drawable(dataset(name + "/standard_error", shape))

    run.series = {name: statistics(name, (rows, group_count)) for name in ("time_s", "vacancy/msd_A2")}
    run.pairs, run.shells = [], 0
    if "order" in file:
        names = file["order/pairs"][...] if "order/pairs" in file else []
        run.pairs = [text(name) for name in np.ravel(names)]
        wanted = ["%s-%s" % (a, b) for i, a in enumerate(run.elements) for b in run.elements[i:]]
        if run.pairs != wanted:
            raise PlotFailure("%s: dataset order/pairs is %s, expected %s" % (path, run.pairs, wanted))
        expected = dataset("order/expected_bonds", (group_count, None, len(run.pairs)))
        run.shells = expected.shape[1]
        shape = (rows, group_count, run.shells, len(run.pairs))
        run.series["order/delta_per_cell"] = statistics("order/delta_per_cell", shape)


def drawable(values):
    """Numbers that an axis can hold: NaN beyond 1e200 (a time at 50 K can be), 0 below 1e-200."""
    values = np.where(np.abs(values) < 1e200, values, np.nan)
    return np.where(np.abs(values) < 1e-200, 0.0, values)


def text(value):
    """A str from what h5py gives for a string: str, bytes or a numpy scalar."""
    if hasattr(value, "item"):
        value = value.item() if getattr(value, "size", 1) == 1 else ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def number(value):
    """A drawable float of a JSON value; NaN for null and whatever is no number."""
    try:
        return float(drawable(float(value))) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
    except OverflowError:  # an integer of more than 308 digits
        return math.nan


def summary_value(group, *keys):
    """(mean, standard error) at a path of a group of the summary; NaN where it is absent."""
    for key in keys:
        group = group.get(key) if isinstance(group, dict) else None
    if not isinstance(group, dict):
        return math.nan, math.nan
    return number(group.get("mean")), number(group.get("standard_error"))


def group_by_composition(run):
    """[(label, [groups by rising temperature])], in the order in which the compositions appear."""
    members = {}
    for group, atoms in enumerate(run.atoms):
        members.setdefault(tuple(int(n) for n in atoms), []).append(group)
    for decimals in (0, 1, 2, 3):  # as many as tell the compositions apart
        labels = [composition_label(run.elements, atoms, decimals) for atoms in members]
        if len(set(labels)) == len(labels):
            break
    return [
        (label, sorted(groups, key=lambda g: run.temperature[g])) for label, groups in zip(labels, members.values())
    ]


def composition_label(elements, atoms, decimals):
    """Nb33Mo33Ta33 with atomic percent as subscripts; a pure element stands alone."""
    total = max(sum(atoms), 1)
    present = [(escaped(name), 100.0 * n / total) for name, n in zip(elements, atoms) if n > 0]
    if len(present) == 1:
        return present[0][0]
    return "".join(r"%s$_{%.*f}$" % (name, decimals, percent) for name, percent in present)


def escaped(words):
    """Text in which matplotlib finds no mathematics."""
    return words.replace("$", r"\$")


# --- drawing -----------------------------------------------------------------------------------------------------------------


def evenly(items, most):
    """At most `most` of the items, evenly chosen, with the first and the last."""
    items = list(items)
    if len(items) <= most:
        return items
    return [items[round(k * (len(items) - 1) / (most - 1))] for k in range(most)]


def shown_note(shown, total, what):
    """Says in the subtitle that some are left out; empty when all are there."""
    return "" if shown == total else "%d of %d %s shown" % (shown, total, what)


def bars(errors):
    """Standard errors for matplotlib: None when none is a number (one replica), 0 for the odd one that is not."""
    errors = np.asarray(errors, dtype=float)
    return None if not np.any(np.isfinite(errors)) else np.where(np.isfinite(errors), np.abs(errors), 0.0)


def panel_grid(rows, columns, used, share_y, above=0.1):
    """A figure of rows x columns panels, the first `used` to be drawn on, with `above` inches for titles; its axes, flat."""
    width, height = {1: (6.4, 4.3), 2: (4.3, 3.3)}.get(columns, (3.5, 2.9))
    if columns == 1 and rows > 1:
        height = 3.2
    width, height = width * columns, height * rows
    figure, grid = plt.subplots(rows, columns, figsize=(width, height), squeeze=False, sharex=True, sharey=share_y)
    # Fixed margins (inches): a layout engine would take most of the time of a large figure.
    figure.subplots_adjust(
        left=0.75 / width, right=1.0 - 0.05 / width, bottom=0.55 / height, top=1.0 - above / height, wspace=0.07,
        hspace=0.22 if used == rows * columns else 0.4,
    )
    axes = list(grid.flat)
    for index, axis in enumerate(axes):
        if index >= used:
            axis.set_visible(False)
        elif index + columns >= used:  # the last one of its column
            axis.tick_params(labelbottom=True)
    return figure, axes


def name_axes(axes, used, columns, x_label, y_label):
    """Labels on the left and below the last panel of each column."""
    for index in range(used):
        if index % columns == 0:
            axes[index].set_ylabel(y_label)
        if index + columns >= used:
            axes[index].set_xlabel(x_label)


def composition_panels(compositions):
    """(figure, axes, number of columns): one panel for each composition, named when there are several."""
    columns = min(len(compositions), 3 if len(compositions) != 4 else 2)
    above = 0.3 if len(compositions) > 1 else 0.1
    figure, axes = panel_grid(math.ceil(len(compositions) / columns), columns, len(compositions), True, above)
    if len(compositions) > 1:
        for axis, (label, _) in zip(axes, compositions):
            axis.set_title(label)
    return figure, axes, columns


def headline(figure, run, title, *notes):
    """Above the figure: its title, and in small type the run's own title and its size."""
    parts = [run.compositions[0][0]] if len(run.compositions) == 1 else ["%d compositions" % len(run.compositions)]
    parts.append("%s atoms" % " or ".join("{:,}".format(n) for n in sorted({int(n) for n in run.atoms.sum(axis=1)})[:3]))
    if len(run.hops):
        parts.append("%s hop%s" % (power_of_ten(run.hops[-1]), "" if run.hops[-1] == 1 else "s"))
    replicas = max((number(group.get("replicas")) for group in run.groups), default=math.nan)
    if math.isfinite(replicas):
        parts.append("one walker per point, no error bars" if replicas <= 1 else "%d walkers per point" % replicas)
    if run.status and run.status != "finished":
        parts.append(escaped(run.status))
    parts += [note for note in notes if note]

    room = 16.5 * figure.get_size_inches()[0]  # characters of the small type
    lines = [escaped(line) for line in textwrap.wrap(" ".join(run.title.split()), int(room))[:2]]
    line = ""
    for part in parts:
        longer = part if not line else line + "  ·  " + part
        if line and visible_length(longer) > room:
            lines.append(line)
            longer = part
        line = longer
    lines.append(line)

    point = 1.0 / (72.0 * figure.get_size_inches()[1])
    above = 1.0 + 9.0 * point
    for small in reversed(lines):
        figure.text(0.01, above, small, fontsize=8.5, color="#555555")
        above += 12.5 * point
    figure.text(0.01, above + 3.0 * point, title, fontsize=12.5, fontweight="bold")


def visible_length(words):
    """Characters of a text without the marks of its mathematics."""
    return len(re.sub(r"\$|_|\^|\\times|[{}]", "", words))


def power_of_ten(value):
    """2 x 10^7 for large counts, all digits below a hundred thousand."""
    if value < 1e5:
        return "{:,.0f}".format(value)
    mantissa, exponent = ("%.2e" % value).split("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    return r"%s$10^{%d}$" % ("" if mantissa == "1" else mantissa + r"$\times$", int(exponent))


def legend_beside(figure, handles, labels, title=None):
    """A legend to the right of all panels, where it can cover nothing."""
    legend = figure.legend(
        handles, labels, title=title, loc="upper left", bbox_to_anchor=(1.005, figure.subplotpars.top), borderaxespad=0.0,
        ncol=1 + (len(labels) - 1) // max(20, int(4.5 * figure.get_size_inches()[1])),
    )
    legend.get_title().set_fontsize(9.5)


def save(figure, folder, name):
    """Writes folder/name through name.partial; returns the path."""
    path = os.path.join(folder, name)
    partial = path + ".partial"
    try:
        try:
            figure.savefig(partial, format="png", dpi=DPI, bbox_inches="tight", pad_inches=0.15)
            os.replace(partial, path)
        except BaseException:
            if os.path.isfile(partial):
                os.remove(partial)
            raise
    except OSError as error:
        raise PlotFailure("%s: cannot be written: %s" % (path, error.strerror or error)) from None
    finally:
        plt.close(figure)
    return path


def pair_label(pair):
    """Mo-Ta with an en dash."""
    return escaped(pair.replace("-", "\u2013"))


def strongest_pairs(run, quantity, most):
    """Indices of the pairs whose value in the summary is largest, sign aside, anywhere in the ladder; in the run's order."""
    def size(index):
        values = [
            abs(summary_value(group, "order", run.pairs[index], "shell_%d" % shell, quantity, which)[0])
            for group in run.groups for shell in range(1, run.shells + 1) for which, _ in AVERAGES
        ]
        return max((value for value in values if math.isfinite(value)), default=-1.0)

    return sorted(sorted(range(len(run.pairs)), key=size, reverse=True)[:most])


def draw_pairs(axis, run, groups, pairs, shell, quantity, drawn):
    """Both averages of each pair against temperature; `drawn` gathers the legend's marks of pairs and of averages."""
    temperature = run.temperature[groups]
    axis.axhline(0.0, color="#444444", linewidth=0.9, zorder=1)
    for slot, index in enumerate(pairs):
        colour = COLOURS[slot % len(COLOURS)]
        marker = MARKERS[slot % len(MARKERS)]
        for which, name in AVERAGES:
            keys = ("order", run.pairs[index], "shell_%d" % shell, quantity, which)
            mean, error = np.array([summary_value(run.groups[group], *keys) for group in groups]).T
            here = np.isfinite(mean)
            if not here.any():
                continue
            last = which == "last"
            axis.errorbar(
                temperature[here], mean[here], yerr=bars(error[here]), color=colour, marker=marker,
                markerfacecolor=colour if last else "white", linestyle="-" if last else (0, (3, 2)),
                linewidth=1.5 if last else 1.0, elinewidth=1.0, zorder=3 if last else 2,
            )
            drawn[0][pair_label(run.pairs[index])] = plt.Line2D([], [], color=colour, marker=marker)
            drawn[1][name] = plt.Line2D(
                [], [], color="#555555", marker="o", markerfacecolor="#555555" if last else "white",
                linestyle="-" if last else (0, (3, 2)), linewidth=1.5 if last else 1.0,
            )
    if len(axis.lines) == 1:  # the zero line alone
        axis.text(0.5, 0.6, "no value", transform=axis.transAxes, ha="center", color="#777777")


def finish_pairs(figure, drawn):
    """The legend of pairs and averages."""
    entries = {**drawn[0], **drawn[1]}
    if entries:
        legend_beside(figure, list(entries.values()), list(entries))


def plot_order_vs_temperature(run):
    """delta_ij of shell 1 against temperature, at the end and averaged per hop."""
    compositions = evenly(run.compositions, MOST_PANELS)
    pairs = strongest_pairs(run, "delta_per_cell", MOST_PAIRS)
    figure, axes, columns = composition_panels(compositions)
    drawn = ({}, {})
    for axis, (_, groups) in zip(axes, compositions):
        draw_pairs(axis, run, groups, pairs, 1, "delta_per_cell", drawn)
    name_axes(axes, len(compositions), columns, "Temperature (K)", DELTA_LABEL % "ij")
    headline(
        figure, run, "Chemical order of nearest neighbours", DELTA_NOTE, shown_note(len(pairs), len(run.pairs), "pairs"),
        shown_note(len(compositions), len(run.compositions), "compositions"),
    )
    finish_pairs(figure, drawn)
    return figure


def plot_warren_cowley(run):
    """alpha_ij of every shell (columns) against temperature, a row for each composition."""
    compositions = evenly(run.compositions, MOST_ROWS)
    pairs = strongest_pairs(run, "warren_cowley", MOST_PAIRS)
    count = len(compositions) * run.shells
    figure, axes = panel_grid(len(compositions), run.shells, count, "row", 0.3)
    drawn = ({}, {})
    for row, (label, groups) in enumerate(compositions):
        for shell in range(1, run.shells + 1):
            axis = axes[row * run.shells + shell - 1]
            draw_pairs(axis, run, groups, pairs, shell, "warren_cowley", drawn)
            axis.set_title(("%s, shell %d" % (label, shell)) if len(run.compositions) > 1 else "Shell %d" % shell)
    name_axes(axes, count, run.shells, "Temperature (K)", "Warren\u2013Cowley " + r"$\alpha_{ij}$")
    headline(
        figure, run, "Warren\u2013Cowley short-range order", shown_note(len(pairs), len(run.pairs), "pairs"),
        shown_note(len(compositions), len(run.compositions), "compositions"),
    )
    finish_pairs(figure, drawn)
    return figure


def temperature_colours(run):
    """Temperature -> colour, from dark (cold) to bright (hot), equal steps from each temperature to the next."""
    temperatures = sorted(set(float(value) for value in run.temperature))
    scale = matplotlib.colormaps["plasma"]
    steps = [0.0] if len(temperatures) == 1 else np.linspace(0.0, 0.9, len(temperatures))
    return {temperature: scale(float(step)) for temperature, step in zip(temperatures, steps)}


def draw_ladder(run, title, x_label, y_label, curve, log_y, zero_line=False, notes=()):
    """A line for each temperature, a panel for each composition, logarithmic x.

    curve(group) gives x, y and the standard error of y, each [R]. What a logarithmic axis cannot show (the row at zero hops,
    a walk that has not moved) is left out; on one a band ends at a tenth of its line.
    """
    compositions = evenly(run.compositions, MOST_PANELS)
    colours = temperature_colours(run)
    dashes = {t: DASHES[k % len(DASHES)] if 6 < len(colours) <= MOST_LEGEND_LINES else "-" for k, t in enumerate(colours)}
    figure, axes, columns = composition_panels(compositions)
    marks = {}
    filled = set()
    for panel, (_, groups) in enumerate(compositions):
        axis = axes[panel]
        if zero_line:
            axis.axhline(0.0, color="#444444", linewidth=0.9, zorder=1)
        for group in groups:
            x, y, error = curve(group)
            here = np.isfinite(x) & np.isfinite(y) & (x > 0.0)
            if log_y:
                here &= y > 0.0
            if not here.any():
                continue
            x, y, error = x[here], y[here], error[here]
            temperature = float(run.temperature[group])
            few = len(x) <= 15
            line, = axis.plot(
                x, y, color=colours[temperature], marker="o" if few else None, markersize=3.5, zorder=3,
                linewidth=1.4, linestyle=dashes[temperature],
            )
            marks[temperature] = line
            filled.add(panel)
            error = bars(error)
            if error is None:
                continue
            if len(x) == 1:
                axis.errorbar(x, y, yerr=[np.minimum(error, 0.9 * y) if log_y else error, error], color=line.get_color())
            else:
                low = np.maximum(y - error, 0.1 * y) if log_y else y - error
                axis.fill_between(x, low, y + error, color=line.get_color(), alpha=0.18, linewidth=0.0, zorder=2)
    for panel in range(len(compositions)):
        if filled:
            axes[panel].set_xscale("log")
            if log_y:
                axes[panel].set_yscale("log")
            if len(compositions) > 1:
                axes[panel].minorticks_off()
        else:
            axes[panel].set(xticks=[], yticks=[])
        if panel not in filled:
            axes[panel].text(
                0.5, 0.5, "nothing sampled yet that a\nlogarithmic axis can show", transform=axes[panel].transAxes, ha="center",
                va="center", color="#777777",
            )
    name_axes(axes, len(compositions), columns, x_label, y_label)
    headline(figure, run, title, *notes, shown_note(len(compositions), len(run.compositions), "compositions"))
    hot_first = sorted(marks, reverse=True)
    if len(hot_first) > MOST_LEGEND_LINES:
        colour_bar(figure, axes[:len(compositions)], colours)
    elif hot_first:
        legend_beside(figure, [marks[t] for t in hot_first], ["%g K" % t for t in hot_first])
    return figure


def colour_bar(figure, axes, colours):
    """The key of many temperatures: one block of colour each, some of them named."""
    temperatures = sorted(colours)
    listed = matplotlib.colors.ListedColormap([colours[t] for t in temperatures])
    norm = matplotlib.colors.BoundaryNorm(np.arange(len(temperatures) + 1) - 0.5, len(temperatures))
    bar = figure.colorbar(matplotlib.cm.ScalarMappable(norm, listed), ax=axes, pad=0.02, aspect=30)
    named = range(0, len(temperatures), math.ceil(len(temperatures) / 12))
    bar.set_ticks(named, labels=["%g" % temperatures[k] for k in named])
    bar.minorticks_off()
    bar.outline.set_visible(False)
    bar.set_label("Temperature (K)")


def plot_order_vs_hops(run):
    """delta of the pair that is strongest in shell 1 at the end, against hops."""
    mean, error = run.series["order/delta_per_cell"]
    final = np.abs(mean[-1, :, 0, :]) if len(mean) else np.zeros((1, len(run.pairs)))
    pair = int(np.argmax(np.where(np.isfinite(final), final, -1.0).max(axis=0)))
    name = pair_label(run.pairs[pair])
    return draw_ladder(
        run, "Growth of %s order" % name, HOPS_LABEL, DELTA_LABEL % (r"\mathrm{%s}" % name),
        lambda group: (run.hops, mean[:, group, 0, pair], error[:, group, 0, pair]), False, zero_line=True,
        notes=(DELTA_NOTE, "the strongest pair of shell 1" if len(run.pairs) > 1 else ""),
    )


def plot_time_vs_hops(run):
    """Physical time against hops."""
    mean, error = run.series["time_s"]
    return draw_ladder(
        run, "Physical time of the walk", HOPS_LABEL, "Time t (s)",
        lambda group: (run.hops, mean[:, group], error[:, group]), True,
    )


def plot_msd_vs_time(run):
    """Squared displacement of the vacancy against physical time."""
    time, _ = run.series["time_s"]
    mean, error = run.series["vacancy/msd_A2"]
    return draw_ladder(
        run, "Squared displacement of the vacancy", "Time t (s)", r"$\langle R^2 \rangle$" + " (\u00c5$^2$)",
        lambda group: (time[:, group], mean[:, group], error[:, group]), True,
    )


def arrhenius_fit(temperature, diffusivity):
    """(Q, standard error of Q, ln D0) of ln D = ln D0 - Q / (kB T), least squares; None below three temperatures.

    The error follows from the scatter about the line: var(Q) = sum r^2 / (n - 2) / sum (x - mean x)^2, x = 1 / (kB T). Below
    five points it says too little and is NaN.
    """
    if len(set(temperature)) < 3:
        return None
    x = 1.0 / (BOLTZMANN_EV_PER_K * np.asarray(temperature))
    y = np.log(diffusivity)
    spread = np.sum((x - x.mean()) ** 2)
    slope = np.sum((x - x.mean()) * (y - y.mean())) / spread
    offset = y.mean() - slope * x.mean()
    scatter = np.sum((y - offset - slope * x) ** 2) / (len(x) - 2)
    return -slope, math.sqrt(scatter / spread) if len(x) >= 5 else math.nan, offset


def plot_arrhenius(run):
    """log D against 1000/T, with straight lines."""
    compositions = evenly(run.compositions, MOST_COMPOSITIONS)
    figure, (axis,) = panel_grid(1, 1, 1, False, 0.5)
    few = len(compositions) <= 4  # the legend has room for D0
    marks, labels, still = [], [], 0
    for slot, (label, groups) in enumerate(compositions):
        values = np.array([summary_value(run.groups[group], "diffusivity_m2_per_s") for group in groups])
        temperature, (mean, error) = run.temperature[groups], values.T
        here = np.isfinite(mean) & (mean > 0.0) & (temperature > 0.0)
        still += int(np.sum(~here))
        if not here.any():
            continue
        temperature, mean, error = temperature[here], mean[here], bars(error[here])
        colour = COLOURS[slot % len(COLOURS)]
        both = None if error is None else [np.minimum(error, 0.9 * mean), error]
        mark = axis.errorbar(
            1000.0 / temperature, mean, yerr=both, color=colour, linestyle="none", elinewidth=1.2,
            marker=MARKERS[(slot + slot // len(COLOURS)) % len(MARKERS)], zorder=3,
        )
        fit = arrhenius_fit(temperature, mean)
        if fit is not None:
            energy, uncertainty, offset = fit
            ends = np.array([temperature.min(), temperature.max()])
            axis.plot(
                1000.0 / ends, np.exp(offset - energy / (BOLTZMANN_EV_PER_K * ends)), color=colour, linewidth=1.1,
                linestyle=(0, (4, 2)), zorder=2,
            )
            label += ("\n" if few else ",  ") + "Q = %s eV" % with_error(energy, uncertainty)
            if few:
                label += "\n$D_0$ = %s m$^2$/s" % scientific(offset / math.log(10.0))
        marks.append(mark)
        labels.append(label)
    axis.set_xlabel("1000 K / T")
    axis.set_ylabel(r"Vacancy diffusivity D (m$^2$/s)")
    if marks:
        axis.set_yscale("log")
        axis.margins(x=0.05, y=0.08)
        temperature_axis(axis, sorted(set(float(t) for t in run.temperature if t > 0.0)))
    else:
        axis.set(xticks=[], yticks=[])
        axis.text(0.5, 0.5, "no diffusivity above zero yet", transform=axis.transAxes, ha="center", color="#777777")
    headline(
        figure, run, "Diffusivity of the vacancy", "%d point%s without diffusion left out" % (still, "" if still == 1 else "s")
        if still and marks else "", shown_note(len(compositions), len(run.compositions), "compositions"),
    )
    if len(labels) > 1 or any("Q = " in label for label in labels):
        legend_beside(figure, marks, labels)
    return figure


def with_error(value, uncertainty):
    """1.234 +/- 0.056: two digits of the uncertainty, at most three decimals."""
    if not math.isfinite(uncertainty) or uncertainty < 0.0005:
        return "%.3f" % value
    digits = min(3, max(0, 1 - int(math.floor(math.log10(uncertainty)))))
    return "%.*f \u00b1 %.*f" % (digits, value, digits, uncertainty)


def scientific(exponent):
    """1.2 x 10^-6 from its decimal logarithm, which may be far outside the range of a float."""
    whole = math.floor(exponent)
    mantissa = "%.1f" % 10.0 ** (exponent - whole)
    if mantissa == "10.0":
        mantissa, whole = "1.0", whole + 1
    return r"%s$\times10^{%d}$" % (mantissa, whole)


def temperature_axis(axis, temperatures):
    """The ladder's temperatures in K along the top of an axis of 1000 / T, as many as have room."""
    left, right = axis.get_xlim()
    chosen = []
    for t in sorted(temperatures):  # the coldest lie farthest apart
        if not chosen or abs(1000.0 / t - 1000.0 / chosen[-1]) > 0.075 * (right - left):
            chosen.append(t)
    top = axis.twiny()
    top.set_xlim(left, right)
    top.set_xticks([1000.0 / t for t in chosen], labels=["%g" % t for t in chosen])
    top.set_xlabel("Temperature (K)")
    top.grid(False)
    top.spines["top"].set_visible(True)


def draw_all(run, folder):
    """Draws every figure that the run has data for; yields the paths as they are written."""
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise PlotFailure("%s: cannot be made: %s" % (folder, error.strerror or error)) from None
    if run.pairs and run.shells:
        yield save(plot_order_vs_temperature(run), folder, "order_vs_temperature.png")
        yield save(plot_order_vs_hops(run), folder, "order_vs_hops.png")
        yield save(plot_warren_cowley(run), folder, "warren_cowley.png")
    yield save(plot_time_vs_hops(run), folder, "time_vs_hops.png")
    yield save(plot_msd_vs_time(run), folder, "msd_vs_time.png")
    yield save(plot_arrhenius(run), folder, "arrhenius.png")


class OneLineParser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message):
        """Raises; main prints."""
        raise PlotFailure("%s; see --help" % message, 2)


def main(arguments=None):
    """The program; returns the exit code."""
    parser = OneLineParser(prog="zener plot", description="Draws the results of a kinetic Monte Carlo run.")
    parser.add_argument("folder", metavar="DIR", help="a result folder: DIR/series.h5 and DIR/summary.json")
    try:
        options = parser.parse_args(arguments)
        load_modules()
        warnings.filterwarnings("ignore", message="Glyph")  # a title in a script that the font lacks
        for path in draw_all(read_run(options.folder), os.path.join(options.folder, "plots")):
            print("wrote %s" % path, flush=True)
    except PlotFailure as failure:
        print("zener plot: error: %s" % " ".join(str(failure).split()), file=sys.stderr)
        return failure.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
