"""The words that the engine itself puts on a page, in both languages. Sentences of articles stand in the articles."""

from __future__ import annotations

from checkpoint_clinic.words import WORDS as OF_ANSWERS
from checkpoint_clinic.words import Language

WORDS: dict[str, tuple[str, str]] = {
    **OF_ANSWERS,
    "verified": ("verified", "已验证"),
    "failing": ("failing", "不符"),
    "stale": ("stale", "已过期"),
    "unverified": ("unverified", "未验证"),
    "holds": ("true", "成立"),
    "refuted": ("false", "不成立"),
    "undecided": ("not answered", "没有结果"),
    "not run": ("not run", "未运行"),
    "last run": ("last run", "运行时间"),
    "on": (" on {0}", "，{0}"),
    "llms how": (
        "Each article is one message: what it means, whether it is safe to go on, what to do by case. Beside each sentence "
        "stands what was observed when it was run: where true, where false. Of versions only those named were measured.",
        "一个条目对应一条报错：它是什么意思，能不能继续，分情况怎么办。每句话旁边写着实际运行的结果：在哪些环境里成立，在哪些不成立。"
        "只测过写明的那些版本。",
    ),
    "llms articles": ("Articles", "条目"),
    "llms data": ("Data", "数据"),
    "llms articles.json": (
        "all articles: message, harm, whether it is safe to go on, the answer, links",
        "所有条目：报错信息、危害、能否继续、一句话的回答、链接",
    ),
    "llms signatures.json": ("what recognises the messages in a log", "从日志里识别这些报错的规则"),
    "llms schema.json": ("the JSON schema of the articles", "条目的 JSON schema"),
    "llms osv/index.json": (
        "affected ranges in the form of OSV, where the release that brought it and the one that cured it were both measured",
        "受影响的版本范围（OSV 格式），只列出开始出问题和已经修好的版本都测过的",
    ),
    "llms feed": ("an entry for each article, renewed by its newest run", "每个条目一项，有新的运行结果就更新"),
    "llms evidence": ("its evidence: every claim, every version, every run", "它的证据：每条结论、每个版本、每次运行"),
    "llms article": ("the article as JSON", "JSON 格式的条目"),
    "never run": ("not run yet", "尚未运行"),
    "days": ("{0} to {1}", "{0} 至 {1}"),
    "days run": ("run {0}", "{0} 运行"),
    "reported": ("reported in", "相关 issue"),
    "how": ("how it was decided", "验证方式"),
    # Mutants: changes made to a check on purpose, which its claims must notice.
    "mutants": (
        "{0} of {1} changes made to the checks on purpose were noticed",
        "故意改动验证代码 {1} 处，发现了其中 {0} 处",
    ),
    "mutants not run": ("{0} more not tried yet", "另有 {0} 处尚未尝试"),
    "mutants survived": ("not noticed", "没有发现的改动"),
    "mutants may": ("need not be noticed: {0}", "不必发现：{0}"),
    "mutants stale": ("tried before these files changed: {0}", "以下文件改动之前做的尝试：{0}"),
    # What stands beside a sentence: what was observed.
    "fact holds": ("true with {0}", "{0} 下成立"),
    "fact refuted": ("false with {0}", "{0} 下不成立"),
    "fact all holds": ("true in all {0} environments that ran it", "运行过的 {0} 个环境都成立"),
    "fact all refuted": ("false in all {0} environments that ran it", "运行过的 {0} 个环境都不成立"),
    "fact not run": ("not run in {0}", "{0} 个环境未运行"),
    "fact stop": ("; ", "；"),
    "fact comma": (", ", "、"),
    "colon": (": ", "："),
    "in brackets": (" ({0})", "（{0}）"),
    # Why a cell has its status: the reasons of decide/evidence.py
    "why expects": ("expected {0}", "预期{0}"),
    "why observed": ("observed {0} on {1}", "{1} 实测{0}"),
    "why expected": ("expected {0}, observed {1}", "预期{0}，实测{1}"),
    "why undecided": ("{0}", "{0}"),
    "why no device": ("not run yet on a machine with a CUDA device", "还没有在有 CUDA 设备的机器上运行"),
    "why newer": ("not run yet: the claim is newer than the evidence", "尚未运行：结论比证据新"),
    "why future": ("recorded in the future ({0})", "记录的日期在将来（{0}）"),
    "why changed": ("changed since the run: {0}", "运行之后改动过：{0}"),
    "why imported": ("imported differs from pinned: {0}", "实际导入的与锁定的版本不同：{0}"),
    "why older": ("older than {0} days ({1})", "距今超过 {0} 天（{1}）"),
    "mark": ("{0}: {1}. Show how it was decided.", "{0}：{1}。查看验证方式。"),
    "claim link": ("Link to this sentence", "这句话的链接"),
    "safe": ("Safe to go on?", "可以继续吗？"),
    "safe yes": ("Yes.", "可以。"),
    "safe no": ("No.", "不可以。"),
    "safe check": ("Not before the check.", "核对之前不要继续。"),
    "fetched": ("Or download {0} here.", "也可以在这里下载 {0}。"),
    "evidence": ("evidence", "证据"),
    "back to article": ("← {0}: what to do", "← {0}：怎么办"),
    # Badges: after the device, `34/36` for what was verified, then these
    "badge failing": ("{0} failing", "{0} 不符"),
    "badge stale": ("{0} stale", "{0} 已过期"),
    "badge unverified": ("{0} not run", "{0} 未运行"),
    "badge all failing": ("failing", "不符"),
    "badge all stale": ("stale", "已过期"),
    "badge all unverified": ("not run", "未运行"),
    "environment": ("environment", "环境"),
    "expected": ("expected", "预期"),
    "observed": ("observed", "实测"),
    "status": ("status", "状态"),
    "why": ("why", "说明"),
    "claim": ("claim", "结论"),
    "log": ("raw log", "原始日志"),
    "statement": ("statement", "证据文件"),
    "seen in": ("Printed by `{0}` in {1}", "`{0}` 在 {1} 中的输出"),
    "drawn from": ("Drawn from what `{0}` printed in {1}", "根据 `{0}` 在 {1} 中的输出绘制"),
    "drawn from all": ("Drawn from what `{0}` decided in {1} environments", "根据 `{0}` 在 {1} 个环境中的结果绘制"),
    "drawing": ("drawing", "示意图"),
    "no output": ("No output is recorded for {0}.", "没有 {0} 的输出记录。"),
    "download": ("Download {0}", "下载 {0}"),
    "differs": ("unlike the reports", "与 issue 中不同"),
    "named here": ("{0} {2} (reported: {1})", "{0} {2}（issue 中为 {1}）"),
    "ran on": ("ran on", "运行于"),
    "files": ("files", "文件"),
    "none": ("none", "无"),
    "run it": ("Run it on your machine", "在自己的机器上运行"),
    "run hint": (
        "Download {0}, then run this in its folder (uv comes from your package index). "
        "It prints each claim with its verdict, as the log does.",
        "下载 {0}，在其所在目录运行下面的命令（uv 可从你的软件源安装）。它会逐条打印结论和结果，与日志一致。",
    ),
    "awaits commit": (
        "Its commit is not recorded yet: a machine that reaches the source asks for it by the number of the pull request.",
        "它的提交还没有记录下来：要在能访问源码仓库的机器上，按 PR 编号去查。",
    ),
    "message": ("message", "报错信息"),
    "harm": ("what happens if you go on", "继续运行会怎样"),
    "article": ("article", "条目"),
    "packages": ("packages", "软件包"),
    "base": ("on top of {0}", "叠加于 {0}"),
    "all claims": ("claims: {0} · environments: {1} · cells: {2}", "结论 {0} 条 · 环境 {1} 个 · 用例 {2} 个"),
    "range": ("{0} to {1} ({2} measured)", "{0} 至 {1}（实测 {2} 个）"),
    "system python": ("the machine's", "机器自带"),
    # The page of environments.
    "env members": ("{0} environments", "{0} 个环境"),
    "env base only": ("only carries others", "只作底层"),
    "env range": ("{0} to {1}", "{0} 至 {1}"),
    "env comma": (" and ", "、"),
    # The paste field. Those from "ask found" on are given to diagnose.js, which fills in {0} itself.
    "ask label": ("Paste what the terminal printed", "把终端里的输出粘贴到这里"),
    "ask placeholder": ("One line or the whole log", "一行也行，整份日志也行"),
    "ask find": ("Find the answer", "查一查"),
    "ask choose": ("Choose a log file", "选择日志文件"),
    "ask drop": ("or drop one here", "也可以拖到这里"),
    "ask private": ("Nothing you paste leaves your browser.", "粘贴的内容不会离开你的浏览器。"),
    "ask without": (
        "Looking a message up here needs JavaScript. Without it, read the list of messages, or run `clinic diagnose run.log`.",
        "在这里查报错需要 JavaScript。没有的话，可以翻看报错列表，或在终端里运行 `clinic diagnose run.log`。",
    ),
    "ask cancel": ("Cancel", "取消"),
    "ask progress": ("How much has been read", "读取进度"),
    "ask found": ("Known here: {0}.", "这里有收录：{0}。"),
    "ask named": ("This is {0}.", "这就是 {0}。"),
    "ask resembles": ("Not known here. It resembles {0}, but is something else.", "没有收录。它和 {0} 相似，但不是一回事。"),
    "ask closest": ("Closest to your question: {0}.", "与你的问题最接近的条目：{0}。"),
    "ask unknown": ("Not known here.", "没有收录。"),
    "ask unrecognised": ("Not recognised here.", "没有认出来。"),
    "ask read": ("{0} lines read.", "共读取 {0} 行。"),
    "ask where": ("line {0}", "第 {0} 行"),
    "ask times": ("{0} times", "出现 {0} 次"),
    "ask to article": ("What to do", "怎么做"),
    "ask none": (
        "No message that is known here was recognised in it. That says nothing about whether it is harmful.",
        "没有从里面认出这里收录的报错。这并不说明它有没有危害。",
    ),
    "ask nearest": ("Nearest in words; compare with your message:", "文字上最接近的是下面这些，请与你的报错对照："),
    "ask report": ("Ask for an article about it", "请求收录"),
    "ask report hint": (
        "Nothing is sent by itself. Read this text before you share it: "
        "tokens, user names and hosts were masked, but only those that are easy to tell.",
        "不会自动发送任何内容。分享前请先通读：令牌、用户名和主机名已被遮盖，但只限容易辨认的那些。",
    ),
    "ask report label": ("Text of the request", "请求的正文"),
    "ask report title": ("Not known: {0}", "未收录：{0}"),
    "ask report body": (
        "What was printed:\n\n{1}\n{0}\n{1}\n\n"
        "What I was doing: \nPython: \ntorch: \ntransformers: \nother libraries: \nGPU: \n",
        "终端输出：\n\n{1}\n{0}\n{1}\n\n当时在做什么：\nPython：\ntorch：\ntransformers：\n其他库：\nGPU：\n",
    ),
    "ask report open": ("Open the form with this text", "用这段文字打开表单"),
    "ask copy": ("Copy the text", "复制正文"),
    "ask link": ("Copy a link to this answer", "复制此结果的链接"),
    "ask link hint": ("The link holds this line, masked: {0}", "链接里包含这一行（已遮盖）：{0}"),
    "ask copied": ("Copied.", "已复制。"),
    "ask reading": ("Reading {0}: {1} of {2} MB", "正在读取 {0}：{1} / {2} MB"),
    "ask pasted": ("the pasted text", "粘贴的内容"),
    "ask cancelled": ("Cancelled.", "已取消。"),
    "ask empty": ("There is no text in it.", "里面没有文字。"),
    "ask binary": (
        "This is binary data, not a log. Choose the text that the terminal printed.",
        "这是二进制数据，不是日志。请选择终端输出的文本。",
    ),
    "ask broken": (
        "It could not be looked up: {0}. The list of messages works without it.",
        "查询没有成功：{0}。仍可以翻看报错列表。",
    ),
    "ask comma": (", ", "、"),
}


def say(language: Language, key: str, *values: object) -> str:
    """Return a word or sentence in a language, its `{0}` filled in."""
    return WORDS[key][language == "zh"].format(*values)


def all_words(language: Language) -> dict[str, str]:
    """Return every word in a language, not filled in."""
    return {key: texts[language == "zh"] for key, texts in WORDS.items()}
