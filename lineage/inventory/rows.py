"""Judge one native row: what can be used of it, and each thing that cannot. Bad never costs good."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

from lineage.inventory.assets import UID_LIMIT, Key
from lineage.inventory.formats.parsed import Rejected
from lineage.inventory.kinds.load import load_kinds, shipped_vocabulary
from lineage.inventory.kinds.types import Kind
from lineage.inventory.kinds.validate import validate_attributes
from lineage.inventory.kinds.values import parse_timestamp, show, writable
from lineage.inventory.nearest import nearest

MEMBERS = ("kind", "uid", "name", "attributes", "relations", "observed_at", "origin")
ORIGINS = ("measured", "declared", "attested")
FUTURE_ALLOWED = datetime.timedelta(hours=1)
EARLIEST = datetime.datetime(1990, 1, 1, tzinfo=datetime.UTC)
"""Nothing was observed before: a time from then is a clock that was never set, or a date that was never given."""
QUOTED_KINDS = {"dataset": "namespace and name", "job": "namespace and name", "data_flow": "uids of both data sets"}


@dataclass(frozen=True)
class Defaults:
    """What holds for rows that do not say: when they were observed and how. `now`: receipt, bounds the future."""

    observed_at: datetime.datetime
    origin: str
    now: datetime.datetime


@dataclass(frozen=True)
class AssetRow:
    """A row that can be used. Facts of value None and relations None: the source no longer knows them."""

    line: int
    kind: str
    uid: str
    facts: Mapping[str, Any]
    relations: Mapping[str, Sequence[Key] | None]
    observed_at: datetime.datetime
    origin: str
    dated: bool  # the row itself said when it was observed

    @property
    def key(self) -> Key:
        """(kind, uid)."""
        return self.kind, self.uid


@dataclass
class Judged:
    """One row judged. `row` None: nothing of it can be used. `key` is known wherever kind and uid could be read."""

    row: AssetRow | None = None
    key: Key | None = None
    rejected: list[Rejected] = field(default_factory=list)


class _Refused(Exception):
    """Nothing of this row can be used; the reason was noted."""


def judge_row(line: int, given: Mapping[str, Any], defaults: Defaults) -> Judged:
    """Judge a native row.

    1. Kind and uid: without them nothing can be kept.
    2. When it was observed: a time in the future is a wrong clock, and would win over every later report; one before
       EARLIEST is a clock that was never set, and would lose to every other.
    3. Name, attributes and relations, each for itself.
    4. Members that are none of ours are told, and the row is kept.
    """
    judged = Judged()
    try:
        kind = _kind(line, given, judged)  # 1
        uid = _uid(line, "uid", kind.name, given.get("uid"), judged)
        judged.key = (kind.name, uid)
        observed_at, dated = _observed_at(line, given, defaults, judged)  # 2
    except _Refused:
        return judged
    origin = _origin(line, given, defaults, judged)
    facts = _facts(line, kind, given.get("attributes"), observed_at, judged)  # 3
    if (name := _name(line, given.get("name"), judged)) is not None:
        facts["name"] = name
    relations = _relations(line, kind, given.get("relations"), judged)
    for member in given:  # 4
        if member not in MEMBERS:
            hint = "put it under attributes" if kind.takes(member) else f"leave it out{nearest(member, MEMBERS)}"
            _reject(judged, line, member, show(given[member]), f"one of {', '.join(MEMBERS)}", hint)
    judged.row = AssetRow(line, kind.name, uid, facts, relations, observed_at, origin, dated)
    return judged


def _reject(judged: Judged, line: int, field: str, got: str, expected: str, hint: str) -> None:
    judged.rejected.append(Rejected(line, writable(field)[:120], got, expected, hint))


def _kind(line: int, given: Mapping[str, Any], judged: Judged) -> Kind:
    name, kinds = given.get("kind"), load_kinds()
    kind = kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        hint = f"see docs/inventories.md{nearest(name, kinds) if isinstance(name, str) else ''}"
        _reject(judged, line, "kind", _got(given, "kind"), "a kind of the vocabulary", hint)
        raise _Refused
    if is_own_record(kind):
        expected = "a kind that sources report"
        _reject(judged, line, "kind", show(name), expected, "Auditline keeps these records itself; leave them out")
        raise _Refused
    return kind


@lru_cache(maxsize=1024)
def is_own_record(kind: Kind) -> bool:
    """Tell whether only the service itself knows such records (findings, waivers): nobody may send them in."""
    common = shipped_vocabulary().common.attributes
    own = [attribute for name, attribute in kind.attributes.items() if name not in common]
    return kind.origin == "record" and all(attribute.origin == "derived" for attribute in own)


def _uid(line: int, field: str, kind: str, uid: Any, judged: Judged) -> str:
    if not isinstance(uid, str) or not uid.strip():
        got = "nothing" if uid is None else show(uid)
        _reject(judged, line, field, got, "the key of the asset as text", "send the key that its owner chose")
    elif "\x00" in uid:
        _reject(
            judged, line, field, show(uid), "text without the NUL character", "remove it, the database cannot keep it"
        )
    elif len(uid.encode()) > UID_LIMIT:
        got = f"{len(uid.encode())} bytes"
        _reject(
            judged, line, field, got, f"at most {UID_LIMIT} bytes of UTF-8", "choose a shorter key, such as its digest"
        )
    elif kind in QUOTED_KINDS and (right := _quoted(uid)) != uid:
        form = f"percent-encoded {QUOTED_KINDS[kind]} joined by /"
        _reject(judged, line, field, show(uid), form, f'send "{right}"' if right else "such as s3%3A%2F%2Flake/orders")
    elif kind == "run" and uid != uid.lower():
        _reject(judged, line, field, show(uid), "the run id in lower case", f'send "{uid.lower()}"')
    else:
        return uid
    raise _Refused


def _quoted(uid: str) -> str:
    """Return the uid in its one form: both parts percent-encoded; '' where it does not have two parts."""
    if uid.count("/") == 1:
        first, _, second = uid.partition("/")
        return f"{quote(unquote(first), safe='')}/{quote(unquote(second), safe='')}" if first and second else ""
    return ""


def _observed_at(
    line: int, given: Mapping[str, Any], defaults: Defaults, judged: Judged
) -> tuple[datetime.datetime, bool]:
    text = given.get("observed_at")
    if text is None:
        return defaults.observed_at, False
    instant = parse_timestamp(text) if isinstance(text, str) else None
    if instant is None:
        expected = "RFC 3339 time with zone"
        _reject(judged, line, "observed_at", show(text), expected, "send a time such as 2026-11-01T00:00:00Z")
        raise _Refused
    if instant > defaults.now + FUTURE_ALLOWED:
        expected = f"a time up to now ({defaults.now:%Y-%m-%dT%H:%M:%SZ}), at most an hour ahead"
        _reject(judged, line, "observed_at", show(text), expected, "set the clock of the collector")
        raise _Refused
    if instant < EARLIEST:
        expected = f"a time since {EARLIEST:%Y}"
        _reject(judged, line, "observed_at", show(text), expected, "send when it was seen, or leave observed_at out")
        raise _Refused
    return instant, True


def _origin(line: int, given: Mapping[str, Any], defaults: Defaults, judged: Judged) -> str:
    origin = given.get("origin")
    if origin is None:
        return defaults.origin
    if origin in ORIGINS:
        return str(origin)
    # The weakest is assumed: a typing error must not improve a grade.
    expected = f"one of {', '.join(ORIGINS)}"
    _reject(judged, line, "origin", show(origin), expected, f"taken as declared{nearest(str(origin), ORIGINS)}")
    return "declared"


def _name(line: int, name: Any, judged: Judged) -> str | None:
    if name is None:
        return None
    if isinstance(name, str) and "\x00" not in name and len(name.encode()) <= UID_LIMIT:
        return name or None
    _reject(judged, line, "name", show(name), f"text of at most {UID_LIMIT} bytes", "the asset was kept without it")
    return None


def _facts(line: int, kind: Kind, attributes: Any, observed_at: datetime.datetime, judged: Judged) -> dict[str, Any]:
    if attributes is None:
        return {}
    if not isinstance(attributes, dict):
        _reject(judged, line, "attributes", show(attributes), "an object", 'send {"country": "DE"}')
        return {}
    if "uid" in attributes:
        expected = "uid beside attributes, not inside"
        _reject(judged, line, "attributes.uid", show(attributes["uid"]), expected, "leave it out here")
        attributes = {name: value for name, value in attributes.items() if name != "uid"}
    valid = validate_attributes(kind, attributes, observed_at)
    for problem in valid.problems:
        _reject(judged, line, problem.field, problem.got, problem.expected, problem.hint)
    return {**valid.values, **dict.fromkeys(valid.missing)}


def _relations(line: int, kind: Kind, relations: Any, judged: Judged) -> dict[str, Sequence[Key] | None]:
    if relations is None:
        return {}
    if not isinstance(relations, dict):
        expected = "an object of lists"
        _reject(judged, line, "relations", show(relations), expected, 'send {"at": [{"kind": "site", "uid": "fra1"}]}')
        return {}
    found: dict[str, Sequence[Key] | None] = {}
    for name, targets in relations.items():
        if name not in kind.relations:
            expected = f"a relation of {kind.name}: {', '.join(sorted(kind.relations))}"
            _reject(
                judged,
                line,
                f"relations.{name}",
                show(targets),
                expected,
                f"leave it out{nearest(name, kind.relations)}",
            )
        elif targets is None:
            found[name] = None
        elif not isinstance(targets, list):
            hint = 'send [{"kind": ..., "uid": ...}], or [] where it is known to have none'
            _reject(judged, line, f"relations.{name}", show(targets), "a list", hint)
        else:
            # One target that cannot be read makes the list as a whole unknown: a part of it would look complete.
            keys = list(_targets(line, f"relations.{name}", kind.relations[name].target, targets, judged))
            if len(keys) == len(targets):
                found[name] = keys
    return found


def _targets(line: int, field: str, wanted: str, targets: Sequence[Any], judged: Judged) -> Iterator[Key]:
    for index, target in enumerate(targets):
        where = f"{field}[{index}]"
        if not isinstance(target, dict) or set(target) != {"kind", "uid"}:
            _reject(
                judged,
                line,
                where,
                show(target),
                'an object {"kind", "uid"}',
                f'send {{"kind": "{wanted}", "uid": ...}}',
            )
        elif target["kind"] != wanted:
            hint = f"{field.partition('.')[2]} leads to the kind {wanted}"
            _reject(judged, line, f"{where}.kind", show(target["kind"]), f'"{wanted}"', hint)
        else:
            try:
                yield wanted, _uid(line, f"{where}.uid", wanted, target["uid"], judged)
            except _Refused:
                continue


def _got(given: Mapping[str, Any], member: str) -> str:
    return show(given[member]) if given.get(member) is not None else "nothing"
