"""Figures of flux functions, of runs of analyze and md: maps of the atoms that cross planes between layers, across x, y and z.

Quantities:
    F_x(y, z), F_y(x, z), F_z(x, y)   crossings toward plus less those toward minus, each spread around the place of the atom with a
                                      function that is 1 at its centre and 0 from half the distance of nearest neighbours on
    their sum                         crossings toward plus and those toward minus together, spread in the same way
"""

import os

import matplotlib
import matplotlib.pyplot as plt
import numpy as np

from plot_drawing import escaped, evenly, headline, make_folder, save, shown_note
from plot_reading import drawable, read_in_child, text

FOLDER = "analyses/flux"
DIRECTIONS = ("x", "y", "z")
SIDES = (("y", "z"), ("x", "z"), ("x", "y"))
MOST_SYSTEMS = 6
KINDS = (("flux_net", "Net flux across planes between layers", "$F$ (crossings, toward plus positive)"),
         ("flux_both_ways", "Crossings of planes between layers, both ways", "Crossings"))


class Flux:
    """What the plots need.

    title, facts, compositions (for the head of a figure); systems: [(name, [across x, y, z])], an across is (points along u [U],
    along v [V], net [U][V], both ways [U][V], crossings toward plus, toward minus).
    """


def read_flux(reader, run):
    """Fills a Flux from the open series.h5; its systems are empty when there is none to draw."""
    run.title = text(reader.file.attrs.get("title", ""))
    run.systems, run.names = [], []
    if not reader.has(FOLDER):
        return
    if not reader.has(FOLDER + "/system"):
        reader.fail("no dataset %s of the systems' names", FOLDER + "/system")
    run.names = [text(one) for one in np.ravel(reader.file[FOLDER + "/system"][...])]
    window = float(reader.dataset(FOLDER + "/window_ps", (1,))[0])
    steps = int(reader.dataset(FOLDER + "/steps", (1,))[0])
    run.facts = ["%.4g ps, positions averaged over %.4g ps" % (steps * window, window)]
    for name in evenly(run.names, MOST_SYSTEMS):
        place = "%s/%s/" % (FOLDER, name)
        total = reader.dataset(place + "crossings", (3, 3))
        maps = []
        for d, direction in enumerate(DIRECTIONS):
            here = place + direction + "/"
            u, v = (drawable(reader.dataset("%s%s_A" % (here, side), (None,))) for side in SIDES[d])
            plus, minus = (drawable(reader.dataset(here + sign, (len(u), len(v)))) for sign in ("plus", "minus"))
            maps.append((u, v, plus - minus, plus + minus, total[d][0], total[d][1]))
        run.systems.append((name, maps))


def edges(points):
    """Of the cells around evenly spaced points, of which the first is half a spacing from 0."""
    return np.arange(len(points) + 1) * (2.0 * points[0] if len(points) else 1.0)


def maps_of(run, name, maps, both_ways, title, label):
    """Three panels, one a direction, with a common scale of colours."""
    figure, axes = plt.subplots(1, 3, figsize=(12.6, 4.1), squeeze=False)
    largest = max((np.nanmax(np.abs(one[3 if both_ways else 2]), initial=0.0) for one in maps), default=0.0) or 1.0
    norm = matplotlib.colors.Normalize(0.0 if both_ways else -largest, largest)
    colours = "magma_r" if both_ways else "RdBu_r"
    for d, (axis, (u, v, net, both, plus, minus)) in enumerate(zip(axes[0], maps)):
        axis.pcolormesh(edges(u), edges(v), (both if both_ways else net).T, norm=norm, cmap=colours, rasterized=True)
        axis.set_aspect("equal")
        axis.set_xlabel(u"$%s$ (\u00c5)" % SIDES[d][0])
        axis.set_ylabel(u"$%s$ (\u00c5)" % SIDES[d][1])
        axis.set_title("$F_%s(%s, %s)$: %d toward plus, %d toward minus" % (DIRECTIONS[d], *SIDES[d], plus, minus), fontsize=9)
    figure.tight_layout(w_pad=1.5)
    figure.subplots_adjust(top=0.9)
    figure.colorbar(matplotlib.cm.ScalarMappable(norm, colours), ax=axes[0].tolist(), label=label, aspect=25, shrink=0.85, pad=0.02)
    run.compositions = [(escaped(" ".join(name.split())[:40]), [0])]
    headline(figure, run, title, shown_note(len(run.systems), len(run.names), "systems"))
    return figure


def draw_flux(folder):
    """Draws what there is; yields the paths as they are written."""
    run = Flux()
    read_in_child(os.path.join(folder, "series.h5"), run, read_flux)
    if not run.systems:
        return
    plots = os.path.join(folder, "plots")
    make_folder(plots)
    for name, maps in run.systems:
        for kind, (file, title, label) in enumerate(KINDS):
            end = "" if len(run.names) == 1 else "_" + name
            yield save(maps_of(run, name, maps, kind == 1, title, label), plots, file + end + ".png")
