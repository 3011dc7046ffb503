"""The native format: one asset per line as a JSON object (NDJSON), or one JSON array of such objects.

    {"manifest": {"query": "...", "count": 2, "generated_at": "2026-11-01T00:00:00Z", "collector": "..."}}
    {"kind": "storage", "uid": "s3://lake-eu", "attributes": {"country": "DE"}, "relations": {"at": [...]}}

The manifest may come first, or be left out. In an array, "line" counts its members from 1.
"""

from collections.abc import Iterator
from typing import Any

from accounts.journal.canonical.exact import BodyRefused
from lineage.inventory.formats.parsed import Format, Parameters, Parsed, Rejected
from lineage.inventory.formats.per_line import begin_of, clean_lines, lines, read_plain
from lineage.inventory.formats.sample import Sample
from lineage.inventory.formats.split import split_lines
from lineage.inventory.kinds.values import show

ROW = "one asset as a JSON object with kind and uid"


def read(body: bytes, parameters: Parameters) -> Iterator[Parsed]:
    """Yield each line as a native row; lines that are no JSON object are told and skipped."""
    for line, text in lines(body):
        try:
            value = read_plain(text)
        except BodyRefused as error:
            yield Parsed(line, problems=(_malformed(line, text, error),))
            continue
        if not isinstance(value, dict):
            problem = Rejected(line, "", show(value), ROW, "put each asset on a line of its own")
            yield Parsed(line, problems=(problem,))
        elif "manifest" in value and "kind" not in value:
            yield Parsed(line, manifest=value["manifest"])
        else:
            yield Parsed(line, row=value)


def clean(body: bytes, parameters: Parameters) -> tuple[bytes, list[dict[str, Any]]]:
    """Return the body without secrets; exactly as received where there are none. Lines keep their numbers."""
    return clean_lines(body)


def _malformed(line: int, text: bytes, error: BodyRefused) -> Rejected:
    got = f"{begin_of(text)} ({error.message})"
    return Rejected(line, "", got, ROW, "correct the line and send it again")


def _knows(sample: Sample) -> bool:
    return "manifest" in sample.members or {"kind", "uid"} <= sample.members.keys()


NATIVE = Format(
    "native",
    "native lines",
    "asset_database",
    _knows,
    read,
    clean,
    media_type="application/x-ndjson",
    split=split_lines,
)
