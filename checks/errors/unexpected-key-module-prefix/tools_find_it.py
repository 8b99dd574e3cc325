"""verify_loaded.py and audit_checkpoint.py, as a reader runs them, where a wrapper's names are in the files."""

import subprocess
import sys

import transformers
from _llama import CLEAN, FILE, SIZE, WRAPPED, equal, model, save_as
from _rename_files import rename_files
from safetensors.torch import load_file

import snippets.audit_checkpoint
import snippets.verify_loaded
from snippets.verify_loaded import compare

ENDING = "21 in the model but in no file, 21 in a file but not in the model"


def _program(module, *arguments):
    """Run it; return its exit status and its lines."""
    done = subprocess.run([sys.executable, module.__file__, *arguments], stdout=subprocess.PIPE, text=True, check=False)
    print(f"{arguments}: exit status {done.returncode}\n{done.stdout}", end="", flush=True)
    return done.returncode, done.stdout.splitlines()


def _prefixes(lines):
    return [line for line in lines if "expected names as the class has them" in line]


def the_audit_names_the_prefix():
    """`python audit_checkpoint.py FOLDER`: exit status 1, and the line that names the prefix, for each of four folders."""
    for prefix, folder in WRAPPED.items():
        status, lines = _program(snippets.audit_checkpoint, folder)
        outer = prefix.partition(".")[0]
        assert status == 1 and any(f"`{outer}.` in " in line for line in _prefixes(lines)), (prefix, lines)


def of_a_clean_folder_the_audit_names_none():
    """Of the same tensors without a prefix, and of the renamed file, it names none."""
    rename_files("compiled", save_as("renamed", {}))
    for folder in ("clean", "renamed"):
        _, lines = _program(snippets.audit_checkpoint, folder)
        assert lines and not _prefixes(lines), lines
    assert _prefixes(_program(snippets.audit_checkpoint, "compiled")[1])


def verify_finds_that_nothing_was_loaded():
    """`python verify_loaded.py FOLDER` loads it and compares: exit status 1, 21 tensors in no file, 21 in a file alone."""
    for folder in WRAPPED.values():
        status, lines = _program(snippets.verify_loaded, folder)
        assert (status, lines[-1]) == (1, ENDING), (folder, lines[-1])


def verify_finds_it_after_strict_false():
    """After load_state_dict(..., strict=False), in the script: compare(model, folder) names all 21 as in no file."""
    fresh = transformers.LlamaForCausalLM(model.config)
    fresh.load_state_dict(load_file(f"compiled/{FILE}"), strict=False)
    report = compare(fresh, "compiled")
    assert equal(fresh) == 0 and {difference.parameter for difference in report.differences} == {*CLEAN}, [*report.lines()]
    assert report.ending == "in the model but in no file" and len(report.unused) == SIZE, report.ending


def verify_ends_with_equal_once_it_is_renamed():
    """Once it is renamed: exit status 0, "equal: all ..."."""
    rename_files("compiled", save_as("renamed", {}))
    status, lines = _program(snippets.verify_loaded, "renamed")
    assert status == 0 and lines[-1].startswith("equal: all "), (status, lines)


def verify_knows_the_tensors_under_the_wrapped_names():
    """A model into which they were loaded under their own names: "equal under other names", beside the wrapped file."""
    fresh = transformers.LlamaForCausalLM(model.config)
    assert compare(fresh, "compiled").ending == "in the model but in no file"
    fresh.load_state_dict(CLEAN)
    report = compare(fresh, "compiled")
    assert (report.ending, len(report.elsewhere)) == ("equal under other names", SIZE), [*report.lines()]


if __name__ == "__main__":
    the_audit_names_the_prefix()
    of_a_clean_folder_the_audit_names_none()
    verify_finds_that_nothing_was_loaded()
    verify_finds_it_after_strict_false()
    verify_ends_with_equal_once_it_is_renamed()
    verify_knows_the_tensors_under_the_wrapped_names()
