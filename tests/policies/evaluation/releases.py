"""Releases of the product: what it ships is another folder from now on, read and published by its own means.

A demonstration checklist changes from release to release in every way in which a verdict can lose what judges it.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from policies.checklists.read import SHIPPED, checklists_in, shipped_from

Body = dict[str, Any]
Ship = Callable[..., None]


@contextmanager
def releases(folder: Path) -> Iterator[Ship]:
    """Give a function that makes the next release out of whole checklists; at the end all is as it was."""
    before = shipped_from.set(shipped_from.get())
    made = iter(range(1_000))

    def ship(*checklists: Body) -> None:
        release = folder / f"release-{next(made)}"
        release.mkdir()
        for body in checklists:
            (release / f"{body['family'].lower()}.yaml").write_text(json.dumps(body))  # JSON is YAML
        shipped_from.set(release)

    try:
        yield ship
    finally:
        shipped_from.reset(before)


def shipped(family: str) -> Body:
    """Return a checklist as the product ships it."""
    return next(dict(each.body) for each in checklists_in(SHIPPED) if each.family == family)


def without(body: Body, check: str) -> Body:
    """Return the next version of a checklist, in which a check is withdrawn."""
    (gone,) = [each for each in body["checks"] if each["id"] == check]
    return body | {
        "version": body["version"] + 1,
        "checks": [each for each in body["checks"] if each["id"] != check],
        "withdrawn": [*body.get("withdrawn", []), {"id": check, "slot": gone["slot"], "reason": "asked elsewhere"}],
    }


def demo(*checks: Body, withdrawn: tuple[int, ...] = ()) -> Body:
    """Return a version of the demonstration checklist."""
    gone = [{"id": f"DEM-{slot:02}", "slot": slot, "reason": "asked elsewhere"} for slot in withdrawn]
    head = {"family": "DEM", "title": "Demonstration", "answers": "Whether the tests test.", "version": 1}
    return {**head, "withdrawn": gone, "checks": list(checks)}


def check(slot: int, subject: str, condition: str, *tests: tuple[str, Body], **more: Any) -> Body:
    """Return a check with the tests that show its verdicts."""
    return {
        "id": f"DEM-{slot:02}", "slot": slot, "question": f"Is the demand {slot} met?", "type": "automatic",
        "severity": "high", "basis": "house", "subject": subject, "sources": ["inventory"], "best_grade": "A",
        "freshness": "24h", "condition": condition, "params": {}, "remediation": "Meet it.", "frameworks": {},
        "tests": [{"expect": expect, "asset": asset} for expect, asset in tests], **more,
    }  # fmt: skip


OLD, NEW = "2026-01-01T00:00:00Z", "2026-10-31T00:00:00Z"
KEYS = check(
    1, "identity", "asset.key_age_days <= 60",
    ("pass", {"key_at": NEW}), ("fail", {"key_at": OLD}), ("unknown", {}),
)  # fmt: skip
ENCRYPTED = check(
    2, "dataset", "asset.encrypted_at_rest",
    ("pass", {"encrypted_at_rest": True}), ("fail", {"encrypted_at_rest": False}), ("unknown", {}),
)  # fmt: skip
SHARED = check(
    2, "dataset", "asset.encrypted_at_rest && asset.consumers <= 5",  # nothing derives it yet
    ("pass", {"encrypted_at_rest": True, "consumers": 5}), ("fail", {"encrypted_at_rest": False}),
    ("unknown", {}),
)  # fmt: skip
PLACED = check(
    2, "storage", "asset.country == 'DE'",
    ("pass", {"country": "DE"}), ("fail", {"country": "US"}), ("unknown", {}),
)  # fmt: skip
PEOPLE = check(
    3, "identity", "asset.mfa_enforced",
    ("pass", {"subtype": "human", "mfa_enforced": True}), ("fail", {"subtype": "human", "mfa_enforced": False}),
    ("unknown", {"subtype": "human"}), ("not_applicable", {"subtype": "service"}),
    when="asset.subtype == 'human'", min_population=2,
)  # fmt: skip
PHASE = check(
    3, "organisation", "asset.current_phase >= 2",
    ("pass", {"current_phase": 2}), ("fail", {"current_phase": 1}), ("unknown", {}),
)  # fmt: skip
PHASES = PHASE | {"id": "DEM-04", "slot": 4, "question": "Is the demand 4 met?"}

DEMOS: dict[str, Body | None] = {
    "all": demo(KEYS, ENCRYPTED, PEOPLE, PHASES),
    "one withdrawn": demo(KEYS, PEOPLE, PHASES, withdrawn=(2,)),
    "the last withdrawn": demo(KEYS, ENCRYPTED, PEOPLE, withdrawn=(4,)),
    "the number withdrawn": demo(KEYS, ENCRYPTED, PHASES, withdrawn=(3,)),
    "one waits": demo(KEYS, SHARED, PEOPLE, PHASES),
    "another kind": demo(KEYS, PLACED, PEOPLE, PHASES),
    "organisations instead of a number": demo(KEYS, ENCRYPTED, PHASE, PHASES),
    "one kind left": demo(KEYS, withdrawn=(2, 3, 4)),
    "the family leaves": None,
}
"""Checklists of which each may follow each."""
