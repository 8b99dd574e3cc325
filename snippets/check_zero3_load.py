"""Load a model without DeepSpeed, then under DeepSpeed ZeRO-3, and compare every tensor, bit for bit.

    python check_zero3_load.py MODEL_FOLDER
    torchrun --nproc-per-node 2 check_zero3_load.py MODEL_FOLDER

Exit status, which the last line explains: 0 equal, 1 different (or ZeRO-3 raises), 2 a wrong command line or not a model,
3 something that the check needs is absent, 4 it did not come to an end. torchrun itself ends with 1 unless all is well.

Compared are the parameters, each gathered to the shape that DeepSpeed keeps for it (`ds_shape`), and the persistent
buffers. Rank 0 needs memory for the whole model; the others have their part of it. Whether the load without DeepSpeed is
that of the files, verify_loaded.py says. No training step is run.
"""

from __future__ import annotations

import argparse
import hashlib
import inspect
import json
import logging
import os
import socket
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

try:
    import torch
except ImportError:
    torch = None  # said in one sentence, with what else is absent

NEEDED = ("torch", "safetensors", "transformers", "accelerate", "deepspeed")
RANK, RANKS = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
OPTIONS = {"torch_dtype": "auto", "local_files_only": True}
HALF = {"torch.bfloat16": "bf16", "torch.float16": "fp16"}
ENDED = ("connection closed", "connection reset", "connection refused", "broken pipe", "timed out", "timeout", "nccl")
Read = Callable[[str], "torch.Tensor"]


class Stop(Exception):
    """The check ends here, with this exit status."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Plain(NamedTuple):
    """The load without DeepSpeed: its dtype, its names, those that are not in the files, and on rank 0 the tensors."""

    dtype: str
    names: set[str]
    absent: set[str]
    tensors: dict[str, torch.Tensor]


class Row(NamedTuple):
    """A tensor that differs: its name, the shape that ZeRO-3 keeps for it, and how."""

    tensor: str
    shape: str
    how: str


def main(arguments: list[str] | None = None) -> int:
    """Check the model; the exit status."""
    parser = argparse.ArgumentParser(description="Compare a model's load under ZeRO-3 with its load without DeepSpeed.")
    parser.add_argument("folder", metavar="MODEL_FOLDER", help="what from_pretrained loads")
    folder = Path(parser.parse_args(arguments).folder)
    try:
        rows, compared = check(folder, _architecture(folder))
        for line in _table(rows, compared):
            _say(line)
        if RANKS > 1:
            torch.distributed.barrier()  # torchrun ends the other ranks when one has ended: rank 0 has to speak first
        return 1 if rows else 0
    except Stop as stop:
        status, sentence = stop.status, str(stop)
    except Exception as error:
        status, sentence = 4, _broken_off(error)
    print(f"rank {RANK}: {sentence}" if RANKS > 1 else sentence, file=sys.stderr, flush=True)
    return status


def check(folder: Path, name: str) -> tuple[list[Row], int]:
    """What differs, and how many tensors were compared; to be called on every rank."""
    logging.disable(logging.INFO)  # DeepSpeed reports each step of its start
    warnings.simplefilter("ignore")  # what will be deprecated is no finding
    packages = {package: _import(package) for package in NEEDED}
    transformers, deepspeed = packages["transformers"], packages["deepspeed"]
    model_class = _class(transformers, name)
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    named = [f"{package} {packages[package].__version__}" for package in ("transformers", "deepspeed", "torch")]
    _say(f"{', '.join(named)}, {RANKS} rank{'s' if RANKS > 1 else ''}")
    _start_ranks(deepspeed)
    if RANKS > 1 and _wait_for_each_gather(deepspeed):
        _say(f"DeepSpeed {deepspeed.__version__} waits only for the last of several gathers. Here each was waited for;")
        _say("without that, a load on gloo can lose tensors (DeepSpeed pull request 8539).")
    plain = _load_plain(model_class, folder)
    model = _load_under_zero3(model_class, folder, plain.dtype)
    return _compare(model, plain, deepspeed)


def _architecture(folder: Path) -> str:
    """The class that config.json names."""
    file = folder / "config.json"
    if not file.is_file():
        raise Stop(2, f"{folder} has no config.json, so it is no model." if folder.is_dir() else f"{folder} is no folder.")
    try:
        return str(json.loads(file.read_text("utf-8"))["architectures"][0])
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        raise Stop(2, f"{file} does not say which class the model has (architectures).") from None


def _import(package: str) -> Any:
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        raise Stop(3, f"{error.name or package} is not installed for {sys.executable}.") from None
    except Exception as error:
        raise Stop(3, f"{package} is installed but cannot be imported: {_first_line(error)}") from None


def _class(transformers: Any, name: str) -> Any:
    try:
        return getattr(transformers, name)
    except AttributeError:
        raise Stop(3, f"transformers {transformers.__version__} has no {name}, the class that config.json names.") from None
    except Exception as error:
        raise Stop(3, f"{name} of transformers {transformers.__version__} cannot be imported: {_first_line(error)}") from None


def _start_ranks(deepspeed: Any) -> None:
    """Join the ranks that torchrun has started; without it be the only one."""
    if "RANK" not in os.environ:
        with socket.socket() as free:
            free.bind(("localhost", 0))
            os.environ.update(MASTER_ADDR="localhost", MASTER_PORT=str(free.getsockname()[1]))
        os.environ.update(RANK="0", LOCAL_RANK="0", WORLD_SIZE="1")
    accelerator = deepspeed.accelerator.get_accelerator()
    if accelerator.device_name() == "cpu":
        sys.modules["deepspeed.comm.torch"].build_shm_op = lambda: None  # shared memory for ranks: minutes of compilation
    else:
        accelerator.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    deepspeed.init_distributed(verbose=False)


def _wait_for_each_gather(deepspeed: Any) -> bool:
    """Gather one by one where DeepSpeed would start several and wait for the last; whether it would have."""
    together = getattr(deepspeed.zero.Init, "_allgather_params_coalesced", None)
    if together is None or "launch_handles[-1].wait()" not in inspect.getsource(together):
        return False

    def one_by_one(self: Any, params: list, *arguments: Any, **options: Any) -> None:
        for param in params:
            together(self, [param], *arguments, **options)  # of one gather, the last is the only one

    deepspeed.zero.Init._allgather_params_coalesced = one_by_one
    return True


def _load_plain(model_class: Any, folder: Path) -> Plain:
    """Load on rank 0, without DeepSpeed, and tell the other ranks what they need to know."""
    told: list[Any] = [None]
    tensors = {}
    if RANK == 0:
        try:
            model, info = model_class.from_pretrained(folder, output_loading_info=True, **OPTIONS)
            tensors = dict(_tensors(model, set(model.state_dict())))
            told = [(str(model.dtype), set(tensors), set(info["missing_keys"]))]
        except Exception as error:
            told = [f"{folder} cannot be loaded, even without DeepSpeed: {_first_line(error)}"]
    if RANKS > 1:
        torch.distributed.broadcast_object_list(told, src=0)
    if isinstance(told[0], str):
        raise Stop(2, told[0])
    return Plain(*told[0], tensors)


def _load_under_zero3(model_class: Any, folder: Path, dtype: str) -> torch.nn.Module:
    from transformers.integrations import HfDeepSpeedConfig

    config = {"train_micro_batch_size_per_gpu": 1, "zero_optimization": {"stage": 3}}
    if dtype in HALF:
        config[HALF[dtype]] = {"enabled": True}
    partitions = HfDeepSpeedConfig(config)  # from_pretrained partitions as long as this lives
    try:
        return model_class.from_pretrained(folder, **OPTIONS)
    except Exception as error:
        if _another_ended(error):
            raise Stop(4, _broken_off(error)) from None
        raise Stop(1, f"different: the load raises under ZeRO-3 alone: {_telling(error)}") from None
    finally:
        del partitions


def _compare(model: torch.nn.Module, plain: Plain, deepspeed: Any) -> tuple[list[Row], int]:
    """Compare on rank 0 with the load without DeepSpeed, and the other ranks with rank 0."""
    rows, digests, shapes = [], {}, {}
    for name, tensor in _tensors(model, plain.names):
        if name in plain.absent:
            continue
        partitioned = hasattr(tensor, "ds_shape")
        shapes[name] = str(list(tensor.ds_shape if partitioned else tensor.shape))
        with deepspeed.zero.GatheredParameters([tensor]) if partitioned else nullcontext():
            if RANKS > 1 and not tensor.is_meta:
                digests[name] = hashlib.sha256(_bits(tensor).numpy()).digest()
            if RANK == 0 and (how := _how(name, tensor, plain)):
                rows.append(Row(name, shapes[name], how))
    rows += [Row(name, "", "absent under ZeRO-3") for name in sorted(plain.names - plain.absent - shapes.keys())]
    if RANKS > 1:
        of_ranks: list[Any] = [None] * RANKS
        torch.distributed.all_gather_object(of_ranks, digests)
        for rank, other in enumerate(of_ranks):
            rows += [
                Row(name, shapes[name], f"rank {rank} has other values than rank 0")
                for name in other
                if other[name] != of_ranks[0][name]
            ]
        told = [rows]
        torch.distributed.broadcast_object_list(told, src=0)
        rows = told[0]
    if plain.absent:
        _say(f"not compared, because the files do not have them: {', '.join(sorted(plain.absent))}")
    return rows, len(shapes)


def _how(name: str, tensor: torch.Tensor, plain: Plain) -> str | None:
    if name not in plain.tensors:
        return "absent without DeepSpeed"
    how = _difference([(name, tensor)], plain.tensors.__getitem__)
    return how and how.replace("in the model", "under ZeRO-3").replace("in the checkpoint", "without DeepSpeed")


def _table(rows: list[Row], compared: int) -> Iterator[str]:
    if not rows:
        yield f"equal: all {compared} tensors, bit for bit"
        return
    name, shape = (max(len(row[column]) for row in (*rows, Row("tensor", "shape", ""))) for column in (0, 1))
    for row in (Row("tensor", "shape", "under ZeRO-3"), *rows):
        yield f"{row.tensor:{name}}  {row.shape:{shape}}  {row.how}"
    yield f"different: {len({row.tensor for row in rows})} of {compared} tensors"


def _another_ended(error: Exception) -> bool:
    return RANKS > 1 and any(sign in str(error).lower() for sign in ENDED)


def _broken_off(error: Exception) -> str:
    why = "another rank has ended" if _another_ended(error) else "an error of its own"
    return f"not compared to the end, {why}: {_first_line(error)}"


def _telling(error: Exception) -> str:
    """The line of a loading error that names a tensor, with the number of such lines; else the first line."""
    lines = [line.strip() for line in str(error).splitlines() if "size mismatch for" in line]
    if not lines:
        return _first_line(error)
    return f"{lines[0]} ({len(lines)} such line{'s' if len(lines) > 1 else ''})"


def _first_line(error: Exception) -> str:
    first, *others = [line.strip() for line in str(error).splitlines() if line.strip()] or ["no message"]
    return f"{type(error).__name__}: {first}" + (f" {others[0]}" if others and first.endswith(":") else "")


def _say(line: str) -> None:
    if RANK == 0:
        print(line, flush=True)


# --- copied, by `clinic generate`: _tensors, _difference, _at, _equal, _bits of verify_loaded.py


def _tensors(model: torch.nn.Module, names: set[str]) -> Iterator[tuple[str, torch.Tensor]]:
    """The parameters, tied ones once, and the persistent buffers that the checkpoint has."""
    yield from model.named_parameters()
    buffers = dict(model.named_buffers())
    yield from ((name, buffers[name]) for name in model.state_dict() if name in buffers and name in names)


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


# --- end of the generated part


if __name__ == "__main__":
    sys.exit(main())
