"""What the process prints, kept."""

import os
import tempfile
from contextlib import contextmanager


@contextmanager
def printed():
    """Collect what the process prints, on either stream, into the list that is given; then print it."""
    found = []
    with tempfile.TemporaryFile() as file:
        kept = [os.dup(stream) for stream in (1, 2)]
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
        try:
            yield found
        finally:
            for stream, copy in zip((1, 2), kept, strict=True):
                os.dup2(copy, stream)
                os.close(copy)
            file.seek(0)
            found.append(file.read().decode())
    print(found[0], end="", flush=True)
