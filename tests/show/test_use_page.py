"""The page "In your training script, in CI, with an agent": what it shows is what there is."""

from __future__ import annotations

import ast
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import tomllib
import yaml

from checkpoint_clinic.command import READERS, parser_of

ROOT = Path(__file__).parents[2]
PAGES = {language: (ROOT / "docs" / language / "use.md").read_text(encoding="utf-8") for language in ("en", "zh")}
BLOCKS = {language: re.findall(r"^```(\w+)\n(.*?)^```", text, re.DOTALL | re.MULTILINE) for language, text in PAGES.items()}
PROVED = ROOT / "checks/errors/size-mismatch-torch-size-0/stop_a_wrong_load.py"


def blocks(kind: str) -> list[str]:
    return [text for one, text in BLOCKS["en"] if one == kind]


def commands(value: Any) -> list[str]:
    """Return every line of a YAML document that starts our command."""
    if isinstance(value, dict):
        return [line for one in value.values() for line in commands(one)]
    if isinstance(value, list):
        return [line for one in value for line in commands(one)]
    return [line for line in str(value).splitlines() if "clinic " in line and not line.startswith("audit")]


def test_both_languages_show_the_same_code_but_for_its_comments() -> None:
    def bare(language: str) -> list[tuple[str, str]]:
        return [(kind, re.sub(r"  # .*", "", text)) for kind, text in BLOCKS[language]]

    assert bare("en") == bare("zh") and len(bare("en")) == 8
    assert re.findall(r"\{ #([\w-]+) \}", PAGES["en"]) == re.findall(r"\{ #([\w-]+) \}", PAGES["zh"])


def test_each_command_of_it_is_one_that_is_parsed() -> None:
    lines = [line for text in blocks("sh") for line in text.splitlines()]
    lines += [line for text in blocks("yaml") for line in commands(yaml.safe_load(text))]
    lines += re.findall(r"`(uvx checkpoint-clinic [^`]+)`", PAGES["en"])
    assert len(lines) >= 6
    for line in lines:
        words = shlex.split(line.rpartition("| ")[2])
        name = next(word for word in words if word in READERS)
        given = parser_of(name)[0].parse_known_args(words[words.index(name) + 1 :])[0]
        assert given.format in (None, "github")


def test_the_lines_for_a_training_script_are_those_that_were_decided() -> None:
    (script, test) = blocks("python")
    ast.parse(script)
    ast.parse(test)
    proved = PROVED.read_text(encoding="utf-8")
    for form in (
        "callbacks=[VerifyLoad(folder)]",
        'VerifyLoad(folder, part="net")',
        "add_hook_to_module(model, VerifyLoad(folder))",
    ):
        assert form in proved and form.replace("folder", '"path/to/model"') in script
    assert "with VerifyLoad()" in proved and "with VerifyLoad():" in script
    fixtures = (ROOT / "checkpoint_clinic/fixtures.py").read_text(encoding="utf-8")
    assert 'pytest_plugins = ["checkpoint_clinic.fixtures"]' in fixtures and "def verify_load(" in fixtures
    assert "(verify_load)" in test


def test_the_hook_is_the_one_that_the_source_offers() -> None:
    shown = next(yaml.safe_load(text) for text in blocks("yaml") if "repos:" in text)["repos"][0]["hooks"][0]
    (offered,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    for key in ("id", "name", "entry", "language", "files", "require_serial"):
        assert shown[key] == offered[key]


@pytest.mark.parametrize("language", BLOCKS)
def test_an_agents_settings_start_the_command_with_its_extra(language: str) -> None:
    settings = json.loads(next(text for kind, text in BLOCKS[language] if kind == "json"))
    (started,) = settings["mcpServers"].values()
    extra = started["args"][1]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name, _, wanted = extra.rstrip("]").partition("[")
    assert name == project["name"] and wanted in project["optional-dependencies"]
    assert started["args"][2] in project["scripts"] and started["args"][3] in READERS
