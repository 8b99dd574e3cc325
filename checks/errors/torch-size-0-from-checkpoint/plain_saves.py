"""The ordinary ways to save a model, under ZeRO-3, after one step of training: what the file holds."""

from pathlib import Path

import torch
from _training import EMPTY, Trained, equal, llama, printed, shapes
from safetensors.torch import load_file, save_file

zero3, zero3_gather, zero2 = Trained(), Trained(gather=True), Trained(stage=2)


def by_save_pretrained(trained, path):
    trained.model.save_pretrained(path)
    return load_file(f"{path}/model.safetensors")


def by_save_pretrained_of_a_state_dict(trained, path):
    trained.model.save_pretrained(path, state_dict=trained.model.state_dict())
    return load_file(f"{path}/model.safetensors")


def by_save_file(trained, path):
    save_file(trained.model.state_dict(), path)
    return load_file(path)


def by_torch_save(trained, path):
    torch.save(trained.model.state_dict(), path)
    return torch.load(path)


WAYS = by_save_pretrained, by_save_pretrained_of_a_state_dict, by_save_file, by_torch_save


def _assert_empty(save):
    """Both with the flag and without it: nothing is printed, every tensor is there, and is empty."""
    for name, trained in {"without the flag": zero3, "with the flag": zero3_gather}.items():
        with printed() as lines:
            saved = save(trained, f"{save.__name__} {name}")
        assert lines == [""], f"a line is printed: {lines[0][:80]}"
        assert saved.keys() == trained.tensors.keys(), sorted(saved)
        assert shapes(saved) == {EMPTY}, f"no error, {equal(saved, trained.tensors)} of {len(saved)} equal"


def training_moved_every_tensor_and_each_is_partitioned():
    """The step of training moves each of the 21 tensors; under ZeRO-3 each parameter is partitioned, under ZeRO-2 none."""
    for trained in (zero3, zero3_gather, zero2):
        assert len(trained.moved) == len(trained.tensors) == 21, trained.moved
    assert [one.partitioned for one in (zero3, zero3_gather, zero2)] == [21, 21, 0]


def save_pretrained_writes_empty_tensors():
    """Under ZeRO-3 `model.save_pretrained()` prints nothing and writes 21 of 21 tensors of shape [0], flag or no flag."""
    _assert_empty(by_save_pretrained)


def save_pretrained_of_the_state_dict_writes_empty_tensors():
    """So does `save_pretrained(state_dict=model.state_dict())`: 21 of 21 tensors of shape [0], and nothing is printed."""
    _assert_empty(by_save_pretrained_of_a_state_dict)


def save_file_writes_empty_tensors():
    """So does safetensors' `save_file(model.state_dict(), ...)`: 21 of 21 tensors of shape [0], and nothing is printed."""
    _assert_empty(by_save_file)


def torch_save_writes_empty_tensors():
    """So does `torch.save(model.state_dict(), ...)`: 21 of 21 tensors of shape [0], and nothing is printed."""
    _assert_empty(by_torch_save)


def the_file_is_as_small_for_a_wider_model():
    """The file is as small for a model four times as wide: it holds names and no weights."""
    wide = Trained(model=llama(hidden_size=64, intermediate_size=96))
    assert shapes(by_save_pretrained(wide, "wide")) == {EMPTY}, "it holds weights"
    by_save_pretrained(zero3, "narrow")
    sizes = [Path(folder, "model.safetensors").stat().st_size for folder in ("narrow", "wide")]
    print(f"{sizes[0]} and {sizes[1]} bytes")
    assert sizes[0] == sizes[1] < 5000, sizes


def small_tensors_are_whole_by_default():
    """By default, tensors of less than 100,000 elements (`stage3_param_persistence_threshold`) are saved whole: the norms."""
    model = llama(hidden_size=512, intermediate_size=512, num_key_value_heads=4, vocab_size=256)
    trained = Trained(model=model, stage3_param_persistence_threshold=None)
    saved = by_save_pretrained(trained, "small")
    kept = {name for name, tensor in saved.items() if tensor.shape != EMPTY}
    print(f"whole: {sorted(kept)}")
    assert kept == {name for name, tensor in trained.tensors.items() if tensor.numel() < 100_000}, kept
    assert kept == {name for name in saved if "norm" in name}, kept
    assert all(torch.equal(saved[name], trained.tensors[name]) for name in kept), "a norm is another one"


def under_zero2_each_is_exact():
    """Under ZeRO-2 each of the four ways writes all 21 tensors as they were trained, bit for bit."""
    for save in WAYS:
        saved = save(zero2, f"{save.__name__} zero2")
        assert equal(saved, zero2.tensors) == 21, save.__name__


if __name__ == "__main__":
    training_moved_every_tensor_and_each_is_partitioned()
    save_pretrained_writes_empty_tensors()
    save_pretrained_of_the_state_dict_writes_empty_tensors()
    save_file_writes_empty_tensors()
    torch_save_writes_empty_tensors()
    the_file_is_as_small_for_a_wider_model()
    small_tensors_are_whole_by_default()
    under_zero2_each_is_exact()
