"""lm_head.weight is in no file: with an output layer that is tied to the embedding, and with one that is not."""

import torch
from _tiny import equal, listed, load, names, save, save_as

HEAD, EMBEDDING = "lm_head.weight", "model.embed_tokens.weight"


def tied_it_is_exact_and_nothing_is_printed():
    """Tied, it equals the embedding in the file bit for bit, all other tensors theirs, and nothing is printed."""
    saved = save("tied", tie_word_embeddings=True)
    assert HEAD not in saved, "it is in the file"
    model, text = load("tied")
    assert text == "", text
    assert equal(model, {**saved, HEAD: saved[EMBEDDING]}) == names(model), names(model) - equal(model, saved)


def untied_it_is_random_and_all_else_exact():
    """Not tied, it is random and named, alone; every other tensor equals the file."""
    saved = save("untied")
    save_as("no_head", {name: tensor for name, tensor in saved.items() if name != HEAD}, like="untied")
    (model, text), (other, _) = load("no_head"), load("no_head", seed=2)
    assert names(model) - equal(model, saved) == listed(text, "MISSING") == {HEAD}, listed(text, "MISSING")
    assert not torch.equal(model.lm_head.weight, other.lm_head.weight), "it is not random"
    assert not torch.equal(model.lm_head.weight, model.model.embed_tokens.weight), "it is tied"


def said_to_be_tied_it_is_the_embedding():
    """`tie_word_embeddings=True` silences the message of an untied model, and puts the embedding there, not its head."""
    saved = save("untied")
    save_as("no_head", {name: tensor for name, tensor in saved.items() if name != HEAD}, like="untied")
    model, text = load("no_head", tie_word_embeddings=True)
    assert text == "", text
    assert torch.equal(model.lm_head.weight, saved[EMBEDDING]) and not torch.equal(model.lm_head.weight, saved[HEAD])


if __name__ == "__main__":
    tied_it_is_exact_and_nothing_is_printed()
    untied_it_is_random_and_all_else_exact()
    said_to_be_tied_it_is_the_embedding()
