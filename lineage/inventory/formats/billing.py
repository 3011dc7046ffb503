"""Sum up the lines of bills by account, month and scope, one line at a time, in memory bounded by the number of sums.

Nothing here knows a file: `Line` is what a billing format reads from its own. Source of the terms: FOCUS (FinOps Open
Cost and Usage Specification).
"""

import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

Scope = Literal["general", "ai"]
LIMIT = 20_000
"""Sums that are kept at most: accounts x months x scopes."""
NAMES = 20
"""Names of parties that one sum keeps at most."""
MONTHS = 6
DAYS = 30


@dataclass(frozen=True)
class Account:
    """Whose bill: the provider and the sub-account, or the billing account where there is no other."""

    provider: str
    uid: str


@dataclass(frozen=True)
class Period:
    """A billing period: its month as `2026-09`, its end as RFC 3339, its days."""

    month: str
    end: str
    days: int


@dataclass(frozen=True)
class Line:
    """One line of a bill. `cost` None: it cannot be read. The others: None = the bill does not say."""

    account: Account
    period: Period
    currency: str
    cost: Decimal | None
    is_use: bool  # usage or purchase: neither tax, credit nor correction
    is_ai: bool
    is_egress: bool | None
    is_tagged: bool | None
    name: str
    billing_account: str
    publisher: str
    host: str
    issuer: str


@dataclass
class Sum:
    """What the lines of one account in one month and scope add up to."""

    period: Period
    billing_account: str
    name: str
    currencies: set[str] = field(default_factory=set)
    cost: Decimal = Decimal()
    used: Decimal = Decimal()
    egress: Decimal = Decimal()
    tagged: Decimal = Decimal()
    knows_egress: bool = True
    knows_tags: bool = True
    broken: bool = False  # a line of it could not be read, so that no sum holds
    publishers: dict[str, None] = field(default_factory=dict)
    hosts: dict[str, None] = field(default_factory=dict)
    issuers: dict[str, None] = field(default_factory=dict)

    def add(self, line: Line) -> None:
        """Add one line."""
        self.name = self.name or line.name
        parties = (self.publishers, line.publisher), (self.hosts, line.host), (self.issuers, line.issuer)
        for known, party in parties:
            if party and len(known) < NAMES:
                known[party] = None
        self.currencies.add(line.currency)
        if line.cost is None:
            self.broken = True
            return
        self.cost += line.cost
        if not line.is_use:
            return
        self.used += line.cost
        self.egress += line.cost if line.is_egress else 0
        self.tagged += line.cost if line.is_tagged else 0
        self.knows_egress &= line.is_egress is not None or not line.cost
        self.knows_tags &= line.is_tagged is not None or not line.cost

    @property
    def amount(self) -> float | None:
        """Cost of 30 days; None where its lines do not add up."""
        if self.broken or len(self.currencies) != 1:
            return None
        return float(self.cost * DAYS / self.period.days)

    @property
    def egress_share(self) -> float | None:
        """Part of the cost of use that was for data leaving the provider."""
        return self._share(self.egress) if self.knows_egress else None

    @property
    def tagged_share(self) -> float | None:
        """Part of the cost of use whose lines name owner, model and use."""
        return self._share(self.tagged) if self.knows_tags else None

    def _share(self, part: Decimal) -> float | None:
        if self.broken or len(self.currencies) != 1 or self.used <= 0 or not 0 <= part <= self.used:
            return None
        return float(part / self.used)


class TooMany(Exception):
    """The file has more accounts and months than can be summed at once."""


class Bill:
    """Sums so far, in the order in which their first line came."""

    def __init__(self) -> None:
        self.sums: dict[tuple[Account, Scope, str], Sum] = {}
        self.lines = 0

    def add(self, line: Line) -> None:
        """Add a line to the sum of its account, and to that of its AI services where it is one. Raises TooMany."""
        self.lines += 1
        scopes: tuple[Scope, ...] = ("general", "ai") if line.is_ai else ("general",)
        for scope in scopes:
            key = (line.account, scope, line.period.month)
            found = self.sums.get(key)
            if found is None:
                if len(self.sums) >= LIMIT:
                    raise TooMany
                found = self.sums[key] = Sum(line.period, line.billing_account, line.name)
            found.add(line)

    def variation(self, account: Account, scope: Scope, month: str) -> float | None:
        """Return standard deviation over mean of the 6 months up to this one; None where one is not in the file."""
        sums = [self.sums.get((account, scope, before)) for before in _months_up_to(month)]
        amounts = [found.amount for found in sums if found is not None]
        known = [amount for amount in amounts if amount is not None]
        if len(known) < MONTHS or (mean := statistics.fmean(known)) <= 0:
            return None
        return statistics.pstdev(known) / mean

    def parties(self) -> Mapping[str, set[str]]:
        """Return by name of a party in which parts the bills name it."""
        parts: dict[str, set[str]] = {}
        for (account, _, _), each in self.sums.items():
            for part, name in _parties(account, each):
                parts.setdefault(name, set()).add(part)
        return parts


def _parties(account: Account, each: Sum) -> Iterator[tuple[str, str]]:
    yield "provider", account.provider
    yield from (("publisher", name) for name in each.publishers)
    yield from (("host", name) for name in each.hosts)
    yield from (("invoice issuer", name) for name in each.issuers)


def _months_up_to(month: str) -> Iterator[str]:
    count = int(month[:4]) * 12 + int(month[5:7]) - 1
    for each in range(count - MONTHS + 1, count + 1):
        yield f"{each // 12:04d}-{each % 12 + 1:02d}"
