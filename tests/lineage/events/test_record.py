"""An event is recorded once per content, whoever sends it how often, and never without its receipt and its work."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Work
from lineage.events.models import Event, EventReceipt
from lineage.events.queries import events_of_run
from lineage.events.record import NewEvent, Receipt, store_event, store_events
from tests.support.cast import Cast, make_cast
from tests.support.flow import send
from tests.support.openlineage import new_run, run_event


def event(text: str, body: bytes | None = None) -> NewEvent:
    digest = hashlib.sha256(text.encode()).digest()
    return NewEvent(Event.Kind.RUN, body or text.encode(), "application/json", digest, digest, "command")


def test_an_event_is_kept_with_its_receipt_and_its_work(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        receipt = store_event(Event.Kind.RUN, b"{}", "application/json", b"r" * 32, b"c" * 32, "command")
        kept = Event.objects.get()
        assert (kept.pk, bytes(kept.body), kept.sender) == (receipt.event_id, b"{}", "command")
        assert bytes(kept.kept_digest) == hashlib.sha256(b"{}").digest() == receipt.kept_digest
        assert EventReceipt.objects.get().pk == receipt.event_id
        assert [work.subject for work in Work.objects.filter(stage="project")] == [receipt.event_id]
        assert not receipt.duplicate


def test_the_same_content_gets_the_same_receipt_and_no_second_effect(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        first = store_events([event("a")])[0]
        second = store_events([event("a", body=b"the same content in other bytes")])[0]
        assert second == Receipt(first.event_id, first.content_digest, first.kept_digest, first.received_at, True)
        assert Event.objects.count() == Work.objects.filter(stage="project").count() == 1


def test_a_batch_answers_in_its_order_and_knows_its_own_duplicates(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        known = store_events([event("b")])[0]
        receipts = store_events([event("z"), event("b"), event("a"), event("z")])
        assert [receipt.duplicate for receipt in receipts] == [False, True, False, True]
        assert receipts[1].event_id == known.event_id
        assert receipts[3].event_id == receipts[0].event_id
        assert Event.objects.count() == 3


@pytest.mark.parametrize("bodies", [(b"one", b"another"), (b"another", b"one")])
def test_of_equal_contents_in_one_batch_body_and_digest_belong_together(
    cast: Cast, bodies: tuple[bytes, bytes]
) -> None:
    with in_workspace(cast.workspace.pk):
        receipts = store_events([event("z", body=body) for body in bodies])
        kept = Event.objects.get()
        assert bytes(kept.body) == bodies[0]
        digests = {bytes(kept.kept_digest), *(receipt.kept_digest for receipt in receipts)}
        assert digests == {hashlib.sha256(bodies[0]).digest()}
        assert [receipt.duplicate for receipt in receipts] == [False, True]


def test_workspaces_keep_their_own_receipts(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        ours = store_events([event("a")])[0]
    with in_workspace(cast.elsewhere.pk):
        theirs = store_events([event("a")])[0]
    assert not theirs.duplicate
    assert theirs.event_id != ours.event_id


@pytest.mark.django_db(transaction=True)
def test_sent_twice_at_once_it_is_one_event_and_both_get_its_receipt() -> None:
    workspace = make_cast().workspace
    together = threading.Barrier(4)

    def send(offset: int) -> list[Receipt]:
        texts = [f"event {number}" for number in range(20)]
        try:
            together.wait()
            with in_workspace(workspace.pk):
                return store_events([event(text) for text in texts[offset:] + texts[:offset]])
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))
    with in_workspace(workspace.pk):
        assert Event.objects.count() == EventReceipt.objects.count() == 20
    assert len({receipt.event_id for receipts in answers for receipt in receipts}) == 20
    assert sum(not receipt.duplicate for receipts in answers for receipt in receipts) == 20


def test_the_events_of_a_run_are_found_by_its_id_in_any_case(cast: Cast) -> None:
    mine, other = new_run(), new_run()
    told = [run_event("START", run=mine), run_event("COMPLETE", run=mine.upper()), run_event(run=other)]
    send(cast.workspace.pk, told)
    with in_workspace(cast.workspace.pk):
        found = list(events_of_run(mine.upper()))
        assert [event.about for event in found] == [mine, mine]
        assert list(events_of_run("")) == [], "what is about no run is not about the empty one"
