"""NVIDIA DCGM exporter: its metrics as text, which tell how many accelerators a machine has and what drives them.

One reading is an instant. Errors of seven days, throttling and use of thirty days cannot be known from it: XID_ERRORS
holds the code of the last error, ECC counters run since the last reset, GPU_UTIL is the use of this moment. None of
them is filled.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lineage.inventory.errors import InventoryRefused
from lineage.inventory.formats.collected import Collected
from lineage.inventory.formats.look import epoch, text
from lineage.inventory.formats.parsed import Format, Parameters, Parsed
from lineage.inventory.formats.per_line import BOM, begin_of, clean_lines
from lineage.inventory.formats.sample import Sample

PREFIX = "DCGM_FI_"
VERSIONS = {
    "DCGM_FI_DRIVER_VERSION": "driver",
    "DCGM_FI_DEV_VBIOS_VERSION": "vbios",
    "DCGM_FI_CUDA_DRIVER_VERSION": "cuda",
    "DCGM_FI_NVML_VERSION": "nvml",
}
"""Labels that name a part of the stack, in the order of its name."""
POOLS = ("accelerator_pool", "gpu_pool", "node_pool", "nodepool")
"""Labels by which collectors name the pool of a machine."""
_LINE = re.compile(r"([A-Za-z_:][\w:]*)\s*\{(.*)\}\s*(\S+)(?:\s+(-?\d{1,18}))?\s*", re.ASCII)
_LABEL = re.compile(r'\s*([A-Za-z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)', re.ASCII)
_ESCAPED = re.compile(r"\\(.)")


@dataclass
class _Machine:
    line: int
    accelerators: set[str] = field(default_factory=set)
    models: set[str] = field(default_factory=set)
    versions: dict[str, set[str]] = field(default_factory=dict)
    pools: set[str] = field(default_factory=set)
    seen: int = 0  # ms since 1970; 0 = not stated


def read(body: bytes, parameters: Parameters) -> Iterator[Parsed]:
    """Yield the machines as rows. Raises InventoryRefused where nothing is a metric of this exporter."""
    found, machines, metrics = Collected("measured"), dict[str, _Machine](), 0
    for number, line in enumerate(body.removeprefix(BOM).split(b"\n"), start=1):
        content = line.decode(errors="replace").strip()
        if not content.startswith(PREFIX):
            continue  # comments, and metrics of others in the same text
        metrics += 1
        labels, at_ms = _sample(content)
        host, accelerator = text((labels or {}).get("Hostname")), text((labels or {}).get("UUID"))
        if labels is None or host is None or accelerator is None:
            expected = "a metric with the labels Hostname and UUID"
            found.refuse(f"line {number}", begin_of(line), expected, "read the exporter again", line=number)
        else:
            _note(machines.setdefault(host, _Machine(number)), accelerator, labels, at_ms)
    if not metrics:
        raise InventoryRefused(
            f"The file is no text of the DCGM exporter: no line begins with {PREFIX}. Send what its address /metrics "
            "answers, unchanged.",
            code="format_unknown",
        )
    for host, machine in machines.items():
        _tell(host, machine, found)
    yield from found.parsed()


def _sample(content: str) -> tuple[dict[str, str] | None, int]:
    """Return the labels of a metric and its time; None where the line is none."""
    if (line := _LINE.fullmatch(content)) is None:
        return None, 0
    labels, end = {}, 0
    for each in _LABEL.finditer(line[2]):
        if each.start() != end:
            return None, 0
        labels[each[1]] = _ESCAPED.sub(lambda found: {"n": "\n"}.get(found[1], found[1]), each[2])
        end = each.end()
    return (labels if end == len(line[2]) else None), int(line[4] or 0)


def _note(machine: _Machine, accelerator: str, labels: Mapping[str, str], at_ms: int) -> None:
    machine.accelerators.add(accelerator)
    machine.seen = max(machine.seen, at_ms)
    if model := text(labels.get("modelName")):
        machine.models.add(model)
    for label in VERSIONS:
        if version := text(labels.get(label)):
            machine.versions.setdefault(label, set()).add(version)
    machine.pools.update(pool for pool in (text(labels.get(name)) for name in POOLS) if pool)


def _tell(host: str, machine: _Machine, found: Collected) -> None:
    """Tell a machine; where its accelerators run different versions, its stack has no one name."""
    place, observed = f"line {machine.line}", epoch(machine.seen / 1000) if machine.seen else None
    pools = [
        found.add(place, "accelerator_pool", pool, name=pool, observed_at=observed, attributes={"subtype": "gpu"})
        for pool in sorted(machine.pools)
    ]
    is_one = all(len(versions) == 1 for versions in machine.versions.values())
    parts = [f"{VERSIONS[each]} {min(machine.versions[each])}" for each in VERSIONS if each in machine.versions]
    attributes: dict[str, Any] = {
        "subtype": "accelerator_node",
        "accelerators": len(machine.accelerators),
        "stack_version": ", ".join(parts) if parts and is_one else None,
        "labels": {"accelerator_models": ", ".join(sorted(machine.models))} if machine.models else None,
    }
    relations = {"in_pool": pools or None}
    found.add(place, "node", host, name=host, observed_at=observed, attributes=attributes, relations=relations)


def _clean(body: bytes, parameters: Parameters) -> tuple[bytes, list[dict[str, Any]]]:
    return clean_lines(body)


def _knows(sample: Sample) -> bool:
    return any(line.startswith((PREFIX, f"# HELP {PREFIX}")) for line in sample.text.splitlines()[:2000])


FORMAT = Format(
    "dcgm",
    "NVIDIA DCGM exporter metrics",
    "cloud_api",
    _knows,
    read,
    _clean,
    media_type="text/plain",
    fills={
        "node": frozenset({"subtype", "accelerators", "stack_version", "labels", "rel:in_pool"}),
        "accelerator_pool": frozenset({"subtype"}),
    },
)
