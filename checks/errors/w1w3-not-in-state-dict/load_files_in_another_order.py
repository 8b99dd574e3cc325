"""Load whole and valid files whose names are not in the order of the layers, with XTuner in shard mode."""

import gc
import os
import tempfile

from _checkpoint import SMALL, save, split, tensors
from _shard_mode import as_in_a_new_process, error_of, load, load_without_shard_mode

from snippets.verify_loaded import verify

_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
gc.freeze()  # transformers collects garbage after each file; what is imported need not be searched each time
CONFIG = SMALL | {"num_hidden_layers": 12}  # two digits, so that 10 sorts before 2
STORED = tensors(CONFIG)
EACH = len(STORED) // 12
SIZES = [EACH] * 11 + [len(STORED) - 11 * EACH]


def _save(folder, names, **options):
    save(folder, split({name: STORED[name] for name in names}, SIZES), CONFIG, **options)
    return folder


FOLDERS = [
    _save("alphabetical", sorted(STORED)),
    _save("unpadded", STORED, name="model-{}-of-{}.safetensors"),
    _save("reversed", reversed(list(STORED))),
]


def in_order_they_load():
    """In 12 files in the order of the layers, the checkpoint loads exactly."""
    folder = _save("in-order", STORED)
    assert error_of(load, folder, 4) is None
    assert verify(load(folder, 4).model, folder) == []


def in_another_order_they_raise():
    """In alphabetical order of the tensors, numbered 1, 10, 11, 12, 2, or last layer first, tensors of unlike sizes meet."""
    for folder in FOLDERS:
        error = error_of(load, folder, 4)
        said = ("stack expects each tensor to be equal size", "Sizes of tensors must match")
        assert isinstance(error, RuntimeError) and str(error).startswith(said), (folder, error)


def saved_again_they_load():
    """Without shard mode these files load exactly; saved again from there, they load exactly in shard mode as well."""
    for folder in FOLDERS:
        as_in_a_new_process()
        model = load_without_shard_mode(folder, torch_dtype="auto")
        assert verify(model, folder) == [], folder
        model.save_pretrained(f"{folder}-again", max_shard_size="10KB")
        assert error_of(load, f"{folder}-again", 4) is None, folder
        assert verify(load(f"{folder}-again", 4).model, folder) == [], folder


if __name__ == "__main__":
    in_order_they_load()
    in_another_order_they_raise()
    saved_again_they_load()
