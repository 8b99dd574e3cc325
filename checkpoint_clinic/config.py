"""A model's config.json: which architecture it says it is. Written by anybody: read with limits, and nothing of it is run."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST = 16_000_000  # bytes of a config.json; thousands of labels are one
SHOWN = 80  # characters of a name
_NAMED = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_STRANGE = re.compile(r"[^\w.-]", re.ASCII)


class NoModel(ValueError):
    """Nothing to read an architecture from; says where it was looked for, and what is wrong with it."""


@dataclass(frozen=True)
class Model:
    """What config.json says of the architecture, in printable names.

    `parts` are the types of its nested configs (text_config, vision_config), `quantised` by what, `own_code` whether it
    brings classes.
    """

    folder: str
    model_type: str = ""
    classes: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    quantised: str = ""
    own_code: bool = False


def read(named: str) -> Model | None:
    """Read the config.json of a folder, a file, a folder of the hub's cache, or `owner/name` there; None: nothing of that name.

    Raises:
        NoModel: if there is something of that name, and no config.json that can be read.
    """
    folder = _folder(named)
    return _model(folder, _parsed(folder / "config.json")) if folder else None


def _folder(named: str) -> Path | None:
    try:
        path = Path(named).expanduser()
    except RuntimeError:  # the home of nobody
        return None
    if path.name == "config.json" and path.is_file():
        return path.parent
    if path.is_dir():
        return _snapshot(path) if (path / "snapshots").is_dir() and not (path / "config.json").exists() else path
    if path.exists():
        raise NoModel(f"{named} is neither a folder nor a config.json")
    cached = _cache() / f"models--{named.replace('/', '--')}"
    return _snapshot(cached) if _NAMED.fullmatch(named) and cached.is_dir() else None


def _cache() -> Path:
    """Return the cache of huggingface_hub, as its variables say."""
    if given := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(given).expanduser()
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    return Path(home).expanduser() / "hub"


def _snapshot(folder: Path) -> Path:
    """Return the snapshot that `main` names, or the only one."""
    found = sorted(path for path in (folder / "snapshots").glob("*") if path.is_dir())
    try:
        main = (folder / "refs" / "main").read_text(encoding="ascii", errors="replace")[:SHOWN].strip()
    except OSError:
        main = ""
    chosen = [path for path in found if path.name == main] or found
    if len(chosen) != 1:
        few = ", ".join(path.name for path in found[:4])
        raise NoModel(f"{folder} has {len(found)} snapshots, and none is main's: name one of its folder snapshots ({few})")
    return chosen[0]


def _parsed(file: Path) -> dict[str, Any]:
    """Return the object that a config.json holds."""
    adapter = file.with_name("adapter_config.json")
    if not file.is_file():
        if adapter.is_file():
            base = _name(_object(adapter).get("base_model_name_or_path"), r"[^\w./-]")
            raise NoModel(f"{file.parent} is an adapter: name the folder of its base model ({base or 'it names none'})")
        raise NoModel(f"no config.json in {file.parent}: name the folder that has the model's")
    return _object(file)


def _object(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            data = opened.read(MOST + 1)
    except OSError as error:
        raise NoModel(f"cannot read {file}: {error.strerror}") from None
    if len(data) > MOST:
        raise NoModel(f"{file} has more than {MOST // 1_000_000} MB: that is no config.json")
    try:
        found = json.loads(
            data.decode("utf-8-sig"), parse_int=len
        )  # no number is needed: one of a million digits costs nothing
    except (ValueError, RecursionError) as error:
        raise NoModel(f"{file} is no JSON: {str(error)[:SHOWN]}") from None
    if not isinstance(found, dict):
        raise NoModel(f"{file} holds no JSON object")
    return found


def _model(folder: Path, config: dict[str, Any]) -> Model:
    classes = config.get("architectures")
    quantised = config.get("quantization_config")
    method = _name(quantised.get("quant_method")) or "?" if isinstance(quantised, dict) and quantised else ""
    return Model(
        folder=str(folder),
        model_type=_name(config.get("model_type")),
        classes=tuple(filter(None, map(_name, classes[:8]))) if isinstance(classes, list) else (),
        parts=tuple(dict.fromkeys(_parts(config))),
        quantised=method,
        own_code=bool(config.get("auto_map")),
    )


def _parts(config: dict[str, Any]) -> Iterator[str]:
    for key in sorted(config)[:1000]:
        nested = config[key]
        if key.endswith("_config") and isinstance(nested, dict) and (name := _name(nested.get("model_type"))):
            yield name


def _name(value: Any, strange: str = _STRANGE.pattern) -> str:
    """Return a name as it may be printed; empty for what is no text."""
    return re.sub(strange, "?", value, flags=re.ASCII)[:SHOWN] if isinstance(value, str) else ""
