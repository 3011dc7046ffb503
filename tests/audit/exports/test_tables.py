"""A table that says other than the sealed records does not verify, also when a superuser edited it before the export.

The counterpart is as important: whatever honest history an estate has had, its bundle verifies.
"""

import datetime
import io
import random
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.members.models import User
from accounts.workspaces.isolation import in_workspace
from audit.evidence.ledger.verify import verify_bundle
from audit.findings.models import Finding
from audit.pipeline import run_due
from audit.tickets.models import Ticket
from audit.tickets.work_on import assign, set_due
from config.stack.embedded import Embedded
from policies.evaluation.codes import NUMBER
from policies.evaluation.models import Transition, VerdictCount
from tests.audit.exports.bundles import export, verify
from tests.policies.evaluation.histories import Estate
from tests.support.cast import Cast
from tests.support.estate import CUSTOMERS as CUSTOMERS_LINE
from tests.support.estate import LAKE, judged_estate, send_inventory

pytestmark = pytest.mark.django_db(transaction=True)

MOVES = ("US", "DE", "FR")  # at last the lake goes abroad, comes home, and goes abroad again
CUSTOMERS = "dataset s3%3A%2F%2Flake/customers, SOV-04"
PLACES = {
    "vector": "asset_id = (SELECT id FROM lineage_asset WHERE uid LIKE '%/customers') AND checklist = 'SOV'",
    "slot": (
        "(SELECT slot FROM policies_check c JOIN policies_checklistversion v ON v.id = c.version_id "
        "WHERE c.check_id = 'SOV-04' AND v.workspace_id = policies_verdictvector.workspace_id AND v.active)"
    ),
    "finding": "check_id = 'SOV-04' AND uid LIKE '%/customers'",
    "ticket": "finding_id = (SELECT id FROM audit_finding WHERE check_id = 'SOV-04' AND uid LIKE '%/customers')",
}
EDITS = {
    "a verdict": (
        "UPDATE policies_verdictvector SET codes = set_byte(codes, {slot}, 1) WHERE {vector}",
        ["verdicts.csv row", CUSTOMERS, "verdict: got 'pass', expected 'fail'", "posture.csv row"],
    ),
    "a grade": (
        "UPDATE policies_verdictvector SET grades = set_byte(grades, {slot}, 4) WHERE {vector}",
        ["verdicts.csv row", CUSTOMERS, "grade: got 'D'"],
    ),
    "an overlay": (
        "UPDATE policies_verdictvector SET codes = set_byte(codes, {slot}, 2 + 64) WHERE {vector}",
        ["verdicts.csv row", CUSTOMERS, "waived: got 'true', expected 'false'"],
    ),
    "a verdict taken out": (
        "UPDATE policies_verdictvector SET codes = set_byte(codes, {slot}, 0) WHERE {vector}",
        ["table_row_missing", CUSTOMERS],
    ),
    "a vector taken out": ("DELETE FROM policies_verdictvector WHERE {vector}", ["table_row_missing", CUSTOMERS]),
    "a roll-up": (
        "UPDATE policies_verdictcount SET count = count + 3 WHERE check_id = 'SOV-04'",
        ["posture.csv row", "(SOV-04)", "as the verdicts recount"],
    ),
    "a finding's state": (
        "UPDATE audit_finding SET state = 'resolved', resolved_at = now(), resolution = 'passed' WHERE {finding}",
        ["findings.csv row", CUSTOMERS, "state: got 'resolved', expected 'open'"],
    ),
    "a finding's limit": (
        "UPDATE audit_finding SET due_at = due_at + interval '1 year' WHERE {finding}",
        ["findings.csv row", CUSTOMERS, "due_at: got"],
    ),
    "a finding's grade": (
        "UPDATE audit_finding SET grade = 'D' WHERE {finding}",
        ["findings.csv row", CUSTOMERS, "grade: got 'D'"],
    ),
    "a ticket's state": (
        "UPDATE audit_ticket SET state = 'closed', closed_at = now() WHERE {ticket}",
        ["tickets.csv row", "(T-", "state: got 'closed', expected 'open'"],
    ),
    "a ticket's day": (
        "UPDATE audit_ticket SET due_at = due_at + interval '1 day' WHERE {ticket}",
        ["tickets.csv row", "(T-", "due_at: got"],
    ),
    "a ticket's assignee": (
        "UPDATE audit_ticket SET assignee_id = (SELECT id FROM accounts_user LIMIT 1) WHERE {ticket}",
        ["tickets.csv row", "(T-", "assignee: got"],
    ),
    "a ticket taken out": ("DELETE FROM audit_ticket WHERE {ticket}", ["table_row_missing", "tickets.csv (T-"]),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_row_edited_as_superuser_is_named(edit: str, cast: Cast, tmp_path: Path, stack: Embedded) -> None:
    judged_estate(cast)
    kept = export(cast, tmp_path / "kept.zip")
    statement, named = EDITS[edit]
    with psycopg.connect(stack.superuser_url) as superuser:
        superuser.execute("SET session_replication_role = replica")  # no trigger and no foreign key holds
        assert superuser.execute(statement.format(**PLACES)).rowcount > 0
    edited = export(cast, tmp_path / "edited.zip")
    for checkpoint in (None, kept):
        code, said = verify(edited, checkpoint)
        assert code == 1
        assert [part for part in named if part not in said] == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_an_honest_history_verifies_after_each_step(cast: Cast, tmp_path: Path, seed: int) -> None:
    ours, estate = cast.workspace.pk, Estate(seed)
    send_inventory(cast.api["pipeline"], *estate.whole())
    kept = None
    for number, what in enumerate([*estate.steps(), *MOVES]):
        if what in MOVES:
            place = {"country": what, "replica_countries": [], "lineage_namespaces": ["s3://lake"]}
            send_inventory(cast.api["pipeline"], LAKE | {"attributes": place}, CUSTOMERS_LINE, source="lake")
        else:
            estate.step(what, ours, cast.api["pipeline"])
        run_due(ours)
        work_on_tickets(cast, estate.random)
        bundle = export(cast, tmp_path / f"{number}.zip")
        report = verify_bundle(bundle, kept)
        assert report.ok, report.as_text()
        kept = bundle
    with in_workspace(ours):  # nothing was vacuous
        assert Transition.objects.filter(new=0).exists()
        assert Finding.objects.filter(reopened__gt=0).exists()
        assert Ticket.objects.filter(state="closed").exists()
        assert any(code & NUMBER for code in VerdictCount.objects.filter(count__gt=0).values_list("code", flat=True))
    assert report.checked["table rows"] > 50


def work_on_tickets(cast: Cast, chance: random.Random) -> None:
    """Give one open ticket to somebody or to nobody, and set the day of another."""
    people: list[User | None] = [None, cast.engineer, cast.officer]
    with in_workspace(cast.workspace.pk):
        rows = list(Ticket.objects.filter(state="open").select_related("finding").order_by("number"))
        if rows:
            assign(chance.choice(rows), chance.choice(people), actor="command")
        tomorrow = timezone.now() + datetime.timedelta(days=1)
        later = [row for row in rows if row.finding.due_at > tomorrow]
        if later:
            set_due(chance.choice(later), tomorrow.date(), actor="command")


def test_what_is_not_covered_is_said(cast: Cast, tmp_path: Path) -> None:
    judged_estate(cast)
    said = io.StringIO()
    call_command("verify", str(export(cast, tmp_path / "b.zip")), stdout=said)
    assert "VERIFIED" in said.getvalue()
    assert "were not held against sealed records" in said.getvalue()
