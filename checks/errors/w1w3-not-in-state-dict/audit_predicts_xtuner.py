"""Write 300 small checkpoints, sound and broken, ask predict_xtuner.py what XTuner will do, and let XTuner do it."""

import json
import os
import random
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import _shard_mode
import torch
from _checkpoint import CONFIG
from safetensors.torch import save_file
from xtuner.model.transformers_models import DeepseekV2Config, DeepseekV2ForCausalLM

from snippets.audit_checkpoint import audit
from snippets.predict_xtuner import predict
from snippets.verify_loaded import verify

LAYOUTS = 300
INDEX = "model.safetensors.index.json"
SMALL = CONFIG | {"torch_dtype": "float32", "num_experts_per_tok": 1, "hidden_size": 4, "vocab_size": 8}
_chance = random.Random(879)  # noqa: S311  layouts, not secrets
_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
_shard_mode.MMLogger.get_current_instance().handlers[0].addFilter(lambda record: False)  # RECORDS keeps them


class Seen(NamedTuple):
    """What was said of a layout, then what XTuner did with it: its error, its lines, the parameters left wrong."""

    stop: str
    told: list
    silent: set
    sound: bool
    error: str
    lines: list
    wrong: set


def _config():
    some = _chance.choice
    sizes = {
        "num_hidden_layers": some([1, 2, 3, 4]),
        "n_routed_experts": some([2, 4, 6, 8, 12]),
        "n_shared_experts": some([None, 1, 2]),
    }
    sizes |= {"first_k_dense_replace": some([0, 0, 0, 1]), "moe_layer_freq": some([1, 1, 1, 2]), "q_lora_rank": some([None, 2])}
    return SMALL | sizes | {"attention_bias": _chance.random() < 0.2}


def _tensors(config):
    """The tensors of XTuner's own model with separate experts, in its order; the values differ from tensor to tensor."""
    with torch.device("meta"):
        shapes = {
            name: tensor.shape
            for name, tensor in DeepseekV2ForCausalLM(DeepseekV2Config(**config, attn_implementation="eager"))
            .state_dict()
            .items()
        }
    return {name: _values(shape) for name, shape in shapes.items()}


def _values(shape):
    return 1 + torch.rand(shape)


def _damage(files, config, index, kind):
    """Break one thing. files: a list of (file name, tensors by name)."""
    tensors = _chance.choice([held for _, held in files if held])
    name = _chance.choice([one for one in tensors if _chance.random() < 0.3 or ".experts." in one] or list(tensors))
    if kind == "missing":
        del tensors[name]
    elif kind == "missing expert":
        for one in [one for one in tensors if one.startswith(name.rpartition(".")[0].rpartition(".")[0])]:
            del tensors[one]
    elif kind == "stale copy":
        _chance.choice(files)[1].setdefault(name, tensors[name] + 1)
    elif kind == "foreign expert":
        tensors[f"model.layers.{_chance.randint(0, 3)}.mlp.experts.{_chance.randint(0, 9)}.bias"] = _values(4)
    elif kind == "foreign block":
        for linear in ("down_proj", "gate_proj", "up_proj"):
            for expert in range(config["n_routed_experts"]):
                tensors[f"model.layers.0.mlp.experts.{expert}.{linear}.old"] = _values((4, 4))
    elif kind == "other shape":
        tensors[name] = _values([size + 1 for size in tensors[name].shape])
    elif kind == "other dtype":
        tensors[name] = tensors[name].to(_chance.choice([torch.bfloat16, torch.float8_e4m3fn, torch.int8]))
    elif kind == "config":
        key = _chance.choice(["moe_intermediate_size", "vocab_size", "kv_lora_rank", "num_hidden_layers", "n_routed_experts"])
        config[key] = max(1, config[key] + _chance.choice([-2, -1, 1, 2]))
    elif kind == "config of another kind":
        change = (
            {"tie_word_embeddings": True},
            {"q_lora_rank": 4},
            {"ep_size": 2},
            {"quantization_config": {"quant_method": "fp8"}},
        )
        config |= _chance.choice(change)
        if config.get("tie_word_embeddings"):
            for _, held in files:
                held.pop("lm_head.weight", None)
    elif kind == "no metadata":
        index.pop("metadata", None)
    elif kind == "single file":
        files.append(("model.safetensors", dict(tensors)))


def _write(folder):
    """Write a random layout; N, the number of experts in one merged tensor."""
    config = _config()
    tensors, experts = _tensors(config), config["n_routed_experts"]
    n = _chance.choice([n for n in (1, 2, 3, 4, 6, 8, 12) if experts % n == 0 or _chance.random() < 0.03])
    names = list(tensors)
    order = _chance.choice(["model"] * 10 + ["alphabet", "chance"])
    if order == "alphabet":
        names.sort()
    elif order == "chance":
        _chance.shuffle(names)
    cuts = sorted(_chance.sample(range(1, len(names)), _chance.randint(0, min(len(names) - 1, 11))))
    parts = [{name: tensors[name] for name in names[a:b]} for a, b in pairwise([0, *cuts, len(names)])]
    pattern = _chance.choice(["model-{:05}-of-{:05}.safetensors"] * 5 + ["model-{}-of-{}.safetensors", "model_{}.safetensors"])
    files = [(pattern.format(i, len(parts)), part) for i, part in enumerate(parts, 1)]
    index = {"metadata": {}}
    index["weight_map"] = {name: file for file, part in files for name in part}
    faults = ["config"] * 6 + ["stale copy"] * 4 + ["other dtype", "other shape", "foreign block", "foreign expert", "missing"]
    faults += ["missing expert", "config of another kind", "no metadata", "single file", "format", "cut off", "no file"]
    done = [_chance.choice(faults) for _ in range(_chance.choice([0, 0, 1, 1, 2]))]
    for kind in done:
        _damage(files, config, index, kind)
    for file, part in files:
        save_file(part, folder / file, {} if "format" in done and _chance.random() < 0.5 else {"format": "pt"})
    if _chance.random() < 0.5:  # an index that knows of the damage
        index["weight_map"] = {
            name: file for file, part in files[:: _chance.choice([1, -1])] for name in part if file in dict(files)
        }
    victim = folder / _chance.choice(files)[0]
    if "cut off" in done:
        os.truncate(victim, victim.stat().st_size - 1)
    if "no file" in done:
        victim.unlink()
    (folder / INDEX).write_text(json.dumps(index))
    (folder / "config.json").write_text(json.dumps(config))
    return n


def _load(folder, n):
    _shard_mode.RECORDS.clear()
    told, sound = predict(folder, n), audit(folder).sound
    if isinstance(told, str):
        raise ValueError(told)
    error, wrong = "", set()
    try:
        model = _shard_mode.DeepseekV2ForCausalLM.from_pretrained(
            folder, moe_implementation="shard", expert_in_one_shard=n, attn_implementation="eager"
        )
    except Exception as raised:  # whatever it is: XTuner stopped
        error = f"{type(raised).__name__}: {raised}"
    lines = [record.getMessage() for record in _shard_mode.RECORDS if " not in state_dict, loading " in record.getMessage()]
    if not error:
        try:
            wrong = {name for name, how in verify(model, folder) if not how.startswith("cast")}
        except ValueError:  # a file that XTuner did not come to is missing or cut off
            wrong = None
    return Seen(told.stop or "", told.lines, set(told.wrong), sound, error, lines, wrong)


def _see(number):
    folder = Path(f"layout-{number}")
    folder.mkdir()
    return _load(str(folder), _write(folder))


seen = [_see(number) for number in range(LAYOUTS)]
loaded = [one for one in seen if not one.error]


def verdict_is_right():
    """predict_xtuner.py says beforehand whether XTuner loads or stops: right for 300 of 300 random layouts."""
    right = [bool(one.stop) == bool(one.error) for one in seen]
    print(f"the verdict is right for {sum(right)} of {len(right)}; XTuner loads {len(loaded)}")
    assert f"{sum(right)} of {len(right)}" == "300 of 300", seen[right.index(False)]
    assert 100 <= len(loaded) <= 200, len(loaded)


def lines_are_right():
    """It gives the lines that XTuner prints, word for word and in order, for 300 of 300; where XTuner stops, those before."""
    right = [one.told == one.lines for one in seen]
    print(f"the lines are right for {sum(right)} of {len(right)}; {sum(len(one.lines) for one in seen)} lines")
    assert f"{sum(right)} of {len(right)}" == "300 of 300", seen[right.index(False)]
    assert sum(len(one.lines) for one in seen) > 900


def silent_faults_are_named():
    """Where XTuner loads wrongly without an error, it has named exactly the parameters that differ; the audit finds a fault."""
    compared = [one for one in loaded if one.wrong is not None]
    right = [one.silent == one.wrong and not (one.wrong and one.sound) for one in compared]
    silent, sound = sum(bool(one.wrong) for one in compared), sum(one.sound for one in compared)
    print(f"right for {sum(right)} of {len(right)}; {silent} loads are silently wrong, {sound} folders are sound")
    assert all(right), compared[right.index(False)]
    assert silent >= 20 <= sound, (silent, sound)


if __name__ == "__main__":
    verdict_is_right()
    lines_are_right()
    silent_faults_are_named()
