"""profiling/compare_md.py with played programs: rates per second of processor time, ratios, and what is left out and why.

    python3 -m unittest discover tests/python
"""

import contextlib
import io
import json
import os
import pathlib
import sys
import tempfile
import unittest
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "profiling"))
import compare_md  # noqa: E402

LOG = """Loop time of 9 on 1 procs for 1 steps with 2000 atoms
99.9% CPU use with 1 MPI tasks x 1 OpenMP threads
Loop time of 4 on 1 procs for 10 steps with 2000 atoms
50.0% CPU use with 1 MPI tasks x 1 OpenMP threads
"""
# Plays zener_bench: the figures of the potential named by --only.
BENCH = """#!{python}
import json, sys
name, file = (sys.argv[sys.argv.index(word) + 1] for word in ("--only", "--json"))
row = {{"potential": name, "build_ns_per_atom": 50000.0}}
rows = [dict(row, precision=p, atom_steps_per_s=r) for p, r in (("double", 20000.0), ("mixed", 40000.0))]
open(file, "w").write(json.dumps({{"rows": rows + [{{"potential": "another"}}]}}))
"""
LMP = """#!/bin/sh
grep -q '^pair_style snap' in.md && {{ echo 'ERROR: Unrecognized pair style'; exit 1; }}
cat {log}
"""


class Compare(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "log").write_text(LOG, encoding="utf-8")
        self.executable("bench", BENCH.format(python=sys.executable))
        self.executable("lmp", LMP.format(log=self.folder / "log"))
        self.executable("python", "#!/bin/sh\necho 8000\n")

    def executable(self, name, text):
        file = self.folder / name
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755)

    def call(self, *words):
        """What the script prints, its notes, and how it ends (None: well)."""
        out, notes, end = io.StringIO(), io.StringIO(), None
        line = ["compare_md.py", str(self.folder), "--rounds", "2", "--lmp", str(self.folder / "lmp"), *words]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(notes):
            with unittest.mock.patch.object(sys, "argv", line):
                with unittest.mock.patch.dict(os.environ, {"ZENER_BENCH": str(self.folder / "bench")}):
                    try:
                        compare_md.main()
                    except SystemExit as stop:
                        end = stop.code
        return out.getvalue(), notes.getvalue(), end

    def test_rate_of_lammps_is_that_of_its_last_run_and_processor(self):
        self.assertEqual(compare_md.lammps_rate(LOG), 10 * 2000 / (4 * 0.5))
        with self.assertRaises(compare_md.Missing):
            compare_md.lammps_rate("LAMMPS\n")

    def test_ratios(self):
        file = self.folder / "out.json"
        out, notes, end = self.call("--nep-python", str(self.folder / "python"), "--json", str(file))
        self.assertIsNone(end)
        self.assertIn("| EAM W_zhou.eam.alloy | LAMMPS | 10,000 | 20,000 | 2.00 | 40,000 | 4.00 |", out)
        # A renewal of 50 us makes steps of 50 us and 25 us into 100 us and 75 us.
        self.assertIn("| NEP UNEP-v1 | NEP_CPU (calorine) | 8,000 | 20,000 | 2.50 (1.25) | 40,000 | 5.00 (1.67) |", out)
        self.assertEqual(notes.count("is left out: LAMMPS: ERROR: Unrecognized pair style"), 2, notes)
        rows = json.loads(file.read_text(encoding="utf-8"))["rows"]
        self.assertEqual(rows[0]["double"]["rates"], [20000.0, 20000.0])

    def test_faults(self):
        self.assertRegex(str(self.call("--only", "SNAP")[2]), "nothing could be compared")
        _, notes, end = self.call("--only", "EAM", "--lmp", "no-such-program")
        self.assertIn("no-such-program is not on PATH", notes)
        self.assertRegex(str(end), "nothing could be compared")
        self.executable("bench", "#!/bin/sh\necho broken >&2\nexit 5\n")
        self.assertRegex(str(self.call("--only", "EAM")[2]), "error: zener_bench md ends with 5: broken")


if __name__ == "__main__":
    unittest.main()
