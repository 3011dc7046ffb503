"""What the API says of one asset alone: its verdicts, their changes, its findings."""

import uuid
from typing import Any

import pytest

from audit.pipeline import run_due
from tests.support.cast import Cast
from tests.support.estate import CUSTOMERS, LAKE, send_inventory

pytestmark = pytest.mark.django_db
ORDERS = CUSTOMERS | {"uid": "s3%3A%2F%2Flake/orders", "name": "orders"}
ADDRESSES = ("/api/v1/verdicts", "/api/v1/verdicts/changes", "/api/v1/findings")


def rows(cast: Cast, path: str, asset: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cast.api["officer"].get(path, {"asset": asset, "limit": "200"}).json()["results"]
    return found


@pytest.mark.parametrize("path", ADDRESSES)
def test_an_officer_asks_for_one_asset(cast: Cast, path: str) -> None:
    send_inventory(cast.api["pipeline"], LAKE, CUSTOMERS, ORDERS)
    run_due(cast.workspace.pk)
    everything = cast.api["officer"].get(path, {"limit": 200}).json()["results"]
    asset = next(row["asset"] for row in everything if row["uid"] == CUSTOMERS["uid"])
    assert {row["asset"] for row in everything} > {asset}
    assert rows(cast, path, asset) == [row for row in everything if row["asset"] == asset]
    assert rows(cast, path, str(uuid.uuid4())) == []
