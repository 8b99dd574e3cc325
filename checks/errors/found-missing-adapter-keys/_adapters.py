"""A LoRA on a tiny random Llama, saved; its names changed in the file; and what a load makes of it."""

import os
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path

import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file

transformers.utils.logging.disable_progress_bar()
warnings.simplefilter("always")  # a warning is printed each time, not once
warnings.simplefilter("ignore", FutureWarning)  # of other matters: what transformers will call otherwise
_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
FILE = "adapter_model.safetensors"
TOKENS = torch.arange(8).reshape(1, 8)
SIZES = {
    "vocab_size": 64,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "tie_word_embeddings": False,
}
DRIFTS = {
    "base_model.model. missing": lambda name: name.removeprefix("base_model.model."),
    "module. in front": lambda name: f"module.{name}",
    "doubled": lambda name: f"base_model.model.{name}",
    "language_model in the path": lambda name: name.replace("model.layers", "model.language_model.layers"),
    "of another Auto class": lambda name: name.replace("model.model.layers", "model.layers"),
}


def fill(tensors, seed):
    """Give each tensor values that no initialising would give it."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in tensors:
            tensor.copy_(torch.randn(tensor.shape, generator=generator))


def base():
    """The base model, the same each time."""
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**SIZES)).eval()
    fill(model.parameters(), seed=0)
    return model


def trained(adapter_name="default", **options):
    """The base model with an adapter, each value of which is another one than before the training."""
    given = {"r": 2, "target_modules": ["q_proj", "v_proj"], "task_type": "CAUSAL_LM"} | options
    model = get_peft_model(base(), LoraConfig(**given), adapter_name=adapter_name).eval()
    fill((one for one in model.parameters() if one.requires_grad), seed=1)
    return model


def saved(folder, **options):
    """Save an adapter as PEFT does; return the trained model."""
    model = trained(**options)
    model.save_pretrained(folder)
    return model


def rename(folder, function, to):
    """Write the adapter of a folder into another one, each tensor under the name that the function gives it."""
    Path(to).mkdir(exist_ok=True)
    Path(to, "adapter_config.json").write_bytes(Path(folder, "adapter_config.json").read_bytes())
    tensors = load_file(f"{folder}/{FILE}")
    renamed = {function(name): tensor for name, tensor in tensors.items()}
    assert len(renamed) == len(tensors), sorted(renamed)
    save_file(renamed, f"{to}/{FILE}", {"format": "pt"})
    return sum(name not in tensors for name in renamed)


@contextmanager
def printed():
    """Collect what the process prints, on either stream, into the list that is given; then print it."""
    found = []
    with tempfile.TemporaryFile() as file:
        kept = [os.dup(stream) for stream in (1, 2)]
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
        try:
            yield found
        finally:
            for stream, copy in zip((1, 2), kept, strict=True):
                os.dup2(copy, stream)
                os.close(copy)
            file.seek(0)
            found.append(file.read().decode())
    print(found[0], end="", flush=True)


def load(folder, onto=None, **options):
    """Load an adapter onto the base model; return the model and what was printed."""
    with printed() as lines:
        model = PeftModel.from_pretrained(onto or base(), folder, **options)
    return model.eval(), lines[0]


def warned(text):
    """Whether PEFT's warning is in what was printed."""
    return "UserWarning: Found missing adapter keys while loading the checkpoint: [" in text


def adapter_of(model, adapter_name="default"):
    """The adapter's tensors as the model holds them, under the names by which PEFT saves them."""
    state = {}
    for name, tensor in model.named_parameters():
        if ("lora_" in name or "modules_to_save" in name) and f".{adapter_name}." in name:
            kept = name.removeprefix("base_model.model.").replace(".modules_to_save", "")
            state["base_model.model." + kept.replace(f".{adapter_name}.", ".", 1)] = tensor.detach()
    return state


def applied(model, wanted, adapter_name="default"):
    """How many of the trained adapter's tensors the model holds, bit for bit."""
    state = adapter_of(model, adapter_name)
    count = sum(name in state and torch.equal(state[name], tensor) for name, tensor in wanted.items())
    print(f"{count} of {len(wanted)} tensors of the adapter equal what was trained")
    return count


def logits(model):
    with torch.no_grad():
        return model(TOKENS).logits
