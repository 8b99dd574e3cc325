"""Load a model without DeepSpeed, then under DeepSpeed ZeRO-3, and compare both with the files and with each other.

    python check_zero3_load.py MODEL_FOLDER [--new NAME] [--without NAME]
    torchrun --nproc-per-node 2 check_zero3_load.py MODEL_FOLDER

Exit status, which the last line explains: 0 all three are equal, 1 ZeRO-3 loads something else (or raises), 2 a wrong
command line or not a model, 3 something that the check needs is absent, 4 it did not come to an end or nothing was compared,
5 both loads are alike, but not what the files hold. torchrun itself ends with 1 unless all is well.

Compared are the parameters, each gathered to the shape that DeepSpeed keeps for it (`ds_shape`), and the persistent
buffers. Names are matched as verify_loaded.py does it: by name, by the library's own conversion, by content. What is meant
to be in no file, a new head for example, is named with --new; what the model leaves out on purpose with --without. Rank 0
needs memory for the whole model; the others have their part of it. No training step is run.
"""

from __future__ import annotations

import argparse
import hashlib
import inspect
import json
import logging
import os
import re
import socket
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from copy import deepcopy
from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

try:
    import torch
    from safetensors import SafetensorError, safe_open
except ImportError:
    torch = None  # said in one sentence, with what else is absent

NEEDED = ("torch", "safetensors", "transformers", "accelerate", "deepspeed")
RANK, RANKS = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
OPTIONS = {"torch_dtype": "auto", "local_files_only": True}
EQUAL = ("equal", "equal under other names", "cast")  # what the files and the load without DeepSpeed may be
HALF = {"torch.bfloat16": "bf16", "torch.float16": "fp16"}
ENDED = ("connection closed", "connection reset", "connection refused", "broken pipe", "timed out", "timeout", "nccl")
MERGED = re.compile(r"(.*\.experts)\.(\d+)\.(w1w3|w2)")  # XTuner's names in shard mode
WRAPPERS = {"DataParallel", "DistributedDataParallel", "DeepSpeedEngine", "FullyShardedDataParallel"}
INSERTED = re.compile(r"(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module|base_layer|original_module)\.")
ORDERS = (("gate", "up"), ("w1", "w3"), ("q", "k", "v"), ("query", "key", "value"))  # how fused tensors are laid out
ROLES = {"query": "q", "key": "k", "value": "v", **{word: word for word in ("q", "k", "v", "gate", "up", "down")}}
FIRST = 8  # values by which a tensor is looked up before it is compared
Read = Callable[[str], "torch.Tensor"]
Gather = Callable[[list["torch.Tensor"]], AbstractContextManager]


class Stop(Exception):
    """The check ends here, with this exit status."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Plain(NamedTuple):
    """The load without DeepSpeed: its dtype, its names, what the files say of it, and on rank 0 the tensors."""

    dtype: str
    names: set[str]
    report: Report
    tensors: dict[str, torch.Tensor]


class Row(NamedTuple):
    """A tensor that differs: its name, the shape that ZeRO-3 keeps for it, and how."""

    tensor: str
    shape: str
    how: str


class Difference(NamedTuple):
    """A parameter, and how it differs: "missing: ...", "shape: ...", "values: ..." or "cast: ..."."""

    parameter: str
    how: str


class Found(NamedTuple):
    """Where the files have a tensor of the model: their names for it, how it differs, and where if not under its own name."""

    parameter: str
    how: str | None
    sources: tuple[str, ...]
    where: str = ""
    part: tuple[int, int] | None = None  # of a larger stored tensor: the first value and their number


class Files(NamedTuple):
    """The opened files: one tensor by name, a slice of one, all shapes, and what there is to say of the files."""

    read: Read
    slices: Callable[[str], Any]
    shapes: dict[str, tuple[int, ...]]
    notes: list[str]


class Report(NamedTuple):
    """What a comparison found."""

    compared: int  # tensors of the model that were compared with the files
    differences: list[Difference]
    elsewhere: list[Difference]  # equal, and where the files have it
    unused: list[str]  # in a file, not in the model
    aside: list[Difference]  # not compared, and why
    notes: list[str]

    @property
    def ending(self) -> str:
        """How the comparison ended."""
        return ending(self)

    def lines(self) -> Iterator[str]:
        """Everything that was found, the ending last."""
        return lines(self)


def main(arguments: list[str] | None = None) -> int:
    """Check the model; the exit status."""
    parser = argparse.ArgumentParser(description="Compare a model's load under ZeRO-3 with its load without DeepSpeed.")
    parser.add_argument("folder", metavar="MODEL_FOLDER", help="what from_pretrained loads")
    parser.add_argument("--new", action="append", default=[], metavar="NAME", help="what is meant to be in no file: a new head")
    parser.add_argument("--without", action="append", default=[], metavar="NAME", help="what the model leaves out on purpose")
    given = parser.parse_args(arguments)
    folder = Path(given.folder)
    try:
        rows, compared, report = check(folder, _architecture(folder), new=given.new, without=given.without)
        for line in _table(rows, compared, report):
            _say(line)
        if RANKS > 1:
            torch.distributed.barrier()  # torchrun ends the other ranks when one has ended: rank 0 has to speak first
        return 1 if rows else 0 if report.ending in EQUAL else 5
    except Stop as stop:
        status, sentence = stop.status, str(stop)
    except Exception as error:
        status, sentence = 4, _broken_off(error)
    print(f"rank {RANK}: {sentence}" if RANKS > 1 else sentence, file=sys.stderr, flush=True)
    return status


def check(folder: Path, name: str, **named: Iterable[str]) -> tuple[list[Row], int, Report]:
    """What differs, how many tensors were compared, and what the files say; to be called on every rank."""
    logging.disable(logging.INFO)  # DeepSpeed reports each step of its start
    warnings.simplefilter("ignore")  # what will be deprecated is no finding
    packages = {package: _import(package) for package in NEEDED}
    transformers, deepspeed = packages["transformers"], packages["deepspeed"]
    model_class = _class(transformers, name)
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    versions = [f"{package} {packages[package].__version__}" for package in ("transformers", "deepspeed", "torch")]
    _say(f"{', '.join(versions)}, {RANKS} rank{'s' if RANKS > 1 else ''}")
    _start_ranks(deepspeed)
    if RANKS > 1 and _wait_for_each_gather(deepspeed):
        _say(f"DeepSpeed {deepspeed.__version__} waits only for the last of several gathers. Here each was waited for;")
        _say("without that, a load on gloo can lose tensors (DeepSpeed pull request 8539).")
    plain = _load_plain(model_class, folder, named)
    model = _load_under_zero3(model_class, folder, plain.dtype)
    return *_compare(model, plain, deepspeed), plain.report


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


def _load_plain(model_class: Any, folder: Path, named: dict[str, Iterable[str]]) -> Plain:
    """Load on rank 0, without DeepSpeed, compare with the files, and tell the other ranks what they need to know."""
    told: list[Any] = [None]
    tensors = {}
    if RANK == 0:
        try:
            model, _ = model_class.from_pretrained(folder, output_loading_info=True, **OPTIONS)
            tensors = {name: tensor for names, tensor in _tensors(model)[0] for name in names}
        except Exception as error:
            told = [
                (2, f"{folder} cannot be loaded, even without DeepSpeed: {_sizes(model_class, folder) or _first_line(error)}")
            ]
        else:
            try:
                told = [(str(model.dtype), set(tensors), compare(model, folder, **named))]
            except ValueError as error:
                told = [(4, f"not compared with the files: {error}")]
    if RANKS > 1:
        torch.distributed.broadcast_object_list(told, src=0)
    if len(told[0]) == 2:
        raise Stop(*told[0])
    return Plain(*told[0], tensors)


def _sizes(model_class: Any, folder: Path) -> str:
    """Which sizes do not fit, where the library says this only in a report that it prints."""
    try:
        _, info = model_class.from_pretrained(folder, output_loading_info=True, ignore_mismatched_sizes=True, **OPTIONS)
        name, stored, ours = min(info["mismatched_keys"])
    except Exception:  # it was something else
        return ""
    return (
        f"{len(info['mismatched_keys'])} sizes differ, that of {name}: {list(stored)} in the files, {list(ours)} in the model"
    )


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
    rows, digests, shapes, names_seen = [], {}, {}, set()
    absent = {difference.parameter for difference in plain.report.differences if difference.how.startswith("missing:")}
    absent |= {difference.parameter for difference in plain.report.aside}
    tensors = _tensors(model)[0]
    if not any(hasattr(tensor, "ds_shape") for _, tensor in tensors):
        raise Stop(4, "not compared: ZeRO-3 has partitioned no parameter, so this was no load under ZeRO-3.")
    for names, tensor in tensors:
        names_seen |= set(names)
        if absent & set(names):
            continue
        name, partitioned = names[0], hasattr(tensor, "ds_shape")
        shapes[name] = str(list(tensor.ds_shape if partitioned else tensor.shape))
        with deepspeed.zero.GatheredParameters([tensor]) if partitioned else nullcontext():
            if RANKS > 1 and not tensor.is_meta:
                digests[name] = hashlib.sha256(_bits(tensor).numpy()).digest()
            if RANK == 0:
                rows += [Row(one, shapes[name], how) for one in names if (how := _how(one, tensor, plain))]
    rows += [Row(name, "", "absent under ZeRO-3") for name in sorted(plain.names - absent - names_seen)]
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
    return rows, len(shapes)


def _how(name: str, tensor: torch.Tensor, plain: Plain) -> str | None:
    if name not in plain.tensors:
        return "absent without DeepSpeed"
    how = _difference([(name, tensor)], plain.tensors.__getitem__)
    return how and how.replace("in the model", "under ZeRO-3").replace("in the checkpoint", "without DeepSpeed")


def _table(rows: list[Row], compared: int, report: Report) -> Iterator[str]:
    """What the files say of the load without DeepSpeed, what ZeRO-3 does else, and the verdict."""
    *found, last = lines(report)
    yield from found
    if rows:
        name, shape = (max(len(row[column]) for row in (*rows, Row("tensor", "shape", ""))) for column in (0, 1))
        for row in (Row("tensor", "shape", "under ZeRO-3"), *rows):
            yield f"{row.tensor:{name}}  {row.shape:{shape}}  {row.how}"
    wrong = f"the load without DeepSpeed is not what the files hold: {last}"
    if rows:
        also = "" if report.ending in EQUAL else f"; and {wrong}"
        yield f"different: {len({row.tensor for row in rows})} of {compared} tensors{also}"
    elif report.ending not in EQUAL:
        yield f"not the files: ZeRO-3 loads the same, but {wrong}"
    elif report.ending == "cast":
        yield f"equal: all {compared} tensors, {len(report.differences)} of them cast, as without DeepSpeed"
    else:
        yield f"equal: all {compared} tensors, bit for bit"


def _another_ended(error: Exception) -> bool:
    return RANKS > 1 and any(sign in str(error).lower() for sign in ENDED)


def _broken_off(error: Exception) -> str:
    why = "another rank has ended" if _another_ended(error) else "an error of its own"
    return f"not compared to the end, {why}: {_first_line(error)}"


def _telling(error: Exception) -> str:
    """The line of a loading error that names a tensor, with the number of such lines; else the first line."""
    named = [line.strip() for line in str(error).splitlines() if "size mismatch for" in line]
    if not named:
        return _first_line(error)
    return f"{named[0]} ({len(named)} such line{'s' if len(named) > 1 else ''})"


def _first_line(error: Exception) -> str:
    first, *others = [line.strip() for line in str(error).splitlines() if line.strip()] or ["no message"]
    return f"{type(error).__name__}: {first}" + (f" {others[0]}" if others and first.endswith(":") else "")


def _say(line: str) -> None:
    if RANK == 0:
        print(line, flush=True)


# --- copied, by `clinic generate`: compare, ending, lines, _numbered, parts, _unwrap, _tensors of verify_loaded.py


def compare(
    model: torch.nn.Module,
    folder: str | Path,
    experts_per_shard: int | None = None,
    gather: Gather | None = None,
    *,
    new: Iterable[str] = (),
    without: Iterable[str] = (),
    adapter: str | Path | None = None,
    variant: str | None = None,
) -> Report:
    """Compare the model with the files of a folder, of a hub cache's entry, or with one file.

    new: names (or their beginnings, or patterns with *) of what is meant to be in no file, a new head for example.
    without: names of what the files have and the model leaves out on purpose.
    adapter: the folder of a PEFT adapter, to compare it too. variant: "fp16" for model.fp16.safetensors.
    """
    with ExitStack() as stack:
        inner = _unwrap(model, stack)
        files = _open(Path(folder), stack, variant, hasattr(inner, "base_model_prefix"))
        tensors, adapters = _tensors(inner)
        notes = [*files.notes, *_partitions([tensor for _, tensor in tensors], gather)]
        if adapters and adapter is None and _is_adapter(files):
            tensors, adapter, notes = [], folder, [*notes, "the base model was not compared: these files hold an adapter"]
        results, pending = _by_names(inner, tensors, files, experts_per_shard, gather)
        claimed = {source for found in results for source in found.sources}
        by_content, missing = _by_content(inner, pending, files, claimed, gather)
        results += by_content
        if by_content:
            notes.append(f"{len(by_content)} tensors have neither name nor conversion, and were found by their contents alone")
        alike = _namesakes(files.shapes) if missing else {}
        results += [Found(names[0], _missing(names[0], tensor, files, alike), ()) for names, tensor in missing]
        if adapter is not None:
            other = files if adapter == folder else _open(Path(adapter), stack, None, False)
            results += [_adapter(name, tensor, other, gather) for name, tensor in adapters]
        elif adapters:
            notes.append(f"the adapter's {len(adapters)} tensors were not compared: adapter=... names their folder")
        return _report(inner, results, files, (tuple(new), tuple(without)), notes)


def ending(report: Report) -> str:
    """How the comparison ended, in the words of the docstring above; the worst counts."""
    kinds = {difference.how.partition(":")[0] for difference in report.differences}
    if kinds - {"cast", "missing"}:
        return "different"
    if "missing" in kinds:
        return "in the model but in no file"
    if report.unused:
        return "in a file but not in the model"
    if kinds:
        return "cast"
    return "equal under other names" if report.elsewhere else "equal"


def lines(report: Report) -> Iterator[str]:
    """Everything that was found, the ending last."""
    yield from report.notes
    renamed = [f"{_numbered(name)}  <-  {_numbered(where)}" for name, where in report.elsewhere]
    yield from (f"{line}  ({count})" for line, count in Counter(renamed).items())
    yield from (f"not compared: {name}: {why}" for name, why in report.aside)
    yield from (f"{name} {how}" for name, how in report.differences)
    yield from (f"{name} is in a file but not in the model" for name in report.unused)
    lost = sum(difference.how.startswith("missing:") for difference in report.differences)
    cast = sum(difference.how.startswith("cast:") for difference in report.differences)
    other = len(report.differences) - lost - cast
    counts = ((other, "differ"), (lost, "in the model but in no file"), (len(report.unused), "in a file but not in the model"))
    if any(count for count, _ in counts):
        yield ", ".join(f"{count} {what}" for count, what in counts if count)
    elif cast:
        yield f"cast: {cast} of {report.compared} tensors have another type than in the files, and equal them after the cast"
    else:
        under = f"; {len(report.elsewhere)} under other names" if report.elsewhere else ""
        yield f"{ending(report)}: all {report.compared} tensors, bit for bit{under}"


def _numbered(name: str) -> str:
    """The name with # for the numbers of layers and experts."""
    return re.sub(r"(?<![\w])\d+(?=\.)", "#", name)


def parts(name: str, tensor: torch.Tensor) -> Iterator[tuple[str, torch.Tensor]]:
    """What a merged tensor holds: the checkpoint's name of each part and its place in the tensor, nothing copied."""
    prefix, block, kind = MERGED.fullmatch(name).groups()
    linears = ["down_proj"] if kind == "w2" else ["gate_proj", "up_proj"]
    for i, expert in enumerate(tensor, int(block) * len(tensor)):
        places = expert.tensor_split(len(linears))
        yield from ((f"{prefix}.{i}.{w}.weight", place) for w, place in zip(linears, places, strict=True))


def _unwrap(model: torch.nn.Module, stack: ExitStack) -> torch.nn.Module:
    """The model inside its wrappers. FSDP's parts are gathered until the stack is closed."""
    if any(type(module).__name__ == "FullyShardedDataParallel" for module in model.modules()):
        from torch.distributed.fsdp import FullyShardedDataParallel

        for root in FullyShardedDataParallel.fsdp_modules(model, root_only=True):
            stack.enter_context(FullyShardedDataParallel.summon_full_params(root, writeback=False))
    while True:
        if hasattr(model, "_orig_mod"):
            model = model._orig_mod
        elif type(model).__name__ in WRAPPERS:
            model = model.module
        elif hasattr(model, "peft_config") and hasattr(model, "get_base_model"):
            model = model.get_base_model()
        else:
            return model


def _tensors(model: torch.nn.Module) -> tuple[list[tuple[list[str], torch.Tensor]], list[tuple[str, torch.Tensor]]]:
    """Each parameter and persistent buffer once, with all its names; and apart from them an adapter's tensors."""
    adapted, all_names, adapters = _adapted(model), {}, []
    for name, tensor in _every(model):
        place = next((place for place in adapted if name.startswith(place)), None)
        if place is not None and not name.startswith((f"{place}base_layer.", f"{place}original_module.")):
            adapters.append((name, tensor))
        else:
            all_names.setdefault(id(tensor), (tensor, []))[1].append(INSERTED.sub("", name))
    return [(names, tensor) for tensor, names in all_names.values()], adapters


# --- end of the generated part

# --- copied, by `clinic generate`: _every, _adapted, _adapter, _is_adapter, _partitions, _gathered of verify_loaded.py


def _every(model: torch.nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Parameters, then persistent buffers, tied ones under each of their names."""
    yield from model.named_parameters(remove_duplicate=False)
    for prefix, module in model.named_modules(remove_duplicate=False):
        for name, buffer in module._buffers.items():
            if buffer is not None and name not in module._non_persistent_buffers_set:
                yield f"{prefix}.{name}" if prefix else name, buffer


def _adapted(model: torch.nn.Module) -> list[str]:
    """The places of PEFT's layers, the longest first: the base weight lies inside them, the adapter beside it."""
    places = [
        f"{name}."
        for name, module in model.named_modules()
        if (hasattr(module, "base_layer") and hasattr(module, "adapter_layer_names"))
        or (hasattr(module, "original_module") and hasattr(module, "modules_to_save"))
    ]
    return sorted(places, key=len, reverse=True)


def _adapter(name: str, tensor: torch.Tensor, files: Files, gather: Gather | None) -> Found:
    """Compare one tensor of an adapter with its file, where PEFT leaves the adapter's name out."""
    names = ("", re.sub(r"\.modules_to_save\.[^.]+", "", name), re.sub(r"(\.lora_[^.]+)\.[^.]+", r"\1", name))
    stored = [f"base_model.model.{one}" for one in names if one and f"base_model.model.{one}" in files.shapes]
    if not stored:
        return Found(name, f"missing: the adapter's files have no base_model.model.{names[2]}", ())
    with _gathered(tensor, gather):
        return Found(name, _difference([(stored[0], _whole(tensor))], files.read), (stored[0],))


def _is_adapter(files: Files) -> bool:
    return bool(files.shapes) and all(name.startswith("base_model.model.") for name in files.shapes)


def _partitions(tensors: list[torch.Tensor], gather: Gather | None) -> list[str]:
    """How many parameters ZeRO-3 holds in parts. A comparison under ZeRO-3 that meets none answers another question."""
    parameters = [tensor for tensor in tensors if isinstance(tensor, torch.nn.Parameter)]
    parted = sum(hasattr(tensor, "ds_shape") for tensor in parameters)
    if parted and not gather:
        raise ValueError("Under ZeRO-3 pass gather=lambda p: deepspeed.zero.GatheredParameters(p).")
    if gather and not parted:
        raise ValueError("gather was given, but ZeRO-3 has partitioned no parameter: it was not on when the model was made.")
    return [f"ZeRO-3 has partitioned {parted} of {len(parameters)} parameters"] if gather else []


def _gathered(tensor: torch.Tensor, gather: Gather | None) -> AbstractContextManager:
    return gather([tensor]) if gather and isinstance(tensor, torch.nn.Parameter) else nullcontext()


# --- end of the generated part

# --- copied, by `clinic generate`: _whole, _open, _choose, _weight_map, _cached, _by_names of verify_loaded.py


def _whole(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor itself; of a DTensor (FSDP2, tensor parallelism) all of it."""
    return tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor


def _open(folder: Path, stack: ExitStack, variant: str | None, as_transformers: bool) -> Files:
    """Open the files of a model; the index decides which copy counts where there is one."""
    folder, files, weight_map, notes = _choose(folder, variant, as_transformers)
    holders, handles = defaultdict(dict), {}
    for file in files:
        if Path(str(file)).name != file or not (folder / file).is_file():
            raise ValueError(f"{file!r} is not a file in {folder}.")
        try:
            handles[file] = stack.enter_context(safe_open(folder / file, "pt"))
        except SafetensorError as error:
            raise ValueError(f"{folder / file} is not a whole safetensors file: {error}.") from None
        for name in handles[file].keys():  # noqa: SIM118  a handle is no dictionary
            holders[name][file] = handles[file]
    holder, misplaced = {}, []
    for name, places in holders.items():
        if len(places) > 1 and weight_map.get(name) not in places:
            raise ValueError(f"{name} is in more than one file of {folder}, and no index says which counts.")
        holder[name] = places[weight_map[name]] if weight_map.get(name) in places else next(iter(places.values()))
        if name in weight_map and weight_map[name] not in places:
            misplaced.append(f"the index says that {name} is in {weight_map[name]}; it is in {next(iter(places))}")
    absent = sorted(name for name in weight_map if name not in holder)
    for found in (misplaced, [f"the index names {name}, and no file has it" for name in absent]):
        notes += [found[0] + (f" (and {len(found) - 1} more such)" if len(found) > 1 else "")] if found else []
    shapes = {name: tuple(handle.get_slice(name).get_shape()) for name, handle in holder.items()}
    return Files(lambda name: holder[name].get_tensor(name), lambda name: holder[name].get_slice(name), shapes, notes)


def _choose(folder: Path, variant: str | None, as_transformers: bool) -> tuple[Path, list[str], dict[str, str], list[str]]:
    """The folder, its files that make up the model, the index's map, and what was left aside."""
    if folder.is_file():
        return folder.parent, [folder.name], {}, []
    folder = _cached(folder)
    present = sorted(path.name for path in folder.glob("*.safetensors"))
    dotted = f".{variant}" if variant else ""
    single, index = f"model{dotted}.safetensors", folder / f"model.safetensors.index{dotted}.json"
    others = sorted(folder.glob("*.safetensors.index.json"))
    if not index.is_file() and single not in present and len(others) == 1:
        index = others[0]
    weight_map = _weight_map(index) if index.is_file() else {}
    files = sorted(set(weight_map.values()))
    if single in present and (not files or (as_transformers and single not in files)):
        files, weight_map = [single], {}  # transformers opens this one first
    if not files:
        plain = [file for file in present if not re.match(r"consolidated|adapter_model", file) and file.count(".") == 1]
        files = plain or present
    if not files:
        raise ValueError(f"{folder} has no safetensors files.")
    left = [file for file in present if file not in files]
    return folder, files, weight_map, [f"not looked at: {file}" for file in left]


def _weight_map(index: Path) -> dict[str, str]:
    try:
        return dict(json.loads(index.read_text("utf-8"))["weight_map"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise ValueError(f"{index} is not an index of safetensors files.") from None


def _cached(folder: Path) -> Path:
    """The folder; for an entry of a hub cache, or a model's name on the hub that is in the cache, its snapshot."""
    if not folder.is_dir() and re.fullmatch(r"[\w.-]+/[\w.-]+", folder.as_posix()):
        hub = os.environ.get("HF_HUB_CACHE") or Path(os.environ.get("HF_HOME") or Path.home() / ".cache/huggingface", "hub")
        entry = Path(hub, "models--" + folder.as_posix().replace("/", "--"))
        folder = entry if entry.is_dir() else folder
    if (folder / "snapshots").is_dir() and (folder / "refs" / "main").is_file():
        return folder / "snapshots" / (folder / "refs" / "main").read_text("utf-8").strip()
    return folder


def _by_names(
    model: torch.nn.Module,
    tensors: list[tuple[list[str], torch.Tensor]],
    files: Files,
    experts_per_shard: int | None,
    gather: Gather | None,
) -> tuple[list[Found], list[tuple[list[str], torch.Tensor]]]:
    """What the files have under a known name, compared; and the tensors that they do not have."""
    library = _library(model, {name: tensor for names, tensor in tensors for name in names}, files)
    results, pending = [], []
    for names, tensor in tensors:
        with _gathered(tensor, gather):
            whole = _whole(tensor)
            found = [
                _best(candidates)
                for name in names
                if (candidates := list(_candidates(name, whole, files, library, experts_per_shard)))
            ]
        results += found
        if not found:
            pending.append((names, tensor))
    return results, pending


# --- end of the generated part

# --- copied, by `clinic generate`: _candidates, _best, _merged, _library, _renamed, _converted of verify_loaded.py


def _candidates(
    name: str, tensor: torch.Tensor, files: Files, library: dict[str, Any], experts_per_shard: int | None
) -> Iterator[Found]:
    """The tensor compared with what may be it in the files; nothing more once one is equal."""
    if name in files.shapes:
        yield (own := Found(name, _difference([(name, tensor)], files.read), (name,)))
        if own.how is None or own.how.startswith("cast"):
            return
    elif MERGED.fullmatch(name) and tensor.dim() == 3 and len(tensor):
        if yield_merged := _merged(name, tensor, files, experts_per_shard):
            yield yield_merged
        return
    if name in library:
        sources, make = library[name]
        where = sources[0] if len(sources) == 1 else f"{sources[0]} and {len(sources) - 1} more, as the library converts them"
        try:
            expected = make()
        except Exception as error:  # whatever the library raises: it cannot make this tensor from these files
            how = f"missing: the library cannot make it from {where}: {type(error).__name__}"
        else:
            how = _difference([(where, tensor)], lambda _: expected)
        yield Found(name, how, sources, where)


def _best(candidates: list[Found]) -> Found:
    """The candidate that is equal, else one that is equal after a cast, else the first."""
    return min(candidates, key=lambda found: 0 if found.how is None else 1 if found.how.startswith("cast") else 2)


def _merged(name: str, tensor: torch.Tensor, files: Files, experts_per_shard: int | None) -> Found | None:
    """XTuner's merged experts, compared part by part."""
    pairs = list(parts(name, tensor))
    sources = tuple(one for one, _ in pairs if one in files.shapes)
    if experts_per_shard not in (None, len(tensor)):
        return Found(name, f"shape: {len(tensor)} experts in the model, not {experts_per_shard}", sources)
    missing = next((one for one, _ in pairs if one not in files.shapes), None)
    if missing:
        return Found(name, f"missing: the checkpoint has no {missing}", sources)
    return Found(name, _difference(pairs, files.read), sources)


def _library(model: torch.nn.Module, named: dict[str, torch.Tensor], files: Files) -> dict[str, Any]:
    """For names of the model: those of the files that the library takes it from, and a function that makes the tensor."""
    if not hasattr(model, "base_model_prefix"):
        return {}
    try:
        converted = _converted(model, named, files)
    except Exception:  # a release without this, or with another interface: names and content remain
        converted = {}
    return _renamed(model, named, files) | converted


def _renamed(model: torch.nn.Module, named: dict[str, torch.Tensor], files: Files) -> dict[str, Any]:
    """As transformers 4 renames: by patterns of the class (4.52 and later), LayerNorm's old names, the base model's prefix."""
    prefix, patterns = f"{model.base_model_prefix}.", getattr(model, "_checkpoint_conversion_mapping", None) or {}
    known: dict[str, Any] = {}
    for name in files.shapes:
        renamed = re.sub(r"LayerNorm\.gamma$", "LayerNorm.weight", re.sub(r"LayerNorm\.beta$", "LayerNorm.bias", name))
        for pattern, replacement in patterns.items():
            renamed, times = re.subn(pattern, replacement, renamed)
            if times:
                break
        for one in (renamed, prefix + renamed, renamed.removeprefix(prefix)):
            if one in named and one != name:
                known.setdefault(one, ((name,), lambda name=name: files.read(name)))
    return known


def _converted(model: torch.nn.Module, named: dict[str, torch.Tensor], files: Files) -> dict[str, Any]:
    """As transformers 5 converts: its own renamings and operations, run on the stored tensors of one target at a time."""
    from transformers.conversion_mapping import get_model_conversion_mapping
    from transformers.core_model_loading import WeightConverter, WeightRenaming, dot_natural_key, rename_source_key

    mapping = get_model_conversion_mapping(model)
    used = getattr(model, "_weight_conversions", None) or []  # a key_mapping that the caller gave is only there
    mapping = [one for one in used if isinstance(one, WeightRenaming) and repr(one) not in map(repr, mapping)] + mapping
    renamings = [one for one in mapping if isinstance(one, WeightRenaming)]
    converters = [one for one in mapping if isinstance(one, WeightConverter)]
    by_pattern = {pattern: one for one in converters for pattern in one.source_patterns}
    groups = defaultdict(list)
    for name in sorted(files.shapes, key=dot_natural_key):
        target, pattern = rename_source_key(name, renamings, converters, model.base_model_prefix, named)
        if target not in named and name in named:
            target, pattern = rename_source_key(name, [], [], model.base_model_prefix, named)
        groups[target, pattern and id(by_pattern[pattern])].append((pattern, name))
    known: dict[str, Any] = {}
    for (target, converter), members in groups.items():
        sources = tuple(name for _, name in members)
        if converter is None:
            if target in named and sources != (target,):
                known[target] = sources[:1], lambda name=sources[0]: files.read(name)
            continue
        template = by_pattern[members[0][0]]
        for pattern in template.target_patterns:  # one stored tensor can become several
            one = target.replace(template.target_patterns[0], pattern)
            if one in named:
                known[one] = sources, lambda *made, t=template, m=members, n=(target, one): _convert(model, files, t, m, n)
    return known


# --- end of the generated part

# --- copied, by `clinic generate`: _convert, _by_content, _layer, _namesakes, _tail, _likeness of verify_loaded.py


def _convert(
    model: torch.nn.Module, files: Files, template: Any, members: list[tuple[str, str]], names: tuple[str, str]
) -> torch.Tensor:
    """Run the library's own converter on the stored tensors, and return the one that was asked for."""
    converter = deepcopy(template)
    for pattern, name in members:
        converter.add_tensor(names[0], name, pattern, files.read(name))
    made = converter.convert(names[0], model=model, config=model.config)
    made = made[0] if isinstance(made, tuple) else made  # 5.0 returned its errors too
    tensor = made[names[1]]
    return tensor[0] if isinstance(tensor, list) else tensor


def _by_content(
    model: torch.nn.Module,
    pending: list[tuple[list[str], torch.Tensor]],
    files: Files,
    claimed: set[str],
    gather: Gather | None,
) -> tuple[list[Found], list[tuple[list[str], torch.Tensor]]]:
    """Look for tensors under other names, turned, as parts put together, and as parts of one; what is still missing."""
    free = set(files.shapes) - claimed
    namesakes, heads, last, layers = _namesakes(free), {}, {}, defaultdict(list)
    for name in free:
        layers[_layer(name)].append(name)
    tied = " ".join(map(str, getattr(model, "all_tied_weights_keys", None) or getattr(model, "_tied_weights_keys", None) or ()))
    results, missing = [], []
    for names, tensor in pending:
        with _gathered(tensor, gather):
            whole = _whole(tensor).detach()
            found = None
            if not whole.is_meta and whole.numel() and (layers or names[0] in tied):
                found = (
                    _other_name(names[0], whole, files, set(files.shapes) if names[0] in tied else free, heads, namesakes)
                    or _put_together(names[0], whole, files, free, heads)
                    or _cut_out(
                        names[0], whole, files, [*layers[_layer(names[0])], *(layers[""] if _layer(names[0]) else ())], last
                    )
                )
        if found:
            free -= set(found.sources)
            results.append(found)
        else:
            missing.append((names, tensor))
    return _regular(results), missing


def _layer(name: str) -> str:
    """The first number of a name, as a rule its layer's."""
    return next(iter(re.findall(r"\d+", name)), "")


def _namesakes(names: Iterable[str]) -> dict[Any, list[str]]:
    """Names by their last two parts and their numbers: what another name is most like."""
    found = defaultdict(list)
    for name in names:
        found[_tail(name)].append(name)
    return found


def _tail(name: str) -> tuple[str, ...]:
    return (".".join(name.split(".")[-2:]), *re.findall(r"\d+", name))


def _likeness(name: str, other: str) -> tuple[bool, int]:
    """How much two names are alike: the same numbers, and how many of their last parts are the same."""
    same = 0
    for one, two in zip(reversed(name.split(".")), reversed(other.split(".")), strict=False):
        if one != two:
            break
        same += 1
    return re.findall(r"\d+", name) == re.findall(r"\d+", other), same


# --- end of the generated part

# --- copied, by `clinic generate`: _other_name, _put_together, _fits, _disorder, _cut_out, _places of verify_loaded.py


def _other_name(
    name: str, tensor: torch.Tensor, files: Files, free: set[str], heads: dict[Any, Any], namesakes: dict[Any, list[str]]
) -> Found | None:
    """The tensor under another name, as it is, reshaped, or transposed."""
    for turned in (False, True):
        shape = tuple(tensor.shape[::-1]) if turned else tuple(tensor.shape)
        flat = tensor.contiguous().reshape(-1)
        names = [one for one in _begin(flat, files, heads, turned) if one in free and _size(files, one) == flat.numel()]
        names = [one for one in names if files.shapes[one] == shape or not turned]
        for one in sorted(names, key=lambda one: _likeness(name, one), reverse=True):
            if _equal_to(flat, _stored(files, one, turned)):
                alike = [two for two in namesakes.get(_tail(name), ()) if files.shapes[two] == files.shapes[one]]
                if alike and one not in alike:
                    return Found(name, f"values: those of {one} in the checkpoint, not those of {alike[0]}", (one,))
                how = (
                    ""
                    if files.shapes[one] == tuple(tensor.shape) and not turned
                    else ", transposed"
                    if turned
                    else ", reshaped"
                )
                return Found(name, _cast(tensor, files, one), (one,), one + how)
    return None


def _put_together(name: str, tensor: torch.Tensor, files: Files, free: set[str], heads: dict[Any, Any]) -> Found | None:
    """The tensor as a stack or concatenation of stored ones, along the first dimensions or the last, as they are or turned."""
    for view in (tensor, tensor.transpose(-1, -2)) if tensor.dim() > 1 else (tensor,):
        flat = view.contiguous().reshape(-1)
        for turned in (False, True):
            names, place, used = [], 0, set()
            while place < flat.numel():
                rest = flat[place:]
                fitting = [one for one in _begin(rest, files, heads, turned) if one in free and one not in used]
                fitting = [
                    one for one in fitting if _fits(files.shapes[one], view.shape, turned) and _size(files, one) <= len(rest)
                ]
                fitting.sort(key=lambda one: (_layer(name) != _layer(one), _natural(one)))
                one = next((one for one in fitting if _equal_to(rest[: _size(files, one)], _stored(files, one, turned))), None)
                if one is None:
                    break
                names.append(one)
                used.add(one)
                place += _size(files, one)
            if place == flat.numel() and len(names) > 1:
                kinds = " + ".join(dict.fromkeys(re.sub(r"\d+", "#", one) for one in names))
                where = f"{len(names)} tensors put together: {kinds}" + (", transposed" if turned or view is not tensor else "")
                return Found(name, _disorder(names) or _cast(tensor, files, names[0]), tuple(names), where)
    return None


def _fits(shape: tuple[int, ...], whole: torch.Size, turned: bool) -> bool:
    """Whether a tensor of this shape can be one of the blocks that follow each other in a larger one."""
    if len(whole) == 1 or len(shape) < 2:
        return len(shape) == 1 and (len(whole) == 1 or shape[0] == whole[-1])
    return (shape[0] if turned else shape[-1]) == whole[-1]


def _disorder(names: list[str]) -> str | None:
    """What is wrong with the order of parts: numbers that do not ascend, up before gate, k before q."""
    last: dict[str, tuple[int, ...]] = {}
    sequence = [_numbered(name) for name in names]
    kinds, times = list(dict.fromkeys(sequence)), len(sequence) // len(set(sequence))
    if sequence not in (kinds * times, [kind for kind in kinds for _ in range(times)]):
        return "values: parts of the checkpoint are there, in another order"
    for name in names:
        kind, numbers = _numbered(name), tuple(map(int, re.findall(r"\d+", name)))
        if kind in last and numbers <= last[kind]:
            return f"values: parts of the checkpoint are there in another order, {name} for example"
        last[kind] = numbers
    for order in ORDERS:
        words = [word for kind in last for word in order if re.search(rf"(?<![a-z]){word}(?![a-z])|(?<![a-z]){word}_", kind)]
        if words != sorted(words, key=order.index):
            return f"values: {' before '.join(words)} of the checkpoint, in place of {' before '.join(order)}"
    return None


def _cut_out(name: str, tensor: torch.Tensor, files: Files, alike: list[str], last: dict[Any, torch.Tensor]) -> Found | None:
    """The tensor as consecutive rows, or columns, of a larger one of the same layer."""
    flat = tensor.contiguous().reshape(-1)
    larger = [one for one in alike if _size(files, one) > flat.numel()]
    for one in sorted(larger, key=lambda one: _likeness(name, one), reverse=True):
        shape = files.shapes[one]
        for turned in (False, True) if len(shape) > 1 else (False,):
            row = shape[-2] if turned else shape[-1]
            if tensor.dim() > 1 and tensor.shape[-1] != row:
                continue
            key = one, turned, tensor.dtype
            if key not in last:
                last.clear()  # one stored tensor at a time stays in memory
                last[key] = _stored(files, one, turned).to(tensor.dtype)
            step = row if tensor.dim() > 1 else 1
            for place in _places(last[key], flat, step):
                if _equal_to(flat, last[key][place : place + flat.numel()]):
                    what = f"a part of {one}, {'columns' if turned else 'rows'} from {place // step}"
                    return Found(name, _cast(tensor, files, one), (one,), what, (place, flat.numel()))
    return None


def _places(whole: torch.Tensor, flat: torch.Tensor, step: int) -> list[int]:
    """Where, at whole rows, the first values of `flat` stand in `whole`."""
    width = min(FIRST, step, flat.numel())
    rows = whole.reshape(-1, step)[: (whole.numel() - flat.numel()) // step + 1, :width]
    first = flat[:width].cpu()
    same = (_bits(rows).reshape(len(rows), -1) == _bits(first).reshape(1, -1)).all(dim=1)
    return [int(place) * step for place in same.nonzero()]


# --- end of the generated part

# --- copied, by `clinic generate`: _regular, _role, _grows, _both, _rises, _ranked, _in_order of verify_loaded.py


def _regular(results: list[Found]) -> list[Found]:
    """Call different what lies elsewhere than its likes do: a layer's tensor under another kind of name, or out of order."""
    groups = defaultdict(list)
    for found in results:
        groups[_numbered(found.parameter)].append(found)
    judged = []
    for alike in groups.values():
        kinds = Counter(_numbered(found.where) for found in alike)
        usual = kinds.most_common(1)[0][0]
        same = len(kinds) == 1 or _grows(alike)
        expected = _ranked(alike)
        for found in alike:
            wanted = expected.get(found.parameter, found.sources)
            roles = {_role(found.parameter), _role(found.sources[0])} - {""}
            if len(roles) > 1 and len(found.sources) == 1 and not found.part:
                found = found._replace(how=f"values: those of {found.where} in the checkpoint, which is another projection")
            elif not same and _numbered(found.where) != usual:
                found = found._replace(how=f"values: those of {found.where} in the checkpoint; its likes are those of {usual}")
            elif wanted != found.sources:
                other, one = next(pair for pair in zip(found.sources, wanted, strict=True) if pair[0] != pair[1])
                found = found._replace(how=f"values: those of {other} in the checkpoint, not those of {one}")
            judged.append(found)
    return _in_order(judged)


def _role(name: str) -> str:
    """Which projection a name says it is, if it says one: two names that say different ones are not the same tensor."""
    words = {ROLES[word] for word in re.split(r"[^a-z]+", name) if word in ROLES}
    return words.pop() if len(words) == 1 else ""


def _grows(alike: list[Found]) -> bool:
    """Whether numbers inside of words (layer1, layer2), and places in a tensor, go up with the model's numbers."""
    if len({re.sub(r"\d+", "#", found.where) for found in alike}) > 1:
        return False
    ours, theirs = ([tuple(map(int, re.findall(r"\d+", name))) for name in names] for names in _both(alike))
    theirs = [(*numbers, *(found.part or ())) for numbers, found in zip(theirs, alike, strict=True)]
    return all(
        any(
            _rises({(one[place], other[number]) for one, other in zip(ours, theirs, strict=True)})
            for place in range(len(ours[0]))
        )
        for number in range(len(theirs[0]))
        if len({other[number] for other in theirs}) > 1
    )


def _both(alike: list[Found]) -> tuple[list[str], list[str]]:
    return [found.parameter for found in alike], [found.sources[0] for found in alike]


def _rises(pairs: set[tuple[int, int]]) -> bool:
    """Whether each first number has one second number, and a larger one has a larger one."""
    ordered = sorted(pairs)
    return all(len({pair[side] for pair in pairs}) == len(pairs) for side in (0, 1)) and [
        second for _, second in ordered
    ] == sorted(second for _, second in ordered)


def _ranked(alike: list[Found]) -> dict[str, tuple[str, ...]]:
    """Which stored tensors each should have, if both sides are in the order of their numbers."""
    right = sorted(
        (found for found in alike if found.how is None or found.how.startswith("cast")), key=lambda f: _natural(f.parameter)
    )
    stored = defaultdict(list)
    for name in {source for found in right for source in found.sources}:
        stored[_numbered(name)].append(name)
    if sum(map(len, stored.values())) != sum(len(found.sources) for found in right):
        return {}  # one stored tensor is in several places: cut, or tied
    order = {kind: iter(sorted(names, key=_natural)) for kind, names in stored.items()}
    return {found.parameter: tuple(next(order[_numbered(source)]) for source in found.sources) for found in right}


def _in_order(results: list[Found]) -> list[Found]:
    """Call different what was cut out of one stored tensor in another order than fused tensors are laid out."""
    cut = defaultdict(list)
    for found in results:
        if found.part:
            cut[found.sources].append(found)
    wrong = {}
    for neighbours in cut.values():
        how = _disorder([found.parameter for found in sorted(neighbours, key=lambda found: found.part)])
        wrong |= {found.parameter: how for found in neighbours if how}
    return [found._replace(how=wrong.get(found.parameter, found.how)) for found in results]


# --- end of the generated part

# --- copied, by `clinic generate`: _natural, _begin, _first, _raw of verify_loaded.py


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _begin(flat: torch.Tensor, files: Files, heads: dict[Any, Any], turned: bool) -> Iterator[str]:
    """The stored tensors that begin with the same values; they are read once for each type and direction."""
    key = flat.dtype, turned
    if key not in heads:
        heads[key] = defaultdict(list)
        for name, shape in files.shapes.items():
            if 0 not in shape and (not turned or len(shape) == 2):
                first = _first(files, name, shape, turned).to(flat.dtype)
                heads[key][len(first), _raw(first)].append(name)
    for length in range(1, FIRST + 1):
        if length <= len(flat):
            yield from heads[key].get((length, _raw(flat[:length])), ())


def _first(files: Files, name: str, shape: tuple[int, ...], turned: bool) -> torch.Tensor:
    if not shape:
        return files.read(name).reshape(-1)
    piece = files.slices(name)
    first = piece[:FIRST, :1] if turned else piece[:FIRST] if len(shape) == 1 else piece[:1]
    return first.reshape(-1)[:FIRST]


def _raw(flat: torch.Tensor) -> bytes:
    return bytes(_bits(flat).reshape(-1).tolist())


# --- end of the generated part

# --- copied, by `clinic generate`: _stored, _size, _equal_to, _cast, _cast_said, _report, _named_by of verify_loaded.py


def _stored(files: Files, name: str, turned: bool) -> torch.Tensor:
    tensor = files.read(name)
    return (tensor.transpose(-1, -2).contiguous() if turned else tensor).reshape(-1)


def _size(files: Files, name: str) -> int:
    size = 1
    for length in files.shapes[name]:
        size *= length
    return size


def _equal_to(flat: torch.Tensor, stored: torch.Tensor) -> bool:
    return _equal(_bits(flat), _bits(stored.to(flat.dtype)))


def _cast(tensor: torch.Tensor, files: Files, name: str) -> str | None:
    stored = files.slices(name)[:0].dtype if files.shapes[name] else files.read(name).dtype
    return None if stored == tensor.dtype else _cast_said(stored, tensor.dtype)


def _cast_said(stored: torch.dtype, ours: torch.dtype) -> str:
    return f"cast: {stored} in the checkpoint, {ours} in the model; equal after the cast"


def _report(
    model: torch.nn.Module,
    results: list[Found],
    files: Files,
    named: tuple[tuple[str, ...], tuple[str, ...]],
    notes: list[str],
) -> Report:
    """Sort what was found."""
    new, without = named
    differences, elsewhere, aside, compared = [], [], [], 0
    parameters = {name for names, tensor in _tensors(model)[0] for name in names if isinstance(tensor, torch.nn.Parameter)}
    never_stored = getattr(model, "_keys_to_ignore_on_load_missing", None) or ()
    for found in results:
        if found.how and not found.how.startswith("cast") and _named_by(found.parameter, new):
            aside.append(Difference(found.parameter, f"named as new ({found.how})"))
            continue
        lost = found.how and found.how.startswith("missing:")
        if lost and found.parameter not in parameters and any(re.search(one, found.parameter) for one in never_stored):
            aside.append(Difference(found.parameter, "a buffer that the library expects in no file"))
            continue
        compared += not lost
        if found.how:
            differences.append(Difference(found.parameter, found.how))
        if found.where and (not found.how or found.how.startswith("cast")):
            elsewhere.append(Difference(found.parameter, found.where))
    if not compared and not differences:
        raise ValueError("nothing was compared: the model has no tensor that a file could hold.")
    claimed = {source for found in results for source in found.sources}
    unused, left = _unused(model, [name for name in files.shapes if name not in claimed], claimed, bool(new))
    left += [Difference(name, "named as left out") for name in unused if _named_by(name, without)]
    unused = [name for name in unused if not _named_by(name, without)]
    cut = Counter()
    for found in results:
        cut[found.sources[:1]] += found.part[1] if found.part else 0
    rests = ((source[0], _size(files, source[0]) - size) for source, size in cut.items() if size)
    unused += [f"{name}: {rest} of its values:" for name, rest in rests if rest > 0]
    return Report(compared, differences, elsewhere, unused, aside + left, notes)


def _named_by(name: str, patterns: tuple[str, ...]) -> bool:
    return any(name == one or name.startswith(one.rstrip(".") + ".") or fnmatchcase(name, one) for one in patterns)


# --- end of the generated part

# --- copied, by `clinic generate`: _unused, _missing, _difference, _at, _equal of verify_loaded.py


def _unused(model: torch.nn.Module, names: list[str], claimed: set[str], new_head: bool) -> tuple[list[str], list[Difference]]:
    """The files' other tensors: those that the model should have had, and those that it leaves out rightly, with why."""
    ignored = {one for part in model.modules() for one in getattr(part, "_keys_to_ignore_on_load_unexpected", None) or ()}
    computed = {INSERTED.sub("", name) for name, _ in model.named_buffers()}
    prefix = getattr(model, "base_model_prefix", "")
    is_base = bool(prefix) and not hasattr(model, prefix)
    beginnings = {name.partition(".")[0] for name in claimed}
    unused, left = [], []
    for name in names:
        if any(re.search(one, name) for one in ignored):
            left.append(Difference(name, "the library leaves it out for this class"))
        elif {name, f"{prefix}.{name}", name.removeprefix(f"{prefix}.")} & computed or name.endswith("rotary_emb.inv_freq"):
            left.append(Difference(name, "a buffer that the model computes"))
        elif (is_base or new_head) and claimed and name.partition(".")[0] not in beginnings:
            left.append(Difference(name, "of a part that this class does not have"))
        else:
            unused.append(name)
    return unused, left


def _missing(name: str, tensor: torch.Tensor, files: Files, namesakes: dict[Any, list[str]]) -> str:
    """That no file has it; and a stored tensor of such a name and shape, which has other values."""
    shape = tuple(getattr(tensor, "ds_shape", tensor.shape))
    alike = [one for one in namesakes.get(_tail(name), ()) if files.shapes[one] == shape]
    meta = "; still on the meta device, nothing was loaded" if tensor.is_meta else ""
    hint = f"; it has {max(alike, key=lambda one: _likeness(name, one))}, with other values" if alike and not meta else ""
    return f"missing: the checkpoint has no {name}{hint}{meta}"


def _difference(pairs: list[tuple[str, torch.Tensor]], read: Read) -> str | None:
    """How the loaded tensors differ from those of the checkpoint, each under its name; None if none does."""
    differ, size, first, cast = 0, 0, None, None
    for name, tensor in pairs:
        expected = read(name)
        if tensor.shape != expected.shape:
            return f"shape: {list(tensor.shape)} in the model, {list(expected.shape)} in the checkpoint{_at(name, pairs)}"
        if tensor.is_meta:
            return "values: still on the meta device, nothing was loaded"
        if not tensor.numel():
            return f"shape: {list(tensor.shape)} in both: empty, nothing could be compared{_at(name, pairs)}"
        ours, theirs = _bits(tensor), _bits(expected.to(tensor.dtype))
        if not _equal(ours, theirs):
            differ += int((ours != theirs).any(dim=1).sum())
            first = first or name
        size += tensor.numel()
        if tensor.dtype != expected.dtype:
            cast = _cast_said(expected.dtype, tensor.dtype)
    return f"values: {differ} of {size} differ{_at(first, pairs)}" if differ else cast


def _at(name: str, pairs: list[tuple[str, torch.Tensor]]) -> str:
    """The place of a difference in a merged tensor."""
    return f", first in {name}" if len(pairs) > 1 else ""


def _equal(ours: torch.Tensor, theirs: torch.Tensor) -> bool:
    """Whether all bytes are equal. Eight at a time where torch allows it: several times faster than one by one."""
    if ours.numel() % 8 == 0 and all(bits.storage_offset() % 8 == 0 for bits in (ours, theirs)):
        ours, theirs = ours.view(-1).view(torch.int64), theirs.view(-1).view(torch.int64)
    return torch.equal(ours, theirs)


# --- end of the generated part

# --- copied, by `clinic generate`: _bits of verify_loaded.py


def _bits(tensor: torch.Tensor) -> torch.Tensor:
    """The bytes of a tensor: shape (values, bytes of a value). So NaN equals NaN, and 0 differs from -0."""
    flat = tensor.detach().cpu().contiguous().reshape(-1, 1)
    return flat.view(torch.uint8)


# --- end of the generated part


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # what DeepSpeed and torch do at the end of a process (an abort was seen) does not change the verdict
