"""Who vouches for a statement: an envelope beside it, made with a key, or by a workflow that Sigstore knows. All offline.

`<module>@<environment>.dsse.json`      a DSSE envelope around the statement's bytes, signed with Ed25519 (securesystemslib)
`<module>@<environment>.sigstore.json`  a Sigstore bundle of a GitHub workflow, over these bytes or over their digest (sigstore)

A statement names the digests of its log and of its subjects, so who signs it has signed all that it was decided by.
Format: https://github.com/secure-systems-lab/dsse
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner, SSlibKey

DSSE, SIGSTORE = ".dsse.json", ".sigstore.json"
ENDINGS = (DSSE, SIGSTORE)
PAYLOAD = "application/vnd.in-toto+json"
ISSUER = "https://token.actions.githubusercontent.com"  # who says of a GitHub workflow which one it is
KEY_VARIABLE = "CLINIC_SIGNING_KEY"


class Refused(Exception):
    """An envelope that vouches for nothing, in one sentence."""


class Identity(Protocol):
    """What a workflow's certificate must say."""

    @property
    def repository(self) -> str:
        """`owner/name`."""

    @property
    def path(self) -> str:
        """`.github/workflows/name.yml`."""

    @property
    def ref(self) -> str:
        """`refs/heads/main`."""

    @property
    def runner(self) -> str:
        """`github-hosted`: no machine of somebody's own has made it."""


def load_private_key(pem: bytes) -> CryptoSigner:
    """Return a private key (PEM, Ed25519, without a password: keep it where only its owner reads).

    Raises:
        Refused: if it is anything else.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from securesystemslib.signer import CryptoSigner

    try:
        key = load_pem_private_key(pem, password=None)
    except Exception as error:  # whatever a broken file makes the reader raise; its text could hold parts of the key
        raise Refused("not a private key in PEM without a password") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Refused("another kind of key than Ed25519")
    return CryptoSigner(key)


def load_public_key(pem: str) -> SSlibKey:
    """Return a public key as a policy states it (PEM, Ed25519).

    Raises:
        Refused: if it is anything else.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from securesystemslib.signer import SSlibKey

    try:
        key = load_pem_public_key(pem.strip().encode())
    except Exception as error:  # as above
        raise Refused("not a public key in PEM") from error
    if not isinstance(key, Ed25519PublicKey):
        raise Refused("another kind of key than Ed25519")
    return SSlibKey.from_crypto(key)


def public_pem(key: CryptoSigner) -> str:
    """Return a private key's public half, as a policy states it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public_key.keyval["public"]))
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def sign(statement: bytes, key: CryptoSigner) -> bytes:
    """Return an envelope around a statement's bytes."""
    from securesystemslib.dsse import Envelope

    envelope = Envelope(statement, PAYLOAD, {})
    envelope.sign(key)
    return _written(envelope.to_dict())


def key_of(statement: bytes, envelope: bytes, keys: Mapping[str, str]) -> str:
    """Return the name of the key, of those given (name -> public key), that has signed this statement.

    Raises:
        Refused: if none has, or a byte of the envelope is another than when it was written.
    """
    try:
        from securesystemslib.dsse import Envelope
        from securesystemslib.exceptions import VerificationError
    except ModuleNotFoundError as error:
        raise Refused("it cannot be looked at here: securesystemslib is not installed") from error
    try:
        found = Envelope.from_dict(json.loads(envelope))
        canonical = _written(found.to_dict())
    except Exception as error:  # whatever a broken file makes JSON, base64 or the library raise
        raise Refused(f"it cannot be read: {type(error).__name__}") from error
    if canonical != envelope:
        raise Refused("it was altered after it was written")
    if (found.payload_type, found.payload) != (PAYLOAD, statement):
        raise Refused("it belongs to another statement")
    for name, pem in keys.items():
        try:
            found.verify([load_public_key(pem)], threshold=1)
        except (VerificationError, ValueError):
            continue
        return name
    raise Refused("no key of checks/policy.toml has signed it")


def made_for(statement: bytes, envelope: bytes) -> bool:
    """Whether an envelope or a bundle says that it is about this statement; whether that is true, is for a policy to say."""
    try:
        data = json.loads(envelope)
        signed = data.get("messageSignature")
        if signed:
            return bool(b64decode(signed["messageDigest"]["digest"]) == hashlib.sha256(statement).digest())
        payload = b64decode(data.get("dsseEnvelope", data)["payload"])
        return payload == statement or hashlib.sha256(statement).hexdigest().encode() in payload
    except Exception:  # whatever a broken file makes JSON, base64 or a look-up raise
        return False


def workflow_of(statement: bytes, bundle: bytes, workflows: Mapping[str, Identity]) -> str:
    """Return the name of the workflow, of those given, that has signed this statement or a statement of its digest.

    Raises:
        Refused: if none has.
    """
    try:
        import sigstore  # noqa: F401  the optional extra `attest`
    except ModuleNotFoundError as error:
        raise Refused("it cannot be looked at here: the package sigstore is not installed") from error
    reasons = []
    for name, workflow in workflows.items():
        try:
            verify_bundle(statement, bundle, workflow)
        except Refused as error:
            reasons.append(str(error))
        else:
            return name
    raise Refused(reasons[0] if reasons else "no workflow of checks/policy.toml can have made it")


def verify_bundle(statement: bytes, bundle: bytes, workflow: Identity) -> None:
    """Verify a bundle against the roots that the sigstore package carries, and the certificate against the workflow.

    Raises:
        Refused: if it does not hold.
    """
    from sigstore.models import Bundle
    from sigstore.verify import Verifier
    from sigstore.verify.policy import AllOf, Identity, OIDCRunnerEnvironment, OIDCSourceRepositoryRef, OIDCSourceRepositoryURI

    repository = f"https://github.com/{workflow.repository}"
    policy = AllOf(
        [
            Identity(identity=f"{repository}/{workflow.path}@{workflow.ref}", issuer=ISSUER),
            OIDCSourceRepositoryURI(repository),
            OIDCSourceRepositoryRef(workflow.ref),
            OIDCRunnerEnvironment(workflow.runner),
        ]
    )
    try:
        read, verifier = Bundle.from_json(bundle), Verifier.production(offline=True)
        if "dsseEnvelope" not in json.loads(bundle):
            verifier.verify_artifact(statement, read, policy)
            return
        kind, payload = verifier.verify_dsse(read, policy)
        digests = [one["digest"].get("sha256") for one in json.loads(payload)["subject"]] if kind == PAYLOAD else []
    except Exception as error:  # whatever a broken or foreign bundle makes the library raise
        raise Refused(
            f"it does not hold: {str(error).splitlines()[0] if str(error) else type(error).__name__}"[:200]
        ) from error
    if payload != statement and hashlib.sha256(statement).hexdigest() not in digests:
        raise Refused("it belongs to another statement")


def _written(envelope: dict[str, object]) -> bytes:
    """Return the one form in which an envelope is written, so that every other byte is noticed."""
    return (json.dumps(envelope, indent=1, sort_keys=True) + "\n").encode()
