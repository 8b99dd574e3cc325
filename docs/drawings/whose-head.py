"""An embedding and a trained head in the files, tied by config.json: what each release has in both places after a load."""

import re

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

EVIDENCE = "lm-head-tied-or-lost/trained_head"
LOST, KEPT = "the_embedding_takes_its_place_and_nothing_is_printed", "the_head_is_kept_and_a_line_says_so"
WORDS = {
    "files": ("the files", "文件"),
    "embedding": ("embedding", "嵌入层"),
    "head": ("head", "输出头"),
    "lost": ("nothing printed", "什么也不打印"),
    "kept": ("one line", "打印一行"),
    "not run": ("not run", "没有运行"),
}
WIDTH, LABEL, BOX, ROW, TOP = 340, 76, 78, 22, 58


def draw(data, language):
    """Return the figure: a row for the files, then one for each release. Narrow: it fits a phone."""
    words = {key: pair[language == "zh"] for key, pair in WORDS.items()}
    rows = sorted((_key(seen["packages"]["transformers"]), seen["verdicts"]) for seen in data.values())
    height = TOP + len(rows) * ROW + 8
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    axes.axis("off")
    axes.text(LABEL - 8, 25, words["files"], ha="right", size=12.5)
    _boxes(axes, 8, ("C0", words["embedding"]), ("C1", words["head"]))
    axes.plot([8, WIDTH - 8], [TOP - 12, TOP - 12], color="lightgrey", lw=1)
    for number, (version, verdicts) in enumerate(rows):
        y = TOP + number * ROW
        axes.text(LABEL - 8, y + 15, ".".join(map(str, version)), ha="right", size=12.5)
        kind = next(
            (kind for kind, claim in (("lost", LOST), ("kept", KEPT)) if verdicts.get(claim, [""])[0] == "holds"), "not run"
        )
        if kind != "not run":
            second = ("C1", words["head"]) if kind == "kept" else ("C0", words["embedding"])
            _boxes(axes, y, ("C0", words["embedding"]), second)
        axes.text(LABEL + 2 * BOX + 10, y + 15, words[kind], size=12.5)
    return figure


def _key(version):
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _boxes(axes, y, *boxes):
    """Two filled boxes with their names: no two differ by colour alone."""
    for number, (colour, name) in enumerate(boxes):
        x = LABEL + number * BOX
        axes.add_patch(Rectangle((x, y + 1), BOX - 3, ROW - 4, facecolor=colour, edgecolor=colour, lw=1))
        axes.text(x + (BOX - 3) / 2, y + 15, name, ha="center", size=12.5, color="white")
