"""Diagrams over the compositions of three elements, and curves over those of two.

A composition is a point of an equilateral triangle whose corners are the pure elements; the first element is at the lower left,
the second at the lower right, the third at the top. Values between compositions are interpolated linearly in each triangle.
"""

import math

import numpy as np

from plot_drawing import escaped, plt

HEIGHT = math.sqrt(3.0) / 2.0


def points(fractions):
    """Positions [n][2] in the triangle of fractions [n][3]."""
    parts = np.asarray(fractions, dtype=float)
    parts = parts / parts.sum(axis=-1, keepdims=True)
    return np.stack((parts[..., 1] + 0.5 * parts[..., 2], HEIGHT * parts[..., 2]), axis=-1)


def percent(elements, fractions):
    """Nb10Mo70Ta20 in at.%, as subscripts."""
    return "".join(r"%s$_{%.0f}$" % (escaped(name), 100.0 * part) for name, part in zip(elements, fractions))


def frame(axis, elements):
    """The triangle with corners named and a grid of 20 %, each side with the scale of one element."""
    corners = points(np.eye(3))
    axis.plot(*np.vstack((corners, corners[:1])).T, color="#222222", linewidth=1.2, zorder=5)
    for element, (x, y), (dx, dy) in zip(elements, corners, ((-0.045, -0.06), (0.045, -0.06), (0.0, 0.05))):
        axis.text(x + dx, y + dy, escaped(element), ha="center", va="center", fontsize=14, fontweight="bold")
    for step in (0.2, 0.4, 0.6, 0.8):
        for corner in range(3):  # the line on which this element has the fraction `step`, and its label
            left, right = np.zeros(3), np.zeros(3)
            left[corner] = right[corner] = step
            left[(corner + 1) % 3] = right[(corner + 2) % 3] = 1.0 - step
            axis.plot(*points([left, right]).T, color="#FFFFFF", linewidth=0.6, alpha=0.55, zorder=3)
        for corner, (dx, dy, turn) in enumerate(((-0.025, 0.012, 60.0), (0.0, -0.035, 0.0), (0.028, 0.012, -60.0))):
            # Scales run along the sides, each towards its own corner: 1st on the left side, 2nd below, 3rd on the right.
            at = np.zeros(3)
            at[corner] = step
            at[(corner + 2) % 3] = 1.0 - step
            x, y = points([at])[0]
            axis.text(x + dx, y + dy, "%g" % (100.0 * step), ha="center", va="center", fontsize=8, color="#444444",
                      rotation=turn)
    # Beside each side its element, with an arrow towards that element's corner.
    middles = (
        (0.175, HEIGHT / 2.0 + 0.042, 60.0, "\u2190 %s (at.%%)"), (0.5, -0.085, 0.0, "%s (at.%%) \u2192"),
        (0.825, HEIGHT / 2.0 + 0.042, -60.0, "\u2190 %s (at.%%)"),
    )
    for element, (x, y, turn, words) in zip(elements, middles):
        axis.text(x, y, words % escaped(element), ha="center", va="center", fontsize=9, rotation=turn)
    axis.set_xlim(-0.12, 1.12)
    axis.set_ylim(-0.13, HEIGHT + 0.1)
    axis.set_aspect("equal")
    axis.set_axis_off()


def draw_diagram(figure, axis, elements, fractions, values, label):
    """Fills the triangle by `values` [n] at `fractions` [n][3]: a colour bar, lines of equal value, the maximum marked.

    Returns the words that name the maximum.
    """
    here = np.isfinite(values)
    at, values, fractions = points(fractions[here]), values[here], fractions[here]
    frame(axis, elements)
    low, high = float(values.min()), float(values.max())
    if high - low < 1e-12:  # one value everywhere
        low, high = low - 0.5, high + 0.5
    spanned = len(at) >= 3 and np.linalg.matrix_rank(at[1:] - at[0], tol=1e-9) == 2
    if spanned:
        triangles = plt.matplotlib.tri.Triangulation(*at.T)
        axis.tripcolor(triangles, values, shading="gouraud", cmap="turbo", vmin=low, vmax=high, zorder=1)
        axis.tricontour(triangles, values, levels=8, colors="#000000", linewidths=0.4, alpha=0.5, zorder=2)
    image = axis.scatter(*at.T, c=values, cmap="turbo", vmin=low, vmax=high, s=8 if spanned else 60, linewidths=0.2,
                         edgecolors="#00000080", zorder=4)
    best = int(np.argmax(values))
    axis.plot(*at[best], marker="*", markersize=17, color="white", markeredgecolor="black", zorder=6, clip_on=False)
    bar = figure.colorbar(image, ax=axis, shrink=0.75, aspect=25, pad=0.06)
    bar.set_label(label)
    return "star: highest, %s with %.3f eV" % (percent(elements, fractions[best]), values[best])


def draw_binary(axis, elements, fractions, values, spread, label):
    """Values against the fraction of the second of two elements; spread [n]: standard deviations as a band."""
    order = np.argsort(fractions[:, 1])
    x, y, spread = 100.0 * fractions[order, 1], values[order], spread[order]
    axis.plot(x, y, marker="o", color="#0072B2")
    axis.fill_between(x, y - spread, y + spread, color="#0072B2", alpha=0.15, linewidth=0.0)
    axis.set_xlabel("%s (at.%%)" % escaped(elements[1]))
    axis.set_ylabel(label)
    best = int(np.argmax(np.where(np.isfinite(y), y, -np.inf)))
    return "highest: %s with %.3f eV" % (percent(elements, fractions[order][best]), y[best])
