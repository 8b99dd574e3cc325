"""What loads the rows of a file exactly: the right config.json, or a resize before the load; and what a resize makes."""

import json
from pathlib import Path

import torch
from _resized import EMBEDDING, HEAD, OLD, ROWS, TENSORS, equal, folder, fresh, load, refused, rows

from snippets.verify_built import verify_built
from snippets.verify_loaded import verify

MORE = 110


def _said(path):
    return json.loads(Path(path, "config.json").read_text("utf-8"))["vocab_size"]


def the_rows_of_the_file_in_config_load_exactly():
    """With vocab_size in config.json set to the rows of the file, it loads exactly: 21 of 21 tensors."""
    refused("stale")
    assert equal(load(folder("corrected", vocab_size=ROWS))[0]) == 21


def the_argument_vocab_size_loads_exactly():
    """from_pretrained(..., vocab_size=104) does so without an edit of the file: 21 of 21 tensors."""
    refused("stale")
    model, _ = load("stale", vocab_size=ROWS)
    assert equal(model) == 21 and model.config.vocab_size == ROWS


def saved_again_it_says_the_right_number():
    """Saved again by save_pretrained, its config.json says 104, and the folder loads exactly."""
    load("stale", vocab_size=ROWS)[0].save_pretrained("again")
    assert _said("stale") == OLD and _said("again") == ROWS
    assert equal(load("again")[0]) == 21


def resized_before_the_load_it_is_exact():
    """Your own load_state_dict: after model.resize_token_embeddings(104), 21 of 21 tensors are exact."""
    model = fresh(OLD)
    model.resize_token_embeddings(ROWS)
    assert equal(model) < 21
    model.load_state_dict(TENSORS)
    assert equal(model) == 21 and model.config.vocab_size == ROWS


def resized_after_the_load_the_old_rows_stay():
    """Tokens are added after the load: resized to 110, the 104 rows of the file are all there, and the other 19 tensors."""
    model, _ = load("right")
    model.resize_token_embeddings(MORE)
    assert [rows(model, name, ROWS) for name in (EMBEDDING, HEAD)] == [ROWS, ROWS] and equal(model) == 19
    assert model.get_input_embeddings().num_embeddings == MORE == model.config.vocab_size


def two_resizes_make_other_new_rows():
    """The 6 rows that a resize adds differ each time: made with two seeds, none is the same."""
    added = []
    for seed in (0, 1):
        model, _ = load("right")
        torch.manual_seed(seed)
        model.resize_token_embeddings(MORE)
        added.append(model.get_input_embeddings().weight[ROWS:].detach())
    assert [len(rows_added) for rows_added in added] == [MORE - ROWS] * 2
    same = sum(torch.equal(one, other) for one, other in zip(*added, strict=True))
    assert same == 0, f"{same} of 6 the same"


def padded_to_64_there_are_more_rows_than_tokens():
    """pad_to_multiple_of=64: 110 tokens become 128 rows, config.vocab_size says 128, and the 104 rows of the file stay."""
    model, _ = load("right")
    model.resize_token_embeddings(MORE, pad_to_multiple_of=64)
    assert [rows(model, name, ROWS) for name in (EMBEDDING, HEAD)] == [ROWS, ROWS]
    assert model.get_input_embeddings().num_embeddings == 128 == model.config.vocab_size


def resized_to_fewer_rows_the_last_are_lost():
    """Resized to 100, the first 100 rows stay and the last 4 are gone; growing again to 104 does not bring them back."""
    model, _ = load("right")
    model.resize_token_embeddings(OLD)
    assert [rows(model, name) for name in (EMBEDDING, HEAD)] == [OLD, OLD]
    model.resize_token_embeddings(ROWS)
    assert [rows(model, name, ROWS) for name in (EMBEDDING, HEAD)] == [OLD, OLD]


def resized_after_the_wrong_load_nothing_comes_back():
    """Resized only after ignore_mismatched_sizes=True, none of the 104 rows is the file's."""
    model, _ = load("stale", ignore_mismatched_sizes=True)
    model.resize_token_embeddings(ROWS)
    assert [rows(model, name, ROWS) for name in (EMBEDDING, HEAD)] == [0, 0] and equal(model) == 19


def what_each_way_leaves_of_the_rows():
    """Of the file's 104 rows stay: with vocab_size=104 and resized after the load 104, cut by hand 100, ignored 0."""
    grown, _ = load("right")
    grown.resize_token_embeddings(MORE)
    cut = fresh(OLD)
    cut.load_state_dict({name: tensor[:OLD] if name in (EMBEDDING, HEAD) else tensor for name, tensor in TENSORS.items()})
    ways = {
        "exact": load("stale", vocab_size=ROWS)[0],
        "grown": grown,
        "cut": cut,
        "ignored": load("stale", ignore_mismatched_sizes=True)[0],
    }
    left = {}
    for way, model in ways.items():
        size = model.get_input_embeddings().num_embeddings
        kept = {rows(model, name, min(size, ROWS)) for name in (EMBEDDING, HEAD)}
        assert len(kept) == 1, (way, kept)
        left[way] = [size, *kept]
    print("--- data vocabulary-rows", json.dumps(left))
    assert left == {"exact": [ROWS, ROWS], "grown": [MORE, ROWS], "cut": [OLD, OLD], "ignored": [OLD, 0]}, left


def verify_loaded_and_verify_built_agree_after_it():
    """Of the right load verify_loaded.py reports nothing; verify_built.py, that config.json has the old vocab_size."""
    model, _ = load("stale", vocab_size=ROWS)
    assert verify(model, "stale") == []
    found = verify_built(model, "stale")
    print(*found.lines, sep="\n")
    assert found.status == 1 and any("vocab_size" in line for line in found.lines), found.lines
    assert verify_built(load("right")[0], "right").status == 0


if __name__ == "__main__":
    the_rows_of_the_file_in_config_load_exactly()
    the_argument_vocab_size_loads_exactly()
    saved_again_it_says_the_right_number()
    resized_before_the_load_it_is_exact()
    resized_after_the_load_the_old_rows_stay()
    two_resizes_make_other_new_rows()
    padded_to_64_there_are_more_rows_than_tokens()
    resized_to_fewer_rows_the_last_are_lost()
    resized_after_the_wrong_load_nothing_comes_back()
    what_each_way_leaves_of_the_rows()
    verify_loaded_and_verify_built_agree_after_it()
