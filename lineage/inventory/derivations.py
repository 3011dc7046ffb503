"""Declare what the product computes itself: each derivation once, by name and version, with what it reads and fills.

A new version is a new number here: derived facts keep the version that made them. The graph declares its own in
lineage/graph/derivations.py with the same `declare`; lineage/models.py imports both, so that a process that knows the
models knows all derivations.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from lineage.inventory.kinds.load import load_kinds, shipped_vocabulary


@dataclass(frozen=True)
class Derivation:
    """A computation. `computes` are (kind, attribute); `reads` says from what, for people."""

    name: str
    version: int
    computes: frozenset[tuple[str, str]]
    reads: str

    @property
    def label(self) -> str:
        """The name under which derived facts keep it: `storage_countries@1`."""
        return f"{self.name}@{self.version}"


_declared: dict[str, Derivation] = {}


def declare(name: str, version: int, computes: Iterable[tuple[str, str]], reads: str) -> Derivation:
    """Add a derivation. Raises ValueError where the name is taken or another one fills the same attribute."""
    made = Derivation(name, version, frozenset(computes), reads)
    for other in _declared.values():
        if other.name == name or other.computes & made.computes:
            both = ", ".join(sorted(f"{kind}.{attribute}" for kind, attribute in other.computes & made.computes))
            raise ValueError(f"derivation {name!r} collides with {other.label}{f' over {both}' if both else ''}")
    _declared[name] = made
    return made


def registered_derivations() -> frozenset[tuple[str, str]]:
    """Return every (kind, attribute) that some declared derivation fills, of the kinds in force."""
    found = {pair for derivation in _declared.values() for pair in derivation.computes}
    own = [name for name, kind in load_kinds().items() if kind.declared]
    return frozenset(found | {(kind, name) for kind in own for name in OF_EVERY_KIND})


def all_derivations() -> tuple[Derivation, ...]:
    """Return the declared derivations by name."""
    return tuple(_declared[name] for name in sorted(_declared))


OF_EVERY_KIND = ("owner_active", "source", "first_seen_at", "last_seen_at")
"""What is computed of assets of any kind, those that a workspace declares included."""

# ---- the inventory's own; computed in places/ and people.py, in the order of settle.py

STORAGE_COUNTRIES = declare(
    "storage_countries",
    1,
    [("dataset", "storage_countries")],
    "stored_in; country, country of the site and replica_countries of each such storage",
)
DATASET_COUNTRY = declare(
    "dataset_country",
    1,
    [("dataset", "country"), ("dataset", "location_source")],
    "country of its only storage, or of the one that its namespace leads to; else the reported country",
)
REGION_COUNTRY = declare(
    "region_country",
    1,
    [(kind, "country") for kind in load_kinds() if kind not in ("dataset", "run")],
    "provider and region, by the region table",
)
STORED_PROTECTION = declare(
    "stored_protection",
    1,
    [("dataset", "encrypted_at_rest"), ("dataset", "key_control"), ("dataset", "key_country")],
    "the same of every storage that it is stored in, where no source reports it of the dataset",
)
CLASS_RANK = declare("class_rank", 1, [("dataset", "effective_class_rank")], "classification")
OWNER_ACTIVE = declare(
    "owner_active", 1, [(kind, "owner_active") for kind in shipped_vocabulary().kinds], "owner and that person's active"
)
ACCEPTED_JOINS = declare(
    "accepted_joins",
    1,
    [("storage", "lineage_namespaces")],
    "the reported lineage_namespaces, and the namespaces that people accepted for it",
)
# Kept in the document at once, not as derived facts.
RECEIPTS = declare(
    "receipts",
    1,
    [(kind, name) for kind in shipped_vocabulary().kinds for name in OF_EVERY_KIND[1:]],
    "receipts",
)
