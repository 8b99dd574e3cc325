"""Saved by this release, and loaded by the other one, which lies below."""

from functools import cache

from _apart import apart
from _architectures import PUBLISHED
from _elsewhere import elsewhere
from _saved import save
from _ways import assert_exact, of_each


def claim(published):
    """It is as it was published."""
    failed = _saved()[published.module]
    if failed:
        raise failed
    assert_exact(elsewhere("transformers", "_saved", "load_saved", published.module))


@cache
def _saved():
    """Save every architecture, as the other release is started once; what each raised."""
    failed = {}
    for name, published in PUBLISHED.items():
        try:
            failed[name] = apart(save, published)
        except Exception as error:
            failed[name] = error
    return failed


__getattr__ = of_each(claim)
