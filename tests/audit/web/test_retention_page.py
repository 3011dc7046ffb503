"""The page of retention: rules and holds in force, proposals, what goes next, what went and how it is verified."""

import re
import uuid
from pathlib import Path
from typing import Any

import pytest

from accounts.approvals.models import GovernedAct
from accounts.journal.models import Statement
from accounts.workspaces.isolation import in_workspace
from audit.web.snippets import root_of_receipts
from audit.web.views import retention
from lineage.retention.models import Deletion, LegalHold, RetentionRule
from tests.support.cast import Cast
from tests.support.retention import delete_all, hold, keep_for, old_event, release

PAGE = "/w/ours/retention/"


def page(cast: Cast, role: str, path: str = "") -> str:
    answer = cast.page(getattr(cast, role)).get(f"{PAGE}{path}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def send(cast: Cast, role: str, path: str, **fields: str) -> Any:
    return cast.page(getattr(cast, role)).post(f"{PAGE}{path}", fields)


def words(markup: str) -> str:
    """Return what a reader sees."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", markup))


def test_officer_proposes_a_rule_and_admin_approves_it(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        old_event(days=400)
    fields = {"kind": "run", "source": "", "data_class": "", "days": "365", "reason": "Storage <b>limitation</b>."}
    assert send(cast, "officer", "rules/", **fields).status_code == 302
    seen = page(cast, "auditor")
    assert "No rule is in force" in seen
    assert "Keep the bodies of events (kind run) for 365 days" in seen
    assert "Storage &lt;b&gt;limitation&lt;/b&gt;." in seen
    with in_workspace(cast.workspace.pk):
        act = GovernedAct.objects.get()
    assert cast.page(cast.admin).post(f"/w/ours/approvals/{act.pk}/approve/").status_code == 302
    seen = words(page(cast, "auditor"))
    assert "kind run“Storage <b>limitation</b>.”".replace("<b>", "&lt;b&gt;").replace("</b>", "&lt;/b&gt;") in seen
    assert "approved by admin@ours.example, proposed by officer@ours.example" in seen
    assert "As things stand it deletes 1 event. Of the 1 oldest that were looked at, 0 are kept by a legal hold" in seen
    assert "Proposals that wait" not in seen


def test_the_page_says_when_the_next_deletion_begins_and_what_stays_although_old(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        keep_for(10)
        keep_for(20, kind="job")
        held = old_event()
        hold("event", event=held.pk)
        old_event(), old_event(kind="job"), old_event(b"{}", kind="inventory", source="cmdb")
    seen = words(page(cast, "auditor"))
    assert re.search(r"The next deletion begins on \d+ \w+ \d{4},? 03:30", seen)
    assert "it deletes 2 events. Of the 4 oldest that were looked at, 1 is kept by a legal hold" in seen
    assert "0 wait to be projected, and 1 is the newest of its source." in seen
    with in_workspace(cast.workspace.pk):
        assert len(delete_all()) == 2


def test_where_not_all_are_shown_the_page_says_so_and_foretells_by_all(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "SHOWN", 1)
    with in_workspace(cast.workspace.pk):
        keep_for(10, kind="run")
        keep_for(20, kind="job")
        hold("source", source="cmdb")
        hold("source", source="sheet")
        old_event(), old_event(kind="job")
    seen = words(page(cast, "auditor"))
    assert "it deletes 2 events." in seen
    assert "Rules in force1 of 2, newest first" in seen
    assert "Legal holds in force1 of 2, newest first" in seen
    assert "Rules in force 2" in seen
    assert "Holds in force 2" in seen


def test_officer_proposes_to_end_a_rule_and_to_release_a_hold(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        rule, placed = keep_for(10), hold("source", source="cmdb")
    assert send(cast, "officer", "rules/end/", rule=str(rule.pk), reason="Kept elsewhere.").status_code == 302
    assert send(cast, "officer", "holds/release/", hold=str(placed.pk), reason="Settled.").status_code == 302
    with in_workspace(cast.workspace.pk):
        assert sorted(GovernedAct.objects.filter(state="proposed").values_list("kind", flat=True)) == [
            "hold.release",
            "retention.end",
        ]
        assert RetentionRule.objects.get().ended_at is None
        assert LegalHold.objects.get().released_at is None
    seen = words(page(cast, "admin"))
    assert "Release the legal hold of" in seen
    assert "End the rule that keeps the bodies of events (all events) for 10 days." in seen


def test_officer_places_a_hold_at_once_and_it_is_told_with_its_reason_and_by_whom(cast: Cast) -> None:
    fields = {"scope": "namespace", "named": "s3://lake", "reason": "A dispute.", "reference": "2026/17"}
    assert send(cast, "officer", "holds/", **fields).status_code == 302
    seen = words(page(cast, "auditor"))
    assert "namespaces that start with s3://lake" in seen
    assert "“A dispute.”2026/17" in seen
    assert "by officer@ours.example" in seen


@pytest.mark.parametrize(
    ("path", "fields", "said"),
    [
        ("rules/", {"days": "0", "reason": "x"}, "Expected at least 1 day."),
        ("rules/", {"days": "30", "reason": ""}, "Got no reason"),
        ("rules/end/", {"rule": str(uuid.UUID(int=1)), "reason": "x"}, "expected one that is in force"),
        ("holds/release/", {"hold": "", "reason": "x"}, "expected one that is in force"),
        ("holds/", {"scope": "namespace", "named": "", "reason": "x"}, "expected the namespace that the hold is about"),
        ("holds/", {"scope": "everything", "named": "x", "reason": "x"}, "a hold on all events names none"),
        ("holds/", {"scope": "event", "named": "x", "reason": "x"}, "expected the id of an event"),
        ("holds/", {"scope": "asset", "named": "x", "reason": "x"}, "expected a choice from the list"),
    ],
)
def test_what_cannot_be_meant_comes_back_with_what_to_correct(
    cast: Cast, path: str, fields: dict[str, str], said: str
) -> None:
    answer = send(cast, "officer", path, **fields)
    assert answer.status_code == 400
    assert said in answer.content.decode()
    with in_workspace(cast.workspace.pk):
        assert not GovernedAct.objects.exists()
        assert not LegalHold.objects.exists()


def test_a_released_hold_says_by_whom_and_why(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        release(hold("sender", sender="token:a"))
    seen = words(page(cast, "auditor"))
    assert "No hold is in force" in seen
    assert "sender token:a" in seen
    assert "“as agreed”" in seen


def deleted(cast: Cast, count: int) -> Deletion:
    with in_workspace(cast.workspace.pk):
        keep_for(10)
        for _ in range(count):
            old_event()
        delete_all()
        return Deletion.objects.get()


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
def test_the_program_on_the_page_computes_the_root_that_the_statement_says(
    cast: Cast, count: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = deleted(cast, count)
    answer = cast.page(cast.auditor).get(f"{PAGE}deletions/{row.pk}.csv")
    receipts = tmp_path / "receipts.csv"
    receipts.write_bytes(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    exec(root_of_receipts(str(receipts)), {})  # noqa: S102 - the program that a stranger is told to run
    with in_workspace(cast.workspace.pk):
        said = Statement.objects.get(pk=row.statement).body["root"]
    assert capsys.readouterr().out.strip() == said
    assert said in page(cast, "auditor", f"deletions/{row.pk}/")


def test_a_deletion_shows_its_receipts_with_both_digests_and_leads_to_its_statement(cast: Cast) -> None:
    row = deleted(cast, 2)
    seen = page(cast, "auditor")
    assert f'href="{PAGE}deletions/{row.pk}/"' in seen
    assert "all events, 10 days: 2" in words(seen)
    seen = page(cast, "auditor", f"deletions/{row.pk}/")
    rows = cast.api["auditor"].get(f"/api/v1/deletion-receipts?deletion={row.pk}").json()["results"]
    for receipt in rows:
        assert receipt["id"] in seen
        assert receipt["kept_digest"] in seen
        assert receipt["received_digest"] in seen
    assert "2 of 2 receipts shown" in words(seen)


def test_who_only_reads_is_offered_nothing_and_changes_nothing(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        rule, placed = keep_for(10), hold("source", source="cmdb")
    for role in ("auditor", "engineer"):
        _, main, shown = page(cast, role).partition('id="main"')
        assert main
        assert "<form" not in shown
        for path, fields in (
            ("rules/", {"days": "1", "reason": "x"}),
            ("rules/end/", {"rule": str(rule.pk), "reason": "x"}),
            ("holds/", {"scope": "everything", "reason": "x"}),
            ("holds/release/", {"hold": str(placed.pk), "reason": "x"}),
        ):
            assert send(cast, role, path, **fields).status_code == 403
    assert "<form" in page(cast, "officer").partition('id="main"')[2]
    with in_workspace(cast.workspace.pk):
        assert not GovernedAct.objects.filter(state="proposed").exists()
        assert [each.ended_at for each in RetentionRule.objects.all()] == [None]
        assert [each.released_at for each in LegalHold.objects.all()] == [None]


def test_outsider_cannot_see_that_the_page_or_the_deletion_exists(cast: Cast) -> None:
    row = deleted(cast, 1)
    for path in ("", f"deletions/{row.pk}/", f"deletions/{row.pk}.csv"):
        assert cast.page(cast.outsider).get(f"{PAGE}{path}").status_code == 404
        assert cast.page(cast.outsider).get(f"/w/elsewhere/retention/{path}").status_code == (404 if path else 200)
    assert send(cast, "outsider", "holds/", scope="everything", reason="x").status_code == 404
