"""What a load says of a file with 104 rows and a model with 100: by from_pretrained, and by load_state_dict."""

from _resized import EMBEDDING, HEAD, OLD, ROWS, TENSORS, equal, error, folder, fresh, load, refused

FILE_HAS, MODEL_HAS = f"torch.Size([{ROWS}, 16])", f"torch.Size([{OLD}, 16])"
WORDS = f"copying a param with shape {FILE_HAS} from checkpoint, the shape in current model is {MODEL_HAS}"
TABLE = f"ckpt: {FILE_HAS} vs model:{MODEL_HAS}"
HINT = "You may consider adding `ignore_mismatched_sizes=True` in the model `from_pretrained` method."


def it_names_the_embedding():
    """from_pretrained stops with torch's words and the name: "size mismatch for model.embed_tokens.weight"."""
    text, _ = refused("stale")
    assert f"size mismatch for {EMBEDDING}: {WORDS}" in text, text.strip().splitlines()[-1].strip()


def it_names_no_parameter():
    """from_pretrained stops with torch's words and no parameter's name: "size mismatch for weight"."""
    text, _ = refused("stale")
    assert f"size mismatch for weight: {WORDS}" in text and EMBEDDING not in text, text.strip().splitlines()[-1].strip()


def it_prints_a_table():
    """from_pretrained prints a table in which both are MISMATCH; the error says "look at the above report!"."""
    text, lines = refused("stale")
    assert text.endswith("For details look at the above report!"), text.strip().splitlines()[-1].strip()
    rows = {line.split(" ")[0]: line for line in lines.splitlines() if "| MISMATCH |" in line}
    assert rows.keys() == {EMBEDDING, HEAD} and all(TABLE in line for line in rows.values()), lines


def it_advises_to_ignore_the_mismatch():
    """The error itself advises ignore_mismatched_sizes=True."""
    text, _ = refused("stale")
    assert HINT in text, text.strip().splitlines()[-1].strip()


def load_state_dict_names_both():
    """Your own load_state_dict names both parameters, embed_tokens and lm_head, in torch's words."""
    text, _ = error(lambda: fresh(OLD).load_state_dict(TENSORS))
    told = [line.strip().removesuffix(".") for line in text.splitlines() if "size mismatch" in line]
    assert sorted(told) == sorted(f"size mismatch for {name}: {WORDS}" for name in (EMBEDDING, HEAD)), told


def strict_false_stops_as_well():
    """load_state_dict(strict=False) stops with the same words: it lets names differ, not shapes."""
    strict, _ = error(lambda: fresh(OLD).load_state_dict(TENSORS))
    loose, _ = error(lambda: fresh(OLD).load_state_dict(TENSORS, strict=False))
    assert strict == loose and loose.count(WORDS) == 2, loose


def another_size_names_the_layers_too():
    """A model of another hidden size names its layers as well, 21 of 21: with a resized vocabulary it is 2 of 21."""
    for rows, changed, named in ((OLD, {}, 2), (ROWS, {"hidden_size": 8}, 21)):
        text, _ = error(lambda rows=rows, changed=changed: fresh(rows, **changed).load_state_dict(TENSORS))
        assert text.count("size mismatch for ") == named, text


def the_same_rows_load_exactly():
    """With 104 in config.json the same file loads exactly: 21 of 21 tensors."""
    refused("stale")
    assert equal(load(folder("corrected", vocab_size=ROWS))[0]) == 21


if __name__ == "__main__":
    it_names_the_embedding()
    it_names_no_parameter()
    it_prints_a_table()
    it_advises_to_ignore_the_mismatch()
    load_state_dict_names_both()
    strict_false_stops_as_well()
    another_size_names_the_layers_too()
    the_same_rows_load_exactly()
