"""A Llama made on the meta device, as large models are, and what fills it with the values of its file."""

import importlib
import warnings

import torch
import transformers
from _llama import FILE, assert_tensors, llama, logits, to_empty
from safetensors.torch import load_file

saved = llama()
saved.save_pretrained("model")
tensors, right = load_file(f"model/{FILE}"), logits(saved)
ADVICE = "Cannot copy out of meta tensor; no data! Please use torch.nn.Module.to_empty() instead of torch.nn.Module.to()"


def _on_meta():
    with torch.device("meta"):
        return transformers.LlamaForCausalLM(saved.config)


def _rebuilt(model):
    """Give it a new rotary embedding, made on the CPU."""
    modeling = importlib.import_module(type(model).__module__)
    # --8<-- [start:rebuild]
    model.model.rotary_emb = modeling.LlamaRotaryEmbedding(config=model.config)
    # --8<-- [end:rebuild]
    return model


def _raised(what, *arguments):
    try:
        what(*arguments)
    except NotImplementedError as error:
        print(f"NotImplementedError: {error}")
        return str(error)
    raise AssertionError("no error")


def moving_it_raises_the_message():
    """`.to("cpu")` of a model on the meta device raises "Cannot copy out of meta tensor; no data!" and proposes to_empty()."""
    text = _raised(_on_meta().to, "cpu")
    assert ADVICE in text, text


def to_empty_alone_leaves_no_tensor_of_the_file():
    """`to_empty()`, which the message proposes, raises nothing and leaves no tensor that equals the file's."""
    state = to_empty(_on_meta()).state_dict()
    count = sum(torch.equal(state[name], tensors[name]) for name in tensors)
    print(f"{count} of {len(tensors)} tensors equal the file's")
    assert count == 0, f"{count} of {len(tensors)} equal"


def filled_after_to_empty_every_tensor_is_equal_and_the_answer_is_not():
    """`to_empty()`, then `load_state_dict`: every tensor equals the file's, nothing is missing, and the logits are others."""
    model = to_empty(_on_meta())
    result = model.load_state_dict(tensors)
    assert not result.missing_keys and not result.unexpected_keys
    assert_tensors(model, "model")
    found = logits(model)
    assert found.any() and not torch.equal(found, right), "the logits are right"


def what_is_garbage_is_in_no_state_dict():
    """What is wrong then is `rotary_emb.inv_freq`, which is in no state dict and in no file: it is not persistent."""
    model = to_empty(_on_meta())
    model.load_state_dict(tensors)
    assert_tensors(model, "model")
    ours, theirs = dict(model.named_buffers()), dict(saved.named_buffers())
    wrong = [name for name in theirs if not torch.equal(ours[name], theirs[name])]
    print(wrong)
    assert "model.rotary_emb.inv_freq" in wrong, "it is right"
    assert not set(wrong) & {*model.state_dict(), *tensors}
    assert all(name.startswith("model.rotary_emb.") for name in wrong), wrong


def rebuilt_the_answer_is_right():
    """With a new rotary embedding after that, the logits are those of the saved model, bit for bit."""
    model = to_empty(_on_meta())
    model.load_state_dict(tensors)
    assert torch.equal(logits(_rebuilt(model)), right), "the logits are others"


def assigned_it_stops_at_the_first_use():
    """`load_state_dict(assign=True)` alone: every tensor is equal, and `.to()` or a forward pass raises the message."""
    model = _on_meta()
    model.load_state_dict(tensors, assign=True)
    assert_tensors(model, "model")
    for text in (_raised(model.to, "cpu"), _raised(logits, model)):
        assert "Cannot copy out of meta tensor; no data!" in text, text


def assigned_and_rebuilt_the_answer_is_right():
    """`load_state_dict(assign=True)` and a new rotary embedding: the logits are those of the saved model, bit for bit."""
    model = _on_meta()
    model.load_state_dict(tensors, assign=True)
    assert torch.equal(logits(_rebuilt(model)), right), "the logits are others"


def without_assign_nothing_is_copied():
    """`load_state_dict` into the model on the meta device copies nothing: it stays there; a warning for each tensor says so."""
    model = _on_meta()
    with warnings.catch_warnings(record=True) as lines:
        warnings.simplefilter("always")
        model.load_state_dict(tensors)
    assert all(one.is_meta for one in model.parameters()), "something was copied"
    no_op = [one for one in lines if "which is a no-op" in str(one.message)]
    print(f"{len(no_op)} warnings; the first: {no_op[0].message if no_op else ''}")
    assert len(no_op) == len(tensors)


def from_pretrained_is_right():
    """`from_pretrained` of the same folder: every tensor and the logits, bit for bit."""
    model = transformers.LlamaForCausalLM.from_pretrained("model")
    assert_tensors(model, "model")
    assert torch.equal(logits(model), right), "the logits are others"


if __name__ == "__main__":
    moving_it_raises_the_message()
    to_empty_alone_leaves_no_tensor_of_the_file()
    filled_after_to_empty_every_tensor_is_equal_and_the_answer_is_not()
    what_is_garbage_is_in_no_state_dict()
    rebuilt_the_answer_is_right()
    assigned_it_stops_at_the_first_use()
    assigned_and_rebuilt_the_answer_is_right()
    without_assign_nothing_is_copied()
    from_pretrained_is_right()
