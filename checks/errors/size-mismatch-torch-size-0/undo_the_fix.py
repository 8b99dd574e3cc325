"""A reconstruction: transformers 4.50.3 with the fix of pull request 36455 taken out again, here in the check itself."""

from _load_published import equal, load
from transformers import modeling_utils

MESSAGE = "size mismatch for visual.blocks.3.mlp.up_proj.bias: copying a param with shape torch.Size([3420]) from checkpoint"
assert hasattr(modeling_utils, "_load_state_dict_into_zero3_model"), "not a release that has the fix"


def _plain_load(model, state_dict, assign=False):
    model.load_state_dict(state_dict, strict=False, assign=assign)
    return []  # the real function returns the errors that it met; a plain load raises them


modeling_utils._load_state_dict_into_zero3_model = _plain_load


def size_mismatch_with_this_deepspeed():
    """With the fix taken out of transformers 4.50.3, the load under ZeRO-3 raises the size mismatch with shape [0]."""
    error = ""
    try:
        load(zero3=True)
    except RuntimeError as raised:
        error = str(raised)
    print(*[line for line in error.splitlines() if "blocks.3.mlp" in line], sep="\n")
    assert f"{MESSAGE}, the shape in current model is torch.Size([0])." in error, error or "no error"


def exact_without_deepspeed():
    """With the fix taken out, a load without DeepSpeed stays exact: all 80 tensors equal the checkpoint."""
    found = equal(load())
    assert found == 80, f"{found} of 80 equal"


if __name__ == "__main__":
    size_mismatch_with_this_deepspeed()
    exact_without_deepspeed()
