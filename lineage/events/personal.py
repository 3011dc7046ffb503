"""Find personal data in free text: what a form, and where there is one a check digit, gives away. Plain Python.

Each rule has a number that goes up when it changes (redact.py). A form alone would match any long number, so numbers
count only where their check digits hold, and identity numbers only of countries whose digits make a chance hit rare:
about one number in fifty. A stamp that reads as a birthday is the exception: one in eight of `yymmdd-hhmm` is taken for
a Swedish or Finnish number. Free text loses a little then; no name ever does.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import re2

from lineage.events.check_digits import (
    iban_length,
    is_belgian,
    is_brazilian,
    is_chinese,
    is_dated_luhn,
    is_finnish,
    is_french,
    is_german,
    is_italian,
    is_norwegian,
    is_payment_card,
    is_polish,
    is_spanish,
    is_swiss,
)


class Found(NamedTuple):
    """Where a rule matched in a text."""

    rule: tuple[str, int]
    start: int
    end: int


@dataclass(frozen=True)
class PersonalRule:
    """Forms with what decides on each match: how many characters of it count, 0 = none."""

    name: str
    version: int
    forms: tuple[tuple[re.Pattern[str], Callable[[str], int]], ...]


def _whole(holds: Callable[[str], bool]) -> Callable[[str], int]:
    """Return the decision on a match as a whole, its digits and letters alone."""
    return lambda found: len(found) if holds(_bare(found).upper()) else 0


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _address(found: str) -> int:
    """Leave `git@host`, by which repositories are named."""
    return 0 if found.startswith("git@") else len(found)


def _phone(found: str) -> int:
    """Take 8 to 15 digits (E.164); one dot alone makes a decimal number."""
    return len(found) if 8 <= sum(map(str.isdigit, found)) <= 15 and found.count(".") != 1 else 0


# Digits that stand alone: not in a name, a version, a decimal number or a UUID.
_OPEN, _CLOSE = r"(?<![\w.\-/])", r"(?![\w\-]|\.\d)"


def _digits(form: str) -> re.Pattern[str]:
    return re.compile(_OPEN + form + _CLOSE, re.ASCII)


# Every pattern is linear: no two neighbouring repetitions can match the same characters.
RULES = (
    # Not behind a slash: `abfss://container@account.dfs.core.windows.net` is an address of data.
    PersonalRule(
        "email_address",
        1,
        (
            (
                re.compile(r"(?<![\w.+%/@\-])[\w.+%\-]{1,64}@(?:[\w\-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w\-])"),
                _address,
            ),
        ),
    ),
    PersonalRule("phone_number", 1, ((re.compile(r"(?<![\w+.])\+[1-9](?:[ .\-/()]{0,2}\d){6,14}(?!\w)"), _phone),)),
    PersonalRule(
        "iban",
        1,
        ((re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2} ?[A-Za-z0-9](?: ?[A-Za-z0-9]){9,29}", re.ASCII), iban_length),),
    ),
    PersonalRule(
        "payment_card",
        1,
        (
            (
                _digits(r"(?:\d{13,19}|\d{4}([ \-])\d{4}\1\d{4}\1\d{4}|3\d{3}([ \-])\d{6}\2\d{4,5})"),
                _whole(is_payment_card),
            ),
        ),
    ),
    PersonalRule(
        "national_id",
        1,
        (
            (_digits(r"[1-9]\d ?\d{3} ?\d{3} ?\d{3}"), _whole(is_german)),
            (_digits(r"\d{11}"), _whole(lambda text: is_polish(text) or is_norwegian(text) or is_belgian(text))),
            (_digits(r"\d{6} \d{5}"), _whole(is_norwegian)),
            (_digits(r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}"), _whole(is_belgian)),
            (_digits(r"(?:\d{8}|[XYZxyz]-?\d{7})-?[A-Za-z]"), _whole(is_spanish)),
            (_digits(r"[12] ?\d{2} ?\d{2} ?(?:\d{2}|2[ABab]) ?\d{3} ?\d{3} ?\d{2}"), _whole(is_french)),
            (_digits(r"[A-Za-z]{6}\d{2}[A-Za-z]\d{2}[A-Za-z]\d{3}[A-Za-z]"), _whole(is_italian)),
            (_digits(r"\d{6}[+\-A-FU-Y]\d{3}[0-9A-Y]"), lambda text: len(text) if is_finnish(text) else 0),
            (_digits(r"\d{6}[+\-]\d{4}"), _whole(is_dated_luhn)),
            (_digits(r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}"), _whole(is_swiss)),
            (_digits(r"\d{3}\.\d{3}\.\d{3}-\d{2}"), _whole(is_brazilian)),
            (_digits(r"\d{17}[\dXx]"), _whole(is_chinese)),
        ),
    ),
)

# Whether a text can hold any of them: one pass by an automaton.
_POSSIBLE = re2.compile(r"@|\+[1-9]|\d[\d .\-/()]{5}|[A-Za-z]{6}\d{2}[A-Za-z]\d{2}[A-Za-z]")


def find_personal(text: str) -> list[Found]:
    """Return what the rules match, in order and without overlaps; of two that begin together the longer."""
    if _POSSIBLE.search(text) is None:
        return []
    found: list[Found] = []
    end = 0
    for one in sorted(_matches(text), key=lambda each: (each.start, -each.end)):
        if one.start >= end:
            found.append(one)
            end = one.end
    return found


def _matches(text: str) -> Iterator[Found]:
    for rule in RULES:
        for pattern, length_of in rule.forms:
            at = 0
            while (match := pattern.search(text, at)) is not None:
                length = length_of(match[0])
                if length:
                    yield Found((rule.name, rule.version), match.start(), match.start() + length)
                # What does not count may hide a match that begins inside it.
                at = match.start() + (length or 1)
