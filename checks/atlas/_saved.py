"""Loaded, saved by save_pretrained, and loaded again: perhaps by another release. Compared with what is published."""

from _ways import Loaded, class_of, load, seen, told

FOLDER = "saved"


def save(published):
    """Load the published weights, and save them."""
    model, _ = load(published, class_of(published))
    try:
        model.save_pretrained(published.place / FOLDER)
    except Exception as error:
        raise AssertionError(f"error: while saving, {told(error)}") from error


def load_saved(published):
    """Load what was saved; it is compared with what is published."""
    return seen(Loaded(published, *load(published, class_of(published), published.place / FOLDER)))
