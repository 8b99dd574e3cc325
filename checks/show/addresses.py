"""Where pages lie, and what the site is called: its addresses, the short ones of articles (/CC002/), robots.txt.

The Chinese pages lie in zh/ of the English ones, page by page. Without an address of the site every link is relative.
"""

from __future__ import annotations

import os
import re
from html import escape
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath

from checkpoint_clinic.words import LANGUAGES, Language

from ..content.article import Article
from ..decide.plan import Project
from .policy import meta

FOLDERS = {"en": "", "zh": "zh/"}  # of a language's pages, below the site's root
CODES = {"en": "en", "zh": "zh-Hans"}  # as HTML and feeds name a language
# Of the short pages: the same on each, so that one hash in the policy names it.
LEADS_ON = (
    "const { to } = document.currentScript.dataset;"
    " const claim = location.hash.includes('.') ? 'evidence/' : '';"
    " location.replace(to + claim + location.search + location.hash);"
)
_LINK = re.compile(r"(?<=\]\()(?![a-z]+:)(?P<file>[^)\s#]+\.md)(?P<hash>#[^)\s]*)?(?=\))")
_WORDS = re.compile(r"^(site_name|site_description): *(.*?) *$", re.MULTILINE)
_FENCE = re.compile(r"^\s*(```|~~~)")


def site_address(language: Language) -> str:
    """Return the address of a language's pages, which ends in a slash; empty if the site's is not known."""
    english = os.environ.get("CLINIC_SITE_URL", "")  # both as in mkdocs.yml
    given = os.environ.get("CLINIC_SITE_URL_ZH", "") if language == "zh" else english
    return _slashed(given) or (_slashed(english) + FOLDERS[language] if english else "")


def article_address(article: Article, language: Language) -> str:
    """Return the address of an article's page; empty if the site's is not known."""
    site = site_address(language)
    return f"{site}errors/{article.slug}/" if site else ""


def with_addresses(text: str, written: Path, root: Path, language: Language) -> str:
    """Return Markdown with its links to other pages' sources as links to the pages.

    `written` is the file in which the text was written. Absolute where the site's address is known; else relative to the
    folder in which the page is published.
    """
    place = PurePosixPath(written.relative_to(root / "docs" / language).as_posix())

    def linked(found: re.Match[str]) -> str:
        target = PurePosixPath(normpath(place.parent / found["file"]))
        site = site_address(language)
        address = f"{site}{_folder(target)}" if site else f"{relpath(_folder(target) or '.', _folder(place) or '.')}/"
        return address + (found["hash"] or "")

    lines, fenced = [], False
    for line in text.split("\n"):
        fenced ^= bool(_FENCE.match(line))
        lines.append(line if fenced else _LINK.sub(linked, line))
    return "\n".join(lines)


def site_words(root: Path, language: Language) -> dict[str, str]:
    """Return `site_name` and `site_description` of a language's pages, as the builders read them."""
    config = root / ("mkdocs.yml" if language == "en" else f"mkdocs.{language}.yml")
    found = dict(_WORDS.findall(config.read_text(encoding="utf-8"))) if config.is_file() else {}
    return {"site_name": "Checkpoint Clinic", "site_description": "", **found}


def write_addresses(project: Project, site: Path) -> None:
    """Write into a built site the short address of each article, in capital and small letters, and robots.txt."""
    policy = meta(project.root)
    for language in LANGUAGES:
        for article in project.articles:
            for name in (article.id, article.id.lower()):
                folder = site / FOLDERS[language] / name
                folder.mkdir(parents=True, exist_ok=True)
                (folder / "index.html").write_text(_short(article, language, policy), encoding="utf-8")
    maps = [f"Sitemap: {site_address(language)}sitemap.xml" for language in LANGUAGES if site_address(language)]
    lines = ["User-agent: *", "Allow: /", *([""] if maps else []), *maps]
    (site / "robots.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _short(article: Article, language: Language, policy: str) -> str:
    """Return a page that leads on: a claim's name behind # to the evidence, all else to the article."""
    target = escape(f"../errors/{article.slug}/")
    title, canonical = escape(article.title), escape(article_address(article, language)) or target
    return f"""<!doctype html>
<html lang="{CODES[language]}">
<meta charset="utf-8">
{policy}
<title>{title}</title>
<meta name="robots" content="noindex">
<link rel="canonical" href="{canonical}">
<script data-to="{target}">{LEADS_ON}</script>
<noscript><meta http-equiv="refresh" content="0; url={target}"></noscript>
<p><a href="{target}">{title}</a></p>
</html>
"""


def _folder(source: PurePosixPath) -> str:
    """Return the folder in which a page's source is published, below the language's root: empty for the first page."""
    place = source.parent if source.name == "index.md" else source.with_suffix("")
    return "" if str(place) == "." else f"{place}/"


def _slashed(address: str) -> str:
    return f"{address.rstrip('/')}/" if address else ""
