"""A class of transformers that ties in __init__ and does not declare it: save_pretrained, and what is said to cure it."""

import inspect
from pathlib import Path

import torch
from _shared import (
    BIN,
    EMBEDDING,
    FILE,
    HEAD,
    Declared,
    TinyConfig,
    Undeclared,
    clones,
    filled,
    llama,
    load,
    one,
    refusal,
    undeclared,
    values,
    wrong,
)
from safetensors import safe_open
from transformers import LlamaForCausalLM, PreTrainedModel

MODEL = undeclared()
TENSORS = values(MODEL)


def _refused(**options):
    """The text with which save_pretrained refuses."""
    return refusal(lambda: MODEL.save_pretrained("refused", **options), "refused")


def _names(folder):
    with safe_open(f"{folder}/{FILE}", "pt") as file:
        return sorted(file.keys())


def _step(model):
    """Train one step on all twenty tokens."""
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    model(input_ids=torch.arange(20)[None]).logits.pow(2).mean().backward()
    optimizer.step()


def it_stops_and_leaves_no_weights():
    """save_pretrained stops with "contained shared tensors" and both names; no weights are left."""
    text = _refused()
    assert "The weights trying to be saved contained shared tensors [{" in text, text
    assert EMBEDDING in text and HEAD in text and "body" not in text, text


def the_text_blames_the_configuration():
    """It goes on "mismatching the transformers base configuration. Try saving using `safe_serialization=False`"."""
    text = _refused()
    told = "that are mismatching the transformers base configuration. Try saving using `safe_serialization=False`" in text
    assert told, 'it is "which are not properly defined"' if "which are not properly defined" in text else text


def the_text_proposes_dynamic_tied_weights_keys():
    """It also proposes `_dynamic_tied_weights_keys`."""
    assert "`_dynamic_tied_weights_keys` attribute" in _refused(), "it does not"


def safe_serialization_false_saves_and_is_exact():
    """With `safe_serialization=False` it writes pytorch_model.bin, which loads exactly, 4 of 4, still one tensor."""
    try:
        MODEL.save_pretrained("bin", safe_serialization=False)
    except RuntimeError as error:
        assert "contained shared tensors" in str(error) and not Path("bin", BIN).exists(), error
        assert "safe_serialization" not in inspect.signature(PreTrainedModel.save_pretrained).parameters
        raise AssertionError("it is ignored: the same error, no file") from error
    assert Path("bin", BIN).exists() and not Path("bin", FILE).exists()
    again = load(Undeclared, "bin")
    assert wrong(again, TENSORS) == [] and one(again.emb.weight, again.head.weight), "two tensors"


def clones_are_exact_and_no_longer_one():
    """`save_pretrained(state_dict=clones)` saves; loaded again, 4 of 4 are exact, and two tensors, though the class ties."""
    MODEL.save_pretrained("cloned", state_dict=clones(MODEL))
    again = load(Undeclared, "cloned")
    assert wrong(again, TENSORS) == []
    assert not one(again.emb.weight, again.head.weight), "they are one tensor"
    assert one(MODEL.emb.weight, MODEL.head.weight)  # the control: what was saved is one


def one_step_of_training_drives_them_apart():
    """Trained on from there, the two differ after one step; without the detour they stay one."""
    MODEL.save_pretrained("cloned", state_dict=clones(MODEL))
    ends = []
    for model in (load(Undeclared, "cloned"), undeclared()):
        _step(model)
        ends.append(torch.equal(model.emb.weight, model.head.weight))
    assert ends == [False, True], ends


def _declared_and_loaded(kind, folder):
    """Save a model of that class, load it; return what was saved, the names in the file, and what was loaded."""
    model = filled(kind(TinyConfig(tie_word_embeddings=True)))
    model.save_pretrained(folder)
    return values(model), _names(folder), load(kind, folder)


def tied_again_after_the_load_it_is_exact_and_one():
    """`model.head.weight = model.emb.weight` after that load: 4 of 4 exact, one tensor again, also after a step of training."""
    MODEL.save_pretrained("cloned", state_dict=clones(MODEL))
    model = load(Undeclared, "cloned")
    model.head.weight = model.emb.weight
    assert wrong(model, TENSORS) == [] and one(model.emb.weight, model.head.weight)
    _step(model)
    assert torch.equal(model.emb.weight, model.head.weight) and not torch.equal(model.emb.weight, TENSORS[EMBEDDING])


def declared_as_a_dict_it_saves_once_and_loads_tied():
    """Declared as a dict, `{"head.weight": "emb.weight"}`, config tied: stored once, loaded 4 of 4 exact, one tensor."""
    tensors, names, again = _declared_and_loaded(Declared, "declared")
    assert names == ["body.bias", "body.weight", EMBEDDING], names
    assert wrong(again, tensors) == [] and one(again.emb.weight, again.head.weight), "two tensors"


def declared_as_a_list_it_does_as_well():
    """As a list, `_tied_weights_keys = ["head.weight"]`, as older classes have it: the same."""

    class Listed(Declared):
        _tied_weights_keys = [HEAD]  # noqa: RUF012  (as the library has it)

    try:
        tensors, names, again = _declared_and_loaded(Listed, "listed")
    except AttributeError as error:
        print(error)
        raise AssertionError("an AttributeError: 'list' object has no attribute 'keys'") from error
    assert HEAD not in names and wrong(again, tensors) == [] and one(again.emb.weight, again.head.weight), "two tensors"


def a_layer_used_twice_stops_as_well():
    """A Llama whose second layer uses the mlp of the first: the same error, naming the three weights of the mlp."""
    model = llama(tied=False)
    model.model.layers[1].mlp = model.model.layers[0].mlp
    text = refusal(lambda: model.save_pretrained("layer"), "layer")
    assert "contained shared tensors" in text and text.count("layers.1.mlp") == 3, text


def cloned_that_layer_is_exact_and_two():
    """Its clones load exactly, 21 of 21, into an ordinary Llama: as two layers, which training changes apart."""
    model = llama(tied=False)
    model.model.layers[1].mlp = model.model.layers[0].mlp
    tensors = values(model)
    model.save_pretrained("layer", state_dict=clones(model))
    again = load(LlamaForCausalLM, "layer")
    assert wrong(again, tensors) == []
    first, second = (layer.mlp.up_proj.weight for layer in again.model.layers)
    assert torch.equal(first, second) and not one(first, second), "one tensor"


if __name__ == "__main__":
    it_stops_and_leaves_no_weights()
    the_text_blames_the_configuration()
    the_text_proposes_dynamic_tied_weights_keys()
    safe_serialization_false_saves_and_is_exact()
    clones_are_exact_and_no_longer_one()
    one_step_of_training_drives_them_apart()
    tied_again_after_the_load_it_is_exact_and_one()
    declared_as_a_dict_it_saves_once_and_loads_tied()
    declared_as_a_list_it_does_as_well()
    a_layer_used_twice_stops_as_well()
    cloned_that_layer_is_exact_and_two()
