"""What makes the error go away, and what each leaves of the file's rows: 104 in the file, 100 in config.json."""

import torch
from _resized import EMBEDDING, HEAD, OLD, ROWS, TENSORS, equal, folder, fresh, load, printed, refused, rows

from snippets.verify_loaded import verify

BOTH = {EMBEDDING, HEAD}


def _stays(model, message):
    """The loss of what is asked for: neither matrix keeps a row, everything else is exact."""
    left = {name: rows(model, name) for name in (EMBEDDING, HEAD)}
    print(f"{equal(model)} of 21 tensors equal; rows equal: {left}")
    assert equal(model) == 19 and set(left.values()) == {0}, message


def ignoring_the_mismatch_loses_every_row():
    """ignore_mismatched_sizes=True: it loads; of the 100 rows that both have none is left, in embed_tokens or in lm_head."""
    refused("stale")
    model, lines = load("stale", ignore_mismatched_sizes=True)
    assert model.get_input_embeddings().weight.shape == (OLD, 16)
    _stays(model, "rows were kept")
    assert EMBEDDING in lines and HEAD in lines, lines


def only_a_warning_says_so():
    """Of that loss it prints a warning, with both names and both shapes, and goes on."""
    _, lines = load("stale", ignore_mismatched_sizes=True)
    told = [line for line in lines.splitlines() if f"[{ROWS}, 16]" in line and f"[{OLD}, 16]" in line]
    assert len(told) == 2 and EMBEDDING in lines and HEAD in lines, lines


def with_fewer_rows_in_the_file_it_is_the_same():
    """The other way round, 100 rows in the file and 104 in config.json, none of the 100 rows is left either."""
    short = {name: tensor[:OLD] if name in BOTH else tensor for name, tensor in TENSORS.items()}
    path = folder("short", short)
    refused(path)
    model, _ = load(path, ignore_mismatched_sizes=True)
    assert model.get_input_embeddings().weight.shape == (ROWS, 16)
    _stays(model, "rows were kept")
    model, _ = load(path, vocab_size=OLD)
    model.resize_token_embeddings(ROWS)
    assert model.get_input_embeddings().num_embeddings == ROWS
    assert [rows(model, name) for name in (EMBEDDING, HEAD)] == [OLD, OLD]


def tied_it_loses_every_row_too():
    """Where lm_head is tied to embed_tokens, ignore_mismatched_sizes=True leaves none of the 100 rows either."""
    tied = {name: tensor for name, tensor in TENSORS.items() if name != HEAD}
    assert len(tied) == 20
    for rows_of_config, kept in ((ROWS, OLD), (OLD, 0)):
        path = folder("tied", tied, vocab_size=rows_of_config, tie_word_embeddings=True)
        model, _ = load(path, ignore_mismatched_sizes=True)
        assert model.lm_head.weight is model.model.embed_tokens.weight
        assert rows(model, EMBEDDING) == kept, rows_of_config


def dropping_the_two_keys_loses_every_row_silently():
    """Dropping both keys, then strict=False: it loads, none of the 100 rows is left, and nothing is printed."""
    model = fresh(OLD)
    with printed() as lines:
        model.load_state_dict({name: tensor for name, tensor in TENSORS.items() if name not in BOTH}, strict=False)
    _stays(model, "rows were kept")
    assert lines[0] == "", lines


def the_lines_of_verify_loaded_name_both():
    """verify_loaded.py names both matrices after such a load, with both shapes; after a right one it names nothing."""
    assert verify(load("right")[0], "right") == []
    found = verify(load("stale", ignore_mismatched_sizes=True)[0], "stale")
    print(*found, sep="\n")
    assert {one.parameter for one in found} == BOTH and len(found) == 2, found
    assert all(f"[{OLD}, 16] in the model" in one.how and f"[{ROWS}, 16] in the checkpoint" in one.how for one in found), found


def copying_the_rows_by_hand_keeps_the_old_ones():
    """Cut to the model's 100 rows, the file loads: 100 of 100 rows equal, and the 4 rows that were added are lost."""
    model = fresh(OLD)
    cut = {name: tensor[:OLD] if name in BOTH else tensor for name, tensor in TENSORS.items()}
    model.load_state_dict(cut)
    assert [rows(model, name) for name in (EMBEDDING, HEAD)] == [OLD, OLD] and equal(model) == 19
    assert model.get_input_embeddings().num_embeddings == OLD
    torch.testing.assert_close(model.lm_head.weight, TENSORS[HEAD][:OLD], rtol=0, atol=0)


if __name__ == "__main__":
    ignoring_the_mismatch_loses_every_row()
    only_a_warning_says_so()
    tied_it_loses_every_row_too()
    dropping_the_two_keys_loses_every_row_silently()
    the_lines_of_verify_loaded_name_both()
    with_fewer_rows_in_the_file_it_is_the_same()
    copying_the_rows_by_hand_keeps_the_old_ones()
