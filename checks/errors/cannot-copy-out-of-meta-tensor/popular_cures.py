"""A network made on the meta device, and each cure that is offered: what it has in its tensors, and what it computes."""

import os
import tempfile
import warnings

import torch
from _net import ADVICE, Net, count_equal, error_of, on_meta, use_memory

_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
x = torch.randn(5, 8)
saved = Net()
file = saved.state_dict()
with torch.no_grad():
    right = saved(x)


def _emptied():
    use_memory(4, 8, 32, 64)
    return on_meta().to_empty(device="cpu")


def _is_right(model):
    with torch.no_grad():
        return torch.equal(model(x), right)


def to_empty_fills_nothing():
    """`to_empty()`, which the message proposes, raises nothing, and no tensor is the file's: it holds what lay in memory."""
    model = _emptied()
    assert not any(one.is_meta for one in model.state_dict().values())
    assert count_equal(model.state_dict(), file) == 0, "a tensor is the file's"


def loaded_after_it_all_are_equal_and_the_result_is_not():
    """`load_state_dict` after it: 4 of 4 tensors are the file's, nothing is missing, and the result is another one."""
    model = _emptied()
    result = model.load_state_dict(file)
    assert not result.missing_keys and not result.unexpected_keys
    assert count_equal(model.state_dict(), file) == len(file)
    assert not torch.equal(model.table, saved.table), "the table is right"
    assert not _is_right(model), "the result is right"


def with_the_table_computed_again_it_is_right():
    """The table, which is in no state dict, computed again: the result is right, bit for bit."""
    model = _emptied()
    model.load_state_dict(file)
    model.table.copy_(torch.arange(1.0, 9.0))
    assert _is_right(model), "the result is another"


def reset_parameters_makes_random_values():
    """`to_empty()` and `reset_parameters()` of each layer: random values, none of the file's, and the table stays as it was."""
    model = _emptied()
    for layer in (model.first, model.second):
        layer.reset_parameters()
    assert count_equal(model.state_dict(), file) == 0, "a tensor is the file's"
    assert all(one.abs().max() <= 8**-0.5 for one in model.parameters()), "they are not those of an initialisation"
    assert not torch.equal(model.table, saved.table), "the table is right"


def strict_false_hides_what_stays_as_it_was():
    """After to_empty(), `strict=False` with a file that lacks a layer raises nothing: that layer holds what lay in memory."""
    model = _emptied()
    result = model.load_state_dict({name: value for name, value in file.items() if name.startswith("first.")}, strict=False)
    assert result.missing_keys == ["second.weight", "second.bias"], result
    assert count_equal(model.state_dict(), file) == 2
    assert error_of(lambda: _is_right(model)) == "no error"
    assert not _is_right(model), "the result is right"


def without_assign_nothing_is_copied():
    """`load_state_dict` into meta without `assign=True` copies nothing; a UserWarning for each tensor calls it a no-op."""
    model = on_meta()
    with warnings.catch_warnings(record=True) as lines:
        warnings.simplefilter("always")
        model.load_state_dict(file)
    assert all(one.is_meta for one in model.parameters()), "something was copied"
    assert sum("which is a no-op" in str(line.message) for line in lines) == len(file), [str(line.message) for line in lines]


def assigned_it_says_what_is_left():
    """`assign=True`: 4 of 4 tensors are the file's, and moving the model raises the message: the table is on meta still."""
    model = on_meta()
    model.load_state_dict(file, assign=True)
    assert count_equal(model.state_dict(), file) == len(file)
    assert error_of(lambda: model.to("cpu")) == f"NotImplementedError: {ADVICE}"
    assert [name for name, one in model.named_buffers() if one.is_meta] == ["table"]


def assigned_and_computed_again_it_is_right():
    """`assign=True`, and the table computed again: the model moves, and the result is right, bit for bit."""
    model = on_meta()
    model.load_state_dict(file, assign=True)
    model.table = torch.arange(1.0, 9.0)
    assert _is_right(model.to("cpu")), "the result is another"


def made_on_the_cpu_it_is_right():
    """Made without the meta device and loaded, the result is right, bit for bit."""
    model = Net()
    assert not _is_right(model), "it was right before the load"
    model.load_state_dict(file)
    assert _is_right(model), "the result is another"


def torch_save_writes_a_file_without_values():
    """`torch.save` of a model on meta raises nothing; what `torch.load` gets of that file is on meta, 4 of 4."""
    torch.save(on_meta().state_dict(), "meta.pt")
    torch.save(file, "real.pt")
    loaded = torch.load("meta.pt")
    print({name: str(one.device) for name, one in loaded.items()})
    assert [one.is_meta for one in loaded.values()] == [True] * len(file), "values were written"
    assert count_equal(torch.load("real.pt"), file) == len(file)


if __name__ == "__main__":
    to_empty_fills_nothing()
    loaded_after_it_all_are_equal_and_the_result_is_not()
    with_the_table_computed_again_it_is_right()
    reset_parameters_makes_random_values()
    strict_false_hides_what_stays_as_it_was()
    without_assign_nothing_is_copied()
    assigned_it_says_what_is_left()
    assigned_and_computed_again_it_is_right()
    made_on_the_cpu_it_is_right()
    torch_save_writes_a_file_without_values()
