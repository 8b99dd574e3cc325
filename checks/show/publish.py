"""Build both languages and lay beside the pages what they link to: badges, evidence, downloads, locks.

The site is built in a temporary folder and then takes the old one's place, so that a build that fails leaves the old site.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import re
import shutil
import socket
import zipfile
from collections.abc import Callable, Iterator, Sequence
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from checkpoint_clinic.commands.list import SCHEMA
from checkpoint_clinic.words import LANGUAGES, Language

from ..content.article import Article, imported_files
from ..content.environment import Environment, split_lock
from ..content.problem import Invalid, Problem
from ..decide.evidence import files_of, location, probe
from ..decide.leftovers import SITE, sweep_builds, temporary
from ..decide.plan import Job, Project, interrupted_writes
from .addresses import LEADS_ON, article_address, site_address, write_addresses
from .atlas import write_atlas
from .atlas_picture import write_pictures
from .badges import write_badges
from .feed import write_feeds
from .llms import write_llms
from .machine import write_machine
from .osv import write_osv
from .policy import policy_problems, write_policy
from .render import atlas_script, code_name, command
from .signatures import signatures, to_json, words

MARKER = re.compile(r"^[ \t]*(#|//)[ \t]*-+8<-+[ \t]*\[(start|end):[^\]]+\][ \t]*\n?", re.MULTILINE)
PIN = re.compile(r"^(?P<name>\S+?)==.*?(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
REQUIREMENTS = re.compile(r"^/// download \| requirements/(\S+)\.txt$", re.MULTILINE)
SOURCE = "source.zip"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date of a zip file: two builds give the same bytes


def build_site(root: Path) -> Path:
    """Build the whole site and return its folder.

    Raises:
        Invalid: with what the builder reported; the site that was there stays.
    """
    from .blocks import forget, project_at

    forget()
    if problems := interrupted_writes(project_at(root)):
        raise Invalid(problems)
    sweep_builds(root)
    with temporary(SITE, root) as folder:
        made = folder / "site"
        for language, target in zip(LANGUAGES, (made, made / "zh"), strict=True):
            _build_language(root, language, target)
        lay_beside(project_at(root), made)
        if problems := list(policy_problems(made, root)):
            raise Invalid(problems)
        site = root / "site"
        if site.exists():
            site.rename(folder / "old")
        made.rename(site)
    return site


def renew_policy(root: Path) -> dict[str, str]:
    """Write the policy anew for what the theme and overrides/ run by themselves; return hash -> how each script begins.

    It is read from a build whose pages hold no content.
    """
    with temporary(SITE, root) as folder:
        docs, sites = folder / "docs", [folder / "en", folder / "zh"]
        docs.mkdir()
        (docs / "index.md").write_text("# Nothing\n", encoding="utf-8")
        for language, target in zip(LANGUAGES, sites, strict=True):
            _build_language(root, language, target, docs_dir=str(docs), nav=["index.md"], strict=False)
        return write_policy(root, sites, [LEADS_ON])


def _build_language(root: Path, language: Language, target: Path, **other: Any) -> None:
    """Build one language's pages; `other` takes the place of the configuration's."""
    from mkdocs.commands.build import build
    from mkdocs.config import load_config
    from mkdocs.exceptions import Abort, MkDocsException

    config = "mkdocs.yml" if language == "en" else f"mkdocs.{language}.yml"
    messages = _Messages()
    logger = logging.getLogger("mkdocs")
    logger.addHandler(messages)
    logger.setLevel(logging.INFO)  # strict mode counts what reaches the logger: below INFO it would miss broken links
    logger.propagate = False
    try:
        with contextlib.chdir(root):
            settings: dict[str, Any] = {"site_dir": str(target), "site_url": site_address(language), "strict": True} | other
            loaded = load_config(config_file=str(root / config), **settings)
            loaded.plugins.on_startup(command="build", dirty=False)
            build(loaded)
            loaded.plugins.on_shutdown()
    except (Abort, MkDocsException, ValueError) as error:
        found = messages.lines or [f"{type(error).__name__}: {error}"]
        raise Invalid(
            [Problem(config, 1, "a build without a warning", line, "correct the page that is named") for line in found]
        ) from error
    finally:
        logger.removeHandler(messages)


class _Messages(logging.Handler):
    """Collects the builder's warnings and errors."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def lay_beside(project: Project, site: Path) -> None:
    """Write badges, evidence, downloads and locks into a built site."""
    links = {one.slug: f"{article_address(one, 'en')}evidence/" for one in project.articles if site_address("en")}
    write_badges(project, site / "badges", links)
    for name, dictionary in (("signatures", signatures(project)), ("words", words(project))):
        (site / f"{name}.json").write_text(to_json(dictionary) + "\n", encoding="utf-8")
    shutil.copyfile(SCHEMA, site / SCHEMA.name)
    for write in (write_machine, write_feeds, write_llms, write_osv, write_addresses, write_atlas, write_pictures):
        write(project, site)
    _write_source(project, site)
    for job in project.jobs:
        _publish_evidence(project, job, site / "evidence" / job.article.slug)
    _write_bundles(project, site / "downloads")
    for article in project.decided:
        for file in _code(project, article):
            _publish_code(file, site / "downloads" / (article.slug if file.parent == article.folder else file.parent.name))
    for snippet in (project.root / "snippets").glob("*.py"):
        _publish_code(snippet, site / "downloads" / "snippets")
    for environment in project.environments.values():
        for file in environment.subjects:
            target = site / "environments" / file.parent.name
            target.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target / file.name)
    for page in (project.root / "docs").rglob("*.md"):
        for name in REQUIREMENTS.findall(page.read_text(encoding="utf-8")):
            target = site / "downloads" / "requirements" / f"{name}.txt"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(requirements(project.environments[name]), encoding="utf-8")


def requirements(environment: Environment) -> str:
    """Return the locks of all layers as one requirements file; the pin of an upper layer takes the place of a lower one's."""
    pins = {
        pin["name"]: pin[0].rstrip() + "\n"
        for layer in environment.layers
        if layer.lock().is_file()
        for pin in PIN.finditer(layer.lock().read_text(encoding="utf-8"))
    }
    command = f"pip install --no-deps --require-hashes -r {environment.name}.txt"
    top = f"# Exactly the packages of {environment.name}, on Python {environment.python}:\n# {command}\n"
    return top + "".join(pins[name] for name in sorted(pins))


def without_markers(text: str) -> str:
    """Return code as a reader copies it: without the lines that mark sections for the pages."""
    return MARKER.sub("", text)


def _publish_code(file: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file.name).write_text(without_markers(file.read_text(encoding="utf-8")), encoding="utf-8")


def _publish_evidence(project: Project, job: Job, folder: Path) -> None:
    if not project.record(job):
        return  # evidence that cannot be read is not shown: its cells say why
    folder.mkdir(parents=True, exist_ok=True)
    for file in files_of(location(job.article, job.module, job.environment.name)):
        shutil.copyfile(file, folder / (f"{job.name}.txt" if file.suffix == ".log" else file.name))


def _code(project: Project, article: Article) -> list[Path]:
    """Return the check modules of an article and what they import of ours, each once."""
    files = (imported_files(article.folder / f"{module}.py", project.root) for module in article.modules)
    return list(dict.fromkeys(file for found in files for file in found))


def _write_source(project: Project, site: Path) -> None:
    """Write the files from which all that is laid beside the pages follows, but for the evidence, which lies there itself."""
    root = project.root
    kinds = ("checks/errors/*/*.py", "checks/errors/*/*.toml", "checks/environments/*/*", "checks/*.toml", "snippets/*.py")
    others = ("checks/atlas/*.py", "checks/atlas/*.toml", "docs/**/*.md", "mkdocs*.yml")
    found = [path for kind in (*kinds, *others) for path in root.glob(kind) if path.is_file()]
    found += [file for article in project.decided for file in _code(project, article)]
    files = {path.relative_to(root).as_posix(): path for path in found} | {"checks/probe.py": probe(root)}
    with zipfile.ZipFile(site / SOURCE, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, EPOCH), files[name].read_bytes(), zipfile.ZIP_DEFLATED)


def _write_bundles(project: Project, folder: Path) -> None:
    """Write a bundle for each job; for the atlas one an environment, where those of its jobs would differ in one small file."""
    of_atlas: dict[str, list[Job]] = {}
    for job in project.jobs:
        if job.article is project.atlas:
            of_atlas.setdefault(job.environment.name, []).append(job)
        else:
            _write_bundle(project, [job], command(job), folder / f"{code_name(job)}.zip")
    for name, jobs in of_atlas.items():
        _write_bundle(project, jobs, atlas_script(jobs[0]), folder / f"{name}.zip")


def _write_bundle(project: Project, jobs: Sequence[Job], script: str, target: Path) -> None:
    """Write the files with which a reader decides jobs of one environment: checks, snippets, locks, the command."""
    target.parent.mkdir(parents=True, exist_ok=True)
    job, files = jobs[0], {"run.sh": script + "\n"}
    code = (file for one in jobs for file in imported_files(one.article.folder / f"{one.module}.py", project.root))
    for file in dict.fromkeys(code):
        name = file.name if file.parent == job.article.folder else file.relative_to(project.root).as_posix()
        files[name] = without_markers(file.read_text(encoding="utf-8"))
    files["probe.py"] = (Path(__file__).parents[1] / "probe.py").read_text(encoding="utf-8")
    for prelude in job.environment.preludes:
        files[prelude.name] = prelude.read_text(encoding="utf-8")
    for number, layer in enumerate(job.environment.layers, start=1):
        for local in (False, True) if layer.toml.local_builds else (False,):
            if layer.lock(local).is_file():
                text, _ = split_lock(layer.lock(local).read_text(encoding="utf-8"))
                files[f"{number}-{layer.name}{'.local' if local else ''}.txt"] = text
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name in sorted(files):
            bundle.writestr(zipfile.ZipInfo(name, EPOCH), files[name])


def serve_site(root: Path, port: int, say: Callable[[str], None]) -> None:
    """Serve site/ at the port, or the next free one, until interrupted.

    Raises:
        Invalid: if nothing was built yet.
    """
    site = root / "site"
    if not (site / "index.html").is_file():
        raise Invalid([Problem("site/index.html", 1, "a site that was built", "none", "run: clinic build")])
    handler = functools.partial(_Quiet, directory=str(site))
    for candidate in _ports(port):
        try:
            server = ThreadingHTTPServer(("127.0.0.1", candidate), handler)
        except OSError:
            continue
        with server:
            say(f"http://127.0.0.1:{server.server_address[1]}/")
            server.serve_forever()


def _ports(first: int) -> Iterator[int]:
    yield from range(first, first + 50)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free: int = probe.getsockname()[1]
    yield free


class _Quiet(SimpleHTTPRequestHandler):
    """Serves files; text as UTF-8, and no line for each request."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".txt": "text/plain; charset=utf-8",
        ".py": "text/plain; charset=utf-8",
    }

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""
