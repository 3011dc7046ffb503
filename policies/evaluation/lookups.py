"""Look up verdicts by their asset and check: what lists of findings, assets and verdicts show beside their rows.

Each function takes one query, however many rows are asked for.
"""

import datetime
import json
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet, Sum

from accounts.paging import Page, page_of
from accounts.workspaces.isolation import current_workspace
from policies.checklists.queries import kinds_of_checks
from policies.evaluation.codes import NOT_JUDGED, NUMBER, base
from policies.evaluation.models import JudgedLeaf, Transition, VerdictCount, VerdictVector
from policies.evaluation.queries import Tally, current_verdicts, matches, slot_names, transitions
from policies.evaluation.subjects import ORGANISATION
from policies.rules.verdicts import Code

Key = tuple[uuid.UUID, str]  # asset, check


def bytes_of(keys: Collection[Key]) -> dict[Key, int]:
    """Return the verdict byte of each (asset, check) that is judged now."""
    assets, checks = {asset for asset, _ in keys}, {check for _, check in keys}
    rows = current_verdicts().filter(asset__in=assets, check_id__in=checks)
    return {(row.asset_id, row.check_id): row.byte for row in rows.select_related(None).only("asset_id")}


def tallies_of(assets: Collection[uuid.UUID]) -> dict[uuid.UUID, Tally]:
    """Return the verdicts of each of these assets, counted."""
    found: dict[uuid.UUID, Tally] = defaultdict(Tally)
    for row in VerdictVector.objects.filter(asset__in=assets).only("asset_id", "codes"):
        for byte in bytes(row.codes):
            if byte != NOT_JUDGED:
                found[row.asset_id].add(byte, "", 1)
    return found


def last_changes(keys: Collection[Key]) -> dict[Key, Transition]:
    """Return the newest change of each (asset, check): since when the verdict is what it is, and why."""
    if not keys:
        return {}
    rows = Transition.objects.raw(
        _LAST, [[asset for asset, _ in keys], [check for _, check in keys], current_workspace()]
    )
    return {(row.asset_id, row.check_id): row for row in rows}


_LAST = """
SELECT last.* FROM unnest(%s::uuid[], %s::text[]) AS wanted(asset, check_id)
CROSS JOIN LATERAL (
  SELECT * FROM "policies_transition" t
  WHERE t.workspace_id = %s AND t.asset_id = wanted.asset AND t.check_id = wanted.check_id
  ORDER BY t.id DESC LIMIT 1
) last
"""


def missing_in(changes: Iterable[Transition]) -> dict[Key, list[str]]:
    """Return, from the sealed leaves of these changes, the paths that nobody had reported."""
    places = {(change.statement, change.leaf_index): change for change in changes}
    if not places:
        return {}
    wanted = Q()
    for statement, index in places:
        wanted |= Q(statement=statement, leaf_index=index)
    found: dict[Key, list[str]] = {}
    for leaf in JudgedLeaf.objects.filter(wanted):
        change = places[leaf.statement, leaf.leaf_index]
        for said in json.loads(bytes(leaf.leaf))["changes"]:
            found[change.asset_id, said["check"]] = said.get("missing", [])
    return found


def leaf_of(change: Transition) -> JudgedLeaf | None:
    """Return the sealed leaf of a change; None where it is gone."""
    return JudgedLeaf.objects.filter(statement=change.statement, leaf_index=change.leaf_index).first()


def first_leaves(statement: uuid.UUID, limit: int) -> list[JudgedLeaf]:
    """Return the first leaves of an evaluation's statement."""
    return list(JudgedLeaf.objects.filter(statement=statement).order_by("leaf_index")[:limit])


def assets_of_leaves(statement: uuid.UUID, limit: int) -> dict[int, uuid.UUID]:
    """Return, by place, the assets of the first leaves of an evaluation's statement."""
    changes = Transition.objects.filter(statement=statement, leaf_index__lt=limit)
    return dict(changes.values_list("leaf_index", "asset_id"))


def recent_changes(entity: uuid.UUID | None = None, *, limit: int = 400, looked_at: int = 20_000) -> list[Transition]:
    """Return the newest changes (of one entity) that still hold, newest first, one for each asset and check.

    A first pass is left out, and that a check does not concern an asset; what was overtaken is no news either. Only
    the newest `looked_at` are read, so that it costs the same after a first evaluation of a million assets.
    """
    newest = Transition.objects.order_by("-id").values("pk")[:looked_at]
    rows = transitions().filter(pk__in=newest).defer("asset__document")
    rows = rows.exclude(new=Code.NOT_APPLICABLE).exclude(old=NOT_JUDGED, new=Code.PASS)
    found = list((rows if entity is None else rows.filter(asset__organisation=entity))[:limit])
    newest_of = {(change.asset_id, change.check_id): change for change in reversed(found)}
    now = bytes_of(newest_of)
    holds = {change.pk for key, change in newest_of.items() if base(now.get(key, NOT_JUDGED)) == base(change.new)}
    return [change for change in found if change.pk in holds]


def change_page(after: str | None, limit: int, *, family: str = "", check: str = "") -> Page[Transition]:
    """Return one page of changes, newest first."""
    rows: QuerySet[Transition] = transitions(check=check).order_by()
    rows = rows.filter(checklist=family) if family else rows
    return page_of(rows, ["-id"], after, limit, scope="verdict-changes")


def flip_page(until: datetime.datetime, after: str | None, limit: int) -> Page[list[dict[str, Any]]]:
    """Return one page of what time alone turns to fail by `until`, earliest first; a row holds one asset's verdicts."""
    rows = VerdictVector.objects.filter(fails_at__lte=until).select_related("asset")
    page = page_of(rows, ["fails_at", "id"], after, limit, scope="will-fail")
    names = slot_names({row.version_id for row in page.rows})
    return page.map(lambda row: list(_flips(row, names, until)))


def _flips(
    row: VerdictVector, names: dict[tuple[uuid.UUID, int], str], until: datetime.datetime
) -> Iterable[dict[str, Any]]:
    codes, to = bytes(row.codes), bytes(row.flip_to)
    for slot, at in enumerate(row.flip_at):
        if at is not None and at <= until and to[slot] == Code.FAIL:
            yield {"asset": row.asset, "check": names[row.version_id, slot], "at": at, "byte": codes[slot]}


def flip_count(until: datetime.datetime, entity: uuid.UUID | None = None) -> int:
    """Return how many verdicts (of one entity) time alone turns to fail by `until`; reads only assets that have one."""
    with connection.cursor() as cursor:
        cursor.execute(_FLIPS, [current_workspace(), until, until, int(Code.FAIL), entity, entity])
        return int(cursor.fetchone()[0])


_FLIPS = """
SELECT count(*) FROM "policies_verdictvector" v
CROSS JOIN LATERAL unnest(v.flip_at) WITH ORDINALITY AS flip(at, place)
WHERE v.workspace_id = %s AND v.fails_at <= %s AND flip.at <= %s AND get_byte(v.flip_to, flip.place::int - 1) = %s
  AND (%s::uuid IS NULL OR v.entity = %s)
"""


def count_of(check: str, family: str, verdict: str, overlay: str, kind: str) -> int:
    """Return how many current verdicts these filters leave, from the roll-ups ('' = any)."""
    cells = VerdictCount.objects.filter(count__gt=0)
    cells = cells.filter(checklist=family) if family else cells
    cells = cells.filter(check_id=check) if check else cells
    rows = cells.values_list("check_id", "code").annotate(n=Sum("count"))
    kinds = kinds_of_checks()
    return sum(
        count
        for name, byte, count in rows
        if matches(byte, verdict, overlay)
        and (not kind or kind == (ORGANISATION if byte & NUMBER else kinds.get(name)))
    )
