"""Evidence: the ledger's head, the statements under it, each with its proof and its bytes."""

import json
import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render

from accounts.errors import AuditlineError
from accounts.journal.actions import Action
from accounts.journal.canonical.merkle import leaf_hash
from accounts.journal.models import Statement
from accounts.members.queries import actor_names
from accounts.members.rights import Right
from accounts.workspaces.queue import Stage, waiting
from audit.evidence.api import StatementRow
from audit.evidence.ledger.envelope import envelope
from audit.evidence.ledger.note import origin
from audit.evidence.ledger.proof import write_proof
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
from audit.web.links import asset_href, href
from audit.web.lists import FilterForm, any_of, count_up_to, csv_answer, fetched, list_context, named_views
from audit.web.proofs import VERIFY, proof_of_statement
from audit.web.scope import Scope, workspace_page
from audit.web.words import ACTS_OF_PEOPLE, JUDGEMENTS, act
from lineage.inventory.kinds.values import parse_timestamp
from policies.evaluation.lookups import assets_of_leaves, first_leaves
from policies.evaluation.models import JudgedLeaf

VIEWS = {"all": "All", "judgements": "Judgements", "people": "Acts of people"}
ACTIONS = {"judgements": JUDGEMENTS, "people": ACTS_OF_PEOPLE}
LEAVES = 20
LONGEST = 20_000  # characters of a record that a page shows; the signed envelope holds all of it
COLUMNS = list(StatementRow.__annotations__)


class NotSealed(AuditlineError):
    """A statement that waits for its seal has neither signature nor proof yet."""

    code = "not_sealed"
    status = 409
    retryable = True


class StatementFilters(FilterForm):
    """Filters over statements."""

    views = VIEWS
    action = any_of("Action", [(str(each), str(each)) for each in Action], "All actions")


def _filters(form: StatementFilters) -> dict[str, Any]:
    if action := form.chosen.get("action"):
        return {"action": action}
    return {"actions": ACTIONS.get(form.chosen.get("view", "all"), ())}


@workspace_page("evidence", GET=Right.READ)
def evidence(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Show the newest checkpoint and the statements, newest first."""
    form = StatementFilters(request.GET)
    filters = _filters(form)
    page = fetched(request, form, lambda after, limit: statement_page(after, limit, **filters))
    rows = {row.pk: row for row in statements().filter(pk__in=[row["id"] for row in page.rows])}
    names = actor_names(row.actor for row in rows.values())
    context = {
        "ledger": _ledger(scope),
        "views": named_views(request, VIEWS, form.chosen.get("view", "all"), {}),
        "statements": [_row(row, rows[row["id"]], names) for row in page.rows],
        **list_context(request, form, page, count_up_to(statements(**filters)) if form.is_valid() else 0),
    }
    return render(request, "web/evidence/list.html", context)


@workspace_page("evidence", GET=Right.READ)
def evidence_csv(request: HttpRequest, scope: Scope) -> HttpResponseBase:
    """Give the filtered list as CSV, with the columns of the API."""
    form = StatementFilters(request.GET)
    filters = _filters(form)
    return csv_answer(scope, form, lambda after, limit: statement_page(after, limit, **filters), COLUMNS, "statements")


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
        "vkey": head.vkey,
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
        "at": row["sealed_at"],
        "leaves": statement.body.get("leaves", {}).get("count"),
        "digest": row["digest"],
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
        "crumbs": [
            {"label": "Evidence", "href": href("evidence", scope.slug)},
            {"label": f"Statement {place.entry.index:,}" if place else "Waiting for its seal", "href": ""},
        ],
        "statement": {
            "id": row.pk,
            "index": place.entry.index if place else None,
            "action": row.action,
            "what": act(row.action, row.body),
            "actor": actor_names([row.actor])[row.actor],
            "at": row.made_at,
            "revision": row.revision,
            "now": parse_timestamp(str(row.body.get("now", ""))),
            "predicate_type": "auditline:statement/v1",
            "digest": bytes(place.entry.digest).hex() if place else "",
            "size": len(payload),
            "text": _readable(json.loads(payload) if payload else row.body),
            "envelope_href": href("envelope", scope.slug, row.pk),
            "proof_href": href("proof", scope.slug, row.pk),
        },
        "subjects": [],
        "leaves": _leaves(scope, row.pk) if leaves else [],
        "leaves_total": leaves.get("count", 0),
        "proof": proof_of_statement(row, place),
    }
    return render(request, "web/evidence/detail.html", context)


def _readable(record: Any) -> str:
    """Return the record indented; a long one is cut, and says so."""
    text = json.dumps(record, indent=2, ensure_ascii=False)
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}\n... {len(text) - LONGEST:,} more characters stand in the signed envelope."


def _leaves(scope: Scope, statement: uuid.UUID) -> list[dict[str, Any]]:
    assets = assets_of_leaves(statement, LEAVES)
    return [_leaf(scope, each, assets.get(each.leaf_index)) for each in first_leaves(statement, LEAVES)]


def _leaf(scope: Scope, leaf: JudgedLeaf, asset: uuid.UUID | None) -> dict[str, Any]:
    said = json.loads(bytes(leaf.leaf))
    changes = [f"{each['check']} {each['from']} → {each['to']}".replace("_", " ") for each in said.get("changes", [])]
    return {
        "position": leaf.leaf_index + 1,
        "asset_name": f"{said['asset']['kind']} {said['asset']['uid']}",
        "href": asset_href(scope.slug, asset) if asset else "",
        "digest": leaf_hash(bytes(leaf.leaf)).hex(),
        "changes": ", ".join(changes),
    }


@workspace_page("evidence", GET=Right.READ)
def statement_envelope(request: HttpRequest, scope: Scope, statement_id: uuid.UUID) -> HttpResponse:
    """Give the signed DSSE envelope of a sealed statement."""
    row = get_object_or_404(statements(), pk=statement_id)
    place = place_of(row.pk)
    if place is None:
        raise NotSealed(_NOT_YET)
    payload = as_sealed(row, place.entry.index, place.entry.sealed_at).stored_payload()
    answer = JsonResponse(envelope(payload, bytes(place.entry.signature), place.entry.key_id))
    answer["Content-Disposition"] = f'attachment; filename="statement-{row.pk}.dsse.json"'
    return answer


@workspace_page("evidence", GET=Right.READ)
def statement_proof(request: HttpRequest, scope: Scope, statement_id: uuid.UUID) -> HttpResponse:
    """Give the inclusion proof of a sealed statement in the newest checkpoint, as c2sp.org/tlog-proof@v1."""
    row = get_object_or_404(statements(), pk=statement_id)
    proof = proof_of(row.pk)
    if proof is None:
        raise NotSealed(_NOT_YET)
    hashes = [bytes.fromhex(node) for node in proof.hashes]
    return HttpResponse(
        write_proof(proof.entry.index, hashes, proof.checkpoint.note.encode()),
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="statement-{row.pk}.tlog-proof"'},
    )


_NOT_YET = (
    "This statement is written and waits for its seal, so there is nothing to prove yet. Ask again in a few seconds."
)
