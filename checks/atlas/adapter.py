"""A LoRA on the attention, saved and loaded again by the same releases."""

from _adapter import load_saved, save
from _apart import apart
from _ways import assert_exact, of_each


def claim(published):
    """The base model and the adapter are exact."""
    assert_exact(apart(again, published))


def again(published):
    save(published)
    return load_saved(published)


__getattr__ = of_each(claim)
