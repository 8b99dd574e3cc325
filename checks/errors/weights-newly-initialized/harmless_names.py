"""Loads after which a list of names is no harm: a new head, a class without the head, buffers of old files."""

import torch
from _tiny import equal, listed, load, names, save, save_as

llama, bert = save("llama"), save("bert", "BertForMaskedLM")
HEADS = {
    ("llama", "LlamaForSequenceClassification"): {"score.weight"},
    ("bert", "BertForQuestionAnswering"): {"qa_outputs.weight", "qa_outputs.bias"},
    ("bert", "BertForTokenClassification"): {"classifier.weight", "classifier.bias"},
    ("bert", "BertForSequenceClassification"): {
        *("classifier.weight", "classifier.bias", "bert.pooler.dense.weight", "bert.pooler.dense.bias")
    },
}


def a_new_head_is_random_and_all_else_exact():
    """For four classes with a new head the message names the head (and its pooler), and every other tensor equals the file."""
    for (folder, name), head in HEADS.items():
        model, text = load(folder, name)
        assert listed(text, "MISSING") == head, listed(text, "MISSING")
        assert names(model) - equal(model, {**llama, **bert}) == head, name
        other, _ = load(folder, name, seed=2)
        for tensor in head:
            if tensor.endswith("weight"):
                assert not torch.equal(model.state_dict()[tensor], other.state_dict()[tensor]), f"{tensor} is not random"


def another_number_of_labels_makes_only_the_head_new():
    """With `ignore_mismatched_sizes=True` and another number of labels the classifier alone is random, all else exact."""
    saved = save("labels", "BertForSequenceClassification", num_labels=3)
    model, text = load("labels", "BertForSequenceClassification", num_labels=5, ignore_mismatched_sizes=True)
    assert names(model) - equal(model, saved) == {"classifier.weight", "classifier.bias"}, names(model) - equal(model, saved)
    assert "found shape torch.Size([3]) in the checkpoint" in text or "ckpt: torch.Size([3]) vs model:torch.Size([5])" in text


def a_base_class_leaves_out_only_the_head():
    """A base class (LlamaModel) from the files of a whole model: its 20 tensors all equal them; only lm_head is left out."""
    model, _ = load("llama", "LlamaModel")
    inner = {name.removeprefix("model."): tensor for name, tensor in llama.items()}
    assert equal(model, inner) == names(model) == {*inner} - {"lm_head.weight"}, names(model) - equal(model, inner)


def the_head_left_out_is_named():
    """ "lm_head.weight | UNEXPECTED" stands in a table, for the base class and for the class with a new head."""
    for name in ("LlamaModel", "LlamaForSequenceClassification"):
        _, text = load("llama", name)
        assert listed(text, "UNEXPECTED") == {"lm_head.weight"}, f"{sorted(listed(text, 'UNEXPECTED'))} for {name}"


def buffers_of_old_files_change_nothing():
    """With rotary `inv_freq` or `position_ids` of an older release in the file every tensor is as exact as without them."""
    plain, _ = load("bert", "BertForMaskedLM")
    frequencies = {f"model.layers.{layer}.self_attn.rotary_emb.inv_freq": torch.rand(2) for layer in (0, 1)}
    save_as("old_llama", llama | frequencies, like="llama")
    save_as("old_bert", bert | {"bert.embeddings.position_ids": torch.arange(512)[None]}, like="bert")
    model, _ = load("old_llama")
    assert equal(model, llama) == names(model), names(model) - equal(model, llama)
    assert equal(load("old_bert", "BertForMaskedLM")[0], bert) == equal(plain, bert) == {*bert}, "BERT"


def old_position_ids_are_named():
    """ "bert.embeddings.position_ids | UNEXPECTED" stands in a table."""
    save_as("old_bert", bert | {"bert.embeddings.position_ids": torch.arange(512)[None]}, like="bert")
    _, text = load("old_bert", "BertForMaskedLM")
    assert listed(text, "UNEXPECTED") == {"bert.embeddings.position_ids"}, "nothing is printed"


if __name__ == "__main__":
    a_new_head_is_random_and_all_else_exact()
    another_number_of_labels_makes_only_the_head_new()
    a_base_class_leaves_out_only_the_head()
    buffers_of_old_files_change_nothing()
