"""What every page gets: the workspaces that the person may enter and the one she is in."""

from django.http import HttpRequest

from accounts.members.authentication import member_of
from accounts.members.models import User


def workspace(request: HttpRequest) -> dict[str, object]:
    """Return `memberships` of the signed-in person, and the page's `workspace` and `principal` where it has set them."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {"memberships": []}
    return {"memberships": list(member_of(user))}
