"""A tied module that is no PreTrainedModel under transformers' Trainer and under accelerate: what they save, what loads."""

import inspect
from pathlib import Path

import torch
from _printed import printed
from _tied import EMBEDDING, FILE, HEAD, MODEL, TENSORS, Net, equal, fresh, refusal, tied
from accelerate import Accelerator
from safetensors.torch import load_file, load_model, save_model
from transformers import Trainer, TrainingArguments

FOLDER = "output"


class Trained(Net):
    """With a loss, as the Trainer wants it."""

    def forward(self, x, labels):
        """Return the loss, and the logits."""
        logits = self.head(self.body(self.emb(x)))
        return torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten()), logits


def _trainer(model, **options):
    """A Trainer of one step on a CPU."""
    rows = [{"x": torch.arange(8), "labels": torch.arange(8)} for _ in range(2)]
    arguments = {
        "output_dir": FOLDER,
        "max_steps": 1,
        "report_to": [],
        "use_cpu": True,
        "disable_tqdm": True,
        "save_strategy": "no",
    }
    return Trainer(model=model, args=TrainingArguments(**arguments | options), train_dataset=rows)


def _prepared(accelerator, seed):
    return accelerator.prepare(Net(tied=True, seed=seed))


def the_trainer_stops_with_the_text_of_safetensors():
    """Trainer.save_model of a tied module that is no PreTrainedModel: "Some tensors share memory", no weights."""
    trainer = _trainer(Trained(tied=True))
    text = refusal(trainer.save_model, file=f"{FOLDER}/{FILE}")
    assert "Some tensors share memory" in text and HEAD in text, text


def save_safetensors_false_saves_and_is_exact():
    """With `save_safetensors=False` in TrainingArguments it writes pytorch_model.bin, which loads exactly, 4 of 4."""
    if "save_safetensors" not in inspect.signature(TrainingArguments).parameters:
        try:
            _trainer(Trained(tied=True), save_safetensors=False)
        except TypeError as error:
            print(error)
            raise AssertionError("the argument is gone: a TypeError") from error
    _trainer(Trained(tied=True), save_safetensors=False).save_model()
    loaded = torch.load(f"{FOLDER}/pytorch_model.bin", weights_only=True)
    model = fresh(tied=True)
    model.load_state_dict(loaded)
    assert equal(model) == 4 and tied(model), (equal(model), tied(model))


def saved_by_save_model_instead_it_is_exact():
    """`save_strategy="no"`, and safetensors' save_model after training: load_model gives 4 of 4 exact, one tensor."""
    model = Trained(tied=True)
    _trainer(model).train()
    trained = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert not torch.equal(trained[EMBEDDING], TENSORS[EMBEDDING]), "nothing was trained"
    save_model(model, FILE)
    again = Trained(tied=True, seed=1)
    load_model(again, FILE)
    state = again.state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in trained.items()) and tied(again)


def accelerate_drops_one_and_logs_it():
    """accelerate's `save_model` stores one name of the two; a line says "Removed shared tensor ... This should be OK"."""
    with printed() as lines:
        Accelerator(cpu=True).save_model(MODEL, "logged")
    assert "Removed shared tensor {'head.weight'} while saving. This should be OK, but check" in lines[0], lines[0]
    assert sorted(load_file(f"logged/{FILE}")) == ["body.bias", "body.weight", EMBEDDING]


def what_accelerate_saved_is_exact_where_the_model_ties():
    """That file, loaded with strict=False: 4 of 4 exact in a model that ties; 3 of 4, and no error, in one that does not."""
    Accelerator(cpu=True).save_model(MODEL, "accelerated")
    assert HEAD not in load_file(f"accelerated/{FILE}")
    ends = []
    for ties in (True, False):
        model = fresh(ties)
        model.load_state_dict(load_file(f"accelerated/{FILE}"), strict=False)
        ends.append(equal(model))
    assert ends == [4, 3], ends


def load_model_takes_what_accelerate_saved():
    """safetensors' load_model of that file: 4 of 4 exact, one tensor, where the model ties; an error where it does not."""
    Accelerator(cpu=True).save_model(MODEL, "by_load_model")
    model = fresh(tied=True)
    load_model(model, f"by_load_model/{FILE}")
    assert equal(model) == 4 and tied(model), (equal(model), tied(model))
    try:
        load_model(fresh(tied=False), f"by_load_model/{FILE}")
    except RuntimeError as error:
        assert HEAD in str(error), error
    else:
        raise AssertionError("no error, it loads")


def accelerate_save_state_and_load_state_are_exact():
    """accelerate's save_state and load_state of a tied module: 4 of 4 exact, one tensor."""
    accelerator = Accelerator(cpu=True)
    _prepared(accelerator, seed=0)
    accelerator.save_state("state")
    assert Path("state", FILE).exists()
    other = Accelerator(cpu=True)
    model = _prepared(other, seed=1)
    other.load_state("state")
    assert equal(model) == 4 and tied(model), (equal(model), tied(model))


if __name__ == "__main__":
    the_trainer_stops_with_the_text_of_safetensors()
    save_safetensors_false_saves_and_is_exact()
    saved_by_save_model_instead_it_is_exact()
    accelerate_drops_one_and_logs_it()
    what_accelerate_saved_is_exact_where_the_model_ties()
    load_model_takes_what_accelerate_saved()
    accelerate_save_state_and_load_state_are_exact()
