"""A LoRA that was trained with a vocabulary grown from 104 to 110 rows, put on bases with other numbers of rows."""

import warnings

import torch
from _resized import EMBEDDING, HEAD, ROWS, error, fresh, printed
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file

from snippets.verify_loaded import compare

warnings.simplefilter("always")  # a warning is printed each time, not once
warnings.simplefilter("ignore", FutureWarning)  # of other matters: what transformers will call otherwise
TRAINED, TOKENS = 110, torch.arange(8).reshape(1, 8)
NAMES = ("embed_tokens", "lm_head")


def _resized(rows=None, seed=0, **options):
    model = fresh(ROWS)
    if rows is not None:
        torch.manual_seed(seed)
        model.resize_token_embeddings(rows, **options)
    return model


def _fill(model, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad and "original_module" not in name:
                parameter.copy_(torch.randn(parameter.shape, generator=generator))


def _adapted(rows, folder, **options):
    """Save an adapter on a base that was resized to so many rows; return the trained model."""
    given = {"r": 2, "target_modules": ["q_proj", "v_proj"], "task_type": "CAUSAL_LM"} | options
    model = get_peft_model(_resized(rows), LoraConfig(**given)).eval()
    _fill(model, 1)
    model.save_pretrained(folder)
    return model


TRAINED_MODEL = _adapted(TRAINED, "adapter", modules_to_save=["embed_tokens", "lm_head"])
LOGITS = TRAINED_MODEL(TOKENS).logits.detach()


def _attached(base, folder="adapter", **options):
    """Put the adapter on a base; return the model, whether it computes what the trained one did, and what was printed."""
    with printed() as lines:
        model = PeftModel.from_pretrained(base, folder, **options).eval()
    logits = model(TOKENS).logits.detach()
    return model, logits.shape == LOGITS.shape and torch.equal(logits, LOGITS), lines[0]


def _stops(base):
    text, _ = error(lambda: _attached(base))
    assert "size mismatch for base_model.model." in text, text
    return text


def a_base_that_was_not_resized_gives_the_message():
    """Put on a base that was not resized, it stops: "size mismatch for base_model.model", with both numbers of rows."""
    text = _stops(_resized())
    told = [line.strip() for line in text.splitlines() if "size mismatch for base_model.model." in line]
    assert told and all(any(f"{name}." in line for name in NAMES) for line in told), text
    for line in told:
        assert f"torch.Size([{TRAINED}, 16]) from checkpoint" in line and f"model is torch.Size([{ROWS}, 16])" in line, line


def resized_to_the_rows_of_the_adapter_it_is_exact():
    """On a base resized to the adapter's 110 rows it loads, and computes bit for bit what the trained model did."""
    _stops(_resized())
    base = _resized(TRAINED, seed=1)  # its new rows are others than those of the training: they come from the adapter
    assert not torch.equal(base(TOKENS).logits, LOGITS)
    assert _attached(base)[1]


def padded_to_64_it_stops_as_well():
    """On a base resized with pad_to_multiple_of=64, which has 128 rows, it stops with the same message."""
    text = _stops(_resized(TRAINED, pad_to_multiple_of=64))
    assert "model is torch.Size([128, 16])" in text, text


def the_file_of_the_adapter_has_the_number():
    """The adapter's own file has the number: 110 rows in each of the two matrices that it holds."""
    tensors = load_file("adapter/adapter_model.safetensors")
    rows = {name: tensor.shape[0] for name, tensor in tensors.items() if any(part in name for part in NAMES)}
    print(rows)
    assert len(rows) == 2 and set(rows.values()) == {TRAINED}, rows


def ignoring_it_loads_another_model():
    """With ignore_mismatched_sizes=True PEFT loads and warns; both matrices stay the base's, and the output is another."""
    base = _resized()
    model, right, lines = _attached(base, ignore_mismatched_sizes=True)
    assert not right and "are being ignored because you passed `ignore_mismatched_sizes=True`" in lines, lines
    state, old = model.state_dict(), fresh(ROWS).state_dict()
    for name in (EMBEDDING, HEAD):
        kept = state[f"base_model.model.{name.removesuffix('.weight')}.modules_to_save.default.weight"]
        assert torch.equal(kept, old[name]), f"{name} is not the base's"


def verify_loaded_names_both_of_an_adapter():
    """verify_loaded.py with adapter= names both matrices after it; on a base of 110 rows: equal, all 31 tensors."""
    for rows, options in ((None, {"ignore_mismatched_sizes": True}), (TRAINED, {})):
        base = _resized(rows, seed=1)
        base.save_pretrained("base")
        report = compare(_attached(base, **options)[0], "base", adapter="adapter")
        lines = list(report.lines())
        print(*lines, sep="\n")
        if rows:
            assert report.differences == [] and lines[-1] == "equal: all 31 tensors, bit for bit", lines
        else:
            told = [str(one.how) for one in report.differences]
            assert told == [f"shape: [{ROWS}, 16] in the model, [{TRAINED}, 16] in the checkpoint"] * 2, told


def without_the_matrices_nothing_stops():
    """Saved without the two matrices (save_embedding_layers=False), it loads on 104 rows, and nothing is printed."""
    trained = get_peft_model(_resized(TRAINED), LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM"))
    trained.save_pretrained("bare", save_embedding_layers=False)
    names = load_file("bare/adapter_model.safetensors")
    assert len(names) == 4 and not any(part in name for name in names for part in NAMES), sorted(names)
    model, _, lines = _attached(_resized(), "bare")
    assert lines == "", lines
    assert trained(TOKENS).logits.shape[-1] == TRAINED and model(TOKENS).logits.shape[-1] == ROWS


def after_a_resize_peft_saves_both_matrices():
    """A LoRA on q_proj alone, on a resized base: PEFT saves embed_tokens and lm_head with it, unasked; else neither."""
    for rows, number in ((TRAINED, 2), (None, 0)):
        base = fresh(ROWS)
        base.save_pretrained("base")
        base = type(base).from_pretrained("base")
        if rows:
            base.resize_token_embeddings(rows)
        get_peft_model(base, LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM")).save_pretrained("small")
        names = [name for name in load_file("small/adapter_model.safetensors") if "lora_" not in name]
        assert len(names) == number, (rows, names)


if __name__ == "__main__":
    a_base_that_was_not_resized_gives_the_message()
    resized_to_the_rows_of_the_adapter_it_is_exact()
    padded_to_64_it_stops_as_well()
    the_file_of_the_adapter_has_the_number()
    ignoring_it_loads_another_model()
    verify_loaded_names_both_of_an_adapter()
    without_the_matrices_nothing_stops()
    after_a_resize_peft_saves_both_matrices()
