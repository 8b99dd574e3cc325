"""audit_checkpoint.py on folders of many models, saved by the installed transformers: right ones, and the same with a fault."""

import json
import os
import shutil
import tempfile
from functools import cache
from hashlib import sha256
from pathlib import Path

import torch
from _tiny_models import MODELS, known, make
from safetensors.torch import load_file, save_file
from transformers.utils.logging import disable_progress_bar

from snippets.audit_checkpoint import audit

disable_progress_bar()
_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
BROKEN = ("Llama", "Qwen3-MoE", "Gemma 2")  # of the last the audit does not know what config.json asks for


def _saved(name, folder, **options):
    changes = {"num_hidden_layers": 4} if name in BROKEN else {}
    make(name, **changes).save_pretrained(folder, **options)
    return folder


def _right():
    """Yield what a folder is, and the folder."""
    for name in filter(known, MODELS):
        yield name, _saved(name, f"right/{name}")
    for name in filter(known, ("Llama", "Llama, tied", "Mixtral", "Qwen3-MoE", "Qwen2.5-VL", "DeepSeek-V3", "BERT", "T5")):
        yield f"{name}, in shards", _saved(name, f"shards/{name}", max_shard_size="20KB")
    for name in ("Llama", "Mixtral"):
        make(name).to(torch.bfloat16).save_pretrained(f"bfloat16/{name}")
        yield f"{name}, bfloat16", f"bfloat16/{name}"


@cache
def _whole(name):
    folder = _saved(name, f"whole/{name}")
    return folder, load_file(f"{folder}/{SINGLE}"), json.loads(Path(folder, "config.json").read_text())


def _put(name, fault, tensors=None, **config):
    """Copy the whole folder, with other tensors or another config."""
    folder, _, asked = _whole(name)
    place = shutil.copytree(folder, f"wrong/{name}, {fault}")
    if tensors is not None:
        save_file({one: tensor.contiguous() for one, tensor in tensors.items()}, f"{place}/{SINGLE}", {"format": "pt"})
    Path(place, "config.json").write_text(json.dumps(asked | config))
    return Path(place)


def _faults_of_tensors(name):
    _, tensors, config = _whole(name)
    projection = "model.layers.2.self_attn.q_proj.weight"

    def without(*parts):
        return {one: tensor for one, tensor in tensors.items() if not any(part in one for part in parts)}

    def renamed(how):
        return {how(one): tensor for one, tensor in tensors.items()}

    yield "the last layer is not there", without("layers.3."), {}
    yield "a layer is not there", without("layers.1."), {}
    yield "a projection of one layer is not there", without(projection), {}
    yield "lm_head is not there", without("lm_head"), {"tie_word_embeddings": False}
    yield "one tensor has another shape", tensors | {projection: torch.rand(32, 31)}, {}
    yield "every tensor is empty", {one: torch.empty(0) for one in tensors}, {}
    yield "one layer is empty", {one: torch.empty(0) if "layers.2." in one else t for one, t in tensors.items()}, {}
    yield "`module.` before each name", renamed(lambda one: f"module.{one}"), {}
    yield "`_orig_mod.` before each name", renamed(lambda one: f"_orig_mod.{one}"), {}
    yield "`_fsdp_wrapped_module.` in the layers", renamed(lambda one: one.replace(".self", "._fsdp_wrapped_module.self")), {}
    yield "`base_model.model.` before each name", renamed(lambda one: f"base_model.model.{one}"), {}
    yield "a name repeated", renamed(lambda one: one.replace("model.", "model.language_model.language_model.", 1)), {}
    yield "config.json has more layers", None, {"num_hidden_layers": 5, "layer_types": None}
    yield "config.json has fewer layers", None, {"num_hidden_layers": 3, "layer_types": None}
    yield "config.json has another vocabulary", None, {"vocab_size": config["vocab_size"] + 1}
    yield "config.json has another width", None, {"hidden_size": config["hidden_size"] * 2}


def _wrong():
    """Yield what is wrong, the folder, and what has to be asked for to see it."""
    for name in BROKEN:
        for fault, tensors, config in _faults_of_tensors(name):
            yield f"{name}, {fault}", _put(name, fault, tensors, **config), {}
        _, tensors, _ = _whole(name)
        place = _put(name, "cut off")
        os.truncate(place / SINGLE, (place / SINGLE).stat().st_size - 1)
        yield f"{name}, cut off", place, {}
        place = _put(name, "a pointer of Git LFS")
        (place / SINGLE).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
        yield f"{name}, a pointer of Git LFS", place, {}
        place = _put(name, "an unfinished download")
        (place / f"{SINGLE}.aria2").write_bytes(b"")
        yield f"{name}, an unfinished download", place, {}
        for other in ("consolidated.safetensors", "model.fp16.safetensors"):
            place = _put(name, f"only {other}")
            (place / SINGLE).rename(place / other)
            yield f"{name}, only {other}", place, {}
        yield from _wrong_indices(name)
        one = "model.layers.1.self_attn.k_proj.weight"
        broken = tensors[one].clone()
        broken[0, 0] = float("nan")
        yield f"{name}, a NaN", _put(name, "a NaN", tensors | {one: broken}), {"values": True}
        zeros = tensors | {one: torch.zeros_like(broken)}
        yield f"{name}, a matrix of zeros", _put(name, "a matrix of zeros", zeros), {"values": True}
        place = _put(name, "a flipped bit")
        whole = (place / SINGLE).read_bytes()
        (place / "SHA256SUMS").write_text(f"{sha256(whole).hexdigest()}  {SINGLE}\n")
        (place / SINGLE).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        yield f"{name}, a flipped bit", place, {"sha256": str(place / "SHA256SUMS")}


def _wrong_indices(name):
    for fault in ("the index names the wrong shard", "the index names what is not there", "a shard is not there"):
        place = Path(_saved(name, f"wrong/{name}, {fault}", max_shard_size="20KB"))
        index = json.loads((place / INDEX).read_text())
        files = sorted(set(index["weight_map"].values()))
        if fault == "a shard is not there":
            (place / files[1]).unlink()
        elif fault == "the index names what is not there":
            index["weight_map"]["model.extra.weight"] = files[0]
        else:
            moved = next(one for one, file in index["weight_map"].items() if file == files[0])
            index["weight_map"][moved] = files[1]
        (place / INDEX).write_text(json.dumps(index))
        yield f"{name}, {fault}", place, {}


def no_right_folder_raises_an_alarm():
    """In at least 28 right folders (18 models or more, in shards, in bfloat16) `audit_checkpoint.py` finds nothing wrong."""
    seen, alarms = 0, []
    for what, folder in _right():
        report = audit(folder)
        seen += 1
        print(f"{report.status}  {what}")
        if report.problems:
            alarms.append((what, list(map(str, report.problems))))
    assert seen >= 28, seen
    assert not alarms, alarms


def no_wrong_folder_is_called_sound():
    """Of at least 40 wrong folders, each fault in two models, `audit_checkpoint.py` calls none sound."""
    seen, silent = 0, []
    for what, folder, asked in _wrong():
        report = audit(folder, **asked)
        seen += 1
        print(f"{report.status}  {what}: {report.problems[0] if report.problems else 'nothing'}")
        if report.status != 1:
            silent.append(what)
    assert seen >= 40, seen
    assert not silent, silent


def asked_by_model_every_right_folder_is_answered():
    """With `--model` transformers itself compares every name and shape of these folders: all are sound, exit status 0."""
    told = {what: audit(folder, model=True) for what, folder in _right()}
    odd = {what: (report.status, list(map(str, report.problems))[:3]) for what, report in told.items() if report.status}
    print(f"{len(told) - len(odd)} of {len(told)} sound")
    assert len(told) >= 28 and not odd, odd


def asked_by_model_a_strange_name_or_shape_is_found():
    """With `--model` a tensor of another name or shape is found where no layer can be compared with another."""
    for name in ("Gemma 2", "Qwen2-MoE"):
        _, tensors, _ = _whole(name)
        assert "model.norm.weight" in tensors, sorted(tensors)
        norm = {("model.final.weight" if one == "model.norm.weight" else one): tensor for one, tensor in tensors.items()}
        for fault, changed in (("another name", norm), ("another shape", tensors | {"model.norm.weight": torch.rand(31)})):
            place = _put(name, fault, changed)
            assert audit(place).status == 3, "found without --model"
            report = audit(place, model=True)
            print(f"{name}, {fault}: {report.problems[:1]}")
            assert report.status == 1 and "model.norm.weight" in str(report.problems), report.problems


if __name__ == "__main__":
    no_right_folder_raises_an_alarm()
    no_wrong_folder_is_called_sound()
    asked_by_model_every_right_folder_is_answered()
    asked_by_model_a_strange_name_or_shape_is_found()
