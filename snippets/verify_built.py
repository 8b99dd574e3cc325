"""Is the rest of a loaded model as config.json says: the buffers that no file holds, and what its config became?

    from verify_built import verify_built
    print(*verify_built(model, "path/to/folder").lines, sep="\\n")

verify_loaded.py compares tensors with the files; this is its companion for what they do not hold. Non-persistent buffers
(RoPE's inv_freq) are compared, bit for bit, with those of a new model of the same class and config, built without memory for
its parameters. Of config.json it compares sizes, tie_word_embeddings and RoPE, in the spelling of transformers 4 and of 5,
with what the installed transformers reads. Plain attributes and other settings are not looked at.
Needs torch, and of transformers only what the model has imported. `new` builds a model that is not of transformers:
verify_built(model, folder, new=lambda: MyModel(sizes)).

It is a program too, for a model that transformers loads without more code:

    python verify_built.py FOLDER

Exit status: 0 the same, 1 something differs, 2 something was not looked at (the last line says what).
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

try:
    import torch
except ImportError as error:
    if __name__ != "__main__":
        raise
    print(f"verify_built.py: {error.name} is not installed for {sys.executable}.", file=sys.stderr)
    sys.exit(2)

WRAPPERS = {"DataParallel", "DistributedDataParallel", "DeepSpeedEngine", "FullyShardedDataParallel"}
INSERTED = re.compile(r"(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module|base_layer|original_module)\.")
SIZES = (
    *("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads"),
    *("head_dim", "num_experts", "num_local_experts", "n_embd", "n_layer", "n_head", "d_model", "num_layers", "num_heads"),
)
TIED, ROPE, OLD_ROPE = "tie_word_embeddings", "rope_parameters", ("rope_theta", "rope_scaling")
LOCAL = ("rope_local_base_freq", "local_rope_theta")  # what transformers 4 calls the theta of sliding attention
FULL, SLIDING = "full_attention", "sliding_attention"
SAME_ROPE = {"mrope": "default", "su": "longrope"}
MOVING = ("dynamic", "longrope")  # their inv_freq changes with the length of what the model reads
Settings = dict[str, Any]


class Built(NamedTuple):
    """What was found: a line for each difference and for what was not looked at, and what is the same."""

    same: list[str]
    differs: list[str]
    not_looked_at: list[str]

    @property
    def status(self) -> int:
        """The exit status."""
        return 1 if self.differs else 2 if self.not_looked_at or not self.same else 0

    @property
    def lines(self) -> list[str]:
        """Everything that was found, the ending last."""
        found = [f"differs: {one}" for one in self.differs] + [f"not looked at: {one}" for one in self.not_looked_at]
        same = f"the same: {'; '.join(self.same)}" if self.same else "not looked at: there was nothing to compare"
        counts = [(self.differs, "differ" if len(self.differs) > 1 else "differs"), (self.not_looked_at, "not looked at")]
        ending = ", ".join(f"{len(of)} {what}" for of, what in counts if of)
        return [*found, same, *([ending] if ending else [])]


# --8<-- [start:verify]
def verify_built(model: torch.nn.Module, folder: str | Path, new: Callable[[], torch.nn.Module] | None = None) -> Built:
    """Compare a loaded model's non-persistent buffers with a new model's, and its config with the folder's config.json."""
    found = Built([], [], [])
    inner = _unwrap(model)
    _buffers(inner, new, found)
    _settings(inner, Path(folder), found)
    return found
    # --8<-- [end:verify]


def _unwrap(model: torch.nn.Module) -> torch.nn.Module:
    while True:
        if hasattr(model, "_orig_mod"):
            model = model._orig_mod
        elif type(model).__name__ in WRAPPERS:
            model = model.module
        elif hasattr(model, "peft_config") and hasattr(model, "get_base_model"):
            model = model.get_base_model()
        else:
            return model


# Buffers that no file holds.


def _buffers(model: torch.nn.Module, new: Callable[[], torch.nn.Module] | None, found: Built) -> None:
    """Compare each non-persistent buffer with that of a new model."""
    ours = dict(_non_persistent(model))
    if not ours:
        found.same.append("no non-persistent buffers")
        return
    try:
        built = [dict(_non_persistent(one)) for one in _new(model, new)]
    except Exception as error:  # whatever the class raises
        why = " ".join(str(error).split())[:200]
        found.not_looked_at.append(f"{len(ours)} non-persistent buffers: no new model was built: {type(error).__name__}: {why}")
        return
    same = 0
    for name, buffer in ours.items():
        how = _difference(buffer, [of[name] for of in built if name in of])
        if not how:
            same += 1
        elif how.startswith("shape") or _moves(model, name):
            found.not_looked_at.append(f"{name}: {how}; it changes with what the model reads")
        else:
            found.differs.append(f"{name}: {how}")
    if same:
        found.same.append(f"{same} non-persistent buffer{'s' * (same > 1)}, bit for bit as in a new {type(model).__name__}")


def _non_persistent(model: torch.nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    for prefix, module in model.named_modules():
        for name, buffer in module._buffers.items():
            if buffer is not None and name in module._non_persistent_buffers_set:
                yield INSERTED.sub("", f"{prefix}.{name}".lstrip(".")), buffer


def _new(model: torch.nn.Module, new: Callable[[], torch.nn.Module] | None) -> Iterator[torch.nn.Module]:
    """Build it anew as torch does by default; and in the model's type and on its device, where buffers may round otherwise."""
    if new is None and not hasattr(model, "config"):
        raise ValueError(f"{type(model).__name__} has no config; say how it is built: new=...")
    parameter = next((one for one in model.parameters() if one.is_floating_point()), torch.empty(0))
    device = "cpu" if parameter.is_meta else parameter.device
    before = torch.get_default_dtype()
    for dtype, place in dict.fromkeys([(torch.float32, torch.device("cpu")), (parameter.dtype, torch.device(device))]):
        usual = dtype if dtype in (torch.float16, torch.bfloat16, torch.float64) else torch.float32
        try:
            torch.set_default_dtype(usual)
            with _without_parameters(), torch.random.fork_rng(devices=[]), place:
                yield new() if new else type(model)(deepcopy(model.config))
        finally:
            torch.set_default_dtype(before)


@contextmanager
def _without_parameters() -> Iterator[None]:
    """Let parameters be made on the meta device, so that a new model takes no memory; buffers get their values."""
    register = torch.nn.Module.register_parameter

    def on_meta(module: torch.nn.Module, name: str, parameter: torch.nn.Parameter | None) -> None:
        if parameter is not None and not parameter.is_meta:
            parameter = torch.nn.Parameter(parameter.detach().to("meta"), requires_grad=parameter.requires_grad)
        register(module, name, parameter)

    torch.nn.Module.register_parameter = on_meta
    try:
        yield
    finally:
        torch.nn.Module.register_parameter = register


def _difference(ours: torch.Tensor, news: list[torch.Tensor]) -> str:
    """How a buffer differs from each new one, cast to its type where that is another; empty if it equals one."""
    if not news:
        return "shape: a new model does not have it"
    if ours.is_meta:
        return "still on the meta device, without values"
    ours = ours.detach().cpu()
    theirs = [one.detach().cpu().to(ours.dtype) for one in news]
    if any(ours.shape == one.shape and torch.equal(_bits(ours), _bits(one)) for one in theirs):
        return ""
    first = theirs[0]
    if ours.shape != first.shape:
        return f"shape {list(ours.shape)} in the model, {list(first.shape)} in a new one"
    differ = (_bits(ours) != _bits(first)).any(dim=1)
    shown = [f"{one.reshape(-1)[differ][0].item():.6g}" for one in (ours, first)]
    return f"{int(differ.sum())} of {differ.numel()} values, the first is {shown[0]} in the model, {shown[1]} in a new one"


def _bits(tensor: torch.Tensor) -> torch.Tensor:
    """The bytes of a tensor: shape (values, bytes of a value). So NaN equals NaN, and 0 differs from -0."""
    return tensor.contiguous().reshape(-1, 1).view(torch.uint8)


def _moves(model: torch.nn.Module, name: str) -> bool:
    module = next((one for prefix, one in model.named_modules() if INSERTED.sub("", prefix) == name.rpartition(".")[0]), None)
    return name.endswith("inv_freq") and getattr(module, "rope_type", None) in MOVING


# What the config became.


def _settings(model: torch.nn.Module, folder: Path, found: Built) -> None:
    """Compare the model's config with config.json."""
    file = folder / "config.json"
    config = getattr(model, "config", None)
    try:
        said = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        found.not_looked_at.append(f"{file}: {type(error).__name__}")
        return
    if not isinstance(said, dict) or config is None or isinstance(config, dict):
        found.not_looked_at.append(f"{file}: {'it is no config' if config is not None else 'the model has no config'}")
        return
    _section("", said, config, found, same := [])
    if same:
        found.same.append(f"{len(same)} settings of config.json ({', '.join(dict.fromkeys(same))})")


def _section(place: str, said: Settings, config: Any, found: Built, same: list[str]) -> None:
    """Compare a part of config.json, and the parts inside it."""
    pairs = [(key, said[key], _value(config, key)) for key in (*SIZES, TIED) if said.get(key) is not None]
    pairs += _rope(said, config, found, place)
    for key, ours, theirs in pairs:
        if _alike(ours, theirs):
            same.append(f"{place}{key}")
        else:
            found.differs.append(f"{place}{key}: config.json says {_shown(ours)}, the model has {_shown(theirs)}")
    for key, inner in said.items():
        if isinstance(inner, dict) and key.endswith("_config") and key != "quantization_config":
            other = getattr(config, key, None)
            if other is None or isinstance(other, dict):
                found.not_looked_at.append(f"{place}{key}: the model's config has none")
            else:
                _section(f"{place}{key}.", inner, other, found, same)


def _value(config: Any, key: str) -> Any:
    """The model's setting, that of its language model where the whole has none."""
    mine = getattr(config, key, None)
    return mine if mine is not None else getattr(getattr(config, "text_config", None), key, None)


def _rope(said: Settings, config: Any, found: Built, place: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield RoPE's settings: their name, what config.json says, and what the installed transformers has made of it."""
    ours, older = _new_spelling(said), _old_spelling(said)
    for kind in ours.keys() & older.keys():
        one, other = ours[kind].get("rope_theta"), older[kind].get("rope_theta")
        if one is not None and other is not None and one != other:
            text = f"config.json says {_shown(one)} in {ROPE} and {_shown(other)} beside it"
            found.differs.append(f"{place}rope_theta: {text}; each release reads its own")
    ours = {kind: {**older.get(kind, {}), **ours.get(kind, {})} for kind in {**older, **ours}}
    theirs = _of_model(config)
    for kind, values in ours.items():
        has = theirs.get(kind) or theirs.get({"": FULL, FULL: ""}.get(kind, kind))
        if has is None:
            found.not_looked_at.append(f"{place}{ROPE}.{kind}".rstrip(".") + ": not known where this class keeps it")
            continue
        for key, value in values.items():
            default = "default" if key == "rope_type" else _value(config, key) if key != "rope_theta" else None
            yield f"{kind}.{key}".lstrip("."), value, has.get(key, default)


def _of_model(config: Any) -> dict[str, Settings]:
    """What the installed transformers reads: from 5 on rope_parameters, before it rope_theta and rope_scaling."""
    holder = next((one for one in (config, getattr(config, "text_config", None)) if _has_rope(one)), None)
    if holder is None:
        return {}
    version = str(getattr(sys.modules.get("transformers"), "__version__", "4"))
    settings = {key: getattr(holder, key, None) for key in (ROPE, *OLD_ROPE, *LOCAL)}
    return _new_spelling(settings) if int(version.partition(".")[0]) >= 5 else _old_spelling(settings)


def _has_rope(config: Any) -> bool:
    return any(getattr(config, key, None) is not None for key in (ROPE, *OLD_ROPE))


def _new_spelling(settings: Settings) -> dict[str, Settings]:
    """Settings of RoPE by the kind of attention, "" where there is one for all, as transformers 5 writes them."""
    said = settings.get(ROPE)
    if not isinstance(said, dict):
        return {}
    nested = {kind: _named(one) for kind, one in said.items() if isinstance(one, dict)}
    return nested or {"": _named(said)}


def _old_spelling(settings: Settings) -> dict[str, Settings]:
    """The same, as transformers 4 writes it."""
    scaling = settings.get("rope_scaling")
    theta = {"rope_theta": settings["rope_theta"]} if settings.get("rope_theta") is not None else {}
    whole = theta | (_named(scaling) if isinstance(scaling, dict) else {})
    local = next((settings[key] for key in LOCAL if settings.get(key) is not None), None)
    found = {"": whole} if whole else {}
    return {FULL: whole, SLIDING: {"rope_theta": local}} if local is not None and whole else found


def _named(said: Settings) -> Settings:
    """One dictionary of RoPE, its type under one name."""
    kind = said.get("rope_type", said.get("type"))
    rest = {key: value for key, value in said.items() if key not in ("rope_type", "type") and value is not None}
    return rest | ({"rope_type": SAME_ROPE.get(kind, kind)} if kind is not None else {})


def _alike(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, (list, tuple)) and isinstance(theirs, (list, tuple)):
        return len(ours) == len(theirs) and all(map(_alike, ours, theirs))
    return bool(ours == theirs)


def _shown(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, default=str)


# The program.


def main(arguments: list[str] | None = None) -> int:
    """Load a model with transformers and look at it; the exit status."""
    parser = argparse.ArgumentParser(description="Load a model with transformers and compare what no file of tensors holds.")
    parser.add_argument("folder", metavar="FOLDER", help="what transformers loads")
    folder = Path(parser.parse_args(arguments).folder)
    try:
        found = verify_built(_load(folder), folder)
    except Exception as error:  # no verdict, whatever the reason
        why = str(error) if isinstance(error, ValueError) else f"nothing was looked at: {type(error).__name__}: {error}"
        print(f"verify_built.py: {' '.join(why.split())}", file=sys.stderr)
        return 2
    print(*found.lines, sep="\n")
    return found.status


# --- copied, by `clinic generate`: _load of verify_loaded.py


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
    except ModuleNotFoundError as error:
        raise ValueError(f"The program needs {error.name}, which is not installed. The function verify does not.") from None
    except Exception as error:
        raise ValueError(f"transformers is installed but cannot be imported: {type(error).__name__}: {error}") from None
    try:
        return getattr(transformers, name).from_pretrained(folder, torch_dtype="auto", local_files_only=True)
    except Exception as error:  # whatever the library raises: the load is what failed
        first = (str(error).strip() or "no message").splitlines()[0]
        raise ValueError(f"{folder} was not loaded: {type(error).__name__}: {first}") from None


# --- end of the generated part


if __name__ == "__main__":
    sys.exit(main())
