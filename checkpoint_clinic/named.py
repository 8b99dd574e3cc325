"""A text that is nothing but an article's name: its id, its slug, or its address. Twin: overrides/assets/clinic/named.js."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

LONGEST = 1000  # characters of an address
_TOKEN = re.compile(r"""^[ \t\r\n"'`<>()\[\]]*([^ \t\r\n"'`<>()\[\]]+)[ \t\r\n"'`<>()\[\].,;:!?]*$""")
_TAIL = re.compile(r"[?#].*$")  # of an address: a claim, a section
_ENDING = re.compile(r"[.,;:!?]+$|\.(?:md|json|html)$")


def named(text: str, articles: Iterable[dict[str, Any]]) -> str | None:
    """Return the id of the article that a text names; None if it says anything else."""
    token = _TOKEN.match(text) if len(text) <= LONGEST else None
    if token is None:
        return None
    ids = {name: article["id"] for article in articles for name in (article["id"].lower(), article["slug"])}
    for part in reversed(_TAIL.sub("", token[1]).split("/")):
        if found := ids.get(_ENDING.sub("", part).lower()):
            return str(found)
    return None
