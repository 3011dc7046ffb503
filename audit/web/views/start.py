"""The way in: `/` leads to a workspace, or says how the first one is made; /start/ makes one."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.errors import AuditlineError
from accounts.members.authentication import member_of
from accounts.members.manage import add_member, create_workspace
from accounts.members.models import Role, User
from accounts.workspaces.isolation import in_workspace
from audit.web.forms import WorkspaceForm
from audit.web.views.welcome import steps
from policies.checklists.publish import publish_shipped


@login_required
def workspaces(request: HttpRequest) -> HttpResponse:
    """Go to the only workspace, or let the person choose."""
    assert isinstance(request.user, User)
    memberships = list(member_of(request.user))
    if len(memberships) == 1 and "all" not in request.GET:
        return redirect("web:overview", memberships[0].workspace.slug)
    return render(request, "web/workspaces.html", {"may_create": True})


@login_required
def start(request: HttpRequest) -> HttpResponse:
    """Make a workspace; who makes it becomes its admin."""
    assert isinstance(request.user, User)
    form = WorkspaceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            slug = _made(request.user, form.cleaned_data["slug"], form.cleaned_data["name"])
        except AuditlineError as refused:
            form.add_error("slug", refused.message)
        else:
            return redirect("web:welcome", slug)
    context = {"form": form, "steps": steps(None, "workspace")}
    return render(request, "web/welcome/workspace.html", context, status=400 if form.errors else 200)


def _made(user: User, slug: str, name: str) -> str:
    workspace = create_workspace(slug, name, actor=f"member:{user.pk}")
    with in_workspace(workspace.pk):
        add_member(user.email, Role.ADMIN, actor=f"member:{user.pk}")
        publish_shipped()
    return workspace.slug
