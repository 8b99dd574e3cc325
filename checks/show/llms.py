"""llms.txt, in the form of llmstxt.org: what a language's pages are, and where a program finds each as Markdown or JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from checkpoint_clinic.words import LANGUAGES, Language

from ..content.words import say
from ..decide.plan import Project
from .addresses import FOLDERS, site_address, site_words
from .feed import NAME as FEED
from .source import page, read_source


def llms(project: Project, language: Language) -> str:
    """Return the text."""
    return "\n".join(_lines(project, language)) + "\n"


def write_llms(project: Project, site: Path) -> None:
    """Write the text of each language into a built site."""
    for language in LANGUAGES:
        (site / FOLDERS[language] / "llms.txt").write_text(llms(project, language), encoding="utf-8")


def _lines(project: Project, language: Language) -> Iterator[str]:
    site, words = site_address(language), site_words(project.root, language)
    top = site_address("en") or "../" * FOLDERS[language].count("/")
    articles = sorted(project.articles, key=lambda article: article.id)
    yield f"# {words['site_name']}\n\n> {words['site_description']}\n\n{say(language, 'llms how')}\n"
    yield f"## {say(language, 'llms articles')}\n"
    for article in articles:
        answer = read_source(page(project.root, article, language)).front.get("description", "")
        yield f"- [{_label(article.title)}]({site}errors/{article.slug}/index.md): {answer}"
    yield f"\n## {say(language, 'llms data')}\n"
    for place, name in ((site, "articles.json"), (top, "signatures.json"), (top, "schema.json"), (top, "osv/index.json")):
        yield f"- [{name}]({place}{name}): {say(language, f'llms {name}')}"
    if project.atlas:
        yield f"- [atlas.json]({top}atlas/atlas.json): {say(language, 'llms atlas')}"
    yield f"- [{FEED}]({site}{FEED}): {say(language, 'llms feed')}"
    yield "\n## Optional\n"  # the name is the form's own: what may be left out
    for article in articles:
        yield f"- [{article.id}]({site}errors/{article.slug}/evidence/index.md): {say(language, 'llms evidence')}"
        data = f"{site}errors/{article.slug}/{article.slug}.json"
        yield f"- [{article.slug}.json]({data}): {say(language, 'llms article')}"


def _label(title: str) -> str:
    """Return a title as a link's text: its brackets escaped."""
    return title.replace("[", "\\[").replace("]", "\\]")
