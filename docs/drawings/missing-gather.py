"""One parameter under ZeRO-3 on two ranks: what each keeps, and a load without and with the gather."""

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

EVIDENCE = "size-mismatch-torch-size-0/zero3_parameter@transformers-4.50.3"
WORDS = {
    "checkpoint": ("in the file: {}", "文件里：{}"),
    "rank": ("rank {}", "rank {}"),
    "keeps": ("Under ZeRO-3", "ZeRO-3 之下"),
    "parameter": ("the parameter: {}", "参数本身：{}"),
    "slice": ("ds_tensor: {}", "ds_tensor：{}"),
    "without": ("A load without a gather", "不聚合就加载"),
    "raises": ("{} onto {}: size mismatch, {} values loaded", "{} 装进 {}：size mismatch，载入 {} 个数"),
    "loads": ("loads", "没有报错"),
    "with": ("A load inside a gather", "先聚合，再加载"),
    "gathered": ("onto {}: loads", "装进 {}：成功"),
    "part": ("values {}–{}", "第 {} 至 {} 个"),
    "equal": ("equal to the file: {} of {}", "与文件相同：{} / {}"),
}
WIDTH, HEIGHT, LEFT, BAR, ROW = 340, 250, 6, 328, 12
RANKS = ("C0", "C1")


def draw(data, language):
    """Return the figure: from top to bottom what is kept, the load that fails, the load that works. Narrow: it fits a phone."""
    words = {key: pair[language == "zh"] for key, pair in WORDS.items()}
    figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(HEIGHT, 0))
    axes.axis("off")
    ranks, whole = data["ranks"], data["checkpoint"]
    _text(axes, LEFT, 14, "up_proj.bias", weight="bold")
    _text(axes, LEFT + BAR, 14, words["checkpoint"].format(whole), ha="right")
    _bar(axes, 20, whole[0], [(0, whole[0] - 1, "grey")])

    _text(axes, LEFT, 56, words["keeps"], weight="bold")
    for number, seen in enumerate(ranks):
        x = LEFT + number * (BAR / 2 + 2)
        axes.add_patch(Rectangle((x, 62), BAR / 2 - 2, 58, facecolor="none", edgecolor="lightgrey", lw=1))
        _text(axes, x + 6, 77, words["rank"].format(number), color=RANKS[number], weight="bold")
        _text(axes, x + 6, 93, words["parameter"].format(seen["shape"]))
        _text(axes, x + 6, 109, words["slice"].format(seen["ds_tensor"]))
        share = (BAR / 2 - 14) * seen["ds_tensor"][0] / whole[0]
        axes.add_patch(Rectangle((x + 6, 113), share, 3, color=RANKS[number], lw=0))

    _text(axes, LEFT, 144, words["without"], weight="bold")
    loaded = sum(seen["without"][2] for seen in ranks)
    said = words["raises"].format(whole, ranks[0]["shape"], loaded) if ranks[0]["error"] else words["loads"]
    _text(axes, LEFT, 161, said)

    _text(axes, LEFT, 189, words["with"], weight="bold")
    _text(axes, LEFT + BAR, 189, words["gathered"].format(ranks[0]["gathered"]), ha="right")
    _bar(axes, 195, whole[0], [(*seen["with"][:2], RANKS[number]) for number, seen in enumerate(ranks)])
    for number, seen in enumerate(ranks):
        first, last, _ = seen["with"]
        text = f"{words['rank'].format(number)}: {words['part'].format(first, last)}"
        x, side = (LEFT + BAR, "right") if number else (LEFT, "left")
        _text(axes, x, 223, text, ha=side, color=RANKS[number])
    _text(axes, LEFT, 243, words["equal"].format(ranks[0]["equal"], whole[0]))
    return figure


def _text(axes, x, y, text, **style):
    axes.text(x, y, text, size=12.5, **style)


def _bar(axes, y, size, parts):
    for first, last, colour in parts:
        x, width = LEFT + BAR * first / size, BAR * (last - first + 1) / size
        axes.add_patch(Rectangle((x, y), width, ROW, color=colour, lw=0))
    axes.vlines([LEFT + BAR * first / size for first, *_ in parts[1:]], y, y + ROW, color="white", lw=2)
