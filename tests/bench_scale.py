"""Many cells and many workers: planning, speed-up, what cells cost; simulated where it is not run, and called so."""

from __future__ import annotations

import heapq
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt

from checks.decide.install import home
from checks.decide.plan import load_project
from checks.decide.spread import PIECES
from tests.cluster import cluster
from tests.conftest import BARE, ERRORS, EXAMPLES

ROOT = Path(__file__).resolve().parents[1]
PYTHON = sys.executable
Rows = list[list[str]]
WAITS = "import os, time\n\ndef claim():\n    '''It is so.'''\n    time.sleep({seconds})\n    assert os.getpid() > 0\n"
CLAIMS = 10  # of a module of a project that is made up
PLAN = """
import json, time
from pathlib import Path
start = time.perf_counter()
from checks.decide.plan import load_project, select
from checks.decide.matrix import matrix
from checks.decide.spread import pieces
project = load_project(Path.cwd())
jobs = select(project, (), (), lambda job: True)
cells = sum(len(job.cells) for job in jobs)
found = pieces(jobs, 64), matrix(jobs)
status = Path("/proc/self/status").read_text().splitlines()  # its own: a child's rusage begins with its parent's
peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
print(json.dumps([cells, len(jobs), time.perf_counter() - start, peak]))
"""


@dataclass(frozen=True)
class Cost:
    """What a job takes: its environment, and seconds."""

    environment: str
    seconds: float


@dataclass(frozen=True)
class Simulated:
    """How long workers would take, in seconds, and how many environments they would build together."""

    seconds: float
    built: int


def simulate(jobs: Sequence[Cost], workers: int, build: Mapping[str, float], each: float = 0.0) -> Simulated:
    """Hand pieces to whichever worker is free first, as the runner does; each builds an environment the first time.

    Args:
        jobs: in the order of the plan, those of an environment together.
        workers: how many.
        build: seconds that a worker takes to build an environment.
        each: seconds that the runner itself adds to a job, one after the other: it writes the evidence.
    """
    most = max(1, -(-len(jobs) // (PIECES * workers)))
    free = [(0.0, number) for number in range(workers)]
    has: list[set[str]] = [set() for _ in range(workers)]
    end, built, start = 0.0, 0, 0
    while start < len(jobs):
        environment = jobs[start].environment
        stop = start
        while stop < min(len(jobs), start + most) and jobs[stop].environment == environment:
            stop += 1
        now, worker = heapq.heappop(free)
        if environment not in has[worker]:
            has[worker].add(environment)
            now, built = now + build[environment], built + 1
        now += sum(one.seconds for one in jobs[start:stop])
        heapq.heappush(free, (now, worker))
        end, start = max(end, now), stop
    return Simulated(max(end, each * len(jobs)), built)


def write_project(folder: Path, articles: int, modules: int, environments: int, source: str = "") -> Path:
    """Write a clinic of so many articles, with so many modules of ten claims, in so many environments each."""
    root = Path(shutil.copytree(EXAMPLES, folder))
    template = root / ERRORS / "old-evidence"
    toml = (template / "article.toml").read_text(encoding="utf-8").partition("[claims]")[0]
    names = ["bare", *(f"bare-{number}" for number in range(2, environments + 1))]
    for name in names[1:]:
        shutil.copytree(root / BARE, root / BARE.replace("bare", name))
    claims = [f"claim_{number}" for number in range(CLAIMS)]
    code = source or "".join(f"def {name}():\n    '''It is so.'''\n    assert int(1) == 1\n\n\n" for name in claims)
    stated = ["claim"] if source else claims
    for number in range(articles):
        article = root / ERRORS / f"made-up-{number}"
        article.mkdir()
        shutil.copyfile(template / "vectors.toml", article / "vectors.toml")
        text = toml.replace("CC003", f"CC{number + 100}").replace("old-evidence", article.name)
        text += "[claims]\n"
        for module in (f"module_{one}" for one in range(modules)):
            (article / f"{module}.py").write_text(f"{code}# {number} {module}\n", encoding="utf-8")
            text += "".join(f'"{module}.{name}" = {{ holds = {json.dumps(names)} }}\n' for name in stated)
        (article / "article.toml").write_text(text, encoding="utf-8")
    return root


def planning(wanted: int = 100_000) -> Rows:
    """A project of 100,000 cells: read, planned, cut into pieces and into a matrix, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        root = write_project(Path(folder, "clinic"), 20, 5, wanted // (20 * 5 * CLAIMS))
        told = []
        for _ in range(3):
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            done = subprocess.run([PYTHON, "-c", PLAN], cwd=root, env=environment, capture_output=True, text=True, check=True)
            told.append(json.loads(done.stdout))
    cells, jobs, _, _ = told[0]
    seconds, peak = (statistics.median(one[column] for one in told) for column in (2, 3))
    what = f"planning {cells:,} cells, {jobs:,} jobs"
    return [[what, "", f"{seconds:.1f} s, {peak:.0f} MB at its peak", "", "at most 5 s, 500 MB"]]


def run_with(root: Path, address: str | None, *options: str, workers: int = 1) -> float:
    """Decide everything of a project again; return the seconds."""
    place = ["--dask", address] if address else ["--workers", str(workers)]
    started = time.perf_counter()
    done = subprocess.run(
        [PYTHON, "-m", "checks", "run", "--again", *options, *place],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise subprocess.CalledProcessError(done.returncode, done.args, done.stdout, done.stderr)
    return time.perf_counter() - started


def speed_up(measured: Callable[[int], float], rounds: int = 3) -> float:
    """Return the median ratio of one worker's seconds over those of two, which take turns."""
    measured(1), measured(2)  # environments are built
    return statistics.median(measured(1) / measured(2) for _ in range(rounds))


WAITING, WAITING_SECONDS = 20, 2


def waiting_cells() -> Rows:
    """Modules that only wait: what the runner and Dask leave of the gain where beginning and ending count for little."""
    what = f"{WAITING} modules that wait for {WAITING_SECONDS} s"
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        root = write_project(Path(folder, "clinic"), 1, WAITING, 1, WAITS.format(seconds=WAITING_SECONDS))
        own = {"CLINIC_HOME": str(Path(folder, "home"))}
        os.environ |= own
        try:
            ratio = speed_up(lambda workers: run_with(root, None, "CC100", workers=workers))
            rows.append([what, "one thread", f"{ratio:.2f} times as fast with two", "", ""])
            with cluster(Path(folder, "one"), 1) as one, cluster(Path(folder, "two"), 2) as two:
                ratio = speed_up(lambda workers: run_with(root, one if workers == 1 else two, "CC100"))
                built = [len(list(Path(folder, "two").glob(f"worker-{one}/home/workers/*/environments/*/"))) for one in (1, 2)]
        finally:
            del os.environ["CLINIC_HOME"]
    rows.append(["", "one Dask worker", f"{ratio:.2f} times as fast with two", "", "at least 1.8 times"])
    rows.append(["", "", f"environments built: {' and '.join(map(str, built))}, after eight runs", "", "one a worker"])
    return rows


REAL = ("CC010", "CC011", "CC014", "CC016", "CC018")  # many modules in the default environment, none of them long


def real_cells() -> Rows:
    """Articles in the default environment, which each worker builds first; their checks compute, on a processor each."""
    options = [*REAL, "--environment", "torch-2.13-cpu"]
    variables = {"OMP_NUM_THREADS": "1", "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", str(home(ROOT) / "uv"))}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "clinic")
        for name in ("checks", "snippets", "checkpoint_clinic"):  # the copy's engine runs there: the same as the workers'
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        before = {name: os.environ.get(name) for name in variables}
        os.environ |= variables
        try:
            with cluster(Path(folder, "one"), 1) as one, cluster(Path(folder, "two"), 2) as two:
                ratio = speed_up(lambda workers: run_with(root, one if workers == 1 else two, *options), rounds=2)
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})
    jobs = [job for job in load_project(ROOT).jobs if job.article.id in REAL and job.environment.name == "torch-2.13-cpu"]
    cells = sum(len(job.cells) for job in jobs)
    what = f"{', '.join(REAL)}: {cells} cells of {len(jobs)} modules"
    return [[what, "one Dask worker", f"{ratio:.2f} times as fast with two", "", "at least 1.5 times"]]


def cost_against_cells() -> Rows:
    """Cells that do nothing, ten of a module: what the runner takes for them, run up to 1,000 and simulated beyond."""
    run: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for cells in (10, 100, 1000):
            root = write_project(Path(folder, str(cells)), 1, cells // CLAIMS, 1)
            os.environ["CLINIC_HOME"] = str(Path(folder, "home"))
            try:
                run_with(root, None, "CC100")
                run[cells] = run_with(root, None, "CC100")
            finally:
                del os.environ["CLINIC_HOME"]
    each = (run[1000] - run[10]) / 99  # seconds of a module more
    start = run[10] - each
    simulated = {
        workers: {
            cells: start + simulate([Cost("bare", each)] * (cells // CLAIMS), workers, {"bare": 0.0}).seconds
            for cells in (10, 100, 1000, 10_000, 100_000)
        }
        for workers in (1, 8, 64)
    }
    picture = draw_cost(run, simulated)
    told = ", ".join(f"{cells:,}: {seconds:.0f} s" for cells, seconds in run.items())
    rows = [["cells that do nothing, ten a module, one worker", "", f"run: {told}", "", ""]]
    for workers, found in simulated.items():
        told = ", ".join(f"{cells:,}: {found[cells] / 60:.1f} min" for cells in (10_000, 100_000))
        rows.append(["", f"simulated, {workers} worker{'s' if workers > 1 else ''}", told, "", ""])
    return [*rows, ["", "as a plot", str(picture.relative_to(ROOT)), "", ""]]


def draw_cost(run: Mapping[int, float], simulated: Mapping[int, Mapping[int, float]]) -> Path:
    """Draw seconds against cells; what was run as points, what was simulated as lines."""
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    for workers, found in simulated.items():
        axes.plot(list(found), list(found.values()), "--", label=f"simulated, {workers} worker{'s' if workers > 1 else ''}")
    axes.plot(list(run), list(run.values()), "o", color="black", label="run, 1 worker")
    axes.set(xscale="log", yscale="log", xlabel="cells (ten a check module)", ylabel="seconds", title="What deciding costs")
    axes.legend(frameon=False)
    picture = home(ROOT) / "bench" / "scale.svg"
    if not picture.is_relative_to(ROOT):
        picture = ROOT / ".clinic" / "bench" / "scale.svg"
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture)
    plt.close(figure)
    return picture


ATLAS_BUILD = 10.0  # seconds of a layer more; `make bench ONLY=layer` measures it
ATLAS_BASE = 120.0  # of a worker's first environment: torch with DeepSpeed, from a warm cache
ATLAS_START = 8.0  # of a way, until its first architecture: the guard, and the libraries imported


def larger_atlas(architectures: int = 20, releases: int = 60) -> Rows:
    """What an atlas of 20 architectures, 60 releases and 4 ways would cost, from the seconds that this one's evidence gives."""
    project = load_project(ROOT)
    seconds = []
    for job in project.jobs:
        if (
            job.article.id == "atlas"
            and not job.environment.name.startswith("atlas-across")
            and (record := project.record(job))
        ):
            seconds.append(statistics.mean(one.seconds for one in record.outcomes))
    each = ATLAS_START + architectures * statistics.mean(seconds)
    jobs = [Cost(f"release {number}", each) for number in range(releases) for _ in range(4)]
    build = {f"release {number}": ATLAS_BUILD for number in range(releases)}
    rows = []
    for workers in (1, 8, 64):
        found = simulate(jobs, workers, build)
        told = f"{(found.seconds + ATLAS_BASE) / 3600:.1f} h, {found.built} environments built"
        rows.append(["", f"simulated, {workers} worker{'s' if workers > 1 else ''}", told, "", ""])
    cells = architectures * releases * 4
    what = f"atlas of {architectures} x {releases} x 4 = {cells:,} cells"
    told = f"{each:.0f} s a way of {architectures} architectures, by the mean of {len(seconds)} runs"
    return [[what, "", told, "", ""], *rows]


def steps() -> dict[str, Callable[[], Rows]]:
    """Return what is measured, by name."""
    return {
        "scale-planning": planning,
        "scale-waiting": waiting_cells,
        "scale-real": real_cells,
        "scale-cost": cost_against_cells,
        "scale-atlas": larger_atlas,
    }
