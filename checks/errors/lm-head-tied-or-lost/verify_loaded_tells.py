"""verify_loaded.py, as a program, on folders whose head the installed transformers keeps, replaces or makes anew."""

import os
import subprocess
import sys

from _heads import EMBEDDING, HEAD, configure, save_without, saved, saved_apart

import snippets.verify_loaded

assert {HEAD, EMBEDDING} & saved("tied", tied=True).keys() == {EMBEDDING}
saved_apart("merged")
saved_apart("told")
configure("told", tie_word_embeddings=False)
save_without("lost", saved("lost", tied=False), HEAD)


def _program(folder):
    """Run it as a reader does; return its exit status and what it prints."""
    program = [sys.executable, snippets.verify_loaded.__file__, folder]
    done = subprocess.run(program, env=dict(os.environ), stdout=subprocess.PIPE, text=True, check=False)
    print(f"{folder}: exit status {done.returncode}\n{done.stdout}", end="", flush=True)
    return done.returncode, done.stdout


def sound_folders_are_equal():
    """Of a tied folder, and of a trained head that config.json says is not tied, all is equal: exit status 0."""
    for folder in ("tied", "told"):
        status, text = _program(folder)
        assert status == 0 and "equal: all " in text, (folder, status)


def a_head_that_the_embedding_replaced_is_named():
    """Of a trained head that config.json calls tied it names the head, alone, as different: exit status 1."""
    status, text = _program("merged")
    assert status == 1, "it is equal"
    assert text.splitlines() == [f"{HEAD} values: 1024 of 1024 differ", "1 differ"], text


def a_random_head_is_named():
    """Of a head that is in no file, under a config that says untied, it names the head, alone: exit status 1."""
    status, text = _program("lost")
    assert status == 1 and text.splitlines()[-1] == "1 in the model but in no file" and HEAD in text, text


if __name__ == "__main__":
    sound_folders_are_equal()
    a_head_that_the_embedding_replaced_is_named()
    a_random_head_is_named()
