"""DeepSpeed's load_checkpoint under ZeRO-3, by its arguments: how many parameters are the checkpoint's, in each release."""

import re

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

EVIDENCE = "load-checkpoint-loads-nothing/module_only"
CALLS = {
    "a_full_load_is_exact": "()",
    "it_returns_the_path_and_loads_nothing": "(load_module_only=True)",
    "without_the_optimizers_states_it_loads": "(load_module_only=True,\n load_optimizer_states=False)",
}
NOTHING = "it_returns_the_path_and_loads_nothing"
WORDS = {"all": ("4 of 4", "4 / 4 个"), "none": ("0 of 4", "0 / 4 个"), "not run": ("?", "?")}
WIDTH, LABEL, BOX, ROW, TOP = 340, 172, 54, 38, 26


def draw(data, language):
    """Return the figure: a row for each call, a column for each release. Narrow: it fits a phone."""
    words = {key: pair[language == "zh"] for key, pair in WORDS.items()}
    releases = {}
    for seen in data.values():
        releases.setdefault(_key(seen["packages"]["deepspeed"]), []).append(seen["verdicts"])
    height = TOP + len(CALLS) * ROW + 6
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    axes.axis("off")
    for column, version in enumerate(sorted(releases)):
        x = LABEL + column * BOX
        axes.text(x + (BOX - 3) / 2, 16, ".".join(map(str, version)), ha="center", size=12.5)
        for row, claim in enumerate(CALLS):
            kind, colour = _kind(claim, releases[version])
            y = TOP + row * ROW
            axes.add_patch(Rectangle((x, y + 1), BOX - 3, ROW - 4, facecolor=colour, edgecolor=colour, lw=1))
            axes.text(x + (BOX - 3) / 2, y + ROW / 2 + 2, words[kind], ha="center", size=12.5, color="white")
    for row, call in enumerate(CALLS.values()):
        axes.text(4, TOP + row * ROW + ROW / 2, call, va="center", size=12.5)
    return figure


def _kind(claim, verdicts):
    """All, none, or not run: what every environment with that release says."""
    if not all(of.get(claim, [""])[0] == "holds" for of in verdicts):
        return "not run", "lightgrey"
    return ("none", "C1") if claim == NOTHING else ("all", "C0")


def _key(version):
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
