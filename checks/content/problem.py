"""What is wrong in a file, in one shape for every message: where, what was expected, what was found, the repair."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError


@dataclass(frozen=True, order=True)
class Problem:
    """One defect of the content. `file` is relative to the project's root, `line` counts from 1."""

    file: str
    line: int
    expected: str
    found: str
    repair: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: expected {self.expected}; found {self.found}\n    repair: {self.repair}"


class Invalid(Exception):
    """Content that cannot be used; carries every problem that was found, not the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


def line_of(text: str, needle: str) -> int:
    """Return the number of the first line that contains `needle`, else 1: TOML readers keep no positions."""
    for number, line in enumerate(text.splitlines(), start=1):
        if needle in line and not line.lstrip().startswith("#"):
            return number
    return 1


def from_validation(error: ValidationError, file: str, text: str) -> list[Problem]:
    """Turn pydantic's findings into problems that name the line of the key."""
    problems = []
    details = error.errors()
    for detail in details:
        if any(other["loc"][: len(detail["loc"])] == detail["loc"] != other["loc"] for other in details):
            continue  # a list that is "too short" because an item of it is wrong
        keys = [str(part) for part in detail["loc"]]
        named = [key for key in keys if not key.isdigit()]
        line = next((n for key in reversed(named) if (n := line_of(text, key)) > 1), 1)
        shown = "nothing" if detail["type"] == "missing" else repr(detail["input"])[:80]
        where = ".".join(keys) or "the file"
        problems.append(Problem(file, line, f"{where}: {detail['msg']}", shown, f"edit {where} in {file}"))
    return problems


def not_utf8(root: Path) -> list[Problem]:
    """Return a problem for each file of the content that is no UTF-8: what reads it could not say which it was."""
    problems = []
    for folder, ending in (
        ("docs", "*.md"),
        ("checks", "*.toml"),
        ("checks", "*.py"),
        ("checks", "*.txt"),
        ("snippets", "*.py"),
    ):
        for path in sorted((root / folder).rglob(ending)):
            try:
                path.read_text(encoding="utf-8")
            except UnicodeDecodeError as error:
                line = error.object.count(b"\n", 0, error.start) + 1
                found = f"the byte {error.object[error.start]:#04x}"
                problems.append(Problem(relative(path, root), line, "UTF-8", found, "save it as UTF-8"))
            except OSError:
                continue
    return problems


def relative(path: Path, root: Path) -> str:
    """Return `path` as the project names it: from the root, with forward slashes."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
