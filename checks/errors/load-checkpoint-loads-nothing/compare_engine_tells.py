"""check_engine_load.py on engines that hold what was asked for, nothing of it, or another tag."""

import tempfile

from _engine import ZERO3, load, on_ranks, start, train

from snippets.check_engine_load import compare_engine

_temporary = tempfile.TemporaryDirectory()
folder = f"{_temporary.name}/one"
train(folder, ZERO3)


def _told(engine, tag=None, place=folder):
    answer = compare_engine(engine, place, tag)
    print(answer.text)
    return answer


def a_full_load_is_equal():
    """After a full load it says "equal", of the newest tag and of the older one: status 0."""
    for tag in (None, "step1"):
        answer = _told(load(folder, ZERO3, tag=tag).engine, tag)
        assert answer.status == 0 and answer.text.startswith("equal: all 4 parameters"), answer


def a_load_of_nothing_is_told():
    """After `load_module_only=True` it says "4 of 4 parameters differ", and that no other checkpoint is there: status 1."""
    answer = _told(load(folder, ZERO3, load_module_only=True).engine)
    assert answer.status == 1, answer
    assert answer.text.startswith("4 of 4 parameters differ from step2") and "no other checkpoint" in answer.text, answer.text


def another_tag_is_named():
    """After `tag="step1", load_optimizer_states=False` it says that all equal those of step2: status 1."""
    answer = _told(load(folder, ZERO3, tag="step1", load_optimizer_states=False).engine, "step1")
    assert answer.status == 1 and "all 4 equal those of step2" in answer.text, answer


def under_stage_1_it_compares_too():
    """Under stage 1 it says "equal" after a load, and "differ" before it."""
    with tempfile.TemporaryDirectory() as other:
        train(other, 1)
        assert _told(load(other, 1, load_module_only=True).engine, None, other).status == 0
        assert _told(start(1), None, other).status == 1


def what_is_no_checkpoint_is_not_looked_at():
    """Of a folder without a checkpoint, or of a tag that is not there, it says "not looked at": status 2."""
    engine = start(ZERO3)
    with tempfile.TemporaryDirectory() as empty:
        assert _told(engine, None, empty).status == 2
    answer = _told(engine, "step9")
    assert answer.status == 2 and answer.text.startswith("not looked at"), answer


def on_two_ranks_each_gets_the_answer():
    """On two ranks both get the same answer: equal after a full load, 4 of 4 differ after load_module_only."""
    place = f"{_temporary.name}/two"
    on_ranks(2, "train", place, ZERO3)
    full, nothing = (on_ranks(2, "tell", place, ZERO3, **options) for options in ({}, {"load_module_only": True}))
    print(full, nothing)
    assert [one[0] for one in full] == [0, 0] and [one[0] for one in nothing] == [1, 1]
    assert full[0] == full[1] and nothing[0] == nothing[1]


if __name__ == "__main__":
    a_full_load_is_equal()
    a_load_of_nothing_is_told()
    another_tag_is_named()
    under_stage_1_it_compares_too()
    what_is_no_checkpoint_is_not_looked_at()
    on_two_ranks_each_gets_the_answer()
