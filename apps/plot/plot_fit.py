"""Figures of a fit_interactions run: parity of fitted models with the data, and their errors by composition.

parity.png shows the values that were kept from the fit (without such, those of the fit), one panel for each model; the data are
those of figure 2b of Xing, Rupert, Pan, Cao, Nature Communications 15, 3879 (2024), the models their supplement 6.
"""

import math
import os

import numpy as np

from plot_drawing import (
    COLOURS, MOST_PANELS, escaped, evenly, free_figure, headline, legend_beside, make_folder, plt, save, shown_note,
)
from plot_reading import drawable, need_files, read_in_child, text

FIT_FORMAT = "zener-fit-1"
MOST_POINTS = 4000     # of a panel
MOST_COMPOSITIONS = 8  # with a colour of their own
MOST_BARS = 24         # compositions in the figure of errors


class Fit:
    """What the plots need of fit.h5. N samples of V values, G compositions.

    title, facts, compositions: [(label, [its index])], units; value [N][V]; test [N] (bool); label [N];
    models: [(name, kind, parameters, value [N][V])].
    """


def read_fit(folder):
    """The Fit of a folder; PlotFailure names the file and what is wrong with it."""
    need_files(folder, ("fit.h5",))
    data = Fit()
    read_in_child(os.path.join(folder, "fit.h5"), data, read_file)
    return data


def read_file(reader, data):
    """Fills a Fit from the open fit.h5 and checks every shape."""
    reader.need_format(FIT_FORMAT)
    data.title = text(reader.file.attrs.get("title", ""))
    data.value = drawable(reader.dataset("data/value_eV", (None, None)))
    count = data.value.shape[0]
    if data.value.size == 0:
        reader.fail("dataset data/value_eV is empty")
    data.units = text(reader.file["data/value_eV"].attrs.get("units", "eV"))
    data.test = reader.dataset("data/test", (count,), int) != 0
    data.label = reader.dataset("data/composition", (count,), int)
    labels = strings(reader, "data/labels")
    if not labels or np.any((data.label < 0) | (data.label >= len(labels))):
        reader.fail("dataset data/composition names compositions that data/labels does not have")
    data.compositions = [(escaped(label), [g]) for g, label in enumerate(labels)]
    data.models = []
    for name in strings(reader, "models/names"):
        values = drawable(reader.dataset("models/%s/value_eV" % name, data.value.shape))
        group = reader.file["models/" + name].attrs
        data.models.append((name, text(group.get("kind", "")), int(group.get("parameters", 0)), values))
    if not data.models:
        reader.fail("dataset models/names is empty")
    data.facts = ["%s values, %s of them kept from the fit" % (
        "{:,}".format(data.value.size), "{:,}".format(int(data.test.sum()) * data.value.shape[1]))]


def strings(reader, name):
    """A list of texts."""
    return [text(value) for value in reader.dataset(name, (None,), object)]


def errors(data, values, samples):
    """(mean absolute, root mean squared) error over some samples, NaN when there are none."""
    off = (values - data.value)[samples]
    return (float(np.mean(np.abs(off))), float(np.sqrt(np.mean(off**2)))) if off.size else (math.nan, math.nan)


def amount(value):
    """An energy with three digits and its unit."""
    return "%.3g meV" % (1000.0 * value) if value < 0.0995 else "%.3g eV" % value


def colour_of(data, label):
    """Colours of the compositions; one for all when there are too many."""
    return COLOURS[label % len(COLOURS)] if len(data.compositions) <= MOST_COMPOSITIONS else COLOURS[0]


def plot_parity(data):
    """Model against data, a panel for each model, with its errors."""
    shown = data.test if data.test.any() else ~data.test
    models = evenly(data.models, MOST_PANELS)
    columns = min(len(models), 3 if len(models) != 4 else 2)
    rows = math.ceil(len(models) / columns)
    figure, grid = free_figure(3.6 * columns + 0.2, 3.7 * rows, rows, columns)
    axes = list(grid.flat)
    # One order for all panels, so that no composition covers the others.
    sample, path = np.nonzero(np.repeat(shown[:, None], data.value.shape[1], axis=1))
    chosen = np.random.default_rng(1).permutation(len(sample))[:MOST_POINTS]
    sample, path = sample[chosen], path[chosen]
    colours = [colour_of(data, g) for g in data.label[sample]]
    low, high = np.nanmin(data.value[shown]), np.nanmax(data.value[shown])
    margin = 0.05 * (high - low) or 0.05
    limits = (low - margin, high + margin)
    what = "Energy (eV/site)" if data.units != "eV" else "Barrier (eV)"
    for axis, (name, kind, parameters, values) in zip(axes, models):
        axis.plot(limits, limits, color="#444444", linewidth=0.9, zorder=3)
        axis.scatter(data.value[sample, path], values[sample, path], s=5, c=colours, alpha=0.5, linewidths=0, rasterized=True)
        for side in (axis.xaxis, axis.yaxis):
            side.set_major_locator(plt.MaxNLocator(5))
        axis.set(xlim=limits, ylim=limits, aspect="equal")
        axis.set_title("%s" % escaped(name))
        mae, rmse = errors(data, values, shown)
        words = "%s\n%s parameters\nMAE %s\nRMSE %s" % (escaped(kind), "{:,}".format(parameters), amount(mae), amount(rmse))
        axis.text(0.04, 0.96, words, transform=axis.transAxes, ha="left", va="top", fontsize=9)
    for index, axis in enumerate(axes):
        axis.set_visible(index < len(models))
        if index % columns == 0:
            axis.set_ylabel(what + ", model")
        if index + columns >= len(models):
            axis.set_xlabel(what + ", data")
    if 1 < len(data.compositions) <= MOST_COMPOSITIONS:
        marks = [plt.Line2D([], [], linestyle="", marker="o", color=colour_of(data, g)) for g in range(len(data.compositions))]
        legend_beside(figure, marks, [label for label, _ in data.compositions])
    note = "" if data.test.any() else "values of the fit, none were kept from it"
    few = "" if len(sample) == int(shown.sum()) * data.value.shape[1] else "%s points a panel" % "{:,}".format(len(sample))
    headline(figure, data, "Model against data", note, few, shown_note(len(models), len(data.models), "models"))
    return figure


def plot_errors(data):
    """Mean absolute error of each model by composition: bars for the part kept from the fit, ticks for the fit."""
    labels = evenly(range(len(data.compositions)), MOST_BARS)
    figure, grid = free_figure(max(6.0, 1.0 + 0.22 * len(labels) * (len(data.models) + 1)), 4.2, 1, 1)
    axis = grid[0, 0]
    width = 0.8 / len(data.models)
    with_test = bool(data.test.any())
    for m, (name, _, _, values) in enumerate(data.models):
        place = np.arange(len(labels)) + (m - 0.5 * (len(data.models) - 1)) * width
        of_part = {part: [errors(data, values, (data.label == g) & (data.test == part))[0] for g in labels]
                   for part in (True, False)}
        axis.bar(place, np.multiply(1000.0, of_part[with_test]), width * 0.92, color=COLOURS[m % len(COLOURS)],
                 hatch="//" if m >= len(COLOURS) else None, label=escaped(name))
        if with_test:
            label = "the same on the fit" if m + 1 == len(data.models) else None
            axis.scatter(place, np.multiply(1000.0, of_part[False]), marker="_", s=60, color="#222222", zorder=3, linewidths=1.3,
                         label=label)
    axis.set_ylabel("Mean absolute error (meV%s)" % ("/site" if data.units != "eV" else ""))
    axis.set_xticks(range(len(labels)), [data.compositions[g][0] for g in labels],
                    rotation=25 if len(labels) > 4 else 0, ha="right" if len(labels) > 4 else "center")
    axis.grid(False, axis="x")
    handles, names = axis.get_legend_handles_labels()  # the scatter comes first
    legend_beside(figure, handles[with_test:] + handles[:with_test], names[with_test:] + names[:with_test])
    headline(figure, data, "Errors by composition", shown_note(len(labels), len(data.compositions), "compositions"))
    return figure


def draw_all(folder):
    """Draws the figures; yields the paths as they are written."""
    data = read_fit(folder)
    plots = os.path.join(folder, "plots")
    make_folder(plots)
    yield save(plot_parity(data), plots, "parity.png")
    yield save(plot_errors(data), plots, "errors.png")
