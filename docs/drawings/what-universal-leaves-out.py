"""A universal checkpoint of two ranks, loaded by one: what is the checkpoint's afterwards, in each stage."""

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

EVIDENCE = "dp-world-size/groups@transformers-deepspeed-4.50.3-0.19.8"
STAGES = ("1", "2", "3")
ROWS = (
    ("trained", ("trained weights", "参与训练的权重")),
    ("moments", ("moments", "动量")),
    ("frozen", ("frozen weights, buffer", "冻结的权重、buffer")),
    ("decays", ("weight decay, 2nd group", "第二组的 weight decay")),
)
WORDS = {"stage": ("stage", "stage"), "of": ("{} of {}", "{} / {} 个")}
WIDTH, LABEL, BOX, ROW, TOP = 340, 157, 61, 34, 26


def draw(data, language):
    """Return the figure: a row for each kind, a column for each stage. Narrow: it fits a phone."""
    zh = language == "zh"
    height = TOP + len(ROWS) * ROW + 4
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    axes.axis("off")
    for column, stage in enumerate(STAGES):
        x = LABEL + column * BOX
        axes.text(x + (BOX - 3) / 2, 16, f"{WORDS['stage'][zh]} {stage}", ha="center", size=12.5)
        for row, (kind, _) in enumerate(ROWS):
            text, right = _seen(kind, data, column, zh)
            y, colour = TOP + row * ROW, "C0" if right else "C1"
            axes.add_patch(Rectangle((x, y + 1), BOX - 3, ROW - 4, facecolor=colour, edgecolor=colour, lw=1))
            axes.text(x + (BOX - 3) / 2, y + ROW / 2 + 3, text, ha="center", size=12.5, color="white")
    for row, (_, label) in enumerate(ROWS):
        axes.text(4, TOP + row * ROW + ROW / 2, label[zh], va="center", size=12.5)
    return figure


def _seen(kind, data, column, zh):
    """What one cell says, and whether it is right."""
    if kind == "decays":
        ours, saved = data["decays"][column]
        return f"{ours}", ours == saved
    ours, whole = data[kind if kind != "frozen" else "all"][column]
    if kind == "frozen":  # of all weights and buffers, without the trained ones
        trained, of = data["trained"][column]
        ours, whole = ours - trained, whole - of
    return WORDS["of"][zh].format(ours, whole), ours == whole
