"""Turn tallies into what bars and rates show: disjoint counts, rates, grades, and the lists behind each count."""

from collections.abc import Iterable, Mapping
from typing import Any

from audit.web.links import href, verdict_hrefs
from policies.checklists.queries import judged_checks
from policies.evaluation.queries import FamilyPosture, Tally


def buckets(tally: Tally) -> dict[str, int]:
    """Return disjoint counts: a verdict with an overlay is counted there and nowhere else."""
    return dict(tally.bare) | {"waived": tally.waived, "stale": tally.stale}


def tally_row(slug: str, tally: Tally, **query: object) -> dict[str, Any]:
    """Return counts, lists, rates and grades of a tally; `query` is what narrows the lists to it."""
    counts = buckets(tally)
    return {
        "counts": counts,
        "hrefs": verdict_hrefs(slug, counts, **query),
        "pass_rate": tally.pass_rate,
        "known_rate": tally.known_rate,
        "grades": tally.decided,
        "concerned": tally.concerned,
    }


def family_rows(slug: str, families: Iterable[FamilyPosture], checks: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return the rows of the posture table; `checks` is the number of checks by family."""
    return [
        tally_row(slug, each.total, family=each.family)
        | {
            "code": each.family,
            "title": each.title,
            "href": href("checklist", slug, each.family),
            "checks": checks.get(each.family, len(each.checks)),
            "empty": without_subjects(judged_checks(each.family), each.checks),
        }
        for each in families
    ]


def total_row(slug: str, families: Iterable[FamilyPosture], checks: Mapping[str, int]) -> dict[str, Any]:
    """Return the closing row over all families."""
    rows = list(families)
    empty = sum(without_subjects(judged_checks(each.family), each.checks) for each in rows)
    return tally_row(slug, added(each.total for each in rows)) | {"checks": sum(checks.values()), "empty": empty}


def without_subjects(checks: Iterable[str], tallies: Mapping[str, Tally]) -> int:
    """Return how many of these checks concern nobody: an empty population is shown as such and never as a pass."""
    return sum(1 for check in checks if not tallies.get(check, Tally()).concerned)


def added(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of some tallies."""
    total = Tally()
    for tally in tallies:
        for name in ("verdicts", "bare", "grades", "decided"):
            mine = getattr(total, name)
            for key, count in getattr(tally, name).items():
                mine[key] += count
        total.passed += tally.passed
        total.stale += tally.stale
        total.waived += tally.waived
        total.numbers += tally.numbers
    return total
