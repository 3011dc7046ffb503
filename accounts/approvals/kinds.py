"""The closed vocabulary of governed acts, and what each of them is: registered by the app that it belongs to.

    register(Kind(ActKind.FOUR_EYES, payload=FourEyesPayload, proposes=Right.GOVERN, ...))

An app registers its kinds when it is loaded (AppConfig.ready). One that ActKind does not name cannot be registered, one
that is not registered cannot be proposed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from accounts.approvals.errors import ActRefused
from accounts.approvals.models import GovernedAct
from accounts.members.rights import Right
from accounts.members.strict import StrictBody, did_you_mean

Payload = Mapping[str, Any]
"""As `Kind.payload` validated it, in canonical types: texts, whole numbers, booleans, null, lists and objects."""

_Row = TypeVar("_Row", bound=Model)


class ActKind(StrEnum):
    """What may be governed. None is ever renamed or removed: acts that carry it must stay readable for years."""

    FOUR_EYES = "workspace.four_eyes"
    MASKING_APPROVE = "masking.approve"
    MASKING_REVOKE = "masking.revoke"
    RETENTION_SET = "retention.set"
    RETENTION_END = "retention.end"
    HOLD_RELEASE = "hold.release"
    KINDS_DECLARE = "kinds.declare"
    RETIREMENT_CONFIRM = "retirement.confirm"
    RETIREMENT_SHARE = "retirement.share"
    JOIN_ACCEPT = "join.accept"
    JOIN_WITHDRAW = "join.withdraw"


@dataclass(frozen=True)
class Kind:
    """One kind of governed act."""

    name: ActKind
    title: str
    payload: type[StrictBody]  # what it takes
    proposes: Right  # deciding takes Right.APPROVE, whatever the kind
    # What it would do, in plain words; raises AuditlineError where it cannot be done (asked again at the decision).
    effect: Callable[[Payload], str]
    # Puts it in force, in the transaction of the approval; raises AuditlineError, and then nothing is approved.
    put_in_force: Callable[[GovernedAct], None]
    always_two: bool = False  # needs a second person whatever the workspace has chosen


_KINDS: dict[ActKind, Kind] = {}


def register(kind: Kind) -> None:
    """Make a kind known; raise ValueError where its name is taken by another one."""
    if _KINDS.setdefault(kind.name, kind) != kind:
        raise ValueError(f"the kind {kind.name} of governed acts is registered twice")


def kinds() -> list[Kind]:
    """Return the registered kinds, by name."""
    return [_KINDS[name] for name in sorted(_KINDS)]


def kind_named(name: str) -> Kind:
    """Return a registered kind; raise ActRefused for a name that is none."""
    known = {str(kind.name): kind for kind in kinds()}
    if name not in known:
        listed = ", ".join(known)
        raise ActRefused(
            f"kind: got {name[:80]!r}, expected one of {listed}.{did_you_mean(name, known)} Nothing was proposed.",
            code="act_kind_unknown",
        )
    return known[name]


def row_named(payload: Payload, name: str, rows: QuerySet[_Row], expected: str, *, key: str = "pk") -> _Row:
    """Return the one of `rows` that a payload names; raise ActRefused where it is none of them (any longer)."""
    found = rows.filter(**{key: payload[name]}).first()
    if found is None:
        raise ActRefused(f"{name}: got {str(payload[name])!r}, expected {expected}")
    return found
