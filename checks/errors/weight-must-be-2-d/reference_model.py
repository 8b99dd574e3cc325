"""A second model (reference, teacher, text encoder) loaded while a ZeRO-3 config is in force, and never made an engine."""

import copy

import torch
from _zero3 import EXPECTED, FOLDER, assert_exact, engine, error_of, gather, in_force, load, logits, reference, settings

from snippets.verify_loaded import verify

MESSAGE = "RuntimeError: 'weight' must be 2-D"


def called_it_raises_the_message():
    """Called as it is, the model raises `'weight' must be 2-D`."""
    assert error_of(lambda: logits(reference())) == MESSAGE


def its_weights_are_all_there():
    """Nothing is lost: verify_loaded.py, which gathers, finds each weight of that model equal to the file's."""
    model = reference()
    assert error_of(lambda: logits(model)) == MESSAGE
    found = verify(model, FOLDER, gather=gather)
    assert found == [], f"{len(found)} differ"


def verify_loaded_sees_a_wrong_weight_of_it():
    """The control: with one weight of it changed inside a gather, verify_loaded.py names that one."""
    model = reference()
    with torch.no_grad(), gather([model.lm_head.weight], modifier_rank=0):
        model.lm_head.weight[3, 5] += 1
    found = verify(model, FOLDER, gather=gather)
    assert [one.parameter for one in found] == ["lm_head.weight"], [one.parameter for one in found]


def as_an_engine_of_its_own_it_is_exact():
    """`deepspeed.initialize(model=model, config=config)`, without an optimizer, makes it exact."""
    made = engine(reference())
    assert_exact(logits(made), EXPECTED, "logits")


def gathered_around_the_call_it_is_exact():
    """Inside `GatheredParameters` of all its parameters, the call is exact."""
    model = reference()
    with gather(model.parameters()):
        found = logits(model)
    assert_exact(found, EXPECTED, "logits")


def after_the_gather_it_raises_again():
    """After that block it raises again."""
    model = reference()
    with gather(model.parameters()):
        assert_exact(logits(model), EXPECTED, "logits")
    assert error_of(lambda: logits(model)) == MESSAGE, "no error"


def gathering_the_embedding_alone_moves_the_error():
    """With the embedding alone gathered, the next layer stops it, with another text."""
    model = reference()
    with gather(model.get_input_embeddings().parameters()):
        error = error_of(lambda: logits(model))
    assert error.startswith("RuntimeError: The size of tensor a (0) must match the size of tensor b (16)"), error or "no error"


def loaded_with_no_config_in_force_it_is_exact():
    """Loaded where no ZeRO-3 config is in force, it is an ordinary whole model, and exact."""
    with in_force(settings()):
        divided = [parameter.numel() for parameter in load().parameters()]
    model = load()
    assert not any(divided) and all(parameter.numel() for parameter in model.parameters()), divided
    assert_exact(logits(model), EXPECTED, "logits")


def under_stage_2_it_is_exact():
    """Under stage 2 the same call raises nothing, and is exact."""
    assert_exact(logits(reference(stage=2)), EXPECTED, "logits")


def eval_and_another_type_or_device_change_nothing():
    """`.eval()`, `.to(torch.bfloat16)`, `.float()`, `.to("cpu")`: the same message."""
    for change in (lambda m: m.eval(), lambda m: m.to(torch.bfloat16), lambda m: m.float(), lambda m: m.to("cpu")):
        model = change(reference())
        assert error_of(lambda model=model: logits(model)) == MESSAGE, "no error"


def a_deepcopy_has_no_weights():
    """`copy.deepcopy` of the model has empty parameters, and no weights to gather: it raises the message, too."""
    copied = copy.deepcopy(reference())
    assert all(parameter.numel() == 0 for parameter in copied.parameters()), "a parameter has values"
    assert error_of(lambda: logits(copied)) == MESSAGE, "no error"
    whole = load()
    assert_exact(logits(copy.deepcopy(whole)), EXPECTED, "logits of a whole model's copy")


if __name__ == "__main__":
    called_it_raises_the_message()
    its_weights_are_all_there()
    verify_loaded_sees_a_wrong_weight_of_it()
    as_an_engine_of_its_own_it_is_exact()
    gathered_around_the_call_it_is_exact()
    after_the_gather_it_raises_again()
    gathering_the_embedding_alone_moves_the_error()
    loaded_with_no_config_in_force_it_is_exact()
    under_stage_2_it_is_exact()
    eval_and_another_type_or_device_change_nothing()
    a_deepcopy_has_no_weights()
