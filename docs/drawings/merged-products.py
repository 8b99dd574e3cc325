"""Milliseconds of the experts' first product for 1 to 4,096 tokens, in three ways, beside what the device does at best."""

from matplotlib.figure import Figure

EVIDENCE = "w1w3-not-in-state-dict/merged_products@cuda-system-torch"
WORDS = {
    "two": ("two for each expert", "每个专家算两次"),
    "one": ("one for each expert", "每个专家算一次"),
    "all": ("one for all", "全部专家算一次"),
    "best": ("as fast as it copies and multiplies", "按实测带宽和算力的下限"),
    "tokens": ("tokens", "token 数"),
    "ms": ("ms", "毫秒"),
}
LINES = {"two": "C2", "one": "C1", "all": "C3"}
EXPERTS, CHOSEN, HIDDEN, FFN, BYTES = 64, 6, 2048, 2816, 2  # both matrices of an expert, in bfloat16
SIZE = 12.5


def draw(data, language):
    """Return the figure: a line for each way; dashed, how long it takes to read the weights once or to compute the products."""
    words = {key: pair[language == "zh"] for key, pair in WORDS.items()}
    sizes = sorted(map(int, data["milliseconds"]))
    figure = Figure(figsize=(340 / 72, 300 / 72))
    axes = figure.add_axes((0.12, 0.12, 0.86, 0.66), xscale="log", yscale="log")
    best = [_at_best(size, data["device"]) for size in sizes]
    axes.plot(sizes, best, "--", color="grey", lw=1.5)
    for number, colour in enumerate(LINES.values()):
        axes.plot(sizes, [data["milliseconds"][str(size)][number] for size in sizes], "o-", color=colour, ms=4, lw=1.5)
    for row, (name, colour) in enumerate([*LINES.items(), ("best", "grey")]):
        axes.text(0.06, 1.28 - 0.075 * row, words[name], transform=axes.transAxes, size=SIZE)
        axes.plot([0, 0.045], [1.3 - 0.075 * row] * 2, color=colour, lw=3, transform=axes.transAxes, clip_on=False)
    axes.minorticks_off()
    axes.set_xticks(sizes, [""] * len(sizes))
    marks = [
        10.0**power for power in range(-3, 4) if min(best) / 3 < 10.0**power < 3 * max(map(max, data["milliseconds"].values()))
    ]
    axes.set_yticks(marks, [""] * len(marks))
    for size in sizes:
        axes.text(size, -0.07, f"{size:,}", ha="center", size=SIZE, transform=axes.get_xaxis_transform())
    for mark in marks:
        axes.text(-0.02, mark, f"{mark:g}", ha="right", va="center_baseline", size=SIZE, transform=axes.get_yaxis_transform())
    axes.text(1, -0.15, words["tokens"], ha="right", size=SIZE, color="grey", transform=axes.transAxes)
    axes.text(-0.02, 1.06, words["ms"], ha="right", size=SIZE, color="grey", transform=axes.transAxes)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _at_best(size, device):
    """Return the milliseconds below which this device cannot be: the weights are read once, the products computed."""
    experts = min(EXPERTS, CHOSEN * size)
    read = experts * HIDDEN * FFN * BYTES / device["GB/s"] / 1e6
    computed = 2 * CHOSEN * size * HIDDEN * FFN / device["TFLOP/s"] / 1e9
    return max(read, computed)
