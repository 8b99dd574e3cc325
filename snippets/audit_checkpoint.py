"""Audit a folder of safetensors files before it is loaded: is it whole, and is it what its config.json asks for?

    python audit_checkpoint.py DIR [--experts-per-shard N] [--json]

Reads the headers of the files, the index and config.json; needs nothing but Python. Any checkpoint: each file is whole,
index and files agree, nothing is there twice, no expert is missing. DeepSeek-V2 and V3: every tensor has the shape that
config.json asks for. DeepSeek-V2 also: the lines that XTuner prints while it merges N experts into one tensor ("... not in
state_dict, loading ..."), and where it stops. Values are not read: damage inside a tensor is seen by its SHA-256 alone.

Exit status: 0 sound, 1 problems, 2 usage. With --experts-per-shard it is a problem too if XTuner stops.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import re
import signal
import stat
import sys
import time
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from itertools import groupby
from math import prod
from operator import itemgetter, mul, sub
from pathlib import Path
from typing import Any, NamedTuple

LIMIT = 100_000_000  # bytes of a header; the limit of safetensors
INDEX, SINGLE = "model.safetensors.index.json", "model.safetensors"
BITS = {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8}
BITS |= {"I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32}
BITS |= {"C64": 64, "F64": 64, "I64": 64, "U64": 64}
BYTES = {dtype: bits // 8 for dtype, bits in BITS.items() if bits >= 8}
FIELDS = itemgetter("dtype", "shape", "data_offsets")
FLOATS = {"float32": "F32", "float16": "F16", "bfloat16": "BF16", "float64": "F64"}
EXPERT = re.compile(r"(.*\.experts)\.([0-9]{1,9})\.(.+)")
FETCH = "Download the file again and compare its SHA-256."
SAME_SOURCE = "Take config.json and all files from the same place and revision."
START = {
    b"version https://git-lfs": ("a Git LFS pointer, not the file", "Run: git lfs pull"),
    b"<": ("a page of HTML or XML", FETCH),
    b"PK\x03\x04": ("a zip or a PyTorch file", "Convert it to safetensors."),
}
Shape = list[int]


class Problem(NamedTuple):
    """One thing that is wrong: in which file, what was expected, what was found, what repairs it."""

    file: str
    expected: str
    found: str
    repair: str

    def __str__(self) -> str:
        return f"{self.file}: expected {self.expected}, found {self.found}. {self.repair}"


class Unfit(Exception):
    """What was expected, what was found, the repair."""


@dataclass
class Shard:
    """What the header of one file says."""

    names: list[str]
    shapes: list[Shape]
    dtypes: list[str]
    metadata: dict[str, str] | None
    unfit: Unfit | None = None  # the header can be read, but does not fit the file


@dataclass
class Prediction:
    """What XTuner does in shard mode: the lines, why it stops (None: it loads), parameters that do not get their values."""

    experts_per_shard: int
    lines: list[str] = field(default_factory=list)
    stop: str | None = None
    wrong: list[str] = field(default_factory=list)


@dataclass
class Report:
    """Everything that was found."""

    folder: str
    files: int = 0
    tensors: int = 0
    bytes: int = 0
    problems: list[Problem] = field(default_factory=list)
    not_looked_at: list[str] = field(default_factory=list)
    xtuner: Prediction | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def audit(folder: str | os.PathLike[str], experts_per_shard: int | None = None, progress: bool = False) -> Report:
    """Audit the folder. experts_per_shard: XTuner's expert_in_one_shard."""
    collecting = gc.isenabled()
    gc.disable()  # millions of small objects and no cycles
    try:
        return _audit(os.fspath(folder), experts_per_shard, progress)
    finally:
        if collecting:
            gc.enable()


def _audit(folder: str, n: int | None, progress: bool) -> Report:
    report = Report(_show(folder))
    problems, unseen, place = report.problems, report.not_looked_at, Path(folder)
    present = sorted(name for name in os.listdir(folder) if name.endswith(".safetensors"))
    index, weight_map, files = _index(place, present, report)
    config = _config(place, report)
    shards: dict[str, Shard] = {}
    started = time.monotonic()
    for count, file in enumerate(files):
        if progress and time.monotonic() > started + 1:
            print(f"\rheader {count + 1} of {len(files)}", end="", file=sys.stderr, flush=True)
        try:
            shards[file], size = read_header(place / file)
            report.bytes += size
            if unfit := shards[file].unfit:
                raise unfit
        except Unfit as unfit:
            problems.append(Problem(_show(file), *unfit.args))
    if progress:
        print("\r" + " " * 40, end="\r", file=sys.stderr)
    found, holder = _unite(shards, weight_map, problems)
    report.files, report.tensors = len(files), len(found)
    want: dict[str, Shape] = {}
    architecture = _architecture(config)
    if len(shards) < len(files):
        unseen.append("which tensors are missing, because not every header can be read")
    if not architecture:
        what = f"a {_show((config.get('architectures') or [config.get('model_type')])[0])}" if config else "no config.json"
        unseen.append(f"the shapes that the model asks for: this tool knows those of DeepSeek-V2 and V3, and this is {what}")
        if len(shards) == len(files):
            _check_experts(config, found, problems)
    elif _check_config(config, len(found), problems):
        want = asked(config, architecture)
        if len(shards) == len(files):
            _check_shapes(config, dict(want), found, shards, holder, report)
        if architecture == "DeepseekV2ForCausalLM":
            report.xtuner = predict(folder, config, want, index, files, shards, holder, n)
        elif n:
            unseen.append("XTuner: it has no shard mode for DeepSeek-V3")
    if report.xtuner and report.xtuner.stop and n:
        problems.append(Problem("XTuner", f"a load with expert_in_one_shard={n}", "that it stops", report.xtuner.stop))
    unseen.append("the values: for damage inside a tensor compare the SHA-256 of each file with the published one")
    return report


# --------------------------------------------------------------------------------------------- the files


def _read(path: Path, limit: int | None = None) -> tuple[bytes, int]:
    """Read a whole file, or the header of a safetensors file; and its size. Nothing is opened that is no regular file."""
    try:
        mode = path.stat()  # follows links: a hub cache is made of them
        if not stat.S_ISREG(mode.st_mode):
            kind = "a folder" if stat.S_ISDIR(mode.st_mode) else "a device, pipe or socket"
            raise Unfit("a regular file", kind, "Put the file in its place.")
        with path.open("rb", buffering=0) as file:
            if limit:
                if mode.st_size > limit:
                    raise Unfit(f"at most {limit:,} bytes", f"{mode.st_size:,} bytes", FETCH)
                return file.read(limit), mode.st_size
            start = file.read(8)
            length = int.from_bytes(start, "little")
            if len(start) == 8 and length <= min(mode.st_size - 8, LIMIT):
                return file.read(length), mode.st_size
            start += file.read(64)
    except FileNotFoundError:
        raise Unfit("this file", "that it is missing" if not path.is_symlink() else "a link to nothing", FETCH) from None
    except (OSError, ValueError) as error:
        raise Unfit("a file that can be read", getattr(error, "strerror", None) or "an impossible name", FETCH) from None
    for beginning, (what, repair) in START.items():
        if start.startswith(beginning):
            raise Unfit("a safetensors file", what, repair)
    what = f"{mode.st_size:,} bytes" + (f", the first of which announce a header of {length:,}" if len(start) >= 8 else "")
    raise Unfit(f"a safetensors header of at most {LIMIT:,} bytes that ends inside the file", what, FETCH)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a JSON object, if no name in it is there twice."""
    made = dict(pairs)
    if len(made) < len(pairs):
        name = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise Unfit("each name once", f"{_show(name)} more than once", FETCH)
    return made


def _constant(name: str) -> None:
    raise ValueError(name)


def _no_number(text: str) -> None:
    """Stand for a number that is no whole one, so that no later arithmetic takes it for a size."""


def _no_minus(text: str) -> int | None:
    return None if text.startswith("-") else int(text)  # safetensors does not take -0 for 0 either


FAST = json.JSONDecoder(parse_float=_no_number, parse_constant=_constant)
EXACT = json.JSONDecoder(parse_float=_no_number, parse_constant=_constant, parse_int=_no_minus, object_pairs_hook=_unique)
PLAIN = json.JSONDecoder(parse_constant=_constant, object_pairs_hook=_unique)


def _json(raw: bytes, decoder: json.JSONDecoder) -> dict[str, Any]:
    try:
        text = raw.decode("utf-8")
        made = decoder.decode(text)
        if "\\u" in text:
            json.dumps(made, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except UnicodeError:
        raise Unfit("UTF-8", "other bytes", FETCH) from None
    except RecursionError:
        raise Unfit("JSON of a few levels", "JSON nested too deeply", FETCH) from None
    except ValueError as error:
        raise Unfit("JSON", f"none ({str(error)[:80]})", FETCH) from None
    if not isinstance(made, dict):
        raise Unfit("a JSON object", f"a {type(made).__name__}", FETCH)
    return made


def read_header(path: Path) -> tuple[Shard, int]:
    """Read and judge a header as strictly as safetensors does, or more so."""
    raw, size = _read(path)
    room = size - 8 - len(raw)
    header = _json(raw, FAST)
    if shard := _regular(header, raw, room):
        return shard, size
    header = _json(raw, EXACT)
    metadata = header.pop("__metadata__", None)
    if not isinstance(metadata, (dict, type(None))) or any(not isinstance(text, str) for text in (metadata or {}).values()):
        raise Unfit("texts in __metadata__", "something else", FETCH)
    for name, info in header.items():
        if fault := _fault(info):
            raise Unfit(f"in the header for {_show(name)} {fault}", _show(json.dumps(info)), FETCH)
    shard = Shard(list(header), [], [], metadata)
    if header:
        shard.dtypes, shard.shapes, _ = map(list, zip(*map(FIELDS, header.values())))
    end, last = 0, "the header"
    for (begin, stop), name in sorted((info["data_offsets"], name) for name, info in header.items()):
        if begin != end and not shard.unfit:
            what = f"{'an overlap' if begin < end else 'a gap'}: it begins at {begin:,}"
            shard.unfit = Unfit(f"{_show(name)} at byte {end:,}, where {_show(last)} ends", what, FETCH)
        end, last = stop, name
    if not shard.unfit and end != room:
        what = "it is cut off" if room < end else "there is something behind the tensors"
        shard.unfit = Unfit(f"{size - room + end:,} bytes", f"{size:,}: {what}", FETCH)
    return shard, size


def _regular(header: dict[str, Any], raw: bytes, room: int) -> Shard | None:
    """Judge an ordinary header in a few passes that Python makes in C; None: it takes a closer look.

    Each name and value is parted by one colon: as many colons as entries, so nothing is there twice.
    """
    metadata = header.pop("__metadata__", {})
    try:
        dtypes, shapes, spans = map(list, zip(*map(FIELDS, header.values())))
        colons = 4 * len(header) + (len(metadata) + 1 if raw.count(b'"__metadata__"') else 0)
        if (
            raw.count(b":") == colons
            and not re.search(rb"-|true|false", raw)
            and set(map(type, metadata.values())) <= {str}
            and set(map(type, shapes)) == set(map(type, spans)) == {list}
            and set(map(len, spans)) == {2}
            and max(map(len, shapes)) <= 64
        ):
            begins, ends = zip(*(spans if spans[0][0] == 0 else sorted(spans)))
            if begins[1:] != ends[:-1]:
                begins, ends = zip(*sorted(spans))
            sizes = list(map(mul, map(prod, shapes), map(BYTES.__getitem__, dtypes)))
            if (
                (begins[0], begins[1:], ends[-1]) == (0, ends[:-1], room)
                and 0 not in sizes
                and [end - begin for begin, end in spans] == sizes
            ):
                return Shard(list(header), shapes, dtypes, metadata or None)
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    return None


def _fault(info: Any) -> str | None:
    """Say what is expected of a header's entry if it is not so."""
    if not isinstance(info, dict) or info.keys() != {"dtype", "shape", "data_offsets"}:
        return "dtype, shape and data_offsets"
    dtype, shape, span = FIELDS(info)
    if not isinstance(dtype, str) or dtype not in BITS:
        return "a dtype that safetensors knows"
    if not isinstance(shape, list) or len(shape) > 64 or not all(type(n) is int and 0 <= n < 2**63 for n in shape):
        return "a shape of at most 64 whole numbers"
    if not isinstance(span, list) or len(span) != 2 or not all(type(n) is int and 0 <= n < 2**63 for n in span):
        return "two offsets"
    if prod(filter(None, shape)) >= 2**56:
        return "a shape that fits into memory"
    if (bits := prod(shape) * BITS[dtype]) != 8 * (span[1] - span[0]):
        return f"{bits / 8:,.10g} bytes between the offsets"
    return None


def _index(place: Path, present: list[str], report: Report) -> tuple[dict[str, Any] | None, dict[str, str], list[str]]:
    """Return the index, its weight_map and the names of the files that count."""
    indices = [name for name in os.listdir(place) if name.endswith(".safetensors.index.json")]
    name = INDEX if INDEX in indices or len(indices) != 1 else indices[0]
    weight_map: dict[str, str] = {}
    index = None
    files = [SINGLE] if SINGLE in present else present
    if indices:
        try:
            index = _json(_read(place / name, LIMIT)[0], PLAIN)
            weight_map = index.get("weight_map")
            if not isinstance(weight_map, dict) or not weight_map or set(map(type, weight_map.values())) != {str}:
                index, weight_map = None, {}
                raise Unfit("a weight_map from tensors to files", "none", FETCH)
            files = []
            for file in sorted(set(weight_map.values())):
                if re.fullmatch(r"[^/\\:\0]+\.safetensors", file):
                    files.append(file)
                else:
                    problem = Unfit("names of safetensors files in this folder", _show(file), "Do not load it: get another index.")
                    report.problems.append(Problem(_show(name), *problem.args))
        except Unfit as unfit:
            report.problems.append(Problem(_show(name), *unfit.args))
        if SINGLE in present and SINGLE not in files:
            what = f"{SINGLE} as well, which transformers prefers"
            report.problems.append(Problem(_show(name), "one checkpoint in the folder", what, "Remove the one that is stale."))
    elif any(re.search(r"-\d+-of-\d+\.safetensors$", file) for file in files):
        report.problems.append(Problem(INDEX, "an index beside files that are numbered", "none", FETCH))
    if not files:
        report.problems.append(Problem(report.folder, "safetensors files", "none", "Name the folder that holds them."))
    if others := sorted(set(present) - set(files)):
        report.not_looked_at.append(f"{_some(others)}: not part of this checkpoint")
    return index, weight_map, files


def _unite(shards: dict[str, Shard], weight_map: dict[str, str], problems: list[Problem]) -> tuple[dict[str, Shape], dict[str, str]]:
    """Return all tensors' shapes, and the file of each; report what index and headers do not agree on."""
    found: dict[str, Shape] = {}
    holder: dict[str, str] = {}
    for file, shard in shards.items():
        found.update(zip(shard.names, shard.shapes))
        holder.update(dict.fromkeys(shard.names, file))
    if len(found) == sum(len(shard.names) for shard in shards.values()) and (holder == weight_map or not weight_map):
        return found, holder
    copies: dict[str, list[str]] = defaultdict(list)
    for file, shard in shards.items():
        for name in shard.names:
            copies[name].append(file)
    double = {name: files for name, files in copies.items() if len(files) > 1}
    for files, names in _by(double, lambda name: tuple(double[name])):
        said = {weight_map.get(name) for name in names}
        repair = f"Keep the one in {_show(said.pop())}, which the index names." if len(said) == 1 and None not in said else FETCH
        problems.append(Problem(_show(files[-1]), "each tensor in one file", f"{_some(names)} in {_some(files)}", repair))
    for (said, files), names in _by(weight_map, lambda name: (weight_map[name], tuple(copies.get(name, ())))):
        if said not in files and said in shards:
            where = f"it in {_some(files)}" if files else "no such tensor"
            problems.append(Problem(_show(said), f"{_some(names)} as the index says", where, FETCH))
    for file, names in _by(copies, lambda name: copies[name][0]):
        if weight_map and (unlisted := [name for name in names if name not in weight_map]):
            problems.append(Problem(_show(file), "that the index lists all tensors", f"{_some(unlisted)} unlisted", FETCH))
    for name, files in double.items():
        if weight_map.get(name) in files:  # the index decides
            holder[name] = weight_map[name]
            found[name] = dict(zip(shards[holder[name]].names, shards[holder[name]].shapes))[name]
    return found, holder


# ------------------------------------------------------------------------------- what config.json asks for


def _config(place: Path, report: Report) -> dict[str, Any]:
    if not os.path.lexists(place / "config.json"):
        return {}
    try:
        return _json(_read(place / "config.json", LIMIT)[0], PLAIN)
    except Unfit as unfit:
        report.problems.append(Problem("config.json", *unfit.args))
        return {}


def _architecture(config: dict[str, Any]) -> str | None:
    named = config.get("architectures") or []
    for architecture, model_type in (("DeepseekV2ForCausalLM", "deepseek_v2"), ("DeepseekV3ForCausalLM", "deepseek_v3")):
        if architecture in named or (not named and config.get("model_type") == model_type):
            return architecture
    return None


SIZES = ("vocab_size", "hidden_size", "intermediate_size", "moe_intermediate_size", "num_hidden_layers", "num_attention_heads")
SIZES += ("kv_lora_rank", "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim")
MAYBE = ("q_lora_rank", "n_routed_experts", "n_shared_experts")  # these may be null


def _check_config(config: dict[str, Any], tensors: int, problems: list[Problem]) -> bool:
    """Whether the sizes in config.json are numbers that can be worked with."""
    wrong = [key for key in SIZES + MAYBE if not _size(config.get(key, 0)) and not (key in MAYBE and config.get(key, 0) is None)]
    wrong += [key for key in ("first_k_dense_replace", "moe_layer_freq") if not _size(config.get(key, 1) or key[0] == "f")]
    for key in wrong:
        what = _show(json.dumps(config[key])) if key in config else "nothing"
        problems.append(Problem("config.json", f"a whole number above 0 for {key}", what, SAME_SOURCE))
    if not wrong and (many := config["num_hidden_layers"] * (3 * (config["n_routed_experts"] or 0) + 20)) > 20 * tensors + 10**5:
        problems.append(Problem("config.json", f"layers and experts for {tensors:,} tensors", f"for {many:,}", SAME_SOURCE))
        return False
    return not wrong


def _size(value: Any) -> bool:
    return value is True or (type(value) is int and 0 < value < 2**40)


def asked(c: dict[str, Any], architecture: str) -> dict[str, Shape]:
    """Return name and shape of every tensor that config.json asks for, in the order of the model."""
    want: dict[str, Shape] = {}
    hidden, rank, heads = c["hidden_size"], c["kv_lora_rank"], c["num_attention_heads"]
    rope, nope, value = c["qk_rope_head_dim"], c["qk_nope_head_dim"], c["v_head_dim"]
    moe, experts, shared = c["moe_intermediate_size"], c["n_routed_experts"], c["n_shared_experts"]

    def linear(name: str, out: int, into: int, bias: Any = False) -> None:
        want[f"{name}.weight"] = [out, into]
        if bias:
            want[f"{name}.bias"] = [out]

    def mlp(name: str, width: int) -> None:
        want[f"{name}.gate_proj.weight"] = want[f"{name}.up_proj.weight"] = [width, hidden]
        want[f"{name}.down_proj.weight"] = [hidden, width]

    want["model.embed_tokens.weight"] = [c["vocab_size"], hidden]
    for i in range(c["num_hidden_layers"]):
        layer, attention, bias = f"model.layers.{i}", f"model.layers.{i}.self_attn", c.get("attention_bias")
        if c["q_lora_rank"]:
            linear(f"{attention}.q_a_proj", c["q_lora_rank"], hidden, bias)
            want[f"{attention}.q_a_layernorm.weight"] = [c["q_lora_rank"]]
        linear(f"{attention}.q_{'b_' * bool(c['q_lora_rank'])}proj", heads * (nope + rope), c["q_lora_rank"] or hidden)
        linear(f"{attention}.kv_a_proj_with_mqa", rank + rope, hidden, bias)
        want[f"{attention}.kv_a_layernorm.weight"] = [rank]
        linear(f"{attention}.kv_b_proj", heads * (nope + value), rank)
        linear(f"{attention}.o_proj", hidden, heads * value, bias)
        if experts and i >= (c.get("first_k_dense_replace") or 0) and i % c.get("moe_layer_freq", 1) == 0:
            for e in range(experts):
                mlp(f"{layer}.mlp.experts.{e}", moe)
            linear(f"{layer}.mlp.gate", experts, hidden)
            if architecture == "DeepseekV3ForCausalLM" and c.get("topk_method", "noaux_tc") == "noaux_tc":
                want[f"{layer}.mlp.gate.e_score_correction_bias"] = [experts]
            if shared:
                mlp(f"{layer}.mlp.shared_experts", moe * shared)
        else:
            mlp(f"{layer}.mlp", c["intermediate_size"])
        want[f"{layer}.input_layernorm.weight"] = want[f"{layer}.post_attention_layernorm.weight"] = [hidden]
    want["model.norm.weight"], want["lm_head.weight"] = [hidden], [c["vocab_size"], hidden]
    return want


def merged(want: dict[str, Shape], n: int) -> dict[str, Shape]:
    """Return the parameters of XTuner's shard mode: n experts in one w1w3 (gate rows, then up rows) and one w2."""
    made: dict[str, Shape] = {}
    for name, shape in want.items():
        if expert := EXPERT.fullmatch(name) if ".experts." in name else None:
            block = f"{expert[1]}.{int(expert[2]) // n}"
            if expert[3] == "down_proj.weight":
                made[f"{block}.w2"] = [n, *shape]
            else:
                made[f"{block}.w1w3"] = [n, 2 * shape[0], shape[1]]
        else:
            made[name] = shape
    return made


def _check_shapes(
    c: dict[str, Any], want: dict[str, Shape], found: dict[str, Shape], shards: dict[str, Shard], holder: dict[str, str], report: Report
) -> None:
    """Compare what config.json asks for with what is there."""
    dtypes: dict[str, str] = {}
    for shard in shards.values():
        dtypes.update(zip(shard.names, shard.dtypes))
    used = Counter(dtypes.values())
    quantized = c.get("quantization_config")
    if isinstance(quantized, dict) and isinstance(block := quantized.get("weight_block_size"), list) and len(block) == 2:
        for name in [name for name in want if dtypes.get(name, "").startswith("F8")]:
            rows, columns = want[name]
            want[f"{name}_scale_inv"] = [-(-rows // block[0]), -(-columns // block[1])]
    if want == found and len(used) == 1 and FLOATS.get(c.get("torch_dtype")) in used:
        return
    blocks = {m[0]: found[m[0]][0] for name in found if (m := re.fullmatch(r".*\.experts\.\d+\.w1w3", name)) and found[name]}
    if blocks and (n := next(iter(blocks.values()))) > 0:
        want = merged(want, n)  # XTuner has saved it
    if c.get("tie_word_embeddings") and "lm_head.weight" not in found:
        want.pop("lm_head.weight")
    differ = {name: shape for name, shape in want.items() if found.get(name, shape) != shape}
    for (_, expected, has), names in _by(differ, lambda name: (_pattern(name), str(want[name]), str(found[name]))):
        expected = f"the shape {expected} that config.json asks for of {_some(names)}"
        report.problems.append(Problem(_show(holder[names[0]]), expected, has, SAME_SOURCE))
    for _, names in _by(want.keys() - found.keys(), _pattern):
        report.problems.append(Problem("config.json", f"{_some(names)} in the files", "no such tensor", SAME_SOURCE))
    later = re.compile(rf"model\.layers\.{c['num_hidden_layers']}\." if c.get("num_nextn_predict_layers") else "$^")
    extra = [name for name in found.keys() - want.keys() if not name.endswith("rotary_emb.inv_freq")]
    if skipped := [name for name in extra if later.match(name)]:
        report.not_looked_at.append(f"the shapes of {_some(skipped)}: the layer that predicts one more token")
    for _, names in _by((name for name in extra if not later.match(name)), _pattern):
        what = f"{_some(names)}, which it does not ask for"
        report.problems.append(Problem(_show(holder[names[0]]), "what config.json asks for", what, SAME_SOURCE))
    plain = FLOATS.get(c.get("torch_dtype") or c.get("dtype"), "BF16")
    other = [name for name in want if dtypes.get(name, plain) != plain]
    for dtype, names in _by(other, lambda name: dtypes[name]):
        if dtype not in FLOATS.values() and not quantized:
            report.problems.append(Problem(_show(holder[names[0]]), f"{plain} in {_some(names)}", dtype, SAME_SOURCE))
    odd = Counter(dtypes[name] for name in want if ".experts." in name and name in dtypes and not name.endswith("_scale_inv"))
    if len(odd) > 1:
        names = [name for name in want if ".experts." in name and dtypes.get(name) == odd.most_common()[-1][0]]
        report.problems.append(Problem(_show(holder[names[0]]), f"one dtype in all experts, {max(odd)}", f"{dict(odd)}", FETCH))


def _check_experts(config: dict[str, Any], found: dict[str, Shape], problems: list[Problem]) -> None:
    """In a model of another kind: are the experts of a layer all there, and alike?"""
    layers: dict[str, dict[int, dict[str, Shape]]] = defaultdict(lambda: defaultdict(dict))
    for name, shape in found.items():
        if ".experts." in name and (expert := EXPERT.fullmatch(name)):
            layers[expert[1]][int(expert[2])][expert[3]] = shape
    number = next((config[key] for key in ("num_local_experts", "num_experts", "n_routed_experts") if _size(config.get(key))), 0)
    for layer, experts in layers.items():
        if len(experts) != (number or max(experts) + 1):
            expected = f"experts 0 to {(number or max(experts) + 1) - 1} of {_show(layer)}"
            problems.append(Problem("config.json", expected, f"{len(experts)} of them in the files", SAME_SOURCE))
        usual = Counter(map(str, experts.values())).most_common(1)[0][0]
        if odd := [f"{layer}.{e}" for e, tensors in experts.items() if str(tensors) != usual]:
            problems.append(Problem("files", f"experts that are all alike in {_show(layer)}", f"{_some(odd)} unlike the others", FETCH))


# ------------------------------------------------------------------------------------------------- XTuner


class Held(NamedTuple):
    """A tensor in XTuner's state_dict: its shape, whether FP8, and the tensors that it was made of."""

    shape: Shape
    dtype: str
    made_of: tuple[tuple[str, str], ...]


def _natural(name: str, cache: dict[str, tuple[Any, ...]] = {}) -> tuple[Any, ...]:  # noqa: B006  it is a cache
    """XTuner's mix_sort."""
    if name not in cache:
        cache[name] = tuple(int(part) if part.isdigit() else part for part in re.findall(r"(\D+|\d+)", name))
    return cache[name]


def predict(
    folder: str,
    c: dict[str, Any],
    want: dict[str, Shape],
    index: dict[str, Any] | None,
    files: list[str],
    shards: dict[str, Shard],
    holder: dict[str, str],
    n: int | None,
) -> Prediction:
    """Do what XTuner 0.1.20 to 0.1.23 does (xtuner/utils/handle_moe_load_and_save.py), with shapes in place of tensors."""
    experts = c["n_routed_experts"] or 0
    if n is None:  # as in XTuner's own configurations: 10 for DeepSeek-V2, 8 for V2-Lite
        n = c["expert_in_one_shard"] if _size(c.get("expert_in_one_shard")) else max(k for k in range(1, 11) if experts % k == 0)
    told = Prediction(n)
    sharded = any(".experts." in name for name in want)
    scaling = c.get("rope_scaling")
    for stops, why in (
        (SINGLE in files or not index, "it needs files with an index: a single file raises NotImplementedError."),
        (not isinstance((index or {}).get("metadata"), dict), "the index has no metadata: KeyError or TypeError."),
        (c.get("quantization_config") is not None, "config.json has a quantization_config."),
        (sharded and (c.get("ep_size") or 1) > 1, "ep_size in config.json is above 1: NotImplementedError."),
        (sharded and experts % n, f"{experts} experts cannot be divided into blocks of {n}: AssertionError."),
        (scaling and not ("type" in scaling and "factor" in scaling), "rope_scaling has no type or factor: KeyError."),
    ):
        if stops:
            told.stop = f"It stops before the first file: {why}"
            return told
    where = os.sep.join(os.path.join(folder, files[0]).split(os.sep)[:-1])
    params = merged(want, n)
    state: dict[str, Held] = {}
    left = files[::-1]
    for _, group in groupby(params, lambda name: name.rpartition(".")[0]):
        module = list(group)
        for name in module:
            while name not in state:
                if not left:
                    told.stop = f"It stops after {_show(files[-1])}, the last file: {name} is in no file (AssertionError)."
                    return told
                file = left.pop()
                told.lines.append(f"{name} not in state_dict, loading {os.path.join(where, file)}")
                if not (why := _load(state, file, shards.get(file))):
                    why = _merge(state, n) if sharded else "no layer has experts: TypeError."
                if why:
                    told.stop = f"It stops at {_show(file)}: {why}"
                    return told
        for name in module:
            held = state.pop(name)
            if held.shape != params[name] or held.made_of != _made_of(name, n, holder):
                told.wrong.append(name)
    return told


def _load(state: dict[str, Held], file: str, shard: Shard | None) -> str | None:
    if not shard or shard.unfit:
        return "the file cannot be opened."
    if (shard.metadata or {}).get("format") not in ("pt", "tf", "flax", "mlx"):
        return 'its __metadata__ has no "format": "pt".'
    for name, shape, dtype in zip(shard.names, shard.shapes, shard.dtypes):
        state[name] = Held(shape, dtype, ((name, file),))
    return None


def _merge(state: dict[str, Held], n: int) -> str | None:
    """Merge the experts that are in the state_dict, by position in their natural order, as XTuner does."""
    try:
        names = sorted((name for name in state if ".experts." in name), key=_natural)
    except (TypeError, ValueError):
        return "it cannot sort the names of the experts."
    for begin in range(0, len(names) - 3 * n + 1, 3 * n):
        block = names[begin : begin + 3 * n]
        down, gate, up = ([state.pop(name) for name in block[linear::3]] for linear in range(3))
        number = re.search(r"\d+", block[0].split(".experts.")[1])
        if not number or int(number[0]) % n:
            return f"a block of {n} experts begins with {_show(block[0])}: an expert is missing, or not in order (AssertionError)."
        shapes = [{tuple(held.shape) for held in linear} for linear in (down, gate, up)]
        if any(len(one) > 1 or len(min(one)) != 2 for one in shapes) or min(shapes[1])[1] != min(shapes[2])[1]:
            return f"the block that begins with {_show(block[0])} has tensors of several shapes: they are not in order, or one is missing."
        for linears in (gate + up, down):
            if len(kinds := {held.dtype for held in linears}) > 1 and any(kind.startswith("F8") for kind in kinds):
                return f"the block that begins with {_show(block[0])} has FP8 and other dtypes."
        (_, rows, columns), merged_name = (0, *min(shapes[1])), f"{block[0].split('.experts.')[0]}.experts.{int(number[0]) // n}"
        state[f"{merged_name}.w1w3"] = Held([n, rows + min(shapes[2])[0], columns], gate[0].dtype, _origins(gate + up))
        state[f"{merged_name}.w2"] = Held([n, *min(shapes[0])], down[0].dtype, _origins(down))
    return None


def _origins(parts: list[Held]) -> tuple[tuple[str, str], ...]:
    return tuple(origin for held in parts for origin in held.made_of)


def _made_of(name: str, n: int, holder: dict[str, str]) -> tuple[tuple[str, str | None], ...]:
    """Return what a parameter should be made of, by name."""
    if name in holder or not (block := EXPERT.fullmatch(name)):
        return ((name, holder.get(name)),)
    linears = ("down_proj",) if block[3] == "w2" else ("gate_proj", "up_proj")
    experts = range(int(block[2]) * n, int(block[2]) * n + n)
    names = [f"{block[1]}.{e}.{linear}.weight" for linear in linears for e in experts]
    return tuple((one, holder.get(one)) for one in names)


# ------------------------------------------------------------------------------------------------ telling


def _by(names: Any, key: Any) -> list[tuple[Any, list[str]]]:
    """Group names."""
    groups: dict[Any, list[str]] = defaultdict(list)
    for name in sorted(names):
        groups[key(name)].append(name)
    return list(groups.items())


def _pattern(name: str) -> str:
    return re.sub(r"\d+", "*", name)


def _some(names: Any) -> str:
    shown = [_show(name) for name in names[:2]]
    return ", ".join(shown) + (f" and {len(names) - 2:,} more" if len(names) > 2 else "")


def _show(text: Any) -> str:
    """Text of a stranger, short, on one line, nothing in it that a terminal obeys."""
    text = str(text)
    text = text if len(text) <= 120 else f"{text[:80]}...{text[-20:]}"
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def told(report: Report) -> str:
    """Return the report as text."""
    size = f"{report.files:,} files, {report.tensors:,} tensors, {report.bytes / 1e9:,.2f} GB"
    lines = [f"{'SOUND' if report.sound else 'PROBLEMS'}: {report.folder} ({size})", ""]
    lines += [f"{number:>3}. {problem}" for number, problem in enumerate(report.problems[:30], 1)]
    if more := len(report.problems) - 30:
        lines.append(f"     and {more:,} more: --json lists them") if more > 0 else None
    if xtuner := report.xtuner:
        lines += ["", f"XTuner in shard mode (expert_in_one_shard={xtuner.experts_per_shard}) will print {len(xtuner.lines)} lines:"]
        lines += [f"     {_show(line)}" for line in xtuner.lines]
        lines.append(xtuner.stop or "Then it has loaded.")
        if xtuner.wrong:
            lines.append(f"In silence it leaves random, or fills with other tensors: {_some(xtuner.wrong)}.")
    return "\n".join([*lines, "", "Not looked at:", *(f"   - {unseen}" for unseen in report.not_looked_at)])


def main() -> int:
    """Audit the folder that is named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("--experts-per-shard", type=int, metavar="N", help="XTuner's expert_in_one_shard")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    arguments = parser.parse_args()
    if not os.path.isdir(arguments.folder):
        parser.error(f"{_show(arguments.folder)} is not a folder")
    if arguments.experts_per_shard is not None and arguments.experts_per_shard < 1:
        parser.error("N is a whole number above 0")
    report = audit(arguments.folder, arguments.experts_per_shard, progress=sys.stderr.isatty())
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` is no error
    if arguments.json:
        print(json.dumps({"sound": report.sound, **asdict(report)}, indent=1))
    else:
        print(told(report).encode(sys.stdout.encoding or "utf-8", "backslashreplace").decode(sys.stdout.encoding or "utf-8"))
    return 0 if report.sound else 1


if __name__ == "__main__":
    sys.exit(main())
