"""Two hundred texts that want to run, a project that holds them in every place where a text gets onto a page, and a reader."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from itertools import product
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser, Page

from checks.decide.evidence import Outcome, Record, Seen, location, subjects, write
from checks.decide.plan import load_project
from checks.show import publish
from checks.show.blocks import forget, project_at

from .conftest import ERRORS, REPOSITORY, edit

RUN = "ran(1)"  # what each wants to call; the reader counts it
ELEMENTS = (
    f"<script>{RUN}</script>",
    f"<SCRIPT SRC=data:text/javascript,{RUN}></SCRIPT>",
    f"<script>/*</script><script>*/{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<img src=x onerror='{RUN}' alt=\"",
    f"<svg onload={RUN}>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<svg><script>{RUN}</script></svg>",
    f"<body onload={RUN}>",
    f"<details open ontoggle={RUN}><summary>x</summary></details>",
    f"<input autofocus onfocus={RUN}>",
    f"<video><source onerror={RUN}></video>",
    f"<style onload={RUN}></style>",
    f"<iframe src=javascript:{RUN}></iframe>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"<object data=javascript:{RUN}></object>",
    f"<embed src=javascript:{RUN}>",
    f"<a href=javascript:{RUN} class=hostile>x</a>",
    f"<a href='&#106;avascript:{RUN}' class=hostile>x</a>",
    f"<form action=javascript:{RUN}><button class=hostile>x</button></form>",
    f"<base href=javascript:/{RUN}//>",
    f"<meta http-equiv=refresh content='0;url=javascript:{RUN}'>",
    f"<math href=javascript:{RUN}>x</math>",
    f"<marquee onstart={RUN}>x</marquee>",
    f"<template><script>{RUN}</script></template>",
    f"<!--><script>{RUN}</script>-->",
    f"<![CDATA[><script>{RUN}</script>]]>",
    f"[x](javascript:{RUN})",
    f"[x](JaVaScRiPt&colon;{RUN})",
    f"[x](data:text/html,<script>{RUN}</script>)",
    f"![x](x){{onerror={RUN}}}",
    f"x {{: onclick={RUN} }}",
    f"{{{{ '<script>{RUN}</script>' }}}}",
    f"{{% raw %}}<script>{RUN}</script>",
    f"\x1b[31m<script>{RUN}</script>\x1b[0m",
    f"\u202e<script>{RUN}</script>",
    f"\x02wzxhzdk:0\x03<script>{RUN}</script>",
    f"```\n<script>{RUN}</script>\n```",
    f"///\n<script>{RUN}</script>\n///",
    f"\u2028<script>{RUN}</script>\u2029",
)
AROUND = ("", '"', "'", "</title></textarea></code></pre>", '"></script>')  # what it may have to get out of
STRINGS = [way_out + text for text, way_out in product(ELEMENTS, AROUND)]
ARTICLE = "prefix-missing"


def some(number: int) -> list[str]:
    """Return so many of them, spread over all."""
    return STRINGS[:: max(1, len(STRINGS) // number)][:number]


def as_site(root: Path) -> Path:
    """Give the miniature clinic the real site's configuration and general pages."""
    for name in ("mkdocs.yml", "mkdocs.zh.yml", "CHANGELOG.md"):
        shutil.copyfile(REPOSITORY / name, root / name)
    shutil.copytree(REPOSITORY / "overrides", root / "overrides")
    for language in ("en", "zh"):
        for page in (REPOSITORY / "docs" / language).glob("*.md"):
            shutil.copyfile(page, root / "docs" / language / page.name)
    return root


def poison(root: Path, strings: list[str]) -> Path:
    """Make a miniature clinic one whose every text is hostile."""
    for language in ("en", "zh"):
        for number, text in enumerate(strings):
            page = root / f"docs/{language}/errors/hostile-{number:03}.md"
            page.write_text(_page(text), encoding="utf-8")
    _poison_article(root, strings)
    _poison_evidence(root, strings)
    return root


def _page(text: str) -> str:
    line = " ".join(text.split())
    front = "".join(f"{key}: {json.dumps(text)}\n" for key in ("title", "description"))
    return f"""---
{front}tags: [{json.dumps(text)}]
---

# Of {line}

## What to do {{ #what-to-do }}

### If {line}

Do {text}

<!-- not closed: {line} -->

| {line} |
| --- |
| {line} |

/// html | figure[title={json.dumps(line)}]
{text}
///
"""


def _poison_article(root: Path, strings: list[str]) -> None:
    """Write them as message, named versions, look-alikes, claim sentence and environment note."""
    toml = f"{ERRORS}/{ARTICLE}/article.toml"
    joined = " ".join(" ".join(strings).split())
    shown = "".join(one for one in joined if one.isprintable())
    lookalikes = "".join(
        f"[[lookalike]]\ncontains = {_toml(one)}\nshown = {_toml(one)}\nmeans = {{ en = {_toml(one)}, zh = {_toml(one)} }}\n"
        for one in strings
    )
    message = 'KeyError: "prefix-missing.weight"'
    edit(root, toml, f"message = '{message}'", f"message = {_toml(f'{message} {shown}')}")
    edit(root, toml, "[claims]", f"{lookalikes}\n[claims]")
    edit(root, toml, 'torch = "2.6.0"', f"torch = {_toml(shown)}")
    module = f"{ERRORS}/{ARTICLE}/load_renamed.py"
    sentence = json.dumps(f"A plain look-up fails: {shown}")
    edit(root, module, '"""A plain look-up fails: the key `weight` is not there."""', sentence)
    edit(root, "checks/environments/bare/environment.toml", '"Python alone."', _toml(shown))
    page = root / f"docs/en/errors/{ARTICLE}.md"
    text = page.read_text(encoding="utf-8").replace("## Why\n", f"## Why\n\n{' '.join(strings[:3])}\n")
    page.write_text(text, encoding="utf-8")


def _poison_evidence(root: Path, strings: list[str]) -> None:
    """Write them as a log, as reasons, and as what was seen of a machine."""
    project = load_project(root)
    article = next(one for one in project.articles if one.slug == ARTICLE)
    environment, now = project.environments["bare"], datetime.now(UTC).replace(microsecond=0)
    joined = "\n".join(strings)
    outcomes = tuple(
        Outcome(claim=claim.name, expected="holds", observed="refuted", reason=joined, seconds=0, assertions=1, recorded=now)
        for claim in article.claims
    )
    log = f"--- load_renamed.plain_look_up_fails\n{joined}\n--- refuted\n".encode()
    record = Record(
        article=article.id,
        module="load_renamed",
        environment="bare",
        subjects=subjects(article, "load_renamed", environment, root),
        seen=Seen(python="3.11.7", packages={"torch": joined}, machine=joined, device=joined, driver=joined, isolation=joined),
        outcomes=outcomes,
        log_sha256=sha256(log).hexdigest(),
        log_bytes=len(log),
    )
    write(location(article, "load_renamed", "bare"), record, log)


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=True)  # its escapes are TOML's, too


def build_unchecked(root: Path) -> Path:
    """Build the site without asking whether its pages keep to the policy: what remains is what the pages themselves do."""
    forget()
    site = root / "site"
    for language, target in (("en", site), ("zh", site / "zh")):
        publish._build_language(root, language, target, strict=False)  # type: ignore[arg-type]
    publish.lay_beside(project_at(root), site)
    return site


@dataclass
class Read:
    """What happened while pages were read."""

    visits: int = 0
    ran: list[str] = field(default_factory=list)


def read_all(browser: Browser, address: str, site: Path, strings: list[str]) -> Read:
    """Open every page, click what is hostile, give each string to the paste field in four ways; note what ran."""
    seen, context = Read(), browser.new_context()
    context.expose_function("ran", lambda *given: seen.ran.append(f"ran on {page.url}"))
    page = context.new_page()
    page.on("dialog", lambda dialog: (seen.ran.append(f"dialog on {page.url}"), dialog.dismiss()))
    for path in sorted(site.rglob("*.html")):
        page.goto(address + path.relative_to(site).as_posix().removesuffix("index.html"))
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        page.evaluate("for (const one of document.querySelectorAll('.hostile, a[href^=java i]')) one.click()")
        seen.visits += 1
    for text in strings:
        for way in (_paste, _drop, _link, _search):
            way(page, address, text)
            seen.visits += 1
    page.wait_for_timeout(200)
    context.close()
    return seen


def _paste(page: Page, address: str, text: str) -> None:
    if page.url != f"{address}diagnose/":
        page.goto(f"{address}diagnose/", wait_until="networkidle")
    page.locator("#clinic-text").fill(f'{text}\nKeyError: "prefix-missing.{text}')
    page.locator(".clinic-answer > *").first.wait_for()


DROP = """(text) => {
  const data = new DataTransfer();
  data.items.add(new File([text], `${text.replaceAll("/", "")}.log`, { type: "text/plain" }));
  const drop = new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
  document.querySelector(".clinic-diagnose").dispatchEvent(drop);
}"""


def _drop(page: Page, address: str, text: str) -> None:
    page.evaluate(DROP, f"ValueError: {text}\n")
    page.locator(".clinic-answer > *").first.wait_for()


def _link(page: Page, address: str, text: str) -> None:
    page.goto(f"{address}CC001/#{quote(text)}")
    page.goto("about:blank")
    page.goto(f"{address}diagnose/#text={quote(text)}")
    page.locator(".clinic-answer > *").first.wait_for()


def _search(page: Page, address: str, text: str) -> None:
    page.locator("[data-md-component=search-query]").fill(" ".join(text.split()))
    page.wait_for_timeout(50)
