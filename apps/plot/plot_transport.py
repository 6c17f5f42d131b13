"""Figures of the atoms' own motion: squared displacements, correlation factors, diffusivities, shares of the jumps.

    r^2                            squared displacement of an atom, mean over the atoms of its element
    f = sum r^2 / (jumps b^2)      tracer correlation factor, b the length of a jump; constant barriers give a number of the
                                   lattice alone (dotted: Montet, Phys. Rev. B 7, 650 (1973), and Koiwa and Ishioka, Phil.
                                   Mag. A 47, 927 (1983))
    D = r^2 / (6 t)                diffusivity of the atoms at the cell's concentration of vacancies, and at the equilibrium
                                   concentration when the preset has real_time
"""

import numpy as np

from plot_arrhenius import draw_arrhenius, finish_arrhenius, fit_of, fit_words
from plot_drawing import (
    COLOURS, MARKERS, MOST_PANELS, MOST_ROWS, bars, composition_panels, escaped, evenly, headline, legend_beside, name_axes,
    no_value, panel_grid, plt, shown_note, temperature_colours, temperature_key,
)
from plot_reading import summary_value

LATTICE_FACTORS = {"bcc": 0.727194, "sc": 0.653109, "fcc": 0.781451}


def figures(run):
    """(file name, figure) of each figure that the run has data for."""
    if "tracers/msd_A2" in run.series:
        yield "tracer_msd.png", plot_msd(run)
        yield "correlation_factor.png", plot_correlation(run)
        yield "correlation_factor_vs_hops.png", plot_correlation_growth(run)
        yield "tracer_diffusivity.png", plot_diffusivity(run, "tracers", "Diffusivity of the atoms", "in the simulated cell")
        if any(isinstance(group.get("real_time"), dict) for group in run.groups):
            yield "real_diffusivity.png", plot_diffusivity(
                run, "real_time", "Diffusivity of the atoms", "at the equilibrium concentration of vacancies"
            )
    if "transport/jumps" in run.series:
        yield "jump_shares.png", plot_shares(run)


def species_panels(run, title, x_label, y_label, curve, log_y, level=None, notes=()):
    """Columns for elements, rows for compositions, a line for each temperature; curve(group, species) gives x, y, error."""
    compositions = evenly(run.compositions, MOST_ROWS)
    colours = temperature_colours(run)
    columns = len(run.elements)
    count = columns * len(compositions)
    figure, axes = panel_grid(len(compositions), columns, count, True, 0.3)
    marks = {}
    for row, (label, groups) in enumerate(compositions):
        for species, element in enumerate(run.elements):
            axis = axes[row * columns + species]
            axis.set_title(element if len(run.compositions) == 1 else "%s in %s" % (escaped(element), label))
            if level is not None:
                axis.axhline(level, color="#444444", linewidth=1.0, linestyle=":", zorder=1)
            for group in groups:
                x, y, error = curve(group, species)
                here = np.isfinite(x) & np.isfinite(y) & (x > 0.0) & ((y > 0.0) | (not log_y))
                if not here.any():
                    continue
                temperature = float(run.temperature[group])
                x, y, error = x[here], y[here], bars(error[here])
                line, = axis.plot(x, y, color=colours[temperature], linewidth=1.4, marker="o" if len(x) <= 15 else None,
                                  markersize=3.5, zorder=3)
                marks[temperature] = line
                if error is not None and len(x) > 1:
                    low = np.maximum(y - error, 0.1 * y) if log_y else y - error
                    axis.fill_between(x, low, y + error, color=line.get_color(), alpha=0.18, linewidth=0.0, zorder=2)
    if marks:
        axes[0].set_xscale("log")
        if log_y:
            axes[0].set_yscale("log")
        for axis in axes[:count]:
            axis.minorticks_off()
    else:
        for axis in axes[:count]:
            no_value(axis, "nothing sampled yet that a\nlogarithmic axis can show")
    name_axes(axes, count, columns, x_label, y_label)
    headline(figure, run, title, *notes, shown_note(len(compositions), len(run.compositions), "compositions"))
    temperature_key(figure, axes[:count], marks, colours)
    return figure


def plot_msd(run):
    """Squared displacement of an atom of each element against time."""
    time, _ = run.series["time_s"]
    mean, error = run.series["tracers/msd_A2"]
    return species_panels(
        run, "Squared displacement of the atoms", "Time t (s)", r"$\langle r^2 \rangle$ of an atom" + " (\u00c5$^2$)",
        lambda group, species: (time[:, group], mean[:, group, species], error[:, group, species]), True,
    )


def lattice_factor(run):
    """(f of constant barriers, words) of the run's lattice; (None, "") when the preset does not say."""
    lattice = run.preset.get("lattice")
    structure = lattice.get("structure", "bcc") if isinstance(lattice, dict) else None
    factor = LATTICE_FACTORS.get(structure) if isinstance(structure, str) else None
    return factor, "" if factor is None else "dotted: %s with equal barriers, f = %.4f" % (structure, factor)


def plot_correlation_growth(run):
    """Correlation factor of each element against hops."""
    mean, error = run.series["tracers/correlation_factor"]
    level, words = lattice_factor(run)
    return species_panels(
        run, "Tracer correlation factor along the walk", run.step_label, "Correlation factor f",
        lambda group, species: (run.hops, mean[:, group, species], error[:, group, species]), False, level, (words,),
    )


def species_vs_temperature(run, title, y_label, keys, factor=1.0, level=None, notes=()):
    """A line for each element against temperature, a panel for each composition; keys lead to it in a summary's group."""
    compositions = evenly(run.compositions, MOST_PANELS)
    figure, axes, columns = composition_panels(compositions)
    marks = {}
    for axis, (_, groups) in zip(axes, compositions):
        if level is not None:
            axis.axhline(level, color="#444444", linewidth=1.0, linestyle=":", zorder=1)
        temperature = run.temperature[groups]
        drawn = False
        for slot, element in enumerate(run.elements):
            mean, error = np.array([summary_value(run.groups[group], *keys, element) for group in groups]).T * factor
            here = np.isfinite(mean)
            if here.any():
                drawn = True
                marks[element] = axis.errorbar(
                    temperature[here], mean[here], yerr=bars(error[here]), color=COLOURS[slot % len(COLOURS)],
                    marker=MARKERS[slot % len(MARKERS)], elinewidth=1.0,
                )
        if not drawn:
            axis.text(0.5, 0.6, "no value", transform=axis.transAxes, ha="center", color="#777777")
    name_axes(axes, len(compositions), columns, "Temperature (K)", y_label)
    headline(figure, run, title, *notes, shown_note(len(compositions), len(run.compositions), "compositions"))
    if marks:
        legend_beside(figure, list(marks.values()), [escaped(element) for element in marks])
    return figure


def plot_correlation(run):
    """Correlation factor of each element at the end against temperature."""
    level, words = lattice_factor(run)
    return species_vs_temperature(
        run, "Tracer correlation factor", "Correlation factor f", ("tracers", "correlation_factor"), 1.0, level, (words,)
    )


def plot_shares(run):
    """Share of the jumps that the atoms of each element made, against temperature."""
    return species_vs_temperature(
        run, "Who jumps", "Share of the jumps (%)", ("transport", "share_of_jumps"), 100.0,
        notes=("a share above the element's part of the alloy: it is the faster one",),
    )


def plot_diffusivity(run, kind, title, where):
    """log D of each element against 1000/T with the fitted lines, a panel for each composition."""
    compositions = evenly(run.compositions, 4)
    real = kind == "real_time"
    keys = ("real_time", "tracer_diffusivity_m2_per_s") if real else ("tracers", "diffusivity_m2_per_s")
    width, height = (6.4, 4.3) if len(compositions) == 1 else (5.4, 4.0)
    figure, grid = plt.subplots(
        1, len(compositions), figsize=(width * len(compositions), height), squeeze=False, sharey=True, layout="constrained"
    )
    for axis, (label, groups) in zip(grid.flat, compositions):
        marks, words = [], []
        for slot, element in enumerate(run.elements):
            mean, error = np.array([summary_value(run.groups[group], *keys, element) for group in groups]).T
            fit = fit_of(run, groups, *(("real_time", "tracers") if real else ("tracers",)), element)
            mark = draw_arrhenius(
                axis, run.temperature[groups], mean, error, fit, COLOURS[slot % len(COLOURS)], MARKERS[slot % len(MARKERS)]
            )
            if mark is not None:
                marks.append(mark)
                words.append(escaped(element) + (fit_words(fit, False) if fit is not None else ""))
        finish_arrhenius(axis, run, r"Diffusivity D (m$^2$/s)", marks)
        if marks:
            axis.legend(marks, words, loc="lower left", fontsize=8)
        if len(run.compositions) > 1:
            axis.set_title(label, loc="right")
    headline(figure, run, title, where, shown_note(len(compositions), len(run.compositions), "compositions"))
    return figure
