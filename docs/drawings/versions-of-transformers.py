"""Every version of transformers by DeepSpeed, loaded in three ways: exact, an error, or silently wrong."""

import re

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

EVIDENCE = "size-mismatch-torch-size-0/load_across_versions"
LOADS = ("plain_load_is_exact", "zero3_load_is_exact", "ignoring_mismatches_is_exact")
WORDS = {
    "exact": ("exact: all 80 tensors equal", "80 个张量全部相同"),
    "raises": ("stops with an error", "报错停止"),
    "silent": ("no error, and only that many of 80 equal", "没有报错，80 个中只有这么多相同"),
    "absent": ("has no Qwen2.5-VL yet", "还没有 Qwen2.5-VL"),
    "not run": ("not run", "没有运行"),
    "first": ("P plain, Z ZeRO-3,", "P 不用 DeepSpeed，Z ZeRO-3，"),
    "second": ("I ZeRO-3, ignore_mismatched_sizes=True", "I ZeRO-3 加 ignore_mismatched_sizes=True"),
}
WIDTH, LABEL, CELL, ROW, TOP = 340, 108, 22, 17, 94
GAP, SIZE = 14, 12.5


def draw(data, language):
    """Return the figure: one row a version, three columns a DeepSpeed. Narrow: it fits a phone."""
    words = {key: pair[language == "zh"] for key, pair in WORDS.items()}
    found = {}
    for environment, seen in data.items():
        pull = environment.rpartition("-")[2] if "-pull-" in environment else "release"  # digits sort before the release
        row = (_key(seen["packages"]["transformers"]), pull)
        found.setdefault(row, {})[seen["packages"]["deepspeed"]] = seen["verdicts"]
    counts = {name: sum(name in row for row in found.values()) for name in {one for row in found.values() for one in row}}
    columns = sorted((name for name, count in counts.items() if count > 1), key=_key)  # the rest stands in the data table
    rows = sorted(found)
    height = TOP + len(rows) * ROW + 104
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    axes.axis("off")
    axes.text(8, 16, words["first"], size=SIZE)
    axes.text(8, 34, words["second"], size=SIZE)
    axes.text(8, TOP - 20, "transformers", weight="bold", size=SIZE)
    axes.text(LABEL, TOP - 37, "DeepSpeed", weight="bold", size=SIZE)
    for number, name in enumerate(columns):
        x = LABEL + number * (3 * CELL + GAP)
        axes.text(x, TOP - 20, name, weight="bold", size=SIZE)
        for load, letter in enumerate("PZI"):
            axes.text(x + (load + 0.5) * CELL, TOP - 5, letter, ha="center", size=SIZE, color="grey")
    for index, row in enumerate(rows):
        y = TOP + index * ROW
        label = ".".join(map(str, row[0])) if row[1] == "release" else f"dev0 {row[1]}"
        axes.text(LABEL - 8, y + 13, label, ha="right", size=SIZE)
        for number, name in enumerate(columns):
            for load, claim in enumerate(LOADS):
                verdict = found[row].get(name, {}).get(claim)
                _cell(axes, LABEL + number * (3 * CELL + GAP) + load * CELL, y, verdict)
    _legend(axes, TOP + len(rows) * ROW + 18, words)
    return figure


def _key(version):
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _cell(axes, x, y, verdict):
    """A filled box with a tick, an outlined one with a cross or a number, a dash, or a dot: no two differ by colour alone."""
    kind, sign = _kind(verdict)
    colour = {"exact": "C3", "raises": "C1", "silent": "C2"}.get(kind)
    if colour:
        face = "none" if kind == "raises" else colour
        axes.add_patch(Rectangle((x + 1.5, y + 1.5), CELL - 3, ROW - 3, facecolor=face, edgecolor=colour, lw=1.2))
    ink = "white" if kind in ("exact", "silent") else colour or "grey"
    axes.text(x + CELL / 2, y + 13, sign, ha="center", size=SIZE, weight="bold", color=ink)


def _kind(verdict):
    if not verdict:
        return "not run", "·"
    observed, reason = verdict
    if observed == "holds":
        return "exact", "✓"
    if "cannot import name" in reason:
        return "absent", "–"
    wrong = re.search(r"no error, (\d+) of", reason)
    return ("silent", wrong[1]) if wrong else ("raises", "✕")


def _legend(axes, y, words):
    examples = {
        "exact": ["holds", ""],
        "raises": ["refuted", "RuntimeError"],
        "silent": ["refuted", "no error, 0 of"],
        "absent": ["refuted", "cannot import name"],
        "not run": None,
    }
    for number, (kind, verdict) in enumerate(examples.items()):
        _cell(axes, 8, y + number * (ROW + 1) - 13, verdict)
        axes.text(36, y + number * (ROW + 1), words[kind], size=SIZE)
