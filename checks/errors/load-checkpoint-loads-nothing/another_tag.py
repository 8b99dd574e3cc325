"""Two checkpoints in one folder, `step1` and the newer `step2`; the older one is asked for, on one rank, under ZeRO-3."""

import tempfile
from pathlib import Path

from _engine import ZERO3, assert_holds, assert_tag, equal, load, make, start, train, values
from deepspeed.utils.zero_to_fp32 import get_fp32_state_dict_from_zero_checkpoint, load_state_dict_from_zero_checkpoint

_temporary = tempfile.TemporaryDirectory()
folder = _temporary.name
_saved = train(folder, ZERO3)
older, newer = (_saved[tag][0] for tag in ("step1", "step2"))


def it_returns_the_path_of_one_and_loads_the_other():
    """With `tag="step1", load_optimizer_states=False` it returns step1's path, and every parameter is step2's, bit for bit."""
    loaded = load(folder, ZERO3, tag="step1", load_optimizer_states=False)
    assert_tag(loaded, "step1")
    assert equal(loaded.after, older) == 0, "a parameter is step1's"
    assert_holds(loaded.after, newer, "step2")


def with_load_module_only_it_is_the_same():
    """With `load_module_only=True` beside it, too, every parameter is step2's, and step1's path is returned."""
    loaded = load(folder, ZERO3, tag="step1", load_module_only=True, load_optimizer_states=False)
    assert_tag(loaded, "step1")
    assert equal(loaded.after, older) == 0, "a parameter is step1's"
    assert_holds(loaded.after, newer, "step2")


def it_logs_no_warning():
    """Nothing is logged during that load that is a warning or worse."""
    loaded = load(folder, ZERO3, tag="step1", load_optimizer_states=False)
    assert_tag(loaded, "step1")
    assert loaded.warnings == [], loaded.warnings


def a_full_load_keeps_to_the_tag():
    """With the tag alone, the optimizer's states included, every parameter is step1's."""
    assert_holds(load(folder, ZERO3, tag="step1").after, older, "step1")


def the_newest_is_exact():
    """With `load_optimizer_states=False` and the newest tag, or none, every parameter is step2's, bit for bit in bfloat16."""
    for options in ({}, {"tag": "step2"}):
        loaded = load(folder, ZERO3, load_optimizer_states=False, **options)
        assert equal(loaded.before, newer) == 0
        assert_holds(loaded.after, newer, "step2")


def zero_to_fp32_keeps_to_the_tag():
    """`get_fp32_state_dict_from_zero_checkpoint(folder, tag="step1")` is step1: all of it, cast to bfloat16, bit for bit."""
    found = get_fp32_state_dict_from_zero_checkpoint(folder, tag="step1")
    assert equal({name: tensor.bfloat16() for name, tensor in found.items()}, newer) == 0
    assert_holds({name: tensor.bfloat16() for name, tensor in found.items()}, older, "step1")


def loaded_before_the_engine_is_made_it_is_exact():
    """`load_state_dict_from_zero_checkpoint(model, folder, tag="step1")` before deepspeed.initialize: all is step1's."""
    model = load_state_dict_from_zero_checkpoint(make(seed=7), folder, tag="step1")
    assert_holds(values(start(ZERO3, model=model)), older, "step1")


def with_the_tag_written_into_latest_it_is_exact():
    """With `step1` written into the file `latest`, the same call loads every parameter of step1, bit for bit."""
    latest = Path(folder, "latest")
    latest.write_text("step1")
    try:
        assert_holds(load(folder, ZERO3, tag="step1", load_optimizer_states=False).after, older, "step1")
    finally:
        latest.write_text("step2")


def under_stage_1_the_tag_is_kept():
    """Under stage 1 the same call loads every parameter of step1."""
    with tempfile.TemporaryDirectory() as other:
        expected, _ = train(other, 1)["step1"]
        assert_holds(load(other, 1, tag="step1", load_optimizer_states=False).after, expected, "step1, stage 1")


def without_latest_and_tag_it_warns_and_returns_none():
    """Another thing: with no file `latest` and no tag it loads nothing and returns None, and a warning says so."""
    latest = Path(folder, "latest")
    kept = latest.read_text()
    latest.unlink()
    try:
        loaded = load(folder, ZERO3)
    finally:
        latest.write_text(kept)
    print(loaded.warnings)
    assert loaded.path is None and equal(loaded.after, loaded.before) == len(newer)
    assert any("Unable to find latest file" in line for line in loaded.warnings), loaded.warnings


if __name__ == "__main__":
    it_returns_the_path_of_one_and_loads_the_other()
    with_load_module_only_it_is_the_same()
    it_logs_no_warning()
    a_full_load_keeps_to_the_tag()
    the_newest_is_exact()
    zero_to_fp32_keeps_to_the_tag()
    loaded_before_the_engine_is_made_it_is_exact()
    with_the_tag_written_into_latest_it_is_exact()
    under_stage_1_the_tag_is_kept()
    without_latest_and_tag_it_warns_and_returns_none()
