"""The real site as it is written to disk: pages, links, badges, evidence, downloads."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
import zipfile
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pytest

from checks.content.article import Article
from checks.decide.plan import Project, load_project
from checks.show.badges import badge_parts, tally
from checks.show.drawing import drawings
from checks.show.facts import fact_of
from checks.show.source import page as source_of
from checks.show.source import read_source
from checks.tend.pages import SECTIONS

from .conftest import build, copy_project

LANGUAGES = {"en": "", "zh": "zh/"}


class Reader(HTMLParser):
    """A page's links, ids and text."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.text = ""
        self.headings: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        self.inside = tag
        self.links += [value for key in ("href", "src") if (value := values.get(key))]
        if values.get("id"):
            self.ids.add(str(values["id"]))
        if tag == "h2":
            self.headings.append(str(values.get("id")))

    def handle_data(self, data: str) -> None:
        if self.inside not in ("script", "style"):
            self.text += data


@functools.cache  # thousands of links lead to few pages
def read(page: Path) -> Reader:
    reader = Reader()
    reader.feed(page.read_text(encoding="utf-8"))
    return reader


@pytest.fixture(scope="session")
def state(project: Path) -> Project:
    return load_project(project)


def evidence_of(language: Path, article: Article) -> Path:
    return language / "errors" / article.slug / "evidence" / "index.html"


def pages(site: Path) -> list[Path]:
    return sorted(site.rglob("index.html"))


def test_every_article_has_two_pages_in_both_languages_with_all_its_claims(site: Path, state: Project) -> None:
    for article in state.articles:
        for language, folder in LANGUAGES.items():
            page = read(site / folder / "errors" / article.slug / "index.html")
            assert article.toml.message in page.text and article.title in page.text
            marked = set(read_source(source_of(state.root, article, language)).marks)
            assert marked and marked <= page.ids
            assert {claim.name for claim in article.claims} <= read(evidence_of(site / folder, article)).ids


def test_beside_a_sentence_stands_what_was_observed_and_not_what_was_expected(site: Path, state: Project) -> None:
    for article in state.articles:
        for language, folder in LANGUAGES.items():
            html = evidence_of(site / folder, article).read_text(encoding="utf-8")
            for claim in article.claims:
                inside = html.partition(f'id="{claim.name}">')[2].partition("<details")[0]
                assert fact_of(state, article, claim).words(language) in unescape(inside), claim.name  # type: ignore[arg-type]
                assert "clinic-status--" not in inside
            page = (site / folder / "errors" / article.slug / "index.html").read_text(encoding="utf-8")
            for name in read_source(source_of(state.root, article, language)).marks:
                claim = next(one for one in article.claims if one.name == name)
                opened = page.partition(f'id="{name}"')[2].partition("</a></span></span>")[0]
                assert fact_of(state, article, claim).words(language) in unescape(opened), name  # type: ignore[arg-type]


def test_a_mark_opens_without_a_script_and_leads_to_the_evidence(site: Path, state: Project) -> None:
    for article in state.articles:
        html = (site / "errors" / article.slug / "index.html").read_text(encoding="utf-8")
        targets = re.findall(r'popovertarget="(fact-\d+)"', html)
        assert targets and len(targets) == len(set(targets))
        assert re.findall(r'<span[^>]* id="(fact-\d+)"[^>]* popover="', html) == targets
        assert html.count('href="../../errors/' + article.slug + "/evidence/#") >= len(targets)


def test_every_link_within_the_site_leads_to_a_file_and_an_anchor(site: Path) -> None:
    broken = []
    for page in pages(site):
        for link in read(page).links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or link == ".":
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file() or (
                parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in read(target).ids
            ):
                broken.append((page.relative_to(site).as_posix(), link))
    assert broken == []


def test_sections_of_an_article_come_in_the_same_order_in_both_languages(site: Path, state: Project) -> None:
    for article in state.articles:
        english, chinese = (
            read(site / folder / "errors" / article.slug / "index.html").headings for folder in LANGUAGES.values()
        )
        assert english == chinese == list(SECTIONS)
        english, chinese = (read(evidence_of(site / folder, article)).headings for folder in LANGUAGES.values())
        assert english == chinese != []


def test_a_chinese_page_gives_each_claim_in_chinese(site: Path, state: Project) -> None:
    for article in state.articles:
        html = evidence_of(site / "zh", article).read_text(encoding="utf-8")
        sentences = re.findall(r'<p class="clinic-sentence">(.*?)</p>', html, re.DOTALL)
        assert len(sentences) >= len(article.claims)
        assert all(re.search(r"[\u4e00-\u9fff]", sentence) for sentence in sentences)


def test_a_badge_counts_its_cells_and_is_green_only_if_all_are_verified(site: Path, state: Project) -> None:
    cells = {article.slug: list(state.cells(article)) for article in state.articles} | {"site": list(state.cells())}
    for name, of in cells.items():
        endpoint = json.loads((site / "badges" / f"{name}.json").read_text(encoding="utf-8"))
        assert endpoint.keys() <= {"schemaVersion", "label", "message", "color", "isError"}
        told = ", ".join(map(str, badge_parts(state, of, "en")))
        assert endpoint["message"].startswith(told)
        counted = tally(state, of)
        assert (endpoint["color"] == "1a7f37") == (counted.counts["verified"] == counted.total)
        svg = ElementTree.parse(site / "badges" / f"{name}.svg")  # noqa: S314  a file that this test has built
        assert told in "".join(svg.getroot().itertext())


def test_downloads_carry_no_markers_and_say_what_was_run(site: Path, project: Path) -> None:
    for snippet in (project / "snippets").glob("*.py"):
        text = (site / "downloads" / "snippets" / snippet.name).read_text(encoding="utf-8")
        assert "--8<--" not in text
        assert [line for line in snippet.read_text(encoding="utf-8").splitlines() if "--8<--" not in line] == text.splitlines()


def test_requirements_hold_the_pins_of_all_layers_with_hashes_and_no_address(site: Path, state: Project) -> None:
    files = list((site / "downloads" / "requirements").glob("*.txt"))
    assert files
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert "://" not in text
        pins = re.findall(r"^([\w.-]+)==(\S+) \\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
        assert len(pins) == text.count("==") and dict(pins) == state.environments[file.stem].pins()


def test_a_bundle_holds_all_that_its_command_names(site: Path, state: Project) -> None:
    for job in state.jobs:
        of_atlas = job.article is state.atlas
        name = job.environment.name if of_atlas else f"{job.article.id.lower()}-{job.module}-{job.environment.name}"
        with zipfile.ZipFile(site / "downloads" / f"{name}.zip") as bundle:
            assert not of_atlas or f"{job.module}.py" in bundle.namelist()
            command = bundle.read("run.sh").decode()
            named = re.findall(r"(?:-r |python )((?:[\w.+-]+\.(?:txt|py) ?)+)", command)
            assert named and set(" ".join(named).split()) <= set(bundle.namelist())
            assert not any(re.search(r"://", bundle.read(name).decode()) for name in bundle.namelist() if name[0].isdigit())


def test_captured_output_is_on_the_page_as_text(site: Path, state: Project) -> None:
    article = state.article("CC001")
    assert article
    page = read(evidence_of(site, article))
    reported = "model.layers.7.mlp.experts.3.w1w3 not in state_dict, loading deepseek-ai/DeepSeek-V2-Lite/model-00002-of-000004"
    assert reported in page.text
    assert "///" not in page.text  # a block that nobody rendered


def test_a_drawing_is_on_the_page_with_words_and_without_anything_that_acts(site: Path, project: Path) -> None:
    known = {one.name for one in drawings(load_project(project)) if not one.awaits}
    assert len(known) > 20
    shown = set()
    for page in pages(site):
        html = page.read_text(encoding="utf-8")
        figures = re.findall(r'<figure class="clinic-drawing">.*?</figure>', html, re.DOTALL)
        figures = [figure for figure in figures if "which nobody has run yet" not in figure and "还没有人运行过" not in figure]
        for figure in figures:
            (name,) = re.findall(r'aria-labelledby="([\w-]+)-caption"', figure)
            shown.add((name, page.relative_to(site).parts[0] == "zh"))
            assert html.count(f'id="{name}-caption"') == 1
            assert not re.search(r"<(script|style|image|foreignObject)|\bon\w+=|\bstyle=", figure)
            assert bool(re.search(r"<text[^>]*>[^<]*[\u4e00-\u9fff]", figure)) == (page.relative_to(site).parts[0] == "zh")
        identifiers = re.findall(r'\bid="([^"]+)"', "".join(figures))
        assert len(identifiers) == len(set(identifiers))
    assert shown == {(name, chinese) for name in known for chinese in (False, True)}


def test_no_page_names_a_host_that_the_browser_would_ask(site: Path) -> None:
    loaded = re.compile(
        r'<(?:script|img|iframe|source|link(?![^>]*rel="(?:canonical|alternate)"))[^>]*(?:src|href)="(?:https?:)?//'
    )
    assert [page for page in site.rglob("*.html") if loaded.search(page.read_text(encoding="utf-8"))] == []


def test_two_builds_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1800000000")
    built = []
    for name, zone, seed in (("one", "Asia/Shanghai", "1"), ("two", "UTC", "2")):
        monkeypatch.setenv("TZ", zone)
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        site = build(copy_project(tmp_path / name))
        built.append({path.relative_to(site): path.read_bytes() for path in site.rglob("*") if path.is_file()})
    assert built[0].keys() == built[1].keys()
    assert [name for name in built[0] if built[0][name] != built[1][name]] == []


@pytest.mark.parametrize(("config", "folder"), [("mkdocs.yml", ""), ("mkdocs.zh.yml", "zh")])
def test_plain_mkdocs_builds_the_same_articles(project: Path, site: Path, tmp_path: Path, config: str, folder: str) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", config, "--site-dir", str(tmp_path)]
    done = subprocess.run(
        command, cwd=project, capture_output=True, text=True, check=False, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    )
    assert done.returncode == 0, done.stderr
    for page in (site / folder / "errors").rglob("index.html"):
        assert read(page).ids == read(tmp_path / "errors" / page.relative_to(site / folder / "errors")).ids


@pytest.mark.parametrize(("config", "folder"), [("mkdocs.yml", ""), ("mkdocs.zh.yml", "zh")])
def test_zensical_builds_the_same_articles(site: Path, tmp_path: Path, config: str, folder: str) -> None:
    root = copy_project(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--config-file", config],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for page in (site / folder / "errors").rglob("index.html"):
        ours, theirs = read(page), read(root / "site" / page.relative_to(site))
        assert {name for name in ours.ids if "." in name} <= theirs.ids
        assert ours.headings == theirs.headings
