"""FOCUS: what a bill tells of cost, and what it leaves open."""

import hashlib
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lineage.inventory.errors import InventoryRefused
from lineage.inventory.formats import billing
from lineage.inventory.formats.importers.focus import summarise
from lineage.inventory.imports.receive import Sending, receive_file
from lineage.inventory.imports.spool import spooled
from lineage.inventory.receive import Prepared, prepare
from tests.lineage.inventory.importers.support import (
    by_key,
    checklist,
    from_catalogue,
    import_file,
    import_rows,
    ours,
    published,
    read,
    verdict,
)
from tests.policies.evaluation.releases import releases
from tests.support.cast import Cast

NEW, BILL = ours("focus")
SEPTEMBER = "cost_summary:AWS/400/2026-09"
GIVEN = {"received_at": "2026-11-01T00:00:00Z"}
HEADER = (
    b"BilledCost,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,BillingAccountId,ProviderName,ChargeCategory\n"
)


def line(cost: str = "1", *, month: str = "2026-09", account: str = "a", currency: str = "EUR") -> bytes:
    year, number = month.split("-")
    until = f"{year}-{int(number) + 1:02d}"
    return f"{cost},{currency},{month}-01 00:00:00,{until}-01 00:00:00,{account},AWS,Usage\n".encode()


def test_a_month_of_an_account_is_its_sum_over_thirty_days_with_shares_and_variation() -> None:
    found = by_key(read(BILL)[0])
    assert found[SEPTEMBER] == {
        "name": "Alpine Lake 2026-09",
        "scope": "general",
        "provider_kind": "public_cloud",
        "amount_30d": 85.0,  # 80 of use and 5 of tax
        "egress_share_30d": 0.3,
        "tagged_share": 0.0,
        "monthly_variation": pytest.approx(0.1036, abs=1e-4),
        "labels": {
            "month": "2026-09",
            "currency": "EUR",
            "billing_account": "9000",
            "publishers": "Example Cloud EMEA SARL",
            "invoice_issuers": "Example Cloud EMEA SARL",
        },
        "rel:vendor": ["vendor:AWS"],
    }
    assert found["cost_summary:AWS/400/2026-05"]["amount_30d"] == pytest.approx(120 * 30 / 31)
    assert "monthly_variation" not in found["cost_summary:AWS/400/2026-08"]


def test_ai_services_are_a_summary_of_their_own_and_tags_must_name_owner_model_and_use() -> None:
    found = by_key(read(BILL)[0])
    august, september = found["cost_summary:AWS/400/2026-08/ai"], found[f"{SEPTEMBER}/ai"]
    assert (august["scope"], august["tagged_share"], september["tagged_share"]) == ("ai", 1.0, 0.0)
    assert september["amount_30d"] == 16.0


def test_traffic_that_stays_with_the_provider_is_no_egress() -> None:
    assert by_key(read(BILL)[0])["cost_summary:AWS/500/2026-09"]["egress_share_30d"] == 0.0


def test_provider_publisher_and_issuer_are_three_parties_and_no_country_is_guessed() -> None:
    found = by_key(read(BILL)[0])
    assert found["vendor:AWS"] == {"name": "AWS", "tags": ["bill: provider"]}
    assert found["vendor:Example Cloud EMEA SARL"]["tags"] == ["bill: invoice issuer", "bill: publisher"]
    assert found["vendor:Red Rock Software"]["tags"] == ["bill: publisher"]
    assert by_key(read(NEW)[0])["vendor:Red Rock Software"]["tags"] == ["bill: host"]  # 1.3 tells hosts


def test_a_month_that_is_not_over_tells_no_money_yet() -> None:
    body = HEADER + line(month="2027-01")
    (row, _) = prepare(body, source="bills").reading.rows()
    assert "amount_30d" not in row.facts


def test_a_cost_that_cannot_be_read_makes_the_sums_of_its_account_unknown_and_no_other() -> None:
    body = HEADER + line("free") + line() + line(account="b")
    prepared = prepare(body, source="bills")
    found = by_key(list(prepared.reading.rows()))
    assert "amount_30d" not in found["cost_summary:AWS/a/2026-09"]
    assert found["cost_summary:AWS/b/2026-09"]["amount_30d"] == 1.0
    assert [each.line for each in prepared.rejected] == [2]


def test_two_currencies_do_not_add_up() -> None:
    (row, _) = prepare(HEADER + line() + line(currency="USD"), source="bills").reading.rows()
    assert "amount_30d" not in row.facts
    assert row.facts["labels"]["currency"] == "EUR, USD"


def test_a_line_with_broken_quotes_costs_no_other_and_is_named() -> None:
    prepared = prepare(HEADER + line() + b'"x"y,' + line() + line() + b'"never closed\n' + line(), source="bills")
    (row, _) = prepared.reading.rows()
    assert row.facts["amount_30d"] == 3.0
    assert [each.line for each in prepared.rejected] == [3, 5]
    assert not prepared.reading.is_complete


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_a_bill_may_have_any_encoding_that_spreadsheets_write(encoding: str) -> None:
    body = (HEADER + line(account="Züri")).decode().encode(encoding)
    assert by_key(list(prepare(body, source="bills").reading.rows())).keys() == {
        "cost_summary:AWS/Züri/2026-09",
        "vendor:AWS",
    }


def test_what_is_kept_are_the_sums_and_the_rule_says_so() -> None:
    _, _, prepared = read(BILL)
    assert b"Training hours" not in prepared.body
    assert prepared.redactions[0] == {
        "rule": "summarised_focus", "version": 1, "paths": ["$"], "lines": 21, "unread": 0
    }  # fmt: skip


def test_a_file_without_the_columns_of_a_bill_is_refused() -> None:
    with pytest.raises(InventoryRefused, match="no column BilledCost"):
        prepare(b"uid,name\na,b\n", source="bills", format_name="focus")


def test_more_sums_than_are_kept_at_once_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(billing, "LIMIT", 2)
    with pytest.raises(InventoryRefused) as refused:
        prepare(HEADER + b"".join(line(account=str(each)) for each in range(3)), source="bills")
    assert refused.value.code == "summary_too_large"


def test_memory_does_not_grow_with_the_lines_of_a_bill(tmp_path: Path) -> None:
    def peak(lines: int) -> int:
        path = tmp_path / "bill.csv"
        path.write_bytes(HEADER + b"".join(line(account=str(each % 50)) for each in range(lines)))
        with path.open("rb") as stream:
            tracemalloc.start()
            body, (rule, *_) = summarise(stream, GIVEN)
            used = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert (rule["lines"], body.count(b'"cost_summary"')) == (lines, 50)
        return used

    peak(1_000)  # what is made once
    few, many = peak(20_000), peak(60_000)
    assert many < few * 1.1


def test_a_bill_larger_than_a_body_is_summed_at_the_door(cast: Cast, settings: Any) -> None:
    settings.AUDITLINE_MAX_INVENTORY_BODY = 1000
    body = BILL.read_bytes()
    with spooled([body]) as file:
        received = receive_file(Sending(cast.workspace.pk, "test", "bills"), file)
    assert isinstance(received, Prepared)
    assert by_key(list(received.reading.rows())) == by_key(read(BILL)[0])
    assert received.received_digest == hashlib.sha256(body).digest()


def test_the_published_bill_is_read_whole() -> None:
    (path,) = published("focus")
    rows, rejected, prepared = read(path)
    assert (len(rows), rejected, prepared.redactions[0]["lines"]) == (81, [], 1000)
    found = by_key(rows)
    assert {key for key in found if key.startswith("vendor")} == {
        "vendor:AWS",
        "vendor:Amazon Web Services, Inc.",
        "vendor:Amazon Web Services Canada, Inc.",
        "vendor:Amazon Web Services EMEA SARL",
        "vendor:Microsoft",
        "vendor:Oracle",
        "vendor:Red Hat Inc.",
    }


@pytest.fixture
def eco(tmp_path: Path) -> Iterator[None]:
    cloud: dict[str, Any] = {"provider_kind": "public_cloud"}
    ai: dict[str, Any] = {"scope": "ai"}
    egress = from_catalogue(
        "ECO-03",
        **{"pass": {**cloud, "egress_share_30d": 0.1}, "fail": {**cloud, "egress_share_30d": 0.2}, "unknown": cloud},
        not_applicable={"provider_kind": "own"},
    )
    tags = from_catalogue(
        "ECO-04",
        **{"pass": {**ai, "tagged_share": 0.95}, "fail": {**ai, "tagged_share": 0.9}, "unknown": ai},
        not_applicable={"scope": "general"},
    )
    with releases(tmp_path) as ship:
        ship(checklist("ECO", egress, tags))
        yield


@pytest.mark.django_db
def test_costs_are_unknown_until_the_bill_is_imported(eco: None, cast: Cast) -> None:
    where = cast.workspace.pk
    general, ai = "AWS/400/2026-09", "AWS/400/2026-09/ai"
    import_rows(
        where,
        {"kind": "cost_summary", "uid": general, "attributes": {"provider_kind": "public_cloud"}},
        {"kind": "cost_summary", "uid": ai, "attributes": {"scope": "ai"}},
    )
    before = verdict(where, f"cost_summary:{general}", "ECO-03"), verdict(where, f"cost_summary:{ai}", "ECO-04")
    import_file(where, BILL.read_bytes())
    after = verdict(where, f"cost_summary:{general}", "ECO-03"), verdict(where, f"cost_summary:{ai}", "ECO-04")
    assert (before, after) == (("unknown", "unknown"), ("fail", "fail"))
    assert verdict(where, "cost_summary:AWS/400/2026-08/ai", "ECO-04") == "pass"
