"""Merge the experts of one DeepSeek-V2 layer into w1w3 and w2 and load them, with torch and safetensors alone."""

import os
import tempfile

import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import silu

from snippets.verify_loaded import compose, verify

DEVICE = os.environ.get("CLINIC_DEVICE", "cpu")
EXPERTS, FFN, HIDDEN = 8, 16, 32
LINEARS = {"gate_proj": (FFN, HIDDEN), "up_proj": (FFN, HIDDEN), "down_proj": (HIDDEN, FFN)}
W1W3, W2 = "mlp.experts.0.w1w3", "mlp.experts.0.w2"

_temporary = tempfile.TemporaryDirectory()
FOLDER = _temporary.name
save_file(
    {f"mlp.experts.{i}.{w}.weight": torch.randn(LINEARS[w]) for i in range(EXPERTS) for w in LINEARS},
    f"{FOLDER}/model.safetensors",
)
checkpoint = load_file(f"{FOLDER}/model.safetensors", DEVICE)
merged = {name: compose(name, EXPERTS, checkpoint.__getitem__) for name in (W1W3, W2)}


def _model(ffn=FFN):
    block = {"w1w3": torch.zeros(EXPERTS, 2 * ffn, HIDDEN), "w2": torch.zeros(EXPERTS, HIDDEN, ffn)}
    experts = torch.nn.ModuleList([torch.nn.ParameterDict(block)])
    return torch.nn.ModuleDict({"mlp": torch.nn.ModuleDict({"experts": experts})}).to(DEVICE)


def separate_weights_are_missing():
    """The experts as they are stored do not load into merged tensors: w1w3 and w2 are missing."""
    try:
        _model().load_state_dict(checkpoint)
        raise AssertionError("the separate weights loaded")
    except RuntimeError as error:
        assert f'Missing key(s) in state_dict: "{W1W3}", "{W2}"' in str(error), error


def merged_weights_compute_the_same():
    """Merged by name, they load bit for bit, and every expert computes what it did before."""
    model = _model()
    model.load_state_dict(merged)
    assert verify(model, FOLDER) == []
    x = torch.randn(HIDDEN, device=DEVICE)
    for i in range(EXPERTS):
        gate, up, down = (checkpoint[f"mlp.experts.{i}.{w}.weight"] for w in LINEARS)
        w1, w3 = model.get_parameter(W1W3)[i].chunk(2)
        out = model.get_parameter(W2)[i] @ (silu(w1 @ x) * (w3 @ x))
        torch.testing.assert_close(out, down @ (silu(gate @ x) * (up @ x)))


def wrong_order_is_found():
    """Merged with the up rows before the gate rows, they load as well, but verify_loaded.py names the tensor."""
    model = _model()
    model.load_state_dict(merged | {W1W3: merged[W1W3].roll(FFN, dims=1)})
    assert [difference.parameter for difference in verify(model, FOLDER)] == [W1W3]


def size_mismatch_is_only_collected():
    """On a size mismatch torch's Module._load_from_state_dict loads nothing and raises nothing; it fills a list."""
    experts = _model(ffn=FFN + 1).get_submodule("mlp.experts.0")
    errors = []
    experts._load_from_state_dict(merged, "mlp.experts.0.", {}, True, [], [], errors)
    assert [error.split(":")[0] for error in errors] == [f"size mismatch for {name}" for name in (W1W3, W2)]
    assert not any(tensor.any() for tensor in experts.parameters())


if __name__ == "__main__":
    separate_weights_are_missing()
    merged_weights_compute_the_same()
    wrong_order_is_found()
    size_mismatch_is_only_collected()
