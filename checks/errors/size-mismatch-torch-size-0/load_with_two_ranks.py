"""Load Qwen2.5-VL 24 times under ZeRO-3 with two ranks on a CPU (gloo)."""

from _ranks import count

LOADS = 24


def _wrong(**options):
    differ = count(LOADS, **options)
    wrong = sum(map(bool, differ))
    print(f"{wrong} of {LOADS} loads left a tensor wrong; tensors wrong in each load: {differ}")
    return f"{wrong} of {LOADS} loads left a tensor wrong, at most {max(differ)} of 80"


def every_load_is_exact():
    """With two ranks on a CPU, each of 24 loads under ZeRO-3 leaves all 80 tensors equal to the checkpoint."""
    said = _wrong()
    assert said.startswith(f"0 of {LOADS} loads "), said


def waiting_for_every_gather_is_exact():
    """With two ranks on a CPU and every gather waited for, each of 24 loads under ZeRO-3 is exact."""
    said = _wrong(wait=True)
    assert said.startswith(f"0 of {LOADS} loads "), said


if __name__ == "__main__":
    every_load_is_exact()
    waiting_for_every_gather_is_exact()
