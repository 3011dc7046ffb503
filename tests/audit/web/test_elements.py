"""The template tags: what is missing is never shown as something, and what is small is still seen."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.template import Context, Template

from audit.web.elements import (
    BAR_ORDER,
    GRADE_MEANINGS,
    LEAST_WIDTH,
    VERDICT_MEANINGS,
    VERDICT_WORDS,
    apart,
    due,
    figure,
    percent,
    segments,
    shorten,
    verdict_word,
    when,
)
from tests.audit.web.test_templates import DRAWN

NOW = datetime(2026, 11, 20, 14, 3, 7, tzinfo=UTC)


def render(text: str, **context: object) -> str:
    return Template("{% load auditline %}" + text).render(Context(context))


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (1.0, "100 %"),
        (0.99999, "99.9 %"),
        (0.995, "99.5 %"),
        (0.896, "89 %"),
        (0.0001, "0.1 %"),
        (0.0, "0 %"),
        (None, "–"),
    ],
)
def test_a_share_is_rounded_down_and_never_up_to_all_or_down_to_none(share: float | None, text: str) -> None:
    assert percent(share) == text


def test_no_count_is_not_a_count_of_zero() -> None:
    assert (figure(None), figure(0), figure(12482)) == ("–", "0", "12,482")


def test_every_verdict_has_a_word_a_meaning_and_a_drawing() -> None:
    assert set(VERDICT_WORDS) == set(VERDICT_MEANINGS)
    assert set(VERDICT_WORDS) - DRAWN == set()


def test_a_misspelt_verdict_is_refused() -> None:
    with pytest.raises(KeyError):
        verdict_word("passed")


def test_one_failure_among_a_hundred_thousand_passes_is_still_seen() -> None:
    bar = segments({"pass": 100_000, "fail": 1})
    assert [part["verdict"] for part in bar] == ["pass", "fail"]
    assert bar[1]["width"] >= LEAST_WIDTH * 0.98


def test_a_bar_is_filled_exactly_and_in_order() -> None:
    counts = {verdict: 3 + number for number, verdict in enumerate(reversed(BAR_ORDER))}
    bar = segments(counts)
    assert [part["verdict"] for part in bar] == list(BAR_ORDER)
    assert bar[0]["x"] == 0
    assert bar[-1]["x"] + bar[-1]["width"] == pytest.approx(100, abs=0.02)


def test_what_is_not_applicable_takes_no_part_in_the_bar() -> None:
    assert segments({"not_applicable": 12}) == []
    assert "Nothing to judge" in render("{% verdict_bar counts 'NET' %}", counts={"not_applicable": 12})


def test_a_bar_speaks_its_counts() -> None:
    html = render("{% verdict_bar counts 'SOV' %}", counts={"pass": 1204, "unknown": 212})
    assert 'aria-label="SOV: 1,204 pass, 212 unknown"' in html


def test_a_count_leads_to_its_rows() -> None:
    html = render("{% verdict_counts counts hrefs %}", counts={"fail": 3}, hrefs={"fail": "/v/?verdict=fail"})
    assert '<a href="/v/?verdict=fail">' in html


def test_a_moment_is_a_time_element_in_utc() -> None:
    moment = NOW.astimezone(tz=datetime.fromisoformat("2026-01-01T00:00:00+05:30").tzinfo)
    assert 'datetime="2026-11-20T14:03:07Z"' in when(moment)
    assert when(date(2026, 12, 3)) == '<time datetime="2026-12-03">3 Dec 2026</time>'
    assert when(None) == "–"


def test_distance_is_said_in_the_largest_whole_unit() -> None:
    assert apart(NOW + timedelta(days=3, hours=5), NOW) == "in 3 days"
    assert apart(NOW - timedelta(minutes=1, seconds=20), NOW) == "1 minute ago"
    assert apart(NOW, NOW) == "now"
    assert due(NOW - timedelta(days=6), NOW) == "6 days overdue"
    assert due(NOW + timedelta(hours=2), NOW) == "in 2 hours"


def test_a_name_cannot_become_markup() -> None:
    html = render("{% verdict_bar counts label %}", counts={"pass": 1}, label='"><script>alert(1)</script>')
    assert "<script" not in html


def test_digests_and_grades() -> None:
    assert shorten("abc") == "abc"
    assert shorten("0123456789abcdef") == "0123456789ab…"
    html = render("{% grade_bar grades 'SOV' %}", grades={"A": 3, "D": 1})
    assert 'aria-label="SOV: 3 grade A, 1 grade D"' in html
    assert set(GRADE_MEANINGS) == set("ABCD")
