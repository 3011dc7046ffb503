"""FOCUS 1.0 to 1.3: lines of bills, summed up while they are read. What is kept is the sums, not the lines.

A bill of millions of lines becomes a cost summary per account and month, and one more of its AI services where it has
such. The text `NULL` and an empty cell say nothing. Providers, publishers and issuers of invoices are three parties,
each a vendor of its own; where they have their seat does not follow from a bill.
"""

import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import IO, Any

from lineage.inventory.errors import InventoryRefused
from lineage.inventory.formats.billing import LIMIT, Account, Bill, Line, Period, Scope, Sum, TooMany
from lineage.inventory.formats.collected import Collected
from lineage.inventory.formats.kept_rows import Redaction, keep, read_kept
from lineage.inventory.formats.look import NOTHING, double, instant, text
from lineage.inventory.formats.parsed import Format, Parameters, Parsed, Rejected
from lineage.inventory.formats.records import Record, delimiter_of, encoding_of, lines_of, records_of
from lineage.inventory.formats.sample import HEAD
from lineage.inventory.kinds.values import format_timestamp, parse_timestamp, show

RULE = ("summarised_focus", 1)
PUBLIC_CLOUDS = frozenset({
    "aws", "amazon web services", "microsoft", "microsoft azure", "azure", "google", "google cloud", "oracle",
    "alibaba cloud", "ibm cloud", "ovhcloud", "scaleway", "digitalocean",
})  # fmt: skip
AI_CATEGORY = "AI and Machine Learning"
USES = frozenset({"usage", "purchase"})
COLUMNS: Mapping[str, Sequence[str]] = {
    "cost": ("BilledCost",),
    "currency": ("BillingCurrency",),
    "start": ("BillingPeriodStart",),
    "end": ("BillingPeriodEnd",),
    "billing_account": ("BillingAccountId",),
    "provider": ("ServiceProviderName", "ProviderName"),  # 1.3 renamed it
}
"""What a bill must have, by the names that it had in any version; the first that is there and says something counts."""
OPTIONAL: Mapping[str, Sequence[str]] = {
    "account": ("SubAccountId",),
    "name": ("SubAccountName", "BillingAccountName"),
    "category": ("ChargeCategory",),
    "service": ("ServiceCategory",),
    "publisher": ("PublisherName",),
    "host": ("HostProviderName",),
    "issuer": ("InvoiceIssuerName",),
    "words": ("ChargeDescription", "SkuMeter", "ServiceSubcategory"),
    "tags": ("Tags",),
}
LEAVING = re.compile(
    r"\begress\b|data transfer out\b|datatransfer-out|outbound data transfer|internet data transfer", re.I
)
STAYING = re.compile(r"in/out|cloudfront|between|inter-?region|intra-?region|availability zone", re.I)
"""Words by which a line is for data that leaves its provider. FOCUS has no column that says so."""
TAGS: Sequence[frozenset[str]] = (
    frozenset({"owner", "team", "costcenter", "businessunit", "department"}),
    frozenset({"model", "modelname", "aimodel", "mlmodel"}),
    frozenset({"use", "usecase", "application", "app", "project", "purpose", "workload"}),
)
"""Names of tags, in small letters without signs, for owner, model and use."""


REFUSED = 1000
"""Lines that are named one by one; of more the number is kept with the rule."""


def summarise(stream: IO[bytes], parameters: Parameters) -> tuple[bytes, list[Redaction]]:
    """Return the sums of a bill as native lines, from a binary stream that is read once, and the rules applied.

    Memory is bounded by the number of sums. Raises InventoryRefused where the columns are not those of FOCUS.
    """
    return sums_of(_records(stream), parameters)


def sums_of(records: Iterator[Record], parameters: Parameters) -> tuple[bytes, list[Redaction]]:
    """Return the sums of records, the first of which is the header, whatever they were read from."""
    columns = _Columns(next(records, Record(1, ())).cells)
    bill, refused, unread = Bill(), list[Parsed](), 0
    for record in records:
        line = columns.read(record)
        problem = line if isinstance(line, Rejected) else _add(bill, line, record.line)
        if problem is not None:
            unread += 1
            if unread <= REFUSED:
                refused.append(Parsed(record.line, problems=(problem,)))
    name, version = RULE
    rule = {"rule": name, "version": version, "paths": ["$"], "lines": bill.lines, "unread": unread}
    return keep([*refused, *_tell(bill, parameters)], parameters, rule)


def _add(bill: Bill, line: Line, number: int) -> Rejected | None:
    try:
        bill.add(line)
    except TooMany:
        raise InventoryRefused(
            f"The bill has more than {LIMIT} sums of an account in a month, expected at most so many in one file. "
            "Export fewer accounts or months at a time.",
            code="summary_too_large",
        ) from None
    if line.cost is not None:
        return None
    hint = f"the cost of {line.account.uid} in {line.period.month} stays unknown"
    return Rejected(number, "BilledCost", "no number", "the cost as a number", hint)


def _records(stream: IO[bytes]) -> Iterator[Record]:
    head = stream.read(HEAD)
    stream.seek(0)
    first = head.decode(encoding_of(head), errors="replace").partition("\n")[0]
    return records_of(lines_of(stream, encoding_of(head)), delimiter_of(first))


class _Columns:
    """Where the columns of a bill stand, and one record read by them."""

    def __init__(self, header: Sequence[str]) -> None:
        places = {name.strip().lower(): place for place, name in enumerate(header)}
        self._width = len(header)
        self._places = {
            role: [places[name.lower()] for name in names if name.lower() in places]
            for role, names in {**COLUMNS, **OPTIONAL}.items()
        }
        if missing := [names[-1] for role, names in COLUMNS.items() if not self._places[role]]:
            raise InventoryRefused(
                f"line 1: got no column {missing[0]}, expected the columns of FOCUS (missing: {', '.join(missing)}). "
                "Export the bill in FOCUS 1.0 or newer.",
                code="csv_header",
            )

    def read(self, record: Record) -> Line | Rejected:
        """Return what a record says, or why it can be counted to no account."""
        cells, number = record.cells, record.line
        if record.broken:
            return Rejected(number, "", f"a line that cannot be split ({record.broken})", "cells", _LEFT_OUT)
        if len(cells) != self._width:
            return Rejected(number, "", f"{len(cells)} cells", f"{self._width}, as the header has", _LEFT_OUT)
        provider, billing = self._text(cells, "provider"), self._text(cells, "billing_account")
        account = self._text(cells, "account") or billing
        if not provider or not account:
            expected = "ProviderName and SubAccountId or BillingAccountId"
            return Rejected(number, "" if provider else "ProviderName", "nothing", expected, _LEFT_OUT)
        start, end = self._text(cells, "start"), self._text(cells, "end")
        if (period := _period(start, end)) is None:
            return Rejected(number, "BillingPeriodStart", show(f"{start} to {end}"), "two times", _LEFT_OUT)
        words = [cells[place] for place in self._places["words"] if _says(cells[place])]
        return Line(
            account=Account(provider, account),
            period=period,
            currency=self._text(cells, "currency"),
            cost=_number(self._text(cells, "cost")),
            is_use=self._text(cells, "category").lower() in USES,
            is_ai=self._text(cells, "service") == AI_CATEGORY,
            is_egress=any(map(_is_egress, words)) if words else None,
            is_tagged=_is_tagged(cells[self._places["tags"][0]]) if self._places["tags"] else None,
            name=self._text(cells, "name"),
            billing_account=billing,
            publisher=self._text(cells, "publisher"),
            host=self._text(cells, "host"),
            issuer=self._text(cells, "issuer"),
        )

    def _text(self, cells: Sequence[str], role: str) -> str:
        for place in self._places[role]:
            if _says(cells[place]):
                return cells[place].strip()
        return ""


_LEFT_OUT = "the line was left out of all sums, correct it and send the file again"


def _says(cell: str) -> bool:
    return cell.strip().lower() not in NOTHING


@lru_cache(1024)
def _period(start: str, end: str) -> Period | None:
    first, last = parse_timestamp(instant(start) or ""), parse_timestamp(instant(end) or "")
    if first is None or last is None or not 1 <= (last - first).days <= 400:
        return None
    return Period(f"{first:%Y-%m}", format_timestamp(last), (last - first).days)


def _number(text: str) -> Decimal | None:
    found = double(text)
    return Decimal(text) if found is not None else None


@lru_cache(4096)
def _is_egress(words: str) -> bool:
    return LEAVING.search(words) is not None and STAYING.search(words) is None


@lru_cache(4096)
def _is_tagged(cell: str) -> bool | None:
    """Tell whether tags name owner, model and use; None where they cannot be read."""
    if not _says(cell):
        return False
    try:
        tags = json.loads(cell)
    except (ValueError, RecursionError):
        return None
    if not isinstance(tags, dict):
        return None
    names = {re.sub(r"[\W_]", "", name.rpartition(":")[2].lower()) for name, value in tags.items() if text(value)}
    return all(names & wanted for wanted in TAGS)


def _tell(bill: Bill, parameters: Parameters) -> Iterator[Parsed]:
    """Yield a cost summary per sum, and a vendor per party."""
    found = Collected("measured")
    now = parameters["received_at"]
    for (account, scope, month), each in bill.sums.items():
        uid = f"{account.provider}/{account.uid}/{month}" + ("/ai" if scope == "ai" else "")
        over = each.period.end <= now
        found.add(
            "$",
            "cost_summary",
            uid,
            name=f"{each.name or account.uid} {month}" + (" AI" if scope == "ai" else ""),
            observed_at=each.period.end if over else None,
            attributes={
                "scope": scope,
                "provider_kind": "public_cloud" if account.provider.lower() in PUBLIC_CLOUDS else None,
                "labels": _labels(each),
                **(_money(bill, account, scope, each) if over else {}),
            },
            relations={"vendor": [("vendor", account.provider)]},
        )
    for name, parts in bill.parties().items():
        found.add("$", "vendor", name, name=name, attributes={"tags": [f"bill: {part}" for part in sorted(parts)]})
    return found.parsed()


def _money(bill: Bill, account: Account, scope: Scope, each: Sum) -> Mapping[str, Any]:
    return {
        "amount_30d": each.amount,
        "egress_share_30d": each.egress_share,
        "tagged_share": each.tagged_share,
        "monthly_variation": bill.variation(account, scope, each.period.month),
    }


def _labels(each: Sum) -> Mapping[str, str]:
    said = {
        "month": each.period.month,
        "currency": ", ".join(sorted(each.currencies)),
        "billing_account": each.billing_account,
        "publishers": "; ".join(each.publishers),
        "hosts": "; ".join(each.hosts),
        "invoice_issuers": "; ".join(each.issuers),
    }
    return {name: value for name, value in said.items() if value}


def _clean(body: bytes, parameters: Parameters) -> tuple[bytes, list[Redaction]]:
    return summarise(io.BytesIO(body), parameters)


FORMAT = Format(
    "focus",
    "FOCUS bill",
    "cloud_api",
    lambda sample: sample.has_columns("BilledCost", "BillingPeriodStart", "ChargeCategory"),
    read_kept,
    _clean,
    media_type="application/x-ndjson",
    sums=summarise,
    fills={
        "cost_summary": frozenset(
            {"scope", "provider_kind", "labels", "amount_30d", "egress_share_30d", "tagged_share"}
            | {"monthly_variation", "rel:vendor"}
        ),
        "vendor": frozenset({"tags"}),
    },
)
