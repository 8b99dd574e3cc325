"""Two threads: one makes a model without memory, and meanwhile the other makes an ordinary layer. Where does it lie?"""

import threading

import torch
import transformers
from _classes import Config
from _llama import ADVICE, error_of
from accelerate import init_empty_weights
from torch import nn

LOCK = threading.Lock()
inside, onward = threading.Event(), threading.Event()


class Waits(transformers.PreTrainedModel):
    """Its `__init__` waits in the middle, so that the other thread acts then, and not by chance."""

    config_class = Config

    def __init__(self, config):
        super().__init__(config)
        self.layer = nn.Linear(4, 4)
        inside.set()
        if not onward.wait(60):
            raise TimeoutError
        self.post_init()


onward.set()
Waits(Config()).save_pretrained("waits")


def _meanwhile(first, then=lambda: nn.Linear(2, 2)):
    """Run `then` here while another thread is inside `first`; return what it made, or nothing if it did not get there."""
    inside.clear()
    onward.clear()
    thread = threading.Thread(target=first)
    thread.start()
    if not inside.wait(60):
        raise TimeoutError
    made = then()
    onward.set()
    thread.join()
    return made


def _wait():
    inside.set()
    if not onward.wait(60):
        raise TimeoutError


def _under(context):
    with context:
        _wait()


def _load():
    Waits.from_pretrained("waits")


def _locked(function):
    with LOCK:
        return function()


def while_one_loads_a_layer_of_the_other_is_on_meta():
    """While one thread is in from_pretrained, a layer that another makes is on meta, and moving it raises the message."""
    layer = _meanwhile(_load)
    assert layer.weight.is_meta, "it is not: the layer has values"
    assert error_of(lambda: layer.to("cpu")).startswith(f"NotImplementedError: {ADVICE}")
    assert not nn.Linear(2, 2).weight.is_meta


def with_a_lock_it_has_values():
    """With one lock around both, the other thread waits, and its layer has values."""

    def then():
        made = []
        other = threading.Thread(target=lambda: made.append(_locked(lambda: nn.Linear(2, 2))))
        other.start()
        other.join(0.5)
        assert not made, "it did not wait"
        onward.set()
        other.join()
        return made[0]

    layer = _meanwhile(lambda: _locked(_load), then)
    assert error_of(lambda: layer.to("cpu")) == "no error"
    assert torch.isfinite(layer.weight).all() and not layer.weight.is_meta


def init_empty_weights_reaches_other_threads():
    """accelerate's `init_empty_weights()` in one thread puts the other thread's layer on meta."""
    layer = _meanwhile(lambda: _under(init_empty_weights()))
    assert layer.weight.is_meta, "the layer has values"


def torch_device_does_not():
    """`torch.device("meta")` in one thread does not: the other thread's layer has values."""
    layer = _meanwhile(lambda: _under(torch.device("meta")))
    assert not layer.weight.is_meta, "the layer is on meta"
    with torch.device("meta"):
        assert nn.Linear(2, 2).weight.is_meta


if __name__ == "__main__":
    while_one_loads_a_layer_of_the_other_is_on_meta()
    with_a_lock_it_has_values()
    init_empty_weights_reaches_other_threads()
    torch_device_does_not()
