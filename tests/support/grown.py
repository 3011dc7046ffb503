"""An estate with as many of everything as a test asks for: through the doors and acts, each round one more of each."""

import datetime
from typing import Any

from django.utils import timezone

from accounts.approvals.models import GovernedAct
from accounts.members.authentication import WORKSPACE_HEADER
from accounts.members.manage import add_member, create_token, create_workspace
from accounts.members.models import Role
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import DeadLetter
from audit.exports.models import Export
from audit.exports.schedules import add_schedule
from audit.pipeline import run_due
from audit.tickets.models import Ticket
from audit.tickets.work_on import assign
from lineage.events.hooks import create_hook
from lineage.inventory.kinds.countries import COUNTRIES
from lineage.inventory.kinds.values import format_timestamp
from lineage.inventory.models import Asset, NamespaceJoin
from lineage.inventory.pulls.manage import add_pull
from tests.support import webhooks
from tests.support.cast import PASSWORD, Cast
from tests.support.estate import CUSTOMERS, LAKE, send_inventory
from tests.support.imports import ask_about, keep_import
from tests.support.openlineage import dataset, facet, new_run, post, run_event
from tests.support.retention import delete_all, hold, keep_for, old_event

START = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
OURS = {WORKSPACE_HEADER: "ours"}
KEY_LIFE = datetime.timedelta(days=90)  # SEC-03: greatest age of a machine's key

VAULT: dict[str, Any] = {
    "kind": "storage",
    "uid": "vault",
    "origin": "measured",
    "attributes": {"country": "US", "replica_countries": [], "lineage_namespaces": ["s3://vault"]},
}

READ = {"inputFacets": {"inputStatistics": facet(size=1000)}}

PARENT_RUN = "01890a5d-ac96-774b-bcce-b302099a8057"
"""All runs belong to this one."""

BOUND: dict[str, Any] = {"environment": "prod", "residency_limited": True, "retention_days": 3650}
ALLOWED = ["DE", *sorted(COUNTRIES - {"DE", "US"})[:60]]
"""Where parts may lie: each of up to 60 rounds has one country less, so that what its part feeds has its own limit."""


def grow(cast: Cast, rounds: range) -> None:
    """Add one of each per round, in which `customers` comes home or goes abroad; `rounds` ends on an even number.

    At last the store of all parts comes home and goes abroad again, so that one statement is about all of them.
    """
    pipeline = cast.api["pipeline"]
    for number in rounds:
        _add_people_and_machines(cast, number)
        send_inventory(pipeline, *_lines(number), source=f"source-{number}")
        post(pipeline, _runs(number), "/api/v1/lineage/batch")
        run_due(cast.workspace.pk)
        _act(cast, number)
    for minute, country in enumerate(["DE", "US"]):
        send_inventory(pipeline, _store(VAULT, country) | {"observed_at": _time(rounds[-1], minute)})
        run_due(cast.workspace.pk)


def _time(hour: int, minute: int = 0) -> str:
    return format_timestamp(START + datetime.timedelta(hours=hour, minutes=minute))


def _store(line: dict[str, Any], country: str) -> dict[str, Any]:
    return line | {"attributes": line["attributes"] | {"country": country}}


def _lines(number: int) -> list[dict[str, Any]]:
    """Return a move of `customers`, one new asset of some kinds, and a line that cannot be used."""
    company = {"kind": "organisation", "uid": f"company-{number}"}
    bound = {**BOUND, "owner": f"owner-{number}", "allowed_countries": ALLOWED[: len(ALLOWED) - number]}
    bound["oldest_record_at"] = format_timestamp(timezone.now())  # its records expire, which is traced when it is due
    ours = {"organisation": [company]}
    issued = timezone.now() - KEY_LIFE + datetime.timedelta(days=1 + number % 20)
    key = {"subtype": "service", "key_at": format_timestamp(issued), "last_used_at": format_timestamp(timezone.now())}
    lines = [
        _store(LAKE, "US" if number % 2 == 0 else "DE"),
        VAULT,
        company | {"name": f"Company {number}", "attributes": {"country": "DE"}},
        {"kind": "storage", "uid": f"store-{number}", "attributes": {"country": "US"}, "relations": ours},
        {"kind": "dataset", "uid": _uid(f"part-{number}"), "attributes": bound, "relations": ours},
        CUSTOMERS | {"relations": {"feeds": [{"kind": "ai_system", "uid": f"assistant-{number}"}]}},
        {"kind": "identity", "uid": f"key-{number}", "origin": "measured", "attributes": key},
        {"kind": "storage", "uid": f"bad-{number}", "attributes": {"country": "Germany"}},
    ]
    return [line | {"observed_at": _time(number)} for line in lines]


def _uid(name: str) -> str:
    return f"s3%3A%2F%2Fvault/{name}"


def _runs(number: int) -> list[dict[str, Any]]:
    """Return runs of a namespace of their own: a part feeds `customers`, that makes a report, and a chain grows."""
    fields = {"id": {"inputFields": [{"namespace": "s3://vault", "name": f"part-{number}", "field": "id"}]}}
    customers = dataset("customers", "s3://lake", columnLineage=facet(fields=fields))
    former = dataset(f"step-{number - 1}", "s3://vault") if number else customers
    named = {"identifiers": [{"namespace": "hive://meta", "name": f"step_{number}", "type": "TABLE"}]}
    step = dataset(
        f"step-{number}",
        "s3://vault",
        symlinks=facet(**named),
        lifecycleStateChange=facet(lifecycleStateChange="CREATE"),
    )
    return [
        _run(number, "in", dataset(f"part-{number}", "s3://vault"), customers),
        _fill(number, customers),
        _run(number, "out", customers | READ, dataset(f"report-{number}", "s3://vault")),
        _run(number, "on", former, step),
    ]


def _fill(number: int, customers: dict[str, Any]) -> dict[str, Any]:
    """Return one more run, and with another part one more version, of one job in the namespace of what it writes."""
    part = dataset(f"part-{number}", "s3://vault")
    facets = {"nominalTime": facet(nominalStartTime=_time(number))}
    at = _time(number, 30)
    return run_event(at=at, run=new_run(), job="fill", namespace="s3://lake", inputs=[part], outputs=[customers],
                     run_facets=facets)  # fmt: skip


def _run(number: int, job: str, source: dict[str, Any], target: dict[str, Any]) -> dict[str, Any]:
    parent = facet(run={"runId": PARENT_RUN}, job={"namespace": "night", "name": "all"})
    return run_event(
        run=new_run(),
        job=f"{job}-{number}",
        namespace=f"team-{number}",
        inputs=[source],
        outputs=[target],
        run_facets={"parent": parent},
    )


def _add_people_and_machines(cast: Cast, number: int) -> None:
    """Add a member, another workspace of the admin, a token, and a webhook that has delivered a run without inputs."""
    other = create_workspace(f"other-{number}", "", actor="command")
    with in_workspace(other.pk):
        add_member(cast.admin.email, Role.ADMIN, actor="command")
    with in_workspace(cast.workspace.pk):
        add_member(f"engineer-{number}@ours.example", Role.ENGINEER, actor="command", password=PASSWORD)
        create_token(f"token-{number}", Role.PIPELINE, actor=f"member:{cast.admin.pk}", created_by=cast.admin)
        hook = create_hook(f"hook-{number}", actor="command")
    webhooks.send(hook.path, hook.secret, run_event(run=new_run(), job=f"signed-{number}"))


def _act(cast: Cast, number: int) -> None:
    """Add what people do and what goes wrong."""
    workspace, admin = cast.workspace.pk, cast.admin
    actor = f"member:{admin.pk}"
    asked = cast.api["admin"].post("/api/v1/questions", {"text": "/findings"}, "json", headers=OURS)
    assert asked.status_code == 200, asked.content
    for verb in ("reject", ""):
        propose_four_eyes(cast, verb)
    approve_masking(cast, number)
    declare_attribute(cast, number)
    with in_workspace(workspace):
        for ticket in Ticket.objects.filter(finding__name="customers"):
            assign(ticket, admin, actor=actor)
        made = {"sha256": "0" * 64, "size": 1, "file_name": "made.zip", "finished_at": timezone.now()}
        Export.objects.create(workspace_id=workspace, state=Export.State.READY, requested_by=actor, **made)
        add_schedule(f"schedule-{number}", "0 6 * * 1", "UTC", actor=actor, user=admin)
        hold("source", source=f"held-{number}")
        NamespaceJoin.objects.create(
            workspace_id=workspace, storage=Asset.objects.get(kind="storage", uid=f"store-{number}"),
            namespace=f"s3://joined-{number}", act=GovernedAct.objects.latest("pk"), accepted_at=timezone.now(),
            is_new=False,
        )  # fmt: skip
        add_pull(
            slug="ours", source=f"pulled-{number}", place="https", address="https://inventory.example/x", options={},
            secret="", format_name="", kind="", mode="delta", every_hours=24, actor=actor,
        )  # fmt: skip
        keep_for(3650 + number, kind="job")  # takes the place of the former rule
        old_event(kind="job", days=4000)
        keep_import(f"source-{number}")
        ask_about(f"source-{number}")
        assert len(delete_all()) == 1
        DeadLetter.objects.create(
            workspace_id=workspace, stage="project", subject=new_run(), reason="ValueError: x", attempts=8
        )


def propose_four_eyes(cast: Cast, verb: str) -> None:
    """Add a governed act, and another person's decision where a verb is given."""
    _govern(cast, "workspace.four_eyes", {"on": False}, verb)


def approve_masking(cast: Cast, number: int) -> None:
    """Let the masking of a job of this round count."""
    job = cast.api["admin"].get(f"/api/v1/assets?kind=job&name=in-{number}", headers=OURS).json()["results"][0]["id"]
    until = (timezone.now() + datetime.timedelta(days=30)).date().isoformat()
    _govern(cast, "masking.approve", {"job": job, "purpose": "A purpose.", "until": until}, "approve")


def declare_attribute(cast: Cast, number: int) -> None:
    """Let contracts have one more attribute."""
    attribute = {"name": f"clause_{number}", "type": "string", "meaning": "A clause."}
    _govern(cast, "kinds.declare", {"kind": "contract", "attributes": [attribute]}, "approve")


def _govern(cast: Cast, kind: str, payload: dict[str, Any], verb: str) -> None:
    body = {"kind": kind, "payload": payload, "reason": "A reason."}
    proposed = cast.api["admin"].post("/api/v1/approvals", body, "json", headers=OURS)
    assert proposed.status_code == 201, proposed.content
    if verb:
        decided = cast.api["officer"].post(f"/api/v1/approvals/{proposed.json()['id']}/{verb}", {}, "json")
        assert decided.status_code == 200, decided.content
