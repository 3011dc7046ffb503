"""Read tags: those of a job, a dataset, the fields of a dataset, and of a run, which count for what the run wrote.

Keys are those of our attributes, `residency` and `retention` of the Art. 30 vocabulary, and `pii`, common with dbt.
"""

import re
from collections.abc import Iterable
from typing import Any

from lineage.graph.shapes import items, members, text

Values = dict[str, Any]
_DURATION = re.compile(r"^P(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,6})D)?$")
_TRUE, _FALSE = {"true", "yes", "1"}, {"false", "no", "0"}
_PERSONAL_KEYS = ("contains_personal_data", "pii")
_PERSONAL_CLASSES = {"personal", "personal_special"}

JOB_TAGS = ("tags", "environment")
GOVERNANCE = (
    "environment",
    "classification",
    "contains_personal_data",
    "allowed_countries",
    "residency_limited",
    "retention_days",
)
DATASET_TAGS = ("tags", *GOVERNANCE, "personal_columns")


def job_tags(facet: dict[str, Any]) -> Values:
    """Return what the tags of a job say."""
    pairs = _pairs(facet)
    return {"tags": _tag_list(pairs), "environment": _by_key(pairs).get("environment", "")}


def dataset_tags(facet: dict[str, Any]) -> Values:
    """Return what the tags of a dataset and of its fields say.

    A personal column makes the dataset personal, whatever a tag of the whole says: the stricter reading.
    """
    pairs = _pairs(facet)
    values: Values = {"tags": _tag_list(pairs)} | _governance(_by_key(pairs))
    fields = _fields(facet)
    if fields:
        personal = sum(_is_personal(_by_key(tags)) for tags in fields.values())
        values["personal_columns"] = personal
        if personal:
            values["contains_personal_data"] = True
    return values


def personal_fields(facet: dict[str, Any]) -> frozenset[str] | None:
    """Return the fields of a dataset that its tags call personal; None where they say nothing of fields."""
    fields = _fields(facet)
    return frozenset(field for field, tags in fields.items() if _is_personal(_by_key(tags))) if fields else None


def run_tags(facet: object) -> Values:
    """Return what the tags of a run say of what it wrote; only what is said, so that silence takes nothing back."""
    said = _governance(_by_key(_pairs(members(facet))))
    return {name: value for name, value in said.items() if value not in (None, "", [])}


def _governance(by_key: dict[str, str]) -> Values:
    countries = sorted({word.upper() for word in re.split(r"[\s,;]+", by_key.get("residency", "")) if word})
    return {
        "environment": by_key.get("environment", ""),
        "classification": by_key.get("classification", "").lower(),
        "contains_personal_data": _personal(by_key),
        "allowed_countries": countries,
        "retention_days": days_of(by_key.get("retention", "")),
    }


def _personal(by_key: dict[str, str]) -> bool | None:
    said = {by_key[key].lower() for key in _PERSONAL_KEYS if key in by_key}
    return True if said & _TRUE else False if said & _FALSE else None


def _is_personal(by_key: dict[str, str]) -> bool:
    return _personal(by_key) is True or by_key.get("classification", "").lower() in _PERSONAL_CLASSES


def _tags(facet: dict[str, Any]) -> Iterable[tuple[str, str, str]]:
    """Yield field ('' = the whole), key and value."""
    for tag in map(members, items(facet.get("tags"))):
        if key := text(tag.get("key")):
            yield text(tag.get("field")), key, text(tag.get("value"))


def _pairs(facet: dict[str, Any]) -> list[tuple[str, str]]:
    return [(key, value) for field, key, value in _tags(facet) if not field]


def _fields(facet: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for field, key, value in _tags(facet):
        if field:
            found.setdefault(field, []).append((key, value))
    return found


def _by_key(pairs: list[tuple[str, str]]) -> dict[str, str]:
    return {key.lower(): value for key, value in sorted(pairs)}


def _tag_list(pairs: list[tuple[str, str]]) -> list[str]:
    return sorted({f"{key}:{value}" if value else key for key, value in pairs})


def days_of(duration: str) -> int | None:
    """Return an ISO 8601 duration of whole days (a year as 365, a month as 30: the shorter reading), or None."""
    match = _DURATION.match(duration.upper())
    if match is None or not any(match.groups()):
        return None
    years, months, weeks, days = (int(part or 0) for part in match.groups())
    return years * 365 + months * 30 + weeks * 7 + days
