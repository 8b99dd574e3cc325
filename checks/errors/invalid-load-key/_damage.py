"""A file of torch.save with eight tensors, and what can become of it: cut, zeroed, hit, or another file in its place."""

import gzip
import io
import json
import os
import pickle
import tempfile
import warnings
import zipfile
from pathlib import Path

import torch

warnings.simplefilter("ignore", FutureWarning)  # torch 2.4 and 2.5 announce the other default
_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
FILE = "pytorch_model.bin"
_generator = torch.Generator().manual_seed(0)
TENSORS = {f"layers.{i}.{part}.weight": torch.randn(96, 96, generator=_generator) for i in range(4) for part in ("down", "up")}
VERSION = tuple(map(int, torch.__version__.split("+")[0].split(".")))


def torch_saved(content, zipped=True):
    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=zipped)
    return buffer.getvalue()


def zipped(name, content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr(name, content)
    return buffer.getvalue()


def safetensors_saved():
    header, end = {}, 0
    for name, tensor in TENSORS.items():
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [end, end + 4 * tensor.numel()]}
        end += 4 * tensor.numel()
    raw = json.dumps(header).encode()
    return len(raw).to_bytes(8, "little") + raw + b"".join(tensor.numpy().tobytes() for tensor in TENSORS.values())


WHOLE, OLDER = torch_saved(TENSORS), torch_saved(TENSORS, zipped=False)
HALF = len(WHOLE) // 2
with zipfile.ZipFile(io.BytesIO(WHOLE)) as _packed:
    ENTRIES = {entry.filename.partition("/")[2]: entry for entry in _packed.infolist()}
    ENTRY = ENTRIES["data/5"].filename
    BEGIN = ENTRIES["data/5"].header_offset  # of the entry's header, behind which its bytes lie
    INSIDE = WHOLE.index(_packed.read(ENTRY))  # the bytes of one tensor
    DIRECTORY = _packed.start_dir

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%b\nsize 300000\n" % (b"0" * 64)
TEXTS = {  # what lies where the file should be, beginning with a byte that means nothing in a pickle
    "a Git LFS pointer": POINTER,
    "a pointer with other line breaks": POINTER.replace(b"\n", b"\r\n"),
    "a web page": b"<!DOCTYPE html>\n<html><body>Sign in to continue</body></html>\n",
    "an answer in XML": b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code></Error>',
    "an answer in JSON": b'{"error":"Repository not found"}',
    "Entry not found": b"Entry not found",
}
OTHERS = {
    "a page behind a blank line": b"\n<!DOCTYPE html>\n<html></html>\n",
    "Not Found": b"Not Found",
    "Invalid username": b"Invalid username or password.",
    "a safetensors file": safetensors_saved(),
    "a GGUF file": b"GGUF\3\0\0\0" + bytes(100),
    "a gzip file": gzip.compress(WHOLE),
}
EMPTY = {"an empty file": b""}
CUT = {"one byte less": WHOLE[:-1], "its last 22 bytes less": WHOLE[:-22], "without its directory": WHOLE[:DIRECTORY]}
HALVES = {"half of it": WHOLE[:HALF], "its first 100 bytes": WHOLE[:100], "half of it, filled up": WHOLE[:HALF] + bytes(HALF)}
ZEROS = {"zeros throughout": bytes(len(WHOLE)), "zeros at the beginning": bytes(600) + WHOLE[600:]}
HIT = {
    "zeros over an entry's header": WHOLE[:BEGIN] + bytes(INSIDE - BEGIN) + WHOLE[INSIDE:],
    "zeros over header and bytes": WHOLE[:BEGIN] + bytes(INSIDE + 512 - BEGIN) + WHOLE[INSIDE + 512 :],
    "line breaks converted": WHOLE.replace(b"\n", b"\r\n"),
    "resumed too early": WHOLE[:HALF] + WHOLE[HALF - 1000 :],
}
PACKED = {"a zip of it": zipped("weights.bin", WHOLE)}
OLDER_CUT = {"an older file, half of it": OLDER[: len(OLDER) // 2], "an older file, one byte less": OLDER[:-1]}
PICKLE = {"a plain pickle": pickle.dumps({"a": list(range(9))}, 4)}
DAMAGED = {**TEXTS, **OTHERS, **EMPTY, **CUT, **HALVES, **ZEROS, **HIT, **PACKED, **OLDER_CUT}
SILENT = {  # directory and headers are whole, and so is the size
    "zeros in a tensor": WHOLE[:INSIDE] + bytes(512) + WHOLE[INSIDE + 512 :],
    "one bit": WHOLE[: INSIDE + 10] + bytes([WHOLE[INSIDE + 10] ^ 1]) + WHOLE[INSIDE + 11 :],
}


def equal(found):
    """How many of the eight tensors are what was saved, bit for bit."""
    return sum(torch.equal(found[name], tensor) for name, tensor in TENSORS.items() if name in found)


def load(content, **options):
    """Write the file and load it; how many of its tensors are what was saved. Raises what the library raises."""
    Path(FILE).write_bytes(content)
    return equal(torch.load(FILE, **options))


def error(content, **options):
    """The error with which a file is refused; an AssertionError if it loads."""
    try:
        found = load(content, **options)
    except AssertionError:
        raise
    except Exception as raised:  # whatever the library raises is what is asked for
        return raised
    raise AssertionError(f"no error, {found} of {len(TENSORS)} equal")


def message(content, **options):
    """Class and text of that error."""
    raised = error(content, **options)
    return f"{type(raised).__name__}: {raised}"
