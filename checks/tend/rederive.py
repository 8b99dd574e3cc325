"""What a published site claims, derived again from its own files: evidence, environments, the source that lies beside them.

The pages' JSON and Markdown, the badges, signatures, feeds, downloads: everything that follows from these files has to be
there byte for byte. Of the pages' HTML the badges are compared. Whom to trust is this clone's policy, never the site's.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from checkpoint_clinic.words import LANGUAGES

from ..content.atlas import SLUG as ATLAS
from ..content.problem import Invalid
from ..decide.evidence import Unreadable, adopt, location, read
from ..decide.incoming import statements
from ..decide.plan import Project, load_project
from ..decide.policy import FILE as POLICY
from ..show.addresses import FOLDERS
from ..show.publish import SOURCE, lay_beside
from ..show.render import Pages, to_html

MADE = (
    "evidence/*/*",
    "badges/*",
    "environments/*/*",
    "downloads/**/*",
    "osv/*",
    "atlas/*.json",
    "atlas/*.svg",
    "zh/atlas/*.svg",
)  # where nothing else lies


def differences(site: Path, policy: Path | None) -> tuple[list[str], Project | None]:
    """Return in what the site's files differ from what they should be, and the project that its evidence is of."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "clinic"
        try:
            project = _project(site, root, policy)
        except (Invalid, OSError, ValueError, zipfile.BadZipFile, zlib.error, KeyError, NotImplementedError) as error:
            return [f"{SOURCE}: what it holds is no project: {str(error).strip().splitlines()[0]}"], None
        with _addresses(site):
            found = _compare(project, site, Path(folder) / "now")
            if found and (young := _while_all_was_young(project)):
                found = _compare(young, site, Path(folder) / "then")  # nobody has built it since
        return sorted({*found, *_unreadable(project, site)}), project


def _project(site: Path, root: Path, policy: Path | None) -> Project:
    """Lay out a project from a site's own files."""
    with zipfile.ZipFile(site / SOURCE) as archive:
        archive.extractall(root)  # reads every member whole, and leaves no other place than `root`
    (root / POLICY).unlink(missing_ok=True)
    if policy:
        shutil.copyfile(policy, root / POLICY)
    for path in statements(site / "evidence"):
        folder = root / "checks" / (path.parent.name if path.parent.name == ATLAS else f"errors/{path.parent.name}")
        adopt(folder / "evidence" / path.name, path)
    return load_project(root)


def _compare(project: Project, site: Path, made: Path) -> list[str]:
    made.mkdir()
    lay_beside(project, made)
    expected = {path.relative_to(made) for path in made.rglob("*") if path.is_file()}
    found = [f"{path}: it says something else" for path in expected if _data(site / path) != _data(made / path)]
    there = {path.relative_to(site) for place in MADE for path in site.glob(place) if path.is_file()}
    found += [f"{path}: nothing that follows from the site's own files" for path in there - expected]
    return found + [f"{page}: its badge says something else" for page in _pages_with_another_badge(project, site)]


def _data(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _pages_with_another_badge(project: Project, site: Path) -> Iterator[str]:
    for language in LANGUAGES:
        pages = Pages(project, language, "")
        for article in project.articles:
            for page, link in (
                ("", "evidence/"),
                ("evidence/", f"{'../' * (4 if language == 'zh' else 3)}badges/{article.slug}.svg"),
            ):
                name = f"{FOLDERS[language]}errors/{article.slug}/{page}index.html"
                if to_html(pages.badge(article, link)).encode() not in (_data(site / name) or b""):
                    yield name


def _unreadable(project: Project, site: Path) -> Iterator[str]:
    for path in statements(site / "evidence"):
        article = project.article(path.parent.name)
        module, _, environment = path.stem.partition("@")
        try:
            read(location(article, module, environment) if article else path)
        except Unreadable as error:
            yield f"{path.relative_to(site)}: {error}"


def _while_all_was_young(project: Project) -> Project | None:
    """Return the project at the last moment before an answer became too old; None if none has."""
    ends = [
        judged.outcome.recorded + timedelta(days=cell.article.toml.expires_days)
        for cell in project.cells()
        if (judged := project.judge(cell)).outcome
    ]
    ended = [end for end in ends if end < project.time]
    return Project(project.root, project.articles, project.environments, min(ended), project.atlas) if ended else None


@contextlib.contextmanager
def _addresses(site: Path) -> Iterator[None]:
    """Use the addresses with which the site was built, as its own lists of articles have them."""
    names = {"en": "CLINIC_SITE_URL", "zh": "CLINIC_SITE_URL_ZH"}
    before = {name: os.environ.pop(name, None) for name in names.values()}
    try:
        for language, name in names.items():
            with contextlib.suppress(OSError, ValueError, KeyError, IndexError, TypeError):
                first = json.loads((site / FOLDERS[language] / "articles.json").read_bytes())["articles"][0]
                address = first["url"].removesuffix(f"errors/{first['slug']}/")
                if address.startswith("https://"):
                    os.environ[name] = address
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
