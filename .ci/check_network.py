#!/usr/bin/python3
"""Checks the chain from a potential to diffusion, made short. Usage: check_network.py DATASET TRAINING KMC"""
import json
import pathlib
import sys


def summary(folder, kind):
    found = json.loads((folder / "summary.json").read_text())
    assert found["format"] == f"zener-{kind}-summary-1", found["format"]
    assert found["run"]["status"] == "finished", found["run"]
    return found


dataset, training, kmc = map(pathlib.Path, sys.argv[1:])

data = summary(dataset, "barrier_dataset")
converged = data["bands"]["converged"]
assert converged >= 80, data["bands"]  # of 96
assert 0.8 < data["all"]["mean_eV"] < 1.0, data["all"]

numbers = {number["name"]: number["value"] for number in summary(training, "train")["numbers"]}
error = numbers["consistent_validation_mae"]
assert error < 0.75 * data["all"]["standard_deviation_eV"], f"{error} eV, the barriers themselves spread by {data['all']}"
assert (training / "models" / "consistent.safetensors").stat().st_size > 10000

walk = summary(kmc, "kmc")
assert all(group["hops"]["mean"] > 0 for group in walk["groups"]), walk["groups"]
print(f"{converged} bands, {1e3 * error:.1f} meV, {len(walk['groups'])} temperatures: the chain holds")
