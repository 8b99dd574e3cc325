"""A file that lacks one parameter of a layer, loaded by a class whose _init_weights writes in place."""

from _classes import FILE, ByTorch, Guarded, InPlace, load, saved, wrong
from _ways import Recorded
from safetensors.torch import load_file, save_file

from snippets.verify_loaded import verify


def _load(cls):
    """Load a folder whose file has no bias of the layer; return the model and the names that are listed."""
    tensors = saved(cls, cls.__name__)
    kept = load_file(f"{cls.__name__}/{FILE}")
    del kept["layer.bias"], tensors["layer.bias"]
    save_file(kept, f"{cls.__name__}/{FILE}", {"format": "pt"})
    Recorded.called.clear()  # by the model that was saved
    model, listed, _ = load(cls, cls.__name__)
    return model, tensors, listed


def the_weight_beside_it_is_overwritten():
    """The layer's weight, which is in the file, is overwritten with the bias; listed as missing is the bias alone."""
    model, tensors, listed = _load(InPlace)
    assert listed == ["layer.bias"], listed
    assert "layer.weight" in wrong(model, tensors), "the weight is the file's"


def verify_loaded_names_the_weight():
    """verify_loaded.py names the weight as well."""
    model, _, _ = _load(InPlace)
    found = verify(model, "InPlace")
    print(found)
    assert "layer.weight" in [one.parameter for one in found], "it does not name it"


def init_weights_is_called_for_the_layer():
    """`_init_weights` is called for the layer, so that its bias gets a value."""
    _load(Recorded)
    assert "Linear" in Recorded.called, "it is not: the bias keeps what lay in memory"


def with_a_cure_the_weight_is_the_files():
    """With `nn.init` on the parameters, or the guard, the weight beside it is the file's, and the bias zero, as they say."""
    for cls in (ByTorch, Guarded):
        model, tensors, listed = _load(cls)
        assert (listed, wrong(model, tensors)) == (["layer.bias"], []), cls.__name__
        assert model.layer.bias.tolist() == [0.0] * 4, (cls.__name__, model.layer.bias)


if __name__ == "__main__":
    init_weights_is_called_for_the_layer()
    the_weight_beside_it_is_overwritten()
    verify_loaded_names_the_weight()
    with_a_cure_the_weight_is_the_files()
