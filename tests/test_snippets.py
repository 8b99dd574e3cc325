"""The snippets' own tests, run by the Python of the default environment: they need torch, which the engine does not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CASES = sorted((ROOT / "tests" / "snippets").glob("*_cases.py"))


@pytest.mark.parametrize("cases", CASES, ids=lambda path: path.stem)
def test_a_snippet_does_what_its_cases_say(python: Path, cases: Path) -> None:
    done = subprocess.run([str(python), str(cases)], capture_output=True, text=True, check=False, env={"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    ran = re.search(r"^Ran (\d+) tests?", done.stderr, re.MULTILINE)
    assert ran and int(ran[1]) == cases.read_text(encoding="utf-8").count("\n    def test_"), done.stderr


def test_a_snippet_imports_nothing_but_what_readers_have() -> None:
    allowed = {"torch", "safetensors", "deepspeed", "transformers"}
    for snippet in (ROOT / "snippets").glob("*.py"):
        text = snippet.read_text(encoding="utf-8")
        imported = set(re.findall(r"^(?:from|import) (\w+)", text, re.MULTILINE))
        assert imported <= allowed | set(__import__("sys").stdlib_module_names), snippet.name


def test_a_new_article_is_decided_as_it_comes_from_the_template(python: Path, tmp_path: Path) -> None:
    for name in ("checks/environments", "checks/errors", "docs/en/errors", "docs/zh/errors"):
        (tmp_path / name).mkdir(parents=True)
    shutil.copytree(ROOT / "checks/environments/torch-2.13-cpu", tmp_path / "checks/environments/torch-2.13-cpu")
    variables = {**os.environ, "CLINIC_HOME": str(python.parents[3]), "PYTHONPATH": str(ROOT)}
    clinic = [sys.executable, "-c", "import sys; from checks.commands.main import main; sys.exit(main())"]
    for arguments in (["new", "weight-of-another-shape"], ["run", "CC001"], ["lint"], ["status", "CC001"]):
        done = subprocess.run([*clinic, *arguments], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "CC001 verified 2/2" in done.stdout
