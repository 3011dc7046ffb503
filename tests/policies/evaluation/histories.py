"""What happens to an estate, at random but repeatably: reports, retirements, moves, and time that passes."""

import datetime
import random
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from django.utils import timezone
from rest_framework.test import APIClient

from accounts.members.manage import create_token, create_workspace
from accounts.members.models import Role
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.queue import Stage, claim, done
from lineage.graph.project import project
from lineage.inventory.models import Asset
from policies.evaluation.evaluate import evaluate, evaluate_slice
from policies.evaluation.full import evaluate_full
from tests.support.cast import bearer
from tests.support.estate import send_inventory

DAY = datetime.timedelta(days=1)
HOMES = ("bank", "branch")
STEPS = ("report",) * 6 + ("full inventory",) * 3 + ("time",) * 3 + ("full run",) * 2


def stamp(instant: datetime.datetime) -> str:
    """Return an instant as an inventory line has it."""
    return instant.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")


def fresh_workspace(slug: str) -> tuple[uuid.UUID, APIClient]:
    """Return a new workspace and a pipeline that sends into it."""
    workspace = create_workspace(slug, "", actor="command")
    with in_workspace(workspace.pk):
        return workspace.pk, bearer(create_token("pipeline", Role.PIPELINE, actor="command").secret)


def evaluated(workspace_id: uuid.UUID) -> None:
    """Work off what waits for project and evaluate."""
    project(workspace_id)
    evaluate(workspace_id)


def judged_at(workspace_id: uuid.UUID, now: datetime.datetime) -> None:
    """Project what waits and let its evaluation have happened at `now`."""
    project(workspace_id)
    with in_workspace(workspace_id):
        items = claim(Stage.EVALUATE, 10_000)
        done(items)
        evaluate_slice(list({item.subject for item in items}), now=now)


class Estate:
    """An estate of a few assets whose lines are drawn at random."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.draws: dict[str, Callable[[], dict[str, Any]]] = {
            **{f"storage {name}": partial(self.storage, name) for name in ("s1", "s2")},
            **{f"dataset {number}": partial(self.dataset, number) for number in range(4)},
            **{f"identity {number}": partial(self.identity, number) for number in range(3)},
            **{f"organisation {name}": partial(self.organisation, name) for name in HOMES},
        }

    def line(self) -> dict[str, Any]:
        """Return a line about one of its assets."""
        return self.draws[self.random.choice(sorted(self.draws))]()

    def whole(self, share: float = 1) -> list[dict[str, Any]]:
        """Return a line about each of its assets, or of a share of them."""
        return [draw() for _, draw in sorted(self.draws.items()) if self.random.random() <= share]

    def maybe(self, **choices: list[Any]) -> dict[str, Any]:
        """Return a random value for most of these attributes; the others are not reported."""
        return {name: self.random.choice(values) for name, values in choices.items() if self.random.random() < 0.8}

    def instant(self, oldest: int) -> str:
        return stamp(timezone.now() - self.random.random() * oldest * DAY)

    def row(self, kind: str, uid: str, attributes: dict[str, Any]) -> dict[str, Any]:
        homes = [
            {},
            {"organisation": []},
            *({"organisation": [{"kind": "organisation", "uid": home}]} for home in HOMES),
        ]
        relations = {} if kind == "organisation" else self.random.choice(homes)
        return {
            "kind": kind, "uid": uid, "name": uid, "origin": self.random.choice(["measured", "declared"]),
            "attributes": attributes, "relations": relations,
        }  # fmt: skip

    def storage(self, name: str) -> dict[str, Any]:
        place = self.maybe(country=["DE", "FR", "US"], replica_countries=[[], ["US"]])
        return self.row("storage", name, place | {"lineage_namespaces": [f"s3://{name}"]})

    def dataset(self, number: int) -> dict[str, Any]:
        attributes = self.maybe(
            environment=["prod", "dev"],
            residency_limited=[True, True, False],
            allowed_countries=[["DE"], ["DE", "FR"]],
            classification=["public", "confidential", "personal"],
            encrypted_at_rest=[True, False],
            min_tls_version=[1.0, 1.3],
        )
        return self.row("dataset", f"s3%3A%2F%2Fs{number % 2 + 1}/d{number}", attributes)

    def identity(self, number: int) -> dict[str, Any]:
        attributes = self.maybe(
            subtype=["human", "service"],
            scope=["data", "none"],
            mfa_enforced=[True, False],
            last_used_at=[self.instant(120)],
            key_at=[self.instant(120)],
        )
        return self.row("identity", f"i{number}", attributes)

    def organisation(self, name: str) -> dict[str, Any]:
        return self.row("organisation", name, self.maybe(current_phase=[1, 2, 3]))

    def steps(self) -> list[str]:
        """Return what shall happen, in an order of its own."""
        return self.random.sample(STEPS, len(STEPS))

    def step(self, what: str, workspace_id: uuid.UUID, client: APIClient) -> None:
        """Let one thing happen and be evaluated."""
        match what:
            case "report":
                send_inventory(client, *[self.line() for _ in range(self.random.randint(1, 3))])
                evaluated(workspace_id)
            case "full inventory":
                send_inventory(client, *self.whole(share=0.7), mode="full")
                evaluated(workspace_id)
            case "time":
                now = timezone.now() + self.random.random() * 100 * DAY
                with in_workspace(workspace_id):
                    assets = list(Asset.objects.order_by("uid").values_list("pk", flat=True))
                    evaluate_slice(self.random.sample(assets, len(assets) // 2), cause="time", now=now)
            case "full run":
                evaluate_full(workspace_id)
            case _:
                raise ValueError(what)
