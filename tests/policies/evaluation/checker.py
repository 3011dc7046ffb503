"""What must hold of a workspace's verdicts at every moment, computed a second time from the rows and in other ways."""

import hashlib
import json
import uuid
from collections import Counter, defaultdict
from typing import Any

from accounts.journal.canonical.batch import commit
from accounts.journal.models import Statement
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Work
from accounts.workspaces.queue import Stage
from lineage.inventory.models import Asset
from policies.checklists.queries import ready_checklists
from policies.evaluation.codes import GRADES, NUMBER, word
from policies.evaluation.models import JudgedLeaf, Transition, VerdictCount, VerdictVector
from policies.evaluation.queries import slot_names

Key = tuple[uuid.UUID, str]  # asset, check
Said = tuple[int, str]  # byte, grade


def verdicts(workspace_id: uuid.UUID) -> dict[tuple[str, str], Said]:
    """Return the current verdicts by names: ("dataset:lake/customers", "SOV-04") -> (byte, grade)."""
    with in_workspace(workspace_id):
        names = {row.pk: f"{row.kind}:{row.uid}" for row in Asset.objects.all()}
        return {(names[asset], check): said for (asset, check), said in from_vectors().items()}


def check_whole_state(workspace_id: uuid.UUID) -> None:
    """Raise AssertionError where anything does not follow from the rest."""
    with in_workspace(workspace_id):
        assert from_transitions() == from_vectors()
        assert counts() == recounted()
        population_is_stated()
        changes_are_sealed()
        time_is_queued()


def from_vectors() -> dict[Key, Said]:
    """Return the verdicts as the vectors say them."""
    vectors = list(VerdictVector.objects.all())
    names = slot_names({vector.version_id for vector in vectors})
    found: dict[Key, Said] = {}
    for vector in vectors:
        for slot, (byte, grade) in enumerate(zip(bytes(vector.codes), bytes(vector.grades), strict=True)):
            if byte:
                key = (vector.asset_id, names[vector.version_id, slot])
                assert key not in found
                found[key] = (byte, GRADES[grade])
    return found


def from_transitions(until: int | None = None) -> dict[Key, Said]:
    """Return the verdicts as the log of changes says them, up to a revision; each change must fit the one before."""
    state: dict[Key, Said] = {}
    rows = Transition.objects.order_by("rev", "id")
    for row in rows if until is None else rows.filter(rev__lte=until):
        key = (row.asset_id, row.check_id)
        before = state.pop(key, (0, ""))
        assert row.old == before[0]
        assert (row.new, row.grade) != before
        if row.new:
            state[key] = (row.new, row.grade)
    return state


def counts() -> dict[tuple[Any, ...], int]:
    """Return the roll-ups as stored."""
    rows = VerdictCount.objects.filter(count__gt=0)
    return {tuple(row): n for *row, n in rows.values_list("checklist", "check_id", "entity", "code", "grade", "count")}


def recounted() -> dict[tuple[Any, ...], int]:
    """Return the roll-ups as counted from the verdicts and from where the assets belong now."""
    entities = dict(Asset.objects.values_list("pk", "organisation"))
    return dict(
        Counter(
            (check.split("-")[0], check, entities[asset], byte, grade)
            for (asset, check), (byte, grade) in from_vectors().items()
        )
    )


def population_is_stated() -> None:
    """The newest evaluation's statement carries the root over all vectors there are."""
    newest = Statement.objects.filter(action="policies:checklist:evaluated").order_by("-revision").first()
    if newest is None:
        assert not VerdictVector.objects.exists()
        return
    assert newest.body["population"] == {"root": population_root(), "buckets": 4096}


def population_root() -> str:
    """Return the Merkle root over the buckets, hashed pairwise up a full tree of 4,096 leaves."""
    rows: dict[int, list[tuple[bytes, bytes]]] = defaultdict(list)
    for vector in VerdictVector.objects.all():
        said = vector.checklist.encode() + b"\x00" + bytes(vector.codes) + bytes(vector.grades)
        rows[int(str(vector.asset_id)[-3:], 16)].append((vector.asset_id.bytes, said))
    level = []
    for bucket in range(4096):
        content = b"".join(asset + said for asset, said in sorted(rows[bucket]))
        level.append(hashlib.sha256(b"\x00" + hashlib.sha256(content).digest()).digest())
    while len(level) > 1:
        level = [hashlib.sha256(b"\x01" + a + b).digest() for a, b in zip(level[::2], level[1::2], strict=True)]
    return level[0].hex()


def changes_are_sealed() -> None:
    """Each change stands in the leaf that it points to, and each statement commits to its leaves."""
    leaves: dict[uuid.UUID, list[bytes]] = defaultdict(list)
    for leaf in JudgedLeaf.objects.order_by("statement", "leaf_index"):
        assert leaf.leaf_index == len(leaves[leaf.statement])
        leaves[leaf.statement].append(bytes(leaf.leaf))
    said = {
        (statement, index, change["check"]): (content["asset"]["uid"], change["from"], change["to"])
        for statement, batch in leaves.items()
        for index, content in enumerate(map(json.loads, batch))
        for change in content["changes"]
    }
    rows = {
        (row.statement, row.leaf_index, row.check_id): (row.uid, word(row.old), word(row.new))
        for row in Transition.objects.all()
    }
    assert rows == said
    for statement in Statement.objects.filter(action="policies:checklist:evaluated"):
        assert statement.body.get("leaves", commit([])) == commit(leaves[statement.pk])
        assert statement.body["changed"] == len(leaves[statement.pk])


def time_is_queued() -> None:
    """Each asset waits once for the first instant at which time alone changes what is said of it."""
    due: dict[uuid.UUID, Any] = {}
    for vector in VerdictVector.objects.all():
        for at in [*vector.flip_at, *vector.stale_at]:
            if at is not None and at > vector.judged_at:
                due[vector.asset_id] = min(at, due.get(vector.asset_id, at))
    queued: dict[uuid.UUID, list[Any]] = defaultdict(list)
    for subject, at in Work.objects.filter(stage=Stage.EVALUATE, subject__in=due).values_list("subject", "due_at"):
        queued[subject].append(at)
    assert queued == {subject: [at] for subject, at in due.items()}


def judged_by_what_is_in_force() -> None:
    """After a full run: each verdict is of a check that is shipped, can be judged, and judges this kind of asset."""
    ready = ready_checklists()
    kinds = {row.pk: row.kind for row in Asset.objects.all()}
    for (asset, check), (byte, _) in from_vectors().items():
        each = ready[check.split("-")[0]]
        (found,) = [known for known in each.checklist.checks if known.id == check]
        assert not each.waiting[check]
        assert kinds[asset] == ("organisation" if byte & NUMBER else found.subject)
