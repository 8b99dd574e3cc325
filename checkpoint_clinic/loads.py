"""Stop a wrong load where it happens: in a training script, a test, or around `from_pretrained`.

    from checkpoint_clinic import VerifyLoad

    Trainer(..., callbacks=[VerifyLoad("path/to/model")])                  # transformers: before the first step
    lightning.Trainer(callbacks=[VerifyLoad("path/to/model", part="net")])  # Lightning: the attribute that holds the model
    add_hook_to_module(model, VerifyLoad("path/to/model"))                  # accelerate: before the first forward pass
    with VerifyLoad():                                                      # whatever from_pretrained loads inside
        model = AutoModelForCausalLM.from_pretrained("path/to/model")

Each compares the model with its files by the snippet verify_loaded.py and raises `WrongLoad`, which names the tensors. What
is meant to be new is allowed by name: VerifyLoad(folder, new=["score"]). Needs torch and safetensors where it is used, and
nothing where this package is only installed.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

PLACES = (Path(__file__).with_name("data") / "snippets", Path(__file__).parents[1] / "snippets")  # installed, in a clone
SAME = ("equal", "equal under other names")
SHOWN = 20  # lines of a report in the text of an exception


class WrongLoad(Exception):
    """A model is not what its files hold: the text names the tensors, `report` has all of them."""

    def __init__(self, report: Any, folder: str) -> None:
        said = list(report.lines())
        left = [f"... and {len(said) - SHOWN:,} lines more"] if len(said) > SHOWN else []
        super().__init__("\n".join([f"the model is not what {folder} holds:", *said[: SHOWN - 1], *left, said[-1]]))
        self.report = report


@cache
def verify_loaded() -> ModuleType:
    """Return the snippet verify_loaded.py as a module.

    Raises:
        ImportError: if torch or safetensors is not installed.
    """
    place = next(place for place in PLACES if place.is_dir())
    spec = importlib.util.spec_from_file_location("checkpoint_clinic._verify_loaded", place / "verify_loaded.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its NamedTuples look themselves up there
    spec.loader.exec_module(module)
    return module


def verify(model: Any, folder: str, **options: Any) -> Any:
    """Return what differs between a model and the files of a folder, as the function of the snippet does."""
    return verify_loaded().verify(model, folder, **options)


class VerifyLoad:
    """Compares a model with its files once, before anything is trained; raises WrongLoad if they are not the same.

    folder: of the files; inside `with` it may be left out. new: names (or beginnings, or patterns with *) of what is in no
    file on purpose. without: of what the model leaves out. part: the attribute that holds the model, where another object is
    trained. cast: whether another dtype than the stored one is right.
    """

    no_grad = False  # as accelerate asks its hooks
    state_key = "VerifyLoad"  # as Lightning asks its callbacks

    def __init__(
        self,
        folder: str | None = None,
        new: Iterable[str] = (),
        without: Iterable[str] = (),
        part: str | None = None,
        cast: bool = True,
    ) -> None:
        self.folder, self.options, self.part, self.cast = folder, {"new": tuple(new), "without": tuple(without)}, part, cast
        self.report: Any = None
        self._undo: Callable[[], None] | None = None

    def check(self, model: Any, folder: str | None = None) -> Any:
        """Compare, and return the report.

        Raises:
            WrongLoad: the model is not what the files hold.
            ValueError: nothing could be compared; the text says why.
        """
        where = folder or self.folder
        if where is None:
            raise ValueError("VerifyLoad needs the folder of the model's files: VerifyLoad('path/to/model').")
        inner = getattr(model, self.part) if self.part else model
        self.report = verify_loaded().compare(inner, where, gather=_gather_of(inner), **self.options)
        if self.report.ending not in (*SAME, *(["cast"] if self.cast else [])):
            raise WrongLoad(self.report, str(where))
        return self.report

    # transformers
    def on_train_begin(self, *arguments: Any, model: Any = None, **_: Any) -> None:
        """Compare the Trainer's model, before its first step."""
        if model is not None:  # Lightning has a hook of this name, too, and gives none
            self.check(model)

    # Lightning
    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """Compare the LightningModule, or its part, before its first step."""
        self.check(pl_module)

    def setup(self, *_: Any, **__: Any) -> None:
        """Do nothing; asked by Lightning."""

    def teardown(self, *_: Any, **__: Any) -> None:
        """Do nothing; asked by Lightning."""

    def state_dict(self) -> dict[str, Any]:
        """Return nothing that would be saved."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Do nothing; asked by Lightning."""

    def __getattr__(self, name: str) -> Any:
        """Stand for every other event of a training loop, at which nothing is done."""
        if name.startswith("on_") or name == "load_checkpoint":
            return lambda *_, **__: None
        raise AttributeError(name)

    # accelerate
    def init_hook(self, module: Any) -> Any:
        """Return the module as it is; asked by accelerate."""
        return module

    def pre_forward(self, module: Any, *arguments: Any, **options: Any) -> tuple[Any, Any]:
        """Compare before the first forward pass."""
        if self.report is None:
            self.check(module)
        return arguments, options

    def post_forward(self, module: Any, output: Any) -> Any:
        """Return the output as it is; asked by accelerate."""
        return output

    def detach_hook(self, module: Any) -> Any:
        """Return the module as it is; asked by accelerate."""
        return module

    # around from_pretrained
    def __enter__(self) -> VerifyLoad:
        """Let every from_pretrained of transformers be followed by the comparison, until the end of the block."""
        import transformers

        base = transformers.PreTrainedModel
        original = base.__dict__["from_pretrained"]

        def from_pretrained(cls: Any, name: Any, *arguments: Any, **options: Any) -> Any:
            made = original.__func__(cls, name, *arguments, **options)
            self.check(made[0] if isinstance(made, tuple) else made, self.folder or _folder_of(str(name)))
            return made

        base.from_pretrained = classmethod(from_pretrained)
        self._undo = lambda: setattr(base, "from_pretrained", original)
        return self

    def __exit__(self, *_: object) -> None:
        """Give from_pretrained back."""
        if self._undo:
            self._undo()


def _folder_of(name: str) -> str:
    """Return a model's folder: its own, or where a hub cache has it."""
    if Path(name).is_dir():
        return name
    from transformers.utils import cached_file

    return str(Path(cached_file(name, "config.json")).parent)


def _gather_of(model: Any) -> Any:
    """Return what gathers parameters under ZeRO-3; None where nothing is partitioned."""
    if not any(hasattr(parameter, "ds_id") for parameter in model.parameters()):
        return None
    import deepspeed

    return lambda parameters: deepspeed.zero.GatheredParameters(parameters)
