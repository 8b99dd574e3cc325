"""The two pull requests and the two releases round them, in days; the verdicts are those of load_across_versions.

The times are not measured. Releases: https://github.com/huggingface/transformers/releases. Commits: their own,
at https://github.com/huggingface/transformers/commit/ 1603018e7aa517623192cc9ff164bbec513b66e4 (pull request 36335) and
4d8259d24592f27603efc3827f60794904f14aad (36455). How many commits, at https://github.com/huggingface/transformers/compare/:
7ec35bc3bd...523f6e743c (265, from the one that sets the version 4.50.0.dev0 to the last before 4.51.0.dev0) and
981c276a02...dcbdf7e962 (17, from 36335 to the last before 36455).
"""

from datetime import datetime

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

EVIDENCE = "size-mismatch-torch-size-0/load_across_versions"
POINTS = {  # environment: when
    "transformers-4.49.0": "2025-02-17",
    "transformers-pull-36335": "2025-02-26 19:12",
    "transformers-pull-36455": "2025-03-03 14:05",
    "transformers-4.50.0": "2025-03-21",
}
NAMED, BAD = 265, 17
WORDS = {
    "title": ("All of this is 4.50.0.dev0: {} commits", "这些都叫 4.50.0.dev0：{} 个提交"),
    "transformers-4.49.0": ("release 4.49.0", "4.49.0 发布"),
    "transformers-pull-36335": ("pull request 36335 merged", "合并 PR 36335"),
    "transformers-pull-36455": ("pull request 36455 merged", "合并 PR 36455"),
    "transformers-4.50.0": ("release 4.50.0", "4.50.0 发布"),
    "holds": ("✓ loads exactly", "✓ 逐位相同"),
    "": ("? not run yet", "? 尚未运行"),
    "refuted": ("✕ raises the error", "✕ 报这条错误"),
    "without": ("{} commits without the gather", "{} 个提交没有聚合"),
    "utc": ("2025, UTC", "2025 年，UTC"),
}
WIDTH, HEIGHT, LEFT, RIGHT, BAND = 340, 236, 14, 326, 42


def draw(data, language):
    """Return the figure: the days as a band, the four that were run as rows below it. Narrow: it fits a phone."""
    words = {key: pair[language == "zh"] for key, pair in WORDS.items()}
    times = {name: datetime.fromisoformat(text).timestamp() for name, text in POINTS.items()}
    first, last = min(times.values()), max(times.values())
    place = {name: LEFT + (RIGHT - LEFT) * (time - first) / (last - first) for name, time in times.items()}
    figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(HEIGHT, 0))
    axes.axis("off")
    _text(axes, LEFT, 18, words["title"].format(NAMED), weight="bold")
    _text(axes, RIGHT, BAND + 30, words["utc"], ha="right", color="grey")
    axes.add_patch(Rectangle((LEFT, BAND), RIGHT - LEFT, 14, color="lightgrey", lw=0))
    bad, good = place["transformers-pull-36335"], place["transformers-pull-36455"]
    axes.add_patch(Rectangle((bad, BAND), good - bad, 14, color="C1", lw=0))
    _text(axes, (bad + good) / 2, BAND + 30, words["without"].format(BAD), ha="center", color="C1")
    for row, (name, time) in enumerate(POINTS.items()):
        y = 98 + row * 37
        verdict = data.get(name, {}).get("verdicts", {}).get("zero3_load_is_exact", ["", ""])[0]
        colour = "C1" if verdict == "refuted" else "C3" if verdict == "holds" else "grey"
        axes.plot([place[name], place[name]], [BAND - 3, BAND + 17], color="black", lw=1.5)
        if 0 < row < len(POINTS) - 1:
            _text(axes, place[name], BAND - 5, str(row + 1), ha="center")
        _text(axes, LEFT, y, f"{row + 1}", weight="bold")
        _text(axes, LEFT + 16, y, time.removeprefix("2025-"))
        _text(axes, LEFT + 108, y, words[name])
        _text(axes, LEFT + 108, y + 16, words[verdict], color=colour)
    return figure


def _text(axes, x, y, text, **style):
    axes.text(x, y, text, size=12.5, **style)
