"""What find_zero_checkpoint.py must say of a folder; run by test_snippets.py in the default environment."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

SNIPPET = Path(__file__).resolve().parents[2] / "snippets" / "find_zero_checkpoint.py"
sys.path.insert(0, str(SNIPPET.parents[1]))
from snippets import find_zero_checkpoint  # noqa: E402  it lies two folders up
from snippets.find_zero_checkpoint import find  # noqa: E402


class Case(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.run_folder = Path(temporary.name).resolve() / "of_nobody" / "runs" / "one"
        self.final = self.run_folder / "final"
        self.final.mkdir(parents=True)
        (self.final / "model.safetensors").write_bytes(b"x" * 1864)

    def checkpoint(self, top: Path, step: str, ranks: int, missing: tuple[int, ...] = (), bf16: bool = False) -> Path:
        """The files of a checkpoint as DeepSpeed names them, without content."""
        folder = top / step
        folder.mkdir(parents=True, exist_ok=True)
        for rank in range(ranks):
            (folder / f"zero_pp_rank_{rank}_mp_rank_00_model_states.pt").write_bytes(b"x" * 5000)
            if rank not in missing:
                name = f"{'bf16_' * bf16}zero_pp_rank_{rank}_mp_rank_00_optim_states.pt"
                (folder / name).write_bytes(b"x" * 5000)
        (top / "latest").write_text(step, "utf-8")
        (top / "zero_to_fp32.py").write_text("", "utf-8")
        return folder

    def says(self, folder: Path | None = None) -> tuple[int, str]:
        """The exit status and all lines."""
        answer = find(folder or self.final)
        return answer.status, "\n".join(answer.lines)


class WhatIsLeft(Case):
    def test_nothing(self) -> None:
        status, text = self.says()
        self.assertEqual(status, 1)
        self.assertIn("NOT FROM WHAT LIES HERE", text)

    def test_in_the_folder_itself(self) -> None:
        self.checkpoint(self.final, "global_step7", 4)
        status, text = self.says()
        self.assertEqual(status, 0)
        self.assertIn("global_step7: optimizer files of 4 of 4 ranks", text)
        self.assertTrue(text.endswith(f"  cd {self.final}\n  python zero_to_fp32.py . whole"), text)

    def test_named_is_the_step_itself(self) -> None:
        self.assertEqual(self.says(self.checkpoint(self.run_folder, "global_step7", 2))[0], 0)

    def test_beside_it(self) -> None:
        self.checkpoint(self.run_folder / "checkpoint-500", "global_step500", 2)
        self.assertIn("../checkpoint-500/global_step500: optimizer files of 2 of 2 ranks", self.says()[1])

    def test_above_it(self) -> None:
        self.checkpoint(self.run_folder.parent, "global_step3", 2)
        self.assertEqual(self.says()[0], 0)

    def test_the_latest_whole_one_is_named(self) -> None:
        for step in (90, 100):
            self.checkpoint(self.run_folder / f"checkpoint-{step}", f"global_step{step}", 2)
        self.checkpoint(self.run_folder / "checkpoint-110", "global_step110", 2, missing=(1,))
        status, text = self.says()
        self.assertEqual(status, 0)
        self.assertIn("CAN BE HAD BACK, as of global_step100", text)
        self.assertIn("optimizer files of 1 of 2 ranks, not of rank 1", text)

    def test_one_in_the_folder_itself_comes_first(self) -> None:
        self.checkpoint(self.run_folder / "another", "global_step900", 2)
        self.checkpoint(self.final, "global_step5", 2)
        self.assertIn("as of global_step5,", self.says()[1])

    def test_bfloat16_names(self) -> None:
        self.checkpoint(self.final, "global_step1", 2, bf16=True)
        self.assertEqual(self.says()[0], 0)

    def test_a_rank_is_missing(self) -> None:
        self.checkpoint(self.final, "global_step1", 8, missing=(3,))
        status, text = self.says()
        self.assertEqual(status, 1)
        self.assertIn("optimizer files of 7 of 8 ranks, not of rank 3", text)

    def test_the_last_rank_is_missing_with_all_its_files(self) -> None:
        folder = self.checkpoint(self.final, "global_step1", 2)
        for name in ("rng_state_0.pth", "rng_state_1.pth", "rng_state_2.pth"):
            (folder.parent / name).write_bytes(b"")
        self.assertIn("2 of 3 ranks, not of rank 2", self.says()[1])

    def test_an_empty_file_is_missing(self) -> None:
        folder = self.checkpoint(self.final, "global_step1", 2)
        (folder / "zero_pp_rank_0_mp_rank_00_optim_states.pt").write_bytes(b"")
        self.assertEqual(self.says()[0], 1)

    def test_model_states_alone(self) -> None:
        self.checkpoint(self.final, "global_step1", 2, missing=(0, 1))
        self.assertIn("optimizer files of 0 of 2 ranks", self.says()[1])

    def test_another_tag_is_said(self) -> None:
        folder = self.checkpoint(self.final, "global_step1", 2)
        (self.final / "latest").write_text("global_step2", "utf-8")
        self.assertIn("python zero_to_fp32.py . whole -t global_step1", self.says()[1])
        (self.final / "latest").unlink()
        self.assertIn("-t global_step1", self.says(folder)[1])

    def test_without_the_script(self) -> None:
        self.checkpoint(self.final, "global_step1", 2)
        (self.final / "zero_to_fp32.py").unlink()
        self.assertIn("python -m deepspeed.utils.zero_to_fp32 . whole", self.says()[1])

    def test_a_place_with_a_space_can_be_copied(self) -> None:
        self.checkpoint(self.run_folder / "two words", "global_step1", 1)
        self.assertIn(f"cd '{self.run_folder}/two words'", self.says()[1])


class WhatIsNotLookedAt(Case):
    def test_shards_of_fsdp(self) -> None:
        (self.run_folder / "pytorch_model_fsdp_0").mkdir()
        (self.run_folder / "pytorch_model_fsdp_0" / "__0_0.distcp").write_bytes(b"x")
        status, text = self.says()
        self.assertEqual(status, 2)
        self.assertIn("shards of FSDP", text)

    def test_too_many_files(self) -> None:
        with mock.patch.object(find_zero_checkpoint, "MOST", 1):
            status, text = self.says()
        self.assertEqual(status, 2)
        self.assertIn("NOT LOOKED AT TO THE END", text)

    def test_no_folder(self) -> None:
        done = subprocess.run(
            [sys.executable, "-I", str(SNIPPET), str(self.final / "none")], capture_output=True, text=True, check=False
        )
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertTrue(done.stderr.startswith("find_zero_checkpoint.py: "), done.stderr)


class TheProgram(Case):
    def test_it_prints_what_it_saw_and_what_to_type(self) -> None:
        self.checkpoint(self.final, "global_step1", 2)
        done = subprocess.run(
            [sys.executable, "-I", str(SNIPPET), str(self.final)], capture_output=True, text=True, check=False
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.splitlines()[-1], "  python zero_to_fp32.py . whole")


if __name__ == "__main__":
    unittest.main()
