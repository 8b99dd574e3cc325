"""A class of one's own whose _init_weights writes in place: saved, and loaded again by the same release."""

import torch
import transformers
from _classes import WRITTEN, Config, InPlace, load, saved, wrong
from safetensors.torch import load_file

from checkpoint_clinic.loads import VerifyLoad, WrongLoad
from snippets.verify_loaded import verify

tensors = saved(InPlace, "own")
model, listed, text = load(InPlace, "own")


def what_init_weights_writes_is_overwritten():
    """After from_pretrained five of six tensors, all that `_init_weights` writes to, are not the file's."""
    assert wrong(model, tensors) == WRITTEN, "every tensor is the file's"
    assert (model.norm.weight.tolist(), model.norm.bias.tolist()) == ([1.0] * 4, [0.0] * 4)  # as it says


def nothing_is_said():
    """Silently: nothing is raised or printed, and no tensor is listed as missing, unexpected or mismatched."""
    assert len(wrong(model, tensors)) == 5, "every tensor is the file's"
    assert (listed, text) == ([], ""), (listed, text)


def another_load_gives_other_weights():
    """Loaded twice, the weights of one folder differ from each other: they are random."""
    other, _, _ = load(InPlace, "own", seed=2)
    assert not torch.equal(model.layer.weight, other.layer.weight), "they are equal"
    assert torch.equal(model.scale, other.scale) and torch.equal(model.norm.bias, other.norm.bias), "not these alone"


def registered_it_is_the_same():
    """Registered, and loaded by AutoModel, the same five are overwritten."""
    transformers.AutoConfig.register(Config.model_type, Config, exist_ok=True)
    transformers.AutoModel.register(Config, InPlace, exist_ok=True)
    loaded, _, _ = load(transformers.AutoModel, "own")
    assert type(loaded) is InPlace
    assert wrong(loaded, tensors) == WRITTEN, "every tensor is the file's"


def saved_again_the_file_has_the_random_ones():
    """Saved after such a load, the new file has the random values: the trained ones are only in the old one."""
    model.save_pretrained("again")
    kept = load_file("again/model.safetensors")
    assert sorted(name for name, tensor in kept.items() if not torch.equal(tensor, tensors[name])) == WRITTEN, "all are kept"


def verify_loaded_names_them():
    """verify_loaded.py names those five, and no other."""
    found = verify(model, "own")
    print(found)
    assert sorted(one.parameter for one in found) == WRITTEN, "it finds no difference"


def verify_load_stops_it():
    """`with VerifyLoad():` around from_pretrained raises WrongLoad, which names those five."""
    try:
        with VerifyLoad():
            load(InPlace, "own")
    except WrongLoad as error:
        print(error)
        named = sorted(line.partition(" ")[0] for line in str(error).splitlines() if " values: " in line)
        assert named == WRITTEN, named
    else:
        raise AssertionError("it raises nothing")


def loaded_once_more_by_load_state_dict_it_is_exact():
    """`load_state_dict(load_file(...))` after from_pretrained: all six are the file's, bit for bit."""
    loaded, _, _ = load(InPlace, "own")
    loaded.load_state_dict(load_file("own/model.safetensors"))
    assert wrong(loaded, tensors) == []
    assert verify(loaded, "own") == []


if __name__ == "__main__":
    what_init_weights_writes_is_overwritten()
    nothing_is_said()
    another_load_gives_other_weights()
    registered_it_is_the_same()
    saved_again_the_file_has_the_random_ones()
    verify_loaded_names_them()
    verify_load_stops_it()
    loaded_once_more_by_load_state_dict_it_is_exact()
