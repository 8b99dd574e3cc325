"""A real log -> a vector: masked, cut down to the lines that decide its answer, written with its source."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import tomllib

from checkpoint_clinic.diagnosis import Diagnoser
from checkpoint_clinic.mask import mask

from ..content.article import Article
from ..content.problem import Invalid, Problem, relative
from ..content.vectors import UNANSWERED, Text, Vectors, load_unanswered
from ..decide.plan import Project
from .vectors import diagnoser_of, wrong

Kind = Literal["match", "lookalike", "other"]
AROUND = (0, 1, 2, 4, 8, 16, 32, 64)  # lines kept on either side of what was found, until the answer is that of the whole
HEAD = "# Public reports whose message no article answers yet: clinic vector add LOG --expect none --source URL"
MOST = 8000  # characters of a vector


@dataclass(frozen=True)
class Intake:
    """What a log became."""

    text: Text
    kept: int
    lines: int
    wrong: str  # how it is answered today, if not as it should be


def take(project: Project, article: Article, log: str, kind: Kind, source: str, name: str, keep: range | None) -> Intake:
    """Mask a log and cut it down; nothing is written.

    `keep` (lines counted from 1) chooses them where the answer of today cannot: it is to become another.

    Raises:
        Invalid: if the answer is not the expected one and no lines were chosen, if masking changes it, or if it stays too long.
    """
    diagnoser = diagnoser_of(project)
    lines = mask(log.replace("\r\n", "\n")).rstrip("\n").split("\n")
    whole = diagnoser.diagnose("\n".join(lines))
    if _verdict(whole) != _verdict(diagnoser.diagnose(log)):
        raise _invalid("the same answer for the masked log", "another", "replace by hand what identifies somebody")
    answered = wrong(article, kind, Text(name=name, text=log), whole)
    if keep is not None:
        chosen = [line for number, line in enumerate(lines, 1) if number in keep]
    elif answered:
        repair = "correct the signature first, or choose the lines that should be recognised: --lines 10-24"
        raise _invalid(f"{kind} of {article.id}", answered, repair)
    else:
        chosen = _trimmed(lines, whole, diagnoser)
    text = "\n".join(chosen).strip("\n")
    if not text.strip() or len(text) > MOST:
        raise _invalid(f"a text of 1 to {MOST:,} characters", f"{len(text):,}", "choose fewer lines: --lines 10-24")
    diagnosis = diagnoser.diagnose(text)
    own = [one for one in diagnosis["findings"] if one["article"] == article.id and one["kind"] == "match"]
    captured = {part: value for part, value in own[0]["captured"].items() if value} if own and kind == "match" else {}
    made = Text(name=name, text=text, captured=captured, source=source)
    return Intake(made, len(chosen), len(lines), wrong(article, kind, made, diagnosis))


def add(project: Project, article: Article, kind: Kind, text: Text) -> Path:
    """Write a vector at the end of an article's vectors.toml, whole or not at all.

    Raises:
        Invalid: if one of its name, or the same text, stands there already.
    """
    path = article.folder / "vectors.toml"
    before = path.read_text(encoding="utf-8")
    known = Vectors.model_validate(tomllib.loads(before))
    for other in (*known.match, *known.lookalike, *known.other):
        if other.name == text.name or other.text.strip() == text.text.strip():
            raise _invalid("a new vector", f"{other.name} of {relative(path, project.root)}", "give it another --name, or none")
    block = [f"[[{kind}]]", f"name = {_basic(text.name)}"]
    block += [f"source = {_basic(text.source)}"] if text.source else []
    if text.captured:
        block.append(f"captured = {{ {', '.join(f'{part} = {_basic(value)}' for part, value in text.captured.items())} }}")
    block.append(f"text = {_long(text.text)}")
    after = before.rstrip("\n") + "\n\n" + "\n".join(block) + "\n"
    assert getattr(Vectors.model_validate(tomllib.loads(after)), kind)[-1].text.strip("\n") == text.text, "it reads as it was"
    _replace(path, after)
    return path


def add_unanswered(project: Project, log: str, source: str, keep: range | None) -> Path:
    """Write a report that nothing answers yet into checks/unanswered.toml, masked; the lines of `keep`, or all.

    Raises:
        Invalid: if something answers it, if it is there already, or if it is too long.
    """
    lines = mask(log.replace("\r\n", "\n")).rstrip("\n").split("\n")
    text = "\n".join(line for number, line in enumerate(lines, 1) if keep is None or number in keep).strip("\n")
    if not text.strip() or len(text) > MOST:
        raise _invalid(f"a text of 1 to {MOST:,} characters", f"{len(text):,}", "choose its lines: --lines 10-24")
    if findings := diagnoser_of(project).diagnose(text)["findings"]:
        name = findings[0]["article"]
        raise _invalid("a text that nothing answers", name, f"add it there: --expect {name}")
    known = load_unanswered(project.root)
    if any(one.text.strip() == text.strip() for one in known):
        raise _invalid("a new report", "it is there already", "nothing is left to do")
    path = project.root / UNANSWERED
    before = path.read_text(encoding="utf-8").rstrip("\n") if path.is_file() else HEAD
    _replace(path, f"{before}\n\n[[report]]\nsource = {_basic(source)}\ntext = {_long(text)}\n")
    assert load_unanswered(project.root)[-1].text.strip("\n") == text, "it reads as it was"
    return path


def _trimmed(lines: list[str], whole: dict[str, Any], diagnoser: Diagnoser) -> list[str]:
    """Return the fewest lines around what was found that are answered as the whole is; all, if that takes all."""
    found = [one["line_number"] for one in whole["findings"]]
    for around in AROUND:
        kept = [text for number, text in enumerate(lines, 1) if any(abs(number - one) <= around for one in found)]
        if found and _verdict(diagnoser.diagnose("\n".join(kept))) == _verdict(whole):
            return kept
    return lines


def _verdict(diagnosis: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return what has to stay: each article or look-alike in its order, the form of its message, its first variable parts."""
    return [
        (one["article"], one["kind"], one.get("signature"), one.get("lookalike"), sorted(one["captured"].items()))
        for one in diagnosis["findings"]
    ]


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8", newline="\n")
    beside.replace(path)


def _basic(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _long(text: str) -> str:
    """Return a TOML string that reads as this text: a literal one where it can be."""
    plain = "'''" not in text and not text.endswith("'") and not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text)
    return f"'''\n{text}'''" if plain else _basic(text)


def _invalid(expected: str, found: str, repair: str) -> Invalid:
    return Invalid([Problem("command line", 1, expected, found, repair)])
