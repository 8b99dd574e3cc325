"""Break a checkpoint with the structure of DeepSeek-V2-Lite in every way that headers can show, and audit it."""

import hashlib
import json
import os
import random
import re
import shutil
import tempfile
from pathlib import Path

from _checkpoint import save, write_config
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from snippets.audit_checkpoint import audit
from snippets.predict_xtuner import predict

_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
SECOND, INDEX = "model-00002-of-000004.safetensors", "model.safetensors.index.json"
EXPERT = "model.layers.9.mlp.experts.5."
save("sound")


def _copy(name):
    shutil.copytree("sound", name)
    return Path(name)


def _problems(folder):
    problems = [str(problem) for problem in audit(folder).problems]
    print(f"{folder}: {len(problems)} problems", *problems[:1], sep="\n  ")
    return problems


def sound_folder_is_called_sound():
    """audit_checkpoint.py compares all 5,291 names and shapes of the sound checkpoint and finds nothing wrong with it."""
    report = audit("sound")
    assert (report.problems, report.tensors, report.status) == ([], 5291, 0), report.problems
    assert [report.looked[what] for what in ("whole", "names", "shapes")] == ["yes"] * 3, report.looked


def predicted_lines_are_those_of_the_report():
    """predict_xtuner.py says the four lines that XTuner prints for it, and that the model is then loaded."""
    told = predict("sound", 8)
    assert (told.stop, told.wrong) == (None, []), told.stop
    assert [line.split(" not in state_dict")[0] for line in told.lines] == [
        "model.embed_tokens.weight",
        "model.layers.7.mlp.experts.3.w1w3",
        "model.layers.14.mlp.experts.6.w1w3",
        "model.layers.22.mlp.experts.1.w1w3",
    ]


def names_each_fault():
    """It names a file that is cut off, a config.json of another size, a stale copy of a tensor and a missing expert."""
    cut = _copy("cut-off") / SECOND
    os.truncate(cut, cut.stat().st_size - 1)
    problems = _problems("cut-off")
    assert len(problems) == 1, problems
    assert problems[0].startswith(f"{SECOND}: expected {cut.stat().st_size + 1:,} bytes"), problems

    write_config(_copy("another-config"), moe_intermediate_size=6)
    problems = _problems("another-config")
    assert any("expected [6, 8] in model.layers.1.mlp.experts.0.gate_proj.weight" in one for one in problems), problems

    stale = _copy("stale-copy") / SECOND.replace("00002", "00001")
    tensors = load_file(stale)
    save_file({EXPERT + "up_proj.weight": tensors["model.embed_tokens.weight"].clone(), **tensors}, stale, {"format": "pt"})
    problems = _problems("stale-copy")
    assert len(problems) == 1, problems
    assert problems[0].startswith(f"{SECOND}: expected each tensor in one file, found {EXPERT}up_proj.weight"), problems

    without = _copy("missing-expert") / SECOND
    tensors = {name: tensor for name, tensor in load_file(without).items() if not name.startswith(EXPERT)}
    save_file(tensors, without, {"format": "pt"})
    index = json.loads(Path("missing-expert", INDEX).read_text())
    index["weight_map"] = {name: file for name, file in index["weight_map"].items() if not name.startswith(EXPERT)}
    Path("missing-expert", INDEX).write_text(json.dumps(index))
    problems = _problems("missing-expert")
    assert [one.split(" in the files")[0] for one in problems] == [
        f"config.json: expected {EXPERT}{linear}.weight" for linear in ("down_proj", "gate_proj", "up_proj")
    ]


def finds_damage_inside_a_tensor():
    """`--values` names a matrix of NaN or zeros, `--sha256` a file with a flipped bit; without them it says: not looked at."""
    manifest = Path("SHA256SUMS")
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in Path("sound").glob("*.safetensors")}
    manifest.write_text("".join(f"{digest}  {name}\n" for name, digest in digests.items()))
    name = EXPERT + "up_proj.weight"
    holder = next(path for path in Path("sound").glob("*.safetensors") if name in load_file(path)).name
    sound = load_file(Path("sound", holder))
    for kind, damaged in (("nan", sound[name] * float("nan")), ("zeros", sound[name] * 0), ("none", sound[name])):
        folder = _copy(f"{kind}-inside")
        save_file({**sound, name: damaged}, folder / holder, {"format": "pt"})
        problems = [str(problem) for problem in audit(folder, values=True).problems]
        print(f"{folder} with --values: {problems}")
        wanted = [] if kind == "none" else [(True, True)]
        assert [(name in one, one.startswith(holder)) for one in problems] == wanted, problems

    flipped = _copy("flipped")
    content = bytearray((flipped / holder).read_bytes())
    content[-1] ^= 1
    (flipped / holder).write_bytes(content)
    plain, hashed = audit(flipped), audit(flipped, sha256=str(manifest))
    assert (plain.problems, plain.looked["values"], plain.looked["hashes"]) == ([], "not looked at", "not looked at")
    assert [(one.file, "SHA-256" in one.expected) for one in hashed.problems] == [(holder, True)], hashed.problems
    assert audit("sound", sha256=str(manifest)).looked["hashes"] == "yes"


def _mutated(chance, text):
    """A header with some of its numbers and texts replaced, characters taken out, and others put in."""
    for _ in range(chance.choice([0, 1, 1, 1, 2])):
        start, end = chance.choice([match.span() for match in re.finditer(r"\d+|\"\w+\"|\[[^]]*]|.", text, re.DOTALL)])
        others = [
            "",
            "-0",
            "1.0",
            "4",
            "8",
            "16",
            "20",
            "18446744073709551616",
            "[]",
            "[0]",
            "null",
            "true",
            '"dtype"',
            '"F4"',
            '"F32"',
        ]
        others += [
            "{",
            "}",
            ",",
            ":",
            " ",
            "\n",
            "\0",
            "\\",
            '"',
            "\u00a0",
            "\\ud800",
            '"a"',
            '"dtype":"U8",',
            '"__metadata__":{},',
        ]
        text = text[: chance.choice([start, end])] + chance.choice(others) + text[end:]
    return text


def calls_nothing_sound_that_safetensors_refuses():
    """Of 10,000 headers changed at random it calls none sound that safetensors refuses to open."""
    chance, refused, opened, found_sound = random.Random(879), 0, 0, 0  # noqa: S311  headers, not secrets
    file = _copy("fuzz") / "model.safetensors"
    for path in file.parent.iterdir():
        path.unlink()
    for separators in [(",", ":"), (", ", ": ")] * 5000:
        gap = chance.choice([0] * 18 + [-4, 4])
        spans = {"a": ("F32", [2], 0, 8), "b": ("BF16", [2, 2], 8 + gap, 16 + gap), "c": ("F4", [2, 4], 16 + gap, 20 + gap)}
        whole = {name: {"dtype": dtype, "shape": shape, "data_offsets": span} for name, (dtype, shape, *span) in spans.items()}
        header = _mutated(chance, json.dumps({"__metadata__": {"format": "pt"}, **whole}, separators=separators)).encode()
        length = len(header) + chance.choice([0] * 20 + [-1, 1, 2**63])
        file.write_bytes(length.to_bytes(8, "little") + header + bytes(20 + gap + chance.choice([0] * 20 + [-1, 1])))
        found_sound += (sound := audit(file.parent).sound)
        try:
            with safe_open(file, "pt"):
                opened += 1
        except SafetensorError as error:
            refused += 1
            assert not sound, (header, error)
    print(f"safetensors refuses {refused} and opens {opened}; the audit calls {found_sound} sound")
    assert refused > 5000 and opened >= found_sound > 1000, (refused, opened, found_sound)


if __name__ == "__main__":
    sound_folder_is_called_sound()
    predicted_lines_are_those_of_the_report()
    names_each_fault()
    finds_damage_inside_a_tensor()
    calls_nothing_sound_that_safetensors_refuses()
