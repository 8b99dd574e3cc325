"""What check_engine_load.py must say; run by test_snippets.py with a stand-in for DeepSpeed (a check asks the real one)."""

from __future__ import annotations

import sys
import tempfile
import unittest
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace
from unittest import mock

import torch

SNIPPET = Path(__file__).resolve().parents[2] / "snippets" / "check_engine_load.py"
sys.path.insert(0, str(SNIPPET.parents[1]))
from snippets.check_engine_load import Answer, compare_engine  # noqa: E402  it lies two folders up


class Case(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.saved: dict[str, dict[str, torch.Tensor]] = {}
        for tag in ("step1", "step2"):
            self.save(tag, {"weight": torch.randn(2, 3), "bias": torch.randn(2)})
        (self.folder / "latest").write_text("step2\n", "utf-8")

    def save(self, tag: str, tensors: dict[str, torch.Tensor]) -> None:
        self.saved[tag] = tensors
        (self.folder / tag).mkdir()
        (self.folder / tag / "zero_pp_rank_0_mp_rank_00_optim_states.pt").touch()

    def of(self, tensors: dict[str, torch.Tensor], tag: str | None = None, dtype: torch.dtype = torch.bfloat16) -> Answer:
        """What is said of an engine that holds these tensors, cast."""
        module = torch.nn.Linear(3, 2).to(dtype)
        module.load_state_dict(tensors)
        library, utils, reader = (ModuleType(f"deepspeed{name}") for name in ("", ".utils", ".utils.zero_to_fp32"))
        library.zero = SimpleNamespace(GatheredParameters=lambda _: nullcontext())  # type: ignore[attr-defined]
        reader.get_fp32_state_dict_from_zero_checkpoint = lambda _, tag: self.saved[tag]  # type: ignore[attr-defined]
        with mock.patch.dict(sys.modules, {one.__name__: one for one in (library, utils, reader)}):
            return compare_engine(SimpleNamespace(module=module), self.folder, tag)


class AnEngine(Case):
    def test_that_holds_the_newest(self) -> None:
        for dtype in (torch.float32, torch.bfloat16, torch.float16):
            answer = self.of(self.saved["step2"], dtype=dtype)
            self.assertEqual((answer.status, answer.text), (0, "equal: all 2 parameters are those of step2"))

    def test_that_holds_the_tag(self) -> None:
        self.assertEqual(self.of(self.saved["step1"], "step1").status, 0)

    def test_that_holds_another_tag(self) -> None:
        answer = self.of(self.saved["step2"], "step1")
        self.assertEqual((answer.status, answer.differ), (1, ["weight", "bias"]))
        self.assertIn("all 2 equal those of step2", answer.text)

    def test_that_holds_nothing_of_it(self) -> None:
        answer = self.of({name: torch.zeros_like(one) for name, one in self.saved["step1"].items()})
        self.assertEqual(answer.status, 1)
        self.assertIn("2 of 2 parameters differ from step2", answer.text)
        self.assertIn("no other checkpoint", answer.text)

    def test_one_value_is_a_difference(self) -> None:
        other = self.saved["step2"]["bias"].clone()
        other[1] += 1
        self.assertEqual(self.of(self.saved["step2"] | {"bias": other}).differ, ["bias"])

    def test_what_the_checkpoint_lacks_is_not_looked_at(self) -> None:
        self.save("step3", {"bias": self.saved["step2"]["bias"]})
        answer = self.of(self.saved["step2"], "step3")
        self.assertEqual(answer.status, 2)
        self.assertIn("weight", answer.text)
        self.save("step4", {"other": torch.zeros(1)})
        self.assertTrue(self.of(self.saved["step2"], "step4").text.startswith("not looked at: step4 has none"))

    def test_a_number_is_a_tag(self) -> None:
        self.save("7", self.saved["step1"])
        self.assertEqual(self.of(self.saved["step1"], 7).status, 0)  # type: ignore[arg-type]

    def test_what_cannot_be_read_is_not_looked_at(self) -> None:
        self.assertTrue(self.of(self.saved["step2"], "step9").text.startswith("not looked at: KeyError"))
        (self.folder / "latest").unlink()
        self.assertEqual(self.of(self.saved["step2"]).status, 2)


if __name__ == "__main__":
    unittest.main()
