"""Say beforehand what XTuner's shard mode will do with a folder of DeepSeek-V2: the lines that it prints, and how it ends.

    python predict_xtuner.py DIR [--experts-per-shard N] [--json]

The lines are those of this kind: "... not in state_dict, loading ...". It tells in which file XTuner stops and why, or which
parameters it would leave random, or fill with other tensors, without a word. N is XTuner's expert_in_one_shard. Needs nothing
but Python, reads headers only, and follows XTuner 0.1.20 to 0.1.23. Whether the folder is whole says audit_checkpoint.py.

Exit status: 0 it loads and every parameter is filled with its own tensors, 1 it stops or fills some wrongly, 2 usage,
3 no answer: it is no DeepSeek-V2, or its config.json or headers cannot be worked with (the line says which).
"""

from __future__ import annotations

import json
import os
import re
import stat
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import accumulate, groupby
from math import prod
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

# --- copied, by `clinic generate`: LIMIT, PIECE, INDEX, BITS_OF, BITS, SIZES, MAY_BE_NULL, DEEPSEEK of audit_checkpoint.py
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
SIZES = [
    *("vocab_size", "hidden_size", "intermediate_size", "moe_intermediate_size", "num_hidden_layers", "num_attention_heads"),
    *("kv_lora_rank", "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim"),
]
MAY_BE_NULL = ["q_lora_rank", "n_routed_experts", "n_shared_experts"]
DEEPSEEK = {"deepseek_v2": "DeepseekV2ForCausalLM", "deepseek_v3": "DeepseekV3ForCausalLM"}
# --- end of the generated part
# --- copied, by `clinic generate`: TENSOR, KIND, PLAIN, FILE, EXPERT, FETCH, LOOKED, SOURCE, START of audit_checkpoint.py
TENSOR = re.compile(r'([0-9]{1,17})\]\},"([^"]+)":\{"dtype":"([^\]]*)\],"data_offsets":\[\1,')
KIND = re.compile(r'([A-Z0-9_]+)","shape":\[([0-9,]*)')
PLAIN = bytes(set(range(32, 127)) - {ord("\\")})  # what stands for itself in JSON
FILE = re.compile(r"[^/\\:\0]+\.safetensors")
EXPERT = re.compile(r"(.*\.experts)\.([0-9]{1,9})\.(.+)")
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
# --- end of the generated part
# --- copied, by `clinic generate`: Shape, FORMATS of audit_checkpoint.py
Shape = tuple[int, ...]
FORMATS = ("pt", "tf", "flax", "mlx")  # of __metadata__, as transformers knows them
# --- end of the generated part
# --- copied, by `clinic generate`: Problem, Unfit, Tensor, Shard, Report, Checkpoint, Kinds of audit_checkpoint.py


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


# --- end of the generated part


class Prediction:
    """What XTuner does: its lines; why it stops (None: it loads); parameters that it would leave random or fill wrongly."""

    def __init__(self, experts_per_shard: int) -> None:
        self.experts_per_shard = experts_per_shard
        self.lines: list[str] = []
        self.stop: str | None = None
        self.wrong: list[str] = []


def predict(folder: str | os.PathLike[str], experts_per_shard: int | None = None) -> Prediction | str:
    """Return what XTuner will do with a folder; a sentence where that cannot be said."""
    report = Report(_show(os.fspath(folder)))
    checkpoint = read_checkpoint(os.fspath(folder), report)
    if architecture_of(checkpoint.config) != DEEPSEEK["deepseek_v2"]:
        return f"not looked at: config.json is not of DeepSeek-V2 but of {_show(checkpoint.config.get('architectures'))}."
    before = len(report.problems)
    if not _check_config(checkpoint, report):
        return f"not looked at: {report.problems[before]}"
    return _predict(checkpoint, asked(checkpoint.config, DEEPSEEK["deepseek_v2"]), experts_per_shard)


class Held(NamedTuple):
    """A tensor of XTuner's state_dict: its shape, its dtypes, and the (name, file) of all that it was made of."""

    shape: Shape
    dtypes: set[str]
    made_of: list[tuple[str, str | None]]


def _predict(checkpoint: Checkpoint, want: dict[str, Shape], n: int | None) -> Prediction:
    """Do what XTuner 0.1.20 to 0.1.23 does in utils/handle_moe_load_and_save.py, with shapes in place of tensors."""
    n = n or checkpoint.config.get("expert_in_one_shard")
    if not _size(n):  # the default is what XTuner's own configurations have: 10 for DeepSeek-V2, 8 for V2-Lite
        n = max(k for k in range(1, 11) if (checkpoint.config["n_routed_experts"] or 0) % k == 0)
    assert n
    told = Prediction(n)
    sharded = any(".experts." in name for name in want)
    if reason := _refusal(checkpoint, sharded, n):
        told.stop = f"It stops before the first file: {reason}"
        return told
    where = checkpoint.folder.removesuffix(os.sep)
    params, left, state = merged(want, n), checkpoint.files[::-1], dict[str, Held]()
    for _, module in groupby(params, lambda name: name.rpartition(".")[0]):
        names = list(module)
        for name in names:
            while name not in state:
                if not left:
                    told.stop = f"It stops behind the last file: {_show(name)} is not there or not in order (AssertionError)."
                    return told
                file = left.pop()
                told.lines.append(f"{name} not in state_dict, loading {where}{os.sep}{file}")
                if why := _take(file, checkpoint.shards.get(file), state, n if sharded else None):
                    told.stop = f"It stops at {_show(file)}: {why}"
                    return told
        for name in names:
            held = state.pop(name)
            if held.shape != params[name] or held.made_of != _made_of(name, n, checkpoint.file_of):
                told.wrong.append(name)
    return told


def _refusal(checkpoint: Checkpoint, sharded: bool, n: int) -> str | None:
    """Why XTuner does not even begin."""
    c, index = checkpoint.config, checkpoint.index
    experts, rope = c["n_routed_experts"] or 0, c.get("rope_scaling")
    reasons = (
        (checkpoint.single or not index, "it needs several files and an index (NotImplementedError)."),
        (not isinstance(index.get("metadata"), dict), "the index has no metadata (KeyError)."),
        (c.get("quantization_config") is not None, "config.json has a quantization_config."),
        (sharded and (c.get("ep_size") or 1) != 1, "ep_size in config.json is not 1 (NotImplementedError)."),
        (sharded and experts % n, f"{n} does not divide {experts} experts (AssertionError)."),
        (rope and not ("type" in rope and "factor" in rope), "rope_scaling has no type or no factor (KeyError)."),
    )
    return next((reason for stops, reason in reasons if stops), None)


def _take(file: str, shard: Shard | None, state: dict[str, Held], n: int | None) -> str | None:
    """Read one more file, and merge what is there. Return why XTuner stops at it."""
    if not shard:
        return "it cannot be opened."
    if shard.metadata.get("format") not in ("pt", "tf", "flax", "mlx"):
        return 'its __metadata__ lacks "format": "pt".'
    if not n:
        return "no layer has experts (TypeError)."
    for name, tensor in zip(shard.names, shard.tensors, strict=True):
        state[name] = Held(tensor.shape, {tensor.dtype}, [(name, file)])
    return _merge(state, n)


def _natural(name: str) -> tuple[str | int, ...]:
    return tuple(int(part) if part.isdigit() else part for part in re.findall(r"\D+|\d+", name))


def _merge(state: dict[str, Held], n: int) -> str | None:
    """Merge the experts that have been read, by their position and not by their names, as XTuner does."""
    try:
        names = sorted((name for name in state if ".experts." in name), key=_natural)
    except (TypeError, ValueError):
        return "names of experts that it cannot sort."
    for start in range(0, len(names) - 3 * n + 1, 3 * n):
        first = names[start]
        linears = [[state.pop(name) for name in names[start + i : start + 3 * n : 3]] for i in range(3)]
        (down, *downs), (gate, *gates), (up, *ups) = ({held.shape for held in linear} for linear in linears)
        if downs or gates or ups or not len(down) == len(gate) == len(up) == 2 or gate[1] != up[1]:
            return f"the {n} experts from {_show(first)} on are not complete, not in order or not of one shape."
        parts = {"w1w3": linears[1] + linears[2], "w2": linears[0]}
        shapes = {"w1w3": (n, gate[0] + up[0], gate[1]), "w2": (n, *down)}
        prefix, _, rest = first.partition(".experts.")
        number = re.search(r"\d+", rest.split(".experts.")[0])
        if not number or int(number[0]) % n:
            return f"a merged tensor would begin with {_show(first)}: an expert is missing or not in order (AssertionError)."
        for kind, helds in parts.items():
            dtypes = set().union(*(held.dtypes for held in helds))
            if len(dtypes) > 1 and any(dtype.startswith("F8") for dtype in dtypes):
                return f"the {n} experts from {_show(first)} on are FP8 only in part."
            made_of = [origin for held in helds for origin in held.made_of]
            state[f"{prefix}.experts.{int(number[0]) // n}.{kind}"] = Held(shapes[kind], dtypes, made_of)
    return None


def _made_of(name: str, n: int, file_of: dict[str, str]) -> list[tuple[str, str | None]]:
    """Of which tensors, by name, a parameter should be made."""
    names = [name]
    if name not in file_of and (block := EXPERT.fullmatch(name)):
        linears = ("down_proj",) if block[3] == "w2" else ("gate_proj", "up_proj")
        names = [f"{block[1]}.{int(block[2]) * n + e}.{linear}.weight" for linear in linears for e in range(n)]
    return [(one, file_of.get(one)) for one in names]


# --- copied, by `clinic generate`: read_checkpoint, _read_headers, _read_index, _try_index of audit_checkpoint.py


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


# --- end of the generated part
# --- copied, by `clinic generate`: _cross_off, _find, _read, _other_format, _unique, _no_json of audit_checkpoint.py


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


# --- end of the generated part
# --- copied, by `clinic generate`: _natural_number, JSON, HEADER of audit_checkpoint.py


def _natural_number(digits: str) -> int | None:
    return int(digits) if digits[0] != "-" and len(digits) < 20 else None  # safetensors refuses even -0


JSON = json.JSONDecoder(parse_constant=_no_json)


HEADER = json.JSONDecoder(
    parse_float=lambda _: None, parse_int=_natural_number, parse_constant=_no_json, object_pairs_hook=_unique
)


# --- end of the generated part
# --- copied, by `clinic generate`: _json, _json_file, read_header, _judge_usual_header, _metadata of audit_checkpoint.py


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


# --- end of the generated part
# --- copied, by `clinic generate`: _judge_header, _are_sizes, _fault, _check_config, _size of audit_checkpoint.py


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


# --- end of the generated part
# --- copied, by `clinic generate`: architecture_of, asked, _asked, merged, _by, _some, _show of audit_checkpoint.py


def architecture_of(config: dict[str, Any]) -> str | None:
    """Return the class of a DeepSeek model; None for any other."""
    names = config.get("architectures") or DEEPSEEK.get(str(config.get("model_type")))
    return next((name for name in DEEPSEEK.values() if name in str(names)), None)


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


def _by(names: Iterable[str], key: Callable[[str], Any]) -> list[tuple[Any, list[str]]]:
    """Group names: those that one sentence can name together."""
    groups: dict[str, tuple[Any, list[str]]] = {}
    for name in sorted(names):
        groups.setdefault(repr(key(name)), (key(name), []))[1].append(name)
    return list(groups.values())


def _some(names: list[str] | tuple[str, ...]) -> str:
    more = f" and {len(names) - 2:,} more" if len(names) > 2 else ""
    return ", ".join(map(_show, names[:2])) + more


def _show(text: Any) -> str:
    """Somebody's text: short, on one line, and without anything that a terminal obeys."""
    text = str(text)
    text = text if len(text) <= 160 else f"{text[:110]}...{text[-40:]}"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


# --- end of the generated part


def as_text(told: Prediction) -> str:
    """Return the prediction for a person."""
    lines = [f"XTuner in shard mode with expert_in_one_shard={told.experts_per_shard} prints {len(told.lines)} lines:"]
    lines += ["    " + "".join(c if c.isprintable() else "?" for c in line) for line in told.lines]
    lines.append(told.stop or "Then the model is loaded.")
    if told.wrong:
        lines.append(f"Without a word it leaves random, or fills with other tensors: {_some(told.wrong)}.")
    return "\n".join(lines)


def main() -> int:
    """Predict for the folder that the command line names."""
    import argparse
    import signal

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("--experts-per-shard", type=int, metavar="N", help="XTuner's expert_in_one_shard")
    parser.add_argument("--json", action="store_true", help="print the prediction as JSON")
    arguments = parser.parse_args()
    if not Path(arguments.folder).is_dir():
        parser.error(f"{_show(arguments.folder)} is not a folder")
    if arguments.experts_per_shard is not None and arguments.experts_per_shard < 1:
        parser.error("N is a whole number above 0")
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `... | head` is no error
    told = predict(arguments.folder, arguments.experts_per_shard)
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    if isinstance(told, str):
        print(json.dumps({"not_looked_at": told}) if arguments.json else told)
        return 3
    print(json.dumps(vars(told), indent=1) if arguments.json else as_text(told))
    return 1 if told.stop or told.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
