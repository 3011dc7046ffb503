"""Evidence: the ledger's head, the statements under it, each with its proof and its bytes."""

import json
import uuid
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render

from accounts.journal.actions import Action
from accounts.journal.canonical.merkle import leaf_hash
from accounts.journal.models import Statement
from accounts.members.queries import actor_names
from accounts.members.rights import Right
from accounts.workspaces.queue import Stage, waiting
from audit.evidence.ledger.envelope import envelope
from audit.evidence.ledger.note import origin
from audit.evidence.queries import (
    checkpoint_row,
    newest_checkpoint,
    newest_entry,
    place_of,
    proof_of,
    statement_page,
    statements,
)
from audit.evidence.statements import as_sealed
from audit.web.filters import StatementFilters
from audit.web.links import href
from audit.web.lists import count_up_to, fetched, list_context, named_views
from audit.web.proofs import VERIFY, proof_of_statement
from audit.web.scope import Scope, workspace_page
from audit.web.words import act
from policies.evaluation.lookups import first_leaves
from policies.evaluation.models import JudgedLeaf

VIEWS = {"all": "All", "judgements": "Judgements"}
LEAVES = 20


@workspace_page("evidence", GET=Right.READ)
def evidence(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Show the newest checkpoint and the statements, newest first."""
    form = StatementFilters(request.GET)
    field = form.fields["action"]
    assert isinstance(field, forms.ChoiceField)
    field.choices = [("", "All actions"), *[(str(each), str(each)) for each in Action]]
    view = form.chosen.get("view", "all")
    action = str(Action.CHECKLIST_EVALUATED) if view == "judgements" else form.chosen.get("action", "")
    page = fetched(request, form, lambda after, limit: statement_page(after, limit, action=action))
    rows = {row.pk: row for row in statements().filter(pk__in=[row["id"] for row in page.rows])}
    names = actor_names(row.actor for row in rows.values())
    context = {
        "ledger": _ledger(scope),
        "views": named_views(request, VIEWS, view, {}),
        "statements": [_row(row, rows[row["id"]], names) for row in page.rows],
        **list_context(request, form, page, count_up_to(statements(action=action)), csv=False),
    }
    return render(request, "web/evidence/list.html", context)


def _ledger(scope: Scope) -> dict[str, Any] | None:
    head, entry = newest_checkpoint(), newest_entry()
    if head is None:
        return None
    said = checkpoint_row(head)
    return {
        "origin": origin(str(scope.workspace.pk)),
        "size": head.size,
        "root": said["root"],
        "at": head.published_at,
        "key_id": entry.key_id[:16] if entry else "",
        "witnesses": [],
        "timestamp": None,
        "note": head.note,
        "note_href": href("checkpoint", scope.slug),
        "waiting": waiting(Stage.SEAL),
        "verify_command": VERIFY,
    }


def _row(row: dict[str, Any], statement: Statement, names: dict[str, str]) -> dict[str, Any]:
    return {
        "id": statement.pk,
        "index": row["index"],
        "action": statement.action,
        "what": act(statement.action, statement.body),
        "actor": names.get(statement.actor, statement.actor),
        "at": statement.made_at,
        "leaves": statement.body.get("leaves", {}).get("count"),
        "digest": "",
    }


@workspace_page("evidence", GET=Right.READ)
def checkpoint(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Give the newest signed checkpoint as a file to keep outside."""
    head = newest_checkpoint()
    return HttpResponse(
        head.note if head else "",
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{scope.slug}-checkpoint"'},
    )


@workspace_page("evidence", GET=Right.READ)
def statement(request: HttpRequest, scope: Scope, statement_id: uuid.UUID) -> HttpResponse:
    """Show one statement, its first leaves, and the proof that the newest checkpoint covers it."""
    row = get_object_or_404(statements(), pk=statement_id)
    place = place_of(row.pk)
    payload = as_sealed(row, place.entry.index, place.entry.sealed_at).stored_payload() if place else b""
    leaves = row.body.get("leaves", {})
    context = {
        "crumbs": [{"label": "Evidence", "href": href("evidence", scope.slug)}, {"label": str(row.pk), "href": ""}],
        "statement": {
            "id": row.pk,
            "index": place.entry.index if place else None,
            "action": row.action,
            "what": act(row.action, row.body),
            "actor": actor_names([row.actor])[row.actor],
            "at": row.made_at,
            "revision": row.revision,
            "predicate_type": "auditline:statement/v1",
            "digest": bytes(place.entry.digest).hex() if place else "",
            "size": len(payload),
            "text": json.dumps(json.loads(payload) if payload else row.body, indent=2, ensure_ascii=False),
            "envelope_href": href("envelope", scope.slug, row.pk),
            "proof_href": href("proof", scope.slug, row.pk),
        },
        "subjects": [],
        "leaves": [_leaf(each) for each in first_leaves(row.pk, LEAVES)] if leaves else [],
        "leaves_total": leaves.get("count", 0),
        "proof": proof_of_statement(row, place),
    }
    return render(request, "web/evidence/detail.html", context)


def _leaf(leaf: JudgedLeaf) -> dict[str, Any]:
    said = json.loads(bytes(leaf.leaf))
    changes = [f"{each['check']} {each['from']} → {each['to']}" for each in said.get("changes", [])]
    return {
        "position": leaf.leaf_index + 1,
        "asset_name": f"{said['asset']['kind']} {said['asset']['uid']}",
        "href": "",
        "digest": leaf_hash(bytes(leaf.leaf)).hex(),
        "changes": ", ".join(changes),
    }


@workspace_page("evidence", GET=Right.READ)
def statement_envelope(request: HttpRequest, scope: Scope, statement_id: uuid.UUID) -> HttpResponse:
    """Give the signed DSSE envelope of a sealed statement."""
    row = get_object_or_404(statements(), pk=statement_id)
    place = place_of(row.pk)
    if place is None:
        return JsonResponse({"error": {"code": "not_sealed", "message": "Not sealed yet. Ask again in a few seconds."}})
    payload = as_sealed(row, place.entry.index, place.entry.sealed_at).stored_payload()
    return JsonResponse(envelope(payload, bytes(place.entry.signature), place.entry.key_id))


@workspace_page("evidence", GET=Right.READ)
def statement_proof(request: HttpRequest, scope: Scope, statement_id: uuid.UUID) -> HttpResponse:
    """Give the inclusion proof of a sealed statement in the newest checkpoint."""
    row = get_object_or_404(statements(), pk=statement_id)
    proof = proof_of(row.pk)
    if proof is None:
        return JsonResponse({"error": {"code": "not_sealed", "message": "Not sealed yet. Ask again in a few seconds."}})
    return JsonResponse({"index": proof.entry.index, "hashes": proof.hashes, "checkpoint": proof.checkpoint.note})
