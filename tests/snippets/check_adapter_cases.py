"""What check_adapter.py must say of an adapter, and what must not stop it; run by test_snippets.py in the default environment.

PEFT is not installed there. What the snippet asks of it stands here: the names by which a model's adapter is saved. That the
installed PEFT gives these names, the checks of CC006 decide.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import torch
from safetensors.torch import load_file, save_file

SNIPPET = Path(__file__).resolve().parents[2] / "snippets" / "check_adapter.py"
sys.path.insert(0, str(SNIPPET.parents[1]))
from snippets import check_adapter as snippet  # noqa: E402  it lies two folders up
from snippets.check_adapter import changes, check, check_names, write  # noqa: E402

Tensors = dict[str, torch.Tensor]
LAYERS = "base_model.model.model.layers"


def adapter(layers: int = 2) -> Tensors:
    """An adapter on q_proj, with values of its own in each tensor."""
    return {
        f"{LAYERS}.{layer}.self_attn.q_proj.lora_{half}.weight": torch.randn((2, 8) if half == "A" else (8, 2))
        for layer in range(layers)
        for half in "AB"
    }


class Model:
    """What holds an adapter: the names by which PEFT saves it, its other parameters, and what it says."""

    base_model = None
    training = False

    def __init__(self, tensors: Tensors, others: Tensors | None = None, **adapters: object) -> None:
        self.tensors, self.others = tensors, others or {}
        self.peft_config = adapters or {"default": None}
        self.on = True

    def state_dict(self) -> Tensors:
        return {name.replace(".weight", ".default.weight"): one for name, one in self.tensors.items()} | self.others

    def train(self, mode: bool = True) -> None:
        self.training = mode

    def eval(self) -> None:
        self.train(False)

    @contextmanager
    def disable_adapter(self) -> Iterator[None]:
        self.on = False
        yield
        self.on = True

    def __call__(self, shift: float) -> tuple[torch.Tensor]:
        assert not self.training
        return (torch.ones(3) + shift * self.on,)


class Native(Model):
    """A model into which transformers has loaded the adapter: its names have no prefix."""

    def __getattribute__(self, name: str) -> Any:
        if name == "base_model":
            raise AttributeError(name)
        return super().__getattribute__(name)


peft = ModuleType("peft")
peft.get_peft_model_state_dict = lambda model, adapter_name, save_embedding_layers: dict(model.tensors)  # type: ignore[attr-defined]
sys.modules["peft"] = peft


class Case(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name, "adapter")
        self.folder.mkdir()
        self.tensors = adapter()

    def stored(self, tensors: Tensors) -> Path:
        save_file(tensors, self.folder / "adapter_model.safetensors")
        return self.folder

    def named(self, rename: Callable[[str], str]) -> Path:
        """The adapter under other names in the file."""
        return self.stored({rename(name): tensor for name, tensor in self.tensors.items()})

    def fresh(self) -> Tensors:
        """What a model holds into which nothing was loaded."""
        return {
            name: torch.zeros_like(tensor) if "lora_B" in name else torch.randn(tensor.shape)
            for name, tensor in self.tensors.items()
        }


class AModel(Case):
    def test_a_sound_load(self) -> None:
        answer = check(Model(self.tensors), self.stored(self.tensors))
        self.assertEqual(answer, (0, ("applied: 4 of 4 tensors equal",), None))

    def test_each_drift_is_explained_and_not_applied(self) -> None:
        for rename, ours, theirs in (
            (lambda name: name.removeprefix("base_model.model."), "model.layers", "base_model.model.model.layers"),
            (lambda name: f"module.{name}", "module.base_model.model", "base_model.model"),
            (lambda name: f"base_model.model.{name}", "base_model.model.base_model.model", "base_model.model"),
            (
                lambda name: name.replace("model.layers", "model.language_model.layers"),
                "model.language_model.layers.0",
                "model.layers.0",
            ),
            (lambda name: name.replace(".model.layers", ".layers"), "base_model.model.layers", "base_model.model.model.layers"),
            (lambda name: name.replace(".weight", ".default.weight"), "lora_A.default.weight", "lora_A.weight"),
            (lambda name: name.replace(".lora_", "_"), "_A.weight", ".lora_A.weight"),
        ):
            status, lines, drift = check(Model(self.fresh()), self.named(rename))
            self.assertEqual((status, lines[-1]), (1, "not applied: 0 of 4 tensors equal"), ours)
            assert drift
            self.assertTrue(ours.startswith(drift.ours) or drift.ours.startswith(ours), drift.ours)
            self.assertTrue(theirs.startswith(drift.theirs) or drift.theirs.startswith(theirs), drift.theirs)
            self.assertIn(f"the file says {drift.ours} where the model says {drift.theirs}. Rename 4", lines[0])
            self.assertEqual(drift.renamed, {rename(name): name for name in self.tensors})

    def test_a_name_that_the_library_knows_is_applied(self) -> None:
        folder = self.named(lambda name: name.replace("model.layers", "model.language_model.layers"))
        status, lines, _ = check(Model(self.tensors), folder)
        self.assertEqual((status, lines[-1]), (0, "applied: 4 of 4 tensors equal"))
        self.assertIn("the library knows it", lines[0])

    def test_one_layer_that_drifted_is_a_part(self) -> None:
        held = self.fresh() | {name: one for name, one in self.tensors.items() if ".layers.0." in name}
        folder = self.named(lambda name: name.replace("model.model", "model") if ".layers.1." in name else name)
        status, lines, drift = check(Model(held), folder)
        self.assertEqual((status, lines[-1]), (1, "partly applied: 2 of 4 tensors equal"))
        assert drift
        self.assertEqual(len(drift.renamed), 2)

    def test_right_names_with_other_values_are_not_applied(self) -> None:
        status, lines, drift = check(Model(self.fresh()), self.stored(self.tensors))
        self.assertEqual((status, lines[-1], drift), (1, "not applied: 0 of 4 tensors equal", None))
        self.assertIn("other values in the model", lines[0])

    def test_one_bit_is_seen(self) -> None:
        held = {name: one.clone() for name, one in self.tensors.items()}
        last = held[max(held)]
        last[7, 1] = torch.nextafter(last[7, 1], torch.tensor(9.0))
        status, lines, _ = check(Model(held), self.stored(self.tensors))
        self.assertEqual((status, lines[-1]), (1, "partly applied: 3 of 4 tensors equal"))

    def test_names_that_no_renaming_explains(self) -> None:
        names = dict(zip(self.tensors, "abcd", strict=True))
        status, lines, drift = check(Model(self.fresh()), self.named(lambda name: names[name]))
        self.assertEqual((status, lines[-1], drift), (1, "not applied: 0 of 4 tensors equal", None))
        self.assertIn("in the file, and not in the model: a and 3 more", lines)

    def test_what_is_there_under_a_name_that_nothing_explains_counts_by_content(self) -> None:
        names = dict(zip(self.tensors, "abcd", strict=True))
        self.assertEqual(check(Model(self.tensors), self.named(lambda name: names[name])).status, 0)

    def test_zeros_are_no_proof_by_content(self) -> None:
        zeros = {name: torch.zeros_like(one) for name, one in self.tensors.items()}
        names = dict(zip(self.tensors, "abcd", strict=True))
        self.stored({names[name]: one for name, one in zeros.items()})
        self.assertEqual(check(Model(zeros), self.folder).lines[-1], "not applied: 0 of 4 tensors equal")

    def test_a_tensor_that_the_file_lacks(self) -> None:
        head = "base_model.model.lm_head.weight"
        status, lines, _ = check(Model(self.tensors | {head: torch.randn(5, 8)}), self.stored(self.tensors))
        self.assertEqual(
            (status, lines), (1, (f"in the model, and not in the file: {head}", "partly applied: 4 of 5 tensors equal"))
        )

    def test_experts_without_a_place_are_a_part(self) -> None:
        experts = {f"{LAYERS}.0.mlp.experts.{n}.up_proj.lora_A.weight": torch.randn(2, 8) for n in range(3)}
        status, lines, _ = check(Model(self.tensors), self.stored(self.tensors | experts))
        self.assertEqual((status, lines[-1]), (1, "partly applied: 4 of 7 tensors equal"))

    def test_experts_that_were_fused_are_not_compared(self) -> None:
        experts = {f"{LAYERS}.0.mlp.experts.{n}.up_proj.lora_A.weight": torch.randn(2, 8) for n in range(3)}
        held = self.tensors | {f"{LAYERS}.0.mlp.experts.lora_A.weight": torch.randn(6, 8)}
        status, lines, _ = check(Model(held), self.stored(self.tensors | experts))
        self.assertEqual(status, 2)
        self.assertIn("not looked at: 4 of 7 tensors equal, but the library has fused 3 tensors", lines[-1])

    def test_another_type_is_compared_in_the_models(self) -> None:
        half = {name: one.bfloat16() for name, one in self.tensors.items()}
        self.assertEqual(check(Model(half), self.stored(self.tensors)).status, 0)
        self.assertEqual(check(Model({name: one.float() for name, one in half.items()}), self.stored(half)).status, 0)

    def test_an_untrained_adapter_is_applied_and_said_to_do_nothing(self) -> None:
        self.tensors = self.fresh()
        status, lines, _ = check(Model(self.tensors), self.stored(self.tensors))
        self.assertEqual((status, lines[-1]), (0, "applied: 4 of 4 tensors equal"))
        self.assertIn("every lora_B in the file is zero", lines[0])

    def test_embeddings_that_were_saved_beside_it_are_compared(self) -> None:
        embedding = {f"{LAYERS[:-7]}.embed_tokens.weight": torch.randn(5, 8)}
        folder = self.stored(self.tensors | embedding)
        self.assertEqual(check(Model(self.tensors, embedding), folder).status, 0)
        other = {name: one + 1 for name, one in embedding.items()}
        self.assertEqual(check(Model(self.tensors, other), folder).lines[-1], "partly applied: 4 of 5 tensors equal")

    def test_names_of_a_model_into_which_transformers_loaded_it(self) -> None:
        held = {name.removeprefix("base_model.model."): one for name, one in self.tensors.items()}
        self.assertEqual(check(Native(held), self.stored(self.tensors)).status, 0)

    def test_values_that_are_elsewhere_are_not_looked_at(self) -> None:
        held = {name: one.to("meta") for name, one in self.tensors.items()}
        self.assertEqual(check(Model(held), self.stored(self.tensors)).status, 2)
        held = {name: one.clone() for name, one in self.tensors.items()}
        next(iter(held.values())).ds_id = 7  # type: ignore[attr-defined]
        self.assertEqual(check(Model(held), self.folder).status, 2)

    def test_which_adapter_has_to_be_said(self) -> None:
        model = Model(self.tensors, one=None, other=None)
        self.stored(self.tensors)
        for name in (None, "third"):
            with self.assertRaisesRegex(ValueError, "one, other"):
                check(model, self.folder, name)
        self.assertEqual(check(model, self.folder, "other").status, 0)

    def test_a_merged_model_holds_none(self) -> None:
        with self.assertRaisesRegex(ValueError, "no adapter: it was merged"):
            check(object(), self.stored(self.tensors))

    def test_what_it_changes(self) -> None:
        model = Model(self.tensors)
        model.training = True
        self.assertEqual((changes(model, shift=0.25), changes(model, shift=0.0), model.training), (0.25, 0.0, True))


class TheFiles(Case):
    def test_sound_names_alone_are_no_answer(self) -> None:
        status, lines, _ = check_names(self.stored(self.tensors))
        self.assertEqual(status, 2)
        self.assertTrue(lines[-1].startswith("not looked at: "), lines)

    def test_faults_that_the_names_show(self) -> None:
        for rename, word in (
            (lambda name: name.removeprefix("base_model.model."), "is missing at the beginning"),
            (lambda name: f"base_model.model.{name}", "twice"),
            (lambda name: name.replace(".weight", ".default.weight"), "the adapter's name was left in"),
            (lambda name: name.replace(".lora_", "_"), 'called "lora"'),
        ):
            status, lines, _ = check_names(self.named(rename))
            self.assertEqual((status, len(lines)), (1, 3), lines)
            self.assertIn(word, lines[1])

    def test_empty_and_untrained_tensors(self) -> None:
        names = sorted(self.tensors)
        self.tensors[names[1]].zero_()
        self.tensors[names[2]] = torch.zeros(0)
        status, lines, _ = check_names(self.stored(self.tensors))
        self.assertEqual(
            (status, [line.partition(":")[0] for line in lines[1:-1]]), (1, ["empty", "zero, so that it changes nothing"])
        )

    def test_a_module_that_was_to_be_saved(self) -> None:
        (self.folder / "adapter_config.json").write_text(json.dumps({"modules_to_save": ["lm_head"]}), "utf-8")
        self.assertIn("in modules_to_save, and not in the file: lm_head", check_names(self.stored(self.tensors)).lines)
        self.stored(self.tensors | {"base_model.model.lm_head.weight": torch.randn(5, 8)})
        self.assertEqual(check_names(self.folder).status, 2)

    def test_a_file_of_torch_is_read(self) -> None:
        torch.save(self.tensors, self.folder / "adapter_model.bin")
        self.assertEqual(check(Model(self.tensors), self.folder).status, 0)

    def test_a_copy_with_the_models_names(self) -> None:
        (self.folder / "adapter_config.json").write_text("{}", "utf-8")
        drift = check(Model(self.fresh()), self.named(lambda name: f"module.{name}")).drift
        before = (self.folder / "adapter_model.safetensors").read_bytes()
        to = self.folder.with_name("fixed")
        assert drift
        write(self.folder, to, drift)
        self.assertEqual(sorted(one.name for one in to.iterdir()), ["adapter_config.json", "adapter_model.safetensors"])
        found = load_file(to / "adapter_model.safetensors")
        self.assertEqual(found.keys(), self.tensors.keys())
        self.assertTrue(all(torch.equal(one, self.tensors[name]) for name, one in found.items()))
        self.assertEqual((self.folder / "adapter_model.safetensors").read_bytes(), before)
        with self.assertRaisesRegex(ValueError, "exists already"):
            write(self.folder, to, drift)


class TheProgram(Case):
    def ran(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-I", str(SNIPPET), *arguments], capture_output=True, text=True, check=False)

    def test_without_a_model_it_says_what_it_did_not_look_at(self) -> None:
        done = self.ran(str(self.stored(self.tensors)))
        self.assertEqual((done.returncode, done.stderr), (2, ""))
        self.assertIn("not looked at: whether the names fit the model", done.stdout)

    def test_what_cannot_be_read_is_not_looked_at(self) -> None:
        for content in (None, b"", b"\xff" * 20, b"\x02\0\0\0\0\0\0\0{}"):
            if content is not None:
                (self.folder / "adapter_model.safetensors").write_bytes(content)
            done = self.ran(str(self.folder))
            self.assertEqual((done.returncode, done.stdout), (2, ""), content)
            self.assertTrue(done.stderr.startswith("check_adapter.py: not looked at: "), done.stderr)

    def test_where_nothing_can_load_a_model_it_was_not_looked_at(self) -> None:
        done = self.ran(str(self.stored(self.tensors)), "--model", str(self.folder))
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("not looked at", done.stderr)

    def test_where_peft_stops_for_a_module_the_name_like_it_is_named(self) -> None:
        wanted, moved = "base_model.model.lm_head.weight", "base_model.model.0.lm_head.weight"
        with mock.patch.object(snippet, "_built", side_effect=KeyError(wanted)):
            answer = snippet._loaded("base", self.stored(self.tensors | {moved: torch.randn(5, 8)}), None)
            self.assertEqual(answer.status, 1)
            self.assertIn(f"the file says {moved} where the model says {wanted}", answer.lines[0])
            self.assertEqual(answer.drift and answer.drift.renamed, {moved: wanted})
            answer = snippet._loaded("base", self.stored(self.tensors), None)
            self.assertEqual((answer.status, answer.drift), (1, None))
        with mock.patch.object(snippet, "_built", side_effect=KeyError("qwen9")), self.assertRaises(KeyError):
            snippet._loaded("base", self.folder, None)

    def test_a_copy_needs_a_model(self) -> None:
        self.assertEqual(self.ran(str(self.stored(self.tensors)), "--write", "fixed").returncode, 2)


if __name__ == "__main__":
    unittest.main()
