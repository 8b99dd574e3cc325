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
    # `clinic here`: what the load atlas says of the installed versions and a model
    "here silent": ("silent", "静默出错"),
    "here error": ("error", "报错"),
    "here unknown": ("no such class", "没有这个类"),
    "here not measured": ("not measured", "未测"),
    "here exact": ("exact", "完全一致"),
    "here left out": ("left out", "未计入"),
    "here comma": (", ", "、"),
    "here list": ("; ", "；"),
    "here stop": (". ", "。"),
    "here colon": ("{0}: {1}", "{0}：{1}"),
    "here brackets": ("{0} ({1})", "{0}（{1}）"),
    "here differ": (
        "{0} of {1} tensors differ from the files, and nothing stops",
        "{1} 个张量中有 {0} 个与文件不同，加载不会停下",
    ),
    "here unused": (
        "{0} tensors of the files are nowhere in the model, and nothing stops",
        "文件中有 {0} 个张量在模型里找不到，加载不会停下",
    ),
    "here stops": ("it stops: {0}", "加载停下：{0}"),
    "here no class": ("transformers {0} does not know {1}", "transformers {0} 没有 {1}"),
    "here renamed": ("{0} tensors under other names", "{0} 个张量换了名称"),
    "here against": ("{0}, which is {1}", "{0}（{1}）"),
    "here of": ("{0} of {1}", "{0}/{1}"),
    "here versions python": ("{0}; {1}, Python {2}", "{0}；{1}，Python {2}"),
    "here versions text": ("{0}; as you gave them", "{0}；以你给出的为准"),
    "here all": (
        "No model named, so this is of all {0} architectures of the load atlas. Give a model's folder for its own answer.",
        "没有指定模型，下面是加载图谱里全部 {0} 种架构的结果。给出模型文件夹，就只回答它。",
    ),
    "here lacks": ("{0}: not measured with any version.", "{0}：任何版本都没有实测过。"),
    "here no type": (
        "config.json names no model_type, so nothing can be looked up.",
        "config.json 里没有 model_type，无从查找。",
    ),
    "here has": ("The load atlas has: {0}.", "加载图谱里有：{0}。"),
    "here parts": (
        "A part of its config is of {0}, measured as a model of its own; that says nothing of this one.",
        "它的配置里含有 {0}，后者是作为独立模型实测的，不能说明这个模型。",
    ),
    "here layouts": (
        "config.json does not tell which of these layouts the files have: take the worst of them.",
        "config.json 看不出文件是哪一种布局：以其中最坏的结果为准。",
    ),
    "here own code": (
        "The folder brings code of its own (auto_map): with trust_remote_code=True that code loads it, which was not measured.",
        "文件夹自带代码（auto_map）：用 trust_remote_code=True 加载时，用的是那份代码，没有实测过。",
    ),
    "here no name": (
        "config.json names no class; measured was {0}.",
        "config.json 没有写模型类；实测的是 {0}。",
    ),
    "here no number": (
        "What you gave has no version of transformers; `pip list`, `conda list` and `transformers env` have it.",
        "给出的内容里没有 transformers 的版本号；`pip list`、`conda list`、`transformers env` 的输出里有。",
    ),
    "here near": ("Next to it, which says nothing of yours:", "相邻的实测结果，不能说明你的情况："),
    "here none near": ("Nothing was measured near it.", "附近也没有实测结果。"),
    "here why class": ("measured was {0}; config.json names {1}", "实测的是 {0}，config.json 里写的是 {1}"),
    "here why dequantised": (
        "measured on a CPU, which turns {0} into bfloat16; a device that computes with {0} was not",
        "实测在 CPU 上进行，{0} 会被反量化成 bfloat16；直接用 {0} 计算的设备没有测",
    ),
    "here why quantised": (
        "measured were weights that are not quantised; these are: {0}",
        "实测的权重没有量化，这份是量化的：{0}",
    ),
    "here why release": ("{0} {1} was not measured", "没有实测过 {0} {1}"),
    "here why newer": (
        "{0} {1} is newer than any that was measured: the newest is {2}",
        "{0} {1} 比实测过的都新：其中最新的是 {2}",
    ),
    "here why package": ("measured with {0} {1}, not with {2}", "实测时用的是 {0} {1}，不是 {2}"),
    "here why absent": ("{0} is not there", "没有 {0}"),
    "here why way": ("this way was not measured", "这种方式没有实测过"),
    "here why sample": (
        "this way was tried with some releases only, not with {0} {1}",
        "这种方式只抽测了部分版本，没有测 {0} {1}",
    ),
    "here why itself": ("the other release is {0} {1} itself", "另一个版本就是 {0} {1} 本身"),
    "here why others": (
        "that depends on the other release: {0} were tried; ask for this way alone",
        "取决于另一个版本是哪个：实测过 {0}；请单独查询这种方式",
    ),
    "here why dev": (
        "{0} {1} names every commit before that release, so the commit decides",
        "{0} {1} 指的是该版本发布之前的所有提交，取决于具体是哪个提交",
    ),
    "here why local": ("{0} {1} is a build of its own, not the release", "{0} {1} 是自行构建的，不是正式发布的版本"),
    "here why none": ("{0} has no version that can be compared: {1}", "{0} 的版本无法比较：{1}"),
    "here why range": ("{2} is a range, not what is installed", "{2} 是版本范围，不是已安装的版本"),
    "here why several": (
        "two versions of {0} are noted in one folder ({1}): one is left over",
        "同一个文件夹里记录了 {0} 的两个版本（{1}）：有一个是残留的",
    ),
    "here why editable": (
        "{0} {1} is an editable installation, whose code can be any: {2}",
        "{0} {1} 是可编辑安装（editable），代码可能已经改动：{2}",
    ),
    "here why commit": (
        "{0} {1} was installed from commit {2}, not as a release",
        "{0} {1} 安装自提交 {2}，不是正式发布的版本",
    ),
    "here why folder": ("{0} {1} was built from {2}, not installed as a release", "{0} {1} 从 {2} 构建，不是正式发布的版本"),
    "here why elsewhere": (
        "{0} {1} is noted, and Python would import another code: {2}",
        "记录的是 {0} {1}，但 Python 会导入另一份代码：{2}",
    ),
    "here scope": (
        "Measured: tiny random models under the published names, on {0}, in one process unless ranks are named, {1}; by {2}. "
        "Your own files were not.",
        "实测的是沿用官方权重命名的随机微型模型，在 {0} 上，未写明 rank 数的都是单进程，{1}，截至 {2}。你自己的文件没有测过。",
    ),
    "here device cpu": ("a CPU", "CPU"),
    "here device cuda": ("a GPU", "GPU"),
    "here torch": ("{0} (yours: {1})", "{0}（你的是 {1}）"),
    "here settle": ("What settles it for your own files:", "要对你自己的文件下结论，运行："),
    "here not looked": (
        "Not looked: transformers is not installed for {0} (Python {1}). Ask the Python that you train with:",
        "没有查：{0}（Python {1}）里没有安装 transformers。请查训练所用的那个 Python：",
    ),
    "here or": ("or give its versions:", "或者直接给出版本："),
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
    "class": ("class", "类"),
}
NUMBERS = ("files",)  # those that are printed with zeros in front


def say(language: Language, key: str, *values: object) -> str:
    """Return a word or sentence in a language, its `{0}` filled in."""
    return WORDS[key][language == "zh"].format(*values)
