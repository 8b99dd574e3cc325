"""What takes the wrappers' names out of a folder's files."""

# --8<-- [start:rename]
from pathlib import Path

from safetensors.torch import load_file, save_file

WRAPPERS = {"module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}


def rename_files(old, new):
    """Write the tensors of a folder into another, in one file, without the wrappers' names."""
    renamed = {}
    for file in Path(old).glob("*.safetensors"):
        for name, tensor in load_file(file).items():
            bare = ".".join(part for part in name.split(".") if part not in WRAPPERS)
            if bare in renamed:
                raise ValueError(f"two tensors would be called {bare}")
            renamed[bare] = tensor
    save_file(renamed, Path(new, "model.safetensors"), {"format": "pt"})
    # --8<-- [end:rename]
