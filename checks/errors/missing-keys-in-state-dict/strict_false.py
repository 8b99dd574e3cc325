"""What load_state_dict(..., strict=False) makes of the same files: a network of 11 tensors."""

import torch
from _net import CHECKPOINT, FILE, FROM_A_HOLDER, HEAD, OTHER_HEAD, SIZE, Net, equal, error, said
from torch import nn


def it_raises_nothing_and_prints_nothing():
    """It returns for each of three files that do not fit; nothing is printed, no warning is given."""
    for state in (OTHER_HEAD, FROM_A_HOLDER, CHECKPOINT):
        net = Net()
        assert "Missing key(s)" in error(net, state)
        returned, printed = said(lambda net=net, state=state: net.load_state_dict(state, strict=False))
        assert returned.missing_keys and printed == "", printed
    told = said(lambda: print("heard"))[1]
    assert told == "heard\n", told


def what_is_missing_keeps_its_values():
    """A missing tensor keeps the value that it had before, bit for bit: in a new model a random one."""
    net = Net()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    net.load_state_dict(OTHER_HEAD, strict=False)
    for name, tensor in net.state_dict().items():
        assert torch.equal(tensor, before[name] if name in HEAD else FILE[name]), name
        assert not torch.equal(before[name], FILE[name]), name


def of_another_prefix_it_loads_nothing():
    """Where every name has a prefix more (`model.`), 0 of 11 tensors are loaded."""
    net = Net()
    returned = net.load_state_dict(FROM_A_HOLDER, strict=False)
    assert len(returned.missing_keys) == SIZE and equal(net) == 0, equal(net)


def of_a_whole_checkpoint_it_loads_nothing():
    """Given the whole checkpoint in place of its `state_dict`, 0 of 11 tensors are loaded."""
    net = Net()
    returned = net.load_state_dict(CHECKPOINT, strict=False)
    assert len(returned.missing_keys) == SIZE and equal(net) == 0, equal(net)


def only_what_it_returns_tells():
    """What it returns lists them: missing_keys and unexpected_keys, complete, for each of three files."""
    for state in (OTHER_HEAD, FROM_A_HOLDER, CHECKPOINT):
        returned = Net().load_state_dict(state, strict=False)
        print(str(returned)[:300])
        assert returned.missing_keys == [name for name in FILE if name not in state], returned
        assert returned.unexpected_keys == [name for name in state if name not in FILE], returned


def with_nothing_missing_every_tensor_is_the_files():
    """Where missing_keys is empty, and only unexpected_keys is not, all 11 of 11 tensors are the file's."""
    net = Net()
    returned = net.load_state_dict({**FILE, "extra.weight": torch.zeros(3)}, strict=False)
    assert not returned.missing_keys and returned.unexpected_keys == ["extra.weight"], returned
    assert equal(net) == SIZE == 11, equal(net)


def another_shape_stops_it_all_the_same():
    """A tensor of another shape (a head for 7 classes in the file, 5 in the model) raises `size mismatch` with it, too."""
    state = {name: tensor.clone() for name, tensor in Net(classes=7).state_dict().items()}
    text = error(Net(), state, strict=False)
    assert "size mismatch for head.weight" in text and "Missing key(s)" not in text, text


def a_tied_head_is_loaded_under_its_other_name():
    """A head that is tied to the embedding is missing in the file and the file's all the same: both are one tensor."""

    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding, self.head = nn.Embedding(6, 4), nn.Linear(4, 6, bias=False)
            self.head.weight = self.embedding.weight

    trained, net = Tied(), Tied()
    state = {"embedding.weight": trained.embedding.weight.detach()}
    assert 'Missing key(s) in state_dict: "head.weight".' in error(Tied(), state)
    assert not torch.equal(net.head.weight, trained.head.weight)
    returned = net.load_state_dict(state, strict=False)
    assert returned.missing_keys == ["head.weight"] and torch.equal(net.head.weight, trained.head.weight), returned


if __name__ == "__main__":
    it_raises_nothing_and_prints_nothing()
    what_is_missing_keeps_its_values()
    of_another_prefix_it_loads_nothing()
    of_a_whole_checkpoint_it_loads_nothing()
    only_what_it_returns_tells()
    with_nothing_missing_every_tensor_is_the_files()
    another_shape_stops_it_all_the_same()
    a_tied_head_is_loaded_under_its_other_name()
