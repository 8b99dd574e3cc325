"""What verify_loaded.py must find, and what it must refuse; run by test_snippets.py with the default environment's Python."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import unittest
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import torch
from safetensors.torch import load_file, save_file

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from snippets.verify_loaded import compose, main, verify


class Model(torch.nn.Module):
    def __init__(self, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.first = torch.nn.Linear(3, 4, dtype=dtype)
        self.second = torch.nn.Linear(4, 2, bias=False, dtype=dtype)
        self.register_buffer("steps", torch.zeros(2))


def differences(model: torch.nn.Module, folder: Path, **options: object) -> dict[str, str]:
    return {difference.parameter: difference.how.partition(":")[0] for difference in verify(model, folder, **options)}


class VerifyLoaded(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.model = Model()

    def save(self, tensors: dict[str, torch.Tensor] | None = None, file: str = "model.safetensors") -> None:
        save_file({name: tensor.clone() for name, tensor in (tensors or self.model.state_dict()).items()}, self.folder / file)

    def save_sharded(self) -> dict[str, str]:
        names = sorted(self.model.state_dict())
        weight_map = {name: f"model-{number % 2 + 1:05}-of-00002.safetensors" for number, name in enumerate(names)}
        for file in set(weight_map.values()):
            self.save({name: tensor for name, tensor in self.model.state_dict().items() if weight_map[name] == file}, file)
        self.index({"weight_map": weight_map})
        return weight_map

    def index(self, content: object) -> None:
        (self.folder / "model.safetensors.index.json").write_text(json.dumps(content), encoding="utf-8")

    def test_a_right_load_has_no_difference(self) -> None:
        self.save()
        self.assertEqual(differences(self.model, self.folder), {})

    def test_a_right_load_of_shards_has_no_difference(self) -> None:
        self.save_sharded()
        self.assertEqual(differences(self.model, self.folder), {})

    def test_one_flipped_bit_is_found(self) -> None:
        self.save()
        with torch.no_grad():
            self.model.second.weight.view(torch.int32)[1, 2] ^= 1
        self.assertEqual(differences(self.model, self.folder), {"second.weight": "values"})

    def test_a_negative_zero_differs_and_the_same_nan_does_not(self) -> None:
        with torch.no_grad():
            self.model.first.bias.copy_(torch.tensor([0.0, float("nan"), 1, 2]))
        self.save()
        self.assertEqual(differences(self.model, self.folder), {})
        with torch.no_grad():
            self.model.first.bias[0] = -0.0
        self.assertEqual(differences(self.model, self.folder), {"first.bias": "values"})

    def test_a_missing_tensor_and_another_shape_are_named(self) -> None:
        tensors = self.model.state_dict() | {"second.weight": torch.zeros(2, 5)}
        del tensors["first.bias"]
        self.save(tensors)
        self.assertEqual(differences(self.model, self.folder), {"first.bias": "missing", "second.weight": "shape"})

    def test_a_buffer_that_the_checkpoint_has_is_compared(self) -> None:
        self.save()
        self.model.steps += 1
        self.assertEqual(differences(self.model, self.folder), {"steps": "values"})

    def test_a_cast_is_said_and_compared_after_it(self) -> None:
        self.save()
        lower = Model(torch.bfloat16)
        lower.load_state_dict({name: tensor.to(torch.bfloat16) for name, tensor in self.model.state_dict().items()})
        self.assertEqual(set(differences(lower, self.folder).values()), {"cast"})
        with torch.no_grad():
            lower.second.weight += 1
        self.assertEqual(differences(lower, self.folder)["second.weight"], "values")

    def test_the_meta_device_holds_nothing(self) -> None:
        self.save()
        self.assertEqual(set(differences(self.model.to("meta"), self.folder).values()), {"values"})

    def test_merged_experts_are_composed_by_name_whatever_the_order_of_the_files(self) -> None:
        generator = torch.Generator().manual_seed(0)
        shapes = {"gate_proj": (5, 3), "up_proj": (5, 3), "down_proj": (3, 5)}
        experts = {
            f"mlp.experts.{i}.{w}.weight": torch.rand(s, generator=generator) for i in range(12) for w, s in shapes.items()
        }
        names = sorted(experts, key=lambda name: hash(name))
        self.save({name: experts[name] for name in names[:17]}, "a.safetensors")
        self.save({name: experts[name] for name in names[17:]}, "b.safetensors")
        blocks = torch.nn.ModuleList()
        for block in range(3):
            merged = {kind: compose(f"mlp.experts.{block}.{kind}", 4, experts.__getitem__) for kind in ("w1w3", "w2")}
            blocks.append(torch.nn.ParameterDict(merged))
        model = torch.nn.ModuleDict({"mlp": torch.nn.ModuleDict({"experts": blocks})})
        self.assertEqual(differences(model, self.folder), {})
        self.assertEqual(differences(model, self.folder, experts_per_shard=4), {})
        self.assertEqual(set(differences(model, self.folder, experts_per_shard=2).values()), {"shape"})
        with torch.no_grad():
            model.get_parameter("mlp.experts.2.w2")[3].mul_(2)
        self.assertEqual(differences(model, self.folder), {"mlp.experts.2.w2": "values"})
        blocks[0]["w2"], blocks[1]["w2"] = torch.empty(0, 3, 5), torch.empty(4, 3, 6)
        found = {"mlp.experts.0.w2": "missing", "mlp.experts.1.w2": "shape", "mlp.experts.2.w2": "values"}
        self.assertEqual(differences(model, self.folder), found)

    def test_parameters_are_gathered_one_at_a_time(self) -> None:
        self.save()
        whole = {name: tensor.detach().clone() for name, tensor in self.model.named_parameters()}
        names = {id(tensor): name for name, tensor in self.model.named_parameters()}
        for tensor in self.model.parameters():
            tensor.ds_shape, tensor.data = tensor.shape, torch.empty(0)
        open_at_once = []

        @contextmanager
        def gather(tensors):
            open_at_once.append(len(tensors))
            for tensor in tensors:
                tensor.data = whole[names[id(tensor)]]
            yield
            for tensor in tensors:
                tensor.data = torch.empty(0)

        self.assertEqual(differences(self.model, self.folder, gather=gather), {})
        self.assertEqual(set(open_at_once), {1})
        with self.assertRaisesRegex(ValueError, "ZeRO-3"):
            verify(self.model, self.folder)

    def refused(self, *words: str) -> None:
        with self.assertRaises(ValueError) as caught:
            verify(self.model, self.folder)
        for word in words:
            self.assertIn(word, str(caught.exception))
        self.assertNotIn("\n", str(caught.exception))

    def test_a_folder_without_weights_is_refused(self) -> None:
        self.refused("no safetensors files")

    def test_a_truncated_an_empty_and_a_pointer_file_are_refused(self) -> None:
        self.save()
        file = self.folder / "model.safetensors"
        whole = file.read_bytes()
        for content in (
            whole[:-1],
            whole[:20],
            b"",
            b"version https://git-lfs.github.com/spec/v1\n",
            b"<html>",
            b"\xff" * 8 + b"{}",
        ):
            file.write_bytes(content)
            self.refused("model.safetensors", "not a whole safetensors file")

    def test_a_pipe_is_refused_and_not_waited_for(self) -> None:
        os.mkfifo(self.folder / "model.safetensors")
        self.refused("is not a file")

    def test_a_link_to_a_file_is_followed(self) -> None:
        self.save(file="blob")
        (self.folder / "model.safetensors").symlink_to(self.folder / "blob")
        self.assertEqual(differences(self.model, self.folder), {})

    def test_a_shard_outside_the_folder_is_refused(self) -> None:
        self.save()
        for name in ("../model.safetensors", "/etc/passwd", "absent.safetensors", ""):
            self.index({"weight_map": {"first.weight": name}})
            self.refused("is not a file")

    def test_an_index_that_is_none_is_refused(self) -> None:
        self.save()
        for content in ([], {}, {"weight_map": 1}, "text"):
            self.index(content)
            self.refused("not an index")
        (self.folder / "model.safetensors.index.json").write_bytes(b"\xff\xfe{")
        self.refused("not an index")

    def test_a_name_in_two_files_needs_an_index(self) -> None:
        self.save()
        self.save(file="other.safetensors")
        self.refused("more than one file")

    def test_the_index_decides_which_copy_counts(self) -> None:
        weight_map = self.save_sharded()
        stale = {name: torch.zeros_like(tensor) for name, tensor in self.model.state_dict().items()}
        other = next(iter(set(weight_map.values()) - {weight_map["second.weight"]}))
        self.save(load_file(self.folder / other) | {"second.weight": stale["second.weight"]}, other)
        self.assertEqual(differences(self.model, self.folder), {})


class Loads:
    """Stands in for a class of transformers; the real ones are loaded by a check of CC001."""

    @staticmethod
    def from_pretrained(folder: Path, **_: object) -> torch.nn.Module:
        model = Model()
        model.load_state_dict(load_file(folder / "model.safetensors"))
        return model


class Program(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.model = self.folder / "model"
        self.model.mkdir()
        save_file(Model().state_dict(), self.model / "model.safetensors")
        self.config({"architectures": ["Loads"]})
        self.transformers = ModuleType("transformers")
        self.transformers.Loads = Loads

    def config(self, content: object) -> None:
        (self.model / "config.json").write_text(json.dumps(content), encoding="utf-8")

    def program(self, *arguments: object) -> tuple[int, str, str]:
        out, errors = StringIO(), StringIO()
        modules = patch.dict(sys.modules, {"transformers": self.transformers})
        with redirect_stdout(out), redirect_stderr(errors), modules:
            try:
                status = main([str(argument) for argument in arguments])
            except SystemExit as left:
                status = left.code
        return status, out.getvalue(), errors.getvalue()

    def refused(self, word: str, *arguments: object) -> None:
        status, out, errors = self.program(*(arguments or ("--model", self.model)))
        self.assertEqual((status, out), (2, ""))
        self.assertIn(word, errors.splitlines()[-1])
        self.assertNotIn("Traceback", errors)

    def test_equal_ends_with_0(self) -> None:
        same = (0, "equal: all 3 parameters, bit for bit\n", "")
        self.assertEqual(self.program("--model", self.model), same)
        self.assertEqual(self.program("--model", self.model, "--checkpoint", self.model), same)

    def test_a_difference_is_named_and_ends_with_1(self) -> None:
        other = self.folder / "other"
        other.mkdir()
        tensors = load_file(self.model / "model.safetensors")
        save_file(tensors | {"second.weight": tensors["second.weight"] + 1}, other / "model.safetensors")
        status, out, errors = self.program("--model", self.model, "--checkpoint", other)
        self.assertEqual((status, errors), (1, ""))
        self.assertEqual(out, "second.weight values: 8 of 8 differ\n1 differ\n")

    def test_wrong_arguments_are_refused(self) -> None:
        self.refused("--model", "--checkpoint", self.model)
        self.refused("--wrong", "--model", self.model, "--wrong")

    def test_a_folder_that_is_none_is_refused(self) -> None:
        self.refused("no config.json", "--model", self.folder / "absent")
        self.refused("no config.json", "--model", self.model / "model.safetensors")
        self.refused("no safetensors files", "--model", self.model, "--checkpoint", self.folder / "absent")

    def test_a_config_without_a_class_is_refused(self) -> None:
        for content in ({}, [], {"architectures": []}, {"architectures": None}):
            self.config(content)
            self.refused("architectures")
        for content in (b"", b"\xff\xfe{", b"[" * 100_000):
            (self.model / "config.json").write_bytes(content)
            self.refused("architectures")

    def test_a_pipe_is_not_waited_for(self) -> None:
        (self.model / "config.json").unlink()
        os.mkfifo(self.model / "config.json")
        self.refused("no config.json")

    def test_without_transformers_one_sentence_says_so(self) -> None:
        self.transformers = None
        self.refused("needs transformers, which is not installed")

    def test_a_class_that_transformers_has_not_is_named(self) -> None:
        self.config({"architectures": ["DeepseekV2ForCausalLM"]})
        self.refused("DeepseekV2ForCausalLM")

    def test_a_load_that_fails_is_said_in_one_line(self) -> None:
        (self.model / "model.safetensors").write_bytes(b"")
        self.refused("was not loaded: SafetensorError")


if __name__ == "__main__":
    unittest.main()
