"""Facts with where each comes from: those that a verdict read, as sealed, and those that an asset has now."""

import datetime
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from audit.web.words import readable_uid, value_text
from lineage.inventory.kinds.load import load_kinds, load_lineage_facts
from lineage.inventory.kinds.types import Attribute
from lineage.inventory.kinds.values import parse_timestamp
from lineage.inventory.queries import AssetDetail, Fact
from lineage.inventory.summaries import heads_of
from policies.checklists.checks import Check


def facts_read(said: Mapping[str, Any], kind: str, check: Check | None = None) -> list[dict[str, Any]]:
    """Return exactly the facts that a verdict read, and the missing ones, from what its sealed leaf says of it.

    With the check, those that only say whether it concerns the asset are told apart: they do not lower the grade.
    """
    facts = said.get("facts", [])
    others = heads_of({uuid.UUID(fact["asset"]) for fact in facts if fact.get("asset")})
    rows = [_fact_read(fact, kind, others) for fact in facts]
    counts = said.get("reason") == "population"
    for row in rows:
        if check is not None and check.when and not counts and row["name"] not in (check.condition or ""):
            row["how"] = "says only whether the check concerns it"
    read = {row["name"] for row in rows}
    return rows + [_missing(path, kind) for path in said.get("missing", []) if path not in read]


def _fact_read(fact: Mapping[str, Any], kind: str, others: Mapping[uuid.UUID, tuple[str, str]]) -> dict[str, Any]:
    keys = fact.get("keys", [])
    owner = others.get(uuid.UUID(fact["asset"])) if fact.get("asset") else None
    attribute = attribute_of(owner[0] if owner else kind, fact["path"])
    weakest = max((key.get("grade", "") for key in keys), default="")
    instants = [at for key in keys if (at := parse_timestamp(key.get("at") or "")) is not None]
    return {
        "name": fact["path"],
        "meaning": f"of {owner[1]}: {_meaning(attribute)}" if owner else _meaning(attribute),
        "value": fact_text(attribute, fact.get("value")),
        "unit": attribute.unit if attribute else None,
        "origin": _joined(key.get("origin", "") for key in keys),
        "source": _joined(key.get("source", "") for key in keys),
        "observed_at": max(instants, default=None),
        "grade": weakest,
        "how": _how(fact["path"], keys),
    }


def _missing(path: str, kind: str) -> dict[str, Any]:
    return {"name": path, "meaning": _meaning(attribute_of(kind, path)), "value": None, "grade": "", "decisive": True}


def attribute_of(kind: str, path: str) -> Attribute | None:
    """Return the attribute that a path of a rule ends in: of the kind, or a lineage fact; None for a relation."""
    name = path.rpartition(".")[2]
    if ".lineage." in path:
        return load_lineage_facts().get(name)
    known = load_kinds().get(kind)
    return known.attribute(name) if known else None


def _meaning(attribute: Attribute | None) -> str:
    return attribute.meaning if attribute else ""


def fact_text(attribute: Attribute | None, value: Any) -> str | None:
    """Return a value as text; an instant as people write it."""
    moment = parse_timestamp(value) if attribute and attribute.type == "timestamp" and isinstance(value, str) else None
    return f"{moment:%-d %b %Y, %H:%M} UTC" if moment else value_text(value)


def _joined(words: Any) -> str:
    return ", ".join(dict.fromkeys(word for word in words if word))


def _how(path: str, keys: Sequence[Mapping[str, Any]]) -> str:
    """Return from which stored facts a value was computed, where these have other names."""
    behind = [key["name"] for key in keys if key["name"] != path.rpartition(".")[2]]
    return f"from {', '.join(behind)}" if behind else ""


def facts_known(detail: AssetDetail) -> list[dict[str, Any]]:
    """Return the effective facts of an asset with their conflicts; what everybody took back is shown as missing."""
    return [_fact_known(detail, fact) for fact in detail.facts]


def _fact_known(detail: AssetDetail, fact: Fact) -> dict[str, Any]:
    attribute = attribute_of(detail.line.kind, fact.name)
    others = [
        f"{each.get('source')} says {value_text(each.get('value'))}" for each in detail.conflicts.get(fact.name, [])
    ]
    return {
        "name": fact.name,
        "meaning": _meaning(attribute),
        "value": readable_uid(detail.line.kind, fact.value) if fact.name == "uid" else fact_text(attribute, fact.value),
        "unit": attribute.unit if attribute else None,
        "origin": fact.origin,
        "source": fact.source,
        "observed_at": _instant(fact.at),
        "grade": fact.grade,
        "how": f"by {fact.derivation}" if fact.derivation not in ("", fact.source) else "",
        "conflict": "; ".join(others),
    }


def _instant(text: str) -> datetime.datetime | None:
    return parse_timestamp(text) if text else None
