"""Articles x environments -> cells; which have current evidence, and which jobs would decide the others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path

from packaging.version import Version

from ..content.article import Article, Claim, Verdict, load_article
from ..content.atlas import Atlas, load_atlas
from ..content.environment import Environment, load_environments
from ..content.problem import Invalid, Problem, line_of, relative
from ..content.releases import load_releases
from .evidence import (
    Judgement,
    Record,
    Standing,
    environment_subjects,
    location,
    module_subjects,
    now,
    sha256,
    unfinished,
)
from .policy import Policy, load_policy


@dataclass(frozen=True)
class Cell:
    """One claim in one environment, with the verdict that the article expects there."""

    article: Article
    claim: Claim
    environment: Environment
    expected: Verdict

    @cached_property
    def name(self) -> str:
        """`module.function@environment`."""
        return f"{self.claim.name}@{self.environment.name}"


@dataclass(frozen=True)
class Job:
    """What one process decides: the cells of one check module in one environment, in the module's order."""

    article: Article
    module: str
    environment: Environment
    cells: tuple[Cell, ...]

    @cached_property
    def name(self) -> str:
        """`module@environment`."""
        return f"{self.module}@{self.environment.name}"


@dataclass(frozen=True, eq=False)
class Project:
    """Everything that the content's folders state, read once; each reading is a project of its own."""

    root: Path
    articles: tuple[Article, ...]
    environments: dict[str, Environment]
    time: datetime
    atlas: Atlas | None = None

    @property
    def decided(self) -> tuple[Article, ...]:
        """Everything that has claims: the articles, and behind them the atlas."""
        return (*self.articles, *([self.atlas] if self.atlas else []))

    @cached_property
    def jobs(self) -> tuple[Job, ...]:
        """Every job of every article, the lightest environments first."""
        jobs = [
            Job(article, module, self.environments[name], tuple(cells))
            for article in self.decided
            for module, claims in article.modules.items()
            for name, cells in self._together(article, claims).items()
        ]
        return tuple(
            sorted(jobs, key=lambda job: (len(job.environment.layers), job.environment.name, job.article.id, job.module))
        )

    def _together(self, article: Article, claims: tuple[Claim, ...]) -> dict[str, list[Cell]]:
        cells: dict[str, list[Cell]] = {}
        for claim in claims:
            for cell in self.cells_of(article, claim):
                cells.setdefault(cell.environment.name, []).append(cell)
        return cells

    def judge(self, cell: Cell) -> Judgement:
        """Derive a cell's status from the evidence and the files of the moment at which the project was read."""
        key = (cell.article.slug, cell.name)
        if key not in self._judged:
            standing = self.standing(cell.article, cell.claim.module, cell.environment)
            self._judged[key] = standing.judge(cell.claim.name, cell.expected)
        return self._judged[key]

    def standing(self, article: Article, module: str, environment: Environment) -> Standing:
        """Return what the evidence of one module in one environment is worth, worked out once."""
        key = (article.slug, module, environment.name)
        if key not in self._standings:
            self._standings[key] = self._standing(location(article, module, environment.name), article, module, environment)
        return self._standings[key]

    def judge_file(self, path: Path, cell: Cell) -> Judgement:
        """Derive what a cell's status would be if its evidence were the statement in this file."""
        standing = self._standing(path, cell.article, cell.claim.module, cell.environment)
        return standing.judge(cell.claim.name, cell.expected)

    def _standing(self, path: Path, article: Article, module: str, environment: Environment) -> Standing:
        digests = self.digests(article, module, environment)
        return Standing(path, article, environment, digests, self.time, self.policy)

    @cached_property
    def policy(self) -> Policy:
        """Whose word it takes before evidence counts."""
        return load_policy(self.root)

    @cached_property
    def releases(self) -> dict[str, Version]:
        """The newest known release of each package."""
        return {name: Version(one.newest) for name, one in load_releases(self.root).items()}

    def record(self, job: Job) -> Record | None:
        """Return a job's evidence, or None if there is none that can be read."""
        return self.standing(job.article, job.module, job.environment).record

    def subjects(self, job: Job) -> Set[str]:
        """Return the files that decide a job, named from the root."""
        return self.digests(job.article, job.module, job.environment).keys()

    def digests(self, article: Article, module: str, environment: Environment) -> dict[str, str]:
        """Return the subjects of today; each file is read once, however many modules, environments and cells share it."""
        key = f"{article.slug}/{module}"
        if key not in self._of_modules:
            self._of_modules[key] = module_subjects(article, module, self.root, self._digest)
        if environment.name not in self._of_environments:
            self._of_environments[environment.name] = environment_subjects(environment, self.root, self._digest)
        return self._of_modules[key] | self._of_environments[environment.name]

    @cached_property
    def _judged(self) -> dict[tuple[str, str], Judgement]:
        return {}

    @cached_property
    def _standings(self) -> dict[tuple[str, str, str], Standing]:
        return {}

    @cached_property
    def _digest(self) -> Callable[[Path], str]:
        return cache(sha256)

    @cached_property
    def _of_modules(self) -> dict[str, dict[str, str]]:
        return {}

    @cached_property
    def _of_environments(self) -> dict[str, dict[str, str]]:
        return {}

    def cells(self, article: Article | None = None) -> Iterator[Cell]:
        """Yield the cells of one article, in its order of claims, or of all."""
        for one in [article] if article else self.decided:
            yield from self._all_cells.get(one.slug, ())

    def cells_of(self, article: Article, claim: Claim) -> Sequence[Cell]:
        """Return the cells of one claim."""
        return self._by_claim.get((article.slug, claim.name), ())

    @cached_property
    def _by_claim(self) -> dict[tuple[str, str], list[Cell]]:
        found: dict[tuple[str, str], list[Cell]] = {}
        for cell in self.cells():
            found.setdefault((cell.article.slug, cell.claim.name), []).append(cell)
        return found

    def jobs_of(self, article: Article) -> Sequence[Job]:
        """Return the jobs of one article, the lightest environments first."""
        return self._by_article.get(article.slug, ())

    @cached_property
    def _by_article(self) -> dict[str, list[Job]]:
        found: dict[str, list[Job]] = {}
        for job in self.jobs:
            found.setdefault(job.article.slug, []).append(job)
        return found

    @cached_property
    def _all_cells(self) -> dict[str, list[Cell]]:
        return {
            one.slug: [
                Cell(one, claim, self.environments[name], expected)
                for claim in one.claims
                for name, expected in claim.expected.cells()
            ]
            for one in self.decided
        }

    def article(self, name: str) -> Article | None:
        """Find an article by its id or its slug."""
        return next((article for article in self.decided if name in (article.id, article.slug)), None)


def find_root(start: Path | None = None, own: bool = False) -> Path:
    """Return the nearest folder at or above `start` that holds a clinic: checks/errors and checks/environments.

    With `own`, the clinic that this engine belongs to answers where there is none.

    Raises:
        Invalid: if there is none.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents, *([Path(__file__).parents[2]] if own else [])):
        if (folder / "checks" / "errors").is_dir() and (folder / "checks" / "environments").is_dir():
            return folder
    raise Invalid(
        [
            Problem(
                str(here),
                1,
                "a folder with checks/errors and checks/environments",
                "none at or above it",
                "change into the project's folder",
            )
        ]
    )


def load_project(root: Path) -> Project:
    """Read all articles and environments.

    Raises:
        Invalid: with every problem of all files, not the first.
    """
    project, problems = read_project(root)
    if problems:
        raise Invalid(problems)
    return project


def read_project(root: Path) -> tuple[Project, list[Problem]]:
    """Return the project with the articles that can be used, and every problem of all files."""
    problems: list[Problem] = []
    environments: dict[str, Environment] = {}
    articles: list[Article] = []
    try:
        environments = load_environments(root / "checks" / "environments", root)
    except Invalid as error:
        problems.extend(error.problems)
    for load in (load_policy, load_releases):
        try:
            load(root)
        except Invalid as error:
            problems.extend(error.problems)
    for folder in sorted(path for path in (root / "checks" / "errors").iterdir() if path.is_dir() and path.name[0] not in "._"):
        try:
            articles.append(load_article(folder, root))
        except Invalid as error:
            problems.extend(error.problems)
    atlas = None
    try:
        atlas = load_atlas(root, environments)
    except Invalid as error:
        problems.extend(error.problems)
    if environments:
        problems.extend(_unknown_environments(articles, environments, root))
    problems.extend(_ids_used_twice(articles, root))
    usable = [article for article in articles if all(name in environments for name in _named_environments(article))]
    return Project(root, tuple(sorted(usable, key=lambda article: article.id)), environments, now(), atlas), problems


def _named_environments(article: Article) -> Iterator[str]:
    return (name for claim in article.claims for name, _ in claim.expected.cells())


def select(
    project: Project, articles: Collection[str], environments: Collection[str], wanted: Callable[[Job], bool]
) -> list[Job]:
    """Return the jobs of the named articles and environments (all, where none is named) that are `wanted`.

    Raises:
        Invalid: if a name is not known.
    """
    problems = []
    for name in articles:
        if project.article(name) is None:
            known = ", ".join(article.id for article in project.decided)
            problems.append(Problem("command line", 1, f"an article: {known}", name, "name it by id or by folder"))
    for name in environments:
        if name not in project.environments:
            known = ", ".join(sorted(project.environments))
            problems.append(Problem("command line", 1, f"an environment: {known}", name, "run: clinic plan"))
    if problems:
        raise Invalid(problems)
    chosen = {article.id for name in articles if (article := project.article(name))}
    jobs = (job for job in project.jobs if not chosen or job.article.id in chosen)
    return [job for job in jobs if (not environments or job.environment.name in environments) and wanted(job)]


def interrupted_writes(project: Project) -> list[Problem]:
    """Return a problem for each file that a killed run left: until it is swept, statement and log are of different runs."""
    return [
        Problem(
            relative(path, project.root),
            1,
            "evidence that was written to its end",
            "what a killed run left: a statement may stand beside an older log",
            "run: clinic run (it finishes or removes it, and repeats what is then missing)",
        )
        for path in unfinished(article.folder for article in project.decided)
    ]


def has_answer(project: Project, job: Job) -> bool:
    """Whether every cell of the job has a current answer, the expected one or not, also one that nobody has attested yet."""
    judged = (project.judge(cell) for cell in job.cells)
    return all(one.status in ("verified", "failing") or one.needs for one in judged)


def _unknown_environments(articles: list[Article], environments: dict[str, Environment], root: Path) -> Iterator[Problem]:
    for article in articles:
        file = article.folder / "article.toml"
        text = file.read_text(encoding="utf-8")
        for claim in article.claims:
            for name, _ in claim.expected.cells():
                if name not in environments:
                    line = line_of(text, f'"{claim.name}"')
                    repair = f"name one of: {', '.join(sorted(environments))}; or write checks/environments/{name}"
                    yield Problem(relative(file, root), line, "a known environment", name, repair)


def _ids_used_twice(articles: list[Article], root: Path) -> Iterator[Problem]:
    owners: dict[str, Article] = {}
    for article in articles:
        first = owners.setdefault(article.id, article)
        if first is not article:
            file = article.folder / "article.toml"
            line = line_of(file.read_text(encoding="utf-8"), "id")
            taken = max(int(one.id[2:]) for one in articles)
            repair = f'use the next free id: id = "CC{taken + 1:03}"'
            yield Problem(relative(file, root), line, "an id of its own", f"{article.id}, which {first.slug} has", repair)
