"""Train small models with VerifyLoad in place: a sound one takes its step, one that lost weights in silence never does."""

import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import torch
from _tiny_models import make, model_class
from safetensors.torch import load_file, save_file
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

import snippets.verify_loaded
from checkpoint_clinic.loads import VerifyLoad, WrongLoad

disable_progress_bar()
set_verbosity_error()
_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)
NAME, FILE = "Llama", "model.safetensors"
FAULTS = ("prefix", "layer", "head", "zeros")


@cache
def _folders():
    """Return the sound folder, and one for each fault: all load without an error."""
    make(NAME).save_pretrained("sound")
    tensors = load_file(f"sound/{FILE}")
    layer = "model.layers.1."
    faulty = {
        "prefix": {f"module.{name}": tensor for name, tensor in tensors.items()},
        "layer": {name: tensor for name, tensor in tensors.items() if not name.startswith(layer)},
        "head": {name: tensor for name, tensor in tensors.items() if name != "lm_head.weight"},
        "zeros": tensors | {f"{layer}mlp.up_proj.weight": torch.zeros_like(tensors[f"{layer}mlp.up_proj.weight"])},
    }
    for fault, changed in faulty.items():
        make(NAME).config.save_pretrained(fault)
        save_file({name: tensor.contiguous() for name, tensor in changed.items()}, f"{fault}/{FILE}", {"format": "pt"})
    return {"sound": "sound", **{fault: fault for fault in FAULTS}}


def _load(folder):
    return model_class(NAME).from_pretrained(_folders()[folder])


def _compared_with(folder):
    """The files that a model is compared with: its own; of zeros, which are in the file itself, those that were published."""
    return "sound" if folder == "zeros" else folder


def _step(folder, train):
    """Load, train one step; return whether a wrong load was raised, and whether any parameter has moved."""
    model = _load(folder)
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    try:
        train(model, _compared_with(folder))
        raised = ""
    except WrongLoad as error:
        raised = str(error)
    moved = any(not torch.equal(parameter, before[name]) for name, parameter in model.named_parameters())
    print(f"{folder}: {'moved' if moved else 'not moved'}; {raised.splitlines()[-1] if raised else 'no error'}")
    return raised, moved


def _with_trainer(model, folder, verify=True):
    from transformers import Trainer, TrainingArguments

    items = [{"input_ids": torch.tensor([5, 6, 7]), "labels": torch.tensor([5, 6, 7])}] * 2
    arguments = TrainingArguments("out", max_steps=1, report_to=[], use_cpu=True, save_strategy="no", learning_rate=0.1)
    Trainer(model, arguments, train_dataset=items, callbacks=[VerifyLoad(folder)] if verify else []).train()


def _with_accelerate(model, folder):
    from accelerate.hooks import add_hook_to_module

    add_hook_to_module(model, VerifyLoad(folder))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    tokens = torch.tensor([[5, 6, 7]])
    model(input_ids=tokens, labels=tokens).loss.backward()
    optimizer.step()


def _with_lightning(model, folder):
    import pytorch_lightning

    class Module(pytorch_lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = model

        def training_step(self, batch, index):
            return self.net(input_ids=batch, labels=batch).loss

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 0.1)

    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
    trainer = pytorch_lightning.Trainer(max_steps=1, accelerator="cpu", callbacks=[VerifyLoad(folder, part="net")], **quiet)
    trainer.fit(Module(), torch.utils.data.DataLoader(torch.tensor([[5, 6, 7]] * 2)))


def _assert_stops(train):
    raised, moved = _step("sound", train)
    assert (raised, moved) == ("", True), raised
    for fault in FAULTS:
        raised, moved = _step(fault, train)
        assert raised and not moved, f"{fault}: {raised or 'no error'}"
        assert any(name in raised for name in ("model.layers.", "lm_head", "model.embed_tokens")), raised


def without_it_every_fault_is_trained_on():
    """Without VerifyLoad transformers' Trainer takes a step on each of four models that lost weights; nothing is raised."""
    for fault in FAULTS:
        raised, moved = _step(fault, lambda model, folder: _with_trainer(model, folder, verify=False))
        assert (raised, moved) == ("", True), fault


def trainer_stops_before_the_first_step():
    """As a callback of transformers' Trainer VerifyLoad lets the sound model train, and stops the four before step 1."""
    _assert_stops(_with_trainer)


def accelerate_stops_before_the_first_forward():
    """As a hook of accelerate it lets the sound model train, and stops the four before their first forward pass."""
    _assert_stops(_with_accelerate)


def lightning_stops_before_the_first_step():
    """As a callback of Lightning it lets the sound model train, and stops the four before step 1."""
    _assert_stops(_with_lightning)


def from_pretrained_is_stopped_where_it_loads():
    """Inside `with VerifyLoad():` from_pretrained returns the sound model, raises for three faults, and is given back after."""
    for fault in ("sound", "prefix", "layer", "head"):
        error = None
        try:
            with VerifyLoad() as verifier:
                _load(fault)
        except WrongLoad as raised:
            error = raised
        assert bool(error) == (fault != "sound") and verifier.report is not None, (fault, error)
        verifier.report = None
        assert _load(fault).config.model_type == "llama" and verifier.report is None, "still verified outside"


def what_is_new_is_allowed_by_name():
    """A head that is in no file passes if it is named, and only then."""
    from transformers import LlamaForSequenceClassification

    model = LlamaForSequenceClassification.from_pretrained(_folders()["sound"], num_labels=2)
    assert VerifyLoad("sound", new=["score"], without=["lm_head"]).check(model).compared > 10
    for allowed in ((), ("other",)):
        try:
            VerifyLoad("sound", new=allowed, without=["lm_head"]).check(model)
            raise AssertionError(f"nothing was raised for new={allowed}")
        except WrongLoad as error:
            assert "score" in str(error), error


def a_test_fails_by_the_fixture():
    """With the fixture `verify_load` of pytest the test of the sound model passes, that of a lost layer fails and names it."""
    import checkpoint_clinic.fixtures  # noqa: F401  so that this claim is stale when it changes

    root = Path(snippets.verify_loaded.__file__).parents[1]
    Path("conftest.py").write_text('pytest_plugins = ["checkpoint_clinic.fixtures"]\n')
    Path("test_load.py").write_text(
        "import pytest, transformers\n\n"
        '@pytest.mark.parametrize("folder", ["sound", "layer"])\n'
        "def test_load(verify_load, folder):\n"
        f"    verify_load(transformers.{model_class(NAME).__name__}.from_pretrained(folder), folder)\n"
    )
    _folders()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_load.py"],
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
    )
    print(done.stdout[-400:])
    assert "1 failed, 1 passed" in done.stdout, done.stdout
    assert "WrongLoad" in done.stdout and "model.layers.1." in done.stdout, done.stdout


if __name__ == "__main__":
    without_it_every_fault_is_trained_on()
    trainer_stops_before_the_first_step()
    accelerate_stops_before_the_first_forward()
    lightning_stops_before_the_first_step()
    from_pretrained_is_stopped_where_it_loads()
    what_is_new_is_allowed_by_name()
    a_test_fails_by_the_fixture()
