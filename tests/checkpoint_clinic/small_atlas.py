"""A load atlas of four architectures and five releases, in the form of schema.json, with each outcome in it."""

from __future__ import annotations

from typing import Any

RELEASES = ("4.57.6", "5.0.0", "5.1.0", "5.4.0", "5.24.0")
MEASURED = [
    ("mixtral", "Mixtral", "mixtral", "MixtralForCausalLM"),
    ("qwen3_5", "Qwen3.5", "qwen3_5", "Qwen3_5ForConditionalGeneration"),
    ("moe", "Moe", "moe", "MoeForCausalLM"),
    ("moe_fused", "Moe, fused", "moe", "MoeForCausalLM"),
]


def _cell(architecture: str, way: str, release: str) -> dict[str, Any] | None:
    """What was seen: silent in one place of each kind, an error, no class before 5.4.0, and nothing of Moe in 5.1.0."""
    seen: dict[str, Any] = {"outcome": "exact"}
    if architecture == "qwen3_5" and release in RELEASES[:3]:
        seen = {"outcome": "unknown", "words": "class not known: Qwen3_5ForConditionalGeneration"}
    elif (architecture, way, release) == ("mixtral", "zero3", "5.0.0"):
        words = "silent: 17 of 21 tensors differ from the files; the library reports 0 missing; lm_head.weight (random)"
        seen = {"outcome": "silent", "differ": 17, "of": 21, "words": words}
    elif (architecture, way, release) == ("moe", "plain", "5.0.0"):
        seen = {"outcome": "silent", "unused": 2, "words": "silent: 2 tensors of the files are nowhere in the model: a, b"}
    elif (architecture, way, release) == ("moe_fused", "zero3", "5.0.0"):
        seen = {"outcome": "error", "words": "error: RuntimeError: " + "shape mismatch " * 30}
    elif (architecture, way) == ("mixtral", "plain") and release != "4.57.6":
        seen["renamed"] = 6
    if architecture == "moe" and release == "5.1.0":
        return None
    return {"architecture": architecture, "way": way, "environment": f"atlas-{release}", **seen, "recorded": "2026-11-29"}


def environment(release: str, other: str = "", deepspeed: str = "") -> dict[str, Any]:
    family = "atlas-across" if other else "atlas-deepspeed" if deepspeed else "atlas"
    varies = {"transformers": release} | ({"other": other} if other else {}) | ({"deepspeed": deepspeed} if deepspeed else {})
    return {
        "name": "-".join([family, *varies.values()]),
        "family": family,
        "varies": varies,
        "python": "3.11",
        "device": "cpu",
        "packages": {"deepspeed": deepspeed or "0.19.8", "torch": "2.13.0", "transformers": release},
    }


def _way(name: str, english: str, chinese: str, places: list[str], *packages: str) -> dict[str, Any]:
    return {
        "id": name,
        "words": {"en": english, "zh": chinese},
        "sentence": {"en": "{0} loads.", "zh": "{0} 能加载。"},
        "packages": list(packages),
        "environments": places,
    }


_ALL = [f"atlas-{release}" for release in RELEASES]
_CELLS = [_cell(one, way, release) for one, *_ in MEASURED for way in ("plain", "zero3") for release in RELEASES]
_SAMPLE = {
    "architecture": "mixtral",
    "way": "two_ranks",
    "environment": "atlas-5.0.0",
    "outcome": "exact",
    "recorded": "2026-11-30",
}
_ACROSS = {
    "architecture": "mixtral",
    "way": "from_other",
    "environment": "atlas-across-5.0.0-5.24.0",
    "outcome": "silent",
    "differ": 3,
    "of": 21,
    "words": "silent: 3 of 21 tensors differ from the files; the library reports 0 missing; x (random)",
    "recorded": "2026-11-29",
}
_OLDER = [  # other releases of DeepSpeed
    {
        "architecture": "mixtral",
        "way": "zero3",
        "environment": f"atlas-deepspeed-5.4.0-{version}",
        "recorded": "2026-11-30",
        **seen,
    }
    for version, seen in {
        "0.9.0": {"outcome": "silent", "differ": 3, "of": 21, "words": "silent: 3 of 21 tensors differ from the files"},
        "0.16.9": {"outcome": "exact"},
    }.items()
]
DATA: dict[str, Any] = {
    "version": 1,
    "ways": [
        _way("plain", "from_pretrained", "from_pretrained", _ALL),
        _way("zero3", "under ZeRO-3", "ZeRO-3 下", [*_ALL, *(one["environment"] for one in _OLDER)], "deepspeed"),
        _way("two_ranks", "under ZeRO-3, two ranks", "ZeRO-3 下，两个 rank", ["atlas-5.0.0"], "deepspeed"),
        _way("from_other", "saved by another release", "由另一个版本保存", ["atlas-across-5.0.0-5.24.0"]),
    ],
    "architectures": [
        {"id": name, "title": title, "words": {"en": "per expert", "zh": "每个专家分开"}, "model_type": kind, "class": of_class}
        for name, title, kind, of_class in MEASURED
    ],
    "environments": [
        *map(environment, RELEASES),
        environment("5.0.0", "5.24.0"),
        environment("5.4.0", deepspeed="0.9.0"),
        environment("5.4.0", deepspeed="0.16.9"),
    ],
    "cells": [*filter(None, _CELLS), _SAMPLE, _ACROSS, *_OLDER],
    "newest": {"transformers": {"version": "5.24.0", "seen": "2026-11-29"}},
}
