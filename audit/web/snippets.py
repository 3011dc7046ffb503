"""Texts to copy: how a pipeline is pointed here, one line of an inventory, how a stranger checks a deletion."""

import datetime
import json
import uuid

from accounts.journal.canonical.encode import instant

SAMPLE_LINE = json.dumps(
    {
        "kind": "storage",
        "uid": "lake-eu",
        "name": "Lake EU",
        "attributes": {"country": "DE", "replica_countries": [], "lineage_namespaces": ["s3://lake-eu"]},
        "observed_at": "2026-11-01T00:00:00Z",
        "origin": "measured",
    }
)


def python(exports: str) -> str:
    """Return a program that sends one event with the official client, configured by the two variables alone."""
    return f"""\
# pip install openlineage-python; then, in the same shell:
# {exports.replace(chr(10), chr(10) + "# ")}
import datetime, uuid
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import Job, OutputDataset, Run, RunEvent, RunState

OpenLineageClient().emit(RunEvent(
    eventType=RunState.COMPLETE,
    eventTime=datetime.datetime.now(datetime.timezone.utc).isoformat(),
    run=Run(runId=str(uuid.uuid4())),
    job=Job(namespace="first", name="hello"),
    producer="https://example.org/first",
    inputs=[],
    outputs=[OutputDataset(namespace="s3://lake-eu", name="hello")],
))"""


def curl(address: str, secret: str, now: datetime.datetime) -> str:
    """Return a command that sends one event; `address` is this installation, `now` the time that the event tells."""
    event = {
        "eventType": "COMPLETE",
        "eventTime": instant(now.replace(microsecond=0)),
        "producer": "https://example.org/first",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": str(uuid.uuid4())},
        "job": {"namespace": "first", "name": "hello"},
        "outputs": [{"namespace": "s3://lake-eu", "name": "hello"}],
    }
    return (
        f"curl {address}/api/v1/lineage \\\n"
        f"  -H 'Authorization: Bearer {secret}' \\\n"
        "  -H 'Content-Type: application/json' \\\n"
        f"  -d '{json.dumps(event)}'"
    )


def root_of_receipts(file_name: str) -> str:
    """Return a program that computes the root of a deletion from the CSV of its receipts, as RFC 6962 does."""
    return f"""\
import csv, hashlib, uuid

def digest(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

level = [
    digest(b"\\x00", uuid.UUID(row["id"]).bytes, bytes.fromhex(row["kept_digest"]))
    for row in csv.DictReader(open("{file_name}", newline=""))
]
while len(level) > 1:
    pairs = [digest(b"\\x01", *level[i : i + 2]) for i in range(0, len(level) - 1, 2)]
    level = pairs + level[len(level) - len(level) % 2 :]
print(level[0].hex())"""
