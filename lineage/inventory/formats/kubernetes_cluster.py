"""One export of a cluster while it is told: its objects by what refers to them, and what several say together."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from lineage.inventory.assets import Key
from lineage.inventory.formats.artifacts import Image
from lineage.inventory.formats.clouds import environment
from lineage.inventory.formats.collected import Collected
from lineage.inventory.formats.kubernetes_objects import Object
from lineage.inventory.formats.look import text

ACCELERATORS = (
    "nvidia.com/gpu",
    "amd.com/gpu",
    "gpu.intel.com/i915",
    "gpu.intel.com/xe",
    "habana.ai/gaudi",
    "google.com/tpu",
)
"""Resources that are whole accelerators, as nodes offer and containers ask for them."""


@dataclass
class Use:
    """How an image is used over all containers: it counts as safe where every one of them is."""

    image: Image
    place: str
    origin: str
    non_root: list[bool | None] = field(default_factory=list)
    environments: set[str] = field(default_factory=set)


@dataclass
class Cluster:
    """Objects of one export while they are told. `ids`: objects by the identifier that the cluster gave them."""

    found: Collected
    workloads: frozenset[str]
    ids: dict[str, Object] = field(default_factory=dict)
    zones: dict[str, Object] = field(default_factory=dict)
    named: dict[tuple[str, str | None, str | None], Object] = field(default_factory=dict)
    classes: dict[str, Object] = field(default_factory=dict)
    policies: dict[str, list[Object]] = field(default_factory=lambda: defaultdict(list))
    images: dict[str, Use] = field(default_factory=dict)
    privileged: dict[Key, list[Object]] = field(default_factory=dict)

    def know(self, each: Object) -> None:
        """Note an object before anything is told, so that others can refer to it."""
        if each.id:
            self.ids[each.id] = each
        self.named[each.kind, each.namespace, each.name] = each
        if each.kind == "Namespace" and each.name:
            self.zones[each.name] = each
        if each.kind == "StorageClass" and each.name:
            self.classes[each.name] = each

    def add(self, each: Object, kind: str, **said: Any) -> Key:
        """Note the asset of an object."""
        return self.found.add(each.place, kind, each.uid, name=each.shown, origin=each.origin, **said)

    def zone_of(self, each: Object) -> Key | None:
        """Return the zone of an object: its namespace where the file holds it, or by name among manifests."""
        if each.namespace in self.zones:
            return "isolation_zone", self.zones[each.namespace].uid
        return ("isolation_zone", f"Namespace/{each.namespace}") if each.namespace and not each.id else None

    def environment_of(self, each: Object) -> str | None:
        """Return the environment that an object's labels name, else those of its namespace."""
        zone = self.zones.get(each.namespace or "")
        return environment(each.labels) or (environment(zone.labels) if zone is not None else None)

    def root_of(self, each: Object) -> Object | Key | None:
        """Return what a workload belongs to in the end: itself, an object of the file, or the key of another.

        None where that is not known: a replica set that is not in the file has an owner which nobody names.
        """
        for _ in range(8):
            owner = each.owner
            if owner is None or text(owner.get("kind")) not in self.workloads:
                return each
            known = self.ids.get(text(owner.get("uid")) or "")
            if known is None:
                uid = text(owner.get("uid"))
                return ("service", uid) if uid and owner.get("kind") != "ReplicaSet" else None
            each = known
        return None
