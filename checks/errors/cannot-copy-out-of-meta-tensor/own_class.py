"""Classes of one's own, as remote code has them, loaded by from_pretrained: what their `__init__` may do with tensors."""

import torch
import transformers
from _llama import ADVICE, META, error_of, use_memory
from torch import nn

from snippets.verify_built import verify_built
from snippets.verify_loaded import verify

x = torch.randn(3, 4)
torch.manual_seed(0)


class Config(transformers.PretrainedConfig):
    model_type = "of-ones-own"


class Base(transformers.PreTrainedModel):
    config_class = Config

    def __init__(self, config):
        super().__init__(config)
        self.layer = nn.Linear(4, 4)
        self.make()
        self.post_init()

    def make(self):
        """What a class does beside that."""

    def forward(self, x):
        return self.layer(x)


class Moves(Base):
    def make(self):
        self.other = nn.Linear(4, 4).to("cpu")


class AsksForValues(Base):
    def make(self):
        self.rates = torch.arange(4.0).tolist()
        self.last = torch.arange(4.0)[-1].item()


class HasATable(Base):
    def make(self):
        self.register_buffer("table", torch.arange(1.0, 5.0), persistent=False)

    def forward(self, x):
        return self.layer(x) * self.table


class FillsItsTable(HasATable):
    # --8<-- [start:fill]
    def _init_weights(self, module):
        super()._init_weights(module)
        if module is self:
            module.table.copy_(torch.arange(1.0, 5.0))
        # --8<-- [end:fill]


class KeepsATensor(Base):
    def make(self):
        self.scale = torch.arange(1.0, 5.0)

    def forward(self, x):
        return self.layer(x) * self.scale


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


def _assert_right(cls, **options):
    model, folder, right = _load(cls, **options)
    assert verify(model, folder) == []
    with torch.no_grad():
        found = model(x)
    assert torch.equal(found, right), "no error, another result"


def a_move_inside_init_raises_the_message():
    """`.to("cpu")` inside `__init__`: from_pretrained, without options, raises the message; the class itself can be made."""
    text = error_of(lambda: _load(Moves))
    assert text.startswith(f"NotImplementedError: {ADVICE}"), text


def low_cpu_mem_usage_false_helps():
    """`low_cpu_mem_usage=False` helps there: with it the load is right, bit for bit, and with True it raises the message."""
    assert error_of(lambda: _load(Moves, low_cpu_mem_usage=True)).startswith(f"NotImplementedError: {ADVICE}")
    assert error_of(lambda: _load(Moves, low_cpu_mem_usage=False)) == "no error", "with False it raises the message as well"
    _assert_right(Moves, low_cpu_mem_usage=False)


def asking_for_values_inside_init_raises_it():
    """`.tolist()` or `.item()` inside `__init__`: from_pretrained raises `Cannot copy out of meta tensor; no data!`."""
    assert error_of(lambda: _load(AsksForValues)) == f"NotImplementedError: {META}", "no error"


def a_table_made_inside_init_is_garbage():
    """A non-persistent buffer made inside `__init__` is garbage after from_pretrained: no error, equal tensors, another result."""
    model, folder, right = _load(HasATable)
    print(model.table)
    assert verify(model, folder) == []
    with torch.no_grad():
        found = model(x)
    assert not torch.equal(model.table, torch.arange(1.0, 5.0)), "the buffer is right"
    assert not torch.equal(found, right), "the result is right"


def filled_by_init_weights_it_is_right():
    """Filled in `_init_weights` as well, that buffer and the result are right, bit for bit."""
    _assert_right(FillsItsTable)


def verify_built_knows_which():
    """verify_built.py names that buffer where it is garbage, and no buffer where it is right; verify_loaded.py finds no difference."""
    model, folder, right = _load(HasATable)
    found, sound = verify_built(model, folder), torch.equal(model(x), right)
    print(*found.lines, sep="\n")
    assert verify(model, folder) == []
    assert sound == torch.equal(model.table, torch.arange(1.0, 5.0))
    assert [one.partition(":")[0] for one in found.differs] == ([] if sound else ["table"]), found.lines


def a_plain_tensor_stays_on_meta():
    """A tensor that `__init__` keeps as a plain attribute stays on meta after from_pretrained, and the first use of it stops."""
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
