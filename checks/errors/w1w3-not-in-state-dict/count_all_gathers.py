"""Count the all-gathers of one ZeRO-3 forward of XTuner's DeepSeek-V2 on two ranks: experts not merged, and merged by N."""

from _two_ranks import count

NOT_MERGED, *MERGED = SIZES = (None, 1, 8, 64)
counted = dict(zip(SIZES, count(SIZES), strict=True))
for n, ranks in counted.items():
    collectives, gathered, _ = ranks[0]
    print(f"{f'{n} merged into one' if n else 'not merged':18}{collectives:4} all-gathers, {gathered} bytes")


def merging_means_fewer_all_gathers():
    """Merging means fewer all-gathers: one forward makes 419 with separate experts, 163, 51 or 37 with N = 1, 8 or 64."""
    assert [[calls for calls, _, _ in ranks] for ranks in counted.values()] == [[n, n] for n in (419, 163, 51, 37)], counted


def merging_gathers_the_same_bytes():
    """Merging sends no fewer bytes: merged or not, a forward gathers every parameter of the model once."""
    sent = {(gathered, parameters) for ranks in counted.values() for _, gathered, parameters in ranks}
    assert len(sent) == 1, sent
    gathered, parameters = sent.pop()
    assert gathered == parameters > 0


if __name__ == "__main__":
    merging_means_fewer_all_gathers()
    merging_gathers_the_same_bytes()
