"""Saved by save_pretrained and loaded again, by the same release."""

from _apart import apart
from _saved import load_saved, save
from _ways import assert_exact, of_each


def claim(published):
    """It is as it was published."""
    assert_exact(apart(again, published))


def again(published):
    save(published)
    return load_saved(published)


__getattr__ = of_each(claim)
