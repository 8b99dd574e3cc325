"""One tensor is the embedding and the head, and config.json says that they are two: a save, and a load of what was saved."""

import torch
from _heads import EMBEDDING, FILE, HEAD, llama, load, printed, saved, wrong
from safetensors.torch import load_file

FOLDER = "shared"
assert HEAD in saved("apart", tied=False)  # and so what the libraries say when first used is not part of what the save prints
model = llama(tied=False)
model.lm_head.weight = model.model.embed_tokens.weight
tensors = {name: tensor.clone() for name, tensor in model.state_dict().items()}
with printed() as lines:
    model.save_pretrained(FOLDER)


def the_save_drops_the_head_and_prints_nothing():
    """save_pretrained writes no lm_head.weight, leaves `tie_word_embeddings` false, and prints nothing."""
    stored = load_file(f"{FOLDER}/{FILE}")
    assert HEAD not in stored and torch.equal(stored[EMBEDDING], tensors[EMBEDDING]), sorted(stored)
    assert model.config.tie_word_embeddings is False
    assert lines[0] == "", lines[0]


def loaded_again_the_head_is_random():
    """Loaded again, the head is random, another one with another seed; all else is exact, and a message names it."""
    (first, text), (second, _) = load(FOLDER), load(FOLDER, seed=2)
    assert wrong(first, tensors) == wrong(second, tensors) == [HEAD], "the head is not random"
    assert not torch.equal(first.lm_head.weight, second.lm_head.weight), "it is not random"
    assert HEAD in text, "it is not named"


def told_that_they_are_tied_it_is_exact():
    """With `tie_word_embeddings=True` to from_pretrained it is exact again: the embedding in the file is the head, too."""
    again, text = load(FOLDER, tie_word_embeddings=True)
    assert wrong(again, tensors) == [], "the head is lost"
    assert text == "", text


if __name__ == "__main__":
    the_save_drops_the_head_and_prints_nothing()
    loaded_again_the_head_is_random()
    told_that_they_are_tied_it_is_exact()
