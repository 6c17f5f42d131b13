"""Figures of a train_barriers run, from training.h5.

    loss.png            root mean squared errors by epoch, over the training as it went and on the validation part after it
    parity_SET.png      predicted against true barriers of a set that was not trained on, one panel for each network
    errors.png          mean absolute error by composition
    learning_curve.png  mean absolute error against the number of jumps, or of compositions, where a run has several trainings
    design.png          mean absolute error against units and layers, or against shells, where networks differ in these
                        (as figures S14 and S15 of Xing, Rupert, Pan, Cao, Nature Communications 15, 3879 (2024))
"""

import json
import math
import os
import re

import numpy as np

from plot_drawing import (
    COLOURS, DASHES, MARKERS, MOST_PANELS, escaped, evenly, free_figure, headline, legend_beside, make_folder, plt,
    save, shown_note,
)
from plot_reading import drawable, need_files, read_in_child, text

FORMAT = "zener-training-1"
MOST_POINTS = 4000       # of a parity panel
MOST_NETWORKS = 16       # in one panel
MOST_COMPOSITIONS = 48   # in the figure of errors
MOST_COLOURED = 8        # compositions with a colour of their own


class Run:
    """What the plots need of training.h5. C compositions.

    title, facts, compositions [(label, [index])]; sets [name]; labels, jumps, counts of the trainings;
    truth: set or validation group -> (true [n][w], composition [n]); networks: list of Network.
    """


class Network:
    """name, network (of the preset), design (dict), case, best (epoch from 0; -1: diverged), train, validation, rate [epoch];
    errors: set -> [C][5]; predicted: set -> [n][w]."""


def read_run(folder):
    """The Run of a folder; PlotFailure names the file and what is wrong with it."""
    need_files(folder, ("training.h5",))
    data = Run()
    read_in_child(os.path.join(folder, "training.h5"), data, read_file)
    return data


def strings(reader, name):
    """A list of texts."""
    return [text(value) for value in reader.dataset(name, (None,), object)]


def read_file(reader, data):
    """Fills a Run from the open file and checks every shape."""
    reader.need_format(FORMAT)
    data.title = text(reader.file.attrs.get("title", ""))
    data.compositions = [(escaped(name), [c]) for c, name in enumerate(strings(reader, "compositions/names"))]
    count = len(data.compositions)
    data.sets = strings(reader, "sets/names")
    if not all(re.fullmatch(r"[A-Za-z0-9_.+-]{1,100}", name) for name in data.sets):
        reader.fail("dataset sets/names has names that are none")
    data.labels = strings(reader, "cases/labels")
    data.jumps = reader.dataset("cases/jumps", (len(data.labels),))
    data.counts = reader.dataset("cases/compositions", (len(data.labels),))
    data.truth = {}
    data.networks = []
    for name in strings(reader, "networks/names"):
        data.networks.append(read_network(reader, data, "networks/" + name, name, count))
    if not data.networks:
        reader.fail("no training is finished yet")
    data.facts = ["%d networks" % len(data.networks)]


def truth_group(data, case, name):
    """Where the true barriers of a set stand: of validation, each training has its own."""
    return name + ("_" + data.labels[case] if name == "validation" and data.labels[case] else "")


def read_network(reader, data, group, name, count):
    """One network, and the true barriers of the sets that it was tried on."""
    if group not in reader.file:
        reader.fail("no group %s", group)
    network = Network()
    network.name = name
    attributes = reader.file[group].attrs
    network.network = text(attributes.get("network", name))
    try:
        network.design = json.loads(text(attributes.get("design", "{}")))
    except ValueError:
        network.design = {}
    network.case = int(attributes.get("case", 0))
    network.best = int(attributes.get("best_epoch", -1))
    if not 0 <= network.case < len(data.labels) or not isinstance(network.design, dict):
        reader.fail("group %s names a training that is not there", group)
    network.train = drawable(reader.dataset(group + "/train_eV2", (None,)))
    network.validation = drawable(reader.dataset(group + "/validation_eV2", network.train.shape))
    network.rate = drawable(reader.dataset(group + "/rate", network.train.shape))
    network.errors, network.predicted = {}, {}
    for one in data.sets if network.best >= 0 else []:
        network.errors[one] = drawable(reader.dataset("%s/%s/errors" % (group, one), (count, 5)))
        if one == "train":
            continue
        key = truth_group(data, network.case, one)
        if key not in data.truth:
            true = drawable(reader.dataset("sets/%s/true_eV" % key, (None, None)))
            composition = reader.dataset("sets/%s/composition" % key, (true.shape[0],), int)
            if np.any((composition < 0) | (composition >= count)):
                reader.fail("dataset sets/%s/composition names compositions that are not there", key)
            data.truth[key] = true, composition
        network.predicted[one] = drawable(reader.dataset("%s/%s/predicted_eV" % (group, one), data.truth[key][0].shape))
    return network


def mean_error(network, name):
    """(mean absolute error, mean barrier) of a set, eV; NaN where there is none."""
    rows = network.errors.get(name)
    if rows is None or not np.any(rows[:, 0] > 0.0):
        return math.nan, math.nan
    rows = rows[rows[:, 0] > 0.0]
    weights = rows[:, 0] / rows[:, 0].sum()
    return float(weights @ rows[:, 1]), float(weights @ rows[:, 4])


def colour(order):
    """Colour of the n-th line."""
    return COLOURS[order % len(COLOURS)]


def last_case(data):
    """The networks of the last training: those of the most data, where a run has a learning curve."""
    return [network for network in data.networks if network.case == max(each.case for each in data.networks)]


def panels(number, width=4.4, height=3.4):
    """(figure, axes) with that many panels."""
    columns = min(number, 3 if number != 4 else 2)
    rows = math.ceil(number / columns)
    figure, grid = free_figure(6.4 if columns == 1 else width * columns, 4.2 if rows == 1 else height * rows, rows, columns)
    axes = list(grid.flat)
    for axis in axes[number:]:
        axis.set_visible(False)
    return figure, axes[:number]


def plain_log(side, digits):
    """Ticks of a logarithmic axis at these digits of each decade, as plain numbers."""
    side.set_major_locator(plt.LogLocator(10, subs=digits))
    side.set_major_formatter(plt.FuncFormatter(lambda value, _: "{:,g}".format(value)))
    side.set_minor_locator(plt.NullLocator())


def plot_loss(data):
    """Learning curves by epoch, a panel for each training."""
    cases = evenly(sorted(set(network.case for network in data.networks)), MOST_PANELS)
    figure, axes = panels(len(cases))
    names = list(dict.fromkeys(network.network for network in data.networks))
    shown = evenly(names, MOST_NETWORKS)
    for axis, case in zip(axes, cases):
        for network in data.networks:
            if network.case != case or network.network not in shown or not len(network.train):
                continue
            order = shown.index(network.network)
            epochs = np.arange(1, len(network.train) + 1)
            axis.plot(epochs, 1e3 * np.sqrt(network.train), color=colour(order), linewidth=0.9, alpha=0.55,
                      linestyle=(0, (3, 1.5)))
            axis.plot(epochs, 1e3 * np.sqrt(network.validation), color=colour(order), linewidth=1.3,
                      linestyle=DASHES[order // len(COLOURS) % len(DASHES)])
            if network.best >= 0:
                axis.plot(network.best + 1, 1e3 * math.sqrt(network.validation[network.best]), color=colour(order), marker="o",
                          markersize=5, markeredgecolor="white", linestyle="", zorder=4)
        axis.set_yscale("log")
        plain_log(axis.yaxis, (1, 1.5, 2, 3, 5, 7))
        axis.xaxis.set_major_locator(plt.MaxNLocator(6, integer=True))
        axis.set(xlabel="Epoch", ylabel="RMSE (meV)")
        if len(cases) > 1:
            axis.set_title(escaped("%s: %s jumps" % (data.labels[case], "{:,}".format(int(data.jumps[case])))))
    marks = [plt.Line2D([], [], color=colour(order), linestyle=DASHES[order // len(COLOURS) % len(DASHES)])
             for order in range(len(shown))]
    legend_beside(figure, marks, [escaped(name) for name in shown])
    headline(figure, data, "Errors by epoch", "line: validation, dashes: training as it goes, dot: the best epoch, kept",
             shown_note(len(shown), len(names), "networks"), shown_note(len(cases), len(data.labels), "trainings"))
    return figure


def plot_parity(data, name):
    """Predicted against true barriers of one set."""
    networks = [network for network in last_case(data) if name in network.predicted]
    if not networks:
        return None
    shown = evenly(networks, MOST_PANELS)
    true, composition = data.truth[truth_group(data, shown[0].case, name)]
    points = true.size
    jump, way = np.divmod(np.random.default_rng(1).permutation(points)[:MOST_POINTS], true.shape[1])
    present = sorted(set(composition.tolist()))
    colours = [colour(present.index(c)) if len(present) <= MOST_COLOURED else COLOURS[0] for c in composition[jump]]
    low, high = np.nanmin(true), np.nanmax(true)
    margin = 0.05 * (high - low) or 0.05
    limits = (low - margin, high + margin)
    figure, axes = panels(len(shown), 3.7, 3.8)
    for axis, network in zip(axes, shown):
        axis.plot(limits, limits, color="#444444", linewidth=0.9, zorder=3)
        axis.scatter(true[jump, way], network.predicted[name][jump, way], s=5, c=colours, alpha=0.5, linewidths=0,
                     rasterized=True)
        for side in (axis.xaxis, axis.yaxis):
            side.set_major_locator(plt.MaxNLocator(5))
        axis.set(xlim=limits, ylim=limits, aspect="equal", xlabel="True barrier (eV)", ylabel="Predicted barrier (eV)")
        axis.set_title(escaped(network.name))
        mae, mean = mean_error(network, name)
        off = network.predicted[name] - true
        words = "MAE %.3g meV (%.2g %%)\nRMSE %.3g meV\nlargest %.3g meV" % (
            1e3 * mae, 100.0 * mae / mean, 1e3 * math.sqrt(np.mean(off**2)), 1e3 * np.max(np.abs(off)))
        axis.text(0.04, 0.96, words, transform=axis.transAxes, ha="left", va="top", fontsize=8.5)
    if 1 < len(present) <= MOST_COLOURED:
        marks = [plt.Line2D([], [], linestyle="", marker="o", color=colour(k)) for k in range(len(present))]
        legend_beside(figure, marks, [data.compositions[c][0] for c in present])
    headline(figure, data, escaped("Predicted and true barriers: %s" % name), "%s barriers of %d compositions" % (
        "{:,}".format(points), len(present)), "" if points <= MOST_POINTS else "%s shown" % "{:,}".format(MOST_POINTS),
        shown_note(len(shown), len(networks), "networks"))
    return figure


def plot_errors(data):
    """Mean absolute error by composition, a panel for each set, of the last training."""
    networks = [network for network in last_case(data) if network.errors]
    if not networks:
        return None
    shown = evenly(networks, MOST_COLOURED)
    with_values = [name for name in data.sets if any(np.any(network.errors[name][:, 0] > 0) for network in shown)]
    listed = {}
    for name in with_values:
        rows = np.flatnonzero(shown[0].errors[name][:, 0] > 0)
        order = rows[np.argsort(shown[0].errors[name][rows, 4], kind="stable")]  # by mean barrier
        listed[name] = evenly(order.tolist(), MOST_COMPOSITIONS)
    widest = max(len(rows) for rows in listed.values())
    figure, grid = free_figure(max(6.4, 2.0 + 0.24 * widest), 2.9 * len(listed), len(listed), 1)
    for axis, name in zip(grid[:, 0], listed):
        rows = listed[name]
        for order, network in enumerate(shown):
            place = np.arange(len(rows)) + 0.5 * (order - 0.5 * (len(shown) - 1)) / len(shown)
            axis.plot(place, 1e3 * network.errors[name][rows, 1], linestyle="", color=colour(order), markersize=4.5,
                      marker=MARKERS[order % len(MARKERS)])
        axis.set_title(escaped(name))
        axis.set_ylabel("MAE (meV)")
        axis.set_ylim(bottom=0.0)
        room = max(0.7, 3.0 - 0.5 * len(rows))  # a few compositions are not drawn apart
        axis.set_xlim(-room, len(rows) - 1 + room)
        many = len(rows) > 4
        axis.set_xticks(range(len(rows)), [data.compositions[c][0] for c in rows], rotation=60 if many else 0,
                        ha="right" if many else "center", rotation_mode="anchor", fontsize=8 if many else 9)
    marks = [plt.Line2D([], [], linestyle="", marker=MARKERS[k % len(MARKERS)], color=colour(k)) for k in range(len(shown))]
    legend_beside(figure, marks, [escaped(network.name) for network in shown])
    headline(figure, data, "Errors by composition", "from low mean barriers to high ones",
             shown_note(len(shown), len(networks), "networks"))
    return figure


def plot_curve(data):
    """Mean absolute error against the size of the training part, a panel for each set that was not trained on."""
    by_jumps = len(set(data.jumps.tolist())) >= len(set(data.counts.tolist()))
    x = data.jumps if by_jumps else data.counts
    if len(set(x.tolist())) < 2:
        return None
    sets = [name for name in data.sets if name != "train"]
    lines = {}
    for network in data.networks:
        key = network.network + (", %d compositions" % data.counts[network.case]
                                 if by_jumps and len(set(data.counts.tolist())) > 1 else "")
        lines.setdefault(key, []).append(network)
    shown = evenly(list(lines), MOST_NETWORKS)
    figure, axes = panels(len(sets))
    for axis, name in zip(axes, sets):
        for order, key in enumerate(shown):
            points = sorted((x[network.case], mean_error(network, name)[0]) for network in lines[key])
            axis.plot([p[0] for p in points], [1e3 * p[1] for p in points], color=colour(order), markersize=4.5,
                      marker=MARKERS[order % len(MARKERS)], linestyle=DASHES[order // len(COLOURS) % len(DASHES)])
        axis.set_xscale("log")
        axis.set_yscale("log")
        plain_log(axis.xaxis, (1, 2, 5))
        plain_log(axis.yaxis, (1, 1.5, 2, 3, 5, 7))
        axis.set_title(escaped(name))
        axis.set(xlabel="Jumps that were trained on" if by_jumps else "Compositions that were trained on", ylabel="MAE (meV)")
    marks = [plt.Line2D([], [], color=colour(k), marker=MARKERS[k % len(MARKERS)],
                        linestyle=DASHES[k // len(COLOURS) % len(DASHES)]) for k in range(len(shown))]
    legend_beside(figure, marks, [escaped(key) for key in shown])
    headline(figure, data, "Learning curve", shown_note(len(shown), len(lines), "networks"))
    return figure


def plot_design(data):
    """Mean absolute error against units, a line for each number of layers; or against shells."""
    def measures(network):
        widths = network.design.get("widths")
        if network.design.get("kind") != "mlp" or not widths or len(set(widths)) != 1:
            return None
        return widths[0], len(widths), network.design.get("shells", 8)

    networks = [network for network in last_case(data) if network.errors and measures(network)]
    units, layers, shells = (sorted(set(measures(network)[k] for network in networks)) for k in range(3))
    by_shells = len(shells) > 2
    if not by_shells and (len(units) < 3 or len(networks) < 4):
        return None
    sets = [name for name in data.sets if name != "train"]
    figure, axes = panels(len(sets))
    for axis, name in zip(axes, sets):
        for order, depth in enumerate(layers):
            place = 2 if by_shells else 0
            points = sorted((measures(network)[place], 1e3 * mean_error(network, name)[0])
                            for network in networks if measures(network)[1] == depth)
            axis.plot([p[0] for p in points], [p[1] for p in points], color=colour(order), marker=MARKERS[order % len(MARKERS)],
                      markersize=4.5)
        axis.set_ylim(0.0, 1.05 * axis.get_ylim()[1])
        axis.set_title(escaped(name))
        axis.set(xlabel="Shells of neighbours" if by_shells else "Units of each layer", ylabel="MAE (meV)")
        if not by_shells:
            axis.set_xscale("log", base=2)
            axis.set_xticks(units, ["%d" % n for n in units])
            axis.minorticks_off()
    marks = [plt.Line2D([], [], color=colour(k), marker=MARKERS[k % len(MARKERS)]) for k in range(len(layers))]
    legend_beside(figure, marks, ["%d layer%s" % (n, "" if n == 1 else "s") for n in layers])
    headline(figure, data, "Errors against the cutoff" if by_shells else "Errors against the size of the network")
    return figure


def draw_all(folder):
    """Draws the figures; yields the paths as they are written."""
    data = read_run(folder)
    plots = os.path.join(folder, "plots")
    make_folder(plots)
    yield save(plot_loss(data), plots, "loss.png")
    figures = [("parity_%s.png" % name, lambda name=name: plot_parity(data, name)) for name in data.sets if name != "train"]
    figures += [("errors.png", lambda: plot_errors(data)), ("learning_curve.png", lambda: plot_curve(data)),
                ("design.png", lambda: plot_design(data))]
    for name, draw in figures:
        figure = draw()
        if figure is not None:
            yield save(figure, plots, name)
