"""What goes right: tied, untied and resized models, saved and loaded again."""

from _heads import EMBEDDING, FILE, HEAD, llama, load, wrong
from safetensors.torch import load_file


def _again(folder, tied, rows=None):
    model = llama(tied)
    if rows:
        model.resize_token_embeddings(rows)
    tensors = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.save_pretrained(folder)
    again, text = load(folder)
    assert wrong(again, tensors) == [] and text == "", text
    assert again.lm_head.weight.shape[0] == (rows or 64)
    return load_file(f"{folder}/{FILE}")


def tied_it_is_exact_without_a_head_in_the_files():
    """A tied Llama, saved and loaded again, is exact, prints nothing, and its files hold no lm_head.weight: that is right."""
    assert {HEAD, EMBEDDING} & _again("tied", tied=True).keys() == {EMBEDDING}, "it is in the files"


def untied_it_is_exact():
    """An untied one is exact, and its files hold both."""
    assert {HEAD, EMBEDDING} <= _again("untied", tied=False).keys()


def resized_it_is_exact():
    """With a vocabulary resized from 64 to 70, tied or not, it is exact after a save and a load."""
    assert {HEAD, EMBEDDING} & _again("tied_70", tied=True, rows=70).keys() == {EMBEDDING}
    assert HEAD in _again("untied_70", tied=False, rows=70)


if __name__ == "__main__":
    tied_it_is_exact_without_a_head_in_the_files()
    untied_it_is_exact()
    resized_it_is_exact()
