"""NetBox by its REST API: sites, racks, devices, power and circuits, as one document by endpoint.

Pages are asked for by offset: no address that an answer names is ever asked.
"""

import json
from collections.abc import Iterator
from typing import Any

from accounts.outbound.http import checked, get, guarded_pool
from lineage.inventory.formats.look import at, whole
from lineage.inventory.pulls.places.place import Asked, Fetched, Place, PullFailed, joined

ENDPOINTS = (
    "dcim/sites", "dcim/racks", "dcim/devices", "dcim/power-panels", "dcim/power-feeds", "circuits/providers",
    "circuits/circuits", "circuits/circuit-terminations",
)  # fmt: skip
PAGE = 500
MOST_PAGES = 2000


def check(asked: Asked) -> None:
    """Refuse what is no address, and a connection that everybody can read."""
    checked(asked.address)
    if not asked.address.startswith("https://"):
        raise PullFailed("The token is sent over https alone: give an address that begins with https://.")


def fetch(asked: Asked) -> Iterator[Fetched]:
    """Yield one document: {"dcim/sites": {"count", "results"}, ...}."""
    check(asked)
    pool = guarded_pool(asked.option("ca"))
    headers = {"Authorization": f"Token {asked.secret}", "Accept": "application/json"}
    document: dict[str, Any] = {}
    room = asked.limit
    for endpoint in ENDPOINTS:
        results: list[Any] = []
        count = None
        for page in range(MOST_PAGES):
            url = f"{asked.address.rstrip('/')}/api/{endpoint}/?limit={PAGE}&offset={page * PAGE}"
            body = joined(get(url, headers=headers, limit=room, pool=pool), room, url)
            room -= len(body)
            answer = _json(body, endpoint)
            rows = at(answer, "results")
            if not isinstance(rows, list):
                raise PullFailed(f"{endpoint} answers without results: expected NetBox 3 or 4 at this address.")
            results += rows
            count = whole(at(answer, "count"))
            if not rows or at(answer, "next") is None:
                break
        document[endpoint] = {"count": count, "results": results}
    yield Fetched("netbox.json", json.dumps(document).encode())


def _json(body: bytes, endpoint: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise PullFailed(f"{endpoint} answers with something that is no JSON: check the address.") from None


NETBOX = Place(
    "netbox", "of the installation, such as https://netbox.example", "API token, read only",
    {"ca": "certificates to trust, in PEM"}, check, fetch,
)  # fmt: skip
