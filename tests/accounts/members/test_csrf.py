"""A browser that is signed in speaks to the API with its cookie and Django's token in a header."""

import json

from rest_framework.test import APIClient

from tests.support.cast import Cast
from tests.support.estate import LAKE
from tests.support.openlineage import run_event

LINE = json.dumps(LAKE)


def signed_in(cast: Cast, *, token: bool) -> APIClient:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(cast.engineer)
    client.get("/w/ours/")
    if token:
        client.credentials(HTTP_X_CSRFTOKEN=client.cookies["csrftoken"].value)
    return client


def test_the_doors_take_a_body_with_the_token_in_a_header(cast: Cast) -> None:
    client = signed_in(cast, token=True)
    answer = client.post("/api/v1/inventories?source=cmdb", LINE, content_type="application/x-ndjson")
    assert answer.status_code == 201, answer.content


def test_without_the_token_nothing_is_taken(cast: Cast) -> None:
    answer = signed_in(cast, token=False).post("/api/v1/lineage", run_event(), format="json")
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "csrf_refused"
    assert "X-CSRFToken" in answer.json()["error"]["message"]
