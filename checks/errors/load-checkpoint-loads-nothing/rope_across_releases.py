"""Models with a rope_theta of 1,000,000, saved by transformers 5, whose config.json transformers 4 reads."""

import json
from pathlib import Path

import torch
import transformers
from _llama import FILE, configure, logits
from _releases import LLAMA3, THETA, load_below, save

right, config = save("saved")
found, seen, printed = load_below("saved", again="again")


def _copy(folder, of="saved", **changes):
    Path(folder).mkdir(exist_ok=True)
    for name in ("config.json", FILE):
        Path(folder, name).write_bytes(Path(of, name).read_bytes())
    configure(folder, **changes)
    return folder


def _assert_loaded_whole(one):
    assert (one["equal"], one["reported"]) == (one["tensors"], 0), f"{one['equal']} of {one['tensors']} equal"


def the_newer_one_writes_theta_into_rope_parameters_alone():
    """transformers 5 writes rope_theta into `rope_parameters` of config.json, none at the top; loaded there, it is right."""
    print(config["rope_parameters"])
    assert config["rope_parameters"]["rope_theta"] == THETA and "rope_theta" not in config, config
    assert torch.equal(logits(transformers.LlamaForCausalLM.from_pretrained("saved")), right)


def every_tensor_is_equal_and_theta_is_10000():
    """Loaded by transformers 4 every tensor equals the file's, nothing is reported or printed, and rope_theta is 10000."""
    _assert_loaded_whole(seen)
    assert seen["transformers"].startswith("4."), seen
    assert printed == "", printed
    assert seen["theta"] == 10000.0, f"rope_theta is {seen['theta']}"


def it_computes_something_else():
    """So it computes something else: other logits, and at some positions of 39 another token is the likeliest."""
    assert not torch.equal(found, right), "the logits are equal"
    others = int((found.argmax(-1) != right.argmax(-1)).sum())
    print(f"at {others} of {right.shape[1]} positions another token is the likeliest")
    assert others, "the likeliest token is the same everywhere"


def the_scaling_of_llama_3_is_lost_with_it():
    """RoPE scaled as Llama 3.1 has it: the factor and all else of it is gone as well, rope_scaling is nothing."""
    wanted, said = save("llama3", **LLAMA3)
    other, one, text = load_below("llama3")
    assert said["rope_parameters"]["factor"] == LLAMA3["factor"]
    _assert_loaded_whole(one)
    assert (one["theta"], one["scaling"], text) == (10000.0, None, ""), one
    assert not torch.equal(other, wanted), "the logits are equal"


def qwen2_and_mistral_lose_it_too():
    """Qwen2 and Mistral: the same, every tensor equal and rope_theta 10000."""
    for name in ("Qwen2", "Mistral"):
        wanted, _ = save(name, name)
        other, one, text = load_below(name)
        _assert_loaded_whole(one)
        assert (one["theta"], text) == (10000.0, ""), one
        assert not torch.equal(other, wanted), "the logits are equal"


def theta_at_the_top_of_config_json_is_right():
    """With `"rope_theta": 1000000.0` at the top of config.json both compute what was saved, bit for bit."""
    folder = _copy("told", rope_theta=THETA)
    other, one, _ = load_below(folder)
    assert one["theta"] == THETA and torch.equal(other, right), one
    assert torch.equal(logits(transformers.LlamaForCausalLM.from_pretrained(folder)), right), "the newer one does not"


def theta_and_scaling_at_the_top_are_right():
    """Scaled as Llama 3.1: with rope_theta and `rope_scaling` at the top both compute what was saved, bit for bit."""
    wanted, _ = save("llama3", **LLAMA3)
    folder = _copy("llama3_told", of="llama3", rope_theta=THETA, rope_scaling=LLAMA3)
    other, one, _ = load_below(folder)
    assert one["theta"] == THETA and torch.equal(other, wanted), one
    assert torch.equal(logits(transformers.LlamaForCausalLM.from_pretrained(folder)), wanted), "the newer one does not"


def theta_as_an_argument_is_right():
    """With `rope_theta=1000000.0` to from_pretrained transformers 4 computes what was saved, bit for bit."""
    other, one, _ = load_below("saved", rope_theta=THETA)
    assert one["theta"] == THETA and torch.equal(other, right), one


def saved_again_config_json_says_both():
    """Saved again by transformers 4, config.json says 10000 at the top, 1000000 in rope_parameters; 5 reads the latter."""
    said = json.loads(Path("again/config.json").read_text("utf-8"))
    print({name: value for name, value in said.items() if name.startswith("rope")})
    assert (said["rope_theta"], said["rope_parameters"]["rope_theta"]) == (10000.0, THETA), said
    again = logits(transformers.LlamaForCausalLM.from_pretrained("again"))
    assert torch.equal(again, right) and not torch.equal(again, found), "it reads the former"


def the_other_way_round_it_is_right():
    """Saved by transformers 4 with rope_theta at the top, transformers 5 computes the same, bit for bit."""
    other, _, _ = load_below("saved", again="older", rope_theta=THETA)
    said = json.loads(Path("older/config.json").read_text("utf-8"))
    said.pop("rope_parameters")  # as a folder is that has never been in transformers 5
    Path("older/config.json").write_text(json.dumps(said), "utf-8")
    assert said["rope_theta"] == THETA
    assert torch.equal(logits(transformers.LlamaForCausalLM.from_pretrained("older")), other), "the logits are others"


if __name__ == "__main__":
    the_newer_one_writes_theta_into_rope_parameters_alone()
    every_tensor_is_equal_and_theta_is_10000()
    it_computes_something_else()
    the_scaling_of_llama_3_is_lost_with_it()
    qwen2_and_mistral_lose_it_too()
    theta_at_the_top_of_config_json_is_right()
    theta_and_scaling_at_the_top_are_right()
    theta_as_an_argument_is_right()
    saved_again_config_json_says_both()
    the_other_way_round_it_is_right()
