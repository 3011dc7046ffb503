"""The doors that the raw files go through, as anyone's data does: over HTTP, or the same functions in this process."""

import gzip
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from accounts.members.rights import Principal
from accounts.workspaces.isolation import in_workspace
from config.demo.logins import Logins
from lineage.events.receive import receive_batch
from lineage.events.record import store_events
from lineage.inventory.receive import prepare, record

TRIES = 60
"""Answers of 503 in a row before giving up; each asks for a pause of 1 to 5 seconds."""


class DoorClosed(Exception):
    """A door refused part of the demo, or did not answer; the message says what and why."""


@dataclass(frozen=True)
class Delivery:
    """One inventory file: `mode` full says that it is all that the source knows; `kind` is set for CSV."""

    body: bytes
    source: str
    format: str
    mode: str
    kind: str = ""


class Doors(Protocol):
    """What both ways in offer. Raises DoorClosed where anything is refused: the demo has no bad rows."""

    def send_events(self, lines: Iterable[str]) -> None:
        """Send a batch of events, one JSON object each."""

    def send_inventory(self, delivery: Delivery) -> None:
        """Send one inventory."""


class InProcess:
    """The receive functions themselves."""

    def __init__(self, logins: Logins) -> None:
        self._pipelines: Principal = logins.pipelines.principal
        self._inventories: Principal = logins.inventories.principal

    def send_events(self, lines: Iterable[str]) -> None:
        """Receive and record a batch in one transaction."""
        batch = receive_batch(as_array(lines), self._pipelines)
        if batch.failed:
            raise DoorClosed(f"{len(batch.failed)} events were refused, the first: {batch.failed[0].error}")
        with in_workspace(self._pipelines.workspace_id):
            store_events([event for _, event in batch.events])

    def send_inventory(self, delivery: Delivery) -> None:
        """Receive and record an inventory."""
        prepared = prepare(
            delivery.body,
            source=delivery.source,
            format_name=delivery.format,
            mode=delivery.mode,
            kind=delivery.kind,
        )
        if prepared.rejected:
            raise DoorClosed(f"{delivery.source}: a row was refused: {prepared.rejected[0]}")
        with in_workspace(self._inventories.workspace_id):
            record(prepared, self._inventories.actor)


class OverHttp:
    """The HTTP doors of a running service."""

    def __init__(self, url: str, logins: Logins) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise DoorClosed(f"--url: got {url!r}, expected an address such as http://127.0.0.1:8000")
        self._url = url.rstrip("/")
        self._logins = logins

    def send_events(self, lines: Iterable[str]) -> None:
        """POST a batch."""
        answer = self._post("/api/v1/lineage/batch", as_array(lines), "application/json", self._logins.pipelines.secret)
        if answer.get("failed_events"):
            raise DoorClosed(f"events were refused: {json.dumps(answer['failed_events'])[:300]}")

    def send_inventory(self, delivery: Delivery) -> None:
        """POST an inventory."""
        query = {"source": delivery.source, "format": delivery.format, "mode": delivery.mode}
        query |= {"kind": delivery.kind} if delivery.kind else {}
        media = "text/csv" if delivery.format == "csv" else "application/x-ndjson"
        path = f"/api/v1/inventories?{urlencode(query)}"
        answer = self._post(path, delivery.body, media, self._logins.inventories.secret)
        if answer.get("rejected"):
            raise DoorClosed(f"{delivery.source}: rows were refused: {json.dumps(answer['rejected'])[:300]}")

    def _post(self, path: str, body: bytes, media: str, secret: str) -> Mapping[str, object]:
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": media, "Content-Encoding": "gzip"}
        packed = gzip.compress(body, 3, mtime=0)
        for _ in range(TRIES):
            request = urllib.request.Request(self._url + path, packed, headers)  # noqa: S310  # scheme checked above
            try:
                with urllib.request.urlopen(request, timeout=120) as response:  # noqa: S310
                    answer = json.loads(response.read())
                    return answer if isinstance(answer, dict) else {}
            except urllib.error.HTTPError as error:
                if error.code != 503:
                    raise DoorClosed(f"{path} answered {error.code}: {error.read()[:300]!r}") from error
                time.sleep(float(error.headers.get("Retry-After", "2")))
            except urllib.error.URLError as error:
                raise DoorClosed(f"{self._url} does not answer ({error.reason}). Is the service running?") from error
        raise DoorClosed(f"{path} answered 503 {TRIES} times in a row; the service cannot keep up. Try again later.")


def as_array(lines: Iterable[str]) -> bytes:
    """Return lines of JSON as one array."""
    return ("[" + ",".join(lines) + "]").encode()
