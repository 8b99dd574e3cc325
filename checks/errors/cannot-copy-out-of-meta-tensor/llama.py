"""A Llama of transformers made without memory, and each cure: its tensors, its logits, and what the two snippets say of it."""

import json
from functools import cache

import torch
import transformers
from _llama import ADVICE, FILE, FOLDER, META, PLAIN, count_equal, emptied, error_of, is_right, made, rebuilt, tensors
from safetensors.torch import save_file

from snippets.verify_built import verify_built
from snippets.verify_loaded import verify


@cache
def _seen():
    """What each way leaves: tensors that are the file's, and whether the model computes (right, another, or it stops)."""
    seen = {}
    for name, way in WAYS.items():
        model = way()
        equal = count_equal(model.state_dict())
        stops = error_of(lambda model=model: model(torch.arange(1, 40)[None])) != "no error"
        seen[name] = [equal, len(tensors), "stops" if stops else "right" if is_right(model) else "another"]
    print("--- data what-to-empty-leaves", json.dumps(seen))
    return seen


def _filled():
    model = emptied()
    model.load_state_dict(tensors)
    return model


def _assigned(buffers_too=True):
    model = made(buffers_too)
    model.load_state_dict(tensors, assign=True)
    return model


def _from_pretrained():
    return transformers.LlamaForCausalLM.from_pretrained(FOLDER).eval()


WAYS = {
    "to_empty": emptied,
    "filled": _filled,
    "assigned": _assigned,
    "rebuilt": lambda: rebuilt(_assigned()),
    "init_empty_weights": lambda: _assigned(buffers_too=False),
    "from_pretrained": _from_pretrained,
}


def moving_it_raises_the_message():
    """Made under `torch.device("meta")` and moved by `.to("cpu")`, it raises the message with its advice."""
    text = error_of(lambda: made().to("cpu"))
    assert text.startswith(f"NotImplementedError: {ADVICE}"), text
    assert error_of(lambda: _from_pretrained().to("cpu")) == "no error"


def to_empty_has_nothing_of_the_file():
    """After `to_empty()` it moves and computes without an error, and 0 of 21 tensors are the file's."""
    equal, number, result = _seen()["to_empty"]
    assert (equal, number) == (0, 21), f"{equal} of {number} are the file's"
    assert result == "another", result


def loaded_after_it_everything_is_equal_but_the_logits():
    """`to_empty()`, then `load_state_dict`: 21 of 21 tensors are the file's, nothing is raised, and the logits are others."""
    assert _seen()["filled"] == [21, 21, "another"], _seen()["filled"]


def what_is_left_is_inv_freq():
    """What is wrong then is RoPE's `inv_freq`, a non-persistent buffer: it is in no file and in no state dict."""
    buffers = dict(_filled().named_buffers())
    wrong = [name for name, one in PLAIN.named_buffers() if not torch.equal(buffers[name], one)]
    print(wrong)
    assert "model.rotary_emb.inv_freq" in wrong, "inv_freq is right"
    assert all(name.startswith("model.rotary_emb.") for name in wrong), wrong
    assert not {*wrong} & {*tensors, *PLAIN.state_dict()}


def the_rotary_embedding_made_anew_it_is_right():
    """With a new rotary embedding after that, the logits are the saved model's, bit for bit."""
    assert is_right(rebuilt(_filled())), "the logits are others"


def assigned_it_stops():
    """`load_state_dict(assign=True)` into meta: 21 of 21 are the file's; moving raises the message, and calling stops, too."""
    assert _seen()["assigned"] == [21, 21, "stops"], _seen()["assigned"]
    model = _assigned()
    assert error_of(lambda: model.to("cpu")).startswith(f"NotImplementedError: {ADVICE}")


def assigned_and_made_anew_it_is_right():
    """`assign=True` and a new rotary embedding: the logits are right, bit for bit."""
    assert _seen()["rebuilt"] == [21, 21, "right"], _seen()["rebuilt"]


def init_empty_weights_and_assign_is_right():
    """Made under accelerate's `init_empty_weights()`, where buffers are real, then `assign=True`: right, bit for bit."""
    assert _seen()["init_empty_weights"] == [21, 21, "right"], _seen()["init_empty_weights"]


def from_pretrained_is_right():
    """`from_pretrained` of the folder: 21 of 21, and the logits are right, bit for bit."""
    assert _seen()["from_pretrained"] == [21, 21, "right"], _seen()["from_pretrained"]


def verify_loaded_finds_no_difference():
    """verify_loaded.py, after to_empty() and load_state_dict: no difference. It compares tensors, and those are equal."""
    model = _filled()
    assert not is_right(model), "the logits are right"
    assert verify(model, FOLDER) == [], verify(model, FOLDER)
    with torch.no_grad():
        model.lm_head.weight[3, 5] += 1
    assert [one.parameter for one in verify(model, FOLDER)] == ["lm_head.weight"], "a wrong weight is not named"


def verify_built_names_inv_freq():
    """verify_built.py names it: `model.rotary_emb.inv_freq`, status 1; of the same model with a new one, nothing, status 0."""
    found = verify_built(_filled(), FOLDER)
    print(*found.lines, sep="\n")
    assert found.status == 1 and found.differs[0].startswith("model.rotary_emb.inv_freq: "), found
    sound = verify_built(rebuilt(_filled()), FOLDER)
    assert sound.status == 0 and len(sound.same) == 2, sound


def verify_loaded_says_what_is_on_meta():
    """verify_loaded.py of a model on meta: each of 21 is `still on the meta device, nothing was loaded`."""
    found = verify(made(), FOLDER)
    assert len(found) == 21 and all("still on the meta device, nothing was loaded" in one.how for one in found), found
    assert verify(_from_pretrained(), FOLDER) == []


def safetensors_refuses_to_save_it():
    """safetensors' `save_file` of a model on meta raises the short text."""
    assert error_of(lambda: save_file(made().state_dict(), FILE)) == f"NotImplementedError: {META}"
    assert error_of(lambda: save_file(tensors, FILE)) == "no error"


if __name__ == "__main__":
    moving_it_raises_the_message()
    to_empty_has_nothing_of_the_file()
    loaded_after_it_everything_is_equal_but_the_logits()
    what_is_left_is_inv_freq()
    the_rotary_embedding_made_anew_it_is_right()
    assigned_it_stops()
    assigned_and_made_anew_it_is_right()
    init_empty_weights_and_assign_is_right()
    from_pretrained_is_right()
    verify_loaded_finds_no_difference()
    verify_built_names_inv_freq()
    verify_loaded_says_what_is_on_meta()
    safetensors_refuses_to_save_it()
