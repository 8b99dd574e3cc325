"""audit_checkpoint.py, as a reader runs it, on each of the damaged and foreign files."""

import json
import subprocess
import sys
import time
from pathlib import Path

from _damage import CUT_IN_HEADER, DAMAGED, FILE, LONG, OTHER_FILE, SHORT, TENSORS, WHOLE
from safetensors.torch import save_file

import snippets.audit_checkpoint
from snippets.audit_checkpoint import audit

NAMED = {
    "a Git LFS pointer": "a Git LFS pointer (git lfs pull)",
    "a web page": "a web page",
    "an answer in XML": "a web page",
    "an answer in JSON": 'text: {"error":"Repository not found"}',
    "Entry not found": "text: Entry not found",
    "a file of torch.save": "a zip or PyTorch file",
    "an older file of torch.save": "a pickle of an older torch.save",
    "a GGUF file": "a GGUF file",
    "a gzip file": "a gzip file",
}


def _audited(content, folder="model"):
    Path(folder).mkdir(exist_ok=True)
    Path(folder, FILE).write_bytes(content)
    return audit(folder)


def each_of_them_is_reported():
    """Of each of the 30 files `audit_checkpoint.py` says in one sentence what was expected and found, and names the file."""
    assert len(DAMAGED) == 30
    for what, content in DAMAGED.items():
        report = _audited(content)
        assert [problem.file for problem in report.problems] == [FILE] and report.status == 1, (what, report.problems)


def the_whole_file_is_whole():
    """Of the whole file it says "whole yes" and reports nothing; exit status 3, as no config.json says what belongs there."""
    report = _audited(WHOLE)
    assert (report.problems, report.looked["whole"], report.status) == ([], "yes", 3), report.problems


def it_says_what_lies_there():
    """It names what lies in the file's place: LFS pointer, web page, the text of an answer, torch.save, GGUF, gzip."""
    assert NAMED.keys() == OTHER_FILE.keys()
    for what, content in OTHER_FILE.items():
        (problem,) = _audited(content).problems
        print(problem)
        assert NAMED[what] in problem.found, problem


def it_tells_too_short_from_too_long():
    """It tells too short ("it is cut off") from too long ("something lies behind the tensors"), with both sizes."""
    for files, told in ((SHORT, "it is cut off"), (LONG, "something lies behind the tensors")):
        for content in files.values():
            (problem,) = _audited(content).problems
            assert problem.expected == f"{len(WHOLE):,} bytes" and problem.found == f"{len(content):,}: {told}", problem
    for content in CUT_IN_HEADER.values():
        (problem,) = _audited(content).problems
        assert problem.found.startswith(f"{len(content)} bytes that announce"), problem


def of_several_shards_it_names_the_one():
    """Of three shards of which one is cut off it names that one alone; in under 5 seconds, exit status 1."""
    Path("shards").mkdir(exist_ok=True)
    names, weight_map = list(TENSORS), {}
    for number, part in enumerate((names[:3], names[3:6], names[6:]), 1):
        file = f"model-{number:05}-of-00003.safetensors"
        save_file({name: TENSORS[name] for name in part}, f"shards/{file}", {"format": "pt"})
        weight_map |= dict.fromkeys(part, file)
    Path("shards/model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}), "utf-8")
    assert audit("shards").problems == []
    cut = Path("shards", weight_map[names[3]])
    cut.write_bytes(cut.read_bytes()[:-100])
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, snippets.audit_checkpoint.__file__, "shards"], stdout=subprocess.PIPE, text=True, check=False
    )
    print(done.stdout)
    assert time.perf_counter() - begun < 5 and done.returncode == 1, done.returncode
    named = [line for line in done.stdout.splitlines() if ".safetensors: expected" in line]
    assert len(named) == 1 and cut.name in named[0] and "it is cut off" in named[0], done.stdout


if __name__ == "__main__":
    each_of_them_is_reported()
    the_whole_file_is_whole()
    it_says_what_lies_there()
    it_tells_too_short_from_too_long()
    of_several_shards_it_names_the_one()
