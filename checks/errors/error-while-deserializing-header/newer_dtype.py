"""A whole file whose dtype is newer than the installed safetensors; and the audit, which needs no safetensors, on each."""

from pathlib import Path

import safetensors
import torch
from _damage import FILE, packed
from packaging.version import Version
from safetensors import SafetensorError
from safetensors.torch import load_file

from snippets.audit_checkpoint import SINCE, audit

BITS = {"F4": 4, "F6_E2M3": 6, "C64": 64}  # the others: 8


def _write(dtype):
    """Write a file of one 8x8 tensor; return its bytes."""
    values = bytes(i % 251 for i in range(8 * BITS.get(dtype, 8)))
    header = {"a": {"dtype": dtype, "shape": [8, 8], "data_offsets": [0, len(values)]}}
    Path("dtype").mkdir(exist_ok=True)
    Path("dtype", FILE).write_bytes(packed(header, values))
    return values


def _loads(*dtypes):
    """Whether each loads, with the bytes that were written."""
    for dtype in dtypes:
        values = _write(dtype)
        try:
            tensor = load_file(f"dtype/{FILE}")["a"]
        except SafetensorError as error:
            raise AssertionError(" ".join(str(error).split(", expected")[0].split())) from error
        assert tensor.is_contiguous() and bytes(tensor.view(torch.uint8).flatten().tolist()) == values, dtype


def _opens(dtype):
    _write(dtype)
    try:
        with safetensors.safe_open(f"dtype/{FILE}", "pt") as opened:
            return list(opened.keys()) == ["a"]
    except SafetensorError:
        return False


def f8_e4m3_and_e5m2_load():
    """Whole files with F8_E4M3 and F8_E5M2 load, bit for bit."""
    _loads("F8_E4M3", "F8_E5M2")


def f8_e8m0_and_f4_load():
    """Whole files with F8_E8M0 (the scales of MXFP8 and MXFP4) and F4 load, bit for bit."""
    _loads("F8_E8M0", "F4")


def c64_loads():
    """A whole file with C64 (complex numbers) loads, bit for bit."""
    _loads("C64")


def fnuz_loads():
    """Whole files with F8_E4M3FNUZ and F8_E5M2FNUZ load, bit for bit."""
    _loads("F8_E4M3FNUZ", "F8_E5M2FNUZ")


def f6_opens_and_does_not_load():
    """A whole file with F6_E2M3 opens, and load_file says "Dtype not understood: F6_E2M3"."""
    assert _opens("F6_E2M3"), "it does not open"
    try:
        load_file(f"dtype/{FILE}")
    except SafetensorError as error:
        assert str(error) == "Dtype not understood: F6_E2M3", error
    else:
        raise AssertionError("it loads")


def _told(dtype):
    """The text behind the usual beginning with which a file is refused."""
    _write(dtype)
    try:
        load_file(f"dtype/{FILE}")
    except SafetensorError as error:
        return str(error).removeprefix("Error while deserializing header: ")
    raise AssertionError("it loads")


def one_that_is_not_known_is_told_as_damage():
    """A dtype that the release does not know (F8_E3M4): "InvalidHeaderDeserialization", as of a damaged header."""
    told = _told("F8_E3M4")
    assert told == "InvalidHeaderDeserialization", told.split(", expected")[0].replace("`", "")


def one_that_is_not_known_is_named():
    """A dtype that the release does not know (F8_E3M4): "invalid JSON in header: unknown variant", and its name."""
    told = _told("F8_E3M4")
    assert told.startswith("invalid JSON in header: unknown variant `F8_E3M4`, expected"), told


def the_audit_says_from_which_release_on():
    """The audit calls each of six whole and names the release from which on it opens: as this one does, or does not."""
    for dtype, since in SINCE.items():
        if dtype == "F6_E3M2":
            continue  # 6 bits, as F6_E2M3
        assert _opens(dtype) == (Version(safetensors.__version__) >= Version(since)), (dtype, since)
        report = audit("dtype")
        assert report.problems == [] and report.looked["whole"] == "yes", report.problems
        assert any(note.startswith(f"{dtype}: safetensors before {since} ") for note in report.notes), report.notes
    assert not _opens("F8_E3M4"), "it opens what is no dtype"


if __name__ == "__main__":
    f8_e4m3_and_e5m2_load()
    f8_e8m0_and_f4_load()
    c64_loads()
    fnuz_loads()
    f6_opens_and_does_not_load()
    one_that_is_not_known_is_told_as_damage()
    one_that_is_not_known_is_named()
    the_audit_says_from_which_release_on()
