"""What a statement says in a sentence."""

import pytest

from audit.web.words import act, readable_uid


@pytest.mark.parametrize(
    ("action", "body", "sentence"),
    [
        ("policies:checklist:evaluated", {"subjects": 1, "changed": 1}, "1 asset judged, 1 changed"),
        ("policies:checklist:evaluated", {"subjects": 1200, "changed": 0}, "1,200 assets judged, 0 changed"),
        ("lineage:events:projected", {"count": 1, "assets_changed": 2}, "1 event projected, 2 assets changed"),
        ("audit:tickets:changed", {"tickets": [{}]}, "1 ticket changed"),
    ],
)
def test_numbers_and_their_nouns_agree(action: str, body: dict[str, object], sentence: str) -> None:
    assert act(action, body) == sentence


@pytest.mark.parametrize("body", [{}, {"subjects": "many", "changed": 1}])
def test_a_body_of_another_form_is_named_by_its_action(body: dict[str, object]) -> None:
    assert act("policies:checklist:evaluated", body) == "policies:checklist:evaluated"


@pytest.mark.parametrize(
    ("kind", "uid", "readable"),
    [
        ("dataset", "s3%3A%2F%2Flake/orders", "s3://lake/orders"),
        ("data_flow", "s3%253A%252F%252Flake%2Forders/pg%253A5432%2Fa.b", "s3://lake/orders → pg:5432/a.b"),
        ("data_flow", "sha256:00ff", "sha256:00ff"),
        ("storage", "100%25", "100%25"),
    ],
)
def test_keys_are_read_as_people_write_them(kind: str, uid: str, readable: str) -> None:
    assert readable_uid(kind, uid) == readable


def test_an_action_of_a_later_release_is_shown_as_it_is() -> None:
    assert act("audit:dream:dreamt", {}) == "audit:dream:dreamt"
