"""A file that lacks three linear layers of a Llama: which loads leave them on meta, which stop, and what computes."""

import transformers
from _llama import ADVICE, FILE, LACKING, LEFT_OUT, count_equal, error_of, is_right, made, tensors, use_memory
from accelerate import load_checkpoint_and_dispatch
from safetensors.torch import load_file

from snippets.verify_loaded import verify


def _assigned():
    """Made with its buffers, and loaded without asking for all names."""
    model = made(buffers_too=False)
    result = model.load_state_dict(load_file(f"{LACKING}/{FILE}"), strict=False, assign=True)
    assert sorted(result.missing_keys) == sorted(LEFT_OUT), result
    return model


def moving_it_raises_the_message():
    """`load_state_dict(strict=False, assign=True)` leaves the three on meta; moving the model raises the message."""
    model = _assigned()
    assert sorted(name for name, one in model.named_parameters() if one.is_meta) == sorted(LEFT_OUT)
    assert count_equal(model.state_dict()) == len(tensors) - len(LEFT_OUT)
    assert error_of(lambda: model.to("cpu")).startswith(f"NotImplementedError: {ADVICE}")


def called_it_computes():
    """Called on the CPU instead, that model raises nothing: three linear layers are on meta, and it computes other logits."""
    model = _assigned()
    use_memory()
    assert error_of(lambda: is_right(model)) == "no error"
    use_memory()
    assert not is_right(model), "the logits are right"
    assert sum(one.is_meta for one in model.parameters()) == 3


def strict_it_names_them():
    """With `strict=True`, the default, load_state_dict stops and names the three."""
    text = error_of(lambda: made(buffers_too=False).load_state_dict(load_file(f"{LACKING}/{FILE}"), assign=True))
    assert "Missing key(s) in state_dict" in text, text
    assert all(f'"{name}"' in text for name in LEFT_OUT), text


def load_checkpoint_and_dispatch_raises_the_message():
    """accelerate's `load_checkpoint_and_dispatch` of that file raises the message itself."""
    model = made(buffers_too=False)
    text = error_of(lambda: load_checkpoint_and_dispatch(model, f"{LACKING}/{FILE}", device_map={"": "cpu"}))
    assert text.startswith(f"NotImplementedError: {ADVICE}"), text


def from_pretrained_makes_random_ones():
    """`from_pretrained` leaves nothing on meta: the three are random instead, and no error is raised."""
    model = transformers.LlamaForCausalLM.from_pretrained(LACKING).eval()
    assert not any(one.is_meta for one in model.parameters())
    assert count_equal(model.state_dict()) == len(tensors) - len(LEFT_OUT)
    assert not is_right(model), "the logits are right"


def verify_loaded_names_them():
    """verify_loaded.py names the three: in no file, and still on the meta device."""
    found = verify(_assigned(), LACKING)
    print(*found, sep="\n")
    assert sorted(one.parameter for one in found) == sorted(LEFT_OUT), found
    assert all(one.how.startswith("missing: ") and "still on the meta device" in one.how for one in found), found


if __name__ == "__main__":
    moving_it_raises_the_message()
    called_it_computes()
    strict_it_names_them()
    load_checkpoint_and_dispatch_raises_the_message()
    from_pretrained_makes_random_ones()
    verify_loaded_names_them()
