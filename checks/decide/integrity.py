"""Whether an installed layer still is what its packages say: every file against the digests of its package's RECORD.

The first look hashes every file and keeps what the file system says of it; later ones hash only what that says has changed.
So a byte changed in an environment, or in the package cache that it was copied from, is noticed before a check runs.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
from pathlib import Path

LOOKED_AT = "clinic-files.json"
Stat = tuple[int, int, int]


def changed_files(packages: Path, place: Path) -> list[str]:
    """Return the files of `packages` that differ from their RECORD, or are missing; what was found is kept in `place`."""
    known = _known(place / LOOKED_AT)
    seen: dict[str, Stat] = {}
    wrong: list[str] = []
    for name, digests in _recorded(packages).items():
        path = os.path.join(packages, name)  # noqa: PTH118  some twenty thousand of them: a Path for each costs a second
        try:
            found = os.stat(path)  # noqa: PTH116  as above
        except OSError:
            wrong.append(name)
            continue
        state = (found.st_ino, found.st_mtime_ns, found.st_size)
        if known.get(name) != state and _digest(path) not in digests:
            wrong.append(name)
            continue
        seen[name] = state
    if seen != known and not wrong:
        (place / LOOKED_AT).write_text(json.dumps(seen), encoding="utf-8")
    return wrong


def _known(path: Path) -> dict[str, Stat]:
    try:
        return {name: (state[0], state[1], state[2]) for name, state in json.loads(path.read_bytes()).items()}
    except (OSError, ValueError, AttributeError, IndexError, TypeError):
        return {}


def _recorded(packages: Path) -> dict[str, set[str]]:
    """Return path relative to `packages` -> digests; two packages may list the same file, of which one wrote it last."""
    recorded: dict[str, set[str]] = {}
    for record in sorted(packages.glob("*.dist-info/RECORD")):
        with record.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                if len(row) == 3 and row[1].startswith("sha256="):
                    recorded.setdefault(row[0], set()).add(row[1].removeprefix("sha256="))
    return recorded


def _digest(path: str) -> str:
    with open(path, "rb") as file:  # noqa: PTH123  as above
        digest = hashlib.file_digest(file, "sha256").digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
