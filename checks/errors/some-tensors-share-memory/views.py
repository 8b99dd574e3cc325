"""Tensors that are pieces of one storage, and are not one tensor: what save_file and save_model make of them."""

import torch
from _tied import FILE, refusal
from safetensors.torch import load_file, save_file, save_model

FLAT = torch.arange(40.0)


class Pieces(torch.nn.Module):
    """Two parameters, each a piece of one flat tensor: as libraries that flatten parameters leave them."""

    def __init__(self):
        super().__init__()
        flat = FLAT.clone()
        self.first, self.second = torch.nn.Parameter(flat[:20]), torch.nn.Parameter(flat[20:])


def _exact(tensors):
    """Whether the file holds these tensors, bit for bit."""
    found = load_file(FILE)
    return found.keys() == tensors.keys() and all(torch.equal(found[name], tensor) for name, tensor in tensors.items())


def pieces_that_do_not_overlap_are_saved():
    """Two pieces of one storage that do not overlap: save_file writes both, exact."""
    pieces = {"first": FLAT[:20], "second": FLAT[20:]}
    assert pieces["first"].untyped_storage().data_ptr() == pieces["second"].untyped_storage().data_ptr()
    try:
        save_file(pieces, FILE)
    except RuntimeError as error:
        assert "Some tensors share memory" in str(error), error
        raise AssertionError("it is refused: Some tensors share memory") from error
    assert _exact(pieces), "it is not exact"


def pieces_that_overlap_are_refused():
    """Two pieces that overlap by one value: "Some tensors share memory"; cloned, both are saved, exact."""
    pieces = {"first": FLAT[:21], "second": FLAT[20:]}
    assert "Some tensors share memory" in refusal(lambda: save_file(pieces, FILE))
    save_file({name: tensor.clone() for name, tensor in pieces.items()}, FILE)
    assert _exact(pieces), "it is not exact"


def save_model_refuses_pieces():
    """save_model refuses such pieces: "found no suitable name to keep"; save_file of their clones is exact."""
    model = Pieces()
    assert "found no suitable name to keep" in refusal(lambda: save_model(model, FILE))
    save_file({name: tensor.clone() for name, tensor in model.state_dict().items()}, FILE)
    assert _exact(model.state_dict()), "it is not exact"


def a_transposed_tensor_has_another_text():
    """A tensor that is not contiguous: "non contiguous tensor", a ValueError; there `.contiguous()` is right, and exact."""
    tensors = {"a": FLAT.reshape(5, 8).T}
    assert "You are trying to save a non contiguous tensor" in refusal(lambda: save_file(tensors, FILE), ValueError)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, FILE)
    assert _exact(tensors), "it is not exact"


if __name__ == "__main__":
    pieces_that_do_not_overlap_are_saved()
    pieces_that_overlap_are_refused()
    save_model_refuses_pieces()
    a_transposed_tensor_has_another_text()
