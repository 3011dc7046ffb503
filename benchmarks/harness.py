"""Time things against real servers and say what came of it: figures for people, one JSON object as the last line.

report = Report("lineage")
with database():
    report.put("reach_p95_ms", milliseconds, target=Target("<=", 100))
report.finish()
"""

import json
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from django.conf import settings
from django.core.management import call_command
from django.db import connections

from config.stack.embedded import Embedded
from config.stack.servers import servers

Result = TypeVar("Result")
BUSY_ABOVE = 0.5
"""Load per core, before we begin, above which figures are said to be those of a busy machine."""


@dataclass(frozen=True)
class Target:
    """What a metric must reach: `<=` or `>=` a value in the metric's unit."""

    sign: Literal["<=", ">="]
    value: float

    def met(self, measured: float) -> bool:
        """Tell whether it is reached."""
        return measured <= self.value if self.sign == "<=" else measured >= self.value


@dataclass
class Report:
    """The figures of one benchmark. Metrics are named with their unit (`_ms`, `_s`, `_per_s`, `_ratio`).

    `short`: in what this run is less than what its targets are about; such a run meets none, whatever it measures.
    """

    bench: str
    short: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    targets: dict[str, str] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Say on what machine, and how busy it is before we begin."""
        cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
        self.metrics["load_per_core_before_ratio"] = round(load / cores, 2)
        print(f"{self.bench}: {cores} cores, load {load:.2f} over the last minute")
        if load / cores > BUSY_ABOVE:
            print("The machine is busy with something else: what follows is slower than it would be on a quiet one.")
        if self.short:
            print(f"This is a short form ({self.short}): its figures are no measure of the targets.")

    def put(self, name: str, value: float, target: Target | None = None) -> None:
        """Keep a metric and print it; a target that is missed makes the whole not met."""
        value = float(f"{value:.4g}")
        self.metrics[name] = value
        said = ""
        if target is not None:
            met = target.met(value)
            self.targets[name] = f"{target.sign} {target.value:g}"
            self.missed += [] if met else [name]
            judged = "not judged" if self.short else "met" if met else "MISSED"
            said = f"   target {self.targets[name]}: {judged}"
        print(f"  {name:<52} {value:>12,.4g}{said}", flush=True)

    def finish(self) -> dict[str, Any]:
        """Print the result as one JSON object, the last line; return it. A note says why a short form meets nothing."""
        result: dict[str, Any] = {"bench": self.bench, "metrics": self.metrics, "targets": self.targets}
        result["met"] = not self.missed and not self.short
        if self.short:
            result["note"] = f"a short form meets no target: {self.short}"
        print(json.dumps(result), flush=True)
        return result


def shortened(**given: tuple[float, float]) -> str:
    """Say which of these, as (given, wanted), are less than targets are about; '' where none is."""
    return ", ".join(f"{name} {less:,} of {whole:,}" for name, (less, whole) in given.items() if less < whole)


@contextmanager
def database() -> Iterator[Embedded]:
    """Run servers of our own with everything migrated, durable as in production; close what was opened to them."""
    with servers(Path(settings.AUDITLINE_HOME)) as stack:
        call_command("migrate", database="owner", verbosity=0)
        try:
            yield stack
        finally:
            connections.close_all()


def seconds(call: Callable[[], object]) -> float:
    """Return how long one call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def timed(call: Callable[..., Result], *arguments: Any, **named: Any) -> tuple[float, Result]:
    """Return how long one call takes, in seconds, and what it returns."""
    began = time.perf_counter()
    result = call(*arguments, **named)
    return time.perf_counter() - began, result


def best(call: Callable[[], object], times: int = 3) -> float:
    """Return the least of several durations, in seconds: what it costs when nothing else disturbs."""
    return min(seconds(call) for _ in range(times))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` (0 to 1) of the values do not exceed (nearest rank). Raises on no values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def slope(sizes: Sequence[float], durations: Sequence[float]) -> float:
    """Return the exponent e of durations ~ sizes^e, by least squares on logarithms: 1 = linear, 0 = no growth."""
    xs, ys = [math.log(size) for size in sizes], [math.log(max(one, 1e-9)) for one in durations]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum((a - x) ** 2 for a in xs)
