"""transformers' Trainer goes on from a checkpoint: with its random state, without it, and with one that calls something."""

import os
import pickle
import shutil
from pathlib import Path

import torch
from _files import RAN, CallsOpen, told
from transformers import Trainer, TrainingArguments

RANDOM, VARIABLE = "rng_state.pth", "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"
HALFWAY = "output/checkpoint-2"


class Net(torch.nn.Module):
    """A model with dropout, so that its training asks for random numbers."""

    def __init__(self):
        super().__init__()
        self.body, self.drop, self.head = torch.nn.Linear(8, 16), torch.nn.Dropout(0.5), torch.nn.Linear(16, 1)

    def forward(self, x, labels):
        """Return the loss, and the output."""
        output = self.head(self.drop(self.body(x))).squeeze(-1)
        return torch.nn.functional.mse_loss(output, labels), output


def _trained(resume=None):
    """The weights after four steps, all in one run, or from a checkpoint after two."""
    torch.manual_seed(0)
    rows = [
        {"x": torch.randn(8, generator=torch.Generator().manual_seed(i)), "labels": torch.tensor(float(i))} for i in range(8)
    ]
    arguments = TrainingArguments(
        output_dir="output" if resume is None else "again",
        max_steps=4,
        save_steps=2,
        per_device_train_batch_size=2,
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
    )
    trainer = Trainer(model=Net(), args=arguments, train_dataset=rows)
    trainer.train(resume_from_checkpoint=resume)
    return {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}


WHOLE = _trained()


def _copied(name):
    folder = Path(shutil.copytree(HALFWAY, name, dirs_exist_ok=True))
    assert (folder / RANDOM).is_file()
    return folder


def _equal(found):
    return sum(torch.equal(found[name], tensor) for name, tensor in WHOLE.items())


def it_resumes_exactly():
    """Trainer goes on from its checkpoint, no exception made: 4 of 4 weights equal the uninterrupted run's, with dropout."""
    assert _equal(_trained(str(_copied("whole")))) == len(WHOLE) == 4


def without_rng_state_it_is_another_run():
    """With rng_state.pth deleted it goes on without an error, and 0 of 4 weights equal the uninterrupted run's."""
    folder = _copied("without")
    assert _equal(_trained(str(folder))) == 4
    (folder / RANDOM).unlink()
    assert _equal(_trained(str(folder))) == 0


def _resumed_with(content, name):
    """Resume with this as the random state: the text of its refusal, or nothing."""
    folder = _copied(name)
    torch.save({"python": content}, folder / RANDOM)
    RAN.unlink(missing_ok=True)
    try:
        _trained(str(folder))
    except pickle.UnpicklingError as raised:
        text = told(raised)
        print(text)
        return text
    except (TypeError, KeyError) as raised:  # it was loaded, and is no random state
        print(type(raised).__name__, raised)
    return ""


def a_state_that_calls_something_is_refused():
    """A rng_state.pth that calls something is refused by Trainer: "Unsupported global", and nothing runs."""
    assert "Unsupported global: GLOBAL io.open" in _resumed_with(CallsOpen(), "calls")
    assert not RAN.exists()
    torch.load(Path("calls", RANDOM), weights_only=False)
    assert RAN.exists(), "the file runs nothing at all"


def the_variable_does_not_reach_trainer():
    """TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1 does not reach Trainer, which passes weights_only=True: refused as without it."""
    os.environ[VARIABLE] = "1"
    try:
        text = _resumed_with(CallsOpen(), "variable")
        assert not RAN.exists(), "the file runs"
        assert "Unsupported global: GLOBAL io.open" in text, text
        torch.load(Path("variable", RANDOM))
        assert RAN.exists(), "the variable is not seen"
    finally:
        del os.environ[VARIABLE]


if __name__ == "__main__":
    it_resumes_exactly()
    without_rng_state_it_is_another_run()
    a_state_that_calls_something_is_refused()
    the_variable_does_not_reach_trainer()
