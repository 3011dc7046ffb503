"""What changed, as the overview tells it: the worst first, and what is alike as one line."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from audit.web.links import asset_href, check_href, href
from audit.web.words import plural, shown_verdict
from lineage.graph.queries import jobs_of
from policies.evaluation.codes import NOT_JUDGED, base, counts_as_pass, word
from policies.evaluation.models import Transition
from policies.rules.verdicts import Code

FAILED, REGAINED, OTHER, FIRST = range(4)
"""How much a change matters: failed; passes again; another change of a verdict; a first one that is no failure."""
Job = tuple[uuid.UUID, str]


class Alike(NamedTuple):
    """What changes have in common that stand in one line. `job`: of runs, else None."""

    rank: int
    check: str
    before: str
    after: str
    kind: str
    job: Job | None


def changes_shown(slug: str, changes: Sequence[Transition], most: int) -> list[dict[str, Any]]:
    """Return at most so many lines over these changes (newest first): those that matter most, then the newest.

    First verdicts that are no failures are told only where there is nothing else. One query more where runs changed.
    """
    jobs = jobs_of({change.asset_id for change in changes if change.kind == "run"})
    groups: dict[Alike, list[Transition]] = defaultdict(list)
    for change in changes:
        groups[_alike(change, jobs)].append(change)
    lines = sorted(groups.items(), key=lambda item: item[0].rank)  # stable: the newest stays first within a rank
    told = [item for item in lines if item[0].rank < FIRST] or lines
    return [_line(slug, alike, group) for alike, group in told[:most]]


def _alike(change: Transition, jobs: Mapping[uuid.UUID, Job]) -> Alike:
    words = shown_verdict(word(change.old)), shown_verdict(word(change.new))
    return Alike(_rank(change), change.check_id, *words, change.kind, jobs.get(change.asset_id))


def _rank(change: Transition) -> int:
    if base(change.new) == Code.FAIL:
        return FAILED
    if base(change.old) == NOT_JUDGED:
        return FIRST
    return REGAINED if counts_as_pass(change.new) else OTHER


def _line(slug: str, alike: Alike, group: Sequence[Transition]) -> dict[str, Any]:
    """Return one line: on what, by name where it is one asset, else how many of which kind or job."""
    newest, assets = group[0], len({change.asset_id for change in group})
    line: dict[str, Any] = {
        "at": newest.judged_at,
        "check_code": alike.check,
        "check_href": check_href(slug, alike.check),
        "before": alike.before,
        "after": alike.after,
        "many": "",
        "asset_name": newest.asset.name,
        "asset_href": asset_href(slug, newest.asset_id),
    }
    if alike.job is not None:
        job, name = alike.job
        return line | {"many": f"{plural(assets, 'run')} of", "asset_name": name, "asset_href": asset_href(slug, job)}
    if assets > 1:
        rows = href("verdicts", slug, check=alike.check, order="changed")
        return line | {"many": f"{assets:,} of the kind", "asset_name": alike.kind, "asset_href": rows}
    return line
