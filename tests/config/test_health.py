"""/readyz looks at the database and the broker, a word for each; /healthz looks at nothing else."""

import pytest
from django.test import Client, override_settings

from config.stack.broker import broker_answers, shown

NOBODY = "redis://:hidden-word@127.0.0.1:1"


def test_ready_means_database_and_broker(db: None, client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "database": "ready", "broker": "ready"})


@pytest.mark.parametrize("broker", [NOBODY, "redis://nobody.invalid:6379", "amqp://127.0.0.1:1"])
def test_a_broker_that_is_away_is_said_and_stops_no_event(db: None, client: Client, broker: str) -> None:
    with override_settings(CELERY_BROKER_URL=broker):
        answer = client.get("/readyz")
        assert client.get("/healthz").status_code == 200
    assert (answer.status_code, answer.json()) == (503, {"ready": False, "database": "ready", "broker": "unreachable"})


def test_an_address_is_shown_without_its_password() -> None:
    assert not broker_answers(NOBODY)
    assert "127.0.0.1:1" in shown(NOBODY)
    assert "hidden-word" not in shown(NOBODY)
