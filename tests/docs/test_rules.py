"""docs/rules.md: its examples hold in both engines, its tables say what the code says, and its refusals are real."""

import ast
import io
import json
import re
from contextlib import redirect_stdout
from typing import Any, get_args

import pytest
import yaml
from django.db import connection

from lineage.inventory.kinds.types import AttributeType
from policies.checklists.checks import Checklist, InlineTest
from policies.checklists.checks import ParamType as FileParamType
from policies.checklists.read import DEFAULT_NOW, checklist_of
from policies.checklists.schema import CheckForm
from policies.checklists.try_sql import UNDECIDED, Posed, sql_verdicts
from policies.checklists.try_tests import subject_of, try_checklist
from policies.rules import budget, functions, parse, source
from policies.rules.checks import Check, CompiledCheck, Param, compile_check
from policies.rules.errors import RuleProblem, RuleRefused
from policies.rules.facts import Subject
from policies.rules.judge import judge
from policies.rules.tree import MacroOp
from policies.rules.verdicts import Code
from tests.docs.pages import ROOT, anchors, blocks, code, rows, section, text

PAGE = "rules.md"
REFUSING = ("refuse", "_refuse", "RuleProblem")
SHOWN_AS = {"index": "a[i]", "negate": "-a"}
LIMITS = {
    "characters of an expression": source.MAX_CHARACTERS,
    "brackets inside each other": source.MAX_BRACKETS,
    "levels of the tree": budget.MAX_DEPTH,
    "macros inside each other": budget.MAX_MACRO_NESTING,
    "members of a list literal": budget.MAX_LITERAL_ITEMS,
    "members that a list is counted with": budget.LIST_LENGTH,
    "steps": budget.MAX_COST,
    "characters of a pattern": functions.MAX_PATTERN,
}


def rule(condition: str, **params: Param) -> CompiledCheck:
    return compile_check(Check("DOC-01", "dataset", condition, params=params))


def refusal(condition: str) -> RuleProblem:
    with pytest.raises(RuleRefused) as refused:
        rule(condition)
    return refused.value.problems[0]


# ---- examples


def examples() -> list[dict[str, Any]]:
    found = [yaml.safe_load(block) for block in blocks(text(PAGE), "yaml")]
    return [block for block in found if "condition" in block]


def as_checklist(example: dict[str, Any]) -> Checklist:
    """Add what a check has and its rule does not need."""
    check = {
        "id": "DOC-01",
        "slot": 0,
        "question": "Does the example hold?",
        "type": "automatic",
        "severity": "low",
        "basis": "house",
        "sources": ["inventory"],
        "best_grade": "A",
        "freshness": "90d",
        "params": {},
        "remediation": "Correct the page.",
        "frameworks": {},
    }
    head = {"family": "DOC", "title": "Examples", "answers": "Are the examples right?", "version": 1}
    return checklist_of({**head, "checks": [check | example]}, PAGE)


def test_every_example_gives_its_verdicts_in_both_engines(db: None) -> None:
    results = []
    with connection.cursor() as cursor:
        for example in examples():
            results += try_checklist(as_checklist(example), cursor=cursor)  # refuses what differs
    assert len(results) >= 20
    decided = [result for result in results if result.sql not in (None, UNDECIDED)]
    assert len(decided) >= 10, "SQL decided too little for the comparison to mean something"


def test_an_example_that_lies_is_found(db: None) -> None:
    example = examples()[1]
    passing, failing = example["tests"][:2]
    failing["asset"] = passing["asset"]
    with connection.cursor() as cursor, pytest.raises(Exception, match="expected fail"):
        try_checklist(as_checklist(example), cursor=cursor)


def test_the_python_example_prints_what_it_says() -> None:
    [block] = blocks(text(PAGE), "python")
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compile(block, PAGE, "exec"), {})  # noqa: S102 - our own page
    assert printed.getvalue().strip() == block.strip().rsplit("# ", 1)[1]


# ---- tables


def function_rows() -> list[list[str]]:
    return rows(section(PAGE, "Operators and functions"))


def test_every_operator_and_function_is_in_the_table_and_no_other() -> None:
    known = {SHOWN_AS.get(op, op) for op in functions.FUNCTIONS.values()} | {*get_args(MacroOp), "has", "related"}
    listed = [code(cells[0]) for cells in function_rows()]
    assert sorted(listed) == sorted(known)
    named = {name for name in known if name.isidentifier()} - {"in"}
    assert named == set(parse.FUNCTIONS), "what a misspelt name is compared with"


def test_every_example_of_the_table_holds_and_sql_decides_it_where_it_says_so(db: None) -> None:
    [given] = [yaml.safe_load(block)["facts"] for block in blocks(text(PAGE), "yaml") if block.startswith("facts:")]
    related = {name: tuple(members) for name, members in given["related"].items()}
    test = InlineTest("pass", None, DEFAULT_NOW, given["asset"], related, None, None, (), None)
    posed = [
        Posed(
            (f"DOC-{number:02}", 1), compile_check(Check(f"DOC-{number:02}", "dataset", code(cells[1]))), test, subject
        )
        for subject in [subject_of(test)]
        for number, cells in enumerate(function_rows())
    ]
    with connection.cursor() as cursor:
        by_sql = sql_verdicts(posed, cursor)
    for each, (name, example, _, sql) in zip(posed, function_rows(), strict=True):
        assert judge(each.compiled, each.subject, test.now).code is Code.PASS, example
        assert by_sql[each.trial] == {"yes": "pass", "no": UNDECIDED}[sql], (name, example)


def test_types_are_those_of_the_vocabulary_and_of_parameters() -> None:
    part = section(PAGE, "Types")
    assert {code(cells[0]) for cells in rows(part)} == set(get_args(AttributeType))
    [said] = re.findall(r"Parameters have the types ([^.]+)\.", part)
    assert set(re.findall(r"`([^`]+)`", said)) == set(get_args(FileParamType))


def test_limits_are_those_of_the_code() -> None:
    listed = {cells[0]: int(cells[1].replace(",", "")) for cells in rows(section(PAGE, "Budget"))}
    in_a_file = CheckForm.model_json_schema()["properties"]["condition"]["anyOf"][0]["maxLength"]
    assert listed == LIMITS | {"characters of an expression in a checklist file": in_a_file}


# ---- errors and refusals


@pytest.mark.parametrize("cells", rows(section(PAGE, "Errors")), ids=lambda cells: cells[0])
def test_every_error_of_the_table_is_one(cells: list[str]) -> None:
    verdict = judge(rule(code(cells[0])), Subject(json.loads(code(cells[1]))), DEFAULT_NOW)
    assert verdict.code is Code.ERROR
    assert cells[2] in [lack.detail for lack in verdict.lacks]


REFUSED = rows(section(PAGE, "What is refused"))


@pytest.mark.parametrize("cells", REFUSED, ids=lambda cells: cells[0])
def test_every_refusal_of_the_table_says_that(cells: list[str]) -> None:
    found = refusal(code(cells[0]))
    assert found.message.startswith(cells[1])
    assert found.hint.startswith(cells[2])


UNREACHED = {"no kind '", "optional members are not supported", "this macro is not supported"}
"""A wrong subject is told before the rules see it; Google's parser, as we set it up, makes neither of the others."""


def test_every_refusal_of_the_code_is_on_the_page() -> None:
    refused = [cells[1] for cells in REFUSED]
    limits = [cells[2] for cells in rows(section(PAGE, "Budget")) if cells[2]]
    absent = {
        pieces[0]
        for pieces in _messages()
        if not any(all(piece in said for piece in pieces) for said in refused)
        and not any(said in "".join(pieces) for said in limits)
    }
    assert absent == UNREACHED


def _messages() -> list[list[str]]:
    """Return the fixed pieces of every message that the rules refuse with: the last but one argument of the calls."""
    found = []
    for path in (ROOT / "policies" / "rules").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in REFUSING:
                message = node.args[-2]
                parts = message.values if isinstance(message, ast.JoinedStr) else [message]
                found.append([str(part.value) for part in parts if isinstance(part, ast.Constant)])
    assert len(found) > 30
    return [pieces for pieces in found if pieces]


def test_hints_name_pages_and_places_that_exist() -> None:
    named = set()
    for path in (ROOT / "policies").rglob("*.py"):
        named |= set(re.findall(r"docs/([\w-]+\.md)(?:#([\w-]+))?", path.read_text()))
    assert any(page == PAGE for page, _ in named)
    for page, anchor in sorted(named):
        assert (ROOT / "docs" / page).is_file(), page
        assert not anchor or anchor in anchors(page), f"docs/{page} has no section #{anchor}"
    assert "docs/rules.md#operators-and-functions" in refusal("asset.retention_days >").hint


def test_every_name_that_the_page_promises_is_one() -> None:
    assert judge(rule("now > now || true"), Subject({}), DEFAULT_NOW).code is Code.PASS
    listed = {code(cells[0]).split(".")[0].split("(")[0] for cells in rows(section(PAGE, "Names"))}
    assert listed == {"asset", "related", "params", "now"}


def test_links_lead_to_pages() -> None:
    links = re.findall(r"\]\(([a-z]+\.md)\)", text(PAGE))
    assert links
    assert [link for link in links if not (ROOT / "docs" / link).is_file()] == []
