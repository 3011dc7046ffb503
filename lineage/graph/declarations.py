"""Read the facets that say from where data flows: `lineage` (explicit) and `columnLineage`.

Both are reduced to pairs of datasets with the columns between them. JOB entries make no pair: that a job feeds a
dataset is what inputs and outputs say already.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from lineage.events.identity import fits
from lineage.graph.merge import join_columns
from lineage.graph.shapes import items, members, text
from lineage.graph.told import Column, Declared, Pair, Ref, dataset_ref

Step = tuple[str, str, dict[str, Any]]
"""(field of the source, field of the target, a transformation on the way); '' = the whole dataset."""

Found = dict[tuple[str, str | None], list[Step]]
"""(target uid, source uid) -> the steps between them; no transformation at all counts as a direct one."""

MAX_FIELD = 1000
"""Characters of a column's name that are kept."""


def job_lineage(job: Ref, facet: object) -> Declared:
    """Read the job form: entries name their targets. It is the whole picture of its event, also where it is empty."""
    if members(facet).get("_deleted") is True:
        return Declared(job, "lineage", None)
    reader = _Reader()
    for entry in items(members(facet).get("entries")):
        if text(members(entry).get("type")).upper() == "DATASET" and (target := _dataset(entry)):
            reader.take(target, entry)
    return reader.declared(job, "lineage")


def dataset_lineage(dataset: Ref, facet: object) -> Declared:
    """Read the dataset form: the target is the dataset that carries it."""
    if members(facet).get("_deleted") is True:
        return Declared(dataset, "lineage", None)
    reader = _Reader()
    reader.take(dataset, members(facet))
    return reader.declared(dataset, "lineage")


def column_lineage(dataset: Ref, facet: object) -> Declared:
    """Read columnLineage: the fields' inputs, and `dataset[]`, on which the whole dataset depends indirectly.

    A facet that names no input says nothing, like one that was deleted.
    """
    reader = _Reader()
    if members(facet).get("_deleted") is not True:
        for field, output in members(members(facet).get("fields")).items():
            legacy = text(members(output).get("transformationType"))
            for source in items(members(output).get("inputFields")):
                reader.add(dataset, source, legacy, field)
        for source in items(members(facet).get("dataset")):
            reader.add(dataset, source, "INDIRECT", "")
    return reader.declared(dataset, "columnLineage") if reader.found else Declared(dataset, "columnLineage", None)


class _Reader:
    """Collects pairs with their transformations, and the datasets that they name."""

    def __init__(self) -> None:
        self.found: Found = {}
        self.names: dict[str, Ref] = {}

    def take(self, target: Ref, entry: dict[str, Any]) -> None:
        """Take one target of an explicit facet: its inputs, and those of its fields."""
        self.names[target.uid] = target
        self.found.setdefault((target.uid, None), [])
        for field, source in _inputs(entry):
            self.add(target, source, "", field)

    def add(self, target: Ref, source: object, default: str, field: str) -> None:
        """Add one input of a field of a target (the whole: ""); `default`: the type where none is given."""
        kind = text(members(source).get("type")).upper()
        if kind not in {"", "DATASET"} or not (ref := _dataset(source)):
            return
        self.names |= {target.uid: target, ref.uid: ref}
        steps = [step for step in items(members(source).get("transformations")) if isinstance(step, dict)]
        origin = text(members(source).get("field"))[:MAX_FIELD]
        self.found.setdefault((target.uid, ref.uid), []).extend(
            (origin, field[:MAX_FIELD], step) for step in steps or [_legacy(default)]
        )

    def declared(self, carrier: Ref, facet: Any) -> Declared:
        """Return the facet with its pairs in one order."""
        pairs = [_pair(target, source, steps) for (target, source), steps in self.found.items()]
        fed = {pair.target for pair in pairs if pair.source is not None}
        kept = [pair for pair in pairs if pair.source is not None or pair.target not in fed]
        ordered = sorted(kept, key=lambda pair: (pair.target, pair.source or ""))
        return Declared(carrier, facet, tuple(ordered), tuple(self.names[uid] for uid in sorted(self.names)))


def _pair(target: str, source: str | None, steps: Iterable[Step]) -> Pair:
    columns = join_columns(_column(*step) for step in steps)
    direct = [column for column in columns if column.direct]
    masked = bool(direct) and all(column.masked for column in direct)
    return Pair(target, source, bool(direct), masked, tuple(one for one in columns if one.source or one.target))


def _column(source: str, target: str, step: dict[str, Any]) -> Column:
    direct = text(step.get("type")).upper() != "INDIRECT"
    return Column(source, target, direct, text(step.get("subtype")).upper()[:40], step.get("masking") is True)


def _legacy(kind: str) -> dict[str, Any]:
    """Return what the former member transformationType says (IDENTITY, MASKED); INDIRECT is our own default."""
    if kind.upper() == "INDIRECT":
        return {"type": "INDIRECT"}
    return {"type": "DIRECT", "subtype": kind, "masking": kind.upper() == "MASKED"}


def _inputs(entry: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield the inputs of an explicit entry with the field of the target that they feed."""
    for source in items(entry.get("inputs")):
        yield "", source
    for field, output in members(entry.get("fields")).items():
        for source in items(members(output).get("inputs")):
            yield field, source


def _dataset(value: object) -> Ref | None:
    named = members(value)
    namespace, name = named.get("namespace"), named.get("name")
    if isinstance(namespace, str) and isinstance(name, str) and name and fits(namespace, name):
        return dataset_ref(namespace, name)
    return None
