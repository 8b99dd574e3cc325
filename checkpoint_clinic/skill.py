"""The SKILL.md of the package, for agents: written from the commands and the articles, so that it is never older than they are.

Form: https://agentskills.io/specification
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

NAME = "checkpoint-clinic"
MOST = 500  # lines of the whole
DESCRIPTION = (
    "Answers errors, warnings and silent faults of loading, saving and sharding model weights (PyTorch, safetensors, "
    "transformers, PEFT, DeepSpeed ZeRO, FSDP) by what was measured in named versions. Use it when a load fails (size "
    "mismatch, missing or unexpected keys, state_dict, safetensors), when it warns (newly initialized, not used, LOAD REPORT, "
    "MISSING), "
    "before hours of training from a checkpoint, and when a trained, merged or resumed model gives garbage or seems untrained."
)
WORKFLOWS = """\
No installation, no other package, Python 3.10 or newer: put `uvx checkpoint-clinic` (or `pipx run checkpoint-clinic`) in place
of `clinic` below. Nothing leaves the machine. Each answer rests on programs that were run in the versions that its article
names: "not known" and "not measured" mean just that, and never "fine". `--format agent` gives at most 40 lines and the next
command.

## When a load fails, or warns

1. Give the whole log, not a line of it: `python train.py 2>&1 | clinic diagnose --format agent`, or `clinic diagnose run.log`.
2. Read the article before you change anything: `clinic explain CC002`. Its first word says whether it is safe to go on.
3. Take the tested file, do not write one like it: `clinic snippet NAME -o NAME.py`.
4. Not known (exit status 3): say so. The lines that it prints are masked and can be reported as they are.

Do not silence the message with `ignore_mismatched_sizes=True`, `strict=False` or a lower log level: then the load goes on, and
what it leaves random is trained, saved and published.

## Before hours of training

1. `clinic here path/to/model --python .venv/bin/python`: whether these versions were measured to load such a model exactly.
2. `clinic audit path/to/model`: the files, before they are loaded.
3. `clinic verify --python .venv/bin/python --model path/to/model`: loads the model and compares every tensor with the files.
   In the script itself: `from checkpoint_clinic import VerifyLoad` (a callback, a hook, or a `with` around `from_pretrained`).

Exit status 0 means what that command's text says, and no more: report what was not looked at together with what was.
"""


def skill(articles: Sequence[dict[str, Any]], commands: dict[str, Callable[[], str]]) -> str:
    """Return the text: `commands` gives each command's help, `articles` are those of articles.json."""
    head = f"---\nname: {NAME}\ndescription: {json.dumps(DESCRIPTION)}\n---\n\n# Checkpoint Clinic\n\n{WORKFLOWS}"
    told = "\n".join(f"### clinic {name}\n\n```text\n{text().strip()}\n```\n" for name, text in commands.items())
    fixed = f"{head}\n## Commands\n\n{told}\n## Articles\n\n"
    listed = list(_listed(articles))
    room = MOST - 2 - fixed.count("\n")
    if len(listed) > room:
        listed = [*listed[: room - 1], f"- and {len(listed) - room + 1:,} more: `clinic list`"]
    return fixed + "\n".join(listed) + "\n"


def _listed(articles: Sequence[dict[str, Any]]) -> Iterator[str]:
    harms = {"silent": "can go wrong silently", "error": "stops with an error", "none": "harmless"}
    for one in articles:
        title = str(one["title"]["en"]).replace("\n", " ")
        yield f"- {title} ({harms[one['harm']]}). {one['answer']['en']}"
