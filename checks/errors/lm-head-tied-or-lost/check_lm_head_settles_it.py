"""check_lm_head.py on folders that the installed transformers wrote, sound ones and others."""

import json
import subprocess
import sys
import time
from pathlib import Path

from _heads import EMBEDDING, FILE, HEAD, configure, save_without, saved, saved_apart, saved_equal
from safetensors.torch import load_file

import snippets.check_lm_head

saved("tied", tied=True)
assert HEAD in saved("untied", tied=False)
saved_equal("equal")
saved_apart("merged")
save_without("merged_without", saved_apart("merged_without"), HEAD)
configure("merged_without", tie_word_embeddings=False)


def _program(folder):
    """Run it as a reader does; return its exit status and its last line."""
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, snippets.check_lm_head.__file__, folder], stdout=subprocess.PIPE, text=True, check=False
    )
    print(f"{folder}: exit status {done.returncode}, {time.perf_counter() - begun:.2f} s\n{done.stdout}", end="", flush=True)
    return done.returncode, (done.stdout.splitlines() or [""])[-1]


def sound_folders_end_with_0():
    """Tied without a head in the files, untied with one, and one that equals the embedding: "SOUND", exit status 0."""
    for folder in ("tied", "untied", "equal"):
        status, last = _program(folder)
        assert status == 0 and last.startswith("SOUND"), (folder, status, last)


def a_trained_head_under_tied_ends_with_1():
    """A head in the files that differs from the embedding, and tied in config.json: "THE HEAD IS AT RISK", exit status 1."""
    status, last = _program("merged")
    assert status == 1 and last.startswith("THE HEAD IS AT RISK"), (status, last)


def a_head_in_no_file_under_untied_ends_with_1():
    """No head in the files, and untied in config.json: "THE HEAD IS LOST", exit status 1."""
    assert {HEAD, EMBEDDING} & load_file(f"merged_without/{FILE}").keys() == {EMBEDDING}
    status, last = _program("merged_without")
    assert status == 1 and last.startswith("THE HEAD IS LOST"), (status, last)


def tied_to_an_embedding_in_no_file_ends_with_2():
    """Tied in config.json, and neither the head nor the embedding in the files: it calls nothing sound, exit status 2."""
    save_without("neither", saved("neither", tied=True), EMBEDDING)
    assert not {HEAD, EMBEDDING} & load_file(f"neither/{FILE}").keys()
    status, last = _program("neither")
    assert status == 2 and last.startswith("NO ANSWER: it is tied to an embedding"), (status, last)


def tied_in_text_config_alone_ends_with_1():
    """No head in the files, and tied in text_config alone: exit status 1; with the flag at the top, too, 0."""
    Path("vl").mkdir(exist_ok=True)
    Path(f"vl/{FILE}").write_bytes(Path(f"tied/{FILE}").read_bytes())
    config = {"architectures": ["Qwen2_5_VLForConditionalGeneration"], "text_config": {"tie_word_embeddings": True}}
    Path("vl/config.json").write_text(json.dumps(config), "utf-8")
    status, last = _program("vl")
    assert status == 1 and last.startswith("THE HEAD IS AT RISK"), (status, last)
    configure("vl", tie_word_embeddings=True)
    status, last = _program("vl")
    assert status == 0 and last.startswith("SOUND"), (status, last)


if __name__ == "__main__":
    sound_folders_end_with_0()
    a_trained_head_under_tied_ends_with_1()
    a_head_in_no_file_under_untied_ends_with_1()
    tied_to_an_embedding_in_no_file_ends_with_2()
    tied_in_text_config_alone_ends_with_1()
