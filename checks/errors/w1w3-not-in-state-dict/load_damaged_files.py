"""Load files that were damaged on disk or on the way, with XTuner in shard mode."""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from _checkpoint import SMALL, save, split, tensors
from _shard_mode import error_of, load
from safetensors import SafetensorError

from snippets.verify_loaded import verify

_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
FILE = "model-00002-of-000003.safetensors"
save("good", split(tensors(SMALL), (30, 30, 23)), SMALL)
whole = Path("good", FILE).read_bytes()


def _damaged(folder, content):
    shutil.copytree("good", folder, dirs_exist_ok=True)
    Path(folder, FILE).write_bytes(content)
    return folder


flipped = load(_damaged("flipped", whole[:-1] + bytes([whole[-1] ^ 1])), 4)
zeroed = load(_damaged("zeroed", whole[:-200] + bytes(200)), 4)


def damaged_contents_load_silently():
    """A flipped bit or a tail of zeros: the load raises nothing, and collects no error; safetensors has no checksums."""
    for loaded, folder in ((flipped, "flipped"), (zeroed, "zeroed")):
        assert Path(folder, FILE).read_bytes() != whole, f"{folder}: not damaged"
        assert (len(loaded.lines), loaded.errors, loaded.loud) == (3, [], []), loaded.loud


def only_a_good_copy_shows_it():
    """Comparing with the damaged files finds nothing, with a good copy it names the tensors; the SHA-256 differs too."""
    assert verify(flipped.model, "flipped") == verify(zeroed.model, "zeroed") == []
    assert len(verify(flipped.model, "good")) == 1
    assert len(verify(zeroed.model, "good")) > 1
    digests = {hashlib.sha256(Path(folder, FILE).read_bytes()).hexdigest() for folder in ("good", "flipped", "zeroed")}
    assert len(digests) == 3


def broken_files_raise():
    """A truncated file, an empty one and a Git LFS pointer each raise a SafetensorError."""
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 1\n"
    broken = {
        "truncated": (whole[:-1], "MetadataIncompleteBuffer"),
        "empty": (b"", "HeaderTooSmall"),
        "pointer": (pointer, "HeaderTooLarge"),
    }
    for folder, (content, said) in broken.items():
        error = error_of(load, _damaged(folder, content), 4)
        assert isinstance(error, SafetensorError) and said in str(error), (folder, error)


if __name__ == "__main__":
    damaged_contents_load_silently()
    only_a_good_copy_shows_it()
    broken_files_raise()
