"""Five uses of every parameter of a model under ZeRO-3, outside a gather and inside one."""

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

EVIDENCE = "weight-must-be-2-d/silent_outside@atlas-5.24.0"
USES = (  # what the check calls it, the words, and how a number is put
    ("squares", ("sum of squares of all weights", "所有权重的平方和"), ("{:.0f}", "{:.0f}")),
    ("finite", ("NaN in all 21: which pass as finite", "21 个全是 NaN：被当作正常的"), ("{} of 21", "21 个中 {} 个")),
    ("equal", ("another model: which are equal", "换一个模型：被当作相同的"), ("{} of 21", "21 个中 {} 个")),
    ("averaged", ("moving average: which moved", "滑动平均：真的更新的"), ("{} of 21", "21 个中 {} 个")),
    ("initialised", ("normal_(): which changed", "normal_()：真的改变的"), ("{} of 21", "21 个中 {} 个")),
)
WORDS = {"outside": ("outside: no error", "不聚合：不报错"), "inside": ("gathered", "聚合后")}
WIDTH, BOX, BAR, TOP, STEP = 340, 160, 20, 26, 48
COLUMNS = ((6, "C1"), (174, "C0"))  # wrong, and right


def draw(data, language):
    """Return the figure: for each use a title, and below it both results. Narrow: it fits a phone."""
    zh = language == "zh"
    height = TOP + STEP * len(USES)
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    axes.axis("off")
    for (x, _), word in zip(COLUMNS, ("outside", "inside"), strict=True):
        axes.text(x, 15, WORDS[word][zh], size=12.5, color="grey")
    for number, (name, title, form) in enumerate(USES):
        y = TOP + number * STEP
        axes.plot([6, WIDTH - 6], [y - 3, y - 3], color="lightgrey", lw=1)
        axes.text(6, y + 12, title[zh], size=12.5)
        for (x, colour), value in zip(COLUMNS, data[name], strict=True):
            axes.add_patch(Rectangle((x, y + 18), BOX, BAR, facecolor=colour, edgecolor=colour, lw=1))
            axes.text(x + BOX / 2, y + 32.5, form[zh].format(value), ha="center", size=12.5, color="white")
    return figure
