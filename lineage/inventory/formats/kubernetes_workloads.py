"""Services of a cluster and the images that they run: what each workload of Kubernetes is told as."""

from collections.abc import Iterator, Mapping
from typing import Any

from lineage.inventory.assets import Key
from lineage.inventory.formats.artifacts import image_of
from lineage.inventory.formats.kubernetes_cluster import ACCELERATORS, Cluster, Use
from lineage.inventory.formats.kubernetes_objects import Object
from lineage.inventory.formats.look import at, flag, objects, text, whole

STRICTEST = ("prod", "staging", "test", "dev")
POD: Mapping[str, tuple[str, ...]] = {
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    "InferenceService": ("spec", "predictor"),
    "Pod": ("spec",),
}
TEMPLATE = ("spec", "template", "spec")
"""Where the pods of a workload are described; kinds that differ stand in POD."""


def workload(cluster: Cluster, each: Object) -> None:
    """Tell a workload as a service with its images; what a workload of ours controls is told as a part of that.

    1. What it belongs to; where nobody names that, its images are told all the same. What is over, or is an old or
       present turn of a workload that stands in the file with its own description, adds nothing.
    2. Its zone, and what its containers may do there.
    3. A pod says on which machine it runs.
    """
    root = cluster.root_of(each)  # 1
    if _is_over(each) or (root is not each and isinstance(root, Object) and each.kind != "Pod"):
        return
    pod = at(each.value, *POD.get(each.kind, TEMPLATE))
    images = [_image(cluster, each, pod, container) for container in _containers(pod)]
    zone_key, relations = cluster.zone_of(each), {}
    if zone_key is not None:  # 2
        relations["in_zone"] = [zone_key]
    if each.kind == "Pod" and (host := text(at(pod, "nodeName"))):  # 3
        relations["runs_on"] = [("node", host)]
    if artifacts := [("software_artifact", image) for image in images if image]:
        relations["artifacts"] = artifacts
    if root is each:
        attributes = {
            "subtype": "model_endpoint" if each.kind == "InferenceService" else None,
            "environment": cluster.environment_of(each),
            "labels": each.labels or None,
        }
        cluster.add(each, "service", attributes=attributes, relations=relations)
        _note_zone(cluster, each, pod, zone_key)
    elif isinstance(root, Object):
        cluster.add(root, "service", relations=relations)
    elif root is not None:
        shown = "/".join(filter(None, (each.namespace, text((each.owner or {}).get("name")))))
        cluster.found.add(each.place, *root, name=shown, origin=each.origin, relations=relations)
    else:
        cluster.found.leave(f"{each.kind} of a ReplicaSet that is not in the file")


def _is_over(each: Object) -> bool:
    """Tell whether nothing of it runs any more: a pod or job that ended, the replica set of an earlier release."""
    ended = text(at(each.value, "status", "phase")) in ("Succeeded", "Failed") or text(
        at(each.value, "status", "completionTime")
    )
    return bool(ended) or (each.owner is not None and whole(at(each.value, "spec", "replicas")) == 0)


def _containers(pod: Any) -> Iterator[Mapping[str, Any]]:
    for part in ("containers", "initContainers"):
        yield from (container for _, container in objects(at(pod, part)))


def _image(cluster: Cluster, each: Object, pod: Any, container: Mapping[str, Any]) -> str | None:
    reference = text(container.get("image"))
    image = image_of(reference) if reference else None
    if image is None:
        if reference:
            where = f"{each.place} {each.shown}"
            cluster.found.refuse(where, reference, "an image reference", "correct the image of the container")
        return None
    use = cluster.images.setdefault(image.uid, Use(image, each.place, each.origin))
    use.non_root.append(_non_root(pod, container))
    use.environments.add(cluster.environment_of(each) or "")
    return image.uid


def _non_root(pod: Any, container: Mapping[str, Any]) -> bool | None:
    """Tell whether a container runs without administrator rights; None where the file leaves it to the image."""
    own, shared = container.get("securityContext"), at(pod, "securityContext")
    user = whole(at(own, "runAsUser"))
    user = whole(at(shared, "runAsUser")) if user is None else user
    refuses = flag(at(own, "runAsNonRoot"))
    refuses = flag(at(shared, "runAsNonRoot")) if refuses is None else refuses
    if flag(at(own, "privileged")) or user == 0:
        return False
    return True if refuses or user is not None else None


def _note_zone(cluster: Cluster, each: Object, pod: Any, zone_key: Key | None) -> None:
    """Note what a workload says of its zone: that it asks for accelerators, that it has administrator rights."""
    containers = list(_containers(pod))
    asked = [at(one, "resources", part, name) for one in containers for part in _AMOUNTS for name in ACCELERATORS]
    if zone_key is not None and any(whole(amount) for amount in asked):
        cluster.found.add(each.place, *zone_key, origin=each.origin, attributes={"hosts_ai": True})
    if zone_key is not None and any(flag(at(one, "securityContext", "privileged")) for one in containers):
        cluster.privileged.setdefault(zone_key, []).append(each)


_AMOUNTS = ("limits", "requests")


def images(cluster: Cluster) -> None:
    """Tell the images that were found, each once, by all their uses."""
    for uid, use in cluster.images.items():
        unsafe, safe = False in use.non_root, all(use.non_root)
        attributes = use.image.attributes | {
            "runs_as_non_root": False if unsafe else True if safe else None,
            "environment": next((each for each in STRICTEST if each in use.environments), None),
        }
        cluster.found.add(use.place, "software_artifact", uid, name=uid, origin=use.origin, attributes=attributes)


def scaler(cluster: Cluster, each: Object) -> None:
    """Tell of the workload that a scaler names that it follows demand."""
    target = at(each.value, "spec", "scaleTargetRef")
    scaled = cluster.named.get((text(at(target, "kind")) or "", each.namespace, text(at(target, "name"))))
    if scaled is not None and scaled.kind in cluster.workloads and cluster.root_of(scaled) is scaled:
        cluster.add(scaled, "service", attributes={"scales_automatically": True})
