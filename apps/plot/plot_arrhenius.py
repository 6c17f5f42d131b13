"""Arrhenius plots: log D against 1000 / T with the lines D = D0 exp(-Q / (kB T)) that the run fitted (summary.json)."""

import math

import numpy as np

from plot_drawing import (
    COLOURS, MARKERS, MOST_COMPOSITIONS, bars, evenly, headline, legend_beside, panel_grid, shown_note,
)
from plot_reading import summary_value

BOLTZMANN_EV_PER_K = 8.617333262e-5


def fit_of(run, groups, *keys):
    """(Q, its error, ln D0) of the summary's fit for a composition's groups, or None."""
    for entry in run.arrhenius:
        if isinstance(entry.get("groups"), list) and sorted(entry["groups"], key=str) == sorted(groups, key=str):
            for key in keys:
                entry = entry.get(key) if isinstance(entry, dict) else None
            energy, error = summary_value(entry, "activation_energy_eV")
            offset, _ = summary_value(entry, "ln_D0")
            return (energy, error, offset) if math.isfinite(energy) and math.isfinite(offset) else None
    return None


def draw_arrhenius(axis, temperature, mean, error, fit, colour, marker, filled=True, **options):
    """Points of D against 1000 / T with the fitted line; the handle of the points, or None where none is above zero."""
    here = np.isfinite(mean) & (mean > 0.0)
    if not here.any():
        return None
    temperature, mean, error = temperature[here], mean[here], bars(error[here])
    both = None if error is None else [np.minimum(error, 0.9 * mean), error]
    mark = axis.errorbar(
        1000.0 / temperature, mean, yerr=both, color=colour, linestyle="none", elinewidth=1.2, marker=marker, zorder=3,
        markerfacecolor=colour if filled else "white", **options,
    )
    if fit is not None:
        energy, _, offset = fit
        ends = np.array([temperature.min(), temperature.max()])
        axis.plot(
            1000.0 / ends, np.exp(offset - energy / (BOLTZMANN_EV_PER_K * ends)), color=colour, linewidth=1.1,
            linestyle=(0, (4, 2)), zorder=2,
        )
    return mark


def fit_words(fit, long):
    """Q = 1.20 +/- 0.01 eV, and D0 on a line of its own when there is room."""
    energy, error, offset = fit
    words = ("\n" if long else ",  ") + "Q = %s eV" % with_error(energy, error)
    return words + ("\n$D_0$ = %s m$^2$/s" % scientific(offset / math.log(10.0)) if long else "")


def finish_arrhenius(axis, run, label, drawn):
    """Axes of a panel of log D against 1000 / T."""
    axis.set_xlabel("1000 K / T")
    axis.set_ylabel(label)
    if drawn:
        axis.set_yscale("log")
        axis.margins(x=0.05, y=0.08)
        temperature_axis(axis, sorted(set(float(t) for t in run.temperature)))
    else:
        axis.set(xticks=[], yticks=[])
        axis.text(0.5, 0.5, "no diffusivity above zero yet", transform=axis.transAxes, ha="center", color="#777777")


def plot_arrhenius(run):
    """log D of the vacancy against 1000/T, with the fitted lines."""
    compositions = evenly(run.compositions, MOST_COMPOSITIONS)
    figure, (axis,) = panel_grid(1, 1, 1, False, 0.5)
    few = len(compositions) <= 4  # the legend has room for D0
    marks, labels, still = [], [], 0
    for slot, (label, groups) in enumerate(compositions):
        values = np.array([summary_value(run.groups[group], "diffusivity_m2_per_s") for group in groups])
        mean, error = values.T
        still += int(np.sum(~(np.isfinite(mean) & (mean > 0.0))))
        fit = fit_of(run, groups, "vacancy")
        mark = draw_arrhenius(
            axis, run.temperature[groups], mean, error, fit, COLOURS[slot % len(COLOURS)],
            MARKERS[(slot + slot // len(COLOURS)) % len(MARKERS)],
        )
        if mark is not None:
            marks.append(mark)
            labels.append(label + (fit_words(fit, few) if fit is not None else ""))
    finish_arrhenius(axis, run, r"Vacancy diffusivity D (m$^2$/s)", marks)
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
