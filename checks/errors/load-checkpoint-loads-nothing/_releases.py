"""The installed release of transformers saves tiny models with a rope_theta of their own; an older one below it loads them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import torch
import transformers
from _llama import SIZES, TOKENS, fill, logits

THETA = 1_000_000.0
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
PROGRAM = """
import json, sys, torch, transformers
from safetensors.torch import load_file
transformers.utils.logging.disable_progress_bar()
folder, again, options = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
cls = getattr(transformers, json.load(open(folder + "/config.json"))["architectures"][0])
print("between", flush=True)
print("between", file=sys.stderr, flush=True)
model, info = cls.from_pretrained(folder, output_loading_info=True, **options)
print("between", flush=True)
print("between", file=sys.stderr, flush=True)
state, tensors = model.state_dict(), load_file(folder + "/model.safetensors")
tokens = torch.tensor(json.loads(sys.argv[4]))
with torch.no_grad():
    torch.save(model.eval()(tokens).logits, folder + "/logits.pt")
if again:
    model.save_pretrained(again)
print(json.dumps({
    "transformers": transformers.__version__,
    "equal": sum(torch.equal(state[name], tensors[name]) for name in state),
    "tensors": len(state),
    "reported": sum(len(info[kind + "_keys"]) for kind in ("missing", "unexpected", "mismatched")),
    "theta": model.config.rope_theta,
    "scaling": getattr(model.config, "rope_scaling", None),
}))
"""


def save(folder, name="Llama", **rope):
    """Save a model whose RoPE has settings of its own; return its logits, and what config.json says."""
    config = getattr(transformers, f"{name}Config")(
        **SIZES, rope_parameters={"rope_type": "default", "rope_theta": THETA, **rope}
    )
    model = fill(getattr(transformers, f"{name}ForCausalLM")(config))
    model.save_pretrained(folder)
    return logits(model), json.loads(Path(folder, "config.json").read_text("utf-8"))


def python_below():
    packages = [Path(one) for one in sys.path if Path(one, "transformers").is_dir()]
    return str(packages[1].parents[2] / "bin" / "python")


def load_below(folder, again="", **options):
    """Load a folder by the older release; return its logits, what it says of the load, and what the load printed."""
    command = [python_below(), "-I", "-B", "-c", PROGRAM, str(folder), again, json.dumps(options), json.dumps(TOKENS.tolist())]
    done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-800:])
    seen = json.loads(done.stdout.splitlines()[-1])
    printed = "".join(stream.split("between\n")[1] for stream in (done.stdout, done.stderr))
    print(f"{folder}, loaded: {seen}{printed}")
    return torch.load(f"{folder}/logits.pt"), seen, printed
