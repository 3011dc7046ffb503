"""What every page gets beside the context of its view; a constant number of queries (see web/base.html)."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.approvals.queries import waiting_acts
from accounts.members.authentication import member_of
from accounts.members.models import User
from accounts.workspaces.revisions import newest_revision
from audit.evidence.queries import newest_checkpoint
from audit.findings.queries import open_count
from audit.tickets.queries import open_ticket_count
from audit.web.scope import Scope, scope_of
from lineage.inventory.queries import silent_count


def workspace(request: HttpRequest) -> Mapping[str, Any]:
    """Return the frame of a page: where the person is, what she may enter, what is read, what the ledger covers."""
    scope = scope_of(request)
    if scope is not None:
        return _inside(scope)
    user = getattr(request, "user", None)
    return {"memberships": SimpleLazyObject(lambda: list(member_of(user)) if isinstance(user, User) else [])}


def _inside(scope: Scope) -> Mapping[str, Any]:
    newest, head = newest_revision(), newest_checkpoint()
    return {
        "workspace": scope.workspace,
        "memberships": scope.memberships,
        "principal": {"name": scope.principal.name, "role": scope.principal.role.value},
        "section": scope.section,
        "now": scope.now,
        "revision": newest.number if newest else 0,
        "as_of": newest.at if newest else None,
        "viewing_past": False,
        "checkpoint": {"size": head.size, "at": head.published_at, "witnessed": False} if head else None,
        "nav_counts": {
            "findings": open_count(),
            "tickets": open_ticket_count(),
            "approvals": waiting_acts().count(),
            "silent_sources": silent_count(scope.now),
        },
    }
