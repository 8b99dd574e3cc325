"""What each way of loading leaves of the vocabulary's rows: a bar for each, in scale, with the rows that are the file's."""

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

EVIDENCE = "size-mismatch-vocabulary/resize_first@atlas-5.24.0"
WORDS = {
    "exact": ("vocab_size=104", "vocab_size=104"),
    "grown": ("load, then resize to 110", "先加载，再调整到 110"),
    "cut": ("rows cut by hand to 100", "手工截到 100 行"),
    "ignored": ("ignore_mismatched_sizes=True", "ignore_mismatched_sizes=True"),
    "file": ("{0} rows of the file", "文件里的 {0} 行"),
    "random": ("{0} rows, all random", "{0} 行，全是随机值"),
    "new": ("+{0} new", "新增 {0}"),
    "lost": ("-{0} lost", "丢失 {0}"),
}
LEFT, SCALE, WIDTH, BAR, ROW = 6, 2.35, 340, 19, 44  # SCALE: of a row of the vocabulary


def draw(data, language):
    """Return the figure: for each way its name, then its bar. Narrow: it fits a phone."""
    words = {key: pair[language == "zh"] for key, pair in WORDS.items()}
    height = ROW * len(data) + 4
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    axes.axis("off")
    rows_of_file = data["exact"][1]
    for number, (way, (size, kept)) in enumerate(data.items()):
        y = ROW * number + 20
        axes.text(LEFT, y - 5, words[way], size=12.5)
        end = LEFT + SCALE * (kept or size)
        colour, word = ("C2", words["file"].format(kept)) if kept else ("C1", words["random"].format(size))
        axes.add_patch(Rectangle((LEFT, y), end - LEFT, BAR, facecolor=colour, edgecolor=colour, lw=1))
        axes.text((LEFT + end) / 2, y + 14, word, ha="center", size=12.5, color="white")
        if kept and size > kept:
            axes.add_patch(Rectangle((end, y), SCALE * (size - kept), BAR, facecolor="C1", edgecolor="C1", lw=1))
            axes.text(end + SCALE * (size - kept) + 4, y + 14, words["new"].format(size - kept), size=12.5)
        if kept and kept < rows_of_file:
            axes.text(end + 4, y + 14, words["lost"].format(rows_of_file - kept), size=12.5)
    return figure
