"""The words that the engine itself puts on a page, in both languages. Sentences of articles stand in the articles."""

from __future__ import annotations

from .article import Language

WORDS: dict[str, tuple[str, str]] = {
    "verified": ("verified", "已验证"),
    "failing": ("failing", "不符"),
    "stale": ("stale", "已过期"),
    "unverified": ("unverified", "未验证"),
    "holds": ("holds", "成立"),
    "refuted": ("refuted", "不成立"),
    "undecided": ("undecided", "无法判定"),
    "not run": ("not run", "未运行"),
    "harm none": ("harmless", "无害"),
    "harm error": ("stops with an error", "报错终止"),
    "harm silent": ("can go wrong silently", "可能静默出错"),
    "last run": ("last run", "最近运行"),
    "on": ("{0} on {1}", "{0}，{1}"),
    "never run": ("not run yet", "尚未运行"),
    "on a GPU": ("GPU: {0}", "GPU：{0}"),
    "reported": ("reported in", "出处"),
    "how": ("how it was decided", "判定方式"),
    "environment": ("environment", "环境"),
    "expected": ("expected", "预期"),
    "observed": ("observed", "实测"),
    "status": ("status", "状态"),
    "why": ("why", "说明"),
    "claim": ("claim", "论断"),
    "log": ("raw log", "原始日志"),
    "statement": ("statement", "证据声明"),
    "seen in": ("Printed by `{0}` in {1}", "`{0}` 在 {1} 中的输出"),
    "drawn from": ("Drawn from what `{0}` printed in {1}", "根据 `{0}` 在 {1} 中的输出绘制"),
    "drawn from all": ("Drawn from what `{0}` decided in {1} environments", "根据 `{0}` 在 {1} 个环境中的判定绘制"),
    "drawing": ("drawing", "示意图"),
    "no output": ("No output is recorded for {0}.", "没有 {0} 的输出记录。"),
    "download": ("Download {0}", "下载 {0}"),
    "differs": ("unlike the reports", "与报告不同"),
    "named here": ("{0} {2} (reported: {1})", "{0} {2}（报告中为 {1}）"),
    "ran on": ("ran on", "运行于"),
    "files": ("files", "文件"),
    "none": ("none", "无"),
    "run it": ("Run it on your machine", "在自己的机器上运行"),
    "run hint": (
        "Download {0}, then run this in its folder (uv comes from your package index). "
        "It prints each claim with its verdict, as the log does.",
        "下载 {0}，在其所在目录运行下面的命令（uv 可从你的软件源安装）。它会逐条打印论断和判定，与日志一致。",
    ),
    "awaits commit": (
        "Its commit is not recorded yet: a machine that reaches the source asks for it by the number of the pull request.",
        "它的提交还没有记录下来：要在能访问源码仓库的机器上，按 PR 编号去查。",
    ),
    "message": ("message", "报错信息"),
    "harm": ("what happens if you go on", "继续运行会怎样"),
    "article": ("article", "条目"),
    "cells": ("cells", "单元"),
    "packages": ("packages", "软件包"),
    "locks": ("locks", "锁文件"),
    "differs from": ("how it differs from what the articles name", "与条目所述环境的差别"),
    "base": ("on top of {0}", "叠加于 {0}"),
    "badge": ("badge", "徽章"),
    "all claims": ("claims: {0} · environments: {1} · cells: {2}", "论断 {0} 条 · 环境 {1} 个 · 单元 {2} 个"),
    "range": ("{0} to {1} ({2} measured)", "{0} 至 {1}（实测 {2} 个）"),
    "see": ("see a report", "参见报告"),
    "system python": ("the machine's", "机器自带"),
}


def say(language: Language, key: str, *values: object) -> str:
    """Return a word or sentence in a language, its `{0}` filled in."""
    return WORDS[key][language == "zh"].format(*values)
