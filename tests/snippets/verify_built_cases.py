"""What verify_built.py must say of a model and a folder; run by test_snippets.py in an environment without transformers."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from types import ModuleType, SimpleNamespace
from unittest import mock

import torch

SNIPPET = Path(__file__).resolve().parents[2] / "snippets" / "verify_built.py"
sys.path.insert(0, str(SNIPPET.parents[1]))
from snippets.verify_built import Built, verify_built  # noqa: E402  it lies two folders up

SIZES = {"hidden_size": 8, "num_hidden_layers": 1}


class Rotary(torch.nn.Module):
    def __init__(self, theta: float, rope_type: str = "default") -> None:
        super().__init__()
        self.rope_type = rope_type
        self.register_buffer("inv_freq", 1.0 / theta ** (torch.arange(4).float() / 4), persistent=False)


class Model(torch.nn.Module):
    def __init__(self, config: SimpleNamespace) -> None:
        super().__init__()
        self.config = config
        self.layer = torch.nn.Linear(8, 8)
        self.rotary_emb = Rotary(10000.0, getattr(config, "kind", "default"))


class Case(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.says(SIZES)

    def says(self, config: object) -> None:
        (self.folder / "config.json").write_text(json.dumps(config), "utf-8")

    def of(self, release: str = "4.57.6", **config: object) -> Built:
        """What is found of a model whose config became this, by that release."""
        library = ModuleType("transformers")
        library.__version__ = release  # type: ignore[attr-defined]
        with mock.patch.dict(sys.modules, {"transformers": library}):
            return verify_built(Model(SimpleNamespace(**{**SIZES, **config})), self.folder)


class Buffers(Case):
    def found(self, model: torch.nn.Module) -> Built:
        return verify_built(model, self.folder)

    def test_as_new_it_is_the_same(self) -> None:
        found = self.found(Model(SimpleNamespace(**SIZES)))
        self.assertEqual((found.status, len(found.same)), (0, 2), found)

    def test_one_bit_is_a_difference(self) -> None:
        model = Model(SimpleNamespace(**SIZES))
        model.rotary_emb.inv_freq[3] = torch.nextafter(model.rotary_emb.inv_freq[3], torch.tensor(9.0))
        self.assertEqual(self.found(model).status, 1)
        self.assertTrue(self.found(model).differs[0].startswith("rotary_emb.inv_freq: 1 of 4 values"))

    def test_nan_equals_nan_and_zero_is_not_minus_zero(self) -> None:
        class Odd(torch.nn.Module):
            def __init__(self, config: object) -> None:
                super().__init__()
                self.config = config
                self.register_buffer("table", torch.tensor([float("nan"), 0.0]), persistent=False)

        model = Odd(SimpleNamespace(**SIZES))
        self.assertEqual(self.found(model).status, 0)
        model.table[1] = -0.0
        self.assertEqual(self.found(model).status, 1)

    def test_a_cast_is_no_alarm(self) -> None:
        for dtype in (torch.bfloat16, torch.float16):
            self.assertEqual(self.found(Model(SimpleNamespace(**SIZES)).to(dtype)).status, 0)

    def test_without_values_it_differs(self) -> None:
        with torch.device("meta"):
            model = Model(SimpleNamespace(**SIZES))
        found = self.found(model)
        self.assertEqual(found.status, 1)
        self.assertIn("meta", found.differs[0])

    def test_what_changes_with_the_input_is_not_looked_at(self) -> None:
        model = Model(SimpleNamespace(**SIZES, kind="dynamic"))
        self.assertEqual(self.found(model).status, 0)
        model.rotary_emb.inv_freq *= 0.5
        self.assertEqual(self.found(model).status, 2)

    def test_wrappers_are_taken_off(self) -> None:
        model = Model(SimpleNamespace(**SIZES))
        model.rotary_emb.inv_freq += 1
        self.assertEqual(self.found(torch.nn.DataParallel(model)).differs[0].partition(":")[0], "rotary_emb.inv_freq")

    def test_what_cannot_be_built_is_not_looked_at(self) -> None:
        class Stubborn(Model):
            def __init__(self, config: SimpleNamespace) -> None:
                if hasattr(config, "built"):
                    raise OSError("only once")
                super().__init__(config)
                config.built = True

        found = self.found(Stubborn(SimpleNamespace(**SIZES)))
        self.assertEqual(found.status, 2)
        self.assertIn("OSError: only once", found.not_looked_at[0])

    def test_building_changes_nothing_outside(self) -> None:
        register, dtype, state = torch.nn.Module.register_parameter, torch.get_default_dtype(), torch.random.get_rng_state()
        self.found(Model(SimpleNamespace(**SIZES)).to(torch.float16))
        torch.random.set_rng_state(state)
        self.found(Model(SimpleNamespace(**SIZES)))
        self.assertIs(torch.nn.Module.register_parameter, register)
        self.assertEqual(torch.get_default_dtype(), dtype)
        self.assertFalse(torch.nn.Linear(2, 2).weight.is_meta)

    def test_a_model_without_such_buffers_says_so(self) -> None:
        model = torch.nn.Linear(2, 2)
        model.config = SimpleNamespace(**SIZES)
        self.assertEqual(self.found(model).same[0], "no non-persistent buffers")


class Settings(Case):
    def test_sizes(self) -> None:
        self.assertEqual(self.of().status, 0)
        self.assertEqual(self.of(hidden_size=9).differs, ["hidden_size: config.json says 8, the model has 9"])

    def test_ties_at_both_places(self) -> None:
        self.says({"tie_word_embeddings": True, "text_config": {"tie_word_embeddings": True}})
        inner = SimpleNamespace(tie_word_embeddings=False)
        found = self.of(tie_word_embeddings=True, text_config=inner)
        self.assertEqual(found.differs, ["text_config.tie_word_embeddings: config.json says true, the model has false"])

    def test_4_reads_what_5_wrote(self) -> None:
        rope = {"rope_theta": 1e6, "rope_type": "default"}
        self.says({"rope_parameters": rope})
        found = self.of(rope_theta=10000.0, rope_scaling=None, rope_parameters=rope)
        self.assertEqual(found.differs, ["rope_theta: config.json says 1000000.0, the model has 10000.0"])
        self.assertEqual(self.of(rope_theta=1e6, rope_scaling=None, rope_parameters=rope).status, 0)
        self.assertEqual(self.of("5.24.0", rope_parameters=rope).status, 0)

    def test_5_reads_what_4_wrote(self) -> None:
        self.says({"rope_theta": 5e5, "rope_scaling": {"type": "linear", "factor": 2.0}})
        right = {"rope_theta": 500000, "rope_type": "linear", "factor": 2.0}
        self.assertEqual(self.of("5.0.0", rope_parameters=right).status, 0)
        self.assertEqual(len(self.of("5.0.0", rope_parameters=right | {"factor": 4.0}).differs), 1)

    def test_a_scaling_that_is_gone_is_named(self) -> None:
        self.says({"rope_parameters": {"rope_theta": 1e4, "rope_type": "llama3", "factor": 8.0}})
        found = self.of(rope_theta=1e4, rope_scaling=None)
        self.assertEqual(sorted(one.partition(":")[0] for one in found.differs), ["factor", "rope_type"])

    def test_a_config_that_says_two_things(self) -> None:
        self.says({"rope_theta": 1e4, "rope_parameters": {"rope_theta": 1e6, "rope_type": "default"}})
        found = self.of("5.24.0", rope_parameters={"rope_theta": 1e6, "rope_type": "default"})
        self.assertEqual(found.status, 1)
        self.assertIn("1000000.0 in rope_parameters and 10000.0 beside it", found.differs[0])

    def test_by_the_kind_of_attention(self) -> None:
        full, sliding = ({"rope_theta": theta, "rope_type": "default"} for theta in (1e6, 1e4))
        self.says({"rope_parameters": {"full_attention": full, "sliding_attention": sliding}})
        self.assertEqual(self.of(rope_theta=1e6, rope_local_base_freq=1e4).status, 0)
        self.assertEqual(len(self.of(rope_theta=1e4, rope_local_base_freq=1e4).differs), 1)
        self.says({"rope_theta": 1e6, "rope_local_base_freq": 1e4})
        nested = {"full_attention": full, "sliding_attention": sliding}
        self.assertEqual(self.of("5.24.0", rope_parameters=nested).status, 0)
        self.assertEqual(len(self.of("5.24.0", rope_parameters=nested | {"sliding_attention": full}).differs), 1)

    def test_a_language_model_inside(self) -> None:
        self.says({"hidden_size": 4, "rope_theta": 1e6, "rope_scaling": {"type": "mrope", "mrope_section": [1, 1, 2]}})
        inner = SimpleNamespace(
            hidden_size=4, rope_theta=1e6, rope_scaling={"rope_type": "default", "type": "default", "mrope_section": [1, 1, 2]}
        )
        config = SimpleNamespace(text_config=inner)
        model = Model(SimpleNamespace(**SIZES))
        model.config = config
        found = verify_built(model, self.folder, new=lambda: Model(SimpleNamespace(**SIZES)))
        self.assertEqual(found.status, 0, found)

    def test_what_is_not_known_is_not_looked_at(self) -> None:
        self.says({"rope_theta": 1e6})
        self.assertEqual(self.of().status, 2)
        self.says({"vision_config": {"hidden_size": 4}})
        self.assertEqual(self.of().status, 2)

    def test_a_config_that_cannot_be_read_is_not_looked_at(self) -> None:
        for text in ("", "[]", "{", "null"):
            (self.folder / "config.json").write_text(text, "utf-8")
            self.assertEqual(self.of().status, 2, text)
        (self.folder / "config.json").unlink()
        self.assertEqual(self.of().status, 2)


class TheProgram(Case):
    def test_without_a_model_it_does_not_answer(self) -> None:
        done = subprocess.run(
            [sys.executable, "-I", str(SNIPPET), str(self.folder)], capture_output=True, text=True, check=False
        )
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertTrue(done.stderr.startswith("verify_built.py: "), done.stderr)


if __name__ == "__main__":
    unittest.main()
