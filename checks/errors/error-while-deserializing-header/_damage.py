"""A safetensors file of eight tensors, and what can become of it: cut, lengthened, zeroed, or another file in its place."""

import gzip
import io
import json
import os
import tempfile
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
FILE = "model.safetensors"
_generator = torch.Generator().manual_seed(0)
TENSORS = {f"layers.{i}.{part}.weight": torch.randn(16, 16, generator=_generator) for i in range(4) for part in ("down", "up")}
FIRST = next(iter(TENSORS))
save_file(TENSORS, FILE, {"format": "pt"})
WHOLE = Path(FILE).read_bytes()
LENGTH = int.from_bytes(WHOLE[:8], "little")
HEADER, DATA = json.loads(WHOLE[8 : 8 + LENGTH]), WHOLE[8 + LENGTH :]
BEGIN = 8 + LENGTH  # of the tensors
HALF = BEGIN + len(DATA) // 2


def packed(header, data=DATA):
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(raw).to_bytes(8, "little") + raw + data


def told(name, **changes):
    """The file with another thing said of one tensor."""
    return packed(HEADER | {name: HEADER[name] | changes})


def torch_saved(zipped):
    buffer = io.BytesIO()
    torch.save(TENSORS, buffer, _use_new_zipfile_serialization=zipped)
    return buffer.getvalue()


OTHER_FILE = {  # what lies where the file should be
    "a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:%b\nsize 8880\n" % (b"0" * 64),
    "a web page": b"<!DOCTYPE html>\n<html><body>Sign in to continue</body></html>\n",
    "an answer in XML": b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code></Error>',
    "an answer in JSON": b'{"error":"Repository not found"}',
    "Entry not found": b"Entry not found",
    "a file of torch.save": torch_saved(zipped=True),
    "an older file of torch.save": torch_saved(zipped=False),
    "a GGUF file": b"GGUF\3\0\0\0" + bytes(100),
    "a gzip file": gzip.compress(WHOLE),
}
TOO_SMALL = {"an empty file": b"", "seven bytes of it": WHOLE[:7]}
CUT_IN_HEADER = {"eight bytes of it": WHOLE[:8], "half of the header": WHOLE[: 8 + LENGTH // 2]}
SHORT = {"the header alone": WHOLE[:BEGIN], "half of it": WHOLE[:HALF], "one byte less": WHOLE[:-1]}
LONG = {
    "one byte more": WHOLE + b"\0",
    "a line break more": WHOLE + b"\n",
    "the file twice": WHOLE + WHOLE,
    "resumed too early": WHOLE[:HALF] + WHOLE[HALF - 1000 :],
    "line breaks converted": WHOLE.replace(b"\n", b"\r\n"),
}
ZEROS = {"zeros throughout": bytes(len(WHOLE)), "zeros at the beginning": bytes(BEGIN) + DATA}
HEADER_HIT = {
    "zeros in the header": WHOLE[:8] + bytes(LENGTH) + DATA,
    "a bit in a key": WHOLE.replace(b'"shape"', b'"shqpe"', 1),
    "a bit in a dtype": WHOLE.replace(b'"F32"', b'"F33"', 1),
    "a number in __metadata__": packed(HEADER | {"__metadata__": {"step": 1}}),
}
NO_UTF8 = {"a bit that makes no UTF-8": WHOLE.replace(b'"shape"', b'"sh\xe1pe"', 1)}
SHAPE = {"a shape for other offsets": told(FIRST, shape=[16, 17])}
OFFSET = {"a gap between tensors": told(FIRST, data_offsets=[4, 1024])}
DAMAGED = {
    **OTHER_FILE,
    **TOO_SMALL,
    **CUT_IN_HEADER,
    **SHORT,
    **LONG,
    **ZEROS,
    **HEADER_HIT,
    **NO_UTF8,
    **SHAPE,
    **OFFSET,
}
SILENT = {  # the header is whole, and so is the size
    "zeros at the end": WHOLE[:HALF] + bytes(len(WHOLE) - HALF),
    "one bit": WHOLE[:-10] + bytes([WHOLE[-10] ^ 1]) + WHOLE[-9:],
}


def equal(found):
    """How many of the eight tensors are what was saved, bit for bit."""
    return sum(torch.equal(found[name], tensor) for name, tensor in TENSORS.items() if name in found)


def loads_exactly(content):
    """Write the file and load it; raise what the library raises."""
    Path(FILE).write_bytes(content)
    return equal(load_file(FILE)) == len(TENSORS)


def message(content, read=load_file):
    """The text with which a file is refused; an AssertionError if it opens."""
    Path(FILE).write_bytes(content)
    try:
        found = read(FILE)
    except SafetensorError as error:
        return str(error)
    raise AssertionError(f"no error, {equal(found)} of {len(TENSORS)} equal")
