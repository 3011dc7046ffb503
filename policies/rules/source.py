"""Read a rule's text as tokens: rewrite `related('x')` to a variable, refuse what is too large before anything
parses it.

A CEL function has one return type, so that `related('inputs')` cannot be a function of the checker: it becomes the
variable `__related_inputs`, padded with spaces to the same length, so that every position stays as the author wrote
it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from policies.rules.errors import Position, RuleProblem, RuleRefused

MAX_CHARACTERS = 10_000
MAX_BRACKETS = 30
"""The checker itself stops at 32 levels."""
RELATED = "__related_"

_TOKEN = re.compile(
    r"""
    (?P<comment>//[^\n]*)
  | (?P<string>[rRbB]{0,2}(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<number>[0-9](?:[eE][+-]|[0-9A-Za-z_.])*)
  | (?P<space>\s+)
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_RELATION = re.compile(r"^(?:'([a-z][a-z0-9_]*)'|\"([a-z][a-z0-9_]*)\")$")


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    start: int


@dataclass(frozen=True)
class Source:
    """A rule's text and what the checker is given in its place; both have the same length and the same line ends."""

    part: str
    text: str
    rewritten: str
    relations: tuple[str, ...]

    def position(self, offset: int) -> Position:
        """Return the place of a character offset."""
        before = self.text[:offset]
        return Position(before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)

    def refuse(self, at: Position, message: str, hint: str) -> RuleRefused:
        """Return the refusal with this source's part filled in."""
        return RuleRefused(RuleProblem(self.part, at, message, hint))


def read_source(part: str, text: str) -> Source:
    """Tokenise and rewrite. Raises RuleRefused for a text that is too long, too deep, or calls related() otherwise."""
    source = Source(part, text, text, ())
    if not text.strip():
        raise source.refuse(Position(1, 1), "the expression is empty", "write a condition that is true or false")
    if len(text) > MAX_CHARACTERS:
        hint = f"split the check; an expression has at most {MAX_CHARACTERS} characters"
        raise source.refuse(Position(1, 1), f"the expression has {len(text)} characters", hint)
    tokens = [token for token in _tokens(text) if token.kind not in ("space", "comment")]
    _check_brackets(source, tokens)
    return _rewrite(source, tokens)


def _tokens(text: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(text):
        yield Token(match.lastgroup or "other", match.group(), match.start())


def _check_brackets(source: Source, tokens: list[Token]) -> None:
    depth = 0
    for token in tokens:
        if token.kind == "other":
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(token.text, 0)
        if depth > MAX_BRACKETS:
            hint = f"name intermediate facts; brackets nest at most {MAX_BRACKETS} deep"
            raise source.refuse(source.position(token.start), "the expression is nested too deep", hint)


def _rewrite(source: Source, tokens: list[Token]) -> Source:
    pieces: list[str] = []
    relations: list[str] = []
    done = 0
    for index, token in enumerate(tokens):
        if token.kind == "name" and token.text.startswith(RELATED):
            raise source.refuse(source.position(token.start), f"{token.text} is reserved", "use related('<relation>')")
        if token.kind != "name" or token.text != "related" or (index and tokens[index - 1].text == "."):
            continue
        name, end = _relation_call(source, tokens, index)
        relations.append(name)
        call = source.text[token.start : end]
        pieces += [source.text[done : token.start], _padded(RELATED + name, call)]
        done = end
    rewritten = "".join([*pieces, source.text[done:]])
    return Source(source.part, source.text, rewritten, tuple(dict.fromkeys(relations)))


def _relation_call(source: Source, tokens: list[Token], index: int) -> tuple[str, int]:
    """Return the relation's name and the offset behind the closing bracket."""
    following = tokens[index + 1 : index + 4]
    texts = [token.text for token in following]
    match = _RELATION.match(texts[1]) if len(texts) == 3 and texts[0] == "(" and texts[2] == ")" else None
    if match is None:
        hint = "write related('<relation>') with the relation's name in quotes"
        raise source.refuse(source.position(tokens[index].start), "related() takes one literal name", hint)
    return match[1] or match[2], following[2].start + 1


def _padded(name: str, call: str) -> str:
    """Return `name` followed by white space, as long as `call` and with its line ends at the same places."""
    return name + "".join(c if c == "\n" else " " for c in call[len(name) :])
