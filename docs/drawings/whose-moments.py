"""How many moments are their parameter's after a load, in five situations: as torch loads them, and by name."""

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

EVIDENCE = "optimizer-parameter-group/only_counts@torch-2.13-cpu"
SITUATIONS = (  # what the check calls it, and the words
    ("the same", ("the same layers", "层不变")),
    ("another order", ("layers in another order", "层的顺序变了")),
    ("another layer frozen", ("another layer frozen", "冻结了另一层")),
    ("groups swapped", ("two groups swapped", "两个参数组对调")),
    ("a layer more", ("a layer more", "多了一层")),
)
WORDS = {
    "plain": ("load_state_dict", "load_state_dict"),
    "by name": ("by_name", "by_name"),
    "right": ("{} of {} right", "{1} 个中 {0} 个正确"),
    "silent": ("{} of {}, no error", "{1} 个中 {0} 个，不报错"),
    "stopped": ("ValueError", "ValueError"),
}
WIDTH, BOX, BAR, TOP, STEP = 340, 160, 20, 26, 48
COLUMNS = ((6, "plain"), (174, "by name"))


def draw(data, language):
    """Return the figure: for each situation a title, and below it both loads. Narrow: it fits a phone."""
    zh = language == "zh"
    figure = Figure(figsize=(WIDTH / 72, (TOP + STEP * len(SITUATIONS)) / 72))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(TOP + STEP * len(SITUATIONS), 0))
    axes.axis("off")
    for x, way in COLUMNS:
        axes.text(x, 15, WORDS[way][zh], size=12.5, color="grey")
    for number, (name, title) in enumerate(SITUATIONS):
        y = TOP + number * STEP
        axes.plot([6, WIDTH - 6], [y - 3, y - 3], color="lightgrey", lw=1)
        axes.text(6, y + 12, title[zh], size=12.5)
        for x, way in COLUMNS:
            _box(axes, x, y + 18, data[name][way], zh)
    return figure


def _box(axes, x, y, found, zh):
    """What a load came to: right, wrong in silence, or stopped."""
    if found is None:
        colour, face, word, ink = "C1", "none", WORDS["stopped"][zh], "black"
    else:
        right = found[0] == found[1]
        colour = face = "C0" if right else "C1"
        word, ink = WORDS["right" if right else "silent"][zh].format(*found), "white"
    axes.add_patch(Rectangle((x, y), BOX, BAR, facecolor=face, edgecolor=colour, lw=1))
    axes.text(x + BOX / 2, y + 14.5, word, ha="center", size=12.5, color=ink)
