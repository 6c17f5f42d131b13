"""zener import-nnk: networks in the published layout, made here, become safetensors bit for bit; bad files are refused.

    /usr/bin/python3 -m unittest discover tests/python
"""

import contextlib
import hashlib
import io
import json
import os
import pathlib
import pickle
import struct
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy as np
except ImportError:
    np = None

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "apps" / "import" / "import_nnk.py"
sys.path.insert(0, str(SCRIPT.parent))
import import_nnk  # noqa: E402

METADATA_KEYS = {
    "description", "lattice", "element_order", "lattice_constant_angstrom", "voxel_size_angstrom", "image_cutoff_angstrom",
    "voxel_layout", "bn_epsilon", "bn_order", "units", "source", "source_sha256", "license",
}


def network(widths=(729, 5, 3), seed=1):
    """Arrays in the order of the published file for layers of these widths and one output."""
    random = np.random.default_rng(seed)
    arrays = []
    for inputs, outputs in zip(widths, widths[1:]):
        arrays.append(random.normal(size=(inputs, outputs)).astype(np.float32))
        arrays += [random.normal(size=outputs).astype(np.float32) for _ in range(4)]
        arrays.append(random.random(outputs).astype(np.float32))
    return arrays + [random.normal(size=(widths[-1], 1)).astype(np.float32), random.normal(size=1).astype(np.float32)]


def object_array(arrays):
    """A one-dimensional numpy array of objects."""
    result = np.empty(len(arrays), dtype=object)
    for index, value in enumerate(arrays):
        result[index] = value
    return result


def read_safetensors(path):
    """(tensors by name, metadata, names in order)."""
    data = pathlib.Path(path).read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    assert length % 8 == 0
    header = json.loads(data[8:8 + length])
    meta = header.pop("__metadata__")
    tensors, end = {}, 0
    for name, entry in header.items():
        assert entry["dtype"] == "F32" and entry["data_offsets"][0] == end
        begin, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(data[8 + length + begin:8 + length + end], "<f4").reshape(entry["shape"])
    assert 8 + length + end == len(data)
    return tensors, meta, list(header)


class Malicious:
    """Runs a command when unpickled."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


@unittest.skipIf(np is None, "numpy (python3-numpy) makes the test's files")
class ImportNnk(unittest.TestCase):
    """The program, called in this process."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.source = self.folder / "weights.npy"
        self.target = self.folder / "model.safetensors"

    def run_program(self, *options):
        """(exit code, stdout, stderr)."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = import_nnk.main([str(self.source), str(self.target), *options])
        return code, out.getvalue(), err.getvalue()

    def save(self, arrays):
        np.save(self.source, object_array(arrays), allow_pickle=True)

    def expect_same(self, arrays):
        code, out, err = self.run_program()
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(out.count("\n"), 1)
        tensors, _, names = read_safetensors(self.target)
        layers = len(arrays) // 6
        expected = {}
        for layer in range(layers):
            weight, *rest = arrays[6 * layer:6 * layer + 6]
            expected["layers.%d.weight" % layer] = weight.T
            for name, value in zip(("bias", "bn.gamma", "bn.beta", "bn.mean", "bn.variance"), rest):
                expected["layers.%d.%s" % (layer, name)] = value
        expected["output.weight"], expected["output.bias"] = arrays[-2].T, arrays[-1]
        self.assertEqual(names, list(expected))
        for name, value in expected.items():
            self.assertEqual(tensors[name].shape, value.shape, name)
            self.assertEqual(tensors[name].tobytes(), np.ascontiguousarray(value).tobytes(), name)

    def expect_refusal(self, code, *words, options=()):
        found, out, err = self.run_program(*options)
        self.assertEqual((found, out), (code, ""), err)
        self.assertTrue(err.startswith("zener import-nnk: error: ") and err.count("\n") == 1, err)
        for word in words:
            self.assertIn(word, err)
        self.assertFalse(self.target.exists())
        self.assertFalse(pathlib.Path(str(self.target) + ".partial").exists())

    def test_object_array(self):
        arrays = network()
        self.save(arrays)
        self.expect_same(arrays)

    def test_other_depths(self):
        for widths in ((729, 1), (729, 4, 4, 4, 4)):
            with self.subTest(widths=widths):
                arrays = network(widths)
                self.save(arrays)
                self.expect_same(arrays)

    def test_list_of_arrays(self):
        arrays = network()
        holder = np.empty((), dtype=object)
        holder[()] = arrays
        np.save(self.source, holder, allow_pickle=True)
        self.expect_same(arrays)
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            with self.subTest(protocol=protocol):
                self.source.write_bytes(pickle.dumps(arrays, protocol))
                self.expect_same(arrays)

    def test_every_pickle_protocol_and_both_numpy_names(self):
        arrays = network()
        whole = io.BytesIO()
        np.save(whole, object_array(arrays), allow_pickle=True)
        header = whole.getvalue()[:whole.getvalue().index(b"\n") + 1]
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            body = pickle.dumps(object_array(arrays), protocol)
            with self.subTest(protocol=protocol):
                self.source.write_bytes(header + body)
                self.expect_same(arrays)
            if protocol == 3:  # no length stands before a module's name there
                for old, new in ((b"numpy.core.", b"numpy._core."), (b"numpy._core.", b"numpy.core.")):
                    self.source.write_bytes(header + body.replace(old, new))
                    self.expect_same(arrays)

    def test_memory_order_and_byte_order(self):
        arrays = network()
        for name, change in (("Fortran", np.asfortranarray), ("big endian", lambda a: a.astype(">f4"))):
            with self.subTest(name):
                self.save([change(array) for array in arrays])
                self.expect_same(arrays)

    def test_double_is_rounded_to_float(self):
        arrays = network()
        self.save([array.astype(np.float64) for array in arrays])
        self.expect_same(arrays)

    def test_odd_values_keep_their_bits(self):
        arrays = network()
        arrays[0][0, :4] = [-0.0, 1e-45, -1e-40, 3.4e38]
        self.save(arrays)
        self.expect_same(arrays)

    def test_metadata(self):
        self.save(network((729, 5, 5)))
        self.assertEqual(self.run_program()[0], 0)
        meta = read_safetensors(self.target)[1]
        self.assertEqual(set(meta), METADATA_KEYS)
        self.assertTrue(all(isinstance(value, str) for value in meta.values()))
        self.assertEqual(meta["element_order"], "0=vacancy or empty voxel, 1=Nb, 2=Mo, 3=Ta")
        self.assertEqual((meta["lattice"], meta["units"], meta["bn_epsilon"]), ("bcc", "eV", "0.001"))
        self.assertEqual(meta["lattice_constant_angstrom"], "3.24")
        self.assertEqual((meta["voxel_size_angstrom"], meta["image_cutoff_angstrom"]), ("1.62", "7.5"))
        self.assertEqual(meta["source_sha256"], hashlib.sha256(self.source.read_bytes()).hexdigest())
        self.assertIn("729 -> 2 x [linear(5), batch norm, ReLU] -> 1", meta["description"])
        self.assertIn("weights.npy", meta["source"])
        self.assertNotIn("MIT", meta["license"])  # that licence is the published file's

    def test_options(self):
        self.save(network())
        code, out, _ = self.run_program("--elements", "W, Ta", "--lattice-constant", "3.165")
        self.assertEqual(code, 0)
        self.assertIn("W, Ta", out)
        meta = read_safetensors(self.target)[1]
        self.assertEqual(meta["element_order"], "0=vacancy or empty voxel, 1=W, 2=Ta")
        self.assertEqual((meta["lattice_constant_angstrom"], meta["voxel_size_angstrom"]), ("3.165", "1.5825"))
        shells = (2.0 * float(meta["image_cutoff_angstrom"]) / 3.165) ** 2
        self.assertTrue(21.0 < shells < 24.0)  # still the 112 sites of eight shells

    def test_bad_arguments(self):
        self.save(network())
        for options, word in (
            (("--elements", "Nb,Xx"), "'Xx'"), (("--elements", "nb,Mo"), "did you mean Nb"), (("--elements", "Nb,Nb"), "twice"),
            (("--elements", ""), "''"), (("--elements", "H,He,Li,Be,B,C,N,O,F"), "at most 8"),
            (("--lattice-constant", "nan"), "nan"), (("--lattice-constant", "-3"), ""), (("--lattice-constant", "99"), "99"),
            (("--lattice-constant", "3e"), "3e"), (("--elemets", "Nb"), "--elemets"), (("third",), "third"),
        ):
            with self.subTest(options=options):
                self.expect_refusal(2, word, options=options)
        before = self.source.read_bytes()
        self.target = self.source
        self.assertEqual(self.run_program()[0], 2)
        self.assertEqual(self.source.read_bytes(), before)

    def test_shapes(self):
        def changed(index, array):
            arrays = network()
            arrays[index] = array
            return arrays

        single = np.float32
        for arrays, word in (
            (network()[:-1], "13 arrays"), (network()[:2], "2 arrays"), (network()[6:], "729 voxels"),
            (network((728, 4)), "[728, 4]"), (changed(6, np.zeros((4, 3), single)), "hidden layer 1, W"),
            (changed(1, np.zeros(4, single)), "hidden layer 0, bias"), (changed(0, np.zeros(729, single)), "array 0"),
            (changed(5, np.full(5, -1.0, single)), "variance"), (changed(12, np.zeros((3, 2), single)), "output W"),
            (changed(13, np.zeros(2, single)), "output b"), (changed(13, np.zeros((), single)), "array 13"),
            (changed(2, np.zeros(5, np.int32)), "'i4'"), (changed(2, np.zeros((0,), single)), "array 2"),
            (changed(2, "text"), "str"), (changed(2, np.zeros((1, 1, 5), single)), "[1, 1, 5]"),
        ):
            with self.subTest(word):
                self.save(arrays)
                self.expect_refusal(3, word, str(self.source))

    def test_values_that_are_not_finite(self):
        for value in (np.nan, np.inf, -np.inf):
            for index in range(14):
                arrays = network()
                arrays[index].flat[-1] = value
                with self.subTest(value=value, index=index):
                    self.save(arrays)
                    self.expect_refusal(3, "array %d" % index, "finite")
        arrays = [array.astype(np.float64) for array in network()]
        arrays[3][0] = 1e300  # beyond float32
        self.save(arrays)
        self.expect_refusal(3, "array 3")

    def test_pickle_that_runs_code(self):
        witness = self.folder / "witness"
        attack = Malicious("touch '%s'" % witness)
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            self.source.write_bytes(pickle.dumps(attack, protocol))
            self.expect_refusal(3, "system")
        self.save(network()[:-1] + [attack])
        self.expect_refusal(3, "system")
        for body in (b"cbuiltins\neval\n(S'1'\ntR.", b"\x80\x04\x8c\x08builtins\x8c\x04exec\x93.", b"cnumpy\nload\n.",
                     b"cnumpy.core.multiarray\n_reconstruct.__globals__\n."):
            self.source.write_bytes(b"\x80\x02" + body)
            self.expect_refusal(3, "refused")
        self.assertFalse(witness.exists())

    def test_damaged_files(self):
        self.save(network((729, 2)))
        whole = self.source.read_bytes()
        for length in list(range(0, 400, 7)) + [len(whole) // 2, len(whole) - 1]:
            with self.subTest(length=length):
                self.source.write_bytes(whole[:length])
                self.expect_refusal(3, str(self.source))
        for data, word in (
            (b"hello, world", "neither"), (b"\x93NUMPY\x07\x00" + whole[8:], "version 7.0"),
            (b"\x80\x05\x96" + b"\xff" * 7 + b"\x3f.", "truncated"),  # a byte array of 2^62 bytes
        ):
            self.source.write_bytes(data)
            self.expect_refusal(3, word)
        np.save(self.source, np.zeros((3, 3), np.float32))
        self.expect_refusal(3, "'<f4'")
        self.source.unlink()
        self.expect_refusal(3, "cannot be read")

    def test_target_that_cannot_be_written(self):
        self.save(network())
        self.target = self.folder / "missing" / "model.safetensors"
        self.expect_refusal(3, "cannot be written")
        self.target = self.folder / "kept.safetensors"
        self.target.mkdir()
        self.assertEqual(self.run_program()[0], 3)
        self.assertFalse((self.folder / "kept.safetensors.partial").exists())

    def test_failure_keeps_an_older_model(self):
        self.target.write_bytes(b"older")
        self.source.write_bytes(b"no network")
        self.assertEqual(self.run_program()[0], 3)
        self.assertEqual(self.target.read_bytes(), b"older")

    def test_as_a_program(self):
        self.save(network())
        done = subprocess.run([sys.executable, str(SCRIPT), str(self.source), str(self.target)], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lost = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True)
        self.assertEqual((lost.returncode, lost.stderr.count("\n")), (2, 1))


if __name__ == "__main__":
    unittest.main()
