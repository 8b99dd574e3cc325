"""The loss that a training log shows, batch by batch: no, one and all of a toy's 48 experts random."""

from matplotlib.figure import Figure

EVIDENCE = "w1w3-not-in-state-dict/watch_the_loss@torch-2.13-cpu"
WORDS = {
    "none": ("no expert random", "没有专家是随机值"),
    "one": ("1 of 48 random", "48 个里 1 个是随机值"),
    "worst": ("1 of 48, the worst one", "48 个里影响最大的 1 个"),
    "all": ("all 48 random", "48 个全是随机值"),
    "loss": ("loss", "loss"),
    "batches": ("60 batches, one dot each; bar and number: their mean", "每个点是一个批次，共 60 个；竖线和数字是均值"),
}
ROWS = {"none": "C3", "one": "C1", "worst": "C1", "all": "C2"}


def draw(data, language):
    """Return the figure: one row for each case, so that two rows can be compared where they overlap."""
    words = {key: pair[language == "zh"] for key, pair in WORDS.items()}
    figure = Figure(figsize=(540 / 72, 200 / 72))
    axes = figure.add_axes((0.29, 0.24, 0.68, 0.72))
    axes.axvspan(min(data["none"]), max(data["none"]), color="C3", alpha=0.12, lw=0)
    for row, (name, colour) in enumerate(ROWS.items()):
        losses = data[name]
        spread = [row + (index * 7 % 13 - 6) / 30 for index in range(len(losses))]
        axes.plot(losses, spread, "o", ms=3.4, mew=0, color=colour, alpha=0.75)
        mean = sum(losses) / len(losses)
        axes.plot([mean, mean], [row - 0.36, row + 0.36], color="black", lw=2)
        axes.text(max(losses) + (-0.5 if name == "all" else 0.12), row, f"{mean:.2f}", va="center", size=10)
        axes.text(-0.02, row, words[name], transform=axes.get_yaxis_transform(), ha="right", va="center", size=10)
    axes.set(xlim=(0, 4), ylim=(len(ROWS) - 0.5, -0.5), yticks=[])
    axes.set_xticks(range(5), [""] * 5)
    for value in range(5):
        axes.text(value, len(ROWS) - 0.08, str(value), ha="center", size=9)
    axes.text(4, len(ROWS) + 0.42, words["loss"], ha="right", size=9.5)
    axes.text(0, len(ROWS) + 0.42, words["batches"], size=9.5, color="grey")
    axes.spines[["top", "right", "left"]].set_visible(False)
    return figure
