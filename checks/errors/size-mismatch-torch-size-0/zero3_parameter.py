"""What DeepSpeed ZeRO-3 leaves of a parameter on each of two ranks, and what a load without and with a gather does to it."""

import json

from _two_ranks import FFN, look

ranks = look()
print("--- data missing-gather", json.dumps({"checkpoint": [FFN], "ranks": ranks}))


def each_rank_keeps_a_slice():
    """Under ZeRO-3 on two ranks a bias of 3420 values has shape [0]; each rank keeps 1710 of them in its `ds_tensor`."""
    for seen in ranks:
        assert (seen["shape"], seen["ds_shape"], seen["ds_tensor"]) == ([0], [3420], [1710]), seen


def without_a_gather_nothing_reaches_the_slices():
    """A load without a gather meets shape [0] on each rank and raises; no value of the checkpoint is in a slice then."""
    for seen in ranks:
        print(seen["error"])
        assert "up_proj.bias: copying a param with shape torch.Size([3420]) from checkpoint" in seen["error"], seen
        assert "the shape in current model is torch.Size([0])." in seen["error"], seen
        assert seen["without"] == [None, None, 0], seen


def gathered_each_slice_gets_its_part():
    """Inside a gather the parameter has its 3420 values; after the load each rank's slice holds its half of the checkpoint."""
    assert [seen["gathered"] for seen in ranks] == [[3420], [3420]], ranks
    assert [seen["with"] for seen in ranks] == [[0, 1709, 1710], [1710, 3419, 1710]], ranks
    assert [(seen["after"], seen["equal"]) for seen in ranks] == [([0], 3420), ([0], 3420)], ranks


if __name__ == "__main__":
    each_rank_keeps_a_slice()
    without_a_gather_nothing_reaches_the_slices()
    gathered_each_slice_gets_its_part()
