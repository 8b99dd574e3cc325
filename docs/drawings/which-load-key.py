"""What lies in a file of torch.save, drawn as a bar, and the text that it gives: by default, and with weights_only=False."""

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

EVIDENCE = "invalid-load-key/which_text@torch-2.13-cpu"
WORDS = {
    "entries": ("tensors, an entry each", "张量，各占一项"),
    "more": ("tensors", "张量"),
    "directory": ("directory", "目录"),
    "pointer": ("version https://...   <html>   {...}", "version https://...   <html>   {...}"),
    "zeros": ("0 0 0 0 0 0 0 0 0", "0 0 0 0 0 0 0 0 0"),
    "few": ("0 0 0 0", "0 0 0 0"),
    "bit": ("a wrong bit", "错一位"),
    "loads": ("loads, exact", "加载，逐位相同"),
    "mmap": ("with mmap=True: loads, and is wrong", "用 mmap=True：照样加载，是错的"),
    "silent": ("loads, and nothing is printed", "照样加载，什么也不打印"),
}
LEFT, END, FULL = 6, 250, 330  # of the bars: the entries, the directory, and where the file should end
WIDTH, BAR, LINE = 340, 17, 15
ROWS = (  # the bar's parts: colour, word, from, to; then the kinds of text
    ((("C2", "entries", LEFT, END), ("C0", "directory", END, FULL)), ("loads",)),
    ((("C1", "pointer", LEFT, FULL),), ("text",)),
    ((("C2", "entries", LEFT, 200),), ("cut",)),
    ((("C1", "zeros", LEFT, 150), ("C2", "more", 150, END), ("C0", "directory", END, FULL)), ("zeros",)),
    (
        (("C2", "more", LEFT, 90), ("C1", "few", 90, 160), ("C2", "more", 160, END), ("C0", "directory", END, FULL)),
        ("entry", "mmap"),
    ),
    (
        (("C2", "more", LEFT, 90), ("C1", "bit", 90, 180), ("C2", "more", 180, END), ("C0", "directory", END, FULL)),
        ("silent",),
    ),
)


def draw(data, language):
    """Return the figure: a bar and its texts, one below the other. Narrow: it fits a phone."""
    words = {key: pair[language == "zh"] for key, pair in WORDS.items()}
    told = [[line for kind in kinds for line in data.get(kind, [words.get(kind)])] for _, kinds in ROWS]
    height = sum(BAR + LINE * len(lines) + 7 for lines in told) + 4
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    axes.axis("off")
    y = 3
    for (parts, _), lines in zip(ROWS, told, strict=True):
        for colour, word, begin, end in parts:
            axes.add_patch(Rectangle((begin, y), end - begin - 1, BAR, facecolor=colour, edgecolor=colour, lw=1))
            axes.text((begin + end) / 2, y + 12.5, words[word], ha="center", size=12.5, color="white")
        for number, line in enumerate(lines, 1):
            axes.text(LEFT, y + BAR + LINE * number - 2, line, size=12.5)
        y += BAR + LINE * len(lines) + 7
    return figure
