"""Make experts of a trained toy random, none, one or all 48, and watch the loss as a training log shows it: batch by batch."""

import copy
import json
from statistics import mean, median, stdev

import torch
from _toy import EXPERTS, HIDDEN, LAYERS, batch, train

BATCHES, OF_AN_EXPERT = 60, 3 * HIDDEN * HIDDEN
trained, changed = train(), []  # how many values each look changed


@torch.no_grad()
def _losses(random, seed):
    """The loss of each of 60 batches when these experts, (layer, number), have the values that XTuner starts them with."""
    toy, generator = copy.deepcopy(trained), torch.Generator().manual_seed(seed)
    before = torch.cat([p.flatten() for p in toy.parameters()])
    for layer, expert in random:
        for weights in (toy.layers[layer].w1w3, toy.layers[layer].w2):
            weights[expert].normal_(0, 0.02, generator=generator)
    changed.append(int((torch.cat([p.flatten() for p in toy.parameters()]) != before).sum()))
    return [float(toy.loss(batch(generator))[0]) for _ in range(BATCHES)]


every = [(layer, expert) for layer in range(LAYERS) for expert in range(EXPERTS)]
none, all_48 = _losses([], seed=100), _losses(every, seed=200)
one = sorted((_losses([expert], seed=300 + number) for number, expert in enumerate(every)), key=mean)
spread, rises = stdev(none), [mean(losses) - mean(none) for losses in one]
print(f"none random: {mean(none):.3f}, from batch to batch {spread:.3f} (standard deviation)")
print(f"one of 48:   {median(map(mean, one)):.3f} in the middle, {mean(one[0]):.3f} to {mean(one[-1]):.3f}")
print(f"all 48:      {mean(all_48):.3f}")
print(f"one random expert raises the loss by less than it differs between batches: {sum(r < spread for r in rises)} of 48")
shown = {"none": none, "one": one[len(one) // 2], "worst": one[-1], "all": all_48}
print("--- data watch-the-loss", json.dumps({name: [round(loss, 3) for loss in losses] for name, losses in shown.items()}))


def _assert_control():
    """The toy has learnt the rule, whose loss is 0.54 at best and 3.47 before; a whole expert was made random each time."""
    assert mean(none) < 1, f"the toy has not learnt: {mean(none)}"
    assert changed == [0, 48 * OF_AN_EXPERT] + [OF_AN_EXPERT] * 48, changed


def one_random_expert_is_lost_among_the_batches():
    """For at least 36 of 48 experts: if it alone is random, the loss rises by less than it differs from batch to batch."""
    _assert_control()
    assert sum(rise < spread for rise in rises) >= 36, rises


def no_single_expert_stands_out():
    """Whichever of the 48 experts alone is random, most of its batches have a loss that good batches have too."""
    _assert_control()
    assert all(sum(loss <= max(none) for loss in losses) > BATCHES / 2 for losses in one)


def all_random_experts_are_seen():
    """If all 48 experts are random, every batch has a larger loss than any good batch, by more than 1."""
    assert min(all_48) > max(none) + 1, (min(all_48), max(none))


if __name__ == "__main__":
    one_random_expert_is_lost_among_the_batches()
    no_single_expert_stands_out()
    all_random_experts_are_seen()
