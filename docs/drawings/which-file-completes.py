"""Which of four files completes which merged block, where XTuner prints its line, and what lies in the block of the report."""

from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

EVIDENCE = "w1w3-not-in-state-dict/which_file_completes@xtuner-0.1.23"
WORDS = {
    "files": ("4 files", "4 个文件"),
    "file": ("file {}", "文件 {}"),
    "tensors": ("{} tensors", "{} 个张量"),
    "blocks": ("merged blocks of each layer", "每层的合并块"),
    "layer": ("layer {}", "第 {} 层"),
    "dense": ("no experts", "没有专家"),
    "line": ("line {}, then file {} is read:", "第 {} 行，然后读文件 {}："),
    "zoom": ("Block 3 of layer 7: which file each of its tensors is in", "第 7 层第 3 块：每个张量在哪个文件里"),
    "expert": ("expert", "专家"),
    "w1w3": ("one tensor  w1w3", "一个张量 w1w3"),
    "w2": ("one tensor  w2", "一个张量 w2"),
    "when": ("both made when file {} is read", "读完文件 {} 才能合成"),
}
WIDTH, HEIGHT, LEFT, TOP, CELL, ROW = 540, 482, 190, 40, 17, 11.5
FILES = ("C0", "C1", "C2", "C3")


def draw(data, language):
    """Return the figure."""
    words = {key: pair[language == "zh"] for key, pair in WORDS.items()}
    figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(HEIGHT, 0))
    axes.axis("off")
    _draw_files(axes, data, words)
    _draw_lines(axes, data, words)
    _draw_block(axes, data["block 7.3"], words)
    return figure


def _place(parameter):
    """Layer and block of a merged parameter; the embedding stands above layer 0."""
    parts = parameter.split(".")
    return (int(parts[2]), int(parts[5])) if "experts" in parts else (0, 0)


def _draw_files(axes, data, words):
    """Each file as a box on the left, tied to the blocks that it completes."""
    rows = data["completed by"]
    axes.text(8, 14, words["files"], weight="bold")
    axes.text(LEFT, 14, words["blocks"], weight="bold")
    for block in range(8):
        axes.text(LEFT + (block + 0.5) * CELL, TOP - 5, str(block), ha="center", size=9, color="grey")
    for layer, row in enumerate(rows):
        y = TOP + layer * ROW
        if layer in (0, 1, 7, 14, 22, 26):
            axes.text(LEFT - 6, y + ROW - 2.5, words["layer"].format(layer), ha="right", size=9)
        if None in row:
            axes.add_patch(Rectangle((LEFT, y), 8 * CELL, ROW, facecolor="none", edgecolor="lightgrey", lw=1))
            axes.text(LEFT + 4 * CELL, y + ROW - 2.5, words["dense"], ha="center", size=8.5, color="grey")
        for file in set(row) - {None}:
            first, count = row.index(file), row.count(file)
            axes.add_patch(Rectangle((LEFT + first * CELL, y), count * CELL, ROW, color=FILES[file - 1], lw=0))
    bottom = TOP + len(rows) * ROW
    axes.vlines([LEFT + block * CELL for block in range(1, 8)], TOP + ROW, bottom, color="white", lw=1)
    axes.hlines([TOP + layer * ROW for layer in range(1, len(rows))], LEFT, LEFT + 8 * CELL, color="white", lw=1)
    starts = [TOP] + [TOP + (_place(line)[0] + 0.5) * ROW for line in data["lines"][1:]]
    for number, (top, end) in enumerate(zip(starts, [*starts[1:], bottom], strict=True)):
        colour = FILES[number]
        axes.add_patch(Rectangle((8, top + 2), 88, end - top - 4, facecolor="none", edgecolor=colour, lw=2))
        corners = [(97, top + 2), (LEFT - 2, top), (LEFT - 2, end), (97, end - 2)]
        axes.add_patch(Polygon(corners, facecolor=colour, alpha=0.18, lw=0))
        axes.text(52, (top + end) / 2 - 2, words["file"].format(number + 1), ha="center", weight="bold")
        axes.text(52, (top + end) / 2 + 11, words["tensors"].format(data["tensors"][number]), ha="center", size=9)


def _draw_lines(axes, data, words):
    """The four lines, each at the parameter that was not whole yet."""
    x = LEFT + 8 * CELL + 26
    for number, line in enumerate(data["lines"], 1):
        layer, block = _place(line)
        y = TOP + layer * ROW
        if number > 1:  # the end of a file cuts this block in two
            axes.add_patch(Rectangle((LEFT + block * CELL, y), CELL, ROW, facecolor="none", edgecolor="black", lw=2, zorder=5))
        else:
            y -= ROW / 2
        axes.plot([LEFT + (block + 1) * CELL if number > 1 else LEFT + 8 * CELL, x - 4], [y + ROW / 2] * 2, color="black", lw=1)
        axes.text(x, y + ROW - 3, words["line"].format(number, number), weight="bold", size=9.5)
        axes.text(x, y + ROW + 10, line.replace("model.", "").replace(".mlp.", " … "), size=9.5)


def _draw_block(axes, stored, words):
    """The block that the report names: eight experts, three tensors each, and the file of each tensor."""
    left, top, width, height = 60, 408, 33, 20
    axes.text(8, top - 28, words["zoom"], weight="bold")
    axes.text(left - 6, top - 6, words["expert"], ha="right", size=9, color="grey")
    for row, linear in enumerate(("gate", "up", "down")):
        y = top + row * height + (4 if linear == "down" else 0)
        axes.text(left - 6, y + 14, linear, ha="right", size=9, color="grey")
        for column, (expert, files) in enumerate(stored.items()):
            x = left + column * width
            if not row:
                axes.text(x + width / 2, top - 6, expert, ha="center", size=9, color="grey")
            axes.add_patch(Rectangle((x + 1, y + 1), width - 2, height - 2, color=FILES[files[linear] - 1], lw=0))
            axes.text(x + width / 2, y + 14, str(files[linear]), ha="center", size=9.5, weight="bold", color="white")
    x = left + 8 * width + 6
    last = max(file for files in stored.values() for file in files.values())
    for name, y, length in (("w1w3", top, 2 * height), ("w2", top + 2 * height + 4, height)):
        axes.plot([x, x + 5, x + 5, x], [y + 2, y + 2, y + length - 2, y + length - 2], color="black", lw=1)
        axes.text(x + 12, y + length / 2 + 4, words[name], weight="bold", size=9.5)
    axes.text(x + 12, top - 6, words["when"].format(last), size=9.5)
