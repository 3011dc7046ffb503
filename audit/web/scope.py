"""Who looks at which workspace: the one gate of every page.

    @workspace_page("tickets", GET=Right.READ, POST=Right.WORK_TICKETS)
    def ticket(request, scope, ticket_id): ...

A view never signs anybody in, never looks for a membership and never enters a workspace by itself.
"""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from accounts.errors import AuditlineError
from accounts.members.authentication import member_of, member_principal
from accounts.members.models import Membership, User
from accounts.members.rights import Principal, Right
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Workspace

P = ParamSpec("P")


@dataclass(frozen=True)
class Scope:
    """One look at one workspace by one member; `now` is fixed for the whole page."""

    workspace: Workspace
    principal: Principal
    user: User
    memberships: Sequence[Membership]
    section: str
    now: datetime.datetime

    @property
    def slug(self) -> str:
        """The workspace's name in addresses."""
        return self.workspace.slug

    def may(self, right: Right) -> bool:
        """Tell whether the member's role carries this right."""
        return self.principal.may(right)


class RoleTooLow(PermissionDenied):
    """A member without the right that a page needs; the 403 page names her role."""

    def __init__(self, role: str) -> None:
        super().__init__(f"The role {role} does not allow this.")
        self.role = role


PageView = Callable[Concatenate[HttpRequest, Scope, P], HttpResponseBase]


def workspace_page(section: str, **rights: Right) -> Callable[[PageView[P]], Callable[..., HttpResponseBase]]:
    """Let a view be reached by members of its workspace that hold the right of the method; others are not named.

    1. Who is not signed in is asked to.
    2. Who is no member gets 404, the same as for a workspace that does not exist.
    3. A method that has no right named does not exist (405); a role without that right is told so (403).
    4. The view runs inside the workspace, rendering included, in one transaction that an error rolls back.
    5. What it refuses is told in words.
    """

    def decorate(view: PageView[P]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def gate(request: HttpRequest, slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not isinstance(request.user, User):  # 1
                return _sign_in_first(request)
            scope = _scope_of(request.user, slug, section)  # 2
            right = rights.get("GET" if request.method == "HEAD" else str(request.method))
            if right is None:  # 3
                return HttpResponseNotAllowed(rights)
            if not scope.may(right):
                raise RoleTooLow(scope.principal.role.value)
            request.page_scope = scope  # type: ignore[attr-defined]
            try:
                with in_workspace(scope.workspace.pk):  # 4
                    response = view(request, scope, *args, **kwargs)
            except AuditlineError as refused:  # 5
                response = _told(request, refused)
            assert not isinstance(response, TemplateResponse), "it would be rendered after the workspace was left"
            add_never_cache_headers(response)
            return response

        return gate

    return decorate


def scope_of(request: HttpRequest) -> Scope | None:
    """Return the scope that the gate has set; None on pages outside of any workspace."""
    scope = getattr(request, "page_scope", None)
    return scope if isinstance(scope, Scope) else None


def _scope_of(user: User, slug: str, section: str) -> Scope:
    memberships = list(member_of(user))
    mine = next((each for each in memberships if each.workspace.slug == slug), None)
    if mine is None:
        raise Http404
    return Scope(mine.workspace, member_principal(mine), user, memberships, section, timezone.now())


def _sign_in_first(request: HttpRequest) -> HttpResponse:
    """Send to the sign-in page; a part that was asked for by HTMX makes the whole page go there."""
    answer = redirect_to_login(request.get_full_path() if request.method == "GET" else "/")
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": answer.url})
    return answer


def _told(request: HttpRequest, refused: AuditlineError) -> HttpResponse:
    del request.page_scope  # type: ignore[attr-defined]  # the page stands outside: its workspace has been left
    return render(request, "400.html", {"message": refused.message}, status=refused.status)
