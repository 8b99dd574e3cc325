"""Turn an Environment into a Python that can be started: one folder a layer, built by uv from the hashed locks.

A layer is a virtual environment whose packages come before those of the layer below (a .pth file adds that one's folder), so
twenty versions of one library cost one torch. A layer is whole when its stamp exists, which is written last; without one it is
built again. Files are copied from uv's cache, never linked: a link would let one environment change another, and the cache.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from ..content.environment import Environment, awaits_commit, lock_entries, pull_request, read_commits, split_lock
from .integrity import accept, changed_files, write_down

STAMP = "clinic-layer.json"
BUILT = "built.txt"  # in a folder of wheels: pins of what was built from source packages, with the hashes of the builds
BUILDING = threading.Lock()
COMPILE = """
import contextlib, py_compile, sys
for name in sys.stdin.read().splitlines():
    with contextlib.suppress(py_compile.PyCompileError, OSError):  # it is compiled in memory by each run, as before
        py_compile.compile(name, doraise=True)
"""
Say = Callable[[str], None]


class Unavailable(Exception):
    """The environment cannot be entered here; the message says what to install. Its cells stay undecided."""


@dataclass(frozen=True)
class Installed:
    """A layer that is ready: its interpreter and its folder of packages."""

    python: Path
    packages: Path


def home(root: Path) -> Path:
    """Return the folder for everything that can be built again: $CLINIC_HOME, else .clinic in the project."""
    return Path(os.environ.get("CLINIC_HOME") or root / ".clinic").absolute()


def install(environment: Environment, folder: Path, wheels: Path | None = None, say: Say = print) -> Installed:
    """Return the environment's interpreter, building every layer that is not whole.

    Args:
        environment: what to build.
        folder: where layers live, one folder each, named by what they hold.
        wheels: a folder of wheels to install from instead of the package index.
        say: told what takes long, and what was found changed.

    Raises:
        Unavailable: no interpreter, no answer from the index, no space: with what to do.
    """
    folder = folder.resolve()  # layers name each other by their places
    if awaits_commit(environment):
        raise Unavailable(
            f"{environment.name}: the commit of its pull request is not recorded yet\n"
            f"    Where there is a network: clinic lock {environment.name}"
        )
    below: Installed | None = None
    inherited = ""
    for layer in environment.layers:
        interpreter = find_python(layer.python)
        local = uses_local_builds(layer, wheels)
        key = _layer_key(layer, interpreter, local, inherited)
        place = folder / f"{layer.name}-{key[:12]}"
        if not _is_whole(place, key, lambda _: None):
            with BUILDING:  # one at a time: what stands below may be the same, and whose bytecode is just made looks changed
                if not _is_whole(place, key, say):
                    _build_whole(layer, place, interpreter, below, local, wheels, key, say)
        below, inherited = _installed(place), key
    assert below is not None  # an environment has at least its own layer
    return below


def _build_whole(
    layer: Environment,
    place: Path,
    interpreter: Path,
    below: Installed | None,
    local: bool,
    wheels: Path | None,
    key: str,
    say: Say,
) -> None:
    """Build a layer and stamp it, once every file is what its package says.

    Raises:
        Unavailable: if it cannot be built, or a file is another even without the cache.
    """
    say(f"building {layer.name}: {len(_pins(layer, local))} packages from its lock")
    _build(layer, place, interpreter, below, local, wheels)
    if changed := write_down(place, _installed(place).packages):
        say(f"{layer.name}: the package cache holds a changed {changed[0]}; building again without the cache")
        _build(layer, place, interpreter, below, local, wheels, cached=False)
        if changed := write_down(place, _installed(place).packages):
            raise Unavailable(f"{layer.name}: {changed[0]} is not what its package's RECORD says, fresh from the index")
    (place / STAMP).write_text(json.dumps({"key": key}), encoding="utf-8")


def compile_modules(installed: Installed, files: Iterable[str]) -> None:
    """Write bytecode for the modules of an environment that a run had to compile, so that the next need not.

    A run cannot: it sees its environment read-only. Nothing is executed here, and only sources of the layers are read.
    """
    home = installed.python.parents[2]
    modules = [
        Path(file) for file in files if file.endswith(".py") and Path(file).is_relative_to(home) and Path(file).is_file()
    ]
    if not modules:
        return
    with BUILDING:  # what is known of a layer is read and written
        _compile(installed, modules)


def _compile(installed: Installed, modules: list[Path]) -> None:
    home = installed.python.parents[2]
    command = [str(installed.python), "-I", "-c", COMPILE]
    subprocess.run(command, input="\n".join(map(str, modules)), text=True, capture_output=True, check=False, timeout=600)
    layers: dict[Path, list[str]] = {}
    for module in modules:
        place = home / module.relative_to(home).parts[0]
        for compiled in module.parent.joinpath("__pycache__").glob(f"{module.stem}.*.pyc"):
            layers.setdefault(place, []).append(compiled.relative_to(place).as_posix())
    for place, names in layers.items():
        accept(place, names)


def lock(environment: Environment, excluded_newer: str) -> list[Path]:
    """Resolve this layer's requirements again and write its locks; the layers below hold as they are locked.

    A pull request is asked for by its number once: the commit that merged it is recorded in the lock, and stays.

    Raises:
        Unavailable: if the requirements cannot be resolved.
    """
    written = []
    for local in (False, True) if environment.toml.local_builds else (False,):
        requires = [*environment.toml.requires]
        if local:
            builds = {Requirement(build).name: build for build in environment.toml.local_builds}
            requires = [builds.pop(Requirement(text).name, text) for text in requires] + list(builds.values())
        requires = [_at_commit(text, environment.lock(local)) for text in requires]
        with tempfile.TemporaryDirectory() as folder:
            constraints = Path(folder, "constraints.txt")
            constraints.write_text(
                "\n".join(f"{name}=={version}" for name, version in _below(environment).items()), encoding="utf-8"
            )
            arguments = _compile_arguments(environment, excluded_newer, constraints)
            lines = _uv(arguments + _sources(None, local), "\n".join(requires), {}, f"locking {environment.name}")
        path = environment.lock(local)
        path.write_text(f"# for {environment.lock_key}\n{lines}", encoding="utf-8")
        written.append(path)
    return written


def _at_commit(text: str, lock: Path) -> str:
    """Return a requirement with the commit that merged its pull request: the recorded one, else GitHub is asked."""
    requirement = Requirement(text)
    pull = pull_request(requirement)
    if pull is None:
        return text
    source, number = pull
    recorded = read_commits(lock).get(canonicalize_name(requirement.name))
    commit = recorded[1] if recorded and recorded[0] == source else _merge_commit(source, number)
    return f"{requirement.name} @ git+{source}@{commit}"


def _merge_commit(source: str, number: str) -> str:
    address = f"{source.replace('//github.com/', '//api.github.com/repos/')}/pulls/{number}"
    what = f"asking {address} for its merge commit"
    try:
        from urllib.request import urlopen  # imported here: time that a run with nothing to do does not need

        with urlopen(address, timeout=30) as answer:  # noqa: S310  an https address, from environment.toml
            told = json.load(answer)
    except (OSError, ValueError) as error:
        raise Unavailable(
            f"{what} failed: {error}\n    It did not answer: run again later, where there is a network."
        ) from error
    if not told.get("merged"):
        raise Unavailable(f"{what} failed: it was not merged\n    Name the number of a merged pull request.")
    return str(told["merge_commit_sha"])


def _compile_arguments(environment: Environment, excluded_newer: str, constraints: Path) -> list[str]:
    version = _machine_version() if environment.python == "system" else environment.python
    arguments = ["pip", "compile", "-", "--quiet", "--generate-hashes", "--no-annotate", "--no-header", "--no-emit-index-url"]
    arguments += ["--no-emit-find-links", "--python-version", version, "--python", str(find_python(environment.python))]
    arguments += ["--exclude-newer", excluded_newer]
    arguments += ["--constraint", str(constraints)] if environment.toml.dependencies else ["--no-deps"]
    for name in (*environment.toml.omits, *environment.toml.system, *_below(environment)):
        arguments += ["--no-emit-package", name]
    return arguments


def collect_wheels(environments: Sequence[Environment], engine: Path, folder: Path, version: str) -> None:
    """Download the wheels of the engine and of the environments' layers, for a machine with that Python and no network.

    A layer without build isolation may also have source packages: they are built on that machine, by what lies below.

    Raises:
        Unavailable: if the index does not answer or has no wheel for that Python.
    """
    folder.mkdir(parents=True, exist_ok=True)
    download(engine, folder, version)
    layers = {layer.name: layer for one in environments for layer in one.layers if _pins(layer, False)}
    for layer in layers.values():
        download(layer.lock(), folder, version, layer.toml.build_isolation, layer.toml.build_variables)


def download(
    requirements: Path, folder: Path, version: str, wheels_only: bool = True, variables: Mapping[str, str] | None = None
) -> None:
    """Download what a hashed requirements file pins, for a machine like this one with that Python.

    Raises:
        Unavailable: if the index does not answer or has no wheel for that Python.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--only-binary=:all:" if wheels_only else "--prefer-binary"]
    command += ["--python-version", version, "--dest", str(folder), "--requirement", str(requirements)]
    answer = _run(command, dict(variables or {}))
    if answer.returncode:
        words = " ".join(answer.stderr.split())[-600:]
        raise Unavailable(f"collecting the wheels of {requirements.name} failed: {words}\n    {_advice(words)}")


def build_wheel(layer: Environment, source: Path, folder: Path, say: Say = print) -> Path:
    """Build a layer's source package as the layer itself would be built, lay the wheel beside it and return it.

    Args:
        layer: the layer that the package belongs to; without build isolation, what lies below it is installed.
        source: the source package.
        folder: where layers live.
        say: told what takes long.

    Raises:
        Unavailable: if it cannot be built.
    """
    below = install(layer.base, folder, None, say).python if layer.base and not layer.toml.build_isolation else None
    arguments = ["build", "--quiet", "--wheel", "--python", str(below or find_python(layer.python))]
    arguments += [] if layer.toml.build_isolation else ["--no-build-isolation"]
    with tempfile.TemporaryDirectory() as made:
        arguments += [*_sources(None, False), "--out-dir", made, str(source)]
        _uv(arguments, "", dict(layer.toml.build_variables), f"building {source.name}")
        (wheel,) = Path(made).glob("*.whl")
        return Path(shutil.copy(wheel, source.with_name(wheel.name)))


def find_python(version: str) -> Path:
    """Return an interpreter of a minor version: this one, uv's, one on PATH, or one under pyenv; else uv installs it.

    Raises:
        Unavailable: with what to install.
    """
    if version in ("system", _machine_version()):
        return Path(getattr(sys, "_base_executable", sys.executable)).absolute()
    found = _search_python(version)
    if found is None:
        raise Unavailable(
            f"Python {version} is not installed here. Install it (for example: uv python install {version}), then run again."
        )
    return found


@lru_cache
def _search_python(version: str) -> Path | None:
    managed = _run([_uv_binary(), "python", "find", "--no-project", "--managed-python", version])
    candidates = [Path(managed.stdout.strip())] if managed.returncode == 0 else []
    candidates += [Path(folder) / f"python{version}" for folder in os.get_exec_path()]
    for root in (os.environ.get("PYENV_ROOT"), str(Path.home() / ".pyenv"), os.environ.get("RUNNER_TOOL_CACHE")):
        for pattern in ("versions/{}.*/bin/python", "Python/{}.*/x64/bin/python") if root else ():
            candidates += sorted(Path(str(root)).glob(pattern.format(version)), reverse=True)
    for candidate in candidates:
        if candidate.is_file() and _version(candidate) == version:
            return candidate
    installed = _run([_uv_binary(), "python", "install", "--no-progress", version])
    if installed.returncode == 0:
        again = _run([_uv_binary(), "python", "find", "--no-project", "--managed-python", version])
        return Path(again.stdout.strip()) if again.returncode == 0 else None
    return None


def _version(python: Path) -> str:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        return _run([str(python), "-I", "-c", code]).stdout.strip()  # a pyenv shim exists on PATH and answers with an error
    except OSError:
        return ""


def _machine_version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def uses_local_builds(environment: Environment, wheels: Path | None = None) -> bool:
    """Whether pip's find-links, or the folder of wheels, has every build that the environment would rather take."""
    folders = (str(wheels),) if wheels else find_links()
    builds = environment.toml.local_builds
    return bool(builds) and all(_is_known(Requirement(text), folders) for text in builds)


def _is_known(requirement: Requirement, folders: Iterable[str]) -> bool:
    for folder in folders:
        for wheel in Path(folder.removeprefix("file://")).glob("*.whl"):
            name, version, *_ = parse_wheel_filename(wheel.name)
            if name == canonicalize_name(requirement.name) and requirement.specifier.contains(version):
                return True
    return False


@lru_cache
def find_links() -> tuple[str, ...]:
    """Return what pip's own configuration names as find-links on this machine."""
    return tuple(_pip_setting("find-links").split())


def _pip_setting(name: str) -> str:
    """Return the value of a setting of pip's configuration; the environment's wins, as it does for pip."""
    answer = _run([sys.executable, "-m", "pip", "config", "list"])
    values = dict(re.findall(rf"^(\S+)\.{name}='(.*)'$", answer.stdout, re.MULTILINE))
    return str(values.get(":env:") or values.get("install") or values.get("global") or "")


def _layer_key(layer: Environment, interpreter: Path, local: bool, inherited: str) -> str:
    toml = layer.toml
    facts = [str(interpreter), toml.build_isolation, dict(toml.build_variables), list(toml.system), inherited]
    text = layer.lock(local).read_text(encoding="utf-8") if layer.lock(local).is_file() else ""
    return hashlib.sha256(json.dumps([facts, text]).encode()).hexdigest()


def _is_whole(place: Path, key: str, say: Say) -> bool:
    try:
        whole = bool(json.loads((place / STAMP).read_text(encoding="utf-8"))["key"] == key)
        changed = changed_files(place) if whole else []
    except (OSError, ValueError, KeyError, TypeError, StopIteration):
        return False
    if changed:
        say(f"{place.name}: {changed[0]} was changed after it was installed ({len(changed)} in all)")
    return whole and not changed


def _installed(place: Path) -> Installed:
    return Installed(place / "bin" / "python", next((place / "lib").glob("python3.*/site-packages")))


BUILDERS = ("setuptools", "wheel")  # of source packages, where a layer brings them


def _build(
    layer: Environment,
    place: Path,
    interpreter: Path,
    below: Installed | None,
    local: bool,
    wheels: Path | None,
    cached: bool = True,
) -> None:
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    what = f"building {layer.name}"
    venv = ["venv", "--quiet", "--no-project", "--python", str(interpreter), str(place)]
    _uv(venv + (["--system-site-packages"] if layer.toml.system else []), "", {}, what)
    installed = _installed(place)
    if layer.toml.system:
        installed.packages.joinpath("_machine.pth").write_text(_addsitedir(_machine_packages()), encoding="utf-8")
    if below:
        installed.packages.joinpath("_layer_below.pth").write_text(_addsitedir([below.packages]), encoding="utf-8")
    if not _pins(layer, local):
        return
    arguments = [
        "pip",
        "install",
        "--quiet",
        "--python",
        str(installed.python),
        "--no-deps",
        "--require-hashes",
        "--link-mode",
        "copy",
    ]
    arguments += [] if layer.toml.build_isolation else ["--no-build-isolation"]
    arguments += [] if cached else ["--no-cache"]
    arguments += [*_sources(wheels, local), "--requirement"]
    hashed, commits = split_lock(layer.lock(local).read_text(encoding="utf-8"))
    hashed = _with_builds(hashed, wheels)
    try:
        # Else uv builds before or after it installs them, by what its cache happens to hold: with these or with those below.
        if not layer.toml.build_isolation and (builders := [one.text for one in lock_entries(hashed) if one.name in BUILDERS]):
            _uv([*arguments, "-"], "\n".join(builders), {}, what)
        _uv([*arguments, "-"], hashed, dict(layer.toml.build_variables), what)
        if commits:
            arguments.remove("--require-hashes")
            _uv([*arguments, "-"], "\n".join(commits), dict(layer.toml.build_variables), what)
    except Unavailable:
        shutil.rmtree(place, ignore_errors=True)
        raise


def _with_builds(hashed: str, wheels: Path | None) -> str:
    """Let what was built for a folder of wheels take the place of the source package, whose hash was held to when it was."""
    if wheels is None or not (wheels / BUILT).is_file():
        return hashed
    builds = {one.pin: one.text for one in lock_entries((wheels / BUILT).read_text(encoding="utf-8"))}
    for entry in lock_entries(hashed):
        hashed = hashed.replace(entry.text, builds.get(entry.pin, entry.text))
    return hashed


def _addsitedir(folders: list[Path]) -> str:
    """Return a .pth line that adds folders after the layer's own, their own .pth files included."""
    return "import site; " + "; ".join(f"site.addsitedir({str(folder)!r})" for folder in folders) + "\n"


def _machine_packages() -> list[Path]:
    """Return the folders of packages of the Python that runs this, which may itself be a virtual environment."""
    import site

    return [
        Path(folder)
        for folder in (*site.getsitepackages(), *map(str, sys.path))
        if folder.endswith(("site-packages", "dist-packages"))
    ]


def _pins(layer: Environment, local: bool) -> list[str]:
    lines = layer.lock(local).read_text(encoding="utf-8").splitlines() if layer.lock(local).is_file() else []
    return [line for line in lines if ("==" in line or " @ git+" in line) and not line.startswith(("#", " "))]


def _below(environment: Environment) -> dict[str, str]:
    """Return the pins of the lower layers that stay in force: all but those of packages that this layer brings itself."""
    own = [*(Requirement(text).name for text in environment.toml.requires), *environment.toml.replaces]
    replaced = {canonicalize_name(name) for name in own}
    pins = environment.base.pins() if environment.base else {}
    return {name: version for name, version in pins.items() if name not in replaced}


def _sources(wheels: Path | None, local: bool) -> list[str]:
    if wheels:
        return ["--no-index", "--find-links", str(wheels)]
    links = [argument for folder in find_links() for argument in ("--find-links", folder)] if local else []
    return [*links, *_index()]


@lru_cache
def _index() -> tuple[str, ...]:
    """Return pip's own index for uv, which does not read pip's configuration."""
    index = "" if os.environ.get("UV_DEFAULT_INDEX") else _pip_setting("index-url")
    return ("--default-index", index) if index else ()


def _uv(arguments: list[str], text: str, variables: dict[str, str], what: str) -> str:
    """Run uv.

    Raises:
        Unavailable: with uv's own last words and what to do.
    """
    environment = {"UV_NO_CONFIG": "1", "UV_NO_PROGRESS": "1", **os.environ, **variables}
    environment.pop("VIRTUAL_ENV", None)
    answer = subprocess.run(
        [_uv_binary(), *arguments], input=text, text=True, capture_output=True, env=environment, check=False
    )
    if answer.returncode:
        words = " ".join(answer.stderr.split())[-600:]
        raise Unavailable(f"{what} failed: {words}\n    {_advice(words)}")
    return answer.stdout


def _advice(words: str) -> str:
    if "No space left" in words:
        free = shutil.disk_usage(".").free >> 20
        return f"The disk is full ({free} MiB free here): free some space, or set CLINIC_HOME to a folder on another disk."
    if "Git operation failed" in words:
        return "The source repository did not answer: run again where git reaches it. The evidence that exists stays."
    if re.search(r"fetch|connect|dns|timed out|network", words, re.IGNORECASE):
        return "The package index did not answer: run again later, or give --wheels DIR with the wheels."
    return "Nothing was changed; the evidence that exists stays."


def _uv_binary() -> str:
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.is_file() else shutil.which("uv")
    if not found:
        from uv import find_uv_bin

        return str(find_uv_bin())
    return found


def _run(command: list[str], variables: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **(variables or {})}
    return subprocess.run(command, text=True, capture_output=True, env=environment, check=False, timeout=600)
