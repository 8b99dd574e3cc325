"""verify_loaded.py on the loads behind the message: as a program on a folder, and on a model with a new head."""

import os
import subprocess
import sys

from _tiny import load, prefixed, save, save_as

import snippets.verify_loaded
from snippets.verify_loaded import compare

sound = save("sound")
save("tied", tie_word_embeddings=True)
save("bert", "BertForMaskedLM")
save_as("module.", prefixed(sound))
save_as("lost_layer", {name: tensor for name, tensor in sound.items() if not name.startswith("model.layers.1.")})
save_as("lost_head", {name: tensor for name, tensor in sound.items() if name != "lm_head.weight"})
save_as("layer_more", sound, num_hidden_layers=3)
save_as("layer_less", sound, num_hidden_layers=1)
WRONG = {"module.": 21, "lost_layer": 9, "lost_head": 1, "layer_more": 9}


def _program(folder):
    """Run it as a reader does; return its exit status and its last line."""
    program = [sys.executable, snippets.verify_loaded.__file__, folder]
    done = subprocess.run(program, env=dict(os.environ), stdout=subprocess.PIPE, text=True)
    print(f"{folder}: exit status {done.returncode}\n{done.stdout}", end="", flush=True)
    return done.returncode, done.stdout.splitlines()[-1] if done.stdout else ""


def right_loads_end_with_0():
    """`python verify_loaded.py FOLDER` ends with "equal: all ..." and status 0: a sound folder, a tied one, a BERT."""
    for folder in ("sound", "tied", "bert"):
        status, last = _program(folder)
        assert status == 0 and last.startswith("equal: all "), (folder, status, last)


def wrong_loads_end_with_1_and_how_many():
    """It ends with status 1 and how many tensors are in no file: a prefix, a lost layer, a lost head, a layer more."""
    for folder, number in WRONG.items():
        assert _program(folder) == (
            1,
            f"{number} in the model but in no file" + ", 21 in a file but not in the model" * (number > 20),
        )


def layers_left_out_are_found():
    """A layer that is in the files and not in the model, of which nothing is random, is found, too: exit status 1."""
    assert _program("layer_less") == (1, "9 in a file but not in the model"), "another ending"


def a_head_meant_to_be_new_passes_by_name():
    """`compare(model, folder, new=["score"])` of a model with that new head ends with equal; without it the head is named."""
    model, _ = load("sound", "LlamaForSequenceClassification")
    assert compare(model, "sound", new=["score"]).ending == "equal", [*compare(model, "sound", new=["score"]).lines()]
    assert [difference.parameter for difference in compare(model, "sound").differences] == ["score.weight"]


def a_lost_layer_beside_the_new_head_is_named():
    """With the head named as new, a layer that is in no file is named all the same: 9 tensors."""
    model, _ = load("lost_layer", "LlamaForSequenceClassification")
    found = [difference.parameter for difference in compare(model, "lost_layer", new=["score"]).differences]
    assert len(found) == 9 and all(name.startswith("model.layers.1.") for name in found), found


if __name__ == "__main__":
    right_loads_end_with_0()
    wrong_loads_end_with_1_and_how_many()
    layers_left_out_are_found()
    a_head_meant_to_be_new_passes_by_name()
    a_lost_layer_beside_the_new_head_is_named()
