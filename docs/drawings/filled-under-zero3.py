"""What each release fills under ZeRO-3 of a mixture of experts whose files are whole."""

import re

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

EVIDENCE = "experts-gate-up-proj-missing/under_zero3"
ALIKE, DEEPSEEK = "Mixtral, Qwen3-MoE", "DeepSeek-V3"
KINDS = {  # the claim that holds, and what it says of the model
    ALIKE: {
        "mixtral_and_qwen3_moe_are_exact": "exact",
        "all_but_the_experts_is_random_and_named": "experts",
        "the_conversion_fails": "error",
    },
    DEEPSEEK: {
        "deepseek_v3_is_exact": "exact",
        "only_the_routers_bias_is_lost_and_named": "bias",
        "the_conversion_fails": "error",
    },
}
WORDS = {
    "exact": ("exact", "逐位相同"),
    "experts": ("experts alone", "只有专家"),
    "bias": ("all but one bias", "只缺偏置"),
    "error": ("stops: an error", "报错停下"),
    "not run": ("not run", "没有运行"),
}
COLOURS = {"exact": "C0", "error": "C2"}
WIDTH, LABEL, BOX, ROW, TOP = 340, 58, 138, 22, 34


def draw(data, language):
    """Return the figure: a row for each release, a box for each model. Narrow: it fits a phone."""
    rows = sorted((_key(seen["packages"]["transformers"]), seen["verdicts"]) for seen in data.values())
    height = TOP + len(rows) * ROW + 8
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    axes.axis("off")
    for number, models in enumerate(KINDS):
        axes.text(LABEL + number * BOX + (BOX - 3) / 2, 20, models, ha="center", size=12.5)
    axes.plot([8, WIDTH - 8], [TOP - 6, TOP - 6], color="lightgrey", lw=1)
    for number, (version, verdicts) in enumerate(rows):
        y = TOP + number * ROW
        axes.text(LABEL - 8, y + 15, ".".join(map(str, version)), ha="right", size=12.5)
        for place, models in enumerate(KINDS):
            kind, x = _kind(models, verdicts), LABEL + place * BOX
            if kind == "not run":
                axes.text(x + 6, y + 15, WORDS[kind][language == "zh"], size=12.5)
                continue
            text = WORDS[kind][language == "zh"] if kind in WORDS else kind
            colour = COLOURS.get(kind, "C1")
            axes.add_patch(Rectangle((x, y + 1), BOX - 3, ROW - 4, facecolor=colour, edgecolor=colour, lw=1))
            axes.text(x + (BOX - 3) / 2, y + 15, text, ha="center", size=12.5, color="white")
    return figure


def _kind(models, verdicts):
    """Return what holds of the models; else how many tensors are right, as the first of the claims counted them."""
    for claim, kind in KINDS[models].items():
        if verdicts.get(claim, [""])[0] == "holds":
            return kind
    reason = (verdicts.get(next(iter(KINDS[models])), ["", ""])[1:] or [""])[0]
    counted = re.search(r"(\d+) of (\d+)", reason or "")
    return f"{counted[1]} / {counted[2]}" if counted else "not run"


def _key(version):
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
