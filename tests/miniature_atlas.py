"""A small atlas for tests: two architectures, three releases that differ in a variable alone, two ways; decided in seconds."""

from __future__ import annotations

from pathlib import Path

TOML = """
[[way]]
module = "plain"
environments = ["atlas-*"]
words = { en = "from_pretrained", zh = "from_pretrained" }
sentence = { en = "{0} loads exactly.", zh = "{0} 加载后逐位相同。" }

[[way]]
module = "zero3"
environments = ["atlas-*"]
words = { en = "under ZeRO-3", zh = "ZeRO-3 下" }
sentence = { en = "{0} loads exactly under ZeRO-3.", zh = "{0} 在 ZeRO-3 下加载后逐位相同。" }

[zh]
dense = "稠密"
mixture = "专家混合"
"""
ENVIRONMENT = 'axes = ["transformers"]\npython = "system"\ndevice = "cpu"\n'
ARCHITECTURE = '''"""TITLE: WORDS."""

from _published import Published

PUBLISHED = Published("TYPE", "TITLEForCausalLM")
'''
ARCHITECTURES = """import dense
import mixture

PUBLISHED = {"dense": dense.PUBLISHED, "mixture": mixture.PUBLISHED}
"""
PLAIN = """from functools import partial

from _architectures import PUBLISHED


def claim(published):
    print('atlas: {"tensors": 4, "differ": 0, "unused": 0, "renamed": 0, "reported": {"missing": 0}}')
    assert published.model_type


def __getattr__(name):
    return partial(claim, PUBLISHED[name])
"""
ZERO3 = """from functools import partial

from _architectures import PUBLISHED


def claim(published):
    outcome = published.outcome(published.model_type)
    assert not outcome, outcome


def __getattr__(name):
    return partial(claim, PUBLISHED[name])
"""
PUBLISHED = '''import json
from pathlib import Path


class Published:
    def __init__(self, model_type, model_class):
        self.model_type = model_type

    def outcome(self, which):
        """What this release does: the name of the lock that it was started with is not seen here, so a file says it."""
        return json.loads(Path(__file__).with_name("_outcome.json").read_text())[which]
'''


def write(root: Path, releases: tuple[str, ...] = ("5.3.0", "5.4.0", "5.10.0")) -> None:
    """Lay the atlas into a project's folder."""
    folder = root / "checks" / "atlas"
    folder.mkdir(parents=True)
    (folder / "atlas.toml").write_text(TOML, encoding="utf-8")
    (folder / "_published.py").write_text(PUBLISHED, encoding="utf-8")
    for module, title, words in (("dense", "Dense", "a dense decoder"), ("mixture", "Mixture", "a mixture of experts")):
        text = ARCHITECTURE.replace("TITLE", title).replace("TYPE", module).replace("WORDS", words)
        (folder / f"{module}.py").write_text(text, encoding="utf-8")
    for name, text in (("_architectures", ARCHITECTURES), ("plain", PLAIN), ("zero3", ZERO3)):
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    (folder / "_outcome.json").write_text('{"dense": "", "mixture": ""}', encoding="utf-8")
    family = root / "checks" / "environments" / "atlas"
    family.mkdir(parents=True)
    (family / "environment.toml").write_text(ENVIRONMENT, encoding="utf-8")
    for release in releases:
        (family / f"lock.{release}.txt").write_text("", encoding="utf-8")
