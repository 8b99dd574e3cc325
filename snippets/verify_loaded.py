"""Compare a loaded model with the checkpoint files, parameter by parameter: by name, bit for bit.

    from verify_loaded import verify
    for difference in verify(model, "deepseek-ai/DeepSeek-V2-Lite"):
        print(*difference)

No line means that every parameter, and every persistent buffer that the checkpoint has, equals the files. Tensors that
the checkpoint has and the model has not are not reported. Files damaged before loading cannot be seen here: the model
took the damage over. Needs torch and safetensors, one tensor at a time in memory, none of XTuner's code.
"""

from __future__ import annotations

import json
import re
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
                try:
                    merged = name not in names and MERGED.fullmatch(name)
                    expected = compose(name, experts_per_shard or len(tensor), read) if merged else read(name)
                    how = _difference(tensor, expected)
                except KeyError as missing:
                    how = f"missing: the checkpoint has no {missing.args[0]}"
                except RuntimeError as error:
                    how = f"shape: not comparable, {error}"
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
        except (ValueError, KeyError, TypeError):
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


def _difference(tensor: torch.Tensor, expected: torch.Tensor) -> str | None:
    """How the loaded tensor differs from the one in the checkpoint; None if it does not."""
    if tensor.shape != expected.shape:
        return f"shape: {list(tensor.shape)} in the model, {list(expected.shape)} in the checkpoint"
    if tensor.is_meta:
        return "values: still on the meta device, nothing was loaded"
    cast = expected.to(tensor.dtype)
    ours, theirs = _bits(tensor), _bits(cast)
    if not torch.equal(ours, theirs):
        return f"values: {(ours != theirs).any(dim=1).sum()} of {tensor.numel()} differ"
    if tensor.dtype != expected.dtype:
        return f"cast: {expected.dtype} in the checkpoint, {tensor.dtype} in the model; equal after the cast"
    return None


def _bits(tensor: torch.Tensor) -> torch.Tensor:
    """The bytes of a tensor: shape (values, bytes of a value). So NaN equals NaN, and 0 differs from -0."""
    flat = tensor.detach().cpu().contiguous().reshape(-1, 1)
    return flat.view(torch.uint8)
