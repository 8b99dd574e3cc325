"""What readers install: from a pasted log to an article, in a terminal. Standard library only, Python 3.10 or newer.

From a text to an answer:

log          a file or a pipe -> pieces of text
normalise    a pasted text without what terminals, loggers and mail programs put around its messages
match        pasted text -> the articles and look-alikes whose messages it holds
found        where in a block of lines a message stands, and what was found of it
nearest      a question in words -> the nearest articles
named        an article's id, slug or address -> the article
diagnosis    all of them together
mask         tokens, user names and hosts of a paste -> <token>, <user>, <host>
words        the words of an answer, in both languages
answer       a diagnosis in words

From installed versions and a model to what was measured of them:

release      the order of versions
seen         a program: what is installed for the Python that runs it
installed    which versions are installed: asked of a Python, or read from a text
config       a folder's config.json -> which architecture it says it is
atlas        the load atlas, by architecture and way
here         all of them together: measured, and how; or not measured, and why
told         that in words

In a training script (torch where it is used, nothing where it is not):

loads        a wrong load is stopped: VerifyLoad for transformers, Lightning, accelerate, and around from_pretrained
fixtures     the same for pytest

The command line:

library      dictionaries, articles and snippets, by name: installed, or made by the engine of a clone
console      what a terminal shows
command      parses, and starts one of commands/
skill        the SKILL.md that an agent reads
formats      an answer for people, for an agent, as JSON, as annotations of GitHub, as SARIF
server       commands as tools of the Model Context Protocol (the extra mcp)
started      a snippet, started as a program

normalise, match with found, nearest, named, diagnosis, mask and answer have a twin each for the browser,
overrides/assets/clinic/match.js and so on.
"""

from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Give `verify`, `VerifyLoad` and `WrongLoad` to who asks for them; who does not pays nothing."""
    if name in ("verify", "VerifyLoad", "WrongLoad"):
        from . import loads

        return getattr(loads, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
