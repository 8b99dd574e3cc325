"""Ways in which a class's _init_weights can be written, and which of them overwrite what was loaded."""

from _classes import Base, ByTorch, Guarded, load, saved, wrong
from _ways import Assigned, OfTheModel, TorchOnData, UnderNoGrad


def _wrong(cls):
    """Save with the class, load with it, and say what is not the file's."""
    tensors = saved(cls, cls.__name__)
    return wrong(load(cls, cls.__name__)[0], tensors)


def under_no_grad_it_is_overwritten():
    """Written under `torch.no_grad()`, the layer's weight is overwritten."""
    assert _wrong(UnderNoGrad) == ["layer.weight"], "it is the file's"


def torch_nn_init_of_data_overwrites():
    """`nn.init.normal_(module.weight.data)` overwrites it, too: `.data` is another tensor, without the mark."""
    assert _wrong(TorchOnData) == ["layer.weight"], "it is the file's"


def assigned_data_overwrites():
    """So does `module.weight.data = ...`."""
    assert _wrong(Assigned) == ["layer.weight"], "it is the file's"


def a_parameter_of_the_model_itself_is_overwritten():
    """A parameter of the model itself, which `_init_weights` fills, is overwritten as well."""
    assert _wrong(OfTheModel) == ["scale"], "it is the file's"


def torch_nn_init_of_the_parameter_is_exact():
    """With `nn.init` functions called on the parameter itself, not on its data, every tensor is the file's, bit for bit."""
    assert _wrong(ByTorch) == []


def a_guard_is_exact():
    """With a guard that leaves out each parameter that was loaded, every tensor is the file's, bit for bit."""
    assert _wrong(Guarded) == []


def without_init_weights_it_is_exact():
    """Without an `_init_weights` of its own the class loads exactly."""
    assert _wrong(Base) == []


if __name__ == "__main__":
    under_no_grad_it_is_overwritten()
    torch_nn_init_of_data_overwrites()
    assigned_data_overwrites()
    a_parameter_of_the_model_itself_is_overwritten()
    torch_nn_init_of_the_parameter_is_exact()
    a_guard_is_exact()
    without_init_weights_it_is_exact()
