"""One parameter under ZeRO-3 on two ranks: what each keeps, and a load without and with the gather."""

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

EVIDENCE = "size-mismatch-torch-size-0/zero3_parameter@transformers-4.50.3"
WORDS = {
    "checkpoint": ("in the checkpoint", "检查点里"),
    "rank": ("rank {}", "rank {}"),
    "keeps": ("Under ZeRO-3", "ZeRO-3 之下"),
    "parameter": ("the parameter: {}", "参数本身：{}"),
    "knows": ("ds_shape: {}", "ds_shape：{}"),
    "slice": ("ds_tensor: {}", "ds_tensor：{}"),
    "without": ("A load without a gather", "不聚合就加载"),
    "raises": ("{} onto {}: size mismatch", "{} 对 {}：size mismatch"),
    "loads": ("loads", "没有报错"),
    "reached": ("values loaded: {}", "载入的数值：{}"),
    "with": ("A load inside a gather", "先聚合，再加载"),
    "gathered": ("onto {}: loads", "对 {}：载入"),
    "back": ("then divided again", "之后重新切开"),
    "part": ("values {} to {}", "第 {} 至 {} 个"),
    "equal": ("equal to the checkpoint: {} of {}", "与检查点相同：{} / {}"),
}
WIDTH, HEIGHT, LEFT, BAR, ROW = 340, 392, 10, 320, 16
RANKS = ("C0", "C1")


def draw(data, language):
    """Return the figure: from top to bottom what is kept, the load that fails, the load that works. Narrow: it fits a phone."""
    words = {key: pair[language == "zh"] for key, pair in WORDS.items()}
    figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(HEIGHT, 0))
    axes.axis("off")
    ranks, whole = data["ranks"], data["checkpoint"]
    axes.text(LEFT, 16, "up_proj.bias", weight="bold")
    axes.text(LEFT + BAR, 16, f"{words['checkpoint']} {whole}", ha="right")
    _bar(axes, 24, whole[0], [(0, whole[0] - 1, "grey")])

    axes.text(LEFT, 74, words["keeps"], weight="bold")
    for number, seen in enumerate(ranks):
        x = LEFT + number * (BAR / 2 + 3)
        axes.add_patch(Rectangle((x, 82), BAR / 2 - 3, 78, facecolor="none", edgecolor="lightgrey", lw=1))
        axes.text(x + 8, 98, words["rank"].format(number), color=RANKS[number], weight="bold")
        axes.text(x + 8, 114, words["parameter"].format(seen["shape"]))
        axes.text(x + 8, 129, words["knows"].format(seen["ds_shape"]), color="grey")
        axes.text(x + 8, 148, words["slice"].format(seen["ds_tensor"]))
        share = (BAR - 38) * seen["ds_tensor"][0] / whole[0]
        axes.add_patch(Rectangle((x + 8, 154), share, 3, color=RANKS[number], lw=0))

    axes.text(LEFT, 192, words["without"], weight="bold")
    _bar(axes, 200, whole[0], [(0, whole[0] - 1, "grey")])
    axes.add_patch(Rectangle((LEFT, 232), 3, ROW, facecolor="none", edgecolor="black", lw=1.5))
    _arrow(axes, 217, 230, blocked=bool(ranks[0]["error"]))
    said = words["raises"].format(whole, ranks[0]["shape"]) if ranks[0]["error"] else words["loads"]
    axes.text(LEFT + 12, 244, said)
    axes.text(LEFT + 12, 260, words["reached"].format(sum(seen["without"][2] for seen in ranks)), color="grey")

    axes.text(LEFT, 290, words["with"], weight="bold")
    _bar(axes, 298, whole[0], [(0, whole[0] - 1, "grey")])
    _arrow(axes, 315, 326)
    axes.text(LEFT + BAR / 2 + 10, 325, words["gathered"].format(ranks[0]["gathered"]), size=9.5)
    _bar(axes, 328, whole[0], [(*seen["with"][:2], RANKS[number]) for number, seen in enumerate(ranks)])
    for number, seen in enumerate(ranks):
        first, last, _ = seen["with"]
        x = LEFT + BAR * first / whole[0]
        text = f"{words['rank'].format(number)}: {words['part'].format(first, last)}"
        axes.text(x + 2, 358, text, color=RANKS[number], size=9.5)
    axes.text(LEFT, 380, words["equal"].format(ranks[0]["equal"], whole[0]))
    return figure


def _bar(axes, y, size, parts):
    for first, last, colour in parts:
        x, width = LEFT + BAR * first / size, BAR * (last - first + 1) / size
        axes.add_patch(Rectangle((x, y), width, ROW, color=colour, lw=0))
    axes.vlines([LEFT + BAR * first / size for first, *_ in parts[1:]], y, y + ROW, color="white", lw=2)


def _arrow(axes, top, bottom, blocked=False):
    x = LEFT + (1.5 if blocked else BAR / 2)
    axes.plot([x, x], [top, bottom], color="black", lw=1)
    axes.plot([x - 3, x, x + 3], [bottom - 4, bottom, bottom - 4], color="black", lw=1)
