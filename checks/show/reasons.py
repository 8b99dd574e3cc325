"""Why a status is what it is, and why a sentence is false there, in the language of a page.

The engine's own words are said in both languages; a check's, which are English, as the article's notes have them in
Chinese. What a program printed stays as it was printed.
"""

from __future__ import annotations

import re

from checkpoint_clinic.words import Language

from ..content.article import Article
from ..content.words import WORDS, say
from ..decide.evidence import Judgement

_DAY = r"(\d{4}-\d\d-\d\d)"
_ANSWERS = (  # behind these a check's own reason may follow
    (rf"observed (\w+) on {_DAY}", "why observed"),
    (r"expected (\w+), observed (\w+)", "why expected"),
    (r"(undecided)", "why undecided"),
)
_OTHERS = (  # the other reasons of `judge` in decide/evidence.py
    (r"not run yet", "never run"),
    (r"not run yet on a machine with a CUDA device", "why no device"),
    (r"not run yet: the claim is newer than the evidence", "why newer"),
    (rf"recorded in the future \({_DAY}\)", "why future"),
    (r"changed since the run: (.+)", "why changed"),
    (r"imported differs from pinned: (.+)", "why imported"),
    (r"needs an attestation by (.+)", "why needs"),
    (rf"older than (\d+) days \({_DAY}\)", "why older"),
)


def why(article: Article, judged: Judgement, language: Language) -> str:
    """Return the reason for a cell's status; as it is where nobody has written it in this language."""
    for pattern, key in _OTHERS:
        if found := re.fullmatch(pattern, judged.reason):
            return say(language, key, *(_vouchers(found[1], language) if key == "why needs" else one for one in found.groups()))
    for pattern, key in _ANSWERS:
        if found := re.fullmatch(rf"{pattern}(?:: (?P<note>.*))?", judged.reason, re.DOTALL):
            *said, told = found.groups()
            words = say(language, key, *(say(language, one) if one in WORDS else one for one in said))
            return words + (say(language, "colon") + note(article, told, language) if told else "")
    return judged.reason


def _vouchers(told: str, language: Language) -> str:
    """Return by whom an attestation is needed, in the language of the page."""
    said = []
    for one in told.split(" or "):
        kind = re.fullmatch(r"(the key|the workflow) (\S+)", one)
        said.append(say(language, f"why {kind[1]}", kind[2]) if kind else say(language, f"why {one}"))
    return say(language, "why or").join(said)


def note(article: Article, reason: str, language: Language) -> str:
    """Return what a check said in this language; as it is where no note of the article fits."""
    notes = article.toml.note if language == "zh" else ()
    found = ((one, one.match(reason)) for one in notes)
    return next((one.zh.format(*fits.groups()) for one, fits in found if fits), reason)
