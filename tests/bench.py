"""Measure the speed of what is ours, each figure against a bare equivalent in the same run. Asserts nothing.

make bench
python tests/bench.py --list                # the steps
python tests/bench.py --only audit --only site
python tests/bench.py --only whole-sweep    # every layer of CC002's sweep of versions: some minutes; not part of make bench
"""

from __future__ import annotations

import json
import math
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from checks.content.environment import awaits_commit, load_environments, read_commits
from checks.decide.evidence import location, subjects, write
from checks.decide.install import home, install
from checks.decide.plan import Cell, Job, load_project
from checks.decide.sandbox import sandbox

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from snippets import audit_checkpoint
from tests import bench_pages, bench_scale, bench_search, bench_site
from tests.conftest import EXAMPLES

ROOT = Path(__file__).resolve().parents[1]
PYTHON = sys.executable
REPEATS = 5
WIDTHS = {"what": 44, "against": 34, "measured": 40, "the other": 10, "wanted": 22}
OF_PROJECT = ("checkpoint_clinic", "checks", "snippets", "docs", "overrides")  # what commands in a copy of the project read
TEXTS = ("CHANGELOG.md",)  # and a page includes
console = Console(width=160)
Rows = list[list[str]]


def timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def alternate(*actions: Callable[[], object], repeats: int = REPEATS) -> list[float]:
    """Return each action's median seconds; they take turns, so that a busy machine slows all of them."""
    rounds = [[timed(action) for action in actions] for _ in range(repeats)]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def command(*arguments: str, cwd: Path = ROOT, **variables: str) -> None:
    subprocess.run(arguments, cwd=cwd, env={**os.environ, **variables}, capture_output=True, check=True)


def copy_project(folder: Path) -> Path:
    """Return a copy of the project, for what writes evidence or pages."""
    for name in OF_PROJECT:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in TEXTS:
        shutil.copyfile(ROOT / name, folder / name)
    return folder


# What a check module is without the engine: its claims one after the other; one that is refuted does not end it.
BARE_CLAIMS = """
import importlib, sys, traceback
sys.path.insert(0, sys.argv[1])
module = importlib.import_module(sys.argv[2])
for name in sys.argv[3:]:
    try:
        getattr(module, name)()
    except AssertionError:
        traceback.print_exc()
"""


def nothing_to_do() -> list[str]:
    bare, ours = alternate(
        lambda: command(PYTHON, "-c", "pass"),
        lambda: subprocess.run([PYTHON, "-m", "checks", "run"], cwd=ROOT, capture_output=True, check=False),
    )
    return [
        f"clinic run, {len(list(load_project(ROOT).cells())):,} cells, all current",
        "python -c pass",
        f"{ours:.2f} s",
        f"{bare:.2f} s",
        "at most 3 s at 10,000",
    ]


def multiply(folder: Path, copies: int) -> list[Cell]:
    """Give a copy of the project each article again, with other ids and evidence of its own; return the articles' cells."""
    for article in load_project(folder).articles:
        for number in range(1, copies + 1):
            again = shutil.copytree(article.folder, article.folder.with_name(f"{article.slug}-{number}"))
            toml = again / "article.toml"
            text = toml.read_text(encoding="utf-8").replace(article.id, f"CC{100 * number + int(article.id[2:])}")
            toml.write_text(text, encoding="utf-8")
            for module in again.glob("*.py"):  # no two are alike, or one would be parsed for all
                module.write_text(f"{module.read_text(encoding='utf-8')}# {number}\n", encoding="utf-8")
    project = load_project(folder)
    for job in project.jobs:
        path = location(job.article, job.module, job.environment.name)
        if (record := project.record(job)) and record.article != job.article.id:
            current = subjects(job.article, job.module, job.environment, folder)
            record = record.model_copy(update={"article": job.article.id, "subjects": current})
            write(path, record, path.with_suffix(".log").read_bytes())
    return [cell for article in project.articles for cell in project.cells(article)]


def nothing_to_do_in_a_large_project(copies: int, wanted: str) -> list[str]:
    """What a run with nothing to do reads grows with the cells: every statement and log, and each module that decides one."""
    with tempfile.TemporaryDirectory() as folder:
        large = copy_project(Path(folder, "project"))
        cells = multiply(large, copies)
        articles = sorted({cell.article.id for cell in cells})
        start, ours = alternate(
            lambda: subprocess.run([PYTHON, "-m", "checks", "run", "--help"], cwd=large, capture_output=True, check=False),
            lambda: subprocess.run([PYTHON, "-m", "checks", "run", *articles], cwd=large, capture_output=True, check=False),
        )
    return [f"clinic run, {len(cells):,} cells, all current", "clinic run --help", f"{ours:.2f} s", f"{start:.2f} s", wanted]


def decided(*run: str, cwd: Path, **variables: str) -> None:
    """Let the runner decide; a refuted claim is an answer, one that was not decided is none."""
    done = subprocess.run(run, cwd=cwd, env={**os.environ, **variables}, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise subprocess.CalledProcessError(done.returncode, run, done.stdout, done.stderr)


def runner_overhead(article: str, jobs: list[Job]) -> list[str]:
    """All check modules of an article in one environment; the runner writes its evidence into a copy of the project."""
    installed = install(jobs[0].environment, home(ROOT) / "environments")
    variables = {"PYTHONPATH": str(ROOT), **jobs[0].environment.variables}
    claims = {job.module: list(dict.fromkeys(cell.claim.name.partition(".")[2] for cell in job.cells)) for job in jobs}
    with tempfile.TemporaryDirectory() as folder:
        copy = copy_project(Path(folder, "project"))
        run = [PYTHON, "-m", "checks", "run", article, "--environment", jobs[0].environment.name, "--again"]

        def alone() -> None:
            for module, names in claims.items():
                arguments = ["-c", BARE_CLAIMS, str(jobs[0].article.folder), module, *names]
                command(str(installed.python), *arguments, cwd=Path(folder), **variables)

        bare, ours, start = alternate(
            alone,
            lambda: decided(*run, cwd=copy, CLINIC_HOME=str(home(ROOT))),
            lambda: subprocess.run([PYTHON, "-m", "checks", "run", "--help"], cwd=copy, capture_output=True, check=False),
        )
    number = sum(map(len, claims.values()))
    return [
        f"clinic run {article}: {number} claims of {len(jobs)} modules",
        "the same functions, called one by one",
        f"{(ours - bare) / number:.2f} s a claim more ({ours:.1f} s; {start:.2f} s of it start the command)",
        f"{bare:.1f} s",
        "at most 0.3 s a claim",
    ]


def isolation() -> Rows:
    """One claim that does nothing, in its own process: shut in as this machine can, and not at all; and without any runner."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(shutil.copytree(EXAMPLES, Path(folder, "clinic")))
        variables = {"CLINIC_HOME": str(Path(folder, "home")), "PYTHONPATH": str(ROOT)}
        run = [PYTHON, "-m", "checks", "run", "CC003", "--again"]
        decided(*run, cwd=root, **variables)
        bare, none, shut_in = alternate(
            lambda: command(PYTHON, "-c", "pass"),
            lambda: decided(*run, cwd=root, CLINIC_ISOLATION="none", **variables),
            lambda: decided(*run, cwd=root, **variables),
            repeats=3 * REPEATS,
        )
    what = f"a run of one claim, {sandbox().name}"
    told = f"{shut_in - none:.2f} s more ({shut_in:.2f} s)"
    return [
        [what, "the same with CLINIC_ISOLATION=none", told, f"{none:.2f} s", "at most 0.5 s more"],
        ["", "python -c pass", "", f"{bare:.2f} s", ""],
    ]


def site_build(copies: int) -> list[list[str]]:
    """Build both languages, with each article so many times more, and the same pages without the extension."""
    with tempfile.TemporaryDirectory() as folder:
        copy, plain = copy_project(Path(folder, "project")), Path(folder, "plain")
        for name in bench_site.CONFIGS.values():
            shutil.copyfile(ROOT / name, copy / name)
        for page in [*copy.glob("docs/*/errors/*.md")]:
            for number in range(copies):
                shutil.copyfile(page, page.with_name(f"{page.stem}-{number}.md"))
        pages = bench_site.write_plain(copy, plain)
        build = [PYTHON, "-c", bench_site.BUILD, *bench_site.CONFIGS.values()]
        theirs, ours = alternate(lambda: command(*build, cwd=plain), lambda: command(*build, cwd=copy), repeats=3)
        if other := list(bench_site.differing(copy / "site", plain / "site")):
            raise ValueError(f"the two builds gave other pages: {', '.join(other[:3])}")
    return [
        [
            f"site of {pages} pages, both languages",
            "plain mkdocs-material, the same pages",
            f"{ours:.1f} s = {ours / theirs:.2f} times",
            f"{theirs:.1f} s",
            "at most 1.25 times",
        ]
    ]


# The published sizes of DeepSeek-V3; its 163 files are written as headers and holes, so they take no disk.
DEEPSEEK_V3 = {
    "architectures": ["DeepseekV3ForCausalLM"],
    "model_type": "deepseek_v3",
    "num_hidden_layers": 61,
    "first_k_dense_replace": 3,
    "n_routed_experts": 256,
    "n_shared_experts": 1,
    "num_experts_per_tok": 8,
    "topk_method": "noaux_tc",
    "hidden_size": 7168,
    "intermediate_size": 18432,
    "moe_intermediate_size": 2048,
    "vocab_size": 129280,
    "q_lora_rank": 1536,
    "kv_lora_rank": 512,
    "num_attention_heads": 128,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "v_head_dim": 128,
}
BARE_AUDIT = """
import json, sys, time
from pathlib import Path
start = time.perf_counter()
count = 0
for path in sorted(Path(sys.argv[1]).glob("*.safetensors")):
    with path.open("rb") as file:
        count += len(json.loads(file.read(int.from_bytes(file.read(8), "little"))))
headers = time.perf_counter() - start
json.loads(Path(sys.argv[1], "model.safetensors.index.json").read_bytes())
print(headers, count, time.perf_counter() - start)
"""
OWN_AUDIT = """
import sys, time
from pathlib import Path
from snippets.audit_checkpoint import audit
start = time.perf_counter()
assert audit(sys.argv[1]).sound
print(time.perf_counter() - start)
peak = [line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
print(int(*peak) / 1024)
"""
SAFETENSORS = """
import sys, time
from pathlib import Path
from safetensors import safe_open
for look in (lambda f, k: None, lambda f, k: (f.get_slice(k).get_shape(), f.get_slice(k).get_dtype())):
    start = time.perf_counter()
    for path in sorted(Path(sys.argv[1]).glob("*.safetensors")):
        with safe_open(path, "np") as file:
            for key in file.keys():
                look(file, key)
    print(time.perf_counter() - start)
"""


def write_deepseek_v3(folder: Path, with_scales: bool) -> None:
    """Write 163 files with the names and shapes of DeepSeek-V3, the FP8 scales among them or not, and no data."""
    config = DEEPSEEK_V3
    shapes = {
        name: ("BF16", 2, list(shape)) for name, shape in audit_checkpoint.asked(config, config["architectures"][0]).items()
    }
    if with_scales:
        config["quantization_config"] = {"quant_method": "fp8", "weight_block_size": [128, 128]}
        pairs = []
        for name, (dtype, width, shape) in shapes.items():
            scaled = len(shape) == 2 and "proj" in name
            pairs.append((name, ("F8_E4M3", 1, shape) if scaled else (dtype, width, shape)))
            if scaled:
                pairs.append((f"{name}_scale_inv", ("F32", 4, [-(-shape[0] // 128), -(-shape[1] // 128)])))
        shapes = dict(pairs)
    names, weight_map = list(shapes), {}
    for number in range(163):
        file = f"model-{number + 1:05}-of-000163.safetensors"
        header, offset = {}, 0
        for name in names[number * len(names) // 163 : (number + 1) * len(names) // 163]:
            dtype, width, shape = shapes[name]
            size = width * math.prod(shape)
            header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + size]}
            offset += size
            weight_map[name] = file
        raw = json.dumps(header, separators=(",", ":")).encode()  # as safetensors writes it
        with (folder / file).open("wb") as stream:
            stream.write(len(raw).to_bytes(8, "little") + raw)
            stream.truncate(8 + len(raw) + offset)
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"metadata": {}, "weight_map": weight_map}), encoding="utf-8"
    )
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


def audit_of_deepseek_v3(with_scales: bool) -> list[list[str]]:
    """The whole audit against reading the same headers and json.loads on them; beside it what safetensors itself takes."""
    environment = load_environments(ROOT / "checks" / "environments", ROOT)["torch-2.13-cpu"]
    python = str(install(environment, home(ROOT) / "environments").python)

    def told(code: str) -> list[float]:
        """Return the seconds that the whole process took, then what it printed."""
        started = time.perf_counter()
        command = [python, "-c", code, folder]
        done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True)
        return [time.perf_counter() - started, *map(float, done.stdout.split())]

    with tempfile.TemporaryDirectory() as folder:
        write_deepseek_v3(Path(folder), with_scales)
        rounds = [(told(BARE_AUDIT), told(OWN_AUDIT)) for _ in range(3 * REPEATS)]
        program = statistics.median(
            timed(lambda: command(python, str(ROOT / "snippets/audit_checkpoint.py"), folder)) for _ in range(REPEATS)
        )
        _, keys, slices = told(SAFETENSORS)

    def times(ours: int, bare: int) -> float:
        """The median of the rounds' ratios: a machine that slows down in between does not change it."""
        return statistics.median(own[ours] / plain[bare] for plain, own in rounds)

    (_, _, count, _), (_, _, memory) = rounds[0]
    whole, bare, _, indexed = (statistics.median(plain[i] for plain, _ in rounds) for i in range(4))
    own_whole, ours = (statistics.median(own[i] for _, own in rounds) for i in range(2))
    what = f"audit_checkpoint.py, 163 files, {count:,.0f} tensors"
    beside = f"safe_open().keys() {keys:.2f} s, get_slice {slices:.1f} s"
    with_start = f"{own_whole:.2f} s = {times(0, 0):.2f} times; as a program {program:.2f} s"
    return [
        [what, "the headers and json.loads", f"{ours:.3f} s = {times(1, 1):.2f} times", f"{bare:.3f} s", "at most 2 times"],
        ["", "the same with the index, which the audit reads, too", f"{times(1, 3):.2f} times", f"{indexed:.3f} s", ""],
        ["", "so, both with the start of Python", with_start, f"{whole:.2f} s", "at most 2 times"],
        ["", beside, f"peak memory {memory:.0f} MB", "", ""],
    ]


VALUES = """
import statistics, sys, tempfile, time
from pathlib import Path
import torch
from safetensors.torch import save_file
from snippets.audit_checkpoint import audit
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder, "model.safetensors")
    save_file({f"layers.{i}.weight": torch.randn(4096, 4096).bfloat16() for i in range(12)}, file, {"format": "pt"})
    buffer, seconds = bytearray(1 << 23), []
    for _ in range(7):
        start = time.perf_counter()
        with file.open("rb", buffering=0) as opened:
            while opened.readinto(buffer):
                pass
        middle = time.perf_counter()
        assert audit(folder, values=True).looked["values"] == "yes"
        seconds.append((middle - start, time.perf_counter() - middle))
    bare, ours = (statistics.median(one) for one in zip(*seconds))
    print(file.stat().st_size / 1e9, bare, ours)
"""


def values_of_a_checkpoint() -> list[list[str]]:
    """audit_checkpoint.py --values against reading the same file, which is in the page cache."""
    environment = load_environments(ROOT / "checks" / "environments", ROOT)["torch-2.13-cpu"]
    python = install(environment, home(ROOT) / "environments").python
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([str(python), "-c", VALUES], env=variables, capture_output=True, text=True, check=True)
    size, bare, ours = map(float, done.stdout.split())
    what = f"audit_checkpoint.py --values, {size:.1f} GB in bfloat16"
    return [
        [
            what,
            "reading the file",
            f"{size / ours:.1f} GB/s = {bare / ours:.2f} of it",
            f"{size / bare:.1f} GB/s",
            "at least 0.5 of it",
        ]
    ]


def audit_of_another_architecture() -> list[list[str]]:
    """The same 45,395 tensors under a class that the audit does not know: layer against layer."""
    with tempfile.TemporaryDirectory() as folder:
        write_deepseek_v3(Path(folder), False)
        config = Path(folder, "config.json")
        config.write_text(
            json.dumps(json.loads(config.read_text()) | {"architectures": ["AnotherForCausalLM"], "model_type": "x"})
        )

        def headers() -> None:
            for file in sorted(Path(folder).glob("*.safetensors")):
                with file.open("rb") as opened:
                    json.loads(opened.read(int.from_bytes(opened.read(8), "little")))

        bare, ours = alternate(headers, lambda: audit_checkpoint.audit(folder))
    what = "the same names under another class"
    return [[what, "the headers and json.loads", f"{ours:.3f} s = {ours / bare:.1f} times", f"{bare:.3f} s", ""]]


VERIFY = """
import sys, tempfile, threading, time
from pathlib import Path
import torch
from safetensors.torch import save_file
from snippets.verify_loaded import verify
count, size = 12, 4096
model = torch.nn.ModuleList(torch.nn.Linear(size, size, bias=False, dtype=torch.bfloat16) for _ in range(count))
copies = [one.weight.detach().clone() for one in model]
largest = copies[0].numel() * 2
def anonymous():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) * 1024
with tempfile.TemporaryDirectory() as folder:
    save_file(model.state_dict(), f"{folder}/model.safetensors")
    verify(model, folder)
    bare, ours = [], []
    for _ in range(7):
        start = time.perf_counter()
        assert all(torch.equal(one.weight, copy) for one, copy in zip(model, copies))
        bare.append(time.perf_counter() - start)
        start = time.perf_counter()
        assert verify(model, folder) == []
        ours.append(time.perf_counter() - start)
    before, peak, running = anonymous(), 0, True
    def watch():
        global peak
        while running:
            peak = max(peak, anonymous())
    thread = threading.Thread(target=watch)
    thread.start()
    verify(model, folder)
    running = False
    thread.join()
print(count * largest / 1e9, sorted(bare)[3], sorted(ours)[3], (peak - before) / largest)
"""


def comparison_after_loading() -> list[list[str]]:
    """verify_loaded.py against torch.equal on tensors that are in memory already; the files are in the page cache."""
    environment = load_environments(ROOT / "checks" / "environments", ROOT)["torch-2.13-cpu"]
    python = install(environment, home(ROOT) / "environments").python
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    told = subprocess.run([str(python), "-c", VERIFY], env=variables, capture_output=True, text=True, check=True).stdout.split()
    size, bare, ours, memory = map(float, told)
    return [
        [
            f"verify_loaded.py, {size:.2f} GB in bfloat16",
            "torch.equal, in memory",
            f"{size / ours:.1f} GB/s = {bare / ours:.2f} of it",
            f"{size / bare:.1f} GB/s",
            "at least 0.6 of it",
        ],
        ["", "its peak of extra memory", f"{memory:.1f} times the largest tensor", "", "at most 3 times"],
    ]


def one_more_layer(name: str) -> list[str]:
    environment = load_environments(ROOT / "checks" / "environments", ROOT)[name]
    folder = home(ROOT) / "environments"
    place = install(environment, folder).python.parents[1]
    seconds = []
    for _ in range(3):
        shutil.rmtree(place)
        seconds.append(timed(lambda: install(environment, folder, say=lambda _: None)))
    size = sum(file.lstat().st_size for file in place.rglob("*") if file.is_file() and not file.is_symlink()) / 1e6
    return [
        f"one more layer, {name}, warm package cache",
        "",
        f"{statistics.median(seconds):.1f} s, {size:.0f} MB",
        "",
        "at most 10 s, 100 MB",
    ]


SWEEP = (
    "transformers-4.51.0",
    "transformers-4.56.2",
    "transformers-5.5.4",
)  # one that only the sweep uses, of each kind of loader


def sweep(names: tuple[str, ...]) -> list[list[str]]:
    """Build and decide layers of CC002's sweep of versions, on lower layers that stand, from packages that are cached.

    With no names, all of them; but those that are built from a source repository, which needs a network.
    """
    jobs = [job for job in load_project(ROOT).jobs if job.article.id == "CC002" and job.module == "load_across_versions"]
    known = [job for job in jobs if not read_commits(job.environment.lock()) and not awaits_commit(job.environment)]
    chosen = [job for job in known if job.environment.name in names or not names]
    seconds, again, decided, told, sizes = build_and_decide(chosen)
    what = f"sweep of versions: {len(chosen)} of {len(known)} layers built, {decided} cells decided"
    measured = (
        f"{seconds:.0f} s = {3600 * decided / seconds:.0f} cells an hour; layers of {min(sizes):.0f} to {max(sizes):.0f} MB"
    )
    return [
        [what, "", measured, "", "at most 100 MB a layer"],
        ["", "the same again", f"{again:.2f} s, {told}", "", "nothing"],
    ]


def release_of_the_atlas(name: str) -> list[list[str]]:
    """One release more in the load atlas: its layer built, every way decided of every architecture."""
    jobs = [job for job in load_project(ROOT).jobs if job.article.id == "atlas" and job.environment.name == name]
    seconds, again, decided, told, sizes = build_and_decide(jobs, "--workers", str(os.cpu_count() or 1))
    return [
        [
            f"load atlas, a release more: {len(jobs)} ways, {decided} cells decided",
            "",
            f"{seconds / 60:.1f} min, {sum(sizes):.0f} MB",
            "",
            "at most 30 min on two cores, 150 MB",
        ],
        ["", "the same again", f"{again:.2f} s, {told}", "", "nothing"],
    ]


def build_and_decide(jobs: list[Job], *options: str) -> tuple[float, float, int, str, list[float]]:
    """Decide jobs in a home that has only the layers below theirs.

    Return the seconds, those of the same again, how many cells were decided, what the second time did, the layers' sizes in MB.
    """
    article, told = jobs[0].article.id, []
    chosen = [argument for name in dict.fromkeys(job.environment.name for job in jobs) for argument in ("--environment", name)]
    with tempfile.TemporaryDirectory() as folder:
        copy, environments = copy_project(Path(folder, "project")), Path(folder, "home", "environments")
        environments.mkdir(parents=True)
        for below in {job.environment.base.name: job.environment.base for job in jobs if job.environment.base}.values():
            for layer in below.layers:
                place = install(layer, home(ROOT) / "environments").python.parents[1]
                for one in (place, place.with_name(f"{place.name}.files.json")):
                    link = environments / one.name
                    link.exists() or link.symlink_to(one)
        run = [PYTHON, "-m", "checks", "run", article, *chosen, *options]
        variables = {**os.environ, "CLINIC_HOME": str(environments.parent), "CLINIC_ISOLATION": "none"}  # it follows no link

        def decide(*more: str) -> None:
            done = subprocess.run([*run, *more], cwd=copy, env=variables, capture_output=True, text=True, check=False)
            told.append(done.stdout + done.stderr)

        seconds, again = timed(lambda: decide("--again")), timed(decide)
        layers = [place for place in environments.iterdir() if place.is_dir() and not place.is_symlink()]
        sizes = [sum(file.lstat().st_size for file in place.rglob("*") if not file.is_symlink()) / 1e6 for place in layers]
    decided = len(re.findall(rf"^{article} (?:holds|refuted) ", told[0], re.MULTILINE))
    if not decided:
        raise RuntimeError(f"nothing was decided: {told[0].strip().splitlines()[-1]}")
    return seconds, again, decided, "nothing decided" if "deciding" not in told[1] else "decided again", sizes


def gate(name: str) -> list[str]:
    """require_versions.py where both packages are installed: what it adds to the start of a training script."""
    python = str(install(load_environments(ROOT / "checks" / "environments", ROOT)[name], home(ROOT) / "environments").python)
    bare, ours = alternate(
        lambda: command(python, "-c", "pass"),
        lambda: command(python, str(ROOT / "snippets" / "require_versions.py")),
        repeats=4 * REPEATS,
    )
    return ["require_versions.py", "python -c pass", f"{ours - bare:.2f} s more", f"{bare:.2f} s", "at most 0.15 s more"]


def start_of_diagnose() -> Rows:
    """The installed package, on a log of one line: what a reader waits for."""
    with tempfile.TemporaryDirectory() as folder:
        place, log = Path(folder), Path(folder, "run.log")
        log.write_text("the shape in current model is torch.Size([0]).\n", encoding="utf-8")
        command(PYTHON, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(place / "wheel"))
        (wheel,) = (place / "wheel").iterdir()
        command(PYTHON, "-m", "uv", "venv", "--quiet", "--python", PYTHON, str(place / "bare"))
        python, clinic = str(place / "bare/bin/python"), str(place / "bare/bin/clinic")
        command(PYTHON, "-m", "uv", "pip", "install", "--quiet", "--offline", "--no-index", "--python", python, str(wheel))
        bare, ours = alternate(
            lambda: command(python, "-c", "pass", cwd=place),
            lambda: command(clinic, "diagnose", str(log), cwd=place),
            repeats=4 * REPEATS,
        )
        files = [path for path in (place / "bare").rglob("checkpoint_clinic/**/*") if path.is_file()]
        size = sum(path.stat().st_size for path in files) / 1e6
    return [
        ["clinic diagnose, installed", "python -c pass", f"{ours - bare:.2f} s more", f"{bare:.2f} s", "at most 0.15 s more"],
        ["", "its size, compiled", f"{size:.1f} MB in {len(files)} files", "", "at most 3 MB"],
    ]


def search() -> Rows:
    """The searches print tables of their own."""
    for one in bench_search.bench():
        console.print(one)
    return []


def lighthouse() -> Rows:
    """The pages print tables of their own, one a device."""
    for one in bench_pages.bench():
        console.print(one)
    return []


def all_steps() -> dict[str, Callable[[], Rows]]:
    """Return what is measured, by name, in order."""
    jobs: dict[str, list[Job]] = {}
    for job in load_project(ROOT).jobs:
        if job.environment.name == "torch-2.13-cpu":
            jobs.setdefault(job.article.id, []).append(job)
    return {
        "start": start_of_diagnose,
        "nothing-to-do": lambda: [nothing_to_do()],
        "nothing-to-do-twice": lambda: [nothing_to_do_in_a_large_project(1, "at most 3 s at 10,000")],
        "isolation": isolation,
        **{f"runner-{name}": lambda name=name: [runner_overhead(name, jobs[name])] for name in jobs},  # type: ignore[misc]
        "audit": lambda: audit_of_deepseek_v3(False),
        "audit-with-scales": lambda: audit_of_deepseek_v3(True),
        "audit-another-class": audit_of_another_architecture,
        "audit-values": values_of_a_checkpoint,
        "verify": comparison_after_loading,
        "site": lambda: site_build(0),
        "site-of-many-pages": lambda: site_build(10),
        "layer": lambda: [one_more_layer("transformers-4.50.3")],
        "gate": lambda: [gate("transformers-4.50.3")],
        "sweep": lambda: sweep(SWEEP),
        "atlas": lambda: release_of_the_atlas("atlas-5.24.0"),
        **bench_scale.steps(),
        "search": search,
        "lighthouse": lighthouse,
        "whole-sweep": lambda: sweep(()),
    }


def print_row(row: list[str], style: str = "") -> None:
    """Print one row at once, in the columns of all the others."""
    table = Table(box=None, show_header=False, padding=(0, 1), style=style)
    for width in WIDTHS.values():
        table.add_column(width=width, overflow="fold")
    table.add_row(*row)
    console.print(table)


def measure(name: str, step: Callable[[], Rows]) -> bool:
    """Print a step's rows; of one that fails, what it ended with. Return whether it was measured."""
    try:
        with console.status(name):
            rows = step()
    except Exception as error:  # whatever it is, the steps behind it are measured
        told = getattr(error, "stderr", None) or getattr(error, "output", None) or str(error) or type(error).__name__
        lines = (told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)).strip().splitlines()
        print_row([name, "", f"failed: {lines[-1] if lines else type(error).__name__}", "", ""], style="red")
        return False
    for row in rows:
        print_row(row)
    return True


@click.command()
@click.option("--only", "chosen", multiple=True, metavar="STEP", help="A step, or the beginning of its name. Several times.")
@click.option("--list", "listed", is_flag=True, help="Print the names of the steps.")
def main(chosen: tuple[str, ...], listed: bool) -> None:
    """Measure; the exit status is 1 if a step failed."""
    steps = all_steps()
    if listed:
        click.echo("\n".join(steps))
        return
    for name in chosen:
        if not any(step.startswith(name) for step in steps):
            raise click.BadParameter(f"no step begins with {name} (see --list)", param_hint="--only")
    wanted = {name: step for name, step in steps.items() if (name.startswith(chosen) if chosen else name != "whole-sweep")}
    console.print(f"{platform.platform()}, {os.cpu_count()} CPU, Python {platform.python_version()}")
    print_row([name.upper() for name in WIDTHS], style="bold")
    measured = [measure(name, step) for name, step in wanted.items()]
    raise SystemExit(0 if all(measured) else 1)


if __name__ == "__main__":
    main()
