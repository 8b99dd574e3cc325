"""What check_lm_head.py must say of a folder, and what must not stop it; run by test_snippets.py in the default environment."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import torch
from safetensors.torch import save_file

SNIPPET = Path(__file__).resolve().parents[2] / "snippets" / "check_lm_head.py"
sys.path.insert(0, str(SNIPPET.parents[1]))
from snippets.check_lm_head import check  # noqa: E402  it lies two folders up

HEAD, EMBEDDING = "lm_head.weight", "model.embed_tokens.weight"
CAUSAL = {"architectures": ["LlamaForCausalLM"]}


class Case(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.embedding, self.head = torch.randn(8, 4), torch.randn(8, 4)

    def says(self, tensors: dict[str, torch.Tensor], **config: object) -> tuple[int, str]:
        """The exit status and the first word of the last line."""
        save_file(tensors, self.folder / "model.safetensors", {"format": "pt"})
        (self.folder / "config.json").write_text(json.dumps(CAUSAL | config), "utf-8")
        answer = check(self.folder)
        return answer.status, answer.lines[-1].partition(":")[0]


class AFolder(Case):
    def test_tied_without_a_head(self) -> None:
        self.assertEqual(self.says({EMBEDDING: self.embedding}, tie_word_embeddings=True), (0, "SOUND"))

    def test_untied_with_a_head(self) -> None:
        tensors = {EMBEDDING: self.embedding, HEAD: self.head}
        self.assertEqual(self.says(tensors, tie_word_embeddings=False), (0, "SOUND"))

    def test_a_head_that_equals_the_embedding(self) -> None:
        tensors = {EMBEDDING: self.embedding, HEAD: self.embedding.clone()}
        for tied in ({}, {"tie_word_embeddings": True}, {"tie_word_embeddings": False}):
            self.assertEqual(self.says(tensors, **tied), (0, "SOUND"))

    def test_a_head_of_its_own_that_is_said_to_be_tied(self) -> None:
        tensors = {EMBEDDING: self.embedding, HEAD: self.head}
        self.assertEqual(self.says(tensors, tie_word_embeddings=True), (1, "THE HEAD IS AT RISK"))

    def test_one_bit_makes_it_another_head(self) -> None:
        other = self.embedding.clone()
        other[7, 3] = torch.nextafter(other[7, 3], torch.tensor(9.0))
        tensors = {EMBEDDING: self.embedding, HEAD: other}
        self.assertEqual(self.says(tensors, tie_word_embeddings=True), (1, "THE HEAD IS AT RISK"))

    def test_said_nowhere_the_class_decides(self) -> None:
        self.assertEqual(self.says({EMBEDDING: self.embedding, HEAD: self.head}), (2, "NO ANSWER"))
        self.assertEqual(self.says({EMBEDDING: self.embedding}), (2, "NO ANSWER"))

    def test_tied_to_an_embedding_that_is_not_there(self) -> None:
        other = {"model.norm.weight": self.embedding}
        self.assertEqual(self.says(other, tie_word_embeddings=True), (2, "NO ANSWER"))
        self.assertEqual(self.says(other, tie_word_embeddings=False), (1, "THE HEAD IS LOST"))

    def test_files_without_a_tensor(self) -> None:
        for tied in (True, False):
            with self.assertRaisesRegex(ValueError, "hold no tensor"):
                self.says({}, tie_word_embeddings=tied)

    def test_untied_without_a_head(self) -> None:
        self.assertEqual(self.says({EMBEDDING: self.embedding}, tie_word_embeddings=False), (1, "THE HEAD IS LOST"))

    def test_a_language_model_inside(self) -> None:
        names = {"language_model.model.embed_tokens.weight": self.embedding}
        both = {"tie_word_embeddings": True}
        self.assertEqual(self.says(names, text_config=both), (1, "THE HEAD IS AT RISK"))
        self.assertEqual(self.says(names, text_config={}, tie_word_embeddings=True), (1, "THE HEAD IS AT RISK"))
        self.assertEqual(self.says(names, text_config=both, tie_word_embeddings=True), (0, "SOUND"))
        names["language_model.lm_head.weight"] = self.head
        self.assertEqual(self.says(names, text_config=both, tie_word_embeddings=False), (1, "THE HEAD IS AT RISK"))

    def test_the_part_of_a_thinker(self) -> None:
        inner = {"text_config": {"tie_word_embeddings": True}}
        self.assertEqual(self.says({"thinker.model.embed_tokens.weight": self.embedding}, thinker_config=inner)[0], 1)

    def test_an_output_layer_of_another_name_is_not_looked_at(self) -> None:
        tensors = {"gpt_neox.embed_in.weight": self.embedding, "embed_out.weight": self.head}
        self.assertEqual(self.says(tensors, tie_word_embeddings=False), (2, "NO ANSWER"))

    def test_a_class_without_a_head_is_not_missed_one(self) -> None:
        tensors = {"embeddings.word_embeddings.weight": self.embedding}
        self.assertEqual(self.says(tensors, architectures=["BertModel"], tie_word_embeddings=False), (2, "NO ANSWER"))

    def test_an_embedding_of_another_size_is_no_answer(self) -> None:
        tensors = {EMBEDDING: self.embedding[:7].clone(), HEAD: self.head}
        self.assertEqual(self.says(tensors, tie_word_embeddings=False), (2, "NO ANSWER"))

    def test_a_head_without_an_embedding_that_is_tied(self) -> None:
        self.assertEqual(self.says({HEAD: self.head}, tie_word_embeddings=True), (1, "THE HEAD IS AT RISK"))

    def test_shards_are_read_by_their_index(self) -> None:
        self.says({"unused": self.head}, tie_word_embeddings=True)
        save_file({EMBEDDING: self.embedding}, self.folder / "a.safetensors")
        save_file({HEAD: self.head}, self.folder / "b.safetensors")
        index = {"weight_map": {EMBEDDING: "a.safetensors", HEAD: "b.safetensors"}}
        (self.folder / "model.safetensors.index.json").write_text(json.dumps(index), "utf-8")
        self.assertEqual(check(self.folder).status, 1)


class TheProgram(Case):
    def ran(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", str(SNIPPET), str(self.folder)], capture_output=True, text=True, check=False
        )

    def test_it_says_what_it_saw_and_what_to_write(self) -> None:
        self.says({EMBEDDING: self.embedding, HEAD: self.head}, tie_word_embeddings=True)
        done = self.ran()
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertIn("lm_head.weight [8, 4], not equal to model.embed_tokens.weight", done.stdout)
        self.assertIn("config.json says tie_word_embeddings: true", done.stdout)

    def test_what_cannot_be_read_is_no_answer(self) -> None:
        for content in (
            None,
            b"",
            b"\xff" * 20,
            (1 << 40).to_bytes(8, "little"),
            b"\x02\0\0\0\0\0\0\0[]",
            b"\x07\0\0\0\0\0\0\0" + b'{"a":1}',
        ):
            (self.folder / "config.json").write_text("{}", "utf-8")
            if content is not None:
                (self.folder / "model.safetensors").write_bytes(content)
            done = self.ran()
            self.assertEqual((done.returncode, done.stdout), (2, ""), content)
            self.assertTrue(done.stderr.startswith("check_lm_head.py: "), done.stderr)

    def test_without_a_config_it_does_not_answer(self) -> None:
        self.assertEqual(self.ran().returncode, 2)


if __name__ == "__main__":
    unittest.main()
