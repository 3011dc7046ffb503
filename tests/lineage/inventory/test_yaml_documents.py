"""YAML from outside: plain values and nothing else, and each document by itself."""

from decimal import Decimal

import pytest

from lineage.inventory.errors import InventoryRefused
from lineage.inventory.formats import yaml_documents
from lineage.inventory.formats.yaml_documents import DEPTH, read_documents


def values(text: str) -> list[object]:
    found = list(read_documents(text.encode()))
    assert [each.problem for each in found] == [""] * len(found)
    return [each.value for each in found]


def problem(text: str) -> str:
    (found,) = read_documents(text.encode())
    return found.problem


def test_plain_scalars_mean_what_yaml_1_2_says() -> None:
    lines = ("a: no", "b: 2026-10-01", "c: 010", "d: 1.50", "e: -3", "f: ~", "g:", "h: True", "i: '7'", "j: 1e3")
    assert values("\n".join((*lines, "k: .inf", "l: 12345678901234567890"))) == [
        {
            "a": "no",
            "b": "2026-10-01",
            "c": "010",
            "d": Decimal("1.50"),
            "e": -3,
            "f": None,
            "g": None,
            "h": True,
            "i": "7",
            "j": "1e3",
            "k": ".inf",
            "l": "12345678901234567890",
        }
    ]


def test_documents_are_cut_at_their_markers_with_directives_and_comments_between() -> None:
    text = "# first\n%YAML 1.2\n---\na: |\n  --- no marker\n...\n---\n# nothing here\n--- {b: 1}\n---\r\nc: 2\r\n"
    assert values(text) == [{"a": "--- no marker\n"}, {"b": 1}, {"c": 2}]
    assert [each.line for each in read_documents(text.encode())] == [3, 9, 10]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: &x [1]\nb: *x", "the alias *x at line 2"),
        ("a: !!python/object:os.system x", "the tag"),
        ("a: 1\na: 2", 'the key "a" (string) twice at line 2'),
        ("<<: {a: 1}", "to merge"),
        ("? [a]\n: b", "a list or map as key"),
        ("a: [1", "at line"),
        ("a: \x01", "after line 1"),
        ("a: b: c", "mapping values are not allowed in this context at line 1"),
        ("[" * (DEPTH + 1) + "]" * (DEPTH + 1), f"more than {DEPTH} levels"),
        ("a: " + "x" * 1_100_000, "a text of 1100000 characters"),
        ("\n".join(f"k{number}: 1" for number in range(10_001)), "more than 10000 keys"),
    ],
)
def test_what_is_not_plain_is_refused_with_its_line(text: str, expected: str) -> None:
    assert expected in problem(text)


def test_a_file_that_would_grow_by_aliases_is_refused_at_the_first_of_them() -> None:
    steps = [f"{b}: &{b} [*{a}, *{a}, *{a}]" for a, b in zip("abcdefg", "bcdefgh", strict=True)]
    laughs = "\n".join(("a: &a [x, x, x]", *steps))
    assert "the alias *a at line 2" in problem(laughs)


def test_a_broken_document_loses_no_other() -> None:
    found = list(read_documents(b"a: 1\n---\nb: [\n---\nc: 3\n"))
    assert [each.value for each in found] == [{"a": 1}, None, {"c": 3}]
    assert "line" in found[1].problem


def test_what_is_no_text_or_too_much_is_refused_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InventoryRefused) as refused:
        list(read_documents(b"a: \xff"))
    assert refused.value.code == "yaml_malformed"
    monkeypatch.setattr(yaml_documents, "MAX_VALUES", 10)
    with pytest.raises(InventoryRefused) as refused:
        list(read_documents(b"---\na: [1, 2, 3]\n" * 4))
    assert refused.value.code == "yaml_malformed"
