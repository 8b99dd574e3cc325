"""The words of an answer, in both languages, and the names of a message's variable parts."""

from __future__ import annotations

from typing import Literal

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")

WORDS: dict[str, tuple[str, str]] = {
    "harm none": ("harmless", "无害"),
    "harm error": ("stops with an error", "报错终止"),
    "harm silent": ("can go wrong silently", "可能静默出错"),
    "see": ("see a report", "参见相关 issue"),
    "line of": ("line {0}, {1}x", "第 {0} 行，共 {1} 次"),
    "part": ("{0}: ", "{0}："),
    "read on": ("read on: {0}", "详见：{0}"),
    "not known": ("Not known here: no article comes near it.", "这里没有收录，也没有接近的条目。"),
    "not recognised": (
        "Not recognised here. Nearest in words; compare with your message:",
        "没有认出来。文字上最接近的是下面这些，请与你的报错对照：",
    ),
    "closest": ("Closest to your question:", "与你的问题最接近的条目："),
    "named": ("An article of this name:", "这个名称对应的条目："),
    "ask for more": (
        "Did a program print something? Give its line, or the whole log.",
        "如果是程序打印的内容，请直接给出那一行，或整份日志。",
    ),
    "report it": (
        "To report it, copy these lines into a new issue (form: .github/ISSUE_TEMPLATE/message.yml). "
        "Tokens, user names and hosts are masked; nothing is sent by itself:",
        "想提交它，请把下面几行贴进新的 issue（表单：.github/ISSUE_TEMPLATE/message.yml）。"
        "令牌、用户名和主机名已遮盖，不会自动发送任何内容：",
    ),
    "ask others": ("{0} ({1} more)", "{0}（另有 {1} 个）"),
    "ask looks like": ("Looks like {0}, but is not", "像 {0}，但不是"),
    "ask looks link": ("The article it resembles: {0}", "与它相似的条目：{0}"),
}

# The variable parts of messages: the names of a signature's groups.
PARTS: dict[str, tuple[str, str]] = {
    "parameter": ("parameter", "参数"),
    "checkpoint": ("in the checkpoint", "checkpoint 中"),
    "model": ("in the model", "模型中"),
    "file": ("file", "文件"),
    "files": ("files of the checkpoint", "checkpoint 的文件数"),
    "key": ("key", "键"),
    "rank": ("rank", "rank"),
}
NUMBERS = ("files",)  # those that are printed with zeros in front


def say(language: Language, key: str, *values: object) -> str:
    """Return a word or sentence in a language, its `{0}` filled in."""
    return WORDS[key][language == "zh"].format(*values)
