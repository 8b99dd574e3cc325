"""Load checkpoints that lack something, with XTuner in shard mode."""

import json
import os
import tempfile
from pathlib import Path

from _checkpoint import SMALL, save, split, tensors
from _shard_mode import error_of, load

from snippets.verify_loaded import compare, verify

_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
EXPERT = "model.layers.1.mlp.experts.3"


def _error(folder, missing="nothing", **changed):
    """What a load raises when the tensors with this prefix are missing and config.json differs."""
    named = {name: tensor for name, tensor in tensors(SMALL).items() if not name.startswith(missing)}
    save(folder, split(named, (30, 30, len(named) - 60)), SMALL | changed)
    return error_of(load, folder, 4)


def a_missing_expert_or_linear_raises():
    """If an expert is missing, a bare AssertionError follows; if one of its linears is, an error about sizes of tensors."""
    error = _error("expert", EXPERT + ".")
    assert isinstance(error, AssertionError) and not str(error), error
    error = _error("linear", EXPERT + ".up_proj")
    assert isinstance(error, RuntimeError) and "stack expects each tensor to be equal size" in str(error), error


def tied_weights_without_lm_head_raise():
    """If lm_head is tied to the embeddings and not stored, a bare AssertionError follows; stored as a copy, it loads."""
    error = _error("tied", "lm_head", tie_word_embeddings=True)
    assert json.loads(Path("tied/config.json").read_text())["tie_word_embeddings"], "not tied"
    assert isinstance(error, AssertionError) and not str(error), error
    named = tensors(SMALL) | {"lm_head.weight": tensors(SMALL)["model.embed_tokens.weight"]}
    save("copied", split(named, (30, 30, 23)), SMALL | {"tie_word_embeddings": True})
    assert verify(load("copied", 4).model, "copied") == []


def more_layers_than_stored_raise():
    """If config.json has more layers than are stored, a bare AssertionError follows."""
    error = _error("more", num_hidden_layers=4)
    assert isinstance(error, AssertionError) and not str(error), error


def fewer_layers_than_stored_load_silently():
    """If config.json has fewer layers than are stored, the rest is left out in silence; verify_loaded.py's compare names it."""
    assert _error("fewer", num_hidden_layers=2) is None
    loaded = load("fewer", 4)
    assert (len(loaded.model.model.layers), loaded.errors, verify(loaded.model, "fewer")) == (2, [], [])
    assert loaded.loud == [], loaded.loud
    report = compare(loaded.model, "fewer")
    assert sorted(report.unused) == sorted(name for name in tensors(SMALL) if name.startswith("model.layers.2.")), report.unused


if __name__ == "__main__":
    a_missing_expert_or_linear_raises()
    tied_weights_without_lm_head_raise()
    more_layers_than_stored_raise()
    fewer_layers_than_stored_load_silently()
