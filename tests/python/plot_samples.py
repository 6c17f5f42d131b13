"""Invented results for the tests of the plots: folders of kmc, static_mc and barrier_map runs."""

import json
import math

import h5py
import numpy as np

BOLTZMANN_EV_PER_K = 8.617333262e-5


def statistics(values):
    """Mean and standard error over the last axis; NaN with one value."""
    count = values.shape[-1]
    error = values.std(axis=-1, ddof=1) / math.sqrt(count) if count > 1 else np.full(values.shape[:-1], np.nan)
    return values.mean(axis=-1), error


def summary_statistics(values):
    """The same as JSON, null for what is no number."""
    return {
        key: float(value) if np.isfinite(value) else None
        for key, value in zip(("mean", "standard_error"), statistics(np.asarray(values, dtype=float)))
    }


def make_folder(folder, temperatures=(600, 900, 1500), compositions=((34, 33, 33),), elements=("Nb", "Mo", "Ta"), replicas=3,
                hops=(0, 10, 100, 1000), order=True, moves=True, shells=2, title="A ladder", energy_eV=1.2, swaps=False,
                observed=(), preset=None):
    """Writes series.h5 and summary.json of an invented run whose diffusivity follows energy_eV exactly.

    observed: any of randomness, transport, tracers, b2, persistent, real_time.
    """
    random = np.random.default_rng(7)
    groups = [(t, c) for c in compositions for t in temperatures]
    pairs = [(i, j) for i in range(len(elements)) for j in range(i, len(elements))]
    names = ["%s-%s" % (elements[i], elements[j]) for i, j in pairs]
    hops = np.asarray(hops, dtype=np.uint64)
    shape = (len(hops), len(groups), replicas)
    rate = np.array([1e13 * math.exp(-energy_eV / (BOLTZMANN_EV_PER_K * t)) for t, _ in groups])
    clock = hops[:, None, None] / rate[None, :, None] * np.ones(shape) * moves
    msd = hops[:, None, None] * np.ones(shape) * 7.87 * moves
    delta = random.normal(size=(len(hops), len(groups), shells, len(pairs), replicas)) * 5.0
    if "Mo-Ta" in names:
        delta[:, :, 0, names.index("Mo-Ta")] += np.log1p(hops.astype(float))[:, None, None] * 20.0
    expected = np.full((len(groups), shells, len(pairs)), 80.0)
    with h5py.File(folder / "series.h5", "w") as file:
        for key, value in (("zener_version", "0"), ("driver", "static_mc" if swaps else "kmc"), ("title", title),
                           ("preset", json.dumps(preset or {})),
                           ("format", "zener-kmc-series-1")):
            file.attrs[key] = value
        file["hops"] = hops
        file["groups/temperature_K"] = np.array([t for t, _ in groups], dtype=float)
        file["groups/atoms"] = np.array([c for _, c in groups], dtype=np.int64)
        file["groups/atoms"].attrs["elements"] = np.array(elements, dtype=h5py.string_dtype())
        values = {"time_s": clock, "vacancy/msd_A2": msd, "vacancy/displacement_A": np.zeros(shape[:2] + (3, replicas))}
        if swaps:
            grown = np.log1p(hops)[:, None, None] + random.normal(size=shape) * 0.1
            values = {"energy_eV": -300.0 - grown, "accepted": hops[:, None, None] * (0.3 + 0.01 * random.random(shape))}
        if order:
            file["order/pairs"] = np.array(names, dtype=h5py.string_dtype())
            file["order/expected_bonds"] = expected
            values["order/delta_per_cell"] = delta
            values["order/warren_cowley"] = -delta / 80.0
        observe(file, values, observed, hops, groups, elements, replicas, clock, random)
        for name, value in values.items():
            file[name + "/mean"], file[name + "/standard_error"] = statistics(value)
    entries = []
    for group, (temperature, atoms) in enumerate(groups):
        with np.errstate(all="ignore"):
            diffusivity = msd[-1, group] * 1e-20 / (6.0 * clock[-1, group])
        entry = {"temperature_K": temperature, "atoms": dict(zip(elements, atoms)), "replicas": replicas}
        if not swaps:
            entry["time_s"] = summary_statistics(clock[-1, group])
            entry["diffusivity_m2_per_s"] = summary_statistics(diffusivity)
        if "tracers" in observed:
            slowing = {element: diffusivity * 1e-3 * (slot + 1.0) for slot, element in enumerate(elements)}
            entry["tracers"] = {
                "diffusivity_m2_per_s": {element: summary_statistics(value) for element, value in slowing.items()},
                "correlation_factor": {
                    element: summary_statistics(values["tracers/correlation_factor"][-1, group, slot])
                    for slot, element in enumerate(elements)
                },
            }
            if "real_time" in observed:
                entry["real_time"] = {"tracer_diffusivity_m2_per_s": {
                    element: summary_statistics(value * 1e-6) for element, value in slowing.items()
                }}
        if {"tracers", "transport"} & set(observed):
            entry["transport"] = {"share_of_jumps": {
                element: summary_statistics([0.2 + 0.1 * slot] * replicas) for slot, element in enumerate(elements)
            }}
        if order:
            entry["order"] = {
                name: {
                    "shell_%d" % (shell + 1): {
                        quantity: {
                            which: summary_statistics(delta[-1, group, shell, pair] * factor)
                            for which in (("last", "per_trial") if swaps else ("last", "residence_weighted", "per_hop"))
                        }
                        for quantity, factor in (("delta_per_cell", 1.0), ("warren_cowley", -1.0 / 80.0))
                    }
                    for shell in range(shells)
                }
                for pair, name in enumerate(names)
            }
        entries.append(entry)
    summary = {"format": "zener-kmc-summary-1", "run": {"status": "finished"}, "groups": entries, "halted_walkers": []}
    fit = {
        "activation_energy_eV": {"mean": energy_eV, "standard_error": 0.01},
        "ln_D0": {"mean": math.log(1e13 * 7.87e-20 / 6.0), "standard_error": 0.1},
    }
    if len(temperatures) > 1 and moves and not swaps:
        summary["arrhenius"] = [
            {
                "groups": [c * len(temperatures) + t for t in range(len(temperatures))], "vacancy": fit,
                "tracers": {
                    element: {**fit, "ln_D0": {"mean": fit["ln_D0"]["mean"] + math.log(1e-3 * (slot + 1.0))}}
                    for slot, element in enumerate(elements)
                },
            }
            for c in range(len(compositions))
        ]
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")


def observe(file, values, observed, hops, groups, elements, replicas, clock, random):
    """Adds what is observed to the series: to `values` ([rows][groups][...][replicas]), and to the file what has no error."""
    rows, count, species = len(hops), len(groups), len(elements)
    temperature = np.array([t for t, _ in groups], dtype=float)
    noise = random.normal(size=(rows, count, replicas)) * 0.01
    if "randomness" in observed:
        level = 0.75 * (1.0 - np.exp(-((temperature / 900.0) ** 2)))
        mean = level[None, :, None] + noise
        mean[0] = np.nan
        values["randomness/mean_R"] = mean
        edges = np.linspace(0.0, 1.0, 51)
        middle = 0.5 * (edges[1:] + edges[:-1])
        bins = np.exp(-((middle[None] - level[:, None]) ** 2) / 0.02)
        file["randomness/bin_edges"] = edges
        file["randomness/histogram"] = bins / bins.sum(axis=1, keepdims=True)
    share = np.linspace(0.5, 0.2, species)
    share /= share.sum()
    jumps = hops[:, None, None, None] * share[:, None] * np.ones((rows, count, species, replicas))
    if {"transport", "tracers"} & set(observed):
        values["transport/jumps"] = jumps
    if "tracers" in observed:
        with np.errstate(all="ignore"):
            factor = 0.72 - 0.1 * np.arange(species)[:, None] + 0.3 / np.sqrt(jumps) * random.normal(size=jumps.shape)
        factor[~np.isfinite(factor)] = np.nan
        values["tracers/correlation_factor"] = factor
        values["tracers/msd_A2"] = np.nan_to_num(factor) * jumps * 7.87 / 300.0
    for name, scale in (("b2", 1.0), ("b2/persistent", 0.4)):
        if ("b2" if name == "b2" else "persistent") in observed:
            grown = np.log1p(hops.astype(float))[:, None, None] * (800.0 / temperature)[None, :, None]
            centres = scale * (120.0 + 60.0 * grown) * (1.0 + noise)
            sizes = 2.0 ** np.arange(24)
            largest = np.maximum(1.0, 0.06 * centres * grown)
            histogram = centres[:, :, None] / sizes[:, None] ** 1.6 * (sizes[:, None] <= largest[:, :, None])
            values[name + "/centres"] = centres
            values[name + "/clusters"] = histogram.sum(axis=2)
            values[name + "/largest"] = largest
            values[name + "/size_histogram"] = histogram
    if "b2" in observed:
        file["b2/size_bins"] = 2.0 ** np.arange(24)


def make_configurations(folder, groups, cells=(8, 8, 8), persistent=True, names=(("initial", 0), ("final", 1000))):
    """Configurations of these names and hops with clusters: blobs of centres around a few places."""
    random = np.random.default_rng(3)
    (folder / "configurations").mkdir(exist_ok=True)
    a = 3.24
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in cells), indexing="ij"), axis=-1).reshape(-1, 1, 3)
    positions = a * (grid + np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]])).reshape(-1, 3)
    box = a * np.array(cells)
    for group in range(groups):
        for name, hop in names:
            radii = (0.42 * box[0], 9.0, 7.0, 5.0, 4.0, 4.0, 4.0) if hop else (4.0,) * 6
            cluster = np.zeros(len(positions), dtype=int)
            for number, radius in enumerate(radii, 1):
                apart = np.abs(positions - random.random(3) * box)
                apart = np.minimum(apart, box - apart)
                inside = (np.sum(apart**2, axis=1) < radius**2) & (cluster == 0) & (random.random(len(positions)) < 0.6)
                cluster[inside] = number
            columns = [("b2", cluster > 0), ("cluster", cluster)]
            columns += [("persistent_cluster", cluster * (cluster < 3))] if persistent else []
            header = 'Lattice="%g 0 0 0 %g 0 0 0 %g" Properties=species:S:1:pos:R:3:id:I:1%s pbc="T T T" Hop=%d' % (
                *box, "".join(":%s:I:1" % key for key, _ in columns), hop)
            lines = [
                "Mo %g %g %g %d %s" % (*position, site + 1, " ".join("%d" % values[site] for _, values in columns))
                for site, position in enumerate(positions)
            ]
            path = folder / "configurations" / ("%s_g%d_r0.xyz" % (name, group))
            path.write_text("\n".join(["%d" % len(lines), header] + lines) + "\n")


def make_map(folder, compositions=((1, 1, 1),), elements=("Nb", "Mo", "Ta"),
             temperatures=(100, 200, 400, 600, 800, 1000, 1500, 3000), cells=(12, 12, 12), sites=True,
             structure="bcc", configurations=3, title="A map"):
    """Writes map.h5 of barriers drawn around a mean that is highest near 70 % of the second element."""
    random = np.random.default_rng(5)
    fractions = np.array(compositions, dtype=float)
    fractions /= fractions.sum(axis=1, keepdims=True)
    paths = {"bcc": 8, "sc": 6, "fcc": 12}[structure]
    count = cells[0] * cells[1] * cells[2] * {"bcc": 2, "sc": 1, "fcc": 4}[structure]
    top = np.full(len(elements), 0.3 / max(1, len(elements) - 1))
    top[min(1, len(elements) - 1)] = 0.7
    mean = 1.65 - 0.9 * np.sum((fractions - top) ** 2, axis=1)
    edges, r_edges = np.linspace(0.2, 2.6, 61), np.linspace(0.0, 1.0, 51)
    shape = (len(fractions), len(temperatures))
    variance, r_mean = np.zeros(shape), np.zeros(shape)
    r_histogram = np.zeros(shape + (50,))
    spectrum = np.zeros((len(fractions), 60))
    by_species, species_mean = np.zeros((len(fractions), len(elements), 60)), np.zeros((len(fractions), len(elements)))
    drawn = np.zeros((count, paths))
    site_r = np.zeros((len(temperatures), count))
    for g in range(len(fractions)):
        n = count if g == 0 else 500
        species = random.choice(len(elements), size=(n, paths), p=fractions[g])
        barriers = random.normal(mean[g], 0.16, size=(n, paths)) + 0.12 * (species - 1.0)
        spectrum[g] = np.histogram(barriers, edges)[0] / barriers.size
        for s in range(len(elements)):
            of_species = barriers[species == s]
            species_mean[g, s] = of_species.mean() if of_species.size else np.nan
            by_species[g, s] = np.histogram(of_species, edges)[0] / max(1, of_species.size)
        for t, temperature in enumerate(temperatures):
            weight = np.exp(-(barriers - barriers.min(axis=1, keepdims=True)) / (BOLTZMANN_EV_PER_K * temperature))
            p = weight / weight.sum(axis=1, keepdims=True)
            r = 1.0 - p.std(axis=1) * paths / math.sqrt(paths - 1.0)
            variance[g, t], r_mean[g, t] = r.var(), r.mean()
            r_histogram[g, t] = np.histogram(r, r_edges)[0] / n
            if g == 0:
                site_r[t] = r
        if g == 0:
            drawn = barriers
    with h5py.File(folder / "map.h5", "w") as file:
        preset = {"lattice": {"structure": structure, "cells": list(cells), "a_A": 3.24}, "configurations": configurations}
        for key, value in (("format", "zener-barrier-map-1"), ("zener_version", "0"), ("driver", "barrier_map"),
                           ("title", title), ("preset", json.dumps(preset))):
            file.attrs[key] = value
        file["compositions/fractions"] = fractions
        file["compositions/fractions"].attrs["elements"] = np.array(elements, dtype=h5py.string_dtype())
        file["temperatures_K"] = np.array(temperatures, dtype=float)
        file["barriers/mean_eV"] = mean
        file["barriers/standard_deviation_eV"] = np.full(len(mean), 0.16)
        file["barriers/least_eV"], file["barriers/largest_eV"] = mean - 0.6, mean + 0.6
        file["barriers/bin_edges_eV"] = edges
        file["barriers/histogram"] = spectrum
        file["barriers/by_species/mean_eV"] = species_mean
        file["barriers/by_species/histogram"] = by_species
        file["randomness/bin_edges"] = r_edges
        file["randomness/histogram"] = r_histogram
        file["randomness/mean"], file["randomness/variance"] = r_mean, variance
        file["randomness/variance_standard_error"] = np.full(shape, np.nan if configurations == 1 else 0.0005)
        if sites:
            file["sites/barrier_eV"] = drawn[None].astype(np.float32)
            file["sites/randomness"] = site_r[None].astype(np.float32)
