"""A drawing from what a check printed: drawn, noticed when it no longer fits, shown on a page; tests/examples has none."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from markdown import Markdown

from checks.decide.plan import load_project
from checks.show.blocks import BlockError, forget
from checks.show.drawing import Drawing, read_svg
from checks.show.render import NARROW
from checks.tend.lint import lint_project

from ..conftest import ERRORS, EXAMPLES, clinic, contents, edit, write_check

ROOT = Path(__file__).resolve().parents[2]
CHECK = """
    print('--- data bars {"values": [1, 3, 2]}')


    def bars_differ():
        '''The bars differ.'''
        print("seen")
        assert list((1, 3, 2)) != [1, 1, 1]
"""
CODE = '''
"""Three bars."""

from matplotlib.figure import Figure

EVIDENCE = "old-evidence/remembered@bare"


def draw(data, language):
    figure = Figure(figsize=(4, 2))
    axes = figure.add_subplot(clip_on=True)
    axes.bar(["a", "b", "c"], data["values"], color=["C0", "C1", "black"])
    axes.plot([0, 2], data["values"][:2], "o", color="C2")
    axes.set_title("柱 < & 3" if language == "zh" else "bars < & 3")
    return figure
'''
FILES = [f"docs/drawings/bars.{language}.svg" for language in ("en", "zh")]
REPAIR = "run: clinic draw bars"


@pytest.fixture(scope="session")
def _drawn(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a miniature clinic in which one drawing was drawn."""
    root = shutil.copytree(EXAMPLES, tmp_path_factory.mktemp("drawn") / "clinic")
    write_check(root, CHECK)
    (root / "docs/drawings").mkdir()
    (root / "docs/drawings/bars.py").write_text(CODE.lstrip(), encoding="utf-8")
    assert clinic(root, "run", "old-evidence").returncode == 0
    done = clinic(root, "draw", MPLCONFIGDIR=str(root.parent))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"wrote {file}" for file in FILES]
    return contents(root)


@pytest.fixture
def drawn(_drawn: dict[str, bytes], tmp_path: Path) -> Path:
    root = tmp_path / "clinic"
    for name, data in _drawn.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def of_drawings(root: Path) -> list[tuple[str, str, str]]:
    """Return file, what was found and repair of each problem with a drawing."""
    return [(one.file, one.found, one.repair) for one in lint_project(root) if "drawing" in f"{one.file} {one.expected}"]


def test_drawing_that_fits_has_no_problem(drawn: Path) -> None:
    assert of_drawings(drawn) == []


def test_drawing_again_gives_the_same_bytes(drawn: Path) -> None:
    before = contents(drawn)
    settings = drawn.parent / "matplotlibrc"
    settings.write_text("lines.linewidth: 9\nsvg.fonttype: path\n", encoding="utf-8")
    done = clinic(drawn, "draw", "bars", PYTHONHASHSEED="7", TZ="Asia/Shanghai", MATPLOTLIBRC=str(settings))
    assert done.returncode == 0, done.stderr
    assert contents(drawn) == before


def test_picture_is_shapes_and_text_in_the_colours_of_the_page(drawn: Path) -> None:
    for file, title in zip(FILES, ("bars < & 3", "柱 < & 3"), strict=True):
        text = (drawn / file).read_text(encoding="utf-8")
        svg = read_svg(drawn / file)
        assert title in [one.text for one in svg.iter("text")]
        values = {value for one in svg.iter() for key, value in one.attrib.items() if key in ("fill", "stroke")}
        assert values == {"none", "currentColor", *(f"var(--clinic-drawing-{number})" for number in range(3))}
        assert not re.search(r"style|script|metadata|font-family|DejaVu|https?://(?!www\.w3\.org/2000/svg)", text)
        identifiers = {one.get("id") for one in svg.iter() if one.get("id")}
        references = set(re.findall(r'(?:href="#|url\(#)([^")]+)', text))
        assert identifiers == references
        assert all(one and one.startswith("bars-") for one in identifiers)


CHANGES = {
    "data": (f"{ERRORS}/old-evidence/remembered.py", "[1, 3, 2]}')", "[1, 3, 9]}')"),
    "code": ("docs/drawings/bars.py", '"""Three bars."""', '"""Bars."""'),
    "picture": (FILES[0], "bars &lt; &amp; 3", "bars &lt; &amp; 4"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_drawing_that_no_longer_fits_is_named(drawn: Path, what: str) -> None:
    edit(drawn, *CHANGES[what])
    if what == "data":
        assert clinic(drawn, "run", "old-evidence").returncode == 0
    expected = [(file, "another one, or an altered one", REPAIR) for file in (FILES[:1] if what == "picture" else FILES)]
    assert of_drawings(drawn) == expected
    assert clinic(drawn, "draw", "bars").returncode == 0
    assert of_drawings(drawn) == []


ALL = """
from matplotlib.figure import Figure

EVIDENCE = "old-evidence/remembered"


def draw(data, language):
    figure = Figure(figsize=(4, 2))
    for row, (environment, seen) in enumerate(data.items()):
        figure.text(0, row / 9, f"{environment}: {seen['verdicts']}")
    return figure
"""


@pytest.fixture
def of_all(drawn: Path) -> Path:
    """A second drawing, of all environments of a module."""
    (drawn / "docs/drawings/all.py").write_text(ALL, encoding="utf-8")
    assert clinic(drawn, "draw", "all", MPLCONFIGDIR=str(drawn.parent)).returncode == 0
    return drawn


def test_verdicts_in_all_environments_are_data(of_all: Path) -> None:
    seen = json.loads(Drawing(load_project(of_all), "all").data)
    assert {name: one["verdicts"] for name, one in seen.items()} == {"bare": {"bars_differ": ["holds", ""]}}
    assert of_drawings(of_all) == []


def test_another_verdict_makes_the_drawing_unfit_and_the_same_one_again_does_not(of_all: Path) -> None:
    check, files = f"{ERRORS}/old-evidence/remembered.py", [f"docs/drawings/all.{language}.svg" for language in ("en", "zh")]
    edit(of_all, check, '"seen"', '"seen again"')
    assert [one for one in of_drawings(of_all) if "/all" in one[0]] == [
        ("docs/drawings/all.py", "none", "run: clinic run CC003")
    ]
    assert clinic(of_all, "run", "old-evidence").returncode == 0
    assert of_drawings(of_all) == []
    edit(of_all, check, "!= [1, 1, 1]", "== [1, 1, 1]")
    assert clinic(of_all, "run", "old-evidence").returncode == 1
    found = [one for one in of_drawings(of_all) if "/all" in one[0]]
    assert found == [(file, "another one, or an altered one", "run: clinic draw all") for file in files]


def test_drawing_that_was_not_drawn_is_named(drawn: Path) -> None:
    (drawn / FILES[1]).unlink()
    assert of_drawings(drawn) == [(FILES[1], "no such file", REPAIR)]


@pytest.mark.parametrize("evidence", ["", "old-evidence/forgotten@bare"])
def test_drawing_of_no_run_is_named_and_not_drawn(drawn: Path, evidence: str) -> None:
    edit(drawn, "docs/drawings/bars.py", 'EVIDENCE = "old-evidence/remembered@bare"', f'EVIDENCE = "{evidence}"')
    ((file, found, repair),) = of_drawings(drawn)
    assert (file, found) == ("docs/drawings/bars.py", evidence or "none")
    assert "old-evidence/remembered@bare" in repair
    before = contents(drawn)
    assert clinic(drawn, "draw").returncode == 2
    assert contents(drawn) == before


def test_data_that_no_run_printed_is_named(drawn: Path) -> None:
    (drawn / f"{ERRORS}/old-evidence/evidence/remembered@bare.json").unlink()
    found = of_drawings(drawn)
    assert found == [("docs/drawings/bars.py", "none", "run: clinic run CC003 --environment bare")]


def test_colour_that_does_not_follow_light_and_dark_is_refused(drawn: Path) -> None:
    edit(drawn, "docs/drawings/bars.py", '"C1", "black"', '"C1", "#123456"')
    before = contents(drawn)
    done = clinic(drawn, "draw")
    assert done.returncode == 2
    assert "#123456" in done.stderr and "use only black, white" in done.stderr
    assert contents(drawn) == before


def test_unknown_drawing_is_a_usage_error(drawn: Path) -> None:
    done = clinic(drawn, "draw", "pie")
    assert (done.returncode, "known: bars" in done.stderr) == (2, True)


PAGE = "# Bars\n\n/// article | old-evidence\n///\n\n/// drawing | bars\n{}\n///\n\nAfter.\n"


def built(root: Path, monkeypatch: pytest.MonkeyPatch, body: str, language: str = "en") -> str:
    """Return a page of the miniature clinic as HTML."""
    monkeypatch.chdir(root)
    forget()
    markdown = Markdown(extensions=["checks.show.blocks"], extension_configs={"checks.show.blocks": {"language": language}})
    return markdown.convert(PAGE.format(body))


@pytest.mark.parametrize(("language", "title"), [("en", "bars < & 3"), ("zh", "柱 < & 3")])
def test_page_holds_the_picture_with_a_name_and_its_source(
    drawn: Path, monkeypatch: pytest.MonkeyPatch, language: str, title: str
) -> None:
    html = built(drawn, monkeypatch, "Three bars, the *second* is longest.", language)
    figure = fromstring(re.findall(r"<figure class=\"clinic-drawing\">.*?</figure>", html, re.DOTALL)[0])  # noqa: S314  made here
    (svg,) = figure.iter("svg")
    assert svg.get("role") == "img"
    (caption,) = (one for one in figure.iter() if one.get("id") == svg.get("aria-labelledby"))
    assert "".join(caption.itertext()).strip() == "Three bars, the second is longest."
    assert title in [one.text for one in svg.iter("text")]
    assert {one.get("tabindex") for one in figure.iter("div")} >= {"0"}  # it scrolls, also by keyboard
    (log,) = figure.iter("a")
    assert str(log.get("href")).endswith("evidence/old-evidence/remembered@bare.txt")
    assert html.rstrip().endswith("<p>After.</p>")


@pytest.mark.parametrize(
    "harm",
    [
        "<script>alert(1)</script>",
        '<g onclick="alert(1)" />',
        '<use href="https://a.example/x.svg#a" />',
        '<use href="data:image/svg+xml;base64,AAAA#a" />',
        '<use href="x.svg#a" />',
        '<use href="" />',
        '<g clip-path="url(//a.example/x)" />',
        '<g fill="URL(https://a.example/x)" />',
        "<style>* { display: none }</style>",
        '<image href="#a" />',
        "<foreignObject />",
        "<a />",
        "</g>",
    ],
)
def test_page_holds_no_picture_that_could_do_or_fetch_something(
    drawn: Path, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    text = (drawn / FILES[0]).read_text(encoding="utf-8")
    (drawn / FILES[0]).write_text(text.replace("</svg>", f"{harm}</svg>"), encoding="utf-8")
    with pytest.raises(BlockError, match="run: clinic draw bars"):
        built(drawn, monkeypatch, "Three bars.")


@pytest.mark.parametrize("body", ["", " "])
def test_page_does_not_hold_a_picture_without_words(drawn: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    with pytest.raises(BlockError, match="what it shows"):
        built(drawn, monkeypatch, body)


def test_lint_names_a_block_without_a_drawing_and_one_without_words(drawn: Path) -> None:
    page = drawn / "docs/en/errors/prefix-missing.md"
    line = len(page.read_text(encoding="utf-8").splitlines()) + 2
    with page.open("a", encoding="utf-8") as file:
        file.write("\n/// drawing | pie\nA pie.\n///\n\n/// drawing | bars\n///\n")
    found = [
        (one.line, one.found, one.repair) for one in lint_project(drawn) if one.file.endswith("en/errors/prefix-missing.md")
    ]
    assert found == [
        (line, "no docs/drawings/pie.py", "name one of: bars"),
        (line + 4, "an empty block", "write it between /// drawing and ///"),
    ]


def test_output_does_not_show_the_data(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(drawn)
    forget()
    markdown = Markdown(extensions=["checks.show.blocks"])
    html = markdown.convert("/// article | old-evidence\n///\n\n/// output | remembered\n    environment: bare\n\n///\n")
    assert "seen" in html
    assert "values" not in html


def test_data_is_json_of_one_line(drawn: Path) -> None:
    assert json.loads(Drawing(load_project(drawn), "bars").data) == {"values": [1, 3, 2]}


SHOWN = 328  # CSS pixels that a drawing has on a phone of 360
LEAST = 12


@pytest.mark.parametrize("path", sorted((ROOT / "docs/drawings").glob("*.svg")), ids=lambda path: path.stem)
def test_no_text_of_our_drawings_is_small_on_a_phone(path: Path) -> None:
    svg = read_svg(path)
    width = float(svg.attrib["viewBox"].split()[2])
    assert width <= NARROW, "a wider one is cut on a phone"
    sizes = {float(str(one.get("font-size")).removesuffix("px")) for one in svg.iter("text")}
    assert min(sizes) * SHOWN / width >= LEAST


@pytest.fixture
def awaiting(drawn: Path) -> Path:
    """A drawing of what a GPU prints, which nobody has run."""
    edit(drawn, f"{ERRORS}/old-evidence/article.toml", 'holds = ["bare"]', 'holds = ["bare", "bare-cuda"]')
    edit(drawn, "docs/drawings/bars.py", "remembered@bare", "remembered@bare-cuda")
    for file in FILES:
        (drawn / file).unlink()
    return drawn


def test_a_drawing_of_what_a_gpu_prints_waits_for_its_run_and_is_no_fault(awaiting: Path) -> None:
    assert of_drawings(awaiting) == []
    done = clinic(awaiting, "draw")
    assert (done.returncode, done.stdout) == (0, "bars waits for a run of remembered@bare-cuda\n")
    assert not any((awaiting / file).exists() for file in FILES)


@pytest.mark.parametrize(("language", "words"), [("en", "which nobody has run yet"), ("zh", "目前还没有人运行过")])
def test_a_page_says_what_a_drawing_waits_for(
    awaiting: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    html = built(awaiting, monkeypatch, "Three bars.", language)
    assert words in html and "remembered@bare-cuda" in html and "<svg" not in html and "remembered@bare-cuda.txt" not in html


def test_a_drawing_without_a_run_on_this_device_is_a_fault(awaiting: Path) -> None:
    edit(awaiting, "docs/drawings/bars.py", "remembered@bare-cuda", "remembered@bare")
    assert {found for _, found, _ in of_drawings(awaiting)} == {"no such file"}


def test_a_picture_of_a_run_that_is_gone_does_not_wait(awaiting: Path) -> None:
    (awaiting / FILES[0]).write_text("<svg />", encoding="utf-8")
    assert [found for _, found, _ in of_drawings(awaiting)] == ["none"]
