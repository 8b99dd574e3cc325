"""What compare_optimizer_state.py must say; run by test_snippets.py with the Python of the default environment."""

from __future__ import annotations

import copy
import sys
import unittest
from pathlib import Path
from typing import Any

import torch

SNIPPET = Path(__file__).resolve().parents[2] / "snippets" / "compare_optimizer_state.py"
sys.path.insert(0, str(SNIPPET.parents[1]))
from snippets.compare_optimizer_state import Answer, by_name, compare_state, names_of  # noqa: E402  it lies two folders up


class Case(unittest.TestCase):
    def setUp(self) -> None:
        torch.manual_seed(0)
        self.old = self.model("ab")
        self.saved = torch.optim.AdamW(self.old.parameters(), 0.1)
        self.step(self.old, self.saved)
        self.state = copy.deepcopy(self.saved.state_dict())
        self.names = names_of(self.saved, self.old)

    def model(self, layers: str, **columns: int) -> torch.nn.Module:
        return torch.nn.ModuleDict({name: torch.nn.Linear(columns.get(name, 3), 2) for name in layers})

    def step(self, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
        for parameter in model.parameters():
            parameter.grad = torch.randn_like(parameter)
        optimizer.step()

    def of(self, layers: str, names: list[str] | None = None, lr: float = 0.1, **columns: int) -> Answer:
        model = self.model(layers, **columns)
        return compare_state(torch.optim.AdamW(model.parameters(), lr), self.state, model, names)

    def loaded(self, layers: str, state: dict[str, Any] | None = None, **columns: int) -> dict[str, torch.Tensor]:
        """The first moments by name, loaded by name."""
        model = self.model(layers, **columns)
        optimizer = torch.optim.AdamW(model.parameters(), 0.5)
        optimizer.load_state_dict(by_name(optimizer, state or self.state, model, self.names))
        return {name: optimizer.state[one]["exp_avg"] for name, one in model.named_parameters() if one in optimizer.state}


class AState(Case):
    def test_of_the_same_parameters(self) -> None:
        self.assertEqual(self.of("ab", self.names).status, 0)

    def test_in_another_order(self) -> None:
        answer = self.of("ba", self.names)
        self.assertEqual((answer.status, answer.wrong), (1, ["b.weight", "b.bias", "a.weight", "a.bias"]))

    def test_without_names(self) -> None:
        for layers in ("ab", "ba"):
            answer = self.of(layers)
            self.assertEqual((answer.status, answer.wrong), (2, []))
            self.assertIn("not looked at: the order of 4", answer.text)

    def test_of_another_shape(self) -> None:
        for names in (None, self.names):
            self.assertEqual(self.of("ab", names, b=4).wrong, ["b.weight"])

    def test_of_another_number(self) -> None:
        answer = self.of("abc", self.names)
        self.assertEqual((answer.status, answer.wrong), (1, ["c.weight", "c.bias"]))
        self.assertIn("which has no names", self.of("abc").text)

    def test_in_other_groups(self) -> None:
        model = self.model("ab")
        optimizer = torch.optim.AdamW([{"params": model[name].parameters()} for name in "ab"])  # type: ignore[index]
        answer = compare_state(optimizer, self.state, model, self.names)
        self.assertTrue(answer.text.endswith("the names are the same, the groups are not"), answer.text)

    def test_of_another_optimizer(self) -> None:
        model = self.model("ab")
        answer = compare_state(torch.optim.SGD(model.parameters(), 0.1), self.state, model, self.names)
        self.assertEqual(answer.status, 1)
        self.assertIn("momentum", answer.text)

    def test_that_replaces_lr(self) -> None:
        answer = self.of("ab", self.names, lr=0.5)
        self.assertEqual(answer.status, 0)
        self.assertIn("group 0: lr 0.5 -> 0.1", answer.text)

    def test_without_some_entries(self) -> None:
        del self.state["state"][1]
        answer = self.of("ab", self.names)
        self.assertEqual(answer.status, 0)
        self.assertIn("starts afresh: 1 of 4 parameters: a.bias", answer.text)

    def test_without_any_entry_is_not_looked_at(self) -> None:
        self.state["state"] = {}
        self.assertEqual(self.of("ab", self.names).status, 2)

    def test_for_a_parameter_that_the_model_does_not_have(self) -> None:
        model = self.model("ab")
        other = torch.optim.AdamW([*self.model("a").parameters(), *list(model.parameters())[2:]], 0.1)
        answer = compare_state(other, self.state, model, self.names)
        self.assertEqual(answer.status, 2)
        self.assertIn("2 of 4 parameters, which the model does not have", answer.text)

    def test_with_names_of_another_number(self) -> None:
        with self.assertRaises(ValueError):
            self.of("ab", self.names[:3])


class ByName(Case):
    def test_another_order(self) -> None:
        for name, moment in self.loaded("ba").items():
            one = dict(self.old.named_parameters())[name]
            self.assertTrue(torch.equal(moment, self.saved.state[one]["exp_avg"]), name)

    def test_fewer_and_more(self) -> None:
        self.assertEqual(set(self.loaded("b")), {"b.weight", "b.bias"})
        self.assertEqual(set(self.loaded("cab")), set(self.names))

    def test_another_shape_is_left_out(self) -> None:
        self.assertEqual(set(self.loaded("ab", a=4)), {"a.bias", "b.weight", "b.bias"})

    def test_the_state_is_not_changed(self) -> None:
        before = copy.deepcopy(self.state["param_groups"])
        self.loaded("ba")
        self.assertEqual(self.state["param_groups"], before)

    def test_without_names(self) -> None:
        model = self.model("ab")
        with self.assertRaises(ValueError):
            by_name(torch.optim.AdamW(model.parameters()), self.state, model)

    def test_names_that_are_unknown_are_never_the_same(self) -> None:
        self.names = ["?"] * 4
        self.assertEqual(self.loaded("ab"), {})


if __name__ == "__main__":
    unittest.main()
