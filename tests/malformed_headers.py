"""Random safetensors headers: what audit_checkpoint.py finds nothing wrong with, safetensors must be able to open.

Run by faults.py with the Python of an environment that has safetensors; prints how many were tried, refused, wrongly accepted.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
from pathlib import Path

from safetensors import SafetensorError, safe_open

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from snippets.audit_checkpoint import audit

ODD = [
    0,
    1,
    -1,
    2**31,
    2**63,
    2**64,
    1e300,
    None,
    True,
    "",
    "x",
    [],
    {},
    [0, 4],
    [4, 0],
    "F32",
    "U8",
    "__metadata__",
    "../a",
    "\0",
]


def header(chance: random.Random) -> bytes:
    """Return a file: sound, then some of its parts replaced, then some of its bytes."""
    names = chance.sample(["a", "b", "c.weight", "é", "<script>", "\x1b[31m"], chance.randrange(1, 4))
    made, place = {}, 0
    for name in names:
        size = chance.choice([0, 1, 4])
        made[name] = {"dtype": "U8", "shape": [size], "data_offsets": [place, place + size]}
        place += size
    for _ in range(chance.choice([0, 1, 1, 2])):
        entry = made[chance.choice(names)]
        entry[chance.choice(["dtype", "shape", "data_offsets", "more"])] = chance.choice(ODD)
    raw = bytearray(json.dumps(made).encode())
    for _ in range(chance.choice([0, 0, 1, 2])):
        raw[chance.randrange(len(raw))] = chance.choice(b'{}[]",: \x00\xff0918ab')
    length = len(raw) if chance.random() < 0.9 else chance.choice([0, 7, len(raw) - 1, len(raw) + 1, 2**40, 2**64 - 1])
    return length.to_bytes(8, "little") + bytes(raw) + bytes(place)


def opens(file: Path) -> bool:
    """Whether safetensors opens the file and reads every tensor's place."""
    try:
        with safe_open(file, framework="np") as opened:
            for name in opened.keys():  # noqa: SIM118  it is no dictionary
                opened.get_slice(name).get_shape()
    except (SafetensorError, OSError, ValueError, TypeError, OverflowError):
        return False
    return True


def main(count: int) -> None:
    """Try so many."""
    tried = refused = wrong = 0
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:  # noqa: PTH112, S108
        file = Path(folder, "model.safetensors")
        for seed in range(count):
            file.write_bytes(header(random.Random(seed)))  # noqa: S311  no secret is made here
            sound = audit(folder).sound
            tried, refused, wrong = tried + 1, refused + (not sound), wrong + (sound and not opens(file))
    print(json.dumps({"tried": tried, "refused": refused, "wrong": wrong}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
