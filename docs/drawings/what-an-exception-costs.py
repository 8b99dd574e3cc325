"""What each way around the refusal costs: whether a run's own random state loads, and which of three files are executed."""

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

EVIDENCE = "weights-only-load-failed/what_it_costs@torch-2.13-cpu"
WORDS = {
    "default": ("torch.load(file)", "torch.load(file)"),
    "four names": ("safe_globals: numpy's four", "safe_globals：numpy 的四个"),
    "whatever is named": ("safe_globals: all it names", "safe_globals：报错说的都放行"),
    "variable": ("the variable is set", "设了环境变量"),
    "weights_only=False": ("weights_only=False", "weights_only=False"),
    "own": ("your random state:", "自己的随机数状态："),
    "loads": ("loads", "能加载"),
    "refused": ("refused", "被拒绝"),
    "others": ("a stranger's file runs:", "陌生文件会执行："),
    "nothing": ("nothing", "什么也不执行"),
}
WIDTH, LINE, GAP, LEFT = 340, 17, 8, 12


def draw(data, language):
    """Return the figure: a way and, below it, what it loads and what it runs. Narrow: it fits a phone."""
    words = {key: pair[language == "zh"] for key, pair in WORDS.items()}
    height = len(data) * (3 * LINE + GAP) + GAP
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    axes.axis("off")
    y = GAP
    for way, found in data.items():
        colour = "C1" if found["runs"] else "C2"
        axes.add_patch(Rectangle((1, y), 5, 3 * LINE - 1, facecolor=colour, edgecolor=colour, lw=1))
        lines = (
            words[way],
            f"{words['own']} {words['loads' if found['loads'] else 'refused']}",
            f"{words['others']} {', '.join(found['runs']) or words['nothing']}",
        )
        for number, line in enumerate(lines, 1):
            weight = "bold" if number == 1 else "normal"
            axes.text(LEFT, y + LINE * number - 4, line, size=12.5, weight=weight)
        y += 3 * LINE + GAP
    return figure
