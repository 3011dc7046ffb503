"""A Kubernetes cluster by its API: nodes, namespaces, workloads and volumes, as one list. Secrets are not asked for.

Pages are asked for by `continue`, as the API has it (Kubernetes API concepts, retrieving large result sets in chunks).
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from accounts.outbound.http import get, guarded_pool
from lineage.inventory.formats.look import at, text
from lineage.inventory.pulls.places.netbox import check
from lineage.inventory.pulls.places.place import Asked, Fetched, Place, PullFailed, joined

RESOURCES = (
    ("api/v1/nodes", "v1", "Node"),
    ("api/v1/namespaces", "v1", "Namespace"),
    ("api/v1/resourcequotas", "v1", "ResourceQuota"),
    ("api/v1/limitranges", "v1", "LimitRange"),
    ("api/v1/persistentvolumes", "v1", "PersistentVolume"),
    ("apis/storage.k8s.io/v1/storageclasses", "storage.k8s.io/v1", "StorageClass"),
    ("apis/apps/v1/deployments", "apps/v1", "Deployment"),
    ("apis/apps/v1/statefulsets", "apps/v1", "StatefulSet"),
    ("apis/apps/v1/daemonsets", "apps/v1", "DaemonSet"),
    ("apis/batch/v1/cronjobs", "batch/v1", "CronJob"),
    ("apis/autoscaling/v2/horizontalpodautoscalers", "autoscaling/v2", "HorizontalPodAutoscaler"),
    ("apis/networking.k8s.io/v1/networkpolicies", "networking.k8s.io/v1", "NetworkPolicy"),
)
PAGE = 500
MOST_PAGES = 1000


def fetch(asked: Asked) -> Iterator[Fetched]:
    """Yield one `List` of all these resources."""
    check(asked)
    pool = guarded_pool(asked.option("ca"))
    headers = {"Authorization": f"Bearer {asked.secret}", "Accept": "application/json"}
    items: list[Any] = []
    room = asked.limit
    for path, version, kind in RESOURCES:
        more = ""
        for _ in range(MOST_PAGES):
            url = f"{asked.address.rstrip('/')}/{path}?limit={PAGE}" + (f"&continue={quote(more)}" if more else "")
            body = joined(get(url, headers=headers, limit=room, pool=pool), room, url)
            room -= len(body)
            answer = _list(body, path)
            items += [
                {**each, "apiVersion": version, "kind": kind} for each in answer["items"] if isinstance(each, dict)
            ]
            more = text(at(answer, "metadata", "continue")) or ""
            if not more:
                break
    yield Fetched("kubernetes.json", json.dumps({"apiVersion": "v1", "kind": "List", "items": items}).encode())


def _list(body: bytes, path: str) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or not isinstance(answer.get("items"), list):
        raise PullFailed(f"{path} answers without items: expected the API of a Kubernetes cluster at this address.")
    return answer


KUBERNETES = Place(
    "kubernetes", "of the API server, such as https://cluster.example:6443", "token of a service account that may read",
    {"ca": "certificates to trust, in PEM"}, check, fetch,
)  # fmt: skip
