"""Temporary folders that are found again when their process was killed: each holds a lock for as long as its owner lives.

The lock is the folder's own: the kernel lets go of it with the process, whatever killed that, and who can take it may remove
the folder. A process that the owner starts does not inherit it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

RUN, SITE = "clinic-run-", ".site-"  # of a run, in the folder for temporary files; of a build, in the project's root
BUNDLE = ".clinic-bundle-"  # of a bundle, beside the folder that it is to be
OLDER = re.compile(r"clinic-[a-z0-9_]{8}")  # as runs named theirs that held no lock
DAY = 86_400  # seconds


@contextlib.contextmanager
def temporary(prefix: str, folder: Path | None = None) -> Iterator[Path]:
    """Give a new folder that is gone afterwards; after a kill, the next `sweep` removes it."""
    with tempfile.TemporaryDirectory(prefix=prefix, dir=folder, ignore_cleanup_errors=True) as made, _locked(Path(made)):
        yield Path(made)


def sweep_temporary() -> list[Path]:
    """Remove what killed runs left in the folder for temporary files: only folders of this user; return them."""
    folder = Path(tempfile.gettempdir())
    left = [path for path in folder.glob(f"{RUN}*") if _is_abandoned(path)]
    left += [path for path in folder.glob("clinic-*") if OLDER.fullmatch(path.name) and _is_own(path) and _is_old(path)]
    return [path for path in left if _removed(path)]


def sweep_bundles(folder: Path) -> list[Path]:
    """Remove what killed processes left that were making a bundle in this folder; return it."""
    return [path for path in folder.glob(f"{BUNDLE}*") if _is_abandoned(path) and _removed(path)]


def sweep_builds(root: Path) -> list[Path]:
    """Remove what killed builds left in the project's root; return it. A site that was just being replaced is put back."""
    left = [path for path in root.glob(f"{SITE}*") if _is_abandoned(path)]
    for path in left:
        if (path / "old").is_dir() and not (root / "site").exists():
            (path / "old").rename(root / "site")
    return [path for path in left if _removed(path)]


@contextlib.contextmanager
def lock(folder: Path) -> Iterator[bool]:
    """Hold the lock of a folder that stays, and say whether it could be had."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # a file system without locks: then it is left to be old
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _is_abandoned(path: Path) -> bool:
    """Whether it is a folder of ours whose owner no longer lives."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return _is_own(path) and _is_old(path)
    finally:
        os.close(descriptor)
    return _is_own(path)


def _is_own(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and path.stat().st_uid == os.geteuid()


def _is_old(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > DAY


def _removed(path: Path) -> bool:
    shutil.rmtree(path, ignore_errors=True)
    return not path.exists()
