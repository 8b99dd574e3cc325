"""A LoRA on the experts of Qwen3-MoE, as transformers 4.57.6 with peft 0.17.1 saved it, loaded onto its base model by PEFT."""

import json
from functools import cache
from pathlib import Path

import torch
from _moe import config_of, experts_of, model_class, printed, publish, wrong
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file

KIND, TARGETS, RANK, ALPHA = "qwen3_moe", ("q_proj", "gate_proj", "up_proj", "down_proj"), 2, 4
CONFIG = {
    "peft_type": "LORA",
    "task_type": "CAUSAL_LM",
    "base_model_name_or_path": KIND,
    "inference_mode": True,
    "lora_alpha": ALPHA,
    "r": RANK,
    "target_modules": list(TARGETS),
}
TOKENS = torch.arange(8).reshape(1, 8)
BASE = publish(KIND)
TRAINED = [name.removesuffix(".weight") for name in BASE if name.split(".")[-2] in TARGETS]  # a matrix each


def _adapter(generator):
    """Return the tensors of the trained adapter under the names of peft 0.17.1: for each matrix an A and a B."""
    shapes = {name: BASE[f"{name}.weight"].shape for name in TRAINED}
    return {
        f"base_model.model.{name}.lora_{part}.weight": torch.randn(shape, generator=generator)
        for name, (rows, columns) in shapes.items()
        for part, shape in (("A", (RANK, columns)), ("B", (rows, RANK)))
    }


ADAPTER = _adapter(torch.Generator().manual_seed(5))
Path("adapter").mkdir()
Path("adapter/adapter_config.json").write_text(json.dumps(CONFIG), "utf-8")
save_file(ADAPTER, "adapter/adapter_model.safetensors", {"format": "pt"})


def _merged():
    """Return the published tensors with what was trained added to each."""
    merged = dict(BASE)
    for name in TRAINED:
        a, b = (ADAPTER[f"base_model.model.{name}.lora_{part}.weight"] for part in "AB")
        merged[f"{name}.weight"] = BASE[f"{name}.weight"] + ALPHA / RANK * b @ a
    return merged


@cache
def _logits(folder):
    """Return what a folder in the published layout computes, loaded without PEFT."""
    tensors = publish(KIND, _merged() if folder == "merged" else BASE, folder)
    model = model_class(KIND).from_pretrained(folder)
    if wrong(model, tensors):
        raise RuntimeError("this release does not load the published files exactly")
    with torch.no_grad():
        return model.eval()(TOKENS).logits


@cache
def _loaded():
    """Load the adapter onto the base; return the model, what was printed, and what was raised."""
    base, error, model = model_class(KIND).from_pretrained(KIND), None, None
    with printed() as lines:
        try:
            model = PeftModel.from_pretrained(base, "adapter").eval()
        except TypeError as raised:
            error = f"TypeError: {raised}"
    print(error or f"{sum('lora_' in name for name, _ in model.named_parameters())} tensors of an adapter in the model")
    return model, lines[0], error


def _model():
    model, _, error = _loaded()
    assert error is None, error
    return model


def _said(text):
    """Return the lines that are printed, but for those by which Python says that a name is deprecated."""
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if line and "FutureWarning" not in line and line != "warnings.warn("]


def as_the_older_versions_save_it():
    """Trained and saved there, the adapter has 52 tensors, 48 of them of experts: an A and a B for each expert's matrix."""
    model = get_peft_model(
        model_class(KIND).from_pretrained(KIND),
        LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=list(TARGETS), task_type="CAUSAL_LM"),
    )
    model.save_pretrained("made_here")
    made = load_file("made_here/adapter_model.safetensors")
    assert {n: t.shape for n, t in made.items()} == {n: t.shape for n, t in ADAPTER.items()}, sorted(made)
    assert (len(made), len(experts_of(made))) == (52, 48), len(made)
    written = json.loads(Path("made_here/adapter_config.json").read_text("utf-8"))
    assert all(set(written[key]) == set(one) if key == "target_modules" else written[key] == one for key, one in CONFIG.items())


def the_experts_part_is_dropped_and_nothing_is_printed():
    """4 of the 52 tensors are in the model, those of attention; of experts none. No error, and no line but of a deprecation."""
    model, text = _model(), _loaded()[1]
    names = [name for name, _ in model.named_parameters() if "lora_" in name]
    assert len(names) == 4 and not experts_of(names), f"{len(experts_of(names))} tensors of experts are in the model"
    assert not _said(text), text


def it_stops_with_a_type_error():
    """The load stops with a TypeError of `WeightConverter`, an unexpected keyword argument, and returns no model."""
    error = _loaded()[2]
    assert error, "no error"
    assert "TypeError: WeightConverter." in error and "got an unexpected keyword argument" in error, error


def it_computes_what_was_trained():
    """The model computes what the trained one computes: its logits are those of the merged weights, and not the base's."""
    with torch.no_grad():
        logits = _model()(TOKENS).logits
    away = (logits - _logits("merged")).abs().max().item()
    base = (logits - _logits("base")).abs().max().item()
    print(f"logits differ by up to {away:.3g} from the trained model's, by {base:.3g} from the base's")
    assert base > 0.1, base
    assert away < 1e-3, f"no error, logits away by {away:.1f}"


def two_lines_tell_that_experts_are_lost():
    """The file names experts, and no trained tensor in the model does: the two lines say 48 and 0."""
    model = _model()
    # --8<-- [start:count]
    stored = [name for name in load_file("adapter/adapter_model.safetensors") if ".experts." in name]
    loaded = [name for name, one in model.named_parameters() if ".experts." in name and "lora_B" in name and one.any()]
    # --8<-- [end:count]
    print(len(stored), "tensors of experts in the file,", len(loaded), "pairs in the model")
    assert len(stored) == 48
    assert not loaded, f"{len(loaded)} pairs of experts are in the model"


def merged_where_it_was_trained_the_files_are_as_published():
    """Merged there and saved, the files have the published names, and each matrix is the base's plus what was trained."""
    base = model_class(KIND).from_pretrained(KIND)
    PeftModel.from_pretrained(base, "adapter").merge_and_unload().save_pretrained("merged_here")
    stored, expected = load_file("merged_here/model.safetensors"), _merged()
    assert stored.keys() == expected.keys(), sorted(stored.keys() ^ expected.keys())
    for name, tensor in stored.items():
        torch.testing.assert_close(tensor, expected[name])
    changed = [name for name in stored if not torch.equal(stored[name], BASE[name])]
    assert sorted(changed) == sorted(f"{name}.weight" for name in TRAINED), changed
    assert config_of("merged_here").num_experts == 4


if __name__ == "__main__":
    as_the_older_versions_save_it()
    the_experts_part_is_dropped_and_nothing_is_printed()
    it_stops_with_a_type_error()
    it_computes_what_was_trained()
    two_lines_tell_that_experts_are_lost()
    merged_where_it_was_trained_the_files_are_as_published()
