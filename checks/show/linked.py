"""An article's JSON-LD (schema.org): what search engines and agents read of a page without reading it."""

from __future__ import annotations

import json
from typing import Any
from xml.etree.ElementTree import Element

from checkpoint_clinic.words import Language

from ..content.article import Article
from ..decide.plan import Project
from .addresses import CODES, article_address, site_address, site_words
from .badges import article_badge
from .render import element
from .source import page, read_source


def linked_data(project: Project, article: Article, language: Language) -> dict[str, Any]:
    """Return the object; what depends on the site's address is left out where that is not known."""
    address, site = article_address(article, language), site_address(language)
    _, run = article_badge(project, article, language)
    made = {
        "@context": "https://schema.org",
        "@type": "TechArticle",
        "identifier": article.id,
        "headline": article.title,
        "description": read_source(page(project.root, article, language)).front.get("description", ""),
        "inLanguage": CODES[language],
        "dateModified": str(run[1]) if run else "",
        "url": address,
        "isPartOf": _given({"@type": "WebSite", "name": site_words(project.root, language)["site_name"], "url": site}),
        "about": {"@type": "Thing", "name": article.toml.message},
        "citation": list(article.toml.reported),
    }
    return _given(made)


def script(data: dict[str, Any]) -> Element:
    """Return JSON-LD as an element. A text in it cannot end the element: `<`, `>` and `&` are written as escapes."""
    text = json.dumps(data, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return element("script", text, type="application/ld+json")


def _given(made: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in made.items() if value}
