"""Import native lines, a file at a time, and import them again: make bench-inventory.

make bench-inventory ARGS="--sizes 2000,4000,8000"     the short form
make bench-inventory ARGS="--evaluate"                 also judge what was imported, which may take long

A file comes in by `manage.py import_inventory` and is projected by a process of its own, one after the other: the time
is that of both, start included; the memory is the peak of the larger one, as the kernel counts it (PostgreSQL has its
own). Then it comes in again: the same file, and one of which one asset in a hundred is another. All rows say when they
were observed; a full file that is newer confirms each asset anew and writes as much as the first time.
"""

import benchmarks.environment  # noqa: F401 - settings are read by what follows

# isort: split
import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from accounts.members.manage import create_workspace
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Workspace
from benchmarks.harness import Report, Target, database, shortened, slope
from benchmarks.inventories import native_lines
from lineage.inventory.imports.models import Import
from lineage.inventory.models import Asset

SIZES = (60_000, 250_000, 1_000_000)
"""Assets of a file."""
ROOT = Path(__file__).resolve().parent.parent
STAGES = {
    "project": "from lineage.graph.project import project as run",
    "evaluate": "from policies.evaluation.evaluate import evaluate as run",
}


@dataclass(frozen=True)
class Took:
    """What a process took: seconds of wall clock, seconds of processor, and MiB at its peak."""

    seconds: float
    processor: float
    peak: float

    def __add__(self, other: "Took") -> "Took":
        return Took(self.seconds + other.seconds, self.processor + other.processor, max(self.peak, other.peak))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run servers, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="assets of a file")
    parser.add_argument("--evaluate", action="store_true", help="judge what was imported as well")
    given = parser.parse_args(arguments)
    with database():
        measure([int(size) for size in given.sizes.split(",")], evaluate=given.evaluate)


def measure(sizes: Sequence[int], *, evaluate: bool = False) -> dict[str, Any]:
    """Import files of these sizes, each into a workspace of its own; the targets are those of the largest."""
    report = Report("inventory", shortened(assets=(max(sizes), max(SIZES))))
    first = [_measure_size(report, size, size == max(sizes), evaluate=evaluate) for size in sorted(sizes)]
    report.put("import_slope", slope(sorted(sizes), first), Target("<=", 1.1))
    return report.finish()


def _measure_size(report: Report, size: int, is_largest: bool, *, evaluate: bool) -> float:
    workspace = create_workspace(f"assets-{size}", "", actor="command")
    file = _written(size, 0)
    targets = {"import": Target("<=", 300), "again": Target("<=", 120), "peak": Target("<=", 500)} if is_largest else {}
    received = _receive(workspace, file)
    projected = _run(workspace, "project")
    took = received + projected
    report.put(f"import_{size}_s", took.seconds, targets.get("import"))
    report.put(f"import_{size}_received_s", received.seconds)
    report.put(f"import_{size}_processor_s", took.processor)
    report.put(f"import_{size}_peak_mib", took.peak, targets.get("peak"))
    if evaluate:
        report.put(f"evaluate_{size}_s", _run(workspace, "evaluate").seconds)
    again = _receive(workspace, file) + _run(workspace, "project")
    report.put(f"again_{size}_s", again.seconds, targets.get("again"))
    later = _receive(workspace, _written(size, size // 100)) + _run(workspace, "project")
    report.put(f"again_{size}_changed_s", later.seconds, targets.get("again"))
    report.put(f"again_{size}_changed_peak_mib", later.peak, targets.get("peak"))
    _check(workspace, size)
    return took.seconds


def _written(size: int, changed: int) -> Path:
    path = Path(settings.AUDITLINE_HOME) / "assets.ndjson"
    with path.open("wb") as file:
        file.writelines(native_lines(size, changed=changed))
    return path


def _receive(workspace: Workspace, file: Path) -> Took:
    given = ["import_inventory", str(file), "--workspace", workspace.slug, "--source", "cmdb"]
    return _timed([*given, "--format", "native"])


def _run(workspace: Workspace, stage: str) -> Took:
    """Run a stage over what waits, as a worker does that is woken."""
    return _timed(["shell", "-c", f"import uuid; {STAGES[stage]}; run(uuid.UUID('{workspace.pk}'))"])


def _timed(arguments: Sequence[str]) -> Took:
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=os.environ, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{arguments[0]} ended with {process.returncode}"
    return Took(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def _check(workspace: Workspace, size: int) -> None:
    """All is there, once: what was measured was the import."""
    with in_workspace(workspace.pk):
        known = Asset.objects.filter(workspace_id=workspace.pk, state=Asset.State.REPORTED).count()
        ended = set(Import.objects.filter(workspace_id=workspace.pk).values_list("state", flat=True))
    assert known == size, f"{known} of {size} assets"
    assert ended <= {Import.State.DONE}, f"imports ended as {ended}"


if __name__ == "__main__":
    main()
