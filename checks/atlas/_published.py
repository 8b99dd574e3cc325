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
from _dequantised import DEQUANTISED
from safetensors.torch import save_file

TYPES = {"BF16": torch.bfloat16, "F32": torch.float32, "F8": torch.float8_e4m3fn}
_temporary = tempfile.TemporaryDirectory()
os.chdir(_temporary.name)


class Published:
    """An architecture as its publisher writes it: config.json and the tensors of model.safetensors.

    Args:
        model_type: as config.json has it.
        model_class: the class of transformers that config.json names.
        sizes: the other keys of config.json, small.
        layout: a line for each tensor: its name, its shape, and its type if not BF16; `{0-1}` and `{k,v}` stand for several.
        file: the check module that states it.
        unused: patterns of stored tensors that the class has no place for.
        head: patterns of stored tensors that the class without its head has no place for.
        quantised: how the files are quantised, a key of DEQUANTISED; a CPU loads them dequantised, in bfloat16.
    """

    def __init__(self, model_type, model_class, sizes, layout, file, unused=(), head=(), quantised=""):
        self.module, self.quantised = Path(file).stem, quantised
        self.model_class, self.unused, self.head = model_class, tuple(unused), tuple(head)
        self.config = {"model_type": model_type, "architectures": [model_class], "torch_dtype": "bfloat16", **sizes}
        self.layout = layout

    @cached_property
    def stored(self):
        """The stored tensors by name: no two have a value in common that could stand for the other."""
        return {name: _random(name, shape, kind) for name, shape, kind in _lines(self.layout)}

    @cached_property
    def tensors(self):
        """What a model has to be made of: the stored tensors, dequantised if they are not."""
        return DEQUANTISED[self.quantised](self.stored) if self.quantised else self.stored

    @cached_property
    def folder(self):
        """The folder with config.json and model.safetensors."""
        return self._write("published", self.config, self.stored)

    @cached_property
    def reference(self):
        """The folder with which a model is compared: the published one, or another with what it is dequantised to."""
        if not self.quantised:
            return self.folder
        config = {key: value for key, value in self.config.items() if key != "quantization_config"}
        return self._write("dequantised", config, self.tensors)

    def _write(self, name, config, tensors):
        folder = self.place / name
        folder.mkdir(parents=True, exist_ok=True)
        folder.joinpath("config.json").write_text(json.dumps(config), encoding="utf-8")
        save_file(tensors, folder / "model.safetensors", {"format": "pt"})
        return folder

    @property
    def place(self):
        """Where this architecture's folders lie: several are decided by one process."""
        return Path(self.module).absolute()


def _lines(layout):
    """Yield (name, shape, type) of every tensor that a layout stands for."""
    for line in layout.split("\n"):
        if line.strip():
            pattern, shape, kind = [*line.split(), "BF16"][:3]
            parts = re.split(r"\{([^}]*)\}", pattern)
            for chosen in itertools.product(*map(_several, parts[1::2])):
                filled = itertools.chain.from_iterable(zip(parts[::2], [*chosen, ""], strict=True))
                yield "".join(filled), tuple(map(int, shape.split("x"))), kind


def _several(braced):
    """Return what stands for `0-3`, or for `k,v`."""
    first, dash, last = braced.partition("-")
    return list(map(str, range(int(first), int(last) + 1))) if dash else braced.split(",")


def _random(name, shape, kind):
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    if kind == "U8":  # two numbers of four bits, or an exponent behind which no value is lost in float16
        least, end = (120, 130) if name.endswith("_scales") else (0, 256)
        return torch.randint(least, end, shape, generator=generator, dtype=torch.uint8)
    if name.endswith("_scale_inv"):  # powers of two: no product is rounded
        return torch.exp2(torch.randint(-3, 4, shape, generator=generator).float())
    return torch.randn(shape, generator=generator).to(TYPES[kind])
