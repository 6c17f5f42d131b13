"""How every figure looks: style, panels, titles, legends, and lines for a ladder of temperatures."""

import math
import os
import re
import textwrap

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

from plot_base import PlotFailure  # noqa: E402

DPI = 150
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D1F")  # after Okabe and Ito
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h")
MOST_PANELS = 12
MOST_ROWS = 6
MOST_COMPOSITIONS = 16   # in one panel
MOST_LEGEND_LINES = 20   # more temperatures get a colour bar
DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)))

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
plt.rcParams.update(STYLE)


def group_by_composition(elements, atoms, order):
    """[(label, [groups by rising order])], in the order in which the compositions appear. atoms [G][S], order [G]."""
    members = {}
    for group, counts in enumerate(atoms):
        members.setdefault(tuple(counts.tolist()), []).append(group)
    for decimals in (0, 1, 2, 3):  # as many as tell the compositions apart
        labels = [composition_label(elements, counts, decimals) for counts in members]
        if len(set(labels)) == len(labels):
            break
    return [(label, sorted(groups, key=lambda g: order[g])) for label, groups in zip(labels, members.values())]


def composition_label(elements, atoms, decimals):
    """Nb33Mo33Ta33 with atomic percent as subscripts; a pure element stands alone."""
    total = sum(atoms) or 1
    present = [(escaped(name), 100.0 * n / total) for name, n in zip(elements, atoms) if n > 0]
    if len(present) == 1:
        return present[0][0]
    return "".join(r"%s$_{%.*f}$" % (name, decimals, percent) for name, percent in present)


def escaped(words):
    """Text in which matplotlib finds no mathematics."""
    return words.replace("$", r"\$")


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
    """Above the figure: its title, and in small type the run's own title, its facts and notes on the figure."""
    parts = [run.compositions[0][0]] if len(run.compositions) == 1 else ["%d compositions" % len(run.compositions)]
    parts += run.facts
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


def temperature_colours(run):
    """Temperature -> colour, from dark (cold) to bright (hot), equal steps from each temperature to the next."""
    temperatures = sorted(set(float(value) for value in run.temperature))
    scale = matplotlib.colormaps["plasma"]
    steps = [0.0] if len(temperatures) == 1 else np.linspace(0.0, 0.9, len(temperatures))
    return {temperature: scale(float(step)) for temperature, step in zip(temperatures, steps)}


def draw_ladder(run, title, x_label, y_label, curve, log_y, zero_line=False, notes=()):
    """A line for each temperature, a panel for each composition, logarithmic x; title, labels and `notes` are texts.

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
    temperature_key(figure, axes[:len(compositions)], marks, colours)
    return figure


def temperature_key(figure, axes, marks, colours):
    """The key of the temperatures drawn: a legend of `marks` (temperature -> line), or a colour bar when they are many."""
    hot_first = sorted(marks, reverse=True)
    if len(hot_first) > MOST_LEGEND_LINES:
        colour_bar(figure, axes, colours)
    elif hot_first:
        legend_beside(figure, [marks[t] for t in hot_first], ["%g K" % t for t in hot_first])


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


def free_figure(width, height, rows, columns, **options):
    """(figure, axes [rows][columns]) of that many inches, laid out by matplotlib: for panels that share no axes."""
    figure, axes = plt.subplots(rows, columns, figsize=(width, height), squeeze=False, layout="constrained", **options)
    return figure, axes


def no_value(axis, words):
    """Says in an empty panel why it is empty."""
    axis.set(xticks=[], yticks=[])
    axis.text(0.5, 0.5, words, transform=axis.transAxes, ha="center", va="center", color="#777777")


def steps(axis, edges, fractions, **options):
    """A histogram as an outline; returns the line."""
    x = np.repeat(edges, 2)
    y = np.concatenate(([0.0], np.repeat(fractions, 2), [0.0]))
    line, = axis.plot(x, y, **options)
    return line


def make_folder(folder):
    """The folder of the plots."""
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise PlotFailure("%s: cannot be made: %s" % (folder, error.strerror or error)) from None
