"""Keys of the tests' own, made when they are needed: none is kept."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


def private_key() -> bytes:
    """Return a new private key in PEM."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def other_kind_of_key() -> bytes:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_key(private: bytes) -> str:
    """Return a private key's public half in PEM."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    made = load_pem_private_key(private, None).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return made.decode()


def trust(root: Path, private: bytes, need: str = 'device = "cuda"\nby = ["key:*"]') -> None:
    """Write a policy that trusts a key by the name `maintainer`."""
    text = f"[keys]\nmaintainer = '''{public_key(private)}'''\n\n[[need]]\n{need}\n"
    (root / "checks" / "policy.toml").write_text(text, encoding="utf-8")
