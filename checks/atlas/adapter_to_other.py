"""A LoRA on the attention, saved by these releases, and loaded by those that lie below."""

from functools import cache

from _adapter import save
from _apart import apart
from _architectures import PUBLISHED
from _elsewhere import elsewhere
from _ways import assert_exact, of_each


def claim(published):
    """The base model and the adapter are exact."""
    failed = _saved()[published.module]
    if failed:
        raise failed
    assert_exact(elsewhere("peft", "_adapter", "load_saved", published.module))


@cache
def _saved():
    """Save every architecture, as the other releases are started once; what each raised."""
    failed = {}
    for name, published in PUBLISHED.items():
        try:
            failed[name] = apart(save, published)
        except Exception as error:
            failed[name] = error
    return failed


__getattr__ = of_each(claim)
