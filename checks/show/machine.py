"""An article as one JSON object in one language: what the page says, for programs; and the list of all articles.

Its form is `article` in checkpoint_clinic/schema.json. Of versions only those that were measured are named.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

from checkpoint_clinic.words import LANGUAGES, Language

from ..content.article import Article
from ..decide.evidence import files_of, location, sha256, vouchers_of
from ..decide.plan import Job, Project
from .addresses import FOLDERS, article_address, site_address, with_addresses
from .badges import DEVICES, badge_parts, days, valid_until
from .facts import Fact, fact_of
from .signatures import of_article, to_json
from .source import INCLUDE, MARK, Case, evidence_page, included, page, read_source
from .text import Text

FORM = {"version": 1}  # another when a field is renamed, removed or means something else


def article_data(text: Text, article: Article) -> dict[str, Any]:
    """Return an article in the language of `text`."""
    facts = {claim.name: fact_of(text.project, article, claim) for claim in article.claims}
    address = article_address(article, text.language)
    return {
        **_summary(text, article),
        **({"url": address} if address else {}),
        "signatures": _signatures(text, article),
        "lookalikes": [
            {"contains": one.contains, **_given(pattern=one.pattern, see=one.see), "means": getattr(one.means, text.language)}
            for one in article.toml.lookalike
        ],
        "cases": [_case(text, article, case) for case in read_source(_page(text, article)).cases],
        "claims": [_claim(text, article, name, fact) for name, fact in facts.items()],
        "measured": [_measured(name, fact) for name, fact in facts.items() if fact.spans],
        "reported": list(article.toml.reported),
        "badge": _badge(text, article),
        "days": _days(text.project, article),
        "valid_until": str(valid_until(text.project, article) or "") or None,
        "runs": [_run(text.project, job) for job in text.pages.jobs(article) if text.project.record(job)],
        "links": _links(article, text.language),
    }


def articles_data(project: Project, language: Language) -> dict[str, Any]:
    """Return the list of all articles, each with the address of its own object."""
    text, site = Text(project, language), site_address(language)
    articles = sorted(project.articles, key=lambda one: one.id)
    listed = []
    for one in articles:
        page = f"{site}errors/{one.slug}/"
        listed.append({**_summary(text, one), "url": page, "json": f"{page}{one.slug}.json", "badge": _badge(text, one)})
    return {**FORM, "language": language, "articles": listed}


def write_machine(project: Project, site: Path) -> None:
    """Write into a built site each article as JSON and as Markdown, its evidence as Markdown, and the list of all."""
    for language in LANGUAGES:
        text, root = Text(project, language), site / FOLDERS[language]
        for article in project.articles:
            folder = root / "errors" / article.slug
            (folder / "evidence").mkdir(parents=True, exist_ok=True)
            data = {**FORM, **article_data(text, article)}
            (folder / f"{article.slug}.json").write_text(to_json(data) + "\n", encoding="utf-8")
            (folder / "index.md").write_text(article_markdown(text, article), encoding="utf-8")
            (folder / "evidence" / "index.md").write_text(evidence_markdown(text, article), encoding="utf-8")
        (root / "articles.json").write_text(to_json(articles_data(project, language)) + "\n", encoding="utf-8")


def article_markdown(text: Text, article: Article) -> str:
    """Return an article's page as Markdown that is read without the site's sources."""
    return with_addresses(text.article(article), _page(text, article), text.project.root, text.language)


def evidence_markdown(text: Text, article: Article) -> str:
    """Return the page of an article's evidence as such Markdown."""
    written = evidence_page(text.project.root, article, text.language)
    return with_addresses(text.evidence(article), written, text.project.root, text.language)


def _summary(text: Text, article: Article) -> dict[str, Any]:
    return {
        "id": article.id,
        "slug": article.slug,
        "language": text.language,
        "title": article.title,
        "message": article.toml.message,
        "harm": article.toml.harm,
        "safe": article.toml.safe,
        "answer": read_source(_page(text, article)).front.get("description", ""),
    }


def _page(text: Text, article: Article) -> Path:
    return page(text.project.root, article, text.language)


def _signatures(text: Text, article: Article) -> list[dict[str, Any]]:
    """Return what recognises the message, as signatures.json has it, its sentences in one language."""
    made = []
    for one in of_article(text.project.root, article)["signatures"]:
        spoken = _given(
            says=[sentence[text.language] for sentence in one.get("says", ())],
            answer=one.get("answer", {}).get(text.language),
        )
        made.append({**one, **spoken})
    return made


def _case(text: Text, article: Article, case: Case) -> dict[str, Any]:
    told = with_addresses(MARK.sub("", case.text), _page(text, article), text.project.root, text.language)
    commands = [_expanded(text.project.root, command) for command in case.commands]
    return {"condition": case.condition, "text": told, "commands": commands}


def _expanded(root: Path, command: str) -> str:
    """Return a command with the files that it includes."""
    lines: list[str] = []
    for line in command.split("\n"):
        found = INCLUDE.match(line)
        code = included(root, found["file"], found["section"]).splitlines() if found else [line]
        lines += [found["indent"] + one for one in code] if found else code
    return "\n".join(lines)


def _claim(text: Text, article: Article, name: str, fact: Fact) -> dict[str, Any]:
    claim = next(one for one in article.claims if one.name == name)
    return {
        "name": name,
        "sentence": text.sentences(article)[name],
        "kind": fact.kind,
        "words": fact.words(text.language),
        "holds": [cell.environment.name for cell in fact.holds],
        "refuted": [cell.environment.name for cell in fact.refuted],
        "not_run": [cell.environment.name for cell in fact.not_run],
        "observed": text.observed(article, claim),
    }


def _run(project: Project, job: Job) -> dict[str, Any]:
    """Return what evidence a run has left, whose word it is, and what status it gives each of its claims."""
    path = location(job.article, job.module, job.environment.name)
    vouchers = sorted(vouchers_of(path, project.policy))
    return {
        "name": job.name,
        "files": {file.name: sha256(file) for file in files_of(path)},
        "level": "attested" if vouchers else "stated",
        "by": vouchers,
        "status": {cell.claim.function: project.judge(cell).status for cell in job.cells},
    }


def _measured(name: str, fact: Fact) -> dict[str, Any]:
    """Return a claim's ranges of versions, and between which two neighbours the answer changes."""
    ranges = [
        {
            "verdict": span.verdict,
            "first": span.versions[0],
            "last": span.versions[-1],
            "measured": len(span.versions),
            "versions": list(span.versions),
        }
        for span in fact.spans
    ]
    changes = [
        {"after": before.versions[-1], "before": after.versions[0], "from": before.verdict, "to": after.verdict}
        for before, after in pairwise(fact.spans)
    ]
    return {
        "claim": name,
        "package": fact.spans[0].package,
        "ranges": ranges,
        "changes": changes,
        "apart": [cell.environment.name for cell in fact.apart],
        "unmeasured": fact.unmeasured,
    }


def _badge(text: Text, article: Article) -> dict[str, Any]:
    cells = list(text.project.cells(article))
    parts: list[dict[str, str]] = []
    for device, word in DEVICES.items():
        of_device = [cell for cell in cells if cell.environment.device == device]
        told = badge_parts(text.project, of_device, text.language)
        parts += [{"device": word, "text": part.text, "status": part.status} for part in told]
    return {"text": ", ".join(map(str, badge_parts(text.project, cells, text.language))), "parts": parts}


def _days(project: Project, article: Article) -> dict[str, str] | None:
    found = days(project, project.cells(article))
    return {"oldest": str(found[0]), "newest": str(found[1])} if found else None


def _links(article: Article, language: Language) -> dict[str, str]:
    """Return an article's other forms: absolute, or relative to its page where the site's address is not known."""
    page = article_address(article, language)
    top = site_address("en") or "../" * (3 if FOLDERS[language] else 2)
    return {
        "evidence": f"{page}evidence/",
        "markdown": f"{page}index.md",
        "evidence_markdown": f"{page}evidence/index.md",
        "json": f"{page}{article.slug}.json",
        "badge": f"{top}badges/{article.slug}.svg",
    }


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}
