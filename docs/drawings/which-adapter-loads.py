"""Three files of an adapter, and what each release of PEFT makes of them: applied, left out, or an error."""

import re

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

EVIDENCE = "found-missing-adapter-keys/names_of_a_release"
COLUMNS = (  # what is in the file; the claim that decides it; what it is where the claim holds, and where it does not
    ("lora_A.default", "with_the_adapters_name_left_in_it_is_applied", "applied", "base"),
    ('"lora"', "an_adapter_called_lora_is_applied", "applied", "base"),
    ("head", "a_head_that_is_not_in_the_file_stops_the_load", "error", "base"),
)
WORDS = {
    "head": ("no lm_head", "缺 lm_head"),
    "applied": ("applied", "生效"),
    "base": ("base model", "等于基座"),
    "error": ("stops", "报错停下"),
    "not run": ("not run", "没有运行"),
}
COLOURS = {"applied": "C0", "base": "C1", "error": "grey", "not run": "lightgrey"}
WIDTH, LABEL, BOX, ROW, TOP = 340, 58, 93, 22, 34


def draw(data, language):
    """Return the figure: a row for each release of PEFT. Narrow: it fits a phone."""
    words = {key: pair[language == "zh"] for key, pair in WORDS.items()}
    rows = sorted((_key(seen["packages"]["peft"]), seen["verdicts"]) for seen in data.values())
    figure = Figure(figsize=(WIDTH / 72, (TOP + len(rows) * ROW + 8) / 72))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(TOP + len(rows) * ROW + 8, 0))
    axes.axis("off")
    axes.text(LABEL - 8, 22, "peft", ha="right", size=12.5)
    for number, (title, *_) in enumerate(COLUMNS):
        axes.text(LABEL + number * BOX + (BOX - 3) / 2, 22, words.get(title, title), ha="center", size=12.5)
    for number, (version, verdicts) in enumerate(rows):
        y = TOP + number * ROW
        axes.text(LABEL - 8, y + 15, ".".join(map(str, version)), ha="right", size=12.5)
        for column, (_, claim, holds, refuted) in enumerate(COLUMNS):
            kind = {"holds": holds, "refuted": refuted}.get(verdicts.get(claim, [""])[0], "not run")
            x = LABEL + column * BOX
            axes.add_patch(Rectangle((x, y + 1), BOX - 3, ROW - 4, facecolor=COLOURS[kind], edgecolor=COLOURS[kind], lw=1))
            axes.text(x + (BOX - 3) / 2, y + 15, words[kind], ha="center", size=12.5, color="white")
    return figure


def _key(version):
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
