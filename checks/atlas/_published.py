"""A checkpoint in the names and the layout in which an architecture is published, as a small one with random values."""

import itertools
import json
import os
import re
import tempfile
import zlib
from functools import cached_property
from pathlib import Path

import torch
from safetensors.torch import save_file

TYPES = {"BF16": torch.bfloat16, "F32": torch.float32}
_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)


class Published:
    """An architecture as its publisher writes it: config.json and the tensors of model.safetensors.

    Args:
        model_type: as config.json has it.
        model_class: the class of transformers that config.json names.
        sizes: the other keys of config.json, small.
        layout: a line for each tensor: its name, where `{0-1}` stands for several, its shape, and its type if not BF16.
        file: the check module that states it.
        unused: patterns of stored tensors that the class has no place for.
        head: patterns of stored tensors that the class without its head has no place for.
    """

    def __init__(self, model_type, model_class, sizes, layout, file, unused=(), head=()):
        self.module = Path(file).stem
        self.model_class, self.unused, self.head = model_class, tuple(unused), tuple(head)
        self.config = {"model_type": model_type, "architectures": [model_class], "torch_dtype": "bfloat16", **sizes}
        self.layout = layout

    @cached_property
    def tensors(self):
        """The stored tensors by name: no two have a value in common that could stand for the other."""
        return {name: _random(name, shape, kind) for name, shape, kind in _lines(self.layout)}

    @cached_property
    def folder(self):
        """The folder with config.json and model.safetensors."""
        folder = Path("published")
        folder.mkdir()
        folder.joinpath("config.json").write_text(json.dumps(self.config), encoding="utf-8")
        save_file(self.tensors, folder / "model.safetensors", {"format": "pt"})
        return folder


def _lines(layout):
    """Yield (name, shape, type) of every tensor that a layout stands for."""
    for line in layout.split("\n"):
        if line.strip():
            pattern, shape, kind = [*line.split(), "BF16"][:3]
            parts = re.split(r"\{(\d+)-(\d+)\}", pattern)
            ranges = [range(int(first), int(last) + 1) for first, last in zip(parts[1::3], parts[2::3], strict=True)]
            for numbers in itertools.product(*ranges):
                filled = itertools.chain.from_iterable(zip(parts[::3], map(str, [*numbers, ""]), strict=True))
                yield "".join(filled), tuple(map(int, shape.split("x"))), kind


def _random(name, shape, kind):
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    return torch.randn(shape, generator=generator).to(TYPES[kind])
