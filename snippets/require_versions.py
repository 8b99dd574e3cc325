"""Say, before hours of training, whether these versions load this model wrongly under DeepSpeed ZeRO-3.

    python require_versions.py MODEL        # its folder, or its model_type, such as qwen3_moe

Exit status: 0 not affected, 1 affected, 2 not measured (or no model named). As the first line of a training script:

    import require_versions; require_versions.check("path/to/model")

This ends the script where versions and model are affected, and warns where they were not measured; strict=True ends it there
too. All that this file knows is the table below, of small models of each kind with random weights; of another architecture
it says nothing. It reads version numbers: a package that was changed after it was installed looks like the release
(check_zero3_load.py looks at the weights). `clinic here` says more: each way of loading, and what is nearest. Needs the
standard library only.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

# By DeepSpeed: the releases of transformers that were measured with it; then of each model_type ranges of just these releases,
# `!` before one in which a tensor is lost, or the load fails.
# --- measured, by `clinic generate`: zero3.* of atlas
#     and load_architectures.*_is_exact of CC002
#     and load_across_versions.zero3_load_is_exact of CC002 where plain_load_is_exact as qwen2_5_vl
DATE = "2026-12-01"
TABLE = """
transformers 0.15.4: 4.49.0 4.50.0 4.50.1 4.50.2 4.50.3 4.51.0 4.51.3 4.52.4 4.53.3 4.55.4 4.56.2 4.57.6 5.0.0 5.1.0
transformers 0.15.4: 5.2.0 5.3.0 5.4.0 5.5.4 5.8.1 5.24.0
bert 0.15.4: 4.49.0 4.51.3 4.57.6..5.0.0 5.4.0 5.24.0
deepseek_v3 0.15.4: !4.49.0 4.51.3 4.57.6 !5.0.0..5.5.4 5.8.1..5.24.0
gemma2 0.15.4: 4.49.0 4.51.3 4.57.6..5.0.0 5.4.0 5.24.0
gemma3 0.15.4: !4.49.0 4.51.3 !4.57.6..5.0.0 5.1.0..5.24.0
gemma3_text 0.15.4: !4.49.0 4.51.3 !4.57.6 5.0.0 5.4.0 5.24.0
glm4_moe 0.15.4: !4.49.0 !4.51.3 4.57.6 !5.0.0 !5.4.0 5.24.0
gpt_oss 0.15.4: !4.49.0 !4.51.3 4.57.6 !5.0.0..5.1.0 5.2.0..5.24.0
internvl 0.15.4: !4.49.0 !4.51.3 4.57.6..5.0.0 5.4.0 5.24.0
llama 0.15.4: 4.49.0 4.51.3 4.57.6..5.24.0
llava 0.15.4: 4.49.0 4.51.3 4.57.6..5.0.0 5.4.0 5.24.0
mixtral 0.15.4: 4.49.0 4.51.3 4.57.6 !5.0.0..5.1.0 5.2.0..5.24.0
qwen2 0.15.4: 4.49.0 4.51.3 4.57.6..5.0.0 5.4.0 5.24.0
qwen2_5_vl 0.15.4: 4.49.0..5.24.0
qwen2_moe 0.15.4: 4.49.0 4.51.3 4.57.6 !5.0.0 5.4.0 5.24.0
qwen2_vl 0.15.4: 4.49.0 4.51.3 4.57.6..5.0.0 5.4.0 5.24.0
qwen3 0.15.4: !4.49.0 4.51.3 4.57.6..5.24.0
qwen3_5 0.15.4: !4.49.0 !4.51.3 !4.57.6..5.0.0 5.2.0..5.3.0 !5.4.0..5.5.4 5.8.1..5.24.0
qwen3_5_moe 0.15.4: !4.49.0 !4.51.3 !4.57.6..5.0.0 !5.4.0 5.24.0
qwen3_moe 0.15.4: !4.49.0 4.51.3 4.57.6 !5.0.0..5.1.0 5.2.0..5.24.0
qwen3_next 0.15.4: !4.49.0 !4.51.3 4.57.6 !5.0.0..5.1.0 5.2.0..5.24.0
qwen3_vl 0.15.4: !4.49.0 !4.51.3 4.57.6..5.24.0
t5 0.15.4: 4.49.0 4.51.3 4.57.6..5.0.0 5.4.0 5.24.0
whisper 0.15.4: 4.49.0 4.51.3 4.57.6 !5.0.0 !5.4.0 !5.24.0
transformers 0.16.9: 4.49.0 4.50.3 4.51.3 4.57.6 5.0.0 5.4.0 5.8.1 5.24.0
bert 0.16.9: 4.49.0 4.51.3..5.4.0 5.24.0
deepseek_v3 0.16.9: !4.49.0 4.51.3..4.57.6 !5.0.0..5.4.0 5.24.0
gemma2 0.16.9: 4.49.0 4.51.3..5.4.0 5.24.0
gemma3 0.16.9: !4.49.0 4.51.3 !4.57.6..5.0.0 5.4.0 5.24.0
gemma3_text 0.16.9: !4.49.0 4.51.3 !4.57.6 5.0.0..5.4.0 5.24.0
glm4_moe 0.16.9: !4.49.0 !4.51.3 4.57.6 !5.0.0..5.4.0 5.24.0
gpt_oss 0.16.9: !4.49.0 !4.51.3 4.57.6 !5.0.0 5.4.0 5.24.0
internvl 0.16.9: !4.49.0 !4.51.3 4.57.6..5.4.0 5.24.0
llama 0.16.9: 4.49.0 4.51.3..5.4.0 5.24.0
llava 0.16.9: 4.49.0 4.51.3..5.4.0 5.24.0
mixtral 0.16.9: 4.49.0 4.51.3..4.57.6 !5.0.0 5.4.0 5.24.0
qwen2 0.16.9: 4.49.0 4.51.3..5.4.0 5.24.0
qwen2_5_vl 0.16.9: 4.49.0..5.24.0
qwen2_moe 0.16.9: 4.49.0 4.51.3..4.57.6 !5.0.0 5.4.0 5.24.0
qwen2_vl 0.16.9: 4.49.0 4.51.3..5.4.0 5.24.0
qwen3 0.16.9: !4.49.0 4.51.3..5.4.0 5.24.0
qwen3_5 0.16.9: !4.49.0 !4.51.3..5.4.0 5.24.0
qwen3_5_moe 0.16.9: !4.49.0 !4.51.3..5.4.0 5.24.0
qwen3_moe 0.16.9: !4.49.0 4.51.3..4.57.6 !5.0.0 5.4.0 5.24.0
qwen3_next 0.16.9: !4.49.0 !4.51.3 4.57.6 !5.0.0 5.4.0 5.24.0
qwen3_vl 0.16.9: !4.49.0 !4.51.3 4.57.6..5.4.0 5.24.0
t5 0.16.9: 4.49.0 4.51.3..5.4.0 5.24.0
whisper 0.16.9: 4.49.0 4.51.3..4.57.6 !5.0.0..5.4.0 !5.24.0
transformers 0.17.6: 4.49.0 4.51.3 4.57.6 5.0.0 5.4.0 5.24.0
bert 0.17.6: 4.49.0..5.24.0
deepseek_v3 0.17.6: !4.49.0 4.51.3..4.57.6 !5.0.0..5.4.0 5.24.0
gemma2 0.17.6: 4.49.0..5.24.0
gemma3 0.17.6: !4.49.0 4.51.3 !4.57.6..5.0.0 5.4.0..5.24.0
gemma3_text 0.17.6: !4.49.0 4.51.3 !4.57.6 5.0.0..5.24.0
glm4_moe 0.17.6: !4.49.0..4.51.3 4.57.6 !5.0.0..5.4.0 5.24.0
gpt_oss 0.17.6: !4.49.0..4.51.3 4.57.6 !5.0.0 5.4.0..5.24.0
internvl 0.17.6: !4.49.0..4.51.3 4.57.6..5.24.0
llama 0.17.6: 4.49.0..5.24.0
llava 0.17.6: 4.49.0..5.24.0
mixtral 0.17.6: 4.49.0..4.57.6 !5.0.0 5.4.0..5.24.0
qwen2 0.17.6: 4.49.0..5.24.0
qwen2_5_vl 0.17.6: 4.49.0..5.24.0
qwen2_moe 0.17.6: 4.49.0..4.57.6 !5.0.0 5.4.0..5.24.0
qwen2_vl 0.17.6: 4.49.0..5.24.0
qwen3 0.17.6: !4.49.0 4.51.3..5.24.0
qwen3_5 0.17.6: !4.49.0..5.4.0 5.24.0
qwen3_5_moe 0.17.6: !4.49.0..5.4.0 5.24.0
qwen3_moe 0.17.6: !4.49.0 4.51.3..4.57.6 !5.0.0 5.4.0..5.24.0
qwen3_next 0.17.6: !4.49.0..4.51.3 4.57.6 !5.0.0 5.4.0..5.24.0
qwen3_vl 0.17.6: !4.49.0..4.51.3 4.57.6..5.24.0
t5 0.17.6: 4.49.0..5.24.0
whisper 0.17.6: 4.49.0..4.57.6 !5.0.0..5.24.0
transformers 0.18.9: 4.49.0 4.50.3 4.51.3 4.57.6 5.0.0 5.4.0 5.24.0
bert 0.18.9: 4.49.0 4.51.3..5.24.0
deepseek_v3 0.18.9: !4.49.0 4.51.3..4.57.6 !5.0.0..5.4.0 5.24.0
gemma2 0.18.9: 4.49.0 4.51.3..5.24.0
gemma3 0.18.9: !4.49.0 4.51.3 !4.57.6..5.0.0 5.4.0..5.24.0
gemma3_text 0.18.9: !4.49.0 4.51.3 !4.57.6 5.0.0..5.24.0
glm4_moe 0.18.9: !4.49.0 !4.51.3 4.57.6 !5.0.0..5.4.0 5.24.0
gpt_oss 0.18.9: !4.49.0 !4.51.3 4.57.6 !5.0.0 5.4.0..5.24.0
internvl 0.18.9: !4.49.0 !4.51.3 4.57.6..5.24.0
llama 0.18.9: 4.49.0 4.51.3..5.24.0
llava 0.18.9: 4.49.0 4.51.3..5.24.0
mixtral 0.18.9: 4.49.0 4.51.3..4.57.6 !5.0.0 5.4.0..5.24.0
qwen2 0.18.9: 4.49.0 4.51.3..5.24.0
qwen2_5_vl 0.18.9: 4.49.0..5.24.0
qwen2_moe 0.18.9: 4.49.0 4.51.3..4.57.6 !5.0.0 5.4.0..5.24.0
qwen2_vl 0.18.9: 4.49.0 4.51.3..5.24.0
qwen3 0.18.9: !4.49.0 4.51.3..5.24.0
qwen3_5 0.18.9: !4.49.0 !4.51.3..5.4.0 5.24.0
qwen3_5_moe 0.18.9: !4.49.0 !4.51.3..5.4.0 5.24.0
qwen3_moe 0.18.9: !4.49.0 4.51.3..4.57.6 !5.0.0 5.4.0..5.24.0
qwen3_next 0.18.9: !4.49.0 !4.51.3 4.57.6 !5.0.0 5.4.0..5.24.0
qwen3_vl 0.18.9: !4.49.0 !4.51.3 4.57.6..5.24.0
t5 0.18.9: 4.49.0 4.51.3..5.24.0
whisper 0.18.9: 4.49.0 4.51.3..4.57.6 !5.0.0..5.24.0
transformers 0.19.7: 4.50.3
qwen2_5_vl 0.19.7: 4.50.3
transformers 0.19.8: 4.49.0 4.50.3 4.51.3 4.52.4 4.53.3 4.54.1 4.55.4 4.56.2 4.57.0 4.57.6 5.0.0 5.1.0 5.2.0 5.3.0 5.4.0
transformers 0.19.8: 5.5.0 5.5.4 5.6.0 5.6.2 5.7.0 5.8.0 5.8.1 5.9.0 5.10.0 5.10.4 5.11.0 5.12.1 5.13.0 5.13.1 5.14.1
transformers 0.19.8: 5.15.1 5.16.0 5.16.1 5.17.0 5.18.0 5.19.0 5.20.2 5.21.1 5.22.2 5.23.0 5.24.0
bert 0.19.8: 4.49.0..5.24.0
deepseek_v3 0.19.8: !4.49.0..4.50.3 4.51.3..4.57.6 !5.0.0..5.5.4 5.6.0..5.24.0
gemma2 0.19.8: 4.49.0..5.24.0
gemma3 0.19.8: !4.49.0 4.50.3..4.56.2 !4.57.0..5.0.0 5.1.0..5.24.0
gemma3_text 0.19.8: !4.49.0 4.50.3..4.56.2 !4.57.0..4.57.6 5.0.0..5.24.0
glm4_moe 0.19.8: !4.49.0..4.53.3 4.54.1..4.57.6 !5.0.0..5.5.4 5.6.0..5.24.0
gpt_oss 0.19.8: !4.49.0..4.54.1 4.55.4..4.57.6 !5.0.0..5.1.0 5.2.0..5.24.0
internvl 0.19.8: !4.49.0..4.51.3 4.52.4..5.24.0
llama 0.19.8: 4.49.0..5.24.0
llava 0.19.8: 4.49.0..5.24.0
mixtral 0.19.8: 4.49.0..4.57.6 !5.0.0..5.1.0 5.2.0..5.24.0
qwen2 0.19.8: 4.49.0..5.24.0
qwen2_5_vl 0.19.8: 4.49.0..5.24.0
qwen2_moe 0.19.8: 4.49.0..4.57.6 !5.0.0..5.1.0 5.2.0..5.24.0
qwen2_vl 0.19.8: 4.49.0..5.24.0
qwen3 0.19.8: !4.49.0..4.50.3 4.51.3..5.24.0
qwen3_5 0.19.8: !4.49.0..5.1.0 5.2.0..5.3.0 !5.4.0..5.5.4 5.6.0..5.24.0
qwen3_5_moe 0.19.8: !4.49.0..5.1.0 5.2.0..5.3.0 !5.4.0..5.6.0 5.6.2..5.24.0
qwen3_moe 0.19.8: !4.49.0..4.50.3 4.51.3..4.57.6 !5.0.0..5.1.0 5.2.0..5.24.0
qwen3_next 0.19.8: !4.49.0..4.56.2 4.57.0..4.57.6 !5.0.0..5.1.0 5.2.0..5.24.0
qwen3_vl 0.19.8: !4.49.0..4.56.2 4.57.0..5.24.0
t5 0.19.8: 4.49.0..5.24.0
whisper 0.19.8: 4.49.0..4.57.6 !5.0.0..5.24.0
"""
# --- end of the generated part


Rows = Mapping[tuple[str, str], bool]


def expanded(table: str) -> dict[str, dict[tuple[str, str], bool]]:
    """The table as model_type -> (transformers, deepspeed) -> affected; a release outside of every range is not in it."""
    releases: dict[str, list[str]] = {}
    rows: dict[str, dict[tuple[str, str], bool]] = {}
    for line in table.split("\n"):
        head, _, items = line.partition(": ")
        name, _, deepspeed = head.partition(" ")
        for item in items.split():
            if name == "transformers":
                releases.setdefault(deepspeed, []).append(item)
                continue
            first, _, last = item.lstrip("!").partition("..")
            known = releases[deepspeed]
            for release in known[known.index(first) : known.index(last or first) + 1]:
                rows.setdefault(name, {})[release, deepspeed] = item.startswith("!")
    return rows


MEASURED: Mapping[str, Rows] = expanded(TABLE)


class Answer(NamedTuple):
    """The exit status (0 not affected, 1 affected, 2 not measured) and the sentence."""

    status: int
    sentence: str


def check(model: str | os.PathLike[str] | None = None, strict: bool = False) -> None:
    """End the process if the installed versions are affected, or, when strict, were not measured; else warn of that.

    model: the folder of the checkpoint, or its model_type.
    """
    status, sentence = answer(model)
    if status and os.environ.get("LOCAL_RANK", "0") == "0":
        print(f"require_versions.py: {sentence}", file=sys.stderr)
    if status == 1 or (status and strict):
        raise SystemExit(status)


def answer(model: str | os.PathLike[str] | None = None, measured: Mapping[str, Rows] | None = None) -> Answer:
    """What the measurements say about the versions that are installed here, and this model."""
    tables = MEASURED if measured is None else measured
    versions = {package: _version(package) for package in ("transformers", "deepspeed")}
    absent = [package for package, version in versions.items() if not version]
    if absent:
        return Answer(2, f"not measured: {' and '.join(absent)} not installed for {sys.executable}.")
    transformers, deepspeed = versions.values()
    both = f"transformers {transformers} with DeepSpeed {deepspeed}"
    if model is None:
        return Answer(2, f"no model named: give its folder or its model_type. {_of_all(transformers, deepspeed, tables)}")
    kind = _model_type(model)
    if kind not in tables:
        return Answer(
            2, f"not measured: {both} with {kind or 'a model without model_type'}. Measured: {', '.join(sorted(tables))}."
        )
    known = {_keys(*pair): affected for pair, affected in tables[kind].items()}
    affected = known.get(_keys(transformers, deepspeed))
    small = f"(a small {kind}, one rank; measured by {DATE})"
    if affected is False:
        return Answer(0, f"not affected: {both} loads every tensor of {kind} exactly under ZeRO-3 {small}.")
    others = _others(transformers, deepspeed, tables[kind])
    if affected:
        return Answer(1, f"affected: {both} does not load {kind} exactly under ZeRO-3 {small}.{others}")
    return Answer(2, f"not measured: {both} with {kind}.{_commit(transformers)}{others}")


def _model_type(model: str | os.PathLike[str]) -> str:
    """The model_type of a folder's config.json; what is no folder is one itself. Empty if there is none."""
    file = Path(model, "config.json")
    if not file.is_file():
        return re.sub(r"[^\w.-]", "?", os.fspath(model))[:80]
    try:
        kind = json.loads(file.read_text(encoding="utf-8")).get("model_type")
    except (OSError, ValueError, AttributeError, RecursionError):
        return ""
    return re.sub(r"[^\w.-]", "?", kind)[:80] if isinstance(kind, str) else ""


def _of_all(transformers: str, deepspeed: str, tables: Mapping[str, Rows]) -> str:
    """What these versions do with each model that was measured."""
    asked = _keys(transformers, deepspeed)
    known = {
        kind: affected for kind, rows in sorted(tables.items()) for pair, affected in rows.items() if _keys(*pair) == asked
    }
    told = [
        (word, [kind for kind, affected in known.items() if affected is is_so])
        for word, is_so in (("affected", True), ("not affected", False))
    ]
    said = "; ".join(f"{word}: {', '.join(kinds)}" for word, kinds in told if kinds)
    return f"transformers {transformers} with DeepSpeed {deepspeed}: {said or 'not measured with any'}."


def _version(package: str) -> str:
    """The installed version; an empty text if there is none."""
    try:
        return distribution(package).version or ""
    except (PackageNotFoundError, KeyError):
        return ""


def _commit(version: str) -> str:
    """What has to be said about a development version: its number names many commits."""
    if "dev" not in version:
        return ""
    said = f" {version} names every commit of the main branch before that release, so the commit decides."
    if version.startswith("4.50.0."):
        said += " At fault are those that have pull request 36335 and not yet 36455."
    try:
        recorded = json.loads(distribution("transformers").read_text("direct_url.json") or "{}")
        commit, url = recorded.get("vcs_info", {}).get("commit_id"), str(recorded.get("url"))
    except (ValueError, AttributeError, PackageNotFoundError):
        commit, url = None, ""
    if commit:
        return f"{said} pip recorded commit {commit}."
    if url.startswith("file:"):
        return f"{said} It was installed from {url}: git knows the commit there."
    return f"{said} pip recorded none: look for it where you installed from."


def _others(transformers: str, deepspeed: str, measured: Rows) -> str:
    """The nearest measured versions: with the same DeepSpeed, else with the same transformers, else of transformers."""
    asked, keys = _keys(transformers, deepspeed), {pair: _keys(*pair) for pair in measured}
    for same, other in ((1, 0), (0, 1), (None, 0)):
        rows = [pair for pair in measured if same is None or keys[pair][same] == asked[same]]
        below = max((keys[pair][other] for pair in rows if keys[pair][other] < asked[other]), default=None)
        above = min((keys[pair][other] for pair in rows if keys[pair][other] > asked[other]), default=None)
        near = [pair for pair in rows if keys[pair][other] in (below, above)]
        if near:
            return " Measured next to it: " + "; ".join(_row(pair, measured[pair]) for pair in near) + "."
    return ""


def _row(pair: tuple[str, str], affected: bool) -> str:
    return f"transformers {pair[0]} with DeepSpeed {pair[1]} {'affected' if affected else 'not affected'}"


def _keys(transformers: str, deepspeed: str) -> tuple[tuple, tuple]:
    return _key(transformers), _key(deepspeed)


def _key(version: str) -> tuple:
    """Orders versions: numbers, then development version < pre-release < release < later build of the same source."""
    numbers, rest = re.fullmatch(r"v?([\d.]*)(.*)", version.lower(), re.DOTALL).groups()
    release = [int(number) for number in numbers.split(".") if number]
    while release and not release[-1]:
        release.pop()
    kind = 2 if not rest else 0 if rest.startswith("dev") else 3 if rest.startswith(("+", "post", "-")) else 1
    return tuple(release), kind, rest


def main() -> int:
    """Print the answer; the exit status."""
    if len(sys.argv) > 2 or sys.argv[1:2] in (["-h"], ["--help"]):
        print(__doc__.strip())
        return 2
    status, sentence = answer(*sys.argv[1:])
    print(sentence)
    return status


if __name__ == "__main__":
    sys.exit(main())
