"""Made-up articles in any number: messages that a library could print, pages about them, and what readers would paste or ask.

For measuring the search at a size that the project does not have yet. The libraries and messages do not exist; their form,
variable parts and likeness to each other do. The same seed gives the same articles.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import product
from typing import Any

from checkpoint_clinic.nearest import counted
from checks.content.pattern import tolerant

SEED = 20261121
KINDS = {  # of what a message speaks of, with Chinese
    "rotary": "旋转位置", "fused": "融合", "sharded": "分片", "quantized": "量化", "gathered": "聚合", "replicated": "副本",
    "pipelined": "流水线", "offloaded": "卸载", "compressed": "压缩", "cached": "缓存", "frozen": "冻结", "nested": "嵌套",
    "interleaved": "交错", "windowed": "滑窗", "grouped": "分组", "tied": "共享", "pruned": "剪枝", "distilled": "蒸馏",
    "prefetched": "预取", "remapped": "重映射", "packed": "打包", "streamed": "流式", "mirrored": "镜像", "transposed": "转置",
}  # fmt: skip
THINGS = {
    "embedding table": "嵌入表", "attention bias": "注意力偏置", "router gate": "路由门控", "optimizer moment": "优化器动量",
    "vocabulary map": "词表映射", "adapter rank": "适配器秩", "scale block": "缩放块", "expert bank": "专家组",
    "tokenizer merge list": "分词合并表", "header chunk": "文件头", "layer index": "层索引", "norm weight": "归一化权重",
    "position buffer": "位置缓冲区", "gradient bucket": "梯度桶", "prompt prefix": "提示前缀", "vision tower": "视觉塔",
    "audio encoder": "音频编码器", "value head": "价值头", "draft model": "草稿模型", "block mask": "块掩码",
    "loss scaler": "损失缩放器", "mesh group": "设备网格", "module hook": "模块钩子", "weight archive": "权重归档",
}  # fmt: skip
# A message with its variable parts, the words of its look-alike, and what a reader says of it, in both languages.
FRAMES = (
    (
        "cannot place the {0} on cuda:{device}: {parameter} is left",
        "place the {0}",
        "does not fit on its device",
        "放不到设备上",
    ),
    ("the {0} ends after {count} bytes: {file}", "read the {0}", "is cut off at the end of a file", "在文件末尾被截断"),
    ("no entry in the {0} for {parameter}", "fill the {0}", "has a parameter missing", "缺少参数的条目"),
    (
        "the {0} has {count} rows, the configuration asks for {other}",
        "resize the {0}",
        "has a wrong row count",
        "行数与配置不一致",
    ),
    ("{parameter}: listed twice in the {0}", "sort the {0}", "holds a name two times", "同一个名字出现两次"),
    ("{parameter}: the {0} has type {dtype}", "convert the {0}", "has a number format that is refused", "数值类型不被接受"),
    ("process {rank} never sent its part of the {0} in {count} s", "share the {0}", "hangs until it times out", "一直等到超时"),
    ("the {0} has version {count}, {other} was expected", "migrate the {0}", "comes from another release", "来自别的版本"),
    ("checksum of the {0} differs: {file}", "hash the {0}", "looks damaged after the download", "下载以后像是损坏了"),
    ("ignoring the {0}: {parameter} stays random", "apply the {0}", "is left out without a failure", "被忽略而且不报错"),
)
LIBRARIES = [
    f"{first}{last}"
    for first, last in product(
        ("shard", "grid", "quanta", "lora", "flux", "tensor"), ("kiln", "ferry", "loom", "crate", "relay")
    )
]
MOMENTS = {
    "when training resumes": "恢复训练时",
    "after converting the checkpoint": "转换检查点之后",
    "on the second node": "在第二台机器上",
    "while the adapter is merged": "合并适配器时",
    "when the model is exported": "导出模型时",
    "before the first step": "第一步之前",
    "under half precision": "半精度下",
    "when several processes load at once": "多个进程同时加载时",
}
CAUSES = {
    "the file was saved before every process had handed over its part": "文件保存得太早，有的进程还没有交出自己的那一部分",
    "two releases of the library order the dimensions differently": "这个库的两个版本对维度的排列不同",
    "a launcher started fewer processes than the checkpoint was written with": "启动的进程比写检查点时少",
    "the configuration beside the weights belongs to another model": "权重旁边的配置文件属于另一个模型",
    "a copy was interrupted, and the next run took what was there": "复制中断过，下一次运行就用了剩下的内容",
    "an option that is on by default skips what it does not know": "默认打开的一个选项会跳过它不认识的内容",
}
CURES = {
    "Save again from one process, then compare the names.": "用一个进程重新保存，比对名字再继续。",
    "Install the release that wrote the file, and convert there.": "装上写出该文件的版本，在那里转换。",
    "Start as many processes as there are parts, or merge the parts first.": "按分片数启动进程，或者先合并分片。",
    "Fetch the configuration of the same revision, and keep both in one folder.": "下载同一版本的配置，两者放在同一个目录。",
    "Copy again and compare the checksums of both sides.": "重新复制，并比较两边的校验和。",
    "Turn the option off: the run then stops at an unknown name.": "关掉这个选项：遇到不认识的名字就会停下。",
}
PROSE = {
    "en": {
        "What to do": "{cure} It takes a few minutes and changes no file. "
        "Then print the {thing} of every process and compare it with the first.",
        "Why": "In most reports {cause}. The library builds the {kind} {thing} {moment}, keeps it in memory, and "
        "does not look at the file again. What it finds is taken as it is; a check of the shape would cost nothing there.",
        "What does not help": "Deleting the cache, or installing everything again: the {thing} comes from the file. "
        "A {other} is another matter and has its own message.",
        "In which versions": "Measured with {library} {release} and torch {torch} on a CPU. "
        "Earlier releases print nothing and go on with random weights.",
    },
    "zh": {
        "怎么做": "{cure}只要几分钟，不改动任何文件。然后打印每个进程的{thing}，与第一个进程比较。",
        "为什么": "多数报告里，{cause}。这个库{moment}建立{kind}{thing}，之后一直放在内存里，不再读文件，也不检查形状。",
        "哪些说法帮不上忙": "删除缓存、重装全部软件包都没有用：{thing}来自文件。{other}是另一回事，有自己的报错。",
        "涉及哪些版本": "在 CPU 上用 {library} {release} 和 torch {torch} 测过。更早的版本什么也不打印，带着随机权重继续运行。",
    },
}
EXCEPTIONS = ("RuntimeError", "ValueError", "KeyError", "OSError", "LoadError", "UserWarning")
_PATTERNS = {
    "parameter": r"(?P<parameter>[^ :]+)",
    "file": r"(?P<file>[^ ]+)",
    "rank": r"(?P<rank>\d+)",
    "count": r"(?P<count>\d+)",
    "other": r"(?P<other>\d+)",
    "dtype": r"(?P<dtype>[\w.]+)",
    "device": r"(?P<device>\d+)",
}


@dataclass(frozen=True)
class Case:
    """What somebody pastes or asks, and the article that answers it."""

    kind: str  # match, lookalike, other or query
    text: str
    article: str
    language: str = "en"
    generated: bool = True


@dataclass
class Generated:
    """Articles in the forms that the engines and the theme's search read, and texts about them."""

    signatures: list[dict[str, Any]]
    words: list[dict[str, str]]
    documents: dict[str, list[dict[str, Any]]]  # of search_index.json, by language
    patterns: list[str]  # as an author would write them
    cases: list[Case]


def generate(number: int, seed: int = SEED) -> Generated:
    """Return so many articles."""
    chance = random.Random(seed)  # noqa: S311  no secret
    topics = list(product(KINDS, THINGS, FRAMES))
    chance.shuffle(topics)
    made = Generated([], [], {"en": [], "zh": []}, [], [])
    for place in range(number):
        _add(made, f"CG{place:04}", *topics[place], chance)
    return made


def in_form(made: Generated, words: dict[str, Any]) -> dict[str, Any]:
    """Return the articles in the form of words.json: what is theirs, and what all share."""
    return {**words, "articles": made.words}


def _add(made: Generated, name: str, kind: str, thing: str, frame: tuple[str, ...], chance: random.Random) -> None:
    what, zh_what = f"{kind} {thing}", f"{KINDS[kind]}{THINGS[thing]}"
    form, duty, trouble, zh_trouble = (part.replace("{0}", what) for part in frame)
    library, exception = chance.choice(LIBRARIES), chance.choice(EXCEPTIONS)
    moment, cause, cure = (chance.choice(list(choices)) for choices in (MOMENTS, CAUSES, CURES))
    message, pattern, literal = _filled(form, chance), _pattern(form), _literal(form, what)
    slug = f"{library}-{kind}-{thing.replace(' ', '-')}-{FRAMES.index(frame)}"
    title = {"en": f"{_without_parts(form)} ({library})", "zh": f"{_without_parts(form)}（{library}）"}
    answer = {
        "en": f"The {what} {trouble} {moment}: {cause}.",
        "zh": f"{MOMENTS[moment]}{zh_what}{zh_trouble}：{CAUSES[cause]}。",
    }
    resembled = f"could not {duty} yet, trying again"
    means = {
        "en": f"a notice of {library}: it tries again, and nothing is lost.",
        "zh": f"{library} 的提示：会重试，没有损失。",
    }
    made.patterns.append(pattern)
    made.signatures.append(
        {
            "id": name,
            "slug": slug,
            "harm": chance.choice(["none", "error", "silent"]),
            "message": message,
            "title": title,
            "answer": answer,
            "signatures": [{"contains": literal, "pattern": tolerant(pattern)}],
            "lookalikes": [{"contains": resembled, "means": means}],
        }
    )
    values = {"library": library, "kind": kind, "thing": thing, "moment": moment, "cause": cause, "cure": cure}
    sections = {language: _sections(language, chance, dict(values)) for language in PROSE}
    headings, prose = (["\n".join(section[part] for section in sections[one]) for one in PROSE] for part in (0, 1))
    chief = [message, *title.values(), *answer.values(), library, *headings]
    made.words.append({"id": name, "counts": counted("\n".join(chief), "\n".join(prose))})
    for language, documents in made.documents.items():
        location = f"errors/{slug}/"
        lead = {"location": location, "title": title[language], "text": f"<p>{message}</p> <p>{answer[language]}</p>"}
        documents.append({**lead, "tags": [library]})
        documents += [
            {
                "location": f"{location}#{heading.lower().replace(' ', '-')}",
                "title": heading,
                "text": f"<p>{text}</p>",
                "tags": [library],
            }
            for heading, text in sections[language]
        ]
    made.cases += [Case("match", _pasted(_filled(form, chance), exception, library, shape, chance), name) for shape in range(6)]
    made.cases.append(Case("lookalike", f"[{library}] {resembled} (attempt {chance.randrange(2, 9)})", name))
    made.cases += _questions(name, library, what, zh_what, trouble, zh_trouble, moment)


def _without_parts(form: str) -> str:
    """Return a message with an ellipsis for each variable part, as a heading has it."""
    for part in _PATTERNS:
        form = form.replace(f"{{{part}}}", "…")
    return form


def _pattern(form: str) -> str:
    for part, pattern in _PATTERNS.items():
        form = form.replace(f"{{{part}}}", pattern)
    return form


def _literal(form: str, what: str) -> str:
    """Return the longest part of a message that does not vary and names the thing."""
    for part in _PATTERNS:
        form = form.replace(f"{{{part}}}", "\0")
    return max((piece for piece in form.split("\0") if what in piece), key=len)


def _filled(form: str, chance: random.Random) -> str:
    layer, other = (
        chance.randrange(96),
        chance.choice(["mlp.down_proj", "self_attn.q_proj", "norm", "experts.7.w2", "ffn.gate"]),
    )
    return form.format(
        parameter=f"{chance.choice(['model', 'visual', 'decoder', 'base_model.model'])}.layers.{layer}.{other}.weight",
        file=chance.choice(["./out", "/mnt/data/run_3", "C:\\models\\x"]) + f"/part-{layer:05}-of-00096.safetensors",
        rank=chance.randrange(64),
        count=chance.randrange(2, 99999),
        other=chance.randrange(2, 99999),
        dtype=f"torch.{chance.choice(['float8_e4m3fn', 'bfloat16', 'int8'])}",
        device=chance.randrange(8),
    )  # fmt: skip


def _pasted(message: str, exception: str, library: str, shape: int, chance: random.Random) -> str:
    """Return a message as a terminal, a logger or a launcher shows it."""
    rank, line = chance.randrange(8), chance.randrange(20, 900)
    frames = "".join(
        f'  File "/opt/{library}/{name}.py", line {chance.randrange(9, 999)}, in {name}\n    {name}(state, strict=True)\n'
        for name in chance.sample(["load", "apply", "restore", "dispatch", "wrap", "read_part"], 4)
    )
    if shape == 0:
        return message
    if shape == 1:
        return f"[rank{rank}]: {exception}: {message}"
    if shape == 2:
        return f"2026-11-{1 + line % 28:02} 10:42:{line % 60:02},{line:03} - {library} - WARNING - {message}."
    if shape == 3:
        return f"Traceback (most recent call last):\n{frames}{library}.errors.{exception}: {message}\n"
    if shape == 4:
        width = chance.choice([60, 72, 80])
        whole = f"{exception}: {message}"
        return "\n".join(whole[start : start + width] for start in range(0, len(whole), width))
    return f"Loading: 100%|██████████| 4/4 [00:0{rank}<00:00]\r\x1b[31mE   {exception}: {message}\x1b[0m\n"


def _questions(name: str, library: str, what: str, zh_what: str, trouble: str, zh_trouble: str, moment: str) -> list[Case]:
    """Return questions in other words than the message's."""
    zh_moment = MOMENTS[moment]
    return [
        Case("query", f"why does {library} say that the {what} {trouble} {moment}", name),
        Case("query", f"{what} {trouble}, what can I do", name),
        Case("query", f"{library} {zh_moment}{zh_what}{zh_trouble}怎么办", name, "zh"),
        Case("query", f"{zh_what}{zh_trouble}是什么原因", name, "zh"),
    ]


def _sections(language: str, chance: random.Random, values: dict[str, str]) -> list[tuple[str, str]]:
    """Return headings with their prose, about as long as a short article."""
    kind, thing = chance.choice(list(KINDS)), chance.choice(list(THINGS))
    values |= {"release": f"{chance.randrange(1, 9)}.{chance.randrange(20)}", "torch": f"2.{chance.randrange(14)}"}
    if language == "zh":
        made = {key: {**KINDS, **THINGS, **MOMENTS, **CAUSES, **CURES}.get(value, value) for key, value in values.items()}
        values, kind, thing = made, KINDS[kind], THINGS[thing]
    return [(heading, text.format(other=f"{kind} {thing}", **values)) for heading, text in PROSE[language].items()]
