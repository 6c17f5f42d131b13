#!/usr/bin/python3
"""Checks the result folders of a short run of molecular dynamics and of elastic constants. Usage: check_atoms.py MD ELASTIC"""
import json
import pathlib
import sys

import h5py


def numbers(folder, kind):
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["format"] == f"zener-{kind}-summary-1", summary["format"]
    assert summary["run"]["status"] == "finished", summary["run"]
    return {number["name"]: number["value"] for number in summary["numbers"]}


md, elastic = map(pathlib.Path, sys.argv[1:])

temperature = numbers(md, "md")["temperature_K_g0_r0"]
assert 800 < temperature < 1200, f"{temperature} K"
with h5py.File(md / "series.h5") as series:
    energy = series["conserved_eV"][50:, 0]  # once the velocities have given half of their energy to the springs
    assert len(energy) > 100 and energy.max() - energy.min() < 0.01, energy
frames = [file for file in (md / "trajectory").iterdir() if file.stat().st_size > 0]
assert frames, "no trajectory"

found = numbers(elastic, "elastic")
for name, published in (("C11", 522.4), ("C12", 204.4), ("C44", 160.6)):  # Finnis and Sinclair (1984), GPa
    assert abs(found[name] - published) < 0.002 * published, f"{name} is {found[name]} GPa"
