"""Webhook doors: make one, find who is behind one, remember which messages it has taken."""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import InvalidToken
from django.db import transaction
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.journal.actions import Action
from accounts.journal.append import append
from accounts.members.authentication import TokenUser, find_door, secret_digest
from accounts.members.models import Door, Role
from accounts.members.rights import Principal
from accounts.workspaces.isolation import current_workspace, in_workspace
from lineage.events.body import read_body
from lineage.events.errors import HookRefused, MessageIdReused, SignatureRefused
from lineage.events.models import Hook, HookDelivery
from lineage.events.signature import check, decrypt, encrypt, new_secret

MAX_NAME = 120
MAX_NAMESPACE = 400


@dataclass(frozen=True)
class NewHook:
    """A hook just made; `secret` is shown once."""

    hook: Hook
    secret: str

    @property
    def path(self) -> str:
        """Where its sender posts."""
        return f"/api/v1/hooks/{self.hook.pk}"


@dataclass(frozen=True)
class Message:
    """A signed message that was checked: its id, and its content after decompression."""

    hook_id: uuid.UUID
    id: str
    content: bytes


Contents = list[tuple[int, str]]
"""(index, content digest in hex) of each event of a message that is kept: what its receipts vouch for."""


@dataclass(frozen=True)
class HookPrincipal(Principal):
    """A hook that speaks through a message; it may what a pipeline's token may."""

    message: Message | None = None


def create_hook(name: str, *, actor: str, namespaces: Sequence[str] = ()) -> NewHook:
    """Make a webhook door in the entered workspace; its statement is written with it. Raises HookRefused."""
    _check_text("name", name, MAX_NAME)
    for namespace in namespaces:  # an empty one is refused, not dropped: without any the door is open for all
        _check_text("namespace", namespace, MAX_NAMESPACE)
    secret = new_secret()
    with transaction.atomic():
        hook = Hook.objects.create(
            workspace_id=current_workspace(),
            name=name,
            secret=encrypt(secret),
            namespaces=list(namespaces),
        )
        door = Door(digest=secret_digest(str(hook.pk)), workspace_id=current_workspace(), subject=hook.pk)
        Door.objects.bulk_create([door])
        body = {"hook": str(hook.pk), "name": name, "namespaces": list(hook.namespaces)}
        append(Action.HOOK_CREATED, body, actor=actor)
    return NewHook(hook, secret)


def _check_text(what: str, text: str, most: int) -> None:
    if not text.strip() or len(text) > most or not text.isprintable():
        got = f"{len(text)} characters" if len(text) > most else repr(text)
        raise HookRefused(f"{what}: got {got}, expected 1 to {most} printable characters. Choose another {what}.")


class HookAuthentication(BaseAuthentication):
    """A message that carries a valid signature of the hook in its address."""

    def authenticate(self, request: Request) -> tuple[TokenUser, HookPrincipal]:
        """Return the hook's principal with its checked message; raise SignatureRefused."""
        content = read_body(request._request)
        hook_id: uuid.UUID = request.parser_context["kwargs"]["hook_id"]
        door = find_door(secret_digest(str(hook_id)))
        if door is None:
            raise _unknown()
        workspace_id, _ = door
        with in_workspace(workspace_id):
            hook = Hook.objects.filter(pk=hook_id, revoked_at__isnull=True).first()
        if hook is None:
            raise _unknown()
        try:
            secret = decrypt(bytes(hook.secret))
        except InvalidToken:
            raise SignatureRefused(
                "This hook's secret can no longer be read, because SECRET_KEY was changed. Make a new hook with "
                "`manage.py create_hook`."
            ) from None
        message_id = check(secret, request.headers, content, time.time())
        return TokenUser(), HookPrincipal(
            workspace_id,
            Role.PIPELINE,
            f"hook:{hook.pk}",
            f"hook {hook.name}",
            tuple(hook.namespaces),
            Message(hook.pk, message_id, content),
        )

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme of a 401."""
        return "Standard-Webhooks"


def _unknown() -> SignatureRefused:
    return SignatureRefused("This hook is not known or was revoked. Make one with `manage.py create_hook`.")


def answer_given(message: Message, contents: Contents) -> dict[str, Any] | None:
    """Return what a message with this id was answered before, None where it is new.

    Raises MessageIdReused where it was taken with other contents.
    """
    known = HookDelivery.objects.filter(hook_id=message.hook_id, message_id=message.id)
    given: dict[str, Any] | None = known.values_list("receipts", flat=True).first()
    if given is not None and contents != [(row["index"], row["content_digest"]) for row in given["receipts"]]:
        raise MessageIdReused(
            f"webhook-id: got {message.id!r} with other content than before, expected a new id for new content. "
            "What was received first is kept, nothing of this message is. Send it again with an id of its own."
        )
    return given


def remember_answer(message: Message, contents: Contents, answer: dict[str, Any]) -> dict[str, Any]:
    """Keep the answer to a message; return the one that counts: where two arrived at once, that of the first.

    Raises MessageIdReused where the first had other contents; the caller's transaction must then not commit.
    """
    HookDelivery.objects.bulk_create(
        [
            HookDelivery(
                workspace_id=current_workspace(), hook_id=message.hook_id, message_id=message.id, receipts=answer
            )
        ],
        ignore_conflicts=True,
    )
    return answer_given(message, contents) or answer


class HookScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describe the signature in the OpenAPI schema."""

    target_class = HookAuthentication
    name = "webhook"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """Return the security scheme object."""
        return {"type": "apiKey", "in": "header", "name": "webhook-signature"}
