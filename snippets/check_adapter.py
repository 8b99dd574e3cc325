"""Is a PEFT adapter applied to a model? Each of its tensors is looked for in the model, by name, and compared bit for bit.

    from check_adapter import changes, check
    print(*check(model, "path/to/adapter").lines, sep="\\n")  # the answer is the last line
    changes(model, input_ids=ids)  # 0.0: with and without the adapter the model says the same

    python check_adapter.py ADAPTER --model BASE
    python check_adapter.py ADAPTER --model BASE --write FIXED

The program builds BASE from its config.json alone, without weights, and lets the installed PEFT load the adapter onto it.
Without --model it looks at the adapter's files alone, and does not say that it is applied.

Where one renaming explains every name that does not fit, it is said, and --write makes a copy that has the model's names. A
tensor that the library has put under another name counts, if it is there bit for bit; what it has fused out of several is not
compared. `changes` returns 0.0, too, of an adapter that was never trained: its lora_B is zero. Ask before merge_and_unload,
which takes the adapter away.
Exit status: 0 applied; 1 not applied, or partly; 2 not looked at. Needs torch and safetensors, PEFT for a model.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

PREFIX = "base_model.model."
SUFFIX_LEFT = re.compile(r"\.lora_[AB]\.\w+\.weight$|\.lora_embedding_[AB]\.\w+$")  # an adapter's name, which PEFT takes out
DAMAGED = re.compile(r"_([AB])\.weight$")  # what peft 0.17 writes of an adapter whose name is "lora"
EXPERT = re.compile(r"\.experts\.(?:\d+\.|base_layer\.|lora_)")
FIRST = 8  # values by which a tensor is looked up before it is compared


class Drift(NamedTuple):
    """How the names in the file differ from those of the model: both in words, and the name in the model for each."""

    ours: str
    theirs: str
    renamed: dict[str, str]


class Answer(NamedTuple):
    """The exit status, the lines that say why, of which the last is the answer, and what would repair it."""

    status: int
    lines: tuple[str, ...]
    drift: Drift | None = None


def check(model: Any, folder: str | Path, adapter_name: str | None = None) -> Answer:
    """Compare the adapter in a folder with the one that a model holds.

    Raises:
        ValueError: if there is nothing to compare: no adapter in the folder, or none in the model.
    """
    stored = _stored(Path(folder))
    held = _held(model, stored, adapter_name)
    if unseen := [name for name, tensor in held.items() if _elsewhere(tensor)]:
        return Answer(2, (f"in parts, or without values: {_some(unseen)}", "not looked at: gather the model first"))
    return _compared(stored, held)


def changes(model: Any, **inputs: Any) -> float:
    """Return by how much the adapter changes what the model says; 0.0: not at all."""
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            on = _said(model(**inputs))
            with _without_adapter(model):
                off = _said(model(**inputs))
    finally:
        model.train(training)
    return float((on.float() - off.float()).abs().max())


def check_names(folder: str | Path) -> Answer:
    """Look at an adapter's files alone: names that fit no model, and what was not saved or not trained.

    Raises:
        ValueError: if there is no adapter in the folder.
    """
    stored = _stored(Path(folder))
    names = [name for name in sorted(stored) if "." in name]  # a prompt's embeddings have none
    faults = {
        f"{PREFIX} is missing at the beginning": [one for one in names if not one.startswith(PREFIX)],
        f"{PREFIX} twice": [one for one in names if one.startswith(PREFIX * 2)],
        "the adapter's name was left in, of which peft 0.20.0 loads nothing": [one for one in names if SUFFIX_LEFT.search(one)],
        'named by an adapter called "lora"': [one for one in names if DAMAGED.search(one) and ".lora_" not in one],
        "empty: saved in parts, under ZeRO-3 or FSDP": [one for one in names if not stored[one].numel()],
        "in modules_to_save, and not in the file": [
            module for module in _modules_to_save(Path(folder)) if not any(f".{module}." in f".{one}" for one in names)
        ],
        "zero, so that it changes nothing: not trained, or not saved": [one for one in names if _untrained(stored, one)],
    }
    lines = [f"{what}: {_some(found)}" for what, found in faults.items() if found]
    seen = f"in the file: {len(stored)} tensors, the first of them {min(stored)}"
    last = "not looked at: whether the names fit the model, and what it holds. Give it: --model BASE"
    return Answer(1 if lines else 2, (seen, *lines, last))


def write(folder: str | Path, to: str | Path, drift: Drift) -> None:
    """Write a copy of an adapter's folder in which the tensors have the names of the model.

    Raises:
        ValueError: if there is something already.
    """
    if Path(to).exists():
        raise ValueError(f"{to} exists already; nothing was written")
    stored = _stored(Path(folder))
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns("adapter_model.*", "checkpoint-*"))
    renamed = {drift.renamed.get(name, name): tensor.contiguous() for name, tensor in stored.items()}
    save_file(renamed, Path(to, "adapter_model.safetensors"), {"format": "pt"})


def _compared(stored: dict[str, torch.Tensor], held: dict[str, torch.Tensor]) -> Answer:
    left, free = sorted(stored.keys() - held.keys()), sorted(held.keys() - stored.keys())
    drift = _explained(left, free, stored, held)
    pairs = {name: name for name in stored.keys() & held.keys()}
    pairs |= drift.renamed if drift else _by_content(left, free, stored, held)
    wrong = {ours for ours, theirs in pairs.items() if not _equal(stored[ours], held[theirs])}
    same, total = len(pairs) - len(wrong), max(len(stored), len(held))
    lines = []
    if drift:
        known = not wrong & set(left)
        after = "; the library knows it" if known else f". Rename {len(left)} in the file"
        lines.append(f"the file says {drift.ours} where the model says {drift.theirs}{after}")
    if rest := sorted(stored.keys() - pairs.keys()):
        lines.append(f"in the file, and not in the model: {_some(rest)}")
    if wanted := sorted(held.keys() - set(pairs.values())):
        lines.append(f"in the model, and not in the file: {_some(wanted)}")
    if wrong and not drift:
        lines.append(f"other values in the model than in the file: {_some(sorted(wrong))}")
    if rest and wanted and all(EXPERT.search(name) for name in (*rest, *wanted)):
        why = f"the library has fused {len(rest)} tensors of experts, which were not compared"
        return Answer(2, (*lines, f"not looked at: {same} of {total} tensors equal, but {why}"), drift)
    if all(_untrained(stored, name) for name in stored if ".lora_B" in name) and any(".lora_B" in name for name in stored):
        lines.append("every lora_B in the file is zero: applied or not, it changes nothing")
    verdict = "applied" if same == total else "partly applied" if same else "not applied"
    return Answer(int(same != total), (*lines, f"{verdict}: {same} of {total} tensors equal"), drift)


def _explained(left: list[str], free: list[str], stored: Any, held: Any) -> Drift | None:
    """Return the one renaming by which every name that is left in the file is one that is free in the model."""
    targets = set(free)
    for target in free if left else ():
        for rename, ours, theirs in _renamings(left[0], target):
            if all(rename(name) in targets and stored[name].shape == held[rename(name)].shape for name in left):
                renamed = {name: rename(name) for name in left}
                if len(set(renamed.values())) == len(left):
                    return Drift(ours, theirs, renamed)
    return None


def _renamings(ours: str, theirs: str) -> Iterator[tuple[Callable[[str], str], str, str]]:
    """Yield the renamings that make the one name of the other, at the beginning or in the middle, and both in words."""
    if DAMAGED.sub(r".lora_\1.weight", ours) == theirs:
        yield lambda name: DAMAGED.sub(r".lora_\1.weight", name), "_A.weight", ".lora_A.weight"
    old, new = ours.split("."), theirs.split(".")
    tail = _alike(old[::-1], new[::-1])
    end = old[len(old) - tail :]
    old, new = old[: len(old) - tail], new[: len(new) - tail]
    head = _alike(old, new)
    around = [".".join([*one[max(0, head - 1) :], *end[:2]]) for one in (old, new)]
    begin, instead = ("".join(f"{part}." for part in one) for one in (old, new))
    yield lambda name: instead + name[len(begin) :] if name.startswith(begin) else "", around[0], around[1]
    if inner := old[head:]:
        was, now = f".{'.'.join(inner)}.", f".{''.join(f'{part}.' for part in new[head:])}"
        yield lambda name: name.replace(was, now, 1), around[0], around[1]


def _alike(one: list[str], other: list[str]) -> int:
    """Return how many parts two names have in common at their beginning."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _by_content(left: list[str], free: list[str], stored: Any, held: Any) -> dict[str, str]:
    """Pair tensors of different names that are equal, bit for bit; one whose values are all the same is no proof."""
    known: dict[Any, list[str]] = {}
    for name in free:
        known.setdefault(_first(held[name]), []).append(name)
    pairs, taken = {}, set()
    for name in left:
        tensor = stored[name]
        if tensor.numel() and bool((tensor != tensor.flatten()[0]).any()):
            same = (one for one in known.get(_first(tensor), ()) if one not in taken and _equal(tensor, held[one]))
            if found := next(same, None):
                pairs[name] = found
                taken.add(found)
    return pairs


def _first(tensor: torch.Tensor) -> Any:
    return tuple(tensor.shape), tuple(tensor.detach().flatten()[:FIRST].float().tolist())


def _equal(stored: torch.Tensor, held: torch.Tensor) -> bool:
    """Whether the model holds what the file holds, in the model's type."""
    held = held.detach().cpu()
    return stored.shape == held.shape and torch.equal(stored.to(held.dtype), held)


def _untrained(stored: Mapping[str, torch.Tensor], name: str) -> bool:
    return ".lora_B" in name and not bool(stored[name].any())


def _stored(folder: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of an adapter's folder."""
    for file in (folder / "adapter_model.safetensors", folder / "adapter_model.bin"):
        if file.is_file():
            try:
                read = load_file(file) if file.suffix == ".safetensors" else torch.load(file, "cpu", weights_only=True)
            except (SafetensorError, OSError, RuntimeError, ValueError, EOFError, ImportError) as error:
                raise ValueError(f"{file} cannot be read: {error}") from None
            if not isinstance(read, dict) or not read:
                raise ValueError(f"{file} holds no tensors")
            return {name: tensor for name, tensor in read.items() if isinstance(tensor, torch.Tensor)}
    raise ValueError(f"{folder} has neither adapter_model.safetensors nor adapter_model.bin")


def _held(model: Any, stored: Mapping[str, torch.Tensor], adapter_name: str | None) -> dict[str, torch.Tensor]:
    """Return the tensors of a model's adapter under the names that PEFT saves them by."""
    from peft import get_peft_model_state_dict

    names = list(getattr(model, "peft_config", ()))
    if not names or adapter_name not in (None, *names):
        raise ValueError(f"the model holds {', '.join(names) or 'no adapter: it was merged, or none was loaded'}")
    if adapter_name is None and len(names) > 1:
        raise ValueError(f"the model holds several adapters, say which: {', '.join(names)}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = get_peft_model_state_dict(model, adapter_name=adapter_name or names[0], save_embedding_layers=False)
    whole = model.state_dict()  # embeddings that were saved beside the adapter
    found |= {name: whole[name] for name in stored.keys() - found.keys() if "lora_" not in name and name in whole}
    inside = not hasattr(model, "base_model") or not any(name.startswith(PREFIX) for name in found)
    return {f"{PREFIX}{name}" if inside and "." in name else name: tensor for name, tensor in found.items()}


def _elsewhere(tensor: torch.Tensor) -> bool:
    """Whether the values are not here: ZeRO-3, FSDP, the meta device."""
    return tensor.is_meta or hasattr(tensor, "ds_id") or hasattr(tensor, "full_tensor")


@contextmanager
def _without_adapter(model: Any) -> Iterator[None]:
    """Switch the adapter off: of a PEFT model, or of one into which transformers has loaded it."""
    if hasattr(model, "disable_adapter"):
        with model.disable_adapter():
            yield
        return
    layers = [module for module in model.modules() if hasattr(module, "lora_A") and hasattr(module, "enable_adapters")]
    if not layers:
        raise ValueError("the model holds no LoRA: it was merged, or none was loaded")
    for layer in layers:
        layer.enable_adapters(False)
    try:
        yield
    finally:
        for layer in layers:
            layer.enable_adapters(True)


def _said(output: Any) -> torch.Tensor:
    """Return a model's logits, or what it has in their place."""
    for name in ("logits", "last_hidden_state"):
        if isinstance(found := getattr(output, name, None), torch.Tensor):
            return found
    found = output if isinstance(output, torch.Tensor) else output[0]
    if not isinstance(found, torch.Tensor):
        raise ValueError("the model returns no tensor")
    return found


def _modules_to_save(folder: Path) -> list[str]:
    try:
        found = json.loads((folder / "adapter_config.json").read_text("utf-8")).get("modules_to_save")
    except (OSError, ValueError, AttributeError):
        return []
    return [str(one) for one in found] if isinstance(found, list) else []


def _some(names: list[str]) -> str:
    return f"{names[0]}{f' and {len(names) - 1} more' if len(names) > 1 else ''}"


def _built(base: str, adapter: Path, class_name: str | None) -> Any:
    """Build a model without weights from its config.json, and load an adapter onto it as PEFT does."""
    import transformers
    from peft import PeftModel

    config = transformers.AutoConfig.from_pretrained(base)
    name = class_name or next(iter(config.architectures or ()), "")
    if not hasattr(transformers, name):
        raise ValueError(f"transformers has no class {name or 'that config.json names'}; call check() in your own program")
    stored, modules = _stored(adapter), _modules_to_save(adapter)
    with torch.device("meta"):
        model = getattr(transformers, name)(config)
    written = {tuple(one.split(".")[-2:]) for one in stored if "lora_" not in one}
    for place, module in list(model.named_modules()):
        for kind in (module._parameters, module._buffers):
            for key, tensor in list(kind.items()):
                if tensor is not None:
                    real = (place.split(".")[-1], key) in written or not set(place.split(".")).isdisjoint(modules)
                    kind[key] = _stand_in(tensor, real, isinstance(tensor, torch.nn.Parameter))
    return PeftModel.from_pretrained(model, str(adapter))


def _loaded(base: str, adapter: Path, class_name: str | None) -> Answer:
    """Load an adapter and compare; PEFT itself stops where a module that was trained whole is not in the file."""
    try:
        model = _built(base, adapter, class_name)
    except KeyError as error:
        wanted = str(error.args[0]) if error.args else ""
        if not wanted.startswith(PREFIX):
            raise
        alike = [one for one in _stored(adapter) if "lora_" not in one and one.split(".")[-2:] == wanted.split(".")[-2:]]
        last = f"not applied: PEFT stops, it wants {wanted}"
        if len(alike) != 1:
            return Answer(1, ("no tensor in the file has a name like that", last))
        said = f"the file says {alike[0]} where the model says {wanted}. Rename 1 in the file"
        return Answer(1, (said, last), Drift(alike[0], wanted, {alike[0]: wanted}))
    return check(model, adapter)


def _stand_in(tensor: torch.Tensor, real: bool, parameter: bool) -> torch.Tensor:
    """Return zeros of a tensor's shape, which take no memory unless they are written to."""
    zeros = torch.zeros(tensor.shape, dtype=tensor.dtype) if real else torch.zeros((), dtype=tensor.dtype).expand(tensor.shape)
    return torch.nn.Parameter(zeros, requires_grad=False) if parameter else zeros


def main(arguments: list[str] | None = None) -> int:
    """Look at an adapter, say what was seen; the exit status."""
    parser = argparse.ArgumentParser(description="Look whether a PEFT adapter is applied to its model.")
    parser.add_argument("adapter", metavar="ADAPTER", type=Path, help="adapter_config.json and adapter_model.safetensors")
    parser.add_argument("--model", metavar="BASE", help="the base model; its config.json is enough")
    parser.add_argument("--class", dest="class_name", metavar="NAME", help="of transformers, if not the one in config.json")
    parser.add_argument("--write", metavar="FIXED", type=Path, help="a new folder, for a copy with the model's names")
    given = parser.parse_args(arguments)
    if given.write and not given.model:
        parser.error("--write needs --model: the names are the model's")
    try:
        answer = check_names(given.adapter) if given.model is None else _loaded(given.model, given.adapter, given.class_name)
        if given.write and answer.drift and answer.status == 1:
            write(given.adapter, given.write, answer.drift)
            print(*answer.lines, f"written: {given.write}", sep="\n")
            answer = _loaded(given.model, given.write, given.class_name)
    except Exception as error:  # whatever PEFT or transformers raise: it was not looked at
        said = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        print(f"check_adapter.py: not looked at: {said}", file=sys.stderr)
        return 2
    print(*answer.lines, sep="\n")
    return answer.status


if __name__ == "__main__":
    sys.exit(main())
