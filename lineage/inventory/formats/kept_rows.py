"""Formats that are kept in another form than they came: native lines, each with its place in what was sent.

    {"line": 3, "kind": "storage", "uid": "s3://lake-eu", "attributes": {"country": "DE"}}
    {"line": 4, "refused": [{"field": "country", "got": "...", "expected": "...", "hint": "..."}], "row": true}

What could not be used when the file came is kept beside the rows: the receipt and the projection, which read this form
alone, come to the same end. `row` tells whether what was refused was a row of its own.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from accounts.journal.canonical.exact import BodyRefused, parse_exact
from lineage.inventory.formats.native import NATIVE
from lineage.inventory.formats.parsed import Parameters, Parsed, Rejected
from lineage.inventory.formats.per_line import plain
from lineage.inventory.kinds.values import writable

Redaction = dict[str, Any]
_SAID = ("field", "got", "expected", "hint")


def keep(found: Iterable[Parsed], parameters: Parameters, rule: Redaction) -> tuple[bytes, list[Redaction]]:
    """Return what was read as it is kept, without secrets, and the rules applied, `rule` first.

    `rule` names what the format did to the file: {"rule", "version", "paths"} and counts of its own.
    """
    body = b"".join(line for each in found for line in _lines(each))
    clear, redactions = NATIVE.clean(body, parameters)
    return clear, [rule, *redactions]


def read_kept(body: bytes, parameters: Parameters) -> Iterator[Parsed]:
    """Yield what was kept, with the lines that it had in what was sent."""
    for number, text in enumerate(body.split(b"\n"), start=1):
        if not text:
            continue
        try:
            row = plain(parse_exact(text))
        except BodyRefused as error:
            problem = Rejected(number, "", error.message, "a kept line", "send the file again")
            yield Parsed(number, problems=(problem,))
            continue
        line, place = row.pop("line", number), row.pop("place", "")
        if "refused" in row:
            problems = tuple(Rejected(line, place=place, **said) for said in row["refused"])
            yield Parsed(line, problems=problems, is_row=row["row"], place=place)
        else:
            yield Parsed(line, row=row, place=place)


def _lines(each: Parsed) -> Iterator[bytes]:
    at: dict[str, Any] = {"line": each.line} | ({"place": each.place} if each.place else {})
    if each.problems:
        said = [{name: getattr(problem, name) for name in _SAID} for problem in each.problems]
        yield _line(at | {"refused": said, "row": each.row is None and each.is_row})
    if each.row is not None:
        yield _line(at | dict(each.row))


def _line(value: dict[str, Any]) -> bytes:
    return writable(json.dumps(value, ensure_ascii=False)).encode() + b"\n"
