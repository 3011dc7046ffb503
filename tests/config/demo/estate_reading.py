"""Read the raw files back into what a rule sees: documents, known relations and the facts that the product derives.

An independent reading: merging and derivations are written here again from the vocabulary's conventions, so that a
mistake of the product does not hide one of the estate. Only kinds and their types come from the product.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from lineage.inventory.kinds.load import load_kinds
from policies.rules.facts import Member, Subject
from tests.config.demo.recount import events, joined

REGIMES = Path(__file__).parents[3] / "lineage" / "inventory" / "places" / "regimes.yaml"
Key = tuple[str, str]
KINDS = load_kinds()


@dataclass
class Asset:
    """An asset as all sources together describe it. `relations` present and empty: known to have none."""

    document: dict[str, Any] = field(default_factory=dict)
    relations: dict[str, set[Key]] = field(default_factory=dict)


class EstateReading:
    """All assets of a folder by (kind, uid), derived facts included."""

    def __init__(self, folder: Path, now: datetime) -> None:
        self.assets: dict[Key, Asset] = {}
        self.now = now
        self._read_inventories(folder)
        self._read_lineage(folder)
        self._mirror_relations()
        self._derive_places()
        self._derive_owners()
        self._derive_flows()
        self._derive_run_countries()

    def asset(self, kind: str, uid: str) -> Asset:
        """Return the asset, made where it was not named before."""
        return self.assets.setdefault((kind, uid), Asset())

    def subject(self, kind: str, uid: str) -> Subject:
        """Return what a rule sees of an asset."""
        asset = self.assets[kind, uid]
        related = {
            name: [Member("/".join(key), self.assets[key].document) for key in sorted(targets) if key in self.assets]
            for name, targets in asset.relations.items()
        }
        return Subject(asset.document, frozenset(asset.relations), related)

    def _read_inventories(self, folder: Path) -> None:
        for kind, uid, attributes, relations in inventory_rows(folder):
            asset = self.asset(kind, uid)
            asset.document |= attributes
            for name, targets in relations.items():
                asset.relations.setdefault(name, set()).update(targets)
            if attributes.get("allowed_countries") and kind == "dataset":
                asset.document["residency_limited"] = True

    def _read_lineage(self, folder: Path) -> None:
        self.pairs: dict[Key, set[str]] = {}
        self.run_starts: dict[str, list[datetime]] = {}
        sides: dict[str, tuple[str, set[Key], set[Key]]] = {}
        for event in events(folder):
            job = joined(event["job"]["namespace"], event["job"]["name"])
            run = event["run"]["runId"]
            _, inputs, outputs = sides.setdefault(run, (job, set(), set()))
            inputs |= {("dataset", joined(one["namespace"], one["name"])) for one in event["inputs"]}
            outputs |= {("dataset", joined(one["namespace"], one["name"])) for one in event["outputs"]}
            if event["eventType"] == "START":
                self.run_starts.setdefault(job, []).append(datetime.fromisoformat(event["eventTime"]))
        for run, (job, inputs, outputs) in sides.items():
            asset = self.asset("run", run)
            asset.relations |= {"of_job": {("job", job)}, "inputs": inputs, "outputs": outputs}
            self.asset("job", job)
            for key in inputs | outputs:
                self.asset(*key)
            for _, source in inputs:
                for _, target in outputs:
                    self.pairs.setdefault((source, target), set()).add(job)

    def _mirror_relations(self) -> None:
        """Reporting one side of a relation reports both."""
        for (kind, uid), asset in list(self.assets.items()):
            for name, targets in list(asset.relations.items()):
                inverse = KINDS[kind].relations[name].inverse
                for target in targets if inverse else ():
                    self.asset(*target).relations.setdefault(inverse or "", set()).add((kind, uid))

    def _derive_places(self) -> None:
        stores = {uid: self._countries_of_store(uid) for kind, uid in self.assets if kind == "storage"}
        prefixes = [
            (prefix, uid)
            for uid in stores
            for prefix in self.assets["storage", uid].document.get("lineage_namespaces", [])
        ]
        for (kind, uid), asset in self.assets.items():
            if kind != "dataset":
                continue
            namespace = uid.split("/")[0]
            matches = [(len(prefix), store) for prefix, store in prefixes if namespace.startswith(quoted(prefix))]
            homes = [store for _, store in sorted(matches)[-1:]]
            homes += [store for _, store in asset.relations.get("stored_in", ())]
            if homes:
                countries = [country for store in homes for country in stores[store]]
                asset.document["storage_countries"] = list(dict.fromkeys(countries))
                asset.document |= {"country": countries[0], "location_source": "inventory"}

    def _countries_of_store(self, uid: str) -> list[str]:
        asset = self.assets["storage", uid]
        country = asset.document.get("country")
        if country is None:
            country = next(self.assets[key].document["country"] for key in asset.relations["at"])
        return [country, *asset.document["replica_countries"]]

    def _derive_owners(self) -> None:
        for asset in self.assets.values():
            person = self.assets.get(("person", asset.document.get("owner", "")))
            if person is not None and "active" in person.document:
                asset.document["owner_active"] = person.document["active"]

    def _derive_flows(self) -> None:
        regimes = {row["id"]: row for row in yaml.safe_load(REGIMES.read_text(encoding="utf-8"))["regimes"]}
        of_country = {country: row for row in regimes.values() for country in row["countries"]}
        since = self.now - timedelta(days=90)
        for (source, target), jobs in self.pairs.items():
            ends = self.assets["dataset", source].document, self.assets["dataset", target].document
            flow = self.asset("data_flow", joined(source, target)).document
            flow["runs_last_90d"] = sum(start >= since for job in jobs for start in self.run_starts[job])
            personal = [end.get("contains_personal_data") for end in ends]
            if personal[0] is not None:
                flow["personal_data"] = personal[0]
            if "country" in ends[0] and "country" in ends[1]:
                _add_regime(flow, ends[0]["country"], ends[1]["country"], of_country, regimes)

    def _derive_run_countries(self) -> None:
        for (kind, _), asset in self.assets.items():
            if kind != "run" or "of_job" not in asset.relations:
                continue
            clusters = [c for job in asset.relations["of_job"] for c in self.assets[job].relations.get("runs_on", ())]
            if clusters:
                asset.document["country"] = self.assets[clusters[0]].document["country"]


def _add_regime(
    flow: dict[str, Any], source: str, target: str, of_country: Mapping[str, Any], regimes: Mapping[str, Any]
) -> None:
    regime = of_country.get(source)
    flow |= {"source_country": source, "target_country": target, "source_regime": regime["id"] if regime else "none"}
    if regime is None:
        return
    flow["leaves_regime"] = target not in regime["countries"]
    adequate: set[str] = set()
    for entry in regime.get("adequate_targets", []):
        if "group" in entry:
            adequate |= set(regimes[entry["group"]]["countries"])
        elif "only" not in entry:
            adequate.add(entry["country"])
    flow["target_adequate"] = target in adequate
    if "transfer_tool" in flow:
        flow["transfer_tool_accepted"] = flow["transfer_tool"] in regime["accepted_tools"]
        flow["transfer_assessment_required"] = flow["transfer_tool"] in regime["assessment_for"]


def quoted(prefix: str) -> str:
    """Return a namespace as it stands at the head of a uid."""
    return joined(prefix, "")[:-1]


def inventory_rows(folder: Path) -> Iterator[tuple[str, str, dict[str, Any], dict[str, set[Key]]]]:
    """Yield kind, uid, attributes and relations of every line of every inventory."""
    for path in sorted((folder / "inventory").glob("*.ndjson")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if "manifest" not in row:
                relations = {
                    name: {(one["kind"], one["uid"]) for one in targets} for name, targets in row["relations"].items()
                }
                yield row["kind"], row["uid"], row["attributes"], relations
    for path in sorted((folder / "inventory").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for cells in csv.DictReader(file):
                yield path.stem, cells["uid"], *_typed(path.stem, cells)


def _typed(kind: str, cells: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, set[Key]]]:
    """Read the cells of a spreadsheet by the types of its kind; an empty cell says nothing."""
    attributes: dict[str, Any] = {}
    relations: dict[str, set[Key]] = {}
    read: Mapping[str, Any] = {
        "int": int,
        "double": float,
        "bool": lambda text: text == "true",
        "list(string)": lambda text: [] if text == "[]" else text.split(";"),
    }
    for column, text in cells.items():
        if column in ("uid", "name", "origin", "observed_at") or text == "":
            continue
        if column.startswith("rel:"):
            pairs = [] if text == "[]" else [one.partition(":") for one in text.split(";")]
            relations[column.removeprefix("rel:")] = {(target, uid) for target, _, uid in pairs}
        else:
            attribute = KINDS[kind].attributes.get(column) or KINDS[kind].implied[column]
            attributes[column] = read.get(attribute.type, str)(text)
    return attributes, relations
