"""A LoRA on the attention, saved by the releases that lie below, and loaded by these."""

from _adapter import load_saved
from _apart import apart
from _elsewhere import elsewhere
from _ways import assert_exact, of_each


def claim(published):
    """The base model and the adapter are exact."""
    elsewhere("peft", "_adapter", "save", published.module)
    assert_exact(apart(load_saved, published))


__getattr__ = of_each(claim)
