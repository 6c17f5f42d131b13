"""What the plot modules share before numpy and matplotlib are there: the error, and the check for these libraries."""

import importlib

MODULES = {"numpy": "python3-numpy", "h5py": "python3-h5py", "matplotlib": "python3-matplotlib"}  # Debian packages


class PlotFailure(Exception):
    """A message for the user and the exit code that goes with it."""

    def __init__(self, message, code=3):
        super().__init__(message)
        self.code = code


def check_modules():
    """Imports numpy, h5py and matplotlib; one message names all Debian packages that are missing."""
    missing, reason = [], ""
    for name in MODULES:
        try:
            importlib.import_module(name)
        except ImportError as error:
            if error.name not in missing:  # else only what it needs is missing
                missing.append(name)
                reason = reason or str(error)
    if missing:
        plural = "s" if len(missing) > 1 else ""
        raise PlotFailure(
            "the plots need the Python module%s %s (%s): install the Debian package%s %s, then run `zener plot DIR`"
            % (plural, " and ".join(missing), reason, plural, " ".join(MODULES[name] for name in missing))
        )
