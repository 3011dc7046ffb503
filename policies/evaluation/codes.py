"""The byte of a verdict as stored: a code of the rules (0 = not judged) in the low bits, marks and overlays above.

Stored and sealed: no number is ever given to another meaning. An overlay leaves the verdict as it is; a waived or stale
one is never counted as a pass. A mark says of whom the verdict is, for counting; it changes nothing else.
"""

from policies.rules.verdicts import Code

NOT_JUDGED = 0
CODE_MASK = 0x0F
# Marks, on checks with min_population only (minimum.py), where the subjects that they concern are counted.
CONCERNED = 0x10  # unknown or error, though `when` is known to be true: one of the subjects for sure
NUMBER = 0x20  # not of a subject: the organisation's verdict on whether there are enough subjects
# Overlays.
WAIVED = 0x40
STALE = 0x80
GRADES = ("", "A", "B", "C", "D")  # the byte of a grade is its place here


def base(byte: int) -> int:
    """Return the code without its marks and overlays."""
    return byte & CODE_MASK


def is_bare(byte: int) -> bool:
    """Tell whether the verdict is neither waived nor stale."""
    return not byte & (WAIVED | STALE)


def word(byte: int) -> str:
    """Return the verdict as a word: "pass", "fail", ...; "not_judged" for 0."""
    return Code(base(byte)).name.lower() if base(byte) else "not_judged"


def counts_as_pass(byte: int) -> bool:
    """Tell whether it may be counted as a pass: no overlay, and passed."""
    return base(byte) == Code.PASS and is_bare(byte)


def worst(grades: list[str]) -> str:
    """Return the weakest of some grades; '' for none."""
    return max(grades, default="", key=GRADES.index)
