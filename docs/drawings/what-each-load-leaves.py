"""What each way to load leaves of a file that does not fit: a row a way, a column a file."""

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

EVIDENCE = "missing-keys-in-state-dict/cures@torch-2.13-cpu"
FILES = {  # the column's words
    "head": ("other head", "头的名字不同"),
    "prefix": ("prefix model.", "多了前缀 model."),
    "checkpoint": ("whole checkpoint", "整个 checkpoint"),
}
WAYS = {
    "strict": ("load_state_dict(state)", "load_state_dict(state)"),
    "strict=False": ("the same, strict=False", "同上，加 strict=False"),
    "update": ("own.update(what fits), strict", "own.update(能对上的)，严格加载"),
    "load_except": ("load_except(model, state)", "load_except(model, state)"),
    "cured": ("renamed, strict", "改好名字，严格加载"),
}
STOPS = ("stops", "停下")
LEFT, TOP, LABEL, CELL, GAP, WIDTH = 5, 22, 16, 19, 7, 340
COLUMN = 110


def draw(data, language):
    """Return the figure: above its row of cells the way's name. Narrow: it fits a phone."""
    zh = language == "zh"
    height = TOP + len(WAYS) * (LABEL + CELL + GAP)
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    axes.axis("off")
    for number, words in enumerate(FILES.values()):
        axes.text(LEFT + (number + 0.5) * COLUMN, 13, words[zh], ha="center", size=12.5, color="grey")
    y = TOP
    for way, label in WAYS.items():
        axes.text(LEFT, y + 11, label[zh], size=12.5)
        for number, file in enumerate(FILES):
            loaded, x = data["loaded"][way][file], LEFT + number * COLUMN
            colour = "C3" if loaded == data["of"] else "grey" if loaded == "stops" else "C1"
            word = STOPS[zh] if loaded == "stops" else f"{loaded}/{data['of']}"
            axes.add_patch(Rectangle((x, y + LABEL), COLUMN - 2, CELL, facecolor=colour, edgecolor=colour, lw=1))
            axes.text(x + COLUMN / 2 - 1, y + LABEL + 14, word, ha="center", size=12.5, color="white")
        y += LABEL + CELL + GAP
    return figure
