"""Signed notes and checkpoints, against the examples of the C2SP specifications and against forgeries."""

import base64

import pytest

from accounts.journal.canonical.merkle import EMPTY_ROOT, leaf_hash
from audit.evidence.ledger.errors import KeyRefused, NoteRefused
from audit.evidence.ledger.keys import SigningKey
from audit.evidence.ledger.note import (
    Checkpoint,
    Verifier,
    open_checkpoint,
    open_note,
    origin,
    sign_checkpoint,
    sign_note,
)

# The example of c2sp.org/signed-note.
VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()

KEY = SigningKey.from_seed(bytes(range(32)))
WITNESS = SigningKey.from_seed(bytes(32))
LOG = Verifier("auditline/w", KEY.public)
ROOT = leaf_hash(b"root")


def test_the_example_of_the_specification_opens() -> None:
    assert open_note(NOTE, Verifier.parse(VKEY)) == b"This is an example message.\n"
    assert Verifier.parse(VKEY).vkey == VKEY


def test_what_was_signed_comes_back() -> None:
    text = "one\n\ntwo — zwei\n".encode()
    note = sign_note(text, LOG.name, KEY)
    assert open_note(note, LOG) == text
    assert note == sign_note(text, LOG.name, KEY)  # the same bytes every time


def test_a_checkpoint_has_the_lines_of_tlog_checkpoint() -> None:
    note = sign_checkpoint(Checkpoint("auditline/w", 17, ROOT), KEY)
    assert note.split(b"\n")[:4] == [b"auditline/w", b"17", base64.b64encode(ROOT), b""]
    assert open_checkpoint(note, LOG) == Checkpoint("auditline/w", 17, ROOT)


def test_signatures_of_others_are_ignored_not_trusted() -> None:
    note = sign_checkpoint(Checkpoint("auditline/w", 1, ROOT), KEY)
    witness = sign_note(Checkpoint("auditline/w", 1, ROOT).text(), "witness.example/w1", WITNESS)
    both = note + witness.rpartition(b"\n\n")[2]
    assert open_checkpoint(both, LOG).size == 1
    with pytest.raises(NoteRefused) as refused:
        open_checkpoint(witness, LOG)
    assert refused.value.code == "note_unsigned"


def test_a_key_of_the_same_name_is_another_key() -> None:
    with pytest.raises(NoteRefused) as refused:
        open_note(sign_note(b"text\n", LOG.name, WITNESS), LOG)
    assert refused.value.code == "note_unsigned"


def test_a_changed_text_fails_even_beside_a_good_signature() -> None:
    note = sign_note(b"ten\n", LOG.name, KEY)
    with pytest.raises(NoteRefused) as refused:
        open_note(note.replace(b"ten", b"one"), LOG)
    assert refused.value.code == "note_signature"


@pytest.mark.parametrize("bit", range(0, 8 * len(NOTE), 5))
def test_no_changed_bit_of_a_note_opens(bit: int) -> None:
    changed = bytearray(NOTE)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(NoteRefused):
        open_note(bytes(changed), Verifier.parse(VKEY))


SIGNED = sign_note(b"text\n", LOG.name, KEY)


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"\n",
        b"text\n",
        b"text\n\n",
        SIGNED.removesuffix(b"\n"),
        SIGNED + b"\n",
        SIGNED + b"trailing\n",
        b"\n" + SIGNED,
        SIGNED.replace(b"text", b"te\x00t"),
        SIGNED.replace(b"text", b"te\tt"),
        SIGNED.replace(b"text", b"te\xff"),
        SIGNED.replace(b"text\n", b"text\r\n"),
        SIGNED.replace("—".encode(), b"-"),
        SIGNED.replace(b"=\n", b"= \n"),
        SIGNED.replace(b"=\n", b"\n"),
        SIGNED.replace(b"auditline/w ", b"auditline/w  "),
        SIGNED + SIGNED.split(b"\n")[2] * 100,
        b"x" * 100_000 + SIGNED,
    ],
    ids=range(18),
)
def test_a_note_of_another_form_is_refused(note: bytes) -> None:
    with pytest.raises(NoteRefused):
        open_note(note, LOG)


def checkpoint_note(text: bytes) -> bytes:
    return sign_note(text, LOG.name, KEY)


HASH = base64.b64encode(ROOT)


@pytest.mark.parametrize(
    "text",
    [
        b"auditline/w\n17\n",
        b"auditline/w\n017\n" + HASH + b"\n",
        b"auditline/w\n-1\n" + HASH + b"\n",
        b"auditline/w\n+1\n" + HASH + b"\n",
        "auditline/w\n٣\n".encode() + HASH + b"\n",
        b"auditline/w\n17\n" + HASH[:-4] + b"\n",
        b"auditline/w\n17\nAAAA\n",
        b"auditline/w\n0\n" + HASH + b"\n",
        b"auditline/w\n17\n" + HASH + b"\n\nextension\n",
        b"auditline/other\n17\n" + HASH + b"\n",
        b"auditline:manifest/v1\nauditline/w\n" + b"0" * 64 + b"\n",
    ],
    ids=[
        "no-root",
        "leading-zero",
        "negative",
        "plus",
        "other-digits",
        "short-root",
        "tiny-root",
        "empty-log-with-a-root",
        "empty-line",
        "another-origin",
        "a-signed-manifest",
    ],
)
def test_a_signed_text_that_is_no_checkpoint_is_refused(text: bytes) -> None:
    with pytest.raises(NoteRefused):
        open_checkpoint(checkpoint_note(text), LOG)


def test_extension_lines_are_read_over() -> None:
    note = checkpoint_note(b"auditline/w\n17\n" + HASH + b"\nextension\n")
    assert open_checkpoint(note, LOG) == Checkpoint("auditline/w", 17, ROOT)


def test_an_empty_log_has_the_empty_root() -> None:
    head = Checkpoint("auditline/w", 0, EMPTY_ROOT)
    assert open_checkpoint(sign_checkpoint(head, KEY), LOG) == head


@pytest.mark.parametrize("head", [Checkpoint("auditline/w", 0, ROOT), Checkpoint("auditline/w", 1, b"short")])
def test_a_head_that_cannot_be_is_not_signed(head: Checkpoint) -> None:
    with pytest.raises(NoteRefused):
        sign_checkpoint(head, KEY)


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        "name+00000000",
        VKEY.replace("530d903a", "530d903b"),
        VKEY.replace("foo", "fop"),
        VKEY[:-1],
        VKEY + "=",
        VKEY.replace("+Aek", "+Bek"),
        VKEY.replace("530d903a", "530D903A"),
    ],
)
def test_a_verifier_key_with_a_changed_part_is_refused(vkey: str) -> None:
    with pytest.raises(KeyRefused):
        Verifier.parse(vkey)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u00a0b"])
def test_a_name_that_would_break_the_format_is_refused(name: str) -> None:
    with pytest.raises(KeyRefused):
        sign_note(b"text\n", name, KEY)


def test_the_origin_names_the_workspace_under_a_configured_prefix() -> None:
    assert origin("w") == "auditline/w"
    assert origin("w", "bank.example/ledger") == "bank.example/ledger/w"
