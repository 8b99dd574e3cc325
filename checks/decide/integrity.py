"""Whether an installed layer still is what was installed: every file of it, against what was written down when it was built.

When a layer is built, each file is compared with the RECORD of its package, and the whole folder is written down beside it, out
of reach of what runs in it: names, digests, and what the file system says of each. A later look hashes only what the file
system says has changed (its ctime cannot be set back), and finds what was added: a .pth file that no package brought, say.
Bytecode that was not written down is removed: `compile_modules` makes it from sources that fit.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

Stat = tuple[int, int, int, int]


def written_down(place: Path) -> Path:
    """Return where a layer's files are written down: beside its folder."""
    return place.with_name(f"{place.name}.files.json")


def write_down(place: Path, packages: Path) -> list[str]:
    """Write down every file of a fresh layer; return those that differ from their package's RECORD, or are missing."""
    recorded = _recorded(packages)
    files: dict[str, tuple[Stat, str]] = {}
    for name, state in _files(place):
        files[name] = (state, _digest(os.path.join(place, name)))  # noqa: PTH118  some twenty thousand of them
    own = packages.relative_to(place).as_posix()
    wrong = [
        name
        for name, digests in recorded.items()
        if not (found := files.get(os.path.normpath(f"{own}/{name}"))) or found[1] not in digests
    ]
    if not wrong:
        _write(place, files)
    return wrong


def changed_files(place: Path) -> list[str]:
    """Return the files of a layer that were changed, added or removed since it was written down.

    Raises:
        OSError, ValueError: if it was not written down.
    """
    known = _known(place)
    files: dict[str, tuple[Stat, str]] = {}
    wrong: list[str] = []
    for name, state in _files(place):
        was = known.get(name)
        if was and (was[0] == state or _digest(os.path.join(place, name)) == was[1]):  # noqa: PTH118  as above
            files[name] = (state, was[1])
        elif name.endswith(".pyc"):
            Path(place, name).unlink()
        else:
            wrong.append(name)
    wrong += [name for name in known if name not in files and name not in wrong and not name.endswith(".pyc")]
    if not wrong and files != known:
        _write(place, files)
    return sorted(wrong)


def accept(place: Path, names: Iterable[str]) -> None:
    """Write down bytecode that was made from sources that fit."""
    files = _known(place)
    for name in names:
        path = os.path.join(place, name)  # noqa: PTH118  as above
        if name.endswith(".pyc") and os.path.isfile(path):  # noqa: PTH113  as above
            files[name] = (_stat(os.lstat(path)), _digest(path))
    _write(place, files)


def _files(place: Path) -> Iterator[tuple[str, Stat]]:
    """Yield each file's name relative to the layer's folder, and what the file system says of it; links are not followed."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(os.path.join(place, folder)) as entries:  # noqa: PTH118  as above
            for entry in entries:
                name = f"{folder}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{name}/")
                elif name != "clinic-layer.json":  # the stamp, which is written last
                    yield name, _stat(entry.stat(follow_symlinks=False))


def _stat(found: os.stat_result) -> Stat:
    return (found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size)


def _known(place: Path) -> dict[str, tuple[Stat, str]]:
    try:
        told = json.loads(written_down(place).read_bytes())
        return {name: ((int(a), int(b), int(c), int(d)), str(digest)) for name, ((a, b, c, d), digest) in told.items()}
    except (AttributeError, TypeError) as error:
        raise ValueError(str(error)) from error


def _write(place: Path, files: dict[str, tuple[Stat, str]]) -> None:
    path = written_down(place)
    path.with_suffix(".new").write_text(json.dumps(files), encoding="utf-8")
    path.with_suffix(".new").replace(path)


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
    if os.path.islink(path):  # noqa: PTH114  as above
        digest = hashlib.sha256(os.readlink(path).encode()).digest()  # noqa: PTH115  as above
    else:
        with open(path, "rb") as file:  # noqa: PTH123  as above
            digest = hashlib.file_digest(file, "sha256").digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
