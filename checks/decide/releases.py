"""The newest release of a package, asked of the index that pip is set to on this machine."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from packaging.utils import canonicalize_name

from ..content.releases import Release, load_releases, write_releases
from .plan import Project

_NEWEST = re.compile(r"^\S+ \((?P<version>[^)\s]+)\)$", re.MULTILINE)
PATIENCE = 60  # seconds for one answer of an index


def newest_release(package: str) -> str | None:
    """Return the newest release of a package, no pre-release; None if the index does not answer or does not know it."""
    command = [sys.executable, "-m", "pip", "index", "versions", "--disable-pip-version-check", package]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _NEWEST.search(answer.stdout) if answer.returncode == 0 else None
    return found["version"].partition("+")[0] if found else None


def refresh(project: Project, packages: Iterable[str], day: date) -> tuple[Path, dict[str, str | None]]:
    """Look packages up and write what was found; of a package that nobody answers for, what was known stays."""
    releases = load_releases(project.root)
    answers = {name: newest_release(name) for name in packages}
    releases |= {canonicalize_name(name): Release(newest=found, seen=day) for name, found in answers.items() if found}
    return write_releases(project.root, releases), answers
