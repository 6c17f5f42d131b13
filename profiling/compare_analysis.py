#!/usr/bin/env python3
"""Compares mean squared displacements over all origins of time on one core with numpy and, where it is installed, freud.

usage: profiling/compare_analysis.py [--atoms N] [--frames T] [--rounds R] [--json FILE] [--freud-python PYTHON]

A random walk of N atoms is written as an H5MD file. `zener run` with analyze and all_origins reads it, on one thread; numpy reads the
same file with h5py and transforms all rows padded with zeros (the same method, and as many rows at once); freud's MSD in mode
"window" gets the array that numpy read. Clocks: processor time of the programs, from the open file to the curve; of zener less that
of a run over ten frames, which is what starting takes. Curves must agree to 1e-9. Ratios are medians over the rounds.
"""
import argparse
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
import h5py  # noqa: E402
import numpy as np  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
FORMAT = "zener-compare-analysis-1"

# What the other programs run: FILE OUT [freud].
OTHER = r"""
import resource, sys
import numpy as np, h5py
def used():
    r = resource.getrusage(resource.RUSAGE_SELF)
    return r.ru_utime + r.ru_stime
start = used()
with h5py.File(sys.argv[1], "r") as file:
    x = file["particles/all/position/value"][...]
frames, atoms, _ = x.shape
lags = frames // 2 + 1
if len(sys.argv) > 3:
    import freud
    box = freud.box.Box.cube(1e6)
    curve = freud.msd.MSD(box, "window").compute(x).msd[:lags]
else:
    length = 1 << int(np.ceil(np.log2(2 * frames)))
    power, square = np.zeros(length // 2 + 1), np.zeros(frames)
    rows = (x - x[0]).reshape(frames, -1).T
    for part in np.array_split(rows, max(1, rows.shape[0] * length * 24 // (256 << 20))):
        part = np.ascontiguousarray(part)
        spectrum = np.fft.rfft(part, length, axis=1)
        power += (spectrum.real**2 + spectrum.imag**2).sum(axis=0)
        square += (part**2).sum(axis=0)
    products = np.fft.irfft(power, length)[:lags]
    before = np.concatenate(([0.0], np.cumsum(square)))
    m = np.arange(lags)
    curve = (before[frames - m] + before[frames] - before[m] - 2.0 * products) / (frames - m) / atoms
    curve[0] = 0.0
print(used() - start)
np.save(sys.argv[2], curve)
"""


def write_walk(path, atoms, frames):
    random = np.random.default_rng(1)
    with h5py.File(path, "w") as file:
        file.create_group("h5md").attrs["version"] = np.array([1, 1], dtype=np.int32)
        everything = file.create_group("particles/all")
        box = everything.create_group("box")
        box.attrs["dimension"] = np.int32(3)
        box.attrs["boundary"] = np.array([b"periodic"] * 3)
        box["edges"] = np.full(3, 1e6)
        position = everything.create_group("position")
        position["step"] = np.arange(frames)
        position["time"] = 0.1 * np.arange(frames)
        position["value"] = 100.0 + np.cumsum(0.1 * random.normal(size=(frames, atoms, 3)), axis=0)
        species = h5py.enum_dtype({"W": 74}, basetype=np.int32)
        everything["species"] = np.full(atoms, 74, dtype=np.int32).astype(species)


def children_s():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def zener(folder, trajectory, last):
    preset = {
        "driver": "analyze", "trajectory": {"file": str(trajectory), "last": last},
        "analyses": {"remove_drift": False, "all_origins": {}}, "output": {"plots": False},
    }
    (folder / "a.json").write_text(json.dumps(preset))
    shutil.rmtree(folder / "out", ignore_errors=True)
    begin = children_s()
    subprocess.run([os.environ.get("ZENER", str(ROOT / "build/bin/zener")), "run", str(folder / "a.json"), "--out",
                    str(folder / "out"), "--threads", "1", "--device", "cpu"], check=True, capture_output=True)
    took = children_s() - begin
    with h5py.File(folder / "out/series.h5", "r") as file:
        return took, file["analyses/all_origins/msd/value"][0, 3]


def other(python, folder, trajectory, *words):
    out = folder / "curve.npy"
    text = subprocess.run([python, "-c", OTHER, str(trajectory), str(out), *words], check=True, capture_output=True, text=True)
    return float(text.stdout), np.load(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--atoms", type=int, default=1000)
    parser.add_argument("--frames", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json")
    parser.add_argument("--freud-python")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        trajectory = folder / "walk.h5"
        write_walk(trajectory, options.atoms, options.frames)
        rates = {"zener": [], "numpy": [], **({"freud": []} if options.freud_python else {})}
        for _ in range(options.rounds):
            start, _ = zener(folder, trajectory, 9)
            took, ours = zener(folder, trajectory, options.frames - 1)
            rates["zener"].append(took - start)
            for peer, python, words in (("numpy", sys.executable, ()), ("freud", options.freud_python, ("freud",))):
                if peer in rates:
                    took, curve = other(python, folder, trajectory, *words)
                    rates[peer].append(took)
                    off = np.max(np.abs(curve - ours)) / np.max(curve)
                    if not off < (1e-9 if peer == "numpy" else 1e-4):
                        sys.exit("zener and %s differ by %.1e" % (peer, off))
        result = {"format": FORMAT, "atoms": options.atoms, "frames": options.frames, "seconds": rates}
        for peer in list(rates)[1:]:
            ratio = statistics.median(b / a for a, b in zip(rates["zener"], rates[peer]))
            result["times_as_fast_as_" + peer] = ratio
            print("%s: %.2f s, zener %.2f s of one core: %.1f times" %
                  (peer, statistics.median(rates[peer]), statistics.median(rates["zener"]), ratio))
        if options.json:
            pathlib.Path(options.json).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
