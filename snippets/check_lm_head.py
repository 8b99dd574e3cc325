"""Is a model's output layer in its files, and does config.json let a load take it from there? Nothing is loaded.

    python check_lm_head.py FOLDER

It reads config.json and the headers of the safetensors files, and compares lm_head.weight with the embedding, byte by byte.
Exit status: 0 sound; 1 a load can lose the head, without a line in some releases; 2 no answer. Standard library only.
What a load made of it, verify_loaded.py says.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

HEAD = "lm_head.weight"
EMBEDDINGS = ("embed_tokens.weight", "word_embeddings.weight", "embed_in.weight", "wte.weight", "shared.weight")
OTHER_HEADS = ("embed_out.weight", "output_layer.weight", "output.weight", "decoder.weight", "ff_out.weight")
GENERATES = ("CausalLM", "ConditionalGeneration", "LMHeadModel", "ImageTextToText", "Vision2Seq")
FLAG, PARTS = "tie_word_embeddings", ("text_config", "llm_config", "language_config", "thinker_config")
CHUNK = 1 << 22  # bytes that are compared at a time
LARGEST = 100 * 1000 * 1000  # bytes of a header: safetensors writes none that is larger


class Stored(NamedTuple):
    """A tensor of a file: its name, what kind it is, and where its bytes are."""

    name: str
    kind: tuple[str, tuple[int, ...]]
    file: Path
    begin: int
    end: int


class Answer(NamedTuple):
    """The exit status, and the lines that say why."""

    status: int
    lines: tuple[str, ...]


def check(folder: str | Path) -> Answer:
    """Look at a folder.

    Raises:
        ValueError: if there is nothing to answer: it is no folder of a model, or has no tensor in safetensors files.
    """
    folder = Path(folder)
    config = _config(folder)
    tensors = list(_tensors(folder))
    if not tensors:
        raise ValueError(f"the safetensors files of {folder} hold no tensor.")
    heads = [one for one in tensors if one.name == HEAD or one.name.endswith(f".{HEAD}")]
    if len(heads) > 1:
        raise ValueError(f"more than one tensor is an {HEAD}: {', '.join(one.name for one in heads)}.")
    said = _said(config)
    shown = ", ".join(f"{place}: {str(value).lower()}" for place, value in said.items()) or f"nothing of {FLAG}"
    seen = f"config.json says {shown}"
    status, *lines = _with(heads[0], _embedding(tensors, heads[0]), said) if heads else _without(config, tensors, said)
    return Answer(status, (*lines[:-1], seen, lines[-1]))


def _with(head: Stored, embedding: Stored | None, said: dict[str, bool]) -> tuple[int, str, str]:
    """Judge a folder whose files hold a head."""
    found = f"in the files: {head.name} {list(head.kind[1])}"
    if embedding is None and any(said.values()):
        why = "some releases (4.52.4, 4.57.6) leave both without values"
        return 1, f"{found}, and no embedding", f"THE HEAD IS AT RISK: {why}. Write the embedding too, the same tensor."
    if embedding is None:
        return 2, f"{found}, and no embedding of its shape and type", "NO ANSWER: there is nothing to compare it with."
    if _equal(head, embedding):
        return 0, f"{found}, equal to {embedding.name}", "SOUND: tied or not, the values are the same."
    found = f"{found}, not equal to {embedding.name}"
    if any(said.values()):
        places = " and ".join(place for place, value in said.items() if value)
        return 1, found, f"THE HEAD IS AT RISK: transformers 4 loads the embedding in its place. Write false: {places}."
    if not said:
        return 2, found, f'NO ANSWER: the class decides. Write "{FLAG}": false, since the two are not one tensor.'
    return 0, found, "SOUND: the head is in the files, and config.json says that it is not the embedding."


def _without(config: dict[str, Any], tensors: list[Stored], said: dict[str, bool]) -> tuple[int, str, str]:
    """Judge a folder whose files hold no head."""
    found = f"in the files: no {HEAD}"
    others = [one.name for one in tensors if one.name.endswith(OTHER_HEADS)]
    classes = [str(one) for one in config.get("architectures") or ()]
    if others or not any(one.endswith(GENERATES) for one in classes):
        why = f"{others[0]} may be it" if others else f"{', '.join(classes) or 'no class in config.json'} need not have one"
        return 2, f"{found}; {why}", "NO ANSWER: output layers of other names are not looked at."
    if not said:
        return 2, found, "NO ANSWER: the class decides whether the embedding takes its place."
    nested = [value for place, value in said.items() if "." in place]
    if any(said.values()) and not any(one.name.endswith(EMBEDDINGS) for one in tensors):
        return 2, f"{found}, and no embedding", "NO ANSWER: it is tied to an embedding that has another name, or is in no file."
    if said.get(FLAG) and all(nested) and bool(nested) == any(part in config for part in PARTS):
        return 0, found, "SOUND: it is tied, the embedding takes its place."
    if not any(said.values()):
        repair = "If it was trained tied to the embedding, write true. Else it was not saved here."
        return 1, found, f"THE HEAD IS LOST: it is random after a load. {repair}"
    why = "some releases read the top of config.json and some text_config, and make the head random"
    return 1, found, f"THE HEAD IS AT RISK: {why}. It is tied: write true at both places."


def _said(config: dict[str, Any]) -> dict[str, bool]:
    """Return what config.json says of tying, at its top and in the part of the language model."""
    found = {FLAG: config.get(FLAG)}
    for part in PARTS:
        inner = config.get(part)
        while isinstance(inner, dict):
            found[f"{part}.{FLAG}"] = inner.get(FLAG, found.get(f"{part}.{FLAG}"))
            inner = inner.get("text_config")
    return {place: value for place, value in found.items() if isinstance(value, bool)}


def _config(folder: Path) -> dict[str, Any]:
    file = folder / "config.json"
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{file} cannot be read: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{file} is no config: {type(found).__name__}.")
    return found


def _tensors(folder: Path) -> Iterator[Stored]:
    """Yield the tensors of the files that transformers loads: those of the index, or model.safetensors."""
    index = folder / "model.safetensors.index.json"
    try:
        map_ = json.loads(index.read_text("utf-8"))["weight_map"] if index.is_file() else {"": "model.safetensors"}
        files = sorted({folder / str(name) for name in map_.values()})
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{index} cannot be read: {type(error).__name__}: {error}") from None
    for file in files:
        try:
            with file.open("rb") as opened:
                length = int.from_bytes(opened.read(8), "little")
                if length > LARGEST:
                    raise ValueError("no header of safetensors")
                header = json.loads(opened.read(length))
            for name, one in header.items():
                if name != "__metadata__":
                    begin, end = (8 + length + offset for offset in one["data_offsets"])
                    yield Stored(name, (one["dtype"], tuple(one["shape"])), file, begin, end)
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"{file} cannot be read: {type(error).__name__}: {error}") from None


def _embedding(tensors: list[Stored], head: Stored) -> Stored | None:
    """Return the one embedding of a head's shape and type, that of the language model where there are several."""
    alike = [one for one in tensors if one.name.endswith(EMBEDDINGS) and one.kind == head.kind]
    return min(alike, key=lambda one: ("vision" in one.name or "audio" in one.name, len(one.name)), default=None)


def _equal(one: Stored, other: Stored) -> bool:
    """Compare two tensors' bytes, up to the first that differs."""
    if one.end - one.begin != other.end - other.begin:
        return False
    with one.file.open("rb") as first, other.file.open("rb") as second:
        first.seek(one.begin)
        second.seek(other.begin)
        left = one.end - one.begin
        while left > 0:
            ours, theirs = first.read(min(CHUNK, left)), second.read(min(CHUNK, left))
            if ours != theirs or not ours:
                if not ours:
                    raise ValueError(f"{one.file} is shorter than its header says.")
                return False
            left -= len(ours)
    return True


def main(arguments: list[str] | None = None) -> int:
    """Look at a folder, say what was seen; the exit status."""
    parser = argparse.ArgumentParser(description="Look whether a model's output layer is in its files.")
    parser.add_argument("folder", metavar="FOLDER", help="config.json and the safetensors files")
    try:
        status, lines = check(parser.parse_args(arguments).folder)
    except ValueError as error:
        print(f"check_lm_head.py: {error}", file=sys.stderr)
        return 2
    print(*lines, sep="\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
