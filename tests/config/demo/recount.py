"""Count the demo estate from its raw files, without any of the product's code.

    python tests/config/demo/recount.py FOLDER

prints one JSON object: assets by kind, jobs, data sets, runs and flows (pairs of an input and an output of one job),
the verdicts that the seeded problems must lead to, and how many subjects the checks have that need a number of them.
What the Overview shows is compared with it.
"""

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

PROBLEMS = Path(__file__).parents[3] / "config" / "demo" / "seeded_problems.yaml"

SUBJECTS: dict[str, tuple[str, dict[str, object]]] = {
    "SEC-09": ("dataset", {"subtype": "log", "source_critical": True}),
    "SEC-11": ("policy_document", {"subtype": "playbook", "required": True}),
    "SKL-07": ("person", {"management_body": True}),
}
"""Whom the checks concern that need at least one subject, written again from what they ask."""


def joined(first: str, second: str) -> str:
    """Return the uid that the vocabulary prescribes for data sets, jobs and flows."""
    return f"{quote(first, safe='')}/{quote(second, safe='')}"


def events(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the events of all files."""
    for path in sorted((folder / "lineage").glob("*.ndjson")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def inventory_rows(folder: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (kind, uid, facts) of every line of every inventory; a spreadsheet's facts are text."""
    for path in sorted((folder / "inventory").glob("*.ndjson")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if "manifest" not in row:
                yield row["kind"], row["uid"], row["attributes"]
    for path in sorted((folder / "inventory").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield path.stem, row["uid"], {name: text for name, text in row.items() if text != ""}


def recount(folder: Path) -> dict[str, Any]:
    """Count everything that the files name."""
    rows = list(inventory_rows(folder))
    named = {(kind, uid) for kind, uid, _ in rows}
    reads: dict[str, set[str]] = {}
    writes: dict[str, set[str]] = {}
    runs_of: dict[str, set[str]] = {}
    number = 0
    for event in events(folder):
        number += 1
        job = joined(event["job"]["namespace"], event["job"]["name"])
        for side, members in ((reads, event["inputs"]), (writes, event["outputs"])):
            side.setdefault(job, set()).update(joined(one["namespace"], one["name"]) for one in members)
        runs_of.setdefault(job, set()).add(event["run"]["runId"].lower())
    flows = {joined(source, target) for job in reads for source in reads[job] for target in writes.get(job, ())}
    named |= {("job", job) for job in runs_of}
    named |= {("run", run) for runs in runs_of.values() for run in runs}
    named |= {("dataset", uid) for side in (reads, writes) for uids in side.values() for uid in uids}
    named |= {("data_flow", flow) for flow in flows}
    return {
        "assets": dict(sorted(Counter(kind for kind, _ in named).items())),
        "events": number,
        "runs": sum(len(runs) for runs in runs_of.values()),
        "flows": len(flows),
        "expected": _expected(runs_of),
        "subjects": _subjects(rows),
    }


def _subjects(rows: list[tuple[str, str, dict[str, Any]]]) -> dict[str, int]:
    """Return the number of assets with all the facts that SUBJECTS names; several sources may tell of one asset."""
    facts: dict[tuple[str, str], dict[str, Any]] = {}
    for kind, uid, told in rows:
        facts.setdefault((kind, uid), {}).update(told)
    return {
        check: sum(
            all(str(known.get(name)).lower() == str(value).lower() for name, value in wanted.items())
            for (of, _), known in facts.items()
            if of == kind
        )
        for check, (kind, wanted) in SUBJECTS.items()
    }


def _expected(runs_of: dict[str, set[str]]) -> dict[str, dict[str, int]]:
    """Return the number of failing and unknown subjects of each check at the anchor."""
    counts: dict[str, Counter[str]] = {}
    for row in yaml.safe_load(PROBLEMS.read_text(encoding="utf-8"))["problems"]:
        job = row["subject"].get("job")
        subjects = len(runs_of[job]) if job else 1
        counts.setdefault(row["check"], Counter())[row["expected"]] += subjects
    return {check: dict(sorted(of.items())) for check, of in sorted(counts.items())}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(recount(Path(sys.argv[1])), indent=1) + "\n")
