"""Compare a loaded model with the checkpoint files, parameter by parameter: by name, bit for bit.

    from verify_loaded import verify
    for difference in verify(model, "deepseek-ai/DeepSeek-V2-Lite"):
        print(*difference)

No line means that every parameter, and every persistent buffer that the checkpoint has, equals the files. Tensors that
the checkpoint has and the model has not are not reported. Files damaged before loading cannot be seen here: the model
took the damage over. Needs torch and safetensors, one tensor at a time in memory, none of XTuner's code.

For a model that transformers loads without more code, it is a program too; it loads the model, then compares:

    python verify_loaded.py --model FOLDER --checkpoint FOLDER

Exit status: 0 equal, 1 something differs, 2 nothing was compared (the last line says why).
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError, safe_open

MERGED = re.compile(r"(.*\.experts)\.(\d+)\.(w1w3|w2)")  # XTuner's names in shard mode
Read = Callable[[str], torch.Tensor]


class Difference(NamedTuple):
    """A parameter, and how it differs: "missing: ...", "shape: ...", "values: ..." or "cast: ..."."""

    parameter: str
    how: str


# --8<-- [start:verify]
def verify(
    model: torch.nn.Module,
    folder: str | Path,
    experts_per_shard: int | None = None,
    gather: Callable[[list[torch.Tensor]], AbstractContextManager] | None = None,
) -> list[Difference]:
    """What differs between the model and the safetensors files in the folder; an empty list if nothing does.

    experts_per_shard: N, the experts in one merged tensor; by default the first dimension of that tensor.
    gather: under ZeRO-3 `lambda p: deepspeed.zero.GatheredParameters(p)`, and call verify on every rank.
    """
    found = []
    with ExitStack() as stack:
        read, names = _open(Path(folder), stack)
        for name, tensor in _tensors(model, names):
            if hasattr(tensor, "ds_shape") and not gather:
                raise ValueError("Under ZeRO-3 pass gather=lambda p: deepspeed.zero.GatheredParameters(p).")
            with gather([tensor]) if gather and isinstance(tensor, torch.nn.Parameter) else nullcontext():
                merged = name not in names and MERGED.fullmatch(name) and tensor.dim() == 3 and len(tensor)
                try:
                    if merged and experts_per_shard not in (None, merged):
                        how = f"shape: {merged} experts in the model, not {experts_per_shard}"
                    else:
                        how = _difference(list(parts(name, tensor)) if merged else [(name, tensor)], read)
                except KeyError as missing:
                    how = f"missing: the checkpoint has no {missing.args[0]}"
            if how:
                found.append(Difference(name, how))
        return found
        # --8<-- [end:verify]


# --8<-- [start:compose]
def compose(name: str, n: int, read: Read) -> torch.Tensor:
    """The merged tensor of that name, from n experts: w1w3 has shape (n, 2 * ffn, hidden), w2 (n, hidden, ffn)."""
    prefix, block, kind = MERGED.fullmatch(name).groups()
    experts = range(int(block) * n, int(block) * n + n)

    def stack(linear: str) -> torch.Tensor:
        return torch.stack([read(f"{prefix}.{i}.{linear}.weight") for i in experts])

    if kind == "w2":
        return stack("down_proj")
    return torch.cat([stack("gate_proj"), stack("up_proj")], dim=1)  # in each expert: gate rows, then up rows
    # --8<-- [end:compose]


def parts(name: str, tensor: torch.Tensor) -> Iterator[tuple[str, torch.Tensor]]:
    """What a merged tensor holds: the checkpoint's name of each part and its place in the tensor, nothing copied."""
    prefix, block, kind = MERGED.fullmatch(name).groups()
    linears = ["down_proj"] if kind == "w2" else ["gate_proj", "up_proj"]
    for i, expert in enumerate(tensor, int(block) * len(tensor)):
        places = expert.tensor_split(len(linears))
        yield from ((f"{prefix}.{i}.{w}.weight", place) for w, place in zip(linears, places, strict=True))


def _tensors(model: torch.nn.Module, names: set[str]) -> Iterator[tuple[str, torch.Tensor]]:
    """The parameters, tied ones once, and the persistent buffers that the checkpoint has."""
    yield from model.named_parameters()
    buffers = dict(model.named_buffers())
    yield from ((name, buffers[name]) for name in model.state_dict() if name in buffers and name in names)


def _open(folder: Path, stack: ExitStack) -> tuple[Read, set[str]]:
    """A function that reads one tensor by name, and all names; the index decides where there is one."""
    index = folder / "model.safetensors.index.json"
    weight_map, files = {}, sorted(path.name for path in folder.glob("*.safetensors"))
    if index.is_file():
        try:
            weight_map = dict(json.loads(index.read_text("utf-8"))["weight_map"])
            files = sorted(set(weight_map.values()))
        except (ValueError, KeyError, TypeError, RecursionError):
            raise ValueError(f"{index} is not an index of safetensors files.") from None
    if not files:
        raise ValueError(f"{folder} has no safetensors files.")
    holder = {}
    for file in files:
        if Path(str(file)).name != file or not (folder / file).is_file():
            raise ValueError(f"{file!r} is not a file in {folder}.")
        try:
            handle = stack.enter_context(safe_open(folder / file, "pt"))
        except SafetensorError as error:
            raise ValueError(f"{folder / file} is not a whole safetensors file: {error}.") from None
        in_file = handle.keys()
        for name in in_file:
            if weight_map.get(name, file) == file:
                if name in holder:
                    raise ValueError(f"{name} is in more than one file of {folder}, and no index says which counts.")
                holder[name] = handle
    return lambda name: holder[name].get_tensor(name), set(holder)


def _difference(pairs: list[tuple[str, torch.Tensor]], read: Read) -> str | None:
    """How the loaded tensors differ from those of the checkpoint, each under its name; None if none does."""
    differ, size, first, cast = 0, 0, None, None
    for name, tensor in pairs:
        expected = read(name)
        if tensor.shape != expected.shape:
            return f"shape: {list(tensor.shape)} in the model, {list(expected.shape)} in the checkpoint{_at(name, pairs)}"
        if tensor.is_meta:
            return "values: still on the meta device, nothing was loaded"
        ours, theirs = _bits(tensor), _bits(expected.to(tensor.dtype))
        if not _equal(ours, theirs):
            differ += int((ours != theirs).any(dim=1).sum())
            first = first or name
        size += tensor.numel()
        if tensor.dtype != expected.dtype:
            cast = f"cast: {expected.dtype} in the checkpoint, {tensor.dtype} in the model; equal after the cast"
    return f"values: {differ} of {size} differ{_at(first, pairs)}" if differ else cast


def _at(name: str, pairs: list[tuple[str, torch.Tensor]]) -> str:
    """The place of a difference in a merged tensor."""
    return f", first in {name}" if len(pairs) > 1 else ""


def _equal(ours: torch.Tensor, theirs: torch.Tensor) -> bool:
    """Whether all bytes are equal. Eight at a time where torch allows it: several times faster than one by one."""
    if ours.numel() % 8 == 0 and all(bits.storage_offset() % 8 == 0 for bits in (ours, theirs)):
        ours, theirs = ours.view(-1).view(torch.int64), theirs.view(-1).view(torch.int64)
    return torch.equal(ours, theirs)


def _bits(tensor: torch.Tensor) -> torch.Tensor:
    """The bytes of a tensor: shape (values, bytes of a value). So NaN equals NaN, and 0 differs from -0."""
    flat = tensor.detach().cpu().contiguous().reshape(-1, 1)
    return flat.view(torch.uint8)


def main(arguments: list[str] | None = None) -> int:
    """Load a model with transformers and compare it; the exit status."""
    parser = argparse.ArgumentParser(description="Load a model with transformers and compare it with its files.")
    parser.add_argument("--model", required=True, metavar="FOLDER", help="what transformers loads")
    parser.add_argument("--checkpoint", metavar="FOLDER", help="the safetensors files to compare with (default: the same)")
    given = parser.parse_args(arguments)
    try:
        model = _load(Path(given.model))
        found = verify(model, given.checkpoint or given.model)
    except ValueError as error:
        print(f"verify_loaded.py: {error}", file=sys.stderr)
        return 2
    for difference in found:
        print(*difference)
    print(f"{len(found)} differ" if found else f"equal: all {len(list(model.parameters()))} parameters, bit for bit")
    return 1 if found else 0


def _load(folder: Path) -> torch.nn.Module:
    """The model as transformers loads it, of the class that config.json names and in the dtype that it is stored in."""
    file = folder / "config.json"
    if not file.is_file():
        raise ValueError(f"{folder} is no folder of a model: it has no config.json.")
    try:
        name = str(json.loads(file.read_text("utf-8"))["architectures"][0])
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        raise ValueError(f"{file} does not say which class the model has (architectures).") from None
    try:
        import transformers
    except ImportError:
        raise ValueError("The program needs transformers, which is not installed. The function verify does not.") from None
    try:
        return getattr(transformers, name).from_pretrained(folder, torch_dtype="auto", local_files_only=True)
    except Exception as error:  # whatever the library raises: the load is what failed
        first = (str(error).strip() or "no message").splitlines()[0]
        raise ValueError(f"{folder} was not loaded: {type(error).__name__}: {first}") from None


if __name__ == "__main__":
    sys.exit(main())
