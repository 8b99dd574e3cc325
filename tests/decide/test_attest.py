"""An envelope vouches for one statement, by a key that is trusted, or for nothing."""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from hashlib import sha256
from types import ModuleType

import pytest

from checks.decide import attest
from checks.decide.attest import Refused, key_of, load_private_key, load_public_key, made_for, sign, workflow_of
from checks.decide.policy import Workflow

from .keys import other_kind_of_key, private_key, public_key

STATEMENT = b'{"_type": "https://in-toto.io/Statement/v1"}\n'
KEY = private_key()
KEYS = {"somebody": public_key(private_key()), "maintainer": public_key(KEY)}
ENVELOPE = sign(STATEMENT, load_private_key(KEY))


def test_a_trusted_key_is_named() -> None:
    assert key_of(STATEMENT, ENVELOPE, KEYS) == "maintainer"
    assert sign(STATEMENT, load_private_key(KEY)) == ENVELOPE  # Ed25519: the same bytes again


def test_a_key_that_is_not_trusted_vouches_for_nothing() -> None:
    with pytest.raises(Refused, match=r"no key of checks/policy\.toml has signed it"):
        key_of(STATEMENT, ENVELOPE, {"somebody": KEYS["somebody"]})
    with pytest.raises(Refused, match="no key"):
        key_of(STATEMENT, sign(STATEMENT, load_private_key(private_key())), KEYS)


def test_an_envelope_of_another_statement_is_told() -> None:
    with pytest.raises(Refused, match="belongs to another statement"):
        key_of(STATEMENT + b" ", ENVELOPE, KEYS)


def test_every_byte_of_an_envelope_counts() -> None:
    for position in range(len(ENVELOPE)):
        altered = ENVELOPE[:position] + bytes([ENVELOPE[position] ^ 1]) + ENVELOPE[position + 1 :]
        with pytest.raises(Refused):
            key_of(STATEMENT, altered, KEYS)


@pytest.mark.parametrize("keep", [0, 1, 0.5, 0.99])
def test_half_an_envelope_is_none(keep: float) -> None:
    with pytest.raises(Refused):
        key_of(STATEMENT, ENVELOPE[: int(len(ENVELOPE) * keep) if keep < 1 else -1], KEYS)


@pytest.mark.parametrize(
    "text", ["[]", "{}", "null", '{"payload": 1}', '{"payload": "", "payloadType": "", "signatures": [{}]}']
)
def test_other_json_is_no_envelope(text: str) -> None:
    with pytest.raises(Refused, match="cannot be read"):
        key_of(STATEMENT, text.encode(), KEYS)


def test_a_signature_under_the_name_of_a_trusted_key_is_not_its_signature() -> None:
    forged = json.loads(sign(STATEMENT, load_private_key(private_key())))
    forged["signatures"][0]["keyid"] = json.loads(ENVELOPE)["signatures"][0]["keyid"]
    with pytest.raises(Refused, match="no key"):
        key_of(STATEMENT, attest._written(forged), KEYS)


def test_another_kind_of_payload_is_refused() -> None:
    from securesystemslib.dsse import Envelope

    other = Envelope(STATEMENT, "text/plain", {})
    other.sign(load_private_key(KEY))
    with pytest.raises(Refused, match="another statement"):
        key_of(STATEMENT, attest._written(other.to_dict()), KEYS)


@pytest.mark.parametrize("pem", [b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", other_kind_of_key()])
def test_other_keys_cannot_be_used_and_no_part_of_them_is_said(pem: bytes) -> None:
    with pytest.raises(Refused, match=r"^(not a private key in PEM without a password|another kind of key than Ed25519)$"):
        load_private_key(pem)


def test_a_private_key_is_no_public_one() -> None:
    with pytest.raises(Refused, match="not a public key"):
        load_public_key(KEY.decode())


def test_what_an_envelope_says_that_it_is_about() -> None:
    digest = b64encode(sha256(STATEMENT).digest()).decode()
    payload = b64encode(json.dumps({"subject": [{"digest": {"sha256": sha256(STATEMENT).hexdigest()}}]}).encode()).decode()
    of_artifact = json.dumps({"messageSignature": {"messageDigest": {"digest": digest}}}).encode()
    of_digest = json.dumps({"dsseEnvelope": {"payload": payload}}).encode()
    for envelope in (ENVELOPE, of_artifact, of_digest):
        assert made_for(STATEMENT, envelope)
        assert not made_for(STATEMENT + b" ", envelope)
    assert not made_for(STATEMENT, b"[]")


GPU = Workflow(repository="team/clinic", path=".github/workflows/checks-gpu.yml")


@pytest.fixture
def bundles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for sigstore: a bundle is the workflow's identity and the statement, in plain text."""

    def verify(statement: bytes, bundle: bytes, workflow: Workflow) -> None:
        if bundle != f"{workflow.repository}/{workflow.path}@{workflow.ref} {workflow.runner} ".encode() + statement:
            raise Refused("the certificate is of another workflow")

    monkeypatch.setitem(sys.modules, "sigstore", ModuleType("sigstore"))
    monkeypatch.setattr(attest, "verify_bundle", verify)


BUNDLE = b"team/clinic/.github/workflows/checks-gpu.yml@refs/heads/main github-hosted " + STATEMENT


@pytest.mark.usefixtures("bundles")
def test_a_workflow_is_named_by_what_its_certificate_says() -> None:
    other = GPU.model_copy(update={"ref": "refs/heads/fork"})
    assert workflow_of(STATEMENT, BUNDLE, {"fork": other, "checks-gpu": GPU}) == "checks-gpu"
    with pytest.raises(Refused, match="of another workflow"):
        workflow_of(STATEMENT, BUNDLE, {"fork": other})
    with pytest.raises(Refused, match=r"no workflow of checks/policy\.toml can have made it"):
        workflow_of(STATEMENT, BUNDLE, {})


def test_without_its_package_a_bundle_vouches_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sigstore", None)
    with pytest.raises(Refused, match="the package sigstore is not installed"):
        workflow_of(STATEMENT, BUNDLE, {"checks-gpu": GPU})


def test_what_is_no_bundle_is_refused_by_the_real_verifier() -> None:
    pytest.importorskip("sigstore")
    for text in (b"", b"{}", ENVELOPE):
        with pytest.raises(Refused, match="it does not hold"):
            attest.verify_bundle(STATEMENT, text, GPU)
