"""Who may do what: the table of rights, tried at every address of the API with every role."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate

from accounts.journal.models import Statement
from accounts.members.models import MEMBER_ROLES, Role
from accounts.members.rights import ALLOWED, Principal, Right
from accounts.members.scope import WorkspaceView
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Work, Workspace
from audit.tickets.models import Ticket
from tests.support.cast import Cast, bearer
from tests.support.estate import judged_estate

SOME_ID = "01900000-0000-7000-8000-000000000000"
SENDERS = {"pipeline", "engineer", "admin"}
READERS = {"officer", "auditor", "engineer", "admin"}
RIGHTS: dict[Right, set[str]] = {
    Right.SEND_EVENTS: SENDERS,
    Right.SEND_INVENTORY: SENDERS,
    Right.MANAGE_PULLS: {"engineer", "admin"},
    Right.DECLARE_KINDS: {"officer", "admin"},
    Right.READ: READERS,
    Right.ASK: READERS,
    Right.WORK_TICKETS: {"officer", "engineer", "admin"},
    Right.EXPORT: {"officer", "admin"},
    Right.SCHEDULE: {"officer", "admin"},
    Right.EVALUATE: {"officer", "admin"},
    Right.REPLAY: {"officer", "admin"},
    Right.MANAGE_RETENTION: {"officer", "admin"},
    Right.PROPOSE: {"officer", "engineer", "admin"},
    Right.APPROVE: {"officer", "admin"},
    Right.GOVERN: {"admin"},
    Right.MANAGE_MEMBERS: {"admin"},
    Right.MANAGE_TOKENS: {"admin"},
}
"""What DESIGN.md promises to each role, written down a second time."""
ALWAYS_OPEN = {"api/v1/hooks/<uuid:hook_id>"}
"""Addresses that tell who asks in a way of their own: by signature."""
METHODS = ["get", "post", "put", "patch", "delete"]


def api_views() -> Iterator[tuple[str, type[Any]]]:
    """Return every address of the API with its view, from the registry."""

    def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, type[Any]]]:
        for entry in patterns:
            path = prefix + str(entry.pattern)
            if isinstance(entry, URLResolver):
                yield from walk(entry.url_patterns, path)
            elif path.startswith("api/v1/"):
                yield path, entry.callback.cls  # type: ignore[attr-defined]

    yield from walk(get_resolver().url_patterns, "")


GUARDED = [(path, view) for path, view in api_views() if issubclass(view, WorkspaceView) and path not in ALWAYS_OPEN]
DOORS = [(path, method) for path, view in GUARDED for method in METHODS if hasattr(view, method)]


def address(path: str) -> str:
    """Return an address of this pattern under which nothing exists."""
    for kind in ("uuid", "str", "slug", "path"):
        while f"<{kind}:" in path:
            head, _, tail = path.partition(f"<{kind}:")
            path = head + SOME_ID + tail.partition(">")[2]
    return "/" + path


def test_the_table_is_what_was_promised() -> None:
    assert {right: {str(role) for role in Role if right in ALLOWED[role]} for right in Right} == RIGHTS
    assert set(ALLOWED) == set(Role)


def test_a_pipeline_is_no_member() -> None:
    assert set(MEMBER_ROLES) == set(Role) - {Role.PIPELINE}


def test_every_address_is_guarded_and_names_a_right_for_all_it_does() -> None:
    assert {path for path, view in api_views() if not issubclass(view, WorkspaceView)} <= ALWAYS_OPEN
    for path, view in GUARDED:
        does = {method.upper() for method in METHODS if hasattr(view, method)}
        assert set(view.rights) == does, path
    assert len(DOORS) > 30


@pytest.mark.parametrize(("path", "method"), DOORS)
def test_a_role_without_the_right_is_told_who_has_it(cast: Cast, path: str, method: str) -> None:
    right = dict(GUARDED)[path].rights[method.upper()]
    for role in (*READERS, "pipeline"):
        answer = getattr(cast.api[role], method)(address(path))
        if role in RIGHTS[right]:
            assert answer.status_code not in {401, 403}, role
        else:
            assert answer.status_code == 403, role
            error = answer.json()["error"]
            assert error["code"] == "permission_denied"
            assert f"roles {', '.join(sorted(RIGHTS[right]))};" in error["message"]
            assert f"has the role {role}" in error["message"]


def test_nobody_is_asked_who_it_is_before_anything_else(cast: Cast) -> None:
    for path, method in DOORS:
        answer = getattr(cast.api["nobody"], method)(address(path))
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_authenticated"), path
        assert answer["WWW-Authenticate"] == "Bearer", path


def everything(cast: Cast) -> list[object]:
    """Return what an act of whatever kind would have moved."""
    with in_workspace(cast.workspace.pk):
        return [
            list(Statement.objects.order_by("pk").values_list("pk", flat=True)),
            list(Ticket.objects.order_by("pk").values()),
            sorted(Work.objects.filter(workspace=cast.workspace).values_list("stage", "subject")),
            Workspace.objects.get(pk=cast.workspace.pk).revision,
        ]


def test_auditor_changes_nothing_at_any_address(cast: Cast) -> None:
    judged_estate(cast)
    with in_workspace(cast.workspace.pk):
        ticket = str(Ticket.objects.order_by("number")[0].pk)
    before = everything(cast)
    by_token = bearer(cast.token(Role.AUDITOR))
    before = everything(cast)
    for path, view in GUARDED:
        for method in METHODS[1:]:
            if view.rights.get(method.upper()) == Right.ASK:
                continue  # a question is answered and recorded, and moves nothing else
            for client in (cast.api["auditor"], by_token):
                answer = getattr(client, method)(address(path).replace(SOME_ID, ticket), {}, format="json")
                assert answer.status_code == (403 if method.upper() in view.rights else 405), (path, method)
    assert everything(cast) == before


def test_outsider_is_told_that_she_is_no_member_and_not_whether_there_is_such_a_workspace(cast: Cast) -> None:
    outsider = cast.api["outsider"]
    answers = {
        slug: outsider.get("/api/v1/findings", headers={"X-Auditline-Workspace": slug}) for slug in ("ours", "nowhere")
    }
    assert {answer.status_code for answer in answers.values()} == {400}
    told = {slug: answer.json()["error"]["message"].replace(slug, "") for slug, answer in answers.items()}
    assert told["ours"] == told["nowhere"]


def test_a_method_that_a_view_forgot_to_name_is_closed(cast: Cast) -> None:
    class Forgetful(WorkspaceView):
        rights = {"GET": Right.READ}

        def get(self, request: Request) -> Response:
            return Response("seen")

        def post(self, request: Request) -> Response:
            return Response("done")

    admin = Principal(cast.workspace.pk, Role.ADMIN, "command", "admin")
    for method, status in (("get", 200), ("head", 200), ("post", 403), ("delete", 405)):
        request = getattr(APIRequestFactory(), method)("/")
        force_authenticate(request, user=cast.admin, token=admin)  # type: ignore[arg-type]  # our tokens are principals
        assert Forgetful.as_view()(request).status_code == status, method
