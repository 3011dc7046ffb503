"""Any holds, rules and events: the database deletes exactly what a plain reading of docs/retention.md lets go."""

import datetime
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Work
from lineage.events.models import DeletionReceipt
from lineage.inventory.models import Asset
from lineage.retention.hold import NewHold, place_hold
from lineage.retention.models import LegalHold
from lineage.retention.queries import RuleClass, preview
from tests.support.cast import Cast
from tests.support.openlineage import dataset, dataset_event, job_event, run_event
from tests.support.retention import ONE, database_now, delete_all, keep_for, kept, old_event, release

DAYS = [3, 10, 30, 100]
CLASSES = {("s3://lake", "people"): "personal", ("s3://lake", "plans"): "confidential", ("pg/eu", "a b/é"): "public"}
"""The classification of each dataset that there is; ("pg/eu", "new") has none."""
NAMES = [*CLASSES, ("pg/eu", "new")]


@dataclass(frozen=True)
class Given:
    """An event as the test knows it: nothing here is read from the database."""

    kind: str
    age: datetime.timedelta
    sender: str
    source: str
    names: tuple[tuple[str, str], ...]
    waits: bool

    @property
    def namespaces(self) -> list[str]:
        return [namespace for namespace, _ in self.names] + ([] if self.kind in ("inventory", "dataset") else ["team"])

    @property
    def uids(self) -> list[str]:
        return [f"{quote(namespace, safe='')}/{quote(name, safe='')}" for namespace, name in self.names]

    def body(self) -> Any:
        named = [dataset(name, namespace) for namespace, name in self.names]
        match self.kind:
            case "inventory":
                return "\n".join(json.dumps({"kind": "dataset", "uid": uid}) for uid in self.uids).encode()
            case "dataset":
                return dataset_event(named[0])
            case "job":
                return job_event("j", "team", inputs=named)
        return run_event(job="j", namespace="team", outputs=named)


ages = st.builds(
    lambda days, micro: datetime.timedelta(days=days, microseconds=micro), st.sampled_from(DAYS), st.integers(-1, 1)
)


def given_event(kind: str, source: str, names: tuple[tuple[str, str], ...], **rest: Any) -> Given:
    """Return an event as its kind can be: only inventories have a source, and a DatasetEvent is about one dataset."""
    return Given(
        kind, source=source if kind == "inventory" else "", names=names[:1] if kind == "dataset" else names, **rest
    )


events = st.lists(
    st.builds(
        given_event,
        st.sampled_from(["run", "job", "dataset", "inventory"]),
        st.sampled_from(["cmdb", "hr"]),
        age=ages,
        sender=st.sampled_from(["token:a", "token:b"]),
        names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True).map(tuple),
        waits=st.sampled_from([False, False, False, True]),
    ),
    min_size=12,
    max_size=24,
)
narrow = st.dictionaries(
    st.tuples(
        st.sampled_from([None, "run", "inventory"]),
        st.sampled_from([None, None, "cmdb"]),
        st.sampled_from([None, "personal", "confidential"]),
    ),
    st.sampled_from(DAYS),
    min_size=1,
    max_size=5,
)
# Mostly there is a rule for all: without one, most events stay anyhow, and no hold makes a difference.
rules = st.builds(lambda made, base: base | made, narrow, st.sampled_from([{}, *[{(None, None, None): 3}] * 3]))
known = st.sampled_from(list(CLASSES)).map(lambda name: f"{quote(name[0], safe='')}/{quote(name[1], safe='')}")
holds = st.lists(
    st.tuples(
        st.one_of(
            st.sampled_from(["s3://", "s3://lake", "pg/", "team", "lake"]).map(
                lambda prefix: {"scope": "namespace", "namespace": prefix}
            ),
            known.map(lambda uid: {"scope": "asset", "asset_kind": "dataset", "asset_uid": uid}),
            st.just({"scope": "sender", "sender": "token:b"}),
            st.just({"scope": "source", "source": "hr"}),
            st.tuples(ages, ages).map(lambda pair: {"scope": "received", "ages": (max(pair), min(pair))}),
            st.integers(0, 11).map(lambda index: {"scope": "event", "index": index}),
        ),
        st.sampled_from([False, False, False, True]),  # released
    ),
    max_size=3,
)


def covers(hold: dict[str, Any], event: Given, index: int) -> bool:
    """Tell whether a hold covers an event, by the words of the page."""
    match hold["scope"]:
        case "namespace":
            return any(namespace.startswith(hold["namespace"]) for namespace in event.namespaces)
        case "asset":
            return hold["asset_uid"] in event.uids
        case "sender":
            return bool(event.sender == hold["sender"])
        case "source":
            return bool(event.source == hold["source"])
        case "received":
            oldest, youngest = hold["ages"]
            return bool(youngest <= event.age <= oldest)
        case "event":
            return bool(index == hold["index"])
    return True


def period(event: Given, given_rules: dict[tuple[str | None, str | None, str | None], int]) -> int | None:
    """Return the days of the rule that decides; None: no rule fits."""
    classes = {CLASSES.get(name) for name in event.names} if event.kind != "inventory" else set()
    fitting = [
        (data_class is not None, source is not None, kind is not None, days)
        for (kind, source, data_class), days in given_rules.items()
        if kind in (None, event.kind)
        and source in (None, event.source)
        and (data_class is None or data_class in classes)
    ]
    return max(fitting)[3] if fitting else None


def expected(
    made: Sequence[tuple[uuid.UUID, Given]],
    given_rules: dict[tuple[str | None, str | None, str | None], int],
    given_holds: Sequence[tuple[dict[str, Any], bool]],
) -> set[uuid.UUID]:
    """Return the events that may go."""
    newest = {
        source: max(key for key, event in made if event.source == source)
        for source in {event.source for _, event in made if event.kind == "inventory"}
    }
    gone = set()
    for index, (key, event) in enumerate(made):
        days = period(event, given_rules)
        if days is None or event.age <= datetime.timedelta(days=days):
            continue
        held = any(covers(hold, event, index) for hold, released in given_holds if not released)
        if not held and not event.waits and newest.get(event.source) != key:
            gone.add(key)
    return gone


def place(hold: dict[str, Any], keys: Sequence[uuid.UUID]) -> LegalHold:
    named = {name: value for name, value in hold.items() if name not in ("ages", "index")}
    if "ages" in hold:
        oldest, youngest = hold["ages"]
        named |= {"received_from": database_now() - oldest, "received_until": database_now() - youngest}
    if "index" in hold:
        named["event"] = keys[hold["index"]] if hold["index"] < len(keys) else uuid.UUID(int=1)
    return place_hold(NewHold(**named), reason="x", actor=ONE)


@pytest.fixture
def classified(cast: Cast) -> Cast:
    with in_workspace(cast.workspace.pk):
        for (namespace, name), label in CLASSES.items():
            uid = f"{quote(namespace, safe='')}/{quote(name, safe='')}"
            Asset.objects.create(
                workspace=cast.workspace, kind="dataset", uid=uid, name=name, state="reported",
                document={"classification": label}, first_seen_at=database_now(), last_seen_at=database_now(),
                rev_changed=0,
            )  # fmt: skip
    return cast


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events, rules, holds)
def test_exactly_what_may_go_goes(
    classified: Cast,
    given_events: list[Given],
    given_rules: dict[tuple[str | None, str | None, str | None], int],
    given_holds: list[tuple[dict[str, Any], bool]],
) -> None:
    with in_workspace(classified.workspace.pk), transaction.atomic():
        made = []
        for event in given_events:
            at = database_now() - event.age
            kept_event = old_event(
                event.body(), kind=event.kind, sender=event.sender, source=event.source, received_at=at
            )
            made.append((kept_event.pk, event))
            if event.waits:
                Work.objects.create(workspace=classified.workspace, stage="project", subject=kept_event.pk)
        for hold, released in given_holds:
            placed = place(hold, [key for key, _ in made])
            if released:
                release(placed)
        for (kind, source, data_class), days in given_rules.items():
            keep_for(days, kind=kind, source=source, data_class=data_class)
        may_go = expected(made, given_rules, given_holds)
        *_, (about, days) = given_rules.items()
        foreseen = preview(RuleClass(*about), days)  # the rule as it stands: what it says is what it does
        assert delete_all() == may_go
        assert kept() == {key for key, _ in made} - may_go
        assert set(DeletionReceipt.objects.values_list("pk", flat=True)) == may_go
        by_that_rule = DeletionReceipt.objects.filter(
            rule__kind=about[0], rule__source=about[1], rule__data_class=about[2]
        )
        assert foreseen.would_delete == by_that_rule.count()
        assert delete_all() == set()
        transaction.set_rollback(True)
