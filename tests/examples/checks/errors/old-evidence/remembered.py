"""A value is written and read."""

store = {"key": 1}


def value_is_kept():
    """The value that was written is read."""
    assert store["key"] == 1


if __name__ == "__main__":
    value_is_kept()
