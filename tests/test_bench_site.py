"""The site is measured against plain mkdocs-material: both builds must give the same pages, or the figure says nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .bench_site import BUILD, CONFIGS, EXTENSION, differing, write_plain
from .built import dress
from .conftest import EXAMPLES


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A miniature clinic's site, and that of the plain project which is to give the same pages."""
    folder = tmp_path_factory.mktemp("sites")
    example, plain = shutil.copytree(EXAMPLES, folder / "clinic"), folder / "plain"
    dress(example)
    assert write_plain(example, plain) == sum(len(list(example.glob(f"docs/{one}/**/*.md"))) for one in CONFIGS)
    for root in (example, plain):
        subprocess.run([sys.executable, "-c", BUILD, *CONFIGS.values()], cwd=root, check=True, capture_output=True)
    return example / "site", plain / "site"


def test_plain_mkdocs_gives_the_same_pages_without_the_extension(sites: tuple[Path, Path]) -> None:
    ours, plain = sites
    assert list(differing(ours, plain)) == list(differing(plain, ours)) == []
    assert "clinic-claim" in "".join(page.read_text(encoding="utf-8") for page in plain.rglob("*.html"))
    assert not any(EXTENSION in (plain.parent / name).read_text(encoding="utf-8") for name in CONFIGS.values())
    assert not any("\n/// " in page.read_text(encoding="utf-8") for page in plain.parent.glob("docs/*/errors/*.md"))


def test_another_page_is_told(sites: tuple[Path, Path]) -> None:
    ours, plain = sites
    page = next(plain.glob("errors/*/index.html"))
    page.write_text(page.read_text(encoding="utf-8").replace("clinic-article", "another", 1), encoding="utf-8")
    assert list(differing(ours, plain)) == [page.relative_to(plain).as_posix()]
