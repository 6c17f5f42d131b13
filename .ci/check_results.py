#!/usr/bin/python3
"""Checks that a kMC result folder holds what the documentation promises. Usage: check_results.py DIR"""
import json
import math
import pathlib
import sys

import h5py

folder = pathlib.Path(sys.argv[1])
summary = json.loads((folder / "summary.json").read_text())
assert summary["format"] == "zener-kmc-summary-1", summary["format"]
assert summary["run"]["status"] == "finished", summary["run"]
groups = summary["groups"]
assert groups, "summary.json has no groups"
for group in groups:
    for key in ("hops", "time_s"):
        mean = group[key]["mean"]
        assert math.isfinite(mean) and mean > 0, f"{key} is {mean} at {group['temperature_K']} K"

with h5py.File(folder / "series.h5") as series:
    assert series.attrs["format"] in ("zener-kmc-series-1", b"zener-kmc-series-1"), series.attrs["format"]
    rows = len(series["hops"])
    assert rows > 1, f"series.h5 has {rows} rows"
    assert series["time_s/mean"].shape == (rows, len(groups)), series["time_s/mean"].shape

json.loads((folder / "preset.json").read_text())
assert (folder / "log.txt").stat().st_size > 0, "log.txt is empty"

configurations = folder / "configurations"
for when in ("initial", "final"):
    for end in ("xyz", "dump"):
        files = sorted(configurations.glob(f"{when}_*.{end}"))
        assert files, f"no {when}_*.{end} in {configurations}"
        for file in files:
            lines = file.read_text().splitlines()
            if end == "xyz":
                assert len(lines) == int(lines[0]) + 2 and "Lattice=" in lines[1], file
            else:
                assert lines[0] == "ITEM: TIMESTEP" and len(lines) == int(lines[3]) + 9, file

plots = sorted((folder / "plots").glob("*.png"))
assert plots, "no plots"
for plot in plots:
    assert plot.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" and plot.stat().st_size > 5000, f"{plot} is no picture"

print(f"{folder.name}: {len(groups)} groups, {rows} rows, {len(plots)} plots: as promised")
