#!/usr/bin/env python3
"""Prints profiling/measured/*.json (written by `zener bench kmc --json FILE`) as Markdown tables.

usage: profiling/report.py [FILE ...]
"""
import json
import pathlib
import sys

FORMAT = "zener-bench-kmc-1"


def number(value, pattern="{:,.0f}"):
    return "-" if value is None else pattern.format(value)


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|---" + "|---:" * (len(header) - 1) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def cpu_report(r):
    rows = [
        [
            s["name"],
            number(s["hops_per_s"]),
            number(s["gflops"], "{:.1f}"),
            number(s["share_of_sgemm"], "{:.2f}"),
            number(s["hops_per_s_machine"]),
            number(s["share_of_sgemm_machine"], "{:.2f}"),
        ]
        for s in r["states"]
    ]
    rows.append(["sgemm 1024^3", "", number(r["sgemm_gflops_per_core"], "{:.1f}"), "", "", ""])
    header = ["state", "hops/s per core", "GFLOP/s per core", "of sgemm", f"hops/s, {r['threads']} threads", "of sgemm"]
    text = table(header, rows)
    text += f"\n\nLeast of A, B and C per core: {number(r['hops_per_s'])} hops/s, {r['share_of_sgemm']:.2f} of sgemm."
    share = min(r["cpu_share_per_core"], r["cpu_share_machine"])
    if share < 0.95:
        text += f" The machine was busy: the runs got {100 * share:.0f} % of the processor time."
    return text


def gpu_report(r):
    rows = [
        [
            s["name"],
            number(s["hops_per_s"]),
            number(s["gflops"]),
            number(s["share_of_float32_peak"], "{:.3f}"),
            number(s["microseconds_per_hop_of_a_walker"], "{:.3f}"),
        ]
        for s in r["states"] + r["sweep"]
    ]
    text = table(["state", "hops/s", "GFLOP/s", "of the float32 peak", "us a hop and walker"], rows)
    text += f"\n\nHighest of the sweep: {number(r['hops_per_s'])} hops/s; "
    return text + f"one walker of 1,024 sites: {r['latency_us_per_hop']:.2f} us a hop."


def report(path):
    try:
        r = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        sys.exit(f"report.py: error: {path}: {error}")
    if not isinstance(r, dict) or r.get("format") != FORMAT:
        sys.exit(f"report.py: error: {path}: not a file of the format {FORMAT}")
    try:
        m = r["machine"]
        head = f"## {m['device']} ({m['backend']}, {m['architecture']})\n\n{m['compiler']}; Zener {m['version']}, commit {m['commit']}\n\n"
        return head + (cpu_report(r) if m["backend"] == "cpu" else gpu_report(r))
    except KeyError as key:
        sys.exit(f"report.py: error: {path}: the key {key} is missing")


def main():
    files = [pathlib.Path(name) for name in sys.argv[1:]]
    if not files:
        files = sorted((pathlib.Path(__file__).resolve().parent / "measured").glob("*.json"))
    if not files:
        sys.exit("report.py: error: profiling/measured holds no figures; make some with ./zener.sh bench kmc --json FILE")
    print("\n\n".join(report(path) for path in files))


if __name__ == "__main__":
    main()
