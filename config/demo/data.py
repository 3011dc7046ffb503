"""What data there is: data sets in blocks, one block per business domain and region.

A block is a chain: journal (the first record) -> raw sets -> cleaned tables -> key figures without persons. Bound
blocks (a residency limit) never leave their region; only free blocks feed the group.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from config.demo.estate import joined_uid

EU_ALLOWED = ("DE", "IE")
ALLOWED: Mapping[str, tuple[str, ...]] = {"eu": EU_ALLOWED, "ch": ("CH",), "sg": ("SG",)}

# domain: classification, business columns, personal columns, whether it runs every day
DOMAINS: Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...], bool]] = {
    "customer": ("personal", ("customer_id", "segment", "since"), ("full_name", "birth_date", "email"), False),
    "kyc": (
        "personal_special",
        ("customer_id", "risk_score", "checked_at"),
        ("full_name", "passport_no", "pep_flag"),
        False,
    ),
    "accounts": ("personal", ("account_id", "balance", "currency"), ("iban", "holder_name"), True),
    "payments": ("personal", ("payment_id", "amount", "currency", "booked_at"), ("debtor_iban", "creditor_iban"), True),
    "cards": ("personal", ("card_token", "amount", "merchant_code", "booked_at"), ("holder_name",), True),
    "deposits": ("personal", ("deposit_id", "amount", "matures_at"), ("holder_name",), False),
    "lending": ("personal", ("loan_id", "principal", "rate", "term_months"), ("full_name", "income"), False),
    "mortgages": ("personal", ("mortgage_id", "principal", "rate", "property_code"), ("full_name", "income"), False),
    "wealth": ("personal", ("portfolio_id", "assets", "currency"), ("holder_name", "tax_country"), False),
    "collateral": ("confidential", ("collateral_id", "loan_id", "value"), (), False),
    "trading": ("confidential", ("order_id", "instrument", "quantity", "price"), (), True),
    "treasury": ("confidential", ("position_id", "currency", "amount"), (), False),
    "market_data": ("internal", ("instrument", "price", "quoted_at"), (), True),
    "risk": ("confidential", ("exposure_id", "rating", "exposure"), (), False),
    "finance": ("confidential", ("ledger_id", "account", "amount", "period"), (), False),
    "regulatory": ("restricted", ("report_id", "cell", "value", "period"), (), False),
    "fraud": ("restricted", ("alert_id", "score", "rule", "raised_at"), (), True),
    "channels": ("personal", ("session_id", "page", "seen_at"), ("device_id",), True),
    "marketing": ("personal", ("campaign_id", "response", "sent_at"), ("email",), False),
    "contact_centre": ("personal_special", ("call_id", "topic", "duration"), ("voice_ref", "transcript"), False),
    "reference": ("internal", ("code", "label", "valid_from"), (), False),
}
# region: domains without and with a residency limit
REGION_DOMAINS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "eu": (
        (
            *("accounts", "payments", "cards", "deposits", "mortgages", "collateral", "trading", "market_data"),
            *("risk", "finance", "fraud", "channels", "marketing", "contact_centre", "reference"),
        ),
        ("customer", "lending"),
    ),
    "ch": (("payments", "trading", "risk", "finance", "fraud"), ("customer", "kyc", "accounts", "wealth")),
    "sg": (("accounts", "payments", "cards", "risk", "finance"), ("customer", "kyc")),
}
CORE: Mapping[str, str] = {
    "eu": "oracle://corebank-de:1521",
    "ch": "oracle://corebank-ch:1521",
    "sg": "postgres://core-sg:5432",
}
# Where each layer of a block lies, by region.
LAKE: Mapping[str, str] = {region: f"s3://veldspar-lake-{region}" for region in CORE}
STREAM: Mapping[str, str] = {region: f"kafka://stream-{region}:9092" for region in CORE}
DWH: Mapping[str, str] = {region: f"postgres://dwh-{region}:5432" for region in CORE}
FEATURES: Mapping[str, str] = {region: f"redis://features-{region}:6379" for region in CORE}
MODELS: Mapping[str, str] = {region: f"s3://veldspar-models-{region}" for region in CORE}
LOGS: Mapping[str, str] = {region: f"s3://veldspar-logs-{region}" for region in CORE}


@dataclass(frozen=True)
class Dataset:
    """A data set. `allowed` empty: free by an explicit decision. `personal` are the columns labelled personal.

    `catalogued` false: lineage names it and no inventory does.
    """

    namespace: str
    name: str
    region: str
    domain: str
    subtype: str
    classification: str
    columns: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    is_origin: bool = False
    environment: str = "prod"
    used_for: tuple[str, ...] = ()
    deidentified: bool = False
    catalogued: bool = True
    extra: Mapping[str, object] = field(default_factory=dict, compare=False)

    @cached_property
    def uid(self) -> str:
        """Key of the asset."""
        return joined_uid(self.namespace, self.name)

    @property
    def holds_personal_data(self) -> bool:
        """Whether it is about identifiable people; key figures of personal domains are not."""
        return self.classification.startswith("personal")

    @property
    def all_columns(self) -> tuple[str, ...]:
        """All columns, personal ones last."""
        return self.columns + self.personal


@dataclass(frozen=True)
class Block:
    """The data sets of one domain in one region. `copy` numbers further copies of larger estates; 0 = the first."""

    region: str
    domain: str
    bound: bool
    copy: int = 0

    @property
    def key(self) -> str:
        """Name of the block inside its region."""
        return self.domain + (f"_{self.copy}" if self.copy else "")

    @property
    def daily(self) -> bool:
        """Whether its jobs run every day; the others run once a week."""
        return DOMAINS[self.domain][3]

    def dataset(self, namespace: str, layer: str, subtype: str) -> Dataset:
        """Return a data set of this block with the label and limit of its domain."""
        label, columns, personal, _ = DOMAINS[self.domain]
        return Dataset(
            namespace,
            f"{self.key}.{layer}",
            self.region,
            self.domain,
            subtype,
            classification=label,
            columns=columns,
            personal=personal,
            allowed=ALLOWED[self.region] if self.bound else (),
        )

    @cached_property
    def journal(self) -> Dataset:
        """The journal of the core system, where the data is first recorded."""
        extra = {"source_critical": False, "system_risk_tier": "minimal"}
        return replace(self.dataset(CORE[self.region], "journal", "log"), is_origin=True, extra=extra)

    @cached_property
    def raw(self) -> tuple[Dataset, Dataset]:
        """The journal split in two: events (streamed where the domain is live) and states."""
        live = self.daily and not self.bound
        where, subtype = (STREAM, "stream") if live else (LAKE, "file_set")
        return self.dataset(where[self.region], "events", subtype), self.dataset(
            LAKE[self.region], "states", "file_set"
        )

    @cached_property
    def rejects(self) -> Dataset:
        """Records that did not pass the entry checks."""
        return self.dataset(LAKE[self.region], "rejects", "file_set")

    @cached_property
    def curated(self) -> tuple[Dataset, Dataset, Dataset]:
        """Cleaned tables: events, states and their history."""
        events, states, history = (
            replace(self.dataset(LAKE[self.region], layer, "table"), used_for=("reporting",))
            for layer in ("clean_events", "clean_states", "history")
        )
        return events, states, history

    @cached_property
    def figures(self) -> tuple[Dataset, Dataset]:
        """Key figures: aggregated, without persons, in personal domains one label lower by an approved step."""
        personal = DOMAINS[self.domain][0].startswith("personal")
        daily, monthly = (
            replace(
                self.dataset(DWH[self.region], layer, "table"),
                classification="internal" if personal else DOMAINS[self.domain][0],
                columns=("period", "number", "total"),
                personal=(),
                used_for=("reporting",),
                deidentified=personal,
            )
            for layer in ("key_figures", "monthly_figures")
        )
        return daily, monthly

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """All data sets of the block."""
        return (self.journal, *self.raw, self.rejects, *self.curated, *self.figures)


def blocks(scale: float) -> Iterator[Block]:
    """Yield the blocks: one per domain and region, and further copies where `scale` is above 1."""
    for region, (free, bound) in REGION_DOMAINS.items():
        for domain in (*free, *bound):
            yield Block(region, domain, domain in bound)
    first = sum(len(free) + len(bound) for free, bound in REGION_DOMAINS.values())
    pairs = [(region, domain) for region, (free, bound) in REGION_DOMAINS.items() for domain in (*free, *bound)]
    for n in range(max(0, round(first * (scale - 1)))):
        region, domain = pairs[n % first]
        yield Block(region, domain, domain in REGION_DOMAINS[region][1], copy=2 + n // first)
