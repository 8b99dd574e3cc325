"""Each release of transformers, and whether it leaves a class's loaded weights alone, in runs of neighbours."""

import re
from itertools import groupby

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

EVIDENCE = "all-tied-weights-keys/own_class"
CLAIM = "what_init_weights_writes_is_overwritten"
WORDS = {
    "refuted": ("all 6 tensors are the file's", "6 个张量都与文件相同"),
    "holds": ("5 of 6 overwritten, nothing said", "6 个中有 5 个被覆盖，没有提示"),
    "to": ("{} to {}", "{} 到 {}"),
}
COLOURS = {"refuted": "C3", "holds": "C1"}
WIDTH, LABEL, ROW, SIZE = 340, 118, 24, 12.5


def draw(data, language):
    """Return the figure: a bar for each run of releases that end alike, as long as it has releases. Narrow: it fits a phone."""
    words = {key: pair[language == "zh"] for key, pair in WORDS.items()}
    seen = sorted((_key(one["packages"]["transformers"]), one["verdicts"][CLAIM][0]) for one in data.values())
    runs = [[version for version, _ in group] for _, group in groupby(seen, key=lambda one: one[1])]
    verdicts = [verdict for verdict, _ in groupby(verdict for _, verdict in seen)]
    height = 24 + ROW * len(runs) + 2 * 20 + 8
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    axes.axis("off")
    axes.text(LABEL - 8, 16, "transformers", ha="right", weight="bold", size=SIZE)
    wide = (WIDTH - LABEL - 8) / max(map(len, runs))
    for row, (run, verdict) in enumerate(zip(runs, verdicts, strict=True)):
        y = 24 + row * ROW
        first, last = (".".join(map(str, run[place])) for place in (0, -1))
        axes.text(LABEL - 8, y + 15, first if first == last else words["to"].format(first, last), ha="right", size=SIZE)
        for number in range(len(run)):
            axes.add_patch(Rectangle((LABEL + number * wide, y + 3), wide - 2, ROW - 6, color=COLOURS[verdict], lw=0))
    for number, verdict in enumerate(COLOURS):
        y = 24 + ROW * len(runs) + 8 + 20 * number
        axes.add_patch(Rectangle((8, y), 14, 14, color=COLOURS[verdict], lw=0))
        axes.text(28, y + 12, words[verdict], size=SIZE)
    return figure


def _key(version):
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
