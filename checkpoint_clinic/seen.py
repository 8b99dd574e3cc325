"""What of some packages is installed for the Python that runs this, as one line of JSON. Imports none of them.

    python -I seen.py transformers deepspeed ...

A program of its own, which an older Python than the package's runs, too: 3.8. What -I leaves out of the search, the variable
PYTHONPATH and the user's own packages, is looked through here; nothing that lies there is run.
"""

from __future__ import annotations

import json
import os
import platform
import site
import sys
from importlib.machinery import PathFinder
from importlib.metadata import Distribution, DistributionFinder, MetadataPathFinder
from pathlib import Path
from typing import Any, Iterable, Sequence  # noqa: UP035  Python 3.8

MOST = 2_000_000  # characters of a file beside the metadata


def seen(names: Iterable[str]) -> dict[str, Any]:
    """Return this Python, and of each package that is found: its version, and what pip noted of where it came from."""
    packages = {name: _package(name) for name in names}
    return {
        "python": sys.executable,
        "version": platform.python_version(),
        "packages": {name: one for name, one in packages.items() if one},
    }


def _package(name: str) -> dict[str, Any]:
    path = _path()
    module = _module(name, path)
    for place in path:
        found = list(MetadataPathFinder.find_distributions(DistributionFinder.Context(name=name, path=[place])))
        if found:
            return _noted(found, module)
    return {"versions": [], "module": module} if module else {}


def _noted(found: Sequence[Distribution], module: str) -> dict[str, Any]:
    """Return what the metadata of one folder say; several versions there are those of which nobody knows which it is."""
    noted: dict[str, Any] = {"versions": [], "module": ""}
    for one in found:
        try:
            version = one.version
        except Exception:  # broken metadata raise another error in each Python
            version = None
        noted["versions"] += [version] if isinstance(version, str) and version not in noted["versions"] else []
    first = found[0]
    noted["origin"], noted["installer"] = _text(first, "direct_url.json"), _text(first, "INSTALLER").strip()
    folder = Path(str(first.locate_file("")))
    developed = folder.name not in ("site-packages", "dist-packages") and _text(first, "PKG-INFO")  # an .egg-info in the source
    noted["source"] = str(folder) if developed else ""
    beside = os.path.realpath(str(Path(module).parent.parent)) == os.path.realpath(str(folder))
    noted["module"] = "" if beside or noted["source"] else module  # from elsewhere: the metadata are not this code's
    return noted


def _text(one: Distribution, name: str) -> str:
    try:
        return (one.read_text(name) or "")[:MOST]
    except (OSError, ValueError):
        return ""


def _module(name: str, path: list[str]) -> str:
    """Return the file from which the package would be imported; empty if there is none."""
    try:
        spec = PathFinder.find_spec(name.replace("-", "_"), path)
    except Exception:  # whatever lies on the path
        return ""
    return (spec.origin or "") if spec else ""


def _path() -> list[str]:
    """Return where an import would look, in its order; a virtual environment has the user's packages only if it says so."""
    given = [place for place in os.environ.get("PYTHONPATH", "").split(os.pathsep) if place]
    users = [] if sys.prefix != sys.base_prefix or os.environ.get("PYTHONNOUSERSITE") else [site.getusersitepackages()]
    own = [place for place in sys.path if place]
    first = next((n for n, place in enumerate(own) if Path(place).name in ("site-packages", "dist-packages")), len(own))
    return list(dict.fromkeys([*given, *own[:first], *users, *own[first:]]))


if __name__ == "__main__":
    print(json.dumps(seen(sys.argv[1:])))
