"""What lies in a safetensors file, drawn as a bar, and the text that it gives: in older releases, and since 0.6.1."""

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

EVIDENCE = "error-while-deserializing-header/which_text@safetensors-0.8.0"
WORDS = {
    "length": ("8 B", "8 B"),
    "header": ("header", "文件头"),
    "tensors": ("tensors", "张量"),
    "text": ("version https://git-lfs...   <html>...   PK...", "version https://git-lfs...   <html>...   PK..."),
    "zeros": ("0 0 0 0 0 0 0 0 0", "0 0 0 0 0 0 0 0 0"),
    "more": ("more", "多余"),
    "bit": ("one wrong bit", "错了一位"),
    "loads": ("loads, exact", "加载，逐位相同"),
    "silent": ("loads, and nothing is printed", "照样加载，什么也不打印"),
}
LEFT, HEAD, END, FULL = 6, 30, 120, 300  # of the bars: length, header, tensors, and where the file should end
WIDTH, BAR, LINE = 340, 17, 15
ROWS = (  # the bar's parts: colour, word, from, to; then the kind of text
    ((("C0", "length", LEFT, HEAD), ("C0", "header", HEAD, END), ("C2", "tensors", END, FULL)), "loads"),
    ((("C1", "text", LEFT, FULL),), "too large"),
    ((("C0", "length", LEFT, HEAD), ("C0", "header", HEAD, 80)), "length"),
    ((("C0", "length", LEFT, HEAD), ("C0", "header", HEAD, END), ("C2", "tensors", END, 215)), None),
    (
        (("C0", "length", LEFT, HEAD), ("C0", "header", HEAD, END), ("C2", "tensors", END, FULL), ("C1", "more", FULL, 336)),
        "incomplete",
    ),
    ((("C1", "zeros", LEFT, END), ("C2", "tensors", END, FULL)), "zeros"),
    (
        (("C0", "length", LEFT, HEAD), ("C0", "header", HEAD, END), ("C2", "tensors", END, 190), ("C1", "zeros", 190, FULL)),
        "silent",
    ),
    (
        (("C0", "length", LEFT, HEAD), ("C0", "header", HEAD, END), ("C2", "tensors", END, 205), ("C1", "bit", 205, FULL)),
        "silent",
    ),
)


def draw(data, language):
    """Return the figure: a bar and its two texts, one below the other. Narrow: it fits a phone."""
    words = {key: pair[language == "zh"] for key, pair in WORDS.items()}
    told = [[] if kind is None else data.get(kind, [words.get(kind)]) for _, kind in ROWS]
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
            axes.text(LEFT, y + BAR + LINE * number - 2, _short(line), size=12.5)
        y += BAR + LINE * len(lines) + 7
    return figure


def _short(text):
    return text.replace(" at line 1 column 0", "")
