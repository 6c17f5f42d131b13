"""What the tests of the plots share: a folder, and the program run on it."""

import contextlib
import io
import pathlib
import sys
import tempfile
import unittest
import warnings

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "apps" / "plot"))
import plot_results  # noqa: E402


class PlotCase(unittest.TestCase):
    """The program, called in this process; warnings of matplotlib count as failures."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_program(self):
        """(exit code, stderr)."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            code = plot_results.main([str(self.folder)])
        return code, err.getvalue()

    def expect_plots(self, files):
        """The program draws these, as images, and nothing else."""
        self.assertEqual(self.run_program(), (0, ""))
        self.assertEqual({path.name for path in (self.folder / "plots").iterdir()}, files)
        for name in files:
            self.assertTrue((self.folder / "plots" / name).read_bytes().startswith(b"\x89PNG"), name)
