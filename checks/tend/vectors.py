"""The texts of vectors.toml, tried: by lint here, and in both engines by the tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checkpoint_clinic.diagnosis import Diagnoser

from ..content.article import Article
from ..content.problem import Invalid, Problem, relative
from ..content.vectors import LEAST, UNANSWERED, Text, load_unanswered, load_vectors
from ..decide.plan import Project
from ..show.signatures import signatures, words


def diagnoser_of(project: Project) -> Diagnoser:
    """Return what answers a log or a question, for all articles of a project."""
    return Diagnoser(signatures(project), words(project))


def vector_problems(project: Project) -> Iterator[Problem]:
    """Yield each vector that is not answered as it says, and each article that has too few."""
    diagnoser = diagnoser_of(project)
    for article in project.articles:
        name = relative(article.folder / "vectors.toml", project.root)
        try:
            vectors = load_vectors(article, project.root)
        except Invalid as error:
            yield from error.problems
            continue
        source = (article.folder / "vectors.toml").read_text(encoding="utf-8").splitlines()
        others = len(vectors.lookalike) + len(vectors.other)
        for kind, number in (("match", len(vectors.match)), ("lookalike and other", others)):
            if number < LEAST:
                yield Problem(name, 1, f"at least {LEAST} texts of kind {kind}", str(number), "write more real shapes of them")
        for kind in ("match", "lookalike", "other"):
            for one in getattr(vectors, kind):
                if found := wrong(article, kind, one, diagnoser.diagnose(one.text)):
                    line = next((n for n, text in enumerate(source, 1) if f'"{one.name}"' in text), 1)
                    repair = "correct the signature's pattern, or the text"
                    yield Problem(name, line, f"{kind}: {one.name}", found, repair)


def unanswered_problems(project: Project) -> Iterator[Problem]:
    """Yield each report that is said to be answered by nothing, and is."""
    diagnoser = diagnoser_of(project)
    try:
        reports = load_unanswered(project.root)
    except Invalid as error:
        yield from error.problems
        return
    for one in reports:
        if findings := diagnoser.diagnose(one.text)["findings"]:
            name = findings[0]["article"]
            repair = f"move it there: clinic vector add LOG --expect {name} --source {one.source}"
            yield Problem(UNANSWERED, 1, "a report that nothing answers", f"{one.source}: {name}", repair)


def wrong(article: Article, kind: str, one: Text, diagnosis: dict[str, Any]) -> str:
    """Return how a diagnosis differs from what a text must be answered, or nothing."""
    findings = diagnosis["findings"]
    own = [finding for finding in findings if finding["article"] == article.id]
    kinds = {finding["kind"] for finding in own}
    if kind == "other":
        return f"{article.id}: {own[0]['kind']}" if own else ""
    if kind == "lookalike":
        means = [article.toml.lookalike[finding["lookalike"]].means.en for finding in own if finding["kind"] == "lookalike"]
        if "match" in kinds or not means:
            return "a match" if "match" in kinds else "nothing"
        return "" if not one.means or means[0].startswith(one.means) else f"another look-alike: {means[0]}"
    if not findings or findings[0] not in own or findings[0]["kind"] != "match":
        return "nothing" if not findings else f"first {findings[0]['article']}, {findings[0]['kind']}"
    parts = {name: findings[0]["captured"].get(name) for name in one.captured}
    if parts != one.captured:
        return f"captured {parts}"
    return f"{findings[0]['count']} times" if one.count not in (None, findings[0]["count"]) else ""
