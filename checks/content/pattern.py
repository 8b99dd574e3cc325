"""A signature's regular expression: what both engines read alike, in linear time, and its form for text that was wrapped.

The pattern is written once, in the syntax that Python and JavaScript share. It is run on a few lines around its literal
part, never on a whole log; `tolerant` bounds each of its repeats, and `refusals` says what could still make an attempt
take more than a small multiple of its text: repeats or alternatives inside repeats, and a repeat that shares characters
with what follows it and then with another repeat.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any
from warnings import catch_warnings, simplefilter

LIMIT = 400  # characters that one repeat may take: longer than any parameter's name, and than most paths
_PARSER: Any = import_module("re._parser")  # the standard library's parser; it has no public name since Python 3.11
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT")
_HOLDS = (*_REPEATS, "SUBPATTERN", "BRANCH")
_QUANTIFIERS, _BRACKETS = ("?", "*", "+", "{"), ("\\[", "\\(", "\\)", "\\]")
_BAR = "\ue000"  # stands for `|`: the parser turns some alternatives into something better, which JavaScript does not
Item = tuple[Any, Any]  # the parser's: an operation and its value
Characters = frozenset[int]

_ALL: Characters = frozenset(range(129))  # ASCII, and 128 for any other character
_ONE: list[Characters] = [frozenset({code}) for code in range(129)]
_CATEGORIES = {
    "CATEGORY_DIGIT": frozenset(map(ord, "0123456789")),
    "CATEGORY_WORD": frozenset(code for code in range(128) if chr(code).isalnum() or chr(code) == "_"),
}
_NOT_SHARED = {
    "ASSERT": "looks ahead or behind",
    "ASSERT_NOT": "looks ahead or behind",
    "GROUPREF": "refers back to a group",
    "GROUPREF_EXISTS": "depends on a group",
    "ATOMIC_GROUP": "has an atomic group",
    "POSSESSIVE_REPEAT": "has a possessive repeat",
    "AT": "is anchored (write it without ^, $, \\b)",
}


def tolerant(pattern: str) -> str:
    """Return the pattern with each space optional, one allowed around brackets and in `torch.Size`, each repeat bounded.

    A terminal wraps lines anywhere and drops the space at which it does; joined again, the text may lack it. What reads
    text from a picture puts spaces around brackets.
    """
    tokens = [("", False), *_tokens(pattern), ("", False)]
    out = [""]
    for (before, _), (part, inside), (after, _) in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if inside:
            out.append(part)
            continue
        repeated = after[:1] in _QUANTIFIERS
        if part in _BRACKETS[1:] and not repeated and before not in ("", " ", *_QUANTIFIERS) and out[-1] != " ?":
            out.append(" ?")
        if part == " " and not repeated:
            out.append(" ?")
        elif part in ("+", "*"):
            out.append(f"{{{int(part == '+')},{LIMIT}}}")
        else:
            out.append(part)
        spaced = part in _BRACKETS or (part == "\\." and before.isalpha() and after.isalpha())
        if spaced and not repeated and after not in ("", " "):
            out.append(" ?")
    return "".join(out)


def _tokens(pattern: str) -> Iterator[tuple[str, bool]]:
    """Yield characters, escapes, bounds and the beginnings of classes, each with whether it stands inside a class."""
    inside = False
    for part in re.findall(r"\\.|\[\^?\]?|\{\d+(?:,\d*)?\}|.", pattern, re.DOTALL):
        if not inside:
            yield part, False
            inside = part[0] == "["
            continue
        for character in [part] if part[0] == "\\" else part:  # a bracket is a character here, and what follows may be the end
            yield character, inside
            inside = inside and character != "]"


def refusals(pattern: str) -> list[str]:
    """Return what speaks against a pattern, as parts of a sentence; none if both engines can run it in linear time."""
    try:
        with catch_warnings():
            simplefilter("error", FutureWarning)  # what Python will read otherwise, such as a bracket in a class
            _parse(pattern)
            parsed = _parse(tolerant(pattern))
    except (re.error, FutureWarning) as error:
        return [f"is no regular expression ({error})"]
    found = dict.fromkeys(_dialect(parsed))
    if re.search(r"\(\?[a-zA-Z-]+[:)]", pattern):
        found["sets flags"] = None
    if re.search(r"\\[sSuxN]|[\t\n]", pattern):
        found["names white space or a code point (only single spaces are left when it is run: write a space, or [^ ])"] = None
    found |= dict.fromkeys(
        f"has {part}, which JavaScript does not read (escape only ^$\\.*+?()[]{{}}|/ and, in a class, -)"
        for part, inside in _tokens(pattern)
        if (part[0] == "\\" and part[1] not in "wdWD^$\\.*+?()[]{}|/" + "-" * inside)
        or (part in ("]", "{", "}") and not inside)
    )
    if "|" in pattern and _BAR in _repeated(_parse(_with_bars(pattern))):
        found["has alternatives inside a repeat (write a class of characters)"] = None
    if not found:
        found |= dict.fromkeys(_Open().after(parsed, [], _ALL)[1])
    return list(found)


def _with_bars(pattern: str) -> str:
    return "".join(_BAR if part == "|" and not inside else part for part, inside in _tokens(pattern))


def _parse(pattern: str) -> list[Item]:
    return list(_PARSER.parse(pattern, re.ASCII))


def _repeated(parsed: Iterable[Item], within: bool = False) -> set[str]:
    """Return the literal characters that stand inside a repeat."""
    found: set[str] = set()
    for operation, value in parsed:
        name = str(operation)
        if name in _REPEATS:
            found |= _repeated(value[2], within or int(value[1]) > 1)
        elif name == "SUBPATTERN":
            found |= _repeated(value[3], within)
        elif name == "LITERAL" and within:
            found.add(chr(value))
    return found


def _dialect(parsed: Iterable[Item], within: bool = False) -> Iterator[str]:
    """Yield what the two languages do not share, and what a repeat may not hold."""
    for operation, value in parsed:
        name = str(operation)
        if name in _NOT_SHARED:
            yield _NOT_SHARED[name]
        elif name == "SUBPATTERN":
            yield from _dialect(value[3], within)
        elif name == "BRANCH":
            for branch in value[1]:
                yield from _dialect(branch, within)
        elif name in _REPEATS:
            low, high, body = value
            if within and low != high:
                yield "has a repeat inside a repeat"
            if int(high) > LIMIT:
                yield f"repeats more than {LIMIT} times"
            yield from _dialect(body, within or int(high) > 1)


class _Open:
    """Follows the repeats that can give characters back to what comes after them, until something they cannot hold comes.

    A repeat is told by the characters that it can hold: of several that can hold the same, one says all.
    """

    def after(self, parsed: list[Item], opened: list[Characters], follows: Characters) -> tuple[list[Characters], list[str]]:
        """Return the repeats that are still open at the end of a part of the pattern, and what was found on the way."""
        found: list[str] = []
        for number, item in enumerate(parsed):
            if str(item[0]) not in _HOLDS:
                characters = _characters(item)
                opened = [one for one in opened if one & characters]
                continue
            first, empty = _first(parsed[number + 1 :])
            opened, more = self._holding(item, opened, first | follows if empty else first)
            found += more
        return opened, found

    def _holding(self, item: Item, opened: list[Characters], follows: Characters) -> tuple[list[Characters], list[str]]:
        name, value = str(item[0]), item[1]
        if name == "SUBPATTERN":
            return self.after(list(value[3]), opened, follows)
        if name == "BRANCH":
            ways = [self.after(list(branch), opened, follows) for branch in value[1]]
            open_ways = dict.fromkeys(one for way, _ in ways for one in way)
            return list(open_ways), list(dict.fromkeys(problem for _, more in ways for problem in more))
        low, high, body = value
        if int(high) == 1 or low == high:
            left, found = self.after(list(body), opened, follows)
            return (list(dict.fromkeys([*left, *opened])) if low == 0 else left), found  # else twice as many at each group
        own = _all_of(list(body))
        if any(one & own for one in opened):
            return opened, ["has two repeats that can share characters (put something between them that neither can hold)"]
        return [*([] if low else opened), *([own] if own & follows else [])], []


def _first(parsed: Iterable[Item]) -> tuple[Characters, bool]:
    """Return the characters with which a sequence can begin, and whether it can be empty."""
    found: Characters = frozenset()
    for operation, value in parsed:
        name = str(operation)
        if name == "SUBPATTERN":
            first, empty = _first(value[3])
        elif name == "BRANCH":
            firsts = [_first(branch) for branch in value[1]]
            first, empty = frozenset().union(*(one for one, _ in firsts)), any(empty for _, empty in firsts)
        elif name in _REPEATS:
            first, empty = _first(value[2])
            empty = empty or value[0] == 0
        else:
            first, empty = _characters((operation, value)), False
        found |= first
        if not empty:
            return found, False
    return found, True


def _all_of(parsed: list[Item]) -> Characters:
    """Return every character that a sequence can hold."""
    found: Characters = frozenset()
    for operation, value in parsed:
        name = str(operation)
        if name == "SUBPATTERN":
            found |= _all_of(list(value[3]))
        elif name == "BRANCH":
            found = found.union(*(_all_of(list(branch)) for branch in value[1]))
        elif name in _REPEATS:
            found |= _all_of(list(value[2]))
        else:
            found |= _characters((operation, value))
    return found


def _characters(item: Item) -> Characters:
    """Return the characters that one item matches."""
    name, value = str(item[0]), item[1]
    if name == "LITERAL":
        return _ONE[min(int(value), 128)]
    if name == "NOT_LITERAL":
        return _ALL - {value}
    if name == "RANGE":
        return frozenset(min(code, 128) for code in range(value[0], min(value[1], 128) + 1))
    if name == "CATEGORY":
        category = str(value)
        plain = _CATEGORIES.get(category.replace("NOT_", ""), _ALL)
        return _ALL - plain if "NOT_" in category else plain
    if name == "IN":
        negated = str(value[0][0]) == "NEGATE"
        found = frozenset().union(*(_characters(one) for one in value[negated:]))
        return _ALL - found if negated else found
    return _ALL
