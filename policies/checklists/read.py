"""Read checklists: parse, validate, hash. What it returns can become a version; everything else is refused whole.

The content hash is the SHA-256 over the canonical form (RFC 8785) of the content as written: parsed values with keys in
order and doubles as their shortest text ("0.05", "40.0"). Comments, layout and the order of keys do not enter it,
every value does; a default that the file does not write is not in it, so a new release leaves old hashes as they are.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from accounts.journal.canonical.encode import hexdigest, plain
from policies.checklists.checks import Check, Checklist, Framework, Freshness, InlineTest, Param, Withdrawn
from policies.checklists.errors import ChecklistRefused, Problem, show
from policies.checklists.explain import problems_of
from policies.checklists.schema import CheckForm, ChecklistForm, FrameworksForm, InlineTestForm, ParamForm
from policies.checklists.yaml_tree import Tree, read_tree

SHIPPED = Path(__file__).with_name("shipped")
shipped_from = ContextVar("shipped_from", default=SHIPPED)
"""The folder whose checklists the product ships: set to another one, everything goes on as with another release."""
DEFAULT_NOW = datetime(2026, 11, 1, tzinfo=UTC)
"""The instant at which inline tests are judged where they name none."""

FormT = TypeVar("FormT", bound=BaseModel)

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def read_checklist(path: Path, frameworks: Collection[str] | None = None) -> Checklist:
    """Read one file. `frameworks`: the known keys, the shipped ones by default. Raises ChecklistRefused."""
    return parse_checklist(path.read_bytes(), path.name, frameworks)


def parse_checklist(content: bytes, file: str, frameworks: Collection[str] | None = None) -> Checklist:
    """Read uploaded or stored YAML; `file` names it in problems. Raises ChecklistRefused with all problems."""
    return _checklist(read_tree(content, file), frameworks)


def checklist_of(body: Mapping[str, Any], file: str, frameworks: Collection[str] | None = None) -> Checklist:
    """Restore a checklist from the body that a version keeps; equal to what was published, hash included."""
    return _checklist(Tree(file, dict(body), {}), frameworks)


def shipped_checklists() -> tuple[Checklist, ...]:
    """Return the checklists of the product, by family."""
    return checklists_in(shipped_from.get())


@cache
def checklists_in(folder: Path) -> tuple[Checklist, ...]:
    """Return the checklists of a folder, by family; read once per process."""
    paths = sorted(folder.glob("*.yaml"))
    return tuple(read_checklist(path) for path in paths if path.name != "frameworks.yaml")


@cache
def shipped_frameworks() -> Mapping[str, Framework]:
    """Return the frameworks that checks may name, by key."""
    tree = read_tree((SHIPPED / "frameworks.yaml").read_bytes(), "frameworks.yaml")
    rows = _form(FrameworksForm, tree).frameworks
    return {key: Framework(key, row.name, row.numbers, row.status) for key, row in rows.items()}


def slot_problems(before: Checklist, after: Checklist) -> tuple[Problem, ...]:
    """Return why `after` may not follow `before`: a check keeps its slot for ever, a withdrawn one gives it to nobody.

    Old verdict vectors are read by slot, so a slot that changes hands would turn one check's history into another's.
    """
    taken = {check.id: check.slot for check in before.checks} | {gone.id: gone.slot for gone in before.withdrawn}
    now = {check.id: check.slot for check in after.checks} | {gone.id: gone.slot for gone in after.withdrawn}
    owner = {slot: id_ for id_, slot in taken.items()}
    problems = []
    for id_, slot in taken.items():
        if now.get(id_) != slot:
            got = "no such check" if id_ not in now else f"slot {now[id_]}"
            step = "give it back its slot" if id_ in now else "list it under withdrawn"
            problems.append(Problem(after.family, None, id_, "slot", got, f"slot {slot}", step))
    for id_, slot in now.items():
        if id_ not in taken and slot in owner:
            step = f"take a slot that was never used, from {max(owner) + 1}"
            problems.append(Problem(after.family, None, id_, "slot", f"the slot of {owner[slot]}", "a new slot", step))
    return tuple(problems)


def content_hash(body: object) -> str:
    """Return the hash of a checklist or check as written (the rule stands at the head of this file)."""
    return hexdigest(plain(body))


def _form(form: type[FormT], tree: Tree) -> FormT:
    try:
        return form.model_validate(tree.value)
    except ValidationError as error:
        raise ChecklistRefused(problems_of(error, tree)) from error


def _checklist(tree: Tree, frameworks: Collection[str] | None) -> Checklist:
    form = _form(ChecklistForm, tree)
    known = shipped_frameworks().keys() if frameworks is None else frameworks
    if problems := tuple(_inconsistent(form, tree, known)):
        raise ChecklistRefused(problems)
    body = tree.value
    assert isinstance(body, dict)
    entries: Any = body["checks"]
    return Checklist(
        family=form.family,
        title=form.title,
        answers=form.answers,
        version=form.version,
        verify_mappings=tuple(form.verify_mappings),
        withdrawn=tuple(Withdrawn(gone.id, gone.slot, gone.reason) for gone in form.withdrawn),
        checks=tuple(_check(check, entry) for check, entry in zip(form.checks, entries, strict=True)),
        body=body,
        content_hash=content_hash(body),
    )


def _inconsistent(form: ChecklistForm, tree: Tree, frameworks: Collection[str]) -> Iterator[Problem]:
    """Yield what no single entry shows: twins, foreign ids, unknown frameworks, dates that do not exist."""
    seen: dict[tuple[str, object], str] = {}
    places: list[tuple[str, int, str, dict[str, object]]] = [
        ("checks", index, check.id, {"id": check.id, "slot": check.slot, "question": check.question})
        for index, check in enumerate(form.checks)
    ] + [("withdrawn", index, gone.id, {"id": gone.id, "slot": gone.slot}) for index, gone in enumerate(form.withdrawn)]
    for part, index, id_, values in places:
        for name, value in values.items():
            if other := seen.get((name, value)):
                line = tree.line_of((part, index, name))
                got = f"the {name} of {other}: {show(value)}"
                yield Problem(
                    tree.file, line, id_, name, got, f"a {name} of its own", "give it one that was never used"
                )
            seen[name, value] = id_
        if not id_.startswith(form.family + "-"):
            line = tree.line_of((part, index, "id"))
            yield Problem(tree.file, line, id_, "id", show(id_), f"{form.family}-<number>", "name it after its family")
    named = [(("verify_mappings",), None, key) for key in form.verify_mappings]
    paths: list[tuple[tuple[str | int, ...], str | None, str]] = [*named] + [
        (("checks", index, "frameworks", key), check.id, key)
        for index, check in enumerate(form.checks)
        for key in check.frameworks
    ]
    for path, check_id, key in paths:
        if key not in frameworks:
            step = "correct the key, or add the framework to frameworks.yaml first"
            yield Problem(
                tree.file, tree.line_of(path), check_id, "frameworks", show(key), "a key of frameworks.yaml", step
            )
    for index, check in enumerate(form.checks):
        for number, test in enumerate(check.tests):
            if test.now is not None and _instant(test.now) is None:
                line = tree.line_of(("checks", index, "tests", number, "now"))
                yield Problem(tree.file, line, check.id, "now", show(test.now), "a date that exists", "correct it")


def _check(form: CheckForm, entry: Mapping[str, Any]) -> Check:
    return Check(
        id=form.id,
        slot=form.slot,
        question=form.question,
        type=form.type,
        severity=form.severity,
        basis=form.basis,
        threshold_basis=form.threshold_basis,
        subject=form.subject,
        sources=tuple(form.sources),
        best_grade=form.best_grade,
        freshness=Freshness(form.freshness, _duration(form.freshness)),
        when=form.when,
        condition=form.condition,
        on_missing=form.on_missing,
        params=tuple(_param(name, param) for name, param in form.params.items()),
        remediation=form.remediation,
        frameworks={key: tuple(clauses) for key, clauses in form.frameworks.items()},
        min_population=form.min_population,
        evidence_required=tuple(form.evidence_required or ()),
        valid_for=_duration(form.valid_for) if form.valid_for else None,
        attested_by=form.attested_by,
        tests=tuple(_test(test) for test in form.tests),
        body=entry,
        content_hash=content_hash(entry),
    )


def _param(name: str, form: ParamForm) -> Param:
    default = tuple(form.default) if isinstance(form.default, list) else form.default
    return Param(name, form.type, default, form.unit, form.reason)


def _test(form: InlineTestForm) -> InlineTest:
    return InlineTest(
        expect=form.expect,
        why=form.why,
        now=(_instant(form.now) if form.now else None) or DEFAULT_NOW,
        asset=form.asset,
        related={name: tuple(members) for name, members in form.related.items()},
        lineage=form.lineage,
        possible=form.possible,
        missing=tuple(form.missing),
        reason=form.reason,
    )


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _duration(text: str) -> timedelta | None:
    """Return "24h", "90d" or "15m" as a duration, "per_change" as None."""
    match = re.fullmatch(r"(\d+)([mhd])", text)
    return timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else None
