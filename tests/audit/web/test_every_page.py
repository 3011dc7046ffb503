"""Every page of a workspace: members read it, outsiders cannot tell that it exists, nobody is asked to sign in."""

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.journal.models import Statement
from accounts.workspaces.isolation import in_workspace
from audit.exports.make_export import make_exports, request_export
from audit.findings.models import Finding
from audit.tickets.models import Ticket
from audit.web.urls import workspace_pages
from lineage.events.models import Event
from lineage.inventory.imports.models import Import
from lineage.inventory.models import Asset
from lineage.retention.models import Deletion
from tests.support.cast import Cast
from tests.support.estate import judged_estate
from tests.support.retention import delete_all, keep_for, old_event

pytestmark = pytest.mark.django_db(transaction=True)

# Names that take no ids of rows, or are POST only; the rest is filled from the estate.
POST_ONLY = {"inventory_preview",
    "replay", "ticket_assign", "ticket_due", "schedule_add", "schedule_pause", "schedule_resume", "schedule_remove",
    "member_role", "rule_propose", "rule_end", "hold_place", "hold_release", "kinds_propose",
    "join_accept", "join_withdraw", "retirement_confirm", "retirement_dismiss",
    "act_propose", "act_approve", "act_reject", "act_withdraw",
}  # fmt: skip
ADMIN_ONLY = {"member_remove", "token_revoke", "welcome_batch", "welcome_heard"}
ASKER_ONLY = {"question", "question_csv"}  # see test_ask_pages.py


@pytest.fixture
def rows(cast: Cast) -> dict[str, str]:
    """An id for each kind of row that an address may name."""
    judged_estate(cast)
    with in_workspace(cast.workspace.pk):
        keep_for(10, kind="job")
        old_event(kind="job")
        delete_all()
        deletion = Deletion.objects.get().pk
        export = request_export(actor="command")
    make_exports(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        return {
            "finding_id": str(Finding.objects.all()[0].pk),
            "ticket_id": str(Ticket.objects.all()[0].pk),
            "asset_id": str(Asset.objects.filter(kind="dataset")[0].pk),
            "deletion_id": str(deletion),
            "statement_id": str(Statement.objects.order_by("pk")[0].pk),
            "export_id": str(export.pk),
            "event_id": str(Event.objects.filter(kind="inventory")[0].pk),
            "import_id": str(import_of(cast).pk),
            "code": "SOV",
            "check_code": "SOV-04",
        }


def import_of(cast: Cast) -> Import:
    """Return an import that is done."""
    return Import.objects.create(
        workspace=cast.workspace, source="cmdb", format="native", mode="full", sender="command", digest=b"",
        content=b"", size=1, state=Import.State.DONE, finished_at=timezone.now(),
    )  # fmt: skip


def addresses(slug: str, rows: dict[str, str]) -> dict[str, str]:
    """Return the address of every page that can be opened, by name."""
    found = {}
    for pattern in workspace_pages:
        if pattern.name in POST_ONLY | ADMIN_ONLY | ASKER_ONLY:
            continue
        needed = list(pattern.pattern.converters)
        values = {name: rows.get(name, str(uuid.uuid4())) for name in needed}
        found[str(pattern.name)] = reverse(f"web:{pattern.name}", kwargs={"slug": slug, **values})
    return found


def content(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else bytes(response.content)


def opened(client: Client, address: str) -> int:
    response = client.get(address)
    content(response)
    return response.status_code


def test_members_open_every_page(cast: Cast, rows: dict[str, str]) -> None:
    for user in (cast.officer, cast.auditor, cast.engineer, cast.admin):
        client = cast.page(user)
        bad = {
            name: code for name, a in addresses("ours", rows).items() if (code := opened(client, a)) not in (200, 302)
        }
        assert bad == {}, user.email


def test_outsider_cannot_tell_that_a_page_exists(cast: Cast, rows: dict[str, str]) -> None:
    client = cast.page(cast.outsider)
    assert {name: opened(client, address) for name, address in addresses("ours", rows).items()} == dict.fromkeys(
        addresses("ours", rows), 404
    )


def test_outsider_finds_no_row_of_ours_under_her_own_workspace(cast: Cast, rows: dict[str, str]) -> None:
    client = cast.page(cast.outsider)
    for name, address in addresses("elsewhere", rows).items():
        response = client.get(address)
        body = content(response)
        assert b"customers" not in body, name
        if any(value in address for key, value in rows.items() if key.endswith("_id")):
            assert response.status_code == 404, name


def test_nobody_is_asked_to_sign_in(cast: Cast, rows: dict[str, str]) -> None:
    for name, address in addresses("ours", rows).items():
        response = Client().get(address)
        assert response.status_code == 302, name
        assert response["Location"].startswith(reverse("account_login")), name


def test_the_overview_and_the_finding_say_what_fails(cast: Cast, rows: dict[str, str]) -> None:
    client = cast.page(cast.officer)
    pages = addresses("ours", rows)
    assert "customers" in client.get(pages["findings"]).content.decode()
    finding = client.get(pages["finding"]).content.decode()
    assert "customers" in finding
