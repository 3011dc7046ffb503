"""Ways to see why: from the lineage facts that a verdict read to the path on the page Lineage that each came by."""

from collections.abc import Iterator, Mapping
from typing import Any

from audit.web.links import href
from lineage.graph.search import KINDS
from lineage.inventory.labels import RANKS

MOST = 6
_LINEAGE = "asset.lineage."


def lit_paths(slug: str, asset: Any, kind: str, said: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return links to the paths by which what a verdict read of its asset's lineage came there or goes from there.

    `said` is the change in its sealed leaf. At most MOST; none for a kind that has no picture of its own.
    """
    if kind not in KINDS:
        return []
    read = {fact["path"]: fact.get("value") for fact in said.get("facts", []) if not fact.get("asset")}
    found = dict.fromkeys(label for path, value in read.items() for label in _labels(path, value, read))
    return [
        {
            "text": _words(label, direction),
            "href": href(
                "lineage", slug, asset=asset, label=label, direction="" if direction == "upstream" else direction
            ),
        }
        for label, direction in list(found)[:MOST]
    ]


def _labels(path: str, value: Any, read: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (label, direction) of what a fact says, the strictest class first."""
    values = value if isinstance(value, list) else []
    match path.removeprefix(_LINEAGE) if path.startswith(_LINEAGE) else "":
        case "upstream_classes":
            yield from _all("class", sorted(values, key=lambda each: -RANKS.get(each, -1)), "upstream")
        case "upstream_max_class_rank":
            own = read.get("asset.effective_class_rank")
            if isinstance(value, int) and (not isinstance(own, int) or own < value):
                yield from _all("class", [name for name, rank in RANKS.items() if rank == value], "upstream")
        case "upstream_environments":
            yield from _all("environment", values, "upstream")
        case "upstream_countries":
            yield from _all("country", values, "upstream")
        case "upstream_residency_limited" if value is True:
            yield "limit", "upstream"
        case "reads_personal_data" if value is True:
            yield "personal", "upstream"
        case "flows_to_countries":
            allowed = read.get("asset.allowed_countries") or []
            yield from _all("country", [each for each in values if each not in allowed], "downstream")
        case "downstream_classes":
            yield from _all("class", sorted(values, key=lambda each: -RANKS.get(each, -1)), "downstream")
        case "downstream_risk_tiers":
            yield from _all("tier", values, "downstream")


def _all(family: str, values: list[Any], direction: str) -> Iterator[tuple[str, str]]:
    yield from ((f"{family}:{value}", direction) for value in values)


def _words(label: str, direction: str) -> str:
    """Return "how personal data comes here", "how it reaches US"."""
    family, _, value = label.partition(":")
    what = {
        "class": f"data of the class {value.replace('_', ' ')}",
        "environment": f"data of the environment {value}",
        "country": value if direction == "downstream" else f"data from {value}",
        "tier": f"a system of the tier {value}",
        "limit": "a residency limit",
        "personal": "personal data",
    }[family]
    return f"how {what} comes here" if direction == "upstream" else f"how it reaches {what}"
