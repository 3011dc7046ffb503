"""Kinds: what assets can be, what is known of them, and declaring more of both."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.approvals.kinds import ActKind
from accounts.approvals.propose import propose
from accounts.approvals.queries import waiting_acts
from accounts.members.queries import actor_names
from accounts.members.rights import Right
from audit.web.forms import attempt
from audit.web.kind_forms import AttributeForm, DeclarationForm, KindForm, RelationForm, RetireForm, ShownKind
from audit.web.links import href
from audit.web.scope import Scope, workspace_page
from lineage.inventory.kinds.load import load_kinds, load_vocabulary
from lineage.inventory.kinds.types import Kind
from lineage.inventory.rows import is_own_record

SHOWN = 50
"""Proposals that the page shows; more are listed by the page Approvals."""
FORMS: Mapping[str, tuple[str, type[DeclarationForm]]] = {
    "attribute": ("Declare an attribute", AttributeForm),
    "kind": ("Declare a kind", KindForm),
    "relation": ("Declare a relation", RelationForm),
    "retire": ("Retire an attribute", RetireForm),
}


@workspace_page("kinds", GET=Right.READ)
def kinds(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Show what was declared, and one kind with all that it has."""
    return _show(request, scope, {})


@workspace_page("kinds", POST=Right.DECLARE_KINDS)
def kinds_propose(request: HttpRequest, scope: Scope, what: str) -> HttpResponse:
    """Propose a declaration."""
    if what not in FORMS:
        return redirect("web:kinds", scope.slug)
    form = FORMS[what][1](request.POST, auto_id=f"{what}-%s")
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        if attempt(form, lambda: propose(ActKind.KINDS_DECLARE, form.payload(), reason, scope.principal)):
            messages.success(request, "It is proposed. It holds once it is approved, on the page Approvals.")
            return redirect("web:kinds", scope.slug)
    return _show(request, scope, {what: form}, 400)


def _show(request: HttpRequest, scope: Scope, bound: Mapping[str, DeclarationForm], status: int = 200) -> HttpResponse:
    vocabulary, chosen = load_vocabulary(), ShownKind(request.GET)
    own = [kind for kind in vocabulary.kinds.values() if kind.declared]
    name = chosen.chosen.get("kind") or (own[0].name if own else "dataset")
    if chosen.is_valid():
        chosen = ShownKind({"kind": name})  # the filter says what is shown, also where the address does not
    waiting = list(waiting_acts().filter(kind=ActKind.KINDS_DECLARE)[:SHOWN])
    names = actor_names(act.proposed_by for act in waiting)
    context = {
        "edition": vocabulary.edition,
        "kinds_total": len(vocabulary.kinds),
        "declared": [row for _, kind in sorted(vocabulary.kinds.items()) for row in _declared(scope, kind)],
        "waiting": [{"effect": act.effect, "by": names[act.proposed_by], "act": act} for act in waiting],
        "filter_form": chosen,
        "shown": _kind(scope, load_kinds()[name]) if chosen.is_valid() else None,
        "forms": _forms(scope, bound) if scope.may(Right.DECLARE_KINDS) else [],
        "four_eyes": scope.workspace.four_eyes,
    }
    return render(request, "web/settings/kinds.html", context, status=status)


def _forms(scope: Scope, bound: Mapping[str, DeclarationForm]) -> list[dict[str, Any]]:
    offered = []
    for name, (title, form) in FORMS.items():
        made = bound.get(name) or form(auto_id=f"{name}-%s")
        if not (isinstance(made, RetireForm) and not made.has_choices):
            offered.append(
                {"name": name, "title": title, "form": made, "href": href("kinds_propose", scope.slug, name)}
            )
    return offered


def _declared(scope: Scope, kind: Kind) -> list[dict[str, Any]]:
    """Return what the workspace has declared about a kind: the kind itself, then its attributes."""
    at = href("kinds", scope.slug, kind=kind.name)
    rows = [{"what": kind.name, "of": "", "type": "kind", "unit": None, "meaning": kind.meaning, "href": at}]
    attributes = [each for each in kind.attributes.values() if each.declared]
    return (rows if kind.declared else []) + [
        {
            "what": each.name,
            "of": kind.name,
            "type": each.type,
            "unit": each.unit,
            "meaning": each.meaning,
            "retired": each.retired,
            "href": at,
        }
        for each in attributes
    ]


def _kind(scope: Scope, kind: Kind) -> dict[str, Any]:
    return {
        "name": kind.name,
        "meaning": kind.meaning,
        "declared": kind.declared,
        "reported": not is_own_record(kind),
        "attributes": list(kind.attributes.values()),
        "relations": list(kind.relations.values()),
        "assets_href": href("assets", scope.slug, kind=kind.name),
        "template_href": f"/api/v1/inventories/template?kind={kind.name}&workspace={scope.slug}",
    }
