"""Files with fused experts, as `save_file(model.state_dict())` of transformers 5 writes them; loaded and saved again by it."""

from _moe import CLASSES, FILE, config_of, experts_of, fuse, model_class, publish, wrong
from safetensors.torch import load_file, save_file

TENSORS = {kind: publish(kind) for kind in CLASSES}


def _fused_folder(kind):
    """Load the published folder and write the loaded model's state dict as a file."""
    publish(kind, folder=f"{kind}-fused")
    model = model_class(kind).from_pretrained(kind)
    save_file({n: t.contiguous() for n, t in model.state_dict().items()}, f"{kind}-fused/{FILE}", {"format": "pt"})
    return f"{kind}-fused"


def save_file_writes_fused_names_which_load_exactly():
    """`save_file(model.state_dict())` writes fused experts, no published expert's name; this release loads them exactly."""
    for kind, tensors in TENSORS.items():
        folder = _fused_folder(kind)
        stored = load_file(f"{folder}/{FILE}")
        assert experts_of(stored) == experts_of(fuse(tensors)), "the names are those that are published"
        assert wrong(model_class(kind).from_pretrained(folder), tensors) == [], kind


def loaded_and_saved_again_it_is_as_published():
    """Loaded from the fused file and saved by save_pretrained, the new files are as published, each name, bit for bit."""
    for kind, tensors in TENSORS.items():
        model_class(kind).from_pretrained(_fused_folder(kind)).save_pretrained(f"{kind}-again")
        _assert_published(f"{kind}-again", tensors)


def through_a_fresh_model_it_is_as_published():
    """Given to `load_state_dict` of a fresh model and saved by save_pretrained, the new files are as published, bit for bit."""
    for kind, tensors in TENSORS.items():
        folder, cls, config = _fused_folder(kind), model_class(kind), config_of(kind)
        # --8<-- [start:unfuse]
        model = cls(config)
        model.load_state_dict(load_file(f"{folder}/model.safetensors"))  # strict: stops if a name does not fit
        model.save_pretrained(f"{folder}-published")
        # --8<-- [end:unfuse]
        _assert_published(f"{folder}-published", tensors)


def _assert_published(folder, tensors):
    stored = load_file(f"{folder}/{FILE}")
    same = [name for name, tensor in stored.items() if name in tensors and (tensor == tensors[name]).all()]
    print(f"{folder}: {len(stored)} tensors, {len(same)} of {len(tensors)} as published")
    assert stored.keys() == tensors.keys(), "the experts are still fused"
    assert len(same) == len(tensors), f"{len(same)} of {len(tensors)}"


if __name__ == "__main__":
    save_file_writes_fused_names_which_load_exactly()
    loaded_and_saved_again_it_is_as_published()
    through_a_fresh_model_it_is_as_published()
