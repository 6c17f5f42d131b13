"""Figures of a barrier_map run: what a vacancy would meet on every site of a configuration.

    barriers                       of all jumps, by the species that jumps
    R = 1 - sigma(p) / max sigma   jump randomness of a site at a temperature, p the probabilities of its paths: 0 when one path
                                   takes all jumps, 1 when all are as likely
    Var(R)                         its variance over the sites: how heterogeneous diffusion is
The spectra by composition are figure 2, maps, histograms and Var(R) figure 4 of Xing, Rupert, Pan, Cao, Nature Communications
15, 3879 (2024).
"""

import math
import os

import numpy as np

from plot_base import PlotFailure
from plot_drawing import (
    COLOURS, DASHES, MARKERS, MOST_COMPOSITIONS, MOST_PANELS, bars, composition_panels, escaped, evenly, free_figure,
    group_by_composition, headline, legend_beside, make_folder, name_axes, no_value, panel_grid, plt, save, shown_note, steps,
)
from plot_reading import drawable, need_files, read_in_child, text
from plot_ternary import draw_binary, draw_diagram

MAP_FORMAT = "zener-barrier-map-1"
R_LABEL = "Jump randomness R"
R_NOTE = "R = 0: one path takes all jumps, R = 1: all paths are as likely"


class Map:
    """What the plots need of map.h5. G compositions, S elements, T temperatures, B and R bins.

    title, preset, facts; elements [S]; fractions [G][S]; temperature [T] (K); compositions: [(label, [its index])] of those
    that were mapped;
    mean, deviation [G] (eV); edges [B+1] (eV), spectrum [G][B], species_spectrum [G][S][B], species_mean [G][S] (eV);
    r_edges [R+1], r_histogram [G][T][R], r_mean, r_variance, r_error [G][T];
    site_r: R of the sites of the first configuration [T][sites], or None.
    """


def read_map(folder):
    """The Map of a folder; PlotFailure names the file and what is wrong with it."""
    need_files(folder, ("map.h5",))
    data = Map()
    read_in_child(os.path.join(folder, "map.h5"), data, read_file)
    every = group_by_composition(data.elements, data.fractions, [0.0] * len(data.fractions))
    data.compositions = [(label, groups) for label, groups in every if np.isfinite(data.mean[groups[0]])]
    if not data.compositions:
        raise PlotFailure("%s: no composition is mapped yet" % os.path.join(folder, "map.h5"))
    if len(data.compositions) < len(every):
        data.facts.append("interrupted, %d of %d compositions" % (len(data.compositions), len(every)))
    return data


def read_file(reader, data):
    """Fills a Map from the open map.h5 and checks every shape."""
    reader.need_format(MAP_FORMAT)
    data.title = text(reader.file.attrs.get("title", ""))
    data.preset = reader.preset()
    data.fractions = reader.dataset("compositions/fractions", (None, None))
    count, species = data.fractions.shape
    if count == 0 or not np.all(np.isfinite(data.fractions)) or np.any(data.fractions.sum(axis=1) <= 0.0):
        reader.fail("dataset compositions/fractions has no fractions")
    data.elements = reader.elements("compositions/fractions", species)
    data.mean = drawable(reader.dataset("barriers/mean_eV", (count,)))
    data.deviation = drawable(reader.dataset("barriers/standard_deviation_eV", (count,)))
    data.edges = reader.dataset("barriers/bin_edges_eV", (None,))
    bins = len(data.edges) - 1
    data.spectrum = drawable(reader.dataset("barriers/histogram", (count, bins)))
    data.species_mean = drawable(reader.dataset("barriers/by_species/mean_eV", (count, species)))
    data.species_spectrum = drawable(reader.dataset("barriers/by_species/histogram", (count, species, bins)))
    data.temperature = np.zeros(0)
    data.site_r = None
    if reader.has("randomness") and len(reader.dataset("temperatures_K", (None,))):
        data.temperature = reader.temperatures("temperatures_K")
        shape = (count, len(data.temperature))
        data.r_mean = drawable(reader.dataset("randomness/mean", shape))
        data.r_variance = drawable(reader.dataset("randomness/variance", shape))
        data.r_error = drawable(reader.dataset("randomness/variance_standard_error", shape))
        data.r_edges = reader.dataset("randomness/bin_edges", (None,))
        data.r_histogram = drawable(reader.dataset("randomness/histogram", shape + (len(data.r_edges) - 1,)))
        if reader.has("sites/randomness"):
            of_sites = reader.file["sites/randomness"]
            if of_sites.ndim != 3 or of_sites.shape[1] != len(data.temperature):
                reader.fail("dataset sites/randomness has the shape %s, expected [any, %d, any]", list(of_sites.shape),
                            len(data.temperature))
            data.site_r = np.asarray(of_sites[0], dtype=float)
    lattice = data.preset.get("lattice")
    lattice = lattice if isinstance(lattice, dict) else {}
    cells = lattice.get("cells")
    data.structure = lattice.get("structure", "bcc")
    data.cells = cells if isinstance(cells, list) and len(cells) == 3 and all(isinstance(n, int) for n in cells) else None
    data.facts = []
    if data.cells is not None:
        data.facts.append("%d \u00d7 %d \u00d7 %d cells of %s" % (*data.cells, escaped(str(data.structure))))
    configurations = data.preset.get("configurations")
    if isinstance(configurations, int) and configurations > 1:
        data.facts.append("%d configurations" % configurations)


def three(temperatures, variance):
    """Indices of three temperatures: between the coldest and the hottest that of the largest Var(R), one near half of it (a
    directional walk that is not quite frozen), and the hottest."""
    order = np.argsort(temperatures)
    if len(order) <= 3:
        return [int(i) for i in order]
    inner = order[1:-1]
    peak = inner[int(np.argmax(np.nan_to_num(variance[inner], nan=-1.0)))]
    colder = [i for i in order if temperatures[i] < temperatures[peak]]
    low = min(colder, key=lambda i: abs(temperatures[i] - 0.5 * temperatures[peak]))
    return [int(low), int(peak), int(order[-1])]


BASIS = {"bcc": ((0.0, 0.0), (0.5, 0.5)), "sc": ((0.0, 0.0),), "fcc": ((0.0, 0.0), (0.5, 0.5))}  # x, y in a cell of a layer
LAYER_SITES = {"bcc": (2, (0, 1)), "sc": (1, (0,)), "fcc": (4, (0, 3))}  # sites a cell, and those that the layer takes


def layer(data):
    """(x, y in lattice constants, site indices) of the sites of one layer of cells normal to z; None when the cell is unknown.

    bcc: the corners at z = 0 and the body centres just above them; fcc: the sites at z = 0.
    """
    if data.cells is None or data.structure not in BASIS:
        return None
    per_cell, taken = LAYER_SITES[data.structure]
    nx, ny, nz = data.cells
    if data.site_r.shape[1] != nx * ny * nz * per_cell:
        return None
    cx, cy = np.meshgrid(np.arange(nx), np.arange(ny), indexing="ij")
    cell = (cx * ny + cy) * nz
    x = np.concatenate([(cx + dx).ravel() for dx, _ in BASIS[data.structure]])
    y = np.concatenate([(cy + dy).ravel() for _, dy in BASIS[data.structure]])
    return x, y, np.concatenate([(cell * per_cell + b).ravel() for b in taken])


def plot_randomness(data):
    """Maps of R in a layer of sites (above) and its distribution (below) at low, middle and high temperature."""
    index = data.compositions[0][1][0]
    chosen = three(data.temperature, data.r_variance[index])
    found = layer(data) if data.site_r is not None else None
    rows = 2 if found is not None else 1
    figure, grid = free_figure(4.0 * len(chosen) + 0.9 * (rows - 1), 3.6 * (rows - 1) + 2.9, rows, len(chosen),
                               height_ratios=[1.25, 1.0][2 - rows:])
    colours = plt.matplotlib.colormaps["turbo"]
    if found is not None:
        x, y, sites = found
        nx, ny, _ = data.cells
        # The sites of a layer form a square lattice, turned by 45 degrees in bcc and fcc: a square for each fills the plane.
        square = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))
        tile = np.array(square if data.structure == "sc" else ((-0.5, 0.0), (0.0, -0.5), (0.5, 0.0), (0.0, 0.5)))
        tiles = np.stack((x, y), axis=1)[:, None, :] + tile
        for axis, t in zip(grid[0], chosen):
            image = plt.matplotlib.collections.PolyCollection(
                tiles, array=data.site_r[t, sites], cmap=colours, clim=(0.0, 1.0), linewidths=0.2, edgecolors="face"
            )
            axis.add_collection(image)
            axis.set(aspect="equal", xlim=(-0.5, nx), ylim=(-0.5, ny), xticks=[], yticks=[])
            axis.grid(False)
            axis.spines[:].set_visible(True)
            axis.set_title("%g K" % data.temperature[t], fontsize=12)
        figure.colorbar(image, ax=grid[0, -1], label=R_LABEL, aspect=25)
    width = np.diff(data.r_edges)
    middle = 0.5 * (data.r_edges[1:] + data.r_edges[:-1])
    for axis, t in zip(grid[-1], chosen):
        axis.bar(middle, 100.0 * data.r_histogram[index, t], width=width, color=colours(middle), linewidth=0.0)
        axis.set(xlim=(0.0, 1.0), xlabel=R_LABEL)
        left = data.r_mean[index, t] > 0.55  # where there is room
        axis.text(0.03 if left else 0.97, 0.95, "mean %.2f\nVar(R) %.4f" % (data.r_mean[index, t], data.r_variance[index, t]),
                  ha="left" if left else "right", va="top", transform=axis.transAxes, fontsize=9)
        if rows == 1:
            axis.set_title("%g K" % data.temperature[t], fontsize=12)
    grid[-1, 0].set_ylabel("Sites (%)")
    label = data.compositions[0][0] if len(data.compositions) > 1 else ""
    headline(figure, data, "Jump randomness of the sites", label, R_NOTE,
             "a (001) layer of the cell, sites coloured by R" if found is not None else "")
    return figure


def plot_variance(data):
    """Var(R), and the mean of R, against temperature, a line for each composition."""
    compositions = evenly(data.compositions, MOST_COMPOSITIONS)
    figure, (left, right) = panel_grid(1, 2, 2, False, 0.1)
    figure.subplots_adjust(wspace=0.28)
    order = np.argsort(data.temperature)
    t = data.temperature[order]
    marks, peaks = {}, []
    for slot, (label, (group, *_)) in enumerate(compositions):
        colour = COLOURS[slot % len(COLOURS)]
        options = {"color": colour, "marker": MARKERS[slot % len(MARKERS)], "linestyle": DASHES[slot // len(COLOURS) % 3]}
        variance = data.r_variance[group, order]
        marks[label] = left.errorbar(t, variance, yerr=bars(data.r_error[group, order]), elinewidth=1.0, **options)
        right.plot(t, data.r_mean[group, order], **options)
        if len(t) > 2 and np.any(np.isfinite(variance)):
            best = int(np.nanargmax(variance))
            peaks.append(float(t[best]))
            left.axvline(t[best], color=colour, linewidth=0.9, linestyle=":", zorder=1)
    peaks = sorted(set(peaks))
    left.set(xlabel="Temperature (K)", ylabel="Diffusion multiplicity Var(R)")
    right.set(xlabel="Temperature (K)", ylabel="Mean jump randomness R")
    left.set_ylim(bottom=0.0)
    right.set_ylim(0.0, 1.0)
    headline(figure, data, "Multiplicity of the jumps against temperature", R_NOTE,
             "dotted: the largest Var(R), at %s K" % " and ".join("%g" % p for p in peaks) if 0 < len(peaks) <= 4 else "",
             shown_note(len(compositions), len(data.compositions), "compositions"))
    if len(marks) > 1:
        legend_beside(figure, list(marks.values()), list(marks))
    return figure


def plot_spectra(data):
    """How often barriers occur, all jumps and those of each species, a panel for each composition."""
    # Barriers that are all alike, as those of a pure element, are a spike beside which the others would not be seen.
    spread = [c for c in data.compositions if data.deviation[c[1][0]] > 1e-9] or data.compositions
    compositions = evenly(spread, MOST_PANELS)
    figure, axes, columns = composition_panels(compositions)
    width = np.diff(data.edges)
    marks = {}
    for axis, (_, (group, *_)) in zip(axes, compositions):
        density = data.spectrum[group] / width
        axis.fill_between(np.repeat(data.edges, 2)[1:-1], np.repeat(density, 2), color="#BBBBBB", linewidth=0.0, alpha=0.6)
        marks["all jumps"] = plt.Rectangle((0, 0), 1, 1, color="#BBBBBB", alpha=0.6)
        shares = data.species_spectrum[group].sum(axis=1)
        parts = data.fractions[group] / data.fractions[group].sum()
        for slot, element in enumerate(data.elements):
            if not shares[slot] > 0.0:
                continue
            # Each species' curve has the area of its part of the jumps, so that the curves add up to all jumps.
            curve = data.species_spectrum[group, slot] / shares[slot] * parts[slot] / width
            marks[element] = steps(axis, data.edges, curve, color=COLOURS[slot % len(COLOURS)], linewidth=1.4)
            mean = data.species_mean[group, slot]
            if np.isfinite(mean):
                axis.axvline(mean, color=COLOURS[slot % len(COLOURS)], linewidth=0.9, linestyle=":")
        axis.text(0.97, 0.95, "%.3f \u00b1 %.3f eV" % (data.mean[group], data.deviation[group]), transform=axis.transAxes,
                  ha="right", va="top", fontsize=8.5)
    axes[0].set_ylim(bottom=0.0)  # of all panels
    name_axes(axes, len(compositions), columns, "Barrier (eV)", "Probability density (1/eV)")
    headline(figure, data, "Migration barriers",
             "mean \u00b1 standard deviation of all jumps; dotted: means by jumping species",
             shown_note(len(compositions), len(data.compositions), "compositions"))
    legend_beside(figure, list(marks.values()), [escaped(name) for name in marks])
    return figure


def plot_diagram(data):
    """Mean barrier over the compositions: a triangle for three elements, a curve for two; None for others."""
    if len(data.compositions) < 3 or len(data.elements) not in (2, 3) or not np.any(np.isfinite(data.mean)):
        return None
    label = "Mean barrier (eV)"
    if len(data.elements) == 3:
        figure, grid = free_figure(6.8, 5.4, 1, 1)
        note = draw_diagram(figure, grid[0, 0], data.elements, data.fractions, data.mean, label)
    else:
        figure, (axis,) = panel_grid(1, 1, 1, False)
        note = draw_binary(axis, data.elements, data.fractions, data.mean, data.deviation, label)
    headline(figure, data, "Mean barrier of the vacancy over the compositions", note)
    return figure


def draw_all(folder):
    """Draws every figure that the map has data for; yields the paths as they are written."""
    data = read_map(folder)
    plots = os.path.join(folder, "plots")
    make_folder(plots)
    yield save(plot_spectra(data), plots, "barrier_spectra.png")
    diagram = plot_diagram(data)
    if diagram is not None:
        yield save(diagram, plots, "barrier_diagram.png")
    if len(data.temperature):
        yield save(plot_randomness(data), plots, "randomness_map.png")
        yield save(plot_variance(data), plots, "randomness_variance.png")
