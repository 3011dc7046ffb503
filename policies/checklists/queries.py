"""Read checklists: what is shipped and ready to judge, the active versions, one version, one check as it was judged."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.db.models import QuerySet

from lineage.inventory.derivations import registered_derivations
from policies.checklists.checks import Check, Checklist
from policies.checklists.compile import compile_checklist
from policies.checklists.models import Check as CheckRow
from policies.checklists.models import ChecklistVersion
from policies.checklists.read import checklist_of, checklists_in, shipped_from
from policies.checklists.waiting import waiting_for
from policies.rules.checks import CompiledCheck
from policies.rules.schema import shipped_schema


@dataclass(frozen=True)
class Ready:
    """A shipped checklist, compiled; `waiting` names per check the facts nobody gives."""

    checklist: Checklist
    compiled: dict[str, CompiledCheck]
    waiting: dict[str, list[str]]


@dataclass(frozen=True)
class CheckInForce:
    """A check with the version that it stands in and the facts that nobody gives yet."""

    check: Check
    version: ChecklistVersion
    number: int  # of the version
    waiting: tuple[str, ...]


def ready_checklists() -> dict[str, Ready]:
    """Return the shipped checklists by family, compiled once per process. Raises ChecklistRefused."""
    return _ready_in(shipped_from.get())


@cache
def _ready_in(folder: Path) -> dict[str, Ready]:
    ready = {}
    for checklist in checklists_in(folder):
        compiled = dict(compile_checklist(checklist, shipped_schema()))
        waiting = {name: waiting_for(check, registered_derivations()) for name, check in compiled.items()}
        ready[checklist.family] = Ready(checklist, compiled, waiting)
    return ready


def active_versions() -> QuerySet[ChecklistVersion]:
    """Return the version in force of each checklist."""
    return ChecklistVersion.objects.filter(active=True).order_by("checklist")


def versions(family: str) -> QuerySet[ChecklistVersion]:
    """Return all versions of a checklist, newest first."""
    return ChecklistVersion.objects.filter(checklist=family).order_by("-published_at", "-id")


def content_of(version: ChecklistVersion) -> Checklist:
    """Return what a version says; the shipped one as read already where it is that."""
    ready = ready_checklists().get(version.checklist)
    if ready is not None and ready.checklist.content_hash == version.content_hash:
        return ready.checklist
    return checklist_of(version.body, version.checklist)


def waiting_of(family: str) -> Mapping[str, list[str]]:
    """Return, by check of a shipped checklist, the facts that nobody gives yet."""
    ready = ready_checklists().get(family)
    return ready.waiting if ready is not None else {}


def judged_checks(family: str) -> list[str]:
    """Return the checks of a shipped checklist that do not wait for facts."""
    ready = ready_checklists().get(family)
    return [check.id for check in ready.checklist.checks if not ready.waiting[check.id]] if ready is not None else []


def check_titles() -> dict[str, str]:
    """Return the question of every check in force, without a query: checklists are shipped."""
    return {check.id: check.question for each in ready_checklists().values() for check in each.checklist.checks}


def kinds_of_checks() -> dict[str, str]:
    """Return the kind of subject of every check in force, without a query."""
    return {check.id: check.subject for each in ready_checklists().values() for check in each.checklist.checks}


def family_of(check: str) -> str:
    """Return the family of a check in force, without a query; '' for a check that no checklist in force holds."""
    for family, each in ready_checklists().items():
        if any(known.id == check for known in each.checklist.checks):
            return family
    return ""


def check_as_judged(check_id: str, check_hash: str) -> CheckInForce | None:
    """Return a check by its content, from whatever version held it; None where no version does."""
    rows = CheckRow.objects.filter(check_id=check_id).select_related("version").order_by("-version__published_at")
    row = next((each for each in rows if each.check_hash == check_hash), None)
    if row is None:
        return None
    content = content_of(row.version)
    check = next(each for each in content.checks if each.id == check_id)
    return CheckInForce(check, row.version, content.version, tuple(waiting_of(row.version.checklist).get(check_id, ())))


def check_remediations() -> dict[str, str]:
    """Return what to change for every check in force, without a query."""
    return {check.id: check.remediation for each in ready_checklists().values() for check in each.checklist.checks}
