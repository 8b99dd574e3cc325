"""What each cure loads of a file with a wrapper's names: a row a cure, a column a file."""

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

EVIDENCE = "unexpected-key-module-prefix/cures@torch-2.13-cpu"
FILES = (  # the column's words, its width, and the files of which it shows the one result
    (("module.", "module."), 58, ("module.",)),
    (("_orig_mod.", "_orig_mod."), 82, ("_orig_mod.",)),
    (("both", "两者都有"), 64, ("module._orig_mod.", "_orig_mod.module.")),
    (("inside", "在中间"), 64, ("inside",)),
    (("none", "没有"), 60, ("clean",)),
)
CURES = {
    "rename_for": ("rename_for(model, state)", "rename_for(model, state)"),
    "removeprefix": ('removeprefix("module.")', 'removeprefix("module.")'),
    "slice": ("name[7:]", "name[7:]"),
    "replace, strict=False": ('replace("module.", ""), strict=False', 'replace("module.", "")，strict=False'),
    "strict=False": ("strict=False alone", "只加 strict=False"),
}
STOPS = ("stops", "停下")
LEFT, TOP, LABEL, CELL, GAP, WIDTH = 5, 22, 16, 19, 7, 340


def draw(data, language):
    """Return the figure: above its row of cells the cure's name. Narrow: it fits a phone."""
    zh = language == "zh"
    height = TOP + len(CURES) * (LABEL + CELL + GAP)
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    axes.axis("off")
    x = LEFT
    for words, width, _ in FILES:
        axes.text(x + width / 2, 13, words[zh], ha="center", size=12.5, color="grey")
        x += width
    y = TOP
    for cure, label in CURES.items():
        axes.text(LEFT, y + 11, label[zh], size=12.5)
        x = LEFT
        for _, width, files in FILES:
            (loaded,) = {data["loaded"][cure][file] for file in files}
            colour = "C3" if loaded == data["of"] else "grey" if loaded == "stops" else "C1"
            word = STOPS[zh] if loaded == "stops" else f"{loaded}/{data['of']}"
            axes.add_patch(Rectangle((x, y + LABEL), width - 2, CELL, facecolor=colour, edgecolor=colour, lw=1))
            axes.text(x + width / 2 - 1, y + LABEL + 14, word, ha="center", size=12.5, color="white")
            x += width
        y += LABEL + CELL + GAP
    return figure
