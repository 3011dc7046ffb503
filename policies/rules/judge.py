"""The row engine: judge one asset by one check, with the facts that decided it.

Google's engine says what the expression gives; our trace says the same and which facts it needed. Where the two
differ, the verdict is an error: nothing passes on which they disagree.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from policies.rules.checks import CompiledCheck, Rule
from policies.rules.engine import Unusable, run
from policies.rules.facts import Fact, Member, Subject, Thing
from policies.rules.schema import Entity, Schema
from policies.rules.trace import Scene, Traced, trace
from policies.rules.verdicts import Code, Reason, Verdict


@dataclass(frozen=True, eq=False)
class Situation:
    """A subject at `now`, as both lineages show it. Make it once for all checks of a subject: values are typed once."""

    subject: Subject
    now: datetime
    proven: Scene
    possible: Scene | None


def situation(schema: Schema, kind: str, subject: Subject, now: datetime) -> Situation:
    """Prepare a subject for its checks; `now` is an aware datetime, fixed for the whole run."""
    entity = schema.entity(kind)
    related: dict[str, list[Thing] | None] = dict.fromkeys(entity.relations)
    for name in entity.relations.keys() & subject.known_relations:
        members = subject.related.get(name, ())
        related[name] = [_member(schema, entity, name, member, now) for member in members]
    asset = Thing(entity, schema, subject.document, subject.lineage, "asset", None, now)
    proven = Scene(asset, now, related)
    if subject.possible is None:
        return Situation(subject, now, proven, None)
    wider = Thing(entity, schema, subject.document, subject.possible, "asset", None, now)
    return Situation(subject, now, proven, Scene(wider, now, related))


def _member(schema: Schema, entity: Entity, relation: str, member: Member, now: datetime) -> Thing:
    target = schema.entity(entity.relations[relation])
    return Thing(target, schema, member.document, member.lineage, f"related('{relation}')", member.id, now)


def judge(compiled: CompiledCheck, subject: Subject, now: datetime) -> Verdict:
    """Judge one asset by one check at `now`."""
    return judge_in(compiled, situation(compiled.schema, compiled.entity.name, subject, now))


def judge_all(compiled: Iterable[CompiledCheck], subject: Subject, now: datetime) -> list[Verdict]:
    """Judge one asset by several checks of its kind; its values are typed once."""
    checks = list(compiled)
    if not checks:
        return []
    prepared = situation(checks[0].schema, checks[0].entity.name, subject, now)
    return [judge_in(check, prepared) for check in checks]


def judge_in(compiled: CompiledCheck, prepared: Situation) -> Verdict:
    """Judge a prepared subject.

    1. Judge on proven lineage (vocabulary, conventions `condition`, `missing_fact`, `on_missing`, `error`).
    2. Judge on possible lineage where the check reads lineage: a pass that does not hold there is unknown
       (`proven_and_possible`).
    3. A condition that reads lineage passes only where it is complete (`lineage_completeness`).
    4. A row that stands for a possible flow cannot fail (`data_flow_rows`).
    """
    verdict = _decide(compiled, prepared.proven)
    if prepared.possible is not None and compiled.uses.reads_lineage:
        verdict = combine(verdict, _decide(compiled, prepared.possible))
    condition = compiled.condition
    if verdict.code is Code.PASS and condition is not None and condition.uses.reads_lineage:
        lineage = prepared.subject.lineage
        if lineage is None or lineage.get("complete") is not True:
            verdict = replace(verdict, code=Code.UNKNOWN, reason=Reason.INCOMPLETE)
    if verdict.code is Code.FAIL and prepared.subject.basis == "possible":
        verdict = replace(verdict, code=Code.UNKNOWN, reason=Reason.BASIS)
    return verdict


def combine(proven: Verdict, possible: Verdict) -> Verdict:
    """Combine the verdicts on proven and on possible lineage (vocabulary, convention `proven_and_possible`)."""
    doubtful = possible.code in (Code.FAIL, Code.UNKNOWN)
    if proven.code in (Code.PASS, Code.NOT_APPLICABLE) and doubtful:
        return replace(possible, code=Code.UNKNOWN, reason=Reason.BASIS)
    return proven


def _decide(compiled: CompiledCheck, scene: Scene) -> Verdict:
    when, agreed = _evaluate(compiled.when, scene, compiled.params)
    if not agreed:
        return Verdict(Code.ERROR, Reason.DISAGREEMENT, when_facts=when.facts)
    if when.value is None:
        return replace(_undecided(when), facts=(), when_facts=when.facts)
    if not when.value:
        return Verdict(Code.NOT_APPLICABLE, when_facts=when.facts)
    if compiled.condition is None:
        return Verdict(Code.MANUAL, when_facts=when.facts)
    condition, agreed = _evaluate(compiled.condition, scene, compiled.params)
    if not agreed:
        return Verdict(Code.ERROR, Reason.DISAGREEMENT, condition.facts, when.facts)
    if condition.value is not None:
        return Verdict(Code.PASS if condition.value else Code.FAIL, Reason.NONE, condition.facts, when.facts)
    verdict = replace(_undecided(condition), when_facts=when.facts)
    if verdict.code is Code.UNKNOWN and compiled.check.on_missing == "fail":
        return replace(verdict, code=Code.FAIL)
    return verdict


def _undecided(traced: Traced) -> Verdict:
    """Tell unknown from error: one broken value makes it an error, since reporting what is missing would not help."""
    broken = any(lack.why == "broken" for lack in traced.lacks)
    code, reason = (Code.ERROR, Reason.BROKEN) if broken else (Code.UNKNOWN, Reason.MISSING)
    return Verdict(code, reason, traced.facts, lacks=tuple(dict.fromkeys(traced.lacks)))


def _once(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Keep each fact once, in the order of the first read."""
    return tuple({(fact.path, fact.asset): fact for fact in facts}.values())


def _evaluate(rule: Rule, scene: Scene, params: Mapping[str, Any]) -> tuple[Traced, bool]:
    """Return the trace, and whether Google's engine says the same."""
    traced = trace(rule.tree, scene)
    traced = replace(traced, facts=_once(traced.facts))
    try:
        reference = run(rule.program, scene, params, rule.uses.fields)
    except Unusable:
        return traced, True
    return traced, reference is traced.value
