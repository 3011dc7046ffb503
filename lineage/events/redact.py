"""Replace secrets and personal data by "[redacted]" before anything is stored.

Secrets (environment variables, passwords, tokens, keys) anywhere; personal data (personal.py) in free text alone
(free_text.py), so that no name of a dataset or job changes.

Each rule has a number that goes up when it changes; an event keeps which rules of which version were applied at which
paths, beside the digest of the bytes as received. Nothing is un-redacted later: what matched is gone.

Over-matching costs a readable value, under-matching leaks a secret: where in doubt, a rule matches.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import re2

from accounts.journal.canonical.exact import Exact
from lineage.events.free_text import HOLDS_FREE_TEXT, NAMED, OF_FACETS, rewrite_free_text
from lineage.events.personal import RULES as PERSONAL_RULES
from lineage.events.personal import find_personal

REDACTED = "[redacted]"
MAX_PATHS = 100  # kept per rule; `more` counts the rest


@dataclass(frozen=True)
class Rule:
    """One pattern inside texts; groups that `replacement` names stay readable around the secret."""

    name: str
    version: int
    pattern: re.Pattern[str]
    replacement: str = REDACTED


# Every pattern is linear: no two neighbouring repetitions can match the same characters.
TEXT_RULES = (
    Rule(
        "private_key",
        1,
        re.compile(
            r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|\Z)", re.DOTALL
        ),
    ),
    Rule("url_credentials", 1, re.compile(r"(://[^/\s:@\"']{1,200}:)[^/\s@\"']{1,400}(?=@)"), rf"\1{REDACTED}"),
    Rule("access_key_id", 1, re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    Rule(
        "known_token",
        1,
        re.compile(
            r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|xox[abprs]-[\w-]{10,}|glpat-[\w-]{16,}|sk-[\w-]{20,}"
            r"|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"
        ),
    ),
    Rule(
        "bearer",
        1,
        re.compile(
            r"(?i)(\bbearer\s+|\bauthorization\\?[\"']?\s*[:=]\s*\\?[\"']?(?:basic|digest|token)\s+)"
            r"(?:(?=[a-z\-._~+/]{0,100}\d)[a-z0-9\-._~+/]{8,}|[a-z0-9\-._~+/]{20,})=*"
        ),
        rf"\1{REDACTED}",
    ),
    Rule(
        "sql_password",
        1,
        re.compile(r"(?i)\b(identified\s+by|password)(\s+)(?:'[^']*'|\"[^\"]*\")"),
        rf"\1\2{REDACTED}",
    ),
    Rule(
        "secret_assignment",
        1,
        re.compile(
            r"(?i)(passw(?:or)?d|\bpwd|secret(?:[_\-.]?key)?|api[_\-.]?key|access[_\-.]?key|account[_\-.]?key"
            r"|shared[_\-.]?access[_\-.]?signature|(?:auth|access|refresh)[_\-.]?token)"
            r"(\\?[\"']?\s*(?:=>|[:=])\s*)"
            r"(?!\[redacted\])(?:\\?\"[^\"]*\"|'[^']*'|[^\s,;&\"')}\]]+)"
        ),
        rf"\1\2{REDACTED}",
    ),
)
SECRET_MEMBER = re.compile(
    r"(?i)(?:passw(?:or)?d|secret|api[._-]?key|access[._-]?key|secret[._-]?key|private[._-]?key|account[._-]?key"
    r"|(?:auth|access|refresh)[._-]?token|client[._-]?secret|authorization)$|^(?:pwd|token|credentials?)$"
)
MEMBER_RULE, VARIABLES_RULE = ("secret_member", 1), ("environment_variables", 1)
VARIABLES_FACET = "environmentVariables"

# Whether a body can hold anything that a rule matches, on its bytes. Escapes could hide a match, so they count as one;
# those of white space end in a letter (\n), so that no word may be asked to begin here.
# One pass by an automaton: this is asked of every event, and trying each alternative at each byte took 200 us of 250.
_SECRETS = (
    r"passw|pwd|secret|token|[_\-.]?key\b|apikey|accesskey|signature|bearer|authorization|credential"
    r"|environmentvariables|private key|akia|asia|identified|://[^/\s@\"]+@"
    r"|gh[pousr]_|github_pat|xox[abprs]-|glpat-|sk-|eyj|\\u|\\/"
)
_SUSPICIOUS = re2.compile(f"(?i){_SECRETS}".encode())
_WORTH_A_LOOK = re2.compile(f"(?i){_SECRETS}|{NAMED}".encode())


@dataclass
class _Found:
    """Where rules matched, in the order of the walk."""

    paths: dict[tuple[str, int], list[str]] = field(default_factory=dict)
    more: dict[tuple[str, int], int] = field(default_factory=dict)

    def add(self, rule: tuple[str, int], path: str) -> None:
        known = self.paths.setdefault(rule, [])
        if len(known) < MAX_PATHS:
            known.append(path)
        else:
            self.more[rule] = self.more.get(rule, 0) + 1


def worth_a_look(raw: bytes) -> bool:
    """Tell whether any rule can match something in a body; of many bodies in one: whether it can in any of them."""
    return _WORTH_A_LOOK.search(raw) is not None


def redact(raw: bytes, value: Exact) -> tuple[Exact, list[dict[str, Any]]]:
    """Return the value without secrets and personal data, and what was done: [{"rule", "version", "paths"}].

    Empty where nothing was. `raw` are the bytes that `value` was read from: one look at them spares most events a walk.
    """
    if not worth_a_look(raw):
        return value, []
    found = _Found()
    clean = value if _SUSPICIOUS.search(raw) is None else _walk(value, "$", found)
    if HOLDS_FREE_TEXT.search(raw) is not None:
        clean = rewrite_free_text(clean, lambda text, path: _without_personal(text, path, found))
    return clean, [
        {"rule": name, "version": version, "paths": paths}
        | ({"more": found.more[name, version]} if (name, version) in found.more else {})
        for (name, version), paths in sorted(found.paths.items())
    ]


def _walk(value: Exact, path: str, found: _Found) -> Exact:
    if isinstance(value, str):
        return _clean(value, path, found)
    if isinstance(value, list):
        return [_walk(item, f"{path}[{index}]", found) for index, item in enumerate(value)]
    if isinstance(value, dict):
        return {key: _member(key, item, f"{path}.{key}", found) for key, item in value.items()}
    return value


def _member(key: str, value: Exact, path: str, found: _Found) -> Exact:
    if key == VARIABLES_FACET:
        return _without_values(value, path, found)
    if isinstance(value, str) and value and SECRET_MEMBER.search(key):
        found.add(MEMBER_RULE, path)
        return REDACTED
    return _walk(value, path, found)


def _without_values(value: Exact, path: str, found: _Found) -> Exact:
    """Redact every value of the facet (names stay): [{"name", "value"}] as specified, or a plain object."""
    if isinstance(value, list):
        return [_without_values(item, f"{path}[{index}]", found) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    return {key: kept for key, item in value.items() for kept in [_variable(key, item, f"{path}.{key}", found)]}


def _variable(key: str, value: Exact, path: str, found: _Found) -> Exact:
    if isinstance(value, dict | list):
        return _without_values(value, path, found)
    if key == "name" or key in OF_FACETS or value is None:
        return value
    found.add(VARIABLES_RULE, path)
    return REDACTED


def _clean(text: str, path: str, found: _Found) -> str:
    for rule in TEXT_RULES:
        text, count = rule.pattern.subn(rule.replacement, text)
        if count:
            found.add((rule.name, rule.version), path)
    return text


def _without_personal(text: str, path: str, found: _Found) -> str:
    matches = find_personal(text)
    for rule in dict.fromkeys(match.rule for match in matches):
        found.add(rule, path)
    kept: list[str] = []
    end = 0
    for match in matches:  # in parts: a text of 16 MiB may hold a million
        kept += (text[end : match.start], REDACTED)
        end = match.end
    return "".join((*kept, text[end:]))


def rules() -> Iterator[tuple[str, int]]:
    """Yield every rule with its version, for docs/lineage.md and its test."""
    yield from ((rule.name, rule.version) for rule in TEXT_RULES)
    yield MEMBER_RULE
    yield VARIABLES_RULE
    yield from ((rule.name, rule.version) for rule in PERSONAL_RULES)
