"""Make a new article from the template: its folder of checks and its two pages in both languages, nothing else to register."""

from __future__ import annotations

import re
from pathlib import Path

from checkpoint_clinic.words import LANGUAGES

from ..content.problem import Invalid, Problem, relative
from ..decide.plan import load_project

TEMPLATE = Path(__file__).parents[1] / "template"


def create(root: Path, slug: str) -> list[Path]:
    """Write the files of article `slug` with the next free id and return them; a page that exists already is kept.

    Raises:
        Invalid: if the slug is no folder name, or is taken.
    """
    folder = root / "checks" / "errors" / slug
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug):
        repair = "name the symptom in small letters, digits and hyphens: clinic new size-mismatch-for-weight"
        raise Invalid([Problem("command line", 1, "a slug", slug, repair)])
    if folder.exists():
        raise Invalid([Problem(relative(folder, root), 1, "a slug of its own", f"{slug} exists", "choose another slug")])
    taken = [int(article.id[2:]) for article in load_project(root).articles]
    words = {"__ID__": f"CC{max(taken, default=0) + 1:03}", "__SLUG__": slug, "__MODULE__": slug.replace("-", "_")}
    sources = {folder / "article.toml": "article.toml", folder / f"load_{words['__MODULE__']}.py": "check.py"}
    sources[folder / "vectors.toml"] = "vectors.toml"
    for language in LANGUAGES:
        errors = root / "docs" / language / "errors"
        sources |= {errors / f"{slug}.md": f"{language}.md", errors / slug / "evidence.md": f"evidence.{language}.md"}
    written = []
    for path, source in sources.items():
        if path.exists():
            continue
        text = (TEMPLATE / source).read_text(encoding="utf-8")
        for word, value in words.items():
            text = text.replace(word, value)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written
