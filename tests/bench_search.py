"""Measure how well and how fast the site's searches answer, at the project's size and at sizes that it may reach.

make bench, or: python tests/bench_search.py --articles 100 --articles 1000 [--large]
"""

from __future__ import annotations

import functools
import gzip
import io
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import click
from mkdocs.config import load_config
from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from checkpoint_clinic.log import pieces  # noqa: E402  the project, of which this is a script
from checkpoint_clinic.match import Matcher  # noqa: E402
from checkpoint_clinic.nearest import Ranking  # noqa: E402
from checks.content.vectors import Vectors, load_vectors  # noqa: E402
from checks.decide.plan import load_project  # noqa: E402
from checks.show.signatures import signatures, to_json, words  # noqa: E402
from tests import browser as chromium  # noqa: E402
from tests.generated import Case, generate, in_form  # noqa: E402

SIZES = (0, 100, 1000, 5000)
ASKED = 120  # made-up texts of a kind that are tried, spread over all articles
SECONDS = 60.0  # after which no more texts are given to an engine; how many it answered is printed
PASTED = 2000  # characters: a longer text is not given to the theme's own search, which ends the browser's tab over it
PATIENCE = 5.0  # seconds after which a search has no result: on some pasted lines the theme's own never comes back
MEGABYTE = 1_000_000
LOG = 8 * MEGABYTE
LARGE = 500 * MEGABYTE
console = Console(width=170)

# ---- the pages and what is asked ----


@dataclass
class Site:
    """One size of the site, in the forms that the engines read."""

    signatures: dict[str, Any]
    words: dict[str, Any]
    documents: dict[str, list[dict[str, Any]]]  # by language
    cases: list[Case]

    @functools.cached_property
    def slugs(self) -> dict[str, str]:
        return {article["id"]: article["slug"] for article in self.signatures["articles"]}


def real_site() -> Site:
    """Build the project's site, and collect its pages and vectors."""
    subprocess.run([sys.executable, "-m", "checks", "build"], cwd=ROOT, capture_output=True, check=True)
    project = load_project(ROOT)
    documents = {
        language: json.loads((ROOT / "site" / place / "search/search_index.json").read_text(encoding="utf-8"))["docs"]
        for language, place in (("en", ""), ("zh", "zh"))
    }
    cases = []
    everything = {article.id: load_vectors(article, ROOT) for article in project.articles}
    for article, vectors in zip(project.articles, everything.values(), strict=True):
        for kind in ("match", "lookalike", "other"):
            cases += [Case(kind, one.text, article.id, generated=False) for one in getattr(vectors, kind)]
        cases += [Case("query", one.text, article.id, one.language, False) for one in vectors.query]
    unrelated = [case for case in cases if case.kind != "other" or not _holds_another(case, everything)]
    return Site(signatures(project), words(project), documents, unrelated)


def _holds_another(case: Case, everything: dict[str, Vectors]) -> bool:
    """Whether a text, unrelated to its own article, is the message of another one."""
    others = (one.text for name, vectors in everything.items() if name != case.article for one in vectors.match)
    return any(text in case.text for text in others)


def grown(real: Site, number: int) -> Site:
    """Return the site with made-up articles up to a number, the real ones in their middle."""
    real_number = len(real.words["articles"])
    made = generate(max(0, number - real_number))
    half = len(made.words) // 2

    def among(ours: list[Any], others: list[Any]) -> list[Any]:
        middle = half * len(others) // max(1, len(made.words))
        return [*others[:middle], *ours, *others[middle:]]

    cases = list(real.cases)
    for kind, language in (("match", "en"), ("lookalike", "en"), ("query", "en"), ("query", "zh")):
        of_kind = [case for case in made.cases if (case.kind, case.language) == (kind, language)]
        cases += random.Random(1).sample(of_kind, min(ASKED, len(of_kind)))  # noqa: S311  no secret
    return Site(
        {**real.signatures, "articles": among(real.signatures["articles"], made.signatures)},
        {**real.words, "articles": among(real.words["articles"], in_form(made, real.words)["articles"])},
        {language: among(ours, made.documents[language]) for language, ours in real.documents.items()},
        cases,
    )


def settings(folder: Path, language: str) -> dict[str, dict[str, Any]]:
    """Return the search plugin's settings for a language: those of this project, and its defaults."""
    ours = ROOT / ("mkdocs.yml" if language == "en" else "mkdocs.zh.yml")
    default = folder / f"default-{language}.yml"
    (folder / "docs").mkdir(exist_ok=True)
    text = f"site_name: x\ntheme: {{name: material, language: {language}}}\nplugins: [search]\n"
    default.write_text(text, encoding="utf-8")
    found = {}
    for name, path in (("tuned", ours), ("default", default)):
        config = load_config(str(path))
        plugin = next(one for key, one in config.plugins.items() if key.endswith("search"))
        plugin.on_startup(command="build", dirty=False)
        plugin.on_config(config)
        found[name] = {key: plugin.config[key] for key in ("lang", "separator", "pipeline", "fields")}
    return found


# ---- the engines ----


@dataclass
class Answers:
    """What an engine said, case by case: the pages in its order, whether it called the first a match, and the time."""

    cases: list[Case]
    pages: list[list[str]]
    matched: list[bool]
    times: list[float]  # ms
    loading: float  # ms, until it can answer
    note: str = ""


def in_python(site: Site) -> Answers:
    started = time.perf_counter()
    data, texts = json.loads(to_json(site.signatures)), json.loads(to_json(site.words))
    matcher, ranking = Matcher(data), Ranking(texts)
    answers = Answers(site.cases, [], [], [], 1000 * (time.perf_counter() - started))
    for case in site.cases:
        started = time.perf_counter()
        diagnosis = matcher.diagnose(case.text)
        nearest = ranking.nearest("\n".join(diagnosis["telling"]))
        answers.times.append(1000 * (time.perf_counter() - started))
        _say(answers, site, diagnosis["findings"], nearest)
    return answers


def _say(answers: Answers, site: Site, findings: list[dict[str, Any]], nearest: list[dict[str, Any]]) -> None:
    ids = dict.fromkeys([one["article"] for one in findings] + [one["article"] for one in nearest])
    answers.pages.append([f"errors/{site.slugs[name]}/" for name in ids])
    answers.matched.append(bool(findings) and findings[0]["kind"] == "match")


MODULES = """async (texts) => {
  const code = ["match", "nearest"].map((name) => import(`/assets/clinic/${name}.js`));
  const [{ Matcher }, { Ranking }] = await Promise.all(code);
  const read = ["signatures", "words"].map(async (name) => (await fetch(`/${name}.json`)).text());
  const [signatures, words] = await Promise.all(read);
  const begun = performance.now();
  const [matcher, ranking] = [new Matcher(JSON.parse(signatures)), new Ranking(JSON.parse(words))];
  const loading = performance.now() - begun;
  const said = texts.map((text) => {
    const started = performance.now();
    const { findings, telling } = matcher.diagnose(text);
    const nearest = ranking.nearest(telling.join("\\n"));
    const ms = performance.now() - started;
    return { findings: findings.map(({ article, kind }) => ({ article, kind })), nearest, ms };
  });
  return { loading, said };
}"""

WORKER = """async ([address, config, language, texts, limit, patience]) => {
  const docs = await (await fetch(`/documents-${language}.json`)).json();
  let worker;
  const ask = (message, limit) => new Promise((resolve, reject) => {
    const timer = limit && setTimeout(() => resolve({ data: null }), limit);
    worker.onmessage = ({ data }) => (clearTimeout(timer), resolve(data));
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(message);
  });
  async function start() {
    const begun = performance.now();
    worker?.terminate();
    worker = new Worker(address);
    await ask({ type: 0, data: { config, docs, options: { suggest: false } } });
    await ask({ type: 2, data: "warm up" });
    return performance.now() - begun;
  }
  const loading = await start();
  const said = [];
  const started = performance.now();
  for (const text of texts) {
    if (performance.now() - started > limit) break;
    const asked = performance.now();
    const { data } = text === null ? { data: { items: [] } } : await ask({ type: 2, data: text }, patience);
    const ms = text === null ? null : performance.now() - asked;
    const items = (data?.items ?? []).slice(0, 40);
    const page = (one) => one.location.split("#")[0];
    const shown = ([one]) => [page(one), one.title, Object.keys(one.terms).length ? "" : one.text];
    said.push({ items: items.map(shown), ms });
    if (!data) await start();
  }
  worker.terminate();
  return { loading, said };
}"""


def in_browser(site: Site, page: Page) -> Answers:
    done = page.evaluate(MODULES, [case.text for case in site.cases])
    answers = Answers(site.cases, [], [], [one["ms"] for one in done["said"]], done["loading"])
    for one in done["said"]:
        _say(answers, site, one["findings"], one["nearest"])
    return answers


def in_worker(site: Site, page: Page, worker: str, config: dict[str, dict[str, Any]], seconds: float) -> Answers:
    """Ask a search worker: questions in Chinese on the Chinese pages, all else on the English ones."""
    answers = Answers([], [], [], [], 0.0)
    articles = {f"errors/{slug}/" for slug in site.slugs.values()}
    for language in ("en", "zh"):
        cases = [case for case in site.cases if case.language == language]
        random.Random(2).shuffle(cases)  # noqa: S311  where time ends, all kinds have been asked
        ours = f"/{language}/assets/javascripts/workers/{worker.replace('LANGUAGE', language)}"
        texts = [field(case.text) if "clinic" in worker or len(case.text) <= PASTED else None for case in cases]
        done = page.evaluate(WORKER, [ours, config[language], language, texts, 1000 * seconds / 2, 1000 * PATIENCE])
        answers.loading = max(answers.loading, done["loading"])
        for case, one in zip(cases, done["said"], strict=False):
            answers.cases.append(case)
            answers.times += filter(None, [one["ms"]])
            # The engine's own order, lists of articles and general pages left out: what is asked for is an article.
            answers.pages.append(
                [location for location, _, _ in one["items"] if location in articles or location == "diagnose/"]
            )
            first = one["items"][0] if one["items"] else ["", "", ""]
            # Of our own making are the entries without the theme's terms; those that quote a line say that it is known.
            said_so = first[2].startswith("<p><mark>") and not first[1].startswith(("Looks like", "像"))
            answers.matched.append(said_so if "clinic" in worker else first[0] in articles)
    return answers


def field(text: str) -> str:
    """Return a text as the search field holds it: one line. search-field.js keeps line ends as U+2028."""
    return "\u2028".join(text.split("\n"))


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()


def publish(site: Site, folder: Path) -> None:
    """Write what the engines read, laid out as the site is: this language's pages in a folder each."""
    for name, place in (("en", ""), ("zh", "zh")):
        (folder / name).mkdir(exist_ok=True)
        if not (folder / name / "assets").exists():
            (folder / name / "assets").symlink_to(ROOT / "site" / place / "assets")
        (folder / f"documents-{name}.json").write_text(json.dumps(site.documents[name]), encoding="utf-8")
    for name, data in (("signatures.json", site.signatures), ("words.json", site.words)):
        for place in (folder, folder / "en"):  # the English worker looks beside itself, the Chinese one above
            (place / name).write_text(to_json(data), encoding="utf-8")
    if not (folder / "assets").exists():
        (folder / "assets").symlink_to(ROOT / "site" / "assets")
    (folder / "index.html").write_text("<!doctype html><title>bench</title>", encoding="utf-8")


def answers_of(site: Site, page: Page, folder: Path, seconds: float) -> dict[str, Answers]:
    config = {language: settings(folder, language) for language in ("en", "zh")}
    tuned, default = ({language: both[name] for language, both in config.items()} for name in ("tuned", "default"))
    theme = next((ROOT / "site/assets/javascripts/workers").glob("search.*.js")).name
    steps: dict[str, Callable[[], Answers]] = {
        "our matcher, Python": lambda: in_python(site),
        "our matcher, browser": lambda: in_browser(site, page),
        "search field": lambda: in_worker(site, page, f"clinic-search.js?language=LANGUAGE&theme={theme}", tuned, seconds),
        "theme's search, tuned": lambda: in_worker(site, page, theme, tuned, seconds),
        "theme's search, default": lambda: in_worker(site, page, theme, default, seconds),
    }
    found = {}
    for name, step in steps.items():
        with console.status(f"{len(site.words['articles'])} articles: {name}"):
            found[name] = step()
    return found


# ---- tables ----


def hits(answers: Answers, slugs: dict[str, str], wanted: Callable[[Case], bool]) -> str:
    """Return `hit@1/hit@5/no result (asked)` of some cases."""
    chosen = [
        (f"errors/{slugs[case.article]}/", [one for one in pages if one != "diagnose/"], pages)
        for case, pages in zip(answers.cases, answers.pages, strict=True)
        if wanted(case)
    ]
    if not chosen:
        return ""
    number = len(chosen)
    first = sum(pages[:1] == [right] for right, _, pages in chosen) / number
    five = sum(right in pages[:5] for right, pages, _ in chosen) / number
    none = sum(not pages for _, pages, _ in chosen) / number
    return f"{first:.2f}/{five:.2f}/{none:.2f} ({number})"


def false_matches(answers: Answers, kind: str) -> str:
    said = [matched for case, matched in zip(answers.cases, answers.matched, strict=True) if case.kind == kind]
    return f"{sum(said)} of {len(said)}"


def quality(site: Site, found: dict[str, Answers]) -> list[Table]:
    """Return hits by what is asked, and those of pasted texts by article."""
    slugs = site.slugs
    number = len(slugs)
    kinds: dict[str, Callable[[Case], bool]] = {
        "pasted": lambda case: case.kind == "match" and not case.generated,
        "pasted, made up": lambda case: case.kind == "match" and case.generated,
        "English": lambda case: (case.kind, case.language, case.generated) == ("query", "en", False),
        "English, made up": lambda case: (case.kind, case.language, case.generated) == ("query", "en", True),
        "Chinese": lambda case: (case.kind, case.language, case.generated) == ("query", "zh", False),
        "Chinese, made up": lambda case: (case.kind, case.language, case.generated) == ("query", "zh", True),
    }
    kinds = {name: wanted for name, wanted in kinds.items() if any(map(wanted, site.cases))}
    title = f"{number} articles: hit@1/hit@5/no result (asked); wanted: pasted at least 0.95, questions 0.9, false matches 0"
    table = Table("engine", *kinds, "false: unrelated", "false: look-alikes", title=title)
    ids = sorted({case.article for case in site.cases if not case.generated})
    split = Table("pasted, by article", *ids, title=f"{number} articles")
    for name, answers in found.items():
        false = [false_matches(answers, kind) for kind in ("other", "lookalike")]
        table.add_row(name, *(hits(answers, slugs, wanted) for wanted in kinds.values()), *false)
        by_article = [hits(answers, slugs, lambda case, one=one: (case.kind, case.article) == ("match", one)) for one in ids]
        split.add_row(name, *by_article)
    return [table, split]


def speed(sites: dict[int, dict[str, Answers]]) -> Table:
    table = Table(
        "ms a query: median, 95 of 100, worst; until ready", title="time; wanted at most 30 ms a query at 5,000 articles"
    )
    for number in sites:
        table.add_column(f"{number} articles")
    for name in next(iter(sites.values())):
        row = []
        for found in sites.values():
            times = sorted(found[name].times)
            high = times[int(0.95 * (len(times) - 1))]
            row.append(f"{statistics.median(times):.1f}, {high:.1f}, {times[-1]:.0f}; {found[name].loading:.0f}")
        table.add_row(name, *row)
    return table


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)


TEXTS = ("message", "title", "answer", "contains", "pattern", "means", "says")


def texts_of(value: Any) -> Iterator[str]:
    """Yield the strings of the fields that are text."""
    if isinstance(value, list):
        for one in value:
            yield from texts_of(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from one if key == "counts" else strings(one) if key in TEXTS else texts_of(one)


def size(sites: dict[int, Site]) -> Table:
    """What the two dictionaries take beyond their text; a text's own escapes are its own."""
    title = "bytes of signatures.json and words.json beyond their text; wanted at most 120 for an article and signature"
    table = Table(
        "",
        "articles",
        "signatures",
        "all, MB",
        "gzip, MB",
        "beyond text, an article",
        "for an article and signature",
        title=title,
    )
    for number, site in sites.items():
        articles, texts = site.signatures["articles"], site.words["articles"]
        whole = to_json({"articles": articles}) + to_json({"articles": texts})
        text = "".join(json.dumps(one, ensure_ascii=False)[1:-1] for one in texts_of([articles, texts]))
        raw, beyond = len(whole.encode()), len(whole.encode()) - len(text.encode())
        packed = len(gzip.compress(whole.encode(), 9))
        packed_beyond = packed - len(gzip.compress(text.encode(), 9))
        needles = sum(len(one["signatures"]) + len(one.get("lookalikes", ())) for one in articles)
        table.add_row(
            f"{number}",
            f"{len(articles)}",
            f"{needles} with look-alikes",
            f"{raw / MEGABYTE:.2f}",
            f"{packed / MEGABYTE:.2f}",
            f"{beyond / len(articles):.0f}, gzip {packed_beyond / len(articles):.0f}",
            f"{beyond / (len(articles) + needles):.0f}, gzip {packed_beyond / (len(articles) + needles):.0f}",
        )
    return table


# ---- logs ----


def logs(cases: list[Case]) -> dict[str, str]:
    """Return logs of `LOG` characters: nothing known, thousands of messages, one line."""
    chance = random.Random(3)  # noqa: S311  no secret
    quiet = "".join(
        f"2026-11-21 10:{step // 60 % 60:02}:{step % 60:02},{step % 1000:03} - mmengine - INFO - Iter(train) [{step:6}]  "
        f"lr: {chance.random() / 1e4:.4e}  eta: 1 day, 3:07:11  time: {chance.random():.4f}  loss: {3 * chance.random():.4f}\n"
        for step in range(LOG // 135)
    )
    known = [case.text for case in cases if case.kind == "match" and not case.generated and len(case.text) < 300]
    lines = quiet.split("\n")
    for place in range(0, len(lines), 12):
        lines[place] = chance.choice(known)
    return {"nothing known": quiet, "a message in each 12 lines": "\n".join(lines), "one line": quiet.replace("\n", " ")}


READ = """async ([name, number]) => {
  const [{ Matcher }] = [await import("/assets/clinic/match.js")];
  const matcher = new Matcher(await (await fetch("/signatures.json")).json());
  const file = await (await fetch(`/${name}`)).blob();
  const slice = 1 << 20;
  async function pass(take) {
    const started = performance.now();
    const decoder = new TextDecoder();
    for (let at = 0; at < file.size; at += slice) {
      take(decoder.decode(await file.slice(at, at + slice).arrayBuffer(), { stream: at + slice < file.size }));
    }
    return performance.now() - started;
  }
  const rounds = [];
  for (let round = 0; round < number; round += 1) {
    let size = 0;
    const bare = await pass((text) => { size += text.toLowerCase().length; });
    const stream = matcher.stream();
    const ours = await pass((text) => stream.feed(text));
    const started = performance.now();
    stream.finish();
    rounds.push([bare, ours + performance.now() - started]);
  }
  return rounds;
}"""


def log_speed(sites: dict[int, Site], page: Page, folder: Path) -> Table:
    """Time for each MB of a log, against decoding it and making it lower case in the same run."""
    title = "time for each MB of log; wanted at most 50 ms"
    table = Table(
        "log",
        "articles",
        "Python, ms",
        "read and lower(), ms",
        "ratio",
        "browser, ms",
        "read and toLowerCase(), ms",
        "ratio",
        title=title,
    )
    for number, site in sites.items():
        publish(site, folder)
        matcher = Matcher(site.signatures)
        for name, text in logs(site.cases).items():
            with console.status(f"logs: {name}"):
                (folder / "run.log").write_text(text, encoding="utf-8", newline="")
                megabytes = (folder / "run.log").stat().st_size / MEGABYTE
                rounds = [
                    [1000 * bare_pass(folder / "run.log"), 1000 * own_pass(matcher, folder / "run.log")] for _ in range(3)
                ]
                bare, ours = (statistics.median(column) / megabytes for column in zip(*rounds, strict=True))
                told = page.evaluate(READ, ["run.log", 3])
                other, theirs = (statistics.median(column) / megabytes for column in zip(*told, strict=True))
            row = [f"{ours:.1f}", f"{bare:.2f}", f"{ours / bare:.1f}", f"{theirs:.1f}", f"{other:.2f}", f"{theirs / other:.1f}"]
            table.add_row(name, f"{number}", *row)
    return table


def bare_pass(path: Path) -> float:
    started = time.perf_counter()
    with path.open("rb") as file:
        for text, _ in pieces(file):
            text.lower()
    return time.perf_counter() - started


def own_pass(matcher: Matcher, path: Path) -> float:
    started = time.perf_counter()
    stream = matcher.stream()
    with path.open("rb") as file:
        for text, _ in pieces(file):
            stream.feed(text)
    stream.finish()
    return time.perf_counter() - started


PEAK = """
import resource, subprocess, sys, time
started = time.perf_counter()
done = subprocess.run([sys.executable, "-m", "checks", "diagnose", *sys.argv[1:]], capture_output=True, check=False)
seconds = time.perf_counter() - started
print(done.returncode, seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""


def large(cases: list[Case], folder: Path) -> Table:
    """`clinic diagnose` on 500 MB, against the same command on one line."""
    table = Table("clinic diagnose", "exit status", "seconds", "ms/MB", "peak memory, MB", title="a large file")
    small, big = folder / "small.log", folder / "large.log"
    first = next(case.text for case in cases if case.kind == "match" and not case.generated)
    small.write_text(first, encoding="utf-8")
    for name, text in {"one message": None, **logs(cases)}.items():
        path = small
        if text is not None:
            path, data = big, text.encode()
            with big.open("wb", buffering=io.DEFAULT_BUFFER_SIZE) as file:
                for _ in range(LARGE // len(data)):
                    file.write(data)
        with console.status(f"{path.stat().st_size / MEGABYTE:.0f} MB: {name}"):
            told = subprocess.run([sys.executable, "-c", PEAK, str(path)], cwd=ROOT, capture_output=True, text=True, check=True)
        status, seconds, peak = map(float, told.stdout.split())
        megabytes = path.stat().st_size / MEGABYTE
        rate = f"{1000 * seconds / megabytes:.1f}" if text is not None else ""
        label = f"{megabytes:.0f} MB, {name}" if text is not None else name
        table.add_row(label, f"{status:.0f}", f"{seconds:.1f}", rate, f"{peak:.0f}")
        big.unlink(missing_ok=True)
    return table


def bench(numbers: tuple[int, ...] = SIZES, seconds: float = SECONDS, with_large: bool = False) -> Iterator[Table]:
    """Yield the tables, each when it is done."""
    with tempfile.TemporaryDirectory() as name, served(Path(name)) as address, sync_playwright() as playwright:
        folder = Path(name)
        launched = playwright.chromium.launch(executable_path=chromium.ensure(), args=chromium.ARGUMENTS)
        page = launched.new_page()
        page.set_default_timeout(0)
        page.goto(address)
        with console.status("building the site"):
            real = real_site()
        sites, found = {}, {}
        for number in dict.fromkeys(number or len(real.words["articles"]) for number in numbers):
            sites[number] = grown(real, number)
            publish(sites[number], folder)
            found[number] = answers_of(sites[number], page, folder, seconds)
            yield from quality(sites[number], found[number])
        yield size(sites)
        yield speed(found)
        ends = {number: sites[number] for number in (min(sites), max(sites))}
        yield log_speed(ends, page, folder)
        if with_large:
            yield large(real.cases, folder)
        launched.close()


@click.command()
@click.option("--articles", "numbers", type=int, multiple=True, help="How many articles; 0: the real ones. Several times.")
@click.option("--seconds", type=float, default=SECONDS, show_default=True, help="After which an engine is asked no more.")
@click.option("--large", "with_large", is_flag=True, help="Read logs of 500 MB, too.")
def main(numbers: tuple[int, ...], seconds: float, with_large: bool) -> None:
    """Measure the search."""
    for table in bench(numbers or SIZES, seconds, with_large):
        console.print(table)


if __name__ == "__main__":
    main()
