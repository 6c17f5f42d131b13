"""Figures of B2 clusters: their growth along the walk, their sizes, and pictures of them in the cell.

A centre is a site of one species of the pair with enough of the other among its first neighbours; linked centres are a cluster,
whose size counts centres. Persistent ones have been centres at every sample of the window that ends there (Xing, Rupert, Pan,
Cao, Nature Communications 15, 3879 (2024), figure 5, and figure S8 of its supplement).
"""

import math
import os
import re

import numpy as np

from plot_base import PlotFailure
from plot_drawing import (
    MOST_PANELS, composition_panels, escaped, evenly, free_figure, headline, legend_beside, name_axes, no_value, panel_grid,
    plt, power_of_ten, shown_note, temperature_colours, temperature_key,
)

MEASURES = (("centres", "B2 centres"), ("clusters", "B2 clusters"), ("largest", "Largest cluster (centres)"))
MOST_PICTURES = 3        # rows of pictures
MOST_MOMENTS = 4         # pictures in a row
MOST_MAPS = 6
MOST_POINTS = 60000      # of one picture
SIZE_LABEL = "Size of the cluster (centres)"


def figures(run):
    """(file name, figure) of each figure that the run has data for."""
    if "b2/centres" not in run.series:
        return
    steps = run.step + "s"
    yield "b2_vs_%s.png" % steps, plot_growth(run)
    yield "b2_sizes_vs_%s.png" % steps, plot_sizes_vs_hops(run)
    yield "b2_size_distribution.png", plot_distribution(run)
    figure = plot_pictures(run)
    if figure is not None:
        yield "b2_clusters.png", figure


def pair_note(run):
    """Which sites are centres, from the preset."""
    observe = run.preset.get("observe")
    rule = observe.get("b2") if isinstance(observe, dict) else None
    if not isinstance(rule, dict):
        return ""
    pair, partners, window = rule.get("pair"), rule.get("least_partners"), rule.get("persistent_over_hops")
    if not isinstance(pair, list) or len(pair) != 2 or not isinstance(partners, int):
        return ""
    words = "%s with %d or more of 8 neighbours of the other" % (" or ".join(escaped(str(name)) for name in pair), partners)
    if isinstance(window, int) and window > 0:
        words += ", persistent: at every sample of %s %ss" % (power_of_ten(window), run.step)
    return words


def plot_growth(run):
    """Centres, clusters and the largest cluster against hops (rows), a column for each composition."""
    compositions = evenly(run.compositions, 3)
    colours = temperature_colours(run)
    columns = len(compositions)
    figure, axes = panel_grid(len(MEASURES), columns, len(MEASURES) * columns, "row", 0.3 if columns > 1 else 0.1)
    marks, styles = {}, {}
    for column, (label, groups) in enumerate(compositions):
        for row, (measure, words) in enumerate(MEASURES):
            axis = axes[row * columns + column]
            if row == 0 and len(run.compositions) > 1:
                axis.set_title(label)
            for folder, name, dashes in (("b2", "all", "-"), ("b2/persistent", "persistent", (0, (4, 2)))):
                if folder + "/" + measure not in run.series:
                    continue
                mean, error = run.series[folder + "/" + measure]
                for group in groups:
                    here = np.isfinite(mean[:, group]) & (run.hops > 0.0)
                    if not here.any():
                        continue
                    temperature = float(run.temperature[group])
                    line, = axis.plot(run.hops[here], mean[here, group], color=colours[temperature], linestyle=dashes,
                                      linewidth=1.4, marker="o" if here.sum() <= 15 else None, markersize=3.0)
                    styles[name] = dashes
                    if dashes == "-":
                        marks[temperature] = line
                    spread = np.where(np.isfinite(error[here, group]), error[here, group], 0.0)
                    axis.fill_between(run.hops[here], mean[here, group] - spread, mean[here, group] + spread,
                                      color=colours[temperature], alpha=0.18, linewidth=0.0)
            if column == 0:
                axis.set_ylabel(words)
            if row == len(MEASURES) - 1:
                axis.set_xlabel(run.step_label)
    for axis in axes:
        if marks:
            axis.set_xscale("log")
            axis.set_ylim(bottom=0.0)
        else:
            no_value(axis, "nothing sampled yet that a\nlogarithmic axis can show")
    figure.align_ylabels()
    headline(figure, run, "Growth of B2 clusters", pair_note(run),
             shown_note(columns, len(run.compositions), "compositions"))
    handles = [marks[t] for t in sorted(marks, reverse=True)]
    names = ["%g K" % t for t in sorted(marks, reverse=True)]
    if len(styles) > 1:
        handles += [plt.Line2D([], [], color="#555555", linestyle=dashes) for dashes in styles.values()]
        names += ["%s clusters" % name for name in styles]
    if handles:
        legend_beside(figure, handles, names)
    return figure


def sampled(edges):
    """Edges of cells on a logarithmic axis around sampled hops."""
    logs = np.log10(edges)
    middle = 0.5 * (logs[1:] + logs[:-1])
    first = logs[0] - (middle[0] - logs[0]) if len(middle) else logs[0] - 0.1
    last = logs[-1] + (logs[-1] - middle[-1]) if len(middle) else logs[-1] + 0.1
    return 10.0 ** np.concatenate(([first], middle, [last]))


def occupied_bins(histogram):
    """Number of size bins up to the last that ever holds a cluster, at least 3."""
    ever = np.nonzero(np.nan_to_num(histogram).reshape(-1, histogram.shape[-1]).max(axis=0, initial=0.0) > 0.0)[0]
    return max(3, int(ever[-1]) + 1 if len(ever) else 0)


def plot_sizes_vs_hops(run):
    """How many clusters of which size there are against hops, as a map, a panel for each group."""
    key = "b2/persistent/size_histogram" if "b2/persistent/size_histogram" in run.series else "b2/size_histogram"
    histogram, _ = run.series[key]
    groups = evenly([g for _, members in run.compositions for g in members], MOST_MAPS)
    rows = np.nonzero(run.hops > 0.0)[0]
    bins = occupied_bins(histogram)
    edges = 2.0 ** np.arange(bins + 1)
    columns = min(len(groups), 3 if len(groups) != 4 else 2)
    height = math.ceil(len(groups) / columns)
    size = (4.2 * columns + 1.2 if columns > 1 else 6.4, 3.4 * height if height > 1 else 4.0)
    figure, grid = free_figure(*size, height, columns)
    norm = plt.matplotlib.colors.LogNorm(0.3, max(10.0, float(np.nanmax(histogram, initial=1.0))))
    image = None
    for axis, group in zip(grid.flat, groups):
        name = [label for label, members in run.compositions if group in members][0]
        axis.set_title(("%s, " % name if len(run.compositions) > 1 else "") + "%g K" % run.temperature[group])
        if len(rows) == 0:
            no_value(axis, "nothing sampled yet that a\nlogarithmic axis can show")
            continue
        values = np.ma.masked_less_equal(histogram[rows, group, :bins].T, 0.0)
        image = axis.pcolormesh(sampled(run.hops[rows]), edges, values, norm=norm, cmap="viridis", rasterized=True)
        axis.set_xscale("log")
        axis.set_yscale("log", base=2)
        axis.yaxis.set_major_formatter(plt.matplotlib.ticker.FuncFormatter(lambda v, _: "%g" % v))
        axis.grid(False)
        axis.set_xlabel(run.step_label)
        axis.set_ylabel(SIZE_LABEL)
    for axis in grid.flat[len(groups):]:
        axis.set_visible(False)
    if image is not None:
        figure.colorbar(image, ax=grid, label="Clusters in the cell", aspect=30)
    headline(figure, run, "Sizes of the %sB2 clusters" % ("persistent " if "persistent" in key else ""), pair_note(run),
             shown_note(len(groups), len(run.groups), "groups"))
    return figure


def plot_distribution(run):
    """Clusters of each size at the end (solid) and at the start (dotted), a line for each temperature."""
    compositions = evenly(run.compositions, MOST_PANELS)
    colours = temperature_colours(run)
    histogram, _ = run.series["b2/size_histogram"]
    figure, axes, columns = composition_panels(compositions)
    bins = occupied_bins(histogram)
    sizes = run.plain["b2/size_bins"][:bins]
    marks = {}
    for axis, (_, groups) in zip(axes, compositions):
        for group in groups if len(histogram) else []:
            temperature = float(run.temperature[group])
            for row, style in ((0, ":"), (-1, "-")):
                counts = histogram[row, group, :bins]
                counts = np.where(counts > 0.0, counts, np.nan)  # no line across sizes that there are none of
                line, = axis.plot(sizes, counts, color=colours[temperature], linestyle=style, marker="o",
                                  markersize=3.5 if row else 2.5, linewidth=1.4 if row else 1.0)
                marks[temperature] = line
    if marks:
        axes[0].set_xscale("log", base=2)
        axes[0].set_yscale("log")
        axes[0].xaxis.set_major_formatter(plt.matplotlib.ticker.FuncFormatter(lambda v, _: "%g" % v))
        for axis in axes[:len(compositions)]:
            axis.minorticks_off()
    else:
        for axis in axes[:len(compositions)]:
            no_value(axis, "nothing sampled yet")
    name_axes(axes, len(compositions), columns, SIZE_LABEL + ", from", "Clusters in the cell")
    headline(figure, run, "Sizes of the B2 clusters at the end", "dotted: at the start",
             "bins of 1, 2\u20133, 4\u20137, \u2026", pair_note(run),
             shown_note(len(compositions), len(run.compositions), "compositions"))
    temperature_key(figure, axes[:len(compositions)], marks, colours)
    return figure


# --- pictures of the cell ----------------------------------------------------------------------------------------------------


def read_clusters(path, column):
    """(positions [n][3], cluster numbers [n], box [3], hop) of the sites in a cluster of an extended XYZ file; None without the
    file or the column."""
    try:
        with open(path, encoding="utf-8") as file:
            count = int(file.readline())
            header = file.readline()
            properties = re.search(r"Properties=(\S+)", header)
            lattice = re.search(r'Lattice="([^"]*)"', header)
            if properties is None or lattice is None:
                raise ValueError("no Properties or Lattice")
            box = np.array(lattice.group(1).split(), dtype=float).reshape(3, 3).diagonal().copy()
            fields = properties.group(1).split(":")
            names = [name for name, width in zip(fields[::3], fields[2::3]) for _ in range(int(width))]
            if column not in names:
                return None
            use = [names.index("pos"), names.index("pos") + 1, names.index("pos") + 2, names.index(column)]
            table = np.loadtxt(file, usecols=use, ndmin=2, max_rows=count)
            if len(table) != count:
                raise ValueError("%d of %d atoms" % (len(table), count))
            hop = re.search(r"\b(?:Hop|Trial)=(\d+)", header)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PlotFailure("%s: cannot be read: %s" % (path, error.strerror or error)) from None
    except (ValueError, IndexError, UnicodeDecodeError) as error:
        raise PlotFailure("%s: damaged: %s" % (path, error)) from None
    inside = table[:, 3] > 0
    return table[inside, :3], table[inside, 3].astype(int), box, int(hop.group(1)) if hop else None


def draw_clusters(axis, positions, numbers, box, norm):
    """Centres as spheres coloured by the size of their cluster, large clusters on top, in a wire frame of the cell."""
    for dimension in range(3):
        for corner in np.ndindex(2, 2):
            ends = np.insert(np.array([corner, corner], dtype=float), dimension, [0.0, 1.0], axis=1) * box
            axis.plot(*ends.T, color="#888888", linewidth=0.7)
    sizes = np.bincount(numbers)[numbers] if len(numbers) else np.zeros(0)
    if len(numbers) > MOST_POINTS:
        keep = np.sort(np.argsort(sizes, kind="stable")[-MOST_POINTS:])
        positions, sizes = positions[keep], sizes[keep]
    order = np.argsort(sizes, kind="stable")
    spread = 340.0 * 340.0 / max(400.0, len(sizes)) * 0.12  # points^2: fewer centres, larger dots
    axis.scatter(
        *positions[order].T, c=sizes[order], cmap="turbo", norm=norm, linewidths=0.15, edgecolors="#00000055",
        s=np.clip(spread * (0.45 + 0.55 * (sizes[order] > 7)), 1.5, 40.0), alpha=0.9,
    )
    axis.set_xlim(0.0, box[0])
    axis.set_ylim(0.0, box[1])
    axis.set_zlim(0.0, box[2])
    axis.set_box_aspect(box.copy(), zoom=1.05)  # it divides in place
    axis.set_axis_off()
    axis.view_init(elev=18.0, azim=-58.0)


def written_on_the_way(run, group):
    """Files of the group's first walker that output.configurations_at_hops asked for, by hop."""
    folder = os.path.join(run.folder, "configurations")
    names = os.listdir(folder) if os.path.isdir(folder) else []
    found = (re.fullmatch(r"%s_(\d{1,18})_g%d_r0\.xyz" % (run.step, group), name) for name in names)
    return [os.path.join(folder, match.group()) for match in sorted((m for m in found if m), key=lambda m: int(m.group(1)))]


def pictures_of(run, group):
    """(column, what read_clusters gives) of each picture of a group: at the hops that the preset asked for, else at the start
    and at the end."""
    columns = ["cluster"] + ["persistent_cluster"] * ("b2/persistent/centres" in run.series)
    plan = [((path,), columns[-1]) for path in evenly(written_on_the_way(run, group), MOST_MOMENTS)]
    if not plan:
        first, last, stopped = (os.path.join(run.folder, "configurations", "%s_g%d_r0.xyz" % (name, group))
                                for name in ("initial", "final", "checkpoint"))
        plan = [((first,), "cluster")] + [((last, stopped), column) for column in columns]
    pictures = []
    for paths, column in plan:
        found = next((p for p in (read_clusters(path, column) for path in paths) if p is not None), None)
        if found is not None:
            pictures.append((column, found))
    return pictures


def plot_pictures(run):
    """Clusters in the cell along the way of one walker, a row for each of some groups; None without files."""
    groups = evenly([g for _, members in run.compositions for g in members], MOST_PICTURES)
    rows, largest = [], 8
    for group in groups:
        pictures = pictures_of(run, group)
        if pictures:
            rows.append((group, pictures))
            largest = max([largest] + [int(np.bincount(numbers).max(initial=0)) for _, (_, numbers, _, _) in pictures])
    if not rows:
        return None
    columns = max(len(pictures) for _, pictures in rows)
    figure, grid = free_figure(4.0 * columns + 1.0, 3.9 * len(rows), len(rows), columns, subplot_kw={"projection": "3d"})
    norm = plt.matplotlib.colors.LogNorm(1.0, largest)
    for axes, (group, pictures) in zip(grid, rows):
        for axis in axes[len(pictures):]:
            axis.set_visible(False)
        for axis, (column, (positions, numbers, box, hop)) in zip(axes, pictures):
            draw_clusters(axis, positions, numbers, box, norm)
            words = "%g K" % run.temperature[group] + ("" if hop is None else ", %s %ss" % (power_of_ten(hop), run.step))
            axis.set_title(words + (", persistent" if column == "persistent_cluster" else ""), y=0.98)
    bar = figure.colorbar(plt.matplotlib.cm.ScalarMappable(norm, "turbo"), ax=grid, aspect=30, shrink=0.8, label=SIZE_LABEL)
    bar.ax.yaxis.set_major_locator(plt.matplotlib.ticker.LogLocator(subs=(1.0, 2.0, 5.0)))
    bar.ax.yaxis.set_major_formatter(plt.matplotlib.ticker.FuncFormatter(lambda v, _: "%g" % v))
    bar.ax.minorticks_off()
    headline(figure, run, "B2 clusters in the cell", "each dot a centre", pair_note(run),
             shown_note(len(rows), len(run.groups), "groups"))
    return figure
