#!/usr/bin/env python3
"""Compares molecular dynamics on one core with LAMMPS (EAM, SNAP linear and quadratic) and NEP_CPU (NEP).

usage: profiling/compare_md.py DATA [--only PART ...] [--rounds N] [--seconds S] [--json FILE] [--lmp PROGRAM] [--nep-python PYTHON]

DATA: the folder of published potentials that `zener bench md --data` reads. All programs move 2,000 atoms of bcc W at 300 K, 1 fs,
NVE, skin 1 A, on one thread, in turn in each round. LAMMPS is $ZENER_LMP, else lmp on PATH, with -sf none; a build without ML-SNAP
(Debian's) leaves SNAP out. NEP_CPU is calorine's, of the Python given by --nep-python (default: this one); it computes forces and
virials of new positions in each call, so it is compared with our steps and, in brackets, with steps that each renew the lists.
Rates are atom-steps per second of processor time (of the other program: wall time times the share of the processor that it got);
ratios are medians over the rounds.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LATTICE_A = 3.1652
CELLS = 10
ATOMS = 2 * CELLS**3
FORMAT = "zener-compare-md-1"

# Name in `zener bench md --data`, a rate of LAMMPS to choose the number of steps from, its pair style and coefficients.
LAMMPS_CASES = (
    ("EAM W_zhou.eam.alloy", 5e5, "eam/alloy", "{data}/eam/W_zhou.eam.alloy W"),
    ("SNAP W_2940", 4e3, "snap", "{data}/snap/W_2940_2017_2.snapcoeff {data}/snap/W_2940_2017_2.snapparam W"),
    ("SNAP W QNML quadratic", 2e3, "snap", "{data}/milady/W_QNML_milady.snapcoeff {data}/milady/W_QNML_milady.snapparam W"),
)
NEP_CASE = ("NEP UNEP-v1", "nep/Song-2024-UNEP-v1-AgAlAuCrCuMgMoNiPbPdPtTaTiVWZr.txt")

LAMMPS_INPUT = """units metal
atom_modify map array
lattice bcc {lattice}
region box block 0 {cells} 0 {cells} 0 {cells}
create_box 1 box
create_atoms 1 box
mass 1 183.84
pair_style {style}
pair_coeff * * {coefficients}
displace_atoms all random 0.01 0.01 0.01 1
velocity all create 300 1
neighbor 1.0 bin
timestep 0.001
fix 1 all nve
thermo 1000000
run {warm_up}
run {steps}
"""

# Runs in the Python that has calorine: FILE LATTICE CELLS SECONDS.
NEP_PROGRAM = """
import sys, time
from ase.build import bulk
from calorine.calculators import CPUNEP
file, lattice, cells, seconds = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
atoms = bulk("W", "bcc", a=lattice, cubic=True).repeat(cells)
atoms.rattle(0.01, seed=1)
atoms.calc = CPUNEP(file)
atoms.get_forces()
calls, begin = 0, time.process_time()
while calls < 2 or time.process_time() - begin < seconds:
    atoms.rattle(0.001, seed=calls)
    atoms.get_forces()
    calls += 1
print(calls * len(atoms) / (time.process_time() - begin))
"""


class Missing(Exception):
    """Says why a program cannot be compared with."""


def fail(message):
    sys.exit(f"compare_md.py: error: {message}")


def bench_program():
    given = os.environ.get("ZENER_BENCH")
    for program in [pathlib.Path(given)] if given else [ROOT / "bin/zener_bench", ROOT / "build/bin/zener_bench"]:
        if os.access(program, os.X_OK):
            return program
    return fail("zener_bench is missing; build it with ./zener.sh build, or name one in ZENER_BENCH")


def run(command, **more):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, **more)
    except OSError as error:
        raise Missing(str(error)) from None


def zener_rates(bench, data, name, seconds, folder):
    """Atom-steps/s by precision, and the same when every step renews the lists."""
    file = pathlib.Path(folder) / "zener.json"
    words = [bench, "md", "--device", "cpu", "--threads", "1", "--data", data, "--only", name]
    result = run([*map(str, words), "--sizes", str(ATOMS), "--seconds", str(seconds), "--json", str(file)])
    if result.returncode != 0:
        fail(f"zener_bench md ends with {result.returncode}: {(result.stderr or result.stdout).strip()}")
    rates = {}
    for row in json.loads(file.read_text(encoding="utf-8"))["rows"]:
        if row["potential"] == name:
            rate = row["atom_steps_per_s"]
            rates[row["precision"]] = (rate, 1.0 / (1.0 / rate + 1e-9 * row["build_ns_per_atom"]))
    return rates


def lammps_rate(log):
    """Of the last run in a log, atom-steps per second of processor time."""
    loops = re.findall(r"^Loop time of (\S+) on 1 procs for (\d+) steps with (\d+) atoms", log, re.MULTILINE)
    shares = re.findall(r"^(\S+)% CPU use", log, re.MULTILINE)
    if not loops or len(shares) != len(loops):
        raise Missing("its log has no loop times")
    seconds, steps, atoms = loops[-1]
    return int(steps) * int(atoms) / (float(seconds) * float(shares[-1]) / 100.0)


def run_lammps(program, data, case, seconds, folder):
    _, expected, style, coefficients = case
    steps = max(2, round(expected * seconds / ATOMS))
    text = LAMMPS_INPUT.format(
        lattice=LATTICE_A,
        cells=CELLS,
        style=style,
        coefficients=coefficients.format(data=data),
        warm_up=max(1, steps // 10),
        steps=steps,
    )
    (pathlib.Path(folder) / "in.md").write_text(text, encoding="utf-8")
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    result = run([program, "-sf", "none", "-log", "none", "-in", "in.md"], cwd=folder, env=environment)
    if result.returncode != 0:
        errors = [line for line in (result.stdout + result.stderr).splitlines() if "error" in line.lower()]
        raise Missing(errors[0] if errors else f"{program} ends with {result.returncode}")
    return lammps_rate(result.stdout)


def run_nep(python, data, seconds):
    command = [python, "-c", NEP_PROGRAM, str(data / NEP_CASE[1]), str(LATTICE_A), str(CELLS), str(seconds)]
    result = run(command, env=dict(os.environ, OMP_NUM_THREADS="1"))
    if result.returncode != 0:
        lines = result.stderr.strip().splitlines()
        raise Missing(lines[-1] if lines else f"{python} ends with {result.returncode}")
    return float(result.stdout)


def table(rows):
    lines = [
        "| potential | compared with | its atom-steps/s | ours, double | ratio | ours, mixed | ratio |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        cells = [row["potential"], row["program"], f"{row['rate']:,.0f}"]
        for precision in ("double", "mixed"):
            ratio = f"{row[precision]['ratio']:.2f}"
            if "ratio_with_renewals" in row[precision]:
                ratio += f" ({row[precision]['ratio_with_renewals']:.2f})"
            cells += [f"{row[precision]['rate']:,.0f}", ratio]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def compare(name, program, other, ours, rounds, renewals):
    """One row of the table: `other` and `ours` in turn in each round."""
    theirs, mine = [], []
    for _ in range(rounds):
        theirs.append(other())
        mine.append(ours())
    row = {"potential": name, "program": program, "rate": statistics.median(theirs), "rates": theirs}
    for precision in ("double", "mixed"):
        row[precision] = {
            "rate": statistics.median(m[precision][0] for m in mine),
            "ratio": statistics.median(m[precision][0] / t for m, t in zip(mine, theirs)),
            "rates": [m[precision][0] for m in mine],
        }
        if renewals:
            row[precision]["ratio_with_renewals"] = statistics.median(m[precision][1] / t for m, t in zip(mine, theirs))
    return row


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--only", action="append", help="potentials whose name contains this; may be repeated")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each figure")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--lmp", default=os.environ.get("ZENER_LMP", "lmp"))
    parser.add_argument("--nep-python", default=sys.executable)
    options = parser.parse_args()
    if options.rounds < 1 or options.seconds <= 0:
        parser.error("--rounds and --seconds must be above 0")
    if not options.data.is_dir():
        parser.error(f"{options.data} is not a folder")
    options.data = options.data.resolve()
    return options


def main():
    options = arguments()
    bench = bench_program()
    lammps = shutil.which(options.lmp)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        cases = [(case[0], "LAMMPS", case) for case in LAMMPS_CASES] + [(NEP_CASE[0], "NEP_CPU (calorine)", None)]
        for name, program, case in cases:
            if options.only and not any(part in name for part in options.only):
                continue

            def other(case=case):
                if case is None:
                    return run_nep(options.nep_python, options.data, options.seconds)
                if lammps is None:
                    raise Missing(f"{options.lmp} is not on PATH")
                return run_lammps(os.path.abspath(lammps), options.data, case, options.seconds, folder)

            def ours(name=name):
                return zener_rates(bench, options.data, name, options.seconds, folder)

            try:
                rows.append(compare(name, program, other, ours, options.rounds, case is None))
            except Missing as reason:
                print(f"compare_md.py: {name} is left out: {program}: {reason}", file=sys.stderr)
    if not rows:
        fail("nothing could be compared")
    print(table(rows))
    if options.json:
        options.json.write_text(json.dumps({"format": FORMAT, "atoms": ATOMS, "rows": rows}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
