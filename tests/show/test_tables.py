"""Tables written in Markdown: what a build makes of them."""

from __future__ import annotations

from markdown import markdown

from checks.show.blocks import ClinicExtension

TABLE = "before\n\n| what *lies* there | `0.3.3` | 0.6.1 |\n| --- | --- | --- |\n| a **page** | x | y |\n\nafter"


def test_a_table_is_reached_by_keyboard_named_by_its_columns_and_what_stands_around_it_stays() -> None:
    html = markdown(TABLE, extensions=["tables", ClinicExtension()])
    wrapped = '<div aria-label="what lies there / 0.3.3" class="clinic-scroll" role="group" tabindex="0">'
    assert wrapped + '<table class="clinic-plain">' in html.replace("\n", "")
    assert "<strong>page</strong>" in html and "<em>lies</em>" in html and "<code>0.3.3</code>" in html
    assert html.index("<p>before</p>") < html.index("<table") < html.index("</div>") < html.index("<p>after</p>")


def test_a_table_with_a_class_is_left_alone() -> None:
    html = markdown(TABLE.replace("| a **page** | x | y |", "| a | x | y |\n"), extensions=["tables", ClinicExtension()])
    assert html.count("clinic-scroll") == 1
    made = '<table class="own"><tr><td>a</td></tr></table>'
    assert "clinic-scroll" not in markdown(made, extensions=["tables", ClinicExtension()])
