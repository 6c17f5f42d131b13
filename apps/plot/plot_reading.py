"""Reads HDF5 and JSON results for the plots; whatever is wrong with a file is one PlotFailure that names it."""

import json
import math
import os
import pickle
import re
import resource
import signal
import warnings

import h5py
import numpy as np

from plot_base import PlotFailure

LONGEST_READ_S = 60


def need_files(folder, names):
    """PlotFailure unless the folder and these files in it are there."""
    if not os.path.isdir(folder):
        raise PlotFailure("%s: no such folder" % folder)
    for path in (os.path.join(folder, name) for name in names):
        if not os.path.isfile(path):
            raise PlotFailure("%s: no such file; is %s the result folder of a finished or interrupted run?" % (path, folder))


def read_in_child(path, data, read):
    """read(reader, data) of an HDF5 file in a child process, which sends back the members of `data`.

    Damaged metadata can crash the HDF5 library itself or hold it for ever; then only the child is lost.
    """
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer Pythons warn of any fork; this child only reads a file and leaves
        child = os.fork()
    if child == 0:
        try:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            signal.alarm(LONGEST_READ_S)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # last words of a crash
            try:
                open_and_read(path, data, read)
                answer = vars(data)
            except PlotFailure as failure:
                answer = str(failure)
            with os.fdopen(writer, "wb") as pipe:
                pickle.dump(answer, pipe)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        sent = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) or not sent:
        signal_number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        how = "does not end" if signal_number == signal.SIGALRM else "fails (signal %d)" % signal_number
        raise PlotFailure("%s: damaged: the HDF5 library %s on it" % (path, how))
    answer = pickle.loads(sent)
    if isinstance(answer, str):
        raise PlotFailure(answer)
    vars(data).update(answer)


def open_and_read(path, data, read):
    """read() of a file by name, with one kind of error for whatever HDF5 finds in it."""
    try:
        with h5py.File(path, "r") as file:
            read(Reader(file, path), data)
    except PlotFailure:
        raise
    except Exception as error:  # damaged bytes surface as any of a dozen types
        raise PlotFailure("%s: damaged or not an HDF5 file: %s" % (path, error)) from None


class Reader:
    """An open HDF5 file whose datasets are read with their shapes checked."""

    def __init__(self, file, path):
        self.file = file
        self.path = path

    def fail(self, message, *values):
        """A PlotFailure that names the file."""
        raise PlotFailure("%s: %s" % (self.path, message % values))

    def need_format(self, wanted):
        """The attribute "format" must be this."""
        if text(self.file.attrs.get("format", "")) != wanted:
            self.fail('attribute "format" is not "%s"; it was written by another program or version', wanted)

    def has(self, name):
        """There is an object of that name."""
        return name in self.file

    def dataset(self, name, shape, kind=float):
        """An array; None in the shape stands for any length."""
        if name not in self.file or not isinstance(self.file[name], h5py.Dataset):
            self.fail("no dataset %s", name)
        found = self.file[name].shape
        if len(found) != len(shape) or any(want is not None and want != n for want, n in zip(shape, found)):
            wanted = ", ".join("any" if n is None else str(n) for n in shape)
            self.fail("dataset %s has the shape %s, expected [%s]", name, list(found), wanted)
        return np.asarray(self.file[name][...], dtype=kind)

    def estimate(self, name, shape):
        """NAME/mean and NAME/standard_error."""
        return drawable(self.dataset(name + "/mean", shape)), drawable(self.dataset(name + "/standard_error", shape))

    def temperatures(self, name):
        """Temperatures in K."""
        values = self.dataset(name, (None,))
        if not np.all((values > 1e-6) & (values < 1e6)):
            self.fail("dataset %s has values that are no temperatures", name)
        return values

    def elements(self, name, count):
        """The elements that the attribute of a dataset names, one for each of its columns."""
        found = [text(element) for element in np.ravel(self.file[name].attrs.get("elements", []))]
        if not found or len(found) != count:
            self.fail("dataset %s has %d columns and names %d elements", name, count, len(found))
        if not all(re.fullmatch(r"[A-Za-z0-9]{1,8}", element) for element in found):
            self.fail("dataset %s names elements that are no names: %s", name, found)
        return found

    def preset(self):
        """The preset of the run as a dict; empty when it cannot be read."""
        try:
            preset = json.loads(text(self.file.attrs.get("preset", "{}")))
        except (ValueError, RecursionError):
            return {}
        return preset if isinstance(preset, dict) else {}


def read_json(path, wanted):
    """A JSON object whose "format" is `wanted`."""
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except OSError as error:
        raise PlotFailure("%s: cannot be read: %s" % (path, error.strerror or error)) from None
    except (ValueError, RecursionError) as error:
        raise PlotFailure("%s: damaged: %s" % (path, error)) from None
    if not isinstance(document, dict) or document.get("format") != wanted:
        raise PlotFailure('%s: "format" is not "%s"; it was written by another program or version' % (path, wanted))
    return document


def drawable(values):
    """Numbers that an axis can hold: NaN beyond 1e200 (a time at 50 K can be), 0 below 1e-200."""
    values = np.where(np.abs(values) < 1e200, values, np.nan)
    return np.where(np.abs(values) < 1e-200, 0.0, values)


def text(value):
    """A str from what h5py gives for a string: str, bytes or a numpy scalar."""
    if hasattr(value, "item"):
        value = value.item() if getattr(value, "size", 1) == 1 else ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def number(value):
    """A drawable float of a JSON value; NaN for null and whatever is no number."""
    try:
        return float(drawable(float(value))) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
    except OverflowError:  # an integer of more than 308 digits
        return math.nan


def summary_value(group, *keys):
    """(mean, standard error) at a path of a group of the summary; NaN where it is absent."""
    for key in keys:
        group = group.get(key) if isinstance(group, dict) else None
    if not isinstance(group, dict):
        return math.nan, math.nan
    return number(group.get("mean")), number(group.get("standard_error"))
