"""Tables written in Markdown: each scrolls by itself, and whoever has only a keyboard can scroll it."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from markdown.treeprocessors import Treeprocessor

from .render import element

CLASS = "clinic-plain"  # the theme wraps a table without a class, and its wrapper takes no focus


class TableProcessor(Treeprocessor):
    """Wraps the tables as those are that the engine makes."""

    def run(self, root: Element) -> None:
        """Put each table that has no class into a wrapper, named by the first headings of its columns."""
        for parent in list(root.iter()):
            for place, table in enumerate(parent):
                if table.tag == "table" and not table.get("class"):
                    parent[place] = _wrapped(table)


def _wrapped(table: Element) -> Element:
    label = " / ".join("".join(heading.itertext()) for heading in table.findall("thead/tr/th")[:2])
    table.set("class", CLASS)
    wrapper = element("div.clinic-scroll", table, tabindex="0", role="group", aria_label=label)
    wrapper.tail, table.tail = table.tail, None
    return wrapper
