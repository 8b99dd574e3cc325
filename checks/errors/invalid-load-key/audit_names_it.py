"""audit_checkpoint.py, as a reader runs it, on each of the damaged and foreign files; it unpickles none."""

import io
import json
import subprocess
import sys
import time
from pathlib import Path

import torch
from _damage import DAMAGED, FILE, OLDER, OLDER_CUT, TENSORS, WHOLE, torch_saved

import snippets.audit_checkpoint
from snippets.audit_checkpoint import audit

NAMED = {
    "a Git LFS pointer": "a Git LFS pointer (git lfs pull)",
    "a pointer with other line breaks": "a Git LFS pointer (git lfs pull)",
    "a web page": "a web page",
    "an answer in XML": "a web page",
    "an answer in JSON": 'text: {"error":"Repository not found"}',
    "Entry not found": "text: Entry not found",
    "a page behind a blank line": "a web page",
    "Not Found": "text: Not Found",
    "Invalid username": "text: Invalid username or password.",
    "a safetensors file": "a safetensors file",
    "a GGUF file": "a GGUF file",
    "a gzip file": "a gzip file",
    "a zip of it": "a zip that holds weights.bin",
    "zeros throughout": "zeros at the beginning",
    "zeros at the beginning": "zeros at the beginning",
}
CUT_OFF = ("one byte less", "its last 22 bytes less", "without its directory", "half of it", "its first 100 bytes")
RAN = Path("it-ran").absolute()


class Replaced:
    """What would run if it were unpickled: it makes an empty file in this temporary folder, nothing else."""

    def __reduce__(self):
        return open, (str(RAN), "x")


def _audited(content, folder="model"):
    Path(folder).mkdir(exist_ok=True)
    Path(folder, FILE).write_bytes(content)
    return audit(folder)


def all_but_two_are_reported():
    """Of 26 of the 28 files `audit_checkpoint.py` says in one sentence what was expected and found, and names the file."""
    files = {what: content for what, content in DAMAGED.items() if what not in OLDER_CUT}
    assert len(files) == 26
    for what, content in files.items():
        report = _audited(content)
        assert [problem.file for problem in report.problems] == [FILE] and report.status == 1, (what, report.problems)
        assert report.looked["whole"] == "no", (what, report.looked)


def of_an_older_file_it_says_that_it_cannot_tell():
    """Of the other two, cut off files as torch wrote them before 1.6, it says that it did not look; of a whole one as well."""
    assert len(OLDER_CUT) == 2
    for content in (*OLDER_CUT.values(), OLDER):
        report = _audited(content)
        assert (report.problems, report.looked["whole"], report.status) == ([], "in part", 3)
        assert any("before 1.6" in line for line in report.not_looked_at), report.not_looked_at


def the_whole_file_is_whole():
    """Of the whole file it says "whole yes" and reports nothing; exit status 3, as names are not looked at in a .bin."""
    report = _audited(WHOLE)
    assert (report.problems, report.looked["whole"], report.looked["names"], report.status) == ([], "yes", "not looked at", 3)


def it_says_what_lies_there():
    """It names what lies in the file's place: LFS pointer, page, the text of an answer, safetensors, GGUF, gzip, zeros."""
    for what, named in NAMED.items():
        (problem,) = _audited(DAMAGED[what]).problems
        print(problem)
        assert named in problem.found, problem


def it_says_that_it_is_cut_off():
    """Of a file that is cut off, be it by one byte, it says "it is cut off or damaged"."""
    for what in CUT_OFF:
        (problem,) = _audited(DAMAGED[what]).problems
        assert problem.found == "none: it is cut off or damaged", problem


def it_names_an_entry_that_was_hit():
    """Of zeros over an entry from its header on it names the entry, though no byte of a tensor is read."""
    for what in ("zeros over an entry's header", "zeros over header and bytes"):
        (problem,) = _audited(DAMAGED[what]).problems
        print(problem)
        assert problem.found.startswith("no beginning of ") and problem.found.endswith("/data/5"), problem


def it_unpickles_nothing():
    """A file that would run something when unpickled is looked into, with `--sha256` too, and nothing runs."""
    buffer = io.BytesIO()
    torch.save({"weight": Replaced()}, buffer)
    Path("model").mkdir(exist_ok=True)
    Path("model", FILE).write_bytes(buffer.getvalue())
    assert audit("model", sha256="").looked["whole"] == "yes" and not RAN.exists()
    torch.load(f"model/{FILE}", weights_only=False)
    assert RAN.exists(), "the file runs nothing at all"


def of_several_parts_it_names_the_one():
    """Of three parts of which one is cut off it names that one alone; in under 5 seconds, exit status 1."""
    Path("parts").mkdir(exist_ok=True)
    names, weight_map = list(TENSORS), {}
    for number, held in enumerate((names[:3], names[3:6], names[6:]), 1):
        file = f"pytorch_model-{number:05}-of-00003.bin"
        Path("parts", file).write_bytes(torch_saved({name: TENSORS[name] for name in held}))
        weight_map |= dict.fromkeys(held, file)
    Path("parts/pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}), "utf-8")
    assert audit("parts").problems == []
    cut = Path("parts", weight_map[names[3]])
    cut.write_bytes(cut.read_bytes()[:-100])
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, snippets.audit_checkpoint.__file__, "parts"], stdout=subprocess.PIPE, text=True, check=False
    )
    print(done.stdout)
    assert time.perf_counter() - begun < 5 and done.returncode == 1, done.returncode
    named = [line for line in done.stdout.splitlines() if ".bin: expected" in line]
    assert len(named) == 1 and cut.name in named[0] and "it is cut off" in named[0], done.stdout


if __name__ == "__main__":
    all_but_two_are_reported()
    of_an_older_file_it_says_that_it_cannot_tell()
    the_whole_file_is_whole()
    it_says_what_lies_there()
    it_says_that_it_is_cut_off()
    it_names_an_entry_that_was_hit()
    it_unpickles_nothing()
    of_several_parts_it_names_the_one()
