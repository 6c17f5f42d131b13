"""Figures of the static drivers.

    relax.h5      energy above the end and largest force against steps
    elastic.h5    the elastic constants, and Young's modulus by direction in the planes (001) and (1-10):
                  1/E = S_ijkl n_i n_j n_k n_l (Nye, Physical properties of crystals, 1957)
    defects.h5    formation energies before and after relaxation, binding energies
    neb.h5        energies along migration paths, with the cubic Hermite spline through energies and forces
    lattice.h5    lattice parameters against temperature, for the crystal and with each defect
    barriers.h5   barriers of a data set by the element that jumps, and against the energy difference of their ends
"""

import json
import os

import numpy as np

from plot_drawing import (
    COLOURS, MARKERS, MOST_PANELS, bars, escaped, evenly, free_figure, headline, legend_beside, make_folder, no_value, save,
    shown_note,
)
from plot_reading import drawable, need_files, read_in_child, text

MOST_LINES = 12
MOST_BARS = 40
MOST_KINDS = 6  # of bands in one panel
VOIGT = ("xx", "yy", "zz", "yz", "xz", "xy")


class Results:
    """What the plots need of one file: title, facts, compositions (one label for the headline) and the datasets by name."""


def begin(reader, data, wanted, label):
    """What all four files have."""
    reader.need_format(wanted)
    data.title = text(reader.file.attrs.get("title", ""))
    data.facts = []
    data.compositions = [(label, [0])]


def names(reader, name):
    """A list of texts."""
    found = [text(value) for value in reader.dataset(name, (None,), object)]
    if not found:
        reader.fail("dataset %s is empty", name)
    return found


def read_relax(reader, data):
    """Rows of each system on its way to rest."""
    begin(reader, data, "zener-relax-1", "relaxation")
    data.step = reader.dataset("step", (None, None))
    if data.step.size == 0:
        reader.fail("dataset step is empty")
    data.energy = drawable(reader.dataset("energy_eV", data.step.shape))
    data.force = drawable(reader.dataset("largest_force_eV_A", data.step.shape))
    data.atoms = reader.dataset("atoms", (data.step.shape[1],))
    data.facts = ["%d systems" % data.step.shape[1]] if data.step.shape[1] > 1 else []


def plot_relax(data):
    """Two panels over the steps, a line for each system."""
    figure, axes = free_figure(6.8, 5.4, 2, 1)
    energy, force = axes[0, 0], axes[1, 0]
    systems = evenly(range(data.step.shape[1]), MOST_LINES)
    for index, k in enumerate(systems):
        style = {"color": COLOURS[index % len(COLOURS)], "marker": "o", "markersize": 3}
        energy.plot(data.step[:, k], 1000.0 * (data.energy[:, k] - data.energy[-1, k]) / max(data.atoms[k], 1.0), **style)
        here = data.force[:, k] > 0.0
        force.plot(data.step[here, k], data.force[here, k], label="system %d" % k, **style)
    if np.any(data.force[:, systems] > 0.0):
        force.set_yscale("log")
    energy.set_ylabel(r"$E - E_\mathrm{end}$ (meV/atom)")
    force.set_ylabel("Largest force (eV/\u00c5)")
    force.set_xlabel("Steps")
    if len(systems) > 1:
        legend_beside(figure, *force.get_legend_handles_labels())
    headline(figure, data, "Relaxation", shown_note(len(systems), data.step.shape[1], "systems"))
    return figure


def read_elastic(reader, data):
    """The matrix of elastic constants."""
    begin(reader, data, "zener-elastic-1", "%s symmetry" % text(reader.file.attrs.get("symmetry", "unknown")))
    data.c = drawable(reader.dataset("c_GPa", (6, 6)))
    if not np.all(np.isfinite(data.c)):
        reader.fail("dataset c_GPa has values that are not finite")


def young(c, directions):
    """Young's modulus along unit vectors, GPa; None for a crystal without compliances."""
    try:
        s = np.linalg.inv(c)
    except np.linalg.LinAlgError:
        return None
    x, y, z = directions.T
    strain_like = np.stack([x * x, y * y, z * z, y * z, x * z, x * y], axis=1)  # n_i n_j; S has the factors 2 of Voigt
    inverse = np.einsum("ni,ij,nj->n", strain_like, s, strain_like)
    with np.errstate(divide="ignore"):
        return np.where(inverse > 0.0, 1.0 / inverse, np.nan)


def plot_elastic(data):
    """The matrix as a map with its numbers, and Young's modulus in two planes."""
    figure, axes = free_figure(10.4, 4.6, 1, 2)
    axis, polar = axes[0, 0], axes[0, 1]
    largest = float(np.max(np.abs(data.c))) or 1.0
    axis.imshow(data.c, cmap="RdBu_r", vmin=-largest, vmax=largest)
    for i in range(6):
        for j in range(6):
            if abs(data.c[i, j]) > 5e-4 * largest:
                axis.text(j, i, "%.4g" % data.c[i, j], ha="center", va="center", fontsize=8,
                          color="white" if abs(data.c[i, j]) > 0.6 * largest else "black")
    axis.set_xticks(range(6), VOIGT)
    axis.set_yticks(range(6), VOIGT)
    axis.grid(False)
    axis.set_title("Elastic constants (GPa)")
    angle = np.linspace(0.0, 2.0 * np.pi, 361)
    planes = (("(001)", (1, 0, 0), (0, 1, 0)), (r"(1$\bar{1}$0)", (np.sqrt(0.5), np.sqrt(0.5), 0), (0, 0, 1)))
    drawn = False
    for index, (label, first, second) in enumerate(planes):
        directions = np.outer(np.cos(angle), first) + np.outer(np.sin(angle), second)
        modulus = young(data.c, directions)
        if modulus is not None and np.any(np.isfinite(modulus)):
            polar.plot(modulus * np.cos(angle), modulus * np.sin(angle), color=COLOURS[index], label=label)
            drawn = True
    if drawn:
        polar.set(aspect="equal", xlabel="E (GPa) along [100] or [110]", ylabel="E (GPa) along [010] or [001]")
        polar.set_title("Young's modulus by direction")
        polar.legend(loc="upper right")
    else:
        no_value(polar, "no Young's modulus:\nthe matrix is singular")
    headline(figure, data, "Elastic constants")
    return figure


def read_defects(reader, data):
    """One row for each defect and cell."""
    begin(reader, data, "zener-defects-1", "defects")
    data.name = names(reader, "defect")
    data.cells = names(reader, "cells")
    if len(data.cells) != len(data.name):
        reader.fail("dataset cells has not the length of dataset defect")
    shape = (len(data.name),)
    data.formation = drawable(reader.dataset("formation_eV", shape))
    data.unrelaxed = drawable(reader.dataset("unrelaxed_formation_eV", shape))
    data.binding = drawable(reader.dataset("binding_eV", shape))


def plot_defects(data):
    """Bars of formation energies with a tick where they were before relaxation; a second panel where there are bound clusters."""
    bound = [k for k in range(len(data.name)) if np.isfinite(data.binding[k])]
    shown = evenly(range(len(data.name)), MOST_BARS)
    several = len(set(data.cells)) > 1
    panels = 2 if bound else 1
    width = max(6.0, 1.2 + 0.5 * len(shown))
    figure, axes = free_figure(width, 3.9 * panels, panels, 1)
    for panel, (rows, values, label) in enumerate(
        ((shown, data.formation, "Formation energy (eV)"), (evenly(bound, MOST_BARS), data.binding, "Binding energy (eV)"))[:panels]
    ):
        axis = axes[panel, 0]
        axis.bar(range(len(rows)), [values[k] for k in rows], 0.75, color=COLOURS[panel])
        if panel == 0:
            # Interstitials start far above: what lies beyond half as much again as the highest bar is left out.
            top = 1.5 * np.nanmax([values[k] for k in rows], initial=0.0)
            inside = [(place, data.unrelaxed[k]) for place, k in enumerate(rows) if not data.unrelaxed[k] > top > 0.0]
            if inside:
                axis.scatter(*zip(*inside), marker="_", s=160, color="#222222", zorder=3, label="before relaxation")
                axis.legend(loc="best")
        labels = [escaped(data.name[k] + (" " + data.cells[k] if several else "")) for k in rows]
        axis.set_xticks(range(len(rows)), labels, rotation=30, ha="right")
        axis.axhline(0.0, color="#444444", linewidth=0.9)
        axis.set_ylabel(label)
        axis.grid(False, axis="x")
    headline(figure, data, "Energies of defects", "binding energies above zero bind" if bound else "",
             shown_note(len(shown), len(data.name), "defects"))
    return figure


def read_lattice(reader, data):
    """Means of each case at each temperature, and the values at 0 K."""
    begin(reader, data, "zener-lattice-parameter-1", "constant pressure")
    data.name = names(reader, "cases")
    data.cubic = bool(reader.file["cases"].attrs.get("cubic", 1))
    count = len(data.name)
    data.temperature = reader.dataset("temperatures_K", (None,))
    if len(data.temperature):
        data.temperature = reader.temperatures("temperatures_K")
    shape = (count, len(data.temperature))
    data.static, data.mean, data.error = {}, {}, {}
    for name in ("a", "c"):
        data.static[name] = drawable(reader.dataset("static/%s_A" % name, (count,)))
        data.mean[name], data.error[name] = reader.estimate("ladder/%s_A" % name, shape)


def plot_lattice(data):
    """a against temperature, and c where it is another; points at 0 K are static."""
    lengths = ("a",) if data.cubic else ("a", "c")
    figure, axes = free_figure(6.8, 4.2 * len(lengths), len(lengths), 1, sharex=True)
    shown = evenly(range(len(data.name)), MOST_LINES)
    for panel, length in enumerate(lengths):
        axis = axes[panel, 0]
        drawn = False
        for index, k in enumerate(shown):
            style = {"color": COLOURS[index % len(COLOURS)], "marker": MARKERS[index % len(MARKERS)]}
            label = escaped(data.name[k])
            here = np.isfinite(data.mean[length][k])
            if here.any():
                error = bars(data.error[length][k][here])
                axis.errorbar(data.temperature[here], data.mean[length][k][here], yerr=error, label=label, **style)
                drawn, label = True, None
            if np.isfinite(data.static[length][k]):
                axis.plot([0.0], [data.static[length][k]], linestyle="", markerfacecolor="none", label=label, **style)
                drawn = True
        if not drawn:
            no_value(axis, "nothing sampled yet")
        axis.set_ylabel("Lattice parameter %s (\u00c5)" % length)
    axes[-1, 0].set_xlabel("Temperature (K)")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    if len(labels) > 1:
        legend_beside(figure, handles, labels)
    static = any(np.any(np.isfinite(data.static[length])) for length in lengths)
    headline(figure, data, "Lattice parameter against temperature", "open symbols: static, 0 K" if static else "",
             shown_note(len(shown), len(data.name), "cases"))
    return figure


def read_neb(reader, data):
    """One row for each band; NaN where a band has no result."""
    begin(reader, data, "zener-neb-1", "nudged elastic bands")
    data.path = names(reader, "path")
    shape = (len(data.path),)
    data.s = drawable(reader.dataset("reaction_coordinate_A", (len(data.path), None)))
    if data.s.shape[1] < 2:
        reader.fail("dataset reaction_coordinate_A has fewer than two points of a path")
    data.energy = drawable(reader.dataset("energy_eV", data.s.shape))
    data.slope = drawable(reader.dataset("slope_eV_A", data.s.shape))
    data.forward = drawable(reader.dataset("forward_eV", shape))
    data.backward = drawable(reader.dataset("backward_eV", shape))
    data.converged = reader.dataset("converged", shape) != 0
    data.here = np.all(np.isfinite(data.s) & np.isfinite(data.energy) & np.isfinite(data.slope), axis=1)
    data.here &= np.all(np.diff(np.where(data.here[:, None], data.s, np.arange(data.s.shape[1])), axis=1) > 0.0, axis=1)
    data.facts = ["%d images" % (data.s.shape[1] - 2)]


def hermite(s, energy, slope, places):
    """The cubic Hermite spline through points of a path with their slopes."""
    left = np.clip(np.searchsorted(s, places, side="right") - 1, 0, len(s) - 2)
    width = s[left + 1] - s[left]
    t = (places - s[left]) / width
    return (
        (1 + 2 * t) * (1 - t) ** 2 * energy[left] + t * (1 - t) ** 2 * width * slope[left]
        + t**2 * (3 - 2 * t) * energy[left + 1] + t**2 * (t - 1) * width * slope[left + 1]
    )


def equal_bands(data, rows):
    """[[rows of equal barriers and convergence]], lowest forward barrier first: hops that are images of each other."""
    kinds = {}
    for k in rows:
        key = (bool(data.converged[k]), round(1e3 * data.forward[k]), round(1e3 * data.backward[k]))
        for near in kinds:  # rounding must not part what belongs together
            if near[0] == key[0] and abs(near[1] - key[1]) <= 1 and abs(near[2] - key[2]) <= 1:
                key = near
                break
        kinds.setdefault(key, []).append(k)
    return [kinds[key] for key in sorted(kinds, key=lambda key: key[1:])]


def plot_neb(data):
    """A panel for each path of the preset; bands with the same barriers are one line."""
    paths = list(dict.fromkeys(data.path))
    shown = evenly(paths, MOST_PANELS)
    columns = min(len(shown), 3 if len(shown) != 4 else 2)
    rows = -(-len(shown) // columns)
    figure, axes = free_figure(4.6 * columns if columns > 1 else 6.4, 3.5 * rows if rows > 1 else 4.2, rows, columns)
    dashed = False
    for index, axis in enumerate(axes.flat):
        if index >= len(shown):
            axis.set_visible(False)
            continue
        mine = [k for k, name in enumerate(data.path) if name == shown[index]]
        kinds = equal_bands(data, [k for k in mine if data.here[k] and np.isfinite(data.forward[k] + data.backward[k])])
        axis.set_title(escaped("%s, %d band%s" % (shown[index], len(mine), "" if len(mine) == 1 else "s")))
        axis.set(xlabel="Reaction coordinate (\u00c5)", ylabel="Energy above the first end (eV)")
        if not kinds:
            no_value(axis, "no band came to an end")
        for order, kind in enumerate(evenly(kinds, MOST_KINDS)):
            k = kind[0]
            colour = COLOURS[order % len(COLOURS)]
            fine = np.linspace(data.s[k, 0], data.s[k, -1], 40 * data.s.shape[1])
            axis.plot(fine, hermite(data.s[k], data.energy[k], data.slope[k], fine) - data.energy[k, 0], color=colour,
                      linestyle="-" if data.converged[k] else "--")
            many = " (%d)" % len(kind) if len(kind) > 1 else ""
            axis.plot(data.s[k], data.energy[k] - data.energy[k, 0], linestyle="", color=colour, markersize=4,
                      marker=MARKERS[order % len(MARKERS)],
                      label="%.3f, back %.3f eV%s" % (data.forward[k], data.backward[k], many))
            dashed = dashed or not data.converged[k]
        if kinds:
            low, high = axis.get_ylim()
            handles, labels = axis.get_legend_handles_labels()
            axis.set_ylim(low, high + (0.09 * len(labels) + 0.03) * (high - low))  # room for the legend above the curves
            axis.legend(handles, labels, loc="upper center", handletextpad=0.2, fontsize=8.5)
    several = any(data.path.count(name) > 1 for name in shown)
    headline(figure, data, "Energy along migration paths", "in brackets: bands with the same barriers" if several else "",
             "dashed: not converged" if dashed else "", shown_note(len(shown), len(paths), "paths"))
    return figure


def bcc_site(place, cells):
    """Number of the site at integer coordinates (units of a/2) [.., 3], as host/neutral/lattice_tables.hpp numbers them."""
    place = place % (2 * cells)
    corner = place[..., 0] % 2
    x, y, z = ((place[..., d] - corner) // 2 for d in range(3))
    return ((x * cells[1] + y) * cells[2] + z) * 2 + corner


def read_barriers(reader, data):
    """Barriers both ways of all bands that converged, with the element that jumps."""
    reader.need_format("zener-barriers-1")
    try:
        data.title = str(json.loads(text(reader.file.attrs.get("preset", "{}"))).get("title", ""))
    except (ValueError, AttributeError):
        data.title = ""
    data.elements = [text(element) for element in reader.file.attrs.get("elements", [])]
    data.compositions = [("data set of barriers", [0])]
    cells = reader.dataset("cells", (3,)).astype(np.int64)
    if np.any(cells < 1):
        reader.fail("dataset cells has a side of no cells")
    occupancy = reader.dataset("cell/occupancy", (None, int(2 * np.prod(cells))))
    rows = len(occupancy)
    vacancy = reader.dataset("cell/vacancy", (rows,)).astype(np.int64)
    if np.any((vacancy < 0) | (vacancy >= occupancy.shape[1])):
        reader.fail("dataset cell/vacancy names a site that is not there")
    status = reader.dataset("jump/status", (rows, 8))
    forward = drawable(reader.dataset("jump/forward_eV", (rows, 8)))
    backward = drawable(reader.dataset("jump/backward_eV", (rows, 8)))
    corner = vacancy % 2
    cell = vacancy // 2
    place = np.stack([cell // (cells[1] * cells[2]), cell // cells[2] % cells[1], cell % cells[2]], axis=1)
    place = 2 * place + corner[:, None]
    steps = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    jumper = np.take_along_axis(occupancy, bcc_site(place[:, None, :] + steps, cells), axis=1)
    use = (status == 1) & np.isfinite(forward + backward)
    data.jumper = jumper[use]
    data.forward = forward[use]
    data.backward = backward[use]
    data.facts = ["%d cells, %d bands of use of %d" % (rows, int(np.sum(use)), 8 * rows)]


def plot_barriers(data):
    """Histograms by element; barriers against the difference of their ends' energies, both ways."""
    figure, axes = free_figure(10.4, 4.2, 1, 2)
    left, right = axes.flat
    left.set(xlabel="Barrier (eV)", ylabel="Barriers in an interval")
    right.set(xlabel="Energy after the jump less before (eV)", ylabel="Barrier (eV)")
    barrier = np.concatenate([data.forward, data.backward])
    if not len(barrier):
        no_value(left, "no band is of use")
        no_value(right, "no band is of use")
        headline(figure, data, "Barriers of a data set")
        return figure
    difference = np.concatenate([data.forward - data.backward, data.backward - data.forward])
    jumper = np.concatenate([data.jumper, data.jumper])
    edges = np.histogram_bin_edges(barrier, bins=60)
    for code, element in enumerate(data.elements, 1):
        mine = jumper == code
        if not np.any(mine):
            continue
        colour = COLOURS[(code - 1) % len(COLOURS)]
        left.hist(barrier[mine], bins=edges, histtype="step", color=colour, linewidth=1.4,
                  label=escaped("%s, mean %.3f eV" % (element, np.mean(barrier[mine]))))
        shown = evenly(list(np.flatnonzero(mine)), 2000)
        right.plot(difference[shown], barrier[shown], linestyle="", marker=".", markersize=2, color=colour, alpha=0.5,
                   label=escaped(element))
    reach = np.array([np.min(difference), np.max(difference)])
    right.plot(reach, np.mean(barrier) + 0.5 * reach, color="black", linewidth=1, linestyle="--", label="slope 1/2")
    left.legend(fontsize=8.5)
    right.legend(fontsize=8.5, markerscale=4)
    headline(figure, data, "Barriers of a data set")
    return figure


FIGURES = {
    "relax.h5": (read_relax, plot_relax, "relaxation.png"),
    "elastic.h5": (read_elastic, plot_elastic, "elastic_constants.png"),
    "defects.h5": (read_defects, plot_defects, "defect_energies.png"),
    "neb.h5": (read_neb, plot_neb, "paths.png"),
    "lattice.h5": (read_lattice, plot_lattice, "lattice_parameter.png"),
    "barriers.h5": (read_barriers, plot_barriers, "barriers.png"),
}


def draw_all(folder):
    """Draws the figure of the file that is there; yields its path."""
    found = [name for name in FIGURES if os.path.isfile(os.path.join(folder, name))]
    need_files(folder, found[:1] or ["relax.h5"])
    read, plot, name = FIGURES[found[0]]
    data = Results()
    read_in_child(os.path.join(folder, found[0]), data, read)
    plots = os.path.join(folder, "plots")
    make_folder(plots)
    yield save(plot(data), plots, name)
