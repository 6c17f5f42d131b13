"""zener plot of train_barriers: invented results are drawn, damaged ones refused in one line."""

import json
import pathlib
import sys
import unittest

try:
    import h5py
    import matplotlib  # noqa: F401
    import numpy as np
except ImportError:
    np = None

FOLDER = pathlib.Path(__file__).resolve()
sys.path[:0] = [str(FOLDER.parents[2] / "apps" / "plot"), str(FOLDER.parent)]
from plot_case import PlotCase  # noqa: E402

if np is not None:
    import plot_train


def strings(values):
    """As the program writes them."""
    return np.array(values, dtype=h5py.string_dtype())


def errors_of(true, predicted, composition, count):
    """[composition][values, mean absolute, root mean squared, largest error, mean barrier]."""
    rows = np.full((count, 5), np.nan)
    for c in range(count):
        off = (predicted - true)[composition == c]
        rows[c, 0] = off.size
        if off.size:
            rows[c, 1:] = np.abs(off).mean(), np.sqrt((off**2).mean()), np.abs(off).max(), true[composition == c].mean()
    return rows


def training(file, designs=({"kind": "mlp", "widths": [8, 8], "shells": 8}, {"kind": "$x_1"}), cases=1, counts=1,
             compositions=3, sets=("train", "validation", "held_out"), ways=2, diverged=(), epochs=9, jumps=40):
    """An invented training.h5."""
    random = np.random.default_rng(2)
    file.attrs["format"] = "zener-training-1"
    file.attrs["title"] = "invented $x_1"
    file["compositions/names"] = strings(["Nb%dMo%d" % (c, 100 - c) for c in range(compositions)])
    file["sets/names"] = strings(list(sets))
    labels = ["n%d" % k if cases > 1 else "" for k in range(cases)]
    file["cases/labels"] = strings(labels)
    file["cases/jumps"] = np.array([100 * (1 + k % max(1, cases // counts)) for k in range(cases)])
    file["cases/compositions"] = np.array([1 + k * counts // cases for k in range(cases)])
    names = []
    truth = {}
    for case, label in enumerate(labels):
        for order, design in enumerate(designs):
            name = "net%d%s" % (order, "_" + label if label else "")
            names.append(name)
            group = "networks/" + name
            steps = np.exp(-0.1 * np.arange(epochs))
            file[group + "/train_eV2"] = 0.01 * steps
            file[group + "/validation_eV2"] = 0.012 * steps if name not in diverged else np.full(epochs, np.nan)
            file[group + "/rate"] = np.full(epochs, 1e-3)
            attributes = file[group].attrs
            attributes["network"] = "net%d" % order
            attributes["design"] = json.dumps(design)
            attributes["case"] = case
            attributes["best_epoch"] = -1 if name in diverged else epochs - 1
            for one in sets if name not in diverged else ():
                key = one + ("_" + label if one == "validation" and label else "")
                if key not in truth:
                    truth[key] = 1.0 + random.random((jumps, ways)), np.arange(jumps) % compositions
                    if one != "train":
                        file["sets/%s/true_eV" % key], file["sets/%s/composition" % key] = truth[key]
                true, composition = truth[key]
                predicted = true + 0.05 / (1 + order + case) * random.standard_normal(true.shape)
                file["%s/%s/errors" % (group, one)] = errors_of(true, predicted, composition, compositions)
                if one != "train":
                    file["%s/%s/predicted_eV" % (group, one)] = predicted
    file["networks/names"] = strings(names)


@unittest.skipIf(np is None, "needs python3-numpy, python3-h5py and python3-matplotlib")
class PlotTrain(PlotCase):
    def make(self, **options):
        with h5py.File(self.folder / "training.h5", "w") as file:
            training(file, **options)

    def expect_plots(self, *more):
        self.assertEqual(self.run_program(), (0, ""))
        found = sorted(path.name for path in (self.folder / "plots").iterdir())
        self.assertEqual(found, sorted(("loss.png", "errors.png", "parity_validation.png") + more))
        for path in (self.folder / "plots").iterdir():
            self.assertTrue(path.read_bytes().startswith(b"\x89PNG"))
            path.unlink()

    def test_one_training(self):
        self.make()
        self.expect_plots("parity_held_out.png")
        self.make(sets=("train", "validation"), ways=1, compositions=1, epochs=1, jumps=3)
        self.expect_plots()
        self.make(designs=[{"kind": "consistent"}] * 20, compositions=60, diverged=("net3",), epochs=3, jumps=70)
        self.expect_plots("parity_held_out.png")

    def test_studies(self):
        sizes = [{"kind": "mlp", "widths": [units] * layers} for units in (16, 32, 64) for layers in (1, 2)]
        self.make(designs=sizes)
        self.expect_plots("parity_held_out.png", "design.png")
        self.make(designs=[{"kind": "mlp", "widths": [8], "shells": shells} for shells in (1, 2, 8)])
        self.expect_plots("parity_held_out.png", "design.png")
        for cases, counts in ((3, 3), (4, 2)):
            self.make(cases=cases, counts=counts)
            self.expect_plots("parity_held_out.png", "learning_curve.png")

    def test_all_diverged(self):
        self.make(diverged=("net0", "net1"))
        self.assertEqual(self.run_program(), (0, ""))

    def test_errors_are_weighted_means(self):
        self.make(compositions=7)
        data = plot_train.read_run(str(self.folder))
        network = data.networks[1]
        true = data.truth["held_out"][0]
        off = np.abs(network.predicted["held_out"] - true)
        np.testing.assert_allclose(plot_train.mean_error(network, "held_out"), (off.mean(), true.mean()), rtol=1e-12)

    def test_damaged(self):
        for victim in ("networks/net1/rate", "sets/held_out/true_eV", "networks/net0/validation/predicted_eV", "cases/jumps"):
            self.make()
            with h5py.File(self.folder / "training.h5", "a") as file:
                del file[victim]
                file[victim] = np.zeros(2)
            code, err = self.run_program()
            self.assertEqual(code, 3, victim)
            self.assertIn("training.h5", err)
            self.assertEqual(err.count("\n"), 1)
        self.make()
        with h5py.File(self.folder / "training.h5", "a") as file:
            file.attrs["format"] = "another"
        code, err = self.run_program()
        self.assertEqual(code, 3)
        self.assertIn("format", err)
        self.make(sets=("train", "validation", "../x"))
        self.assertEqual(self.run_program()[0], 3)


if __name__ == "__main__":
    unittest.main()
