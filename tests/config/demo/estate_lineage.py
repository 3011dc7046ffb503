"""The lineage facts of the demo estate, read back from the raw files with networkx.

Written again from the vocabulary: proven where a run has one input or one output, or its column lineage names the
input; possible otherwise. Nothing of the product's tracing is used.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import networkx as nx  # type: ignore[import-untyped]

from policies.checklists.compile import compile_checklist
from policies.checklists.read import shipped_checklists
from policies.rules.judge import judge
from policies.rules.verdicts import Code
from tests.config.demo.estate_reading import Asset, EstateReading, Key
from tests.config.demo.recount import events, joined

RANKS = {"public": 0, "internal": 1, "confidential": 2, "restricted": 3, "personal": 4, "personal_special": 5}
Facts = dict[str, Any]


class LineageReading:
    """Who feeds whom, on proven flows and on all; and the facts that follow."""

    def __init__(self, reading: EstateReading, folder: Path, now: datetime, silent: Collection[str]) -> None:
        self.reading, self.now = reading, now
        self.whole: nx.DiGraph[Key] = nx.DiGraph()
        self.proven: nx.DiGraph[Key] = nx.DiGraph()
        self.gaps: set[Key] = set()
        self.named: set[Key] = set()
        self.writes: dict[Key, set[Key]] = {}
        self._read_runs(folder, silent)
        self._read_relations()
        self._memory: dict[tuple[int, str, Key], set[Key]] = {}

    def _read_runs(self, folder: Path, silent: Collection[str]) -> None:
        runs: dict[str, dict[str, Any]] = {}
        for event in events(folder):
            run = runs.setdefault(
                event["run"]["runId"], {"in": set(), "out": set(), "columns": {}, "error": False, "ended": ""}
            )
            run["job"] = ("job", joined(event["job"]["namespace"], event["job"]["name"]))
            run["in"] |= {("dataset", joined(one["namespace"], one["name"])) for one in event["inputs"]}
            run["out"] |= {("dataset", joined(one["namespace"], one["name"])) for one in event["outputs"]}
            run["error"] |= "extractionError" in event["run"].get("facets", {})
            for one in event["outputs"]:
                if (facet := one.get("facets", {}).get("columnLineage")) is not None:
                    run["columns"]["dataset", joined(one["namespace"], one["name"])] = _named_columns(facet)
            if event["eventType"] in ("COMPLETE", "FAIL", "ABORT"):
                run["ended"] = max(run["ended"], event["eventTime"])
        newest: dict[Key, dict[str, Any]] = {}
        for run in runs.values():
            self.named |= run["in"] | run["out"] | {run["job"]}
            self.writes.setdefault(run["job"], set()).update(run["out"])
            for source in run["in"]:
                self._join(source, run["job"])
            self._join_all(run["in"], run["out"], run["columns"])
            if run["ended"] and run["ended"] >= newest.get(run["job"], run)["ended"]:
                newest[run["job"]] = run
        self.gaps = {job for job, run in newest.items() if run["error"] or not run["in"]}
        self.gaps |= {job for job in newest if unquote(job[1].split("/")[0]) in silent}

    def _join_all(self, inputs: set[Key], outputs: set[Key], columns: Mapping[Key, Mapping[Key, bool]]) -> None:
        certain = len(inputs) == 1 or len(outputs) == 1
        for target in outputs:
            named = columns.get(target)
            for source in (inputs | set(named or ())) - {target}:
                self._join(source, target, certain if named is None else named.get(source, False))

    def _read_relations(self) -> None:
        for key, asset in self.reading.assets.items():
            for name in ("training_data", "uses_model", "serves", "reads"):
                if name != "reads" or key[0] == "ai_system":
                    for source in asset.relations.get(name, ()):
                        self._join(source, key)

    def _join(self, source: Key, target: Key, certain: bool = True) -> None:
        self.whole.add_edge(source, target)
        if certain:
            self.proven.add_edge(source, target)

    def facts(self, key: Key) -> tuple[Facts, Facts | None] | None:
        """Return (proven, possible or None where it is the same); None for what has no lineage facts."""
        if key not in self.named and (key[0] not in ("model", "ai_system") or key not in self.whole):
            return None
        proven, possible = self._side(self.proven, key), self._side(self.whole, key)
        return proven, None if proven == possible else possible

    def _reached(self, graph: "nx.DiGraph[Key]", key: Key, down: bool) -> set[Key]:
        if key not in graph:
            return set()
        step, all_ = (graph.successors, nx.descendants) if down else (graph.predecessors, nx.ancestors)
        memory = self._memory.setdefault((id(graph), str(down), key), set())
        if not memory:
            memory |= set().union(*({one} | all_(graph, one) for one in step(key)))
        return memory

    def _side(self, graph: "nx.DiGraph[Key]", key: Key) -> Facts:
        above = self._datasets(self._reached(graph, key, down=False))
        starts = [key] if key[0] != "job" else sorted(self.writes.get(key, ()))
        below = set().union(*(self._reached(graph, one, down=True) for one in starts))
        below |= set(starts) if key[0] == "job" else set()
        below = {each for each in below if each[0] != "job"}
        return self._upwards(graph, key, above) | self._downwards(below - {key}, below)

    def _datasets(self, keys: Iterable[Key]) -> dict[Key, Asset]:
        return {key: self.reading.assets[key] for key in keys if key[0] == "dataset"}

    def _upwards(self, graph: "nx.DiGraph[Key]", key: Key, above: Mapping[Key, Asset]) -> Facts:
        documents = [asset.document for asset in above.values()]
        facts: Facts = {
            "upstream_classes": sorted({d["classification"] for d in documents if "classification" in d}),
            "upstream_max_class_rank": max(
                [0, *(RANKS[d["classification"]] for d in documents if "classification" in d)]
            ),
            "upstream_count": len(above.keys() - {key}),
            "untraced_inputs": sum(self._untraced(each) for each in above),
            "complete": self._complete(key),
        }
        if all("environment" in d for d in documents):
            facts["upstream_environments"] = sorted({d["environment"] for d in documents})
        if all(d.get("storage_countries") for d in documents):
            facts["upstream_countries"] = sorted({country for d in documents for country in d["storage_countries"]})
        limits = [d.get("residency_limited") for d in documents]
        if any(limits):
            allowed = [set(d["allowed_countries"]) for d in documents if d.get("residency_limited")]
            facts["upstream_residency_limited"] = True
            facts["upstream_allowed_countries"] = sorted(set.intersection(*allowed))
        elif None not in limits:
            facts |= {"upstream_residency_limited": False, "upstream_allowed_countries": []}
        inputs = self._datasets(graph.predecessors(key) if key in graph else ())
        held = [_personal(asset.document) for asset in inputs.values()]
        if any(held) or (None not in held and (held or key[0] != "job")):
            facts["reads_personal_data"] = any(held)
        return facts

    def _downwards(self, others: set[Key], below: set[Key]) -> Facts:
        documents = [self.reading.assets[each].document for each in below]
        over = [_over(self.reading.assets[each].document, self.now) for each in others if each[0] == "dataset"]
        unsure = any(
            _over(asset.document, self.now) is None and _personal(asset.document) is not False
            for asset in self._datasets(below).values()
        )
        facts: Facts = {
            "downstream_classes": sorted({d["classification"] for d in documents if "classification" in d}),
            "downstream_risk_tiers": sorted(
                {self.reading.assets[each].document["risk_tier"] for each in below if each[0] == "ai_system"}
            ),
            "downstream_count": len(others),
        }
        if any(over) or not unsure:
            facts["downstream_over_retention"] = sum(one is True for one in over)
        places = [_places(each, self.reading.assets[each].document) for each in below if each[0] != "ai_system"]
        if None not in places:
            facts["flows_to_countries"] = sorted({country for each in places for country in each or ()})
        return facts

    def _untraced(self, key: Key) -> bool:
        fed = key in self.whole and self.whole.in_degree(key)
        return not fed and self.reading.assets[key].document.get("is_origin") is not True

    def _complete(self, key: Key) -> bool:
        feeding = self._reached(self.whole, key, down=False)
        gaps = {target for job in self.gaps for target in self.writes.get(job, ())} | self.gaps
        documents = [asset.document for asset in self._datasets(feeding).values()]
        limits = [d.get("residency_limited") for d in documents]
        roots = [each for each in feeding | {key} if each[0] == "dataset"]
        return not (
            gaps & (feeding | {key})
            or any(self._untraced(each) for each in roots)
            or any("classification" not in d or not d.get("storage_countries") for d in documents)
            or (any(limits) and None in limits)
        )


def _named_columns(facet: Mapping[str, Any]) -> dict[Key, bool]:
    """Return the inputs that column lineage names, and whether one of their columns is not only looked at."""
    named: dict[Key, bool] = {}
    inputs = [one for field in facet["fields"].values() for one in field["inputFields"]] + facet.get("dataset", [])
    for one in inputs:
        kinds = {step["type"] for step in one.get("transformations", [])}
        key = ("dataset", joined(one["namespace"], one["name"]))
        named[key] = named.get(key, False) or kinds != {"INDIRECT"}
    return named


def _personal(document: Mapping[str, Any]) -> bool | None:
    flag, label = document.get("contains_personal_data"), document.get("classification")
    return None if flag is None and label is None else bool(flag) or label in ("personal", "personal_special")


def _over(document: Mapping[str, Any], now: datetime) -> bool | None:
    days, oldest = document.get("retention_days"), document.get("oldest_record_at")
    if not days or oldest is None:
        return None
    return bool((now - datetime.fromisoformat(oldest)) // timedelta(days=1) > days)


def _places(key: Key, document: Mapping[str, Any]) -> list[str] | None:
    names = {"dataset": ["storage_countries"], "model": ["storage_countries", "serving_countries"],
             "service": ["serving_countries"]}[key[0]]  # fmt: skip
    if any(name not in document for name in names):
        return None
    return [country for name in names for country in document[name]]


def lineage_verdicts(folder: Path, now: datetime, silent: Collection[str]) -> dict[tuple[str, str, str], str]:
    """Return what the checks that read lineage, or follow from it, find wrong or unknown; by check, kind and uid.

    `silent`: producers that fell silent (test_silence.py): what their jobs wrote is not known to be whole.
    """
    reading = EstateReading(folder, now)
    lineage = LineageReading(reading, folder, now, silent)
    checks = {name: one for each in shipped_checklists() for name, one in compile_checklist(each).items()}
    judged = [one for name, one in checks.items() if one.uses.reads_lineage or name == "SOV-12"]
    found = {}
    for kind, uid in list(reading.assets):
        facts = lineage.facts((kind, uid)) or (None, None)
        subject = replace(reading.subject(kind, uid), lineage=facts[0], possible=facts[1])
        document = {**subject.document, **_derived(kind, subject.document, *facts)}
        for check in judged:
            if check.check.kind == kind:
                code = judge(check, replace(subject, document=document), now).code
                if code not in (Code.PASS, Code.NOT_APPLICABLE):
                    found[check.check.id, kind, uid] = code.name.lower()
    return found


def _derived(kind: str, document: Mapping[str, Any], proven: Facts | None, possible: Facts | None) -> Facts:
    """Return the facts of the document that follow from a label or from lineage."""
    if kind == "dataset" and document.get("classification") in RANKS:
        return {"effective_class_rank": RANKS[document["classification"]]}
    if kind != "model" or proven is None:
        return {}
    limited, allowed = "upstream_residency_limited", "upstream_allowed_countries"
    certain = proven["complete"] and (possible or proven).get(allowed) == proven.get(allowed)
    facts: Facts = {"inherited_allowed_countries": proven[allowed]} if certain and allowed in proven else {}
    if proven.get(limited) or (certain and limited in proven):
        facts["trained_on_bound_data"] = proven[limited]
    return facts
