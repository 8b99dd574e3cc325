"""Resume a run of transformers' Trainer from a checkpoint in which names are missing."""

import torch
import transformers
from _tiny import LLAMA, equal, names, printed, save
from transformers import Trainer, TrainingArguments

HEAD, EMBEDDING = "lm_head.weight", "model.embed_tokens.weight"
ITEMS = [{"input_ids": torch.tensor([5, 6, 7]), "labels": torch.tensor([5, 6, 7])}] * 4


class _Wrapper(torch.nn.Module):
    """A module of one's own around the model, as people write it: net. stands before every name."""

    def __init__(self, model):
        super().__init__()
        self.net = model

    def forward(self, input_ids=None, labels=None):
        return self.net(input_ids=input_ids, labels=labels)


def _train(model, folder, steps, checkpoint=None):
    """Train to a number of steps, at a rate of 0 so that what is loaded stays as it is; return what was printed."""
    arguments = {"report_to": [], "use_cpu": True, "save_steps": 1, "learning_rate": 0.0, "disable_tqdm": True}
    with printed() as text:
        trainer = Trainer(model, TrainingArguments(folder, max_steps=steps, **arguments), train_dataset=ITEMS)
        trainer.train(resume_from_checkpoint=checkpoint)
    assert trainer.state.global_step == steps, trainer.state.global_step
    return text[0]


def _fresh(**changes):
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(**(LLAMA | changes)))


def a_tied_head_is_said_to_be_missing_and_is_exact():
    """Of a tied model Trainer says "There were missing keys [...]: ['lm_head.weight']"; every tensor equals the checkpoint."""
    saved = save("tied", tie_word_embeddings=True)
    _train(transformers.LlamaForCausalLM.from_pretrained("tied"), "run", 1)
    model = _fresh(tie_word_embeddings=True)
    assert not equal(model, saved), "equal before"
    text = _train(model, "run", 2, "run/checkpoint-1")
    assert f"There were missing keys in the checkpoint model loaded: ['{HEAD}']." in text, text
    assert equal(model, {**saved, HEAD: saved[EMBEDDING]}) == names(model), names(model) - equal(model, saved)


def another_prefix_resumes_with_nothing_loaded():
    """From the checkpoint of a wrapped model the bare one resumes, and takes its step with none of 21 tensors loaded."""
    saved = save("sound")
    _train(_Wrapper(transformers.LlamaForCausalLM.from_pretrained("sound")), "wrapped", 1)
    model = _fresh()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    text = _train(model, "wrapped", 2, "wrapped/checkpoint-1")
    assert "There were missing keys in the checkpoint model loaded: ['model.embed_tokens.weight'," in text, text
    assert "There were unexpected keys in the checkpoint model loaded: ['net." in text, text
    assert not equal(model, saved) and equal(model, before) == names(model), equal(model, saved)


def the_same_prefix_resumes_exactly():
    """Wrapped again before it resumes, every tensor is loaded, and nothing is said of keys."""
    saved = save("sound")
    _train(_Wrapper(transformers.LlamaForCausalLM.from_pretrained("sound")), "again", 1)
    model = _Wrapper(_fresh())
    text = _train(model, "again", 2, "again/checkpoint-1")
    assert "keys in the checkpoint model loaded" not in text, text
    assert equal(model.net, saved) == names(model.net), names(model.net) - equal(model.net, saved)


if __name__ == "__main__":
    a_tied_head_is_said_to_be_missing_and_is_exact()
    another_prefix_resumes_with_nothing_loaded()
    the_same_prefix_resumes_exactly()
