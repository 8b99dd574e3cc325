"""What verify_loaded.py must find, and what it must refuse; run by test_snippets.py with the default environment's Python."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import unittest
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import torch
from safetensors.torch import load_file, save_file

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from snippets.verify_loaded import compare, compose, main, verify


class Model(torch.nn.Module):
    def __init__(self, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.first = torch.nn.Linear(3, 4, dtype=dtype)
        self.second = torch.nn.Linear(4, 2, bias=False, dtype=dtype)
        self.register_buffer("steps", torch.zeros(2))


def differences(model: torch.nn.Module, folder: Path, **options: object) -> dict[str, str]:
    return {difference.parameter: difference.how.partition(":")[0] for difference in verify(model, folder, **options)}


def rebuilt(tensors: dict[str, torch.Tensor]) -> torch.nn.Module:
    """A model that holds these tensors under these names."""
    model = torch.nn.Module()
    for name, tensor in tensors.items():
        part = model
        for step in name.split(".")[:-1]:
            part._modules.setdefault(step, torch.nn.Module())
            part = part._modules[step]
        part.register_parameter(name.rpartition(".")[2], torch.nn.Parameter(tensor.clone()))
    return model


LAYERS = {
    f"model.layers.{layer}.{name}.weight": torch.rand(6, 4, generator=torch.Generator().manual_seed(10 * layer + number))
    for layer in range(3)
    for number, name in enumerate(("q_proj", "k_proj", "v_proj"))
}


def elsewhere(change=lambda name: name) -> dict[str, torch.Tensor]:
    """The layers' tensors under names that share no ending with the files'."""
    words = {"q_proj": "to_query", "k_proj": "to_key", "v_proj": "to_value"}
    tensors = {}
    for name, tensor in LAYERS.items():
        for one, other in words.items():
            name = name.replace("model.layers.", "net.h.").replace(f"{one}.weight", f"{other}.kernel")
        tensors[change(name)] = tensor
    return tensors


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

    def test_a_model_that_is_not_partitioned_is_not_compared_as_one(self) -> None:
        self.save()
        with self.assertRaisesRegex(ValueError, "ZeRO-3 has partitioned no parameter"):
            verify(self.model, self.folder, gather=lambda _: nullcontext())

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
        self.save(file="one.safetensors")
        self.save(file="other.safetensors")
        self.refused("more than one file")

    def test_a_variant_beside_the_model_is_left_aside_and_said(self) -> None:
        self.save()
        self.save({name: tensor.half() for name, tensor in self.model.state_dict().items()}, "model.fp16.safetensors")
        report = compare(self.model, self.folder)
        self.assertEqual((report.ending, report.notes), ("equal", ["not looked at: model.fp16.safetensors"]))
        self.assertEqual(compare(self.model, self.folder, variant="fp16").ending, "different")

    def test_one_file_and_an_entry_of_a_hub_cache_are_opened(self) -> None:
        snapshot = self.folder / "snapshots" / "abc"
        snapshot.mkdir(parents=True)
        (self.folder / "refs").mkdir()
        (self.folder / "refs" / "main").write_text("abc\n", encoding="utf-8")
        self.save(file="snapshots/abc/model.safetensors")
        self.assertEqual(compare(self.model, self.folder).ending, "equal")
        self.assertEqual(compare(self.model, snapshot / "model.safetensors").ending, "equal")

    def test_an_index_that_names_the_wrong_shard_is_said_and_the_tensor_compared(self) -> None:
        weight_map = self.save_sharded()
        other = next(iter(set(weight_map.values()) - {weight_map["first.bias"]}))
        self.index({"weight_map": weight_map | {"first.bias": other}})
        report = compare(self.model, self.folder)
        said = f"the index says that first.bias is in {other}; it is in {weight_map['first.bias']}"
        self.assertEqual((report.ending, report.notes), ("equal", [said]))

    def test_nothing_compared_is_not_equal(self) -> None:
        self.save()
        with self.assertRaisesRegex(ValueError, "nothing was compared"):
            verify(torch.nn.Module(), self.folder)

    def test_two_empty_tensors_are_not_equal(self) -> None:
        self.save({name: torch.empty(0) for name in self.model.state_dict()})
        for tensor in self.model.parameters():
            tensor.data = torch.empty(0)
        self.model.steps = torch.empty(0)
        self.assertEqual(compare(self.model, self.folder).ending, "different")

    def test_what_the_files_alone_have_is_named_by_compare(self) -> None:
        self.save(self.model.state_dict() | {"third.weight": torch.zeros(2)})
        report = compare(self.model, self.folder)
        self.assertEqual((report.ending, report.unused), ("in a file but not in the model", ["third.weight"]))
        self.assertEqual(verify(self.model, self.folder), [])

    def test_a_new_head_is_allowed_by_name_alone(self) -> None:
        self.save({name: tensor for name, tensor in self.model.state_dict().items() if not name.startswith("second")})
        self.assertEqual(compare(self.model, self.folder).ending, "in the model but in no file")
        for new in ("second", "second.weight", "sec*"):
            self.assertEqual(compare(self.model, self.folder, new=[new]).ending, "equal")
        self.assertEqual(compare(self.model, self.folder, new=["sec", "first"]).ending, "in the model but in no file")

    def test_what_is_left_out_on_purpose_is_named(self) -> None:
        self.save(self.model.state_dict() | {"third.weight": torch.zeros(2), "third.bias": torch.zeros(2)})
        self.assertEqual(compare(self.model, self.folder, without=["third"]).ending, "equal")
        self.assertEqual(compare(self.model, self.folder, without=["third.weight"]).unused, ["third.bias"])

    def test_a_persistent_buffer_that_no_file_has_is_lost_and_another_buffer_is_not(self) -> None:
        self.save()
        self.model.register_buffer("scratch", torch.zeros(2), persistent=False)
        self.assertEqual(compare(self.model, self.folder).ending, "equal")
        self.model.register_buffer("kept", torch.rand(3))
        self.assertEqual(differences(self.model, self.folder), {"kept": "missing"})

    def test_tied_parameters_are_compared_under_each_name(self) -> None:
        model = rebuilt({"embed.weight": torch.rand(4, 3), "head.weight": torch.rand(4, 3)})
        model.head.weight = model.embed.weight
        weight = model.embed.weight.detach()
        self.save({"embed.weight": weight})
        self.assertEqual(compare(model, self.folder).ending, "equal")
        self.save({"head.weight": weight})
        self.assertEqual(compare(model, self.folder).ending, "equal")
        self.save({"embed.weight": weight, "head.weight": weight + 1})
        self.assertEqual(differences(model, self.folder), {"head.weight": "values"})

    def test_wrappers_are_taken_off(self) -> None:
        self.save()
        inside = Model()
        inside.load_state_dict(self.model.state_dict())
        inside.first = torch.compile(inside.first)
        for model in (torch.compile(self.model), torch.nn.DataParallel(self.model), inside):
            self.assertEqual(compare(model, self.folder).ending, "equal")

    def found(self, tensors: dict[str, torch.Tensor], stored: dict[str, torch.Tensor] = LAYERS) -> object:
        self.save(stored)
        return compare(rebuilt(tensors), self.folder)

    def test_tensors_are_found_under_other_names(self) -> None:
        report = self.found(elsewhere())
        self.assertEqual((report.ending, report.compared, report.unused), ("equal under other names", 9, []))
        self.assertIn(("net.h.1.to_key.kernel", "model.layers.1.k_proj.weight"), report.elsewhere)
        self.assertIn("net.h.#.to_key.kernel  <-  model.layers.#.k_proj.weight  (3)", [*report.lines()])
        for half in (torch.bfloat16, torch.float16):
            self.assertEqual(self.found({name: t.to(half) for name, t in elsewhere().items()}).ending, "cast")

    def test_tensors_are_found_transposed_put_together_and_cut_out(self) -> None:
        turned = {name: tensor.t().contiguous() for name, tensor in elsewhere().items()}
        fused, stacked, beside = {}, {}, {}
        for layer in range(3):
            three = [LAYERS[f"model.layers.{layer}.{name}_proj.weight"] for name in "qkv"]
            fused[f"net.h.{layer}.fused"] = torch.cat(three)
            stacked[f"net.h.{layer}.stacked"] = torch.stack(three)
            beside[f"net.h.{layer}.beside"] = torch.cat([tensor.t() for tensor in three], dim=1)
        for tensors in (turned, fused, stacked, beside):
            report = self.found(tensors)
            self.assertEqual((report.ending, report.unused), ("equal under other names", []), [*report.lines()])
            report = self.found(LAYERS, tensors)
            self.assertEqual((report.ending, report.unused), ("equal under other names", []), [*report.lines()])

    def test_a_tensor_in_the_place_of_its_like_is_not_called_equal(self) -> None:
        one, other = "net.h.1.to_key.kernel", "net.h.1.to_query.kernel"
        tensors = elsewhere()
        self.assertEqual(self.found(tensors | {one: tensors[other], other: tensors[one]}).ending, "different")
        swap = {"0": "2", "2": "0", "1": "1"}
        layers = elsewhere(lambda name: f"net.h.{swap[name[6]]}{name[7:]}")
        self.assertEqual(self.found(layers).ending, "different")
        kept = {name.replace("model.", "net."): tensor for name, tensor in LAYERS.items()}
        self.assertEqual(self.found(kept).ending, "equal under other names")
        mixed = {name: kept[name.replace("k_proj", "@").replace("q_proj", "k_proj").replace("@", "q_proj")] for name in kept}
        self.assertEqual(self.found(mixed).ending, "different")

    def test_layers_stacked_in_one_tensor_are_found(self) -> None:
        stacked = {
            f"layers.{name}_proj": torch.stack([LAYERS[f"model.layers.{layer}.{name}_proj.weight"] for layer in range(3)])
            for name in "qkv"
        }
        for tensors, stored in ((LAYERS, stacked), (stacked, LAYERS)):
            report = self.found(tensors, stored)
            self.assertEqual((report.ending, report.unused), ("equal under other names", []), [*report.lines()])

    def test_another_projection_is_not_called_equal_where_there_is_one_layer_alone(self) -> None:
        stored = {name: tensor for name, tensor in LAYERS.items() if ".0." in name}
        ours = {f"h.{name.split('.')[3][0]}.kernel": tensor for name, tensor in stored.items()}
        self.assertEqual(self.found(ours, stored).ending, "equal under other names")
        self.assertEqual(
            self.found(ours | {"h.q.kernel": ours["h.k.kernel"], "h.k.kernel": ours["h.q.kernel"]}, stored).ending, "different"
        )

    def test_parts_exchanged_in_one_layer_are_not_called_equal(self) -> None:
        one, two = torch.rand(3, 6, 4), torch.rand(3, 6, 4)
        ours = {f"h.{layer}.{name}.w": tensors[layer] for layer in range(3) for name, tensors in (("red", one), ("blue", two))}
        fused = {f"layers.{layer}.both": torch.cat([one[layer], two[layer]]) for layer in range(3)}
        self.assertEqual(self.found(ours, fused).ending, "equal under other names")
        swapped = fused | {"layers.1.both": torch.cat([two[1], one[1]])}
        self.assertEqual(self.found(ours, swapped).ending, "different")

    def test_no_exchange_of_two_tensors_is_called_equal_in_fused_layouts(self) -> None:
        generator, chance = torch.Generator().manual_seed(0), random.Random(0)  # noqa: S311  a test
        words, experts = ("gate_proj", "up_proj"), range(3)
        names = [f"layers.{layer}.experts.{expert}.{word}.w" for layer in range(3) for expert in experts for word in words]
        apart = {name: torch.rand(6, 4, generator=generator) for name in names}

        def fused(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
            made = {}
            for layer in range(3):
                both = [
                    torch.cat([tensors[f"layers.{layer}.experts.{expert}.{word}.w"] for word in words]) for expert in experts
                ]
                made[f"net.{layer}.up_rows"] = torch.stack(both)
                made[f"net.{layer}.columns"] = torch.stack(both).transpose(1, 2).contiguous() + 1
            return made

        apart |= {name.replace(".w", ".shifted"): tensor + 1 for name, tensor in apart.items()}
        together = fused(apart)
        for ours, stored in ((apart, together), (together, apart)):
            self.assertEqual(self.found(ours, stored).ending, "equal under other names")
        for _ in range(20):
            one, other = chance.sample(names, 2)
            exchanged = apart | {one: apart[other], other: apart[one]}
            for ours, stored in ((exchanged, together), (fused(exchanged), apart)):
                self.assertNotIn("equal", self.found(ours, stored).ending, (one, other))

    def test_words_with_numbers_are_names_of_their_own(self) -> None:
        stored = {f"layer{stage + 1}.{block}.conv.weight": torch.rand(4, 3) for stage in range(3) for block in range(2)}
        ours = {f"stages.{name[5:6]}.blocks.{name[7:8]}.first.kernel": tensor for name, tensor in stored.items()}
        self.assertEqual(self.found(ours, stored).ending, "equal under other names")
        moved = {name: ours[name.replace(".1.b", ".@.b").replace(".2.b", ".1.b").replace("@", "2")] for name in ours}
        self.assertEqual(self.found(moved, stored).ending, "different")
        words = {"gate_proj": "w1", "up_proj": "w3"}
        stored = {f"layers.{layer}.{word}.weight": torch.rand(4, 3) for layer in range(3) for word in words}
        ours = {
            name.replace("gate_proj.weight", "w1.kernel").replace("up_proj.weight", "w3.kernel"): t
            for name, t in stored.items()
        }
        for one, other in ((ours, stored), (stored, ours)):
            self.assertEqual(self.found(one, other).ending, "equal under other names")
        swapped = ours | {"layers.1.w1.kernel": ours["layers.1.w3.kernel"], "layers.1.w3.kernel": ours["layers.1.w1.kernel"]}
        self.assertEqual(self.found(swapped, stored).ending, "different")
        self.assertEqual(self.found(stored, swapped).ending, "different")

    def test_parts_in_another_order_are_not_called_equal(self) -> None:
        for names in ("kqv", "qvk"):
            fused = {
                f"net.h.{layer}.fused": torch.cat([LAYERS[f"model.layers.{layer}.{name}_proj.weight"] for name in names])
                for layer in range(3)
            }
            self.assertEqual(self.found(fused).ending, "different")
            self.assertEqual(self.found(LAYERS, fused).ending, "different")

    def test_one_flipped_bit_under_another_name_is_found(self) -> None:
        tensors = elsewhere()
        tensors["net.h.1.to_key.kernel"] = tensors["net.h.1.to_key.kernel"].clone()
        tensors["net.h.1.to_key.kernel"].view(torch.int32)[5, 3] ^= 1
        report = self.found(tensors)
        self.assertEqual([name for name, _ in report.differences], ["net.h.1.to_key.kernel"])
        self.assertEqual(report.unused, ["model.layers.1.k_proj.weight"])

    def test_a_part_that_is_left_over_is_named(self) -> None:
        fused = {"net.h.0.fused": torch.cat([LAYERS[f"model.layers.0.{name}_proj.weight"] for name in "qkv"])}
        report = self.found(
            {name: LAYERS[name] for name in ("model.layers.0.q_proj.weight", "model.layers.0.v_proj.weight")}, fused
        )
        self.assertEqual((report.ending, len(report.unused)), ("in a file but not in the model", 1))
        self.assertIn("24 of its values", report.unused[0])

    def test_a_prefix_is_named_with_what_the_files_have(self) -> None:
        random = {name: torch.rand(6, 4) for name in LAYERS}
        report = self.found(random, {f"module.{name}": tensor for name, tensor in LAYERS.items()})
        self.assertEqual((report.ending, len(report.differences), len(report.unused)), ("in the model but in no file", 9, 9))
        self.assertIn("it has module.model.layers.0.q_proj.weight, with other values", report.differences[0].how)

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
        same = (0, "equal: all 4 tensors, bit for bit\n", "")
        self.assertEqual(self.program(self.model), same)
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

    def other(self, change) -> Path:
        folder = self.folder / f"other-{len(list(self.folder.iterdir()))}"
        folder.mkdir()
        save_file(change(load_file(self.model / "model.safetensors")), folder / "model.safetensors")
        return folder

    def test_each_ending_has_its_status(self) -> None:
        cases = (
            (0, "equal under other names", lambda t: {f"net.{name}": tensor for name, tensor in t.items()}),
            (
                1,
                "1 in the model but in no file",
                lambda t: {name: tensor for name, tensor in t.items() if name != "first.bias"},
            ),
            (1, "1 in a file but not in the model", lambda t: t | {"third": t["first.bias"] + 1}),
            (3, "cast: 4 of 4", lambda t: {name: tensor.double() for name, tensor in t.items()}),
        )
        for expected, said, change in cases:
            status, out, errors = self.program("--model", self.model, "--checkpoint", self.other(change))
            self.assertEqual((status, errors), (expected, ""), out)
            self.assertTrue(out.splitlines()[-1].startswith(said), out)
        status, out, _ = self.program("--model", self.model, "--checkpoint", self.other(cases[1][2]), "--new", "first.bias")
        self.assertEqual((status, out.splitlines()[-1]), (0, "equal: all 3 tensors, bit for bit"))

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

    def test_without_torch_one_sentence_says_so(self) -> None:
        command = [
            sys.executable,
            "-I",
            "-S",
            str(Path(__file__).parents[2] / "snippets" / "verify_loaded.py"),
            str(self.model),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertRegex(done.stderr, r"\Averify_loaded.py: torch is not installed for .*\.\n\Z")

    def test_a_class_that_transformers_has_not_is_named(self) -> None:
        self.config({"architectures": ["DeepseekV2ForCausalLM"]})
        self.refused("DeepseekV2ForCausalLM")

    def test_a_load_that_fails_is_said_in_one_line(self) -> None:
        (self.model / "model.safetensors").write_bytes(b"")
        self.refused("was not loaded: SafetensorError")


if __name__ == "__main__":
    unittest.main()
