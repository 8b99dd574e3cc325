"""The load atlas as readers see it: a table for each way, neighbours with the same outcome one cell; what was silent on top.

A cell is a link to the log of its newest release; overrides/assets/clinic/atlas.js opens it to all that was seen. On a phone
the same cells stand below their architecture, each with the releases that it is of.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from checkpoint_clinic.words import Language

from ..content.atlas import SLUG, Architecture, Atlas
from ..content.words import all_words, say
from ..decide.plan import Project
from .atlas import KINDS, LOADED, OTHER, Outcome, Row, Run, Silent, Table, agreement, counts, newer, silent, tables, unlike
from .once import once
from .render import Child, Pages, element, marked

FIRST = 8  # things that went wrong without a word, before the others are folded
WORDED = 0.11  # of a row's columns: from there on a cell has room for its word


def atlas_page(pages: Pages) -> Element:
    """Return the whole atlas; where there is none, the sentence that says so."""
    made, atlas = tables(pages.project), pages.project.atlas
    if not atlas or not counts(pages.project).keys() - {"not run"}:
        return element("p.clinic-atlas", pages.say("atlas none"))
    return _section(
        pages,
        _counted(pages),
        _newer(pages),
        *_silent(pages),
        *_yours(pages),
        _ways(pages, made),
        *(_way(pages, [table for table in made if table.way is first.way]) for first in made if first.is_first),
        _about(pages, atlas),
        whole="",
    )


def atlas_part(pages: Pages, name: str) -> Element:
    """Return what an article shows: one architecture in every way, or what was silent in one way.

    Raises:
        KeyError: if the atlas has neither such a way nor such an architecture; with the names that it has.
    """
    made = tables(pages.project)
    if way := next((table for table in made if table.way.module == name), None):
        rows = [row for row in way.rows if row.harm]
        if not way.counts.keys() - {"not run"}:
            return element("p.clinic-atlas", pages.say("atlas none"))
        none = element("p", pages.say("atlas nothing silent", _words(pages, way)))
        return _section(pages, _table(pages, way, rows) if rows else none, _whole(pages, f"#{name}"))
    chosen = [one for one in (pages.project.atlas.architectures if pages.project.atlas else ()) if name in _names(one)]
    if not chosen or not made:
        raise KeyError(", ".join(atlas_names(pages.project)) or "nothing: there is no atlas")
    parts = [part for one in chosen for part in _architecture(pages, one, made)]
    return _section(pages, *parts, _whole(pages, ""))


def atlas_names(project: Project) -> list[str]:
    """Return the names of which `/// atlas` shows a part: the ways and the architectures."""
    atlas = project.atlas
    names = (
        [*(way.module for way in atlas.ways), *(name for one in atlas.architectures for name in _names(one))] if atlas else []
    )
    return list(dict.fromkeys(names))


def _names(one: Architecture) -> tuple[str, ...]:
    return one.module, one.model_type


def atlas_lines(pages: Pages, name: str) -> Iterator[str]:
    """Yield the same as plain Markdown: a line for each row, with the ranges of its releases.

    Raises:
        KeyError: as `atlas_part`.
    """
    for row in _row(atlas_part(pages, name)):
        yield f"- {row}"


def _row(made: Element) -> Iterator[str]:
    for row in made.iterfind(".//tbody/tr"):
        cells = (" ".join(filter(None, (text.strip() for text in cell.itertext()))) for cell in row.iterfind("td"))
        yield f"{''.join(row.find('th').itertext())}: {'; '.join(cells)}"  # type: ignore[union-attr]


def _section(pages: Pages, *children: Child, **data: str) -> Element:
    """Return what atlas.js finds: its words, and where atlas.json, the logs and the bundles lie."""
    words = {key: text for key, text in all_words(pages.language).items() if key.startswith("atlas ")}
    given = {f"data_{key}": value for key, value in data.items()}
    said = json.dumps(words, ensure_ascii=False)
    return element("div.clinic-atlas", *children, data_top=pages.top, data_language=pages.language, data_words=said, **given)


def _whole(pages: Pages, place: str) -> Element:
    return element("p.clinic-fetched", element("a", pages.say("atlas whole"), href=f"{pages.up}{SLUG}/{place}"))


def _counted(pages: Pages) -> Element:
    """Return how many cells have each outcome; it is the key to the signs as well."""
    found = once(pages.project, lambda: counts(pages.project), "atlas counts")
    entries: list[Child] = []
    for kind in (*KINDS, "not run"):
        entries.append(element("li", _key(pages, kind), f" {found[kind]}", element("small", pages.say(f"atlas means {kind}"))))
    return element("ul.clinic-atlas-keys", *entries)


def _newer(pages: Pages) -> Element | None:
    release = newer(pages.project)
    return element("p.clinic-too-old", pages.say("atlas newer", f"{LOADED} {release}")) if release else None


def _silent(pages: Pages) -> list[Element]:
    found = once(pages.project, lambda: silent(pages.project), "atlas silent")
    heading = element("h2", pages.say("atlas silent first"), id="silent")
    if not found:
        return [heading, element("p", pages.say("atlas silent nowhere"))]
    items = [_finding(pages, one) for one in found]
    listed = element("ul.clinic-atlas-silent", *items[:FIRST])
    if len(items) <= FIRST:
        return [heading, listed]
    more = element("summary", pages.say("atlas more", len(items) - FIRST))
    return [heading, listed, element("details", more, element("ul.clinic-atlas-silent", *items[FIRST:]))]


def _finding(pages: Pages, one: Silent) -> Element:
    comma, where = pages.say("fact comma"), _releases(pages, one.table, one.labels)
    ways: list[Child] = []
    for way in one.ways:
        ways += [comma if ways else "", element("a", getattr(way.words, pages.language), href=f"#{way.module}")]
    told = comma.join(f"{architecture.title} {_amount(pages, outcome)}" for architecture, outcome in one.found)
    told = pages.say("atlas wrong") + told if any(outcome.of for _, outcome in one.found) else told
    return element("li", element("strong", where), " · ", *ways, element("br"), told)


def _amount(pages: Pages, outcome: Outcome) -> str:
    if outcome.of:
        return pages.say("atlas differ", outcome.differ, outcome.of)
    return pages.say("atlas unused", outcome.unused)


def _releases(pages: Pages, table: Table, labels: Sequence[str]) -> str:
    told = labels[0] if len(labels) == 1 else pages.say("range", labels[0], labels[-1], len(labels))
    told = f"{_columns(table)} {told}"
    return pages.say("atlas on gpu", told) if table.on_gpu else told


def _columns(table: Table) -> str:
    """Return what a table's labels are the versions of; of the other side of two, too, they are transformers and PEFT."""
    names = (LOADED if name == OTHER else name.removeprefix(f"{OTHER}_") for name in table.columns.split(" · "))
    return " · ".join(names)


def _yours(pages: Pages) -> list[Element]:
    """Return the field for what is installed at the reader's; without a script, what to do instead."""
    field = element(
        "textarea",
        id="clinic-installed",
        rows="2",
        placeholder=pages.say("atlas placeholder"),
        autocomplete="off",
        autocapitalize="off",
        spellcheck="false",
        translate="no",
    )
    label = element("label", *marked(pages.say("atlas label")), for_="clinic-installed")
    private = element("p.clinic-private", pages.say("ask private"))
    form = element("form.clinic-paste", label, field, private)
    answer = element("div.clinic-atlas-answer", role="status", aria_live="polite")
    without = element("noscript", element("p", pages.say("atlas without")))
    return [element("h2", pages.say("atlas yours"), id="yours"), form, without, answer]


def _ways(pages: Pages, made: Sequence[Table]) -> Element:
    """Return the links to the ways; with the script each shows its own alone."""
    links = [(pages.say("atlas all ways"), "ways"), *((_words(pages, table), table.place) for table in made if table.is_first)]
    items = (element("li", element("a", text, href=f"#{place}")) for text, place in links)
    return element("nav.clinic-atlas-ways", element("ul", *items), id="ways", aria_label=pages.say("atlas ways"))


def _way(pages: Pages, made: Sequence[Table]) -> Element:
    """Return a way's heading, and for each family of environments what its cells say, and its table."""
    heading = element("h2", _words(pages, made[0]), id=made[0].place)
    parts = [part for table in made for part in (_told(pages, table, made[0]), _shown(pages, table, made[0]))]
    return element("section", heading, *parts, data_way=made[0].place)


def _shown(pages: Pages, table: Table, first: Table) -> Element | None:
    """Return a way's first table; of another one the rows that are not as in the first, folded, if there are any."""
    if table is first:
        return _table(pages, table, table.rows)
    rows = [row for row in table.rows if any(unlike(row, first).outcomes)]
    if not rows:
        return None
    summary = element("summary", pages.say("atlas sample table", len(rows)))
    return element("details", summary, _table(pages, table, rows))


def _told(pages: Pages, table: Table, first: Table) -> Element:
    found = table.counts
    told: list[Child] = []
    if table is not first:
        others, what = _others(pages, first), table.columns
        if table.on_gpu:
            others, what = pages.say("atlas on cpu", others), _releases(pages, table, table.labels)
        told += [
            element("strong", pages.say("atlas sample", what)),
            " ",
            *_agreement(pages, table, first, others),
            element("br"),
        ]
    elif OTHER in table.columns:
        told += [pages.say("atlas columns", _columns(table)), " "]
    for kind in (*KINDS, "not run"):
        told += [_key(pages, kind), f" {found[kind]}  "] if found[kind] else []
    if table.others and found.total() > found["not run"]:
        told += ["· ", pages.say("atlas with", _others(pages, table))]
    told += [" · ", element("a", pages.say("atlas picture"), href=f"{table.place}.svg")]
    return element("p.clinic-private", *told)


def _agreement(pages: Pages, table: Table, first: Table, others: str) -> list[Child]:
    same, known = agreement(table, first)
    if same == known:
        return [pages.say("atlas as first", known, others), " "] if known else []
    return [pages.say("atlas not as first", known - same, known, others), " "]


def _others(pages: Pages, table: Table) -> str:
    return pages.say("fact comma").join(
        pages.say("atlas other release", version) if name == OTHER else f"{name} {version}" for name, version in table.others
    )


def _key(pages: Pages, kind: str) -> Element:
    name = "none" if kind == "not run" else kind
    return element(f"span.clinic-atlas-key.{name}", pages.say(f"atlas {kind}"))


def _words(pages: Pages, table: Table) -> str:
    return str(getattr(table.way.words, pages.language))


def _table(pages: Pages, table: Table, rows: Sequence[Row]) -> Element:
    heads = [_head(pages, row.architecture.title, row) for row in rows]
    return _grid(pages, pages.say("atlas architecture"), [(head, table, row) for head, row in zip(heads, rows, strict=True)])


def _architecture(pages: Pages, one: Architecture, made: Sequence[Table]) -> list[Element]:
    """Return one architecture: a row for each way; ways that were measured in other releases have a table of their own."""
    parts: list[Element] = []
    grids: dict[tuple[str, ...], list[tuple[Table, Row]]] = {}
    for table in made:
        for row in table.rows:
            if row.architecture is one:
                grids.setdefault(table.labels, []).append((table, row))
    for found in grids.values():
        rows = [(_head(pages, _words(pages, table), row), table, row) for table, row in found]
        parts.append(_grid(pages, one.title, rows))
    return parts


def _head(pages: Pages, text: str, row: Row) -> Element:
    return element("th", text, scope="row", data_row=f"{row.way.module} {row.architecture.module}")


def _grid(pages: Pages, corner: str, rows: Sequence[tuple[Element, Table, Row]]) -> Element:
    """Return rows of tables with the same labels as one, in a wrapper that scrolls by itself where there is no room."""
    table = rows[0][1]
    columns = [element("th", element("span", label), scope="col") for label in table.labels]
    head = element("thead", element("tr", element("th", corner, scope="col"), *columns))
    body = element("tbody", *(element("tr", th, *(_cell(pages, own, row, run) for run in row.runs)) for th, own, row in rows))
    label = f"{corner} / {_releases(pages, table, table.labels)}"
    made = element("table.clinic-atlas-table", head, body, data_columns=table.columns)
    return element("div.clinic-scroll", made, tabindex="0", role="group", aria_label=label, data_search_exclude="")


def _cell(pages: Pages, table: Table, row: Row, run: Run) -> Element:
    """Return neighbouring releases with the same outcome as one cell; the stylesheet adds its sign and colour."""
    labels, size = [table.label(one) for one in run.environments], len(run.environments)
    span = {"colspan": str(size)} if size > 1 else {}
    where = labels[0] if size == 1 else pages.say("env range", labels[0], labels[-1])
    if run.outcome is None:
        return element("td.none", element("span", f"{where} {pages.say('atlas not run')}"), **span)
    log = f"{pages.top}evidence/{SLUG}/{row.way.module}@{run.environments[-1].name}.txt"
    words = element("span", told(pages.language, run.outcome))
    kind = f"td.{run.outcome.kind}" + (".wide" if size / len(table.environments) >= WORDED else "")
    return element(kind, element("a", element("span", where), words, href=log), **span)


def told(language: Language, outcome: Outcome) -> str:
    """Return an outcome in the few words of its cell."""
    word = say(language, f"atlas {outcome.kind}")
    if outcome.of:
        return f"{word} {outcome.differ}/{outcome.of}"
    return say(language, "atlas left out", word, outcome.unused) if outcome.unused else word


def _about(pages: Pages, atlas: Atlas) -> Element:
    """Return when it was run and until when that counts, and the same for programs."""
    data = element("a", "atlas.json", href=f"{pages.top}{SLUG}/{SLUG}.json")
    badge = pages.badge(atlas, f"{pages.top}{SLUG}/{SLUG}.json")
    return element("p.clinic-fetched", badge, " · ", data)
