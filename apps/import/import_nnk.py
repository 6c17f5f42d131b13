#!/usr/bin/env python3
"""Turns the published weights.npy of the NNK program into a safetensors model that Zener reads.

    python3 import_nnk.py weights.npy model.safetensors [--elements Nb,Mo,Ta] [--lattice-constant 3.24]

Source of the format: https://github.com/UCICaoLab/NKK; Xing, Rupert, Pan, Cao, Nature Communications 15, 3879 (2024).
The file is a pickled numpy object array of 6 L + 2 arrays: for each of the L hidden layers
W [in, out], b, gamma, beta, mean, variance [out], then W_out [n, 1] and b_out [1]. The network is

    h_0     = v                                        (729 voxels of edge a/2 around the vacancy, element codes)
    u_l     = W_l^T h_l + b_l
    h_{l+1} = max(0, gamma_l (u_l - mean_l) / sqrt(variance_l + 0.001) + beta_l)
    E       = W_out^T h_L + b_out                      (eV)

Written: layers.L.weight [out, in] (transposed, otherwise bit for bit), layers.L.bias, layers.L.bn.{gamma,beta,mean,variance},
output.weight [1, n], output.bias [1], float32, and metadata.

A pickle is a program. This one is run by a restricted machine: every name that it asks for stands for a plain record of this
file, so nothing outside it can be called and numpy itself never sees the pickle's bytes. Python's standard library suffices.

Exit codes: 0 done, 2 bad arguments, 3 a bad file or a disk that refuses to take one.
"""

import argparse
import array
import ast
import hashlib
import json
import math
import os
import pickle
import re
import struct
import sys

INPUT_VOXELS = 729  # 9 x 9 x 9
ARRAYS_PER_LAYER = 6
BATCH_NORM_EPSILON = "0.001"
PUBLISHED_LATTICE_CONSTANT_A = 3.24
PUBLISHED_CUTOFF_A = 7.5  # holds the 112 sites of shells 1 to 8, squared distance at most 21 (a/2)^2
PUBLISHED_SHA256 = "4633e13ebe10e5a7baeaa704e4b3f0f9cca30bf3b9c98e22fcd5ce70ac7812ca"
LARGEST_FILE_BYTES = 1 << 30
MOST_ELEMENTS = 8

VOXEL_LAYOUT = (
    "9x9x9 voxels of edge a/2 around the vacancy; flat index = 81*(y+4) + 9*(x+4) + (z+4), x,y,z in -4..4 in units of a/2, "
    "after the jump direction was aligned to (+1,+1,+1)"
)

SYMBOLS = frozenset(
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo Tc "
    "Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi "
    "Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og".split()
)


class ImportFailure(Exception):
    """A message for the user and the exit code that goes with it."""

    def __init__(self, message, code=3):
        super().__init__(message)
        self.code = code


# --- the restricted pickle ---------------------------------------------------------------------------------------------------


class DtypeRecord:
    """Stands for numpy.dtype: a type code such as 'f4' and a byte order."""

    def __init__(self, code="", *_):
        self.code = code if isinstance(code, str) else ""
        self.order = "<"

    def __setstate__(self, state):
        # (version, byte order, subarray, names, fields, item size, alignment, flags)
        if not isinstance(state, tuple) or len(state) < 5 or any(part is not None for part in state[2:5]):
            raise pickle.UnpicklingError("a structured or damaged dtype")
        if state[1] not in ("<", ">", "|", "="):
            raise pickle.UnpicklingError("a dtype with the unknown byte order %r" % (state[1],))
        self.order = state[1]


class ArrayRecord:
    """Stands for numpy.ndarray: shape, dtype, order and the raw bytes (or the list of an object array)."""

    def __init__(self):
        self.shape = None
        self.dtype = None
        self.fortran = False
        self.data = None

    def __setstate__(self, state):
        # (version, shape, dtype, is Fortran order, bytes or list)
        if not isinstance(state, tuple) or len(state) != 5:
            raise pickle.UnpicklingError("an array with a damaged state")
        _, self.shape, self.dtype, self.fortran, self.data = state


def reconstruct_record(*_):
    """Stands for numpy._core.multiarray._reconstruct; the state that follows fills the record."""
    return ArrayRecord()


def from_buffer_record(data, dtype, shape, order="C", *_):
    """Stands for numpy._core.numeric._frombuffer (pickle protocol 5)."""
    record = ArrayRecord()
    record.__setstate__((1, shape, dtype, order == "F", data))
    return record


def scalar_record(dtype, data=b"", *_):
    """Stands for numpy._core.multiarray.scalar: a record of shape ()."""
    record = ArrayRecord()
    record.__setstate__((1, (), dtype, False, data))
    return record


def latin1_bytes(text, encoding="latin1", *_):
    """Stands for _codecs.encode, which protocols below 3 use to carry bytes."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError("a call of _codecs.encode that does not carry bytes")
    return text.encode("latin1")


ADMITTED = {
    ("numpy", "ndarray"): ArrayRecord,
    ("numpy", "dtype"): DtypeRecord,
    ("_codecs", "encode"): latin1_bytes,
}
for _core in ("numpy.core", "numpy._core"):  # numpy < 2 and numpy >= 2
    ADMITTED[(_core + ".multiarray", "_reconstruct")] = reconstruct_record
    ADMITTED[(_core + ".multiarray", "scalar")] = scalar_record
    ADMITTED[(_core + ".numeric", "_frombuffer")] = from_buffer_record


class RestrictedUnpickler(pickle._Unpickler):  # the one in Python: its memo cannot be made to fill the memory
    """Admits numpy arrays, dtypes, scalars and built-in containers, and nothing else."""

    def find_class(self, module, name):
        """The stand-in of an admitted name; UnpicklingError for any other."""
        if (module, name) not in ADMITTED:
            raise pickle.UnpicklingError(
                "it asks for %s.%s, and only numpy arrays, dtypes and scalars are admitted: it is not a file of weights"
                % (module, name)
            )
        return ADMITTED[(module, name)]


    def load_bytearray8(self):
        """As the parent's, but reads before it takes the memory that a damaged length asks for."""
        self.append(bytearray(self.read(struct.unpack("<Q", self.read(8))[0])))

    dispatch = dict(pickle._Unpickler.dispatch)
    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8


class ByteReader:
    """A file in memory that reports a short read, which io.BytesIO leaves to the caller."""

    def __init__(self, data, position):
        self.data = memoryview(data)
        self.position = position

    def read(self, count):
        """Exactly count bytes."""
        end = self.position + count
        if count < 0 or end > len(self.data):
            raise EOFError
        piece = bytes(self.data[self.position:end])
        self.position = end
        return piece

    def readinto(self, buffer):
        """Fills the buffer."""
        buffer[:] = self.read(len(buffer))
        return len(buffer)

    def readline(self):
        """One line with its end; the last one may lack it."""
        piece = bytes(self.data[self.position:])
        end = piece.find(b"\n")
        return self.read(len(piece) if end < 0 else end + 1)


def pickle_start(data):
    """Byte at which the pickle starts: after the npy header of an object array, or 0 for a bare pickle.

    npy (NEP 1): 6 magic bytes, version (2 bytes), header length (2 bytes in version 1, 4 from 2), a Python literal
    {'descr', 'fortran_order', 'shape'}.
    """
    if not data.startswith(b"\x93NUMPY"):
        if data[:1] == b"\x80":
            return 0
        raise ImportFailure("it begins neither like a numpy file nor like a pickle")
    if len(data) < 12:
        raise ImportFailure("the file ends inside the npy header")
    if data[6] not in (1, 2, 3):
        raise ImportFailure("npy version %d.%d; allowed are 1.0, 2.0 and 3.0" % (data[6], data[7]))
    width, form = (2, "<H") if data[6] == 1 else (4, "<I")
    start = 8 + width + struct.unpack_from(form, data, 8)[0]
    if start > len(data):
        raise ImportFailure("the file ends inside the npy header")
    if start > 65536:
        raise ImportFailure("an npy header of %d bytes; at most 65536 are allowed" % start)
    try:
        header = ast.literal_eval(data[8 + width:start].decode("utf-8" if data[6] == 3 else "latin1").strip())
        descr = header["descr"]
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError):
        raise ImportFailure("the npy header is damaged") from None
    if descr not in ("|O", "O"):
        raise ImportFailure("its element type is %r; the NNK program saves an object array ('|O') of arrays" % (descr,))
    return start


def unpickle(data, start):
    """The object pickled at `start`, made of records and built-in containers."""
    try:
        return RestrictedUnpickler(ByteReader(data, start)).load()
    except pickle.UnpicklingError as error:
        raise ImportFailure("the pickle is refused: %s" % error) from None
    except EOFError:
        raise ImportFailure("the file is truncated: the pickle has no end") from None
    except Exception as error:  # damaged bytes surface as any of a dozen types
        raise ImportFailure("the pickle is damaged (%s: %s)" % (type(error).__name__, error)) from None


# --- the network -------------------------------------------------------------------------------------------------------------


def item_list(loaded):
    """The arrays of the file as a list: of an object array, of one that holds a single list, or of a bare list."""
    for _ in range(3):
        if isinstance(loaded, (list, tuple)) and not (len(loaded) == 1 and isinstance(loaded[0], (list, tuple))):
            return list(loaded)
        if isinstance(loaded, (list, tuple)):
            loaded = loaded[0]
        elif isinstance(loaded, ArrayRecord) and isinstance(loaded.data, list):
            loaded = loaded.data
        else:
            break
    raise ImportFailure("it holds no list of arrays")


def float_array(item, name):
    """(shape, array.array('f') in C order) of a record; float32 bit for bit, float16 and float64 rounded to nearest."""
    if not isinstance(item, ArrayRecord) or not isinstance(item.dtype, DtypeRecord) or not isinstance(item.shape, tuple):
        raise ImportFailure("%s is %s, not an array" % (name, type(item).__name__.replace("Record", "")))
    shape = item.shape
    if not 1 <= len(shape) <= 2 or not all(type(n) is int and 0 < n < 1 << 24 for n in shape):
        raise ImportFailure("%s has the shape %s; one or two positive dimensions are allowed" % (name, shape_text(shape)))
    form = {"f2": "e", "f4": "f", "f8": "d"}.get(item.dtype.code)
    if form is None:
        raise ImportFailure("%s has the type '%s'; float32 (or float16, float64) is allowed" % (name, item.dtype.code))
    count = math.prod(shape)
    if not isinstance(item.data, (bytes, bytearray)) or len(item.data) != count * struct.calcsize(form):
        raise ImportFailure("%s has the shape %s, which its bytes do not fill" % (name, shape_text(shape)))
    big = item.dtype.order == ">" or (item.dtype.order == "=" and sys.byteorder == "big")
    if form == "f":
        values = array.array("f", bytes(item.data))
        if big != (sys.byteorder == "big"):
            values.byteswap()
    else:
        values = array.array("f", struct.unpack("%s%d%s" % (">" if big else "<", count, form), bytes(item.data)))
    for index, value in enumerate(values):
        if not math.isfinite(value):
            raise ImportFailure("%s: entry %d is %s in float32; weights must be finite" % (name, index, value))
    if len(shape) == 2 and item.fortran:
        values = transpose(values, shape[1], shape[0])
    return shape, values


def shape_text(shape):
    """[729, 128] for a shape, whatever a damaged file put there."""
    return "[%s]" % ", ".join(str(n) for n in shape) if isinstance(shape, tuple) else repr(shape)


def transpose(values, rows, columns):
    """[rows, columns] in C order -> [columns, rows] in C order."""
    result = array.array("f")
    for column in range(columns):
        result.extend(values[column::columns][:rows])
    return result


def read_network(items):
    """[(tensor name, shape, values)] in the order of the file, and the widths [input, hidden..., 1]."""
    if len(items) % ARRAYS_PER_LAYER != 2 or len(items) < ARRAYS_PER_LAYER + 2:
        raise ImportFailure(
            "it holds %d arrays; 6 for each hidden layer (W, b, gamma, beta, mean, variance) and 2 for the output are allowed: "
            "8, 14, 20, 26, ..." % len(items)
        )
    tensors = []
    layers = len(items) // ARRAYS_PER_LAYER
    widths = [INPUT_VOXELS]

    def add(position, source, name, expected):
        where = "array %d (%s)" % (position, source)
        shape, values = float_array(items[position], where)
        wanted = tuple(shape[k] if k < len(shape) and n is None else n for k, n in enumerate(expected))
        if shape != wanted:
            hint = ""
            if position == 0:
                hint = "; the input is 9 x 9 x 9 = 729 voxels"
            elif len(expected) == 2:
                hint = "; its rows must be the outputs of the layer before"
            text = "[%s]" % ", ".join("any" if n is None else str(n) for n in expected)
            raise ImportFailure("%s has the shape %s; %s is needed%s" % (where, shape_text(shape), text, hint))
        if len(shape) == 2:
            values = transpose(values, *shape)
            shape = (shape[1], shape[0])
        tensors.append((name, shape, values))
        return shape[0], values

    for layer in range(layers):
        first = ARRAYS_PER_LAYER * layer
        prefix = "layers.%d." % layer
        hidden = "hidden layer %d, " % layer
        outputs, _ = add(first, hidden + "W", prefix + "weight", (widths[-1], None))
        for offset, name in enumerate(("bias", "bn.gamma", "bn.beta", "bn.mean", "bn.variance"), 1):
            _, values = add(first + offset, hidden + name.replace("bn.", ""), prefix + name, (outputs,))
        if min(values) < 0.0:
            raise ImportFailure(
                "array %d (%svariance) holds %g; a variance cannot be negative" % (first + 5, hidden, min(values))
            )
        widths.append(outputs)
    last = ARRAYS_PER_LAYER * layers
    add(last, "output W", "output.weight", (widths[-1], 1))
    add(last + 1, "output b", "output.bias", (1,))
    return tensors, widths + [1]


# --- the model ---------------------------------------------------------------------------------------------------------------


def metadata(widths, elements, lattice_constant, input_name, sha256):
    """The safetensors metadata: text values, the same keys for every model that Zener reads."""
    hidden = widths[1:-1]
    if len(set(hidden)) == 1:
        layers = "%d x [linear(%d), batch norm, ReLU]" % (len(hidden), hidden[0])
    else:
        layers = " -> ".join("[linear(%d), batch norm, ReLU]" % n for n in hidden)
    published = sha256 == PUBLISHED_SHA256
    return {
        "description": "NNK vacancy migration barrier MLP for bcc %s: %d -> %s -> 1; output in eV"
        % ("-".join(elements), widths[0], layers),
        "lattice": "bcc",
        "element_order": ", ".join(
            ["0=vacancy or empty voxel"] + ["%d=%s" % (code, element) for code, element in enumerate(elements, 1)]
        ),
        "lattice_constant_angstrom": number_text(lattice_constant),
        "voxel_size_angstrom": number_text(lattice_constant / 2),
        # The same 112 sites for any lattice constant: the cutoff scales with it.
        "image_cutoff_angstrom": number_text(PUBLISHED_CUTOFF_A * (lattice_constant / PUBLISHED_LATTICE_CONSTANT_A)),
        "voxel_layout": VOXEL_LAYOUT,
        "bn_epsilon": BATCH_NORM_EPSILON,
        "bn_order": "linear, batch norm, ReLU",
        "units": "eV",
        "source": "https://github.com/UCICaoLab/NKK (weights.npy), doi:10.5281/zenodo.10864695"
        if published
        else "%s, in the layout of https://github.com/UCICaoLab/NKK" % input_name,
        "source_sha256": sha256,
        "license": "MIT, Copyright (c) 2024 UCICaoLab" if published else "as the source; not stated in it",
    }


def number_text(value):
    """The shortest text of a number to 10 digits."""
    return "%.10g" % value


def safetensors_bytes(tensors, meta):
    """8-byte little-endian header length, JSON header padded with spaces to 8 bytes, raw little-endian float32."""
    header = {"__metadata__": meta}
    blobs = []
    begin = 0
    for name, shape, values in tensors:
        if sys.byteorder == "big":
            values = array.array("f", values)
            values.byteswap()
        blob = values.tobytes()
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [begin, begin + len(blob)]}
        begin += len(blob)
        blobs.append(blob)
    text = json.dumps(header, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(blobs)


def write_atomically(path, data):
    """Writes path.partial, then renames it: the file is whole or not there."""
    partial = path + ".partial"
    try:
        try:
            with open(partial, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
        except BaseException:
            if os.path.isfile(partial):
                os.remove(partial)
            raise
    except OSError as error:
        raise ImportFailure("%s: cannot be written: %s" % (path, error.strerror or error)) from None


def parse_elements(text):
    """["Nb", "Mo", "Ta"] from "Nb,Mo,Ta"; element k of the list is code k + 1 of the voxels."""
    elements = [part.strip() for part in text.split(",")]
    if len(elements) > MOST_ELEMENTS:
        raise ImportFailure("--elements %s: %d elements; at most %d are allowed" % (text, len(elements), MOST_ELEMENTS), 2)
    for element in elements:
        if element not in SYMBOLS:
            near = element[:1].upper() + element[1:].lower()
            hint = " (did you mean %s?)" % near if near in SYMBOLS else ""
            raise ImportFailure(
                "--elements %s: '%s' is no chemical symbol%s; symbols separated by commas are allowed, such as Nb,Mo,Ta"
                % (text, element, hint),
                2,
            )
        if elements.count(element) > 1:
            raise ImportFailure("--elements %s: %s stands there twice; each element has one code" % (text, element), 2)
    return elements


def parse_lattice_constant(text):
    """A lattice constant in angstrom, 1 to 20."""
    plain = re.fullmatch(r"\d+(\.\d*)?|\.\d+", text.strip())
    if not plain or not 1.0 <= float(text) <= 20.0:
        raise ImportFailure("--lattice-constant %s: a number from 1 to 20 (angstrom) is allowed" % text, 2)
    return float(text)


class OneLineParser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message):
        """Raises; main prints."""
        raise ImportFailure("%s; see --help" % message, 2)


def convert(options):
    """Reads, checks, writes; returns the line that says what was done."""
    elements = parse_elements(options.elements)
    lattice_constant = parse_lattice_constant(options.lattice_constant)
    source, target = options.weights, options.model
    if os.path.realpath(source) == os.path.realpath(target):
        raise ImportFailure("%s is both input and output; give the model another name" % source, 2)
    try:
        with open(source, "rb") as file:
            data = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise ImportFailure("%s: cannot be read: %s" % (source, error.strerror or error)) from None
    try:
        if len(data) > LARGEST_FILE_BYTES:
            raise ImportFailure("the file is larger than 1 GiB; the published one has 0.6 MB")
        if not data:
            raise ImportFailure("the file is empty")
        tensors, widths = read_network(item_list(unpickle(data, pickle_start(data))))
    except ImportFailure as failure:
        raise ImportFailure("%s: %s" % (source, failure), failure.code) from None
    meta = metadata(widths, elements, lattice_constant, os.path.basename(source), hashlib.sha256(data).hexdigest())
    write_atomically(target, safetensors_bytes(tensors, meta))
    return "%s: %s, %d parameters, elements %s, a = %s A" % (
        target,
        " -> ".join(str(n) for n in widths),
        sum(len(values) for _, _, values in tensors),
        ", ".join(elements),
        meta["lattice_constant_angstrom"],
    )


def main(arguments=None):
    """The program; returns the exit code."""
    parser = OneLineParser(
        prog="zener import-nnk", description="Turns the weights.npy of the NNK program into a safetensors model."
    )
    parser.add_argument("weights", metavar="weights.npy", help="the published file (https://github.com/UCICaoLab/NKK)")
    parser.add_argument("model", metavar="model.safetensors", help="the file to write")
    parser.add_argument("--elements", default="Nb,Mo,Ta", help="elements of the codes 1, 2, ... (default: %(default)s)")
    parser.add_argument(
        "--lattice-constant", default="3.24", metavar="A", help="bcc lattice constant in angstrom (default: %(default)s)"
    )
    try:
        print(convert(parser.parse_args(arguments)))
    except ImportFailure as failure:
        print("zener import-nnk: error: %s" % " ".join(str(failure).split()), file=sys.stderr)
        return failure.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
