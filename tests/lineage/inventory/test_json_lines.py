"""One JSON value per line: every value is read by itself, whatever it is wrapped in, and broken ones are told."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from accounts.journal.canonical.exact import Exact
from lineage.inventory.errors import InventoryRefused
from lineage.inventory.formats.collected import Collected
from lineage.inventory.formats.json_lines import json_lines_format


def _tell(values: Iterator[tuple[str, Any]], found: Collected) -> None:
    for place, value in values:
        found.add(place, "storage", str(value.get("name") if isinstance(value, dict) else value))


def _strip(value: Exact) -> list[str]:
    if isinstance(value, dict) and "hidden" in value:
        del value["hidden"]
        return ["$.hidden"]
    return []


FORMAT = json_lines_format(
    "lines",
    "lines",
    grade_class="cloud_api",
    origin="measured",
    knows=lambda sample: False,
    tell=_tell,
    fills={},
    strip=_strip,
    within=("values",),
)
A, B = {"name": "a"}, {"name": "b", "n": 1.50}


def told(body: bytes) -> list[tuple[str, str]]:
    return [(one.place, one.row["uid"] if one.row else one.problems[0].message) for one in FORMAT.read(body, {})]


@pytest.mark.parametrize(
    ("body", "places"),
    [
        (json.dumps(A) + "\n\n" + json.dumps(B), ["line 1", "line 3"]),
        (json.dumps([A, B], indent=1), ["[0]", "[1]"]),
        (json.dumps({"values": [A, B]}, indent=1), ["values[0]", "values[1]"]),
    ],
)
def test_values_come_one_per_line_in_an_array_or_within_a_document(body: str, places: list[str]) -> None:
    assert told(b"\xef\xbb\xbf" + body.encode()) == list(zip(places, "ab", strict=True))


def test_one_value_may_fill_the_whole_file() -> None:
    assert told(json.dumps(A, indent=2).encode()) == [("$", "a")]


def test_a_broken_line_is_told_and_loses_no_other() -> None:
    (place, message), *good = told(b'{"name": "a"}\n{"name": \n{"name": "b"}\n')
    assert (place, good) == ("line 2", [("line 1", "a"), ("line 3", "b")])
    assert message.startswith("line 2: got '{\"name\":' (Got malformed JSON")


def test_an_array_that_is_cut_is_refused_as_a_whole() -> None:
    with pytest.raises(InventoryRefused, match="is no JSON array"):
        told(b'[{"name": "a"}, {"na')


@pytest.mark.parametrize("wrapped", [lambda *lines: "\n".join(lines), lambda *lines: f"[{','.join(lines)}]"])
def test_what_the_format_marks_as_secret_is_gone_before_anything_is_kept(wrapped: Any) -> None:
    body = wrapped('{"name": "a", "hidden": "x"}', '{"name": "b"}').encode()
    kept, redactions = FORMAT.clean(body, {})
    assert json.loads(kept.replace(b"\n", b",").join((b"[", b"]"))) in (
        [{"name": "a"}, {"name": "b"}],
        [[{"name": "a"}, {"name": "b"}]],
    )
    assert redactions == [{"rule": "marked_sensitive", "version": 1, "paths": ["line 1 $.hidden"]}]
    assert FORMAT.clean(kept, {}) == (kept, [])
