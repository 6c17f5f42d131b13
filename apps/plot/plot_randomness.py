"""Figures of the jump randomness R along a walk.

R = 1 - sigma(p) / max sigma of the probabilities p of the vacancy's paths: 0 when one path takes all jumps, 1 when all are as
likely (Xing, Rupert, Pan, Cao, Nature Communications 15, 3879 (2024), figure 4). Here R is taken of the states that the walk
left; plot_barrier_map draws it for a vacancy on every site.
"""

from plot_drawing import (
    MOST_PANELS, composition_panels, draw_ladder, evenly, headline, name_axes, shown_note, steps, temperature_colours,
    temperature_key,
)

R_LABEL = "Jump randomness R"


def figures(run):
    """(file name, figure) of each figure that the run has data for."""
    if "randomness/mean_R" in run.series:
        yield "randomness_vs_hops.png", plot_mean(run)
        yield "randomness_histogram.png", plot_histogram(run)


def plot_mean(run):
    """Mean R of the states left so far, against hops."""
    mean, error = run.series["randomness/mean_R"]
    return draw_ladder(
        run, "Jump randomness along the walk", run.step_label, "Mean jump randomness R",
        lambda group: (run.hops, mean[:, group], error[:, group]), False,
        notes=("R = 0: one path takes all jumps, R = 1: all paths are as likely",),
    )


def plot_histogram(run):
    """How often the states left had which R, a line for each temperature."""
    compositions = evenly(run.compositions, MOST_PANELS)
    colours = temperature_colours(run)
    figure, axes, columns = composition_panels(compositions)
    edges, fractions = run.plain["randomness/bin_edges"], run.plain["randomness/histogram"]
    marks = {}
    for axis, (_, groups) in zip(axes, compositions):
        for group in groups:
            temperature = float(run.temperature[group])
            marks[temperature] = steps(axis, edges, 100.0 * fractions[group], color=colours[temperature], linewidth=1.3)
        axis.set_xlim(0.0, 1.0)
    axes[0].set_ylim(bottom=0.0)  # of all panels
    name_axes(axes, len(compositions), columns, R_LABEL, "States left (%)")
    headline(
        figure, run, "Jump randomness of the states that the walk left",
        "R = 0: one path takes all jumps, R = 1: all paths are as likely",
        shown_note(len(compositions), len(run.compositions), "compositions"),
    )
    temperature_key(figure, axes[:len(compositions)], marks, colours)
    return figure
