"""docs/retention.md says what the code does."""

import re

from accounts.journal.actions import Action
from config.celery import app
from lineage.retention.delete_events import BATCH
from lineage.retention.models import SCOPES, DataClass
from lineage.retention.queries import DELETES_AT, LOOKED_AT
from tests.docs.pages import code, rows, section, text

PAGE = "retention.md"


def test_every_scope_and_what_it_names_is_on_the_page() -> None:
    listed = {code(cells[0]): tuple(re.findall(r"`(\w+)`", cells[1])) for cells in rows(section(PAGE, "Legal holds"))}
    assert listed == SCOPES


def test_parts_and_classes_of_a_rule_are_those_of_the_code() -> None:
    parts = {code(cells[0]): cells[1] for cells in rows(section(PAGE, "Rules"))}
    assert set(parts) == {"kind", "source", "data_class", "days"}
    assert parts["data_class"].split(", ") == DataClass.values


def test_numbers_and_hours_are_those_of_the_code() -> None:
    schedule = app.conf.beat_schedule["retain"]
    assert f"the {LOOKED_AT:,} oldest events" in section(PAGE, "Rules")
    assert f"at {next(iter(schedule['schedule'].hour)):02}:30 UTC" in section(PAGE, "Deletion")
    assert (set(schedule["schedule"].hour), set(schedule["schedule"].minute)) == (
        {DELETES_AT.hour},
        {DELETES_AT.minute},
    )
    assert f"in batches of {BATCH}" in section(PAGE, "Deletion")
    assert f"`{schedule['task']}`" in section(PAGE, "Deletion")


def test_actions_on_the_page_can_be_written() -> None:
    named = set(re.findall(r"`(lineage:\w+:\w+)`", text(PAGE)))
    assert named == {
        Action.HOLD_PLACED,
        Action.HOLD_RELEASED,
        Action.RETENTION_CHANGED,
        Action.RETENTION_ENDED,
        Action.EVENTS_DELETED,
    }
