"""An optimizer's state of one LoRA loaded for another: other layers, more layers, an embedding beside them."""

import peft
import torch
from _trainer import llama

SIZE = "ValueError: loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
KINDS = ("exp_avg", "exp_avg_sq")


def _adapted(*targets, **more):
    """A Llama with LoRA on these layers, and AdamW on what is trainable, as it is usually made."""
    model = peft.get_peft_model(llama(), peft.LoraConfig(r=2, target_modules=list(targets), init_lora_weights=False, **more))
    return model, torch.optim.AdamW([one for one in model.parameters() if one.requires_grad], 0.01)


def _saved():
    """One step with LoRA on q_proj and v_proj: the state, and the moments by name."""
    model, optimizer = _adapted("q_proj", "v_proj")
    model(input_ids=torch.arange(8)[None], labels=torch.arange(8)[None]).loss.backward()
    optimizer.step()
    return optimizer.state_dict(), _moments(model, optimizer)


def _moments(model, optimizer):
    return {
        f"{name} {kind}": optimizer.state[one][kind].clone()
        for name, one in model.named_parameters()
        for kind in KINDS
        if kind in optimizer.state.get(one, {})
    }


def _error(optimizer):
    try:
        optimizer.load_state_dict(_saved()[0])
    except ValueError as error:
        print(f"ValueError: {error}")
        return f"ValueError: {error}"
    return "no error"


def the_same_targets_are_exact():
    """The same layers, q_proj and v_proj: all 16 moments are their parameter's."""
    state, expected = _saved()
    model, optimizer = _adapted("q_proj", "v_proj")
    optimizer.load_state_dict(state)
    found = _moments(model, optimizer)
    count = sum(torch.equal(found[name], expected[name]) for name in expected)
    print(f"{count} of {len(expected)} moments are the parameter's own")
    assert count == len(found) == len(expected) == 16, f"no error, {count} of {len(expected)} moments right"


def other_targets_are_silent():
    """LoRA on k_proj and o_proj, with the state of q_proj and v_proj: no error, and all 16 moments are the latter's."""
    state, expected = _saved()
    model, optimizer = _adapted("k_proj", "o_proj")
    assert _error(optimizer) == "no error"
    optimizer.load_state_dict(state)
    found = _moments(model, optimizer)
    assert len(found) == len(expected) == 16 and not found.keys() & expected.keys(), sorted(found.keys() & expected.keys())
    swapped = {name.replace("k_proj", "q_proj").replace("o_proj", "v_proj"): value for name, value in found.items()}
    assert all(torch.equal(swapped[name], expected[name]) for name in expected)


def more_targets_raise():
    """LoRA on q_proj, k_proj and v_proj: raises the message."""
    found = _error(_adapted("q_proj", "k_proj", "v_proj")[1])
    assert found == SIZE, found


def modules_to_save_raise():
    """`modules_to_save=["lm_head"]` beside the same layers: raises the message."""
    found = _error(_adapted("q_proj", "v_proj", modules_to_save=["lm_head"])[1])
    assert found == SIZE, found


def all_parameters_given_raise():
    """An optimizer of `model.parameters()`, the frozen ones, too: raises the message."""
    model, _ = _adapted("q_proj", "v_proj")
    found = _error(torch.optim.AdamW(model.parameters(), 0.01))
    assert found == SIZE, found


if __name__ == "__main__":
    the_same_targets_are_exact()
    other_targets_are_silent()
    more_targets_raise()
    modules_to_save_raise()
    all_parameters_given_raise()
