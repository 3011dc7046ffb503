"""Find the workspace that a command names."""

from django.core.management.base import CommandError

from accounts.workspaces.models import Workspace


def workspace_named(slug: str) -> Workspace:
    """Return the workspace with this slug; raise CommandError that lists the known ones otherwise."""
    workspace = Workspace.objects.filter(slug=slug).first()
    if workspace is None:
        known = ", ".join(Workspace.objects.order_by("slug").values_list("slug", flat=True)[:20]) or "none yet"
        raise CommandError(
            f"--workspace: no workspace {slug!r}; known: {known}. Create it with `manage.py create_workspace {slug}`."
        )
    return workspace
