"""Run the claims against the mutants of their checks, in a copy of the project, and keep which of them noticed.

Each run is a job as any other, by the same process and with the same limits; evidence is written into the copy alone. Before a
module's mutants it is run as it stands: a claim that does not hold then has no mutants. What a run said is kept in the home
folder, by the digests of all that had a part in it, so that the same command goes on after an interruption.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..content.article import Article, Claim
from ..content.environment import awaits_commit
from ..decide.evidence import location
from ..decide.install import Unavailable, home
from ..decide.plan import Cell, Job, Project, load_project
from ..show.kills import Measured, Mutations, Tried, mutated, read, write
from .mutants import Edit, mutants, with_helper

HELPER = Path(__file__).parents[1] / "mutant.py"
TIMES, MORE = 4, 20  # the limit of a run: four times what the module takes as it stands, and 20 s
BROKEN = re.compile(
    r"(the module did not start: )?"
    r"(NameError|UnboundLocalError|SyntaxError|IndentationError|ImportError|ModuleNotFoundError|FileNotFoundError)\b"
)
LEFT = ("evidence", "__pycache__")
Say = Callable[[str], None]


class _TooLong(Exception):
    """A run that took longer than its limit."""


@dataclass(frozen=True)
class Answer:
    """What a run said of each function: verdict, reason, and whether the mutant changed anything, where it could tell."""

    observed: dict[str, str]
    reasons: dict[str, str]
    effects: dict[str, bool]
    seconds: float

    def broken(self, names: Iterable[str]) -> bool:
        """Whether these ended for want of a name or a file: nothing that a reader could meet."""
        return all(self.observed.get(name) == "undecided" and BROKEN.match(self.reasons.get(name, "")) for name in names)

    def of(self, function: str, claim: str) -> Answer:
        """Return what was said of one function, as what was said of a claim."""
        told = {claim: self.observed[function]}, {claim: self.reasons[function]}
        return Answer(*told, {claim: self.effects[function]} if function in self.effects else {}, self.seconds)


@dataclass(frozen=True)
class Planned:
    """The mutants of some claims of a module in the environment in which they are tried."""

    article: Article
    module: str
    environment: str
    claims: tuple[Claim, ...]


def plan(project: Project, article: Article, environments: Sequence[str], claim: str | None) -> list[Planned]:
    """Return for each claim that holds somewhere the lightest environment, its module's claims together; the quickest first."""
    planned = []
    for module, claims in article.modules.items():
        where: dict[str, list[Claim]] = {}
        for one in claims:
            if claim in (None, one.name, module) and (name := _cheapest(project, article, one, environments)):
                where.setdefault(name, []).append(one)
        planned += [Planned(article, module, name, tuple(chosen)) for name, chosen in where.items()]
    return sorted(planned, key=lambda one: _seconds(project, article, one.module, one.environment))


def _cheapest(project: Project, article: Article, claim: Claim, environments: Sequence[str]) -> str | None:
    names = [name for name in claim.expected.holds if not environments or name in environments]
    possible = [project.environments[name] for name in names]
    possible = [one for one in possible if one.device == "cpu" and not awaits_commit(one)]
    folder = home(project.root) / "environments"

    def cost(name: str) -> tuple[bool, int, float, str]:
        built = any(folder.glob(f"{name}-*/clinic-layer.json"))
        return not built, len(project.environments[name].layers), _seconds(project, article, claim.module, name), name

    return min((one.name for one in possible), key=cost, default=None)


def _seconds(project: Project, article: Article, module: str, environment: str) -> float:
    """Return how long a job's claims took when they were recorded."""
    jobs = (job for job in project.jobs if (job.article, job.module) == (article, module))
    record = project.record(next(job for job in jobs if job.environment.name == environment))
    return sum(outcome.seconds for outcome in record.outcomes) if record else 1e9


class Mutating:
    """A copy of the project in which mutants are run, one after the other."""

    def __init__(self, project: Project, folder: Path, say: Say) -> None:
        self.original, self.say = project, say
        self.root, self.cache = folder, home(project.root) / "mutants"
        _copy(project.root, folder)
        self.project = load_project(folder)

    def measure(
        self, planned: Planned, budget: float, done: Callable[[int, int], None], quick: bool = False
    ) -> Measured | None:
        """Run a module's mutants until the time is over; those that were not reached are kept as not run.

        `quick` leaves out general ones outside of a claim: each of them needs a process of its own.

        Returns None where the claims cannot be tried here: the environment cannot be entered, or none of them holds.
        """
        job = self._job(planned)
        edits = mutants(planned.article, planned.module, planned.claims, self.original.root)
        stands = self._known(job, []) if budget <= 0 else self._answer(job, [], 900.0)
        if stands is None:  # no time: what there is to try is kept, and nothing of it is known
            stands = Answer(dict.fromkeys((one.name for one in planned.claims), "holds"), {}, {}, 0.0)
        holding = {claim for claim, verdict in stands.observed.items() if verdict == "holds"}
        for claim in sorted(stands.observed.keys() - holding):
            self.say(f"{claim}@{planned.environment} does not hold here: {stands.reasons[claim]}")
        edits = [one for edit in edits if (one := _aimed(edit, holding))]
        limit, tried, end = TIMES * stands.seconds + MORE, [], time.monotonic() + budget
        within = [edit for edit in edits if edit.within]
        answers = self._together(job, within, limit, end)
        for number, edit in enumerate(edits, start=1):
            answer = answers.get(edit)
            if answer is None:
                late = (quick and not edit.within and edit.kind != "stated") or time.monotonic() > end
                answer = self._known(job, [edit]) if late else self._answer(job, [edit], limit)
            done(number, len(edits))
            tried += [mutant] if (mutant := _tried(edit, answer)) else []
        if not holding:
            return None
        now = mutated(planned.article, planned.module, self.original.environments[planned.environment], self.original.root)
        tried.sort(key=lambda one: (one.file, one.line, one.name))
        return Measured(
            module=planned.module,
            environment=planned.environment,
            recorded=datetime.now(UTC).date(),
            subjects=now,
            mutants=tuple(tried),
        )

    def _together(self, job: Job, edits: list[Edit], limit: float, end: float) -> dict[Edit, Answer]:
        """Run all mutants within claims in one process, each a function of its own, and after each the claim as it is.

        Only what follows a claim that held is believed, and only that it was noticed: the others are run again, one by one.
        """
        answers: dict[Edit, Answer] = {}
        cells: list[Cell] = []
        tried: list[tuple[Edit, str, str]] = []  # with the names of its function and of the claim that ran before it
        for cell in job.cells:
            before = f"{cell.claim.name}__as_it_is"
            names = [before]
            for number, edit in enumerate(edit for edit in edits if edit.within == cell.claim.function):
                mutant, after = f"{cell.claim.name}__{number}", f"{cell.claim.name}__after_{number}"
                tried.append((edit, mutant, before))
                names += [mutant, after]
                before = after
            cells += [replace(cell, claim=replace(cell.claim, name=name)) for name in names]
        many = Job(job.article, job.module, job.environment, tuple(cells))
        path = job.article.folder / f"{job.module}.py"
        source = path.read_bytes()
        try:
            path.write_bytes(with_helper(_with_functions(source, edits)))
            shutil.copyfile(HELPER, path.with_name("_mutant.py"))
            key = self._key(many)
            answer = self._read(key)
            if answer is None and edits and time.monotonic() < end:
                answer = self._run(many, limit + MORE * len(edits))
                self._keep(key, answer)
        finally:
            path.write_bytes(source)
        for edit, mutant, before in tried:
            told = answer and (answer.observed[mutant] != "holds" or answer.effects.get(mutant) is False)
            if answer and told and answer.observed[before] == "holds":
                answers[edit] = answer.of(mutant, edit.claims[0])
        return answers

    def _job(self, planned: Planned) -> Job:
        jobs = (job for job in self.project.jobs if job.article.id == planned.article.id and job.module == planned.module)
        found = next(job for job in jobs if job.environment.name == planned.environment)
        return Job(found.article, found.module, found.environment, self._cells(found, {one.name for one in planned.claims}))

    def _cells(self, job: Job, names: set[str]) -> tuple[Cell, ...]:
        return tuple(cell for cell in job.cells if cell.claim.name in names)

    def _known(self, job: Job, edits: list[Edit]) -> Answer | None:
        with self._changed(edits):
            return self._read(self._key(job))

    def _answer(self, job: Job, edits: list[Edit], limit: float) -> Answer:
        with self._changed(edits):
            key = self._key(job)
            answer = self._read(key) or self._run(job, limit)
            self._keep(key, answer)
        return answer

    def _run(self, job: Job, limit: float) -> Answer:
        from ..decide.run import decide

        path = location(job.article, job.module, job.environment.name)
        shutil.rmtree(path.parent, ignore_errors=True)
        started = time.monotonic()
        names = [cell.claim.name for cell in job.cells]
        try:
            with _limited(limit):
                record = decide(self.project, job, None, lambda text: None)
        except _TooLong:
            said = f"not decided within {limit:.0f} s"
            return Answer(dict.fromkeys(names, "undecided"), dict.fromkeys(names, said), {}, limit)
        log = (
            path.with_suffix(".log").read_text(encoding="utf-8", errors="replace") if path.with_suffix(".log").is_file() else ""
        )
        effects = _effects(log, names)
        observed = {outcome.claim: str(outcome.observed) for outcome in record.outcomes}
        reasons = {outcome.claim: outcome.reason for outcome in record.outcomes}
        return Answer(observed, reasons, effects, round(time.monotonic() - started, 1))

    @contextlib.contextmanager
    def _changed(self, edits: list[Edit]) -> Iterator[None]:
        """Change files of the copy for a while; the helper lies beside each."""
        whole: dict[Path, bytes] = {}
        try:
            for edit in sorted(edits, key=lambda edit: -edit.start):
                path = self.root / edit.file
                content = path.read_bytes()
                whole.setdefault(path, content)
                path.write_bytes(edit.apply(content))
            for path in whole:
                path.write_bytes(with_helper(path.read_bytes()))
                shutil.copyfile(HELPER, path.with_name("_mutant.py"))
            yield
        finally:
            for path, content in whole.items():
                path.write_bytes(content)

    def _key(self, job: Job) -> str:
        names = [cell.claim.name for cell in job.cells]
        told = [mutated(job.article, job.module, job.environment, self.root), names]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def _read(self, key: str) -> Answer | None:
        with contextlib.suppress(OSError, ValueError, TypeError):
            return Answer(**json.loads((self.cache / f"{key}.json").read_text(encoding="utf-8")))
        return None

    def _keep(self, key: str, answer: Answer) -> None:
        self.cache.mkdir(parents=True, exist_ok=True)
        temporary = self.cache / f"{key}.tmp"
        temporary.write_text(json.dumps(vars(answer)), encoding="utf-8")
        temporary.replace(self.cache / f"{key}.json")


def _aimed(edit: Edit, holding: set[str]) -> Edit | None:
    claims = tuple(claim for claim in edit.claims if claim in holding)
    return replace(edit, claims=claims) if claims else None


def _with_functions(source: bytes, edits: list[Edit]) -> bytes:
    """Return a module with each claim added again: changed, under a name of its own, for each of its mutants; and as it is."""
    lines, made = source.splitlines(keepends=True), []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name[0] != "_":
            first, after = sum(map(len, lines[: node.lineno - 1])), sum(map(len, lines[: node.end_lineno]))
            bodies = [
                source[first : edit.start] + edit.new.encode() + source[edit.end : after]
                for edit in edits
                if edit.within == node.name
            ]
            versions = {"as_it_is": source[first:after]}
            for number, body in enumerate(bodies):
                versions |= {str(number): body, f"after_{number}": source[first:after]}
            for name, body in versions.items():
                made.append(body.replace(f"def {node.name}(".encode(), f"def {node.name}__{name}(".encode(), 1))
    return source + b"\n\n" + b"\n\n".join(made)


def _effects(log: str, names: list[str]) -> dict[str, bool]:
    """Return for each claim whether its mutant changed something, where it said so; what was said before all holds for all."""
    effects: dict[str, bool] = {}
    before, *parts = re.split(r"^--- (?=[\w]+\.[\w]+$)", log, flags=re.MULTILINE)
    told = {part.partition("\n")[0]: part for part in parts}
    for name in names:
        text = before + told.get(name, "")
        if "--- mutant changed" in text or "--- mutant same" in text:
            effects[name] = "--- mutant changed" in text
    return effects


def _tried(edit: Edit, answer: Answer | None) -> Tried | None:
    """Return what a mutant came to; None for one that changed nothing, or broke the check itself."""
    observed: dict[str, Any] = {}
    if answer is not None:
        observed = {claim: answer.observed.get(claim, "undecided") for claim in edit.claims}
        if (answer.effects and not any(answer.effects.values())) or answer.broken(edit.claims):
            return None
    return Tried(
        name=edit.name, file=edit.file, line=edit.line, kind=edit.kind, claims=edit.claims, each=edit.each, observed=observed
    )


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """End what is inside after a time, as an interruption would: the runner ends its processes then."""

    def stop(*_: object) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _copy(root: Path, folder: Path) -> None:
    for name in ("checks/errors", "checks/environments", "snippets", "checkpoint_clinic"):
        if (root / name).is_dir():
            shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns(*LEFT), dirs_exist_ok=True)
    if (root / "checks" / "probe.py").is_file():
        shutil.copyfile(root / "checks" / "probe.py", folder / "checks" / "probe.py")


@contextlib.contextmanager
def mutating(project: Project, say: Say) -> Iterator[Mutating]:
    """Make a copy of the project for as long as mutants are run in it."""
    with tempfile.TemporaryDirectory(prefix="clinic-mutants-", ignore_cleanup_errors=True) as folder:
        yield Mutating(project, Path(folder).resolve(), say)


def keep(article: Article, measured: Measured) -> None:
    """Put a module's mutants into the article's file, in place of what was measured of these claims before, anywhere."""
    before = read(article)
    kept = [
        one
        for one in (before.modules if before else ())
        if one.module in article.modules and (one.module, one.environment) != (measured.module, measured.environment)
    ]
    of_module = [measured, *(one for one in kept if one.module == measured.module and not _older(one, measured))]
    again = {claim for one in of_module for claim in _claims(one)}  # since the files are what they are, wherever
    modules = [
        one
        for one in kept
        if one.module != measured.module or not _claims(one) <= (again if _older(one, measured) else _claims(measured))
    ]
    modules.append(measured)
    modules.sort(key=lambda one: (one.module, one.environment))
    write(article, Mutations(article=article.id, modules=tuple(modules)))


def _older(one: Measured, measured: Measured) -> bool:
    """Whether a file that both depend on has changed between them."""
    return any(measured.subjects.get(name, digest) != digest for name, digest in one.subjects.items())


def _claims(measured: Measured) -> set[str]:
    return {claim for one in measured.mutants for claim in one.claims}


__all__ = ["Mutating", "Planned", "Unavailable", "keep", "mutating", "plan"]
