"""Load a DeepSeek-V2 checkpoint of four files in shard mode, in whatever versions are installed here."""

import os
import tempfile
import traceback

from _checkpoint import save

from snippets.verify_loaded import verify

_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
FOLDER = "deepseek-ai/DeepSeek-V2-Lite"
save(FOLDER)
model, error, messages = None, "", []
try:
    from _shard_mode import load

    loaded = load(FOLDER)
    model, messages = loaded.model, loaded.lines
except Exception as failed:  # a version that cannot load is what this module is here to find
    traceback.print_exc(limit=-2)
    error = f"{type(failed).__name__}: {failed}"


def loads_exactly():
    """In shard mode the checkpoint loads, and every parameter equals it, bit for bit."""
    assert model is not None, error
    assert verify(model, FOLDER) == []


def prints_the_line():
    """The load prints the line, once for each of the four files."""
    assert len(messages) == 4, error or f"{len(messages)} lines"


if __name__ == "__main__":
    loads_exactly()
    prints_the_line()
