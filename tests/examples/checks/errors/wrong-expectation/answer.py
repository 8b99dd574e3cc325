"""A number that is even."""

ANSWER = 42


def is_even():
    """The answer is even."""
    assert ANSWER % 2 == 0


def is_odd():
    """The answer is odd, says a popular post."""
    assert ANSWER % 2 == 1, f"{ANSWER} is even"


if __name__ == "__main__":
    is_even()
    is_odd()
