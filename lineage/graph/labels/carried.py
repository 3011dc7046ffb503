"""Say what an asset brings into the lineage of others, and what of it is not known. Plain Python."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

PERSONAL = frozenset({"personal", "personal_special"})
"""Classes that say by themselves that personal data is held."""

Part = Literal["dataset", "model", "ai_system", "service", "job"]
"""What can take part in lineage. A job neither gives nor passes on labels: it has what it reads and what it writes."""


@dataclass(frozen=True)
class Carried:
    """What one asset carries; None = nobody said, which is never the same as none.

    `places`: every country where it lies or answers. `origin`: nothing has to feed it (a dataset marked is_origin, a
    model that is known to have learned from nothing). `over_retention`: it holds records older than they may be.
    """

    part: Part
    classification: str | None = None
    rank: int | None = None
    environment: str | None = None
    places: tuple[str, ...] | None = None
    limited: bool | None = None
    allowed: tuple[str, ...] | None = None
    personal: bool | None = None
    tier: str | None = None
    over_retention: bool | None = None
    origin: bool = False


def carried_by(part: Part, document: Mapping[str, Any], over_retention: bool | None, knows_inputs: bool) -> Carried:
    """Read it from the document of an asset.

    `over_retention`: as known at the moment of tracing (dataset). `knows_inputs`: somebody reported, be it as empty,
    what feeds a model or a system.
    """
    if part == "dataset":
        return Carried(
            part,
            _text(document.get("classification")),
            _whole(document.get("effective_class_rank")),
            _text(document.get("environment")),
            _texts(document.get("storage_countries")),
            _flag(document.get("residency_limited")),
            _texts(document.get("allowed_countries")),
            holds_personal_data(document),
            over_retention=over_retention,
            origin=document.get("is_origin") is True,
        )
    if part == "model":
        return Carried(part, places=_both(document, "storage_countries", "serving_countries"), origin=knows_inputs)
    if part == "service":
        return Carried(part, places=_texts(document.get("serving_countries")), origin=True)
    if part == "ai_system":
        return Carried(part, tier=_text(document.get("risk_tier")), origin=knows_inputs)
    return Carried(part, origin=True)


def holds_personal_data(document: Mapping[str, Any]) -> bool | None:
    """Tell whether a dataset holds personal data: either sign of it suffices; None where neither is known."""
    flag, label = _flag(document.get("contains_personal_data")), _text(document.get("classification"))
    if flag is None and label is None:
        return None
    return flag is True or label in PERSONAL


def _both(document: Mapping[str, Any], *names: str) -> tuple[str, ...] | None:
    lists = [_texts(document.get(name)) for name in names]
    return None if None in lists else tuple(dict.fromkeys(one for each in lists for one in each or ()))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _texts(value: Any) -> tuple[str, ...] | None:
    """Return a list of texts; what is of another type is not known."""
    return tuple(value) if isinstance(value, list) and all(isinstance(one, str) for one in value) else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
