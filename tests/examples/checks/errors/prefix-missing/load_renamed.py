"""Look a parameter up in a state dict whose keys carry a prefix."""

from snippets.rename_keys import rename

saved = {"model.weight": [1, 2], "model.bias": [3]}


def plain_look_up_fails():
    """A plain look-up fails: the key `weight` is not there."""
    try:
        saved["weight"]
        raise AssertionError("the key was found")
    except KeyError as error:
        print(f"KeyError: {error} <script>alert(1)</script> ```")
        assert error.args == ("weight",)


def renamed_keys_are_found():
    """Without the prefix `model.`, every value is found unchanged."""
    assert rename(saved, "model.", "") == {"weight": [1, 2], "bias": [3]}


if __name__ == "__main__":
    plain_look_up_fails()
    renamed_keys_are_found()
