"""Statements in envelopes: signed bytes in, the same statement out, and nothing in between."""

import base64
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from accounts.journal.canonical.encode import NotCanonical, encode
from audit.evidence.ledger.envelope import (
    Statement,
    envelope,
    open_envelope,
    pre_authentication,
    read_payload,
    sign_payload,
)
from audit.evidence.ledger.errors import EnvelopeRefused, RecordRefused
from audit.evidence.ledger.record import entry, entry_hash, salted_digest, seal
from tests.audit.evidence.ledger.estate import KEY, OTHER_KEY, WORKSPACE, statement_id

STATEMENT = Statement(
    id=statement_id(7),
    workspace=WORKSPACE,
    action="policies:waiver:granted",
    actor="member:officer",
    made_at="2026-11-01T00:00:00Z",
    revision=41,
    subjects=[{"digest": {"sha256": "00" * 32}, "name": "finding:1"}],
    body={"reason": "übergangsweise", "until": "2026-12-01"},
    sequence=17,
    sealed_at="2026-11-01T00:00:01.5Z",
)
KEY_ID = KEY.public.fingerprint


def sealed_envelope() -> dict[str, object]:
    payload = STATEMENT.payload()
    return envelope(payload, sign_payload(payload, KEY), KEY_ID)


def test_the_pre_authentication_encoding_is_that_of_dsse() -> None:
    # The example of the DSSE protocol, v1.0.2.
    assert pre_authentication(b"hello world", "http://example.com/HelloWorld") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_parts_cannot_be_moved_across_their_border() -> None:
    assert pre_authentication(b" 1 x", "a") != pre_authentication(b"x", "a 1 ")


def test_a_statement_comes_back_as_it_was_signed() -> None:
    assert read_payload(open_envelope(sealed_envelope(), KEY.public)) == STATEMENT


def test_the_payload_is_a_canonical_in_toto_statement() -> None:
    payload = json.loads(STATEMENT.payload())
    assert encode(payload) == STATEMENT.payload()
    assert payload["_type"] == "https://in-toto.io/Statement/v1"
    assert set(payload) == {"_type", "predicate", "predicateType", "subject"}
    assert payload["subject"] == STATEMENT.subjects


def test_a_statement_about_nothing_outside_is_its_own_subject() -> None:
    alone = replace(STATEMENT, subjects=[])
    (subject,) = json.loads(alone.payload())["subject"]
    assert subject["name"] == f"statement:{STATEMENT.id}"
    assert len(bytes.fromhex(subject["digest"]["sha256"])) == 32


@pytest.mark.parametrize("column", ["id", "workspace", "action", "actor", "made_at", "sealed_at"])
def test_every_text_column_is_under_the_signature(column: str) -> None:
    assert replace(STATEMENT, **{column: "other"}).payload() != STATEMENT.payload()  # type: ignore[arg-type]


@pytest.mark.parametrize("column", ["revision", "sequence"])
def test_every_number_is_under_the_signature(column: str) -> None:
    assert replace(STATEMENT, **{column: 18}).payload() != STATEMENT.payload()  # type: ignore[arg-type]


def test_a_row_that_cannot_be_sealed_is_refused_but_still_exported() -> None:
    spoilt = replace(STATEMENT, body={"ratio": 0.5})
    with pytest.raises(NotCanonical):
        seal(spoilt, KEY)
    assert b"0.5" in spoilt.stored_payload()
    assert STATEMENT.stored_payload() == STATEMENT.payload()


def test_a_signature_by_another_key_is_refused() -> None:
    payload = STATEMENT.payload()
    by_other = envelope(payload, sign_payload(payload, OTHER_KEY), OTHER_KEY.public.fingerprint)
    with pytest.raises(EnvelopeRefused) as refused:
        open_envelope(by_other, KEY.public)
    assert refused.value.code == "envelope_key"


def test_a_signature_by_another_key_under_our_name_is_refused() -> None:
    payload = STATEMENT.payload()
    with pytest.raises(EnvelopeRefused) as refused:
        open_envelope(envelope(payload, sign_payload(payload, OTHER_KEY), KEY_ID), KEY.public)
    assert refused.value.code == "envelope_signature"


def test_a_bare_signature_without_domain_is_refused() -> None:
    payload = STATEMENT.payload()
    with pytest.raises(EnvelopeRefused):
        open_envelope(envelope(payload, KEY.sign(payload), KEY_ID), KEY.public)


def stray_bits(text: str) -> str:
    """Return another base64 text that lenient decoders read as the same bytes."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    body = text.rstrip("=")
    return body[:-1] + alphabet[alphabet.index(body[-1]) ^ 1] + text[len(body) :]


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value | {"payloadType": "text/plain"},
        lambda value: value | {"signatures": []},
        lambda value: value | {"signatures": value["signatures"] * 2},
        lambda value: value | {"payload": None},
        lambda value: value | {"payload": value["payload"] + "\n"},
        lambda value: value | {"payload": base64.b64encode(b"{}").decode()},
        lambda value: value | {"signatures": [{"keyid": KEY_ID, "sig": ""}]},
        lambda value: value | {"signatures": [{"keyid": KEY_ID, "sig": stray_bits(value["signatures"][0]["sig"])}]},
        lambda value: value | {"signatures": [{"keyid": KEY_ID}]},
        lambda value: [value],
        lambda value: None,
    ],
    ids=range(11),
)
def test_an_envelope_of_another_form_is_refused(change: object) -> None:
    with pytest.raises(EnvelopeRefused):
        open_envelope(change(sealed_envelope()), KEY.public)  # type: ignore[operator]


@pytest.mark.parametrize(
    "payload", [b"", b"{}", b"[]", b"\xff", b"[" * 100_000, b'{"_type":"https://in-toto.io/Statement/v1"}']
)
def test_a_payload_of_another_form_is_refused(payload: bytes) -> None:
    with pytest.raises(EnvelopeRefused):
        read_payload(payload)


def test_the_entry_is_a_canonical_digest_envelope_and_hides_the_payload() -> None:
    one, other = seal(STATEMENT, KEY), seal(STATEMENT, KEY)
    assert one.salt != other.salt
    assert one.digest != other.digest
    assert one.signature == other.signature
    raw = entry(one.statement, one.digest)
    assert encode(json.loads(raw)) == raw
    assert one.leaf_hash == entry_hash(one.statement, one.digest)
    assert salted_digest(one.salt, STATEMENT.payload()) == one.digest


def test_a_salt_of_another_length_is_refused() -> None:
    with pytest.raises(RecordRefused):
        salted_digest(b"short", b"payload")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_verifies_our_envelope(tmp_path: Path) -> None:
    value = json.loads(encode(sealed_envelope()))
    (tmp_path / "pae").write_bytes(pre_authentication(base64.b64decode(value["payload"])))
    (tmp_path / "sig").write_bytes(base64.b64decode(value["signatures"][0]["sig"]))
    (tmp_path / "key.pem").write_bytes(KEY.public.pem())
    command = [
        "openssl",
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "key.pem",
        "-rawin",
        "-in",
        "pae",
        "-sigfile",
        "sig",
    ]
    assert subprocess.run(command, cwd=tmp_path, check=False, capture_output=True).returncode == 0
    (tmp_path / "pae").write_bytes((tmp_path / "pae").read_bytes().replace(b"officer", b"auditor"))
    assert subprocess.run(command, cwd=tmp_path, check=False, capture_output=True).returncode != 0
