"""Time alone changes verdicts: the next flip is the first instant with another one, to the microsecond."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.rules.checks import CompiledCheck
from policies.rules.errors import RuleRefused
from policies.rules.facts import Member, Subject
from policies.rules.flips import Flip, next_flip
from policies.rules.judge import judge
from policies.rules.verdicts import Code
from tests.policies.rules.catalogue import NOW, compiled_controls, rule
from tests.policies.rules.documents import maker
from tests.policies.rules.expressions import Expressions

TICK = timedelta(microseconds=1)
DAYS = 40


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def test_an_age_fails_on_the_day_after_its_limit() -> None:
    subject = Subject({"oldest_record_at": "2026-10-01T00:00:00Z"})
    assert next_flip(rule("asset.oldest_record_age_days <= 60"), subject, NOW) == Flip(at(2026, 12, 1), Code.FAIL)


def test_an_end_fails_when_it_is_too_near() -> None:
    subject = Subject({"rights_expires_at": "2026-12-31T00:00:00Z"})
    flip = next_flip(rule("asset.rights_expires_in_days >= 30"), subject, NOW)
    assert flip == Flip(at(2026, 12, 1) + TICK, Code.FAIL)


def test_hours_are_exact() -> None:
    check = rule("asset.silent_hours <= 24.0", kind="service")
    subject = Subject({"last_event_at": "2026-11-01T06:00:00Z"})
    assert next_flip(check, subject, NOW) == Flip(at(2026, 11, 2, 6) + TICK, Code.FAIL)


def test_an_instant_compared_with_now() -> None:
    subject = Subject({"last_write_at": "2026-11-01T00:00:00Z"})
    check = rule("now - asset.last_write_at <= duration('720h')")
    assert next_flip(check, subject, NOW) == Flip(at(2026, 12, 1) + TICK, Code.FAIL)


def test_months_follow_the_calendar() -> None:
    check = rule("asset.age_months <= 12", kind="node")
    flip = next_flip(check, Subject({"in_service_at": "2025-12-31T00:00:00Z"}), NOW)
    assert flip == Flip(at(2027, 1, 31), Code.FAIL)


def test_a_related_asset_flips_it() -> None:
    check = rule("related('stored_in').all(s, s.restore_test_age_days <= 180)")
    members = [Member("one", {"restore_test_at": "2026-10-01T00:00:00Z"}), Member("two", {"restore_test_never": True})]
    subject = Subject({}, frozenset({"stored_in"}), {"stored_in": members})
    assert next_flip(check, subject, NOW) is None
    subject = Subject({}, frozenset({"stored_in"}), {"stored_in": members[:1]})
    assert next_flip(check, subject, NOW) == Flip(at(2027, 3, 31), Code.FAIL)


def test_a_check_may_come_to_apply() -> None:
    check = rule("asset.snapshot_retained", when="asset.oldest_record_age_days >= 90")
    subject = Subject({"oldest_record_at": "2026-09-01T00:00:00Z", "snapshot_retained": False})
    assert next_flip(check, subject, NOW) == Flip(at(2026, 11, 30), Code.FAIL)


def test_what_has_ended_does_not_flip() -> None:
    check = rule("asset.restore_hours <= 24.0", kind="incident")
    document = {"opened_at": "2026-11-01T00:00:00Z"}
    assert next_flip(check, Subject(document), NOW) == Flip(at(2026, 11, 2) + TICK, Code.FAIL)
    assert next_flip(check, Subject({**document, "restored_at": "2026-11-01T06:00:00Z"}), NOW) is None


def test_what_is_known_to_end_soon_stops_there() -> None:
    check = rule("asset.approved_waiting_days <= 30", kind="model")
    document = {"approved_at": "2026-10-01T00:00:00Z", "deployed_at": "2026-11-20T00:00:00Z"}
    assert judge(check, Subject(document), NOW).code is Code.FAIL
    assert next_flip(check, Subject(document), NOW) == Flip(at(2026, 11, 20), Code.PASS)


@pytest.mark.parametrize(
    "condition",
    ["asset.retention_days > 30", "asset.oldest_record_age_days <= asset.retention_days", "asset.record_count > 0"],
)
def test_a_missing_fact_is_not_brought_by_time(condition: str) -> None:
    assert next_flip(rule(condition), Subject({"oldest_record_at": "2026-10-01T00:00:00Z"}), NOW) is None


def stepped(check: CompiledCheck, subject: Subject) -> datetime | None:
    """Return the first half day with another verdict within DAYS, by trying each."""
    now = judge(check, subject, NOW).code
    instants = (NOW + timedelta(hours=12 * step) for step in range(1, 2 * DAYS))
    return next((instant for instant in instants if judge(check, subject, instant).code is not now), None)


def assert_first_flip(check: CompiledCheck, subject: Subject) -> bool:
    """Compare with stepping; returns whether there was a flip to compare."""
    flip, found = next_flip(check, subject, NOW), stepped(check, subject)
    context = (check.check.when, check.check.condition, subject, flip, found)
    if flip is None:
        assert found is None, context
        return False
    now = judge(check, subject, NOW).code
    assert found is None or flip.at <= found, context
    assert judge(check, subject, flip.at).code is flip.code is not now, context
    assert flip.at - TICK <= NOW or judge(check, subject, flip.at - TICK).code is now, context
    return True


def test_shared_checks_flip_where_stepping_through_the_days_finds_it() -> None:
    flips = 0
    for check in compiled_controls().values():
        if check.uses.time:
            drawn = maker([check], seed=3, hostile=False, absent=0.02)
            flips += sum(assert_first_flip(check, drawn.subject()) for _ in range(6))
    assert flips > 20


def test_random_rules_flip_where_stepping_through_the_days_finds_it() -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.integers(0, 2**32))
    def run(seed: int) -> None:
        expressions = Expressions(seed)
        check = None
        while check is None or not check.uses.time or "% " in str(check.check.condition):
            try:
                check = rule(expressions.condition(2))
            except RuleRefused:
                check = None
        drawn = maker([check], seed, hostile=True)
        for _ in range(3):
            assert_first_flip(check, drawn.subject())

    run()
