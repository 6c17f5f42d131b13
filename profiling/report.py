#!/usr/bin/env python3
"""Prints figures and profiles as Markdown tables.

usage: profiling/report.py [FILE ...]

FILE: figures that `zener bench kmc|md|neb|train|analysis --json FILE` wrote (default: profiling/measured/*.json), or a profiler's CSV:
  nsys    NAME_cuda_gpu_kern_sum.csv, NAME_cuda_gpu_mem_time_sum.csv, NAME_nvtx_sum.csv (nsys stats --format csv)
  ncu     the raw page (ncu --import NAME.ncu-rep --page raw --csv)
  rocprof NAME.stats.csv, NAME.hip_stats.csv (rocprof --stats)
One row a name, the most time first; several launches of a kernel under ncu become their means, weighted by time.
"""
import csv
import io
import json
import math
import pathlib
import re
import sys


TO_MS = {}
for names, factor in (
    (("ns", "nsec", "nsecond"), 1e-6),
    (("us", "usec", "usecond"), 1e-3),
    (("ms", "msec", "msecond"), 1.0),
    (("s", "sec", "second"), 1e3),
):
    TO_MS.update(dict.fromkeys(names, factor))

# Columns of ncu's raw page: heading, the metrics that may hold it, how it is shown.
NCU_TIME = "gpu__time_duration.sum"
NCU_COLUMNS = (
    ("registers", ("launch__registers_per_thread",), "{:.0f}"),
    ("occupancy %", ("sm__warps_active.avg.pct_of_peak_sustained_active",), "{:.1f}"),
    ("SM %", ("sm__throughput.avg.pct_of_peak_sustained_elapsed",), "{:.1f}"),
    (
        "DRAM %",
        ("gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed", "dram__throughput.avg.pct_of_peak_sustained_elapsed"),
        "{:.1f}",
    ),
    ("L1 hit %", ("l1tex__t_sector_hit_rate.pct",), "{:.1f}"),
    ("L2 hit %", ("lts__t_sector_hit_rate.pct",), "{:.1f}"),
)
LONGEST_LABEL = 100


class BadFile(Exception):
    """Says what is wrong with a file."""


def number(value, pattern="{:,.0f}"):
    return "-" if value is None else pattern.format(value)


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|---" + "|---:" * (len(header) - 1) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def state_label(s):
    found = s.get("memory_hit_rate")
    return s["name"] if found is None else f"{s['name']} ({100 * found:.1f} % found)"


def cpu_report(r):
    rows = [
        [
            state_label(s),
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
    if "hops_per_s_with_memory" in r:
        text += (
            f" With a memory of {number(r['memory_entries'])} environments a walker: {number(r['hops_per_s_with_memory'])} hops/s "
            f"at 1000 K, {number(r['hops_per_s_with_memory_400_K'])} at 400 K."
        )
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


def md_report(r):
    parts = ("descriptor", "force", "integration", "sums")
    rows = []
    for s in r["rows"]:
        ns = s.get("ns_per_atom_step", {})
        rows.append(
            [
                s["potential"],
                s["precision"],
                number(s["atoms"]),
                number(s["threads"]),
                number(s["atom_steps_per_s"]),
                *(number(ns.get(part), "{:.1f}") for part in parts),
                number(s.get("build_ns_per_atom")),
                number(s["device_bytes_per_atom"]),
            ]
        )
    header = ["potential", "precision", "atoms", "threads", "atom-steps/s"]
    header += [f"{part}, ns" for part in parts] + ["renewal of lists, ns", "bytes"]
    text = table(header, rows)
    for line in r.get("list_renewal", []):
        points = ", ".join(f"{number(p['ns_per_atom'])} ns an atom at {number(p['atoms'])}" for p in line["points"])
        text += f"\n\nRenewal of lists, {line['potential']}: {points}; grows as atoms^{line['power']:.3f}."
    share = r["least_processor_share"]
    if share is not None and share < 0.95:
        text += f"\n\nThe machine was busy: a run got {100 * share:.0f} % of the processors."
    return text


def neb_report(r):
    rows = [
        [
            s["potential"],
            s["precision"],
            number(s["images"]),
            number(s["atoms_of_an_image"]),
            number(s["atoms_at_once"]),
            number(s["threads"]),
            f"{number(s['converged'])} of {number(s['bands'])}",
            number(s["mean_steps_of_a_band"], "{:.1f}"),
            number(s["bands_per_s"], "{:.2f}"),
            number(s["force_calls_per_s"]),
            number(s["share_of_md"], "{:.2f}"),
        ]
        for s in r["rows"]
    ]
    header = ["potential", "precision", "images", "atoms", "atoms at once", "threads", "converged", "steps", "bands/s"]
    return table(header + ["force calls/s", "atom-steps/s of md's"], rows)


def train_report(r):
    rows = [
        [
            s["network"],
            number(s["batch"]),
            number(s["threads"]),
            number(s["barriers_per_s"]),
            number(s["gflops"], "{:.1f}"),
            number(s["share_of_sgemm"], "{:.2f}"),
            number(s["device_bytes"] / 2**20),
            s["library"] or "our own",
        ]
        for s in r["rows"]
    ]
    header = ["network", "batch", "threads", "barriers/s", "GFLOP/s", "of sgemm", "MiB", "large products"]
    return table(header, rows)


def analysis_report(r):
    rows = [
        [
            s["analysis"],
            number(s["atoms"]),
            number(s["ms_per_frame"], "{:.2f}"),
            number(s["GB_per_s"], "{:.1f}"),
            number(s["share_of_copy"], "{:.2f}"),
        ]
        for s in r["analyses"]
    ]
    text = f"Copy of memory: {r['copy_GB_per_s']:.1f} GB/s read and written.\n\n"
    text += table(["analysis", "atoms", "ms a frame", "GB/s", "of copy"], rows)
    rows = [
        [s["potential"], number(s["atoms"]), number(s["atom_steps_per_s"]), number(s["time_with_analyses"], "{:.3f}")]
        for s in r["dynamics"]
    ]
    return text + "\n\n" + table(["potential", "atoms", "atom-steps/s", "time with analyses"], rows)


def kmc_report(r):
    return cpu_report(r) if r["machine"]["backend"] == "cpu" else gpu_report(r)


FORMATS = {
    "zener-bench-analysis-1": analysis_report,
    "zener-bench-kmc-1": kmc_report,
    "zener-bench-md-1": md_report,
    "zener-bench-neb-1": neb_report,
    "zener-bench-train-1": train_report,
}


def figures_report(text):
    try:
        r = json.loads(text)
    except ValueError as error:
        raise BadFile(str(error)) from None
    form = r.get("format") if isinstance(r, dict) else None
    if form not in FORMATS:
        raise BadFile(f"not a file of the formats {', '.join(FORMATS)}")
    try:
        m = r["machine"]
        head = f"## {m['device']} ({m['backend']}, {m['architecture']})\n\n{m['compiler']}; Zener {m['version']}, commit {m['commit']}\n\n"
        return head + FORMATS[form](r)
    except KeyError as key:
        raise BadFile(f"the key {key} is missing") from None


def label(name):
    """A demangled kernel without return type, arguments and our namespaces, as a Markdown code span."""
    name = re.sub(r" \[clone [^]]*\]$", "", name.strip())
    name = name.replace("(anonymous namespace)::", "").replace("<unnamed>::", "")
    name = re.sub(r"\bzener::((cpu|cuda|hip)::)?", "", name)
    depth, begin = 0, len(name)
    if name.endswith(")"):  # the last bracket and its partner hold the arguments
        for begin in range(len(name) - 1, -1, -1):
            depth += {")": 1, "(": -1}.get(name[begin], 0)
            if depth == 0:
                break
        name = name[:begin]
    name = re.sub(r"^void (?=\S)", "", name).lstrip(":")  # nsys writes the default domain of a range as nothing and a colon
    if len(name) > LONGEST_LABEL:
        name = name[: LONGEST_LABEL - 1] + "\u2026"
    return "`" + name.replace("`", "'").replace("|", "\\|") + "`"


def value_of(row, column):
    """The number in a column, None where the profiler has none (n/a, empty)."""
    text = row.get(column) or ""
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        if text.strip().lower() in ("", "n/a", "nan", "-", "no data"):
            return None
        raise BadFile(f"{column} is {text!r}, not a number") from None
    return value if math.isfinite(value) else None


def needed(row, column):
    value = value_of(row, column)
    if value is None:
        raise BadFile(f"a row has no {column}")
    return value


def time_table(first, times, more=()):
    """Rows of {name: (calls, total ms, further columns)}."""
    if not times:
        raise BadFile("it holds no rows")
    total = sum(time for _, time, _ in times.values())
    rows = []
    for name, (calls, time, further) in sorted(times.items(), key=lambda item: (-item[1][1], item[0])):
        share = 100 * time / total if total > 0 else 0.0
        rows.append([label(name), f"{calls:,.0f}", f"{time:,.3f}", f"{1000 * time / calls:,.2f}", f"{share:.1f} %", *further])
    return table([first, "calls", "total ms", "mean us", "share", *more], rows)


def summed(rows, name, calls, total, to_ms):
    times = {}
    for row in rows:
        n, time = needed(row, calls), needed(row, total) * to_ms
        if n <= 0:
            raise BadFile(f"{calls} is {row[calls]!r}, not a number above 0")
        before = times.get(row[name], (0.0, 0.0, ()))
        times[row[name]] = (before[0] + n, before[1] + time, ())
    return times


def ncu_times(rows):
    units = rows[0] if rows and not rows[0]["ID"] else {}
    launches = {}
    for row in rows:
        if row["ID"]:
            launches.setdefault(row["Kernel Name"], []).append(row)
    times = {}
    for name, group in launches.items():
        unit = units.get(NCU_TIME) or "ns"
        if unit not in TO_MS:
            raise BadFile(f"the unit of {NCU_TIME} is {unit!r}")
        weights = [needed(row, NCU_TIME) * TO_MS[unit] for row in group]
        further = []
        for _, metrics, pattern in NCU_COLUMNS:
            metric = next((m for m in metrics if m in group[0]), metrics[0])
            known = [(value_of(row, metric), weight) for row, weight in zip(group, weights)]
            known = [(value, weight) for value, weight in known if value is not None]
            weight = sum(w for _, w in known)
            further.append(number(sum(v * w for v, w in known) / weight if weight > 0 else None, pattern))
        times[name] = (len(group), sum(weights), further)
    return times


def profile_report(text):
    """The table of a profiler's CSV; lines before its header (nsys, ncu and the program print some) are passed over."""
    lines = text.splitlines(keepends=True)
    for i, line in enumerate(lines):
        header = next(csv.reader([line]), [])
        total = next((match for match in (re.fullmatch(r"Total Time \((\w+)\)", column) for column in header) if match), None)
        if total is None and "TotalDurationNs" not in header and not {"ID", "Kernel Name"} <= set(header):
            continue
        body = [row for row in csv.reader(io.StringIO("".join(lines[i + 1 :]))) if row and not row[0].startswith("==")]
        for row in body:
            if len(row) != len(header):
                raise BadFile(f"a row has {len(row)} columns and the header {len(header)}: {','.join(row)[:80]}")
        rows = [dict(zip(header, row)) for row in body]
        if "Kernel Name" in header:
            if NCU_TIME not in header:
                raise BadFile(f"there is no column {NCU_TIME}; print the raw page: ncu --import NAME.ncu-rep --page raw --csv")
            return time_table("kernel (ncu)", ncu_times(rows), [heading for heading, _, _ in NCU_COLUMNS])
        if total is None:
            return time_table("name (rocprof)", summed(rows, "Name", "Calls", "TotalDurationNs", TO_MS["ns"]))
        if total[1] not in TO_MS:
            raise BadFile(f"the unit of {total[0]} is not known")
        first = next((c for c in ("Range", "Operation", "Name") if c in header), None)
        calls = next((c for c in ("Instances", "Count", "Num Calls") if c in header), None)
        if first is None or calls is None:
            raise BadFile("a report of nsys without names; known are cuda_gpu_kern_sum, cuda_gpu_mem_time_sum and nvtx_sum")
        what = {"Range": "range", "Operation": "copy", "Name": "kernel"}[first]
        return time_table(f"{what} (nsys)", summed(rows, first, calls, total[0], TO_MS[total[1]]))
    raise BadFile("neither figures of zener bench (.json) nor a CSV of nsys stats, ncu's raw page or rocprof --stats")


def report(path):
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            return figures_report(text)
        return f"## {path.name}\n\n" + profile_report(text)
    except (OSError, UnicodeDecodeError, csv.Error, BadFile) as error:
        sys.exit(f"report.py: error: {path}: {error}")


def main():
    files = [pathlib.Path(name) for name in sys.argv[1:]]
    if not files:
        files = sorted((pathlib.Path(__file__).resolve().parent / "measured").glob("*.json"))
    if not files:
        sys.exit("report.py: error: profiling/measured holds no figures; make some with ./zener.sh bench kmc --json FILE")
    print("\n\n".join(report(path) for path in files))


if __name__ == "__main__":
    main()
