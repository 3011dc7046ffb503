"""Make lineage events as producers send them: runs of many jobs side by side, about 0.7 KB each.

Deterministic: the same arguments give the same bytes.
"""

import datetime
import json
import random
from collections.abc import Iterator

PRODUCER = "https://github.com/OpenLineage/OpenLineage/tree/1.52.0/integration/airflow"
SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
START = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)


def run_events(count: int, *, jobs: int = 1000, open_runs: int = 200, seed: int = 1) -> Iterator[bytes]:
    """Yield `count` events: a START and a COMPLETE per run, with `open_runs` runs under way at any time.

    Each job reads two datasets and writes one, which the next jobs read; START names the inputs, COMPLETE all.
    """
    dice = random.Random(seed)
    running: list[tuple[int, str]] = []
    for number in range(count):
        at = START + datetime.timedelta(seconds=number // 4, microseconds=number % 4 * 1000)
        if len(running) < open_runs and (number % 2 == 0 or not running):
            run = (dice.randrange(jobs), f"{dice.getrandbits(128):032x}")
            running.append(run)
            yield _event("START", at, *run)
        else:
            yield _event("COMPLETE", at, *running.pop(dice.randrange(len(running))))


def _event(kind: str, at: datetime.datetime, job: int, run: str) -> bytes:
    facet = {"_producer": PRODUCER, "_schemaURL": "https://openlineage.io/spec/facets/2-0-3/JobTypeJobFacet.json"}
    named = {"processingType": "BATCH", "integration": "AIRFLOW", "jobType": "TASK"}
    event = {
        "eventType": kind,
        "eventTime": at.isoformat(),
        "run": {"runId": f"{run[:8]}-{run[8:12]}-7{run[13:16]}-8{run[17:20]}-{run[20:]}"},
        "job": {
            "namespace": f"airflow-{job % 10}",
            "name": f"dag_{job // 5}.task_{job}",
            "facets": {"jobType": facet | named},
        },
        "inputs": [_dataset(job // 2), _dataset(job // 3)],
        "outputs": [_dataset(job + 1)] if kind == "COMPLETE" else [],
        "producer": PRODUCER,
        "schemaURL": SCHEMA,
    }
    return json.dumps(event, separators=(",", ":")).encode()


def _dataset(number: int) -> dict[str, str]:
    return {"namespace": "postgres://warehouse.example:5432", "name": f"lake.schema_{number % 20}.table_{number}"}
