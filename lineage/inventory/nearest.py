"""Name what a sender may have meant."""

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], most: int = 3) -> str:
    """Return `, did you mean "a", "b"?` with the nearest known names; '' where none is near."""
    found = difflib.get_close_matches(name, list(known), n=most, cutoff=0.6)
    return f", did you mean {', '.join(repr(one) for one in found)}?" if found else ""


def closing(name: str, known: Iterable[str]) -> str:
    """Return what ends a sentence about an unknown name: `, did you mean "a"?`, or a full stop where none is near."""
    return nearest(name, known) or "."
