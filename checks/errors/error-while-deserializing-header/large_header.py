"""A header of more than 100,000,000 bytes: a whole file that no release tried opens."""

from pathlib import Path

import torch
from _damage import DATA, HEADER, LENGTH, WHOLE, equal, loads_exactly, message, packed
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from snippets.audit_checkpoint import audit

RAW, MOST = WHOLE[8 : 8 + LENGTH], 100_000_000
TOLD = ("HeaderTooLarge", "header too large")


def up_to_the_limit_it_loads():
    """With a header of exactly 100,000,000 bytes the file loads, exact."""
    assert loads_exactly(packed(RAW.ljust(MOST), DATA)), "it is not exact"


def above_the_limit_it_is_refused_though_it_is_whole():
    """With one byte more in the header the same file is refused, "too large"; read without the library it is exact."""
    content = packed(RAW.ljust(MOST + 1), DATA)
    assert message(content).endswith(TOLD), message(content)
    begin = 8 + MOST + 1
    values = {
        name: torch.frombuffer(
            bytearray(content[begin + told["data_offsets"][0] : begin + told["data_offsets"][1]]), dtype=torch.float32
        )
        for name, told in HEADER.items()
        if name != "__metadata__"
    }
    assert equal({name: value.reshape(HEADER[name]["shape"]) for name, value in values.items()}) == 8


def it_writes_what_it_refuses():
    """save_file writes such a file without an error, which the same release then refuses."""
    try:
        save_file({"a": torch.ones(4)}, "large.safetensors", {"note": "x" * MOST})
    except SafetensorError as error:
        raise AssertionError(f"{error}") from error
    try:
        load_file("large.safetensors")
    except SafetensorError as error:
        assert str(error).endswith(TOLD), error
    else:
        raise AssertionError("it opens")


def the_audit_says_that_it_need_not_be_damaged():
    """The audit says: a header of at most 100,000,000 bytes, found one of 100,000,001, which need not be damaged."""
    Path("audited").mkdir(exist_ok=True)
    Path("audited/model.safetensors").write_bytes(packed(RAW.ljust(MOST + 1), DATA))
    (problem,) = audit("audited").problems
    assert problem.found == "one of 100,000,001" and "need not be damaged" in problem.repair, problem


if __name__ == "__main__":
    up_to_the_limit_it_loads()
    above_the_limit_it_is_refused_though_it_is_whole()
    it_writes_what_it_refuses()
    the_audit_says_that_it_need_not_be_damaged()
