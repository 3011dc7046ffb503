"""Measure what the graph answers, and how labels travel, in estates of up to a million flows: make bench-lineage.

make bench-lineage ARGS="--sizes 2000,4000,8000 --starts 20"     the short form
"""

import benchmarks.environment  # noqa: F401 - settings are read by what follows

# isort: split
import argparse
from collections.abc import Sequence
from typing import Any

import psycopg

from accounts.members.manage import create_workspace
from accounts.workspaces.isolation import in_workspace
from benchmarks import estates, propagation, reachability
from benchmarks.harness import Report, database, shortened, timed
from config.stack.embedded import Embedded

STARTS = 200
"""Questions per estate."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run servers, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default=",".join(map(str, estates.SIZES)), help="flows of each estate")
    parser.add_argument("--starts", type=int, default=STARTS, help="questions per estate")
    given = parser.parse_args(arguments)
    with database() as stack:
        measure(stack, [int(size) for size in given.sizes.split(",")], given.starts)


def measure(stack: Embedded, sizes: Sequence[int], starts: int) -> dict[str, Any]:
    """Measure estates of these sizes, each in a workspace of its own; return the result."""
    report = Report("lineage", shortened(flows=(max(sizes), max(estates.SIZES)), questions=(starts, STARTS)))
    made = {size: estates.make(size) for size in sorted(sizes)}
    workspaces = {}
    for size, estate in made.items():
        workspaces[size] = create_workspace(f"estate-{size}", f"Estate of {size} flows", actor="command").pk
        with in_workspace(workspaces[size]):
            report.put(f"estate_{size}_written_s", timed(estates.write, estate)[0])
    with psycopg.connect(stack.owner_url, autocommit=True) as owner:
        estates.analyze(owner)
    reachability.measure(report, workspaces, made, starts)
    propagation.measure(report, workspaces)
    return report.finish()


if __name__ == "__main__":
    main()
