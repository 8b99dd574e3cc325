"""A LoRA of PEFT on a model in bfloat16: the types of its weights, and whether they move."""

import torch
from _dtypes import dtypes, load, save, train
from peft import LoraConfig, get_peft_model

FOLDER = save("saved", torch.bfloat16)


def _with_lora(**options):
    """Return the model with a LoRA on it, its own parameters left out of the training."""
    model, _ = load(FOLDER, torch_dtype=torch.bfloat16)
    torch.manual_seed(2)
    config = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    return get_peft_model(model, config, **options)


class _Trained(torch.nn.Module):
    """The parameters that are trained, and the model that they belong to."""

    def __init__(self, model):
        super().__init__()
        self.trained = torch.nn.ParameterList([one for one in model.parameters() if one.requires_grad])
        self.call = [model]

    def forward(self, **inputs):
        return self.call[0](**inputs)


def the_adapter_is_float32_and_moves():
    """On a bfloat16 model PEFT makes the adapter's weights float32, and more than 99 % of their values move."""
    trained = _Trained(_with_lora())
    assert len(trained.trained) == 8, len(trained.trained)
    assert dtypes(trained) == "float32", dtypes(trained)
    share = train(trained)
    assert share > 99, f"{share:.0f} % of the values moved"


def autocast_adapter_dtype_false_leaves_it_in_bfloat16():
    """With `autocast_adapter_dtype=False` the adapter is bfloat16 like the model, and more than half of its values stay."""
    trained = _Trained(_with_lora(autocast_adapter_dtype=False))
    assert dtypes(trained) == "bfloat16", dtypes(trained)
    share = train(trained)
    assert 0 < share < 50, f"{share:.0f} % of the values moved"


if __name__ == "__main__":
    the_adapter_is_float32_and_moves()
    autocast_adapter_dtype_false_leaves_it_in_bfloat16()
