"""Read facts out of standard facets: the few that mean an attribute of the vocabulary.

A facet that was sent replaces the former one whole, so each facet names all attributes that it can give: what it does
not give is None, "no longer said". Values that the vocabulary does not take are left out; a redacted one is no value.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal

from lineage.events.redact import REDACTED
from lineage.graph.shapes import items, json_bytes, members, parse, text
from lineage.graph.told import Facts, Ref
from lineage.inventory.effective import LONG_AGO
from lineage.inventory.kinds.load import load_kinds
from lineage.inventory.kinds.validate import validate_attributes

Values = dict[str, Any]
Origin = Literal["measured", "declared"]
ORIGINS: tuple[Origin, ...] = ("measured", "declared")
_DATASET_TYPES = {"TABLE": "table", "VIEW": "table", "FILE": "file_set", "TOPIC": "stream", "STREAM": "stream"}
_JOB_TYPES = {"BATCH": "batch", "STREAMING": "stream"}
_DURATION = re.compile(r"^P(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,6})D)?$")
_TRUE, _FALSE = {"true", "yes", "1"}, {"false", "no", "0"}


def facts_of(about: Ref, facets: object) -> Iterator[Facts]:
    """Yield what the facets of one job, dataset or run say about it."""
    readers = _READERS[about.kind]
    known = {name: facet for name, facet in members(facets).items() if name in readers and facet is not None}
    if known:
        for values, origin in _facts(about.kind, json_bytes(known)):
            yield Facts(about, values, origin)


@lru_cache(maxsize=4096)
def _facts(kind: str, content: bytes) -> tuple[tuple[Values, Origin], ...]:
    """Read facets that were written to JSON; producers send the same ones with every event."""
    facets = members(parse(content))
    found: list[tuple[Values, Origin]] = []
    for origin in ORIGINS:
        values: Values = {}
        for name, facet in facets.items():
            read, its_origin, names = _READERS[kind][name]
            if its_origin == origin:
                values |= dict.fromkeys(names) | _read(read, facet)
        if values:
            found.append((_valid(kind, values), origin))
    return tuple(found)


def _read(reader: Callable[[dict[str, Any]], Values], facet: object) -> Values:
    return {} if members(facet).get("_deleted") is True else reader(members(facet))


def _valid(kind: str, values: Mapping[str, Any]) -> Values:
    """Return the values that the kind takes, and None for each that was named and gave nothing.

    No facet gives an age, so that the time of the event does not matter.
    """
    said = {name: value for name, value in values.items() if value not in (None, "", []) and REDACTED not in str(value)}
    checked = validate_attributes(load_kinds()[kind], said, LONG_AGO).values
    return dict.fromkeys(values) | dict(checked)


# ---- one function per facet: its members -> attributes


def _ownership(facet: dict[str, Any]) -> Values:
    return {
        "owner": next((name for owner in items(facet.get("owners")) if (name := text(members(owner).get("name")))), "")
    }


def _documentation(facet: dict[str, Any]) -> Values:
    return {"description": text(facet.get("description"))}


def _job_type(facet: dict[str, Any]) -> Values:
    return {"subtype": _JOB_TYPES.get(text(facet.get("processingType")).upper(), "")}


def _processing(facet: dict[str, Any]) -> Values:
    return {"purpose": text(facet.get("purpose"))}


def _dataset_type(facet: dict[str, Any]) -> Values:
    return {"subtype": _DATASET_TYPES.get(text(facet.get("datasetType")).upper(), "")}


def _version(facet: dict[str, Any]) -> Values:
    return {"version": text(facet.get("datasetVersion"))}


def _source_code(facet: dict[str, Any]) -> Values:
    return {"git_sha": text(facet.get("version"))}


def _tag_pairs(facet: dict[str, Any]) -> list[tuple[str, str]]:
    """Return key and value of the tags of the whole; those of a single field are not about the whole."""
    tags = [members(tag) for tag in items(facet.get("tags"))]
    return [(key, text(tag.get("value"))) for tag in tags if not tag.get("field") and (key := text(tag.get("key")))]


def _tag_list(pairs: list[tuple[str, str]]) -> list[str]:
    return sorted({f"{key}:{value}" if value else key for key, value in pairs})


def _job_tags(facet: dict[str, Any]) -> Values:
    pairs = _tag_pairs(facet)
    by_key = {key.lower(): value for key, value in sorted(pairs)}
    return {"tags": _tag_list(pairs), "environment": by_key.get("environment", "")}


def _dataset_tags(facet: dict[str, Any]) -> Values:
    """Read tags, with the keys of notes/lineage.md section 5 (residency, retention) and those of our attributes."""
    pairs = _tag_pairs(facet)
    by_key = {key.lower(): value for key, value in sorted(pairs)}
    countries = sorted({word.upper() for word in re.split(r"[\s,;]+", by_key.get("residency", "")) if word})
    personal = by_key.get("contains_personal_data", "").lower()
    return {
        "tags": _tag_list(pairs),
        "environment": by_key.get("environment", ""),
        "classification": by_key.get("classification", "").lower(),
        "contains_personal_data": True if personal in _TRUE else False if personal in _FALSE else None,
        "allowed_countries": countries,
        "retention_days": _days(by_key.get("retention", "")),
    }


def _days(duration: str) -> int | None:
    """Return an ISO 8601 duration of whole days (a year as 365, a month as 30: the shorter reading), or None."""
    match = _DURATION.match(duration.upper())
    if match is None or not any(match.groups()):
        return None
    years, months, weeks, days = (int(part or 0) for part in match.groups())
    return years * 365 + months * 30 + weeks * 7 + days


_Reader = tuple[Callable[[dict[str, Any]], Values], str, tuple[str, ...]]
_TAGS = ("tags", "environment")
_DATASET_TAGS = (
    *_TAGS,
    "classification",
    "contains_personal_data",
    "allowed_countries",
    "residency_limited",
    "retention_days",
)
_READERS: Mapping[str, Mapping[str, _Reader]] = {
    "job": {
        "ownership": (_ownership, "declared", ("owner",)),
        "documentation": (_documentation, "declared", ("description",)),
        "jobType": (_job_type, "measured", ("subtype",)),
        "processing": (_processing, "declared", ("purpose",)),
        "tags": (_job_tags, "declared", _TAGS),
    },
    "dataset": {
        "ownership": (_ownership, "declared", ("owner",)),
        "documentation": (_documentation, "declared", ("description",)),
        "datasetType": (_dataset_type, "measured", ("subtype",)),
        "version": (_version, "measured", ("version",)),
        "tags": (_dataset_tags, "declared", _DATASET_TAGS),
    },
    "run": {"sourceCodeLocation": (_source_code, "measured", ("git_sha",))},
}
