"""Which of four files completes which merged block, at which XTuner prints its line, and what the block of the report holds."""

from collections import Counter

from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

EVIDENCE = "w1w3-not-in-state-dict/which_file_completes@xtuner-0.1.23"
WORDS = {
    "files": ("4 files", "4 个文件"),
    "file": ("file {}", "文件 {}"),
    "tensors": ("{} tensors", "{} 个张量"),
    "blocks": ("{} layers of merged blocks", "{} 层，每层的合并块"),
    "line": ("line {}", "第 {} 行"),
    "first": ("first of all", "最先打印"),
    "cut": ("layer {}, block {}", "第 {} 层第 {} 块"),
    "zoom": ("Layer 7, block 3: {} of {} tensors in file {}", "第 7 层第 3 块：{1} 个张量，{0} 个在文件 {2} 里"),
    "expert": ("expert", "专家"),
    "when": ("w1w3 and w2 are both made once file {} is read", "读完文件 {}，才能合成 w1w3 和 w2"),
}
WIDTH, HEIGHT, LEFT, TOP, CELL, ROW = 340, 372, 118, 26, 13, 7.5
FILES = ("C0", "C1", "C2", "C3")


def draw(data, language):
    """Return the figure: files, blocks and lines from left to right, below them one block. Narrow: it fits a phone."""
    words = {key: pair[language == "zh"] for key, pair in WORDS.items()}
    figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(HEIGHT, 0))
    axes.axis("off")
    _draw_files(axes, data, words)
    _draw_lines(axes, data, words)
    _draw_block(axes, data["block 7.3"], words)
    return figure


def _text(axes, x, y, text, **style):
    axes.text(x, y, text, size=12.5, **style)


def _place(parameter):
    """Layer and block of a merged parameter; the embedding stands above layer 0."""
    parts = parameter.split(".")
    return (int(parts[2]), int(parts[5])) if "experts" in parts else (0, 0)


def _draw_files(axes, data, words):
    """Each file as a box on the left, tied to the blocks that it completes; layer 0 has no experts."""
    rows = data["completed by"]
    bottom = TOP + len(rows) * ROW
    _text(axes, 4, 16, words["files"], weight="bold")
    _text(axes, LEFT, 16, words["blocks"].format(len(rows)), weight="bold")
    for layer, row in enumerate(rows):
        for file in set(row) - {None}:
            box = (LEFT + row.index(file) * CELL, TOP + layer * ROW)
            axes.add_patch(Rectangle(box, row.count(file) * CELL, ROW, color=FILES[file - 1], lw=0))
    axes.add_patch(Rectangle((LEFT, TOP), 8 * CELL, ROW, facecolor="none", edgecolor="lightgrey", lw=1))
    axes.vlines([LEFT + block * CELL for block in range(1, 8)], TOP + ROW, bottom, color="white", lw=1)
    axes.hlines([TOP + layer * ROW for layer in range(1, len(rows))], LEFT, LEFT + 8 * CELL, color="white", lw=1)
    starts = [TOP] + [TOP + (_place(line)[0] + 0.5) * ROW for line in data["lines"][1:]]
    for number, (top, end) in enumerate(zip(starts, [*starts[1:], bottom], strict=True)):
        colour, middle = FILES[number], (top + end) / 2
        axes.add_patch(Rectangle((4, top + 2), 86, end - top - 4, facecolor="none", edgecolor=colour, lw=2))
        corners = [(91, top + 2), (LEFT - 1, top), (LEFT - 1, end), (91, end - 2)]
        axes.add_patch(Polygon(corners, facecolor=colour, alpha=0.18, lw=0))
        _text(axes, 47, middle - 3, words["file"].format(number + 1), ha="center", weight="bold")
        _text(axes, 47, middle + 11, words["tensors"].format(data["tensors"][number]), ha="center")


def _draw_lines(axes, data, words):
    """The four lines, each at the block that was not whole yet: the end of a file cuts it in two."""
    right = LEFT + 8 * CELL
    for number, line in enumerate(data["lines"], 1):
        layer, block = _place(line)
        y = TOP + layer * ROW
        if number > 1:
            axes.add_patch(Rectangle((LEFT + block * CELL, y), CELL, ROW, facecolor="none", edgecolor="black", lw=2, zorder=5))
        begin = LEFT + (block + 1) * CELL if number > 1 else right
        axes.plot([begin, right + 10], [y + ROW / 2] * 2, color="black", lw=1)
        told = words["cut"].format(layer, block) if number > 1 else words["first"]
        _text(axes, right + 13, y + 8, words["line"].format(number), weight="bold")
        _text(axes, right + 13, y + 23, told)


def _draw_block(axes, stored, words):
    """The block that the report names: eight experts, three tensors each, and the file of each tensor."""
    left, top, width, height = 52, 286, 29, 20
    counts = Counter(file for files in stored.values() for file in files.values())
    most, number = counts.most_common(1)[0]
    _text(axes, 4, top - 26, words["zoom"].format(number, counts.total(), most), weight="bold")
    _text(axes, left - 6, top - 6, words["expert"], ha="right", color="grey")
    for row, linear in enumerate(("gate", "up", "down")):
        y = top + row * height + (4 if linear == "down" else 0)
        _text(axes, left - 6, y + 15, linear, ha="right", color="grey")
        for column, (expert, files) in enumerate(stored.items()):
            x = left + column * width
            if not row:
                _text(axes, x + width / 2, top - 6, expert, ha="center", color="grey")
            axes.add_patch(Rectangle((x + 1, y + 1), width - 2, height - 2, color=FILES[files[linear] - 1], lw=0))
            _text(axes, x + width / 2, y + 15, str(files[linear]), ha="center", weight="bold", color="white")
    x = left + 8 * width + 4
    for name, y, length in (("w1w3", top, 2 * height), ("w2", top + 2 * height + 4, height)):
        axes.plot([x, x + 5, x + 5, x], [y + 2, y + 2, y + length - 2, y + length - 2], color="black", lw=1)
        _text(axes, x + 10, y + length / 2 + 5, name, weight="bold")
    _text(axes, 4, top + 3 * height + 22, words["when"].format(max(counts)))
