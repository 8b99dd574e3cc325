"""Who may import what, beyond the layers that import-linter keeps: read by ast."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

import checkpoint_clinic
import checks

ENGINE = Path(checks.__file__).parent
REPOSITORY = ENGINE.parent
READERS = Path(checkpoint_clinic.__file__).parent
ROOMS = ("content", "decide", "show", "tend", "commands")
FOLDERS = (ENGINE, *(ENGINE / room for room in ROOMS), READERS, READERS / "commands")
MODULES = sorted(path.relative_to(REPOSITORY).as_posix() for folder in FOLDERS for path in folder.glob("*.py"))
OF_READERS = tuple(name for name in MODULES if name.startswith("checkpoint_clinic/"))
ONLY_IN = {
    "subprocess": {
        *("checks/decide/install.py", "checks/decide/run.py", "checks/decide/bootstrap.py", "checks/decide/node.py"),
        *("checks/decide/releases.py", "checks/decide/sandbox.py"),
        *("checkpoint_clinic/__main__.py", "checkpoint_clinic/started.py"),
    },
    "fcntl": {"checks/decide/leftovers.py", "checks/probe.py"},
    "distributed": {"checks/decide/cluster.py"},
    "multiprocessing": set(),
    "markdown": {"checks/show/blocks.py", "checks/show/tables.py"},
    "pymdownx": {"checks/show/blocks.py"},
    "matplotlib": {"checks/show/draw.py"},
    "mkdocs": {"checks/show/publish.py"},
    "uv": {"checks/decide/install.py"},
    "securesystemslib": {"checks/decide/attest.py"},
    "sigstore": {"checks/decide/attest.py"},
    "mcp": {"checkpoint_clinic/server.py"},
}
# What a reader's own script has, imported where it is used: no dependency of the package.
OF_A_SCRIPT = {
    "checkpoint_clinic/loads.py": {"transformers", "deepspeed"},
    "checkpoint_clinic/fixtures.py": {"pytest"},
    "checkpoint_clinic/server.py": {"anyio", "jsonschema", "mcp", "mcp_types"},  # the extra mcp
}
STANDARD_LIBRARY_ONLY = ("checks/probe.py", "checks/decide/bootstrap.py", "checks/decide/node.py", *OF_READERS)


def imports(path: Path) -> set[str]:
    """Return every module that a file imports, anywhere in it; `.plan` for one beside it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            names |= {f".{node.module}"} if node.module else {f".{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def libraries(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path) if not name.startswith(".")}


def test_each_module_stands_in_the_list_of_its_house() -> None:
    assert {folder.name for folder in ENGINE.iterdir() if (folder / "__init__.py").is_file()} == set(ROOMS)
    for name in MODULES:
        folder, _, file = name.rpartition("/")
        module = file.removesuffix(".py")
        if module.startswith("__") or folder in ("checks", "checks/commands", "checkpoint_clinic/commands"):
            continue
        listed = checkpoint_clinic.__doc__ if folder == "checkpoint_clinic" else checks.__doc__
        assert re.search(rf"^ *{module}  ", listed or "", re.MULTILINE), name


@pytest.mark.parametrize("library", ONLY_IN)
def test_library_is_imported_only_where_it_belongs(library: str) -> None:
    assert {module for module in MODULES if library in libraries(REPOSITORY / module)} == ONLY_IN[library]


@pytest.mark.parametrize("module", MODULES)
def test_processes_are_started_by_subprocess_alone(module: str) -> None:
    tree = ast.parse((REPOSITORY / module).read_text(encoding="utf-8"))
    called = {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    starts = {name for name in called if name.startswith(("os.exec", "os.spawn", "os.posix_spawn"))} | (
        called & {"os.system", "os.popen", "os.fork"}
    )
    assert not starts


@pytest.mark.parametrize("module", STANDARD_LIBRARY_ONLY)
def test_module_needs_the_standard_library_only(module: str) -> None:
    assert libraries(REPOSITORY / module) <= sys.stdlib_module_names | OF_A_SCRIPT.get(module, set())


CHECKS = sorted(ENGINE.glob("errors/*/*.py"))


def test_there_are_check_modules() -> None:
    assert CHECKS


@pytest.mark.parametrize("path", CHECKS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_check_module_imports_libraries_snippets_and_neighbours_with_an_underscore(path: Path) -> None:
    local = {name for name in libraries(path) if (path.parent / f"{name}.py").is_file()}
    assert {name for name in local if not name.startswith("_")} == set()
    assert not {name for name in imports(path) if name.startswith(".")}
    of_this_project = {name for name in libraries(path) - local if (REPOSITORY / name).is_dir()}
    assert of_this_project <= {"snippets", "checkpoint_clinic"}
    assert not libraries(path) & {"pytest"}
