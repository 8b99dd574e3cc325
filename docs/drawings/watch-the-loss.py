"""The loss that a training log shows, batch by batch: no, one and all of a toy's 48 experts random."""

from matplotlib.figure import Figure

EVIDENCE = "w1w3-not-in-state-dict/watch_the_loss@torch-2.13-cpu"
WORDS = {
    "none": ("no expert random", "没有专家是随机值"),
    "one": ("1 of 48 random", "48 个中 1 个是随机值"),
    "worst": ("1 of 48, the worst", "48 个中影响最大的 1 个"),
    "all": ("all 48 random", "48 个全是随机值"),
    "loss": ("loss 4", "loss 4"),
    "batches": ("60 batches, a dot each; bar, number: the mean", "每点一个批次，共 60 个；竖线和数字是均值"),
}
ROWS = {"none": "C3", "one": "C1", "worst": "C1", "all": "C2"}
SIZE = 12.5


def draw(data, language):
    """Return the figure: one row for each case, so that rows can be compared where they overlap. Narrow: it fits a phone."""
    words = {key: pair[language == "zh"] for key, pair in WORDS.items()}
    figure = Figure(figsize=(340 / 72, 256 / 72))
    axes = figure.add_axes((0.03, 0.18, 0.94, 0.8), xlim=(0, 4), ylim=(3.6, -0.7), yticks=[])
    axes.axvspan(min(data["none"]), max(data["none"]), color="C3", alpha=0.12, lw=0)
    for row, (name, colour) in enumerate(ROWS.items()):
        losses, mean = data[name], sum(data[name]) / len(data[name])
        spread = [row + (index * 7 % 13 - 6) / 30 for index in range(len(losses))]
        axes.plot(losses, spread, "o", ms=3, mew=0, color=colour, alpha=0.75)
        axes.plot([mean, mean], [row - 0.32, row + 0.32], color="black", lw=2)
        right = max(losses) < 2
        side, x, beside = ("left", max(losses) + 0.1, 0.46) if right else ("right", min(losses) - 0.1, -0.46)
        axes.text(x, row + 0.12, f"{mean:.2f}", ha=side, size=SIZE, weight="bold")
        axes.text(x + beside, row + 0.12, words[name], ha=side, size=SIZE)
    axes.set_xticks(range(5), [""] * 5)
    for value in range(5):
        axes.text(value, 3.98, words["loss"] if value == 4 else str(value), ha="right" if value == 4 else "center", size=SIZE)
    axes.text(0, 4.4, words["batches"], size=SIZE, color="grey")
    axes.spines[["top", "right", "left"]].set_visible(False)
    return figure
