"""What the runner, the evidence and the site must survive, row by row: fault, required, seen, how many of how many.

    make faults            every row at its full count, about an hour
    make faults QUICK=1    the same rows at small counts, as `make test` runs them
    python -m tests.faults --only clock --only "two builds"

A row that does not hold is printed like the others, and the status is 1 in the end.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import filecmp
import functools
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from unittest import mock

from playwright.sync_api import sync_playwright

from checks.content.environment import load_environments
from checks.decide import evidence, install, run
from checks.decide.evidence import Record, Unreadable, read, sweep
from checks.decide.plan import load_project
from checks.show.policy import policy_problems

from . import browser as chromium
from .built import build, served
from .cluster import cluster, kill_worker_of, write_modules
from .conftest import BARE, CLINIC, ERRORS, EXAMPLES, OWN_HOME, clinic, contents, edit, processes_of, write_check
from .decide.test_install import make_wheel
from .hostile import as_site, build_unchecked, poison, read_all, some

LIMIT = 1  # seconds a claim may take, in these rows
chance = random.Random(13)  # noqa: S311  no secret is made here


@dataclass(frozen=True)
class Seen:
    """How many of how many tries went as required, and what else there is to say."""

    held: int
    of: int
    note: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the table; `decide` gets how many tries, and an empty folder."""

    fault: str
    required: str
    full: int
    quick: int
    decide: Callable[[int, Path], Seen]


ROWS: list[Row] = []


def row(
    fault: str, required: str, full: int, quick: int
) -> Callable[[Callable[[int, Path], Seen]], Callable[[int, Path], Seen]]:
    """Make a function a row of the table."""

    def added(decide: Callable[[int, Path], Seen]) -> Callable[[int, Path], Seen]:
        ROWS.append(Row(fault, required, full, quick, decide))
        return decide

    return added


def example(folder: Path) -> Path:
    """Copy the miniature clinic."""
    return shutil.copytree(EXAMPLES, folder / "clinic")


def decided(folder: Path, *articles: str) -> Path:
    """Copy the miniature clinic and decide it."""
    root = example(folder)
    done = clinic(root, "run", *articles)
    assert done.returncode in (0, 1), done.stderr
    return root


def decide(root: Path, source: str) -> Record:
    """Decide a check module of this source through the runner."""
    job = write_check(root, source)
    return run.decide(load_project(root), job, say=lambda _: None)


def only_undecided(record: Record) -> bool:
    return all(outcome.observed == "undecided" for outcome in record.outcomes)


def whole(root: Path) -> bool:
    """Whether every evidence file of the project can be read with its log, after what the next run sweeps."""
    sweep(path.parent for path in root.glob(f"{ERRORS}/*/article.toml"))
    try:
        for path in root.glob(f"{ERRORS}/*/evidence/*.json"):
            read(path)
    except Unreadable:
        return False
    return not list(root.glob(f"{ERRORS}/*/evidence/.*"))


SLEEPS = """
import os, time

def claim():
    '''It is so.'''
    for _ in range({ticks}):
        time.sleep(0.05)
    assert os.getpid() > 0
"""


def running(root: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([CLINIC, "run", *arguments], cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    """Whether the condition becomes true in that time."""
    end = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return found


@row("runner killed", "old or new evidence, no orphan process", 300, 4)
def runner_killed(count: int, folder: Path) -> Seen:
    root = decided(folder, "CC001", "CC003")
    write_check(root, SLEEPS.format(ticks=4))
    held = 0
    for _ in range(count):
        process = running(root, "CC001", "CC003", "--again")
        time.sleep(chance.uniform(0.2, 2.5))
        process.kill()
        process.wait()
        gone = within(3, lambda: not processes_of(root))
        held += gone and whole(root)
    return Seen(held, count)


@row("disk full at the n-th write", "old evidence kept, exit status not 0", 40, 4)
def disk_full(count: int, folder: Path) -> Seen:
    root = decided(folder, "CC001")
    before = contents(root / ERRORS)
    statement = (root / ERRORS / "prefix-missing/evidence/load_renamed@bare.json").stat().st_size
    held = 0
    for size in (int(statement * (number + 0.5) / count) for number in range(count)):
        full = functools.partial(resource.setrlimit, resource.RLIMIT_FSIZE, (size, size))
        done = clinic(root, "run", "CC001", "--again", before=full, PYTHONDONTWRITEBYTECODE="1")
        held += done.returncode != 0 and "Traceback" not in done.stderr and before.items() <= contents(root / ERRORS).items()
    return Seen(held, count)


@row("two runners at once", "the second exits 75", 50, 2)
def two_runners(count: int, folder: Path) -> Seen:
    root = example(folder)
    write_check(root, SLEEPS.format(ticks=400))
    first, held = running(root, "CC003"), 0
    try:
        within(30, lambda: bool(processes_of(root)))
        for number in range(count):
            elsewhere = {"CLINIC_HOME": str(folder / "another")} if number % 2 else {}
            held += clinic(root, "run", "CC003", "--again", **elsewhere).returncode == 75
            if first.poll() is not None:
                first = running(root, "CC003", "--again")
                within(30, lambda: bool(processes_of(root)))
    finally:
        first.kill()
        first.wait()
    return Seen(held, count, "every other one with a home of its own")


@row("worker of a cluster killed", "replaced; undecided after three, the others decided", 20, 2)
def worker_killed(count: int, folder: Path) -> Seen:
    """Two worker processes with folders of their own; one is killed once, or each that has the same job."""
    held = 0
    for number in range(count):
        place = folder / str(number)
        root = example(place)
        write_modules(root, SLEEPS.format(ticks=20), 6)
        once = number % 2 == 0
        with cluster(place / "cluster") as address:
            process = running(root, "CC003", "--dask", address)
            kills = 0
            while process.poll() is None:
                kills += (not once or not kills) and kill_worker_of(place / "cluster", f"module_{number % 6:02}")
                time.sleep(0.05)
        kept = sum(outcome.observed == "holds" for outcome in _outcomes(root))
        wanted = (0, 6, 1) if once else (4, 5, 3)
        held += (process.returncode, kept, kills) == wanted and whole(root)
    return Seen(held, count, "every other job takes each of its workers along")


def _outcomes(root: Path) -> Iterator[evidence.Outcome]:
    for path in root.glob(f"{ERRORS}/old-evidence/evidence/*.json"):
        yield from read(path).outcomes


def with_package(folder: Path) -> tuple[Path, dict[str, str]]:
    """Return a clinic whose environment has one package, and the variables with which it is installed."""
    root = example(folder)
    make_wheel(folder / "wheels", "thing", "1.0")
    (wheel,) = (folder / "wheels").iterdir()
    _record_digests(wheel)
    (root / BARE / "lock.txt").write_text(f"thing==1.0 --hash=sha256:{evidence.sha256(wheel)}\n", encoding="utf-8")
    edit(root, f"{BARE}/environment.toml", 'device = "cpu"\n', 'device = "cpu"\nrequires = ["thing"]\n')
    return root, {"CLINIC_HOME": str(folder / "home"), "UV_CACHE_DIR": str(folder / "cache")}


def _record_digests(wheel: Path) -> None:
    """Give a wheel's list of files their digests, as published wheels have them."""
    with zipfile.ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    record = next(name for name in files if name.endswith("/RECORD"))
    lines = [f"{name},sha256={_urlsafe(data)},{len(data)}" for name, data in files.items() if name != record]
    files[record] = "\n".join([*lines, f"{record},,", ""]).encode()
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)


def _urlsafe(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


IMPORTS = "import thing\n\ndef claim():\n    '''It is so.'''\n    assert thing.VERSION == '1.0', thing.VERSION\n"


@row("installer killed", "rebuilt and whole before use", 50, 3)
def installer_killed(count: int, folder: Path) -> Seen:
    root, variables = with_package(folder)
    write_check(root, IMPORTS)
    arguments = ("CC003", "--again", "--wheels", str(folder / "wheels"))
    held = 0
    for _ in range(count):
        shutil.rmtree(folder / "home", ignore_errors=True)
        process = subprocess.Popen(
            [CLINIC, "run", *arguments],
            cwd=root,
            env={**os.environ, **variables},
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        time.sleep(chance.uniform(0.3, 2.5))
        process.kill()
        process.wait()
        done = clinic(root, "run", *arguments, **variables)
        held += done.returncode == 0 and "holds" in done.stderr
    return Seen(held, count)


@row("a byte changed in an environment or in the cache", "caught, never green", 100, 4)
def byte_changed(count: int, folder: Path) -> Seen:
    root, variables = with_package(folder)
    job = write_check(root, IMPORTS.replace("== '1.0'", "!= '1.0'"))  # green only with what was changed
    held = 0
    with mock.patch.dict(os.environ, variables):
        for number in range(count):
            installed = install.install(job.environment, folder / "home/environments", folder / "wheels", lambda _: None)
            places = [installed.packages, folder / "cache"] if number % 4 == 3 else [installed.packages]
            for file in [path for place in places for path in place.rglob("thing.py")]:
                times = file.stat()
                file.chmod(0o644)
                file.write_text("VERSION = '9.9'\n", encoding="utf-8")
                if number % 2:
                    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
            if number % 4 == 3:
                shutil.rmtree(folder / "home")
            with contextlib.suppress(install.Unavailable):
                record = run.decide(load_project(root), job, folder / "wheels", lambda _: None)
                held -= record.outcomes[0].observed == "holds"
            held += 1
    return Seen(held, count, "every other one with its time of change restored")


def decided_in_time(root: Path, source: str, count: int, seconds: float, right: Callable[[Record], bool]) -> Seen:
    """Decide it so many times, each with a limit of LIMIT seconds a claim, and at most `seconds` more than an empty one."""
    held, slowest = 0, 0.0
    with mock.patch.object(run, "CLAIM_SECONDS", LIMIT):
        decide(root, "def claim():\n    '''It is so.'''\n    assert int(1) == 1\n")
        for _ in range(count):
            started = time.monotonic()
            record = decide(root, source)
            took = time.monotonic() - started
            slowest = max(slowest, took)
            held += right(record) and took < seconds
    return Seen(held, count, f"the slowest {slowest:.1f} s")


@row("check hangs, ignores SIGTERM", "stopped within limit + 2 s", 20, 2)
def hangs(count: int, folder: Path) -> Seen:
    body = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    return decided_in_time(
        example(folder), f"def claim():\n    '''It is so.'''\n    {body}\n", count, LIMIT + 2, only_undecided
    )


DAEMON = """
import os, time

def claim():
    '''It is so.'''
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            print("here", flush=True)
            time.sleep(60)
        os._exit(0)
    os.wait()
    time.sleep(0.3)
    assert os.getpid() > 0
"""


@row("daemon, held pipe", "nobody survives, within 3 s", 20, 2)
def daemon(count: int, folder: Path) -> Seen:
    root, held = example(folder), 0
    for _ in range(count):
        record = decide(root, DAEMON)
        held += record.log_bytes > len("here") and within(3, lambda: not processes_of(root))
    return Seen(held, count)


@row("10 GB of output", "at most 64 MiB read and resident", 5, 1)
def endless_output(count: int, folder: Path) -> Seen:
    root, held, most = example(folder), 0, 0
    source = (
        "def claim():\n    '''It is so.'''\n    for _ in range(10240):\n"
        "        print('x' * (1 << 20))\n    assert int(1) == 1\n"
    )
    for _ in range(count):
        tracemalloc.start()
        record = decide(root, source)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        most = max(most, peak)
        held += only_undecided(record) and peak < 64 << 20 and record.log_bytes < 64 << 20
    return Seen(held, count, f"at most {most >> 20} MiB resident")


EATS = """
import os, time

def claim():
    '''It is so.'''
    children = []
    for _ in range(4):  # together far more than the limit, each alone less
        child = os.fork()
        if child == 0:
            kept = bytearray(300 << 20)
            kept[::4096] = bytes(len(kept[::4096]))
            time.sleep(2)
            os._exit(0)
        children.append(child)
    failed = [os.waitpid(child, 0)[1] for child in children]
    assert failed == [0, 0, 0, 0] or os.abort()
"""
BOMB = """
import os, time

def claim():
    '''It is so.'''
    for _ in range(6000):
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
    assert os.getpid() > 0
"""


@row("memory eaten, fork bomb", "limited, the machine lives, undecided", 5, 1)
def eats(count: int, folder: Path) -> Seen:
    root, held, notes = example(folder), 0, set()
    for _ in range(count):
        with mock.patch.object(run, "memory_limit", lambda: 700 << 20):
            memory = decide(root, EATS)
        with mock.patch.object(run, "CLAIM_SECONDS", 20):
            bomb = decide(root, BOMB)
        for name, record in (("memory", memory), ("processes", bomb)):
            if not only_undecided(record):
                notes.add(f"{name} not limited ({record.seen.isolation})")
        held += only_undecided(memory) and only_undecided(bomb)
    return Seen(held, count, ", ".join(sorted(notes)))


@contextlib.contextmanager
def reader() -> Iterator[object]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium.ensure(), args=chromium.ARGUMENTS)
        yield launched
        launched.close()


@row("hostile text on every way into a page", "no script runs on the page", 200, 8)
def hostile_text(count: int, folder: Path) -> Seen:
    strings = some(count)
    root = poison(as_site(example(folder)), strings)
    with contextlib.chdir(root), mock.patch.dict(os.environ, {"CLINIC_ISSUES": "https://host.example/issues/new"}):
        site = build_unchecked(root)
    with served(site) as address, reader() as opened:
        found = read_all(opened, address, site, strings)  # type: ignore[arg-type]
    return Seen(
        count - len(found.ran), count, f"{found.visits} pages, pastes, drops, links and searches; ran: {len(found.ran)}"
    )


@row("clock a year off", "future evidence is unverified", 4, 4)
def clock(count: int, folder: Path) -> Seen:
    root = decided(folder, "CC001")
    project, held = load_project(root), 0
    cells = [cell for cell in project.cells() if cell.article.id == "CC001"]
    recorded = project.judge(cells[0]).outcome.recorded  # type: ignore[union-attr]
    offs = [(timedelta(days=-365), "unverified"), (timedelta(hours=-1), "unverified"), (timedelta(minutes=1), "verified")]
    for off, status in [*offs, (timedelta(days=4000), "stale")][:count]:
        with mock.patch.dict(os.environ, {"SOURCE_DATE_EPOCH": str(int((recorded + off).timestamp()))}):
            again = load_project(root)
        held += {again.judge(cell).status for cell in again.cells() if cell.article.id == "CC001"} == {status}
    return Seen(held, count)


@row("altered evidence, lock, check, snippet", "never verified", 10_000, 60)
def altered(count: int, folder: Path) -> Seen:
    root = decided(folder, "CC001")
    article = root / ERRORS / "prefix-missing"
    files = [
        *(article / "evidence").iterdir(),
        *(root / name for name in (f"{BARE}/lock.txt", f"{BARE}/environment.toml", "snippets/rename_keys.py")),
        article / "load_renamed.py",
    ]
    files = [file for file in files if file.stat().st_size]
    held = 0
    for number in range(count):
        file = files[number % len(files)]
        before = file.read_bytes()
        place, bit = chance.randrange(len(before)), 1 << chance.randrange(8)
        file.write_bytes(before[:place] + bytes([before[place] ^ bit]) + before[place + 1 :])
        held += not _green(root)
        file.write_bytes(before)
    return Seen(held, count)


def _green(root: Path) -> bool:
    """Whether any cell of the first article is verified; a project that cannot be read has none."""
    evidence._read_once.cache_clear()
    try:
        project = load_project(root)
    except Exception:
        return False
    return any(project.judge(cell).status == "verified" for cell in project.cells() if cell.article.id == "CC001")


@row("registry down", "undecided; old evidence and its age stay", 5, 1)
def registry_down(count: int, folder: Path) -> Seen:
    root, held = decided(folder, "CC003"), 0
    (root / BARE / "lock.txt").write_text(f"nobody-has-this==1.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    closed = "http://127.0.0.1:9"
    before = contents(root / ERRORS)
    for _ in range(count):
        done = clinic(root, "run", "CC003", "--again", UV_DEFAULT_INDEX=closed, UV_HTTP_RETRIES="0")
        held += done.returncode == 4 and "undecided" in done.stderr and contents(root / ERRORS) == before
    return Seen(held, count)


@row("malformed safetensors", "no acceptance that safetensors refuses", 1_000_000, 500)
def malformed(count: int, folder: Path) -> Seen:
    repository = Path(__file__).resolve().parents[1]
    environments = load_environments(repository / "checks" / "environments", repository)
    python = install.install(environments["torch-2.13-cpu"], OWN_HOME / "environments").python
    command = [str(python), str(Path(__file__).with_name("malformed_headers.py")), str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    return Seen(found["tried"] - found["wrong"], count, f"{found['refused']} refused; links and pipes: make test")


@row("unlisted inline script", "the build fails", 200, 20)
def unlisted(count: int, folder: Path) -> Seen:
    root = as_site(example(folder))
    with contextlib.chdir(root):
        site = build_unchecked(root)
    pages, held = sorted(site.rglob("*.html")), 0
    assert list(policy_problems(site, root)) == []
    for number in range(count):
        page = pages[number % len(pages)]
        before = page.read_text(encoding="utf-8")
        where = chance.choice([place for place in ("</head>", "</body>", "<p>", "<title>") if place in before] or ["<p"])
        page.write_text(before.replace(where, f"<script>ran({number})</script>{where}", 1), encoding="utf-8")
        held += bool(list(policy_problems(site, root)))
        page.write_text(before, encoding="utf-8")
    return Seen(held, count)


@row("two builds", "the same bytes", 1, 1)
def two_builds(count: int, folder: Path) -> Seen:
    sites = []
    for number in range(2):
        root = as_site(example(folder / str(number)))
        variables = {"SOURCE_DATE_EPOCH": "1800000000", "PYTHONHASHSEED": str(number), "TZ": ("UTC", "Asia/Tokyo")[number]}
        sites.append(build(root, **variables))
    first, second = ({path.relative_to(site) for path in site.rglob("*") if path.is_file()} for site in sites)
    _, different, unread = filecmp.cmpfiles(*sites, [str(path) for path in sorted(first | second)], shallow=False)
    return Seen(int(not different and not unread), 1, f"{len(different + unread)} of {len(first | second)} files differ")


def try_row(one: Row, quick: bool, work: Path) -> tuple[bool, str]:
    """Try one row in a folder of its own; return whether it held, and its line."""
    work.mkdir(parents=True)
    count, started = one.quick if quick else one.full, time.monotonic()
    try:
        seen = one.decide(count, work)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return False, f"| {one.fault} | {one.required} | could not be tried: {error!r:.200} (line {last.lineno}) | 0/{count} |"
    finally:
        shutil.rmtree(work, ignore_errors=True)
    holds = seen.held == seen.of
    told = ("holds" if holds else "DOES NOT HOLD") + (f"; {seen.note}" if seen.note else "")
    return holds, f"| {one.fault} | {one.required} | {told}; {time.monotonic() - started:.0f} s | {seen.held}/{seen.of} |"


def main() -> int:
    """Try the rows that were asked for and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", default=bool(os.environ.get("QUICK")), help="small counts")
    parser.add_argument("--only", action="append", default=[], metavar="WORDS", help="rows whose fault contains these words")
    given = parser.parse_args()
    rows = [one for one in ROWS if not given.only or any(words in one.fault for words in given.only)]
    failed = 0
    print("| fault or input | required | seen | count |\n| --- | --- | --- | --- |", flush=True)
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        home = Path(folder, "home")
        with mock.patch.dict(
            os.environ, {"CLINIC_HOME": str(home), "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", str(home / "uv"))}
        ):
            os.environ.pop("SOURCE_DATE_EPOCH", None)
            for number, one in enumerate(rows, start=1):
                print(f"{number} of {len(rows)}: {one.fault} ...", end="\r", file=sys.stderr, flush=True)
                holds, line = try_row(one, given.quick, Path(folder, f"row-{number}"))
                failed += not holds
                print(line, flush=True)
    print(f"{len(rows) - failed} of {len(rows)} rows hold.")
    return 1 if failed else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
