"""Personal data is known by its form and its check digits; ordinary numbers and addresses of data are left alone."""

import dataclasses
import hashlib
import importlib
import json
import random
import uuid
from collections.abc import Callable
from typing import Any, SupportsIndex

import pytest

from accounts.journal.canonical.exact import content_digest, parse_exact
from accounts.workspaces.isolation import in_workspace
from lineage.events import personal
from lineage.events.free_text import FREE_TEXT
from lineage.events.models import Event
from lineage.events.personal import RULES, find_personal
from lineage.events.redact import REDACTED, redact
from tests.support.cast import Cast
from tests.support.openlineage import dataset, facet, job_event, post, run_event

# Published examples of each form; none belongs to anybody.
EXAMPLES = {
    "email_address": ["jo.doe+x@example.co.uk", "JÖRG@example.org", "first_last@sub.example.museum"],
    "phone_number": ["+49 30 1234567", "+1 (415) 555-2671", "+442071838750", "+33.1.23.45.67.89"],
    "iban": ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "gb82 west 1234 5698 7654 32", "NO9386011117947"],
    "payment_card": ["4111111111111111", "5500-0000-0000-0004", "4012 8888 8888 1881", "3714 496353 98431"],
    "national_id": [
        "86095742719", "65 929 970 489", "44051401359", "15076500565", "150765 00565", "85073003328", "85.07.30-033.28",
        "12345678Z", "X1234567L", "X-1234567-L", "185057800608491", "1 85 05 78 006 084 91", "RSSMRA85T10A562S",
        "131052-308T", "811218-9876", "756.9217.0769.85", "390.533.447-05", "11010519491231002X",
    ],
}  # fmt: skip


CHECKED = ("iban", "payment_card", "national_id")
"""Rules with check digits."""


def test_every_rule_has_examples() -> None:
    assert EXAMPLES.keys() == {rule.name for rule in RULES}


@pytest.mark.parametrize(("rule", "example"), [(rule, one) for rule, all_of in EXAMPLES.items() for one in all_of])
@pytest.mark.parametrize("around", ["{}", "x = '{}'", "before {}, after", "({})", '{{"a":"{}"}}', "{}\nnext line"])
def test_an_example_is_found_alone_whatever_stands_around_it(rule: str, example: str, around: str) -> None:
    text = around.format(example)
    assert [(found.rule[0], text[found.start : found.end]) for found in find_personal(text)] == [(rule, example)]


@pytest.mark.parametrize("example", [one for rule in CHECKED for one in EXAMPLES[rule]])
def test_one_wrong_digit_is_no_example_where_there_are_check_digits(example: str) -> None:
    at = max(index for index, character in enumerate(example[:-2]) if character.isdigit())
    wrong = f"{example[:at]}{(int(example[at]) + 1) % 10}{example[at + 1 :]}"
    assert find_personal(wrong) == []


@pytest.mark.parametrize(
    "text",
    [
        "abfss://container@account.dfs.core.windows.net/path",
        "postgres://reader@db.example.com:5432/shop",
        "git@github.com:example/repo.git",
        "org.apache.spark.rdd.RDD@1a2b3c4d",
        "npm install @scope/package@1.2.3 left-pad@1.3.0",
        "@app.route('/x')",
        "select +1.23456789 + 100000000 from t",
        "at 1761955200000, 1761955200000000 and 20261101083000",
        "s3://bucket/4111111111111111/part-00000",
        "id 01890a5d-ac96-774b-bcce-b302099a8057 of 4111111111111112",
        "4.111111111111111 and 4111111111111111.5",
        "order_4111111111111111 v4111111111111111",
        "2026-11-01 08:00:00+01:00 +0100",
        "DE00 3704 0044 0532 0130 00",
        "DE89 3704 0044 0532 0130 001",
        "ZZ89 3704 0044 0532 0130 00",
    ],
)
def test_addresses_of_data_versions_times_and_ordinary_numbers_are_left(text: str) -> None:
    assert find_personal(text) == []


@pytest.mark.parametrize("length", range(6, 24))
def test_at_most_one_ordinary_number_in_thirty_is_taken(length: int) -> None:
    dice = random.Random(length)
    texts = [str(dice.randrange(10 ** (length - 1), 10**length)) for _ in range(3000)]
    assert sum(bool(find_personal(text)) for text in texts) <= 100


def test_ids_and_digests_are_left() -> None:
    dice = random.Random(1)
    ids = [str(uuid.UUID(int=dice.getrandbits(128))) for _ in range(2000)]
    digests = [f"{dice.getrandbits(bits):0{bits // 4}x}" for bits in (128, 160, 256) for _ in range(2000)]
    assert [text for text in ids + digests if find_personal(text)] == []


def test_several_in_one_text_are_found_in_order_also_behind_what_is_none() -> None:
    text = "IN (4111111111111112, 4111111111111111), a@example.com +1.5 b@example.com AT61 1904 3002 3457 3201 next"
    assert [text[found.start : found.end] for found in find_personal(text)] == [
        "4111111111111111", "a@example.com", "b@example.com", "AT61 1904 3002 3457 3201",
    ]  # fmt: skip


@pytest.mark.parametrize("before", ["", "jo+", "jo%"])
def test_what_lies_inside_another_match_is_not_found_again(before: str) -> None:
    text = f"to {before}4111111111111111@example.com, 4111111111111111"
    assert [(found.rule[0], text[found.start : found.end]) for found in find_personal(text)] == [
        ("email_address", f"{before}4111111111111111@example.com"), ("payment_card", "4111111111111111"),
    ]  # fmt: skip


ALMOST = ("a@a.", "+1 2", "DE89 ", "4111 ", "a.", "1", "+1(", "DE8", "@", "12345678")
"""Parts of which many in a row look like the beginning of something everywhere."""


def test_every_form_ends_after_so_many_characters_that_searching_takes_linear_time() -> None:
    """Where a match is bounded, so is what is tried at each place of a text, however long it is."""
    parser: Any = importlib.import_module("re._parser")
    for rule in RULES:
        for pattern, _ in rule.forms:
            _, longest = parser.parse(pattern.pattern, pattern.flags).getwidth()
            assert longest <= 1_000, pattern.pattern


@pytest.mark.parametrize("part", ALMOST)
def test_of_a_long_text_that_almost_matches_no_more_is_checked_for_each_character(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[int] = []

    def counting(decide: Callable[[str], int]) -> Callable[[str], int]:
        def decide_and_count(found: str) -> int:
            checked.append(len(found))
            return decide(found)

        return decide_and_count

    counted = tuple(
        dataclasses.replace(rule, forms=tuple((pattern, counting(decide)) for pattern, decide in rule.forms))
        for rule in RULES
    )
    monkeypatch.setattr(personal, "RULES", counted)
    for length in (2_000, 20_000):
        checked.clear()
        find_personal((part * length)[:length])
        assert sum(checked) <= 60 * length


class Copied(str):
    """A text that counts the characters that are copied out of it, and out of what is made from it."""

    __slots__ = ()
    characters = 0

    def __getitem__(self, key: SupportsIndex | slice, /) -> "Copied":
        return self._made(super().__getitem__(key))

    def __add__(self, other: str, /) -> "Copied":
        return self._made(super().__add__(other))

    @classmethod
    def _made(cls, text: str) -> "Copied":
        cls.characters += len(text)
        return cls(text)


def test_many_of_them_in_one_text_are_taken_out_in_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copying the text once for each took a quarter of an hour for the largest body that the door takes."""
    monkeypatch.setattr(Copied, "characters", 0)
    query = Copied("a@b.cc " * 5_000)
    event: dict[str, Any] = job_event(job_facets={"sql": facet(query=query)})
    clean, _ = redact(json.dumps(event).encode(), event)
    assert json.dumps(clean).count(REDACTED) == 5_000
    assert 0 < Copied.characters <= len(query), "only what stays is copied, and once"


# ---- in events


def event_with(where: str, name: str, **members: Any) -> dict[str, Any]:
    said: dict[str, Any] = {name: facet(**members)}
    match where:
        case "run":
            return run_event(run_facets=said)
        case "job":
            return run_event(job_facets=said)
        case "dataset":
            return run_event(inputs=[dataset("a")], outputs=[dataset("b", **said)])
    return run_event(inputs=[dataset("a") | {where: said}])


PLACES = [
    ("run", "errorMessage", {"message": "@@", "stackTrace": "x @@"}, ["message", "stackTrace"]),
    ("run", "extractionError", {"errors": [{"errorMessage": "@@", "task": 1}]}, ["errors[0].errorMessage"]),
    ("run", "executionParameters", {"parameters": [{"key": "k", "value": "@@"}]}, ["parameters[0].value"]),
    ("run", "airflowDagRun", {"conf": {"_to": "@@"}}, ["conf._to"]),
    ("run", "test", {"tests": [{"name": "n", "params": {"p": ["@@"]}}]}, ["tests[0].params.p[0]"]),
    ("run", "spark.logicalPlan", {"plan": [{"condition": [{"value": "@@"}]}]}, ["plan[0].condition[0].value"]),
    ("job", "sql", {"query": "select '@@'"}, ["query"]),
    ("job", "sourceCode", {"language": "sql", "sourceCode": "# @@"}, ["sourceCode"]),
    ("job", "processing", {"purpose": "for @@"}, ["purpose"]),
    ("dataset", "documentation", {"description": "ask @@"}, ["description"]),
    ("dataset", "schema", {"fields": [{"name": "c", "description": "as @@"}]}, ["fields[0].description"]),
    ("inputFacets", "dataQualityAssertions", {"assertions": [{"actual": "@@"}]}, ["assertions[0].actual"]),
    ("inputFacets", "subset", {"inputCondition": {"right": {"value": "@@"}}}, ["inputCondition.right.value"]),
]
PREFIXES = {
    "run": "$.run.facets",
    "job": "$.job.facets",
    "dataset": "$.outputs[0].facets",
    "inputFacets": "$.inputs[0].inputFacets",
}


@pytest.mark.parametrize(("where", "name", "members", "paths"), PLACES, ids=[place[1] for place in PLACES])
def test_free_text_is_redacted_and_its_paths_are_stated(
    where: str, name: str, members: dict[str, Any], paths: list[str]
) -> None:
    raw = json.dumps(event_with(where, name, **members)).replace("@@", "jo@example.com").encode()
    clean, done = redact(raw, parse_exact(raw))
    prefix = f"{PREFIXES[where]}.{name}"
    assert done == [{"rule": "email_address", "version": 1, "paths": [f"{prefix}.{path}" for path in paths]}]
    assert json.dumps(clean) == json.dumps(event_with(where, name, **members)).replace("@@", REDACTED)


def test_every_facet_of_free_text_is_looked_into() -> None:
    """Also where nothing else in the event is worth a look."""
    for name, members in FREE_TEXT.items():
        raw = json.dumps(event_with("dataset", name, **{min(members, default="x"): "jo@example.com"})).encode()
        assert b"jo@" not in json.dumps(redact(raw, parse_exact(raw))[0]).encode(), name


def test_a_facet_whose_name_is_hidden_by_an_escape_is_looked_into() -> None:
    raw = json.dumps(event_with("job", "sql", query="jo@example.com")).replace('"sql"', '"s\\u0071l"').encode()
    assert redact(raw, parse_exact(raw))[1][0]["paths"] == ["$.job.facets.sql.query"]


def test_names_owners_and_facets_that_nobody_knows_stay() -> None:
    jo, card = "jo@example.com", "4111111111111111"
    event = run_event(
        job=f"report for {jo}",
        namespace=jo,
        run=card,
        inputs=[dataset(card, f"mail://{jo}", schema=facet(fields=[{"name": jo, "type": "x"}]))],
        job_facets={
            "ownership": facet(owners=[{"name": jo}]),
            "sql": facet(query="select 1", _producer=f"https://example.com/{jo}"),
            "acme_contacts": facet(to=jo),
        },
        run_facets={"test": facet(tests=[{"name": jo, "status": "pass"}])},
    )
    raw = json.dumps(event).encode()
    assert redact(raw, parse_exact(raw)) == (parse_exact(raw), [])


@pytest.mark.parametrize("column", ["description", "transformationDescription"])
def test_the_sources_of_a_column_that_is_called_description_stay(column: str) -> None:
    source = {"namespace": "mail", "name": "jo@example.com", "field": "4111111111111111"}
    named = facet(fields={column: {"inputFields": [source], "transformationDescription": "as jo@example.com"}})
    raw = json.dumps(run_event(outputs=[dataset("b", columnLineage=named)])).encode()
    clean, done = redact(raw, parse_exact(raw))
    path = f"$.outputs[0].facets.columnLineage.fields.{column}.transformationDescription"
    assert done == [{"rule": "email_address", "version": 1, "paths": [path]}]
    assert json.dumps(source) in json.dumps(clean)


def test_a_secret_beside_personal_data_is_stated_by_its_own_rule() -> None:
    raw = json.dumps(job_event(job_facets={"sql": facet(query="-- jo@example.com\nset password = 'x1';")})).encode()
    clean, done = redact(raw, parse_exact(raw))
    assert [row["rule"] for row in done] == ["email_address", "secret_assignment"]
    assert "-- [redacted]\\nset password = [redacted];" in json.dumps(clean)


def test_the_door_keeps_both_digests_and_knows_the_same_content_again(cast: Cast) -> None:
    body = json.dumps(job_event(job_facets={"sql": facet(query="-- jo@example.com")})).encode()
    first, again = (post(cast.api["pipeline"], body).json()["receipt"] for _ in range(2))
    other = post(cast.api["pipeline"], body.replace(b"jo@", b"al@")).json()["receipt"]
    with in_workspace(cast.workspace.pk):
        kept = bytes(Event.objects.get(pk=first["event_id"]).body)
        event = Event.objects.get(pk=first["event_id"])
    assert b"jo@" not in kept
    assert bytes(event.received_digest) == hashlib.sha256(body).digest()
    assert first["kept_digest"] == hashlib.sha256(kept).hexdigest()
    assert first["content_digest"] == content_digest(parse_exact(body)).hex()
    assert (again["event_id"], again["duplicate"]) == (first["event_id"], True)
    assert other["event_id"] != first["event_id"], "the contents differed, also where the kept ones do not"
    assert other["kept_digest"] == first["kept_digest"] != bytes(event.received_digest).hex()
    assert event.redactions == [{"rule": "email_address", "version": 1, "paths": ["$.job.facets.sql.query"]}]
