"""A Llama made without memory, and what each way of filling it leaves: tensors that are the file's, and the logits."""

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

EVIDENCE = "cannot-copy-out-of-meta-tensor/llama@atlas-5.24.0"
WAYS = {
    "to_empty": ("to_empty() alone", "只用 to_empty()"),
    "filled": ("to_empty(), then load_state_dict", "to_empty() 再 load_state_dict"),
    "assigned": ("meta, then assign=True", "meta 上创建，再 assign=True"),
    "rebuilt": ("the same, and a new rotary_emb", "再重新创建 rotary_emb"),
    "init_empty_weights": ("init_empty_weights, assign=True", "init_empty_weights，assign=True"),
    "from_pretrained": ("from_pretrained", "from_pretrained"),
}
RESULTS = {  # the words, and the colour: wrong without an error, an error, right
    "another": (("no error, other logits", "不报错，logits 不同"), "C1"),
    "stops": (("stops", "停下"), "grey"),
    "right": (("right, bit for bit", "逐位相同"), "C3"),
}
EQUAL = ("{} of {} equal", "{1} 个中 {0} 个相同")
WIDTH, BAR, STEP = 340, 18, 40
LEFT, SPLIT = 6, 148  # of the first box; of the second


def draw(data, language):
    """Return the figure: for each way its name, then what is equal and what it computes. Narrow: it fits a phone."""
    zh = language == "zh"
    figure = Figure(figsize=(WIDTH / 72, STEP * len(WAYS) / 72))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(STEP * len(WAYS), 0))
    axes.axis("off")
    for number, (way, title) in enumerate(WAYS.items()):
        y = STEP * number
        equal, of, result = data[way]
        words, colour = RESULTS[result]
        boxes = (
            (LEFT, SPLIT - LEFT - 4, EQUAL[zh].format(equal, of), "C3" if equal == of else "C1"),
            (SPLIT, WIDTH - SPLIT - 6, words[zh], colour),
        )
        axes.text(LEFT, y + 14, title[zh], size=12.5)
        for x, width, text, fill in boxes:
            axes.add_patch(Rectangle((x, y + 19), width, BAR, facecolor=fill, edgecolor=fill, lw=1))
            axes.text(x + width / 2, y + 32.5, text, ha="center", size=12.5, color="white")
    return figure
