"""Jobs for many machines, as a GitHub Actions matrix: an environment lies in one entry, so that it is built once.

An entry is a `clinic run` on a machine of its own: its articles and environments are that command's arguments.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from ..content.environment import awaits_commit
from ..content.problem import relative
from .attest import ENDINGS
from .evidence import location
from .plan import Job, Project, has_answer

LIMIT = 256  # jobs that GitHub makes of one matrix
ENGINE_PYTHON = "3.11"  # what the engine needs; setup-python puts the last of several first


@dataclass(frozen=True)
class Group:
    """The jobs of one environment, or of neighbours that stand on the same base."""

    jobs: tuple[Job, ...]

    @property
    def environments(self) -> list[str]:
        """Their names, without repeats."""
        return list(dict.fromkeys(job.environment.name for job in self.jobs))

    def entry(self) -> dict[str, str | int]:
        """Return what one machine is told: `python` as setup-python takes it, the rest as words between spaces."""
        names = self.environments
        pythons = {job.environment.python for job in self.jobs} - {"system", ENGINE_PYTHON}
        return {
            "name": names[0] + (f" and {len(names) - 1} more" if names[1:] else ""),
            "articles": " ".join(sorted({job.article.id for job in self.jobs})),
            "environments": " ".join(names),
            "python": "\n".join([*sorted(pythons), ENGINE_PYTHON]),
            "cells": sum(len(job.cells) for job in self.jobs),
        }


def matrix(jobs: Sequence[Job], at_most: int = LIMIT) -> dict[str, list[dict[str, str | int]]]:
    """Return the matrix of these jobs; without entries where there are none, which GitHub wants to be asked about before."""
    return {"include": [group.entry() for group in _groups(jobs, at_most)]}


def can_be_planned(job: Job, device: str | None) -> bool:
    """Whether a machine with that device could run it: one whose commit is not recorded nobody can."""
    return device in (None, job.environment.device) and not awaits_commit(job.environment)


def is_touched(project: Project, job: Job, changed: Collection[str]) -> bool:
    """Whether changed files, named from the project's root, ask for the job: they decide it, or are its evidence.

    A change of article.toml may have made cells, or may have been of words: it asks for what has no current answer.
    """
    statement = location(job.article, job.module, job.environment.name)
    own = {relative(statement.with_suffix(ending), project.root) for ending in (".json", ".log", *ENDINGS)}
    if not own.isdisjoint(changed) or not project.subjects(job).isdisjoint(changed):
        return True
    stated = {relative(job.article.folder / name, project.root) for name in ("article.toml", "atlas.toml")}
    return not stated.isdisjoint(changed) and not has_answer(project, job)


def _groups(jobs: Sequence[Job], at_most: int) -> Iterator[Group]:
    """Yield the environments one by one, or, where they are too many, neighbours together, about as many cells in each."""
    ordered = sorted(jobs, key=lambda job: ([layer.name for layer in job.environment.layers], job.article.id))
    each = [tuple(group) for _, group in groupby(ordered, lambda job: job.environment.name)]
    if len(each) <= at_most:
        yield from map(Group, each)
        return
    cells = [sum(len(job.cells) for job in one) for one in each]
    places = [sum(cells[:number]) * at_most // sum(cells) for number in range(len(each))]
    for _, together in groupby(zip(places, each, strict=True), lambda pair: pair[0]):
        yield Group(tuple(job for _, one in together for job in one))
