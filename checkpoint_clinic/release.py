"""The order of versions, as PEP 440 has it: 5.0.0.dev0 < 5.0.0rc1 < 5.0.0 < 5.0.0.post1 < 5.1.0."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

_NUMBER = r"\d{1,18}"
_FORM = re.compile(
    rf"v?(?:(?P<epoch>{_NUMBER})!)?(?P<release>{_NUMBER}(?:\.{_NUMBER})*)"
    rf"(?:[-_.]?(?P<pre>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?P<pre_number>{_NUMBER})?)?"
    rf"(?P<post>-(?P<build>{_NUMBER})|[-_.]?(?:post|rev|r)[-_.]?(?P<post_number>{_NUMBER})?)?"
    rf"(?P<dev>[-_.]?dev[-_.]?(?P<dev_number>{_NUMBER})?)?"
    r"(?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?",
    re.IGNORECASE | re.ASCII,
)
_PRE = {"a": 0, "b": 1}  # alpha, beta; c, pre, preview and rc are one
_LAST = 10**19  # behind every number


@cache
def key(version: str) -> tuple[Any, ...] | None:
    """Return what orders versions and is equal for two ways to write one; None for a text that is no version."""
    found = _FORM.fullmatch(version.strip())
    if not found:
        return None
    numbers = [int(number) for number in found["release"].split(".")]
    while numbers[1:] and not numbers[-1]:
        numbers.pop()
    post = int(found["build"] or found["post_number"] or 0) if found["post"] else -1
    dev = int(found["dev_number"] or 0) if found["dev"] else _LAST
    pre = (_PRE.get(found["pre"][0].lower(), 2), int(found["pre_number"] or 0)) if found["pre"] else _no_pre(post, dev)
    local = re.sub(r"[-_]", ".", found["local"] or "").lower()
    return int(found["epoch"] or 0), tuple(numbers), pre, post, dev, local


def _no_pre(post: int, dev: int) -> tuple[int, int]:
    """A development version comes before the pre-releases; what has none of both, behind them."""
    return (-1, 0) if dev != _LAST and post < 0 else (3, 0)


def kind(version: str) -> str:
    """Return what a version names: `release` (a post-release, too), `pre`, `dev`, `local` (a build of one's own), or `none`."""
    found = _FORM.fullmatch(version.strip())
    if not found:
        return "none"
    return "local" if found["local"] else "dev" if found["dev"] else "pre" if found["pre"] else "release"
