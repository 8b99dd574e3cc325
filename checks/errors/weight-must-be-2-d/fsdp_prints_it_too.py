"""FSDP without DeepSpeed, on two ranks: a part of the wrapped model called outside its forward pass."""

from _fsdp import look

MESSAGE = "'weight' must be 2-D"


def the_module_inside_prints_the_message():
    """With use_orig_params=True the module inside, or its embedding alone, raises `'weight' must be 2-D` on both ranks."""
    for seen in look():
        one = seen["original True"]
        assert (one["inner"], one["embedding"]) == (MESSAGE, MESSAGE), one


def a_linear_layer_says_mat2_must_be_a_matrix():
    """A linear layer of it, called alone: `mat2 must be a matrix, got 1-D tensor`."""
    for seen in look():
        assert seen["original True"]["linear"] == "mat2 must be a matrix, got 1-D tensor", seen


def the_wrapped_root_is_exact():
    """The wrapped root, called, is exact, with use_orig_params=True and False."""
    for seen in look():
        assert [seen[f"original {kind}"]["root"] for kind in (True, False)] == ["equal", "equal"], seen


def after_the_root_was_called_the_module_inside_still_raises():
    """After a call of the root the module inside still raises the message (use_orig_params=True)."""
    for seen in look():
        assert seen["original True"]["inner after root"] == MESSAGE, seen["original True"]["inner after root"]


def summoned_it_is_exact():
    """Inside `FSDP.summon_full_params(wrapped)` the module inside is exact."""
    for seen in look():
        assert [seen[f"original {kind}"]["summoned"] for kind in (True, False)] == ["equal", "equal"], seen


def without_use_orig_params_the_text_is_another():
    """With use_orig_params=False, before the first call of the root: `setStorage: ... out of bounds for storage of size 0`."""
    for seen in look():
        said = seen["original False"]["inner"]
        assert said.startswith("setStorage: sizes") and said.endswith("out of bounds for storage of size 0"), said


def each_rank_has_pieces():
    """No parameter has two dimensions there: each rank has pieces, flat or of shape [0]."""
    shapes = [seen["original True"]["shapes"] for seen in look()]
    assert all(len(shape) == 1 for rank in shapes for shape in rank), shapes
    assert all([0] in rank for rank in shapes), shapes


def a_penalty_on_the_weights_is_that_of_a_piece():
    """Silent there, too: the sum of squares of all weights is that of the rank's pieces; summoned, it is the whole model's."""
    seen = look()
    pieces = [one["original True"]["squares"] for one in seen]
    assert all(0 < piece < 0.99 * seen[0]["squares"] for piece in pieces), pieces
    assert all(abs(one["original True"]["squares summoned"] - one["squares"]) < 1e-9 for one in seen), seen


def fully_shard_speaks_of_dtensor():
    """`fully_shard` (FSDP2) has a text of its own: `got mixed torch.Tensor and DTensor`."""
    for seen in look():
        assert "got mixed torch.Tensor and DTensor" in seen["fully_shard"], seen["fully_shard"]


if __name__ == "__main__":
    the_module_inside_prints_the_message()
    a_linear_layer_says_mat2_must_be_a_matrix()
    the_wrapped_root_is_exact()
    after_the_root_was_called_the_module_inside_still_raises()
    summoned_it_is_exact()
    without_use_orig_params_the_text_is_another()
    each_rank_has_pieces()
    a_penalty_on_the_weights_is_that_of_a_piece()
    fully_shard_speaks_of_dtensor()
