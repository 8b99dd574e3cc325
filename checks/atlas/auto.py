"""Loaded by AutoModel: the class without its head."""

import transformers
from _apart import apart
from _ways import Loaded, assert_exact, class_of, load, of_each, seen


def claim(published):
    """It is exact."""
    assert_exact(apart(auto, published))


def auto(published):
    class_of(published)
    return seen(Loaded(published, *load(published, transformers.AutoModel), unused=published.head))


__getattr__ = of_each(claim)
