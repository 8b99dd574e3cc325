"""Saved by the other release, which lies below this one, and loaded by this one."""

from _apart import apart
from _elsewhere import elsewhere
from _saved import load_saved
from _ways import assert_exact, of_each


def claim(published):
    """It is as it was published."""
    elsewhere("transformers", "_saved", "save", published.module)
    assert_exact(apart(load_saved, published))


__getattr__ = of_each(claim)
