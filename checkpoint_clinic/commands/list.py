"""`clinic list`: the articles and the snippets."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..command import print_json, written
from ..console import Line, line, show
from ..library import Library, url
from ..words import say

HELP = "List the articles by their messages, and the snippets."
SCHEMA = Path(__file__).parents[1] / "schema.json"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("--schema", action="store_true", help="print the JSON schema of what --json prints, of every command")


def run(given: argparse.Namespace, library: Library) -> int:
    """Print the list."""
    if given.schema:
        schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
        return written(0, lambda: print_json(schema))
    articles = [
        {
            **{key: one[key] for key in ("id", "slug", "message", "harm")},
            **{key: one[key][given.language] for key in ("title", "answer")},
            "url": url(library.site(given.language), one),
        }
        for one in library.articles
    ]
    value = {"version": 1, "language": given.language, "articles": articles, "snippets": library.snippets}
    return written(0, lambda: print_json(value) if given.as_json else show(_lines(value)))


def _lines(value: dict[str, Any]) -> Iterator[Line]:
    for one in value["articles"]:
        yield line(("bold", one["title"]), "  ", ("yellow", say(value["language"], f"harm {one['harm']}")))
        yield line(f"  {one['answer']}")
        yield line("  ", ("dim", say(value["language"], "read on", one["url"])))
        yield line()
    yield line(("dim", "clinic snippet NAME: "), ", ".join(value["snippets"]))
