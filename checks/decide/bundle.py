"""What a machine without network needs to decide the claims of environments, in one folder: only Python has to be there.

run.py  README.txt   the one command (`node`), and how it is called
manifest.json        for which Python and system; every file with its SHA-256; manifest.sha256 has its own
wheels/              of the engine, uv among them, and of the environments; what has no wheel is built
project.zip          the engine, the checks and the snippets; no evidence, so that there everything is decided
"""

from __future__ import annotations

import json
import platform
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name, parse_wheel_filename

from ..content.environment import Environment, awaits_commit, lock_entries, split_lock
from ..content.problem import Invalid, Problem
from .evidence import sha256
from .install import BUILT, Say, Unavailable, build_wheel, download, home, uses_local_builds
from .leftovers import BUNDLE, sweep_bundles, temporary
from .node import DIGEST, MANIFEST, PROJECT
from .pack import ENGINE, content_files, engine_files, pack

HEAVY = re.compile(r"torch|(pytorch-)?triton|(nvidia|cuda)-.+")  # torch, and what only torch asks for


@dataclass(frozen=True)
class Wanted:
    """What to bundle, for a machine like this one with that Python; `limit` is in MB, of all but torch and CUDA."""

    environments: tuple[Environment, ...]
    python: str
    with_torch: bool
    limit: int


@dataclass(frozen=True)
class Bundle:
    """What was laid into the folder: its size, the digest of its manifest, and the pins that it was made without."""

    bytes: int
    digest: str
    left_out: tuple[str, ...]


def make_bundle(root: Path, wanted: Wanted, out: Path, say: Say) -> Bundle:
    """Make the bundle; the folder appears whole, or not at all.

    Raises:
        Invalid: if an environment cannot be bundled, the folder is not empty, or what was collected is too large.
        Unavailable: if a wheel cannot be had or built.
    """
    _refuse(wanted.environments, out)
    out.parent.mkdir(parents=True, exist_ok=True)
    sweep_bundles(out.parent)
    with temporary(BUNDLE, out.parent) as folder:
        made, wheels = folder / "bundle", folder / "bundle" / "wheels"
        wheels.mkdir(parents=True)
        pins = {"requirements/engine.txt": _engine_pins(root)}
        (made / PROJECT).write_bytes(pack({**engine_files(), **content_files(root), **pins}, wanted.environments))
        download(_engine_pins(root), wheels, wanted.python)
        left_out = _collect(root, wanted, wheels, say)
        _check_size(made, wanted.limit)
        shutil.copyfile(Path(__file__).with_name("node.py"), made / "run.py")
        facts = _facts(wanted, wheels, left_out)
        (made / "README.txt").write_text(_readme(facts, left_out), encoding="utf-8")
        digest = _write_manifest(made, facts)
        size = sum(path.stat().st_size for path in _files(made))
        if out.exists():
            out.rmdir()
        made.rename(out)
    return Bundle(size, digest, tuple(left_out))


def _write_manifest(made: Path, facts: Mapping[str, Any]) -> str:
    files = {path.relative_to(made).as_posix(): sha256(path) for path in _files(made)}
    (made / MANIFEST).write_text(json.dumps({**facts, "files": files}, indent=1) + "\n", encoding="utf-8")
    digest = sha256(made / MANIFEST)
    (made / DIGEST).write_text(f"{digest}  {MANIFEST}\n", encoding="ascii")
    return digest


def _refuse(environments: Sequence[Environment], out: Path) -> None:
    problems = []
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        problems.append(Problem("--out", 1, "a folder that is new or empty", f"{out} with something in it", "name another"))
    for environment in environments:
        commits = [one for layer in environment.layers for one in split_lock(_locked(layer, uses_local_builds(layer)))[1]]
        if commits or awaits_commit(environment):
            repair = "leave it out, and run it where git reaches its source repository"
            expected = "environments of released packages alone"
            problems.append(Problem("--environment", 1, expected, f"{environment.name}, which takes one from a commit", repair))
    if problems:
        raise Invalid(problems)


def _engine_pins(root: Path) -> Path:
    own = root / "requirements" / "engine.txt"
    return own if own.is_file() else ENGINE / "requirements" / "engine.txt"


def _collect(root: Path, wanted: Wanted, wheels: Path, say: Say) -> dict[str, list[str]]:
    """Collect the wheels of all layers; return the pins that were left out, with the hashes that the locks allow."""
    left_out: dict[str, list[str]] = {}
    built: dict[str, set[str]] = {}
    for layer in {layer.name: layer for one in wanted.environments for layer in one.layers}.values():
        kept = ""
        for entry in lock_entries(_locked(layer, uses_local_builds(layer))):
            if HEAVY.fullmatch(entry.name) and not wanted.with_torch:
                left_out[entry.pin] = entry.digests
            else:
                kept += entry.text
        if not kept:
            continue
        say(f"collecting the wheels of {layer.name}")
        python = wanted.python if layer.python == "system" else layer.python
        requirements = wheels.with_name(f"{layer.name}.txt")
        requirements.write_text(kept, encoding="utf-8")
        download(requirements, wheels, python, wheels_only=False, variables=layer.toml.build_variables)
        requirements.unlink()
        for pin, digest in _build_sources(layer, wheels, python, home(root) / "environments", say):
            built.setdefault(pin, set()).add(digest)
    lines = [f"{pin} {' '.join(f'--hash=sha256:{one}' for one in sorted(found))}\n" for pin, found in sorted(built.items())]
    if lines:
        (wheels / BUILT).write_text("".join(lines), encoding="utf-8")
    return dict(sorted(left_out.items()))


def _build_sources(layer: Environment, wheels: Path, python: str, layers: Path, say: Say) -> Iterator[tuple[str, str]]:
    """Build what was downloaded and is no wheel; yield each pin with the digest of its wheel."""
    for source in sorted(path for path in wheels.iterdir() if path.suffix != ".whl"):
        say(f"building {source.name}, which has no wheel")
        wheel = build_wheel(layer, source, layers, say)
        _check_python(wheel, python)
        name, version, _, _ = parse_wheel_filename(wheel.name)
        yield f"{name}=={version}", sha256(wheel)
        source.unlink()


def _locked(layer: Environment, local: bool) -> str:
    return layer.lock(local).read_text(encoding="utf-8") if layer.lock(local).is_file() else ""


def _check_python(wheel: Path, version: str) -> None:
    """Refuse what was built here for this machine's Python and is to be used by another."""
    _, _, _, tags = parse_wheel_filename(wheel.name)
    if not any(tag.interpreter in ("py3", f"cp{version.replace('.', '')}") for tag in tags):
        raise Unavailable(
            f"{wheel.name} was built for another Python than {version}: bundle with a clinic that runs on {version}"
        )


def _check_size(made: Path, limit: int) -> None:
    sizes = {path: path.stat().st_size for path in _files(made) if not _is_heavy(path)}
    if sum(sizes.values()) > limit * 10**6:
        largest = ", ".join(f"{one.name} {_megabytes(sizes[one])}" for one in sorted(sizes, key=lambda one: -sizes[one])[:3])
        found = f"{_megabytes(sum(sizes.values()))} ({largest}, ...)"
        expected = f"at most {limit} MB beside torch and CUDA"
        raise Invalid(
            [Problem("bundle", 1, expected, found, "bundle fewer environments at once, or allow more with --limit MB")]
        )


def _is_heavy(path: Path) -> bool:
    return path.suffix == ".whl" and bool(HEAVY.fullmatch(canonicalize_name(path.name.partition("-")[0])))


def _megabytes(size: int) -> str:
    return f"{size / 10**6:.1f} MB"


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _facts(wanted: Wanted, wheels: Path, left_out: dict[str, list[str]]) -> dict[str, Any]:
    layers = [layer for one in wanted.environments for layer in one.layers]
    return {
        "version": 1,
        "environments": [one.name for one in wanted.environments],
        "python": wanted.python,
        "pythons": sorted({layer.python for layer in layers} - {"system", wanted.python}),
        "machine": f"{platform.system()} {platform.machine()}",
        "glibc": _glibc(path.name for path in wheels.glob("*.whl")),
        "system": sorted({name for layer in layers for name in layer.toml.system}),
        "left_out": left_out,
    }


def _glibc(names: Iterable[str]) -> str:
    """Return the oldest glibc on which every wheel can be used, as their names say it; nothing where none is native."""
    old = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
    here, needed = _two_numbers(platform.libc_ver()[1]), (0, 0)
    for name in names:
        platforms = {tag.platform for tag in parse_wheel_filename(name)[3]}
        known = [_two_numbers(one) for one in platforms if one.startswith("manylinux_")]
        known += [old[one.partition("_")[0]] for one in platforms if one.partition("_")[0] in old]
        if any(one.startswith("linux_") for one in platforms):  # built here: for this machine's
            known.append(here)
        needed = max(needed, min(known, default=(0, 0)))
    return ".".join(map(str, needed)) if any(needed) else ""


def _two_numbers(text: str) -> tuple[int, int]:
    found = re.search(r"(\d+)[._](\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _readme(facts: Mapping[str, Any], left_out: Iterable[str]) -> str:
    python = f"Python {facts['python']} ({facts['machine']}" + (
        f", glibc {facts['glibc']} or newer)" if facts["glibc"] else ")"
    )
    others = [f"Python {version} on PATH" for version in facts["pythons"]]
    others += [f"{name} in that Python" for name in facts["system"]]
    wheels = " --wheels FOLDER" if left_out else ""
    there = f"\nFOLDER holds the wheels of {', '.join(left_out)}, which are not in here.\n" if left_out else ""
    return f"""\
What decides the claims of {", ".join(facts["environments"])} on a machine without network:

    python{facts["python"]} -I run.py{wheels}
{there}
It needs {", ".join([python, *others])}, and nothing else.
First it compares every file here with manifest.json; a byte that differs ends it. Then it works in run/ beside this file,
or in --work FOLDER. Called again, it goes on where it was ended. Exit status: that of `clinic run`, or 2 where nothing was run.

Carry run/evidence back to a clone of the project at the commit from which this was made; there: clinic import FOLDER
"""
