"""The same on two ranks, where each parameter is divided between them."""

from _two_ranks import WAIT, look


def both_raise_the_message():
    """On two ranks, both raise `'weight' must be 2-D`."""
    assert [seen["called"] for seen in look()] == ["RuntimeError: 'weight' must be 2-D"] * 2


def gathered_on_both_it_is_exact():
    """Gathered on both ranks, the call is exact on both."""
    assert [seen["gathered"] for seen in look()] == [True, True], "no error, another result"


def as_an_engine_it_is_exact():
    """As an engine of its own, it is exact on both."""
    assert [seen["engine"] for seen in look()] == [True, True], "no error, another result"


def gathered_on_one_alone_it_waits():
    """Gathered on rank 0 alone, as inside `if rank == 0:`, it waits: after 20 seconds it has not begun."""
    assert WAIT == 20
    assert look("alone"), "it did not wait"


if __name__ == "__main__":
    both_raise_the_message()
    gathered_on_both_it_is_exact()
    as_an_engine_it_is_exact()
    gathered_on_one_alone_it_waits()
