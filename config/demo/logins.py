"""The workspace of the demo, its members and tokens. What they sign in with is kept in files that only we may read.

`secrets/demo-logins.json` is the record, `secrets/demo-logins` the same for people; a second start prints it again.
"""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accounts.members.manage import add_member, create_token, create_workspace
from accounts.members.models import ApiToken, Role, User
from accounts.members.rights import Principal
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Workspace

ACTOR = "command"
MEMBERS = (Role.OFFICER, Role.AUDITOR, Role.ENGINEER, Role.ADMIN)
TOKENS = ("demo pipelines", "demo inventories")
"""One sender each: the bank's schedulers, and its inventories."""


@dataclass(frozen=True)
class Sender:
    """A token of the demo: who it is, and the secret that it shows at an HTTP door."""

    principal: Principal
    secret: str


@dataclass(frozen=True)
class Logins:
    """Everything that the demo's workspace is entered with."""

    workspace: Workspace
    pipelines: Sender
    inventories: Sender
    text: str


def demo_workspace(slug: str) -> Workspace:
    """Return the workspace, made and marked as demo where it is not there yet."""
    known = Workspace.objects.filter(slug=slug).first()
    return known or create_workspace(slug, "Veldspar Bank (demo)", actor=ACTOR, is_demo=True)


def ensure_logins(workspace: Workspace, home: Path) -> Logins:
    """Make members and tokens where they are missing, and keep what they sign in with.

    Passwords and secrets of an earlier start are used again; where the file is lost they are made anew.
    """
    kept = _read(home / "secrets" / "demo-logins.json")
    ours = kept if kept.get("workspace") == str(workspace.pk) else {}
    passwords: dict[str, str] = kept.get("passwords", {})
    tokens: dict[str, str] = ours.get("tokens", {})
    with in_workspace(workspace.pk):
        for role in MEMBERS:
            email = f"{role.value}@demo.example"
            passwords[email] = _ensure_member(email, role, passwords.get(email))
        pipelines, inventories = (_ensure_token(workspace, name, tokens) for name in TOKENS)
    text = _for_people(workspace, passwords)
    record = {"workspace": str(workspace.pk), "passwords": passwords, "tokens": tokens}
    write_private(home / "secrets" / "demo-logins.json", json.dumps(record, indent=1) + "\n")
    write_private(home / "secrets" / "demo-logins", text)
    return Logins(workspace, pipelines, inventories, text)


def kept_text(home: Path) -> str:
    """Return the logins as an earlier start printed them; empty where there are none."""
    try:
        return (home / "secrets" / "demo-logins").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _ensure_member(email: str, role: Role, password: str | None) -> str:
    """Return the password with which the member signs in now."""
    wanted = password or secrets.token_urlsafe(12)
    user = User.objects.filter(email=email).first()
    if user is None or not user.memberships.filter(role=role).exists():
        add_member(email, role, actor=ACTOR, password=wanted)
    if user is not None and not user.check_password(wanted):
        user.set_password(wanted)
        user.save(update_fields=["password"])
    return wanted


def _ensure_token(workspace: Workspace, name: str, kept: dict[str, str]) -> Sender:
    token = ApiToken.objects.filter(workspace=workspace, name=name, revoked_at=None).first()
    if token is None or name not in kept:
        made = create_token(name, Role.PIPELINE, actor=ACTOR)
        token, kept[name] = made.token, made.secret
    principal = Principal(workspace.pk, Role.PIPELINE, f"token:{token.pk}", token.name)
    return Sender(principal, kept[name])


def _for_people(workspace: Workspace, passwords: dict[str, str]) -> str:
    lines = [f"Demo logins (workspace {workspace.slug}):"]
    return "\n".join([*lines, *(f"  {email:<24} {password}" for email, password in passwords.items())]) + "\n"


def _read(path: Path) -> dict[str, Any]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return kept if isinstance(kept, dict) else {}


def write_private(path: Path, text: str) -> None:
    """Put a file in place whole, readable by its owner alone from its first byte."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
