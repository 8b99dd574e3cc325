"""Three ways to save one tensor with two names, each loaded into a class that ties and into one that does not."""

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

EVIDENCE = "some-tensors-share-memory/plain_module@safetensors-0.8.0"
WAYS = (
    ("save_model", ("save_model, load_model", "save_model、load_model")),
    ("clone", (".clone(), save_file", ".clone()、save_file")),
    ("dropped", ("one key deleted, strict=False", "删掉一个键，strict=False")),
)
WORDS = {
    "ties": ("class that ties", "类自己绑定"),
    "apart": ("class that does not", "类不绑定"),
    "emb": ("emb", "emb"),
    "head": ("head", "head"),
    "both": ("emb = head", "emb = head"),
    "one": ("exact, one tensor", "逐位相同，一个张量"),
    "two": ("exact, but two", "逐位相同，但成了两个"),
    "wrong": ("no error, head wrong", "不报错，head 是错的"),
    "error": ("stops: an error", "停下：报错"),
}
WIDTH, COLUMNS, BOX, BAR = 340, (6, 176), 72, 18
TOP, STEP = 26, 70  # of the first way, and from one to the next


def draw(data, language):
    """Return the figure: for each way a title, and below it what is in a class of each kind. Narrow: it fits a phone."""
    zh = language == "zh"
    words = {key: pair[zh] for key, pair in WORDS.items()}
    height = TOP + STEP * len(WAYS) - 8
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    axes.axis("off")
    for x, word in zip(COLUMNS, ("ties", "apart"), strict=True):
        axes.text(x, 15, words[word], size=12.5, color="grey")
    for number, (way, title) in enumerate(WAYS):
        y = TOP + number * STEP
        axes.plot([6, WIDTH - 6], [y - 4, y - 4], color="lightgrey", lw=1)
        axes.text(6, y + 13, title[zh], size=12.5)
        for x, into in zip(COLUMNS, ("tied", "apart"), strict=True):
            kind = _kind(data[f"{way} {into}"])
            _boxes(axes, x, y + 20, kind, words)
            axes.text(x, y + 54, words[kind], size=12.5)
    return figure


def _kind(found):
    """What was observed, as one of the words."""
    if found == "error":
        return "error"
    equal, tied = found
    return "wrong" if equal < 4 else "one" if tied else "two"


def _boxes(axes, x, y, kind, words):
    """One box for each tensor: what holds what was saved is C0, what does not is C1, what was not loaded is empty."""
    if kind == "one":
        parts = (("C0", "both", x, 2 * BOX + 4),)
    else:
        first, second = {"two": ("C0", "C0"), "wrong": ("C0", "C1"), "error": (None, None)}[kind]
        parts = ((first, "emb", x, BOX), (second, "head", x + BOX + 4, BOX))
    for colour, word, left, width in parts:
        axes.add_patch(Rectangle((left, y), width, BAR, facecolor=colour or "none", edgecolor=colour or "grey", lw=1))
        axes.text(left + width / 2, y + 13.5, words[word], ha="center", size=12.5, color="white" if colour else "grey")
