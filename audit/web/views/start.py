"""The way in: `/` leads to a workspace, or says how the first one is made; /start/ makes one."""

import shlex
import sys

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.members.authentication import member_of
from accounts.members.manage import add_member, create_workspace
from accounts.members.models import Role, User
from accounts.members.queries import nobody_yet
from accounts.workspaces.isolation import in_workspace
from audit.web.forms import WorkspaceForm, attempt, sent
from audit.web.links import href
from audit.web.views.welcome import steps
from policies.checklists.publish import publish_shipped


@never_cache
@require_safe
def workspaces(request: HttpRequest) -> HttpResponse:
    """Go to the only workspace, or let the person choose; where nobody exists yet, say how the first one is made."""
    if not isinstance(request.user, User):
        if nobody_yet():
            return render(request, "web/welcome/operator.html", {"commands": first_admin_commands()})
        return redirect_to_login("/")
    memberships = list(member_of(request.user))
    if len(memberships) == 1 and "all" not in request.GET:
        return redirect("web:overview", memberships[0].workspace.slug)
    return render(request, "web/workspaces.html", {"memberships": memberships, "may_create": True})


def first_admin_commands() -> str:
    """Return the two commands that make the first workspace and its admin on this installation."""
    manage = f"{shlex.quote(sys.executable)} manage.py"
    home = f"AUDITLINE_HOME={shlex.quote(str(settings.AUDITLINE_HOME))} "
    return (
        f'{home}{manage} create_workspace acme --name "Acme"\n'
        f"{home}{manage} create_member --workspace acme --email you@acme.example --role admin"
    )


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Make a workspace; who makes it becomes its admin. Everybody who can sign in may: nobody can sign up."""
    assert isinstance(request.user, User)
    form = sent(WorkspaceForm, request)
    if request.method == "POST" and form.is_valid():
        user, slug, name = request.user, form.cleaned_data["slug"], form.cleaned_data["name"]
        if attempt(form, lambda: _make(user, slug, name), "slug"):
            return redirect(href("welcome", slug, step="people"))
    demo = next((each.workspace.slug for each in member_of(request.user) if each.workspace.is_demo), None)
    context = {
        "form": form,
        "steps": steps(None, "workspace"),
        "demo_href": href("overview", demo) if demo else None,
    }
    return render(request, "web/welcome/workspace.html", context, status=400 if form.errors else 200)


def _make(user: User, slug: str, name: str) -> None:
    """Create the workspace, its first admin and its checklists, all or nothing."""
    actor = f"member:{user.pk}"
    workspace = create_workspace(slug, name, actor=actor)
    with in_workspace(workspace.pk):
        add_member(user.email, Role.ADMIN, actor=actor)
        publish_shipped()
