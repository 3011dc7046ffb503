"""Answer Marquez's /column-lineage: which fields a field comes from, and on request where it goes."""

import datetime
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rest_framework.exceptions import NotFound

from accounts.members.strict import BadParameter
from accounts.workspaces.isolation import current_workspace
from lineage.events.identity import uid_of
from lineage.graph.snapshot import ENDS, Direction
from lineage.inventory.bulk import columns, fetch
from lineage.marquez.answers import input_field
from lineage.marquez.known import FromField, kind_of
from lineage.marquez.names import Node, names_of, node_id
from lineage.marquez.queries import current_joins
from lineage.marquez.runs import ids_of, runs_by_row

MAX_FLOWS = 5_000
"""Flows between datasets that one answer reads; what is farthest is left out."""
_DIRECTIONS: tuple[Direction, ...] = ("upstream", "downstream")
Key = tuple[str, str]
"""A field: the uid of its dataset, its name."""


@dataclass
class Fields:
    """What comes from what, among the flows that were read."""

    sources: dict[Key, list[FromField]] = field(default_factory=dict)
    targets: dict[Key, list[Key]] = field(default_factory=dict)
    cut: bool = False

    def of(self, uid: str) -> list[Key]:
        """Return the fields of a dataset that take part."""
        return sorted({key for key in (*self.sources, *self.targets) if key[0] == uid})


def column_lineage(nodes: Sequence[Node], depth: int, *, downstream: bool) -> dict[str, Any]:
    """Return the fields that a field, or each field of a dataset or of a job's outputs, comes from.

    `nodes`: the readings that exist; of a field the first one whose dataset has it counts. With a version: from what
    was known to flow when that version was written. Raises BadParameter for a version together with `downstream`.
    """
    node = _chosen(nodes) if nodes[0].field else nodes[0]
    if downstream and node.version:
        raise BadParameter("withDownstream=true goes on from now, and nodeId names a version: leave one of both out.")
    at, starts = _written_at(node), _starts(node)
    shown: dict[Key, list[FromField]] = {}
    reasons = []
    for direction in _DIRECTIONS if downstream else _DIRECTIONS[:1]:
        fields = _read(list(starts), direction, at)
        keys = [key for uid in starts.values() for key in fields.of(uid) if not node.field or key[1] == node.field]
        if fields.cut:
            reasons.append(f"more than {MAX_FLOWS} flows are connected {direction}")
        if _walk(fields, keys, direction, depth, shown):
            reasons.append(f"there is more {direction} beyond depth {depth}")
    return {"graph": _graph(shown), "truncated": bool(reasons), "reasons": reasons}


def _chosen(nodes: Sequence[Node]) -> Node:
    """Return the first reading whose field takes part in some flow; raise NotFound for none. One query."""
    rows = fetch(
        _HAVE_FIELD, [*columns([(each.asset_id, each.field) for each in nodes], 2), *[current_workspace()] * 2]
    )
    if not rows:
        raise NotFound(f"No lineage of a field {nodes[0].field[:200]!r} is known.")
    number: int = rows[0][0]
    return nodes[number - 1]


def _written_at(node: Node) -> datetime.datetime | None:
    if node.version is None or node.version == node.asset_id:
        return None
    run = runs_by_row([node.version]).get(node.version)
    if run is None:
        raise NotFound(f"{node.version} is no version of this {node.kind}.")
    return run.ended_at


def _starts(node: Node) -> dict[uuid.UUID, str]:
    """Return the datasets where the walk begins, with their uids."""
    assert node.asset_id is not None
    if node.kind == "dataset":
        return {node.asset_id: uid_of(node.namespace, node.name)}
    joins = current_joins([node.asset_id]).get(node.asset_id)
    return {identifier: uid for uid, identifier in ids_of(joins.outputs if joins else ()).items()}


def _read(starts: Sequence[uuid.UUID], direction: Direction, at: datetime.datetime | None) -> Fields:
    """Read the columns of the flows that are reached from datasets, in one query."""
    workspace = current_workspace()
    given = [starts, workspace, at, at, MAX_FLOWS + 1, workspace, at, at, MAX_FLOWS + 1, workspace]
    rows = fetch(_REACHED[direction], given)
    found = Fields(cut=len(rows) > MAX_FLOWS)
    for source, target, said in rows[:MAX_FLOWS]:
        for name, into, direct, subtype, masked in json.loads(said or "[]"):
            if name and into:  # of whole datasets Marquez has no word
                found.sources.setdefault((target, into), []).append(
                    FromField(source, name, kind_of(direct, subtype, masked))
                )
                found.targets.setdefault((source, name), []).append((target, into))
    return found


def _walk(
    fields: Fields, start: Sequence[Key], direction: Direction, depth: int, shown: dict[Key, list[FromField]]
) -> bool:
    """Add what is reached to `shown`, each field with what it comes from; tell whether there is more."""
    level, seen = list(start), set(start)
    for _ in range(depth):
        reached: list[Key] = []
        for key in level:
            if direction == "upstream":
                shown[key] = sorted({*shown.get(key, ()), *fields.sources.get(key, ())})
                reached += [(each.uid, each.field) for each in fields.sources.get(key, ())]
            else:
                for target in fields.targets.get(key, ()):
                    from_here = [each for each in fields.sources[target] if (each.uid, each.field) == key]
                    shown[target] = sorted({*shown.get(target, ()), *from_here})
                    reached.append(target)
        level = [key for key in dict.fromkeys(reached) if key not in seen]
        seen.update(level)
    beyond = fields.sources if direction == "upstream" else fields.targets
    return any(key in beyond for key in level)


def _graph(shown: Mapping[Key, Sequence[FromField]]) -> list[dict[str, Any]]:
    """Return the nodes. Edges of a node begin at it, also those to what it comes from, as there."""
    nodes: dict[Key, dict[str, Any]] = {}
    ends = {(each.uid, each.field) for inputs in shown.values() for each in inputs}
    for key in sorted({*(key for key, inputs in shown.items() if inputs), *ends}):
        nodes[key] = _node(key, shown.get(key, ()))
    for key, inputs in shown.items():
        here = node_id("dataset", *key)
        for source in dict.fromkeys((each.uid, each.field) for each in inputs):
            there = node_id("dataset", *source)
            nodes[key]["inEdges"].append({"origin": here, "destination": there})
            nodes[source]["outEdges"].append({"origin": there, "destination": here})
    return sorted(nodes.values(), key=lambda node: str(node["id"]))


def _node(key: Key, inputs: Sequence[FromField]) -> dict[str, Any]:
    namespace, dataset = names_of(key[0])
    data = {
        "namespace": namespace,
        "dataset": dataset,
        "datasetVersion": None,
        "field": key[1],
        "fieldType": None,
        "transformationDescription": None,
        "transformationType": inputs[0].kind if inputs else None,
        "inputFields": [{**input_field(each), "datasetVersion": None} for each in inputs],
    }
    return {"id": node_id("dataset", *key), "type": "DATASET_FIELD", "data": data, "inEdges": [], "outEdges": []}


_HAVE_FIELD = """
SELECT w.number FROM unnest(%s::uuid[], %s::text[]) WITH ORDINALITY AS w (dataset, field, number)
WHERE EXISTS (
  SELECT 1 FROM "lineage_flow" f JOIN "lineage_flowcolumns" c ON c.flow_id = f.id
  CROSS JOIN LATERAL jsonb_array_elements(c.columns) AS e (said)
  WHERE f.workspace_id = %s AND c.workspace_id = %s AND f.rev_to IS NULL
    AND ((f.to_dataset_id = w.dataset AND e.said->>1 = w.field AND e.said->>0 <> '')
      OR (f.from_dataset_id = w.dataset AND e.said->>0 = w.field AND e.said->>1 <> ''))
) ORDER BY w.number LIMIT 1
"""
_FLOWS = "workspace_id = %s AND rev_to IS NULL AND (%s::timestamptz IS NULL OR first_seen_at <= %s)"
# UNION drops what is there already; the limits stop the recursion in a graph too large, the farthest first.
_REACHED_BY = f"""
WITH RECURSIVE reached (id) AS (
  SELECT unnest(%s::uuid[])
  UNION
  SELECT {{there}} FROM reached JOIN "lineage_flow" ON {{here}} = reached.id WHERE {_FLOWS}
)
SELECT source.uid, target.uid, c.columns FROM (
  SELECT f.* FROM (SELECT id FROM reached LIMIT %s) few JOIN "lineage_flow" f ON f.{{here}} = few.id
  WHERE {_FLOWS} LIMIT %s
) f JOIN "lineage_asset" source ON source.id = f.from_dataset_id
JOIN "lineage_asset" target ON target.id = f.to_dataset_id
LEFT JOIN "lineage_flowcolumns" c ON c.flow_id = f.id AND c.workspace_id = %s
"""  # noqa: S608 - our own names
_REACHED = {direction: _REACHED_BY.format(here=here, there=there) for direction, (here, there) in ENDS.items()}
