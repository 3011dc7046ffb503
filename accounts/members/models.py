"""People, what they may do in a workspace, and the tokens of machines."""

import uuid
from typing import ClassVar

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from accounts.workspaces.ids import new_id
from accounts.workspaces.models import Workspace, WorkspaceModel


class Role(models.TextChoices):
    """What a member or token may do; the rights of each stand in rights.py."""

    OFFICER = "officer", "Compliance officer"
    AUDITOR = "auditor", "Auditor (read-only)"
    ENGINEER = "engineer", "Engineer"
    ADMIN = "admin", "Administrator"
    PIPELINE = "pipeline", "Pipeline (sends, reads nothing)"


MEMBER_ROLES = [Role.OFFICER, Role.AUDITOR, Role.ENGINEER, Role.ADMIN]


class UserManager(BaseUserManager["User"]):
    """Make users by e-mail address."""

    def create_user(self, email: str, password: str | None = None) -> "User":
        """Return a new user; without a password she can sign in through single sign-on only."""
        user = self.model(email=self.normalize_email(email).lower())
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractUser):
    """A person who signs in by e-mail address. Belongs to no workspace itself; memberships say where she may go."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    username = None  # type: ignore[assignment]
    email = models.EmailField("e-mail address", unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()  # type: ignore[assignment,misc]

    def __str__(self) -> str:
        return self.email


class Membership(models.Model):
    """A person's role in a workspace. Not under row security: it is what decides which workspace may be entered."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=[(role.value, role.label) for role in MEMBER_ROLES])
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user"], name="membership_once"),
            models.CheckConstraint(
                name="membership_role_known", condition=models.Q(role__in=[role.value for role in MEMBER_ROLES])
            ),
        ]


class ApiToken(WorkspaceModel):
    """A machine's right to act: one sender each. The secret is shown once; the database keeps its digest (Door)."""

    name = models.CharField(max_length=120)
    role = models.CharField(max_length=16, choices=Role.choices)
    # First characters of the secret, so that people can tell tokens apart; too few to guess the rest.
    hint = models.CharField(max_length=12)
    # OpenLineage job namespaces (or prefixes) that this token may assert; empty = any.
    namespaces = ArrayField(models.CharField(max_length=400), default=list, blank=True)
    # The one inventory source that this token sends for, and nothing else; '' = it is bound to none.
    source = models.CharField(max_length=120, default="", db_default="", blank=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="token_role_known", condition=models.Q(role__in=[r.value for r in Role])),
        ]


class Door(models.Model):
    """Digest of a token's secret or a webhook's id -> workspace. The app may insert, and look up by function only."""

    digest = models.BinaryField(primary_key=True, max_length=32)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    subject = models.UUIDField(default=uuid.uuid4)
