"""Classes of one's own, saved and loaded by from_pretrained: what their `__init__` may do with tensors."""

import torch
from _classes import AsksForAnItem, AsksForValues, Config, FillsItsTable, HasATable, KeepsATensor, Moves
from _llama import ADVICE, META, error_of, use_memory

from snippets.verify_built import verify_built
from snippets.verify_loaded import verify

x = torch.randn(3, 4)


def _saved(cls):
    """A model made plainly, its folder, and what it computes."""
    model = cls(Config()).eval()
    model.save_pretrained(cls.__name__)
    with torch.no_grad():
        return cls.__name__, model(x)


def _load(cls, **options):
    folder, right = _saved(cls)
    use_memory()
    return cls.from_pretrained(folder, **options).eval(), folder, right


def _is_right(cls, **options):
    """Whether the loaded model's tensors are the file's, and what it computes is what the saved one did, bit for bit."""
    model, folder, right = _load(cls, **options)
    with torch.no_grad():
        return verify(model, folder) == [] and torch.equal(model(x), right)


def a_move_inside_init_raises_the_message():
    """`.to("cpu")` inside `__init__`: from_pretrained, without options, raises the message; the class itself can be made."""
    assert _saved(Moves)[1].shape == (3, 4)
    text = error_of(lambda: _load(Moves))
    assert text.startswith(f"NotImplementedError: {ADVICE}"), text


def low_cpu_mem_usage_false_helps():
    """`low_cpu_mem_usage=False` helps there: with it the load is right, bit for bit, and with True it raises the message."""
    assert error_of(lambda: _load(Moves, low_cpu_mem_usage=True)).startswith(f"NotImplementedError: {ADVICE}")
    assert error_of(lambda: _load(Moves, low_cpu_mem_usage=False)) == "no error", "with False it raises the message as well"
    assert _is_right(Moves, low_cpu_mem_usage=False), "no error, another result"


def asking_for_values_inside_init_raises_it():
    """`.tolist()` in `__init__`: from_pretrained raises the short text; `.item()`: `Tensor.item() cannot be called on ...`."""
    assert _saved(AsksForValues)[1].shape == _saved(AsksForAnItem)[1].shape == (3, 4)
    assert error_of(lambda: _load(AsksForValues)) == f"NotImplementedError: {META}", "no error"
    assert error_of(lambda: _load(AsksForAnItem)) == "RuntimeError: Tensor.item() cannot be called on meta tensors"


def a_table_made_inside_init_is_garbage():
    """A non-persistent buffer made inside `__init__` is garbage after from_pretrained: no error, and another result."""
    model, folder, right = _load(HasATable)
    print(model.table)
    assert verify(model, folder) == []
    with torch.no_grad():
        found = model(x)
    assert not torch.equal(model.table, torch.arange(1.0, 5.0)), "the buffer is right"
    assert not torch.equal(found, right), "the result is right"


def filled_by_init_weights_it_is_right():
    """Filled in `_init_weights` as well, that buffer and the result are right, bit for bit."""
    assert _is_right(FillsItsTable), "no error, another result"


def verify_built_knows_which():
    """verify_built.py names that buffer where it is garbage, none where it is right; verify_loaded.py finds no difference."""
    model, folder, right = _load(HasATable)
    found, sound = verify_built(model, folder), torch.equal(model(x), right)
    print(*found.lines, sep="\n")
    assert verify(model, folder) == []
    assert (
        sound == torch.equal(model.table, torch.arange(1.0, 5.0)) == any("1 non-persistent buffer" in one for one in found.same)
    )
    assert [one.partition(":")[0] for one in found.differs] == ([] if sound else ["table"]), found.lines


def a_plain_tensor_stays_on_meta():
    """A tensor that `__init__` keeps as a plain attribute is on meta after from_pretrained, and its first use stops."""
    model, _, _ = _load(KeepsATensor)
    assert model.scale.is_meta, "it is right"
    assert error_of(lambda: model(x)) == "RuntimeError: Tensor on device meta is not on the expected device cpu!"


if __name__ == "__main__":
    a_move_inside_init_raises_the_message()
    low_cpu_mem_usage_false_helps()
    asking_for_values_inside_init_raises_it()
    a_table_made_inside_init_is_garbage()
    filled_by_init_weights_it_is_right()
    verify_built_knows_which()
    a_plain_tensor_stays_on_meta()
