"""Audit a folder of weights before it is loaded: is it whole, and is it what its config.json asks for?

    python audit_checkpoint.py DIR [--model] [--values] [--sha256 [MANIFEST]] [--json]

Reads the headers of safetensors files, the index and config.json; needs nothing but Python. Any checkpoint: each file is
whole, index and files agree, nothing is there twice, no tensor is empty; the layers of a stack are all there, as many as
config.json says, and alike; no name has a wrapper's prefix; the head is there unless it is tied; the files are those that
the libraries open; no download is unfinished. DeepSeek-V2 and V3: every name, shape and dtype that config.json asks for.

--model    every name and shape of another model, too: by transformers, where it is installed, on the meta device
--values   no value is NaN or infinite, no matrix is all zero or constant; needs numpy
--sha256   against the names that a hub cache gives its files, its .metadata files, or a MANIFEST as sha256sum writes it;
           of a .bin or .pt without one, each entry against the CRC-32 that torch.save wrote and torch.load does not compare

What XTuner will do with DeepSeek-V2 says predict_xtuner.py. A .bin or .pt is looked into as a zip, and nothing is unpickled.
Of other formats it names what is there, and what goes on.

The last line says how far it looked. Exit status: 0 sound, 1 problems, 2 usage, 3 nothing wrong in what was looked at, but
names or shapes were not compared with what the model asks for.
"""

from __future__ import annotations

import gc
import json
import os
import re
import stat
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache, cached_property
from itertools import accumulate, groupby
from math import prod
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

LIMIT = 100_000_000  # bytes of a header; safetensors has the same limit
PIECE = 100_000  # bytes of an index that are read at a time
INDEX, SINGLE = "model.safetensors.index.json", "model.safetensors"
BITS_OF = {
    4: "F4",
    6: "F6_E2M3 F6_E3M2",
    8: "BOOL U8 I8 F8_E5M2 F8_E4M3 F8_E8M0 F8_E5M2FNUZ F8_E4M3FNUZ",
    16: "I16 U16 F16 BF16",
    32: "I32 U32 F32",
    64: "I64 U64 F64 C64",
}
BITS = {dtype: bits for bits, dtypes in BITS_OF.items() for dtype in dtypes.split()}
SINCE = {  # the first release of safetensors that opens a file with one of these, which those before call damaged
    "F4": "0.6.1",
    "F6_E2M3": "0.6.1",
    "F6_E3M2": "0.6.1",
    "F8_E8M0": "0.6.1",
    "C64": "0.7.0",
    "F8_E5M2FNUZ": "0.8.0",
    "F8_E4M3FNUZ": "0.8.0",
}
FLOATS = {"float32": "F32", "float16": "F16", "bfloat16": "BF16", "float64": "F64"}
SIZES = [
    *("vocab_size", "hidden_size", "intermediate_size", "moe_intermediate_size", "num_hidden_layers", "num_attention_heads"),
    *("kv_lora_rank", "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim"),
]
MAY_BE_NULL = ["q_lora_rank", "n_routed_experts", "n_shared_experts"]
DEEPSEEK = {"deepseek_v2": "DeepseekV2ForCausalLM", "deepseek_v3": "DeepseekV3ForCausalLM"}
# A tensor as safetensors writes it, behind the end of the one before, which is its begin: that end, name, kind.
TENSOR = re.compile(r'([0-9]{1,17})\]\},"([^"]+)":\{"dtype":"([^\]]*)\],"data_offsets":\[\1,')
KIND = re.compile(r'([A-Z0-9_]+)","shape":\[([0-9,]*)')
PLAIN = bytes(set(range(32, 127)) - {ord("\\")})  # what stands for itself in JSON
FILE = re.compile(r"[^/\\:\0]+\.safetensors")
EXPERT = re.compile(r"(.*\.experts)\.([0-9]{1,9})\.(.+)")
STACK = re.compile(r"(.*?\b(?:layers|layer|h|blocks|block|resblocks))\.([0-9]{1,9})\.(.+)")  # the outermost one
TEXT = {  # the stack that num_hidden_layers counts
    *("model.layers", "model.language_model.layers", "language_model.model.layers", "language_model.layers"),
    *("transformer.h", "h", "gpt_neox.layers", "encoder.layer", "bert.encoder.layer", "roberta.encoder.layer"),
}
EMBEDDINGS = ("model", "model.language_model", "language_model.model")
WRAPPED = re.compile(r"(?:^|\.)(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.|^(module)\.")
REPEATED = re.compile(r"(?:^|\.)(language_model)\.\1\.")
FUSED = re.compile(r"\.experts\.(?:gate_up_proj|down_proj)$")
FUSED_SINCE_5 = ("mixtral",)  # as transformers 5 has them; published are single experts
FORMATS = ("pt", "tf", "flax", "mlx")  # of __metadata__, as transformers knows them
PICKLED = (".bin", ".pt", ".pth", ".ckpt")
STATE = re.compile(r"(?:optimizer|scheduler|scaler|rng_state|training_args)\b|rng_state_\d")  # what a Trainer resumes from
OLDER = b"l\xfc\x9cF\xf9 j\xa8P\x19"  # the number with which torch.save began before 1.6
UNFINISHED = (".incomplete", ".aria2", ".part", ".crdownload", ".tmp")
TRANSFORMERS = (SINGLE, INDEX, "adapter_model.safetensors")  # what transformers and peft open if nothing is said
FETCH = "Download it again and compare its SHA-256."
LOOKED, NOT = ("whole", "names", "shapes", "values", "hashes"), "not looked at"
SOURCE = "Take config.json and all files from the same place and revision."
START = {
    b"version https://git-lfs": "a Git LFS pointer (git lfs pull)",
    b"<": "a web page",
    b"GGUF": "a GGUF file, which llama.cpp reads",
    b"PK\x03\x04": "a zip or PyTorch file (its name should end in .bin or .pt)",
    b"\x80\x02\x8a": "a pickle of an older torch.save (its name should end in .bin or .pt)",
    b"\x1f\x8b": "a gzip file (unpack it)",
}
Shape = tuple[int, ...]


class Problem(NamedTuple):
    """One thing that is wrong."""

    file: str
    expected: str
    found: str
    repair: str

    def __str__(self) -> str:
        return f"{self.file}: expected {self.expected}, found {self.found}. {self.repair}"


class Unfit(Exception):
    """A file is not as it should be; the arguments: expected, found."""


class Tensor(NamedTuple):
    """What a header says of a tensor but for its name and place; those that are alike share it."""

    dtype: str
    shape: Shape
    bytes: int


class Shard(NamedTuple):
    """The header of one file."""

    names: list[str]
    tensors: list[Tensor]  # one for each name
    metadata: dict[str, str]
    bytes: int
    unlisted: set[str]  # the names that were not found in the index yet


class Report:
    """All that was found."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.files = self.tensors = self.bytes = 0
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.not_looked_at: list[str] = []
        self.looked = dict.fromkeys(LOOKED, NOT)  # at what: yes, no (something is wrong), in part, not looked at

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong in what was looked at: `looked` says how far that is."""
        return not self.problems

    @property
    def status(self) -> int:
        """The exit status: 0 sound, 1 problems, 3 nothing wrong, but names or shapes were not compared with the model's."""
        return 1 if self.problems else 0 if all(self.looked[what] == "yes" for what in ("whole", "names", "shapes")) else 3

    def add(self, file: str, expected: str, found: Any, repair: str = FETCH) -> None:
        """Add a problem."""
        self.problems.append(Problem(_show(file), expected, str(found), repair))


class Checkpoint:
    """What was read of a folder."""

    def __init__(self, folder: str, config: dict[str, Any], files: list[str]) -> None:
        self.folder, self.config = folder, config
        self.names: list[str] = []  # of everything in the folder
        self.single = SINGLE in files  # transformers takes it before any index
        self.independent = False  # several files that are no parts of one checkpoint
        self.files = [SINGLE] if self.single else files  # those that count
        self.index: dict[str, Any] = {}
        self.weight_map: dict[str, Any] = {}
        self.shards: dict[str, Shard] = {}  # the files that could be read
        self.pickled: list[str] = []  # files of torch.save that count and show no damage

    @cached_property
    def tensors(self) -> dict[str, Tensor]:
        """Every tensor by its name."""
        return {name: tensor for one in self.shards.values() for name, tensor in zip(one.names, one.tensors, strict=True)}

    @cached_property
    def file_of(self) -> dict[str, str]:
        """The file that holds it."""
        return {name: file for file, shard in self.shards.items() for name in shard.names}


def audit(
    folder: str | os.PathLike[str],
    progress: bool = False,
    model: bool = False,
    values: bool = False,
    sha256: str | None = None,
) -> Report:
    """Audit the folder. sha256: a manifest's file, or an empty text for what the folder itself knows."""
    report = Report(_show(os.fspath(folder)))
    collects = gc.isenabled()
    gc.disable()  # very many small objects, no cycles
    try:
        checkpoint = _read_folder(os.fspath(folder), report, progress)
        _judge(checkpoint, report)
    finally:
        if collects:
            gc.enable()
    if model:
        _check_model(checkpoint, report)
    if values:
        _check_values(checkpoint, report, progress)
    if sha256 is not None:
        _check_hashes(checkpoint, sha256, report, progress)
    return report


def architecture_of(config: dict[str, Any]) -> str | None:
    """Return the class of a DeepSeek model; None for any other."""
    names = config.get("architectures") or DEEPSEEK.get(str(config.get("model_type")))
    return next((name for name in DEEPSEEK.values() if name in str(names)), None)


def _judge(checkpoint: Checkpoint, report: Report) -> None:
    config, complete = checkpoint.config, len(checkpoint.shards) == len(checkpoint.files)
    architecture, before = architecture_of(config), len(report.problems)
    if checkpoint.files:
        report.looked["whole"] = "no" if report.problems else "yes"
    if not complete:
        report.not_looked_at.append("which tensors are missing or too many: not every header can be read")
    elif checkpoint.files and architecture and _check_config(checkpoint, report):
        _check_tensors(checkpoint, architecture, report)
        report.looked["names"] = report.looked["shapes"] = "no" if len(report.problems) > before else "yes"
    elif checkpoint.files and not architecture:
        how = "yes" if _check_any(checkpoint, report) else "in part"
        report.looked["names"] = report.looked["shapes"] = "no" if len(report.problems) > before else how
        _note_read_otherwise(checkpoint, report)
        if how == "yes":
            return
        what = f"config.json is of {_show(config.get('architectures'))}" if config else "there is no config.json to go by"
        report.not_looked_at.append(
            f"names and shapes but for a layer against the others: this file knows what DeepSeek-V2 and V3 ask for, and {what};"
            " --model asks transformers"
        )


# ------------------------------------------------------------------------------------------------- files


def _read_folder(folder: str, report: Report, progress: bool) -> Checkpoint:
    """Read the checkpoint, and report what else in the folder matters."""
    checkpoint = read_checkpoint(folder, report, progress)
    place, names = Path(folder), checkpoint.names
    present = [name for name in names if name.endswith(".safetensors")]
    _check_openable(checkpoint, present, report)
    _check_downloads(place, names, report)
    _check_pickled(checkpoint, report)
    if not checkpoint.files and not _name_others(place, names, report):
        report.add(report.folder, "files of weights", "none", "Name the folder that holds them.")
    held = set[str]().union(*(map(itemgetter(0), shard.tensors) for shard in checkpoint.shards.values()))
    for dtype in sorted(held & SINCE.keys()):
        report.notes.append(f"{dtype}: safetensors before {SINCE[dtype]} refuses such a file, though it is whole; upgrade it")
    if checkpoint.independent:
        report.notes.append(f"{len(present)} files and no index: independent files, each looked at by itself")
    if others := sorted(set(present) - set(checkpoint.files)):
        report.not_looked_at.append(f"{_some(others)}: no part of this checkpoint")
    return checkpoint


def read_checkpoint(folder: str, report: Report, progress: bool = False) -> Checkpoint:
    """Read index, headers and config.json; report what does not fit together."""
    place = Path(folder)
    names = sorted(path.name for path in place.iterdir())
    present = [name for name in names if name.endswith(".safetensors")]
    config = (_json_file(place / "config.json", report) if "config.json" in names else None) or {}
    checkpoint = Checkpoint(folder, config, present)
    checkpoint.names = names
    headers = _read_headers(place, present, progress)
    indices = [name for name in names if name.endswith(".safetensors.index.json")]
    if indices:
        _read_index(place / (INDEX if INDEX in indices else indices[0]), checkpoint, headers, report)
    elif any(re.search(r"-\d+-of-\d+\.safetensors$", file) for file in present):
        report.add(INDEX, "an index beside numbered files", "none")
    elif len(present) > 1 and not checkpoint.single and not config:
        checkpoint.independent = True
    for file in checkpoint.files:
        try:
            checkpoint.shards[file] = headers.get(file) or read_header(place / file, Kinds())
        except Unfit as unfit:
            report.add(file, *unfit.args)
    shards = checkpoint.shards.values()
    report.files, report.bytes = len(checkpoint.files), sum(shard.bytes for shard in shards)
    report.tensors = sum(len(shard.names) for shard in shards)
    if checkpoint.weight_map or (len(shards) > 1 and not checkpoint.index and not checkpoint.independent):
        _find(checkpoint, report)
    return checkpoint


def _read_headers(place: Path, files: list[str], progress: bool) -> dict[str, Shard]:
    """Read the headers that can be read."""
    started, kinds, headers = time.monotonic(), Kinds(), dict[str, Shard]()
    for number, file in enumerate(files):
        if progress and time.monotonic() > started + 1:
            print(f"\rheader {number} of {len(files)} ", end="", file=sys.stderr, flush=True)
        try:
            headers[file] = read_header(place / file, kinds)
        except Unfit:
            continue  # reported if the file counts
    if progress:
        print("\r" + " " * 40, end="\r", file=sys.stderr)
    return headers


def _read_index(path: Path, checkpoint: Checkpoint, headers: dict[str, Shard], report: Report) -> None:
    try:
        if checkpoint.files == list(headers) and path.is_file() and (index := _try_index(path, headers)):
            checkpoint.index = index
            return
        index = _json(_read(path, LIMIT)[0])
    except Unfit as unfit:
        report.add(path.name, *unfit.args)
        return
    weight_map = index.get("weight_map")
    if not isinstance(weight_map, dict) or set(map(type, weight_map.values())) != {str}:
        report.add(path.name, "a weight_map from tensors to files", "none")
        return
    checkpoint.index, checkpoint.weight_map, checkpoint.files = index, weight_map, []
    for file in sorted(set(weight_map.values())):
        if FILE.fullmatch(file):
            checkpoint.files.append(file)
        else:
            inside = not re.search(r"^/|^\w:|(?:^|/)\.\.(?:/|$)|[\\\0]", file) and file.endswith(".safetensors")
            repair = "Put the files beside the index." if inside else "Do not load this. Get another index."
            report.add(path.name, "names of safetensors files in this folder", _show(file), repair)
    if checkpoint.single and SINGLE not in checkpoint.files:
        report.add(path.name, "one checkpoint in the folder", f"{SINGLE}, which transformers prefers", "Remove the stale one.")


def _try_index(path: Path, headers: dict[str, Shard]) -> dict[str, Any]:
    """Return an index of the usual form, if it says the same as the headers, without its weight_map; {} if not.

    Read as a whole it takes several times its size in memory, and longer than piece by piece.
    """
    left = {file: shard.unlisted for file, shard in headers.items()}
    if not all(left.values()) or not all(map(FILE.fullmatch, headers)):
        return {}
    try:
        with path.open("rb", buffering=0) as file:
            text = file.read(PIECE)
            begin = text.find(b'"weight_map": {') + 15
            rest, text = text[:begin], text[begin:]
            while (end := text.find(b"}")) < 0:
                cut = text.rfind(b'",') + 1
                _cross_off(text[:cut], left)
                text = text[cut + 1 :] + file.read(PIECE)
            _cross_off(text[:end], left)
            rest += text[end:] + file.read(PIECE)
        index = _json(rest)
        usual = index["weight_map"] == {} and rest.count(b'"weight_map"') == 1 and b"\\" not in rest
    except (OSError, Unfit, KeyError, TypeError):
        return {}
    return index if usual and not any(left.values()) else {}


def _cross_off(text: bytes, left: dict[str, set[str]]) -> None:
    """Cross off what a piece of a weight_map lists. KeyError: it lists what is not there, or nothing."""
    piece = _json(b"{%b}" % text)
    for file, names in groupby(piece, piece.__getitem__):
        listed, before = list(names), len(left[file])
        left[file].difference_update(listed)
        if len(left[file]) != before - len(listed):
            raise KeyError(file)
    if not piece:
        raise KeyError(text)


def _find(checkpoint: Checkpoint, report: Report) -> None:
    """Report what is there twice, and what index and headers do not agree on; find the tensors that count."""
    shards, weight_map, found, file_of = checkpoint.shards, checkpoint.weight_map, dict[str, Tensor](), dict[str, str]()
    copies: dict[str, list[str]] = defaultdict(list)
    for file, shard in shards.items():
        for name, tensor in zip(shard.names, shard.tensors, strict=True):
            copies[name].append(file)
            if name not in found or weight_map.get(name) == file:  # the index decides
                found[name], file_of[name] = tensor, file
    checkpoint.tensors, checkpoint.file_of, report.tensors = found, file_of, len(found)
    twice = [name for name, files in copies.items() if len(files) > 1]
    for files, names in _by(twice, copies.__getitem__):
        report.add(files[-1], "each tensor in one file", f"{_some(names)} in {_some(files)}", "Remove the stale copy.")
    missing = [name for name, file in weight_map.items() if file in shards and file not in copies.get(name, ())]
    for file, names in _by(missing, weight_map.__getitem__):
        report.add(file, f"{_some(names)}, as the index says", "no such tensor")
    for file, names in _by((name for name in found if weight_map and name not in weight_map), file_of.__getitem__):
        report.add(file, "an index that lists all its tensors", f"{_some(names)} unlisted")


def _read(path: Path, limit: int | None = None) -> tuple[bytes, int]:
    """Read a safetensors header, or a whole file up to a limit; and the file's size. Opens nothing but regular files."""
    try:
        status = path.stat()  # follows links: hub caches are made of them
        if not stat.S_ISREG(status.st_mode):
            raise Unfit("a regular file", "a folder" if stat.S_ISDIR(status.st_mode) else "a device, pipe or socket")
        with path.open("rb", buffering=0) as file:
            if limit and status.st_size <= limit:
                return file.read(), status.st_size
            start = file.read(8)
            length = int.from_bytes(start, "little")
            if not limit and len(start) == 8 and length <= min(status.st_size - 8, LIMIT):
                return file.read(length), status.st_size
            start += file.read(64)
    except (OSError, ValueError) as error:
        what = "a link to nothing" if path.is_symlink() else _show(getattr(error, "strerror", "an impossible name"))
        raise Unfit("a file that can be read", what) from None
    what = f"{status.st_size:,} bytes" + (f" that announce {length:,} of them" if len(start) >= 8 and not limit else "")
    known = _other_format(start, status.st_size)
    if not known and not limit and LIMIT < length <= status.st_size - 8:
        repair = "It need not be damaged, but safetensors opens none so large: save the tensors in several files."
        raise Unfit(f"a header of at most {LIMIT:,} bytes", f"one of {length:,}", repair)
    raise Unfit(f"at most {limit:,} bytes" if limit else f"a header of at most {LIMIT:,} bytes inside the file", known or what)


def _other_format(start: bytes, size: int) -> str | None:
    """Say what it is that begins so, where it is known; a text is shown."""
    what = next((what for beginning, what in START.items() if start.lstrip().startswith(beginning)), None)
    text = start.decode("utf-8", "ignore").strip()
    if what or len(text) < 3 or not text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable():
        return what
    return f"{size:,} bytes that begin as text: {_show(text.splitlines()[0])}"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(made := dict(pairs)) < len(pairs):
        name = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise Unfit("each name once", f"{_show(name)} twice or more")
    return made


def _no_json(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _natural_number(digits: str) -> int | None:
    return int(digits) if digits[0] != "-" and len(digits) < 20 else None  # safetensors refuses even -0


JSON = json.JSONDecoder(parse_constant=_no_json)
HEADER = json.JSONDecoder(
    parse_float=lambda _: None, parse_int=_natural_number, parse_constant=_no_json, object_pairs_hook=_unique
)


def _json(raw: bytes, decoder: json.JSONDecoder = JSON) -> dict[str, Any]:
    try:
        text = raw.decode("utf-8")
        made = decoder.decode(text)
        if "\\u" in text:
            json.dumps(made, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except UnicodeError:
        raise Unfit("text in UTF-8", "other bytes") from None
    except RecursionError:
        raise Unfit("JSON", "JSON that is nested too deeply") from None
    except ValueError as error:
        raise Unfit("JSON", f"something else ({_show(error)})") from None
    if not isinstance(made, dict):
        raise Unfit("a JSON object", f"a {type(made).__name__}")
    return made


def _json_file(path: Path, report: Report) -> dict[str, Any] | None:
    try:
        return _json(_read(path, LIMIT)[0])
    except Unfit as unfit:
        report.add(path.name, *unfit.args)
        return None


def read_header(path: Path, kinds: Kinds) -> Shard:
    """Read and judge a header, at least as strictly as safetensors. kinds: those of the headers before."""
    raw, size = _read(path)
    if not raw:
        raise Unfit("a header", "zeros at the beginning, as where room was reserved for what was not written")
    if len(raw) > 10**6:  # other JSON of this size could take gigabytes to parse
        tensors = raw.count(b'"data_offsets"')
        if any(raw.count(mark) > most * tensors + 10**6 for mark, most in ((b"{", 2), (b"[", 3), (b":", 5), (b",", 80))):
            raise Unfit("a header of tensors", f"{len(raw):,} bytes of other JSON")
    try:
        shard = _judge_usual_header(raw, size, kinds)
    except (ValueError, Unfit):
        shard = None
    return shard or _judge_header(raw, size)


class Kinds(dict[str, Tensor]):
    """Dtype and shape as safetensors writes them, and what they say. ValueError: written in another way, or wrong."""

    def __missing__(self, text: str) -> Tensor:
        if parts := KIND.fullmatch(text):
            dtype, shape = parts[1], HEADER.decode(f"[{parts[2]}]")
            bytes_ = prod(shape) * BITS.get(dtype, 0) // 8 if _are_sizes(shape, 64) else -1
            if not _fault({"dtype": dtype, "shape": shape, "data_offsets": [0, bytes_]}):
                self[text] = Tensor(dtype, tuple(shape), bytes_)
                return self[text]
        raise ValueError(text)


def _judge_usual_header(raw: bytes, size: int, kinds: Kinds) -> Shard | None:
    """Judge a header in the form in which safetensors writes it, faster than JSON can be parsed. None: judge it as JSON."""
    begin, metadata = 1, dict[str, str]()
    if raw.startswith(b'{"__metadata__":{'):
        begin = raw.index(b"},") + 2
        metadata = _metadata(_json(raw[16 : begin - 1]))
    body = raw[begin:]
    if not raw.startswith(b"{") or body.translate(None, PLAIN):
        return None
    pieces = TENSOR.split(f"0]}},{body.decode('ascii')}")  # what stands between two tensors, then the parts of one, and so on
    between, begins, names, kind_of = (pieces[part::4] for part in range(4))
    tensors, unique = list(map(kinds.__getitem__, kind_of)), set(names)
    *ends, last = map(str, accumulate(map(itemgetter(2), tensors)))  # of tensors that follow each other without a gap
    tiled = begins == ["0", *ends] and between[-1].rstrip(" ") == f"{last}]}}}}" and size == 8 + len(raw) + int(last)
    if tiled and set(between[:-1]) == {""} and len(unique) == len(names) and "__metadata__" not in unique:
        return Shard(names, tensors, metadata, size, unique)
    return None


def _metadata(metadata: Any) -> dict[str, str]:
    if not isinstance(metadata, dict) or not set(map(type, metadata.values())) <= {str}:
        raise Unfit("texts in __metadata__", "something else")
    return metadata


def _judge_header(raw: bytes, size: int) -> Shard:
    """Judge a header in any form."""
    header = _json(raw, HEADER)
    metadata = _metadata(header.pop("__metadata__", {}))
    for name, info in header.items():
        if fault := _fault(info):
            repair = "If the file is whole, a newer release may know it; else download it again." if "knows" in fault else FETCH
            raise Unfit(f"{fault} in the header for {_show(name)}", _show(json.dumps(info)), repair)
    end, last = 0, "the header"
    for (begin, stop), name in sorted((info["data_offsets"], name) for name, info in header.items()):
        if begin != end:
            what = f"{begin:,}, {'an overlap' if begin < end else 'a gap'}"
            raise Unfit(f"{_show(name)} from byte {end:,} on, where {_show(last)} ends", what)
        end, last = stop, name
    if (room := size - 8 - len(raw)) != end:
        what = f"{size:,}: {'it is cut off' if room < end else 'something lies behind the tensors'}"
        raise Unfit(f"{size - room + end:,} bytes", what)
    bytes_of = [info["data_offsets"][1] - info["data_offsets"][0] for info in header.values()]
    tensors = [Tensor(info["dtype"], tuple(info["shape"]), b) for info, b in zip(header.values(), bytes_of, strict=True)]
    return Shard(list(header), tensors, metadata, size, set(header))


def _are_sizes(values: Any, most: int) -> bool:
    return isinstance(values, list) and len(values) <= most and all(type(n) is int and 0 <= n < 2**63 for n in values)


def _fault(info: Any) -> str | None:
    """Say what was expected, if an entry of a header is not right in itself."""

    if not isinstance(info, dict) or info.keys() != {"dtype", "shape", "data_offsets"}:
        return "dtype, shape and data_offsets"
    dtype, shape, offsets = info["dtype"], info["shape"], info["data_offsets"]
    if not isinstance(dtype, str) or dtype not in BITS:
        return "a dtype that safetensors knows"
    if not _are_sizes(shape, 64) or prod(filter(None, shape)) >= 2**56:
        return "a shape that fits into memory"
    if not _are_sizes(offsets, 2) or len(offsets) < 2:
        return "two offsets"
    if (bits := prod(shape) * BITS[dtype]) != 8 * (offsets[1] - offsets[0]):
        return f"{bits / 8:,.10g} bytes between the offsets"
    return None


# -------------------------------------------------------------------------------- what else lies in a folder


def _check_openable(checkpoint: Checkpoint, present: list[str], report: Report) -> None:
    """Whether what is there is what the libraries open; what lies beside it and is easily taken for it."""
    names = checkpoint.names
    if not present:
        return
    numbered = any(re.search(r"-\d+-of-\d+\.safetensors$", file) for file in present)  # it is said that the index is not there
    if (
        checkpoint.config
        and not numbered
        and not set(names) & set(TRANSFORMERS)
        and not any("diffusion_pytorch_model" in one for one in names)
    ):
        variants = sorted({match[1] for one in names if (match := re.match(r"model\.(\w+)\.safetensors$", one))})
        repair = "Get the files that belong to config.json."
        if variants:
            repair = f"Load it with variant={variants[0]!r}, or get the files without a variant."
        elif any(one.startswith("consolidated") for one in present):
            repair = (
                "vLLM and mistral-inference read consolidated files; for transformers get the other files of the repository."
            )
        report.add(report.folder, f"{SINGLE} or {INDEX}, which transformers opens", f"only {_some(present)}", repair)
    if "adapter_config.json" in names and set(present) & {SINGLE, *checkpoint.files} - {"adapter_model.safetensors"}:
        report.notes.append("an adapter and a model: transformers that has peft opens both")
    if steps := [one for one in names if re.fullmatch(r"global_step\d+", one)]:
        report.notes.append(f"{_some(steps)}: a checkpoint of DeepSpeed; zero_to_fp32.py makes whole weights of it")


def _check_downloads(place: Path, names: list[str], report: Report) -> None:
    """Report downloads that were not finished: those that lie beside their file, which then may be full of zeros."""
    for name in names:
        of, ending = Path(name).stem, Path(name).suffix
        if ending in UNFINISHED and (of in names or of.endswith((".safetensors", ".bin", ".gguf"))):
            report.add(
                of, "a finished download", f"{_show(name)} beside it", "Let the download go on, or fetch the file again."
            )
    hub = place / ".cache" / "huggingface" / "download"
    left = [path.name for path in sorted(hub.rglob("*.incomplete"))[:1000]] if hub.is_dir() else []
    if left:
        report.notes.append(f"{len(left)} unfinished in .cache/huggingface/download: `hf download` goes on with them")


def _name_others(place: Path, names: list[str], report: Report) -> bool:
    """Say what there is in place of safetensors files, whether its parts are there, and which tool goes on."""
    before = len(report.notes) + len(report.problems)
    if pickled := [name for name in names if name.endswith(PICKLED) and not STATE.match(name)]:
        report.notes.append("pickled weights: nothing was unpickled; save_pretrained of a loaded model writes safetensors")
        _check_parts_of_bin(place, names, report)
    for name in [one for one in names if one.endswith(".gguf")]:
        start = _start(place / name, 24)
        if start[:4] != b"GGUF":
            report.add(name, "a GGUF file", "another beginning")
        else:
            report.notes.append(f"{_show(name)}: GGUF, {int.from_bytes(start[8:16], 'little'):,} tensors; llama.cpp reads it")
    parts = sorted(int(found[1]) for name in names if (found := re.fullmatch(r"__(\d+)_0\.distcp", name)))
    if parts or ".metadata" in names:
        if ".metadata" not in names:
            report.add(
                ".metadata", "the plan of a distributed checkpoint", "none", "Without it the parts cannot be put together."
            )
        _check_ranks(".distcp", parts, report)
        report.notes.append(f"a distributed checkpoint of torch, {len(parts)} parts: torch.distributed.checkpoint.format_utils")
    _look_at_zero(place, names, report)
    if iterations := [name for name in names if re.fullmatch(r"iter_\d+|mp_rank_\d+.*|release", name)]:
        report.notes.append(f"{_some(iterations)}: a checkpoint of Megatron; its own tools convert it")
    if "model_index.json" in names:
        folders = [name for name in names if any((place / name).glob("*.safetensors")) or any((place / name).glob("*.bin"))]
        report.notes.append(
            f"a pipeline of diffusers: audit its parts, {', '.join(map(_show, folders)) or 'which hold no weights'}"
        )
    elif not pickled and (below := [name for name in names if any((place / name).glob("*.safetensors"))][:20]):
        report.notes.append(f"weights lie one folder below: {', '.join(map(_show, below))}")
    return bool(report.files) or len(report.notes) + len(report.problems) > before


def _start(path: Path, length: int) -> bytes:
    try:
        with path.open("rb", buffering=0) as file:
            return file.read(length) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else b""
    except (OSError, ValueError):
        return b""


def _check_pickled(checkpoint: Checkpoint, report: Report) -> None:
    """Whether files of torch.save are whole: transformers reads the weights among them where no safetensors file lies."""
    place, alone, older, damaged = Path(checkpoint.folder), not checkpoint.files, list[str](), 0
    files = [name for name in checkpoint.names if name.endswith(PICKLED)]
    for file in files:
        counts = alone or STATE.match(file)
        if not counts and not file.startswith(("pytorch_model", "adapter_model")):
            continue
        try:
            if not _is_zip_of_torch(place / file):
                older.append(file)
            if counts:
                checkpoint.pickled.append(file)
        except Unfit as unfit:
            damaged += 1
            expected, found, *repair = unfit.args
            if STATE.match(file):
                report.add(file, expected, found, *(repair or ["Copy it again, or resume from the checkpoint before it."]))
            elif counts:
                report.add(file, *unfit.args)
            else:
                report.notes.append(f"{_show(file)}, not read where safetensors files lie: expected {expected}, found {found}")
    if zips := [file for file in checkpoint.pickled if file not in older]:
        report.not_looked_at.append(f"the bytes inside {_some(zips)}: --sha256 compares the CRC-32 of each entry")
    if older:
        report.not_looked_at.append(f"whether {_some(older)} goes on to its end: torch.save wrote it before 1.6, as no zip")
    if files and alone:
        report.files, report.bytes = len(files), sum(_size_of(place / file) for file in files)
        report.looked["whole"] = "no" if damaged else "in part" if older else "yes"


def _is_zip_of_torch(path: Path) -> bool:
    """Whether torch.save wrote it as a zip, which is whole as far as its directory tells; Unfit if it is something else."""
    start, wanted = _start(path, 512), "a file of torch.save"
    if start.startswith(b"PK"):
        _look_into_zip(path)
        return True
    if OLDER in start[:64] or start[257:262] == b"ustar":
        return False
    if not start:
        raise Unfit(wanted, "an empty or unreadable file")
    if not start.strip(b"\0"):
        raise Unfit(wanted, "zeros at the beginning: nothing was written there")
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= LIMIT:
        raise Unfit(wanted, "a safetensors file", "Its name should end in .safetensors.")
    if start.startswith(b"\x80"):
        raise Unfit(wanted, "a pickle that torch.save did not write", "Ask its author what opens it: unpickling executes it.")
    raise Unfit(wanted, _other_format(start[:72], _size_of(path)) or "another beginning")


def _look_into_zip(path: Path) -> None:
    """Read the directory at its end and the header of each entry, not what the entries hold."""
    import zipfile

    try:
        with zipfile.ZipFile(path) as packed:
            names = packed.namelist()
            lost = [entry.filename for entry in packed.infolist() if not _opens(packed, entry)]
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError):
        raise Unfit("a zip of torch.save with its directory at the end", "none: it is cut off or damaged") from None
    if not any(name.endswith("data.pkl") for name in names):
        raise Unfit("a file of torch.save", f"a zip that holds {_some(names) or 'nothing'}", "Unpack it.")
    if lost:
        raise Unfit("each entry where the zip's directory says", f"no beginning of {_some(lost)}")


def _opens(packed: Any, entry: Any, to_its_end: bool = False) -> bool:
    """Whether an entry begins where it should; to its end: whether its bytes have the CRC-32 that was written of them."""
    import zipfile

    try:
        with packed.open(entry) as opened:
            while to_its_end and opened.read(CHUNK):
                pass
    except (OSError, EOFError, zipfile.BadZipFile, NotImplementedError, ValueError, RuntimeError):
        return False
    return True


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _check_parts_of_bin(place: Path, names: list[str], report: Report) -> None:
    index = next((name for name in names if name.endswith(".bin.index.json")), None)
    weight_map = (_json_file(place / index, report) or {}).get("weight_map") if index else None
    if isinstance(weight_map, dict):
        for file in sorted({str(file) for file in weight_map.values()} - set(names)):
            report.add(file, f"a file, as {index} says", "none")
            report.looked["whole"] = "no"


def _check_ranks(what: str, ranks: list[int], report: Report) -> None:
    if ranks and ranks != list(range(len(ranks))):
        absent = sorted(set(range(max(ranks) + 1)) - set(ranks))
        repair = "Copy the files of every rank: each holds what no other does."
        report.add(report.folder, f"one {what} file for each rank up to {max(ranks)}", f"none of {absent[:5]}", repair)


def _look_at_zero(place: Path, names: list[str], report: Report) -> None:
    """A checkpoint of DeepSpeed: `latest` names a folder, and each rank's part is there once."""
    steps = [name for name in names if re.fullmatch(r"global_step\d+", name)]
    latest = _start(place / "latest", 200).decode("utf-8", "replace").strip() if "latest" in names else ""
    if latest and latest not in names:
        report.add("latest", "the name of a folder beside it", _show(latest), "Name the newest whole folder in it.")
    for name in steps if steps else ["."]:
        try:
            files = [path.name for path in (place / name).iterdir()]
        except OSError:
            continue
        ranks = sorted(
            int(found[1]) for one in files if (found := re.search(r"zero_pp_rank_(\d+)_mp_rank_00_optim_states", one))
        )
        if ranks or steps:
            _check_ranks(f"{_show(name)}/*_optim_states.pt", ranks, report)
            report.notes.append(
                f"{_show(name)}: DeepSpeed, parts of {len(ranks)} ranks; zero_to_fp32.py makes whole weights of them"
            )


# ------------------------------------------------------------------------------ what config.json asks for


def _check_config(checkpoint: Checkpoint, report: Report) -> bool:
    """Whether the sizes in config.json can be worked with."""
    config, tensors = checkpoint.config, report.tensors
    wrong = [key for key in SIZES + MAY_BE_NULL if not _size(config.get(key))]
    wrong = [key for key in wrong if key in SIZES or config.get(key, "nothing") is not None]
    wrong += [key for key in ("first_k_dense_replace", "moe_layer_freq") if not _size(config.get(key) or 1)]
    for key in wrong:
        report.add("config.json", f"a whole number above 0 for {key}", _show(config.get(key, "nothing")), SOURCE)
    if wrong or (many := config["num_hidden_layers"] * (3 * (config["n_routed_experts"] or 0) + 20)) <= 10**5 + 20 * tensors:
        return not wrong
    report.add("config.json", f"layers and experts for {tensors:,} tensors", f"for about {many:,}", SOURCE)
    return False


def _size(value: Any) -> bool:
    return type(value) is int and 0 < value < 2**32


def asked(config: dict[str, Any], architecture: str) -> dict[str, Shape]:
    """Return name and shape of every tensor that config.json asks for, in the order of the model."""
    return {name: shape for part in _asked(config, architecture) for name, shape in part.items()}


def _asked(c: dict[str, Any], architecture: str) -> Iterator[dict[str, Shape]]:
    """The same, layer by layer."""
    want: dict[str, Shape] = {}
    hidden, rank, heads, low = c["hidden_size"], c["kv_lora_rank"], c["num_attention_heads"], c["q_lora_rank"]
    rope, nope, value = c["qk_rope_head_dim"], c["qk_nope_head_dim"], c["v_head_dim"]
    moe, experts = c["moe_intermediate_size"], c["n_routed_experts"] or 0

    def linear(name: str, out: int, into: int, bias: Any = None) -> None:
        want[f"{name}.weight"] = (out, into)
        if bias:
            want[f"{name}.bias"] = (out,)

    linears = [f".{linear}.weight" for linear in ("gate_proj", "up_proj", "down_proj")]
    all_experts = [f".{e}{linear}" for e in range(experts) for linear in linears]

    def mlp(prefix: str, width: int, suffixes: list[str]) -> None:
        shapes = [(width, hidden), (width, hidden), (hidden, width)] * (len(suffixes) // 3)
        want.update(zip(map(prefix.__add__, suffixes), shapes, strict=True))

    linear("model.embed_tokens", c["vocab_size"], hidden)
    for i in range(c["num_hidden_layers"]):
        yield want
        want = {}
        layer, attention, bias = f"model.layers.{i}", f"model.layers.{i}.self_attn", c.get("attention_bias")
        if low:
            linear(f"{attention}.q_a_proj", low, hidden, bias)
            want[f"{attention}.q_a_layernorm.weight"] = (low,)
        linear(f"{attention}.{'q_b_proj' if low else 'q_proj'}", heads * (nope + rope), low or hidden)
        linear(f"{attention}.kv_a_proj_with_mqa", rank + rope, hidden, bias)
        want[f"{attention}.kv_a_layernorm.weight"] = (rank,)
        linear(f"{attention}.kv_b_proj", heads * (nope + value), rank)
        linear(f"{attention}.o_proj", hidden, heads * value, bias)
        if experts and i >= (c.get("first_k_dense_replace") or 0) and i % (c.get("moe_layer_freq") or 1) == 0:
            mlp(f"{layer}.mlp.experts", moe, all_experts)
            linear(f"{layer}.mlp.gate", experts, hidden)
            if architecture == "DeepseekV3ForCausalLM" and c.get("topk_method", "noaux_tc") == "noaux_tc":
                want[f"{layer}.mlp.gate.e_score_correction_bias"] = (experts,)
            if c["n_shared_experts"]:
                mlp(f"{layer}.mlp.shared_experts", moe * c["n_shared_experts"], linears)
        else:
            mlp(f"{layer}.mlp", c["intermediate_size"], linears)
        want[f"{layer}.input_layernorm.weight"] = want[f"{layer}.post_attention_layernorm.weight"] = (hidden,)
    want["model.norm.weight"], want["lm_head.weight"] = (hidden,), (c["vocab_size"], hidden)
    yield want


def merged(want: dict[str, Shape], n: int) -> dict[str, Shape]:
    """Return XTuner's parameters: of n experts one w1w3 (of each expert the gate's rows, then the up's) and one w2."""
    made: dict[str, Shape] = {}
    for name, shape in want.items():
        if ".experts." not in name or not (expert := EXPERT.fullmatch(name)):
            made[name] = shape
        elif expert[3] == "down_proj.weight":
            made[f"{expert[1]}.{int(expert[2]) // n}.w2"] = (n, *shape)
        else:
            made[f"{expert[1]}.{int(expert[2]) // n}.w1w3"] = (n, 2 * shape[0], shape[1])
    return made


def _check_tensors(checkpoint: Checkpoint, architecture: str, report: Report) -> None:
    """Compare names, shapes and dtypes with those that config.json asks for."""
    c, shards = checkpoint.config, checkpoint.shards.values()
    plain, quantized = FLOATS.get(str(c.get("torch_dtype") or c.get("dtype"))), c.get("quantization_config")
    block = quantized.get("weight_block_size") if isinstance(quantized, dict) else None
    blocks = block if isinstance(block, list) and len(block) == 2 and all(map(_size, block)) else None
    further = _further_layers(checkpoint)
    if further:
        report.not_looked_at.append(f"the shapes of {_some(sorted(further))}: the layer that predicts a further token")

    if not _are_as_asked(_asked(c, architecture), shards, blocks, further):
        _check_unique(checkpoint, report)
        want = asked(c, architecture)
        weights = {name: checkpoint.tensors[name] for name in want if name in checkpoint.tensors}
        _check_shapes(checkpoint, want | _scales(weights.keys(), weights.values(), blocks) | further, report)
    if plain and not quantized and any(set(map(itemgetter(0), shard.tensors)) != {plain} for shard in shards):
        held, file_of = checkpoint.tensors, checkpoint.file_of
        odd = [name for name in held.keys() - further.keys() if held[name].dtype != plain and len(held[name].shape) > 1]
        for dtype, names in _by(odd, lambda name: held[name].dtype):
            repair = "Ask the loader for the dtype that you want: it casts in silence." if dtype in FLOATS.values() else SOURCE
            report.add(file_of[names[0]], f"{plain} in {_some(names)}, as config.json asks", dtype, repair)


def _further_layers(checkpoint: Checkpoint) -> dict[str, Shape]:
    """Return what is there of a layer behind the last one, which predicts one token more: no config.json describes it."""
    if not checkpoint.config.get("num_nextn_predict_layers"):
        return {}
    prefix, shards = f"model.layers.{checkpoint.config['num_hidden_layers']}.", checkpoint.shards.values()
    held = (pair for shard in shards for pair in zip(shard.names, shard.tensors, strict=True))
    return {name: tensor.shape for name, tensor in held if name.startswith(prefix)}


def _are_as_asked(
    layers: Iterator[dict[str, Shape]], shards: Iterable[Shard], blocks: list[int] | None, further: dict[str, Shape]
) -> bool:
    """Whether each tensor that is wanted is there, once and in its shape, and no other. False: look closer.

    Files mostly follow the model, so that little is wanted at a time, and what is wanted stays in the processor's cache.
    """
    want = further.copy()
    for names, tensors, *_ in shards:
        want |= _scales(names, tensors, blocks)
        while not all(map(want.__contains__, names)):
            if not (layer := next(layers, None)):
                return False
            layer |= want  # of the two the smaller into the larger
            want = layer
        if list(map(want.pop, names)) != list(map(itemgetter(1), tensors)):
            return False
    return not want and not next(layers, None)


def _scales(names: Iterable[str], tensors: Iterable[Tensor], blocks: list[int] | None) -> dict[str, Shape]:
    """Return what FP8 weights need: a scale for each block."""
    if not blocks:
        return {}
    scale = cache(lambda shape: tuple(-(-size // of) for size, of in zip(shape, blocks, strict=False)))
    dtypes, shapes = map(itemgetter(0), tensors), map(itemgetter(1), tensors)
    return {
        f"{name}_scale_inv": scale(shape)
        for name, dtype, shape in zip(names, dtypes, shapes, strict=True)
        if dtype == "F8_E4M3"
    }


def _check_shapes(checkpoint: Checkpoint, want: dict[str, Shape], report: Report) -> None:
    """Report names and shapes that differ from those that are wanted, merged if XTuner saved it merged."""
    c, found, file_of = checkpoint.config, checkpoint.tensors, checkpoint.file_of
    if before := next((found[name].shape for name in found if re.search(r"\.experts\.\d+\.w1w3$", name)), None):
        want = merged(want, max(1, before[0]))
    if c.get("tie_word_embeddings") and "lm_head.weight" not in found:
        del want["lm_head.weight"]
    differ = [name for name, shape in want.items() if name in found and found[name].shape != shape]
    for _, names in _by(differ, lambda name: (_pattern(name), want[name], found[name].shape)):
        shape = f"{list(want[names[0]])} in {_some(names)}, as config.json asks"
        report.add(file_of[names[0]], shape, list(found[names[0]].shape), SOURCE)
    for _, names in _by(want.keys() - found.keys(), _pattern):
        report.add("config.json", f"{_some(names)} in the files", "no such tensor", SOURCE)
    extra = [name for name in found.keys() - want.keys() if not name.endswith("rotary_emb.inv_freq")]
    for _, names in _by(extra, _pattern):
        report.add(file_of[names[0]], "what config.json asks for", f"{_some(names)} besides", SOURCE)


def _check_unique(checkpoint: Checkpoint, report: Report) -> None:
    """The index, which was read piece by piece, may itself name a tensor twice."""
    if len(checkpoint.tensors) < report.tensors and not checkpoint.independent:
        _find(checkpoint, report)


def _check_experts(checkpoint: Checkpoint, report: Report) -> None:
    """Whether the experts of a layer are all there, and alike."""
    layers: dict[str, dict[int, dict[str, Shape]]] = defaultdict(lambda: defaultdict(dict))
    for name, tensor in checkpoint.tensors.items():
        if ".experts." in name and (expert := EXPERT.fullmatch(name)):
            layers[expert[1]][int(expert[2])][expert[3]] = tensor.shape
    keys = ("num_local_experts", "num_experts", "n_routed_experts")
    asked_for = next((checkpoint.config[key] for key in keys if _size(checkpoint.config.get(key))), 0)
    for layer, experts in layers.items():
        if len(experts) != (number := asked_for or max(experts) + 1):
            report.add("config.json", f"{number} experts in {_show(layer)}", f"{len(experts)}", SOURCE)
        if all(map(next(iter(experts.values())).__eq__, experts.values())):
            continue
        usual = Counter(str(sorted(tensors.items())) for tensors in experts.values()).most_common(1)[0][0]
        odd = [f"{layer}.{e}" for e, tensors in experts.items() if str(sorted(tensors.items())) != usual]
        if odd:
            file = next(file for name, file in checkpoint.file_of.items() if name.startswith(f"{odd[0]}."))
            report.add(file, f"experts that are alike in {_show(layer)}", f"{_some(odd)} of its own kind", SOURCE)


# ----------------------------------------------------------------------------- what holds for any architecture


def _check_any(checkpoint: Checkpoint, report: Report) -> bool:
    """Of a model of another kind: what is wrong whatever its class is. Return whether every name and shape was compared."""
    _check_unique(checkpoint, report)
    adapter = any(".lora_" in name for name in checkpoint.tensors) or "adapter_model.safetensors" in checkpoint.files
    before = len(report.problems)
    _check_empty(checkpoint, report)
    _check_prefixes(checkpoint, adapter, report)
    unmarked = [file for file, shard in checkpoint.shards.items() if shard.metadata.get("format") not in FORMATS]
    if unmarked:
        report.notes.append(f'{_some(unmarked)}: no "format" in __metadata__, which some releases of transformers 4 refuse')
    fused = any(re.search(r"\.experts\.(gate_up_proj|down_proj|\d+\.w1w3)$", name) for name in checkpoint.tensors)
    want = (
        None
        if fused or adapter or checkpoint.independent or len(report.problems) > before
        else _known(checkpoint.config, report)
    )
    if want:
        _check_shapes(checkpoint, want, report)
        return True
    _check_experts(checkpoint, report)
    if not adapter and not checkpoint.independent:
        _check_layers(checkpoint, report)
        _check_head(checkpoint, report)
        _check_quantized(checkpoint, report)
    return False


def _note_read_otherwise(checkpoint: Checkpoint, report: Report) -> None:
    """What is whole, and yet becomes other weights in some releases of transformers, without an error."""
    config, names = checkpoint.config, checkpoint.tensors
    tied = any(part.get("tie_word_embeddings") is True for part in _texts(config))
    embedding = next((name for prefix in EMBEDDINGS if (name := f"{prefix}.embed_tokens.weight") in names), None)
    head = next((name for name in names if name == "lm_head.weight" or name.endswith(".lm_head.weight")), None)
    if tied and head and embedding:
        report.notes.append(
            f"{_show(head)} and {_show(embedding)} are both in the files, and config.json says that they are one: if they"
            " differ, releases of transformers 4 put the embedding in the head's place; check_lm_head.py says whether they do"
        )
    if config.get("model_type") in FUSED_SINCE_5 and any(map(FUSED.search, names)):
        report.notes.append(
            "experts are fused, as transformers 5 holds them: releases of transformers 4 leave such experts random"
        )


def _check_empty(checkpoint: Checkpoint, report: Report) -> None:
    if (0,) not in set(map(itemgetter(1), checkpoint.tensors.values())):
        return
    floats = (*FLOATS.values(), "F8_E4M3", "F8_E5M2")
    empty = [name for name, tensor in checkpoint.tensors.items() if tensor.shape == (0,) and tensor.dtype in floats]
    repair = (
        "Saved under ZeRO-3 or FSDP without gathering: save again, gathered; from global_step* zero_to_fp32.py makes weights."
    )
    for file, names in _by(empty, checkpoint.file_of.__getitem__):
        report.add(file, "tensors that hold something", f"shape [0] in {_some(names)}", repair)


def _check_prefixes(checkpoint: Checkpoint, adapter: bool, report: Report) -> None:
    """Names that a wrapper has left: transformers finds none of them, and goes on with random weights."""
    names = list(checkpoint.tensors)
    left: dict[str, list[str]] = defaultdict(list)
    together = "\n".join(names)  # in one text a mark is looked for a hundred times faster
    marked = any(mark in together for mark in ("_mod.", "_module.", "\nmodule.", "language_model.language_model."))
    for name in names if marked or together.startswith("module.") else ():
        if found := WRAPPED.search(name) or REPEATED.search(name):
            left[found[1] or found[2]].append(name)
    for segment, of in left.items():
        if segment == "module" and len(of) < len(names):
            continue  # a class may have such a part
        where = "twice or more in" if segment == "language_model" else "in"
        repair = "Rename them, or load the state dict without it: no class has these names, and what is not found stays random."
        report.add(checkpoint.file_of[of[0]], "names as the class has them", f"`{segment}.` {where} {_some(of)}", repair)
    peft = [name for name in names if name.startswith("base_model.model.")]
    if peft and not adapter:
        repair = "Merge the adapter, or take `base_model.model.` off: transformers finds none of these names."
        report.add(checkpoint.file_of[peft[0]], "names as the class has them", f"`base_model.model.` in {_some(peft)}", repair)


def _texts(config: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the parts of a config that may describe the language model, the most special first."""
    parts = [config.get(key) for key in ("text_config", "llm_config", "language_config")]
    return [part for part in parts if isinstance(part, dict)] + [config]


def _given(config: dict[str, Any], *keys: str) -> int | None:
    return next((part[key] for part in _texts(config) for key in keys if _size(part.get(key))), None)


def _check_quantized(checkpoint: Checkpoint, report: Report) -> None:
    """What the method in config.json has to have left: packed weights with their scales."""
    names, config = checkpoint.tensors, checkpoint.config
    quantized = next((part["quantization_config"] for part in _texts(config) if part.get("quantization_config")), None)
    method = str(quantized.get("quant_method")) if isinstance(quantized, dict) else ""
    packed = [name for name in names if name.endswith(".qweight")]
    eights = [name for name, tensor in names.items() if tensor.dtype == "F8_E4M3" and name.endswith(".weight")]
    if method in ("gptq", "awq") and not packed:
        report.add("config.json", f"packed weights (qweight), since quant_method is {method}", "none", SOURCE)
    if method == "fp8" and not eights:
        report.add("config.json", "FP8 weights, since quant_method is fp8", "none", SOURCE)
    lost = [name for name in packed if f"{name.removesuffix('qweight')}scales" not in names]
    lost += [name for name in eights if method == "fp8" and not {f"{name}_scale_inv", f"{name}_scale"} & names.keys()]
    for file, some in _by(lost, checkpoint.file_of.__getitem__):
        report.add(file, "the scales of each quantised weight", f"none for {_some(some)}")
    if packed and not method and not (Path(checkpoint.folder) / "quantize_config.json").exists():
        report.add("config.json", "a quantization_config beside packed weights", "none", SOURCE)


RELATIVES = {  # of Llama: their names and shapes follow from config.json
    "LlamaForCausalLM": "llama",
    "MistralForCausalLM": "mistral",
    "Qwen2ForCausalLM": "qwen2",
    "Qwen3ForCausalLM": "qwen3",
    "MixtralForCausalLM": "mixtral",
    "Qwen3MoeForCausalLM": "qwen3_moe",
}


def _known(config: dict[str, Any], report: Report) -> dict[str, Shape] | None:
    """Return names and shapes of a Llama and its relatives, if config.json gives all that they depend on."""
    named = config.get("architectures")
    model = RELATIVES.get(str(named[0])) if isinstance(named, list) and len(named) == 1 else None
    c = {"num_experts": config.get("num_local_experts")} | config  # transformers 5 writes it under this name
    keys = ["vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads"]
    experts = {"mixtral": "num_local_experts", "qwen3_moe": "num_experts"}.get(str(model))
    keys += [experts] if experts else []
    keys += ["moe_intermediate_size"] if model == "qwen3_moe" else []
    if not model or c.get("quantization_config") or not all(_size(c.get(key)) for key in keys):
        return None
    if c["num_hidden_layers"] * (3 * c.get(experts, 0) + 20) > 10**5 + 20 * report.tensors:
        return None  # absurd sizes: nothing is made of them
    head = c.get("head_dim") or c["hidden_size"] // c["num_attention_heads"]
    if not _size(head) or (model.startswith("qwen3") and "head_dim" not in c):
        return None
    if not isinstance(c.get("mlp_only_layers") or [], list) or not _size(c.get("decoder_sparse_step") or 1):
        return None
    return _llama(c, model, head)


def _llama(c: dict[str, Any], model: str, head: int) -> dict[str, Shape]:
    hidden, wide, want = c["hidden_size"], c["intermediate_size"], dict[str, Shape]()
    queries, keys = c["num_attention_heads"] * head, c["num_key_value_heads"] * head
    bias = "qkv" if model == "qwen2" else "qkvo" if c.get("attention_bias") and model != "mistral" else ""
    want["model.embed_tokens.weight"] = (c["vocab_size"], hidden)
    for i in range(c["num_hidden_layers"]):
        layer, attention = f"model.layers.{i}", f"model.layers.{i}.self_attn"
        for one, out, into in (("q", queries, hidden), ("k", keys, hidden), ("v", keys, hidden), ("o", hidden, queries)):
            want[f"{attention}.{one}_proj.weight"] = (out, into)
            if one in bias:
                want[f"{attention}.{one}_proj.bias"] = (out,)
        if model.startswith("qwen3"):
            want[f"{attention}.q_norm.weight"] = want[f"{attention}.k_norm.weight"] = (head,)
        if model == "mixtral":
            want[f"{layer}.block_sparse_moe.gate.weight"] = (c["num_local_experts"], hidden)
            for e in range(c["num_local_experts"]):
                for one, shape in (("w1", (wide, hidden)), ("w2", (hidden, wide)), ("w3", (wide, hidden))):
                    want[f"{layer}.block_sparse_moe.experts.{e}.{one}.weight"] = shape
        elif (
            model == "qwen3_moe"
            and i not in (c.get("mlp_only_layers") or [])
            and not (i + 1) % (c.get("decoder_sparse_step") or 1)
        ):
            want[f"{layer}.mlp.gate.weight"] = (c["num_experts"], hidden)
            for e in range(c["num_experts"]):
                want |= _gated(f"{layer}.mlp.experts.{e}", c["moe_intermediate_size"], hidden)
        else:
            want |= _gated(f"{layer}.mlp", wide, hidden, model == "llama" and c.get("mlp_bias"))
        want[f"{layer}.input_layernorm.weight"] = want[f"{layer}.post_attention_layernorm.weight"] = (hidden,)
    want["model.norm.weight"], want["lm_head.weight"] = (hidden,), (c["vocab_size"], hidden)
    return want


def _gated(prefix: str, width: int, hidden: int, bias: Any = None) -> dict[str, Shape]:
    made: dict[str, Shape] = {}
    for one, shape in (("gate_proj", (width, hidden)), ("up_proj", (width, hidden)), ("down_proj", (hidden, width))):
        made[f"{prefix}.{one}.weight"] = shape
        if bias:
            made[f"{prefix}.{one}.bias"] = shape[:1]
    return made


def _check_layers(checkpoint: Checkpoint, report: Report) -> None:
    """The layers of a stack are all there, as many as config.json says; each is like the others of its kind."""
    stacks: dict[str, dict[int, dict[str, Shape]]] = defaultdict(lambda: defaultdict(dict))
    for name, tensor in checkpoint.tensors.items():
        if part := STACK.fullmatch(name):
            stacks[part[1]][int(part[2])][part[3]] = tensor.shape
    for stack, layers in stacks.items():
        if absent := [i for i in range(min(max(layers), len(layers) + 1)) if i not in layers]:
            first = next(name for name in checkpoint.tensors if name.startswith(f"{stack}."))
            what = f"layers 0 to {max(layers)} of {_show(stack)}"
            report.add(checkpoint.file_of[first], what, f"none of number {_some([str(one) for one in absent])}", SOURCE)
    text = [stack for stack in stacks if stack in TEXT]
    further = _count_layers(checkpoint.config, text[0], max(stacks[text[0]]) + 1, report) if len(text) == 1 else 0
    if not any("block_configs" in part for part in _texts(checkpoint.config)):  # layers of a pruned model differ on purpose
        for stack, layers in stacks.items():
            for number in sorted(layers)[len(layers) - further :] if stack in text and further else ():
                del layers[number]  # of another kind: it predicts a further token
            _check_alike(stack, layers, checkpoint, report)


def _count_layers(config: dict[str, Any], stack: str, found: int, report: Report) -> int:
    """Compare the number of layers with config.json; return how many of them predict further tokens."""
    asked_for = _given(config, "num_hidden_layers", "n_layer")
    if not asked_for or config.get("is_encoder_decoder"):
        return 0
    further = _given(config, "num_nextn_predict_layers", "mtp_num_hidden_layers") or 0
    if not asked_for <= found <= asked_for + further:
        what = "what has no place is dropped without a word" if found > asked_for else "what is not there stays random"
        report.add("config.json", f"{found} layers, as the files have", f"{asked_for} for {_show(stack)}: {what}", SOURCE)
    return max(0, min(found - asked_for, further))


def _check_alike(stack: str, layers: dict[int, dict[str, Shape]], checkpoint: Checkpoint, report: Report) -> None:
    """Report a layer that lacks what the others of its kind have, or has one tensor of another shape."""
    kinds = Counter(frozenset(tensors) for tensors in layers.values())
    for number, tensors in sorted(layers.items()) if len(kinds) < 100 else ():  # more is no stack of layers
        own = frozenset(tensors)
        for kind, count in kinds.items():
            rare = kinds[own] == 1 < count or 4 * kinds[own] <= count
            lacks = sorted(kind - own) if rare and own < kind else []
            if lacks and not (number == 0 and all("norm" in one for one in lacks)):  # ModernBERT's first layer has no norm
                file = checkpoint.file_of[f"{stack}.{number}.{next(iter(tensors))}"]
                found = f"none of {_some(lacks)} in layer {number} of {_show(stack)}"
                report.add(file, f"layers that are alike: {count} have it", found, SOURCE)
                break
    shapes: dict[str, dict[int, Shape]] = defaultdict(dict)
    for number, tensors in layers.items():
        for suffix, shape in tensors.items():
            shapes[suffix][number] = shape
    for suffix, of in shapes.items():
        if len(of) > 2 and len(set(of.values())) == 2:
            (usual, _), (odd, times) = Counter(of.values()).most_common()
            if times == 1 and 0 not in odd:
                name = f"{stack}.{next(number for number, shape in of.items() if shape == odd)}.{suffix}"
                report.add(
                    checkpoint.file_of[name], f"{list(usual)} in {_show(name)}, as in the other layers", list(odd), SOURCE
                )


def _check_head(checkpoint: Checkpoint, report: Report) -> None:
    """The embedding has the rows and columns of config.json; the head is there unless it is tied, with as many rows."""
    config, tensors, file_of = checkpoint.config, checkpoint.tensors, checkpoint.file_of
    embedding = next((name for prefix in EMBEDDINGS if (name := f"{prefix}.embed_tokens.weight") in tensors), None)
    if not embedding:
        return
    sizes = (_given(config, "vocab_size"), _given(config, "hidden_size"))
    projected = any(part.get(key) for part in _texts(config) for key in ("word_embed_proj_dim", "embedding_size"))
    shape = tensors[embedding].shape
    if (
        None not in sizes
        and not projected
        and tensors[embedding].dtype in FLOATS.values()
        and 0 not in shape
        and shape != sizes
    ):
        report.add(file_of[embedding], f"{list(sizes)} in {embedding}, as config.json asks", list(shape), SOURCE)
    generates = re.search(r"For(?:CausalLM|ConditionalGeneration)", str(config.get("architectures")))
    tied = [part["tie_word_embeddings"] for part in (config, *_texts(config)) if "tie_word_embeddings" in part]
    if generates and tied and not any(tied) and not any("lm_head" in name or "output" in name for name in tensors):
        repair = "If the head is tied, config.json must say so; else it is lost, and the loader makes a random one."
        report.add("config.json", "lm_head.weight in the files, as tie_word_embeddings is false", "no such tensor", repair)


# ------------------------------------------------------------------------- what is looked at when it is asked for


def _check_model(checkpoint: Checkpoint, report: Report) -> None:
    """Let transformers compare names and shapes with the class, by its own conversion, on the meta device: no value is read."""
    try:
        import transformers
    except ImportError:
        report.not_looked_at.append(f"--model: transformers is not installed for {sys.executable}")
        return
    transformers.logging.set_verbosity_error()
    named = [part.get("architectures") for part in _texts(checkpoint.config)[::-1]]
    name = next((one[0] for one in named if isinstance(one, list) and one), None)
    model_class = getattr(transformers, str(name), None)
    if not model_class:
        report.not_looked_at.append(f"--model: transformers {transformers.__version__} has no class {_show(name)}")
        return
    options = {"device_map": "meta", "output_loading_info": True, "ignore_mismatched_sizes": True, "local_files_only": True}
    try:
        _, info = model_class.from_pretrained(checkpoint.folder, **options)
    except Exception as error:  # whatever the library raises: the load is what failed
        first = (str(error).strip() or "no message").splitlines()[0]
        report.add(report.folder, f"files that {name} takes", f"{type(error).__name__}: {_show(first)}", SOURCE)
        report.looked["names"] = "no"
        return
    missing, unexpected = sorted(info["missing_keys"]), sorted(info["unexpected_keys"])
    wrong = [tuple(one) if isinstance(one, (list, tuple)) else (one, "another", "its own") for one in info["mismatched_keys"]]
    for _, names in _by(missing, _pattern):
        report.add("config.json", f"{_some(names)} in the files, as {name} asks", "no such tensor: it would be random", SOURCE)
    for _, names in _by(unexpected, _pattern):
        report.add(checkpoint.file_of.get(names[0], report.folder), f"what {name} asks for", f"{_some(names)} besides", SOURCE)
    for parameter, stored, own in wrong:
        report.add(checkpoint.file_of.get(parameter, report.folder), f"{own} in {_show(parameter)}", f"{stored}", SOURCE)
    report.looked["names"] = "no" if missing or unexpected else "yes"
    report.looked["shapes"] = "no" if wrong else "yes"
    report.not_looked_at = [one for one in report.not_looked_at if not one.startswith("names and shapes but")]
    report.notes.append(f"names and shapes as transformers {transformers.__version__} takes them into {name}")


# For each type: the unsigned one of its width, the bits of its exponent, all bits but the sign.
EXPONENT = {
    "BF16": ("<u2", 0x7F80, 0x7FFF),
    "F16": ("<u2", 0x7C00, 0x7FFF),
    "F32": ("<u4", 0x7F800000, 0x7FFFFFFF),
    "F64": ("<u8", 0x7FF0000000000000, 0x7FFFFFFFFFFFFFFF),
    "F8_E5M2": ("u1", 0x7C, 0x7F),
    "F8_E4M3": ("u1", 0x7F, 0x7F),
}
VALUES = 1 << 19  # bytes of values that are looked at together
CHUNK = 1 << 23  # bytes that are hashed together


def _check_values(checkpoint: Checkpoint, report: Report, progress: bool) -> None:
    """No float is NaN or infinite, no matrix of floats is all zero or constant."""
    try:
        import numpy
    except ImportError:
        report.not_looked_at.append(f"--values: numpy is not installed for {sys.executable}")
        return
    before, skipped, seen = len(report.problems), Counter[str](), 0
    for file, shard in checkpoint.shards.items():
        with Path(checkpoint.folder, file).open("rb", buffering=0) as opened:
            length = int.from_bytes(opened.read(8), "little")
            header = _json(opened.read(length), HEADER)
            for name, tensor in zip(shard.names, shard.tensors, strict=True):
                if tensor.dtype not in EXPONENT:
                    skipped[tensor.dtype] += 1
                    continue
                opened.seek(8 + length + header[name]["data_offsets"][0])
                if said := _fault_of_values(numpy, opened, tensor):
                    report.add(
                        file, f"numbers in {_show(name)}", said, "Compare its SHA-256 with the published one, or save it again."
                    )
                seen += tensor.bytes
        if progress:
            print(f"\rvalues, {seen / 1e9:.1f} GB so far ", end="", file=sys.stderr, flush=True)
    if skipped:
        report.not_looked_at.append(f"the values of {', '.join(f'{n:,} of {dtype}' for dtype, n in sorted(skipped.items()))}")
    report.looked["values"] = "no" if len(report.problems) > before else "in part" if skipped else "yes"


def _fault_of_values(numpy: Any, opened: Any, tensor: Tensor) -> str | None:
    """Read one tensor, a piece at a time that stays in the processor's cache; say what is wrong with its values."""
    dtype, exponent, magnitude = EXPONENT[tensor.dtype]
    left, first, constant = tensor.bytes, None, True
    buffer = numpy.empty(min(left, VALUES) // numpy.dtype(dtype).itemsize, dtype)
    scratch = numpy.empty_like(buffer)
    while left:
        count = opened.readinto(memoryview(buffer).cast("B")[: min(left, VALUES)])
        if not count or count % buffer.itemsize:
            return "less of it than the header says"
        values = buffer[: count // buffer.itemsize]
        sizes = numpy.bitwise_and(values, magnitude, out=scratch[: len(values)])
        if sizes.max() >= exponent:  # all bits of the exponent are set
            return "NaN or an infinity"
        first = values[0] if first is None else first
        constant = constant and bool((values[:1000] == first).all()) and bool((values == first).all())
        left -= count
    if tensor.bytes and len(tensor.shape) > 1 and prod(tensor.shape) > 1 and constant:
        return "one value in all places" if int(first or 0) & magnitude else "zeros alone"
    return None


def _check_hashes(checkpoint: Checkpoint, manifest: str, report: Report, progress: bool) -> None:
    """Compare each file's SHA-256 with a manifest, or with what a hub cache or `hf download` knows of it."""
    known = _manifest(Path(manifest), report) if manifest else {}
    before, unknown, by_crc = len(report.problems), [], []
    files = [*checkpoint.files, *checkpoint.pickled]
    for file in files:
        path = Path(checkpoint.folder, file)
        wanted = known.get(file) if manifest else _known_hash(path)
        if progress:
            print(f"\rreading {_show(file)} ", end="", file=sys.stderr, flush=True)
        if not wanted:
            wrong = _wrong_entries(path) if file in checkpoint.pickled else None
            (unknown if wrong is None else by_crc).append(file)
            if wrong:
                report.add(file, "of each entry the bytes whose CRC-32 torch.save wrote", f"others in {_some(wrong)}")
            continue
        try:
            found = _sha256(path)
        except OSError as error:
            found = _show(error.strerror)
        if found != wanted:
            report.add(file, f"SHA-256 {wanted}", found)
    if by_crc:
        report.notes.append(f"{_some(by_crc)} by the CRC-32 of its entries: it finds damage, not a file that somebody replaced")
    if unknown:
        where = "the manifest" if manifest else "the hub cache's names and .metadata files"
        report.not_looked_at.append(f"the SHA-256 of {_some(unknown)}: {where} say nothing of it")
    report.not_looked_at = [one for one in report.not_looked_at if not one.startswith("the bytes inside")]
    looked = len(unknown) < len(files)
    report.looked["hashes"] = "no" if len(report.problems) > before else NOT if not looked else "in part" if unknown else "yes"


def _wrong_entries(path: Path) -> list[str] | None:
    """The entries of a file of torch.save whose bytes have another CRC-32; None if it says none of them, or is no such zip."""
    import zipfile

    try:
        with zipfile.ZipFile(path) as packed:
            entries = packed.infolist()
            if not any(entry.CRC for entry in entries) or any(entry.compress_type for entry in entries):
                return None
            return [entry.filename for entry in entries if not _opens(packed, entry, to_its_end=True)]
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError):
        return None


def _manifest(path: Path, report: Report) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError):
        report.add(_show(path), "a manifest: lines as sha256sum writes them", "no file of text", "Name another file.")
        return {}
    found = (re.fullmatch(r"([0-9a-fA-F]{64}) [ *](?:.*/)?([^/]+)", line.strip()) for line in lines)
    return {one[2]: one[1].lower() for one in found if one}


def _known_hash(path: Path) -> str | None:
    """What a hub cache calls the file that the link leads to; what `hf download` wrote down of it."""
    blob = Path(os.path.realpath(path)).name
    if re.fullmatch(r"[0-9a-f]{64}", blob):
        return blob
    lines = (
        _start(path.parent / ".cache/huggingface/download" / f"{path.name}.metadata", 1000).decode("utf-8", "replace").split()
    )
    return next((line for line in lines if re.fullmatch(r"[0-9a-f]{64}", line)), None)


def _sha256(path: Path) -> str:
    import hashlib

    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while piece := file.read(CHUNK):
            digest.update(piece)
    return digest.hexdigest()


# ----------------------------------------------------------------------------------------------- telling


def _by(names: Iterable[str], key: Callable[[str], Any]) -> list[tuple[Any, list[str]]]:
    """Group names: those that one sentence can name together."""
    groups: dict[str, tuple[Any, list[str]]] = {}
    for name in sorted(names):
        groups.setdefault(repr(key(name)), (key(name), []))[1].append(name)
    return list(groups.values())


def _pattern(name: str) -> str:
    return re.sub(r"\d+", "*", name)


def _some(names: list[str] | tuple[str, ...]) -> str:
    more = f" and {len(names) - 2:,} more" if len(names) > 2 else ""
    return ", ".join(map(_show, names[:2])) + more


def _show(text: Any) -> str:
    """Somebody's text: short, on one line, and without anything that a terminal obeys."""
    text = str(text)
    text = text if len(text) <= 160 else f"{text[:110]}...{text[-40:]}"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def as_text(report: Report) -> str:
    """Return the report for a person."""
    tensors = f"{report.tensors:,} tensors, " if report.tensors or not report.files else ""  # of a .bin they are not counted
    size = f"{report.files:,} files, {tensors}{report.bytes / 1e9:,.2f} GB"
    head = {0: "SOUND", 1: "PROBLEMS", 3: "NOTHING WRONG in what was looked at"}[report.status]
    lines = [f"{head if report.files or report.problems else 'NOT LOOKED AT'}: {report.folder} ({size})"]
    lines += [f"{number:>4}. {problem}" for number, problem in enumerate(report.problems[:30], 1)]
    if len(report.problems) > 30:
        lines.append(f"      and {len(report.problems) - 30:,} more; --json lists them")
    lines += [f"Note: {note}." for note in report.notes]
    lines += ["", "Not looked at:", *(f"  - {what}" for what in report.not_looked_at)] if report.not_looked_at else []
    return "\n".join([*lines, "", "Looked at: " + ", ".join(f"{what} {how}" for what, how in report.looked.items())])


def as_json(report: Report) -> str:
    """Return the report for a program."""
    problems = [problem._asdict() for problem in report.problems]
    return json.dumps(vars(report) | {"sound": report.sound, "status": report.status, "problems": problems}, indent=1)


def main() -> int:
    """Audit the folder that the command line names."""
    import argparse  # a script that only calls audit() does not need it
    import signal

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("--model", action="store_true", help="names and shapes as transformers takes them into the class")
    parser.add_argument("--values", action="store_true", help="look for NaN, infinities, matrices of zeros or of one value")
    parser.add_argument("--sha256", nargs="?", const="", metavar="MANIFEST", help="compare the files' SHA-256")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    arguments = parser.parse_args()
    if not Path(arguments.folder).is_dir():
        parser.error(f"{_show(arguments.folder)} is not a folder")
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `... | head` is no error
    progress = sys.stderr.isatty()
    report = audit(arguments.folder, progress, arguments.model, arguments.values, arguments.sha256)
    if progress:
        print("\r" + " " * 70, end="\r", file=sys.stderr)
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    print(as_json(report) if arguments.json else as_text(report))
    return report.status


if __name__ == "__main__":
    sys.exit(main())
