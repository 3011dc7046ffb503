"""Checklists: the versions in force with their posture, one family, and one check with what it reads and waits for."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.members.rights import Right
from audit.web.facts import attribute_of
from audit.web.links import asset_href, check_href, href
from audit.web.lists import count_up_to
from audit.web.posture import added, tally_row, without_subjects
from audit.web.rules import clauses_of, plain_condition, plain_when
from audit.web.scope import Scope, workspace_page
from lineage.inventory.kinds.load import load_kinds, load_lineage_facts
from lineage.inventory.models import Asset
from lineage.inventory.queries import AssetFilters, filtered
from lineage.inventory.summaries import reported_counts
from policies.checklists.checks import Check, Checklist, InlineTest
from policies.checklists.compile import compile_check
from policies.checklists.models import ChecklistVersion
from policies.checklists.queries import (
    active_versions,
    content_of,
    judged_checks,
    ready_checklists,
    versions,
    waiting_of,
)
from policies.checklists.read import shipped_frameworks
from policies.checklists.try_tests import subject_of
from policies.evaluation.codes import word
from policies.evaluation.minimum import carrier, subject_counts
from policies.evaluation.queries import FamilyPosture, Tally, posture
from policies.rules.judge import judge
from policies.rules.schema import LINEAGE

COUNTED = 20_000


@workspace_page("checklists", GET=Right.READ)
def checklists(request: HttpRequest, scope: Scope) -> HttpResponse:
    """List the checklists in force; `framework` leaves the checks that support this law or norm."""
    framework = request.GET.get("framework", "")
    if framework and framework not in shipped_frameworks():
        raise Http404
    standing = {each.family: each for each in posture()}
    found = [(version, content_of(version)) for version in active_versions()]
    rows = [_family(scope, version, content, standing, framework) for version, content in found]
    context = {
        "checklists": [row for row in rows if row["checks"]],
        "frameworks": _frameworks(scope, [content for _, content in found], framework),
    }
    return render(request, "web/checklists/list.html", context)


def _family(
    scope: Scope,
    version: ChecklistVersion,
    content: Checklist,
    standing: Mapping[str, FamilyPosture],
    framework: str,
) -> dict[str, Any]:
    checks = [check for check in content.checks if not framework or framework in check.frameworks]
    tallies = _tallies(standing, version.checklist)
    total = added(tallies.get(check.id, Tally()) for check in checks)
    row = tally_row(scope.slug, total, family=version.checklist)
    judged = set(judged_checks(version.checklist))
    if framework:
        row["hrefs"] = {}  # no list of verdicts is narrowed by framework
    manual = sum(1 for check in checks if check.type == "manual")
    waiting = waiting_of(version.checklist)
    return row | {
        "code": version.checklist,
        "title": version.title,
        "answers": version.answers,
        "version": content.version,
        "digest": version.content_hash,
        "active_since": version.published_at,
        "checks": len(checks),
        "automatic": len(checks) - manual,
        "manual": manual,
        "waiting": sum(1 for check in checks if waiting.get(check.id)),
        "empty": without_subjects((check.id for check in checks if check.id in judged), tallies),
        "href": href("checklist", scope.slug, version.checklist),
    }


def _frameworks(scope: Scope, contents: Sequence[Checklist], current: str) -> list[dict[str, Any]]:
    counts: dict[str, int] = {}
    for content in contents:
        for check in content.checks:
            for key in check.frameworks:
                counts[key] = counts.get(key, 0) + 1
    known = shipped_frameworks()
    return [
        {
            "key": key,
            "name": known[key].name if key in known else key,
            "checks": count,
            "current": key == current,
            "href": href("checklists", scope.slug, framework="" if key == current else key),
        }
        for key, count in sorted(counts.items())
    ]


def _tallies(standing: Mapping[str, FamilyPosture], family: str) -> Mapping[str, Tally]:
    return standing[family].checks if family in standing else {}


def _chosen(code: str, digest: str) -> tuple[ChecklistVersion, list[ChecklistVersion]]:
    """Return the version with this digest ('' = the one in force) and all others, newest first."""
    every = list(versions(code))
    chosen = next((each for each in every if (each.content_hash == digest if digest else each.active)), None)
    if chosen is None:
        raise Http404
    return chosen, [each for each in every if each != chosen]


@workspace_page("checklists", GET=Right.READ)
def checklist(request: HttpRequest, scope: Scope, code: str) -> HttpResponse:
    """Show all checks of a family: of the version in force, or of the one that `version` names by its digest."""
    version, others = _chosen(code, request.GET.get("version", ""))
    content = content_of(version)
    tallies = _tallies({each.family: each for each in posture()}, code) if version.active else {}
    waiting = waiting_of(code) if version.active else {}
    numbers = _numbers(scope, content.checks) if version.active else {}
    total = added(tallies.values())
    context = {
        "crumbs": [
            {"label": "Checklists", "href": href("checklists", scope.slug)},
            {"label": f"{code} {content.title}", "href": ""},
        ],
        "checklist": tally_row(scope.slug, total, family=code)
        | {
            "code": code,
            "title": content.title,
            "answers": content.answers,
            "version": content.version,
            "digest": version.content_hash,
            "active_since": version.published_at,
            "source": f"{code.lower()}.yaml",
        },
        "checks": [_check_row(scope, check, tallies, waiting, numbers) for check in content.checks],
        "versions": _versions(scope, code, others, [version, *others]),
    }
    return render(request, "web/checklists/detail.html", context)


def _numbers(scope: Scope, checks: Sequence[Check]) -> dict[str, dict[str, Any]]:
    """Return for the checks that need a number of subjects whether there are enough, and on whom that is reported."""
    if not any(check.min_population for check in checks):
        return {}
    found = carrier()
    reported = {"name": found.name, "href": asset_href(scope.slug, found.pk)} if found is not None else None
    return {
        count.check.id: {
            "needed": count.needed,
            "counted": count.counted,
            "undecided": count.undecided,
            "verdict": word(count.code),
            "organisation": reported,
        }
        for count in subject_counts()
    }


def _check_row(
    scope: Scope,
    check: Check,
    tallies: Mapping[str, Tally],
    waiting: Mapping[str, list[str]],
    numbers: Mapping[str, dict[str, Any]],
) -> dict[str, Any]:
    return tally_row(scope.slug, tallies.get(check.id, Tally()), check=check.id) | {
        "code": check.id,
        "question": check.question,
        "href": check_href(scope.slug, check.id),
        "severity": check.severity,
        "type": check.type,
        "basis": check.basis,
        "best_grade": check.best_grade,
        "subject": check.subject,
        "waiting": waiting.get(check.id, []),
        "number": numbers.get(check.id),
    }


def _versions(
    scope: Scope, code: str, others: Sequence[ChecklistVersion], every: Sequence[ChecklistVersion]
) -> list[dict[str, Any]]:
    starts = sorted(each.published_at for each in every)
    return [
        {
            "version": content_of(each).version,
            "digest": each.content_hash,
            "from": each.published_at,
            "to": next((start for start in starts if start > each.published_at), None),
            "href": href("checklist", scope.slug, code, version=each.content_hash),
        }
        for each in others
    ]


@workspace_page("checklists", GET=Right.READ)
def check(request: HttpRequest, scope: Scope, code: str, check_code: str) -> HttpResponse:
    """Show one check as it is in force."""
    version, _ = _chosen(code, "")
    content = content_of(version)
    found = next((each for each in content.checks if each.id == check_code), None)
    if found is None:
        raise Http404
    tally = _tallies({each.family: each for each in posture()}, code).get(check_code, Tally())
    context = {
        "crumbs": [
            {"label": "Checklists", "href": href("checklists", scope.slug)},
            {"label": f"{code} {content.title}", "href": href("checklist", scope.slug, code)},
            {"label": check_code, "href": ""},
        ],
        "check": tally_row(scope.slug, tally, check=check_code)
        | _shown(scope, found, content)
        | {"waiting": waiting_of(code).get(check_code, []), "number": _numbers(scope, [found]).get(check_code)},
        "params": [_param(each) for each in found.params],
        "reads": _reads(code, check_code),
        "tests": _tests(found),
        "clauses": clauses_of(found.frameworks, content.verify_mappings),
    }
    return render(request, "web/checklists/check.html", context)


def _shown(scope: Scope, found: Check, content: Checklist) -> dict[str, Any]:
    plain_fields = (
        "question", "condition", "when", "type", "severity", "basis", "threshold_basis", "subject", "sources",
        "best_grade", "on_missing", "remediation",
    )  # fmt: skip
    return {name: getattr(found, name) for name in plain_fields} | {
        "code": found.id,
        "plain": plain_condition(found),
        "plain_when": plain_when(found),
        "freshness": found.freshness.text,
        "version": content.version,
        "digest": found.content_hash,
        "checklist_href": href("checklist", scope.slug, content.family),
    }


def _param(param: Any) -> dict[str, Any]:
    value = ", ".join(param.default) if isinstance(param.default, tuple) else param.default
    return {
        "name": param.name,
        "type": param.type,
        "unit": param.unit,
        "default": value,
        "value": value,
        "overridden": False,
        "reason": param.reason,
    }


def _reads(family: str, code: str) -> list[dict[str, Any]]:
    """Return the facts that the check reads, and for how many assets each is known; two queries per kind."""
    ready = ready_checklists().get(family)
    compiled = ready.compiled.get(code) if ready else None
    if compiled is None:
        return []
    rows: list[dict[str, Any]] = []
    for kind, fields in sorted(compiled.uses.fields.items()):
        known = load_lineage_facts() if kind == LINEAGE else load_kinds()[kind].attributes
        names = sorted(name for name in fields if name in known)
        stored = {name: age.start if (age := known[name].age) else name for name in names}
        counts = None if kind == LINEAGE else reported_counts(kind, sorted(set(stored.values())), COUNTED)
        of = None if counts is None else count_up_to(filtered(AssetFilters(kind=kind, state=Asset.State.REPORTED)))
        for name in names:
            reported = counts.get(stored[name]) if counts is not None else None
            rows.append(_read(compiled.check.kind, kind, name) | {"reported": reported, "of": of})
    return rows


def _read(subject: str, kind: str, name: str) -> dict[str, Any]:
    path = f"asset.{LINEAGE}.{name}" if kind == LINEAGE else f"{kind}.{name}"
    attribute = attribute_of(subject if kind == LINEAGE else kind, path)
    derived = attribute is not None and attribute.origin == "derived"
    said = attribute.source_note if attribute and attribute.source_note else ""
    computed = f"computed from {said}" if said else "computed"
    return {
        "name": path,
        "meaning": attribute.meaning if attribute else "",
        "unit": attribute.unit if attribute else None,
        "origin": attribute.origin if attribute else "",
        "best_grade": attribute.best_grade if attribute else "",
        "how_to": computed if derived else "an inventory or an event",
    }


def _tests(check: Check) -> list[dict[str, Any]]:
    """Return the inline tests with what the row engine gives for them now."""
    compiled = compile_check(check)
    return [_test(test, judge(compiled, subject_of(test), test.now).code.name.lower()) for test in check.tests]


def _test(test: InlineTest, got: str) -> dict[str, Any]:
    given: dict[str, Any] = {"asset": dict(test.asset)}
    if test.related:
        given["related"] = {name: [dict(each) for each in facts] for name, facts in test.related.items()}
    if test.lineage is not None:
        given["lineage"] = dict(test.lineage)
    return {
        "name": test.why or f"gives {test.expect.replace('_', ' ')}",
        "expected": test.expect,
        "got": got,
        "given": json.dumps(given, ensure_ascii=False, indent=2, default=str),
    }
