"""verify_built.py beside verify_loaded.py: on what transformers 5 saved and 4 reads, and on a model made on the meta device."""

import os
import subprocess
import sys

import torch
import transformers
from _llama import FILE, SIZES, configure, logits, to_empty
from _releases import THETA, python_below, save
from safetensors.torch import load_file

import snippets.verify_built
import snippets.verify_loaded
from snippets.verify_built import verify_built
from snippets.verify_loaded import verify

HEADS = {name: value for name, value in SIZES.items() if name != "num_key_value_heads"}
OTHERS = {
    "Qwen2": ("ForCausalLM", SIZES),
    "Qwen3": ("ForCausalLM", SIZES | {"head_dim": 16}),
    "Gemma2": ("ForCausalLM", SIZES | {"head_dim": 16, "tie_word_embeddings": True}),
    "Mixtral": ("ForCausalLM", SIZES | {"num_local_experts": 4}),
    "Phi3": ("ForCausalLM", SIZES),
    "GPTNeoX": ("ForCausalLM", HEADS | {"rotary_pct": 0.25}),
    "ModernBert": ("ForMaskedLM", HEADS | {"cls_token_id": 1, "sep_token_id": 2}),
    "Bert": ("ForMaskedLM", HEADS),
}
right, _ = save("saved")
save("told")
configure("told", rope_theta=THETA)


def _program(snippet, folder, python=sys.executable):
    """Run one as a reader does; return its exit status and what it prints."""
    command = [python, "-B", snippet.__file__, folder]
    done = subprocess.run(command, env=dict(os.environ), stdout=subprocess.PIPE, text=True, check=False)
    print(f"{folder}: exit status {done.returncode}\n{done.stdout}", end="", flush=True)
    return done.returncode, done.stdout


def sound_folders_are_the_same():
    """Of a folder that the release itself saved, and of one with rope_theta at the top, nothing differs: exit status 0."""
    for folder, python in (("saved", sys.executable), ("told", sys.executable), ("told", python_below())):
        status, text = _program(snippets.verify_built, folder, python)
        assert status == 0 and "differs" not in text and "rope_theta" in text and "bit for bit" in text, (folder, status)


def another_theta_is_named():
    """Of transformers 5's folder read by 4 verify_loaded.py says equal; verify_built.py names rope_theta, exit status 1."""
    status, text = _program(snippets.verify_loaded, "saved", python_below())
    assert status == 0 and text.startswith("equal: all "), text
    status, text = _program(snippets.verify_built, "saved", python_below())
    assert status == 1, "it is the same"
    assert text.splitlines()[0] == "differs: rope_theta: config.json says 1000000.0, the model has 10000.0", text


def a_garbage_buffer_is_named():
    """Of a model filled after to_empty(), verify_loaded.py finds no difference, and verify_built.py names `inv_freq`."""
    with torch.device("meta"):
        model = transformers.LlamaForCausalLM(transformers.AutoConfig.from_pretrained("saved"))
    to_empty(model).load_state_dict(load_file(f"saved/{FILE}"))
    assert verify(model, "saved") == []
    found = verify_built(model, "saved")
    print(*found.lines, sep="\n")
    assert not torch.equal(logits(model), right), "the logits are right"
    assert found.status == 1 and found.differs[0].startswith("model.rotary_emb.inv_freq: "), found.differs


def sound_models_of_other_classes_are_the_same():
    """Of eight other classes, saved and loaded by the release itself, nothing differs and nothing was not looked at."""
    for name, (head, sizes) in OTHERS.items():
        cls = getattr(transformers, name + head)
        cls(getattr(transformers, f"{name}Config")(**sizes)).save_pretrained(name)
        found = verify_built(cls.from_pretrained(name), name)
        print(name, *found.lines, sep="\n  ")
        assert found.status == 0 and len(found.same) == 2, (name, found)


def in_bfloat16_nothing_is_alarmed_about():
    """Loaded in bfloat16, or cast to it afterwards, nothing differs."""
    model = transformers.LlamaForCausalLM.from_pretrained("saved", torch_dtype=torch.bfloat16)
    other = transformers.LlamaForCausalLM.from_pretrained("saved").to(torch.bfloat16)
    for one in (model, other):
        found = verify_built(one, "saved")
        print(*found.lines, sep="\n")
        assert next(one.parameters()).dtype == torch.bfloat16
        assert found.status == 0 and len(found.same) == 2, found


def what_it_cannot_build_is_not_looked_at():
    """Of a model that is not of transformers it says that it did not look, status 2; told how it is built, it compares."""

    class Other(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("table", torch.arange(4.0), persistent=False)

    found = verify_built(Other(), "saved")
    print(*found.lines, sep="\n")
    assert found.status == 2 and len(found.not_looked_at) == 2, found
    other = Other()
    other.table[1] = 9.0
    assert [one.partition(":")[0] for one in verify_built(other, "saved", new=Other).differs] == ["table"]


if __name__ == "__main__":
    sound_folders_are_the_same()
    another_theta_is_named()
    a_garbage_buffer_is_named()
    sound_models_of_other_classes_are_the_same()
    in_bfloat16_nothing_is_alarmed_about()
    what_it_cannot_build_is_not_looked_at()
