"""A tied Qwen2.5-VL, loaded and saved by one release of transformers as a fine-tune is, then loaded by another one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import torch
import transformers
from _qwen25_vl import CLASS, publish, published
from transformers.utils.logging import disable_progress_bar

disable_progress_bar()
PROGRAM = """
import sys, torch, transformers
published, saved = sys.argv[1:]
cls = transformers.Qwen2_5_VLForConditionalGeneration
model = cls.from_pretrained(published)
model.save_pretrained(saved)
again = cls.from_pretrained(saved)
assert torch.equal(again.lm_head.weight, again.get_input_embeddings().weight)
assert torch.equal(again.lm_head.weight, model.get_input_embeddings().weight)
print("saved, and loaded again as tied, by transformers", transformers.__version__)
"""
tensors = publish("published")
_below = [Path(one) for one in sys.path if Path(one, "transformers").is_dir()][1].parents[2] / "bin" / "python"
_done = subprocess.run(
    [str(_below), "-I", "-B", "-c", PROGRAM, "published", "saved"],
    env=dict(os.environ),
    capture_output=True,
    text=True,
    check=False,
)
print(_done.stdout, _done.stderr if _done.returncode else "", sep="")
config = json.loads(Path("saved/config.json").read_text("utf-8"))


def _load(folder="saved", seed=1, **options):
    torch.manual_seed(seed)
    return getattr(transformers, CLASS).from_pretrained(folder, output_loading_info=True, **options)


def _wrong(model):
    state = {published(name): tensor for name, tensor in model.state_dict().items()}
    assert state.keys() == tensors.keys(), sorted(state.keys() ^ tensors.keys())
    found = sorted(name for name, tensor in state.items() if not torch.equal(tensor, tensors[name]))
    print(
        f"{len(state) - len(found)} of {len(state)} tensors equal what was published{': not ' * bool(found)}{', '.join(found)}"
    )
    return found


def the_older_one_writes_the_flag_into_text_config_alone():
    """The older release writes `tie_word_embeddings` into text_config alone, and loads its own folder with the head tied."""
    assert _done.returncode == 0 and "loaded again as tied" in _done.stdout, _done.stderr[-500:]
    assert config.get("text_config", {}).get("tie_word_embeddings") is True, "text_config does not say it"
    assert "tie_word_embeddings" not in config, "it stands at the top"


def the_head_is_random_and_named_as_missing():
    """The newer release makes the head random, another with another seed, names it as missing, and loads all else exactly."""
    (model, info), (other, of_other) = _load(), _load(seed=2)
    lost = _wrong(model)
    assert lost, f"no error, {len(tensors)} of {len(tensors)} equal"
    assert lost == ["lm_head.weight"] == sorted(info["missing_keys"]), info["missing_keys"]
    assert _wrong(other) == lost == sorted(of_other["missing_keys"]), of_other["missing_keys"]
    assert not torch.equal(model.lm_head.weight, other.lm_head.weight), "it is not random"


def told_at_the_top_of_config_json_it_is_exact():
    """With `"tie_word_embeddings": true` at the top of config.json every tensor is exact, and nothing is missing."""
    Path("told").mkdir(exist_ok=True)
    Path("told/config.json").write_text(json.dumps(config | {"tie_word_embeddings": True}), "utf-8")
    Path("told/model.safetensors").write_bytes(Path("saved/model.safetensors").read_bytes())
    model, info = _load("told")
    assert _wrong(model) == [] and not info["missing_keys"], info["missing_keys"]


def told_by_an_argument_it_is_exact():
    """With `tie_word_embeddings=True` to from_pretrained every tensor is exact, and nothing is missing."""
    model, info = _load(tie_word_embeddings=True)
    assert _wrong(model) == [] and not info["missing_keys"], info["missing_keys"]


def tie_weights_after_the_load_changes_nothing():
    """`model.tie_weights()` after the load leaves the head as random as it was."""
    model, info = _load()
    assert sorted(info["missing_keys"]) == ["lm_head.weight"], "it is not random"
    before = model.lm_head.weight.clone()
    model.tie_weights()
    assert _wrong(model) == ["lm_head.weight"], "it is the embedding"
    assert torch.equal(model.lm_head.weight, before)


if __name__ == "__main__":
    the_older_one_writes_the_flag_into_text_config_alone()
    the_head_is_random_and_named_as_missing()
    told_at_the_top_of_config_json_it_is_exact()
    told_by_an_argument_it_is_exact()
    tie_weights_after_the_load_changes_nothing()
