"""What a terminal shows, of texts that would like to steer it."""

from __future__ import annotations

import io

import pytest

from checkpoint_clinic.console import line, plain, printable, show


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("加载 weights", "加载 weights"),
        ("a\tb", "a   b"),
        ("\x1b[2Jgone\x07", "[2Jgone"),
        ("abc\u202edef\u200b", "abcdef"),
        ("half a pair: \ud800", "half a pair: "),
    ],
)
def test_nothing_that_steers_a_terminal_is_printed(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_line_is_its_parts_from_left_to_right() -> None:
    assert plain(line("a ", ("bold", "b"), " c")) == "a b c"


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        show([line(("bold", "title"), "  rest")], stream)
    assert terminal.getvalue() == "\x1b[1mtitle\x1b[0m  rest\n"
    assert file.getvalue() == "title  rest\n"
    monkeypatch.setenv("NO_COLOR", "1")
    show([line(("bold", "title"))], silent := Terminal())
    assert silent.getvalue() == "title\n"
