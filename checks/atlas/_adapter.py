"""A LoRA on the attention of an architecture: trained, saved, loaded by PEFT onto the published weights, and looked for there.

What it was trained to is kept beside PEFT's own file and compared with the model, together with the base model's tensors.
"""

import re
import warnings
import zlib
from contextlib import nullcontext

import torch
from _compared import compared
from _ways import Loaded, class_of, load, told
from safetensors.torch import load_file, save_file

from snippets.check_adapter import check
from snippets.verify_loaded import compare

NOT_IMPORTED = ""  # what a PEFT raises that does not fit this transformers: an outcome, as a load's error is
try:
    from peft import LoraConfig, PeftModel, get_peft_model
except ImportError as error:
    NOT_IMPORTED = f"error: PEFT is not imported, {told(error).partition(' (')[0]}"
LLAMA = ["q_proj", "k_proj", "v_proj", "o_proj", "out_proj"]
LATENT = ["q_a_proj", "q_b_proj", "kv_a_proj_with_mqa", "kv_b_proj"]
OTHERS = ["qkv", "query", "key", "value", "q", "k", "v", "o"]  # Qwen's vision towers, BERT, T5
TARGETS = [*LLAMA, *LATENT, *OTHERS]
FOLDER, TRAINED = "adapter", "trained.safetensors"
MISSING = re.compile(r"Found missing adapter keys.*?\[(.*?)\]", re.DOTALL)


class Plain:
    """A model with an adapter, its tensors under the names that they would have without PEFT around it."""

    def __init__(self, model):
        self.model = model
        self._tied_weights_keys = getattr(model.base_model.model, "_tied_weights_keys", None)

    def named_parameters(self, remove_duplicate=True):
        return [(_plain(name), one) for name, one in self.model.named_parameters(remove_duplicate=remove_duplicate)]

    def named_buffers(self, remove_duplicate=True):
        return [(_plain(name), one) for name, one in self.model.named_buffers(remove_duplicate=remove_duplicate)]

    def state_dict(self):
        return {_plain(name): tensor for name, tensor in self.model.state_dict().items()}


def _plain(name):
    return name.removeprefix("base_model.model.").replace(".base_layer.", ".").replace(".default.", ".")


def save(published):
    """Load the published weights, give them an adapter that no initialising makes, and save it."""
    assert not NOT_IMPORTED, NOT_IMPORTED
    model, _ = load(published, class_of(published))
    folder = published.place / FOLDER
    try:
        model = get_peft_model(model, LoraConfig(r=2, target_modules=TARGETS))
        trained = {_plain(name): one.detach() for name, one in model.named_parameters() if ".lora_" in name}
        for name, tensor in trained.items():
            generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
            tensor.copy_(torch.randn(tensor.shape, generator=generator))
        model.save_pretrained(folder)
    except Exception as error:
        raise AssertionError(f"error: while an adapter is made, {told(error)}") from error
    if not trained:
        raise RuntimeError("the adapter has no tensor, so that nothing is said of it")
    save_file({name: tensor.clone() for name, tensor in trained.items()}, folder / TRAINED)


def load_saved(published):
    """Load the adapter onto the published weights; what the model is made of."""
    model, info = load(published, class_of(published))
    base = compare(model, published.reference, without=published.unused)
    folder = published.place / FOLDER
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model = PeftModel.from_pretrained(model, folder)
        except Exception as error:
            raise AssertionError(f"error: {told(error)}") from error
    loaded = Loaded(published, model, info)
    loaded.reported["missing"] += sum(_missing(str(one.message)) for one in caught)
    return seen(loaded, base, check(model, folder), load_file(folder / TRAINED))


def _missing(message):
    """Return how many tensors PEFT's warning names."""
    found = MISSING.search(message)
    return found[1].count("lora_") if found else 0


def seen(loaded, base, adapter, trained):
    """Say of a model what it is made of, looked at twice: by all its values, and by verify_loaded.py and check_adapter.py."""
    plain = Plain(loaded.model)
    found = compared(plain, loaded.published.tensors | trained, lambda _: nullcontext(), loaded.published.unused)
    names = plain.state_dict().keys()
    elsewhere = {name: of[0] for name, of in found.renamed.items() if ".lora_" in name and not names.isdisjoint(of)}
    if adapter.status not in (0, 1):
        raise RuntimeError(f"check_adapter.py did not look: {adapter.lines[-1]}")
    equal = base.ending in ("equal", "equal under other names", "cast") and adapter.status == 0
    return {
        "tensors": found.total,
        "wrong": found.wrong | {name: f"{of} of the adapter" for name, of in elsewhere.items()},
        "unused": found.unused,
        "renamed": len(found.renamed),
        "reported": loaded.reported,
        "second": ["equal" if equal else "otherwise", f"{[*base.lines()][-1]}; check_adapter.py: {adapter.lines[-1]}"],
    }
