"""The permanent cast: four roles, named by role and nothing else, in two workspaces.

**officer** owns checklists and waivers; **auditor** reads and verifies, changes nothing; **outsider** has a valid login
in another workspace and sees nothing of ours; **pipeline**, the token, posts events and reads nothing. An admin and an
engineer exist as well where a test is about rights.
"""

from dataclasses import dataclass
from functools import cached_property

from django.test import Client
from rest_framework.test import APIClient

from accounts.members.manage import add_member, create_token, create_workspace
from accounts.members.models import Role, User
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Workspace

PASSWORD = "correct-horse-battery-staple"


@dataclass(frozen=True)
class Cast:
    """Two workspaces and who acts in them."""

    workspace: Workspace
    elsewhere: Workspace
    officer: User
    auditor: User
    engineer: User
    admin: User
    outsider: User
    pipeline: str  # the token's secret
    outside_pipeline: str

    @cached_property
    def api(self) -> dict[str, APIClient]:
        """API clients by role; each person signed in, `pipeline` with the bearer token, `nobody` with nothing."""
        people = {
            "officer": self.officer,
            "auditor": self.auditor,
            "engineer": self.engineer,
            "admin": self.admin,
            "outsider": self.outsider,
        }
        clients = {name: APIClient() for name in people}
        for name, user in people.items():
            clients[name].force_login(user)
        return clients | {"pipeline": bearer(self.pipeline), "nobody": APIClient()}

    def page(self, user: User) -> Client:
        """Return a browser-like client of a signed-in person."""
        client = Client()
        client.force_login(user)
        return client

    def token(self, role: Role, *namespaces: str) -> str:
        """Make another token in our workspace; return its secret."""
        with in_workspace(self.workspace.pk):
            return create_token(str(role), role, actor="command", namespaces=namespaces).secret


def bearer(secret: str) -> APIClient:
    """Return an API client that sends a bearer token."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def make_cast() -> Cast:
    """Create both workspaces and everybody in them."""
    ours = create_workspace("ours", "Our bank", actor="command")
    elsewhere = create_workspace("elsewhere", "Another bank", actor="command")
    with in_workspace(ours.pk):
        people = {
            role: add_member(f"{role}@ours.example", role, actor="command", password=PASSWORD).user
            for role in ("officer", "auditor", "engineer", "admin")
        }
        pipeline = create_token("pipeline", Role.PIPELINE, actor="command").secret
    with in_workspace(elsewhere.pk):
        outsider = add_member("outsider@elsewhere.example", "admin", actor="command", password=PASSWORD).user
        outside_pipeline = create_token("pipeline", Role.PIPELINE, actor="command").secret
    return Cast(
        workspace=ours,
        elsewhere=elsewhere,
        outsider=outsider,
        pipeline=pipeline,
        outside_pipeline=outside_pipeline,
        **people,
    )
