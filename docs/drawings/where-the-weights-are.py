"""A training under ZeRO-3 on two ranks: what the saved file holds, what each rank's file does, and what comes of both."""

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

EVIDENCE = "torch-size-0-from-checkpoint/two_ranks"
EMPTY, WHOLE, STOPS = (
    "save_pretrained_writes_empty_tensors",
    "zero_to_fp32_gives_every_tensor_back",
    "without_one_ranks_optimizer_file_it_stops",
)
WORDS = {
    "saved": ("model.safetensors", "model.safetensors"),
    "names": ("names, no values", "只有名字，没有数值"),
    "rank": ("optim_states.pt, rank {}", "optim_states.pt，rank {}"),
    "all": ("all: zero_to_fp32.py", "全部：zero_to_fp32.py"),
    "whole": ("every tensor", "每个张量"),
    "one": ("one is missing", "缺一个"),
    "stops": ("it stops", "停下"),
    "not run": ("not run", "没有运行"),
}
WIDTH, LABEL, BAR, ROW, TOP = 340, 172, 156, 25, 4


def draw(data, language):
    """Return the figure: a row for each file, and for what comes of them. Narrow: it fits a phone."""
    words = {key: pair[language == "zh"] for key, pair in WORDS.items()}
    verdicts = [seen["verdicts"] for seen in data.values()]

    def holds(claim):
        return all(one.get(claim, [""])[0] == "holds" for one in verdicts)

    height = TOP + 5 * ROW + 4
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    axes.axis("off")
    rows = (
        (words["saved"], (), words["names"] if holds(EMPTY) else words["not run"]),
        (words["rank"].format(0), ((0, "C0"),), ""),
        (words["rank"].format(1), ((1, "C1"),), ""),
        (words["all"], ((0, "C0"), (1, "C1")) if holds(WHOLE) else (), words["whole"] if holds(WHOLE) else words["not run"]),
        (words["one"], (), words["stops"] if holds(STOPS) else words["not run"]),
    )
    for number, (label, parts, text) in enumerate(rows):
        y = TOP + number * ROW
        axes.text(LABEL - 8, y + 16, label, ha="right", size=12.5)
        axes.add_patch(Rectangle((LABEL, y + 1), BAR, ROW - 5, facecolor="none", edgecolor="grey", lw=1))
        for place, colour in parts:
            axes.add_patch(
                Rectangle((LABEL + place * BAR / 2, y + 1), BAR / 2, ROW - 5, facecolor=colour, edgecolor=colour, lw=1)
            )
        axes.text(LABEL + BAR / 2, y + 16, text, ha="center", size=12.5, color="white" if parts else "black")
    axes.plot([8, WIDTH - 8], [TOP + 3 * ROW - 2, TOP + 3 * ROW - 2], color="lightgrey", lw=1)
    return figure
