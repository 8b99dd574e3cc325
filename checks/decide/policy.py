"""checks/policy.toml: whose word it takes before evidence counts. Evidence of a clinic without one is judged by `STRICT`."""

from __future__ import annotations

from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import tomllib
from pydantic import AfterValidator, Field, ValidationError, model_validator

from ..content.article import Strict
from ..content.problem import Invalid, Problem, from_validation
from .attest import Refused, load_public_key

FILE = "checks/policy.toml"
ANY_KEY = "key:*"


def _public_key(pem: str) -> str:
    try:
        load_public_key(pem)
    except Refused as error:
        raise ValueError(f"a public Ed25519 key in PEM ({error})") from error
    return pem


class Workflow(Strict):
    """What the certificate of a workflow's signature must say; its issuer is GitHub's, see `attest.ISSUER`."""

    repository: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")]
    path: Annotated[str, Field(pattern=r"^\.github/workflows/[\w.-]+\.yml$")]
    ref: str = "refs/heads/main"
    runner: str = "github-hosted"


class Need(Strict):
    """Cells whose evidence needs an attestation by one of `by`: `key:NAME`, `key:*` for any, `workflow:NAME`."""

    device: Literal["cpu", "cuda"] | None = None
    environments: str = "*"  # as file names are matched
    by: Annotated[tuple[Annotated[str, Field(pattern=r"^(key:([\w-]+|\*)|workflow:[\w-]+)$")], ...], Field(min_length=1)]

    def fits(self, environment: str, device: str) -> bool:
        """Whether it speaks of the cells of an environment."""
        return self.device in (None, device) and fnmatch(environment, self.environments)


class PullRequest(Strict):
    """What must agree before the evidence of a pull request is merged: a job that decides the same cells afresh."""

    workflow: str
    job: str


class Policy(Strict):
    """Trusted keys and workflows by name, and which cells need one of them. Of the rest a file in the repository is enough."""

    keys: dict[Annotated[str, Field(pattern=r"^[\w-]+$")], Annotated[str, AfterValidator(_public_key)]] = Field(
        default_factory=dict
    )
    workflows: dict[Annotated[str, Field(pattern=r"^[\w-]+$")], Workflow] = Field(default_factory=dict)
    need: tuple[Need, ...] = ()
    pull_request: PullRequest | None = None

    @model_validator(mode="after")
    def _keys_are_known(self) -> Policy:
        named = {f"key:{name}" for name in self.keys}
        asked = {one for need in self.need for one in need.by if one.startswith("key:")}
        if unknown := sorted(asked - named - {ANY_KEY}):
            raise ValueError(f"need.by names keys that [keys] lacks: {', '.join(unknown)}")
        return self

    @cached_property
    def digest(self) -> str:
        """What tells one policy from another, for what is remembered of files."""
        return self.model_dump_json()

    def unmet(self, environment: str, device: str, vouchers: frozenset[str]) -> str:
        """Return by whom an attestation is needed and missing; empty if the evidence counts."""
        for need in self.need:
            asked = {f"key:{name}" for name in self.keys} if ANY_KEY in need.by else set()
            if need.fits(environment, device) and not vouchers & {*need.by, *asked}:
                return " or ".join(map(_in_words, need.by))
        return ""


STRICT = Policy(need=(Need(device="cuda", by=(ANY_KEY,)),))


def load_policy(root: Path) -> Policy:
    """Read a clinic's policy; where it has none, no evidence of a GPU counts.

    Raises:
        Invalid: with every problem of the file.
    """
    path = root / FILE
    if not path.is_file():
        return STRICT
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        return Policy.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise Invalid([Problem(FILE, 1, "TOML", str(error), f"correct the syntax of {FILE}")]) from error
    except ValidationError as error:
        raise Invalid(from_validation(error, FILE, text)) from error


def _in_words(voucher: str) -> str:
    kind, _, name = voucher.partition(":")
    return "a trusted key" if name == "*" else f"the {kind} {name}"
