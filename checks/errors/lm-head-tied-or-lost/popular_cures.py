"""What is tried where a trained head has no effect, or is random: what each leaves of every tensor."""

from pathlib import Path

import torch
from _heads import EMBEDDING, FILE, HEAD, configure, llama, load, save_without, saved, saved_apart, wrong
from safetensors.torch import load_file, save_file, save_model

trained = saved_apart("merged")
saved("lost", tied=False)
save_without("lost", trained, HEAD)


def tie_weights_brings_no_head_back():
    """`model.tie_weights()` after the load changes nothing: a random head, under a config that says untied, stays so."""
    model, _ = load("lost")
    before = model.lm_head.weight.clone()
    model.tie_weights()
    assert torch.equal(model.lm_head.weight, before), "it is another one"
    assert wrong(model, trained) == [HEAD], "it is the trained one"
    assert wrong(model, {**trained, HEAD: trained[EMBEDDING]}) == [HEAD], "it is the embedding"


def saying_tied_silences_the_message_and_puts_the_embedding_there():
    """`tie_word_embeddings=True` where an untied head is in no file silences the message and puts the embedding there."""
    model, text = load("lost", tie_word_embeddings=True)
    assert text == "", text
    assert wrong(model, {**trained, HEAD: trained[EMBEDDING]}) == [], "it is not the embedding"


def copied_into_a_tied_model_the_head_overwrites_the_embedding():
    """Copied into the loaded model, the trained head is the embedding now, too: they are one tensor there."""
    model, _ = load("merged")
    with torch.no_grad():
        model.lm_head.weight.copy_(load_file(f"merged/{FILE}")[HEAD])
    assert wrong(model, {**trained, EMBEDDING: trained[HEAD]}) == [], "the embedding is its own"


def load_state_dict_leaves_one_of_them_in_both():
    """`load_state_dict` with both tensors raises nothing, strict as it is, and leaves the one in the place of both."""
    model, _ = load("merged")
    result = model.load_state_dict(load_file(f"merged/{FILE}"))
    assert not result.missing_keys and not result.unexpected_keys
    assert len(wrong(model, trained)) == 1, "both are right"


def tied_written_into_config_json_costs_a_trained_head():
    """`"tie_word_embeddings": true` written over false loses a trained head that is in the files: the embedding is there."""
    tensors = saved("apart", tied=False)
    assert HEAD in tensors
    configure("apart", tie_word_embeddings=True)
    model, text = load("apart")
    assert wrong(model, tensors) == [HEAD], "the head is kept"
    assert wrong(model, {**tensors, HEAD: tensors[EMBEDDING]}) == [], "it is not the embedding"
    assert text == "", text


def save_file_of_a_tied_model_raises():
    """`save_file(model.state_dict())` of a tied model raises "Some tensors share memory", and writes nothing."""
    try:
        save_file(llama(tied=True).state_dict(), "tied.safetensors")
        raise AssertionError("it was written")
    except RuntimeError as error:
        assert "Some tensors share memory" in str(error), error
    assert not Path("tied.safetensors").exists()


def save_model_leaves_a_folder_that_loads_exactly():
    """safetensors' `save_model` of a tied model keeps one of the two names; config.json beside it, the folder loads exactly."""
    model = llama(tied=True)
    model.save_pretrained("one_name")
    save_model(model, f"one_name/{FILE}", {"format": "pt"})
    assert {HEAD, EMBEDDING} & load_file(f"one_name/{FILE}").keys() == {HEAD}, "it keeps the other one, or both"
    again, text = load("one_name")
    without = [name for name, tensor in again.state_dict().items() if tensor.is_meta]
    assert without == [], f"no error, {'a line' if text else 'no line'}: {' and '.join(without)} without values (on meta)"
    assert wrong(again, model.state_dict()) == [], "it is not exact"


if __name__ == "__main__":
    tie_weights_brings_no_head_back()
    saying_tied_silences_the_message_and_puts_the_embedding_there()
    copied_into_a_tied_model_the_head_overwrites_the_embedding()
    load_state_dict_leaves_one_of_them_in_both()
    tied_written_into_config_json_costs_a_trained_head()
    save_file_of_a_tied_model_raises()
    save_model_leaves_a_folder_that_loads_exactly()
