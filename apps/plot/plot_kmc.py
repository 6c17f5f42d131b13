"""Figures of a kinetic Monte Carlo run, or of one with canonical exchanges (static_mc): order, clock, motion, diffusivity.

Quantities (means over the replicas of a group; bars and bands are one standard error, absent with one replica):
    delta_ij = N_ij - N0_ij        unordered bonds i-j of a shell, less those expected of the same atoms in random places
    alpha_ij                       Warren-Cowley parameter as the run wrote it (negative: i and j attract)
    t                              physical time, the sum of the residence times
    R^2                            squared displacement of the vacancy from its start
    D = R^2 / (6 t)                diffusivity of the vacancy; lines D = D0 exp(-Q / (kB T)) as the run fitted them
The first three appear in figure 3 of Xing, Rupert, Pan, Cao, Nature Communications 15, 3879 (2024), the energy of exchanges in
its figure S9. More of a run is drawn by plot_randomness, plot_transport and plot_b2.
"""

import math
import os

import numpy as np

import plot_b2
import plot_randomness
import plot_transport
from plot_arrhenius import plot_arrhenius
from plot_base import PlotFailure
from plot_drawing import (
    COLOURS, MARKERS, MOST_PANELS, MOST_ROWS, bars, composition_panels, draw_ladder, escaped, evenly, group_by_composition,
    headline, legend_beside, make_folder, name_axes, pair_label, panel_grid, plt, power_of_ten, save, shown_note,
)
from plot_reading import need_files, number, read_in_child, read_json, summary_value, text

SERIES_FORMAT = "zener-kmc-series-1"
SUMMARY_FORMAT = "zener-kmc-summary-1"

MOST_PAIRS = 10          # of 36 with 8 elements
DELTA_LABEL = r"$\delta_{%s}$ (bonds in the cell)"
DELTA_NOTE = r"$\delta = N - N^0$: bonds more than in a random solution"


class Run:
    """What the plots need of a result folder. R rows (sampled hop counts), G groups, S elements, H shells, P pairs.

    folder; driver (kmc or static_mc), step (the word for a hop or a trial), step_label (of an axis); preset (a dict);
    title, status, facts (for the subtitle); elements [S]; atoms [G][S]; temperature [G] (K); hops [R]; groups [G] and
    arrhenius (of the summary); compositions: [(label, indices of its groups by temperature)]; pairs [P]; shells;
    averages: [(key in the summary, words)]; series: name -> (mean, standard error), each [R][G] or [R][G][...];
    plain: name -> array, for what has no error.
    """


def read_run(folder):
    """The Run of a folder; PlotFailure names the file and what is wrong with it."""
    need_files(folder, ("summary.json", "series.h5"))
    run = Run()
    run.folder = folder
    summary_path = os.path.join(folder, "summary.json")
    summary = read_json(summary_path, SUMMARY_FORMAT)
    run.groups = summary.get("groups")
    if not isinstance(run.groups, list) or not run.groups or not all(isinstance(group, dict) for group in run.groups):
        raise PlotFailure("%s: /groups is not a list of one or more objects" % summary_path)
    fits = summary.get("arrhenius")
    run.arrhenius = [fit for fit in fits if isinstance(fit, dict)] if isinstance(fits, list) else []
    status = summary.get("run")
    run.status = " ".join(str(status.get("status", "")).split())[:40] if isinstance(status, dict) else ""
    read_in_child(os.path.join(folder, "series.h5"), run, read_series)
    run.compositions = group_by_composition(run.elements, run.atoms, run.temperature)
    run.facts = facts(run)
    return run


def read_series(reader, run):
    """Fills the rest of a Run from the open series.h5 and checks every shape."""
    reader.need_format(SERIES_FORMAT)
    run.title = text(reader.file.attrs.get("title", ""))
    run.driver = text(reader.file.attrs.get("driver", ""))
    run.preset = reader.preset()
    swaps = run.driver == "static_mc"
    run.step = "trial" if swaps else "hop"
    run.step_label = "Trial exchanges" if swaps else "Hops of the vacancy"
    run.averages = (
        ("last", "after the last " + run.step), ("per_" + run.step, "average per " + run.step)
    )
    run.temperature = reader.temperatures("groups/temperature_K")
    group_count = len(run.temperature)
    if group_count != len(run.groups):
        reader.fail("%d groups, but summary.json has %d: the two files are of different runs", group_count, len(run.groups))
    run.atoms = reader.dataset("groups/atoms", (group_count, None), np.int64)
    run.elements = reader.elements("groups/atoms", run.atoms.shape[1])
    run.hops = reader.dataset("hops", (None,))
    if not np.all((run.hops >= 0.0) & (run.hops < 2.0**64)):
        reader.fail("dataset hops has values that are no counts")
    each = (len(run.hops), group_count)
    species = each + (len(run.elements),)

    run.plain, run.pairs, run.shells = {}, [], 0
    names = ("energy_eV", "accepted") if swaps else ("time_s", "vacancy/msd_A2")
    run.series = {name: reader.estimate(name, each) for name in names}
    if reader.has("order"):
        found = reader.file["order/pairs"][...] if reader.has("order/pairs") else []
        run.pairs = [text(name) for name in np.ravel(found)]
        wanted = ["%s-%s" % (a, b) for i, a in enumerate(run.elements) for b in run.elements[i:]]
        if run.pairs != wanted:
            reader.fail("dataset order/pairs is %s, expected %s", run.pairs, wanted)
        expected = reader.dataset("order/expected_bonds", (group_count, None, len(run.pairs)))
        run.shells = expected.shape[1]
        shape = each + (run.shells, len(run.pairs))
        run.series["order/delta_per_cell"] = reader.estimate("order/delta_per_cell", shape)
    if reader.has("randomness"):
        run.series["randomness/mean_R"] = reader.estimate("randomness/mean_R", each)
        edges = reader.dataset("randomness/bin_edges", (None,))
        run.plain["randomness/bin_edges"] = edges
        run.plain["randomness/histogram"] = reader.dataset("randomness/histogram", (group_count, len(edges) - 1))
    if reader.has("transport"):
        run.series["transport/jumps"] = reader.estimate("transport/jumps", species)
    if reader.has("tracers"):
        for name in ("tracers/msd_A2", "tracers/correlation_factor"):
            run.series[name] = reader.estimate(name, species)
    if reader.has("b2"):
        run.plain["b2/size_bins"] = reader.dataset("b2/size_bins", (None,))
        for folder in ("b2", "b2/persistent"):
            if reader.has(folder):
                for name in ("centres", "clusters", "largest"):
                    run.series[folder + "/" + name] = reader.estimate(folder + "/" + name, each)
                run.series[folder + "/size_histogram"] = reader.estimate(
                    folder + "/size_histogram", each + (len(run.plain["b2/size_bins"]),)
                )


def facts(run):
    """The run's size for a subtitle."""
    parts = ["%s atoms" % " or ".join("{:,}".format(n) for n in sorted({int(n) for n in run.atoms.sum(axis=1)})[:3])]
    if len(run.hops):
        parts.append("%s %s%s" % (power_of_ten(run.hops[-1]), run.step, "" if run.hops[-1] == 1 else "s"))
    replicas = max((number(group.get("replicas")) for group in run.groups), default=math.nan)
    if math.isfinite(replicas):
        parts.append("one walker per point, no error bars" if replicas <= 1 else "%d walkers per point" % replicas)
    if run.status and run.status != "finished":
        parts.append(escaped(run.status))
    return parts


def strongest_pairs(run, quantity, most):
    """Indices of the pairs whose value in the summary is largest, sign aside, anywhere in the ladder; in the run's order."""
    def size(index):
        values = [
            abs(summary_value(group, "order", run.pairs[index], "shell_%d" % shell, quantity, which)[0])
            for group in run.groups for shell in range(1, run.shells + 1) for which, _ in run.averages
        ]
        return max((value for value in values if math.isfinite(value)), default=-1.0)

    return sorted(sorted(range(len(run.pairs)), key=size, reverse=True)[:most])


def draw_pairs(axis, run, groups, pairs, shell, quantity, drawn):
    """Both averages of each pair against temperature; `drawn` gathers the legend's marks of pairs and of averages."""
    temperature = run.temperature[groups]
    axis.axhline(0.0, color="#444444", linewidth=0.9, zorder=1)
    for slot, index in enumerate(pairs):
        colour = COLOURS[slot % len(COLOURS)]
        marker = MARKERS[slot % len(MARKERS)]
        for which, name in run.averages:
            keys = ("order", run.pairs[index], "shell_%d" % shell, quantity, which)
            mean, error = np.array([summary_value(run.groups[group], *keys) for group in groups]).T
            here = np.isfinite(mean)
            if not here.any():
                continue
            last = which == "last"
            axis.errorbar(
                temperature[here], mean[here], yerr=bars(error[here]), color=colour, marker=marker,
                markerfacecolor=colour if last else "white", linestyle="-" if last else (0, (3, 2)),
                linewidth=1.5 if last else 1.0, elinewidth=1.0, zorder=3 if last else 2,
            )
            drawn[0][pair_label(run.pairs[index])] = plt.Line2D([], [], color=colour, marker=marker)
            drawn[1][name] = plt.Line2D(
                [], [], color="#555555", marker="o", markerfacecolor="#555555" if last else "white",
                linestyle="-" if last else (0, (3, 2)), linewidth=1.5 if last else 1.0,
            )
    if len(axis.lines) == 1:  # the zero line alone
        axis.text(0.5, 0.6, "no value", transform=axis.transAxes, ha="center", color="#777777")


def finish_pairs(figure, drawn):
    """The legend of pairs and averages."""
    entries = {**drawn[0], **drawn[1]}
    if entries:
        legend_beside(figure, list(entries.values()), list(entries))


def plot_order_vs_temperature(run):
    """delta_ij of shell 1 against temperature, at the end and averaged per step."""
    compositions = evenly(run.compositions, MOST_PANELS)
    pairs = strongest_pairs(run, "delta_per_cell", MOST_PAIRS)
    figure, axes, columns = composition_panels(compositions)
    drawn = ({}, {})
    for axis, (_, groups) in zip(axes, compositions):
        draw_pairs(axis, run, groups, pairs, 1, "delta_per_cell", drawn)
    name_axes(axes, len(compositions), columns, "Temperature (K)", DELTA_LABEL % "ij")
    headline(
        figure, run, "Chemical order of nearest neighbours", DELTA_NOTE, shown_note(len(pairs), len(run.pairs), "pairs"),
        shown_note(len(compositions), len(run.compositions), "compositions"),
    )
    finish_pairs(figure, drawn)
    return figure


def plot_warren_cowley(run):
    """alpha_ij of every shell (columns) against temperature, a row for each composition."""
    compositions = evenly(run.compositions, MOST_ROWS)
    pairs = strongest_pairs(run, "warren_cowley", MOST_PAIRS)
    count = len(compositions) * run.shells
    figure, axes = panel_grid(len(compositions), run.shells, count, "row", 0.3)
    drawn = ({}, {})
    for row, (label, groups) in enumerate(compositions):
        for shell in range(1, run.shells + 1):
            axis = axes[row * run.shells + shell - 1]
            draw_pairs(axis, run, groups, pairs, shell, "warren_cowley", drawn)
            axis.set_title(("%s, shell %d" % (label, shell)) if len(run.compositions) > 1 else "Shell %d" % shell)
    name_axes(axes, count, run.shells, "Temperature (K)", "Warren\u2013Cowley " + r"$\alpha_{ij}$")
    headline(
        figure, run, "Warren\u2013Cowley short-range order", shown_note(len(pairs), len(run.pairs), "pairs"),
        shown_note(len(compositions), len(run.compositions), "compositions"),
    )
    finish_pairs(figure, drawn)
    return figure


def plot_order_vs_hops(run):
    """delta of the pair that is strongest in shell 1 at the end, against hops."""
    mean, error = run.series["order/delta_per_cell"]
    final = np.abs(mean[-1, :, 0, :]) if len(mean) else np.zeros((1, len(run.pairs)))
    pair = int(np.argmax(np.where(np.isfinite(final), final, -1.0).max(axis=0)))
    name = pair_label(run.pairs[pair])
    return draw_ladder(
        run, "Growth of %s order" % name, run.step_label, DELTA_LABEL % (r"\mathrm{%s}" % name),
        lambda group: (run.hops, mean[:, group, 0, pair], error[:, group, 0, pair]), False, zero_line=True,
        notes=(DELTA_NOTE, "the strongest pair of shell 1" if len(run.pairs) > 1 else ""),
    )


def plot_time_vs_hops(run):
    """Physical time against hops."""
    mean, error = run.series["time_s"]
    return draw_ladder(
        run, "Physical time of the walk", run.step_label, "Time t (s)",
        lambda group: (run.hops, mean[:, group], error[:, group]), True,
    )


def plot_msd_vs_time(run):
    """Squared displacement of the vacancy against physical time."""
    time, _ = run.series["time_s"]
    mean, error = run.series["vacancy/msd_A2"]
    return draw_ladder(
        run, "Squared displacement of the vacancy", "Time t (s)", r"$\langle R^2 \rangle$" + " (\u00c5$^2$)",
        lambda group: (time[:, group], mean[:, group], error[:, group]), True,
    )


def plot_energy(run):
    """Energy of an atom above that of the start, against trials."""
    mean, error = run.series["energy_eV"]
    atoms = run.atoms.sum(axis=1)
    start = mean[0] if len(mean) else np.zeros(len(atoms))
    return draw_ladder(
        run, "Energy of the configuration", run.step_label, r"$(E - E_0)$ / atom (meV)",
        lambda group: (
            run.hops, 1000.0 * (mean[:, group] - start[group]) / atoms[group], 1000.0 * error[:, group] / atoms[group]
        ),
        False, zero_line=True, notes=(r"$E_0$: energy of the start",),
    )


def plot_acceptance(run):
    """Share of the trials that were accepted so far, against trials."""
    mean, error = run.series["accepted"]
    steps = np.where(run.hops > 0.0, run.hops, np.nan)
    return draw_ladder(
        run, "Accepted exchanges", run.step_label, "Accepted / trials",
        lambda group: (run.hops, mean[:, group] / steps, error[:, group] / steps), False,
    )


def draw_all(folder):
    """Draws every figure that the run has data for; yields the paths as they are written."""
    run = read_run(folder)
    plots = os.path.join(folder, "plots")
    make_folder(plots)
    steps = run.step + "s"
    if run.pairs and run.shells:
        yield save(plot_order_vs_temperature(run), plots, "order_vs_temperature.png")
        yield save(plot_order_vs_hops(run), plots, "order_vs_%s.png" % steps)
        yield save(plot_warren_cowley(run), plots, "warren_cowley.png")
    if run.driver == "static_mc":
        yield save(plot_energy(run), plots, "energy_vs_trials.png")
        yield save(plot_acceptance(run), plots, "acceptance_vs_trials.png")
    else:
        yield save(plot_time_vs_hops(run), plots, "time_vs_hops.png")
        yield save(plot_msd_vs_time(run), plots, "msd_vs_time.png")
        if len(set(run.temperature)) > 1:
            yield save(plot_arrhenius(run), plots, "arrhenius.png")
    for module in (plot_randomness, plot_transport, plot_b2):
        for name, figure in module.figures(run):
            yield save(figure, plots, name)
