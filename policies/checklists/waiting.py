"""Tell which checks can be judged: the derived facts that they read and that nothing gives yet."""

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from policies.checklists.errors import ChecklistRefused
from policies.checklists.explain import problems_of
from policies.checklists.yaml_tree import read_tree
from policies.rules.checks import CompiledCheck
from policies.rules.schema import LINEAGE

SENT_FACTS = Path(__file__).with_name("sent_facts.yaml")


class _SentFact(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    sent: bool
    reason: Annotated[str, Field(min_length=1)]


class _SentFacts(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    facts: dict[Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z0-9_]+$")], _SentFact]


@cache
def sent_facts() -> Mapping[str, bool]:
    """Return for derived facts, as "kind.attribute", whether the system that owns them sends them by itself."""
    tree = read_tree(SENT_FACTS.read_bytes(), SENT_FACTS.name)
    try:
        rows = _SentFacts.model_validate(tree.value).facts
    except ValidationError as error:
        raise ChecklistRefused(problems_of(error, tree)) from error
    return MappingProxyType({name: row.sent for name, row in rows.items()})


def waiting_for(
    compiled: CompiledCheck, derivations: Collection[tuple[str, str]], sent: Mapping[str, bool] | None = None
) -> list[str]:
    """Return the derived facts that the check reads and that nobody can give: empty means that it can be judged.

    `derivations` are the registered (kind, attribute); a lineage fact of a kind is (kind, "lineage.<name>"). A
    condition that reads lineage needs its `complete` as well, without which it could never pass. Ages are derived by
    the engines and wait only where the instant behind them is itself derived. Sorted, as "kind.attribute".
    """
    given = {f"{kind}.{name}" for kind, name in derivations}
    by_itself = sent_facts() if sent is None else sent
    return sorted(fact for fact in derived_facts(compiled) if fact not in given and not by_itself.get(fact, False))


def derived_facts(compiled: CompiledCheck) -> set[str]:
    """Return the derived facts that the check reads, as "kind.attribute"; instants in place of ages."""
    facts = set()
    if compiled.condition is not None and compiled.condition.uses.reads_lineage:
        facts.add(f"{compiled.check.kind}.{LINEAGE}.complete")
    for name, fields in compiled.uses.fields.items():
        entity = compiled.schema.entity(name)
        for field in fields:
            if name == LINEAGE:
                facts.add(f"{compiled.check.kind}.{LINEAGE}.{field}")
            elif entity.fields[field] != LINEAGE:
                age = entity.age(field)
                stored = entity.attributes[field if age is None else age.start]
                facts |= {f"{name}.{stored.name}"} if stored.origin == "derived" else set()
    return facts
