"""Files of torch.save: weights alone, Python objects beside them, and some that call something when they are unpickled.

What the last ones do is harmless: they make one empty file, in a temporary folder.
"""

import argparse
import collections
import os
import pathlib
import pickle
import random
import re
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch

warnings.simplefilter("ignore")  # the variable and the older default announce themselves
_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
FILE = "checkpoint.pt"
RAN = Path("it-ran").absolute()
TENSORS = {name: torch.randn(32, 32, generator=torch.Generator().manual_seed(number)) for number, name in enumerate("abcd")}


class CallsExec:
    """Unpickled by what allows it, it makes an empty file."""

    def __reduce__(self):
        return exec, (f"open({str(RAN)!r}, 'a').close()",)


class CallsOpen:
    """The same, by another function."""

    def __reduce__(self):
        return open, (str(RAN), "a")


class CallsSystem:
    """The same, by a command."""

    def __reduce__(self):
        return os.system, (f"touch {RAN}",)


CALLS = {"exec": CallsExec(), "open": CallsOpen(), "os.system": CallsSystem()}


def random_state():
    """What programs save of the random generators, so that a run can go on exactly."""
    return {"python": random.getstate(), "numpy": np.random.get_state(), "cpu": torch.random.get_rng_state()}


# --8<-- [start:allow]
def numpy_globals():
    """What numpy's random state needs, in the order in which it is asked for."""
    keys = np.random.get_state()[1]
    return [keys.__reduce__()[0], np.ndarray, np.dtype, type(keys.dtype)]
    # --8<-- [end:allow]


# --8<-- [start:plain]
def plain_random_state():
    """The states of the three generators as numbers, texts and a tensor; numpy's set_state takes a list."""
    kind, keys, *rest = np.random.get_state()
    return {"python": random.getstate(), "numpy": (kind, keys.tolist(), *rest), "cpu": torch.random.get_rng_state()}
    # --8<-- [end:plain]


OBJECTS = {
    "numpy's random state": np.random.get_state(),
    "a numpy scalar": np.float64(0.5),
    "a numpy array": np.arange(3),
    "argparse.Namespace": argparse.Namespace(lr=0.1),
    "a path": pathlib.Path("output"),
    "a defaultdict": collections.defaultdict(list),
    "a whole module": torch.nn.Linear(2, 2),
}


def told(raised):
    """The text of an error, on one line and without the codes for bold letters."""
    return " ".join(re.sub(r"\x1b\[\d+m", "", str(raised)).split())


def save(content, **options):
    """Write the file: the four tensors, and `content` beside them."""
    torch.save({"model": TENSORS, "more": content}, FILE, **options)


def load(**options):
    """Load the file; how many of its four tensors are what was saved, bit for bit. Raises what the library raises."""
    RAN.unlink(missing_ok=True)
    found = torch.load(FILE, **options)["model"]
    return sum(torch.equal(found[name], tensor) for name, tensor in TENSORS.items())


def refusal(**options):
    """The text with which it is refused; an AssertionError if it loads."""
    try:
        found = load(**options)
    except pickle.UnpicklingError as raised:
        text = told(raised)
        print(text)
        return text
    raise AssertionError(f"no error, {found} of {len(TENSORS)} equal")


def executed(**options):
    """Load the file, whatever becomes of it; whether it made its file."""
    try:
        load(**options)
    except pickle.UnpicklingError as raised:
        print(f"refused: {told(raised)}")
    return RAN.exists()
