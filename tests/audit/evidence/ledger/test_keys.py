"""The private key stays private and is never replaced."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from audit.evidence.ledger.errors import KeyRefused
from audit.evidence.ledger.keys import PublicKey, SigningKey


def test_a_new_key_is_written_for_its_owner_alone_and_loads_again(tmp_path: Path) -> None:
    key = SigningKey.create(tmp_path / "ledger.pem")
    assert (tmp_path / "ledger.pem").stat().st_mode & 0o777 == 0o600
    again = SigningKey.load(tmp_path / "ledger.pem")
    assert again.public == key.public
    assert key.public.verify(again.sign(b"data"), b"data")
    assert not key.public.verify(again.sign(b"data"), b"other")


def test_an_existing_key_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "ledger.pem"
    SigningKey.create(path)
    before = path.read_bytes()
    with pytest.raises(KeyRefused) as refused:
        SigningKey.create(path)
    assert refused.value.code == "key_exists"
    assert path.read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_can_read_is_refused(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "ledger.pem"
    SigningKey.create(path)
    path.chmod(mode)
    with pytest.raises(KeyRefused, match="chmod 600") as refused:
        SigningKey.load(path)
    assert refused.value.code == "key_exposed"


def test_a_missing_key_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(KeyRefused, match="Restore it") as refused:
        SigningKey.load(tmp_path / "none.pem")
    assert refused.value.code == "key_missing"


def other_kind() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize("content", [b"", b"no key", other_kind()], ids=["empty", "text", "rsa"])
def test_what_is_no_ed25519_key_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "ledger.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyRefused) as refused:
        SigningKey.load(path)
    assert refused.value.code == "key_malformed"


def test_nothing_private_is_printed() -> None:
    seed = bytes(range(32))
    key = SigningKey.from_seed(seed)
    assert seed.hex() not in repr(key)
    assert repr(key) == f"SigningKey({key.public.fingerprint})"


def test_the_seed_gives_the_key_of_rfc_8032() -> None:
    # Section 7.1, test 1.
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = SigningKey.from_seed(seed)
    assert key.public.raw.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")


@pytest.mark.parametrize("raw", [b"", b"short", bytes(33)])
def test_a_public_key_of_another_length_is_refused(raw: bytes) -> None:
    with pytest.raises(KeyRefused):
        PublicKey(raw)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_gives_the_same_fingerprint(tmp_path: Path) -> None:
    key = SigningKey.from_seed(bytes(32)).public
    (tmp_path / "key.pem").write_bytes(key.pem())
    command = ["openssl", "pkey", "-pubin", "-in", "key.pem", "-outform", "DER"]
    der = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True).stdout
    assert hashlib.sha256(der).hexdigest() == key.fingerprint
