"""What the package knows: dictionaries, articles and snippets, each a file by name.

    about.json                      site: the address of each language's pages, empty where none was given
    signatures.json                 what recognises messages
    words.json                      the articles' words, counted, for questions in words
    articles.json                   each article's id, slug, message, harm, title, answer; the names of the snippets
    articles/CC001.en.md            an article, in each language
    articles/CC001.evidence.en.md   its evidence: every claim, every version, every run
    articles/CC001.en.json          both as one object, of the form `article` in schema.json
    snippets/NAME.py                what readers copy, byte for byte

They are made when the wheel is built. In a clone of the project the engine makes them as they are asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from .atlas import Atlas
from .diagnosis import Diagnoser
from .words import Language


class Library:
    """Reads the files by a function from name to text, whatever lies behind it; raises KeyError for a name that is none."""

    def __init__(self, read: Callable[[str], str]) -> None:
        self._read = read

    @cached_property
    def about(self) -> dict[str, Any]:
        """What was given when this was built: addresses."""
        return self._json("about.json")

    @cached_property
    def articles(self) -> list[dict[str, Any]]:
        """The articles in the order of their ids."""
        return list(self._json("articles.json")["articles"])

    @cached_property
    def snippets(self) -> list[str]:
        """The names of the snippets."""
        return list(self._json("articles.json")["snippets"])

    @cached_property
    def diagnoser(self) -> Diagnoser:
        """What answers a log or a question."""
        return Diagnoser(self._json("signatures.json"), self._json("words.json"))

    @cached_property
    def atlas(self) -> Atlas:
        """The load atlas; without architectures where the project has none."""
        return Atlas(self._json("atlas.json"))

    def article(self, name: str) -> dict[str, Any] | None:
        """Return the article of an id or a slug, in small or capital letters; None if there is none."""
        wanted = name.casefold()
        return next((one for one in self.articles if wanted in (one["id"].casefold(), one["slug"])), None)

    def text(self, article: dict[str, Any], language: Language) -> str:
        """Return the article as Markdown."""
        return self._read(f"articles/{article['id']}.{language}.md")

    def evidence(self, article: dict[str, Any], language: Language) -> str:
        """Return the page of the article's evidence as Markdown."""
        return self._read(f"articles/{article['id']}.evidence.{language}.md")

    def data(self, article: dict[str, Any], language: Language) -> dict[str, Any]:
        """Return the article with its claims as one object."""
        return self._json(f"articles/{article['id']}.{language}.json")

    def snippet(self, name: str) -> str | None:
        """Return a snippet's text by its name, with or without `.py`; None if there is none."""
        name = name if name.endswith(".py") else f"{name}.py"
        return self._read(f"snippets/{name}") if name in self.snippets else None

    def site(self, language: Language) -> str:
        """Return the address of the pages in a language; empty if none was given when this was built."""
        return str(self.about["site"][language])

    def _json(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._read(name))
        return found


def installed(folder: Path) -> Library:
    """Return the library of an installed package, whose files lie in `folder`."""
    return Library(lambda name: (folder / name).read_bytes().decode("utf-8"))


def url(site: str, article: dict[str, Any]) -> str:
    """Return where an article can be read: its page, or the command that shows it."""
    return f"{site.rstrip('/')}/errors/{article['slug']}/" if site else f"clinic explain {article['id']}"
