"""Evidence of the atlas as tests need it: each outcome, known beforehand, where measuring would take an hour."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from packaging.version import Version

from checks.decide import evidence
from checks.decide.plan import Cell, Job, load_project

ROOT = Path(__file__).resolve().parents[1]
MODULES = ("bert", "llama", "mixtral", "qwen3_5", "qwen3_moe", "qwen3_next")
Told = tuple[str, str, str]  # observed, reason, what the log says
EXACT = 'atlas: {"tensors": 41, "differ": 0, "unused": 0, "renamed": RENAMED, "reported": {"missing": 0}}'
MIXTURES = {"mixtral": (17, 21), "qwen3_moe": (30, 36), "deepseek_v3": (29, 31), "gpt_oss": (33, 37), "qwen3_next": (31, 35)}
SINCE = {"qwen3_5": "5.2.0", "qwen3_5_moe": "5.2.0", "qwen3_5_moe_fused": "5.2.0", "qwen3_next": "4.57.0", "glm4_moe": "4.54.0"}
SINCE |= {"gpt_oss": "4.55.0", "qwen3": "4.51.0", "qwen3_moe": "4.51.0", "qwen3_vl": "4.57.0", "internvl": "4.52.0"}
NOT_RUN = "5.7.0"  # a release without evidence


def told(cell: Cell) -> Told | None:
    """Return what a cell is made to have seen: like the facts that were known before the atlas was measured."""
    way, module, release = cell.claim.module, cell.claim.function, Version(cell.environment.versions[0])
    if release == Version(NOT_RUN) or cell.environment.device == "cuda":
        return None
    if release < Version(SINCE.get(module, "0")):
        return "refuted", f"class not known: {module.title()}ForCausalLM", ""
    if way == "zero3" and release == Version("5.0.0") and module in MIXTURES:
        differ, of = MIXTURES[module]
        return (
            "refuted",
            f"silent: {differ} of {of} tensors differ from the files; the library reports 0 missing; lm_head.weight",
            "",
        )
    if way == "zero3" and Version("5.4.0") <= release < Version("5.6.0") and module == "qwen3_5":
        return "refuted", "silent: 55 of 89 tensors differ from the files; the library reports 0 missing; lm_head.weight", ""
    if way == "zero3" and release == Version("5.1.0") and module == "qwen3_moe":
        return "refuted", "error: RuntimeError: shape mismatch: value tensor of shape [48, 32] <b>cannot</b> be broadcast", ""
    if module == "bert" and way != "auto":
        return "refuted", "silent: 2 tensors of the files are nowhere in the model: bert.pooler.dense.bias", ""
    return "holds", "", EXACT.replace("RENAMED", "6" if module in MIXTURES and release >= Version("5.0.0") else "0")


def bring(root: Path, modules: tuple[str, ...] = MODULES) -> Path:
    """Give a miniature clinic the atlas of this project, of a few architectures, and the environments that it names."""
    shutil.copytree(ROOT / "checks" / "environments", root / "checks" / "environments", dirs_exist_ok=True)
    folder = root / "checks" / "atlas"
    folder.mkdir()
    left_out = {one.module for one in load_project(ROOT).atlas.architectures} - set(modules)
    for file in (ROOT / "checks" / "atlas").glob("*.py"):
        if file.stem not in left_out:
            shutil.copyfile(file, folder / file.name)
    every = folder / "_architectures.py"
    lines = every.read_text(encoding="utf-8").split("\n")
    kept = [line for line in lines if line.removeprefix("import ").strip(" ,") not in left_out]
    every.write_text("\n".join(kept), encoding="utf-8")
    toml = (ROOT / "checks" / "atlas" / "atlas.toml").read_text(encoding="utf-8")
    lines = toml.partition("\n[refuted]")[0].split("\n")
    begin = lines.index(next(line for line in lines if line.startswith("[zh]")))
    kept = [line for line in lines[begin + 1 :] if line.partition(" ")[0] in modules]
    (folder / "atlas.toml").write_text("\n".join([*lines[: begin + 1], *kept, ""]), encoding="utf-8")
    for name in ("verify_loaded.py", "check_adapter.py"):
        shutil.copyfile(ROOT / "snippets" / name, root / "snippets" / name)
    return root


def decide(root: Path, tell: Callable[[Cell], Told | None] = told, wanted: Callable[[Job], bool] = lambda _: True) -> int:
    """Write evidence for the jobs of the atlas of a project; return how many."""
    project, number = load_project(root), 0
    for job in project.jobs:
        if job.article is project.atlas and wanted(job) and (outcomes := _outcomes(job, tell)):
            log = "".join(f"--- {one.claim}\n{text}\n--- {one.observed}\n" for one, text in outcomes).encode()
            record = evidence.Record(
                article=job.article.id,
                module=job.module,
                environment=job.environment.name,
                subjects=evidence.subjects(job.article, job.module, job.environment, root),
                seen=evidence.Seen(
                    python=f"{job.environment.python}.1", packages=job.environment.pins(), machine="a test", isolation="none"
                ),
                outcomes=tuple(one for one, _ in outcomes),
                log_sha256=hashlib.sha256(log).hexdigest(),
                log_bytes=len(log),
            )
            evidence.write(evidence.location(job.article, job.module, job.environment.name), record, log)
            number += 1
    return number


def _outcomes(job: Job, tell: Callable[[Cell], Told | None]) -> list[tuple[evidence.Outcome, str]]:
    made = []
    for cell in job.cells:
        if seen := tell(cell):
            observed, reason, text = seen
            outcome = evidence.Outcome(
                claim=cell.claim.name,
                expected=cell.expected,
                observed=observed,
                reason=reason,
                seconds=0.1,
                assertions=1,
                recorded=datetime.now(UTC),
            )
            made.append((outcome, text))
    return made
