"""What a workspace may declare beside the shipped kinds, and what it may not."""

from typing import Any

import pytest

from lineage.inventory.kinds.declared import EMPTY, Content, extended, merged, problems_of
from lineage.inventory.kinds.load import load_kinds, load_vocabulary, shipped_vocabulary, speaking
from lineage.inventory.kinds.types import Vocabulary
from tests.support.declared import PUMP, SEATS, TIER


def said(**given: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {"kind": "storage", "meaning": "", "attributes": [], "relations": [], "retire": []} | given
    whole["attributes"] = [{"unit": None} | each for each in whole["attributes"]]
    return whole


def grown(*additions: dict[str, Any]) -> tuple[Vocabulary, Content]:
    content, vocabulary = EMPTY, shipped_vocabulary()
    for number, each in enumerate(additions, start=1):
        assert problems_of(vocabulary, each) == []
        content = extended(content, each)
        vocabulary = merged(shipped_vocabulary(), content, number)
    return vocabulary, content


def problem(addition: dict[str, Any], *before: dict[str, Any]) -> str:
    return " ".join(problems_of(grown(*before)[0], addition))


def test_an_attribute_is_added_to_a_shipped_kind_and_to_no_other() -> None:
    vocabulary, _ = grown(said(attributes=[TIER]))
    kind = vocabulary.kinds["storage"]
    assert (kind.attributes["data_tier"].type, kind.attributes["data_tier"].declared) == ("string", True)
    assert vocabulary.kinds["dataset"] is shipped_vocabulary().kinds["dataset"]
    assert "data_tier" not in shipped_vocabulary().kinds["storage"].attributes


def test_nothing_shipped_is_changed_by_an_addition() -> None:
    vocabulary, _ = grown(said(attributes=[TIER]), said(**PUMP))
    for name, shipped in shipped_vocabulary().kinds.items():
        kind = vocabulary.kinds[name]
        assert {each: kind.attributes[each] for each in shipped.attributes} == dict(shipped.attributes)
        assert {each: kind.relations[each] for each in shipped.relations} == dict(shipped.relations)


def test_a_new_kind_has_what_every_kind_has_and_its_relation_is_seen_from_both_ends() -> None:
    vocabulary, _ = grown(said(**PUMP))
    pump, storage = vocabulary.kinds["pump"], vocabulary.kinds["storage"]
    assert pump.declared
    assert {"owner", "country", "flow_litres", "serviced_at"} <= set(pump.attributes)
    assert (pump.relations["cools"].target, storage.relations["cooled_by"].target) == ("storage", "pump")
    assert "organisation" in pump.relations


@pytest.mark.parametrize(
    ("addition", "why"),
    [
        (said(attributes=[TIER | {"name": "country"}]), "has this attribute already (string)"),
        (said(attributes=[TIER | {"name": "Data Tier"}]), "expected small letters"),
        (said(attributes=[TIER | {"name": "data__tier"}]), "expected small letters"),
        (said(attributes=[TIER | {"name": "in"}]), "has a meaning of its own"),
        (said(attributes=[TIER | {"name": "observed_at"}]), "has a meaning of its own"),
        (said(attributes=[TIER | {"type": "text"}]), "expected one of string, int, double"),
        (said(attributes=[SEATS | {"unit": None}]), "got no unit"),
        (said(attributes=[TIER | {"meaning": " "}]), "got a meaning of 1 characters"),
        (said(attributes=[TIER, TIER]), "more than once"),
        (said(), "nothing to add"),
        (said(kind="pump", attributes=[TIER]), "does not exist yet, so a meaning is expected"),
        (said(kind="9lives", meaning="Cats"), "expected small letters"),
        (said(meaning="Something else", attributes=[TIER]), "its meaning cannot be changed"),
        (said(kind="finding", attributes=[TIER]), "nothing is added to it"),
        (said(retire=["country"]), "expected an attribute that this workspace declared: none so far"),
        (said(relations=[{"name": "beside", "target": "moon", "inverse": None}]), "expected a kind that exists"),
        (said(relations=[{"name": "at", "target": "site", "inverse": None}]), "has this relation already"),
        (
            said(relations=[{"name": "beside", "target": "dataset", "inverse": "stored_in"}]),
            "a free name as the inverse",
        ),
        (said(relations=[{"name": "beside", "target": "storage", "inverse": "beside"}]), "a free name as the inverse"),
    ],
)
def test_what_cannot_be_declared_is_refused_with_its_reason(addition: dict[str, Any], why: str) -> None:
    assert why in problem(addition)


def test_a_type_is_never_changed_also_of_an_attribute_that_was_retired() -> None:
    first, retired = said(attributes=[SEATS]), said(retire=["seats"])
    assert "has this attribute already (int)" in problem(said(attributes=[SEATS | {"type": "double"}]), first)
    assert "it was int (count)" in problem(said(attributes=[SEATS | {"type": "double"}]), first, retired)


def test_a_retired_attribute_is_known_but_not_offered_and_may_come_back_as_it_was() -> None:
    vocabulary, _ = grown(said(attributes=[SEATS]), said(retire=["seats"]))
    kind = vocabulary.kinds["storage"]
    assert kind.attribute("seats") is not None
    assert not kind.takes("seats")
    assert "seats" not in kind.offered
    again, _ = grown(said(attributes=[SEATS]), said(retire=["seats"]), said(attributes=[SEATS]))
    assert again.kinds["storage"].takes("seats")


def test_a_name_that_a_later_release_ships_is_the_shipped_one() -> None:
    content: Content = {
        "kinds": {
            "storage": {
                "meaning": None,
                "attributes": [{"name": "country", "type": "int", "unit": "x", "meaning": "x", "retired": False}],
                "relations": [{"name": "at", "target": "vendor", "inverse": None}],
            }
        }
    }
    shipped = shipped_vocabulary().kinds["storage"]
    kind = merged(shipped_vocabulary(), content, 1).kinds["storage"]
    assert kind.attributes["country"] == shipped.attributes["country"]
    assert kind.relations["at"] == shipped.relations["at"]


def test_a_vocabulary_is_spoken_inside_and_forgotten_outside() -> None:
    vocabulary, _ = grown(said(**PUMP))
    with speaking(vocabulary):
        assert "pump" in load_kinds()
    assert load_vocabulary() is shipped_vocabulary()
