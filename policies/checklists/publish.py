"""Publish checklists in a workspace: immutable versions, one active per checklist.

A shipped checklist whose content is new to the workspace becomes a new version; the former one stays as it was, so that
every verdict can name what it was judged by.
"""

from functools import cache

from django.db import connection

from accounts.journal.actions import Action
from accounts.journal.append import append
from accounts.workspaces.isolation import current_workspace
from lineage.inventory.kinds.load import shipped_vocabulary
from policies.checklists.checks import Check, Checklist
from policies.checklists.errors import ChecklistRefused
from policies.checklists.models import Check as CheckRow
from policies.checklists.models import ChecklistVersion
from policies.checklists.queries import ready_checklists
from policies.checklists.read import checklist_of, slot_problems
from policies.checklists.try_tests import try_checklist


@cache
def try_once(family: str, content_hash: str) -> None:
    """Run the inline tests of a shipped checklist through both engines, once per process. Raises ChecklistRefused."""
    checklist = ready_checklists()[family].checklist
    assert checklist.content_hash == content_hash  # named for the cache: another content is tried again
    with connection.cursor() as cursor:
        try_checklist(checklist, shipped_vocabulary(), cursor)


def publish_shipped() -> list[ChecklistVersion]:
    """Publish in the entered workspace what it does not have yet; return the new versions (usually none)."""
    active = dict(ChecklistVersion.objects.filter(active=True).values_list("checklist", "content_hash"))
    shipped = [each.checklist for each in ready_checklists().values()]
    return [_publish(each) for each in shipped if active.get(each.family) != each.content_hash]


def _publish(checklist: Checklist) -> ChecklistVersion:
    """Write the version and its checks, retire the active one, and say so in the journal."""
    try_once(checklist.family, checklist.content_hash)
    former = ChecklistVersion.objects.filter(checklist=checklist.family, active=True).first()
    if former is not None:
        if problems := slot_problems(checklist_of(former.body, former.checklist), checklist):
            raise ChecklistRefused(problems)
        former.active = False
        former.save(update_fields=["active"])
    version, _ = ChecklistVersion.objects.update_or_create(
        workspace_id=current_workspace(),
        checklist=checklist.family,
        content_hash=checklist.content_hash,
        defaults={
            "title": checklist.title,
            "answers": checklist.answers,
            "body": dict(checklist.body),
            "active": True,
        },
    )
    CheckRow.objects.bulk_create([_row(version, check) for check in checklist.checks], ignore_conflicts=True)
    body = {"checklist": checklist.family, "content_hash": checklist.content_hash, "checks": len(checklist.checks)}
    append(Action.CHECKLIST_PUBLISHED, body, actor="stage:evaluate")
    return version


def _row(version: ChecklistVersion, check: Check) -> CheckRow:
    return CheckRow(
        workspace_id=current_workspace(),
        version=version,
        checklist=version.checklist,
        check_id=check.id,
        slot=check.slot,
        kind=check.subject,
        type=check.type,
        severity=check.severity,
        question=check.question,
        body=dict(check.body),
        check_hash=check.content_hash,
    )
