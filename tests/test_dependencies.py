"""Who may import what: the rules of DESIGN.md as a table, read by ast."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import checks

ENGINE = Path(checks.__file__).parent
REPOSITORY = ENGINE.parent
OURS = {
    "__init__": "",
    "__main__": "command bootstrap",
    "problem": "",
    "pattern": "",
    "article": "pattern problem",
    "environment": "problem",
    "evidence": "article environment",
    "plan": "article environment evidence problem",
    "integrity": "",
    "install": "environment integrity",
    "run": "evidence install plan",
    "probe": "",
    "words": "article",
    "normalise": "",
    "match": "normalise",
    "nearest": "",
    "signatures": "article nearest normalise pattern plan words",
    "vectors": "article match nearest plan problem signatures",
    "log": "",
    "mask": "",
    "answer": "article mask normalise words",
    "drawing": "article evidence plan problem",
    "draw": "article drawing problem",
    "render": "article drawing environment evidence plan words",
    "versions": "article plan render",
    "blocks": "article drawing plan render versions",
    "publish": "article blocks environment evidence plan problem render signatures",
    "generate": "article plan problem",
    "lint": "article drawing environment evidence generate plan problem vectors words",
    "new": "article plan problem",
    "command": "answer article draw drawing environment evidence generate install lint log match new plan problem publish run "
    "vectors",
    "bootstrap": "",
}
ONLY_IN = {
    "subprocess": {"install", "run", "bootstrap"},
    "multiprocessing": set(),
    "markdown": {"blocks"},
    "pymdownx": {"blocks"},
    "matplotlib": {"draw"},
    "mkdocs": {"publish"},
    "uv": {"install"},
}
STANDARD_LIBRARY_ONLY = ("probe", "bootstrap")


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


def test_table_names_every_module_of_the_engine() -> None:
    assert {path.stem for path in ENGINE.glob("*.py")} == OURS.keys()


@pytest.mark.parametrize("module", OURS)
def test_module_imports_of_ours_what_the_table_says(module: str) -> None:
    found = {name.strip(".").partition(".")[0] for name in imports(ENGINE / f"{module}.py") if name.startswith(".")}
    assert found == set(OURS[module].split())
    assert "checks" not in libraries(ENGINE / f"{module}.py")


@pytest.mark.parametrize("library", ONLY_IN)
def test_library_is_imported_only_where_it_belongs(library: str) -> None:
    assert {module for module in OURS if library in libraries(ENGINE / f"{module}.py")} == ONLY_IN[library]


@pytest.mark.parametrize("module", OURS)
def test_processes_are_started_by_subprocess_alone(module: str) -> None:
    tree = ast.parse((ENGINE / f"{module}.py").read_text(encoding="utf-8"))
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
    assert libraries(ENGINE / f"{module}.py") <= sys.stdlib_module_names


CHECKS = sorted(ENGINE.glob("errors/*/*.py"))


def test_there_are_check_modules() -> None:
    assert CHECKS


@pytest.mark.parametrize("path", CHECKS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_check_module_imports_libraries_snippets_and_neighbours_with_an_underscore(path: Path) -> None:
    local = {name for name in libraries(path) if (path.parent / f"{name}.py").is_file()}
    assert {name for name in local if not name.startswith("_")} == set()
    assert not {name for name in imports(path) if name.startswith(".")}
    of_this_project = {name for name in libraries(path) - local if (REPOSITORY / name).is_dir()}
    assert of_this_project <= {"snippets"}
    assert not libraries(path) & {"pytest"}
