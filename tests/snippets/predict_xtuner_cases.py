"""What predict_xtuner.py says; run by test_snippets.py. That XTuner does so is decided by a check of CC001."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]
import audit_checkpoint_cases  # noqa: E402  beside this file
from audit_checkpoint_cases import FIRST, INDEX, V2, V3, unittest  # noqa: E402

from snippets.predict_xtuner import Prediction, predict  # noqa: E402


class Case(audit_checkpoint_cases.Case):
    SNIPPET = Path(__file__).resolve().parents[2] / "snippets" / "predict_xtuner.py"

    def told(self, n: int | None = None) -> Prediction:
        told = predict(self.folder, n)
        assert isinstance(told, Prediction), told
        return told


class Predicts(Case):
    def test_a_sound_checkpoint(self) -> None:
        self.save()
        told = self.told(2)
        self.assertEqual((told.stop, told.wrong, told.experts_per_shard), (None, [], 2))
        line = f"model.embed_tokens.weight not in state_dict, loading {self.folder}/{FIRST}"
        self.assertEqual((told.lines[0], len(told.lines)), (line, 2))
        done = self.program("--experts-per-shard", "2")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual([text.strip() for text in done.stdout.splitlines() if "not in state_dict" in text], told.lines)
        self.assertEqual(done.stdout.splitlines()[-1], "Then the model is loaded.")

    def test_what_it_has_no_answer_for(self) -> None:
        self.save(V3)
        done = self.program()
        self.assertEqual(done.returncode, 3)
        self.assertIn("not looked at: config.json is not of DeepSeek-V2", done.stdout)
        self.assertEqual(set(json.loads(self.program("--json").stdout)), {"not_looked_at"})
        self.save()
        self.write("config.json", V2 | {"hidden_size": None})
        self.assertIn("a whole number above 0 for hidden_size", str(predict(self.folder)))

    def test_a_tensor_in_two_files(self) -> None:
        tensors = self.save(second="model.norm.weight")
        held = load_file(self.folder / FIRST) | {"model.norm.weight": tensors["model.norm.weight"] + 1}
        save_file(held, self.folder / FIRST, {"format": "pt"})
        self.assertEqual(self.told().wrong, ["model.norm.weight"])
        self.assertEqual(self.program().returncode, 1)

    def test_another_size(self) -> None:
        self.save()
        self.write("config.json", V2 | {"moe_intermediate_size": 5})
        told = self.told(2)
        self.assertEqual((told.stop, len(told.lines), len(told.wrong)), (None, 2, 7))

    def test_a_missing_expert(self) -> None:
        tensors = self.save()
        file = next(file for file, names in self.files.items() if "model.layers.1.mlp.experts.2.up_proj.weight" in names)
        self.files[file].remove("model.layers.1.mlp.experts.2.up_proj.weight")
        save_file({name: tensors[name] for name in self.files[file]}, self.folder / file, {"format": "pt"})
        self.write(INDEX, {"metadata": {}, "weight_map": {name: file for file, held in self.files.items() for name in held}})
        self.assertIsNotNone(self.told().stop)

    def test_xtuner_stops(self) -> None:
        for change, n, expected in (
            ({}, 3, "3 does not divide 4 experts"),
            ({"ep_size": 2}, 2, "ep_size"),
            ({"quantization_config": {"quant_method": "int8"}}, 2, "quantization_config"),
            ({"rope_scaling": {"rope_type": "yarn"}}, 2, "rope_scaling"),
        ):
            self.save(V2 | change)
            self.assertIn(expected, self.told(n).stop or "")
            self.assertEqual(self.program("--experts-per-shard", str(n)).returncode, 1)
        self.save()
        (self.folder / FIRST).rename(self.folder / "z.safetensors")
        weight_map = {name: "z.safetensors" if file == FIRST else file for name, file in self.index()["weight_map"].items()}
        self.write(INDEX, {"metadata": {}, "weight_map": weight_map})
        self.assertIn("model-00002", self.told(2).stop or "")

    def test_experts_of_another_type(self) -> None:
        tensors = self.save()
        for file, names in self.files.items():
            save_file({name: tensors[name].to(torch.int8) for name in names}, self.folder / file, {"format": "pt"})
        self.assertIsNone(self.told(2).stop)

    def test_usage_and_json(self) -> None:
        self.save()
        for arguments in (["--experts-per-shard", "0"], ["--experts-per-shard", "many"], ["--what"]):
            self.assertEqual(self.program(*arguments).returncode, 2, arguments)
        told = json.loads(self.program("--json", "--experts-per-shard", "2").stdout)
        self.assertEqual(set(told), {"experts_per_shard", "lines", "stop", "wrong"})
        self.folder = self.folder / "nowhere"
        self.assertEqual((self.program().returncode, "Traceback" in self.program().stderr), (2, False))


if __name__ == "__main__":
    unittest.main()
