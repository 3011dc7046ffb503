"""Tokens: shown once, kept as a digest, one workspace each, with an end."""

import datetime
import hashlib
import io
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed

from accounts.journal.models import Statement
from accounts.members.authentication import find_door, token_principal
from accounts.members.manage import InvalidAccount, NewToken, create_token, revoke_token
from accounts.members.models import ApiToken, Role
from accounts.members.queries import tokens
from accounts.workspaces.isolation import in_workspace
from config.stack.embedded import Embedded
from tests.support.cast import Cast, bearer

FINDINGS = "/api/v1/findings"
MINUTE = datetime.timedelta(minutes=1)


def made(cast: Cast, role: str = "auditor", **options: Any) -> NewToken:
    with in_workspace(cast.workspace.pk):
        return create_token("reader", role, actor="command", **options)


def stored(cast: Cast, token: NewToken) -> ApiToken:
    with in_workspace(cast.workspace.pk):
        return ApiToken.objects.get(pk=token.token.pk)


def change(cast: Cast, token: NewToken, **values: Any) -> None:
    with in_workspace(cast.workspace.pk):
        ApiToken.objects.filter(pk=token.token.pk).update(**values)


@pytest.mark.django_db(transaction=True)
def test_the_secret_is_kept_nowhere(cast: Cast, stack: Embedded) -> None:
    secret = made(cast).secret
    assert len(secret) >= 43  # 256 random bits
    with psycopg.connect(stack.superuser_url) as superuser:
        for model in apps.get_models(include_auto_created=True):
            rows = superuser.execute(f'SELECT t::text FROM "{model._meta.db_table}" t').fetchall()  # noqa: S608
            assert not [row for (row,) in rows if secret[9:] in row], model
        kept = superuser.execute("SELECT digest FROM accounts_door").fetchall()
    assert (hashlib.sha256(secret.encode()).digest(),) in kept


def test_two_tokens_are_never_alike_and_the_hint_tells_them_apart_for_people(cast: Cast) -> None:
    first, second = made(cast), made(cast)
    assert first.secret != second.secret
    assert first.secret.startswith(stored(cast, first).hint)
    assert len(stored(cast, first).hint) <= 9


def test_a_token_acts_in_its_own_workspace_with_its_role(cast: Cast) -> None:
    token = made(cast, namespaces=["spark", "", "dbt"])
    principal = token_principal(token.secret)
    assert principal.workspace_id == cast.workspace.pk
    assert (principal.role, principal.actor) == (Role.AUDITOR, f"token:{token.token.pk}")
    assert principal.namespaces == ("spark", "dbt")
    assert bearer(token.secret).get(FINDINGS).status_code == 200
    there = bearer(token.secret).get(FINDINGS, headers={"X-Auditline-Workspace": "elsewhere"})
    assert there.status_code == 200  # the header is for members: the token stays where it belongs
    with in_workspace(cast.elsewhere.pk):
        assert not ApiToken.objects.filter(pk=token.token.pk).exists()


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("Bearer al_unknown", "not known"),
        ("Bearer", "two words"),
        ("Bearer a b", "two words"),
        ("Bearer \udcff\udcfe", "not known"),
        ("Basic abc", "not provided"),
    ],
)
def test_what_is_no_token_is_told_so(cast: Cast, header: str, said: str) -> None:
    client = cast.api["nobody"]
    answer = client.get(FINDINGS, HTTP_AUTHORIZATION=header.encode("utf-8", "surrogateescape").decode("latin-1"))
    assert answer.status_code == 401
    assert said in answer.json()["error"]["message"]
    assert (
        "Authorization: Bearer" in answer.json()["error"]["message"]
        or "create_token" in answer.json()["error"]["message"]
    )


def test_a_token_ends_at_its_instant(cast: Cast) -> None:
    token = made(cast, days=30)
    expires = stored(cast, token).expires_at
    assert expires is not None
    assert abs(expires - timezone.now() - datetime.timedelta(days=30)) < datetime.timedelta(hours=1)
    change(cast, token, expires_at=timezone.now() + MINUTE)
    assert bearer(token.secret).get(FINDINGS).status_code == 200
    change(cast, token, expires_at=timezone.now())
    with pytest.raises(AuthenticationFailed, match="expired on"):
        token_principal(token.secret)


def test_a_token_without_days_has_no_end(cast: Cast) -> None:
    assert stored(cast, made(cast)).expires_at is None


def test_a_revoked_token_opens_nothing_from_then_on_and_is_listed_no_more(cast: Cast) -> None:
    token = made(cast)
    with in_workspace(cast.workspace.pk):
        revoke_token(token.token, actor="command")
        first = token.token.revoked_at
        revoke_token(token.token, actor="command")
        assert token.token.pk not in {row.pk for row in tokens()}
        assert Statement.objects.filter(action="accounts:token:revoked").count() == 1
    assert stored(cast, token).revoked_at == first
    answer = bearer(token.secret).get(FINDINGS)
    assert (answer.status_code, "revoked" in answer.json()["error"]["message"]) == (401, True)


def test_its_last_use_is_kept_to_the_minute(cast: Cast) -> None:
    token = made(cast)
    assert stored(cast, token).last_used_at is None
    before = timezone.now()
    token_principal(token.secret)
    first = stored(cast, token).last_used_at
    assert first is not None
    assert before <= first <= timezone.now()
    token_principal(token.secret)
    assert stored(cast, token).last_used_at == first
    change(cast, token, last_used_at=first - 2 * MINUTE)
    token_principal(token.secret)
    again = stored(cast, token).last_used_at
    assert again is not None
    assert again > first


def test_a_refused_token_was_not_used(cast: Cast) -> None:
    token = made(cast)
    change(cast, token, expires_at=timezone.now())
    assert bearer(token.secret).get(FINDINGS).status_code == 401
    assert stored(cast, token).last_used_at is None


@pytest.mark.parametrize(
    ("role", "days", "said"),
    [
        ("king", None, "expected one of officer, auditor, engineer, admin, pipeline"),
        ("", None, "Role: got ''"),
        ("auditor", 0, "Days: got 0, expected 1 to 3650"),
        ("auditor", 3651, "Days: got 3651"),
    ],
)
def test_a_token_that_cannot_be_is_refused_and_leaves_nothing(
    cast: Cast, role: str, days: int | None, said: str
) -> None:
    with in_workspace(cast.workspace.pk):
        before = ApiToken.objects.count(), Statement.objects.count()
        with pytest.raises(InvalidAccount, match=said):
            create_token("x", role, actor="command", days=days)
        assert (ApiToken.objects.count(), Statement.objects.count()) == before


def test_the_journal_says_who_made_it_and_never_the_secret(cast: Cast) -> None:
    token = made(cast, role="pipeline", namespaces=["spark"])
    with in_workspace(cast.workspace.pk):
        said = Statement.objects.filter(action="accounts:token:created").order_by("-id")[0]
    assert said.actor == "command"
    assert said.body == {
        "token": str(token.token.pk), "name": "reader", "role": "pipeline", "namespaces": ["spark"],
    }  # fmt: skip


def test_the_command_prints_the_secret_once_alone_on_the_last_line(cast: Cast) -> None:
    said = io.StringIO()
    call_command("create_token", workspace="ours", role="engineer", namespace=["spark"], stdout=said)
    principal = token_principal(said.getvalue().splitlines()[-1])
    assert (principal.role, principal.namespaces) == (Role.ENGINEER, ("spark",))
    with pytest.raises(CommandError, match="expected one of"):
        call_command("create_token", workspace="ours", role="king")
    with pytest.raises(CommandError, match=r"no workspace 'nowhere'; known: elsewhere, ours\. Create it with"):
        call_command("create_token", workspace="nowhere", role="engineer")


def test_a_digest_opens_one_door(cast: Cast) -> None:
    token = made(cast)
    assert find_door(hashlib.sha256(token.secret.encode()).digest()) == (cast.workspace.pk, token.token.pk)
    assert find_door(hashlib.sha256(b"something else").digest()) is None
