"""Write the files: events by job namespace, native lines by source, spreadsheets by kind, and the manifest."""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.demo.estate import SOURCES, Estate, Line, Source
from config.demo.events import events_of
from config.demo.runs import Run


@dataclass(frozen=True)
class WrittenFile:
    """A file of the estate: path below the folder, lines without manifest and header, bytes, SHA-256 in hex."""

    path: str
    source: str
    lines: int
    bytes: int
    sha256: str


def write_events(out_dir: Path, estate: Estate, runs: Mapping[str, list[Run]]) -> list[WrittenFile]:
    """Write one file per job namespace, events in order of time."""
    by_namespace: dict[str, list[tuple[str, str, str]]] = {}
    for of in runs.values():
        for run in of:
            for event in events_of(estate, run):
                entry = (event["eventTime"], run.run_id, _json(event))
                by_namespace.setdefault(run.job.namespace, []).append(entry)
    written = []
    for namespace, entries in sorted(by_namespace.items()):
        lines = [line for _, _, line in sorted(entries, key=lambda entry: entry[:2])]
        written.append(_write(out_dir, f"lineage/{namespace}.ndjson", namespace, lines, len(lines)))
    return written


def write_inventories(out_dir: Path, estate: Estate) -> list[WrittenFile]:
    """Write one file per source: native lines after a manifest, or one kind as CSV."""
    by_source: dict[str, list[Line]] = {name: [] for name in SOURCES}
    for (source, _, _), line in estate.lines.items():
        by_source[source].append(line)
    return [
        _write_csv(out_dir, estate, source, by_source[name])
        if source.csv_kind
        else _write_native(out_dir, estate, source, by_source[name])
        for name, source in SOURCES.items()
    ]


def _write_native(out_dir: Path, estate: Estate, source: Source, lines: list[Line]) -> WrittenFile:
    observed = estate.clock.hours_ago(source.hours_old)
    manifest = {
        "query": "all assets in scope",
        "count": len(lines) + source.missing,
        "generated_at": observed,
        "collector": source.collector,
        "expected_every_hours": source.every_hours,
    }
    rows = [_json({"manifest": manifest})]
    for line in lines:
        named = {"name": line.name} if line.name else {}
        rows.append(
            _json(
                {"kind": line.kind, "uid": line.uid}
                | named
                | {"attributes": line.attributes, "relations": line.relations}
                | {"observed_at": observed, "origin": source.origin}
            )
        )
    return _write(out_dir, f"inventory/{source.name}.ndjson", source.name, rows, len(lines))


def _write_csv(out_dir: Path, estate: Estate, source: Source, lines: list[Line]) -> WrittenFile:
    """Write a spreadsheet: a column per attribute and relation. An empty cell says nothing, `[]` is a known nothing."""
    attributes = list(dict.fromkeys(name for line in lines for name in line.attributes))
    relations = list(dict.fromkeys(name for line in lines for name in line.relations))
    observed = estate.clock.hours_ago(source.hours_old)
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["uid", "name", "origin", "observed_at", *attributes, *(f"rel:{name}" for name in relations)])
    for line in lines:
        facts = [_cell(line.attributes.get(name)) for name in attributes]
        targets = [_targets(line.relations.get(name)) for name in relations]
        writer.writerow([line.uid, line.name, source.origin, observed, *facts, *targets])
    return _write(out_dir, f"inventory/{source.csv_kind}.csv", source.name, [table.getvalue().rstrip("\n")], len(lines))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ";".join(value) or "[]"
    return str(value)


def _targets(targets: list[dict[str, str]] | None) -> str:
    if targets is None:
        return ""
    return ";".join(f"{target['kind']}:{target['uid']}" for target in targets) or "[]"


def write_manifest(out_dir: Path, manifest: Mapping[str, Any]) -> None:
    """Write the manifest, indented for people."""
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    (out_dir / "manifest.json").write_text(text, encoding="utf-8", newline="\n")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _write(out_dir: Path, path: str, source: str, lines: Iterable[str], count: int) -> WrittenFile:
    data = ("\n".join(lines) + "\n").encode()
    target = out_dir / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    return WrittenFile(path, source, count, len(data), hashlib.sha256(data).hexdigest())
