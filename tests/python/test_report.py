"""profiling/report.py on texts in the profilers' formats, and the profiler scripts with tools that are missing or played.

    python3 -m unittest discover tests/python
"""

import contextlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

PROFILING = pathlib.Path(__file__).resolve().parents[2] / "profiling"
sys.path.insert(0, str(PROFILING))
import report  # noqa: E402

KERNEL_A = "void zener::cuda::team_kernel<zener::cuda::AdvanceKernel<zener::cuda::Network<float>, (int)8>>(T1)"
KERNEL_B = "void zener::cuda::for_each_kernel<zener::cuda::<unnamed>::CountStatus>(long, T1)"

NSYS_KERNELS = f"""Generating SQLite file kmc.sqlite from kmc.nsys-rep
Processing [kmc.sqlite] with [cuda_gpu_kern_sum.py]...
Time (%),Total Time (ns),Instances,Avg (ns),Med (ns),Min (ns),Max (ns),StdDev (ns),Name
75.0,3000000,4,750000.0,750000.0,700000,800000,1000.0,"{KERNEL_A}"
25.0,1000000,100,10000.0,10000.0,9000,11000,100.0,"{KERNEL_B}"

"""
NSYS_COPIES = """Time (%),Total Time (ns),Count,Avg (ns),Med (ns),Min (ns),Max (ns),StdDev (ns),Operation
100.0,2000,2,1000.0,1000.0,900,1100,141.4,[CUDA memcpy Device-to-Host]
"""
NSYS_RANGES = """Time (%),Total Time (ns),Instances,Avg (ns),Med (ns),Min (ns),Max (ns),StdDev (ns),Style,Range
90.0,9000000,3,3000000.0,3000000.0,2900000,3100000,100.0,PushPop,:kmc_advance
10.0,1000000,1,1000000.0,1000000.0,1000000,1000000,0.0,PushPop,:kmc_random_alloy
"""
NCU_METRICS = (
    "dram__throughput.avg.pct_of_peak_sustained_elapsed,gpu__time_duration.sum,l1tex__t_sector_hit_rate.pct,"
    "launch__registers_per_thread,lts__t_sector_hit_rate.pct,sm__throughput.avg.pct_of_peak_sustained_elapsed,"
    "sm__warps_active.avg.pct_of_peak_sustained_active"
).split(",")


def ncu_line(number, kernel, values):
    head = (number, "4711", "zener_bench_micro", "127.0.0.1", kernel, "1", "7", "(128, 1, 1)", "(2048, 1, 1)", "0", "9.0")
    return ",".join(f'"{field}"' for field in (*head, *values))


NCU_HEADER = ",".join(
    f'"{field}"'
    for field in (
        "ID",
        "Process ID",
        "Process Name",
        "Host Name",
        "Kernel Name",
        "Context",
        "Stream",
        "Block Size",
        "Grid Size",
        "Device",
        "CC",
        *NCU_METRICS,
    )
)
NCU_UNITS = ",".join(['""'] * 11 + ['"%"', '"us"', '"%"', '"register/thread"', '"%"', '"%"', '"%"'])
NCU = "\n".join(
    [
        "==PROF== Connected to process 4711",
        NCU_HEADER,
        NCU_UNITS,
        ncu_line("0", KERNEL_A, ["10.0", "1,000.00", "80.0", "64", "90.0", "50.0", "25.0"]),
        ncu_line("1", KERNEL_A, ["30.0", "3,000.00", "n/a", "64", "90.0", "70.0", "25.0"]),
        ncu_line("2", KERNEL_B, ["5.0", "1.00", "n/a", "16", "12.5", "1.0", "3.0"]),
        "==WARNING== Something else",
        "",
    ]
)
ROCPROF = """"Name","Calls","TotalDurationNs","AverageNs","Percentage"
"void zener::hip::team_kernel<zener::hip::AdvanceKernel>(zener::hip::AdvanceKernel) [clone .kd]",10,261124944,26112494,99.9
"void zener::hip::for_each_kernel<zener::hip::Fill|Two>(long, zener::hip::Fill) [clone .kd]",1,261125,261125,0.1
"""


def cells(text):
    """The rows of a Markdown table below its header, as lists of cells."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.replace("\\|", "\0").strip("|").split("|")] for line in lines[1:]]


class Tables(unittest.TestCase):
    def test_nsys_kernels(self):
        text = report.profile_report(NSYS_KERNELS)
        self.assertEqual(
            cells(text),
            [
                ["`team_kernel<AdvanceKernel<Network<float>, (int)8>>`", "4", "3.000", "750.00", "75.0 %"],
                ["`for_each_kernel<CountStatus>`", "100", "1.000", "10.00", "25.0 %"],
            ],
        )
        self.assertTrue(text.startswith("| kernel (nsys) | calls | total ms | mean us | share |"), text)

    def test_nsys_copies_and_ranges(self):
        copies = report.profile_report(NSYS_COPIES)
        self.assertEqual(cells(copies), [["`[CUDA memcpy Device-to-Host]`", "2", "0.002", "1.00", "100.0 %"]])
        ranges = cells(report.profile_report(NSYS_RANGES))
        self.assertEqual([row[0] for row in ranges], ["`kmc_advance`", "`kmc_random_alloy`"])
        self.assertEqual(ranges[0][1:], ["3", "9.000", "3,000.00", "90.0 %"])

    def test_nsys_in_other_units_and_split_by_grid(self):
        text = "Time (%),Total Time (ms),Instances,Avg (ms),GridXYZ,Name\n50,1.5,1,1.5, 8 1 1,k\n50,1.5,2,0.75, 16 1 1,k\n"
        self.assertEqual(cells(report.profile_report(text)), [["`k`", "3", "3.000", "1,000.00", "100.0 %"]])

    def test_ncu_raw_page(self):
        text = report.profile_report(NCU)
        for heading in ("registers", "occupancy %", "SM %", "DRAM %", "L1 hit %", "L2 hit %"):
            self.assertIn(heading, text.splitlines()[0])
        first, second = cells(text)
        # Means weighted by 1 ms and 3 ms; the hit rate that one launch lacks is the other's.
        self.assertEqual(first[1:], ["2", "4.000", "2,000.00", "100.0 %", "64", "25.0", "65.0", "25.0", "80.0", "90.0"])
        self.assertEqual(second[1:], ["1", "0.001", "1.00", "0.0 %", "16", "3.0", "1.0", "5.0", "-", "12.5"])

    def test_rocprof(self):
        rows = cells(report.profile_report(ROCPROF))
        self.assertEqual(rows[0], ["`team_kernel<AdvanceKernel>`", "10", "261.125", "26,112.49", "99.9 %"])
        self.assertEqual(rows[1][0].replace("\0", "|"), "`for_each_kernel<Fill|Two>`")

    def test_long_names_are_cut(self):
        name = report.label("void f<" + "x" * 300 + ">(int)")
        self.assertLessEqual(len(name), report.LONGEST_LABEL + 2)
        self.assertTrue(name.endswith("\u2026`"))

    def test_faults(self):
        for text, word in (
            ("", "neither"),
            ("nothing here\n1,2\n", "neither"),
            ("Time (%),Total Time (ns),Instances,Avg (ns),Name\n", "no rows"),
            ("Time (%),Total Time (ns),Instances,Avg (ns),Name\n1,2,3\n", "3 columns"),
            ("Time (%),Total Time (ns),Instances,Avg (ns),Name\n1,abc,3,1,k\n", "'abc'"),
            ("Time (%),Total Time (ns),Instances,Avg (ns),Name\n1,5,0,1,k\n", "above 0"),
            ("Time (%),Total Time (years),Instances,Avg (ns),Name\n1,5,1,1,k\n", "unit"),
            ("Time (%),Total Time (ns),Something\n1,5,0\n", "without names"),
            ('"Name","Calls","TotalDurationNs"\n"k",1,\n', "TotalDurationNs"),
            (NCU.replace('"us"', '"fortnight"'), "fortnight"),
            (NCU.replace("gpu__time_duration.sum", "gpu__something"), "--page raw"),
        ):
            with self.subTest(text[:60]), self.assertRaises(report.BadFile) as caught:
                report.profile_report(text)
            self.assertIn(word, str(caught.exception))

    def test_command(self):
        with tempfile.TemporaryDirectory() as folder:
            good, bad = pathlib.Path(folder) / "kmc.stats.csv", pathlib.Path(folder) / "bad.csv"
            good.write_text(ROCPROF, encoding="utf-8")
            bad.write_bytes(b"\xff\xfe\x00")
            out = io.StringIO()
            with unittest.mock.patch.object(sys, "argv", ["report.py", str(good)]), contextlib.redirect_stdout(out):
                report.main()
            self.assertIn("## kmc.stats.csv", out.getvalue())
            for file in (bad, pathlib.Path(folder) / "absent.csv", pathlib.Path(folder) / "absent.json"):
                with unittest.mock.patch.object(sys, "argv", ["report.py", str(file)]), self.assertRaises(SystemExit) as end:
                    report.main()
                self.assertRegex(str(end.exception), "^report.py: error: .*" + file.name)

    def test_figures_of_molecular_dynamics(self):
        text = report.figures_report(json.dumps(MD_FIGURES))
        self.assertIn("## A processor (cpu, AVX2)", text)
        first, second = cells(text)
        self.assertEqual(
            first, ["EAM", "double", "2,000", "1", "1,234,568", "600.0", "200.0", "10.0", "0.5", "500", "1,500"]
        )
        self.assertEqual(second, ["EAM", "mixed", "16,000", "2", "2,000,000", "-", "-", "-", "-", "-", "1,400"])
        self.assertIn("500 ns an atom at 2,000, 550 ns an atom at 16,000; grows as atoms^1.046", text)
        self.assertIn("50 % of the processors", text)
        with self.assertRaises(report.BadFile) as caught:
            report.figures_report(json.dumps({"format": "zener-bench-md-1"}))
        self.assertIn("'machine' is missing", str(caught.exception))

    def test_figures_of_bands_and_training(self):
        machine = MD_FIGURES["machine"]
        band = {"potential": "EAM", "precision": "double", "threads": 1, "images": 3, "atoms_of_an_image": 249, "atoms_at_once": 2048}
        band |= {"bands": 16, "converged": 15, "mean_steps_of_a_band": 61.25, "bands_per_s": 3.125, "force_calls_per_s": 1234.5}
        text = report.figures_report(
            json.dumps({"format": "zener-bench-neb-1", "machine": machine, "rows": [band | {"share_of_md": 0.914}]})
        )
        self.assertEqual(
            cells(text), [["EAM", "double", "3", "249", "2,048", "1", "15 of 16", "61.2", "3.12", "1,234", "0.91"]]
        )
        network = {"network": "mlp", "batch": 32, "threads": 2, "barriers_per_s": 45678.9, "device_bytes": 3 * 2**20, "library": ""}
        rows = [network | {"gflops": 61.04, "share_of_sgemm": 0.577}, network | {"gflops": None, "share_of_sgemm": None}]
        text = report.figures_report(json.dumps({"format": "zener-bench-train-1", "machine": machine, "rows": rows}))
        self.assertEqual(
            cells(text),
            [
                ["mlp", "32", "2", "45,679", "61.0", "0.58", "3", "our own"],
                ["mlp", "32", "2", "45,679", "-", "-", "3", "our own"],
            ],
        )

    def test_measured_figures(self):
        for file in sorted((PROFILING / "measured").glob("*.json")):
            self.assertRegex(report.report(file), "hops/s|atom-steps/s|bands/s|barriers/s")


# Each plays a profiler: it writes what the real one would, and says how it was called.
PLAYED = {
    "nsys": """#!/bin/sh
echo "nsys $*" >>calls
case $1 in
stats) for report in cuda_gpu_kern_sum cuda_gpu_mem_time_sum nvtx_sum; do cp "$SAMPLES/$report" "k_$report.csv"; done ;;
esac
""",
    "ncu": """#!/bin/sh
echo "ncu $*" >>calls
case "$*" in
*"--page raw"*) cat "$SAMPLES/ncu" ;;
esac
""",
    "rocprof": """#!/bin/sh
echo "rocprof $*" >>calls
cp "$SAMPLES/rocprof" k.stats.csv
cp "$SAMPLES/rocprof" k.hip_stats.csv
""",
}
SCRIPTS = [(tool, f"{tool}_{bench}.sh") for tool in PLAYED for bench in ("kmc", "md")]

MD_FIGURES = {
    "format": "zener-bench-md-1",
    "machine": {
        "compiler": "GNU 12.2.0",
        "commit": "0123",
        "version": "0.1.0",
        "backend": "cpu",
        "device": "A processor",
        "architecture": "AVX2",
    },
    "list_renewal": [
        {
            "potential": "EAM",
            "points": [{"atoms": 2000, "ns_per_atom": 500.0}, {"atoms": 16000, "ns_per_atom": 550.0}],
            "power": 1.0458,
        }
    ],
    "least_processor_share": 0.5,
    "rows": [
        {
            "potential": "EAM",
            "precision": "double",
            "threads": 1,
            "atoms": 2000,
            "atom_steps_per_s": 1234567.8,
            "ns_per_atom_step": {"descriptor": 600.04, "force": 200.0, "integration": 10.0, "sums": 0.5},
            "build_ns_per_atom": 500.2,
            "device_bytes_per_atom": 1500.4,
        },
        {
            "potential": "EAM",
            "precision": "mixed",
            "threads": 2,
            "atoms": 16000,
            "atom_steps_per_s": 2e6,
            "device_bytes_per_atom": 1400.0,
        },
    ],
}


class Scripts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.bin, self.samples = self.folder / "bin", self.folder / "samples"
        self.bin.mkdir()
        self.samples.mkdir()
        for tool in ("bash", "sh", "env", "dirname", "basename", "readlink", "cat", "cp"):
            (self.bin / tool).symlink_to(shutil.which(tool))
        (self.bin / "python3").symlink_to(sys.executable)
        for name, text in (
            ("cuda_gpu_kern_sum", NSYS_KERNELS),
            ("cuda_gpu_mem_time_sum", NSYS_COPIES),
            ("nvtx_sum", NSYS_RANGES),
            ("ncu", NCU),
            ("rocprof", ROCPROF),
        ):
            (self.samples / name).write_text(text, encoding="utf-8")
        for name in ("zener_bench", "zener_bench_micro"):
            self.executable(name, "#!/bin/sh\n")

    def executable(self, name, text):
        file = self.bin / name
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755)

    def call(self, script, *arguments, bench=None):
        environment = {
            "PATH": str(self.bin),
            "SAMPLES": str(self.samples),
            "ZENER_BENCH": str(bench or self.bin / "zener_bench"),
        }
        if "PYTHONHOME" in os.environ:
            environment["PYTHONHOME"] = os.environ["PYTHONHOME"]
        return subprocess.run(
            [str(PROFILING / script), *arguments], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )

    def test_a_missing_tool_is_an_error(self):
        for tool, script in SCRIPTS:
            result = self.call(script)
            self.assertEqual(result.returncode, 1, tool)
            self.assertEqual(result.stdout, "")
            self.assertRegex(result.stderr, rf"\A{script}: error: {tool} \(.*\) is not on PATH\n\Z")

    def test_a_missing_program_is_an_error(self):
        for tool, script in SCRIPTS:
            self.executable(tool, PLAYED[tool])
            result = self.call(script, bench=self.folder / "nowhere")
            self.assertEqual(result.returncode, 1, tool)
            self.assertRegex(result.stderr, rf"\A{script}: error: .*nowhere.* is missing; .*ZENER_BENCH\n\Z")

    def test_tables_of_played_tools(self):
        for tool, script in SCRIPTS:
            self.executable(tool, PLAYED[tool])
            result = self.call(script, "k", "--more")
            self.assertEqual(result.returncode, 0, result.stderr)
            table = (self.folder / "k.md").read_text(encoding="utf-8")
            self.assertIn("AdvanceKernel", table)
            self.assertIn("AdvanceKernel", result.stdout)
            if tool == "nsys":
                self.assertIn("kmc_advance", table)
            calls = (self.folder / "calls").read_text(encoding="utf-8")
            self.assertIn("--more", calls)
            if script.endswith("_md.sh"):
                self.assertRegex(calls, " md .*--no-parts .*--more")
            (self.folder / "k.md").unlink()
            (self.folder / "calls").unlink()

    def test_a_tool_that_fails_is_an_error(self):
        for tool, script in SCRIPTS:
            self.executable(tool, "#!/bin/sh\nexit 9\n")
            self.assertNotEqual(self.call(script, "k").returncode, 0, tool)
            self.executable(tool, "#!/bin/sh\nexit 0\n")  # writes nothing
            result = self.call(script, "k")
            self.assertNotEqual(result.returncode, 0, tool)
            self.assertIn("report.py: error: ", result.stderr)


if __name__ == "__main__":
    unittest.main()
