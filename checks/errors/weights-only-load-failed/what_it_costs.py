"""What each way around the refusal executes: the files make an empty file in a temporary folder, nothing else."""

import argparse
import json
import os
import pickle
import random
from contextlib import contextmanager, nullcontext
from functools import cache, partial

import numpy as np
import torch
from _files import CALLS, FILE, OBJECTS, TENSORS, executed, load, numpy_globals, plain_random_state, random_state, refusal, save

NO_WEIGHTS_ONLY, WEIGHTS_ONLY = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "TORCH_FORCE_WEIGHTS_ONLY_LOAD"


@contextmanager
def _set(*names):
    """With these variables set to 1; torch.load asks for them at each call."""
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name in names:
            del os.environ[name]


def _numbers():
    """The next numbers of the three generators."""
    return random.random(), float(np.random.rand()), float(torch.rand(1))  # noqa: S311 - their order is what is asked for


def _goes_on(saved, **options):
    """Save a random state and load it: whether all three generators then go on with the same numbers."""
    save(saved)
    expected = _numbers()
    found = torch.load(FILE, **options)["more"]
    assert _numbers() != expected
    random.setstate(found["python"])
    np.random.set_state(found["numpy"])
    torch.random.set_rng_state(found["cpu"])
    return _numbers() == expected


@cache
def _measured():
    """Of each way: whether it loads a run's own random state, and which of three files that call something it runs."""
    allowed = torch.serialization.safe_globals
    ways = {
        "default": nullcontext,
        "four names": lambda: allowed(numpy_globals()),
        "whatever is named": lambda: allowed([*numpy_globals(), exec, open, os.system]),
        "variable": partial(_set, NO_WEIGHTS_ONLY),
        "weights_only=False": nullcontext,
    }
    measured = {}
    for way, setting in ways.items():
        options = {"weights_only": False} if way == "weights_only=False" else {}
        with setting():
            save(random_state())
            try:
                loads = load(**options) == len(TENSORS)
            except pickle.UnpicklingError:
                loads = False
            runs = []
            for what, content in CALLS.items():
                save(content)
                runs += [what] * executed(**options)
        measured[way] = {"loads": loads, "runs": runs}
    print("--- data what-an-exception-costs", json.dumps(measured))
    return measured


def weights_only_false_executes():
    """weights_only=False runs what the file says, be it exec, open or os.system; weights_only=True runs none of them."""
    for what, content in CALLS.items():
        save(content)
        assert executed(weights_only=False), what
        assert not executed(weights_only=True), what


def the_default_executes():
    """torch.load without arguments runs what the file says."""
    for content in CALLS.values():
        save(content)
        assert executed() == executed(weights_only=False), "refused, and nothing runs"


def allowing_exec_executes():
    """`safe_globals([exec])`, as the text offers it: the file runs, although weights_only=True is passed."""
    save(CALLS["exec"])
    assert not executed(weights_only=True)
    with torch.serialization.safe_globals([exec]):
        assert executed(weights_only=True)


def allowing_open_executes():
    """`safe_globals([open])`: the file runs as well; no name is harmless because it sounds so."""
    save(CALLS["open"])
    assert not executed(weights_only=True)
    with torch.serialization.safe_globals([open]):
        assert executed(weights_only=True)


def allowing_a_blocked_one_changes_nothing():
    """`safe_globals([os.system])`: still refused, its module is blocked."""
    save(CALLS["os.system"])
    with torch.serialization.safe_globals([os.system]):
        assert "whose module posix is blocked" in refusal() and not executed()


def add_safe_globals_stays():
    """`add_safe_globals` holds for every later load of the process, of any file; `safe_globals` ends with its block."""
    save(CALLS["exec"])
    with torch.serialization.safe_globals([exec]):
        assert executed()
    assert not executed()
    torch.serialization.add_safe_globals([exec])
    try:
        assert executed() and executed(weights_only=True)
    finally:
        torch.serialization.clear_safe_globals()
    assert not executed()


def the_variable_executes():
    """TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1: where the caller passes nothing, the file runs."""
    save(CALLS["exec"])
    assert not executed()
    with _set(NO_WEIGHTS_ONLY):
        assert executed()
    found = _measured()
    assert found["variable"] == found["weights_only=False"] == {"loads": True, "runs": [*CALLS]}, found


def the_variable_does_not_reach_an_explicit_true():
    """TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1 changes nothing where the caller passes weights_only=True: the file is refused."""
    save(OBJECTS["argparse.Namespace"])
    with _set(NO_WEIGHTS_ONLY):
        assert load() == len(TENSORS)
        assert "Unsupported global: GLOBAL argparse.Namespace" in refusal(weights_only=True)


def the_other_variable_reaches_an_explicit_false():
    """TORCH_FORCE_WEIGHTS_ONLY_LOAD=1 keeps what a caller with weights_only=False loads from running."""
    for content in CALLS.values():
        save(content)
        assert executed(weights_only=False)
        with _set(WEIGHTS_ONLY):
            assert not executed(weights_only=False) and not executed()


def both_variables_are_an_error():
    """Both set: RuntimeError, "Only one of `TORCH_FORCE_WEIGHTS_ONLY_LOAD` or ..."; a file of tensors does not load either."""
    save({"step": 3})
    assert load() == len(TENSORS)
    with _set(NO_WEIGHTS_ONLY, WEIGHTS_ONLY):
        try:
            load()
        except RuntimeError as raised:
            print(raised)
            assert "Only one of `TORCH_FORCE_WEIGHTS_ONLY_LOAD`" in str(raised)
            return
    raise AssertionError("no error")


def one_name_that_is_known_loads_it():
    """`safe_globals([argparse.Namespace])`: a file with one loads, 4 of 4 tensors; one that calls exec does not run."""
    save(OBJECTS["argparse.Namespace"])
    assert "Unsupported global" in refusal()
    with torch.serialization.safe_globals([argparse.Namespace]):
        assert load() == len(TENSORS)
        save(CALLS["exec"])
        assert not executed() and executed(weights_only=False)


def four_names_restore_the_random_state():
    """The four names of numpy's random state allowed, it loads, and all three generators go on with the same numbers."""
    save(random_state())
    assert "Unsupported global" in refusal()
    with torch.serialization.safe_globals(numpy_globals()):
        assert _goes_on(random_state())
    assert _measured()["default"] == {"loads": False, "runs": []}, _measured()


def with_four_names_nothing_runs():
    """With these four names allowed none of the three files that call something runs."""
    save(random_state())
    assert "Unsupported global" in refusal()
    with torch.serialization.safe_globals(numpy_globals()):
        assert load() == len(TENSORS)  # the control: they are allowed
        for what, content in CALLS.items():
            save(content)
            assert not executed(), what
            assert executed(weights_only=False), what
    assert _measured()["four names"] == {"loads": True, "runs": []}, _measured()


def allowing_whatever_is_named_executes():
    """Everything allowed that text and list name, two of the three files run: exec and open; os.system is blocked."""
    runs = {}
    for what, content in CALLS.items():
        save(content)
        listed = torch.serialization.get_unsafe_globals_in_checkpoint(FILE)
        named = [one for one in (exec, open, os.system) if f"{one.__module__}.{one.__name__}" in listed]
        assert len(named) == 1, listed
        with torch.serialization.safe_globals(named):
            runs[what] = executed()
    assert runs == {"exec": True, "open": True, "os.system": False}, runs
    assert _measured()["whatever is named"] == {"loads": True, "runs": ["exec", "open"]}, _measured()


def written_as_plain_values_it_needs_no_exception():
    """Written as plain values, the random state loads with weights_only=True, and all three go on with the same numbers."""
    assert _goes_on(plain_random_state(), weights_only=True)


def other_arguments_change_nothing():
    """map_location="cpu" and mmap=True: refused with the same text."""
    save(OBJECTS["argparse.Namespace"])
    assert refusal(weights_only=True, map_location="cpu") == refusal(weights_only=True, mmap=True) == refusal(weights_only=True)


if __name__ == "__main__":
    weights_only_false_executes()
    the_default_executes()
    allowing_exec_executes()
    allowing_open_executes()
    allowing_a_blocked_one_changes_nothing()
    add_safe_globals_stays()
    the_variable_executes()
    the_variable_does_not_reach_an_explicit_true()
    the_other_variable_reaches_an_explicit_false()
    both_variables_are_an_error()
    one_name_that_is_known_loads_it()
    four_names_restore_the_random_state()
    with_four_names_nothing_runs()
    allowing_whatever_is_named_executes()
    written_as_plain_values_it_needs_no_exception()
    other_arguments_change_nothing()
