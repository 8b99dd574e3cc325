"""check_adapter.py on adapters that the installed PEFT loads, in whole, in part, or not at all."""

import subprocess
import sys
import time
from pathlib import Path

import torch
from _adapters import DRIFTS, FILE, TOKENS, adapter_of, applied, base, load, logits, rename, saved, trained
from peft import get_peft_model
from safetensors.torch import load_file, save_file

import snippets.check_adapter
from snippets.check_adapter import changes, check

model = saved("sound")
base().save_pretrained("base")
WANTED, TRAINED = adapter_of(model), logits(model)
for number, drift in enumerate(DRIFTS.values()):
    rename("sound", drift, f"drift{number}")
FOLDERS = [f"drift{number}" for number in range(len(DRIFTS))]
rename("sound", lambda name: name.replace("model.model.", "model.", 1) if ".layers.1." in name else name, "part")


def _program(*arguments):
    """Run it as a reader does; return its exit status and what it prints."""
    begun = time.perf_counter()
    command = [sys.executable, snippets.check_adapter.__file__, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    print(f"{' '.join(arguments)}: exit status {done.returncode}, {time.perf_counter() - begun:.1f} s\n{done.stdout}", end="")
    return done.returncode, done.stdout.splitlines()


def a_sound_load_is_applied():
    """Of a sound load: "applied: 8 of 8 tensors equal", 0; with one bit of the file changed, no longer."""
    loaded, _ = load("sound")
    assert check(loaded, "sound")[:2] == (0, ("applied: 8 of 8 tensors equal",))
    tensors = load_file(f"sound/{FILE}")
    first = min(tensors)
    tensors[first].view(-1).view(torch.int32)[0] ^= 1
    rename("sound", lambda name: name, "bit")
    save_file(tensors, f"bit/{FILE}", {"format": "pt"})
    status, lines, _ = check(loaded, "bit")
    assert (status, lines[-1]) == (1, "partly applied: 7 of 8 tensors equal") and first in lines[0], lines


def a_drifted_load_is_named():
    """Of each of five drifts: "not applied: 0 of 8 tensors equal", 1, and what the file says where the model says what."""
    for folder in FOLDERS:
        status, lines, drift = check(load(folder)[0], folder)
        print(folder, *lines, sep="\n  ")
        assert (status, lines[-1]) == (1, "not applied: 0 of 8 tensors equal"), lines
        assert drift and f"the file says {drift.ours} where the model says {drift.theirs}" in lines[0], lines


def a_part_is_named():
    """Of names that drifted in one layer of two: "partly applied: 4 of 8 tensors equal", 1."""
    status, lines, drift = check(load("part")[0], "part")
    assert (status, lines[-1]) == (1, "partly applied: 4 of 8 tensors equal"), lines
    assert drift and len(drift.renamed) == 4, lines


def as_a_program_it_writes_what_loads_exactly():
    """As a program with --write it ends with 0, and what it wrote is applied: every tensor, and the trained logits."""
    status, lines = _program("drift1", "--model", "base", "--write", "fixed")
    assert status == 0 and lines[-1] == "applied: 8 of 8 tensors equal", lines
    for number, folder in enumerate((*FOLDERS, "part")):
        drift = check(load(folder)[0], folder).drift
        snippets.check_adapter.write(folder, f"fixed{number}", drift)
        assert Path(f"{folder}/{FILE}").read_bytes() != Path(f"fixed{number}/{FILE}").read_bytes()
    for folder in ("fixed", *(f"fixed{number}" for number in range(len(FOLDERS) + 1))):
        loaded, text = load(folder)
        assert applied(loaded, WANTED) == 8 and torch.equal(logits(loaded), TRAINED) and text == "", folder


def as_a_program_it_answers_by_exit_status():
    """As a program: 0 of a sound adapter, 1 of a drifted one, 2 without a model ("not looked at"); in seconds."""
    for arguments, status, last in (
        (("sound", "--model", "base"), 0, "applied: 8 of 8 tensors equal"),
        (("drift3", "--model", "base"), 1, "not applied: 0 of 8 tensors equal"),
        (("sound",), 2, "not looked at: "),
    ):
        found, lines = _program(*arguments)
        assert found == status and lines[-1].startswith(last), (arguments, found, lines)


def a_head_under_another_name_is_found():
    """Of a trained head that lies in the file as model.0.lm_head it says so, 1; with --write it ends with 0, 9 of 9."""
    with_head = saved("head", modules_to_save=["lm_head"])
    rename("head", lambda name: name.replace("model.lm_head", "model.0.lm_head"), "moved")
    status, lines = _program("moved", "--model", "base")
    assert status == 1 and "model.0.lm_head" in lines[0] and "Rename 1 in the file" in lines[0], lines
    status, lines = _program("moved", "--model", "base", "--write", "mended")
    assert status == 0 and lines[-1] == "applied: 9 of 9 tensors equal", lines
    loaded, _ = load("mended")
    assert applied(loaded, adapter_of(with_head)) == 9 and torch.equal(logits(loaded), logits(with_head))


def changes_is_zero_where_it_is_not_applied():
    """`changes(model, ...)` is above 0 of a sound load, 0.0 of a drifted one, and 0.0 of a LoRA that was never trained."""
    fresh = get_peft_model(base(), trained().peft_config["default"])
    assert changes(load("sound")[0], input_ids=TOKENS) > 0
    assert changes(load("drift1")[0], input_ids=TOKENS) == 0.0 == changes(fresh, input_ids=TOKENS)


def what_transformers_loads_is_compared_too():
    """Of an adapter that transformers' own load_adapter applied without the prefix it says "applied"."""
    native = base()
    native.load_adapter("drift0")
    assert applied(native, WANTED) == 8 and check(native, "drift0").status == 0
    assert changes(native, input_ids=TOKENS) > 0


if __name__ == "__main__":
    a_sound_load_is_applied()
    a_drifted_load_is_named()
    a_part_is_named()
    as_a_program_it_writes_what_loads_exactly()
    as_a_program_it_answers_by_exit_status()
    a_head_under_another_name_is_found()
    changes_is_zero_where_it_is_not_applied()
    what_transformers_loads_is_compared_too()
