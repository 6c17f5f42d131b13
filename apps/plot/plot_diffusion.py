"""ln D against 1/T with fitted curves and their bands, of runs of analyze and md at several temperatures and of fit-diffusion."""

import os

import numpy as np

from plot_arrhenius import temperature_axis
from plot_drawing import COLOURS, DASHES, bars, escaped, evenly, headline, legend_beside, make_folder, no_value, panel_grid, save
from plot_drawing import shown_note
from plot_reading import drawable, read_in_child, text

FOLDER = "analyses/diffusion"
NAMES = {"arrhenius": "Arrhenius", "quadratic": "quadratic in 1/T", "two_exponential": "two exponentials"}
MOST_LADDERS = 4


class Diffusion:
    """What the plots need: title, facts, compositions; ladders, each (label, units, T, D, error, T of the curves, models, ln D,
    its error)."""


def read_diffusion(reader, run):
    """Fills a Diffusion from the open series.h5."""
    run.title = text(reader.file.attrs.get("title", ""))
    run.facts, run.compositions, run.ladders = [], [], []
    while reader.has("%s/%d" % (FOLDER, len(run.ladders))):
        folder = "%s/%d" % (FOLDER, len(run.ladders))
        temperature = drawable(reader.dataset(folder + "/temperature_K", (None,)))
        shape = (len(temperature),)
        value, error = (drawable(reader.dataset("%s/diffusivity/%s" % (folder, which), shape)) for which in ("value", "standard_error"))
        at = drawable(reader.dataset(folder + "/curve_temperature_K", (None,)))
        if not reader.has(folder + "/model") or reader.file[folder]["model"].ndim != 1:
            reader.fail("no dataset %s of a text for each fit", folder + "/model")
        models = [text(one)[:24] for one in reader.file[folder]["model"][...]]
        curve, band = (
            drawable(reader.dataset("%s/curve_%s" % (folder, which), (len(models), len(at))))
            for which in ("ln_diffusivity", "standard_error"))
        attributes = reader.file[folder].attrs
        label = ", ".join(" ".join(text(attributes.get(name, "")).split())[:32] for name in ("group", "method"))
        units = text(reader.file[folder]["diffusivity/value"].attrs.get("units", ""))[:16]
        run.ladders.append((label.replace("_", " "), units, temperature, value, error, at, models, curve, band))
    run.compositions = [("%d ladders" % len(run.ladders) if len(run.ladders) > 1 else "", [0])]


def plot_ladders(run):
    """A panel for each ladder."""
    shown = evenly(run.ladders, MOST_LADDERS)
    figure, axes = panel_grid(len(shown), 1, len(shown), False, 0.4)
    marks = {}
    for axis, (label, units, temperature, value, error, at, models, curve, band) in zip(axes, shown):
        for place, model in enumerate(models):
            here = np.isfinite(curve[place]) & (np.abs(curve[place]) < 600.0)
            line, = axis.plot(1000.0 / at[here], np.exp(curve[place][here]), color=COLOURS[place % len(COLOURS)],
                              linestyle=DASHES[place % len(DASHES)], linewidth=1.2)
            width = np.where(np.isfinite(band[place]), np.minimum(2.0 * band[place], 50.0), 0.0)[here]
            axis.fill_between(1000.0 / at[here], np.exp(curve[place][here] - width), np.exp(curve[place][here] + width),
                              color=line.get_color(), alpha=0.18, linewidth=0.0)
            marks[NAMES.get(model, model)] = line
        good = np.isfinite(value) & (value > 0.0) & (temperature > 0.0)
        if good.any():
            both = bars(error[good])
            both = None if both is None else [np.minimum(both, 0.9 * value[good]), both]
            axis.errorbar(1000.0 / temperature[good], value[good], yerr=both, linestyle="none", marker="o", markersize=4,
                          color="#222222", elinewidth=1.0, zorder=4)
            axis.set_yscale("log")
            if axis is axes[0]:
                temperature_axis(axis, sorted(set(float(t) for t in temperature[good])))
        else:
            no_value(axis, "no diffusivity above zero")
        axis.set_ylabel("$D$ (%s)" % escaped(units).replace("A^2", u"\u00c5$^2$").replace("m^2", "m$^2$"))
        axis.text(0.97, 0.95, escaped(label), transform=axis.transAxes, ha="right", va="top", fontsize=8)
    axes[len(shown) - 1].set_xlabel("1000 K / T")
    headline(figure, run, "Diffusion against temperature", "bands: two standard errors",
             shown_note(len(shown), len(run.ladders), "ladders"))
    if marks:
        legend_beside(figure, list(marks.values()), [escaped(name) for name in marks])
    return figure


def draw_diffusion(folder):
    """Draws what there is; yields the paths as they are written."""
    run = Diffusion()
    read_in_child(os.path.join(folder, "series.h5"), run, read_diffusion)
    if run.ladders:
        plots = os.path.join(folder, "plots")
        make_folder(plots)
        yield save(plot_ladders(run), plots, "diffusion.png")


draw_all = draw_diffusion  # of fit-diffusion
