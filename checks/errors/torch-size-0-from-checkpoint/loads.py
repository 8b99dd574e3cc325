"""The file that a plain save under ZeRO-3 left, loaded again in the ordinary ways."""

import torch
import transformers
from _training import EMPTY, SIZES, Trained, equal, printed, shapes
from safetensors.torch import load_file

trained = Trained()
trained.model.save_pretrained("empty")
file = load_file("empty/model.safetensors")
assert shapes(file) == {EMPTY}, "there is nothing to load"
MESSAGE = "copying a param with shape torch.Size([0]) from checkpoint, the shape in current model is torch.Size([64, 16])"


def _load(**options):
    """Load the folder; return the model or the error, and what was printed."""
    torch.manual_seed(1)
    with printed() as lines:
        try:
            result = transformers.LlamaForCausalLM.from_pretrained("empty", **options)
        except Exception as error:
            result = error
    print(type(result).__name__, "" if isinstance(result, torch.nn.Module) else result)
    return result, lines[0]


def from_pretrained_stops():
    """`from_pretrained` stops, and names [0] as the shape in the checkpoint: in the error, or in a table above it."""
    error, text = _load()
    assert isinstance(error, RuntimeError), "it loads"
    assert MESSAGE in str(error) or "ckpt: torch.Size([0]) vs model:torch.Size([64, 16])" in text, text


def the_error_names_no_parameter():
    """The error of `from_pretrained` names only `weight`, of a class such as Embedding or Linear, and one tensor alone."""
    error, _ = _load()
    assert "size mismatch for weight: copying" in str(error), "it names the parameters, or a table does"
    assert str(error).count("size mismatch for") == 1, str(error)


def the_table_names_each():
    """It prints a table that names each parameter, "Reinit due to size mismatch", and the error points to the table."""
    error, text = _load()
    assert "Reinit due to size mismatch" in text, "no table is printed"
    assert text.count("ckpt: torch.Size([0])") == 12, text  # of two layers each row is one
    assert "thus raising an error. For details look at the above report" in str(error), str(error)


def told_to_ignore_it_the_model_is_random():
    """With `ignore_mismatched_sizes=True` it returns: 0 of 21 tensors are the trained ones, none is empty, none is NaN."""
    model, text = _load(ignore_mismatched_sizes=True)
    assert isinstance(model, torch.nn.Module), f"it stops: {model}"
    state = model.state_dict()
    assert equal(state, trained.tensors) == 0
    assert EMPTY not in shapes(state) and not any(tensor.isnan().any() for tensor in state.values())
    assert "torch.Size([0])" in text, text


def load_state_dict_stops():
    """`load_state_dict` stops with the same message, with `strict=False` and with `assign=True`, too."""
    for options in {}, {"strict": False}, {"assign": True}:
        model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**SIZES))
        try:
            model.load_state_dict(file, **options)
            message = "no error"
        except RuntimeError as error:
            message = str(error)
        assert message.count("torch.Size([0]) from checkpoint") == 21 and MESSAGE in message, (options, message[:200])


if __name__ == "__main__":
    from_pretrained_stops()
    the_error_names_no_parameter()
    the_table_names_each()
    told_to_ignore_it_the_model_is_random()
    load_state_dict_stops()
