"""Load Qwen2.5-VL from its published layout in whatever versions are installed here, in three ways."""

from _load_published import equal, load


def _load(**options):
    try:
        return load(**options)
    except Exception as error:  # a version that cannot load is what this module is here to find
        said = str(error).partition(" (")[0]  # an ImportError ends with the path of the file in brackets
        raise AssertionError(f"{type(error).__name__}: {said}") from error


def _equal_under_zero3(**options):
    return equal(_load(zero3=True, **options), zero3=True)


def plain_load_is_exact():
    """Without DeepSpeed the checkpoint loads, and all 80 tensors equal it, bit for bit."""
    found = equal(_load())
    assert found == 80, f"no error, {found} of 80 equal"


def zero3_load_is_exact():
    """Under ZeRO-3 the checkpoint loads, and all 80 tensors equal it, bit for bit."""
    found = _equal_under_zero3()
    assert found == 80, f"no error, {found} of 80 equal"


def ignoring_mismatches_is_exact():
    """Under ZeRO-3 with `ignore_mismatched_sizes=True` the checkpoint loads, and all 80 tensors equal it, bit for bit."""
    found = _equal_under_zero3(ignore_mismatched_sizes=True)
    assert found == 80, f"no error, {found} of 80 equal"


if __name__ == "__main__":
    plain_load_is_exact()
    zero3_load_is_exact()
    ignoring_mismatches_is_exact()
