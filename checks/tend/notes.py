"""Find notes of an article that put into Chinese what no check says any more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import Formatter

from ..content.article import Article
from ..content.problem import Problem, line_of, relative
from ..decide.plan import Project


def note_problems(project: Project, article: Article) -> Iterator[Problem]:
    """Yield each note that fits no recorded reason, or whose text asks for a group that its pattern has not."""
    if not article.toml.note:
        return
    path = article.folder / "article.toml"
    file, text = relative(path, project.root), path.read_text(encoding="utf-8")
    records = [record for job in project.jobs if job.article is article and (record := project.record(job))]
    reasons = {outcome.reason for record in records for outcome in record.outcomes if outcome.reason}
    for one in article.toml.note:
        line, groups = line_of(text, one.pattern), re.compile(one.pattern).groups
        wanted = [field for _, field, _, _ in Formatter().parse(one.zh) if field is not None]
        if any(not field.isdigit() or int(field) >= groups for field in wanted):
            repair = f"use only {', '.join(f'{{{number}}}' for number in range(groups)) or 'plain text'}"
            yield Problem(file, line, "a note that fills in its pattern's groups", one.zh, repair)
        if not any(one.match(reason) for reason in reasons):
            repair = "correct the pattern, or remove the note"
            yield Problem(file, line, "a note that fits a reason in the evidence", one.pattern, repair)
