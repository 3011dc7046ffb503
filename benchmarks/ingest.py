"""Measure the way in: single events, batches and projection, against the bare database: make bench-ingest.

make bench-ingest ARGS="--sizes 500,1000,2000 --seconds 1"     the short form
"""

import benchmarks.environment  # noqa: F401 - settings are read by what follows

# isort: split
import argparse
from collections.abc import Iterator, Sequence
from itertools import islice
from statistics import median
from typing import Any

from accounts.members.manage import create_token, create_workspace
from accounts.members.models import Role
from accounts.workspaces.isolation import in_workspace
from benchmarks import doors, projection
from benchmarks.harness import Report, Target, database, percentile, shortened
from benchmarks.producers import run_events
from config.stack.embedded import Embedded

SIZES = (10_000, 40_000, 160_000)
"""Events that are projected."""
CONNECTIONS = 32
ROUNDS, SECONDS = 3, 5
BATCH = 1000


def main(arguments: Sequence[str] | None = None) -> None:
    """Run servers, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="events to project")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each round at the doors")
    given = parser.parse_args(arguments)
    with database() as stack:
        measure(stack, [int(size) for size in given.sizes.split(",")], given.seconds)


def measure(stack: Embedded, sizes: Sequence[int], seconds: float) -> dict[str, Any]:
    """Measure the doors, then projection at these sizes; return the result."""
    report = Report("ingest", shortened(events=(max(sizes), max(SIZES)), seconds=(seconds, SECONDS)))
    workspace = create_workspace("ingest", "", actor="command")
    with in_workspace(workspace.pk):
        secret = create_token("bench", Role.PIPELINE, actor="command").secret
    events = run_events(1 << 40, seed=2)
    sample = list(islice(events, 1000))
    report.put("event_bytes", sum(map(len, sample)) / len(sample))
    with doors.served() as address:
        _doors(report, stack, address, secret, events, seconds)
    projection.measure(report, sizes)
    return report.finish()


def _doors(
    report: Report, stack: Embedded, address: doors.Address, secret: str, events: Iterator[bytes], seconds: float
) -> None:
    """Measure single events and batches in turns with the bare database, so that all see the same machine."""
    bare, single, waits, batch = [], [], list[float](), []
    for _ in range(ROUNDS):
        bare.append(doors.bare_inserts(stack.superuser_url, CONNECTIONS, seconds))
        rate, took = doors.post_single(address, secret, events, CONNECTIONS, seconds)
        single.append(rate)
        waits += took
        batch.append(doors.post_batches(address, secret, events, BATCH, seconds))
    ratio = median(one / raw for one, raw in zip(single, bare, strict=True))
    report.put("bare_inserts_per_s", median(bare))
    report.put("single_per_s", median(single))
    report.put("single_to_bare_ratio", ratio, Target(">=", 0.25))
    report.put("single_p99_ms", percentile(waits, 0.99) * 1000, Target("<=", 60))
    report.put("batch_per_s", median(batch), Target(">=", 10_000))
    report.put(
        "batch_to_single_ratio", median(one / other for one, other in zip(batch, single, strict=True)), Target(">=", 5)
    )


if __name__ == "__main__":
    main()
