"""A head that differs from the embedding, both in the files, and config.json says that they are tied: a load, and a save."""

import torch
from _heads import EMBEDDING, HEAD, configure, load, saved_apart, saved_equal, wrong
from safetensors.torch import load_file

FOLDER = "merged"
trained = saved_apart(FOLDER)
WITH_THE_EMBEDDING = {**trained, HEAD: trained[EMBEDDING]}


def the_embedding_takes_its_place_and_nothing_is_printed():
    """The load puts the embedding in the place of the trained head, all else is exact, and nothing is printed."""
    model, text = load(FOLDER)
    assert wrong(model, WITH_THE_EMBEDDING) == [], "it is not the embedding"
    assert text == "", "a line is printed"


def the_head_is_kept_and_a_line_says_so():
    """The load keeps both, bit for bit, and prints "we will NOT tie them"."""
    model, text = load(FOLDER)
    assert wrong(model, trained) == [], "the head is lost"
    assert "so we will NOT tie them" in text, text


def loading_info_says_nothing_of_it():
    """`output_loading_info=True` reports nothing missing, unexpected or mismatched, although the head is another one."""
    (model, info), _ = load(FOLDER, output_loading_info=True)
    assert wrong(model, trained) == [HEAD], "the head is that of the file"
    assert not any(info.get(f"{kind}_keys") for kind in ("missing", "unexpected", "mismatched")), info


def saved_again_the_head_is_gone():
    """Saved again after such a load, the new files hold no head: it is lost there."""
    model, _ = load(FOLDER)
    model.save_pretrained("again")
    kept = load_file("again/model.safetensors")
    assert HEAD not in kept, "it is still in the files"
    assert kept.keys() == trained.keys() - {HEAD}, sorted(kept)
    assert all(torch.equal(tensor, trained[name]) for name, tensor in kept.items())


def told_by_an_argument_every_tensor_is_exact():
    """With `tie_word_embeddings=False` to from_pretrained every tensor is exact, the head, too."""
    model, text = load(FOLDER, tie_word_embeddings=False)
    assert wrong(model, trained) == [], "the head is lost"
    assert text == "", text


def told_in_config_json_every_tensor_is_exact():
    """With `"tie_word_embeddings": false` in config.json every tensor is exact, and nothing is printed."""
    saved_apart("told")
    configure("told", tie_word_embeddings=False)
    model, text = load("told")
    assert wrong(model, trained) == [], "the head is lost"
    assert text == "", text


def told_and_saved_again_it_stays():
    """Loaded so and saved again, the head is in the new files, and config.json says false: a plain load is exact."""
    model, _ = load(FOLDER, tie_word_embeddings=False)
    model.save_pretrained("kept")
    again, text = load("kept")
    assert wrong(again, trained) == [], "the head is lost"
    assert text == "", text


def the_line_is_printed_of_equal_tensors_too():
    """Where both are in the files and equal, the same line is printed, and all values are right."""
    equal = saved_equal("equal")
    model, text = load("equal")
    assert wrong(model, equal) == [], "values differ"
    assert "so we will NOT tie them" in text, "the line is not printed"


def equal_tensors_are_one_after_the_load():
    """Where both are in the files and equal, they are one tensor after the load: trained further, they stay equal."""
    equal = saved_equal("equal")
    model, _ = load("equal")
    assert wrong(model, equal) == [], "values differ"
    assert model.lm_head.weight is model.model.embed_tokens.weight, "they are two tensors, which training drives apart"


if __name__ == "__main__":
    the_embedding_takes_its_place_and_nothing_is_printed()
    the_head_is_kept_and_a_line_says_so()
    loading_info_says_nothing_of_it()
    saved_again_the_head_is_gone()
    told_by_an_argument_every_tensor_is_exact()
    told_in_config_json_every_tensor_is_exact()
    told_and_saved_again_it_stays()
    the_line_is_printed_of_equal_tensors_too()
    equal_tensors_are_one_after_the_load()
