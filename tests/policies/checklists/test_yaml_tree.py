"""YAML comes in as plain values: bounded, nothing constructed, nothing guessed."""

import pytest

from policies.checklists.errors import ChecklistRefused
from policies.checklists.yaml_tree import GREATEST_INT, MAX_BYTES, MAX_DEPTH, read_tree


def value_of(text: str) -> object:
    return read_tree(text.encode(), "demo.yaml").value


def refusal(content: bytes | str) -> str:
    with pytest.raises(ChecklistRefused) as caught:
        read_tree(content.encode() if isinstance(content, str) else content, "demo.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[SE, NO]", ["SE", "NO"]),
        ("[yes, off, Y]", ["yes", "off", "Y"]),
        ("[true, false]", [True, False]),
        ("[7, 0, -3]", [7, 0, -3]),
        ("[0.05, 40.0]", [0.05, 40.0]),
        ("[010, 1e3, .inf, .5, 0x1f, 1:30]", ["010", "1e3", ".inf", ".5", "0x1f", "1:30"]),
        ("[2026-11-01, 24h]", ["2026-11-01", "24h"]),
        ('["7", "true", "~"]', ["7", "true", "~"]),
        ("a: ~", {"a": None}),
        ("a:", {"a": None}),
        ("a: |\n  7\n", {"a": "7\n"}),
        ("7: seven", {"7": "seven"}),
    ],
)
def test_a_plain_value_is_what_it_looks_like(text: str, value: object) -> None:
    got = value_of(text)
    assert got == value
    assert repr(got) == repr(value)


def test_every_value_knows_its_line() -> None:
    tree = read_tree(b"a: 1\nb:\n  - x\n  - c: 2\n", "demo.yaml")
    assert tree.line_of(("a",)) == 1
    assert tree.line_of(("b", 1, "c")) == 4
    assert tree.line_of(("b", 1, "not there")) == 4


def test_a_bomb_of_aliases_is_refused_at_the_first_alias() -> None:
    bomb = "a: &a [x, x, x]\n" + "".join(
        f"{new}: &{new} [*{old}, *{old}]\n" for old, new in zip("abcdefg", "bcdefgh", strict=True)
    )
    assert "demo.yaml:2: YAML: got the alias *a, expected no alias" in refusal(bomb)


def test_what_would_construct_an_object_is_refused() -> None:
    assert "expected no tag" in refusal("a: !!python/object/apply:os.system [ls]")
    assert "expected no tag" in refusal("a: !!binary aGk=")


def test_a_key_that_occurs_twice_is_refused_at_its_second_line() -> None:
    assert "demo.yaml:3: YAML: got the key 'a' twice" in refusal("a: 1\nb: 2\na: 3\n")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a: " + b"x" * MAX_BYTES, "expected at most"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "levels, expected fewer"),
        (b"a: \xff", "expected UTF-8"),
        (b"a: \x01", "expected YAML"),
        ('a: "\\0"', "a NUL character"),
        ("a: [1,\nb: }", "demo.yaml:2: YAML"),
        ("a: 1\n---\nb: 2\n", "a second document"),
        ("? [a]\n: 1\n", "a list or map as key"),
        ("<<: {a: 1}", "the merge key"),
        (f"a: {GREATEST_INT + 1}", "expected at most"),
        ("a: 123456789012345678901234567890", "expected at most"),
    ],
)
def test_what_is_not_taken_is_refused_with_its_reason(content: bytes | str, words: str) -> None:
    assert words in refusal(content)


def test_many_small_values_are_refused_before_they_fill_the_memory() -> None:
    assert "more than 100000 values" in refusal("[" + "1," * 100_001 + "]")
