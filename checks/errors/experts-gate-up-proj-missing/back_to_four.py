"""What transformers 5 saved, loaded by transformers 4.57.6, which lies below it, in a process of its own."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import _four
from _moe import CLASSES, FILE, config_of, experts_of, model_class, publish, published, wrong
from safetensors.torch import load_file, save_file

ALIKE = ("mixtral", "deepseek_v3")
TENSORS = {kind: publish(kind) for kind in CLASSES}
_below = [Path(one) for one in sys.path if Path(one, "transformers").is_dir()][1].parents[2] / "bin" / "python"


@cache
def _saved(kind):
    """Save a model that was loaded from the published files, in several ways; return what 4.57.6 makes of each."""
    cls, config = model_class(kind), config_of(kind)
    model = cls.from_pretrained(kind)
    if wrong(model, TENSORS[kind]):
        raise RuntimeError("this release does not load the published files exactly")
    folders = {name: Path(f"{kind}-{name}").absolute() for name in ("pretrained", "state_dict", "fresh", "again", "told")}
    model.save_pretrained(folders["pretrained"])
    publish(kind, folder=folders["state_dict"])
    save_file({n: t.contiguous() for n, t in model.state_dict().items()}, folders["state_dict"] / FILE, {"format": "pt"})
    fresh = cls(config)
    fresh.load_state_dict(load_file(folders["state_dict"] / FILE))
    fresh.save_pretrained(folders["fresh"])
    cls.from_pretrained(folders["state_dict"]).save_pretrained(folders["again"])
    _tell(model, folders["told"])
    command = [str(_below), "-I", "-B", _four.__file__, kind, *map(str, folders.values())]
    ran = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=False)
    print(*(line for line in ran.stdout.splitlines() if not line.startswith("answer ")), sep="\n")
    answers = [json.loads(line.removeprefix("answer ")) for line in ran.stdout.splitlines() if line.startswith("answer ")]
    if len(answers) != len(folders):
        raise RuntimeError(ran.stderr[-1000:])
    return dict(zip(folders, answers, strict=True))


def _tell(model, folder):
    """Save it, and write the number of experts under the name by which transformers 4 reads it."""
    model.save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    number = config.get("num_experts") or config.get("num_local_experts") or config["n_routed_experts"]
    (folder / "config.json").write_text(json.dumps(config | {"num_experts": number}), "utf-8")


def _assert_exact(answer):
    assert "error" not in answer, answer["error"].partition("\n")[2].strip() or answer["error"]
    wrong_names, total = answer["wrong"], answer["total"]
    assert wrong_names == [], f"no error, {total - len(wrong_names)} of {total} equal"


def a_file_of_the_state_dict_gives_random_experts():
    """From `save_file(model.state_dict())` 4.57.6 returns Mixtral and DeepSeek-V3 with random experts, named; no error."""
    for kind in ALIKE:
        answer = _saved(kind)["state_dict"]
        experts = experts_of(published(kind))
        routers = [name for name in published(kind) if kind == "mixtral" and name.endswith("block_sparse_moe.gate.weight")]
        assert "error" not in answer, answer["error"]
        assert answer["wrong"] == sorted(experts + routers), f"{len(answer['wrong'])} of {answer['total']} differ"
        assert "newly initialized" in answer["printed"] and "mlp.experts.down_proj" in answer["printed"], answer["printed"]


def save_pretrained_gives_every_tensor():
    """From save_pretrained of a model that was loaded from published files, 4.57.6 loads both exactly."""
    for kind in ALIKE:
        _assert_exact(_saved(kind)["pretrained"])


def through_a_fresh_model_it_is_exact():
    """From a fused file that went through a fresh model, `load_state_dict`, then save_pretrained, 4.57.6 loads both exactly."""
    for kind in ALIKE:
        _assert_exact(_saved(kind)["fresh"])


def loaded_and_saved_again_it_is_exact():
    """From a fused file that was loaded by from_pretrained and saved by save_pretrained, 4.57.6 loads both exactly."""
    for kind in ALIKE:
        _assert_exact(_saved(kind)["again"])


def qwen3_moe_from_save_pretrained_is_exact():
    """From save_pretrained 4.57.6 loads Qwen3-MoE exactly: config.json says `num_experts`, where 4.57.6 reads it."""
    _assert_exact(_saved("qwen3_moe")["pretrained"])


def qwen3_moe_told_the_number_is_exact():
    """With `num_experts` written into config.json beside `num_local_experts`, 4.57.6 loads Qwen3-MoE exactly."""
    _assert_exact(_saved("qwen3_moe")["told"])


if __name__ == "__main__":
    a_file_of_the_state_dict_gives_random_experts()
    save_pretrained_gives_every_tensor()
    through_a_fresh_model_it_is_exact()
    loaded_and_saved_again_it_is_exact()
    qwen3_moe_from_save_pretrained_is_exact()
    qwen3_moe_told_the_number_is_exact()
