"""Each release of transformers, and how many values twenty steps move of a model that was loaded without a word on its type."""

import re
from itertools import groupby

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

EVIDENCE = "torch-dtype-is-deprecated/small_steps"
CLAIM = "without_a_dtype_every_value_moves"
WORDS = {
    "holds": ("float32: every value moves", "float32：每个值都动"),
    "refuted": ("bfloat16: {} % move, the rest stays", "bfloat16：{} % 会动，其余不动"),
    "to": ("{} to {}", "{} 到 {}"),
}
COLOURS = {"holds": "C0", "refuted": "C1"}
WIDTH, LABEL, ROW, SIZE = 340, 118, 28, 12.5


def draw(data, language):
    """Return the figure: for each run of releases that end alike, a bar as long as the share that moves. It fits a phone."""
    words = {key: pair[language == "zh"] for key, pair in WORDS.items()}
    seen = sorted((_key(one["packages"]["transformers"]), *_share(*one["verdicts"][CLAIM])) for one in data.values())
    runs = [(key, [one[0] for one in group]) for key, group in groupby(seen, key=lambda one: one[1:])]
    height = 24 + ROW * len(runs) + 20 * len(runs) + 12
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    axes.axis("off")
    axes.text(LABEL - 8, 16, "transformers", ha="right", weight="bold", size=SIZE)
    wide = WIDTH - LABEL - 8
    for row, ((verdict, share), releases) in enumerate(runs):
        y = 24 + row * ROW
        first, last = (".".join(map(str, releases[place])) for place in (0, -1))
        axes.text(LABEL - 8, y + 17, first if first == last else words["to"].format(first, last), ha="right", size=SIZE)
        axes.add_patch(Rectangle((LABEL, y + 3), wide, ROW - 8, color="lightgrey", lw=0))
        axes.add_patch(Rectangle((LABEL, y + 3), wide * share / 100, ROW - 8, color=COLOURS[verdict], lw=0))
        y = 24 + ROW * len(runs) + 8 + 20 * row
        axes.add_patch(Rectangle((8, y), 14, 14, color=COLOURS[verdict], lw=0))
        axes.text(28, y + 12, words[verdict].format(share), size=SIZE)
    return figure


def _share(verdict, reason):
    """Return the verdict, and the share in percent that it stands for: what holds moves more than 99."""
    return verdict, 100 if verdict == "holds" else int(re.match(r"\d+", reason).group())


def _key(version):
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
