"""Messages are sentences: each that lineage can raise ends as one, and holds no double space."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts.errors import AuditlineError
from lineage.events import errors as event_errors
from lineage.inventory import errors as inventory_errors
from lineage.inventory.formats.parsed import Rejected

ROOT = Path(__file__).resolve().parents[2]
ERRORS = {
    name
    for module in (event_errors, inventory_errors)
    for name, value in vars(module).items()
    if isinstance(value, type) and issubclass(value, AuditlineError)
} | {"BadParameter", "CommandError"}
ENDS = (".", "?")
CLOSING = "closing"
"""The function that ends a sentence: with the names that may have been meant and "?", or with a full stop."""


def text_of(node: ast.expr) -> str | None:
    """Return a text with its placeholders as "x"; None where it is made elsewhere."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.FormattedValue(value=ast.Call(func=ast.Name(id=name))) if name == CLOSING:
            return "."
        case ast.FormattedValue():
            return "x"
        case ast.JoinedStr(values=parts):
            return "".join(text_of(part) or "" for part in parts)
    return None


def messages() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "lineage").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            is_error = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS
            if is_error and isinstance(node, ast.Call) and node.args:
                message = text_of(node.args[0])
                if message is not None:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", message


MESSAGES = list(messages())


def test_the_messages_are_found() -> None:
    assert len(MESSAGES) > 30
    assert {where.partition(":")[0].split("/")[1] for where, _ in MESSAGES} >= {"events", "inventory", "management"}


@pytest.mark.parametrize(("where", "message"), MESSAGES, ids=[where for where, _ in MESSAGES])
def test_every_message_is_a_sentence(where: str, message: str) -> None:
    assert message.endswith(ENDS), message
    assert "  " not in message


@pytest.mark.parametrize("hint", ["correct it", 'did you mean "a"?', "leave it out."])
def test_what_is_said_of_a_row_is_a_sentence(hint: str) -> None:
    message = Rejected(3, "country", "nothing", "a country", hint).message
    assert message == f"line 3, country: got nothing, expected a country; {hint}{'.' if hint == 'correct it' else ''}"
