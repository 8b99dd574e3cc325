"""What a strict load_state_dict says, and what it has done by the time it says it: a network of 11 tensors."""

import torch
from _net import CHECKPOINT, FILE, FROM_A_HOLDER, HEAD, OTHER_HEAD, SIZE, Net, equal, error
from torch import nn


def it_names_all_that_is_missing_and_all_that_is_unexpected():
    """One error names every missing name of the model and every unexpected name of the file, of two kinds of files."""
    for state in (OTHER_HEAD, FROM_A_HOLDER):
        text = error(Net(), state)
        missing, unexpected = [name for name in FILE if name not in state], [name for name in state if name not in FILE]
        assert missing and "Missing key(s) in state_dict: " + ", ".join(f'"{name}"' for name in missing) + "." in text, text
        assert "Unexpected key(s) in state_dict: " + ", ".join(f'"{name}"' for name in unexpected) + "." in text, text


def what_fits_is_loaded_by_then():
    """The head has another name in the file: when the error is raised, the other 9 of 11 tensors are already the file's."""
    net = Net()
    assert equal(net) == 0
    error(net, OTHER_HEAD)
    assert equal(net, FILE) == SIZE - len(HEAD) == 9, equal(net)


def a_program_that_catches_it_goes_on_with_both():
    """Caught by `except RuntimeError`, the model runs: 9 tensors of the file, and a head that is not the file's."""
    net, whole, value = Net(), Net(), torch.ones(1, 2)
    whole.load_state_dict(FILE)
    error(net, OTHER_HEAD)
    assert torch.equal(net.backbone(value), whole.backbone(value)), "the backbone is another"
    assert not torch.equal(net(value), whole(value)), "the head is the file's"


def of_another_prefix_nothing_is_loaded():
    """Where every name of the file has a prefix more (`model.`), 0 of 11 tensors are the file's."""
    net = Net()
    assert "Missing key(s)" in error(net, FROM_A_HOLDER)
    assert equal(net) == 0, equal(net)


def the_prefix_is_what_another_module_calls_it():
    """A module that holds the network as `self.model`, as LightningModules do, saves every name with `model.` before it."""
    holder = nn.Module()
    holder.model = Net()
    assert [*holder.state_dict()] == [*FROM_A_HOLDER], [*holder.state_dict()]


def with_unexpected_names_alone_all_is_loaded_by_then():
    """Where names are unexpected and none is missing, it stops as well, and 11 of 11 tensors are the file's by then."""
    net = Net()
    text = error(net, {**FILE, "extra.weight": torch.zeros(3)})
    assert 'Unexpected key(s) in state_dict: "extra.weight".' in text and "Missing key(s)" not in text, text
    assert equal(net) == SIZE == 11, equal(net)


def a_whole_checkpoint_is_told_by_its_names():
    """Given a whole checkpoint, it names all 11 as missing, and `epoch`, `state_dict`, `optimizer` as unexpected."""
    text = error(Net(), CHECKPOINT)
    assert 'Unexpected key(s) in state_dict: "epoch", "state_dict", "optimizer".' in text, text
    assert all(f'"{name}"' in text for name in FILE), text


if __name__ == "__main__":
    it_names_all_that_is_missing_and_all_that_is_unexpected()
    what_fits_is_loaded_by_then()
    a_program_that_catches_it_goes_on_with_both()
    of_another_prefix_nothing_is_loaded()
    the_prefix_is_what_another_module_calls_it()
    with_unexpected_names_alone_all_is_loaded_by_then()
    a_whole_checkpoint_is_told_by_its_names()
