"""A legal hold keeps what it covers, by each scope, beside every rule, until another person releases it."""

import datetime
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from accounts.approvals.errors import ActRefused, PersonNeeded, SecondPersonNeeded
from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import in_workspace
from lineage.events.models import DeletionReceipt, Event
from lineage.inventory.models import Asset, FactSet, Source
from lineage.retention.errors import RetentionRefused
from lineage.retention.hold import NewHold, place_hold
from lineage.retention.models import LegalHold
from lineage.retention.tasks import retain
from tests.support.cast import Cast
from tests.support.openlineage import RUN, dataset, facet, run_event
from tests.support.retention import (
    ONE,
    TWO,
    about,
    database_now,
    delete_all,
    govern,
    hold,
    keep_for,
    kept,
    old_event,
    release,
)

CSV = b'kind,uid,name\nstorage,"lake ""eu""",Lake\nstorage,other,Other\n'
NATIVE = b'{"kind": "storage", "uid": "s3:\\/\\/lake-\\u0065u"}\n{"kind": "storage", "uid": "x", \n'


@pytest.fixture
def ours(cast: Cast) -> Iterator[Cast]:
    """Our workspace, entered, with a rule that lets everything go after ten days."""
    with in_workspace(cast.workspace.pk):
        keep_for(10)
        yield cast


def asset(cast: Cast, kind: str, uid: str) -> Asset:
    at = database_now()
    return Asset.objects.create(
        workspace=cast.workspace, kind=kind, uid=uid, name=uid, state="reported", first_seen_at=at, last_seen_at=at,
        rev_changed=0,
    )  # fmt: skip


def batch(body: bytes = b"{}", source: str = "cmdb", **named: Any) -> Event:
    """Keep an old batch of a source that has sent another since."""
    event = old_event(body, kind="inventory", source=source, **named)
    old_event(b"{}", kind="inventory", source=source, days=5)
    return event


# ---- each scope


def test_everything_is_held(ours: Cast) -> None:
    hold("everything")
    event = old_event()
    assert delete_all() == set()
    assert kept() == {event.pk}


def test_one_event_is_held(ours: Cast) -> None:
    held, other = old_event(), old_event()
    hold("event", event=held.pk)
    assert delete_all() == {other.pk}


def test_a_sender_is_held(ours: Cast) -> None:
    hold("sender", sender="token:a")
    held, other = old_event(sender="token:a"), old_event(sender="token:ab")
    assert delete_all() == {other.pk}
    assert kept() == {held.pk}


def test_a_source_is_held(ours: Cast) -> None:
    hold("source", source="cmdb")
    held, other = batch(source="cmdb"), batch(source="hr")
    assert delete_all() == {other.pk}
    assert held.pk in kept()


def test_a_range_of_receipt_is_held_with_both_its_ends(ours: Cast) -> None:
    first = database_now() - datetime.timedelta(days=60)
    last, step = first + datetime.timedelta(days=20), datetime.timedelta(microseconds=1)
    hold("received", received_from=first, received_until=last)
    held = {old_event(received_at=at).pk for at in (first, first + step, last - step, last)}
    gone = {old_event(received_at=at).pk for at in (first - step, last + step)}
    assert delete_all() == gone
    assert kept() == held


def test_a_range_may_be_open_at_one_end(ours: Cast) -> None:
    edge = database_now() - datetime.timedelta(days=60)
    hold("received", received_until=edge)
    held, gone = old_event(days=61), old_event(days=59)
    assert delete_all() == {gone.pk}
    assert kept() == {held.pk}


@pytest.mark.parametrize(
    "body",
    [
        run_event(namespace="bank/payments"),
        run_event(inputs=[dataset("x", "bank/ledger")]),
        run_event(outputs=[dataset("x", "bank/")]),
        run_event(run_facets={"parent": facet(job={"namespace": "bank/x", "name": "p"}, run={"runId": RUN})}),
        run_event(outputs=[dataset("x", "s3://y", symlinks=facet(identifiers=[{"namespace": "bank/", "name": "a"}]))]),
        run_event(job_facets={"ours": {"deep": [[{"namespace": "bank/z"}]]}}),
    ],
    ids=["job", "input", "output", "parent", "symlink", "unknown facet"],
)
def test_a_namespace_is_held_wherever_an_event_names_it(ours: Cast, body: dict[str, Any]) -> None:
    hold("namespace", namespace="bank/")
    held, other = old_event(body), old_event(run_event(namespace="bankers", job_facets={"x": {"bank/": "bank/"}}))
    assert delete_all() == {other.pk}
    assert kept() == {held.pk}


@pytest.mark.parametrize(
    "body",
    [
        b'{"kind": "storage", "uid": "l", "attributes": {"lineage_namespaces": ["s3:\\/\\/lake-eu"]}}',
        b'{"kind": "dataset", "uid": "s3%3A%2F%2Flake-eu/customers"}\n{"broken',
        b"kind,uid\ndataset,s3%3A%2F%2Flake-eu/customers\n",
        b"s3://lake-eu\xff\xfe",
    ],
    ids=["escaped", "key", "csv", "not readable"],
)
def test_a_namespace_is_held_in_inventories_too(ours: Cast, body: bytes) -> None:
    hold("namespace", namespace="s3://lake-eu")
    held, other = batch(body), batch(b'{"kind": "storage", "uid": "vault"}', source="hr")
    assert delete_all() == {other.pk}
    assert held.pk in kept()


def test_a_dataset_is_held_in_every_event_that_names_it(ours: Cast) -> None:
    asset(ours, "dataset", "s3%3A%2F%2Flake/customers")
    hold("asset", asset_kind="dataset", asset_uid="s3%3A%2F%2Flake/customers")
    columns = facet(fields={"c": {"inputFields": [{"namespace": "s3://lake", "name": "customers", "field": "id"}]}})
    held = {
        old_event(about("customers")).pk,
        old_event(run_event(outputs=[dataset("report", "s3://vault", columnLineage=columns)])).pk,
        batch(b'{"kind": "dataset", "uid": "s3%3A%2F%2Flake\\/customers"}').pk,
    }
    gone = {old_event(about("orders")).pk, old_event(about("customers", namespace="s3://other")).pk}
    assert delete_all() == gone
    assert held <= kept()


@pytest.mark.parametrize(
    ("kind", "uid"),
    [
        ("job", "team-a/daily"),
        ("run", RUN),
        ("data_flow", "s3%253A%252F%252Flake%2Forders/s3%253A%252F%252Flake%2Fb"),
    ],
)
def test_a_job_a_run_and_a_flow_are_held(ours: Cast, kind: str, uid: str) -> None:
    asset(ours, kind, uid)
    hold("asset", asset_kind=kind, asset_uid=uid)
    body = about("orders")
    body["run"]["runId"] = RUN.upper()
    held, other = old_event(body), old_event(run_event(run=str(uuid.uuid4()), job="nightly"))
    assert delete_all() == {other.pk}
    assert kept() == {held.pk}


@pytest.mark.parametrize(
    ("uid", "body"), [('lake "eu"', CSV), ("s3://lake-eu", NATIVE), ("other", CSV)], ids=["csv", "escaped", "plain"]
)
def test_an_asset_is_held_in_every_inventory_that_mentions_it(ours: Cast, uid: str, body: bytes) -> None:
    asset(ours, "storage", uid)
    hold("asset", asset_kind="storage", asset_uid=uid)
    held, other = batch(body), batch(b'{"kind": "storage", "uid": "vault"}', source="hr")
    assert delete_all() == {other.pk}
    assert held.pk in kept()


def test_an_asset_is_held_in_all_batches_of_the_sources_that_have_reported_it(ours: Cast) -> None:
    store = asset(ours, "storage", "lake")
    source = Source.objects.create(workspace=ours.workspace, door="inventory", name="cmdb")
    reported = FactSet.objects.create(workspace=ours.workspace, asset=store, source=source, event=new_id(), rev_from=1)
    hold("asset", asset_kind="storage", asset_uid="lake")
    reported.delete()  # as whoever wants to get round the hold might
    held, other = batch(b"nothing to see", source="cmdb"), batch(b"nothing to see", source="hr")
    assert delete_all() == {other.pk}
    assert held.pk in kept()
    later = Source.objects.create(workspace=ours.workspace, door="inventory", name="erp")
    FactSet.objects.create(workspace=ours.workspace, asset=store, source=later, event=new_id(), rev_from=2)
    assert batch(b"nothing to see", source="erp").pk not in delete_all()


def test_a_hold_outlives_its_asset(ours: Cast) -> None:
    store = asset(ours, "dataset", "s3%3A%2F%2Flake/customers")
    hold("asset", asset_kind="dataset", asset_uid=store.uid)
    held = old_event(about("customers"))
    with connection.cursor() as cursor:
        cursor.execute('DELETE FROM "lineage_asset" WHERE id = %s', [store.pk])
    assert delete_all() == set()
    assert kept() == {held.pk}


# ---- several at once, and the end of one


def test_an_event_under_two_holds_stays_until_both_are_released(ours: Cast) -> None:
    event = old_event()
    both = hold("event", event=event.pk), hold("sender", sender="token:a")
    for each in both:
        assert delete_all() == set()
        release(each)
    assert delete_all() == {event.pk}


def test_a_hold_wins_over_every_rule(ours: Cast) -> None:
    keep_for(1, kind="run")
    hold("sender", sender="token:a")
    event = old_event()
    assert delete_all() == set()
    assert kept() == {event.pk}


def test_a_hold_on_what_has_not_come_yet_holds_it_then(ours: Cast) -> None:
    hold("source", source="new")
    event = batch(source="new")
    assert delete_all() == set()
    assert event.pk in kept()


def test_holds_of_another_workspace_hold_nothing_here_and_rules_of_another_delete_nothing(cast: Cast) -> None:
    with in_workspace(cast.elsewhere.pk):
        hold("everything")
        theirs = old_event()
    with in_workspace(cast.workspace.pk):
        keep_for(10)
        gone = old_event()
    assert retain() == 1
    with in_workspace(cast.workspace.pk):
        assert DeletionReceipt.objects.get().pk == gone.pk
    with in_workspace(cast.elsewhere.pk):
        assert kept() == {theirs.pk}


# ---- who may


def test_who_placed_a_hold_does_not_release_it(ours: Cast) -> None:
    placed = hold("everything")
    with pytest.raises(SecondPersonNeeded, match="another person has to approve its release"):
        govern("hold.release", {"hold": str(placed.pk)}, proposer=TWO, decider=ONE)
    release(placed)
    with pytest.raises(ActRefused, match="Nothing is to be released"):
        release(placed)


@pytest.mark.parametrize("actor", ["token:x", "command", "stage:retain"])
def test_only_a_person_places_and_approves_a_release(ours: Cast, actor: str) -> None:
    placed = hold("everything")
    with pytest.raises(PersonNeeded, match="signed-in person"):
        govern("hold.release", {"hold": str(placed.pk)}, decider=actor)
    with pytest.raises(PersonNeeded):
        place_hold(NewHold("everything"), reason="x", actor=actor)


@pytest.mark.parametrize(
    "new",
    [
        NewHold("namespace"),
        NewHold("everything", sender="token:a"),
        NewHold("received"),
        NewHold("asset", asset_kind="dataset"),
        NewHold("dream"),
        NewHold("asset", asset_kind="dataset", asset_uid="nowhere/nothing"),
    ],
    ids=lambda new: str(new.scope),
)
def test_a_hold_that_would_hold_nothing_is_refused(ours: Cast, new: NewHold) -> None:
    with pytest.raises(RetentionRefused):
        place_hold(new, reason="x", actor=ONE)
    assert not LegalHold.objects.exists()
