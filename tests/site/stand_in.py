"""A stand-in for site/signatures.json, until the site publishes it itself. To be removed then."""

from __future__ import annotations

import json
import re
from pathlib import Path

from checks.plan import Project


def front(page: Path, key: str) -> str:
    found = re.search(rf"^{key}:\s*(.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else ""


def write(project: Project, site: Path) -> None:
    articles = []
    for article in project.articles:
        pages = {language: project.root / "docs" / language / "errors" / f"{article.slug}.md" for language in ("en", "zh")}
        articles.append(
            {
                "id": article.id,
                "slug": article.slug,
                "harm": article.toml.harm,
                "message": article.toml.message,
                "title": {language: front(page, "title") for language, page in pages.items()},
                "answer": {language: front(page, "description") for language, page in pages.items()},
                "text": {language: page.read_text(encoding="utf-8")[:600] for language, page in pages.items()},
                "signatures": [
                    {"contains": one.contains, "pattern": one.pattern.replace("(?P<", "(?<"), "priority": 0, "says": []}
                    for one in article.toml.signature
                ],
                "lookalikes": [
                    {"contains": one.contains, "pattern": None, "means": one.means.model_dump(), "see": one.see}
                    for one in article.toml.lookalike
                ],
            }
        )
    parts = {
        "parameter": {"en": "parameter", "zh": "参数"},
        "shape": {"en": "shape", "zh": "形状"},
        "file": {"en": "file", "zh": "文件"},
    }
    text = json.dumps({"version": 1, "parts": parts, "articles": articles}, ensure_ascii=False)
    (site / "signatures.json").write_text(text, encoding="utf-8")
