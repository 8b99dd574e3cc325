"""The engine's files and a project's content as one archive: the same files give the same bytes, so its digest names them."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from ..content.environment import Environment

ENGINE = Path(__file__).parents[2]
ENGINE_FILES = (
    *("checks/*.py", "checkpoint_clinic/**/*.py"),
    *(f"checks/{room}/*.py" for room in ("content", "decide", "show", "tend", "commands")),
)
CONTENT_FILES = ("checks/**/*", "snippets/**/*")
NO_CONTENT = {"evidence", "__pycache__", "mutants.json"}


def engine_files() -> dict[str, Path]:
    """Return the files of the engine that runs this, by their names in a project."""
    return dict(_found(ENGINE, ENGINE_FILES))


def content_files(root: Path) -> dict[str, Path]:
    """Return what a project states, by its names from the root; no evidence, so that where it goes everything is decided."""
    return dict(_found(root, CONTENT_FILES))


def pack(files: Mapping[str, Path], environments: Iterable[Environment]) -> bytes:
    """Return an archive of the files.

    The locks of other environments than these are in it by their names alone, which articles name: their hashes are most of a
    project.
    """
    own = {path for one in environments for path in one.subjects}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, path in sorted(files.items()):
            others = path.match("checks/environments/*/lock*.txt") and path not in own
            archive.writestr(zipfile.ZipInfo(name), b"" if others else path.read_bytes(), zipfile.ZIP_DEFLATED)
    return made.getvalue()


@cache
def engine_digest() -> str:
    """Return the SHA-256 of the names and bytes of the engine that runs this."""
    found = hashlib.sha256()
    for name, path in sorted(engine_files().items()):
        found.update(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()


def _found(root: Path, patterns: Iterable[str]) -> Iterator[tuple[str, Path]]:
    for pattern in patterns:
        for path in root.glob(pattern):
            name = path.relative_to(root)
            if path.is_file() and not NO_CONTENT.intersection(name.parts) and not any(one[0] == "." for one in name.parts):
                yield name.as_posix(), path
